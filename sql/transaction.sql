-- transactions(), its filters and pages, and the views.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('transaction');
SELECT count(*) FROM generate_series(1, 250) i,
	ledger.post('transaction', 'world', 'users:' || i % 5 || ':wallet', i, CASE WHEN i % 2 = 0 THEN 'USD' ELSE 'EUR' END,
		idempotency_key => 'k' || i,
		reference => CASE WHEN i % 10 = 0 THEN 'r' || i END, effective_at => '2024-01-01'::timestamptz + i * interval '1 day',
			metadata => jsonb_build_object('i', i, 'even', i % 2 = 0));
SELECT status FROM ledger.post_transaction('transaction',
	'{"(world,users:1:wallet,1,JPY)","(users:1:wallet,fee,1,JPY)","(users:1:wallet,users:2:wallet,10,EUR)"}');

-- Newest first, a hundred at most unless asked.
SELECT recorded_at > now() - interval '1 hour' AS recorded_now, effective_at = recorded_at AS on_time, reference, idempotency_key,
	metadata, postings
FROM ledger.transactions('transaction', max_rows => 1);
SELECT effective_at, reference, idempotency_key, metadata, postings FROM ledger.transactions('transaction', max_rows => 2) OFFSET 1;
SELECT count(*), count(*) FILTER (WHERE transaction > lag) AS out_of_order
	FROM (SELECT transaction, lag(transaction) OVER () FROM ledger.transactions('transaction')) t;
SELECT count(*) FROM ledger.transactions('transaction', max_rows => NULL);
SELECT count(*) FROM ledger.transactions('transaction', max_rows => 0);
SELECT pg_temp.try($$SELECT ledger.transactions('transaction', max_rows => -1)$$);

-- Pages: nothing twice, nothing left out.
WITH RECURSIVE page AS (
	SELECT 1 AS number, array_agg(transaction ORDER BY transaction DESC) AS rows
		FROM ledger.transactions('transaction', max_rows => 60)
	UNION ALL
	SELECT number + 1, next.rows FROM page, LATERAL (SELECT array_agg(transaction ORDER BY transaction DESC) AS rows
		FROM ledger.transactions('transaction', before => page.rows[cardinality(page.rows)], max_rows => 60)) next
	WHERE next.rows IS NOT NULL)
SELECT count(DISTINCT number) AS pages, count(row) AS rows, count(DISTINCT row) AS different FROM page, unnest(page.rows) row;

-- Filters, one by one and together.
SELECT what, (SELECT count(*) FROM ledger.transactions('transaction', address, asset, since, until, reference, metadata,
	max_rows => NULL)) FROM (VALUES
	(1, 'nothing', NULL, NULL, NULL::timestamptz, NULL::timestamptz, NULL, NULL::jsonb),
		(2, 'address', 'users:1:wallet', NULL, NULL, NULL, NULL, NULL),
	(3, 'pattern', 'users:*:wallet', NULL, NULL, NULL, NULL, NULL), (4, 'fee', 'fee', NULL, NULL, NULL, NULL, NULL),
	(5, 'world', 'world', NULL, NULL, NULL, NULL, NULL), (6, 'nobody', 'nobody', NULL, NULL, NULL, NULL, NULL),
	(7, 'asset', NULL, 'USD', NULL, NULL, NULL, NULL), (8, 'JPY', NULL, 'JPY', NULL, NULL, NULL, NULL),
		(9, 'unused asset', NULL, 'CHF', NULL, NULL, NULL, NULL),
	(10, 'asset of address', 'users:1:wallet', 'USD', NULL, NULL, NULL, NULL),
		(11, 'asset of fee', 'fee', 'EUR', NULL, NULL, NULL, NULL),
	(12, 'since', NULL, NULL, '2024-09-01', NULL, NULL, NULL), (13, 'until', NULL, NULL, NULL, '2024-01-02', NULL, NULL),
	(14, 'until, later', NULL, NULL, NULL, '2024-01-03', NULL, NULL),
		(15, 'one day', NULL, NULL, '2024-02-01', '2024-02-02', NULL, NULL),
	(16, 'reference', NULL, NULL, NULL, NULL, 'r100', NULL), (17, 'unknown reference', NULL, NULL, NULL, NULL, 'r101', NULL),
	(18, 'metadata', NULL, NULL, NULL, NULL, NULL, '{"even": true}'),
		(19, 'metadata, one', NULL, NULL, NULL, NULL, NULL, '{"i": 7}'),
	(20, 'metadata empty', NULL, NULL, NULL, NULL, NULL, '{}'), (21, 'all', 'users:**', 'USD', '2024-03-01', '2024-05-01', 'r100',
		'{"i": 100}'))
	f(n, what, address, asset, since, until, reference, metadata) ORDER BY n;
-- A transaction that touches an account many times is one row all the same, and counts as one.
SELECT ledger.create_ledger('transaction3');
SELECT status FROM ledger.post('transaction3', 'world', 'many', 1, 'USD');
SELECT status FROM ledger.post_transaction('transaction3',
	'{"(world,many,1,USD)","(world,many,2,USD)","(many,world,1,USD)","(world,many,1,EUR)"}');
SELECT cardinality(postings) FROM ledger.transactions('transaction3', 'many', max_rows => 2);
SELECT cardinality(postings) FROM ledger.transactions('transaction3', 'many', 'USD');
SELECT cardinality(postings) FROM ledger.transactions('transaction3', '*', 'EUR');
-- One account is looked up another way than a pattern; both find the same, whatever else is asked, and page alike.
CREATE TEMP TABLE middle AS SELECT percentile_disc(ARRAY[0.3, 0.8]) WITHIN GROUP (ORDER BY transaction) AS transactions
FROM ledger.transactions('transaction', 'users:1:wallet', max_rows => NULL);
SELECT count(*), count(DISTINCT one) > 20 AS varied, count(*) FILTER (WHERE one IS DISTINCT FROM two) AS differing
FROM unnest(ARRAY[NULL, 'USD', 'JPY']) asset, unnest(ARRAY[NULL, '2024-02-01']::timestamptz[]) since,
	unnest(ARRAY[NULL, '2024-06-02']::timestamptz[]) until,
		unnest(ARRAY[NULL, '{"even": true}']::jsonb[]) metadata,
	(SELECT NULL UNION ALL SELECT unnest(transactions) FROM middle) b(before), unnest(ARRAY[NULL, 0, 1, 5]) max_rows,
	LATERAL (SELECT array_agg(transaction) FROM ledger.transactions('transaction', 'users:1:wallet', asset, since, until, NULL,
		metadata, before, max_rows)) x(one),
	LATERAL (SELECT array_agg(transaction) FROM ledger.transactions('transaction', 'users:1:*', asset, since, until, NULL, metadata,
		before, max_rows)) y(two);
-- Holds, captures and reversals are among them, voids are not; looked up either way, in any part, they are the same.
SELECT ledger.create_ledger('transaction4');
SELECT status FROM ledger.post_transaction('transaction4', '{"(world,a,100,USD)","(world,a,1000,JPY)"}');
SELECT count(c.status), count(v.status), count(r.status) FROM generate_series(1, 6) i,
	ledger.hold_transaction('transaction4', ARRAY[('a', 'b', i, 'USD'), ('a', 'c', 2 * i, 'JPY')]::ledger.posting[],
		reference => 'hold' || i, metadata => jsonb_build_object('even', i % 2 = 0)) h,
	ledger.capture('transaction4', h.transaction, final => false, amounts => ARRAY[1, i], reference => 'capture' || i,
		effective_at => '2024-01-01') c,
	ledger.try_void('transaction4', h.transaction) v,
	ledger.reverse('transaction4', c.transaction, amounts => ARRAY[0, 1], metadata => jsonb_build_object('even', i % 2 = 0)) r;
SELECT kind, reference, postings, related IS NOT NULL AS related FROM ledger.transactions('transaction4', 'c', max_rows => 4);
SELECT kind, count(*), count(related) FROM ledger.transactions('transaction4') GROUP BY 1 ORDER BY 1;
SELECT kind, reference FROM ledger.transactions('transaction4', reference => 'hold3');
SELECT kind, count(*) FROM ledger.transactions('transaction4', until => '2024-01-02') GROUP BY 1 ORDER BY 1;
TRUNCATE middle;
INSERT INTO middle
SELECT percentile_disc(ARRAY[0.3, 0.8]) WITHIN GROUP (ORDER BY transaction) FROM ledger.transactions('transaction4');
SELECT count(*), count(DISTINCT one) > 20 AS varied, count(*) FILTER (WHERE one IS DISTINCT FROM two) AS differing
FROM unnest(ARRAY['a', 'b', 'c', 'world']) address, unnest(ARRAY[NULL, 'JPY']) asset,
	unnest(ARRAY[NULL, '{"even": true}']::jsonb[]) metadata,
	(SELECT NULL UNION ALL SELECT unnest(transactions) FROM middle) b(before), unnest(ARRAY[NULL, 4]) max_rows,
	LATERAL (SELECT array_agg(transaction) FROM ledger.transactions('transaction4', address, asset, NULL, NULL, NULL, metadata,
		before, max_rows)) x(one),
	LATERAL (SELECT array_agg(transaction) FROM (SELECT transaction FROM ledger.transactions('transaction4', NULL, asset, NULL, NULL,
		NULL, metadata, before, NULL) t WHERE EXISTS (SELECT FROM unnest(t.postings) p(source, destination, amount, code)
			WHERE address IN (source, destination) AND (asset IS NULL OR code = asset)) LIMIT max_rows) t) y(two);
SELECT arguments, try FROM unnest(ARRAY[$$NULL$$, $$'nowhere'$$, $$'transaction', 'a::b'$$, $$'transaction', ''$$,
	$$'transaction', asset => 'NOPE'$$, $$'transaction2', asset => 'NOPE'$$])
	WITH ORDINALITY p(arguments, n), pg_temp.try(format('SELECT ledger.transactions(%s)', arguments)) ORDER BY n;

-- The postings given back can be posted: here the other way round.
SELECT status, balances FROM ledger.transactions('transaction', reference => 'r250') t, ledger.post_transaction('transaction',
	(SELECT array_agg((p.destination, p.source, p.amount, p.asset)::ledger.posting ORDER BY n DESC) FROM unnest(t.postings)
		WITH ORDINALITY p(source, destination, amount, asset, n)));

-- Views.
SELECT ledger.create_ledger('transaction2', auto_open => false, metadata => '{"purpose": "views"}'),
	ledger.open_account('transaction2', 'a', 'JPY', -1, 10, metadata => '{"x": 1}'), ledger.open_account('transaction2', 'b');
SELECT status FROM ledger.post('transaction2', 'a', 'b', 1, 'JPY', 'k', 'r', '2024-01-01', '{"m": 1}');
SELECT ledger.freeze('transaction2', 'a');
\x
SELECT name, auto_open, metadata FROM ledger.ledger WHERE name = 'transaction2';
SELECT code, scale, name, iso_4217 FROM ledger.asset WHERE code = 'JPY';
SELECT ledger, address, status, any_asset, assets, floor, ceiling, metadata FROM ledger.account WHERE ledger = 'transaction2'
	ORDER BY address;
SELECT ledger, address, asset, balance, available, inflow, outflow, held_in, held_out, floor, ceiling, version, status,
	recorded_at > now() - interval '1 hour' AS recorded_now
FROM ledger.balance WHERE ledger = 'transaction2' ORDER BY address;
SELECT ledger, address, asset, version, transaction > 0 AS numbered, amount, balance,
	recorded_at > now() - interval '1 hour' AS recorded_now, effective_at
FROM ledger.entry WHERE ledger = 'transaction2' ORDER BY address;
SELECT ledger, position > 0 AS numbered, kind, recorded_at > now() - interval '1 hour' AS recorded_now,
	effective_at = recorded_at AS on_time, reference, idempotency_key, metadata, payload
FROM ledger.journal WHERE ledger = 'transaction2' ORDER BY position;
\x
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'v' GROUP BY 1 ORDER BY 1;
-- Nothing can be written through them, by nobody.
BEGIN;
SELECT v AS view, c.is_updatable, c.is_insertable_into, pg_temp.try(format('DELETE FROM ledger.%I',
	v)) LIKE '55000 cannot delete from view %' AS refused
FROM unnest(ARRAY['ledger', 'asset', 'account', 'balance', 'entry', 'journal', 'hold', 'access']) v
	JOIN information_schema.views c ON c.table_schema = 'ledger' AND c.table_name = v ORDER BY v;
ROLLBACK;
SELECT * FROM ledger.verify('transaction');
SELECT * FROM ledger.verify('transaction2');
