-- producer: what a function decides while nobody else writes.

CREATE FUNCTION ledger.submit_all(ledger text, producer regprocedure, args jsonb DEFAULT '{}') RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_submit_all'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.submit_all(text, regprocedure, jsonb) IS
'Locks the ledger so that nobody else writes to it until the end of the transaction, calls the producer, and applies what it returns: all or nothing. producer: a function of one jsonb argument, which it is given args for, that returns jsonb, such as ''pay_out(jsonb)''; it runs with the caller''s rights, reads what it likes, and returns {"transactions": [...], "events": [...]}: transactions as ledger.post_json takes them, events as objects with the attributes of ledger.event; NULL for nothing. Returns a receipt for each, transactions first. Errors: those of ledger.post_json and ledger.append, with the item''s number; LG107 what it returned is not of the expected form; 22023 not a producer; 22004 NULL; 25006 read-only; 42501 no right "post", or none to call the producer; and the producer''s own. Locks: the ledger, exclusively, then as ledger.post.';
REVOKE ALL ON FUNCTION ledger.submit_all(text, regprocedure, jsonb) FROM PUBLIC;
