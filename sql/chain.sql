-- Chains: items of a batch that are linked happen together or not at all.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('chain');
SELECT status FROM ledger.post('chain', 'world', 'a', 100, 'USD');
-- One item a row: source, destination, amount, whether linked, idempotency key, reference; what became of each.
CREATE TYPE pg_temp.item AS (source text, destination text, amount numeric, linked boolean, key text, reference text);
CREATE FUNCTION pg_temp.batch(VARIADIC items pg_temp.item[]) RETURNS TABLE (status text, code text, message text, detail text,
	balances ledger.balance_state[]) LANGUAGE sql AS $$
	SELECT r.status, r.code, r.message, pg_temp.masked(r.detail), r.balances
	FROM (SELECT array_agg(source ORDER BY n) s, array_agg(destination ORDER BY n) d, array_agg(amount ORDER BY n) a,
			array_agg(linked ORDER BY n) l, array_agg(key ORDER BY n) k, array_agg(reference ORDER BY n) f
		FROM unnest(items) WITH ORDINALITY u(source, destination, amount, linked, key, reference, n)) i,
		ledger.post_batch('chain', s, d, a, '{USD}', k, l, false, f) r
$$;

-- All goes well: receipts as ever.
SELECT * FROM pg_temp.batch(('a', 'b', 10, true, NULL, NULL), ('b', 'c', 4, true, NULL, NULL), ('c', 'd', 4, false, NULL, NULL),
	('d', 'e', 1, NULL, NULL, NULL));
SELECT address, version, amount, balance FROM ledger.entry WHERE ledger = 'chain' AND address <> 'world' ORDER BY 1, 2;

-- The last fails, one in the middle, the first: none of the chain happens. What is outside does, and sees nothing of it.
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.batch(('a', 'x:1', 10, true, NULL, NULL), ('x:1', 'x:2', 5, true, NULL, NULL),
	('x:2', 'x:3', 5.01, false, NULL, NULL));
SELECT * FROM pg_temp.batch(('a', 'x:1', 10, true, NULL, NULL), ('x:1', 'x:2', 10.01, true, NULL, NULL),
	('a', 'x:3', 1, true, NULL, NULL), ('a', 'x:3', 1, false, NULL, NULL));
SELECT * FROM pg_temp.batch(('x:0', 'x:1', 1, true, NULL, NULL), ('a', 'x:2', 1, true, NULL, NULL),
	('a', 'x:3', 1, false, NULL, NULL));
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT * FROM pg_temp.batch(('a', 'y:1', 1, false, NULL, NULL), ('y:1', 'y:2', 1, true, NULL, NULL),
	('y:2', 'y:3', 2, false, NULL, NULL), ('y:1', 'y:4', 1, false, NULL, NULL), ('y:2', 'y:5', 1, false, NULL, NULL));
SELECT address, version, amount, balance FROM ledger.entry WHERE ledger = 'chain' AND address ~ '^[axy]' ORDER BY 1, 2;
SELECT address FROM ledger.account WHERE ledger = 'chain' ORDER BY address COLLATE "C";

-- Several chains: each for itself, one after the other.
SELECT * FROM pg_temp.batch(('world', 'z', 5, true, NULL, NULL), ('z', 'z:1', 5, false, NULL, NULL),
	('z', 'z:2', 1, true, NULL, NULL), ('world', 'z', 1, false, NULL, NULL),
	('world', 'z', 3, true, NULL, NULL), ('z', 'z:2', 3, false, NULL, NULL));

-- Several of a chain fail, or are malformed: each that cannot be by itself has its own code.
SELECT * FROM pg_temp.batch(('a', 'x:1', 1, true, NULL, NULL), ('a', 'x 2', 1, true, NULL, NULL), ('a', 'a', 1, true, NULL, NULL),
	('a', 'x:3', 1000, true, NULL, NULL), ('a', 'x:4', 0.001, true, NULL, NULL), ('a', 'x:5', 1, true, '', NULL),
	('a', 'x:6', NULL, false, NULL, NULL), ('a', 'b', 1, false, NULL, NULL));

-- Keys of a chain that failed are free again: for another request, the same chain, even in the same call.
SELECT * FROM pg_temp.batch(('a', 'k', 1, true, 'k1', 'r1'), ('k', 'k:1', 5, false, 'k2', 'r2'),
	('a', 'k', 2, false, 'k1', 'r1'), ('a', 'k', 3, true, 'k2', 'r2'), ('k', 'k:1', 5, false, 'k3', NULL));
SELECT * FROM pg_temp.batch(('a', 'k', 2, true, 'k1', 'r1'), ('a', 'k', 3, true, 'k2', 'r2'), ('k', 'k:1', 5, false, 'k3', NULL));
-- A replay within a chain stays one, whether the rest happens or not: what it tells of has happened already.
SELECT * FROM pg_temp.batch(('a', 'k', 1, true, NULL, NULL), ('a', 'k', 2, true, 'k1', 'r1'), ('k', 'k:1', 99, false, NULL, NULL));
SELECT * FROM pg_temp.batch(('a', 'k', 1, true, NULL, NULL), ('a', 'k', 2, true, 'k1', 'r1'), ('k', 'k:1', 1, false, NULL, NULL));
-- The same key twice: of an item before the chain it is a replay, of one within it goes with the chain.
SELECT * FROM pg_temp.batch(('a', 'm', 1, false, 'm1', NULL), ('a', 'm', 2, true, 'm2', NULL), ('a', 'm', 1, true, 'm1', NULL),
	('a', 'm', 2, true, 'm2', NULL), ('m', 'm:1', 99, false, NULL, NULL), ('a', 'm', 2, false, 'm2', NULL));
SELECT * FROM pg_temp.batch(('a', 'm', 4, true, 'm4', NULL), ('a', 'm', 4, true, 'm4', NULL), ('m', 'm:1', 7, false, NULL, NULL));
-- Another request under a key, or a reference used, makes a chain fail as any refusal does.
SELECT * FROM pg_temp.batch(('a', 'n', 1, true, 'n1', NULL), ('a', 'n', 2, true, 'n1', NULL), ('a', 'n', 3, false, NULL, NULL));
SELECT * FROM pg_temp.batch(('a', 'n', 1, true, NULL, 'n1'), ('a', 'n', 2, true, NULL, 'n1'), ('a', 'n', 3, false, NULL, NULL));
SELECT * FROM pg_temp.batch(('a', 'n', 1, true, NULL, NULL), ('a', 'n', 2, true, NULL, 'r1'), ('a', 'n', 3, false, 'k1', NULL));

-- Amounts up to what is available are decided anew by each, and undone with the chain.
SELECT status, code, detail, balances, amounts
FROM ledger.post_batch('chain', '{world,p,p,p,p}', '{p,q,q,q,q}', '{10,6,6,1,NULL}', '{USD}',
	linked => '{f,t,t,f,f}', up_to => '{f,t,t,f,t}', atomic => false);

-- All or nothing: links make no difference; the error is that of the item that failed.
SELECT pg_temp.state() AS before \gset
SELECT linked, try FROM unnest(ARRAY[NULL, '{t,t,f}', '{f,f,f}', '{t,f,NULL}']) WITH ORDINALITY l(linked, n), pg_temp.try(format(
	$$SELECT ledger.post_batch('chain', '{a,a,s}', '{s,s,a}', '{1,1,3}', '{USD}', linked => %L)$$, linked)) ORDER BY n;
-- A chain without an end is no chain, even where the item would fail anyway.
SELECT atomic, linked, split_part(try, E'\n', 1) AS try
FROM unnest(ARRAY['{f,f,t}', '{t,t,t}', '{NULL,NULL,t}']) WITH ORDINALITY l(linked, n), unnest(ARRAY[true, false]) atomic,
	pg_temp.try(format($$SELECT ledger.post_batch('chain', '{a,a,s}', '{s,s,a}', '{1,1,3}', '{USD}', linked => %L, atomic => %L)$$,
		linked, atomic))
ORDER BY n, atomic;
SELECT pg_temp.try($$SELECT ledger.post_batch('chain', '{a}', '{s}', '{1}', '{USD}', linked => '{t}')$$);
SELECT pg_temp.try($$SELECT ledger.post_batch_json('chain',
	'[{"linked": true, "postings": [{"source": "a", "destination": "b", "amount": 1, "asset": "USD"}]}]', false)$$);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- As JSON, of several postings each.
SELECT status, code, message, detail, balances FROM ledger.post_batch_json('chain', '[
	{"linked": true, "postings": [{"source": "a", "destination": "j:1", "amount": 2, "asset": "USD"},
		{"source": "j:1", "destination": "j:2", "amount": 1, "asset": "USD"}]},
	{"postings": [{"source": "j:2", "destination": "j:3", "amount": 1, "asset": "USD"},
		{"source": "j:1", "destination": "j:3", "amount": 1.01, "asset": "USD"}]},
	{"linked": true, "postings": [{"source": "a", "destination": "j:1", "amount": 2, "asset": "USD"},
		{"source": "j:1", "destination": "j:2", "amount": 1, "asset": "USD"}]},
	{"linked": false, "postings": [{"source": "j:2", "destination": "j:3", "amount": 1, "asset": "USD"},
		{"source": "j:1", "destination": "j:3", "amount": 1, "asset": "USD"}]}]', false);

-- An account that the ledger does not open makes only its own chain fail.
SELECT ledger.create_ledger('chain_strict', auto_open => false);
SELECT ledger.open_account('chain_strict', 'a'), ledger.open_account('chain_strict', 'b');
SELECT status, code, detail, balances FROM ledger.post_batch('chain_strict', '{world,a,nobody,world,a}', '{a,b,a,a,b}',
	'{5,5,1,2,2}', '{USD}', linked => '{t,t,f,t,f}', atomic => false);

-- Long chains: the last of ten thousand fails, then it does not.
SELECT ledger.create_ledger('chain_long');
SELECT ledger.set_stripes('chain_long', 'world', NULL, 1);
SELECT last, status, code, detail, count(*) FROM unnest(ARRAY['nobody', 'l:7']) last,
	ledger.post_batch('chain_long', array_fill('world'::text, '{9999}') || last,
		ARRAY(SELECT 'l:' || i % 100 FROM generate_series(1, 10000) i), array_fill(1.0, '{10000}'), '{USD}',
		linked => array_fill(true, '{9999}') || false, atomic => false)
GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 3;
SELECT count(*), sum(version) FROM ledger.balance WHERE ledger = 'chain_long';

SELECT * FROM ledger.balances('chain');
SELECT * FROM ledger.verify('chain');
SELECT * FROM ledger.verify('chain_strict');
SELECT * FROM ledger.verify('chain_long');
