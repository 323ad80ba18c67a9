-- Exports that no ledger gave: made by hand, with the hashes that belong to them. New ledgers, and ones that go on.
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
SET default_transaction_isolation = serializable;

CREATE FUNCTION pg_temp.leaf(line text) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256('\x00'::bytea || convert_to(line, 'UTF8')) $$;
CREATE FUNCTION pg_temp.record("position" bigint, kind text, rest text DEFAULT '', second int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT format('{"v":1,"position":%s,"kind":"%s","recorded_at":"2026-01-01T00:00:%s+00:00"%s}', "position", kind, to_char(second, 'FM00'), rest) $$;
CREATE FUNCTION pg_temp.created(ordering text, hashing text DEFAULT 'off') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.record(1, 'ledger', format(',"payload":{"change": "create", "hashing": "%s", "metadata": {}, "ordering": "%s", "auto_open": true}', hashing, ordering)) $$;
CREATE FUNCTION pg_temp.moved(a text, balance_a numeric, version_a int, b text, balance_b numeric, version_b int, amount numeric) RETURNS text LANGUAGE sql AS $$
	SELECT format(',"entries":[["%s","USD","%s","%s",%s],["%s","USD","%s","%s",%s]]', a, round(-amount, 2), round(balance_a, 2), version_a, b, round(amount, 2), round(balance_b, 2), version_b) $$;
-- Lines between a header and an end; start: the line of the record that they go on after.
CREATE FUNCTION pg_temp.export_of(lines text[], after bigint DEFAULT 0, start text DEFAULT NULL, asset text DEFAULT 'USD', last_block int DEFAULT 0) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	digest bytea := decode(repeat('00', 32), 'hex');
	line text;
BEGIN
	lines := format('{"ledger_export":1,"after":%s,"start":%s,"last_block":%s,"head":null,"settings":{},"assets":[{"code":"%s","scale":2}]}',
		after, coalesce('"' || encode(pg_temp.leaf(start), 'hex') || '"', 'null'), last_block, asset) || lines;
	FOREACH line IN ARRAY lines LOOP
		digest := sha256('\x01'::bytea || digest || pg_temp.leaf(line));
	END LOOP;
	RETURN lines || format('{"end":{"records":%s,"digest":"%s"}}', (SELECT count(*) FROM unnest(lines) l WHERE l ~ '"kind"'), encode(digest, 'hex'));
END $$;
-- How an import ends, and whether it leaves anything.
CREATE FUNCTION pg_temp.imported(lines text[], into_ledger text DEFAULT 'new', OUT message text, OUT clean boolean) LANGUAGE plpgsql AS $$
DECLARE
	before text := pg_temp.state();
BEGIN
	message := pg_temp.try(format('DO %L', format('BEGIN PERFORM ledger.import(%L, %L); RAISE EXCEPTION USING MESSAGE = %L; END', into_ledger, lines, 'imported')));
	clean := before = pg_temp.state();
END $$;

-- positions
SELECT ordering, hashing, p AS positions, i.* FROM (VALUES ('parallel', 'off', '{5,9}'::bigint[]), ('parallel', 'off', '{5,5}'), ('parallel', 'off', '{5,4}'), ('parallel', 'off', '{4611686018427387903}'), ('parallel', 'off', '{4611686018427387904}'),
		('parallel', 'strict', '{2,4}'), ('serial', 'off', '{2,4}')) v(ordering, hashing, p),
	LATERAL (SELECT array_agg(pg_temp.record(n, 'event', ',"tags":{"event_type":"x"}') ORDER BY o) AS records FROM unnest(p) WITH ORDINALITY u(n, o)) r,
	LATERAL pg_temp.imported(pg_temp.export_of(pg_temp.created(ordering, hashing) || records)) i;
-- those that are drawn go on after them
SELECT records FROM ledger.import('far', pg_temp.export_of(ARRAY[pg_temp.created('parallel'), pg_temp.record(4611686018427387000, 'event', ',"tags":{"event_type":"x"}')]));
SELECT position > 4611686018427387000 AS after FROM generate_series(1, 2) n, ledger.append('far', n::text);

-- the record of a ledger's creation, and of its hashing
SELECT pattern, replacement, i.* FROM (VALUES ('"metadata": {}', '"metadata": []'), ('"metadata": {}, ', ''), ('"hashing": "off", ', ''), ('"ordering": "serial", ', ''), (', "auto_open": true', ''), ('"auto_open": true', '"auto_open": null')) v(pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[replace(pg_temp.created('serial'), pattern, replacement)])) i;
SELECT i.* FROM pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.created('serial', 'strict'), pg_temp.record(2, 'ledger', ',"payload":{"change": "hashing", "hashing": "off"}'), pg_temp.record(3, 'ledger', ',"payload":{"change": "hashing", "hashing": "sealed"}')])) i;

-- keys and references of records far apart, or where one begins with the other
SELECT key, reference, i.* FROM (VALUES ('k1', NULL), ('k999', NULL), ('k1000', NULL), (NULL, 'r1'), (NULL, 'r999'), (NULL, 'r1000'), ('k', 'r'), ('k12345', 'r12345')) v(key, reference),
	LATERAL (SELECT array_agg(pg_temp.record(n + 1, 'event', format(',"idempotency_key":"k%s","reference":"r%s","fingerprint":"%s","tags":{"event_type":"x"}', n, n, repeat('00', 32))) ORDER BY n) AS records FROM generate_series(1, 1500) n) r,
	LATERAL pg_temp.imported(pg_temp.export_of(pg_temp.created('serial') || records || pg_temp.record(1502, 'event',
		concat(',"idempotency_key":"' || key || '"', ',"reference":"' || reference || '"', CASE WHEN key IS NOT NULL THEN format(',"fingerprint":"%s"', repeat('00', 32)) END, ',"tags":{"event_type":"x"}')))) i;

-- sums with more than 38 digits: of a balance, of what it received, of what is held
SELECT round(10::numeric ^ 36 - 0.01, 2) AS most \gset
SELECT what, i.* FROM (VALUES ('balance', pg_temp.moved('world', -:most, 1, 'a', :most, 1, :most), pg_temp.moved('world', -:most, 2, 'a', :most, 2, 0.01)),
		('given', pg_temp.moved('world', -:most, 1, 'a', :most, 1, :most), pg_temp.moved('a', 0, 2, 'world', 0, 2, :most)),
		('received', pg_temp.moved('world', -:most, 1, 'a', :most, 1, :most), pg_temp.moved('a', 0, 2, 'b', :most, 1, :most))) v(what, one, two),
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.created('serial'), pg_temp.record(2, 'transaction', one), pg_temp.record(3, 'transaction', two),
		pg_temp.record(4, 'transaction', CASE what WHEN 'received' THEN pg_temp.moved('c', -0.01, 1, 'a', 0.01, 3, 0.01) ELSE pg_temp.moved('world', -0.01, 3, 'a', 0.01, 3, 0.01) END)])) i;
SELECT amount, substring(i.message FROM '^[^,]*') AS message, i.clean FROM (VALUES (:most + 0.01), (:most), (round(:most / 2, 2)), (0.01)) v(amount),
	LATERAL (SELECT format(',"payload":{"postings": [{"asset": "USD", "amount": "%s", "source": "world", "destination": "a"}]}', v.amount) AS hold) h,
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.created('serial'), pg_temp.record(2, 'hold', hold), pg_temp.record(3, 'hold', hold)])) i;

-- what is said of accounts
SELECT payload, i.* FROM (VALUES ('"change": "close", "address": "world"'), ('"change": "freeze", "address": "world"'), ('"change": "limits", "address": "a", "asset": "USD", "floor": 5, "ceiling": 100'), ('"change": "limits", "address": "a", "asset": "USD", "floor": 5, "ceiling": 3'),
		('"change": "limits", "address": "a", "asset": null, "floor": 5, "ceiling": 100'), ('"change": "freeze", "address": "' || repeat('a', 512) || '"'), ('"change": "freeze", "address": "' || repeat('a', 513) || '"')) v(change),
	LATERAL (SELECT format('{%s}', change)::jsonb::text AS change, left(change, 100) AS payload) c,
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.created('serial'), pg_temp.record(2, 'transaction', pg_temp.moved('world', -10, 1, 'a', 10, 1, 10)), pg_temp.record(3, 'account', format(',"payload":%s', c.change))])) i;

-- what goes on after a record of a ledger that there is
SELECT pg_temp.record(2, 'transaction', format(',"idempotency_key":"k","reference":"r","fingerprint":"%s"', repeat('00', 32)) || pg_temp.moved('world', -100, 1, 'a', 100, 1, 100), 10) AS line \gset
SELECT records, position FROM ledger.import('old', pg_temp.export_of(ARRAY[pg_temp.created('serial'), :'line']));
SELECT v.what, i.* FROM (VALUES ('as it is', 3, pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 10), ('a gap', 4, pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 10), ('as before', 2, pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 10),
		('another version', 3, pg_temp.moved('a', 90, 1, 'b', 10, 1, 10), 10), ('another balance', 3, pg_temp.moved('a', -10, 2, 'b', 10, 1, 10), 10), ('earlier', 3, pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 9),
		('the key', 3, format(',"idempotency_key":"k","fingerprint":"%s"', repeat('00', 32)) || pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 10), ('the reference', 3, ',"reference":"r"' || pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 10),
		('sum', 3, pg_temp.moved('world', -:most, 2, 'a', :most, 2, :most - 100), 10)) v(what, "position", rest, second),
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.record("position", 'transaction', rest, second)], 2, :'line'), 'old') i;
SELECT i.* FROM pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.record(3, 'transaction', pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 9), pg_temp.record(4, 'transaction', pg_temp.moved('a', 80, 3, 'b', 20, 2, 10), 11)], 2, :'line'), 'old') i;
SELECT i.* FROM pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.record(3, 'transaction', pg_temp.moved('world', -:most + 0.01, 2, 'a', :most - 0.01, 2, :most - 100.01), 10), pg_temp.record(4, 'transaction', pg_temp.moved('a', 0, 3, 'world', 0, 3, :most - 0.01), 10),
	pg_temp.record(5, 'transaction', pg_temp.moved('world', -1, 4, 'a', 1, 4, 1), 10)], 2, :'line'), 'old') i;
SELECT after, left(start, 30) AS start, i.* FROM (VALUES (2, NULL), (2, ''), (1, :'line'), (3, :'line'), (0, NULL), (0, :'line')) v(after, start),
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[pg_temp.record(3, 'event', ',"tags":{"event_type":"x"}', 10)], after, start), 'old') i;
-- and on again: times, and what a hold has left
SELECT pg_temp.record(6, 'void', ',"related":4,"payload":{"released": ["1.00"]}', 20) AS last \gset
SELECT records, position FROM ledger.import('old', pg_temp.export_of(ARRAY[pg_temp.record(3, 'transaction', pg_temp.moved('a', 90, 2, 'b', 10, 1, 10), 20),
	pg_temp.record(4, 'hold', ',"payload":{"postings": [{"asset": "USD", "amount": "8.00", "source": "a", "destination": "b"}], "expires_at": "2999-01-01T00:00:00+00:00"}', 20),
	pg_temp.record(5, 'capture', ',"related":4' || pg_temp.moved('a', 87, 3, 'b', 13, 2, 3), 20), :'last'], 2, :'line'));
SELECT amount, captured, voided, "left", expires_at, status FROM ledger.hold WHERE ledger = 'old';
SELECT v.what, i.* FROM (VALUES ('earlier', ARRAY[pg_temp.record(7, 'transaction', pg_temp.moved('a', 86, 4, 'b', 14, 3, 1), 15)]), ('the rest', ARRAY[pg_temp.record(7, 'void', ',"related":4,"payload":{"released": ["4.00"]}', 20)]),
		('too much', ARRAY[pg_temp.record(7, 'void', ',"related":4,"payload":{"released": ["3.00"]}', 20), pg_temp.record(8, 'capture', ',"related":4' || pg_temp.moved('a', 85, 4, 'b', 15, 3, 2), 20)])) v(what, records),
	LATERAL pg_temp.imported(pg_temp.export_of(records, 6, :'last'), 'old') i;
SELECT * FROM ledger.verify('old');

-- who may administer that ledger only may not make assets
CREATE ROLE regress_ledger_importer;
SELECT ledger.grant_access('regress_ledger_importer', 'admin', 'old');
SELECT pg_temp.export_of(ARRAY[pg_temp.record(7, 'event', ',"tags":{"event_type":"x"}', 20)], 6, :'last', 'NEW') AS with_new, pg_temp.export_of(ARRAY[pg_temp.record(7, 'event', ',"tags":{"event_type":"x"}', 20)], 6, :'last') AS without \gset
BEGIN;
SET LOCAL ROLE regress_ledger_importer;
SAVEPOINT one;
SELECT records FROM ledger.import('old', :'with_new');
ROLLBACK TO one;
SELECT records FROM ledger.import('old', :'without');
ROLLBACK;
SELECT ledger.revoke_access('regress_ledger_importer', 'admin', 'old');
DROP OWNED BY regress_ledger_importer;
DROP ROLE regress_ledger_importer;

-- blocks that were made since of records that there are: those that the ledger has must be the same
SET default_transaction_isolation = 'read committed';
SELECT ledger.create_ledger('blocks', 'serial') \g /dev/null
SELECT count(*) FROM generate_series(2, 5) n, ledger.append('blocks', n::text);
SELECT block, records FROM ledger.seal('blocks', block_size => 3);
SELECT count(*) FROM generate_series(6, 8) n, ledger.append('blocks', n::text);
CREATE TABLE pg_temp.line AS SELECT line, (line::jsonb ->> 'position')::bigint AS position, (line::jsonb ->> 'block')::bigint AS block FROM ledger.export('blocks') line;
SET default_transaction_isolation = serializable;
SELECT number, pattern, i.* FROM (VALUES (1, '', ''), (2, '', ''), (1, '"records":3', '"records":2'), (1, '"block":1', '"block":0'), (2, '"root":"..', '"root":"'), (2, '$', ' ')) v(number, pattern, replacement), pg_temp.line o, pg_temp.line b,
	LATERAL pg_temp.imported(pg_temp.export_of(ARRAY[regexp_replace(b.line, pattern, replacement)], 8, o.line, last_block => 2), 'blocks') i WHERE o.position = 8 AND b.block = v.number ORDER BY number, pattern COLLATE "C";
-- those made before the record where an export starts are not in it
SELECT count(*), count(line::jsonb -> 'block') AS blocks FROM ledger.export('blocks', 8) line;
-- and others are of records that are in none yet
CREATE FUNCTION pg_temp.blocks(sizes int[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	previous bytea := (SELECT sha256(convert_to(line, 'UTF8')) FROM pg_temp.line WHERE block = 2);
	first int := 6;
	lines text[] := '{}';
BEGIN
	FOR i IN 1 .. cardinality(sizes) LOOP
		lines := lines || ledger_data.block_header(2 + i, first, first + sizes[i] - 1, sizes[i], '2026-01-01',
			ledger_data.merkle_root((SELECT string_agg(pg_temp.leaf(line), '' ORDER BY position) FROM pg_temp.line WHERE position BETWEEN first AND first + sizes[i] - 1)), previous);
		previous := sha256(convert_to(lines[i], 'UTF8'));
		first := first + sizes[i];
	END LOOP;
	RETURN lines;
END $$;
SELECT sizes, "more", i.* FROM (VALUES ('{3}'::int[], NULL), ('{1,2}', NULL), ('{1,1,1}', NULL), ('{2}', NULL), ('{4}', NULL), ('{3}', '"records":[0-9]+'), ('{1,2}', '"records":[0-9]+')) v(sizes, "more"), pg_temp.line o,
	LATERAL (SELECT array_agg(regexp_replace(b, coalesce("more", '^$'), '"records":0') ORDER BY n) AS blocks FROM unnest(pg_temp.blocks(sizes)) WITH ORDINALITY b(b, n)) b,
	LATERAL pg_temp.imported(pg_temp.export_of(blocks, 8, o.line, last_block => 2 + cardinality(sizes)), 'blocks') i WHERE o.position = 8 ORDER BY sizes, "more" NULLS FIRST;
-- what is found in the end has its line, whatever blocks there were before
SELECT i.* FROM pg_temp.line o, pg_temp.imported(pg_temp.export_of(pg_temp.blocks('{1,1}') || pg_temp.record(9, 'event', ',"tags":{"event_type":"x"}') || pg_temp.record(10, 'hold', ',"payload":{}'), 8, o.line, last_block => 4), 'blocks') i WHERE o.position = 8;
SET client_min_messages = warning;
SELECT v.* FROM unnest('{old,far,blocks}'::text[]) l, ledger.verify(l) v;
