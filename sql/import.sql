-- Moving a ledger: what export gives, import takes in elsewhere, all of it and nothing else.
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
SELECT ledger.create_asset('GEM', 3), ledger.create_asset('SHELL', 30);

-- All that a ledger can have. Each part is made after what was exported before.
CREATE FUNCTION pg_temp.fill(of_ledger text, part int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	p text := part || ':';
	hold bigint;
	done bigint;
	r record;
BEGIN
	PERFORM ledger.open_account(of_ledger, p || 'rich', floor => NULL, metadata => '{"name": "Ré \"x\" \\ 😀", "gone": 1, "null": null}');
	PERFORM ledger.open_account(of_ledger, p || 'shop', NULL, -5.5, NULL, metadata => '{}');
	PERFORM ledger.open_account(of_ledger, p || 'gem', 'GEM', -5.5, 1000, metadata => '{"a": 1}');
	PERFORM ledger.open_account(of_ledger, p || 'gem', 'JPY', 0, NULL, metadata => '{"b": {"c": [1.50, null]}}');
	PERFORM ledger.open_account(of_ledger, p || 'a'), ledger.open_account(of_ledger, p || 'b');
	PERFORM ledger.post(of_ledger, 'world', p || 'a', 100, 'USD', p || 'key "1" é', p || 'ref \ 1', '2020-02-29 12:00:00.5+02',
		'{"b": [1.50, 1e3, null, "é😀\n\u0001"], "a": {}}', tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags);
	PERFORM ledger.post(of_ledger, 'world', p || 'gem', 10.125, 'GEM', effective_at => '4000-01-01');
	PERFORM ledger.post(of_ledger, p || 'rich', 'world', 33333333.333333333333333333333333333333, 'SHELL');
	PERFORM ledger.post(of_ledger, p || 'rich', 'world', 170141183460469231731687303715884, 'KWD');
	PERFORM ledger.post_transaction(of_ledger, ARRAY[ROW(p || 'a', p || 'b', 30, 'USD'), ROW(p || 'b', p || 'shop', 10, 'USD'), ROW(p || 'a', p || 'b', 0, 'USD')]::ledger.posting[]);
	PERFORM ledger.post_batch(of_ledger, ARRAY['world', p || 'a', 'world'], ARRAY[p || 'b', p || 'shop', p || 'b'], ARRAY[1, 2, 3], ARRAY['EUR', 'USD', 'JPY'], idempotency_keys => ARRAY[p || 'b1', NULL, p || 'b3']);
	PERFORM ledger.post(of_ledger, p || 'a', p || 'b', 100000, 'USD', up_to => true);
	PERFORM ledger.post(of_ledger, 'world', p || 'a', 50, 'USD');
	PERFORM ledger.append(of_ledger, 'thing', payload, source_id => p || 's1') FROM (VALUES ('null'::jsonb), ('1e3'), ('"\\"'), ('true'), ('[]'), ('{"": {}}'), (NULL)) v(payload);
	-- holds: open, expiring, captured in parts, voided, expired, of several postings
	PERFORM ledger.hold(of_ledger, p || 'a', p || 'never', 1.10, 'USD', idempotency_key => p || 'hold');
	PERFORM ledger.hold(of_ledger, p || 'a', p || 'shop', 1.20, 'USD', expires_at => '2999-01-01');
	hold := (ledger.hold(of_ledger, p || 'a', p || 'shop', 4, 'USD', expires_at => '2999-01-01', reference => p || 'hold')).transaction;
	PERFORM ledger.capture(of_ledger, hold, 1, final => false), ledger.capture(of_ledger, hold, 2, final => true);
	hold := (ledger.hold(of_ledger, p || 'a', p || 'shop', 4, 'USD')).transaction;
	PERFORM ledger.capture(of_ledger, hold, 1, final => false), ledger.void(of_ledger, hold, idempotency_key => p || 'void');
	hold := (ledger.hold_transaction(of_ledger, ARRAY[ROW(p || 'a', p || 'b', 3, 'USD'), ROW(p || 'b', p || 'c', 1, 'EUR'), ROW('world', p || 'c', 7, 'GEM')]::ledger.posting[])).transaction;
	PERFORM ledger.capture(of_ledger, hold, amounts => '{1,0,2.5}', final => false), ledger.capture(of_ledger, hold, amounts => '{1,1,0}', final => false);
	PERFORM ledger.hold(of_ledger, p || 'a', p || 'b', 2, 'USD', expires_at => clock_timestamp() + interval '30 ms');
	PERFORM pg_sleep(0.05);
	PERFORM ledger.expire_holds(of_ledger);
	-- reversals: of parts, forced, of a capture
	done := (ledger.post(of_ledger, 'world', p || 'poor', 10, 'USD')).transaction;
	PERFORM ledger.reverse(of_ledger, done, 3, idempotency_key => p || 'undo'), ledger.reverse(of_ledger, done, 1, original_time => true);
	PERFORM ledger.post(of_ledger, p || 'poor', p || 'b', 6, 'USD');
	PERFORM ledger.reverse(of_ledger, done, force => true);
	done := (ledger.post_transaction(of_ledger, ARRAY[ROW(p || 'b', p || 'd', 2, 'USD'), ROW('world', p || 'd', 2, 'SHELL')]::ledger.posting[])).transaction;
	PERFORM ledger.reverse(of_ledger, done);
	hold := (ledger.hold(of_ledger, p || 'b', p || 'd', 4, 'USD')).transaction;
	done := (ledger.capture(of_ledger, hold, 3)).transaction;
	PERFORM ledger.reverse(of_ledger, done, 2);
	-- accounts
	PERFORM ledger.set_limits(of_ledger, p || 'gem', 'JPY', -2, NULL), ledger.set_limits(of_ledger, p || 'gem', 'JPY', -1, NULL);
	PERFORM ledger.set_limits(of_ledger, p || 'b', 'USD', -3, 1234567), ledger.set_limits(of_ledger, p || 'shop', NULL, -8.125, 1e6);
	PERFORM ledger.set_metadata(of_ledger, p || 'rich', '{"gone": null, "name": {"first": "x"}, "more": []}'), ledger.set_metadata(of_ledger, 'world', '{"w": 1}');
	PERFORM ledger.open_account(of_ledger, p || n, metadata => '{"n": 1}') FROM unnest('{frozen,thawed,closed}'::text[]) n;
	PERFORM ledger.post(of_ledger, 'world', p || n, 1, 'EUR') FROM unnest('{frozen,thawed,closed}'::text[]) n;
	PERFORM ledger.post(of_ledger, p || 'closed', 'world', 1, 'EUR');
	PERFORM ledger.freeze(of_ledger, p || 'frozen'), ledger.freeze(of_ledger, p || 'thawed'), ledger.unfreeze(of_ledger, p || 'thawed'), ledger.close_account(of_ledger, p || 'closed');
END $$;

-- What two ledgers do not have in common, but for internal numbers and when accounts were opened or, in holds, last used.
CREATE FUNCTION pg_temp.differences(a text, b text) RETURNS TABLE (what text, which text, row_of text) LANGUAGE sql AS $$
	WITH number AS (SELECT l.id, l.name FROM ledger_data.ledger l WHERE l.name IN (a, b)),
	fact AS (
		SELECT n.name, 'ledger' AS what, to_jsonb(l) - '{id,name,created_at,position_base,notify}'::text[] AS fact FROM ledger_data.ledger l JOIN number n USING (id)
		UNION ALL SELECT n.name, 'account', to_jsonb(x) - '{ledger_id,opened_at}'::text[] FROM ledger_data.account x JOIN number n ON n.id = x.ledger_id
		UNION ALL SELECT n.name, 'balance', to_jsonb(x) - '{ledger_id,id,room,recorded_at}'::text[]
				|| jsonb_build_object('texts', format('%s %s %s %s %s %s', x.floor, x.ceiling, x.inflow, x.outflow, x.held_in, x.held_out))
			FROM ledger_data.balance x JOIN number n ON n.id = x.ledger_id
		UNION ALL SELECT n.name, 'hold', to_jsonb(x) - '{ledger_id,source_id,destination_id}'::text[]
				|| jsonb_build_object('source', s.address, 'destination', d.address, 'asset', d.asset_id, 'texts', format('%s %s %s', x.amount, x.captured, x.voided))
			FROM ledger_data.hold x JOIN number n ON n.id = x.ledger_id JOIN ledger_data.balance s ON s.ledger_id = n.id AND s.id = x.source_id
				JOIN ledger_data.balance d ON d.ledger_id = n.id AND d.id = x.destination_id
		UNION ALL SELECT n.name, 'record', to_jsonb(x) - '{ledger_id,legs}'::text[] FROM ledger_data.journal x JOIN number n ON n.id = x.ledger_id
		UNION ALL SELECT n.name, 'entry', to_jsonb(x) - '{ledger_id,balance_id}'::text[] || jsonb_build_object('address', k.address, 'asset', k.asset_id, 'texts', format('%s %s', x.amount, x.balance))
			FROM ledger_data.entry x JOIN number n ON n.id = x.ledger_id JOIN ledger_data.balance k ON k.ledger_id = n.id AND k.id = x.balance_id
		UNION ALL SELECT n.name, 'block', to_jsonb(x) - 'ledger_id' FROM ledger_data.block x JOIN number n ON n.id = x.ledger_id
		UNION ALL SELECT a, 'line', to_jsonb(e) FROM ledger.export(a) e UNION ALL SELECT b, 'line', to_jsonb(e) FROM ledger.export(b) e)
	SELECT f.what, max(f.name), f.fact::text FROM fact f GROUP BY f.what, f.fact HAVING count(*) <> 2 OR count(DISTINCT f.name) <> 2 ORDER BY 1, 3, 2
$$;
CREATE TABLE pg_temp.exported (n int GENERATED ALWAYS AS IDENTITY, line text);
CREATE PROCEDURE pg_temp.export(of_ledger text, after bigint DEFAULT 0, until bigint DEFAULT NULL) LANGUAGE sql AS $$
	TRUNCATE pg_temp.exported;
	INSERT INTO pg_temp.exported (line) SELECT e FROM ledger.export(of_ledger, after, until) e;
$$;
\set query 'SELECT line FROM pg_temp.exported ORDER BY n'

-- There and back, for every kind of ledger: the same lines, rows, hashes; then the copy is used.
SELECT ledger.create_ledger('from1', metadata => '{"of": ["é", null]}'), ledger.create_ledger('from2', 'serial', 'strict', false), ledger.create_ledger('from3', hashing => 'off', auto_open => false);
DO $$ BEGIN PERFORM ledger.post('from1', 'world', 'gap', 1, 'EUR'); RAISE EXCEPTION USING MESSAGE = 'a gap'; EXCEPTION WHEN raise_exception THEN END $$;
SELECT ledger.set_hashing('from1', 'strict');
DO $$ BEGIN PERFORM ledger.open_account('from3', p || n) FROM unnest('{1:,2:}'::text[]) p, unnest('{never,c,poor,d}'::text[]) n;
	PERFORM ledger.open_account('from2', p || n) FROM unnest('{1:,2:}'::text[]) p, unnest('{never,c,poor,d}'::text[]) n; END $$;
SELECT pg_temp.fill('from' || n, 1) FROM generate_series(1, 3) n;
SELECT count(*) FROM ledger.seal('from1', block_size => 20);
SELECT ledger.set_hashing('from1', 'sealed');
SELECT pg_temp.fill('from1', 2);
SELECT count(*) FROM ledger.seal('from1');
SELECT count(*) FROM ledger.seal('from2', block_size => 50);
SELECT status FROM ledger.post('from1', 'world', 'late', 1, 'EUR');

-- what the header says is of the last record exported, and of all that was used
SELECT ledger.create_ledger('few'), ledger.open_account('few', 'a', 'GEM', 0, 5);
SELECT status FROM ledger.hold('few', 'world', 'a', 1, 'JPY');
SELECT line::jsonb -> 'assets' AS assets FROM ledger.export('few') line LIMIT 1;
SELECT b.last_position + 3 AS until, b.last_position + 3 < max(j.position) AS earlier, max(j.position) AS change FROM ledger_data.block b JOIN ledger_data.ledger l ON l.id = b.ledger_id JOIN ledger.journal j ON j.ledger = l.name
	WHERE l.name = 'from1' AND b.number = 2 AND j.payload ->> 'hashing' = 'sealed' GROUP BY 1 \gset
CALL pg_temp.export('from1', 0, :until);
SELECT :'earlier' AS earlier, line::jsonb -> 'settings' ->> 'hashing' AS hashing FROM pg_temp.exported WHERE n = (SELECT min(n) FROM pg_temp.exported);
CALL ledger.import_from('until', :'query');
CALL pg_temp.export('from1');
CALL ledger.import_from('to1', :'query');
CALL pg_temp.export('from2');
SELECT hash FROM ledger.head('from2') \gset
CALL ledger.import_from('to2', :'query', :'hash');
CALL pg_temp.export('from3');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT entries, blocks FROM ledger.import('to3', ARRAY(SELECT line FROM pg_temp.exported ORDER BY n));
COMMIT;
SELECT n, d.* FROM generate_series(1, 3) n, pg_temp.differences('from' || n, 'to' || n) d;
SELECT n, f IS NOT DISTINCT FROM t AS same, f.block, f.hash IS NULL AS none
	FROM generate_series(1, 3) n LEFT JOIN LATERAL ledger.head('from' || n) f ON true LEFT JOIN LATERAL ledger.head('to' || n) t ON true;
\pset tuples_only on
SELECT v.* FROM ledger.ledger l, ledger.verify(l.name) v WHERE l.name ~ '^(to|from)[1-3]$';
\pset tuples_only off
-- the comparison notices what it is there for
SELECT what, count(*) > 0 FROM pg_temp.differences('from1', 'to3') GROUP BY what ORDER BY 1;

-- The copy goes on: keys and references are known, holds and transactions that came along are captured, set free and reversed.
SELECT t.status, t.transaction = f.transaction AS same, t.recorded_at = f.recorded_at AS same_time, t.balances::text = f.balances::text AS same_balances
	FROM generate_series(1, 3) n, ledger.post('to' || n, 'world', '1:a', 100, 'USD', '1:key "1" é', '1:ref \ 1', '2020-02-29 12:00:00.5+02',
			'{"b": [1.50, 1e3, null, "é😀\n\u0001"], "a": {}}', tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags) t,
		ledger.post('from' || n, 'world', '1:a', 100, 'USD', '1:key "1" é', '1:ref \ 1', '2020-02-29 12:00:00.5+02',
			'{"b": [1.50, 1e3, null, "é😀\n\u0001"], "a": {}}', tags => ROW('s', 'st', 'mt', 'm', E'tab\there', 'c', 'd')::ledger.tags) f;
SELECT n, h.status, v.status FROM generate_series(1, 3) n, ledger.hold('to' || n, '1:a', '1:never', 1.10, 'USD', idempotency_key => '1:hold') h,
	LATERAL (SELECT related FROM ledger.journal j WHERE j.ledger = 'to' || n AND j.idempotency_key = '1:void') j, ledger.void('to' || n, j.related, idempotency_key => '1:void') v ORDER BY n;
SELECT n, code, message FROM generate_series(1, 3) n, ledger.try_post('to' || n, 'world', '1:a', 100, 'USD', '1:key "1" é');
SELECT n, code, message FROM generate_series(1, 3) n, ledger.try_post('to' || n, 'world', '1:a', 100, 'USD', reference => '1:ref \ 1');
SELECT p.status, p.position > last AS later FROM generate_series(1, 3) n, LATERAL (SELECT max(position) AS last FROM ledger.journal j WHERE j.ledger = 'to' || n) j, ledger.post('to' || n, 'world', '1:a', 100 + 0 * last, 'USD') p;
SELECT n, code, message FROM generate_series(1, 3) n, unnest('{frozen,closed}'::text[]) a, ledger.try_post('to' || n, 'world', '1:' || a, 1, 'EUR');
SELECT n, code, message FROM generate_series(1, 3) n, ledger.try_post('to' || n, '1:gem', 'world', 15.626, 'GEM');
SELECT n, code, message FROM generate_series(1, 3) n, ledger.try_post('to' || n, 'world', 'unknown', 1, 'GEM');
SELECT ledger, source, destination, asset, amount, captured, voided, "left", expires_at, status FROM ledger.hold WHERE ledger ~ '^to[23]' AND status <> 'expired' ORDER BY ledger COLLATE "C", hold, number;
SELECT c.status, c.amounts FROM generate_series(1, 3) n, LATERAL (SELECT min(hold) AS hold FROM ledger.hold h WHERE h.ledger = 'to' || n) h, ledger.capture('to' || n, h.hold, 0.10, final => false) c;
SELECT v.status FROM generate_series(1, 3) n, LATERAL (SELECT min(hold) AS hold FROM ledger.hold h WHERE h.ledger = 'to' || n) h, ledger.void('to' || n, h.hold) v;
SELECT r.status FROM generate_series(1, 3) n, LATERAL (SELECT position FROM ledger.journal j WHERE j.ledger = 'to' || n AND j.idempotency_key = '1:b3') j, ledger.reverse('to' || n, j.position) r;
SELECT n, r.code, pg_temp.masked(r.message) FROM generate_series(1, 3) n, LATERAL (SELECT related FROM ledger.journal j WHERE j.ledger = 'to' || n AND j.idempotency_key = '1:undo') j, ledger.try_reverse('to' || n, j.related) r;
SELECT n, ledger.expire_holds('to' || n) FROM generate_series(1, 3) n;
SELECT records > 0 AS sealed FROM ledger.seal('to1');
SELECT records > 0 AS sealed FROM ledger.seal('to2');
SELECT ledger.set_hashing('to3', 'sealed'), ledger.set_hashing('to1', 'strict');
SELECT records > 0 AS sealed FROM ledger.seal('to3');
SELECT status FROM ledger.post('to1', 'world', 'more', 1, 'GEM');
\pset tuples_only on
SELECT v.* FROM ledger.ledger l, ledger.verify(l.name) v WHERE l.name ~ '^(to|from)[1-3]$';
\pset tuples_only off

-- Bit by bit: an export after a position goes on where the copy ends, also in the middle of what becomes a block.
CREATE FUNCTION pg_temp.last(of_ledger text) RETURNS bigint LANGUAGE sql AS $$ SELECT coalesce(max(position), 0) FROM ledger.journal WHERE ledger = of_ledger $$;
SELECT ledger.create_ledger('step1'), ledger.create_ledger('step2', hashing => 'strict'), ledger.create_ledger('step3', 'serial');
DO $$ BEGIN FOR i IN 1 .. 3 LOOP PERFORM pg_temp.fill('step' || i, 1); END LOOP; END $$;
CALL pg_temp.export('step1', 0, pg_temp.last('step1') - 40);
CALL ledger.import_from('copy1', :'query');
CALL pg_temp.export('step1', pg_temp.last('copy1'), pg_temp.last('copy1') + 10);
CALL ledger.import_from('copy1', :'query');
CALL pg_temp.export('step1', 0, pg_temp.last('copy1'));
CALL ledger.import_from('copy4', :'query');
SELECT count(*) FROM ledger.seal('step1', block_size => 25);
CALL pg_temp.export('step1', pg_temp.last('copy1'), pg_temp.last('copy1') + 5);
CALL ledger.import_from('copy1', :'query');
CALL pg_temp.export('step1', pg_temp.last('copy1'));
SELECT hash FROM ledger.head('step1') \gset
CALL ledger.import_from('copy1', :'query', :'hash');
SELECT * FROM pg_temp.differences('step1', 'copy1');
-- all at once: a block of records that came before, and those that follow it
CALL pg_temp.export('step1', pg_temp.last('copy4'));
CALL ledger.import_from('copy4', :'query', :'hash');
SELECT * FROM pg_temp.differences('step1', 'copy4');
CALL pg_temp.export('step2', 0, pg_temp.last('step2') - 30);
CALL ledger.import_from('copy2', :'query');
CALL pg_temp.export('step3', 0, 7);
CALL ledger.import_from('copy3', :'query');
SELECT pg_temp.fill('step' || i, 2) FROM generate_series(1, 3) i;
SELECT ledger.set_metadata('step1', '1:rich', '{"name": null}'), ledger.unfreeze('step1', '1:frozen'), ledger.set_limits('step1', '1:b', 'USD', -4, NULL), ledger.set_limits('step1', '1:shop', NULL, -9, NULL);
SELECT v.status FROM LATERAL (SELECT min(hold) AS hold FROM ledger.hold h WHERE h.ledger = 'step1') h, ledger.void('step1', h.hold) v;
SELECT ledger.set_hashing('step1', 'strict');
CALL pg_temp.export('step1', pg_temp.last('copy1'));
CALL ledger.import_from('copy1', :'query');
CALL pg_temp.export('step2', pg_temp.last('copy2'));
CALL ledger.import_from('copy2', :'query');
CALL pg_temp.export('step3', 7);
CALL ledger.import_from('copy3', :'query');
SELECT i, d.* FROM generate_series(1, 3) i, pg_temp.differences('step' || i, 'copy' || i) d;
-- nothing new, or less than there is, is no error
CALL pg_temp.export('step3', pg_temp.last('copy3'));
CALL ledger.import_from('copy3', :'query');
CALL pg_temp.export('step3', pg_temp.last('copy3'), 1);
SELECT count(*) FROM pg_temp.exported;
CALL ledger.import_from('copy3', :'query');
CALL pg_temp.export('step2', pg_temp.last('copy2'), 1);
CALL ledger.import_from('copy2', :'query');
SELECT i, d.* FROM generate_series(1, 3) i, pg_temp.differences('step' || i, 'copy' || i) d;
\pset tuples_only on
SELECT v.* FROM ledger.ledger l, ledger.verify(l.name) v WHERE l.name ~ '^(step|copy)[1-3]$';
\pset tuples_only off
