-- What a DBA adds to the tables is honoured, or posting says why it refuses. Each in a transaction that is rolled back.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('store');
SELECT status FROM ledger.post('store', 'world', 'a', 10, 'USD');
SELECT id FROM ledger_data.ledger WHERE name = 'store' \gset

-- Indexes of any kind are kept up to date: looked up through the index alone they agree with the table.
CREATE INDEX store_amount ON ledger_data.entry (amount);
CREATE INDEX store_partial ON ledger_data.entry (position) WHERE amount > 2;
CREATE INDEX store_expression ON ledger_data.entry ((abs(balance)));
CREATE INDEX store_hash ON ledger_data.journal USING hash (reference);
CREATE INDEX store_gin ON ledger_data.journal USING gin (metadata);
CREATE INDEX store_brin ON ledger_data.entry USING brin (recorded_at);
CREATE INDEX store_covering ON ledger_data.balance (ledger_id, address) INCLUDE (asset_id);
CREATE INDEX store_changing ON ledger_data.balance (version);
SELECT count(*) FROM generate_series(1, 20) i, ledger.post('store', 'world', 'a', i, 'USD', reference => 'r' || i,
	metadata => jsonb_build_object('i', i), effective_at => CASE WHEN i % 2 = 0 THEN '2024-01-01'::timestamptz END);
SET enable_seqscan = off;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND amount = 7.00;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND amount > 2 AND position > 0;
SELECT count(*) FROM ledger_data.entry e WHERE ledger_id = :id AND abs(balance) = 220.00;
SELECT count(*) FROM ledger_data.journal j WHERE ledger_id = :id AND reference = 'r20';
SELECT count(*) FROM ledger_data.journal j WHERE ledger_id = :id AND j.metadata @> '{"i": 20}';
SELECT b.address FROM ledger_data.balance b WHERE ledger_id = :id AND b.version = 21 ORDER BY 1;
RESET enable_seqscan;
SELECT * FROM ledger.verify('store');
-- A unique index of one's own is enforced.
BEGIN;
CREATE UNIQUE INDEX store_unique ON ledger_data.entry (amount) WHERE ledger_id = :id AND amount > 900;
SELECT status FROM ledger.post('store', 'world', 'a', 999, 'USD');
SAVEPOINT s;
SELECT ledger.post('store', 'world', 'b', 999, 'USD');
ROLLBACK TO s;
SELECT status FROM ledger.post('store', 'world', 'b', 998, 'USD');
SELECT * FROM ledger.verify('store');
ROLLBACK;
DROP INDEX ledger_data.store_amount, ledger_data.store_partial, ledger_data.store_expression, ledger_data.store_hash,
	ledger_data.store_gin, ledger_data.store_brin, ledger_data.store_covering, ledger_data.store_changing;

-- AFTER row triggers fire, with the row as it was written.
BEGIN;
CREATE TABLE store_log (event text, row_text text);
CREATE FUNCTION store_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO store_log VALUES (TG_OP || ' ' || TG_TABLE_NAME, CASE TG_TABLE_NAME WHEN 'entry'
		THEN to_jsonb(NEW) ->> 'amount' WHEN 'balance' THEN (to_jsonb(OLD) ->> 'inflow') || ' -> ' || (to_jsonb(NEW) ->> 'inflow')
		ELSE to_jsonb(NEW) ->> 'kind' END);
	RETURN NULL;
END
$$;
CREATE TRIGGER store_note AFTER INSERT ON ledger_data.entry FOR EACH ROW EXECUTE FUNCTION store_note();
CREATE TRIGGER store_note AFTER INSERT ON ledger_data.journal FOR EACH ROW EXECUTE FUNCTION store_note();
CREATE TRIGGER store_note AFTER UPDATE ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION store_note();
CREATE TRIGGER store_when AFTER UPDATE ON ledger_data.balance
	FOR EACH ROW WHEN (NEW.inflow > OLD.inflow) EXECUTE FUNCTION store_note();
CREATE CONSTRAINT TRIGGER store_late AFTER INSERT ON ledger_data.entry DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.amount < -1) EXECUTE FUNCTION store_note();
SELECT status FROM ledger.post_transaction('store', '{"(world,a,1,USD)","(a,b,2,USD)"}');
SELECT * FROM store_log ORDER BY event COLLATE "C", row_text COLLATE "C";
TRUNCATE store_log;
SET CONSTRAINTS ALL IMMEDIATE;
SELECT * FROM store_log;
SELECT * FROM ledger.verify('store');
ROLLBACK;
-- Constraints are checked: CHECK, NOT NULL, foreign keys from our tables and to them, also those that are deferred.
BEGIN;
ALTER TABLE ledger_data.entry ADD CONSTRAINT store_small CHECK (ledger_id <> :id OR amount < 500);
SELECT status FROM ledger.post('store', 'world', 'a', 499, 'USD');
SAVEPOINT s;
SELECT split_part(pg_temp.try($$SELECT ledger.post('store', 'world', 'a', 500, 'USD')$$), E'\n', 1);
ROLLBACK TO s;
CREATE TABLE store_order (ledger_id int, position bigint, FOREIGN KEY (ledger_id, position) REFERENCES ledger_data.journal);
SELECT status FROM ledger.post('store', 'world', 'a', 1, 'USD', reference => 'order');
INSERT INTO store_order SELECT ledger_id, position FROM ledger_data.journal WHERE reference = 'order';
CREATE TABLE store_invoice (reference text PRIMARY KEY);
INSERT INTO store_invoice VALUES ('known');
ALTER TABLE ledger_data.journal ADD FOREIGN KEY (reference) REFERENCES store_invoice NOT VALID;
SELECT reference, split_part(pg_temp.try(format('SELECT ledger.post(%L, %L, %L, 1, %L, reference => %L)', 'store', 'world', 'a',
	'USD', reference)), E'\n', 1) FROM unnest(ARRAY['known', 'unknown', NULL]) reference;
ALTER TABLE ledger_data.entry ADD UNIQUE (position, balance_id, version) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ledger_data.balance ALTER COLUMN ceiling SET NOT NULL;
ROLLBACK TO s;
UPDATE ledger_data.balance SET ceiling = 1e10 WHERE ceiling IS NULL;
ALTER TABLE ledger_data.balance ALTER COLUMN ceiling SET NOT NULL;
SELECT split_part(pg_temp.try($$SELECT ledger.post('store', 'world', 'a', 1, 'USD')$$), E'\n', 1),
	split_part(pg_temp.try($$SELECT ledger.post('store', 'world', 'new', 1, 'USD')$$), E'\n', 1);
SELECT * FROM ledger.verify('store');
ROLLBACK;

-- What could change or skip a row, or change its shape, is refused, and says what to do.
CREATE FUNCTION store_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION pg_temp.with(change text) RETURNS TABLE (answer text, try_the_same boolean) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE change;
	answer := pg_temp.try($x$SELECT ledger.post('store', 'world', 'a', 1, 'USD')$x$);
	try_the_same := pg_temp.try($x$SELECT ledger.try_post('store', 'world', 'a', 1, 'USD')$x$) = answer;
	RETURN NEXT;
	RAISE EXCEPTION USING ERRCODE = 'P0001';
EXCEPTION WHEN SQLSTATE 'P0001' THEN
	NULL;
END
$$;
SELECT change, w.* FROM unnest(ARRAY[
	'CREATE TRIGGER store_before BEFORE INSERT ON ledger_data.entry FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_before BEFORE INSERT ON ledger_data.journal FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_before BEFORE UPDATE ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_statement AFTER INSERT ON ledger_data.entry FOR EACH STATEMENT EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_tables AFTER INSERT ON ledger_data.entry REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_column AFTER UPDATE OF version ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE RULE store_rule AS ON INSERT TO ledger_data.journal DO INSTEAD NOTHING',
	'ALTER TABLE ledger_data.entry ENABLE ROW LEVEL SECURITY', 'ALTER TABLE ledger_data.balance ADD COLUMN note text',
		'ALTER TABLE ledger_data.journal ADD COLUMN note text',
	'ALTER TABLE ledger_data.entry ADD COLUMN doubled numeric GENERATED ALWAYS AS (amount * 2) STORED',
		'DROP INDEX ledger_data.journal_reference', 'ALTER INDEX ledger_data.entry_effective RENAME TO other'])
		WITH ORDINALITY c(change, n), pg_temp.with(change) w ORDER BY n;
-- What does not concern posting is no matter: triggers that are disabled or for other events, storage, statistics.
SELECT change, w.* FROM unnest(ARRAY[
	'CREATE TRIGGER store_before BEFORE INSERT ON ledger_data.entry FOR EACH ROW EXECUTE FUNCTION store_change(); ALTER TABLE ledger_data.entry DISABLE TRIGGER store_before',
	'CREATE TRIGGER store_delete BEFORE DELETE ON ledger_data.entry FOR EACH ROW EXECUTE FUNCTION store_change()',
	'CREATE TRIGGER store_insert BEFORE INSERT ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION store_change()',
	'ALTER TABLE ledger_data.balance SET (fillfactor = 50)',
		'CREATE STATISTICS store_statistics ON amount, balance FROM ledger_data.entry',
	'ALTER TABLE ledger_data.journal ALTER COLUMN metadata SET STORAGE EXTERNAL', 'CLUSTER ledger_data.entry USING entry_pkey',
		'REINDEX TABLE ledger_data.balance', 'ALTER TABLE ledger_data.entry ALTER COLUMN amount SET STATISTICS 1000'])
		WITH ORDINALITY c(change, n), pg_temp.with(change) w ORDER BY n;
DROP FUNCTION store_change;
SELECT status FROM ledger.post('store', 'world', 'a', 1, 'USD');
SELECT * FROM ledger.verify('store');
