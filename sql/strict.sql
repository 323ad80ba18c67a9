-- Strict ledgers: every record's hash covers all before it, positions have no gaps; changes of hashing; what verify finds.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\set line :source '/sql/include/line.sql'
\include :common
\include :line
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('strict', hashing => 'strict');
SELECT ledger.create_ledger('strict_serial', ordering => 'serial', hashing => 'strict');
SELECT name, ordering, hashing FROM ledger.ledger WHERE name LIKE 'strict%' ORDER BY name;
SELECT ledger.create_asset('STRICT', 30);
SELECT block, position, sealed_at IS NOT NULL AS recorded FROM ledger.head('strict');
-- the first record follows 32 zero bytes
SELECT position, hash = sha256('\x01' || decode(repeat('00', 32), 'hex') || sha256('\x00' || convert_to(line, 'UTF8'))) AS hashed, hash = (SELECT hash FROM ledger.head(ledger)) AS head
	FROM pg_temp.line WHERE ledger LIKE 'strict%' ORDER BY ledger;

-- the whole chain by nothing but sha256(), beginning after a hash
CREATE FUNCTION pg_temp.follow(hash bytea, start bytea, line text) RETURNS bytea LANGUAGE sql
	RETURN sha256('\x01' || coalesce(hash, start) || sha256('\x00' || convert_to(line, 'UTF8')));
CREATE AGGREGATE pg_temp.chain(start bytea, line text) (SFUNC = pg_temp.follow, STYPE = bytea);
CREATE FUNCTION pg_temp.chain_of(ledger text, after bigint DEFAULT 0, until bigint DEFAULT 1000000000000000, start bytea DEFAULT decode(repeat('00', 32), 'hex'))
	RETURNS TABLE (records bigint, gaps bigint, different bigint, head boolean) LANGUAGE sql AS $$
	SELECT count(*), max(c.position) - min(c.position) + 1 - count(*), count(*) FILTER (WHERE c.hash IS DISTINCT FROM c.chained), bool_or(c.chained = h.hash AND c.position = h.position)
		FROM (SELECT l.position, l.hash, pg_temp.chain(start, l.line) OVER (ORDER BY l.position) AS chained
				FROM pg_temp.line l WHERE l.ledger = $1 AND l.position > after AND l.position <= until) c LEFT JOIN ledger.head($1) h ON true
$$;

-- all kinds of records, and all that they can have
SELECT status, position FROM ledger.post('strict', 'world', 'a', 100, 'EUR', 'key "1"', E'ref \\ \u00e9', '2020-02-29 12:00:00.5+02', '{"b": [1.50, null, "é😀"], "a": {}, "é": 1, "z": "\u0001"}',
	tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags);
SELECT status, position FROM ledger.post('strict', 'world', 'a', 100, 'EUR', 'key "1"', E'ref \\ \u00e9', '2020-02-29 12:00:00.5+02', '{"b": [1.50, null, "é😀"], "a": {}, "é": 1, "z": "\u0001"}',
	tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags);
SELECT status, code, position FROM ledger.try_post('strict', 'a', 'b', 1000, 'EUR');
SELECT status, code, position FROM ledger.try_post('strict', 'a', 'b', 1, 'EUR', 'key "1"');
SELECT status, position FROM ledger.post('strict', 'world', 'big', 99999999999999999999999999999999999999, 'JPY');
SELECT status, position FROM ledger.post_transaction('strict', ARRAY[ROW('world', 'b', 12345678.123456789012345678901234567890, 'STRICT'), ROW('a', 'b', 1, 'EUR'), ROW('b', 'c', 1, 'EUR')]::ledger.posting[]);
SELECT status, position FROM ledger.post_json('strict', '{"postings": [{"source": "a", "destination": "b", "amount": "0.01", "asset": "EUR"}], "reference": "json", "metadata": {"ключ": ["значение", 1e2]}}');
SELECT status, position, amounts FROM ledger.post('strict', 'a', 'c', 5, 'EUR', up_to => true, conditions => ARRAY[ledger.balance_between('c', 'EUR', NULL, 10)]);
SELECT status, code, position FROM ledger.try_post('strict', 'a', 'c', 5, 'EUR', conditions => ARRAY[ledger.at_version('c', 'EUR', 99)]);
-- batches: refused items leave no gap, keys are replayed
SELECT status, code, position FROM ledger.post_batch('strict', '{world,a,a}', '{d,b,c}', '{1,2,3}', '{EUR}', '{k1,NULL,k3}', reference_names => '{r1,NULL,r3}', metadata => '{"{\"n\": 1}",NULL,"{\"ř\": 3}"}');
SELECT status, code, position FROM ledger.post_batch('strict', '{world,a,a}', '{d,b,c}', '{1,2,3}', '{EUR}', '{k1,NULL,k3}', reference_names => '{r1,NULL,r3}', metadata => '{"{\"n\": 1}",NULL,"{\"ř\": 3}"}', atomic => false);
SELECT pg_temp.try($$SELECT ledger.post_batch('strict', '{world,a}', '{d,b}', '{1,2000}', '{EUR}')$$);
SELECT status, code, position FROM ledger.post_batch('strict', '{a,a,nobody,a,a,nobody,a}', '{b,c,a,d,d,a,e}', '{1,2000,1,4,5,6,7}', '{EUR}', '{m1,m2,m3,m1,m5,NULL,NULL}', linked => '{f,f,f,f,t,f,f}',
	reference_names => '{NULL,NULL,NULL,NULL,NULL,NULL,r1}', atomic => false);
SELECT status, code, position FROM ledger.post_batch_json('strict', '[{"postings": [{"source": "world", "destination": "f", "amount": "1", "asset": "EUR"}, {"source": "f", "destination": "g", "amount": "0.50", "asset": "EUR"}], "tags": {"source_id": "batch"}},
	{"postings": [{"source": "f", "destination": "g", "amount": "9", "asset": "EUR"}]}, {"postings": [{"source": "f", "destination": "g", "amount": "0.50", "asset": "EUR"}]}]', false);
-- holds, reversals, events, administration
SELECT status, position FROM ledger.hold('strict', 'a', 'b', 10, 'EUR', '2100-01-01', 'hold', metadata => '{"é": 1}') \gset hold_
SELECT :'hold_status', :hold_position;
SELECT status, position FROM ledger.capture('strict', :hold_position, 4, final => false);
SELECT status, position FROM ledger.void('strict', :hold_position);
SELECT code, position FROM ledger.try_capture('strict', :hold_position);
SELECT status, position FROM ledger.hold_transaction('strict', ARRAY[ROW('a', 'b', 1, 'EUR'), ROW('a', 'c', 2, 'EUR')]::ledger.posting[], clock_timestamp() + interval '0.01 s');
SELECT pg_sleep(0.02) \gset
SELECT ledger.expire_holds('strict');
SELECT status, position FROM ledger.reverse('strict', 6);
SELECT status, position FROM ledger.reverse('strict', 2, 3, idempotency_key => 'reversed', original_time => true);
SELECT status, position FROM ledger.append('strict', 'noted', '{"n": 1e3, "žluť": ""}', correlation_id => 'c', idempotency_key => 'event');
SELECT status, position FROM ledger.append('strict', NULL);
SELECT status, position FROM ledger.append_many('strict', ARRAY[ROW('one', '{}', 's', NULL, NULL, NULL, NULL, NULL, NULL), ROW('two', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'second')]::ledger.event[]);
SELECT status, position FROM ledger.post_events('strict', ARRAY[ROW('a', 'b', 1, 'EUR')]::ledger.posting[], ARRAY[ROW('paid', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL)]::ledger.event[], 'post and events');
SELECT status, position FROM ledger.post_events('strict', ARRAY[ROW('a', 'b', 1, 'EUR')]::ledger.posting[], ARRAY[ROW('paid', '[]', NULL, NULL, NULL, NULL, NULL, NULL, NULL)]::ledger.event[], 'post and events');
SELECT ledger.open_account('strict', 'h', 'JPY', floor => -5), ledger.set_limits('strict', 'h', 'JPY', -6, 7), ledger.freeze('strict', 'h'), ledger.unfreeze('strict', 'h'), ledger.close_account('strict', 'h');
SELECT pg_temp.try($$SELECT ledger.close_account('strict', 'a')$$);
SELECT * FROM ledger.post_from('strict', $$SELECT 'a' AS source, 'b' AS destination, n * 0.01 AS amount, 'EUR' AS asset, 'row ' || n % 3 AS idempotency_key FROM generate_series(1, 4) n$$, on_refused => 'skip');
CALL ledger.load('strict', $$SELECT 'a' AS source, 'b' AS destination, 0.01 * n AS amount, 'EUR' AS asset, 'loaded ' || n AS idempotency_key FROM generate_series(1, 5) n$$, batch_size => 2);
CREATE FUNCTION public.produce(args jsonb) RETURNS jsonb LANGUAGE sql RETURN args;
SELECT status, position FROM ledger.submit_all('strict', 'public.produce(jsonb)', '{"transactions": [{"postings": [{"source": "world", "destination": "p", "amount": 1, "asset": "EUR"}]}], "events": [{"event_type": "produced"}]}');
DROP FUNCTION public.produce;
-- several calls, savepoints and rollbacks
BEGIN;
SELECT status, position FROM ledger.post('strict', 'world', 'a', 1, 'EUR');
SAVEPOINT s;
SELECT status, position FROM ledger.post('strict', 'world', 'a', 2, 'EUR');
SELECT status, position FROM ledger.append('strict', 'never');
ROLLBACK TO s;
SELECT status, position FROM ledger.post('strict', 'world', 'a', 3, 'EUR');
SELECT pg_temp.try($$SELECT ledger.post('strict', 'nobody', 'a', 3, 'EUR')$$);
RELEASE s;
SELECT status, position FROM ledger.append('strict', 'after all');
COMMIT;
BEGIN;
SELECT status, position FROM ledger.append('strict', 'never');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status, position FROM ledger.post('strict', 'world', 'a', 1, 'EUR');
SELECT status, position FROM ledger.append('strict', 'twice');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ledger.tail('strict');
SELECT status, position FROM ledger.post('strict', 'world', 'a', 1, 'EUR');
SELECT ledger.tail('strict');
COMMIT;
BEGIN READ ONLY;
SELECT pg_temp.try($$SELECT ledger.append('strict', 'never')$$);
ROLLBACK;
SELECT kind, count(*) FROM ledger.journal WHERE ledger = 'strict' GROUP BY kind ORDER BY kind;
SELECT * FROM pg_temp.chain_of('strict');
SELECT count(*), count(*) FILTER (WHERE l.line IS DISTINCT FROM t.line) AS different FROM (SELECT * FROM pg_temp.line WHERE ledger = 'strict') l
	FULL JOIN (SELECT t.* FROM ledger_data.ledger k, ledger_data.lines(k.id, 0, 1000) t WHERE k.name = 'strict') t USING (position);
SELECT status, position FROM ledger.post('strict_serial', 'world', 'a', 10, 'EUR');
SELECT status, code, position FROM ledger.post_batch('strict_serial', '{a,a,a}', '{b,b,b}', '{1,100,2}', '{EUR}', atomic => false);
SELECT * FROM pg_temp.chain_of('strict_serial');
SELECT count(*), min(position), max(position) FROM ledger.events('strict', 30);
SELECT * FROM ledger.verify('strict');
SELECT * FROM ledger.verify('strict_serial');
SELECT ledger, chain_waits FROM ledger.stats WHERE ledger LIKE 'strict%' ORDER BY ledger;
BEGIN;
SELECT status FROM ledger.append('strict', 'never');
SELECT object, mode, granted FROM ledger.locks WHERE ledger = 'strict' ORDER BY object COLLATE "C";
ROLLBACK;

-- blocks and proofs of a strict ledger; the head stays that of the chain
SELECT position AS last FROM ledger.head('strict') \gset
SELECT count(*), min(first_position), max(last_position), sum(records) FROM ledger.seal('strict', block_size => 20);
SELECT count(*), min(block) FROM ledger.head('strict') WHERE position = :last;
SELECT count(*), bool_and(ledger.verify_proof(p.record, p.path, p.leaf, p.leaves, p.root)) AS proved, bool_and(sha256(convert_to(p.header, 'UTF8')) = p.hash) AS hashed, bool_and(p.record = l.line) AS same
	FROM pg_temp.line l CROSS JOIN ledger.proof('strict', l.position) p WHERE l.ledger = 'strict';
SELECT status, position - :last AS next FROM ledger.append('strict', 'in no block');
SELECT pg_temp.try(format($$SELECT * FROM ledger.proof('strict', %s)$$, :last + 1)) = format(E'55000 record %s is in no block\nCall ledger.seal first.', :last + 1) AS not_yet;
SELECT * FROM pg_temp.chain_of('strict');
-- work shows while it is going on
CREATE FUNCTION pg_temp.show_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '%', (SELECT concat_ws(' ', p.ledger, p.command, 'done', p.done, 'refused', p.refused) FROM ledger.progress p WHERE p.pid = pg_backend_pid());
	RETURN NULL;
END $$;
CREATE TRIGGER show_progress AFTER INSERT ON ledger_data.block FOR EACH ROW EXECUTE FUNCTION pg_temp.show_progress();
SELECT count(*) FROM ledger.append_many('strict', array_fill(ROW('many', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.event, '{12}'));
SELECT count(*) FROM ledger.seal('strict', block_size => 10);
DROP TRIGGER show_progress ON ledger_data.block;
SELECT count(*) FROM ledger.progress WHERE pid = pg_backend_pid();

-- changes of hashing: one after the other, with records in between or none; of a parallel ledger and a serial one
CREATE FUNCTION pg_temp.changes(ledger text) RETURNS TABLE (hashing text, first text, gapless boolean, records bigint, after_block boolean, chained boolean) LANGUAGE sql AS $$
	WITH run AS (
		SELECT j.position, j.payload->>'hashing' AS hashing, row_number() OVER w AS n, lead(j.position, 1, 1000000000000000) OVER w AS next FROM ledger.journal j
			WHERE j.ledger = $1 AND j.payload->>'change' IN ('create', 'hashing') WINDOW w AS (ORDER BY j.position)),
	-- a strict chain goes up to the change from it, whose record is its last; what follows begins after that
	part AS (
		SELECT r.*, r.position - CASE WHEN r.hashing = 'strict' OR r.n = 1 THEN 1 ELSE 0 END AS after, CASE WHEN r.hashing = 'strict' THEN r.next ELSE r.next - 1 END AS until,
			(SELECT b.hash FROM ledger_data.block b JOIN ledger_data.ledger k ON k.id = b.ledger_id AND k.name = $1 AND b.last_position < r.position ORDER BY b.number DESC LIMIT 1) AS block FROM run r)
	SELECT p.hashing, CASE WHEN p.n = 1 THEN 'the first' WHEN p.position = (SELECT max(j.position) + 1 FROM ledger.journal j WHERE j.ledger = $1 AND j.position < p.position) THEN 'the next' ELSE 'later' END,
			CASE WHEN p.hashing = 'strict' THEN c.gaps = 0 END, c.records, p.block IS NOT NULL,
			CASE WHEN p.hashing = 'strict' THEN c.different = 0 ELSE NOT EXISTS (SELECT FROM pg_temp.line l WHERE l.ledger = $1 AND l.position > p.after AND l.position <= p.until AND l.hash IS NOT NULL) END
		FROM part p, pg_temp.chain_of($1, p.after, p.until, coalesce(p.block, decode(repeat('00', 32), 'hex'))) c ORDER BY p.position
$$;
-- Whether a hash leads to the head; where that is.
CREATE FUNCTION pg_temp.head_is(ledger text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT CASE WHEN h.block IS NULL AND h.hash = l.hash THEN 'the last record' WHEN h.hash = b.hash AND h.position = b.last_position AND h.sealed_at = b.sealed_at THEN 'block ' || h.block END
		FROM ledger.head($1) h JOIN ledger_data.ledger k ON k.name = $1 LEFT JOIN ledger_data.block b ON b.ledger_id = k.id AND b.number = h.block
			LEFT JOIN pg_temp.line l ON l.ledger = $1 AND l.position = (SELECT max(j.position) FROM ledger.journal j WHERE j.ledger = $1)), 'none')
$$;
CREATE TABLE pg_temp.posted (n serial, ledger text, position bigint);
CREATE FUNCTION pg_temp.step(ledger text, hashing text, posts int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF hashing IS NOT NULL THEN
		PERFORM ledger.set_hashing(ledger, hashing);
	END IF;
	-- positions go on in order, whatever the sequence is at
	INSERT INTO posted (ledger, position) SELECT ledger, p.position FROM generate_series(1, posts) n CROSS JOIN LATERAL ledger.post(ledger, 'world', 'a' || n, n, 'EUR') p;
	RETURN pg_temp.head_is(ledger);
END $$;
SELECT ledger.create_ledger('strict_1', hashing => 'strict'), ledger.create_ledger('strict_2', hashing => 'off'), ledger.create_ledger('strict_3', hashing => 'sealed', ordering => 'serial'), ledger.create_ledger('strict_4', hashing => 'sealed');
-- this one is far ahead of the sequence, the others are not
UPDATE ledger_data.ledger SET position_base = 1000000000 WHERE name = 'strict_4';
SELECT l, pg_temp.step(l, NULL, 3) AS first, pg_temp.step(l, 'sealed', 2) AS sealed, pg_temp.step(l, 'strict', 2) AS strict, pg_temp.step(l, 'off', 2) AS off, pg_temp.step(l, 'strict', 0) AS strict, pg_temp.step(l, 'off', 0) AS off,
	pg_temp.step(l, 'strict', 3) AS strict, pg_temp.step(l, 'strict', 1) AS again, pg_temp.step(l, 'sealed', 0) AS sealed, pg_temp.step(l, 'off', 1) AS off, pg_temp.step(l, 'sealed', 1) AS sealed
	FROM unnest(ARRAY['strict_1', 'strict_2', 'strict_3', 'strict_4']) l ORDER BY l;
SELECT p.ledger, count(*), bool_and(p.position > p.before) AS in_order, min(p.position) >= 1000000000 AS far_ahead FROM (SELECT *, lag(position, 1, 0::bigint) OVER (PARTITION BY ledger ORDER BY n) AS before FROM pg_temp.posted) p GROUP BY p.ledger ORDER BY p.ledger;
SELECT * FROM pg_temp.changes('strict_1');
SELECT hashing, records, after_block, chained FROM pg_temp.changes('strict_2');
SELECT * FROM pg_temp.changes('strict_3');
SELECT hashing, records, after_block, chained FROM pg_temp.changes('strict_4');
SELECT l, (SELECT count(*) FROM ledger.seal(l)) AS blocks FROM unnest(ARRAY['strict_1', 'strict_2', 'strict_3', 'strict_4']) l ORDER BY l;
SELECT l, pg_temp.head_is(l), (SELECT count(*) FROM ledger.journal j WHERE j.ledger = l) = (SELECT sum(records) FROM ledger_data.block b JOIN ledger_data.ledger k ON k.id = b.ledger_id WHERE k.name = l) AS all_sealed
	FROM unnest(ARRAY['strict_1', 'strict_2', 'strict_3', 'strict_4']) l ORDER BY l;
SELECT v.* FROM generate_series(1, 4) n CROSS JOIN LATERAL ledger.verify('strict_' || n) v;
SELECT v.* FROM generate_series(1, 4) n CROSS JOIN LATERAL ledger.verify('strict_' || n, quick => true) v;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ledger.set_hashing('strict_1', 'strict');
ROLLBACK;
-- what is rolled back was never strict
BEGIN;
SELECT pg_temp.step('strict_1', 'strict', 2);
ROLLBACK;
SELECT pg_temp.step('strict_1', NULL, 1), hashing FROM ledger.ledger WHERE name = 'strict_1';
BEGIN;
SAVEPOINT s;
SELECT pg_temp.step('strict', 'off', 2);
ROLLBACK TO s;
SELECT pg_temp.step('strict', NULL, 1), hashing FROM ledger.ledger WHERE name = 'strict';
COMMIT;
SELECT * FROM ledger.verify('strict');
SELECT * FROM ledger.verify('strict_1');
SELECT * FROM pg_temp.chain_of('strict');

-- Tampering, each undone: what verify says, in all, of a range, or quickly. %s is the ledger's id.
CREATE FUNCTION pg_temp.tamper(what text, ledger text, commands text, VARIADIC verify text[] DEFAULT '{""}') RETURNS TABLE (tampered text, arguments text, found text) LANGUAGE plpgsql AS $$
DECLARE
	command text;
	results jsonb := '[]';
	result text;
BEGIN
	BEGIN
		ALTER TABLE ledger_data.journal DISABLE TRIGGER ALL; ALTER TABLE ledger_data.entry DISABLE TRIGGER ALL; ALTER TABLE ledger_data.block DISABLE TRIGGER ALL;
		FOREACH command IN ARRAY string_to_array(format(commands, (SELECT l.id FROM ledger_data.ledger l WHERE l.name = ledger)), ';') LOOP EXECUTE command; END LOOP;
		FOREACH command IN ARRAY verify LOOP
			EXECUTE format('SELECT string_agg(concat_ws('' '', v.invariant, v.object), ''; '' ORDER BY v.invariant COLLATE "C", v.object COLLATE "C") FROM ledger.verify(%s) v', concat_ws(', ', quote_literal(ledger), nullif(command, ''))) INTO result;
			results := results || jsonb_build_array(jsonb_build_array(command, result));
		END LOOP;
		RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = results::text;
	EXCEPTION WHEN SQLSTATE 'P0099' THEN
		RETURN QUERY SELECT what, r.v->>0, coalesce(r.v->>1, 'nothing') FROM jsonb_array_elements(SQLERRM::jsonb) WITH ORDINALITY r(v, n) ORDER BY r.n;
	END;
END $$;
-- 1 creation, 2 a: 50, 3 b: 20, 4 to 7 events, 8 a to b: 7, 9 and 10 events
SELECT ledger.create_ledger('strict_books', hashing => 'strict');
SELECT status, position FROM ledger.post_batch('strict_books', '{world,world}', '{a,b}', '{50,20}', '{EUR}', metadata => '{"{\"n\": 1}",NULL}');
SELECT count(*) FROM generate_series(1, 4) n, ledger.append('strict_books', 'noted', jsonb_build_object('n', n));
SELECT status, position FROM ledger.post('strict_books', 'a', 'b', 7, 'EUR', reference => 'moved');
SELECT count(*) FROM generate_series(1, 2) n, ledger.append('strict_books', 'noted', jsonb_build_object('n', n));
SELECT * FROM pg_temp.tamper('nothing', 'strict_books', 'SELECT 1', '', 'quick => true');
SELECT * FROM pg_temp.tamper('amount', 'strict_books', 'UPDATE ledger_data.entry SET amount = 51.00 WHERE ledger_id = %1$s AND position = 2 AND amount = 50');
-- where all sums are right: only the hash tells
SELECT * FROM pg_temp.tamper('amount, all else with it', 'strict_books', 'UPDATE ledger_data.entry SET amount = amount - 2 * sign(amount), balance = balance - 2 * sign(amount) WHERE ledger_id = %1$s AND position = 8;
	UPDATE ledger_data.balance SET inflow = inflow - CASE address WHEN ''b'' THEN 2 ELSE 0 END, outflow = outflow - CASE address WHEN ''a'' THEN 2 ELSE 0 END WHERE ledger_id = %1$s', '', 'quick => true');
SELECT * FROM pg_temp.tamper('two swapped', 'strict_books', 'UPDATE ledger_data.journal SET position = -5 WHERE ledger_id = %1$s AND position = 5;UPDATE ledger_data.journal SET position = 5 WHERE ledger_id = %1$s AND position = 6;UPDATE ledger_data.journal SET position = 6 WHERE ledger_id = %1$s AND position = -5');
SELECT * FROM pg_temp.tamper('one removed', 'strict_books', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 5');
SELECT * FROM pg_temp.tamper('one removed, gap closed', 'strict_books', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 9;UPDATE ledger_data.journal SET position = 9 WHERE ledger_id = %1$s AND position = 10');
SELECT * FROM pg_temp.tamper('one inserted', 'strict_books', 'INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at) VALUES (%1$s, ''e'', 11, now())');
SELECT * FROM pg_temp.tamper('one inserted before', 'strict_books', 'INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at) VALUES (%1$s, ''e'', 0, now())');
SELECT * FROM pg_temp.tamper('one inserted with the hash of the last', 'strict_books', 'INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at, payload, event_type, hash) SELECT ledger_id, kind, 11, recorded_at, payload, event_type, hash FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 10');
SELECT * FROM pg_temp.tamper('metadata', 'strict_books', 'UPDATE ledger_data.journal SET metadata = ''{"n": 2}'' WHERE ledger_id = %1$s AND position = 2');
SELECT * FROM pg_temp.tamper('metadata added', 'strict_books', 'UPDATE ledger_data.journal SET metadata = ''{}'' WHERE ledger_id = %1$s AND position = 3');
SELECT * FROM pg_temp.tamper('time', 'strict_books', 'UPDATE ledger_data.journal SET recorded_at = recorded_at + interval ''1 us'' WHERE ledger_id = %1$s AND position = 7');
SELECT * FROM pg_temp.tamper('kind', 'strict_books', 'UPDATE ledger_data.journal SET kind = ''a'' WHERE ledger_id = %1$s AND position = 7');
SELECT * FROM pg_temp.tamper('no hash', 'strict_books', 'UPDATE ledger_data.journal SET hash = NULL WHERE ledger_id = %1$s AND position = 4');
SELECT * FROM pg_temp.tamper('no hash of the last', 'strict_books', 'UPDATE ledger_data.journal SET hash = NULL WHERE ledger_id = %1$s AND position = 10');
SELECT * FROM pg_temp.tamper('no hashes', 'strict_books', 'UPDATE ledger_data.journal SET hash = NULL WHERE ledger_id = %1$s');
SELECT * FROM pg_temp.tamper('a short hash', 'strict_books', 'UPDATE ledger_data.journal SET hash = substr(hash, 1, 31) WHERE ledger_id = %1$s AND position = 6');
SELECT * FROM pg_temp.tamper('hash of another', 'strict_books', 'UPDATE ledger_data.journal SET hash = sha256(hash) WHERE ledger_id = %1$s AND position = 6');
SELECT * FROM pg_temp.tamper('tail cut off, with a transaction', 'strict_books', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position >= 8');
-- what was at the end and has left no trace is missed only by those who know the head
SELECT * FROM pg_temp.tamper('tail cut off, of events', 'strict_books', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position >= 9');
-- nor is what was changed with all hashes after it; but a gap is a gap
SELECT * FROM pg_temp.tamper('the last, with its hash', 'strict_books', 'UPDATE ledger_data.journal SET payload = ''{}'' WHERE ledger_id = %1$s AND position = 10;
	UPDATE ledger_data.journal SET hash = pg_temp.follow(NULL, (SELECT hash FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 9), (SELECT line FROM ledger_data.lines(%1$s, 9, 10))) WHERE ledger_id = %1$s AND position = 10');
SELECT * FROM pg_temp.tamper('the last moved on, with its hash', 'strict_books', 'UPDATE ledger_data.journal SET position = 11 WHERE ledger_id = %1$s AND position = 10;
	UPDATE ledger_data.journal SET hash = pg_temp.follow(NULL, (SELECT hash FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 9), (SELECT line FROM ledger_data.lines(%1$s, 10, 11))) WHERE ledger_id = %1$s AND position = 11');
SELECT * FROM pg_temp.tamper('the beginning', 'strict_books', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 1');
SELECT * FROM pg_temp.tamper('how it began', 'strict_books', 'UPDATE ledger_data.journal SET payload = payload || ''{"hashing": "sealed"}'' WHERE ledger_id = %1$s AND position = 1');
SELECT * FROM pg_temp.tamper('that it began', 'strict_books', 'UPDATE ledger_data.journal SET payload = NULL WHERE ledger_id = %1$s AND position = 1');
SELECT * FROM pg_temp.tamper('address', 'strict_books', 'UPDATE ledger_data.balance SET address = ''z'' WHERE ledger_id = %1$s AND address = ''a'';UPDATE ledger_data.account SET address = ''z'' WHERE ledger_id = %1$s AND address = ''a''');
-- a creation before the creation
SELECT * FROM pg_temp.tamper('another beginning', 'strict_books', 'INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at, payload) VALUES (%1$s, ''l'', -1, now(), ''{"change": "create", "hashing": "off"}'')', '', '0');
-- of several chains, each is looked at
SELECT pg_temp.step('strict_3', 'strict', 2);
SELECT * FROM pg_temp.tamper('several', 'strict_3', 'UPDATE ledger_data.journal SET hash = NULL WHERE ledger_id = %1$s AND position IN (8, 10, 17)');
SELECT * FROM pg_temp.tamper('the change to strict', 'strict_3', 'UPDATE ledger_data.journal SET payload = ''{"change": "notify"}'' WHERE ledger_id = %1$s AND position = 8');
SELECT * FROM pg_temp.tamper('the last change from strict', 'strict_3', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 18');
SELECT * FROM pg_temp.tamper('the block before', 'strict_3', 'UPDATE ledger_data.block SET hash = sha256(hash) WHERE ledger_id = %1$s AND number = 1');

-- ranges: whole blocks, and from one record to another
SELECT ledger.create_ledger('strict_not', ordering => 'serial');
SELECT count(*) FROM generate_series(2, 12) n, ledger.append('strict_not', 'noted', jsonb_build_object('n', n));
SELECT first_position, last_position FROM ledger.seal('strict_not', block_size => 4);
SELECT status, position FROM generate_series(1, 2) n, ledger.post('strict_not', 'world', 'a', 5 + 0 * n, 'EUR');
SELECT status, position FROM ledger.post('strict_not', 'a', 'b', 1, 'EUR');
SELECT * FROM pg_temp.tamper('in block 2', 'strict_not', 'UPDATE ledger_data.journal SET payload = ''{}'' WHERE ledger_id = %1$s AND position = 6', '', '0, 4', '4, 5', '7', '8', 'until => 4', 'until => 5', '4, 8', '8, 12', '0, 100', '100', 'quick => true', '4, quick => true');
SELECT * FROM pg_temp.tamper('after the last block', 'strict_not', 'UPDATE ledger_data.entry SET amount = 6 WHERE ledger_id = %1$s AND position = 14 AND amount = 5', '', '12', '0, 12', '0, 13', '13, 14', '14', 'quick => true', '14, quick => true');
-- quickly, only what it comes to is looked at
SELECT * FROM pg_temp.tamper('a balance', 'strict_not', 'UPDATE ledger_data.balance SET inflow = inflow + 1, outflow = outflow + 1 WHERE ledger_id = %1$s AND address = ''a''', '', 'quick => true', '0');
SELECT * FROM pg_temp.tamper('balances', 'strict_not', 'UPDATE ledger_data.balance SET inflow = inflow + 1 WHERE ledger_id = %1$s AND address IN (''a'', ''b'');UPDATE ledger_data.balance SET outflow = outflow + 2 WHERE ledger_id = %1$s AND address = ''world'' AND stripe = 0', '', 'quick => true', '0');
SELECT * FROM pg_temp.tamper('a version', 'strict_not', 'UPDATE ledger_data.balance SET version = version + 1 WHERE ledger_id = %1$s AND address = ''b''', '', 'quick => true', '0');
SELECT * FROM pg_temp.tamper('an entry and its balance', 'strict_not', 'DELETE FROM ledger_data.entry WHERE ledger_id = %1$s AND position = 15;UPDATE ledger_data.journal SET legs = NULL WHERE ledger_id = %1$s AND position = 15;UPDATE ledger_data.balance SET version = 0, inflow = 0, outflow = 0 WHERE ledger_id = %1$s AND address = ''b''', '', 'quick => true', '12');
SELECT * FROM pg_temp.tamper('a gap', 'strict_not', 'DELETE FROM ledger_data.journal WHERE ledger_id = %1$s AND position = 2', '', '4', '0, 1');
SELECT * FROM pg_temp.tamper('header of block 1', 'strict_not', 'UPDATE ledger_data.block SET records = 5 WHERE ledger_id = %1$s AND number = 1', '', '12', 'quick => true');
SELECT * FROM pg_temp.tamper('record 6', 'strict_books', 'UPDATE ledger_data.journal SET payload = ''{}'' WHERE ledger_id = %1$s AND position = 6', '', '0, 5', '0, 6', '5, 6', '6', '6, 7', 'until => 4', 'quick => true');
SELECT * FROM pg_temp.tamper('record 8', 'strict_books', 'UPDATE ledger_data.entry SET amount = 8 WHERE ledger_id = %1$s AND position = 8 AND amount = 7', '', '0, 7', '7, 8', '8', 'quick => true');
SELECT count(*) FROM ledger.seal('strict_books');
SELECT status, position FROM ledger.append('strict_books', 'after the block');
SELECT * FROM pg_temp.tamper('before the block''s end', 'strict_books', 'UPDATE ledger_data.journal SET payload = ''{}'' WHERE ledger_id = %1$s AND position = 9', '', 'quick => true', '10');
SELECT * FROM pg_temp.tamper('after it', 'strict_books', 'UPDATE ledger_data.journal SET payload = ''{}'' WHERE ledger_id = %1$s AND position = 11', '', 'quick => true', '10', '0, 10');
SELECT * FROM ledger.verify('strict_books', 5, 3);
SELECT * FROM ledger.verify('strict_books', 9223372036854775807, 9223372036854775807);
SELECT * FROM ledger.verify('strict_books', (-9223372036854775808)::bigint, (-9223372036854775808)::bigint, true);
SELECT * FROM ledger.verify('strict_books', quick => NULL);
SET client_min_messages = notice;
SELECT * FROM ledger.verify('strict_books', 3, 5);
SELECT * FROM ledger.verify('strict_books', quick => true);
SELECT * FROM ledger.verify('strict_books');
