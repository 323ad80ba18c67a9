-- Posting what a query returns: post_from in the caller's transaction, load in its own.
\pset format unaligned
\set SHOW_CONTEXT never
SELECT ledger.create_ledger('bulk');
CREATE TABLE public.staging (n int PRIMARY KEY, source text, destination varchar(40), amount numeric, asset text,
	idempotency_key text, reference text, effective_at timestamptz, metadata jsonb);
INSERT INTO public.staging SELECT n, 'world', 'users:' || n % 7, n, 'EUR', 'key ' || n, CASE WHEN n % 3 = 0 THEN 'ref ' || n END,
	CASE WHEN n % 2 = 0 THEN timestamptz '2020-01-01 00:00+00' + n * interval '1 day' END, jsonb_build_object('n', n) FROM generate_series(1, 50) n;

-- every column, in batches of any size
SELECT * FROM ledger.post_from('bulk', 'SELECT source, destination, amount, asset, idempotency_key, reference, effective_at, metadata FROM public.staging ORDER BY n', batch_size => 7);
SELECT count(*), count(reference), count(*) FILTER (WHERE effective_at <> recorded_at), sum((metadata->>'n')::int) FROM ledger.journal WHERE ledger = 'bulk' AND kind = 'transaction';
SELECT idempotency_key = 'key ' || (metadata->>'n') AS in_order, count(*) FROM (SELECT * FROM ledger.journal WHERE ledger = 'bulk' AND kind = 'transaction' ORDER BY position) j GROUP BY 1;
SELECT sum(balance) FROM ledger.balances('bulk', 'users:*');
-- the same again has no effect
SELECT * FROM ledger.post_from('bulk', 'SELECT source, destination, amount, asset, idempotency_key, reference, effective_at, metadata FROM public.staging ORDER BY n', batch_size => 20);
-- integers of every size, other queries, none
SELECT * FROM ledger.post_from('bulk', $$SELECT 'world' AS source, 'ints' AS destination, 1::smallint AS amount, 'EUR' AS asset$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT 'world' AS source, 'ints' AS destination, 2::int AS amount, 'EUR' AS asset$$);
SELECT * FROM ledger.post_from('bulk', $$WITH w AS (SELECT 3::bigint AS amount) SELECT 'world' AS source, 'ints' AS destination, amount, 'EUR' AS asset FROM w$$);
CREATE VIEW public.staged AS VALUES ('world'::text, 'ints'::text, 4, 'EUR'::text);
ALTER VIEW public.staged RENAME column1 TO source; ALTER VIEW public.staged RENAME column2 TO destination; ALTER VIEW public.staged RENAME column3 TO amount; ALTER VIEW public.staged RENAME column4 TO asset;
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged');
SELECT ledger.balance('bulk', 'ints', 'EUR');
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged LIMIT 0');

-- the caller's transaction
BEGIN;
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged');
ROLLBACK;
SELECT ledger.balance('bulk', 'ints', 'EUR');

-- refused rows: stop
\set bad '$$SELECT CASE WHEN n % 4 = 0 THEN ''poor'' ELSE ''world'' END AS source, CASE WHEN n = 7 THEN ''a b'' ELSE ''rich'' END AS destination, CASE WHEN n <> 9 THEN n END AS amount, ''EUR'' AS asset, ''bad '' || n AS idempotency_key FROM generate_series(1, 10) n$$'
SELECT * FROM ledger.post_from('bulk', :bad, batch_size => 3);
SELECT * FROM ledger.post_from('bulk', :bad || ' LIMIT 3', batch_size => 3);
SELECT * FROM ledger.post_from('bulk', :bad || ' OFFSET 4', batch_size => 2);
-- skip
SELECT * FROM ledger.post_from('bulk', :bad, batch_size => 3, on_refused => 'skip');
-- collect, into whatever columns the table has
CREATE TABLE public.refused (at timestamptz DEFAULT now(), row_number bigint, code text, message text, detail text, source text, destination text,
	amount numeric, asset text, idempotency_key text, reference text, effective_at timestamptz, metadata jsonb);
SELECT * FROM ledger.post_from('bulk', :bad, batch_size => 4, on_refused => 'collect', refused_table => 'public.refused');
SELECT row_number, code, message, detail, source, destination, amount, asset, idempotency_key FROM public.refused ORDER BY row_number;
CREATE TABLE public."Odd table" (code char(5), row_number int);
SELECT * FROM ledger.post_from('bulk', :bad, on_refused => 'collect', refused_table => 'public."Odd table"');
TABLE public."Odd table";
SELECT count(*) FROM ledger.account WHERE ledger = 'bulk' AND address = 'poor';

-- what is wrong with the query or the arguments is told before the first row
CREATE FUNCTION public.never() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a row was read'; END $$;
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, 1 AS amount, 'EUR' AS assets$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, 1 AS amount$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, '1' AS amount, 'EUR' AS asset$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, 1 AS amount, 'EUR' AS asset, now()::timestamp AS effective_at$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, 1 AS amount, 'EUR' AS asset, '{}'::json AS metadata$$);
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS source, 1 AS amount, 'EUR' AS asset$$);
SELECT * FROM ledger.post_from('bulk', 'DELETE FROM public.refused');
SELECT * FROM ledger.post_from('bulk', 'SELECT 1; SELECT 2');
SELECT * FROM ledger.post_from('bulk', '');
SELECT * FROM ledger.post_from('bulk', 'SELEC');
SELECT * FROM ledger.post_from('bulk', NULL);
SELECT * FROM ledger.post_from(NULL, 'TABLE public.staged');
SELECT * FROM ledger.post_from('nowhere', 'TABLE public.staged');
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', 0);
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', 100001);
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', NULL);
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', on_refused => 'ignore');
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', on_refused => NULL);
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', on_refused => 'collect');
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', refused_table => 'public.refused');
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged', on_refused => 'collect', refused_table => 'public.staging');
-- and the query's own errors come through
SELECT * FROM ledger.post_from('bulk', $$SELECT public.never() AS source, 'a' AS destination, 1 AS amount, 'EUR' AS asset$$);
SELECT * FROM ledger.post_from('bulk', 'TABLE public.nothing');

-- load: commits on the way, goes on where it ended
CALL ledger.load('bulk', $$SELECT 'world' AS source, 'loaded' AS destination, n AS amount, 'EUR' AS asset, 'load ' || n AS idempotency_key FROM generate_series(1, 10) n$$, batch_size => 3);
CALL ledger.load('bulk', $$SELECT 'world' AS source, 'loaded' AS destination, CASE WHEN n < 18 THEN n END AS amount, 'EUR' AS asset, 'load ' || n AS idempotency_key FROM generate_series(1, 20) n$$, batch_size => 3);
SELECT ledger.balance('bulk', 'loaded', 'EUR') AS to_15;
CALL ledger.load('bulk', $$SELECT 'world' AS source, 'loaded' AS destination, n AS amount, 'EUR' AS asset, 'load ' || n AS idempotency_key FROM generate_series(1, 20) n$$, batch_size => 3, commit_every => 2);
SELECT ledger.balance('bulk', 'loaded', 'EUR') AS to_20;
CALL ledger.load('bulk', :bad, on_refused => 'skip');
CALL ledger.load('bulk', :bad, 2, on_refused => 'collect', refused_table => 'public.refused');
SELECT count(*), count(DISTINCT row_number) FROM public.refused;
CALL ledger.load('bulk', 'TABLE public.staged');
CALL ledger.load('bulk', $$SELECT 'world' AS source, 'loaded' AS destination, 1 AS amount, 'EUR' AS asset, NULL::text AS idempotency_key$$);
CALL ledger.load('bulk', 'TABLE public.staged', commit_every => 0);
BEGIN;
CALL ledger.load('bulk', 'TABLE public.staged');
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM ledger.post_from('bulk', 'TABLE public.staged');
ROLLBACK;
-- a row that is being worked on sees how far it is: the query asks
CREATE FUNCTION public.done() RETURNS bigint VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT done FROM ledger.progress WHERE command = 'post_from'); END $$;
SELECT * FROM ledger.post_from('bulk', $$SELECT 'world' AS source, 'p' || public.done() AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 6) n$$, batch_size => 2);
SELECT address, balance FROM ledger.balances('bulk', '*') WHERE address ~ '^p\d' ORDER BY 1;
SELECT count(*) FROM ledger.progress;
-- Balances are kept between batches and written at the end: a floor holds across them all the same, to the cent
SELECT status FROM ledger.post('bulk', 'world', 'purse', 10, 'EUR');
SELECT * FROM ledger.post_from('bulk', $$SELECT 'purse' AS source, 'shop:' || n % 3 AS destination, 0.75 AS amount, 'EUR' AS asset FROM generate_series(1, 20) n$$, batch_size => 3, on_refused => 'skip');
SELECT address, balance, version FROM ledger.balance WHERE ledger = 'bulk' AND address LIKE 'shop:%' ORDER BY 1;
SELECT balance, version FROM ledger.balance WHERE ledger = 'bulk' AND address = 'purse';
-- back and forth, with one row a batch and one refused in between
SELECT * FROM ledger.post_from('bulk', $$SELECT CASE WHEN n % 2 = 0 THEN 'purse' ELSE 'shop:0' END AS source, CASE WHEN n % 2 = 1 THEN 'purse' ELSE 'shop:0' END AS destination, CASE n WHEN 4 THEN 100 ELSE 1 END AS amount, 'EUR' AS asset FROM generate_series(1, 7) n$$, batch_size => 1, on_refused => 'skip');
SELECT address, balance, version FROM ledger.balance WHERE ledger = 'bulk' AND address IN ('purse', 'shop:0') ORDER BY 1;
SELECT status FROM ledger.post('bulk', 'world', 'purse', 5, 'EUR');
-- what the query itself posts, holds, freezes or loads meanwhile comes in between
CREATE FUNCTION public.meanwhile(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	CASE n
		WHEN 2 THEN PERFORM ledger.post('bulk', 'purse', 'aside', 0.25, 'EUR');
		WHEN 3 THEN PERFORM ledger.hold('bulk', 'purse', 'aside', 0.5, 'EUR');
		WHEN 4 THEN PERFORM ledger.set_limits('bulk', 'purse', 'EUR', -3, NULL);
		WHEN 5 THEN PERFORM ledger.post_from('bulk', $q$SELECT 'purse' AS source, 'aside' AS destination, 0.25 AS amount, 'EUR' AS asset FROM generate_series(1, 3)$q$, 2);
		WHEN 8 THEN PERFORM ledger.freeze('bulk', 'purse');
		ELSE NULL;
	END CASE;
	RETURN n;
END $$;
SELECT * FROM ledger.post_from('bulk', $$SELECT 'purse' AS source, 'shop:1' AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 9) n WHERE public.meanwhile(n) > 0$$, batch_size => 1, on_refused => 'skip');
SELECT address, balance, held_out, version FROM ledger.balance WHERE ledger = 'bulk' AND address IN ('purse', 'aside', 'shop:1') ORDER BY 1;
SELECT ledger.unfreeze('bulk', 'purse');
-- so it does if the function is not marked as one that writes, and balances are kept
ALTER FUNCTION public.meanwhile STABLE;
SELECT status FROM ledger.post('bulk', 'world', 'purse', 8, 'EUR');
SELECT * FROM ledger.post_from('bulk', $$SELECT 'purse' AS source, 'shop:1' AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 9) n WHERE public.meanwhile(n) > 0$$, batch_size => 1, on_refused => 'skip');
SELECT address, balance, held_out, version FROM ledger.balance WHERE ledger = 'bulk' AND address IN ('purse', 'aside', 'shop:1') ORDER BY 1;
SELECT ledger.unfreeze('bulk', 'purse');
-- what it does in a subtransaction that is undone takes nothing along that is kept; no row touches the same balances again
CREATE FUNCTION public.undone(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF n = 3 THEN
		BEGIN
			PERFORM ledger.post('bulk', 'purse', 'aside', 0.25, 'EUR');
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END IF;
	RETURN n;
END $$;
SELECT count(ledger.open_account('bulk', 'from:' || n, floor => NULL)) FROM generate_series(1, 10) n;
SELECT * FROM ledger.post_from('bulk', $$SELECT 'from:' || n AS source, 'to:' || n AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 5) n WHERE public.undone(n) > 0$$, batch_size => 1);
ALTER FUNCTION public.undone STABLE;
SELECT * FROM ledger.post_from('bulk', $$SELECT 'from:' || n + 5 AS source, 'to:' || n + 5 AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 5) n WHERE public.undone(n) > 0$$, batch_size => 1);
SELECT count(*), sum(balance), sum(version) FROM ledger.balance WHERE ledger = 'bulk' AND (address LIKE 'to:%' OR address = 'aside');
DROP FUNCTION public.undone;
-- an error in a later batch undoes all, and the next one starts from what there is
DO $$
BEGIN
	PERFORM ledger.post_from('bulk', $q$SELECT 'world' AS source, 'purse' AS destination, CASE n WHEN 5 THEN -1 ELSE 100 END AS amount, 'EUR' AS asset FROM generate_series(1, 6) n$q$, 2);
EXCEPTION WHEN SQLSTATE 'LG102' THEN
	PERFORM ledger.post_from('bulk', $q$SELECT 'world' AS source, 'purse' AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 2) n$q$, 1);
END $$;
SELECT balance, version FROM ledger.balance WHERE ledger = 'bulk' AND address = 'purse';
-- one transaction with posts before and after
BEGIN;
SELECT version FROM unnest((ledger.post('bulk', 'world', 'purse', 1, 'EUR')).balances) b WHERE address = 'purse';
SELECT * FROM ledger.post_from('bulk', $$SELECT 'world' AS source, 'purse' AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 5) n$$, batch_size => 2);
SELECT version FROM unnest((ledger.post('bulk', 'world', 'purse', 1, 'EUR')).balances) b WHERE address = 'purse';
COMMIT;
-- more balances than are kept
SET client_min_messages = warning;
SELECT * FROM ledger.post_from('bulk', $$SELECT CASE WHEN n <= 32000 THEN 'world' ELSE 'many:' || n - 32000 END AS source, 'many:' || n AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, 40000) n$$, batch_size => 8000);
SELECT count(*), sum(balance), max(version) FROM ledger.balance WHERE ledger = 'bulk' AND address LIKE 'many:%';
RESET client_min_messages;
DROP FUNCTION public.meanwhile;
SELECT * FROM ledger.verify('bulk');
DROP VIEW public.staged;
DROP TABLE public.staging, public.refused, public."Odd table";
DROP FUNCTION public.never, public.done;
