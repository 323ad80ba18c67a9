-- Lines that are not what was exported: each is refused by its number, with the reason, and nothing is imported.
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
SELECT ledger.create_asset('STONE', 3);
CREATE TABLE pg_temp.original (ledger text, n int, line text);
CREATE PROCEDURE pg_temp.export(of_ledger text, after bigint DEFAULT 0) LANGUAGE sql AS $$
	INSERT INTO pg_temp.original SELECT of_ledger, row_number() OVER (), e FROM ledger.export(of_ledger, after) e;
$$;

-- One ledger of each way of hashing; serial, so that the numbers of records are the same each time.
CREATE PROCEDURE pg_temp.fill(l text) LANGUAGE plpgsql AS $$
DECLARE
	t bigint;
BEGIN
	PERFORM ledger.post(l, 'world', 'a', 100, 'USD', 'key1', 'ref1', '2020-02-29', '{"b": [1.50, "é"], "a": null}', tags => ROW('s', NULL, NULL, NULL, NULL, 'c', NULL)::ledger.tags);
	PERFORM ledger.open_account(l, 'b', 'USD', -5, 1000, metadata => '{"x": 1}'), ledger.open_account(l, 'c', NULL, -7, NULL);
	PERFORM ledger.post_transaction(l, '{"(a,b,30,USD)","(b,c,10,USD)","(world,c,2.125,STONE)"}', idempotency_key => 'key2', reference => 'ref2');
	IF l <> 'followed' THEN
		PERFORM ledger.seal(l);
	END IF;
	t := (ledger.hold(l, 'a', 'c', 20, 'USD', expires_at => '2999-01-01')).transaction;
	PERFORM ledger.capture(l, t, 5, final => false), ledger.void(l, t);
	t := (ledger.post(l, 'a', 'c', 7, 'USD', 'key3')).transaction;
	PERFORM ledger.reverse(l, t, 2), ledger.append(l, 'noted', '{"n": 1}', stream_id => 'stream'), ledger.set_limits(l, 'c', NULL, -8, 100.5), ledger.freeze(l, 'b');
	IF l <> 'followed' THEN
		PERFORM ledger.seal(l);
	END IF;
	PERFORM ledger.set_metadata(l, 'a', '{"y": null}');
END $$;
SELECT ledger.create_ledger('chained', 'serial'), ledger.create_ledger('followed', 'serial', 'strict');
CALL pg_temp.fill('chained');
CALL pg_temp.fill('followed');
CALL pg_temp.export('chained');
CALL pg_temp.export('followed');
SELECT n, coalesce(line::jsonb ->> 'position', 'block ' || (line::jsonb ->> 'block')) AS record, line::jsonb ->> 'kind' AS kind FROM pg_temp.original WHERE ledger = 'chained' ORDER BY n;

-- What somebody would do who changes lines and knows how hashes are made: blocks, chain, head and end again.
CREATE FUNCTION pg_temp.redo(lines text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	zero bytea := decode(repeat('00', 32), 'hex');
	previous bytea := zero;
	chain bytea;
	digest bytea := zero;
	leaves bytea := '';
	first bigint;
	last bigint;
	records int := 0;
	j jsonb;
BEGIN
	FOR i IN 2 .. cardinality(lines) LOOP
		CONTINUE WHEN lines[i] IS NULL OR lines[i] !~ '^\{("v":1,.*"(block|position)":[1-9][0-9]{0,14}[,}]|"end":\{).*\}$' OR lines[i] ~ '"position":[0-9]{15}|"sealed_at":"x';
		j := lines[i];
		IF j ? 'block' AND leaves <> '' THEN
			lines[i] := ledger_data.block_header((j ->> 'block')::bigint, first, last, octet_length(leaves) / 32, (j ->> 'sealed_at')::timestamptz, ledger_data.merkle_root(leaves), previous);
			previous := sha256(convert_to(lines[i], 'UTF8'));
			leaves := '';
		ELSIF j ? 'end' THEN
			lines[i] := regexp_replace(lines[i], '"records":[0-9]+', '"records":' || records);
		ELSIF j ? 'position' THEN
			first := CASE WHEN leaves = '' THEN (j ->> 'position')::bigint ELSE first END;
			last := j ->> 'position';
			records := records + 1;
			leaves := leaves || sha256('\x00'::bytea || convert_to(lines[i], 'UTF8'));
			IF j #>> '{payload,hashing}' = 'strict' AND chain IS NULL THEN
				chain := previous;
			END IF;
			chain := sha256('\x01'::bytea || chain || sha256('\x00'::bytea || convert_to(lines[i], 'UTF8')));
		END IF;
	END LOOP;
	IF lines[1] ~ '"head":"[0-9a-f]{64}"' AND lines[1] !~ '"head":"0000' THEN
		lines[1] := regexp_replace(lines[1], '"head":"[0-9a-f]*"', '"head":"' || encode(coalesce(chain, previous), 'hex') || '"');
	END IF;
	FOR i IN 1 .. cardinality(lines) LOOP
		IF lines[i] ~ '^\{"end"' THEN
			lines[i] := regexp_replace(lines[i], '("digest": ?")[0-9a-f]*', '\1' || encode(digest, 'hex'));
		END IF;
		digest := sha256('\x01'::bytea || digest || sha256('\x00'::bytea || convert_to(coalesce(lines[i], ''), 'UTF8')));
	END LOOP;
	RETURN lines;
END $$;
CREATE FUNCTION pg_temp.lines(of_ledger text) RETURNS text[] LANGUAGE sql AS $$ SELECT array_agg(line ORDER BY n) FROM pg_temp.original WHERE ledger = of_ledger $$;
-- How an import ends, and whether it leaves anything; at SERIALIZABLE.
CREATE FUNCTION pg_temp.imported(lines text[], head text DEFAULT NULL, OUT message text, OUT clean boolean) LANGUAGE plpgsql AS $$
DECLARE
	before text := pg_temp.state();
BEGIN
	message := pg_temp.try(format('DO %L', format('BEGIN PERFORM ledger.import(%L, %L, %L); RAISE EXCEPTION USING MESSAGE = %L; END', 'copy', lines, head, 'imported')));
	message := replace(message, E'\nNothing was imported.', ' Nothing was imported.');
	message := replace(replace(message, 'LG403 ', ''), ' Nothing was imported.', '');
	clean := before = pg_temp.state();
END $$;
-- Each line is changed by a pattern: as it is found, and with all hashes made again.
CREATE FUNCTION pg_temp.changed(of_ledger text, line int, pattern text, replacement text, again boolean) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	lines text[] := pg_temp.lines(of_ledger);
	was text := lines[line];
BEGIN
	lines[line] := regexp_replace(was, pattern, replacement);
	IF lines[line] = was THEN
		RAISE EXCEPTION 'nothing changed';
	END IF;
	RETURN CASE WHEN again THEN pg_temp.redo(lines) ELSE lines END;
END $$;

SET default_transaction_isolation = serializable;
-- hashes made again of what was not changed are those that were
SELECT l, pg_temp.redo(pg_temp.lines(l)) = pg_temp.lines(l) OR (pg_temp.redo(pg_temp.lines(l)))[1] = (pg_temp.lines(l))[1] AS same FROM unnest('{chained,followed}'::text[]) l;
BEGIN;
SELECT l, records, entries, blocks, position FROM unnest('{chained,followed}'::text[]) l, ledger.import('copy_' || l, pg_temp.redo(pg_temp.lines(l)));
ROLLBACK;

-- the form of a line
SELECT n, pattern, left(replacement, 40) AS replacement, i.message, i.clean FROM (VALUES (1, '^.*$', ''), (1, '^.*$', 'x'), (1, '^.*$', '[1]'), (1, '^.*$', '{}'), (1, '"ledger_export":1', '"ledger_export":2'), (1, '"ledger_export":1', '"ledger_export":"1"'),
		(1, '"after":0', '"after":-1'), (1, '"after":0', '"after":"x"'), (1, '"after":0', '"after":5'), (1, '"head":"..', '"head":"'), (1, '"head":"........', '"head":"00000000'), (1, '"head":"[^"]*"', '"head":7'),
		(1, '"assets":\[.*\]', '"assets":7'), (1, '"assets":\[.*\]', '"assets":[]'), (1, '"assets":\[.*\]', '"assets":[[1]]'), (1, '"scale":2', '"scale":3'), (1, '"scale":2', '"scale":31'), (1, '"scale":2', '"x":2'),
		(1, '"code":"USD"', '"code":"1 é"'), (1, '"code":"USD"', '"code":"' || repeat('X', 40) || '"'),
		(1, '"last_block":2', '"last_block":3'), (1, '"last_block":2', '"last_block":1'), (1, '"last_block":2', '"last_block":"x"'), (1, '"metadata":\{\}', '"metadata":{"x":1}'),
		(2, '^.*$', ''), (2, '^.*$', 'null'), (2, '^.*$', '{"a":"\\u0000"}'), (2, '^.*$', repeat('[', 100000)), (3, '\}$', '} '), (3, '\}$', ''), (3, '"v":1,', '"v": 1,'), (3, '"v":1', '"v":2'), (3, '"v":1,', ''),
		(3, '("v":1),("position":2)', '\2,\1'), (3, '\}$', ',"more":1}'), (3, '"position":2', '"position":2.0'), (3, '"position":2', '"position":"2"'), (3, '"position":2', '"position":2e0'), (3, '"é"', '"\\u00e9"'), (3, '\[1\.50', '[1.5000'),
		(3, '"a": null, ', ''), (3, '"100\.00"', '"100.0"'), (3, '"100\.00"', '100.00'), (3, '"entries":\[\[', '"entries":[[7,'), (3, '"entries":.*\}$', '"entries":[]}'), (3, '"entries":.*\}$', '"entries":{}}'), (3, '"entries":.*\}$', '"entries":[[]]}'), (3, '"kind":"transaction"', '"kind":"x"'), (3, '"recorded_at":"2', '"recorded_at":"x2'),
		(3, '\+00:00"', '+01:00"'), (3, '"recorded_at":"[^"]*"', '"recorded_at":"now"'), (3, '"effective_at":"[^"]*"', '"effective_at":"infinity"'), (3, '"recorded_at":"([^"]*)","effective_at":"[^"]*"', '"recorded_at":"\1","effective_at":"\1"'), (3, '"fingerprint":"..', '"fingerprint":"'), (3, '"fingerprint":"[^"]*",', ''), (3, '"idempotency_key":"key1",', ''),
		(3, '"tags":\{', '"tags":{"other":"x",'), (3, '"tags":\{[^}]*\}', '"tags":7'), (3, '"tags":\{[^}]*\}', '"tags":{}')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed('chained', n, pattern, replacement, true)) i;
SELECT * FROM pg_temp.imported('{}');
SELECT * FROM pg_temp.imported('{NULL}');
SELECT i.* FROM pg_temp.lines('chained') l, pg_temp.imported(l[1:4] || NULL::text || l[5:]) i;

-- what a line says, as found: at its block, or in a strict ledger or after the last block, at the end
SELECT l, n, pattern, left(replacement, 40) AS replacement, i.* FROM unnest('{chained,followed}'::text[]) l, (VALUES (3, '\[1\.50', '[1.51'), (3, '"key1"', '"key9"'), (3, '"ref1"', '"ref9"'), (3, '2020-02-29', '2020-02-28'), (3, '"c"', '"d"'), (3, '"metadata":\{.*\},"entries"', '"entries"')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed(l, n, pattern, replacement, false)) i;
SELECT i.* FROM pg_temp.imported(pg_temp.changed('chained', 17, '"y"', '"z"', false)) i;

-- lines that are swapped, missing, doubled, added
SELECT again, what, i.* FROM (VALUES (false), (true)) a(again), LATERAL (SELECT pg_temp.lines('chained') AS l) o, LATERAL (VALUES ('swapped', l[1:3] || l[5] || l[4] || l[6:]), ('first swapped', l[2] || l[1] || l[3:]), ('missing', l[1:3] || l[5:]), ('all missing', l[1:1] || l[18]),
		('doubled', l[1:4] || l[4:]), ('no block', l[1:6] || l[8:]), ('no last block', l[1:15] || l[17:]), ('block twice', l[1:7] || l[7:]), ('block earlier', l[1:5] || l[7] || l[6] || l[8:]), ('truncated', l[1:17]), ('truncated early', l[1:10]), ('only the header', l[1:1]),
		('after the end', l || l[17]), ('header again', l[1:3] || l[1] || l[4:]), ('end twice', l || l[18])) v(what, lines),
	LATERAL pg_temp.imported(CASE WHEN again THEN pg_temp.redo(lines) ELSE lines END) i WHERE NOT (again AND what = 'block earlier');
SELECT pattern, i.* FROM (VALUES ('"records":[0-9]+', '"records":7'), ('"digest":"........', '"digest":"00000000'), ('"digest":"[^"]*"', '"digest":7'), ('"digest":"([^"]*)"', '"digest":"\1g"'), ('\{"end":.*', '{"end":[1,2]}'), ('\{"end":.*', '{"end":7}')) v(pattern, replacement), LATERAL pg_temp.imported(pg_temp.changed('chained', 18, pattern, replacement, false)) i;
SELECT pattern, i.* FROM (VALUES ('"block":1', '"block":2'), ('"first":1', '"first":2'), ('"last":5', '"last":6'), ('"records":5', '"records":4'), ('"root":"........', '"root":"00000000'), ('"previous":"00', '"previous":"01'), ('"sealed_at":"2', '"sealed_at":"3'), ('"sealed_at":"[^"]*"', '"sealed_at":"x"'), ('"block":1', '"block":1.0'), ('"block":1', '"block":"1"')) v(pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed('chained', 7, pattern, replacement, false)) i;

-- what does not add up, with all hashes made again
SELECT l, n, pattern, left(replacement, 40) AS replacement, i.* FROM unnest('{chained,followed}'::text[]) l, (VALUES (2, '"create"', '"other"'), (2, '"ordering": "serial"', '"ordering": "other"'), (2, '"hashing": "(sealed|strict)"', '"hashing": "other"'), (2, '"auto_open": true', '"auto_open": "yes"'), (2, '"kind":"ledger"', '"kind":"event"'), (2, '"position":1', '"position":2'), (3, '"position":2', '"position":1'), (3, '"position":2', '"position":3'), (3, '"position":2', '"position":9223372036854775807'),
		(3, '"-100\.00",1,', '"-100.00",2,'), (3, '"100\.00",1\]', '"100.00",0]'), (3, '"100\.00","100\.00"', '"100.01","100.01"'), (3, '"100\.00","100\.00"', '"100.00","100.01"'), (3, '"100\.00","100\.00"', '"100.00","100.000"'), (3, '\["world","USD","-100\.00","-100\.00",1,([0-9]+)\],\["a","USD","100\.00","100\.00"', '["world","USD","100.00","100.00",1,\1],["a","USD","-100.00","-100.00"'), (3, '\]\]\}$', '],["b","USD","0.00","0.00",1]]}'), (3, '"100\.00","100\.00"', '"100.000","100.000"'), (3, '"-100\.00","-100\.00"', '"100.00","100.00"'), (3, '"100\.00","100\.00"', '"1e2","1e2"'), (3, '"100\.00","100\.00"', '"+100.00","100.00"'),
		(3, '"100\.00","100\.00"', '"999999999999999999999999999999999999999.00","100.00"'), (3, '\["a","USD"', '["a","EUR"'), (3, '"-100\.00",1,([0-9]+)\],\["a","USD","100\.00","100\.00",1', '"-100.00",1,\1],["world","USD","100.00","0.00",2,\1'), (3, '\["a","USD","100\.00","100\.00",1', '["world","USD","100.00","100.00",1'),
		(3, '"-100\.00",1,[0-9]+', '"-100.00",1,65'), (3, '"-100\.00",1,[0-9]+', '"-100.00",1,0'), (3, '"-100\.00",1,[0-9]+', '"-100.00",1,-1'), (3, '"-100\.00",1,[0-9]+', '"-100.00",1,"1"'), (3, '"-100\.00",1,([0-9]+)', '"-100.00",1,\1,1'), (3, '\["a","USD"', '["a","XXL"'), (3, '\["a","USD"', '["a b","USD"'), (3, '\["a","USD"', '["","USD"'), (3, '\["a","USD"', '["' || repeat('a', 513) || '","USD"'),
		(3, '"key1"', '""'), (3, '"ref1"', '"' || repeat('k', 513) || '"'), (3, '"source_id":"s"', '"source_id":"' || repeat('k', 513) || '"'), (3, '"correlation_id":"c"', '"correlation_id":"' || repeat('k', 513) || '"'), (3, '"correlation_id":"c"', '"correlation_id":"c","causation_id":"' || repeat('k', 513) || '"'), (3, '"metadata":\{.*\},"entries"', '"metadata":[],"entries"'), (3, '"tags"', '"related":1,"tags"')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed(l, n, pattern, replacement, true)) i WHERE l = 'chained' OR n = 3 AND pattern ~ 'position|-100';
SELECT n, pattern, left(replacement, 40) AS replacement, i.message, i.clean FROM (VALUES (6, '"recorded_at":"2', '"recorded_at":"1'), (6, '"key2"', '"key1"'), (6, '"ref2"', '"ref1"'), (11, '"key3"', '"key1"'), (10, '"related":6', '"related":11'), (10, '"related":6', '"related":8'), (10, '"related":6', '"related":-6'), (10, '"related":6', '"related":2'), (12, '"related":9', '"related":6'), (12, '"related":9', '"related":3'), (12, '"related":9', '"related":5'), (9, '"related":6,', ''), (9, '"related":6', '"related":1'), (9, '"kind":"capture"', '"kind":"transaction"')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed('chained', n, pattern, replacement, true)) i;
-- what records without entries say
SELECT n, pattern, left(replacement, 60) AS replacement, i.message, i.clean FROM (VALUES
		(4, '"change": "open"', '"change": "other"'), (4, '"change": "open"', '"chance": "open"'), (4, '"payload":.*\}$', '"payload":null}'), (4, '"payload":.*\}$', '"payload":[]}'), (4, ',"payload":.*\}$', '}'), (4, '"address": "b"', '"address": "b c"'), (4, '"address": "b"', '"address": null'), (4, '"address": "b"', '"address": 7'),
		(4, '"asset": "USD"', '"asset": "XXL"'), (4, '"asset": "USD"', '"asset": 7'), (4, '"floor": -5', '"floor": "x"'), (4, '"floor": -5', '"floor": -5.001'), (4, '"floor": -5', '"floor": 5000'), (4, '"floor": -5', '"floor": -1' || repeat('0', 36)), (4, '"floor": -5', '"floor": 5'), (4, '"metadata": \{"x": 1\}', '"metadata": []'),
		(14, '"floor": -8', '"floor": "-8"'), (14, '"ceiling": 100.5', '"ceiling": -1'), (14, '"ceiling": 100.5', '"ceiling": 1' || repeat('0', 40)), (14, '"ceiling": 100.5', '"ceiling": 10.5'), (15, '"address": "b"', '"address": ""'), (17, '"metadata": \{"y": null\}', '"metadata": 7'),
		(8, '"payload":.*\}$', '"payload":7}'), (8, '"postings": \[.*\]', '"postings": {}'), (8, '"postings": \[.*\]', '"postings": []'), (8, '"postings": \[.*\]', '"postings": [7]'), (8, '"source": "a"', '"source": "c"'), (8, '"source": "a"', '"source": "a::b"'), (8, '"amount": "20.00"', '"amount": "20"'), (8, '"amount": "20.00"', '"amount": 20.00'),
		(8, '"amount": "20.00"', '"amount": "-20.00"'), (8, '"amount": "20.00"', '"amount": "1e400000"'), (8, '"asset": "USD"', '"asset": "STONE"'), (8, '"asset": "USD"', '"asset": "XXL"'), (8, '2999-01-01T00:00:00', '2999-02-30T00:00:00'), (8, '"2999-01-01T00:00:00\+00:00"', '"tomorrow"'), (8, '"2999-01-01T00:00:00\+00:00"', '"infinity"'), (8, '"2999-01-01T00:00:00\+00:00"', '7'), (8, '"amount": "20.00"', '"amount": "200.00"'),
		(8, '(,"payload":.*)\}$', '\1,"entries":[["a","USD","-1.00","69.00",3],["c","USD","1.00","11.00",2]]}'),
		(10, '"released": .*\}\}$', '"released": 7}}'), (10, '"15.00"', '"15.0"'), (10, '"15.00"', '"16.00"'), (10, '"15.00"', '"14.00"'), (10, '"15.00"', '"-15.00"'), (10, '"15.00"', '"x"'), (10, '"15.00"', '"15.00", "0.00"'), (10, ',"payload":.*\}$', '}'), (10, '"payload":\{', '"payload":{"expired": 7, '), (10, '"payload":\{', '"payload":{"expired": true, '),
		(9, '"entries":.*$', '"payload":{"released": ["x"]},"entries":[["a","USD","-5.00","65.00",3],["c","USD","5.00","15.00",2]]}'), (9, '"entries":.*$', '"payload":{"released": ["0.00", "1.00"]},"entries":[["a","USD","-5.00","65.00",3],["c","USD","5.00","15.00",2]]}'),
		(12, ',"entries"', ',"payload":{"force": 7},"entries"'), (17, '"kind":"account".*$', '"kind":"ledger","recorded_at":"2999-01-01T00:00:00+00:00","payload":{"change": "create", "hashing": "sealed"}}'), (17, '"kind":"account".*$', '"kind":"ledger","recorded_at":"2999-01-01T00:00:00+00:00","payload":{"change": "hashing", "hashing": "x"}}'),
		(17, '"kind":"account".*$', '"kind":"ledger","recorded_at":"2999-01-01T00:00:00+00:00"}')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.changed('chained', n, pattern, replacement, true)) i;

-- what adds up line by line, but not in the end: more captured than held, a limit passed, other accounts than those of a hold or of what is reversed, money on a closed account
SET default_transaction_isolation = 'read committed';
SELECT ledger.create_ledger('small', 'serial') \g /dev/null
SELECT status FROM ledger.post('small', 'world', 'a', 100, 'USD');
SELECT status FROM ledger.hold('small', 'a', 'c', 20, 'USD');
SELECT status FROM ledger.capture('small', 3, 5, final => false);
SELECT status FROM ledger.post('small', 'a', 'c', 7, 'USD');
SELECT status FROM ledger.reverse('small', 5, 2);
SELECT ledger.open_account('small', 'd'), ledger.close_account('small', 'd');
CALL pg_temp.export('small');
SET default_transaction_isolation = serializable;
CREATE FUNCTION pg_temp.cut(lines text[], last int) RETURNS text[] LANGUAGE sql AS $$ SELECT pg_temp.redo(lines[1:last] || lines[cardinality(lines)]) $$;
SELECT n, pattern, i.* FROM (VALUES (5, '"-5.00","95.00",2\],\["c","USD","5.00","5.00"', '"-25.00","75.00",2],["c","USD","25.00","25.00"'), (5, '\["c",', '["d",'), (5, '\]\]\}$', '],["a","USD","0.00","95.00",3],["c","USD","0.00","5.00",2]]}'), (5, ',"entries":.*$', '}'),
		(6, '"-7.00","88.00",3\],\["c","USD","7.00","12.00"', '"-107.00","-12.00",3],["c","USD","107.00","112.00"'), (6, '"-7.00","88.00",3\],\["c","USD","7.00","12.00"', '"-81.00","14.00",3],["c","USD","81.00","86.00"'),
		(7, '"-2.00","10.00",3\],\["a","USD","2.00","90.00"', '"-8.00","4.00",3],["a","USD","8.00","96.00"'), (7, '\["a","USD","2.00","90.00",4\]', '["e","USD","2.00","2.00",1]'), (7, ',"entries":.*$', '}'), (7, '"kind":"reversal"(,"recorded_at":"[^"]*"),"related":5', '"kind":"transaction"\1')) v(n, pattern, replacement),
	LATERAL pg_temp.imported(pg_temp.cut(pg_temp.changed('small', n, pattern, replacement, true), n)) i;
SELECT i.* FROM pg_temp.lines('small') l, LATERAL pg_temp.imported(pg_temp.redo(l[1:9] || regexp_replace(l[6], '"position":5.*', '"position":9,"kind":"transaction","recorded_at":"2999-01-01T00:00:00+00:00","entries":[["a","USD","-1.00","89.00",5],["d","USD","1.00","1.00",1]]}') || l[10])) i;
-- what is strict may be told so again: its chain goes on
SELECT i.* FROM pg_temp.imported(pg_temp.changed('followed', 14, '"kind":"account".*$', '"kind":"ledger","recorded_at":"2999-01-01T00:00:00+00:00","payload":{"change": "hashing", "hashing": "strict"}}', true)) i;

-- the head that was published elsewhere
SELECT l, i.* FROM unnest('{chained,followed}'::text[]) l, LATERAL (SELECT '\x00' UNION ALL SELECT '\x' UNION ALL SELECT '\x' || repeat('00', 32) UNION ALL SELECT e.hash::text || '00' FROM ledger.head(l) e) h(h), LATERAL pg_temp.imported(pg_temp.lines(l), h) i;
-- who is one of us can make all hashes again, but not that one
SELECT i.* FROM ledger.head('followed') h, LATERAL pg_temp.imported(pg_temp.changed('followed', 3, '"key1"', '"key9"', true), h.hash::text) i;

-- where it cannot go
SELECT pg_temp.try(format('SELECT ledger.import(%L, %L)', l, pg_temp.lines('chained'))) FROM unnest(ARRAY['chained', 'followed', 'a b', '', 'é']) l;
SELECT pg_temp.try(format('SELECT ledger.import(%s)', a)) FROM unnest(ARRAY[$$NULL, '{}'$$, $$'copy', NULL$$]) a;
SET default_transaction_isolation = 'read committed';
CALL pg_temp.export('chained', 14);
SELECT pg_temp.try(format('SELECT ledger.import(%L, %L)', 'copy', (SELECT array_agg(line ORDER BY n) FROM pg_temp.original WHERE ledger = 'chained' AND n > 0)));
CREATE TABLE pg_temp.rest AS SELECT row_number() OVER () AS n, e AS line FROM ledger.export('chained', 13) e;
CREATE TABLE pg_temp.nothing AS SELECT row_number() OVER () AS n, e AS line FROM ledger.export('chained', 14) e;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try($$SELECT ledger.import('copy', '{}')$$), pg_temp.try($$SELECT ledger.import_query('copy', 'SELECT line FROM pg_temp.rest ORDER BY n')$$);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT pg_temp.try($$SELECT ledger.import('copy', '{}')$$), pg_temp.try($$SELECT ledger.import_query('copy', 'SELECT line FROM pg_temp.rest ORDER BY n')$$);
COMMIT;
\set VERBOSITY default
CALL ledger.import_from('copy', 'SELECT line FROM pg_temp.rest ORDER BY n');
CALL ledger.import_from('followed', 'SELECT line FROM pg_temp.rest ORDER BY n');
CALL ledger.import_from('chained', 'SELECT line FROM pg_temp.rest ORDER BY n');
CALL ledger.import_from('followed', 'SELECT line FROM pg_temp.nothing ORDER BY n');
CALL ledger.import_from('chained', 'SELECT line FROM pg_temp.nothing ORDER BY n');
CALL ledger.import_from('copy', 'SELECT line FROM pg_temp.nothing', attempts => 0);
CALL ledger.import_from(NULL, 'SELECT line FROM pg_temp.nothing');
CALL ledger.import_from('copy', NULL);
CALL ledger.import_from('a b', 'SELECT line FROM pg_temp.original WHERE ledger = ''small'' ORDER BY n');
BEGIN;
CALL ledger.import_from('copy', 'SELECT line FROM pg_temp.rest ORDER BY n');
ROLLBACK;
-- what is no query of lines
SET default_transaction_isolation = serializable;
SELECT q, pg_temp.try(format('SELECT ledger.import_query(%L, %L)', 'copy', q)) FROM unnest(ARRAY['', 'SELECT line, n FROM pg_temp.rest', 'SELECT n FROM pg_temp.rest', 'SELECT line::varchar FROM pg_temp.rest', 'SELECT', 'x', 'SELECT line FROM nowhere', 'SELECT line FROM pg_temp.rest; SELECT line FROM pg_temp.rest',
	'DELETE FROM pg_temp.rest RETURNING line', 'BEGIN', 'SELECT NULL::text', 'SELECT line FROM pg_temp.rest WHERE false', 'SELECT line FROM pg_temp.rest WHERE 1 / (n - 2) > 0 OR true ORDER BY n']) q;
-- a ledger that its own query writes to, once the import is under way
SET default_transaction_isolation = 'read committed';
SELECT ledger.create_ledger('busy') \g /dev/null
SELECT count(*) FROM generate_series(1, 1500) n, ledger.append('busy', 'x', to_jsonb(n));
CREATE TABLE pg_temp.busy AS SELECT row_number() OVER () AS n, e AS line FROM ledger.export('busy') e;
CREATE FUNCTION pg_temp.meddle(line text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM ledger.append('copy', 'meddled'); RETURN line; END $$;
CALL ledger.import_from('copy', 'SELECT CASE WHEN n = 1400 THEN pg_temp.meddle(line) ELSE line END FROM pg_temp.busy ORDER BY n');
SELECT count(*) FROM ledger_data.journal WHERE event_type = 'meddled';
CALL ledger.import_from('copy', 'SELECT line FROM pg_temp.busy ORDER BY n');
SELECT count(*) FROM ledger.journal WHERE ledger = 'copy';
-- assets that are missing are made
SELECT ledger.create_ledger('pebbles') \g /dev/null
CREATE TABLE pg_temp.pebbles AS SELECT e AS line, row_number() OVER () AS n FROM ledger.export('pebbles') e;
UPDATE pg_temp.pebbles SET line = replace(line, '"assets":[]', '"assets":[{"code":"PEBBLE","scale":5}]') WHERE n = 1;
SELECT (pg_temp.redo(array_agg(line ORDER BY n)))[3] AS line FROM pg_temp.pebbles \gset
UPDATE pg_temp.pebbles SET line = :'line' WHERE n = 3;
CALL ledger.import_from('pebbles2', 'SELECT line FROM pg_temp.pebbles ORDER BY n');
SELECT code, scale FROM ledger.asset WHERE code = 'PEBBLE';

-- exports that cannot be
SELECT a, pg_temp.try(format('SELECT count(*) FROM ledger.export(%s)', a)) FROM unnest(ARRAY[$$'nowhere'$$, 'NULL', $$'chained', NULL$$, $$'chained', 15$$, $$'chained', -1$$, $$'chained', 0, 15$$, $$'chained', 14, 14$$, $$'chained', 5, 2$$]) a;
SELECT ledger.create_ledger('parallel') \g /dev/null
SELECT status, position AS last FROM ledger.append('parallel', 'x') \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(e::jsonb) FROM ledger.export('parallel') e;
SELECT replace(pg_temp.try(format('SELECT count(*) FROM ledger.export(%L, 0, %s)', 'parallel', :last)), :'last', 'N') AS unsettled;
COMMIT;
SELECT count(*) FROM ledger.export('parallel', 0, :last);
SELECT count(*) FROM ledger.seal('parallel');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM ledger.export('parallel', 0, :last);
COMMIT;
SELECT ledger.create_ledger('unbroken', hashing => 'strict') \g /dev/null
SELECT status FROM ledger.append('unbroken', 'x');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*), count(e::jsonb -> 'kind') AS records FROM ledger.export('unbroken') e;
COMMIT;
SET client_min_messages = warning;
SELECT v.* FROM unnest('{chained,followed,small,copy,pebbles2,parallel}'::text[]) l, ledger.verify(l) v;
