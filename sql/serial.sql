-- Serial ledgers: one transaction writes at a time, positions without gaps; producers; statistics; notifications.
\pset format unaligned
SELECT ledger.create_ledger('serial', ordering => 'serial');
SELECT ledger.create_ledger('serial2', 'parallel');
SELECT name, ordering, notify FROM ledger.ledger WHERE name LIKE 'serial%' ORDER BY name;
SELECT ledger.create_ledger('serial3', ordering => 'strict');
SELECT ledger.create_ledger('serial3', ordering => NULL);

-- everything that writes gets the next position
SELECT status, position FROM ledger.post('serial', 'world', 'a', 10, 'EUR');
SELECT status, position FROM ledger.try_post('serial', 'a', 'b', 11, 'EUR');
SELECT ledger.open_account('serial', 'c', floor => -5);
SELECT ledger.freeze('serial', 'c'), ledger.unfreeze('serial', 'c'), ledger.set_limits('serial', 'c', NULL, -6, NULL);
SELECT status, position FROM ledger.post_batch('serial', '{a,a,x}', '{b,c,y}', '{1,2,3}', '{EUR}', atomic => false);
SELECT status, position FROM ledger.hold('serial', 'a', 'b', 2, 'EUR') \gset hold_
SELECT status, position FROM ledger.capture('serial', :hold_position);
SELECT status, position FROM ledger.reverse('serial', 2, amounts => '{1}');
SELECT status, position FROM ledger.append('serial', 'noted', source_id => 's');
-- what is rolled back leaves no gap
BEGIN;
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR');
SAVEPOINT s;
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR');
ROLLBACK TO s;
SELECT status, position FROM ledger.append('serial', 'noted');
ROLLBACK;
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR', idempotency_key => 'k');
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR', idempotency_key => 'k');
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR');
SELECT status, position FROM ledger.post('serial', 'world', 'a', 1, 'EUR');
COMMIT;
SELECT position, kind FROM ledger.journal WHERE ledger = 'serial' ORDER BY position;
SELECT ledger.balance('serial', 'a', 'EUR'), ledger.tail('serial'), ledger.tail('serial', 's');
SELECT count(*), min(position), max(position) FROM ledger.events('serial', 5);
SELECT status, violations[1].found FROM ledger.try_append('serial', 'noted', source_id => 's', conditions => ARRAY[ledger.scope(3, 's')]);
SELECT status FROM ledger.append('serial', 'noted', source_id => 's', conditions => ARRAY[ledger.scope_now('serial', 's')]);

-- a producer reads what it likes, and all or none of what it returns is applied
CREATE FUNCTION public.pay_all(args jsonb) RETURNS jsonb LANGUAGE sql
	RETURN (SELECT jsonb_build_object(
		'transactions', jsonb_agg(jsonb_build_object('postings', jsonb_build_array(jsonb_build_object('source', b.address,
			'destination', args->>'to', 'amount', b.available::text, 'asset', b.asset)), 'tags', jsonb_build_object('source_id', b.address)) ORDER BY b.address),
		'events', jsonb_build_array(jsonb_build_object('event_type', 'paid', 'payload', args, 'source_id', 'all')))
		FROM ledger.balance b WHERE b.ledger = args->>'ledger' AND b.available > 0 AND b.address <> args->>'to');
SELECT status, position, amounts FROM ledger.submit_all('serial', 'public.pay_all(jsonb)', '{"ledger": "serial", "to": "bank"}');
SELECT position, kind, source_id, event_type, payload FROM ledger.journal WHERE ledger = 'serial' AND source_id IS NOT NULL ORDER BY position;
SELECT * FROM ledger.submit_all('serial', 'public.pay_all(jsonb)', '{"ledger": "none", "to": "bank"}') WHERE status <> 'appended';
SELECT status FROM ledger.post('serial2', 'world', 'a', 3, 'EUR');
SELECT status, amounts FROM ledger.submit_all('serial2', 'public.pay_all(jsonb)', '{"ledger": "serial2", "to": "bank"}');
-- what it fails at undoes everything
CREATE FUNCTION public.produce(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	IF args ? 'error' THEN
		PERFORM ledger.post('serial', 'world', 'half', 1, 'EUR');
		RAISE EXCEPTION 'half-way' USING ERRCODE = 'P0042';
	END IF;
	RETURN args->'result';
END $$;
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"error": 1}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"transactions": [
	{"postings": [{"source": "world", "destination": "half", "amount": 1, "asset": "EUR"}]},
	{"postings": [{"source": "half", "destination": "bank", "amount": 2, "asset": "EUR"}]}], "events": [{"event_type": "never"}]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"events": [{"event_type": "never"}, {"type": "x"}]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"events": [{"event_type": 1}]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"events": [{"event_type": ""}]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"events": [1]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"events": {}}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"event": []}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": []}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": 7}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"transactions": [{"postings": [{"source": "world", "destination": "half", "amount": 1, "asset": "EUR"}], "tags": {"source": "x"}}]}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {"transactions": [{"postings": [{"source": "world", "destination": "half", "amount": 1, "asset": "EUR"}], "tags": 1}]}}');
SELECT * FROM ledger.submit_all('serial', 'lower(text)');
SELECT * FROM ledger.submit_all('serial', 'jsonb_agg(anyelement)');
SELECT * FROM ledger.submit_all('serial', NULL);
SELECT * FROM ledger.submit_all('nowhere', 'public.produce(jsonb)');
SELECT * FROM ledger.submit_all(NULL, 'public.produce(jsonb)');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', '{"result": {}}');
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)', NULL);
SELECT count(*) FROM ledger.account WHERE ledger = 'serial' AND address = 'half';
BEGIN READ ONLY;
SELECT * FROM ledger.submit_all('serial', 'public.produce(jsonb)');
ROLLBACK;
-- the lock
BEGIN;
SELECT * FROM ledger.submit_all('serial2', 'public.produce(jsonb)');
SELECT object, mode, granted FROM ledger.locks WHERE ledger = 'serial2' ORDER BY mode;
COMMIT;

-- tags and scopes in JSON
SELECT status FROM ledger.post_json('serial2', '{"postings": [{"source": "world", "destination": "a", "amount": "1", "asset": "EUR"}],
	"tags": {"source_id": "j", "stream_type": "s", "event_type": "e", "correlation_id": "c", "causation_id": null},
	"conditions": [{"kind": "scope", "none": true, "source_id": "j"}]}');
SELECT source_id, stream_type, event_type, correlation_id, causation_id FROM ledger.journal WHERE ledger = 'serial2' AND source_id = 'j';
SELECT status, code, violations[1].scope, violations[1].expected, violations[1].found = ledger.tail('serial2', 'j')::text AS found FROM ledger.try_post_json('serial2', '{"postings": [{"source": "world", "destination": "a", "amount": "1", "asset": "EUR"}],
	"conditions": [{"kind": "scope", "expected": 0, "stream_type": "s", "event_types": ["x", "e"], "exact": false}]}');
SELECT status, code, detail FROM unnest(ARRAY['{"kind": "scope", "expected": "0", "source_id": "j"}', '{"kind": "scope", "expected": 1.5, "source_id": "j"}',
	'{"kind": "scope", "none": 1, "source_id": "j"}', '{"kind": "scope", "none": true, "event_types": "e"}', '{"kind": "scope", "none": true, "event_types": ["e", 1]}',
	'{"kind": "scope", "none": true, "source": "j"}', '{"kind": "scope", "source_id": "j"}', '7']) condition,
	ledger.try_post_json('serial2', jsonb_build_object('postings', '[{"source": "world", "destination": "a", "amount": "1", "asset": "EUR"}]'::jsonb, 'conditions', jsonb_build_array(condition::jsonb)));
SELECT status FROM ledger.post_batch_json('serial2', '[{"postings": [{"source": "world", "destination": "a", "amount": "1", "asset": "EUR"}], "tags": {"source_id": "b1"}},
	{"postings": [{"source": "world", "destination": "a", "amount": "1", "asset": "EUR"}], "tags": {"source_id": "b2"}}]');
SELECT source_id FROM ledger.journal WHERE ledger = 'serial2' AND source_id LIKE 'b%' ORDER BY position;

-- notifications need the library preloaded; statistics are then of all sessions
SELECT ledger.set_notify('serial', NULL);
SELECT ledger.set_notify('nowhere', true);
SELECT ledger.set_notify('serial', false);
SELECT ledger, violations, balance_waits FROM ledger.stats WHERE ledger LIKE 'serial%' ORDER BY ledger;
SELECT * FROM ledger.verify('serial');
-- a gap is found
BEGIN;
SET LOCAL client_min_messages = warning;
ALTER TABLE ledger_data.journal DISABLE TRIGGER append_only;
DELETE FROM ledger_data.journal j USING ledger_data.ledger l WHERE l.name = 'serial' AND j.ledger_id = l.id
	AND j.position = (SELECT min(e.position) FROM ledger_data.journal e WHERE e.ledger_id = l.id AND e.kind = 'e') RETURNING j.position;
SELECT invariant, object, detail FROM ledger.verify('serial');
ROLLBACK;
SELECT * FROM ledger.verify('serial2');
DROP FUNCTION public.pay_all, public.produce;
