-- check: whether records are what they claim.

CREATE FUNCTION ledger_data.check_records(ledger_id int, after bigint, until bigint, hash boolean,
		OUT records bigint, OUT entries bigint, OUT fault bigint, OUT leaves bytea, OUT kinds text)
	AS 'MODULE_PATHNAME', 'ledger_check_records'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.check_records(int, bigint, bigint, boolean) IS
'Reads the records after a position and up to another with their entries: how many there are, the position of the first whose entries are not right (missing, of another record or time, not following from the one before, not balancing), NULL if there is none, and, if wanted, the leaf of each in a Merkle tree; and the kinds of record that there are.';
REVOKE ALL ON FUNCTION ledger_data.check_records(int, bigint, bigint, boolean) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_chain(ledger_id int, first bigint, last bigint, previous bytea) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_check_chain'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.check_chain(int, bigint, bigint, bytea) IS
'The first record of a strict chain, which begins at a position after this hash, that does not follow the one before or has another hash than it should; NULL if there is none.';
REVOKE ALL ON FUNCTION ledger_data.check_chain(int, bigint, bigint, bytea) FROM PUBLIC;
