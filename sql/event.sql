-- Applications' own events: tags, scopes, tails, reading on; locks for applications; tries.
\pset format unaligned
SELECT ledger.create_ledger('event');
-- positions relative to the ledger's first record, so that they do not depend on what ran before
SELECT min(position) AS first FROM ledger.journal WHERE ledger = 'event' \gset

-- events, alone and several
SELECT status, position - :first AS position, balances FROM ledger.append('event', 'created', '{"name": "x"}', source_id => 'order:1', source_type => 'order', stream_type => 'sales', stream_id => 's1');
SELECT status, position - :first AS position FROM ledger.append('event', NULL);
SELECT status, position - :first AS position FROM ledger.append_many('event', ARRAY[
	ROW('paid', '{"by": "card"}', 'order:1', 'order', 'sales', 's1', 'c1', 'c0', NULL),
	ROW('created', NULL, 'order:2', 'order', 'sales', 's2', NULL, NULL, 'key')]::ledger.event[]);
SELECT status, position - :first AS position FROM ledger.append('event', 'created', NULL, 'order:2', 'order', 'sales', 's2', idempotency_key => 'key');
SELECT status, code FROM ledger.try_append('event', 'other', NULL, 'order:2', 'order', 'sales', 's2', idempotency_key => 'key');
SELECT status, code, message FROM ledger.try_append('event', '');
SELECT status, code, message FROM ledger.try_append('event', 'a', source_id => repeat('x', 513));
SELECT ledger.append('nowhere', 'a');
SELECT ledger.append(NULL, 'a');
SELECT ledger.append_many('event', NULL);
SELECT ledger.append_many('event', ARRAY[NULL]::ledger.event[]);
SELECT count(*) FROM ledger.append_many('event', '{}');

-- money and facts together: all or none
SELECT status, position - :first AS position FROM ledger.post_events('event', ARRAY[ROW('world', 'till', 5, 'EUR')]::ledger.posting[],
	ARRAY[ROW('shipped', NULL, 'order:1', 'order', 'sales', 's1', NULL, NULL, NULL)]::ledger.event[], tags => ROW('order:1', 'order', 'sales', 's1', 'paid', NULL, NULL)::ledger.tags);
SELECT status, code FROM ledger.try_post_events('event', ARRAY[ROW('till', 'x', 500, 'EUR')]::ledger.posting[],
	ARRAY[ROW('shipped', NULL, 'order:1', 'order', 'sales', 's1', NULL, NULL, NULL)]::ledger.event[]);
SELECT position - :first AS position, kind, event_type, source_id, stream_id, correlation_id, causation_id, payload FROM ledger.journal WHERE ledger = 'event' ORDER BY position;

-- scopes: expected, none, exact; all violations come back
SELECT ledger.tail('event') - :first AS all, ledger.tail('event', 'order:1') - :first AS source, ledger.tail('event', stream_type => 'sales', event_types => '{created}') - :first AS types,
	ledger.tail('event', 'order:1', stream_id => 's2') AS nothing \gx
SELECT status FROM ledger.try_append('event', 'a', source_id => 'order:1', conditions => ARRAY[ledger.scope(:first + 6, 'order:1'), ledger.scope(:first + 100, 'order:2'), ledger.scope(0, 'order:9')]);
SELECT status, code, cardinality(violations), violations[1].kind, violations[1].scope, violations[1].expected::bigint - :first AS expected, violations[1].found::bigint - :first AS found, violations[2].condition, violations[2].scope, violations[2].expected
	FROM ledger.try_append('event', 'a', source_id => 'order:1', conditions => ARRAY[ledger.scope(:first + 6, 'order:1'), ledger.scope("none" => true, source_id => 'order:2'), ledger.scope("none" => true, source_id => 'order:9')]);
SELECT status FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(:first + 4, event_types => '{created,unknown}'), ledger.scope(:first + 4, stream_type => 'sales', event_types => '{created}', exact => true)]);
SELECT status FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(:first + 5, stream_type => 'sales', event_types => '{created}', exact => true)]);
SELECT status FROM ledger.try_post('event', 'world', 'till', 1, 'EUR', conditions => ARRAY[ledger.scope_now('event', 'order:1')]);
SELECT status FROM ledger.try_post('event', 'world', 'till', 1, 'EUR', conditions => ARRAY[ledger.scope(:first, 'order:1')]);
-- malformed
SELECT status, code, detail FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(1)]);
SELECT status, code, detail FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(source_id => 'a')]);
SELECT status, code, detail FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(1, 'a', "none" => true)]);
SELECT status, code, detail FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(1, event_types => '{}')]);
SELECT status, code, detail FROM ledger.try_append('event', 'a', conditions => ARRAY[ledger.scope(1, event_types => '{a,NULL}')]);
SELECT status, code, detail FROM ledger.try_post_json('event', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "EUR"}], "conditions": [{"kind": "scope", "expected": 1}]}');

-- reading on
SELECT position - :first AS position, kind, event_type FROM ledger.events('event', :first, 3);
SELECT position - :first AS position, kind, event_type FROM ledger.events('event', :first + 3, source_id => 'order:1');
SELECT position - :first AS position, kind, event_type FROM ledger.events('event', event_types => '{paid,shipped}');
SELECT ledger.tail(NULL);
SELECT * FROM ledger.events('event', NULL);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM ledger.events('event');
ROLLBACK;

-- locks
SELECT * FROM ledger.lock_accounts('event', '{z,till}', '{EUR}');
SELECT * FROM ledger.lock_accounts('event', '{a b}', '{EUR}');
SELECT * FROM ledger.lock_accounts('event', '{a}', '{XXXX}');
SELECT * FROM ledger.lock_accounts('event', NULL, '{EUR}');
BEGIN;
SELECT ledger.read_lock('event');
SELECT object, mode, granted FROM ledger.locks WHERE ledger = 'event' AND pid = pg_backend_pid();
SELECT status FROM ledger.post('event', 'world', 'till', 1, 'EUR');
SELECT object, mode, granted FROM ledger.locks WHERE ledger = 'event' AND pid = pg_backend_pid() ORDER BY 1, 2;
COMMIT;
SELECT ledger.try_read_lock('event');

-- at most so many in a time
SELECT ledger.attempt('event', 'pin', 3, '1 hour') FROM generate_series(1, 4);
SELECT ledger.attempt('event', 'other', 3, '1 hour');
SELECT ledger.attempt_reset('event', 'pin');
SELECT ledger.attempt('event', 'pin', 3, '1 hour');
SELECT ledger.attempt('event', 'pin', 0, '1 hour');
SELECT ledger.attempt('event', '', 1, '1 hour');
SELECT ledger.attempt('event', 'pin', 1, NULL);

-- again until it succeeds
CREATE SEQUENCE event_try;
CREATE TABLE event_row (n int);
CALL ledger.run('DO $$ BEGIN INSERT INTO event_row VALUES (1); IF nextval(''event_try'') < 3 THEN RAISE EXCEPTION ''not yet'' USING ERRCODE = ''40001''; END IF; END $$', 'serializable', 5, '1 ms');
SELECT * FROM event_row;
CALL ledger.run('SELECT 1/0');
CALL ledger.run('SELECT 1', 'chaos');
CALL ledger.run('COMMIT');
BEGIN;
CALL ledger.run('SELECT 1');
ROLLBACK;
DROP TABLE event_row;
DROP SEQUENCE event_try;
-- many calls with tags of their own in one transaction do not fill the server's table of locks
BEGIN;
SELECT count(ledger.append('event', 'many', source_id => 'many:' || n)) FROM generate_series(1, 500) n;
SELECT count(*) BETWEEN 60 AND 70 AS few FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
COMMIT;
SELECT * FROM ledger.verify('event');
