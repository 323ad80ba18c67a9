-- error: the codes that functions of the ledger raise or return.

CREATE FUNCTION ledger.errors(OUT code text, OUT name text, OUT meaning text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'ledger_errors'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger.errors() IS
'Every error code (SQLSTATE) of class LG with its name and meaning. Takes no locks.';
REVOKE ALL ON FUNCTION ledger.errors() FROM PUBLIC;
