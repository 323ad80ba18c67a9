-- A ledger as it was exported once and for all (test/vectors): what it hashes to must never change.
\pset format unaligned
\set lines `cat "$PG_ABS_SRCDIR/test/vectors/ledger-1.jsonl"`
CREATE TEMP TABLE vector AS SELECT n, line, line::jsonb AS json, sha256('\x00'::bytea || convert_to(line, 'UTF8')) AS leaf
	FROM regexp_split_to_table(:'lines', '\n') WITH ORDINALITY l(line, n) WHERE line <> '';
SELECT count(*), count(json -> 'kind') AS records, count(json -> 'block') AS blocks, json_agg(DISTINCT json ->> 'kind') AS kinds FROM vector;

-- recomputed with nothing but sha256(): the hash over all lines, of the strict chain, and of a block's two halves
CREATE FUNCTION pg_temp.node(l bytea, r bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256('\x01'::bytea || l || r) $$;
WITH RECURSIVE digest AS (
	SELECT 0::bigint AS n, decode(repeat('00', 32), 'hex') AS hash
	UNION ALL SELECT v.n, pg_temp.node(d.hash, v.leaf) FROM digest d JOIN vector v ON v.n = d.n + 1 WHERE v.json -> 'end' IS NULL)
SELECT encode(d.hash, 'hex') AS digest, encode(d.hash, 'hex') = v.json -> 'end' ->> 'digest' AS same
	FROM digest d, vector v WHERE v.json -> 'end' IS NOT NULL ORDER BY d.n DESC LIMIT 1;
WITH RECURSIVE record AS (
	SELECT row_number() OVER (ORDER BY n) AS n, leaf FROM vector
		WHERE json -> 'kind' IS NOT NULL AND n >= (SELECT n FROM vector WHERE json -> 'payload' ->> 'hashing' = 'strict')),
chain AS (
	SELECT 0::bigint AS n, (SELECT sha256(convert_to(line, 'UTF8')) FROM vector WHERE json ->> 'block' = '2') AS hash
	UNION ALL SELECT r.n, pg_temp.node(c.hash, r.leaf) FROM chain c JOIN record r ON r.n = c.n + 1)
SELECT encode(c.hash, 'hex') AS head, encode(c.hash, 'hex') = v.json ->> 'head' AS same FROM chain c, vector v WHERE v.n = 1 ORDER BY c.n DESC LIMIT 1;
SELECT v.json ->> 'root' AS root, encode(pg_temp.node((array_agg(r.leaf ORDER BY r.n))[1], (array_agg(r.leaf ORDER BY r.n))[2]), 'hex') = v.json ->> 'root' AS same
	FROM vector v JOIN vector r ON (r.json ->> 'position')::bigint BETWEEN (v.json ->> 'first')::bigint AND (v.json ->> 'last')::bigint
	WHERE v.json ->> 'block' = '3' GROUP BY v.n, v.json;

-- imported, it has the same head, agrees, and is exported to the same bytes
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM ledger.import('vector', (SELECT array_agg(line ORDER BY n) FROM vector));
COMMIT;
SELECT block, position, encode(hash, 'hex') AS hash, hash = (SELECT decode(json ->> 'head', 'hex') FROM vector WHERE n = 1) AS same FROM ledger.head('vector');
SELECT * FROM ledger.verify('vector');
SELECT count(*), count(*) FILTER (WHERE v.line IS DISTINCT FROM e.line) AS different
	FROM vector v FULL JOIN ledger.export('vector') WITH ORDINALITY e(line, n) USING (n);
SELECT address, asset, balance, held_in, held_out, floor, ceiling, version FROM ledger.balance WHERE ledger = 'vector' ORDER BY 1, 2;
SELECT address, status, metadata FROM ledger.account WHERE ledger = 'vector' AND (status <> 'open' OR metadata <> '{}') ORDER BY 1;
