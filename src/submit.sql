-- submit: group posting by a background worker.

CREATE FUNCTION ledger.submit(ledger text, source text, destination text, amount numeric, asset text,
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL, timeout interval DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_submit'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.submit(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags, interval) IS
'Posts as ledger.post does, but together with what other sessions submit at the same time: a background worker applies all of it in one commit, so that one account takes many more posts a second than it has commits. Returns when the commit is durable. It is not part of the caller''s transaction: it stays if that is rolled back, and a transaction with a snapshot of its own does not see it. Arguments and codes: those of ledger.post; a request has at most 16,000 bytes. timeout: how long it may wait to be taken by the worker, after which nothing was posted (55P03); NULL: as long as it takes. A request that is cancelled before it is taken is withdrawn; one that was taken tells its outcome, or that it is not known (LG303): submit it again with the same idempotency key then. A cancellation that comes when the function has returned and the statement has not ended is told as such (57014), although it is posted. The worker sees only what is committed, is subject to the settings of the database, such as lock_timeout, and is who triggers on the ledger''s tables see as the user. Errors besides: 25001 in a transaction that has written to a ledger or locked one, for which the worker would wait; 40P01 the worker waits for a lock of this transaction; 53000 no background worker is free; 54000 too large; 55000 the library is not in shared_preload_libraries. Locks: none in the session; the worker''s are those of ledger.post.';
REVOKE ALL ON FUNCTION ledger.submit(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags, interval) FROM PUBLIC;

CREATE FUNCTION ledger.try_submit(ledger text, source text, destination text, amount numeric, asset text,
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL, timeout interval DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_submit'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_submit(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags, interval) IS
'Posts as ledger.post does, but together with what other sessions submit at the same time: a background worker applies all of it in one commit, so that one account takes many more posts a second than it has commits. Returns when the commit is durable. It is not part of the caller''s transaction: it stays if that is rolled back, and a transaction with a snapshot of its own does not see it. Every refusal, malformed requests included, is a receipt with status rejected and its code, not an error. Arguments and codes: those of ledger.post; a request has at most 16,000 bytes. timeout: how long it may wait to be taken by the worker, after which nothing was posted (55P03); NULL: as long as it takes. A request that is cancelled before it is taken is withdrawn; one that was taken tells its outcome, or that it is not known (LG303): submit it again with the same idempotency key then. A cancellation that comes when the function has returned and the statement has not ended is told as such (57014), although it is posted. The worker sees only what is committed, is subject to the settings of the database, such as lock_timeout, and is who triggers on the ledger''s tables see as the user. Errors besides: 25001 in a transaction that has written to a ledger or locked one, for which the worker would wait; 40P01 the worker waits for a lock of this transaction; 53000 no background worker is free; 54000 too large; 55000 the library is not in shared_preload_libraries. Locks: none in the session; the worker''s are those of ledger.post.';
REVOKE ALL ON FUNCTION ledger.try_submit(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags, interval) FROM PUBLIC;
