-- post_json: the same engine, fed from JSON.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('json');

-- Amounts as strings or numbers; keys in any order.
SELECT status, balances FROM ledger.post_json('json',
	'{"postings": [{"source": "world", "destination": "a", "amount": "12.34", "asset": "USD"}]}');
SELECT status, balances FROM ledger.post_json('json',
	'{"postings": [{"asset": "USD", "amount": 0.66, "destination": "a", "source": "world"}]}');
SELECT status, balances FROM ledger.post_json('json', '{"postings": [
	{"source": "world", "destination": "a", "amount": 1e3, "asset": "JPY"},
	{"source": "a", "destination": "b", "amount": "+0400.", "asset": "JPY"},
	{"source": "a", "destination": "c", "amount": ".50", "asset": "USD"}]}');

-- A number that no double holds exactly, either way.
SELECT balances FROM ledger.post_json('json', '{"postings": [
	{"source": "world", "destination": "n", "amount": 123456789012345678901234567890123456.78, "asset": "USD"},
	{"source": "world", "destination": "s", "amount": "123456789012345678901234567890123456.78", "asset": "USD"}]}');

-- Every option; JSON null means not given.
SELECT status, balances FROM ledger.post_json('json', '{
	"postings": [{"source": "world", "destination": "d", "amount": 1, "asset": "USD"}],
	"idempotency_key": "k1", "reference": "r1", "effective_at": "2020-02-29T12:00:00+02:00", "metadata": {"a": [1, 2]}}');
SELECT idempotency_key, reference, effective_at, metadata FROM ledger.transactions('json', reference => 'r1');
SELECT status, balances FROM ledger.post_json('json', '{
	"postings": [{"source": "world", "destination": "d", "amount": 1, "asset": "USD"}],
	"idempotency_key": null, "reference": null, "effective_at": null, "metadata": null}');
SELECT idempotency_key, reference, effective_at = recorded_at AS now, metadata FROM ledger.transactions('json', max_rows => 1);
SELECT status, balances FROM ledger.post_json('json', '{
	"postings": [{"source": "world", "destination": "d", "amount": 1, "asset": "USD"}], "metadata": {}}');

-- Times: with an offset, with Z, or in the session's time zone.
SET timezone = 'Asia/Tokyo';
SELECT (ledger.post_json('json', jsonb_build_object('effective_at', t, 'reference', t,
	'postings', '[{"source": "world", "destination": "t", "amount": 1, "asset": "USD"}]'::jsonb))).status
FROM unnest(ARRAY['2021-03-04T05:06:07.123456Z', '2021-03-04T05:06:07-08:00', '2021-03-04 05:06:07', '2021-03-04',
	'20210304T050607Z', '0044-03-15T00:00:00Z BC']) t;
SET timezone = 'UTC';
SELECT reference, effective_at FROM ledger.transactions('json', 't') ORDER BY transaction;

-- What is not of the form is refused. Each of these is one mistake in a transaction that is otherwise good.
CREATE FUNCTION pg_temp.posting(change jsonb, taken text DEFAULT '') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('postings', jsonb_build_array((
		'{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}'::jsonb || change) - taken))
$$;
CREATE TEMP TABLE mistake (n int GENERATED ALWAYS AS IDENTITY, given jsonb);
INSERT INTO mistake (given) VALUES
	(NULL), ('null'), ('17'), ('"postings"'), ('[]'), ('{}'), ('{"idempotency_key": "k"}'),
	('{"postings": []}'), ('{"postings": null}'), ('{"postings": {}}'), ('{"postings": "x"}'),
	('{"postings": [null]}'), ('{"postings": ["x"]}'), ('{"postings": [[]]}'), ('{"postings": [{}]}'),
	(jsonb_build_object('postings', jsonb_build_array(pg_temp.posting('{}') -> 'postings'))),
	(pg_temp.posting('{}', 'source')), (pg_temp.posting('{}', 'destination')),
	(pg_temp.posting('{}', 'amount')), (pg_temp.posting('{}', 'asset')),
	(pg_temp.posting('{"source": null}')), (pg_temp.posting('{"source": 1}')), (pg_temp.posting('{"destination": {}}')),
	(pg_temp.posting('{"asset": ["USD"]}')), (pg_temp.posting('{"amount": null}')), (pg_temp.posting('{"amount": true}')),
	(pg_temp.posting('{"amount": {"value": 1}}')), (pg_temp.posting('{"amount": ""}')), (pg_temp.posting('{"amount": " 1"}')),
	(pg_temp.posting('{"amount": "1,000"}')), (pg_temp.posting('{"amount": "1e3"}')), (pg_temp.posting('{"amount": "0x10"}')),
	(pg_temp.posting('{"amount": "NaN"}')), (pg_temp.posting('{"amount": "Infinity"}')), (pg_temp.posting('{"amount": "."}')),
	(pg_temp.posting('{"amount": "-1"}')), (pg_temp.posting('{"amount": -1}')), (pg_temp.posting('{"amount": "1.001"}')),
	(pg_temp.posting('{"amount": 1e400}')), (pg_temp.posting('{"currency": "USD"}')), (pg_temp.posting('{"Amount": 1}')),
	(pg_temp.posting('{"source": ""}')), (pg_temp.posting('{"source": "a\nb"}')), (pg_temp.posting('{"asset": ""}')),
	(pg_temp.posting('{}') || '{"reference_": "x"}'), (pg_temp.posting('{}') || '{"": "x"}'),
	(pg_temp.posting('{}') || '{"linked": true}'), (pg_temp.posting('{}') || '{"conditions": {}}'),
	(pg_temp.posting('{}') || '{"idempotency_key": 1}'), (pg_temp.posting('{}') || '{"idempotency_key": ""}'),
	(pg_temp.posting('{}') || '{"reference": true}'), (pg_temp.posting('{}') || '{"reference": ""}'),
	(pg_temp.posting('{}') || '{"metadata": []}'), (pg_temp.posting('{}') || '{"metadata": "x"}'),
		(pg_temp.posting('{}') || '{"metadata": 1}'),
	(pg_temp.posting('{}') || '{"effective_at": 1577836800}'), (pg_temp.posting('{}') || '{"effective_at": ""}'),
	(pg_temp.posting('{}') || '{"effective_at": "soon"}'), (pg_temp.posting('{}') || '{"effective_at": "2020-02-30"}'),
	(pg_temp.posting('{}') || '{"effective_at": "2020-01-01 25:00"}'),
		(pg_temp.posting('{}') || '{"effective_at": "300000-01-01"}'),
	(pg_temp.posting('{}') || '{"effective_at": "epoch"}'), (pg_temp.posting('{}') || '{"effective_at": "infinity"}'),
	(pg_temp.posting('{}') || '{"effective_at": "-infinity"}'), (pg_temp.posting('{}') || '{"effective_at": "12:00"}');
SELECT pg_temp.row_counts() AS before \gset
\pset format unaligned
SELECT n, given, code, message, detail FROM mistake, ledger.try_post_json('json', given) ORDER BY n;
-- As errors they are the same.
SELECT count(*) AS mistakes, count(*) FILTER (WHERE pg_temp.try(format('SELECT ledger.post_json(%L, %L)', 'json', given))
	LIKE code || ' ' || message || coalesce(E'\n' || detail, '') || '%') AS as_told
FROM mistake, ledger.try_post_json('json', given);
SELECT pg_temp.try($$SELECT ledger.post_json('json', '{"postings": 1}')$$);
SELECT pg_temp.row_counts() = :'before' AS nothing_left_behind;
SELECT * FROM ledger.verify('json');
