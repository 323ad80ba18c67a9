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
	SELECT format('%s ledgers, %s assets, %s accounts, %s balances, %s records, %s entries, %s holds',
		(SELECT count(*) FROM ledger_data.ledger), (SELECT count(*) FROM ledger_data.asset),
		(SELECT count(*) FROM ledger_data.account), (SELECT count(*) FROM ledger_data.balance),
		(SELECT count(*) FROM ledger_data.journal), (SELECT count(*) FROM ledger_data.entry),
		(SELECT count(*) FROM ledger_data.hold))
$$;

-- All that changes while a ledger is used, as one value, to see that nothing was changed.
CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$
	SELECT md5(concat_ws('|', pg_temp.row_counts(),
		(SELECT string_agg(a::text, ',' ORDER BY a.ledger_id, a.address COLLATE "C") FROM ledger_data.account a),
		(SELECT string_agg((b.id, b.status, b.floor, b.ceiling, b.held_in, b.held_out, b.recorded_at, b.version, b.inflow,
			b.outflow)::text, ',' ORDER BY b.id) FROM ledger_data.balance b),
		(SELECT string_agg(h::text, ',' ORDER BY h.ledger_id, h.hold, h.number) FROM ledger_data.hold h)))
$$;

-- Messages without what differs from run to run: numbers of records, times.
CREATE FUNCTION pg_temp.masked(message text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(message, '\m([Tt]ransaction|hold) \d+', '\1 N', 'g'),
		'(expired at|It is) \d{4}-[-0-9:. +]+\.', '\1 T.', 'g')
$$;

-- A call refused in both its forms: what try_X tells, and whether X raises the same.
CREATE FUNCTION pg_temp.refused(function text, arguments text, OUT code text, OUT message text, OUT detail text,
	OUT raised_alike boolean) LANGUAGE plpgsql AS $$
DECLARE
	receipt ledger.receipt;
BEGIN
	EXECUTE format('SELECT * FROM ledger.try_%s(%s)', function, arguments) INTO receipt;
	raised_alike := starts_with(pg_temp.try(format('SELECT ledger.%s(%s)', function, arguments)) || E'\n',
		concat_ws(E'\n', receipt.code || ' ' || receipt.message, receipt.detail) || E'\n');
	code := coalesce(receipt.code, receipt.status);
	message := pg_temp.masked(receipt.message);
	detail := pg_temp.masked(receipt.detail);
END
$$;
