-- Bad input: each kind has its own error, the same whichever way it came, and leaves nothing behind.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('bad'), ledger.create_ledger('bad_strict', auto_open => false);
SELECT ledger.open_account('bad', 'frozen'), ledger.open_account('bad', 'closed'),
	ledger.open_account('bad', 'capped', 'USD', 0, 100),
	ledger.open_account('bad', 'credit', 'USD', -50);
SELECT ledger.freeze('bad', 'frozen'), ledger.close_account('bad', 'closed');
SELECT status FROM ledger.post('bad', 'world', 'known', 10, 'USD', 'used', 'used');
SELECT pg_temp.row_counts() AS before \gset

-- One request in all six ways: the code that each answers, or raises.
CREATE FUNCTION pg_temp.code(command text, VARIADIC arguments text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	receipt ledger.receipt;
BEGIN
	EXECUTE 'SELECT * FROM ledger.' || format(command, VARIADIC arguments) INTO receipt;
	RETURN coalesce(receipt.code, receipt.status);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' raised';
END
$$;
CREATE FUNCTION pg_temp.six_ways(ledger text, source text, destination text, amount text, asset text,
	key text, reference text, effective_at text, metadata text, OUT post text, OUT try_post text, OUT post_transaction text,
	OUT try_post_transaction text, OUT post_json text, OUT try_post_json text) LANGUAGE plpgsql AS $$
DECLARE
	single text[] := ARRAY[ledger, source, destination, amount, asset, key, reference, effective_at, metadata];
	json text := jsonb_build_object('idempotency_key', key, 'reference', reference, 'effective_at', effective_at,
		'metadata', metadata::jsonb, 'postings', jsonb_build_array(jsonb_build_object(
			'source', source, 'destination', destination, 'amount', amount, 'asset', asset)));
BEGIN
	post := pg_temp.code('post(%L, %L, %L, %L, %L, %L, %L, %L, %L)', VARIADIC single);
	try_post := pg_temp.code('try_post(%L, %L, %L, %L, %L, %L, %L, %L, %L)', VARIADIC single);
	post_transaction := pg_temp.code('post_transaction(%L, ARRAY[(%L, %L, %L, %L)::ledger.posting], %L, %L, %L, %L)',
		VARIADIC single);
	try_post_transaction := pg_temp.code('try_post_transaction(%L, ARRAY[(%L, %L, %L, %L)::ledger.posting], %L, %L, %L, %L)',
		VARIADIC single);
	post_json := pg_temp.code('post_json(%L, %L)', ledger, json);
	try_post_json := pg_temp.code('try_post_json(%L, %L)', ledger, json);
END
$$;

CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, what text, ledger text DEFAULT 'bad', source text DEFAULT 'world',
	destination text DEFAULT 'new', amount text DEFAULT '1', asset text DEFAULT 'USD', key text, reference text,
	effective_at text, metadata text);
INSERT INTO bad (what, ledger) VALUES ('unknown ledger', 'nowhere'), ('ledger empty', ''), ('ledger of 64 bytes', repeat('x', 64)),
	('ledger of another case', 'BAD'), ('ledger NULL', NULL);
INSERT INTO bad (what, asset) VALUES ('unknown asset', 'NOPE'), ('asset empty', ''), ('asset of 33 bytes', repeat('X', 33)),
	('asset of another case', 'usd'), ('asset NULL', NULL);
INSERT INTO bad (what, source) VALUES ('source empty', ''), ('source of 513 bytes', repeat('x', 513)), ('source NULL', NULL);
INSERT INTO bad (what, destination) VALUES ('address empty', ''), ('address of 513 bytes', repeat('x', 513)),
	('address NULL', NULL),
	('only a colon', ':'), ('empty first segment', ':a'), ('empty last segment', 'a:'), ('empty middle segment', 'a::b'),
	('blank', 'a b'), ('blank at the end', 'a '), ('star', 'a:*'), ('slash', 'a/b'), ('umlaut', convert_from('\xc3a4', 'UTF8')),
		('newline', E'a\n'),
	('plus', 'a+b'), ('quote', 'a''b'), ('percent', 'a%sb'), ('source equal to destination', 'world');
INSERT INTO bad (what, amount) VALUES ('amount NULL', NULL), ('negative', '-1'), ('negative, small', '-0.01'), ('NaN', 'NaN'),
	('infinity', 'Infinity'), ('minus infinity', '-Infinity'), ('too many decimals', '1.001'),
		('far too many', '0.' || repeat('0', 200) || '1'),
	('over 38 digits', '1' || repeat('0', 36)), ('far over', '1' || repeat('0', 400)),
		('over, and decimals', '1' || repeat('0', 36) || '.001');
INSERT INTO bad (what, key, reference, effective_at, metadata) VALUES
	('key empty', '', NULL, NULL, NULL), ('key of 513 bytes', repeat('k', 513), NULL, NULL, NULL),
	('reference empty', NULL, '', NULL, NULL), ('reference of 513 bytes', NULL, repeat('r', 513), NULL, NULL),
	('key of another request', 'used', NULL, NULL, NULL), ('reference used twice', NULL, 'used', NULL, NULL),
	('effective at infinity', NULL, NULL, 'infinity', NULL), ('effective at -infinity', NULL, NULL, '-infinity', NULL),
	('metadata an array', NULL, NULL, NULL, '[1]'), ('metadata a string', NULL, NULL, NULL, '"x"'),
	('metadata a number', NULL, NULL, NULL, '1'), ('metadata true', NULL, NULL, NULL, 'true');
INSERT INTO bad (what, ledger, source, destination, amount) VALUES
	('below floor', 'bad', 'known', 'new', '10.01'), ('below floor, new account', 'bad', 'new', 'new:too', '0.01'),
	('below a negative floor', 'bad', 'credit', 'new', '50.01'), ('above ceiling', 'bad', 'world', 'capped', '100.01'),
	('source frozen', 'bad', 'frozen', 'new', '1'), ('destination frozen', 'bad', 'world', 'frozen', '1'),
	('source closed', 'bad', 'closed', 'new', '1'), ('destination closed', 'bad', 'world', 'closed', '1'),
	('account not open', 'bad_strict', 'world', 'new', '1'), ('inflow over 38 digits', 'bad', 'world', 'known', repeat('9', 36));
\pset format unaligned
SELECT what, w.* FROM bad b, pg_temp.six_ways(b.ledger, source, destination, amount, asset, key, b.reference, effective_at,
	metadata) w ORDER BY n;
SELECT pg_temp.row_counts() = :'before' AS nothing_left_behind;

-- What each says.
SELECT what, code, message, regexp_replace(detail, 'transaction \d+', 'transaction N') AS detail
FROM bad b, ledger.try_post(b.ledger, source, destination, amount::numeric, asset, key, b.reference, effective_at::timestamptz,
	metadata::jsonb) ORDER BY n;
-- As an error it says the same, and what to do about it.
CREATE TEMP TABLE raised AS
SELECT n, what, r.code, regexp_replace(error, 'transaction \d+', 'transaction N') AS error,
	coalesce(r.message || E'\n' || r.detail, r.message) AS told
FROM bad b, ledger.try_post(b.ledger, source, destination, amount::numeric, asset, key, b.reference, effective_at::timestamptz,
	metadata::jsonb) r,
	pg_temp.try(format('SELECT ledger.post(%L, %L, %L, %L, %L, %L, %L, %L, %L)', b.ledger, source, destination, amount, asset, key,
		b.reference, effective_at, metadata)) error;
SELECT what FROM raised WHERE NOT starts_with(error, code || ' ' || regexp_replace(told, 'transaction \d+', 'transaction N'));
SELECT DISTINCT ON (code) error FROM raised ORDER BY code, n;
SELECT pg_temp.row_counts() = :'before' AS nothing_left_behind;

-- Arrays.
CREATE TEMP TABLE bad_array (n int GENERATED ALWAYS AS IDENTITY, what text, postings ledger.posting[]);
INSERT INTO bad_array (what, postings) VALUES
	('NULL', NULL), ('empty', '{}'),
	('element NULL', ARRAY[('world', 'a', 1, 'USD'), NULL]::ledger.posting[]),
	('only NULL', ARRAY[NULL]::ledger.posting[]),
	('two dimensions', ARRAY[[('world', 'a', 1, 'USD')], [('world', 'b', 1, 'USD')]]::ledger.posting[]),
	('lower bound 0', '[0:0]={"(world,a,1,USD)"}'), ('lower bound 2', '[2:3]={"(world,a,1,USD)","(world,b,1,USD)"}'),
	('source NULL', ARRAY[('world', 'a', 1, 'USD'), (NULL, 'a', 1, 'USD')]::ledger.posting[]),
	('destination NULL', ARRAY[('world', NULL, 1, 'USD')]::ledger.posting[]),
	('amount NULL', ARRAY[('world', 'a', NULL, 'USD')]::ledger.posting[]),
	('asset NULL', ARRAY[('world', 'a', 1, NULL)]::ledger.posting[]),
	('row of NULLs', ARRAY[(NULL, NULL, NULL, NULL)]::ledger.posting[]),
	('second address', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b b', 1, 'USD')]::ledger.posting[]),
	('second amount', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b', -1, 'USD')]::ledger.posting[]),
	('second decimals', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b', 0.5, 'JPY')]::ledger.posting[]),
	('second asset', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b', 1, 'NOPE')]::ledger.posting[]),
	('second the same', ARRAY[('world', 'a', 1, 'USD'), ('a', 'a', 1, 'USD')]::ledger.posting[]),
	('third below floor', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b', 1, 'USD'), ('a', 'b', 1, 'USD')]::ledger.posting[]),
	('third frozen', ARRAY[('world', 'a', 1, 'USD'), ('a', 'b', 1, 'USD'), ('b', 'frozen', 1, 'USD')]::ledger.posting[]),
	('sum out of range', ARRAY[('world', 'a', 9e35, 'USD'), ('world', 'a', 9e35, 'USD')]::ledger.posting[]);
SELECT what, code, message, detail FROM bad_array, ledger.try_post_transaction('bad', postings) ORDER BY n;
SELECT what FROM bad_array, ledger.try_post_transaction('bad', postings) r,
	pg_temp.try(format('SELECT ledger.post_transaction(%L, %L)', 'bad', postings)) error
WHERE NOT starts_with(error, r.code || ' ' || coalesce(r.message || E'\n' || r.detail, r.message));
SELECT pg_temp.try(format('SELECT ledger.post_transaction(%L, %L)', 'bad', postings)) FROM bad_array
	WHERE what IN ('empty', 'only NULL');
SELECT pg_temp.row_counts() = :'before' AS nothing_left_behind;

-- A refusal in the middle of a transaction leaves what came before, and what comes after works.
BEGIN;
SELECT status FROM ledger.post('bad', 'world', 'before', 1, 'USD');
SELECT status, code FROM ledger.try_post('bad', 'before', 'between:a', 2, 'EUR');
SELECT status, code FROM ledger.try_post_transaction('bad', '{"(world,between:b,1,USD)","(between:b,between:c,2,USD)"}');
SELECT status, balances FROM ledger.try_post('bad', 'before', 'after', 1, 'USD');
SELECT address, assets FROM ledger.account WHERE ledger = 'bad' AND address ~ 'before|between|after' ORDER BY 1;
SELECT status, code FROM ledger.try_post('bad', 'new', 'before', 1, 'JPY');
SELECT address, assets FROM ledger.account WHERE ledger = 'bad' AND address = 'before';
COMMIT;
SELECT * FROM ledger.balances('bad');
SELECT * FROM ledger.verify('bad');
