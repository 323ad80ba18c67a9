-- progress: how far long work has come.

CREATE FUNCTION ledger_data.work()
	RETURNS TABLE (pid int, ledger_id int, command text, started_at timestamptz, done bigint, refused bigint)
	AS 'MODULE_PATHNAME', 'ledger_work'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger_data.work() IS 'Every piece of long work in this database.';
REVOKE ALL ON FUNCTION ledger_data.work() FROM PUBLIC;

CREATE FUNCTION ledger_data.begin_work(ledger_id int, command text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_begin_work'
	LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION ledger_data.begin_work(int, text) IS 'Shows that this session has begun such a piece of work.';
REVOKE ALL ON FUNCTION ledger_data.begin_work(int, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.end_work() RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_end_work'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger_data.end_work() IS 'Shows it no longer.';
REVOKE ALL ON FUNCTION ledger_data.end_work() FROM PUBLIC;

CREATE VIEW ledger.progress WITH (security_barrier) AS
	SELECT w.pid, l.name AS ledger, w.command, w.done, w.refused,
			round(w.done / greatest(extract(epoch FROM clock_timestamp() - w.started_at), 0.001)) AS rate, w.started_at
		FROM ledger_data.work() w LEFT JOIN ledger_data.ledger l ON l.id = w.ledger_id
		WHERE ledger_data.may(coalesce(l.id, 0), 1::smallint);
COMMENT ON VIEW ledger.progress IS
'Long work now: the session''s process number, the ledger (NULL while an import makes it), command (post_from, load, seal, verify, export or import), done: rows or records read so far, refused: how many of them were, rate: rows a second, started_at. Of all sessions if the library is in shared_preload_libraries, else of this session only.';
