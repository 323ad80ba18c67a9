-- Sealing: canonical lines, blocks, proofs; and that tampering is found.
\pset format unaligned
SELECT ledger.create_ledger('seal', ordering => 'serial');
SELECT ledger.create_ledger('seal_off', hashing => 'off');
SELECT ledger.create_ledger('seal3', hashing => 'strong');
SELECT ledger.create_ledger('seal3', hashing => NULL);
SELECT name, hashing FROM ledger.ledger WHERE name LIKE 'seal%' ORDER BY 1;
SELECT ledger.create_asset('SEAL', 30);

-- all kinds of records, and all that they can have
SELECT status FROM ledger.post('seal', 'world', 'a', 10, 'EUR', 'key "1"', 'ref \ 1', '2020-02-29 12:00:00.5+02', '{"b": [1.50, null, "é😀"], "a": {}}',
	tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags);
SELECT status FROM ledger.post_transaction('seal', ARRAY[ROW('world', 'b', 12345678.123456789012345678901234567890, 'SEAL'), ROW('a', 'b', 1, 'EUR'), ROW('b', 'c', 1, 'EUR')]::ledger.posting[]);
SELECT transaction AS hold FROM ledger.hold('seal', 'a', 'b', 2, 'EUR') \gset
SELECT status FROM ledger.capture('seal', :hold, 1);
SELECT status FROM ledger.reverse('seal', 2, 3);
SELECT status FROM ledger.append('seal', 'noted', '{"n": 1e3}', correlation_id => 'c');
SELECT status FROM ledger.append('seal', NULL);
SELECT ledger.open_account('seal', 'd', 'JPY', floor => -5);

-- against an independent writer of canonical lines, in SQL from the views
SET timezone = 'UTC';
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set line :source '/sql/include/line.sql'
\include :line
\set ECHO all
SELECT id AS ledger_id FROM ledger_data.ledger WHERE name = 'seal' \gset
SELECT count(*), count(*) FILTER (WHERE l.line IS DISTINCT FROM t.line) AS different FROM (SELECT * FROM pg_temp.line WHERE ledger = 'seal') l FULL JOIN ledger_data.lines(:ledger_id, 0, 1000) t USING (position);
-- which stripe of world it is depends on the session
SELECT regexp_replace(regexp_replace(line, '"recorded_at":"[^"]*"', '"recorded_at":"..."'), '(\["world"[^]]*),[0-9]+\]', '\1,S]', 'g') FROM ledger_data.lines(:ledger_id, 0, 3);

-- test vectors of RFC 6962: the tree of its reference implementation
CREATE TEMP TABLE vector AS SELECT n, decode(data, 'hex') AS data FROM unnest(ARRAY['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']) WITH ORDINALITY v(data, n);
SELECT n, encode(ledger_data.merkle_root(leaves), 'hex') FROM (SELECT n, string_agg(sha256('\x00'::bytea || data), ''::bytea) OVER (ORDER BY n) AS leaves FROM vector) v;

-- blocks
SELECT * FROM ledger.head('seal');
SELECT block, first_position, last_position, records FROM ledger.seal('seal', block_size => 4);
SELECT count(*) FROM ledger.seal('seal');
SELECT number, first_position, last_position, previous = coalesce(lag(hash) OVER (ORDER BY number), decode(repeat('00', 32), 'hex')) AS chained,
	hash = sha256(convert_to(ledger_data.block_header(number, first_position, last_position, records, sealed_at, root, previous), 'UTF8')) AS hashed,
	leaves = (SELECT string_agg(sha256('\x00'::bytea || convert_to(line, 'UTF8')), ''::bytea ORDER BY position) FROM pg_temp.line WHERE ledger = 'seal' AND position BETWEEN first_position AND last_position) AS same_leaves
	FROM ledger_data.block WHERE ledger_id = :ledger_id ORDER BY number;
SELECT h.block, h.position, h.hash = b.hash AS same FROM ledger.head('seal') h, ledger_data.block b WHERE b.ledger_id = :ledger_id AND b.number = h.block;
-- proofs
SELECT p.leaf, p.leaves, cardinality(path) AS path, block, ledger.verify_proof(record, path, leaf, leaves, root) AS proved, sha256(convert_to(header, 'UTF8')) = hash AS hashed,
	header::jsonb->>'root' = encode(root, 'hex') AS has_root, record = (SELECT line FROM pg_temp.line l WHERE l.ledger = 'seal' AND l.position = n) AS same
	FROM generate_series(1, 9) n, ledger.proof('seal', n) p;
SELECT bool_or(ledger.verify_proof(record || ' ', path, leaf, leaves, root)) AS changed, bool_or(ledger.verify_proof(record, path, (leaf + 1) % leaves, leaves, root)) AS elsewhere,
	bool_or(ledger.verify_proof(record, path, leaf, leaves, sha256(root))) AS other_root, bool_or(ledger.verify_proof(record, path[2:], leaf, leaves, root)) AS shorter,
	bool_or(ledger.verify_proof(record, path || root, leaf, leaves, root)) AS longer FROM generate_series(1, 9) n, ledger.proof('seal', n) p WHERE leaves > 1;
SELECT ledger.verify_proof('x', '{}', 0, 1, sha256('\x0078')) AS alone, ledger.verify_proof('x', '{}', 0, 0, sha256('\x0078')) AS none, ledger.verify_proof('x', '{}', -1, 1, sha256('\x0078')) AS negative,
	ledger.verify_proof('x', '{}', 0, 1, '\x00') AS short, ledger.verify_proof('x', '{NULL}', 0, 2, sha256('x')) AS null_hash, ledger.verify_proof(NULL, '{}', 0, 1, '') IS NULL AS null_record;
SELECT * FROM ledger.proof('seal', 99);
SELECT * FROM ledger.proof('seal', NULL);
SELECT status FROM ledger.post('seal', 'world', 'a', 1, 'EUR');
SELECT record FROM ledger.proof('seal', 10);
SELECT * FROM ledger.seal('seal_off');
SELECT ledger.set_hashing('seal_off', 'sealed'), ledger.set_hashing('seal_off', 'sealed');
SELECT block, records FROM ledger.seal('seal_off');
SELECT ledger.set_hashing('seal_off', 'none');
SELECT payload FROM ledger.journal WHERE ledger = 'seal_off' ORDER BY position;
SELECT * FROM ledger.seal('seal', '0');
SELECT * FROM ledger.seal('seal', block_size => 0);
SELECT * FROM ledger.seal('seal', NULL);
SELECT * FROM ledger.seal(NULL);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM ledger.seal('seal');
ROLLBACK;
DELETE FROM ledger_data.block;

-- tampering, each undone
SET client_min_messages = warning;
SELECT block, records FROM ledger.seal('seal');
SELECT * FROM ledger.verify('seal');
CREATE FUNCTION pg_temp.tamper(what text, commands text) RETURNS TABLE (tampered text, invariant text, object text, detail text) LANGUAGE plpgsql AS $$
DECLARE command text;
BEGIN
	BEGIN
		ALTER TABLE ledger_data.journal DISABLE TRIGGER ALL; ALTER TABLE ledger_data.entry DISABLE TRIGGER ALL; ALTER TABLE ledger_data.block DISABLE TRIGGER ALL;
		FOREACH command IN ARRAY string_to_array(commands, ';') LOOP EXECUTE command; END LOOP;
		RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = coalesce((SELECT jsonb_agg(v) FROM ledger.verify('seal') v WHERE v.invariant = 'block')::text, '[null]');
	EXCEPTION WHEN SQLSTATE 'P0099' THEN
		RETURN QUERY SELECT what, v->>'invariant', v->>'object', v->>'detail' FROM jsonb_array_elements(SQLERRM::jsonb) v;
	END;
END $$;
SELECT * FROM pg_temp.tamper('amount', format('UPDATE ledger_data.entry SET amount = 11.00 WHERE ledger_id = %s AND position = 2 AND amount = 10', :ledger_id));
SELECT * FROM pg_temp.tamper('running balance', format('UPDATE ledger_data.entry SET balance = balance + 1 WHERE ledger_id = %s AND position = 3 AND version = 2', :ledger_id));
SELECT * FROM pg_temp.tamper('metadata', format('UPDATE ledger_data.journal SET metadata = ''{}'' WHERE ledger_id = %s AND position = 2', :ledger_id));
SELECT * FROM pg_temp.tamper('time', format('UPDATE ledger_data.journal SET recorded_at = recorded_at + interval ''1 us'' WHERE ledger_id = %s AND position = 5', :ledger_id));
SELECT * FROM pg_temp.tamper('tag', format('UPDATE ledger_data.journal SET correlation_id = ''x'' WHERE ledger_id = %s AND position = 7', :ledger_id));
SELECT * FROM pg_temp.tamper('entry removed', format('DELETE FROM ledger_data.entry WHERE ledger_id = %s AND position = 2', :ledger_id));
SELECT * FROM pg_temp.tamper('record removed', format('DELETE FROM ledger_data.journal WHERE ledger_id = %s AND position = 7', :ledger_id));
SELECT * FROM pg_temp.tamper('record added', format('INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at) VALUES (%s, ''e'', 0, now())', :ledger_id));
SELECT * FROM pg_temp.tamper('pair swapped', format('UPDATE ledger_data.journal SET position = -7 WHERE ledger_id = %1$s AND position = 7;UPDATE ledger_data.journal SET position = 7 WHERE ledger_id = %1$s AND position = 8;UPDATE ledger_data.journal SET position = 8 WHERE ledger_id = %1$s AND position = -7', :ledger_id));
SELECT * FROM pg_temp.tamper('tail cut off', format('DELETE FROM ledger_data.journal WHERE ledger_id = %s AND position > 8', :ledger_id));
SELECT * FROM pg_temp.tamper('address', format('UPDATE ledger_data.balance SET address = ''z'' WHERE ledger_id = %s AND address = ''a''', :ledger_id));
SELECT * FROM pg_temp.tamper('balance removed', format('DELETE FROM ledger_data.balance WHERE ledger_id = %s AND address = ''c''', :ledger_id));
SELECT * FROM pg_temp.tamper('legs', format('UPDATE ledger_data.journal SET legs = ''\xff'' WHERE ledger_id = %s AND position = 2', :ledger_id));
SELECT * FROM pg_temp.tamper('root', format('UPDATE ledger_data.block SET root = sha256(root) WHERE ledger_id = %s AND number = 1', :ledger_id));
SELECT * FROM pg_temp.tamper('block removed', format('DELETE FROM ledger_data.block WHERE ledger_id = %s AND number = 2', :ledger_id));
-- who changes a record and its block consistently changes the hash that was published
SELECT * FROM pg_temp.tamper('all of the last block', format('UPDATE ledger_data.journal SET reference = ''x'' WHERE ledger_id = %1$s AND position = 10;UPDATE ledger_data.block b SET leaves = l.leaves, root = ledger_data.merkle_root(l.leaves) FROM ledger_data.leaves(%1$s, 9, 10, 9) l WHERE ledger_id = %1$s AND number = 4;UPDATE ledger_data.block SET hash = sha256(convert_to(ledger_data.block_header(number, first_position, last_position, records, sealed_at, root, previous), ''UTF8'')) WHERE ledger_id = %1$s AND number = 4', :ledger_id));
SELECT * FROM ledger.verify('seal');
