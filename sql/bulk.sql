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
SELECT * FROM ledger.verify('bulk');
DROP VIEW public.staged;
DROP TABLE public.staging, public.refused, public."Odd table";
DROP FUNCTION public.never, public.done;
