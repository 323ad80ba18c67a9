-- run: a statement in transactions of its own, until one succeeds.

CREATE PROCEDURE ledger.run(statement text, isolation text DEFAULT 'read committed', attempts int DEFAULT 10,
		backoff interval DEFAULT '10 ms', INOUT tries int DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'ledger_run'
	LANGUAGE C;
COMMENT ON PROCEDURE ledger.run(text, text, int, interval, int) IS
'Runs a statement in a transaction of its own, at a level (read committed, repeatable read, serializable), and again on 40001, 40P01 and 55P03, after a pause of backoff that doubles each time up to ten seconds and varies at random; gives up after so many attempts with the last error, unchanged, as any other error is at once. tries: how many it took. The statement runs with the caller''s rights and must not begin or end transactions. Errors: 25001 inside a transaction, 22004 NULL, 22023 arguments, and the statement''s own.';
REVOKE ALL ON PROCEDURE ledger.run(text, text, int, interval, int) FROM PUBLIC;
