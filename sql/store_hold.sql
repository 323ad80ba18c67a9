-- What a DBA adds to the table of holds, and to the others while batches write many rows at a time, is honoured, or the call
-- says why it refuses.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('store_hold');
SELECT status FROM ledger.post('store_hold', 'world', 'a', 100, 'USD');
SELECT id FROM ledger_data.ledger WHERE name = 'store_hold' \gset

-- Indexes of any kind are kept up to date: looked up through the index alone they agree with the table.
CREATE INDEX store_amount ON ledger_data.entry (amount);
CREATE INDEX store_partial ON ledger_data.entry (position) WHERE amount > 2;
CREATE INDEX store_expression ON ledger_data.entry ((abs(balance)));
CREATE INDEX store_gin ON ledger_data.journal USING gin (metadata);
CREATE INDEX store_hash ON ledger_data.journal USING hash (reference);
CREATE INDEX store_changing ON ledger_data.balance (version);
CREATE INDEX store_left ON ledger_data.hold ((amount - captured - voided));
CREATE INDEX store_brin ON ledger_data.hold USING brin (hold);
CREATE INDEX store_open ON ledger_data.hold (source_id) WHERE amount > captured + voided;
SELECT status, count(*) FROM ledger.post_batch('store_hold', array_fill('world'::text, '{1000}'),
	ARRAY(SELECT CASE WHEN i % 10 = 0 THEN 'world' ELSE 'b:' || i % 7 END FROM generate_series(1, 1000) i),
	ARRAY(SELECT i FROM generate_series(1, 1000) i), '{USD}', atomic => false,
	reference_names => ARRAY(SELECT 'r' || i FROM generate_series(1, 1000) i),
	metadata => ARRAY(SELECT jsonb_build_object('i', i) FROM generate_series(1, 1000) i),
	effective_times => ARRAY(SELECT CASE WHEN i % 2 = 0 THEN '2024-01-01'::timestamptz END FROM generate_series(1, 1000) i))
GROUP BY 1 ORDER BY 1;
SELECT h.transaction AS parts FROM ledger.hold_transaction('store_hold', '{"(a,b,30,USD)","(a,c,7,USD)","(world,c,7,EUR)"}',
	'2999-01-01') h \gset
SELECT status FROM ledger.capture('store_hold', :parts, amounts => '{11,0,7}', final => false);
SELECT v.status FROM ledger.hold('store_hold', 'a', 'b', 13, 'USD') h, ledger.void('store_hold', h.transaction) v;
SET enable_seqscan = off;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND amount = 777.00;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND amount > 2 AND position > 0;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND abs(balance) = 4.00;
SELECT count(*) FROM ledger_data.journal j WHERE ledger_id = :id AND j.metadata @> '{"i": 999}';
SELECT count(*) FROM ledger_data.journal j WHERE ledger_id = :id AND reference = 'r999';
SELECT b.address FROM ledger_data.balance b WHERE ledger_id = :id AND b.version = 901;
SELECT number, amount, captured FROM ledger_data.hold h WHERE ledger_id = :id AND amount - captured - voided = 19;
SELECT count(*) FROM ledger_data.hold h WHERE ledger_id = :id AND amount - captured - voided = 0;
SELECT number FROM ledger_data.hold h WHERE amount > captured + voided AND ledger_id = :id
	AND source_id = (SELECT b.id FROM ledger_data.balance b WHERE ledger_id = :id AND address = 'a') ORDER BY 1;
RESET enable_seqscan;
SELECT * FROM ledger.verify('store_hold');
-- A unique index of one's own is enforced, also within a batch.
BEGIN;
CREATE UNIQUE INDEX store_unique ON ledger_data.entry (amount) WHERE ledger_id = :id AND amount > 5000;
CREATE UNIQUE INDEX store_once ON ledger_data.hold (source_id) WHERE ledger_id = :id AND amount > captured + voided AND number = 1;
SAVEPOINT s;
SELECT split_part(pg_temp.try($$SELECT ledger.post_batch('store_hold', '{world,world}', '{b,c}', '{5001,5001}', '{USD}')$$),
	E'\n', 1);
SELECT split_part(pg_temp.try($$SELECT ledger.try_hold('store_hold', 'a', 'b', 1, 'USD')$$), E'\n', 1);
SELECT status FROM ledger.void('store_hold', :parts);
SELECT status FROM ledger.try_hold('store_hold', 'a', 'b', 1, 'USD');
SELECT * FROM ledger.verify('store_hold');
ROLLBACK;
DROP INDEX ledger_data.store_amount, ledger_data.store_partial, ledger_data.store_expression, ledger_data.store_gin,
	ledger_data.store_hash, ledger_data.store_changing, ledger_data.store_left, ledger_data.store_brin, ledger_data.store_open;

-- AFTER row triggers fire, with the rows as they were written; constraints are checked.
BEGIN;
CREATE TABLE store_log (n int GENERATED ALWAYS AS IDENTITY, event text, row_text text);
CREATE FUNCTION store_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	r jsonb := to_jsonb(NEW);
BEGIN
	INSERT INTO store_log (event, row_text) VALUES (TG_OP || ' ' || TG_TABLE_NAME, CASE TG_TABLE_NAME
		WHEN 'hold' THEN format('posting %s: %s captured, %s voided of %s', r ->> 'number', r ->> 'captured', r ->> 'voided',
			r ->> 'amount')
		WHEN 'balance' THEN format('%s: %s held in, %s held out', r ->> 'address', r ->> 'held_in', r ->> 'held_out')
		ELSE r ->> 'kind' END);
	RETURN NULL;
END
$$;
CREATE TRIGGER store_note AFTER INSERT OR UPDATE ON ledger_data.hold FOR EACH ROW EXECUTE FUNCTION store_note();
CREATE TRIGGER store_note AFTER UPDATE ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION store_note();
CREATE TRIGGER store_note AFTER INSERT ON ledger_data.journal FOR EACH ROW EXECUTE FUNCTION store_note();
SELECT transaction AS noted FROM ledger.hold_transaction('store_hold', '{"(a,b,3,USD)","(a,c,2,USD)"}') \gset
SELECT status FROM ledger.capture('store_hold', :noted, amounts => '{1,0}', final => false);
SELECT status FROM ledger.void('store_hold', :noted);
SELECT status FROM ledger.post_batch('store_hold', '{world,a}', '{a,b}', '{1,1}', '{USD}');
SELECT event, row_text FROM store_log ORDER BY event COLLATE "C", n;
ALTER TABLE ledger_data.hold ADD CONSTRAINT store_small CHECK (ledger_id <> :id OR amount < 20) NOT VALID;
SELECT split_part(pg_temp.try($$SELECT ledger.hold('store_hold', 'a', 'b', 20, 'USD')$$), E'\n', 1);
SELECT * FROM ledger.verify('store_hold');
ROLLBACK;

-- What could change or skip a row of it, or change its shape, is refused for whatever works on holds; nothing else minds.
CREATE FUNCTION store_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
SELECT transaction AS held FROM ledger.hold('store_hold', 'world', 'd', 3, 'USD') \gset
CREATE FUNCTION pg_temp.with(change text, hold bigint) RETURNS TABLE (hold_it text, capture_it text, void_it text, sweep text,
	post_held text, batch text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	hold_it := split_part(pg_temp.try($x$SELECT ledger.try_hold('store_hold', 'world', 'e', 1, 'USD')$x$), E'\n', 1);
	capture_it := left(pg_temp.try(format('SELECT ledger.try_capture(%L, %s, 1, false)', 'store_hold', hold)), 5);
	void_it := left(pg_temp.try(format('SELECT ledger.void(%L, %s)', 'store_hold', hold)), 5);
	sweep := left(pg_temp.try($x$SELECT ledger.expire_holds('store_hold')$x$), 5);
	post_held := left(pg_temp.try($x$SELECT ledger.post('store_hold', 'world', 'd', 1, 'USD')$x$), 5);
	batch := left(pg_temp.try($x$SELECT ledger.post_batch('store_hold', '{world}', '{d}', '{1}', '{JPY}')$x$), 5);
	RETURN NEXT;
	RAISE EXCEPTION USING ERRCODE = 'P0001';
EXCEPTION WHEN SQLSTATE 'P0001' THEN
	NULL;
END
$$;
SELECT change, w.* FROM unnest(ARRAY[
	'CREATE TRIGGER store_before BEFORE INSERT ON ledger_data.hold FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_before BEFORE UPDATE ON ledger_data.hold FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE RULE store_rule AS ON UPDATE TO ledger_data.hold DO INSTEAD NOTHING',
	'ALTER TABLE ledger_data.hold ENABLE ROW LEVEL SECURITY',
	'ALTER TABLE ledger_data.hold ADD COLUMN note text', 'DROP INDEX ledger_data.hold_source', 'DROP INDEX ledger_data.hold_due',
	'ALTER TABLE ledger_data.hold SET (fillfactor = 50)',
	'CREATE TRIGGER store_delete BEFORE DELETE ON ledger_data.hold FOR EACH ROW EXECUTE FUNCTION store_change()'])
	WITH ORDINALITY c(change, n), pg_temp.with(change, :held) w ORDER BY n;
DROP FUNCTION store_change;
SELECT status FROM ledger.void('store_hold', :held);
SELECT * FROM ledger.verify('store_hold');
