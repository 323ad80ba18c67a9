-- Conditions: what a caller requires of balances, checked where nobody can change them any more.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('condition');
-- world is kept in one row here, as its version and its sums are looked at
SELECT ledger.set_stripes('condition', 'world', NULL, 1);
SELECT status FROM ledger.post_transaction('condition', '{"(world,a,100,USD)","(a,b,10,USD)","(world,a,500,JPY)"}');
SELECT ledger.at_version('a', 'USD', 2), ledger.balance_between('a', 'USD', 0, NULL);

-- A version: nothing has been posted to the balance since it was read.
SELECT status, balances, violations
	FROM ledger.post('condition', 'a', 'b', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 2)]);
SELECT status, code, message, detail, balances, violations
	FROM ledger.try_post('condition', 'a', 'b', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 2)]);
SELECT pg_temp.try($$SELECT ledger.post('condition', 'a', 'b', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 2)])$$);
SELECT version, code FROM unnest(ARRAY[0, 2, 4, 9223372036854775807]) version,
	ledger.try_post('condition', 'a', 'b', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', version)]) ORDER BY 1;
-- Of any balance, named by the transaction or not; each asset has its own.
SELECT status FROM ledger.post('condition', 'world', 'c', 1, 'EUR', conditions => ARRAY[ledger.at_version('a', 'USD', 3),
	ledger.at_version('a', 'JPY', 1), ledger.at_version('world', 'EUR', 0)]);
-- Holds, limits and statuses are not counted.
SELECT status FROM ledger.hold('condition', 'a', 'b', 5, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 3)]);
SELECT ledger.set_limits('condition', 'a', 'USD', -1, NULL), ledger.freeze('condition', 'a'), ledger.unfreeze('condition', 'a');
SELECT status FROM ledger.post('condition', 'world', 'c', 1, 'EUR', conditions => ARRAY[ledger.at_version('a', 'USD', 3)]);
-- A balance that never was used has version 0; it is opened, for there must be something to lock.
SELECT status, violations
	FROM ledger.try_post('condition', 'world', 'd', 1, 'USD', conditions => ARRAY[ledger.at_version('d', 'USD', 0)]);
SELECT status, violations
	FROM ledger.try_post('condition', 'world', 'd', 1, 'USD', conditions => ARRAY[ledger.at_version('d', 'USD', 0)]);
SELECT status FROM ledger.post('condition', 'world', 'd', 1, 'USD', conditions => ARRAY[ledger.at_version('watched', 'USD', 0)]);
SELECT status, code
	FROM ledger.try_post('condition', 'world', 'd', 1, 'USD', conditions => ARRAY[ledger.at_version('gone', 'USD', 1)]);
SELECT address, version FROM ledger.balance WHERE ledger = 'condition' AND address IN ('watched', 'gone');

-- A balance as it will be, here of 2: bounds belong to what is allowed, and either may be left out.
SELECT low, high, code, violations FROM (VALUES (1, 2, 2), (2, 2.01, NULL), (3, NULL, 1.99), (4, NULL, 2), (5, 2, NULL), (6, 0, 1),
		(7, 1.5, 2.5), (8, -1e30, 1e30), (9, 2.000, 2.000000000000000000000000000000000000001),
		(10, NULL, 1.999999999999999999999999999999999999999)) b(n, low, high),
	ledger.try_post('condition', 'd', 'x', 0, 'USD', conditions => ARRAY[ledger.balance_between('d', 'USD', low, high)]) ORDER BY n;
SELECT what, code, violations FROM (VALUES (1, 'source', 9, ledger.balance_between('a', 'USD', 80.01, NULL)),
		(2, 'source', 9, ledger.balance_between('a', 'USD', 80, 80)),
		(3, 'destination', 9, ledger.balance_between('e', 'USD', NULL, 17.99)),
		(4, 'destination', 9, ledger.balance_between('e', 'USD', 18, 18)),
		(5, 'below zero', 0, ledger.balance_between('world', 'USD', -102, -102)),
		(6, 'held or not', 0, ledger.balance_between('a', 'USD', 71, 71))) c(n, what, amount, condition),
	ledger.try_post('condition', 'a', 'e', amount, 'USD', conditions => ARRAY[condition]) ORDER BY n;
-- In a transaction of several postings only the end counts.
SELECT status, balances FROM ledger.post_transaction('condition', '{"(world,e,50,USD)","(e,world,49,USD)"}',
	conditions => ARRAY[ledger.balance_between('e', 'USD', 0, 20)]);

-- All that do not hold are told, each with its number, what was expected and what was found.
SELECT pg_temp.state() AS before \gset
CREATE TEMP TABLE told AS SELECT * FROM ledger.try_post('condition', 'a', 'f', 1, 'USD', conditions => ARRAY[
	ledger.at_version('a', 'USD', 1), ledger.at_version('f', 'USD', 0), ledger.balance_between('f', 'USD', 2, 3),
	ledger.balance_between('a', 'USD', NULL, 1), ledger.at_version('a', 'JPY', 7), ledger.at_version('never:used', 'EUR', 1),
	ledger.balance_between('never:used', 'JPY', 1, NULL)]);
SELECT status, code, message, sentence FROM told, regexp_split_to_table(detail, '(?<=\.) (?=Condition)') sentence
	ORDER BY sentence COLLATE "C";
SELECT v.* FROM told, unnest(violations) v ORDER BY v.condition;
SELECT pg_temp.try($$SELECT ledger.post('condition', 'a', 'f', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 1),
	ledger.at_version('f', 'USD', 0), ledger.balance_between('f', 'USD', 2, 3)])$$);
-- The same twice is told twice; a thousand are no trouble.
SELECT code, violations FROM ledger.try_post('condition', 'a', 'f', 1, 'USD', conditions => ARRAY[
	ledger.at_version('a', 'USD', 1), ledger.at_version('a', 'USD', 1)]);
SELECT code, message, cardinality(violations) FROM ledger.try_post('condition', 'a', 'f', 1, 'USD', conditions => ARRAY(
	SELECT ledger.at_version('many:' || i, 'USD', i % 2) FROM generate_series(1, 1000) i));
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
-- No condition at all.
SELECT status FROM ledger.post('condition', 'a', 'f', 1, 'USD', conditions => '{}');
SELECT status FROM ledger.post('condition', 'a', 'f', 1, 'USD', conditions => NULL);

-- On every way to post and to hold.
SELECT transaction AS posted FROM ledger.post('condition', 'world', 'g', 10, 'USD') \gset
SELECT pg_temp.state() AS before \gset
SELECT function, r.* FROM (VALUES (1, 'post', $$'condition', 'g', 'h', 1, 'USD'$$),
		(2, 'post_transaction', $$'condition', '{"(g,h,1,USD)"}'$$),
		(3, 'hold', $$'condition', 'g', 'h', 1, 'USD'$$), (4, 'hold_transaction', $$'condition', '{"(g,h,1,USD)"}'$$),
		(5, 'reverse', format('%L, %s', 'condition', :posted))) f(n, function, arguments),
	pg_temp.refused(function, arguments || $$, conditions => ARRAY[ledger.at_version('g', 'USD', 2)]$$) r ORDER BY n;
SELECT code, violations
	FROM ledger.try_hold('condition', 'g', 'h', 1, 'USD', conditions => ARRAY[ledger.balance_between('g', 'USD', NULL, 9)]);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status FROM ledger.hold('condition', 'g', 'h', 1, 'USD', conditions => ARRAY[ledger.at_version('g', 'USD', 1),
	ledger.balance_between('g', 'USD', 10, 10), ledger.at_version('h', 'USD', 0)]);

-- On a batch they are of the whole call: versions as they were before it, balances as they will be after.
SELECT pg_temp.state() AS before \gset
SELECT pg_temp.try($$SELECT ledger.post_batch('condition', '{world,i}', '{i,j}', '{10,4}', '{USD}',
	conditions => ARRAY[ledger.at_version('i', 'USD', 1), ledger.balance_between('i', 'USD', 10, 10)])$$);
SELECT status, code, message, violations
FROM ledger.post_batch('condition', '{world,i,b b}', '{i,j,j}', '{10,4,1}', '{USD}', atomic => false,
	conditions => ARRAY[ledger.at_version('i', 'USD', 1), ledger.balance_between('i', 'USD', 10, 10)]);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, balances FROM ledger.post_batch('condition', '{world,i}', '{i,j}', '{10,4}', '{USD}', '{i1,i2}',
	conditions => ARRAY[ledger.at_version('i', 'USD', 0), ledger.balance_between('i', 'USD', 6, 6),
		ledger.balance_between('j', 'USD', 4, NULL)]);
-- What is refused by itself is not part of what will be.
SELECT status, code FROM ledger.post_batch('condition', '{i,i}', '{j,j}', '{6.01,1}', '{USD}', atomic => false,
	conditions => ARRAY[ledger.balance_between('i', 'USD', 5, 5)]);
-- What was done before stays so, and is told as such, while new items are refused.
SELECT status, code, balances
FROM ledger.post_batch('condition', '{world,i}', '{i,j}', '{10,1}', '{USD}', '{i1,i3}', atomic => false,
	conditions => ARRAY[ledger.at_version('i', 'USD', 0)]);

-- A replay looks at nothing but the key; conditions are no part of the request.
SELECT status, balances
	FROM ledger.post('condition', 'world', 'k', 1, 'USD', 'k', conditions => ARRAY[ledger.at_version('k', 'USD', 0)]);
SELECT status, balances
	FROM ledger.post('condition', 'world', 'k', 1, 'USD', 'k', conditions => ARRAY[ledger.at_version('k', 'USD', 0)]);
SELECT status, balances
	FROM ledger.post('condition', 'world', 'k', 1, 'USD', 'k', conditions => ARRAY[ledger.balance_between('k', 'USD', 7, 7)]);
SELECT status, balances FROM ledger.post('condition', 'world', 'k', 1, 'USD', 'k');
-- A key is free after conditions were violated.
SELECT version, status, code FROM unnest(ARRAY[0, 1]) version,
	ledger.try_post('condition', 'world', 'k', 1, 'USD', 'k2', 'r2', conditions => ARRAY[ledger.at_version('k', 'USD', version)]);

-- As JSON, with the keys of ledger.condition.
CREATE FUNCTION pg_temp.post_json(conditions jsonb) RETURNS ledger.receipt LANGUAGE sql AS $$
	SELECT ledger.try_post_json('condition', jsonb_build_object('conditions', conditions, 'postings',
		'[{"source": "world", "destination": "l", "amount": 5, "asset": "USD"}]'::jsonb))
$$;
SELECT status, code, violations FROM pg_temp.post_json('[{"kind": "at_version", "address": "l", "asset": "USD", "version": 1},
	{"kind": "balance_between", "address": "l", "asset": "USD", "low": "5.01", "high": null},
	{"asset": "USD", "address": "l", "kind": "balance_between", "high": 4, "version": null}]');
SELECT status, balances FROM pg_temp.post_json('[{"kind": "at_version", "address": "l", "asset": "USD", "version": 0},
	{"kind": "balance_between", "address": "l", "asset": "USD", "low": 5, "high": "5"}]');
SELECT status FROM pg_temp.post_json('[]');
SELECT status FROM pg_temp.post_json('null');
SELECT given, code, message, detail FROM unnest(ARRAY['1', '{}', '[null]', '[1]', '[{}]', '[{"kind": 1}]',
	'[{"kind": "at_version", "address": "l", "asset": "USD"}]',
	'[{"kind": "at_version", "address": "l", "asset": "USD", "version": "1"}]',
	'[{"kind": "at_version", "address": "l", "asset": "USD", "version": -1}]',
	'[{"kind": "at_version", "address": "l", "asset": "USD", "vers": 1}]',
	'[{"kind": "balance_between", "address": "l", "asset": "USD"}]',
	'[{"kind": "balance_between", "address": "l", "asset": "USD", "low": 2, "high": 1}]']::jsonb[]) WITH ORDINALITY g(given, n),
	pg_temp.post_json(given) ORDER BY n;
SELECT status, violations FROM ledger.post_batch_json('condition',
	'[{"postings": [{"source": "world", "destination": "l", "amount": 5, "asset": "USD"}]}]', false,
	ARRAY[ledger.at_version('l', 'USD', 0)]);

-- Malformed ones: each has one mistake.
CREATE TEMP TABLE malformed (n int GENERATED ALWAYS AS IDENTITY, conditions text);
INSERT INTO malformed (conditions) SELECT unnest(ARRAY[$$NULL$$, $$ledger.at_version('a', 'USD', 3), NULL$$,
	$$ledger.at_version(NULL, 'USD', 0)$$, $$ledger.at_version('a', NULL, 0)$$, $$ledger.at_version('a', 'USD', NULL)$$,
	$$ledger.at_version('a', 'USD', -1)$$, $$ledger.at_version('a b', 'USD', 0)$$, $$ledger.at_version('', 'USD', 0)$$,
	$$ledger.at_version('a', 'NOPE', 0)$$, $$ledger.balance_between('a', 'USD', NULL, NULL)$$,
	$$ledger.balance_between(NULL, 'USD', 0, 1)$$, $$ledger.balance_between('a', NULL, 0, 1)$$,
	$$ledger.balance_between('a', 'USD', 1, 0.99)$$, $$ledger.balance_between('a', 'USD', 'NaN', NULL)$$,
	$$ledger.balance_between('a', 'USD', NULL, 'NaN')$$, $$ledger.balance_between('a', 'USD', '-Infinity', 1)$$,
	$$ledger.balance_between('a', 'USD', 1, 'Infinity')$$, $$ledger.balance_between('a:', 'USD', 0, 1)$$,
	$$ROW(NULL, 'a', 'USD', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.condition$$, $$ROW('version', 'a', 'USD', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.condition$$,
	$$ROW('AT_VERSION', 'a', 'USD', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.condition$$, $$ARRAY[ledger.at_version('a', 'USD', 3)]$$]);
SELECT conditions, r.* FROM malformed, pg_temp.refused('post',
	format($$'condition', 'a', 'b', 1, 'USD', conditions => ARRAY[%s]::ledger.condition[]$$, conditions)) r ORDER BY n;

-- A ledger that opens no accounts has no balance for a condition either.
SELECT ledger.create_ledger('condition_strict', auto_open => false);
SELECT ledger.open_account('condition_strict', 'a'), ledger.open_account('condition_strict', 'b', 'USD');
SELECT * FROM pg_temp.refused('post', $$'condition_strict', 'world', 'a', 1, 'USD', conditions => ARRAY[
	ledger.at_version('a', 'USD', 0), ledger.at_version('nobody', 'USD', 0)]$$);
SELECT * FROM pg_temp.refused('post', $$'condition_strict', 'world', 'a', 1, 'USD', conditions => ARRAY[
	ledger.balance_between('b', 'EUR', 0, 0)]$$);
SELECT status, code FROM ledger.post_batch('condition_strict', '{world,world}', '{a,a}', '{1,1}', '{USD}', atomic => false,
	conditions => ARRAY[ledger.at_version('nobody', 'USD', 0)]);
SELECT status FROM ledger.post('condition_strict', 'world', 'a', 1, 'USD', conditions => ARRAY[ledger.at_version('b', 'USD', 0),
	ledger.at_version('a', 'JPY', 0)]);

-- As it is meant: read, decide, write if nothing has changed, else begin again.
CREATE FUNCTION pg_temp.spend_half(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	b record;
	receipt ledger.receipt;
BEGIN
	FOR attempt IN 1..3 LOOP
		SELECT balance, version INTO b FROM ledger.balance WHERE ledger = 'condition' AND address = who AND asset = 'JPY';
		-- somebody else is quicker, twice
		PERFORM ledger.post('condition', 'world', who, 100, 'JPY') WHERE attempt < 3;
		receipt := ledger.try_post('condition', who, 'world', div(b.balance, 2), 'JPY',
			conditions => ARRAY[ledger.at_version(who, 'JPY', b.version)]);
		IF receipt.code IS NULL THEN
			RETURN format('%s at attempt %s', receipt.balances[1], attempt);
		END IF;
	END LOOP;
END
$$;
SELECT pg_temp.spend_half('a');
SELECT * FROM ledger.verify('condition');
SELECT * FROM ledger.verify('condition_strict');
