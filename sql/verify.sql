-- verify() finds whatever was tampered with, and says where. Each time a superuser switches the triggers off, breaks
-- something, looks, and rolls back.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('verify'), ledger.create_ledger('verify2');
-- world is kept in one row here, as its version and its sums are looked at
SELECT ledger.set_stripes('verify', 'world', NULL, 1);
SELECT ledger.open_account('verify', 'credit', 'USD', -100, 50);
SELECT status FROM ledger.post('verify', 'world', 'alice', 100, 'USD');
SELECT status FROM ledger.post_transaction('verify', '{"(alice,bob,30,USD)","(bob,carol,10,USD)","(alice,credit,5,USD)"}',
	effective_at => '2024-01-01');
SELECT status FROM ledger.post('verify', 'alice', 'bob', 0.5, 'USD');
SELECT status FROM ledger.post('verify', 'world', 'alice', 7, 'EUR');
SELECT status FROM ledger.post('verify2', 'world', 'alice', 1, 'USD');
-- Clean: no row, and a notice of what was looked at.
SET client_min_messages = notice;
SELECT * FROM ledger.verify('verify');
SELECT count(*) FROM ledger.verify('verify2');
SET client_min_messages = warning;
SELECT pg_temp.try($$SELECT ledger.verify('nowhere')$$);

-- Helpers: rows by name, positions as n-th transaction, times left out.
CREATE FUNCTION pg_temp.ledger_id() RETURNS int LANGUAGE sql STABLE AS $$ SELECT id FROM ledger_data.ledger WHERE name = 'verify' $$;
CREATE FUNCTION pg_temp.balance_id(address text, asset text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT b.id FROM ledger_data.balance b JOIN ledger_data.asset a ON a.id = b.asset_id WHERE b.ledger_id = pg_temp.ledger_id()
		AND b.address = $1 AND a.code = $2 $$;
CREATE FUNCTION pg_temp.nth(n int) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT position FROM ledger_data.journal WHERE ledger_id = pg_temp.ledger_id() AND kind = 't'
		ORDER BY position LIMIT 1 OFFSET n - 1 $$;
CREATE TEMP TABLE place AS SELECT pg_temp.nth(n) AS position, n FROM generate_series(1, 4) n;
CREATE FUNCTION pg_temp.steady(line text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT * FROM place LOOP
		line := regexp_replace(line, '\mtransaction ' || p.position || '\M', 'transaction #' || p.n, 'g');
		line := regexp_replace(line, '\mfollows ' || p.position || '\M', 'follows #' || p.n, 'g');
	END LOOP;
	-- what is left of numbers and times
	RETURN regexp_replace(regexp_replace(line, 'recorded [-0-9:. +]+ follows (-infinity|[-0-9:. +]+)\.', 'recorded ...'),
		'balance \d+( |$)', 'balance N\1', 'g');
END
$$;
-- Runs commands with all triggers of our tables off, shows what verify says, and undoes it all.
CREATE FUNCTION pg_temp.tamper(commands text) RETURNS TABLE (found text) LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE ledger_data.journal DISABLE TRIGGER ALL;
	ALTER TABLE ledger_data.entry DISABLE TRIGGER ALL;
	EXECUTE replace(replace(commands, 'THIS', 'ledger_id = pg_temp.ledger_id()'), 'entry_of',
		'ledger_id = pg_temp.ledger_id() AND balance_id = pg_temp.balance_id');
	RETURN QUERY SELECT f.line FROM (SELECT pg_temp.steady(concat_ws(' | ', v.ledger_name, v.invariant, v.object, v.detail))
			FROM unnest(ARRAY['verify', 'verify2']) l, ledger.verify(l) v) f(line) ORDER BY f.line COLLATE "C";
	RAISE EXCEPTION USING ERRCODE = 'P0001';
EXCEPTION WHEN SQLSTATE 'P0001' THEN
	NULL;
END
$$;

\t on
-- An amount
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET amount = amount + 1 WHERE entry_of('bob', 'USD') AND version = 1$$);
-- ... with the running balances after it
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET amount = CASE version WHEN 1 THEN amount + 1 ELSE amount END, balance = balance + 1 WHERE entry_of('bob', 'USD')$$);
-- ... and the balance
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET amount = CASE version WHEN 1 THEN amount + 1 ELSE amount END, balance = balance + 1 WHERE entry_of('bob', 'USD');
	UPDATE ledger_data.balance SET inflow = inflow + 1 WHERE THIS AND address = 'bob'$$);
-- ... and the other side, and its balance: then all agrees, and only a hash could tell.
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET amount = CASE version WHEN 1 THEN amount + 1 ELSE amount END, balance = balance + 1 WHERE entry_of('bob', 'USD');
	UPDATE ledger_data.entry SET amount = CASE version WHEN 2 THEN amount - 1 ELSE amount END, balance = balance - CASE WHEN version > 1 THEN 1 ELSE 0 END WHERE entry_of('alice', 'USD');
	UPDATE ledger_data.balance SET inflow = inflow + 1 WHERE THIS AND address = 'bob'; UPDATE ledger_data.balance SET outflow = outflow + 1 WHERE THIS AND address = 'alice' AND version > 1$$);
-- A running balance
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET balance = balance + 0.01 WHERE entry_of('alice', 'USD') AND version = 3$$);
-- A balance: inflow, outflow, both, version
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET inflow = inflow + 1 WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET outflow = outflow + 1 WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET inflow = inflow + 1, outflow = outflow + 1 WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET version = version + 1 WHERE THIS AND address = 'bob'$$);
-- Money moved from one balance to another without a posting: sums agree, entries do not
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET inflow = inflow + 1 WHERE THIS AND address = 'bob'; UPDATE ledger_data.balance SET outflow = outflow + 1 WHERE THIS AND address = 'carol'$$);
-- An entry deleted: the last, one in the middle, the only one
SELECT pg_temp.tamper($$DELETE FROM ledger_data.entry WHERE entry_of('bob', 'USD') AND version = 3$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.entry WHERE entry_of('bob', 'USD') AND version = 2$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.entry WHERE entry_of('carol', 'USD')$$);
-- A gap in the versions
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET version = 4 WHERE entry_of('bob', 'USD') AND version = 3$$);
-- An entry invented, of another transaction, of another time
SELECT pg_temp.tamper($$INSERT INTO ledger_data.entry (ledger_id, balance_id, version, position, recorded_at, amount, balance)
	SELECT ledger_id, balance_id, 4, position, recorded_at, 1, balance + 1 FROM ledger_data.entry WHERE entry_of('bob', 'USD') AND version = 3$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET position = pg_temp.nth(1) WHERE entry_of('bob', 'USD') AND version = 3$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET recorded_at = recorded_at - interval '1 day' WHERE entry_of('bob', 'USD') AND version = 3$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET effective_at = '2001-01-01' WHERE entry_of('bob', 'USD') AND version = 1$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET effective_at = '2001-01-01' WHERE entry_of('bob', 'USD') AND version = 3$$);
-- A journal record deleted, its times or legs changed, its legs mangled
SELECT pg_temp.tamper($$DELETE FROM ledger_data.journal WHERE THIS AND position = pg_temp.nth(2)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET recorded_at = recorded_at + interval '1 second' WHERE THIS AND position = pg_temp.nth(1)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET effective_at = NULL WHERE THIS AND position = pg_temp.nth(2)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET legs = (SELECT legs FROM ledger_data.journal WHERE THIS AND position = pg_temp.nth(1)) WHERE THIS AND position = pg_temp.nth(3)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET legs = NULL WHERE THIS AND position = pg_temp.nth(3)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET legs = '' WHERE THIS AND position = pg_temp.nth(3)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET legs = legs || legs WHERE THIS AND position = pg_temp.nth(4)$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.journal SET legs = '\xffffff' WHERE THIS AND position = pg_temp.nth(3)$$);
-- A floor or ceiling that the balance has passed
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET floor = 20 WHERE THIS AND address = 'carol'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET ceiling = 4.99 WHERE THIS AND address = 'credit'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET held_out = 11.00 WHERE THIS AND address = 'carol'$$);
-- Statuses that differ, a closed account with money, a number of balances that is wrong, a balance or account that is gone
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET status = 'f' WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.account SET status = 'f' WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.account SET status = 'c' WHERE THIS AND address = 'bob'; UPDATE ledger_data.balance SET status = 'c' WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.account SET assets = 5 WHERE THIS AND address = 'bob'$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.account WHERE THIS AND address = 'carol'$$);
SELECT pg_temp.tamper($$DELETE FROM ledger_data.balance WHERE THIS AND address = 'carol'$$);
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET address = 'mallory' WHERE THIS AND address = 'carol'$$);
-- A balance in another asset than its entries were posted in
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET asset_id = 978 WHERE THIS AND address = 'carol'$$);
-- Amounts finer than the asset, on both sides alike
SELECT pg_temp.tamper($$UPDATE ledger_data.entry SET amount = 7.001, balance = 7.001 WHERE entry_of('alice', 'EUR'); UPDATE ledger_data.entry SET amount = -7.001, balance = -7.001 WHERE entry_of('world', 'EUR');
	UPDATE ledger_data.balance SET inflow = 7.001 WHERE THIS AND id = pg_temp.balance_id('alice', 'EUR'); UPDATE ledger_data.balance SET outflow = 7.001 WHERE THIS AND id = pg_temp.balance_id('world', 'EUR')$$);
-- In another ledger
SELECT pg_temp.tamper($$UPDATE ledger_data.balance SET inflow = inflow + 1 FROM ledger_data.ledger l WHERE l.id = ledger_id AND l.name = 'verify2' AND address = 'alice'$$);
\t off
SELECT count(*) AS faults FROM ledger.verify('verify');
