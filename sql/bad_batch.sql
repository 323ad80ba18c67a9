-- Bad input to post_batch: each kind has its own error, names the argument or the item, and leaves nothing behind.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('bad_batch');
SELECT status FROM ledger.post('bad_batch', 'world', 'a', 10, 'USD', 'used', 'used');
SELECT pg_temp.state() AS before \gset

-- The call as a whole: raised whether it is all or nothing or not. Each has one mistake in a call that is otherwise good.
CREATE TEMP TABLE call (n int GENERATED ALWAYS AS IDENTITY, what text, arguments text);
INSERT INTO call (what, arguments) VALUES
	('ledger unknown', $$'nowhere', '{world}', '{a}', '{1}', '{USD}'$$),
	('ledger NULL', $$NULL, '{world}', '{a}', '{1}', '{USD}'$$),
	('sources NULL', $$'bad_batch', NULL, '{a}', '{1}', '{USD}'$$),
	('destinations NULL', $$'bad_batch', '{world}', NULL, '{1}', '{USD}'$$),
	('amounts NULL', $$'bad_batch', '{world}', '{a}', NULL, '{USD}'$$),
	('assets NULL', $$'bad_batch', '{world}', '{a}', '{1}', NULL$$),
	('destinations short', $$'bad_batch', '{world,world}', '{a}', '{1,1}', '{USD}'$$),
	('destinations long', $$'bad_batch', '{world}', '{a,b}', '{1}', '{USD}'$$),
	('destinations empty', $$'bad_batch', '{world}', '{}', '{1}', '{USD}'$$),
	('sources empty', $$'bad_batch', '{}', '{a}', '{1}', '{USD}'$$),
	('amounts short', $$'bad_batch', '{world,world}', '{a,b}', '{1}', '{USD}'$$),
	('assets short', $$'bad_batch', '{world,world,world}', '{a,b,c}', '{1,1,1}', '{USD,USD}'$$),
	('assets empty', $$'bad_batch', '{world}', '{a}', '{1}', '{}'$$),
	('assets long', $$'bad_batch', '{world}', '{a}', '{1}', '{USD,USD}'$$),
	('keys short', $$'bad_batch', '{world,world}', '{a,b}', '{1,1}', '{USD}', idempotency_keys => '{k}'$$),
	('keys empty', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', idempotency_keys => '{}'$$),
	('linked short', $$'bad_batch', '{world,world}', '{a,b}', '{1,1}', '{USD}', linked => '{f}'$$),
	('references long', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', reference_names => '{r,s}'$$),
	('times short', $$'bad_batch', '{world,world}', '{a,b}', '{1,1}', '{USD}', effective_times => '{2024-01-01}'$$),
	('metadata short', $$'bad_batch', '{world,world}', '{a,b}', '{1,1}', '{USD}', metadata => ARRAY['{}'::jsonb]$$),
	('up_to long', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', up_to => '{f,f}'$$),
	('sources of two dimensions', $$'bad_batch', '{{world},{world}}', '{a,b}', '{1,1}', '{USD}'$$),
	('amounts of two dimensions', $$'bad_batch', '{world,world}', '{a,b}', '{{1},{1}}', '{USD}'$$),
	('assets from 0', $$'bad_batch', '{world}', '{a}', '{1}', '[0:0]={USD}'$$),
	('linked from 2', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', linked => '[2:2]={f}'$$),
	('keys of two dimensions', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', idempotency_keys => '{{k}}'$$),
	('condition NULL', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', conditions => ARRAY[NULL::ledger.condition]$$),
	('condition malformed', $$'bad_batch', '{world}', '{a}', '{1}', '{USD}', conditions => ARRAY[ledger.at_version('a', 'USD', -1)]$$);
SELECT what, try FROM call, pg_temp.try(format('SELECT ledger.post_batch(%s)', arguments)) ORDER BY n;
SELECT what, try FROM call, pg_temp.try(format('SELECT ledger.post_batch(%s, atomic => false)', arguments))
WHERE try <> pg_temp.try(format('SELECT ledger.post_batch(%s)', arguments)) ORDER BY n;
-- But for the ledger, of which each item tells.
SELECT status, code, message FROM ledger.post_batch('nowhere', '{world,a}', '{a,b b}', '{1,1}', '{USD}', atomic => false);
SELECT pg_temp.try($$SELECT ledger.post_batch('bad_batch', '{world}', '{a}', '{1}', '{USD}', atomic => NULL)$$);
SELECT arguments, try FROM unnest(ARRAY[$$NULL, '[]'$$, $$'bad_batch', NULL$$, $$'bad_batch', '[]', NULL$$, $$'nowhere', '[{}]'$$,
	$$'bad_batch', '{}'$$, $$'bad_batch', '"x"'$$, $$'bad_batch', '1', false$$, $$'bad_batch', 'null', false$$,
	$$'bad_batch', '[]', false, ARRAY[NULL::ledger.condition]$$]) WITH ORDINALITY c(arguments, n),
	pg_temp.try(format('SELECT ledger.post_batch_json(%s)', arguments)) ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- One item: a receipt where each is on its own, between two that go well; else an error that says the same and names it.
CREATE TEMP TABLE mistake (n int GENERATED ALWAYS AS IDENTITY, what text, source text DEFAULT 'world',
	destination text DEFAULT 'new', amount numeric DEFAULT 1, asset text DEFAULT 'USD', key text, reference text,
	effective_at timestamptz, metadata jsonb, up_to boolean);
INSERT INTO mistake (what, source) VALUES ('source NULL', NULL), ('source empty', ''), ('source malformed', 'a:*'),
	('source of 513 bytes', repeat('x', 513)), ('source poor', 'poor');
INSERT INTO mistake (what, destination) VALUES ('destination NULL', NULL), ('destination empty', ''),
	('destination malformed', 'a b'), ('same account', 'world');
INSERT INTO mistake (what, amount) VALUES ('amount NULL', NULL), ('negative', -1), ('NaN', 'NaN'), ('infinity', 'Infinity'),
	('too many decimals', 0.001), ('over 38 digits', 1e36);
INSERT INTO mistake (what, asset) VALUES ('asset NULL', NULL), ('asset unknown', 'NOPE'), ('asset empty', '');
INSERT INTO mistake (what, key) VALUES ('key empty', ''), ('key of 513 bytes', repeat('k', 513)), ('key used', 'used');
INSERT INTO mistake (what, reference) VALUES ('reference empty', ''), ('reference of 513 bytes', repeat('r', 513)),
	('reference used', 'used');
INSERT INTO mistake (what, effective_at) VALUES ('time infinite', 'infinity'), ('time infinite', '-infinity');
INSERT INTO mistake (what, metadata) VALUES ('metadata an array', '[]'), ('metadata null', 'null');
INSERT INTO mistake (what, amount, up_to) VALUES ('up to negative', -1, true), ('up to everything of world', NULL, true),
	('NULL and not up to', NULL, false);
CREATE FUNCTION pg_temp.arguments(m mistake) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L, %L, %L, %L, %L, NULL, %%L, %L, %L, %L, %L', 'bad_batch', ARRAY['world', m.source, 'world'],
		ARRAY['fine:a', m.destination, 'fine:b'], ARRAY[1, m.amount, 1], ARRAY['USD', m.asset, 'USD'],
		ARRAY[NULL, m.key, NULL], ARRAY[NULL, m.reference, NULL], ARRAY[NULL, m.effective_at, NULL],
		ARRAY[NULL, m.metadata, NULL], ARRAY[NULL, m.up_to, NULL])
$$;
-- What an item answers as the second of three, undone again; that its neighbours were posted, and nothing is left of it.
CREATE FUNCTION pg_temp.answer(m mistake, OUT code text, OUT message text, OUT detail text, OUT others text) LANGUAGE plpgsql AS $$
DECLARE
	receipts ledger.receipt[];
BEGIN
	BEGIN
		EXECUTE format('SELECT array_agg(r) FROM ledger.post_batch(%s) r', format(pg_temp.arguments(m), false)) INTO receipts;
		code := receipts[2].code;
		message := receipts[2].message;
		detail := pg_temp.masked(receipts[2].detail);
		SELECT format('%s, %s, left %s', receipts[1].status, receipts[3].status,
			string_agg(address, ' ' ORDER BY address COLLATE "C")) INTO others FROM ledger.account WHERE ledger = 'bad_batch';
		RAISE EXCEPTION USING ERRCODE = 'P0001';
	EXCEPTION WHEN SQLSTATE 'P0001' THEN
		NULL;
	END;
END
$$;
CREATE TEMP TABLE told AS SELECT m.n, m.what, a.* FROM mistake m, pg_temp.answer(m) a;
SELECT what, code, message, detail FROM told ORDER BY n;
SELECT others, count(*) FROM told GROUP BY 1;
-- As an error.
SELECT t.what FROM told t JOIN mistake m USING (n),
	pg_temp.try(format('SELECT ledger.post_batch(%s)', format(pg_temp.arguments(m), true))) error
WHERE NOT starts_with(pg_temp.masked(error), concat(t.code, ' ', t.message, E'\nItem 2', ': ' || t.detail));
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- As JSON: what is not of the form is refused item by item.
SELECT given, r.code, r.message, r.detail FROM unnest(ARRAY['null', '1', '"x"', '[]', '{}', '{"postings": []}',
	'{"postings": null}', '{"postings": [1]}', '{"postings": [{"source": "world", "destination": "a", "asset": "USD"}]}',
	'{"postings": [{"source": "world", "destination": "a", "asset": "USD", "up_to": false}]}',
	'{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD", "up_to": 1}]}',
	'{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD", "upto": true}]}',
	'{"conditions": [], "postings": []}', '{"atomic": true}', '{"effective_at": "soon", "postings": []}',
	'{"idempotency_key": 1, "postings": []}']::jsonb[]) WITH ORDINALITY g(given, n),
	ledger.post_batch_json('bad_batch', jsonb_build_array(given), false) r ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.post_batch_json('bad_batch',
	'[{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}, {"link": true}]')$$);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT * FROM ledger.verify('bad_batch');
