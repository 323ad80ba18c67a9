-- gate: what the SQL behind the gates needs of C.

CREATE FUNCTION ledger_data.lock_ledger(ledger_id int, exclusive boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_lock_ledger'
	LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION ledger_data.lock_ledger(int, boolean) IS
'Locks a ledger until the end of the transaction: shared with posting, or exclusively.';
REVOKE ALL ON FUNCTION ledger_data.lock_ledger(int, boolean) FROM PUBLIC;
