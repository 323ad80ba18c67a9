-- store: the trigger that keeps backends' caches of settings true.

CREATE FUNCTION ledger_data.forget_cached() RETURNS trigger
	AS 'MODULE_PATHNAME', 'ledger_forget_cached'
	LANGUAGE C;
COMMENT ON FUNCTION ledger_data.forget_cached() IS
'Trigger: tells every backend at commit to read the changed table of settings again.';
REVOKE ALL ON FUNCTION ledger_data.forget_cached() FROM PUBLIC;
