-- post_batch: many transactions in one call, all or nothing or each on its own, with a receipt for each.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('batch');

-- All or nothing, as it is unless asked otherwise: a receipt for each item, in order; later items see what earlier ones did.
SELECT status, position = transaction AS same, transaction > lag(transaction) OVER () AS ascending,
	recorded_at = first_value(recorded_at) OVER () AS at_once, code, message, detail, balances, amounts, violations
FROM ledger.post_batch('batch', '{world,a,b,a}', '{a,b,c,c}', '{10,4,1.50,0}', '{USD}');
SELECT address, version, amount, balance, transaction > lag(transaction) OVER w AS ascending FROM ledger.entry
	WHERE ledger = 'batch' WINDOW w AS (PARTITION BY address ORDER BY version) ORDER BY address, version;
SELECT postings, kind, related FROM ledger.transactions('batch') ORDER BY transaction;

-- One refused, first, in the middle or last: none is posted, and the error names the item.
SELECT pg_temp.state() AS before \gset
SELECT arguments, try FROM unnest(ARRAY[$$'{poor,world,a}', '{b,new,b}', '{1,1,1}', '{USD}'$$,
	$$'{world,a,world}', '{new,new:b,new:c}', '{1,6.01,1}', '{USD}'$$, $$'{world,a,new}', '{new,b,d}', '{1,1,1.01}', '{USD}'$$,
	$$'{world,world}', '{new,new}', '{1,1}', '{USD,NOPE}'$$])
	WITH ORDINALITY c(arguments, n), pg_temp.try(format('SELECT ledger.post_batch(%L, %s)', 'batch', arguments)) ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- Each on its own: what is refused has no effect, and what comes later sees only what was done.
SELECT status, code, message, detail, balances FROM ledger.post_batch('batch', '{poor,world,poor,a,rich}', '{b,rich,b,b,b}',
	'{1,7,1,6.01,7}', '{USD}', atomic => false);
SELECT * FROM ledger.balances('batch');
-- Accounts opened for what was refused are gone; one that another item needs stays, with the balances it needs.
SELECT status, code FROM ledger.post_batch('batch', '{gone:a,world,stays,gone:a}', '{gone:b,stays,gone:c,stays}', '{1,1,1,1}',
	'{USD,USD,EUR,USD}', atomic => false);
SELECT address, assets FROM ledger.account WHERE ledger = 'batch' ORDER BY address COLLATE "C";
SELECT address, asset FROM ledger.balance WHERE ledger = 'batch' AND address ~ 'gone|stays';
-- All refused: nothing is left at all.
SELECT pg_temp.state() AS before \gset
SELECT status, code FROM ledger.post_batch('batch', '{gone:a,gone:b,gone:c}', '{gone:b,gone:c,a}', '{1,2,3}', '{USD}',
	atomic => false);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- Limits and statuses, item by item.
SELECT ledger.open_account('batch', 'capped', 'USD', -5, 10), ledger.open_account('batch', 'frozen'),
	ledger.open_account('batch', 'closed');
SELECT ledger.freeze('batch', 'frozen'), ledger.close_account('batch', 'closed');
SELECT status, code, message, detail, balances FROM ledger.post_batch('batch', '{world,world,capped,capped,world,frozen,world}',
	'{capped,capped,a,a,frozen,a,closed}', '{10,0.01,15,0.01,1,1,1}', '{USD}', atomic => false);

-- Several assets: one for each item, or one for all.
SELECT status, code, balances FROM ledger.post_batch('batch', '{world,world,world,a,a,world}', '{a,a,a,b,b,a}',
	'{1000,0.001,1e1,400,0.5,1}', '{JPY,BHD,EUR,JPY,JPY,NOPE}', atomic => false);

-- Idempotency keys: the same request again, in the same call or a later one, returns the first result.
CREATE TEMP TABLE first AS SELECT * FROM ledger.post_batch('batch', '{world,world,world,world}', '{k,k,k,k}', '{1,2,1,4}', '{USD}',
	'{k1,k2,k1,NULL}') WITH ORDINALITY;
SELECT status, transaction = first_value(transaction) OVER (ORDER BY ordinality) AS as_first, balances FROM first
	ORDER BY ordinality;
SELECT f.ordinality, n.status, n.transaction = f.transaction AS same, n.recorded_at = f.recorded_at AS same_time, n.balances
FROM ledger.post_batch('batch', '{world,world,world,world}', '{k,k,k,k}', '{1,2,1,4}', '{USD}', '{k1,k2,k1,NULL}')
	WITH ORDINALITY n JOIN first f USING (ordinality) ORDER BY 1;
SELECT status, balances FROM ledger.post('batch', 'world', 'k', 2.00, 'USD', 'k2');
SELECT status, balances FROM ledger.post('batch', 'world', 'k', 8, 'USD', 'k3');
SELECT status, balances FROM ledger.post_batch('batch', '{world,world}', '{k,k}', '{8,16}', '{USD}', '{k3,k4}');
-- Another request under the key is refused, whoever has used it.
SELECT status, code, message, pg_temp.masked(detail) AS detail, balances
	FROM ledger.post_batch('batch', '{world,world,world,world}', '{k,k,k,k}', '{3,1,2,1}', '{USD}', '{k1,k5,k5,k5}', atomic => false);
SELECT pg_temp.masked(pg_temp.try(
	$$SELECT ledger.post_batch('batch', '{world,world}', '{k,k}', '{1,3}', '{USD}', '{NULL,k1}')$$)) AS try;
SELECT pg_temp.try($$SELECT ledger.post_batch('batch', '{world,world}', '{k,k}', '{1,3}', '{USD}', '{k6,k6}')$$);
-- What is refused leaves its key free, for the same request and for another.
SELECT status, code, balances FROM ledger.post_batch('batch', '{p,world,p,world,p,p}', '{q,p,q,p,q,q}', '{5,5,5,5,5,1}', '{USD}',
	'{k7,k8,k7,k8,k9,k9}', atomic => false);
SELECT status, code FROM ledger.post_batch('batch', '{p,world}', '{q,q}', '{5,1}', '{USD}', '{k10,k10}', atomic => false);

-- References: each once, in the call as in the ledger; what is refused leaves its name free.
SELECT status, code, message, pg_temp.masked(detail) AS detail
	FROM ledger.post_batch('batch', '{p,world,world,world,world}', '{q,r,r,r,r}', '{9,1,1,1,1}', '{USD}', '{NULL,k11,k11,NULL,NULL}',
	reference_names => '{r1,r1,r1,r1,NULL}', atomic => false);
SELECT status, code, pg_temp.masked(detail) AS detail
	FROM ledger.post_batch('batch', '{world,world}', '{r,r}', '{1,1}', '{USD}', reference_names => '{r1,r2}', atomic => false);
SELECT names, pg_temp.masked(try) AS try FROM unnest(ARRAY['{r3,r3}', '{r3,r2}']) WITH ORDINALITY u(names, n), pg_temp.try(format(
	$$SELECT ledger.post_batch('batch', '{world,world}', '{r,r}', '{1,1}', '{USD}', reference_names => %L)$$, names)) try ORDER BY n;
SELECT reference, idempotency_key FROM ledger.transactions('batch', 'r') ORDER BY transaction;

-- Effective times and metadata; NULL is none.
SELECT status, balances FROM ledger.post_batch('batch', '{world,world,world}', '{t,t,t}', '{1,2,4}', '{USD}',
	effective_times => '{2024-01-01,NULL,2999-12-31}', metadata => ARRAY['{"i": 1}', NULL, '{}']::jsonb[],
	reference_names => '{t1,t2,t3}');
SELECT reference, CASE WHEN effective_at <> recorded_at THEN effective_at END AS effective_at, metadata, amount, balance, version
	FROM ledger.statement('batch', 't', 'USD');
SELECT at, ledger.balance('batch', 't', 'USD', at)
	FROM unnest('{2023-12-31,2024-01-01,2999-12-30,2999-12-31}'::timestamptz[]) at;

-- Amounts up to what is available, as earlier items left it.
SELECT status, code, balances, amounts FROM ledger.post_batch('batch', '{world,u,u,u,world}', '{u,v,v,v,v}',
	'{10,7,7,NULL,NULL}', '{USD}', up_to => '{NULL,t,t,t,t}', atomic => false);

-- By name, in any order, with literals; one item; none.
SELECT status, balances FROM ledger.post_batch(amounts => '{1}', assets => '{CHF}', destinations => '{n}', sources => '{world}',
	ledger => 'batch');
SELECT count(*) FROM ledger.post_batch('batch', '{}', '{}', '{}', '{}');
SELECT count(*) FROM ledger.post_batch('batch', '{}', '{}', '{}', '{USD}', '{}', '{}', false, '{}', '{}', '{}', '{}', '{}');

-- A ledger that opens no accounts: what names an unknown one is refused, the rest is done.
SELECT ledger.create_ledger('batch_strict', auto_open => false);
SELECT ledger.open_account('batch_strict', 'a'), ledger.open_account('batch_strict', 'b', 'USD');
SELECT pg_temp.state() AS before \gset
SELECT pg_temp.try($$SELECT ledger.post_batch('batch_strict', '{world,world}', '{a,nobody}', '{1,1}', '{USD}')$$);
SELECT pg_temp.try($$SELECT ledger.post_batch('batch_strict', '{world,a}', '{a,b}', '{1,1}', '{EUR}')$$);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, code, message, balances FROM ledger.post_batch('batch_strict', '{world,nobody,a,a,world}', '{nobody,a,b,b,a}',
	'{1,1,1,1,5}', '{USD,USD,USD,EUR,EUR}', atomic => false);
SELECT status, code FROM ledger.post_batch('batch_strict', '{world,a,nobody}', '{a,b,b}', '{2,1,0}', '{USD}', atomic => false);
SELECT * FROM ledger.balances('batch_strict');

-- As JSON: transactions of any number of postings, with every option.
SELECT status, code, message, detail, balances, amounts FROM ledger.post_batch_json('batch', '[
	{"postings": [{"source": "world", "destination": "j:a", "amount": "10", "asset": "USD"},
		{"source": "j:a", "destination": "j:b", "amount": 4, "asset": "USD"}]},
	{"postings": [{"source": "j:a", "destination": "j:b", "amount": 100, "up_to": true, "asset": "USD"}], "idempotency_key": "jk",
		"reference": "jr", "effective_at": "2024-01-01T00:00:00Z", "metadata": {"j": 1}},
	{"postings": [{"source": "j:a", "destination": "j:b", "amount": "0.01", "asset": "USD"}]},
	{"postings": [{"source": "j:b", "destination": "j:c", "asset": "USD", "up_to": true}], "idempotency_key": null,
		"linked": null}]', false);
SELECT status, balances, amounts FROM ledger.post_batch_json('batch', '[
	{"postings": [{"source": "j:a", "destination": "j:b", "amount": 1e2, "up_to": true, "asset": "USD"}], "idempotency_key": "jk",
		"reference": "jr", "effective_at": "2024-01-01T00:00:00Z", "metadata": {"j": 1}}]');
SELECT reference, effective_at, metadata, postings FROM ledger.transactions('batch', reference => 'jr');
SELECT pg_temp.state() AS before \gset
SELECT pg_temp.try($$SELECT ledger.post_batch_json('batch', '[
	{"postings": [{"source": "world", "destination": "j:d", "amount": 1, "asset": "USD"}]},
	{"postings": [{"source": "world", "destination": "j:d", "amount": 1, "asset": "USD"},
		{"source": "j:d", "destination": "j:e", "amount": 3, "asset": "USD"}]}]')$$);
SELECT count(*) FROM ledger.post_batch_json('batch', '[]');
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- In any transaction: in a block that is undone, in a subquery, at any level, several in one statement.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM ledger.post_batch('batch', '{world,world}', '{tx,tx}', '{1,2}', '{USD}', '{x1,x2}');
SAVEPOINT s;
SELECT count(*) FROM ledger.post_batch('batch', '{world,tx}', '{tx,a}', '{4,7}', '{USD}');
ROLLBACK TO s;
SELECT status, balances[2] FROM ledger.post_batch('batch', '{world,world}', '{tx,tx}', '{1,8}', '{USD}', '{x1,x3}');
COMMIT;
SELECT i, r.balances[2] FROM generate_series(1, 2) i,
	ledger.post_batch('batch', '{world,world}', '{tx,tx}', ARRAY[i, 10 * i], '{USD}') r;
SELECT (SELECT count(*) FROM ledger.post_batch('batch', '{world}', '{tx}', '{1}', '{USD}')),
	(SELECT sum((balances[2]).balance) FROM ledger.post_batch('batch', '{world}', '{tx}', '{1}', '{USD}'));
SELECT status FROM ledger.post_batch('batch', '{world,world,world}', '{tx,tx,tx}', '{1,1,1}', '{USD}') LIMIT 1;
SELECT ledger.balance('batch', 'tx', 'USD');

-- Item by item a batch does what as many calls do: a thousand random items, with keys, references, limits and up_to.
SELECT ledger.create_ledger('batch_a'), ledger.create_ledger('batch_b');
SELECT ledger.set_stripes('batch_a', 'world', NULL, 1), ledger.set_stripes('batch_b', 'world', NULL, 1);
SELECT count(ledger.open_account(l, 'x' || i, 'USD', -10 * (i % 3), CASE WHEN i % 2 = 0 THEN 60 END))
	FROM unnest(ARRAY['batch_a', 'batch_b']) l, generate_series(1, 6) i;
SELECT setseed(0.5);
CREATE TEMP TABLE item AS
SELECT n, CASE WHEN r[1] < 0.2 THEN 'world' ELSE 'x' || 1 + trunc(r[1] * 8) END AS source,
	CASE WHEN r[2] < 0.1 THEN 'world' ELSE 'x' || 1 + trunc(r[2] * 8) END AS destination,
	round((r[3] * 30)::numeric, CASE WHEN r[4] < 0.05 AND r[5] > 0.4 AND r[6] > 0.3 THEN 3 ELSE 2 END) AS amount,
	CASE WHEN r[5] < 0.4 THEN 'k' || trunc(r[5] * 500) END AS key,
	CASE WHEN r[6] < 0.3 THEN 'r' || trunc(r[6] * 500) END AS reference, r[7] < 0.2 AS up_to
FROM generate_series(1, 1000) n, LATERAL (SELECT array_agg(random()) AS r FROM generate_series(1, 7) WHERE n > 0) r;
-- Most of those that have the key of another are the same request.
UPDATE item i SET source = f.source, destination = f.destination, amount = f.amount, reference = f.reference, up_to = f.up_to
	FROM (SELECT DISTINCT ON (key) * FROM item WHERE key IS NOT NULL ORDER BY key, n) f WHERE f.key = i.key AND i.n % 3 > 0;
CREATE TEMP TABLE single (n int, r ledger.receipt);
DO $$
DECLARE
	i item;
BEGIN
	FOR i IN SELECT * FROM item ORDER BY n LOOP
		INSERT INTO single SELECT i.n, r
			FROM ledger.try_post('batch_a', i.source, i.destination, i.amount, 'USD', i.key, i.reference, up_to => i.up_to) r;
	END LOOP;
END
$$;
CREATE TEMP TABLE together AS SELECT n, status, code, message, detail, balances, amounts
FROM (SELECT array_agg(source ORDER BY n) s, array_agg(destination ORDER BY n) d, array_agg(amount ORDER BY n) a,
		array_agg(key ORDER BY n) k, array_agg(reference ORDER BY n) r, array_agg(up_to ORDER BY n) u FROM item) i,
	ledger.post_batch('batch_b', s, d, a, '{USD}', k, reference_names => r, up_to => u, atomic => false)
		WITH ORDINALITY b(status, transaction, position, recorded_at, code, message, detail, balances, amounts, violations, n);
SELECT coalesce(t.code, t.status) AS answer, count(*) > 10 AS many,
	count(*) FILTER (WHERE ((r).status, (r).code, (r).message, (r).balances, (r).amounts) IS DISTINCT FROM
		(t.status, t.code, t.message, t.balances, t.amounts)) AS differing,
	count(*) FILTER (WHERE t.code NOT IN ('LG301', 'LG302') AND (r).detail IS DISTINCT FROM t.detail) AS other_detail
FROM single s JOIN together t USING (n) GROUP BY 1 ORDER BY 1;
SELECT count(*) > 900 AS many, count(*) FILTER (WHERE (a.amount, a.balance) IS DISTINCT FROM (b.amount, b.balance)) AS differing
FROM (SELECT * FROM ledger.entry WHERE ledger = 'batch_a') a
	FULL JOIN (SELECT * FROM ledger.entry WHERE ledger = 'batch_b') b USING (address, asset, version);
SELECT count(*), count(*) FILTER (WHERE (a.balance, a.version, a.inflow, a.outflow) IS DISTINCT FROM
	(b.balance, b.version, b.inflow, b.outflow)) AS differing
FROM (SELECT * FROM ledger.balance WHERE ledger = 'batch_a') a
	FULL JOIN (SELECT * FROM ledger.balance WHERE ledger = 'batch_b') b USING (address, asset);
SELECT count(*) > 400 AS many, count(*) FILTER (WHERE (a.postings, a.reference, a.idempotency_key) IS DISTINCT FROM
	(b.postings, b.reference, b.idempotency_key)) AS differing
FROM (SELECT *, row_number() OVER (ORDER BY transaction) AS n FROM ledger.transactions('batch_a', max_rows => NULL)) a
	FULL JOIN (SELECT *, row_number() OVER (ORDER BY transaction) AS n FROM ledger.transactions('batch_b', max_rows => NULL)) b
		USING (n);

SELECT * FROM ledger.verify('batch');
SELECT * FROM ledger.verify('batch_strict');
SELECT * FROM ledger.verify('batch_a');
SELECT * FROM ledger.verify('batch_b');

-- A hundred thousand items at once, all or nothing and each on its own, a tenth of them refused.
BEGIN;
SELECT ledger.create_ledger('batch_large');
SELECT count(*), count(DISTINCT transaction), max((balances[2]).version)
FROM ledger.post_batch('batch_large', array_fill('world'::text, '{100000}'),
	ARRAY(SELECT 'few:' || i % 10 FROM generate_series(1, 100000) i), array_fill(0.01, '{100000}'), '{USD}');
SELECT status, code, count(*)
FROM ledger.post_batch('batch_large',
	ARRAY(SELECT CASE WHEN i % 10 = 0 THEN 'poor:' || i % 70 ELSE 'few:' || i % 10 END FROM generate_series(1, 100000) i),
	ARRAY(SELECT 'many:' || i % 1000 FROM generate_series(1, 100000) i), array_fill(0.01, '{100000}'), '{USD}',
	ARRAY(SELECT 'k' || i FROM generate_series(1, 100000) i), atomic => false) GROUP BY 1, 2 ORDER BY 1;
SELECT count(*), count(*) FILTER (WHERE address ~ 'poor') AS poor FROM ledger.account WHERE ledger = 'batch_large';
SELECT * FROM ledger.verify('batch_large');
-- More than a million postings are refused, however they come.
SELECT pg_temp.try($$SELECT ledger.post_batch('batch_large', array_fill('world'::text, '{1000001}'),
	array_fill('a'::text, '{1000001}'), array_fill(1.0, '{1000001}'), '{USD}', atomic => false)$$);
SELECT status, code, message, detail FROM ledger.try_post_transaction('batch_large',
	array_fill('(world,a,1,USD)'::ledger.posting, '{1000001}'));
-- Nobody who comes later is to wade through all that.
ROLLBACK;
VACUUM ledger_data.journal, ledger_data.entry, ledger_data.balance;
