-- The journal and the entries: append-only for everyone, one record for each write, none for what was refused.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('journal');
SELECT status FROM ledger.post('journal', 'world', 'a', 10, 'USD');
SELECT pg_temp.row_counts() AS before \gset

-- Not even the owner, who is a superuser here, changes or removes anything.
SELECT command, try FROM unnest(ARRAY['UPDATE %s SET position = position', 'UPDATE %s SET position = 0 WHERE false',
	'DELETE FROM %s', 'DELETE FROM %s WHERE false', 'TRUNCATE %s', 'TRUNCATE %s CASCADE',
	'MERGE INTO %s t USING (SELECT) s ON true WHEN MATCHED THEN DELETE',
		'MERGE INTO %s t USING (SELECT) s ON true WHEN MATCHED THEN UPDATE SET position = 0',
	'INSERT INTO %1$s SELECT * FROM %1$s ON CONFLICT (ledger_id, position) DO UPDATE SET position = 0',
		'TRUNCATE ledger_data.asset, %s'])
	WITH ORDINALITY c(command, n), pg_temp.try(format(command, 'ledger_data.journal')) ORDER BY n;
SELECT command, try FROM unnest(ARRAY['UPDATE %s SET amount = 0', 'DELETE FROM %s', 'TRUNCATE %s',
	'INSERT INTO %1$s SELECT * FROM %1$s ON CONFLICT (ledger_id, balance_id, version) DO UPDATE SET amount = 0'])
	WITH ORDINALITY c(command, n), pg_temp.try(format(command, 'ledger_data.entry')) ORDER BY n;
-- Nor where other triggers are silent.
SET session_replication_role = replica;
SELECT command, try FROM unnest(ARRAY['UPDATE ledger_data.journal SET position = 0', 'DELETE FROM ledger_data.entry',
	'TRUNCATE ledger_data.journal', 'TRUNCATE ledger_data.entry'])
	WITH ORDINALITY c(command, n), pg_temp.try(command) ORDER BY n;
RESET session_replication_role;
SELECT pg_temp.row_counts() = :'before' AS untouched;
SELECT * FROM ledger.verify('journal');
-- The trigger's function is no use otherwise.
SELECT pg_temp.try('SELECT ledger_data.append_only()');

-- One record for each write that took place.
SELECT ledger.create_ledger('journal2', metadata => '{"m": 1}');
SELECT ledger.open_account('journal2', 'a', floor => -5), ledger.open_account('journal2', 'b', 'USD', 0, 100.5, metadata => '{"x": 1}');
SELECT ledger.set_limits('journal2', 'b', 'USD', -1, NULL), ledger.set_limits('journal2', 'a', NULL, 0, 7);
SELECT ledger.freeze('journal2', 'a'), ledger.freeze('journal2', 'a'), ledger.unfreeze('journal2', 'a'),
	ledger.unfreeze('journal2', 'a');
SELECT status FROM ledger.post('journal2', 'world', 'b', 1, 'USD', 'k', 'r', '2024-01-01', '{"n": 1}');
SELECT status FROM ledger.post('journal2', 'world', 'b', 1, 'USD', 'k', 'r', '2024-01-01', '{"n": 1}');
SELECT status FROM ledger.post_transaction('journal2', '{"(world,c,1,USD)","(c,b,1,USD)","(world,c,1,EUR)"}');
SELECT status FROM ledger.try_post('journal2', 'c', 'b', 5, 'USD');
SELECT status FROM ledger.try_post('journal2', 'c', 'b c', 5, 'USD');
SELECT pg_temp.try($$SELECT ledger.post('journal2', 'c', 'b', 5, 'USD')$$) ~ '^LG201' AS refused,
	pg_temp.try($$SELECT ledger.freeze('journal2', 'nobody')$$) ~ '^LG003' AS refused,
	pg_temp.try($$SELECT ledger.set_limits('journal2', 'b', 'USD', 10, NULL)$$) ~ '^LG201' AS refused,
		pg_temp.try($$SELECT ledger.open_account('journal2', 'b')$$) ~ '^LG013' AS refused;
BEGIN;
SELECT status FROM ledger.post('journal2', 'world', 'b', 1, 'USD');
SELECT ledger.freeze('journal2', 'b');
ROLLBACK;
SELECT ledger.close_account('journal2', 'a');
SELECT row_number() OVER (ORDER BY position) AS n, kind, recorded_at BETWEEN now() - interval '1 hour'
	AND clock_timestamp() AS recorded_now, recorded_at <= lead(recorded_at) OVER (ORDER BY position) AS in_order,
	CASE WHEN recorded_at <> effective_at THEN effective_at END AS effective_at, reference, idempotency_key, metadata, payload
FROM ledger.journal WHERE ledger = 'journal2' ORDER BY position;
-- The table has room for what comes; the legs of a transaction name its entries, source before destination.
SELECT j.kind, array_length(ledger_data.legs(j.legs), 1) AS numbers, length(j.fingerprint) AS fingerprint,
	j.related IS NULL AND j.payload IS NULL AND j.hash IS NULL AND j.source_type IS NULL AND j.event_type IS NULL AS rest_empty
FROM ledger_data.journal j JOIN ledger_data.ledger l ON l.id = j.ledger_id WHERE l.name = 'journal2' AND j.kind = 't'
	ORDER BY position;
SELECT b.address, a.code, leg[2 * i] AS version, e.amount, e.position = j.position AS of_this FROM ledger_data.journal j
	JOIN ledger_data.ledger l ON l.id = j.ledger_id,
	LATERAL (SELECT ledger_data.legs(j.legs)) g(leg), generate_series(1, array_length(leg, 1) / 2) i, ledger_data.balance b
		JOIN ledger_data.asset a ON a.id = b.asset_id, ledger_data.entry e
WHERE l.name = 'journal2' AND j.kind = 't' AND b.ledger_id = l.id AND b.id = leg[2 * i - 1] AND e.ledger_id = l.id
	AND e.balance_id = b.id AND e.version = leg[2 * i] ORDER BY j.position, i;
SELECT * FROM ledger.verify('journal2');
