-- Included by every regression test: settings for output that is the same everywhere, and helpers.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset null '-'

-- How a command ends: "ok", or the error as a client sees it, in lines.
CREATE FUNCTION pg_temp.try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', SQLSTATE || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- Rows in each table that holds what a ledger is made of, to see that nothing was left behind.
CREATE FUNCTION pg_temp.row_counts() RETURNS text LANGUAGE sql AS $$
	SELECT format('%s ledgers, %s assets, %s accounts, %s balances, %s records, %s entries',
		(SELECT count(*) FROM ledger_data.ledger), (SELECT count(*) FROM ledger_data.asset),
		(SELECT count(*) FROM ledger_data.account), (SELECT count(*) FROM ledger_data.balance),
		(SELECT count(*) FROM ledger_data.journal), (SELECT count(*) FROM ledger_data.entry))
$$;
