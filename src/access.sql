-- access: rights of roles on ledgers.

CREATE TABLE ledger_data.access (
	ledger_id int NOT NULL,
	role regrole NOT NULL,
	level smallint NOT NULL CHECK (level BETWEEN 1 AND 3),
	PRIMARY KEY (ledger_id, role)
);
COMMENT ON TABLE ledger_data.access IS
'Rights given with ledger.grant_access; they follow role membership.';
COMMENT ON COLUMN ledger_data.access.ledger_id IS 'The ledger, or 0 for every ledger.';
COMMENT ON COLUMN ledger_data.access.level IS '1 read, 2 post, 3 admin; each includes those before it.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.access', '');

CREATE TRIGGER forget_cached AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ledger_data.access
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_data.forget_cached();
ALTER TABLE ledger_data.access ENABLE ALWAYS TRIGGER forget_cached;
COMMENT ON TRIGGER forget_cached ON ledger_data.access IS 'Keeps the caches of all backends true.';
-- a subscription's apply worker fires triggers for rows only
CREATE TRIGGER forget_replicated AFTER INSERT OR UPDATE OR DELETE ON ledger_data.access
	FOR EACH ROW EXECUTE FUNCTION ledger_data.forget_cached();
ALTER TABLE ledger_data.access ENABLE REPLICA TRIGGER forget_replicated;
COMMENT ON TRIGGER forget_replicated ON ledger_data.access IS 'The same for rows that logical replication brings.';

CREATE FUNCTION ledger_data.may(ledger_id int, level smallint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_may'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.may(int, smallint) IS
'Whether the current user has a right (1 read, 2 post, 3 admin) on a ledger (0: on all). Takes no locks.';
REVOKE ALL ON FUNCTION ledger_data.may(int, smallint) FROM PUBLIC;
