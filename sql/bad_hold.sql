-- Bad input to holds, captures and voids: each kind has its own error, the same whichever way it came, and leaves nothing behind.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('bad_hold'), ledger.create_ledger('bad_hold_strict', auto_open => false);
-- world is kept in one row here, as its version and its sums are looked at
SELECT ledger.set_stripes('bad_hold', 'world', NULL, 1);
SELECT ledger.open_account('bad_hold', 'frozen'), ledger.open_account('bad_hold', 'capped', 'USD', 0, 100);
SELECT ledger.freeze('bad_hold', 'frozen');
SELECT status FROM ledger.post('bad_hold', 'world', 'known', 10, 'USD', 'used', 'used');
SELECT transaction AS open FROM ledger.hold('bad_hold', 'world', 'known', 10, 'USD') \gset
SELECT transaction AS several FROM ledger.hold_transaction('bad_hold', '{"(world,known,10,USD)","(world,known,5,JPY)"}') \gset
SELECT pg_temp.state() AS before \gset

-- One request for a hold in its four ways.
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
CREATE FUNCTION pg_temp.four_ways(ledger text, source text, destination text, amount text, asset text, expires_at text, key text,
	reference text, metadata text, OUT hold text, OUT try_hold text, OUT hold_transaction text, OUT try_hold_transaction text)
	LANGUAGE plpgsql AS $$
DECLARE
	arguments text[] := ARRAY[ledger, source, destination, amount, asset, expires_at, key, reference, metadata];
BEGIN
	hold := pg_temp.code('hold(%L, %L, %L, %L, %L, %L, %L, %L, %L)', VARIADIC arguments);
	try_hold := pg_temp.code('try_hold(%L, %L, %L, %L, %L, %L, %L, %L, %L)', VARIADIC arguments);
	hold_transaction := pg_temp.code('hold_transaction(%L, ARRAY[(%L, %L, %L, %L)::ledger.posting], %L, %L, %L, %L)',
		VARIADIC arguments);
	try_hold_transaction := pg_temp.code('try_hold_transaction(%L, ARRAY[(%L, %L, %L, %L)::ledger.posting], %L, %L, %L, %L)',
		VARIADIC arguments);
END
$$;
CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, what text, ledger text DEFAULT 'bad_hold', source text DEFAULT 'world',
	destination text DEFAULT 'new', amount text DEFAULT '1', asset text DEFAULT 'USD', expires_at text, key text, reference text,
	metadata text);
INSERT INTO bad (what, ledger) VALUES ('unknown ledger', 'nowhere'), ('ledger NULL', NULL), ('account not open', 'bad_hold_strict');
INSERT INTO bad (what, asset) VALUES ('unknown asset', 'NOPE'), ('asset NULL', NULL);
INSERT INTO bad (what, source) VALUES ('source NULL', NULL), ('source malformed', 'a b'), ('below floor', 'poor'),
	('source frozen', 'frozen');
INSERT INTO bad (what, destination) VALUES ('destination NULL', NULL), ('destination empty', ''), ('same account', 'world'),
	('destination frozen', 'frozen');
INSERT INTO bad (what, amount) VALUES ('amount NULL', NULL), ('negative', '-1'), ('NaN', 'NaN'), ('infinity', 'Infinity'),
	('too many decimals', '1.001'), ('over 38 digits', '1e36'), ('held sum over 38 digits', repeat('9', 36));
INSERT INTO bad (what, destination, amount) VALUES ('above ceiling', 'capped', '100.01');
INSERT INTO bad (what, expires_at) VALUES ('expires at infinity', 'infinity'), ('expires in the past', '2001-01-01');
INSERT INTO bad (what, key, reference, metadata) VALUES ('key empty', '', NULL, NULL),
	('key of 513 bytes', repeat('k', 513), NULL, NULL), ('key used', 'used', NULL, NULL), ('reference empty', NULL, '', NULL),
	('reference of 513 bytes', NULL, repeat('r', 513), NULL), ('reference used', NULL, 'used', NULL),
	('metadata an array', NULL, NULL, '[]'), ('metadata a string', NULL, NULL, '"x"');
SELECT what, w.* FROM bad b,
	pg_temp.four_ways(b.ledger, source, destination, amount, asset, expires_at, key, b.reference, metadata) w ORDER BY n;
-- What each says, and that it says so as an error.
SELECT what, r.* FROM bad b, pg_temp.refused('hold', format('%L, %L, %L, %L, %L, %L, %L, %L, %L', b.ledger, source, destination,
	amount, asset, expires_at, key, b.reference, metadata)) r ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- Arrays of postings, and of up_to.
SELECT what, r.* FROM (VALUES (1, 'NULL', 'NULL'), (2, 'empty', $$'{}'$$), (3, 'element NULL', $$ARRAY[NULL::ledger.posting]$$),
		(4, 'two dimensions', $$'{{"(world,a,1,USD)"},{"(world,a,1,USD)"}}'$$), (5, 'from 2', $$'[2:2]={"(world,a,1,USD)"}'$$),
		(6, 'second amount NULL', $$'{"(world,a,1,USD)","(world,a,,USD)"}'$$),
		(7, 'second below floor', $$'{"(world,a,1,USD)","(a,b,1,USD)"}'$$),
		(8, 'up_to short', $$'{"(world,a,1,USD)","(known,a,1,USD)"}', up_to => '{t}'$$),
		(9, 'up_to empty', $$'{"(world,a,1,USD)"}', up_to => '{}'$$),
		(10, 'up_to of two dimensions', $$'{"(world,a,1,USD)"}', up_to => '{{f}}'$$),
		(11, 'everything of world', $$'{"(known,a,1,USD)","(world,a,,USD)"}', up_to => '{f,t}'$$)) c(n, what, arguments),
	pg_temp.refused('hold_transaction', format('%L, %s', 'bad_hold', arguments)) r ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- Captures and voids. Each has one mistake in a call that is otherwise good.
CREATE TEMP TABLE mistake (n int GENERATED ALWAYS AS IDENTITY, function text, arguments text);
INSERT INTO mistake (function, arguments) SELECT 'capture', unnest(ARRAY[$$NULL, HOLD$$, $$'nowhere', HOLD$$,
	$$'bad_hold', NULL$$, $$'bad_hold_strict', HOLD$$, $$'bad_hold', HOLD, -1$$, $$'bad_hold', HOLD, 'NaN'$$,
	$$'bad_hold', HOLD, 'Infinity'$$, $$'bad_hold', HOLD, 0.001$$, $$'bad_hold', HOLD, 1e40$$, $$'bad_hold', HOLD, 10.01$$,
	$$'bad_hold', HOLD, 0$$, $$'bad_hold', HOLD, 1, NULL$$, $$'bad_hold', HOLD, 1, true, '{1}'$$,
	$$'bad_hold', HOLD, amounts => '{1,1}'$$, $$'bad_hold', HOLD, amounts => '{NULL}'$$,
	$$'bad_hold', HOLD, amounts => '{{1}}'$$, $$'bad_hold', HOLD, amounts => '[0:0]={1}'$$,
	$$'bad_hold', HOLD, amounts => '{}'$$, $$'bad_hold', SEVERAL, 1$$, $$'bad_hold', SEVERAL, amounts => '{1,NULL}'$$,
	$$'bad_hold', SEVERAL, amounts => '{1,0.5}'$$, $$'bad_hold', SEVERAL, amounts => '{0,-1}'$$,
	$$'bad_hold', SEVERAL, amounts => '{10,6}'$$, $$'bad_hold', SEVERAL, amounts => '{0,0}'$$,
	$$'bad_hold', HOLD, idempotency_key => ''$$, $$'bad_hold', HOLD, idempotency_key => 'used'$$,
	$$'bad_hold', HOLD, reference => ''$$, $$'bad_hold', HOLD, reference => 'used'$$,
	$$'bad_hold', HOLD, effective_at => 'infinity'$$, $$'bad_hold', HOLD, metadata => '[]'$$]);
INSERT INTO mistake (function, arguments) SELECT 'void', unnest(ARRAY[$$NULL, HOLD$$, $$'nowhere', HOLD$$,
	$$'bad_hold', NULL$$, $$'bad_hold_strict', HOLD$$, $$'bad_hold', HOLD, ''$$, $$'bad_hold', HOLD, 'used'$$,
	$$'bad_hold', HOLD, NULL, '1'$$]);
SELECT function, arguments, r.* FROM mistake,
	pg_temp.refused(function, replace(replace(arguments, 'HOLD', :'open'), 'SEVERAL', :'several')) r ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT * FROM ledger.verify('bad_hold');
