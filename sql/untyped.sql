-- Every way to post resolves from parameters without a type, from plain literals and by name.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('untyped');

-- One signature for each name: nothing is ever ambiguous.
SELECT p.proname, count(*) FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace GROUP BY 1 HAVING count(*) > 1;
SELECT p.proname, pg_get_function_arguments(p.oid) FROM pg_proc p
WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname ~ '^(try_)?post' ORDER BY length(p.proname), 1;

-- As drivers do it: every parameter without a type.
PREPARE post5 AS SELECT status, balances FROM ledger.post($1, $2, $3, $4, $5);
PREPARE post9 AS SELECT status, balances FROM ledger.post($1, $2, $3, $4, $5, $6, $7, $8, $9);
PREPARE try_post5 AS SELECT status, balances FROM ledger.try_post($1, $2, $3, $4, $5);
PREPARE try_post9 AS SELECT status, balances FROM ledger.try_post($1, $2, $3, $4, $5, $6, $7, $8, $9);
PREPARE transaction2 AS SELECT status, balances FROM ledger.post_transaction($1, $2);
PREPARE transaction6 AS SELECT status, balances FROM ledger.post_transaction($1, $2, $3, $4, $5, $6);
PREPARE try_transaction2 AS SELECT status, balances FROM ledger.try_post_transaction($1, $2);
PREPARE try_transaction6 AS SELECT status, balances FROM ledger.try_post_transaction($1, $2, $3, $4, $5, $6);
PREPARE json2 AS SELECT status, balances FROM ledger.post_json($1, $2);
PREPARE try_json2 AS SELECT status, balances FROM ledger.try_post_json($1, $2);
SELECT name, parameter_types FROM pg_prepared_statements ORDER BY name;

EXECUTE post5('untyped', 'world', 'a', '1.50', 'USD');
EXECUTE post9('untyped', 'world', 'a', '1.50', 'USD', 'k1', 'r1', '2024-01-01', '{"a": 1}');
EXECUTE post9('untyped', 'world', 'a', 1.5, 'USD', NULL, NULL, NULL, NULL);
EXECUTE try_post5('untyped', 'world', 'a', 1, 'USD');
EXECUTE try_post9('untyped', 'world', 'a', 1, 'USD', 'k2', 'r2', '2024-01-01', '{"a": 1}');
EXECUTE transaction2('untyped', '{"(world,a,1,USD)","(a,b,0.5,USD)"}');
EXECUTE transaction6('untyped', '{"(world,a,1,USD)"}', 'k3', 'r3', '2024-01-01', '{"a": 1}');
EXECUTE try_transaction2('untyped', '{"(world,a,1,USD)"}');
EXECUTE try_transaction6('untyped', '{"(world,a,1,USD)"}', 'k4', 'r4', '2024-01-01', '{"a": 1}');
EXECUTE json2('untyped', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}');
EXECUTE try_json2('untyped', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}');
-- Again and again: also once the server has settled on one plan for all values.
SELECT count(*) FROM generate_series(1, 7) i, LATERAL ledger.post('untyped', 'world', 'loop', i, 'USD');
EXECUTE post5('untyped', 'world', 'a', 1, 'USD');
EXECUTE post5('untyped', 'world', 'a', 2, 'EUR');
EXECUTE post5('untyped', 'world', 'b', 3, 'USD');
EXECUTE post5('untyped', 'a', 'world', 4, 'USD');
EXECUTE post5('untyped', 'world', 'c', 5, 'JPY');
EXECUTE post5('untyped', 'world', 'c', 6, 'JPY');
EXECUTE post5('untyped', 'world', 'nowhere:', 7, 'JPY');

-- As people do it: plain literals, and names.
SELECT status, balances FROM ledger.post('untyped', 'world', 'a', '1', 'USD', 'k5', 'r5', '2024-01-01', '{"a": 1}');
SELECT status, balances FROM ledger.try_post('untyped', 'world', 'a', 1, 'USD', NULL, NULL, NULL, NULL);
SELECT status, balances FROM ledger.post(ledger => 'untyped', source => 'world', destination => 'a', amount => 1, asset => 'USD',
	metadata => '{"a": 1}', effective_at => '2024-01-01', reference => 'r6', idempotency_key => 'k6');
SELECT status, balances FROM ledger.try_post(asset => 'USD', amount => '1', destination => 'a', source => 'world',
	ledger => 'untyped');
SELECT status, balances FROM ledger.post_transaction('untyped', '{"(world,a,1,USD)"}');
SELECT status, balances FROM ledger.post_transaction('untyped', ARRAY[('world', 'a', 1, 'USD')]::ledger.posting[]);
SELECT status, balances FROM ledger.post_transaction('untyped', ARRAY[ROW('world', 'a', 1, 'USD')::ledger.posting]);
SELECT status, balances FROM ledger.try_post_transaction(postings => '{"(world,a,1,USD)"}', ledger => 'untyped', metadata => '{}');
SELECT status, balances
	FROM ledger.post_json(ledger => 'untyped',
	transaction => '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}');
SELECT status, balances
	FROM ledger.try_post_json('untyped', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}');

-- Types that cast by themselves: varchar, name, int, bigint, timestamp, date.
SELECT status, balances FROM ledger.post('untyped'::name, 'world'::varchar, 'a'::varchar(10), 1::bigint, 'USD'::char(3),
	effective_at => '2024-01-01'::date);
SELECT status, balances FROM ledger.post('untyped', 'world', 'a', 1::int, 'USD', effective_at => '2024-01-01 10:00'::timestamp);
-- Binary fractions are no money: they must be cast by whoever has them.
SELECT split_part(pg_temp.try($$SELECT ledger.post('untyped', 'world', 'a', 0.1::float8, 'USD')$$), E'\n', 1);

-- Reading, from parameters without a type.
PREPARE balance3 AS SELECT ledger.balance($1, $2, $3);
PREPARE balance5 AS SELECT ledger.balance($1, $2, $3, $4, $5);
PREPARE balances3 AS SELECT * FROM ledger.balances($1, $2, $3);
PREPARE statement5 AS SELECT effective_at, amount, balance FROM ledger.statement($1, $2, $3, $4, $5);
PREPARE trial_balance2 AS SELECT * FROM ledger.trial_balance($1, $2);
PREPARE transactions9 AS SELECT reference, postings FROM ledger.transactions($1, $2, $3, $4, $5, $6, $7, $8, $9);
PREPARE verify1 AS SELECT * FROM ledger.verify($1);
EXECUTE balance3('untyped', 'a', 'USD');
EXECUTE balance5('untyped', 'a', 'USD', '2024-01-01', NULL);
EXECUTE balance5('untyped', 'a', 'USD', NULL, 1);
EXECUTE balances3('untyped', '*', '2024-01-01');
EXECUTE statement5('untyped', 'a', 'USD', '2024-01-01', '2024-01-02');
EXECUTE trial_balance2('untyped', '2024-01-01');
EXECUTE transactions9('untyped', 'a', 'USD', '2024-01-01', '2024-01-02', 'r6', '{"a": 1}', NULL, 1);
EXECUTE verify1('untyped');
DEALLOCATE ALL;
