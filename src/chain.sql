-- chain: records that are not postings, and where they go.

CREATE FUNCTION ledger_data.record(ledger_id int, kind "char", payload jsonb, begins boolean DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_record'
	LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION ledger_data.record(int, "char", jsonb, boolean) IS
'Appends a journal record that has no entries and returns its position; the caller has the ledger locked for writing. In a strict ledger, locks the end of the chain; begins: it is the first of a chain.';
REVOKE ALL ON FUNCTION ledger_data.record(int, "char", jsonb, boolean) FROM PUBLIC;
