-- Two thousand random requests against a simple model of what must happen, then the invariants of a ledger
-- checked in plain SQL, independently of ledger.verify().
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(21);
SELECT setseed(0.42);
SELECT ledger.create_ledger('invariants');

-- Accounts with all kinds of limits; a model of their balances.
CREATE TEMP TABLE model (address text, asset text, floor numeric, ceiling numeric, balance numeric DEFAULT 0,
	version bigint DEFAULT 0, PRIMARY KEY (address, asset));
INSERT INTO model (address, asset, floor, ceiling)
SELECT 'a' || i, s, CASE WHEN i % 4 = 0 THEN NULL WHEN i % 4 = 1 THEN 0 ELSE -i * 10 END, CASE WHEN i % 3 = 0 THEN i * 20 END
FROM generate_series(1, 12) i, unnest(ARRAY['USD', 'JPY', 'BHD']) s;
INSERT INTO model (address, asset) SELECT 'world', s FROM unnest(ARRAY['USD', 'JPY', 'BHD']) s;
-- some of them are kept in several rows, which the model knows nothing of
CREATE TEMP TABLE striped AS SELECT unnest(ARRAY['world', 'a2', 'a3', 'a5', 'a6', 'a8']) AS address;
SELECT count(ledger.open_account('invariants', address, asset, floor, ceiling, CASE WHEN address IN (TABLE striped) THEN 3 ELSE 1 END)) FROM model WHERE address <> 'world';

-- What the model says of a list of postings: each in turn, all or none.
CREATE FUNCTION pg_temp.predict(postings ledger.posting[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p record;
	changed int;
BEGIN
	FOR p IN SELECT * FROM unnest(postings) WITH ORDINALITY u(source, destination, amount, asset, n) ORDER BY n LOOP
		UPDATE model m SET balance = m.balance - p.amount, version = m.version + 1
			WHERE m.address = p.source AND m.asset = p.asset AND (p.amount = 0 OR m.floor IS NULL
				OR m.balance - p.amount >= m.floor);
		GET DIAGNOSTICS changed = ROW_COUNT;
		IF changed = 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'LG201';
		END IF;
		UPDATE model m SET balance = m.balance + p.amount, version = m.version + 1
			WHERE m.address = p.destination AND m.asset = p.asset AND (p.amount = 0 OR m.ceiling IS NULL
				OR m.balance + p.amount <= m.ceiling);
		GET DIAGNOSTICS changed = ROW_COUNT;
		IF changed = 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'LG202';
		END IF;
	END LOOP;
	RETURN 'posted';
EXCEPTION WHEN SQLSTATE 'LG201' OR SQLSTATE 'LG202' THEN
	RETURN SQLSTATE;
END
$$;

CREATE TEMP TABLE request (n int PRIMARY KEY, postings ledger.posting[], key text, expected text, answer text, transaction bigint,
	states ledger.balance_state[]);
CREATE FUNCTION pg_temp.play(requests int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	list ledger.posting[];
	chosen_key text;
	before request;
	prediction text;
	receipt ledger.receipt;
	code text;
	digits int;
	source int;
BEGIN
	FOR n IN 1..requests LOOP
		list := '{}';
		FOR i IN 1..CASE WHEN n % 3 = 0 THEN 1 + trunc(random() * 4)::int ELSE 1 END LOOP
			digits := 1 + trunc(random() * 3);
			code := (ARRAY['USD', 'JPY', 'BHD'])[digits];
			digits := (ARRAY[2, 0, 3])[digits];
			source := trunc(random() * 13);
			list := list || ROW(CASE WHEN source = 0 THEN 'world' ELSE 'a' || source END,
				CASE WHEN source > 0 AND random() < 0.1 THEN 'world' ELSE 'a' || 1 + (source + trunc(random() * 11)::int) % 12 END,
				CASE WHEN random() < 0.05 THEN 0 ELSE round((random() * 60)::numeric, digits) END, code)::ledger.posting;
			IF list[i].source = list[i].destination THEN
				list[i].destination := 'world';
			END IF;
		END LOOP;
		-- one in five repeats an earlier request under its key
		chosen_key := CASE WHEN random() < 0.5 THEN 'k' || n END;
		IF n > 100 AND random() < 0.2 THEN
			SELECT * INTO before FROM request r WHERE r.key IS NOT NULL OFFSET trunc(random() * 40) LIMIT 1;
			list := before.postings;
			chosen_key := before.key;
		END IF;
		IF EXISTS (SELECT FROM request r WHERE r.key = chosen_key AND r.answer = 'posted') THEN
			prediction := 'replayed';
		ELSE
			prediction := pg_temp.predict(list);
		END IF;
		receipt := ledger.try_post_transaction('invariants', list, chosen_key);
		INSERT INTO request VALUES (n, list, chosen_key, prediction, coalesce(receipt.code, receipt.status), receipt.transaction,
			receipt.balances);
	END LOOP;
END
$$;
SELECT pg_temp.play(2000);
CREATE TEMP TABLE entry AS SELECT * FROM ledger.entry WHERE ledger = 'invariants';
CREATE TEMP TABLE journal AS SELECT * FROM ledger.transactions('invariants', max_rows => NULL);
ANALYZE;

SELECT is_empty('SELECT n, expected, answer FROM request WHERE expected <> answer',
	'each of 2000 requests was answered as the model says');
SELECT cmp_ok((SELECT count(*) FROM request WHERE answer = 'posted'), '>', 600::bigint, 'many were posted');
SELECT cmp_ok((SELECT count(*) FROM request WHERE answer = 'LG201'), '>', 100::bigint, 'many were refused for the floor');
SELECT cmp_ok((SELECT count(*) FROM request WHERE answer = 'LG202'), '>', 50::bigint, 'many were refused for the ceiling');
SELECT cmp_ok((SELECT count(*) FROM request WHERE answer = 'replayed'), '>', 50::bigint, 'many were replayed');
SELECT set_eq($$SELECT address, asset, balance, version FROM ledger.balance b WHERE ledger = 'invariants' AND EXISTS (SELECT FROM entry e WHERE e.address = b.address AND e.asset = b.asset)$$,
	'SELECT address, asset, balance, CASE WHEN address NOT IN (TABLE striped) THEN version END FROM model WHERE version > 0', 'balances and versions are those of the model');
SELECT set_eq('SELECT address, asset, count(*) FROM entry GROUP BY 1, 2', 'SELECT address, asset, version FROM model WHERE version > 0', 'and so are the numbers of entries');
SELECT cmp_ok((SELECT count(DISTINCT (address, asset, stripe)) FROM entry WHERE stripe > 0), '>', (SELECT count(*) FROM model WHERE address IN (TABLE striped)), 'more than one stripe of a balance was used');
SELECT is_empty($$SELECT r.n FROM request r, unnest(r.states) s JOIN entry e ON e.address = s.address AND e.asset = s.asset
	AND e.version = s.version
	WHERE r.answer IN ('posted', 'replayed') AND (e.balance <> s.balance OR e.transaction <> r.transaction)$$,
		'receipts tell what the entries say');
SELECT is_empty($$SELECT r.n FROM request r JOIN request f ON f.key = r.key AND f.answer = 'posted' WHERE r.answer = 'replayed' AND (r.transaction <> f.transaction OR r.states IS DISTINCT FROM f.states)$$,
	'a replay gives the receipt of the first');

-- 1. For every asset all balances sum to zero, and so do the entries of every transaction.
SELECT is_empty($$SELECT asset, sum(balance) FROM ledger.balance WHERE ledger = 'invariants' GROUP BY asset HAVING sum(balance) <> 0$$, 'balances sum to zero');
SELECT is_empty($$SELECT transaction, asset FROM entry GROUP BY transaction, asset HAVING sum(amount) <> 0$$,
	'every transaction sums to zero');
-- 2. A balance is the sum of its entries, its version their number, each running balance follows from the one before.
SELECT is_empty($$SELECT b.address, b.asset FROM ledger.balance b LEFT
	JOIN (SELECT address, asset, sum(sum) AS sum, sum(count) AS count, bool_and(first = 1 AND last = count) AS gapless, sum(inflow) AS inflow, sum(outflow) AS outflow
		FROM (SELECT address, asset, stripe, sum(amount) AS sum, count(*) AS count, min(version) AS first, max(version) AS last,
			sum(greatest(amount, 0)) AS inflow, -sum(least(amount, 0)) AS outflow FROM entry GROUP BY 1, 2, 3) s GROUP BY 1, 2) e USING (address, asset)
	WHERE b.ledger = 'invariants' AND ((b.balance, b.inflow, b.outflow) IS DISTINCT
		FROM (coalesce(e.sum, 0), coalesce(e.inflow, 0), coalesce(e.outflow, 0))
		OR b.version <> coalesce(e.count, 0) OR NOT e.gapless)$$, 'a balance is the sum of its entries, its version their number');
SELECT is_empty($$SELECT * FROM (SELECT address, asset, version, balance, sum(amount) OVER (PARTITION BY address, asset, stripe ORDER BY version) AS sum FROM entry) e WHERE balance <> sum$$,
	'running balances follow');
SELECT is_empty($$SELECT * FROM (SELECT transaction, recorded_at, lag(transaction) OVER w AS last_transaction,
	lag(recorded_at) OVER w AS last_time FROM entry
		WINDOW w AS (PARTITION BY address, asset, stripe ORDER BY version)) e WHERE transaction < last_transaction
			OR recorded_at < last_time$$, 'along versions, transactions and times ascend');
-- 3. No balance passes its floor or ceiling: not now, and not after any entry.
SELECT is_empty($$SELECT e.address, e.asset, e.version FROM (SELECT address, asset, version, sum(amount) OVER (PARTITION BY address, asset ORDER BY transaction, stripe, version) AS balance FROM entry) e JOIN model m USING (address, asset) WHERE (e.balance < m.floor OR e.balance > m.ceiling)$$,
	'no entry passed a limit');
SELECT set_eq($$SELECT address, asset, floor, ceiling FROM ledger.balance WHERE ledger = 'invariants'$$,
	'SELECT address, asset, floor, ceiling FROM model WHERE floor IS NOT NULL OR ceiling IS NOT NULL OR address <> ''world'' UNION SELECT address, asset, floor, ceiling FROM model WHERE version > 0',
	'limits are as they were given');
-- 4. A transaction is what was asked for, wholly or not at all.
SELECT is_empty($$SELECT r.n FROM request r JOIN journal t ON t.transaction = r.transaction
	WHERE r.answer = 'posted' AND (SELECT array_agg((p.source, p.destination, trim_scale(p.amount), p.asset)::text ORDER BY i)
		FROM unnest(r.postings) WITH ORDINALITY p(source, destination, amount, asset, i))
		<> (SELECT array_agg((p.source, p.destination, trim_scale(p.amount), p.asset)::text ORDER BY i) FROM unnest(t.postings)
			WITH ORDINALITY p(source, destination, amount, asset, i))$$, 'the journal holds what was asked for');
SELECT is((SELECT count(*) FROM journal), (SELECT count(*) FROM request WHERE answer = 'posted'), 'and nothing else');
SELECT is((SELECT count(*) FROM entry), (SELECT 2 * sum(cardinality(postings)) FROM request WHERE answer = 'posted'),
	'with two entries for each posting');
SELECT is_empty($$SELECT * FROM ledger.verify('invariants')$$, 'ledger.verify() agrees');

SELECT * FROM finish();
ROLLBACK;
