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

-- Batches, holds, reversals and conditions, from parameters without a type.
PREPARE batch5 AS SELECT status, balances FROM ledger.post_batch($1, $2, $3, $4, $5);
PREPARE batch13 AS SELECT status, code, amounts FROM ledger.post_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
PREPARE batch_json4 AS SELECT status, code FROM ledger.post_batch_json($1, $2, $3, $4);
PREPARE hold5 AS SELECT status, balances FROM ledger.hold($1, $2, $3, $4, $5);
PREPARE try_hold11 AS SELECT status, amounts FROM ledger.try_hold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
PREPARE hold_transaction2 AS SELECT status, balances FROM ledger.hold_transaction($1, $2);
PREPARE try_hold_transaction8 AS SELECT status, amounts FROM ledger.try_hold_transaction($1, $2, $3, $4, $5, $6, $7, $8);
PREPARE capture2 AS SELECT status, balances FROM ledger.capture($1, $2);
PREPARE try_capture9 AS SELECT status, balances FROM ledger.try_capture($1, $2, $3, $4, $5, $6, $7, $8, $9);
PREPARE void2 AS SELECT status FROM ledger.void($1, $2);
PREPARE try_void4 AS SELECT status FROM ledger.try_void($1, $2, $3, $4);
PREPARE expire_holds2 AS SELECT ledger.expire_holds($1, $2);
PREPARE reverse2 AS SELECT status, balances FROM ledger.reverse($1, $2);
PREPARE try_reverse11 AS SELECT status, balances FROM ledger.try_reverse($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
PREPARE split3 AS SELECT ledger.split($1, $2, $3);
PREPARE post_if AS SELECT status, code FROM ledger.try_post($1, $2, $3, $4, $5, conditions => ARRAY[ledger.at_version($6, $7, $8),
	ledger.balance_between($9, $10, $11, $12)]);
SELECT name, parameter_types FROM pg_prepared_statements
	WHERE name ~ 'batch|hold|capture|void|reverse|split|post_if' ORDER BY name COLLATE "C";
EXECUTE batch5('untyped', '{world,world}', '{p,p}', '{1,2.50}', '{USD}');
EXECUTE batch13('untyped', '{world,p}', '{p,q}', '{1,5}', '{USD,USD}', '{b1,NULL}', '{f,f}', 'false', '{b1,NULL}',
	'{2024-01-01,NULL}', '{"{}",NULL}', '{f,t}', '{"(at_version,p,USD,2,,,,,,,,,,)"}');
EXECUTE batch_json4('untyped', '[{"postings": [{"source": "world", "destination": "p", "amount": 9, "asset": "USD"}]}]', 'true',
	NULL);
EXECUTE hold5('untyped', 'p', 'q', '1.50', 'USD');
SELECT max(hold) AS hold FROM ledger.hold WHERE ledger = 'untyped' \gset
EXECUTE capture2('untyped', :'hold');
EXECUTE try_hold11('untyped', 'p', 'q', '5', 'USD', '2999-01-01', 'h1', 'h1', '{}', '{}', 't');
SELECT max(hold) AS hold FROM ledger.hold WHERE ledger = 'untyped' \gset
EXECUTE try_capture9('untyped', :'hold', '1', 'f', NULL, 'c1', 'c1', '2024-01-01', '{}');
EXECUTE try_capture9('untyped', :hold, NULL, false, '{0.5}', NULL, NULL, NULL, NULL);
EXECUTE void2('untyped', :'hold');
EXECUTE hold_transaction2('untyped', '{"(p,q,0.50,USD)","(world,q,1,EUR)"}');
SELECT max(hold) AS hold FROM ledger.hold WHERE ledger = 'untyped' \gset
EXECUTE try_void4('untyped', :'hold', 'v1', '{}');
EXECUTE try_hold_transaction8('untyped', '{"(p,q,,USD)"}', '2999-01-01', 'h2', 'h2', '{}', NULL, '{t}');
EXECUTE expire_holds2('untyped', '10');
SELECT transaction FROM ledger.post('untyped', 'world', 'r', 3, 'USD') \gset
EXECUTE try_reverse11('untyped', :'transaction', '1', 'f', 't', NULL, 'x1', 'x1', NULL, '{}', NULL);
EXECUTE reverse2('untyped', :'transaction');
EXECUTE split3('10', '{1,1,1}', 'USD');
EXECUTE post_if('untyped', 'world', 's', '1', 'USD', 's', 'USD', '0', 's', 'USD', '0', NULL);
EXECUTE post_if('untyped', 'world', 's', '1', 'USD', 's', 'USD', '0', 's', 'USD', NULL, '1.00');

-- As people do it: whole numbers for amounts and holds, names in any order.
SELECT status FROM ledger.post_batch('untyped', ARRAY['world', 'world'], ARRAY['p', 'p'], ARRAY[1, 2], ARRAY['USD']);
SELECT status FROM ledger.post_batch(atomic => false, assets => '{USD}', amounts => '{1}', destinations => '{p}',
	sources => '{world}', ledger => 'untyped', linked => '{f}');
SELECT status FROM ledger.hold(asset => 'USD', amount => 1, destination => 'q', source => 'world', ledger => 'untyped',
	expires_at => now() + interval '1 day', metadata => '{"a": 1}');
SELECT max(hold) AS hold FROM ledger.hold WHERE ledger = 'untyped' \gset
SELECT status FROM ledger.capture(hold => :hold, ledger => 'untyped', final => false, amount => 1);

-- Reading, from parameters without a type.
PREPARE balance3 AS SELECT ledger.balance($1, $2, $3);
PREPARE balance5 AS SELECT ledger.balance($1, $2, $3, $4, $5);
PREPARE balances3 AS SELECT * FROM ledger.balances($1, $2, $3);
PREPARE statement5 AS SELECT effective_at, amount, balance FROM ledger.statement($1, $2, $3, $4, $5);
PREPARE trial_balance2 AS SELECT * FROM ledger.trial_balance($1, $2);
PREPARE transactions9 AS SELECT reference, postings FROM ledger.transactions($1, $2, $3, $4, $5, $6, $7, $8, $9);
PREPARE verify1 AS SELECT * FROM ledger.verify($1);
PREPARE verify4 AS SELECT * FROM ledger.verify($1, $2, $3, $4);
PREPARE create3 AS SELECT ledger.create_ledger($1, $2, $3);
PREPARE set_hashing2 AS SELECT ledger.set_hashing($1, $2);
PREPARE seal3 AS SELECT block, records FROM ledger.seal($1, $2, $3);
EXECUTE balance3('untyped', 'a', 'USD');
EXECUTE balance5('untyped', 'a', 'USD', '2024-01-01', NULL);
EXECUTE balance5('untyped', 'a', 'USD', NULL, 1);
EXECUTE balances3('untyped', '*', '2024-01-01');
EXECUTE statement5('untyped', 'a', 'USD', '2024-01-01', '2024-01-02');
EXECUTE trial_balance2('untyped', '2024-01-01');
EXECUTE transactions9('untyped', 'a', 'USD', '2024-01-01', '2024-01-02', 'r6', '{"a": 1}', NULL, 1);
EXECUTE verify1('untyped');
EXECUTE verify4('untyped', '1', '5', 'f');
EXECUTE verify4('untyped', NULL, NULL, 't');
EXECUTE create3('untyped_strict', 'parallel', 'strict');
EXECUTE set_hashing2('untyped_strict', 'off');
EXECUTE set_hashing2('untyped_strict', 'strict');
EXECUTE seal3('untyped_strict', '1 s', '10');
DEALLOCATE ALL;

-- Importing, from parameters without a type.
PREPARE set_metadata3 AS SELECT ledger.set_metadata($1, $2, $3);
PREPARE set_stripes4 AS SELECT ledger.set_stripes($1, $2, $3, $4);
PREPARE import_formance2 AS SELECT * FROM ledger.import_formance($1, $2);
PREPARE import_hledger2 AS SELECT * FROM ledger.import_hledger($1, $2);
PREPARE import_hledger3 AS SELECT * FROM ledger.import_hledger($1, $2, $3);
EXECUTE set_metadata3('untyped', 'a', '{"a": 1}');
EXECUTE set_stripes4('untyped', 'a', NULL, 1);
EXECUTE import_formance2('untyped', 'SELECT '''' ');
EXECUTE import_hledger2('untyped', 'SELECT ''[]''');
EXECUTE import_hledger3('untyped', 'SELECT ''[]''', '{"$": "USD"}');

-- Exports and imports, from parameters without a type.
PREPARE export1 AS SELECT count(*) > 10 AS many FROM ledger.export($1);
PREPARE export3 AS SELECT count(*) FROM ledger.export($1, $2, $3);
PREPARE import2 AS SELECT records, blocks FROM ledger.import($1, $2);
PREPARE import_query3 AS SELECT records, blocks FROM ledger.import_query($1, $2, $3);
EXECUTE export1('untyped');
SELECT ledger.create_ledger('untyped_new');
EXECUTE export3('untyped_new', '0', NULL);
SELECT block, records FROM ledger.seal('untyped_new');
SELECT array_agg(e) AS lines FROM ledger.export('untyped_new') e \gset
BEGIN ISOLATION LEVEL SERIALIZABLE;
EXECUTE import2('untyped_copy', :'lines');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
EXECUTE import_query3('untyped_copy', 'SELECT ledger.export(''untyped_new'')', NULL);
ROLLBACK;
CALL ledger.import_from('untyped_copy', 'SELECT ledger.export(''untyped_new'')', NULL, '3', NULL);
CALL ledger.import_from(query => 'SELECT ledger.export(''untyped_new'')', ledger => 'untyped_copy2');
