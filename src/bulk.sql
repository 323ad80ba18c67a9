-- bulk: posting whatever a query returns.

CREATE TYPE ledger.bulk_receipt AS (
	rows bigint,
	posted bigint,
	replayed bigint,
	refused bigint
);
COMMENT ON TYPE ledger.bulk_receipt IS
'What became of the rows of a query: how many there were, how many were posted, had been posted before under their idempotency keys, and were refused.';

CREATE FUNCTION ledger.post_from(ledger text, query text, batch_size int DEFAULT 8192, on_refused text DEFAULT 'stop',
		refused_table regclass DEFAULT NULL)
	RETURNS ledger.bulk_receipt
	AS 'MODULE_PATHNAME', 'ledger_post_from'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.post_from(text, text, int, text, regclass) IS
'Posts every row that a query returns, in order, as a transaction of one posting, in the caller''s transaction. query: runs with the caller''s rights; its columns are found by name: source, destination, asset (text), amount (numeric or integer) and, if wanted, idempotency_key, reference (text), effective_at (timestamptz), metadata (jsonb), all as of ledger.post; other names or types are an error before the first row (LG116). batch_size: rows posted at a time, 1 to 100,000; memory depends on it, not on the number of rows. Balances are kept locked and written once at the end (30,000 at a time), unless the query has volatile functions other than PostgreSQL''s own, which could look at them: then after each batch. on_refused: stop, a refused row is an error that tells its number, and nothing is posted; skip, it has no effect and is counted; collect, it is added to refused_table besides, a table of the caller''s with columns row_number and code and, if wanted, message, detail, source, destination, amount, asset, idempotency_key, reference, effective_at, metadata. The work shows in ledger.progress, and in a NOTICE every five seconds. Errors: those of ledger.post; LG116 query; 22023 arguments; 22004 NULL; 25006 read-only; 42501 no right "post"; 42703 refused_table; and the query''s own. Locks: those of ledger.post_batch, batch by batch, all until the end of the transaction: so it can deadlock with others (40P01).';
REVOKE ALL ON FUNCTION ledger.post_from(text, text, int, text, regclass) FROM PUBLIC;

CREATE PROCEDURE ledger.load(ledger text, query text, batch_size int DEFAULT 8192, commit_every int DEFAULT 1,
		on_refused text DEFAULT 'stop', refused_table regclass DEFAULT NULL, INOUT rows bigint DEFAULT NULL,
		INOUT posted bigint DEFAULT NULL, INOUT replayed bigint DEFAULT NULL, INOUT refused bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'ledger_load'
	LANGUAGE C;
COMMENT ON PROCEDURE ledger.load(text, text, int, int, text, regclass, bigint, bigint, bigint, bigint) IS
'Posts every row that a query returns as ledger.post_from does, but commits after every so many batches (commit_every), so that locks are short and what is done stays done. Each row needs an idempotency_key: after a crash or an error the same call goes on where it ended, rows posted before are counted as replayed. The rows of the query are kept in temporary files from the first commit on. Returns how many rows there were, were posted, had been posted before, were refused. Errors: 25001 inside a transaction; LG116 no idempotency_key; and those of ledger.post_from. Locks: those of ledger.post_batch, until the next commit.';
REVOKE ALL ON PROCEDURE ledger.load(text, text, int, int, text, regclass, bigint, bigint, bigint, bigint) FROM PUBLIC;
