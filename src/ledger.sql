-- ledger: the table of ledgers, and the trigger that keeps backends' caches of settings true.

CREATE FUNCTION ledger_data.forget_cached() RETURNS trigger
	AS 'MODULE_PATHNAME', 'ledger_forget_cached'
	LANGUAGE C;
COMMENT ON FUNCTION ledger_data.forget_cached() IS
'Trigger: tells every backend at commit to read the changed table of settings again.';
REVOKE ALL ON FUNCTION ledger_data.forget_cached() FROM PUBLIC;

CREATE SEQUENCE ledger_data.ledger_id AS int;
COMMENT ON SEQUENCE ledger_data.ledger_id IS 'Numbers of ledgers.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.ledger_id', '');

CREATE TABLE ledger_data.ledger (
	id int NOT NULL PRIMARY KEY,
	name text COLLATE "C" NOT NULL,
	auto_open boolean NOT NULL,
	serial boolean NOT NULL,
	notify boolean NOT NULL DEFAULT false,
	hashing "char" NOT NULL,
	position_base bigint NOT NULL DEFAULT 0,
	chain_start bytea NOT NULL DEFAULT '',
	metadata jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	CONSTRAINT ledger_name_key UNIQUE (name)
);
COMMENT ON TABLE ledger_data.ledger IS
'Ledgers: independent sets of accounts, each with its own journal and rights.';
COMMENT ON COLUMN ledger_data.ledger.auto_open IS
'Whether unknown accounts are opened on first use.';
COMMENT ON COLUMN ledger_data.ledger.hashing IS
'How records are chained: s strict, e sealed, o off.';
COMMENT ON COLUMN ledger_data.ledger.position_base IS
'Added to the numbers drawn for positions, so that they go on after those that the ledger gave itself or brought along.';
COMMENT ON COLUMN ledger_data.ledger.chain_start IS
'What the first record of a strict chain follows: the hash of the last block then; empty: 32 zero bytes.';
COMMENT ON COLUMN ledger_data.ledger.notify IS
'Whether listeners are told of new records; see ledger.set_notify.';
COMMENT ON COLUMN ledger_data.ledger.serial IS
'Whether one transaction writes at a time, so that positions have no gaps and are in the order of commits.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.ledger', '');

CREATE TRIGGER forget_cached AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ledger_data.ledger
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_data.forget_cached();
ALTER TABLE ledger_data.ledger ENABLE ALWAYS TRIGGER forget_cached;
COMMENT ON TRIGGER forget_cached ON ledger_data.ledger IS 'Keeps the caches of all backends true.';
-- a subscription's apply worker fires triggers for rows only
CREATE TRIGGER forget_replicated AFTER INSERT OR UPDATE OR DELETE ON ledger_data.ledger
	FOR EACH ROW EXECUTE FUNCTION ledger_data.forget_cached();
ALTER TABLE ledger_data.ledger ENABLE REPLICA TRIGGER forget_replicated;
COMMENT ON TRIGGER forget_replicated ON ledger_data.ledger IS 'The same for rows that logical replication brings.';
