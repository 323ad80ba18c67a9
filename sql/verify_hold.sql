-- verify() and holds: whatever of them, or of a forced reversal, is tampered with, it finds. Each time a superuser switches
-- the triggers off, breaks something, looks, and rolls back.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('verify_hold');
SELECT status FROM ledger.post_transaction('verify_hold', '{"(world,alice,100,USD)","(world,alice,500,JPY)"}');
-- Holds by name: one open, one of two postings captured in part and then finally, one voided, one expired, one swept.
CREATE TEMP TABLE held (name text, hold bigint);
INSERT INTO held SELECT 'open', transaction FROM ledger.hold('verify_hold', 'alice', 'bob', 10, 'USD', '2999-01-01');
INSERT INTO held SELECT 'captured', transaction
	FROM ledger.hold_transaction('verify_hold', '{"(alice,bob,20,USD)","(alice,bob,100,JPY)"}');
INSERT INTO held SELECT 'voided', transaction FROM ledger.hold('verify_hold', 'alice', 'carol', 5, 'USD');
INSERT INTO held SELECT 'swept', transaction
	FROM ledger.hold('verify_hold', 'alice', 'carol', 7, 'USD', clock_timestamp() + interval '0.1 s');
SELECT pg_sleep(0.15);
SELECT ledger.expire_holds('verify_hold');
INSERT INTO held SELECT 'expired', transaction
	FROM ledger.hold('verify_hold', 'alice', 'carol', 3, 'USD', clock_timestamp() + interval '0.1 s');
SELECT status FROM held, ledger.capture('verify_hold', hold, amounts => '{8,0}', final => false) WHERE name = 'captured';
SELECT status FROM held, ledger.capture('verify_hold', hold, amounts => '{2,60}') WHERE name = 'captured';
SELECT status FROM held, ledger.void('verify_hold', hold) WHERE name = 'voided';
-- And a balance below its floor, where a forced reversal has taken it.
SELECT transaction AS spent FROM ledger.post('verify_hold', 'world', 'dave', 4, 'USD') \gset
SELECT status FROM ledger.post('verify_hold', 'dave', 'carol', 4, 'USD');
SELECT status FROM ledger.reverse('verify_hold', :spent, force => true);
SELECT pg_sleep(0.15);
-- Clean.
SELECT * FROM ledger.verify('verify_hold');
SELECT name, number, amount, captured, voided, "left", status FROM ledger.hold JOIN held USING (hold) ORDER BY hold, number;

CREATE FUNCTION pg_temp.ledger_id() RETURNS int LANGUAGE sql STABLE AS $$
	SELECT id FROM ledger_data.ledger WHERE name = 'verify_hold' $$;
CREATE FUNCTION pg_temp.named(name text) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT hold FROM held h WHERE h.name = $1 $$;
CREATE FUNCTION pg_temp.steady_holds(line text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	h record;
BEGIN
	FOR h IN SELECT * FROM held LOOP
		line := regexp_replace(line, '\mhold ' || h.hold || '\M', 'hold "' || h.name || '"', 'g');
	END LOOP;
	RETURN regexp_replace(line, '\m(transaction|balance|hold) \d+', '\1 N', 'g');
END
$$;
CREATE FUNCTION pg_temp.tamper(commands text) RETURNS TABLE (found text) LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE ledger_data.journal DISABLE TRIGGER ALL;
	ALTER TABLE ledger_data.entry DISABLE TRIGGER ALL;
	EXECUTE replace(replace(commands, 'THIS', 'ledger_id = pg_temp.ledger_id()'), 'hold_of',
		'ledger_id = pg_temp.ledger_id() AND hold = pg_temp.named');
	RETURN QUERY SELECT f.line FROM (SELECT pg_temp.steady_holds(concat_ws(' | ', v.invariant, v.object, v.detail))
		FROM ledger.verify('verify_hold') v) f(line) ORDER BY f.line COLLATE "C";
	RAISE EXCEPTION USING ERRCODE = 'P0001';
EXCEPTION WHEN SQLSTATE 'P0001' THEN
	NULL;
END
$$;
\t on
-- What is held on a balance, of either side
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET held_out = held_out + 1 WHERE THIS AND address = 'alice' AND held_out > 0$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET held_in = 0.00 WHERE THIS AND address = 'bob' AND held_in > 0$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET held_in = 1.00 WHERE THIS AND address = 'dave'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET held_out = 10.000 WHERE THIS AND address = 'alice' AND held_out > 0$$);
-- What was held, captured, set free
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET amount = amount + 1 WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET captured = captured + 1 WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET voided = amount, due = NULL WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET captured = captured + 1, voided = voided - 1
	WHERE hold_of('captured') AND number = 1$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET captured = captured + 1 WHERE hold_of('captured') AND number = 2$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET voided = 0 WHERE hold_of('voided')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET captured = amount, voided = 0 WHERE hold_of('voided')$$);
-- ... in agreement with the balances
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET amount = amount + 1 WHERE hold_of('open');
	UPDATE ledger_data.balance SET held_out = held_out + 1 WHERE THIS AND address = 'alice' AND held_out > 0;
	UPDATE ledger_data.balance SET held_in = held_in + 1 WHERE THIS AND address = 'bob' AND held_in > 0$$);
-- Other sides, other times, other fates
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET source_id = destination_id, destination_id = source_id WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET due = NULL WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET due = '2999-01-02' WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET due = '2999-01-02' WHERE hold_of('captured')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET expired = true WHERE hold_of('voided')$$);
-- A row that is gone, one that was invented
SELECT pg_temp.tamper($$DELETE FROM ledger_data.hold WHERE hold_of('open')$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.hold WHERE hold_of('captured') AND number = 2$$);
SELECT pg_temp.tamper($$INSERT INTO ledger_data.hold
	SELECT ledger_id, number + 1, hold, source_id, destination_id, scale, expired, expires_at, due, amount, captured, voided
	FROM ledger_data.hold WHERE hold_of('voided')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.hold SET number = 3 WHERE hold_of('captured') AND number = 2$$);
-- The journal: a hold's record, a capture's, a void's; what they say, and of which hold
SELECT pg_temp.tamper($$DELETE FROM ledger_data.journal
	WHERE THIS AND position = pg_temp.named('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = jsonb_set(payload, '{postings,0,amount}', '"11.00"')
	WHERE THIS AND position = pg_temp.named('open')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = '{"postings": []}'
	WHERE THIS AND position = pg_temp.named('voided')$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.journal
	WHERE THIS AND kind = 'v' AND related = pg_temp.named('voided')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = NULL
	WHERE THIS AND kind = 'v' AND related = pg_temp.named('voided')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = payload - 'expired'
	WHERE THIS AND kind = 'v' AND related = pg_temp.named('swept')$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = NULL WHERE THIS AND kind = 'c' AND payload IS NOT NULL$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET related = pg_temp.named('open')
	WHERE THIS AND kind = 'c' AND payload IS NULL$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET kind = 't', related = NULL WHERE THIS AND kind = 'c' AND payload IS NULL$$);
-- A floor passed by what was not forced
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET payload = NULL WHERE THIS AND kind = 'r'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET floor = 90 WHERE THIS AND address = 'alice' AND held_out > 0$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET ceiling = 20.50 WHERE THIS AND address = 'bob' AND held_in > 0$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET ceiling = 19.50 WHERE THIS AND address = 'bob' AND held_in > 0$$);
\t off
SELECT count(*) AS faults FROM ledger.verify('verify_hold');
