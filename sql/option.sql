-- Options of a post: idempotency key, reference, effective time, metadata.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('option');

-- A key has one effect. The same request again returns the first result.
SELECT status, transaction, recorded_at, balances FROM ledger.post('option', 'world', 'a', 5, 'USD', 'k1') \gset first_
SELECT status, balances FROM ledger.post('option', 'world', 'a', 7, 'USD');
SELECT status, transaction = :first_transaction AS same, position = transaction AS same_position,
	recorded_at = :'first_recorded_at' AS same_time, balances = :'first_balances' AS same_balances, balances
FROM ledger.post('option', 'world', 'a', 5, 'USD', 'k1');
SELECT ledger.balance('option', 'a', 'USD');

-- The same request: however it came, and however many zeros its amount has.
SELECT status, transaction = :first_transaction AS same, balances FROM ledger.post('option', 'world', 'a', 5.00, 'USD',
	idempotency_key => 'k1');
SELECT status, transaction = :first_transaction AS same FROM ledger.try_post('option', 'world', 'a', 5.000000, 'USD', 'k1');
SELECT status, transaction = :first_transaction AS same FROM ledger.post_transaction('option',
	ARRAY[('world', 'a', 5, 'USD')::ledger.posting], 'k1');
SELECT status, transaction = :first_transaction AS same FROM ledger.try_post_transaction('option',
	ARRAY[('world', 'a', 5.0, 'USD')::ledger.posting], 'k1');
SELECT status, transaction = :first_transaction AS same FROM ledger.post_json('option',
	'{"idempotency_key": "k1", "postings": [{"source": "world", "destination": "a", "amount": 5, "asset": "USD"}]}');
SELECT status, transaction = :first_transaction AS same FROM ledger.try_post_json('option',
	'{"idempotency_key": "k1", "postings": [{"source": "world", "destination": "a", "amount": "05.00", "asset": "USD"}]}');

-- And the other way round, with every option.
SELECT transaction FROM ledger.post_json('option', '{"idempotency_key": "k2", "reference": "r2", "metadata": {"b": 1, "a": [true]},
	"effective_at": "2024-01-02T03:04:05Z", "postings": [{"source": "world", "destination": "a", "amount": 5, "asset": "USD"},
	{"source": "a", "destination": "b", "amount": 1, "asset": "USD"}, {"source": "a", "destination": "c", "amount": 2,
		"asset": "USD"}]}') \gset first_
SELECT status, transaction = :first_transaction AS same, balances FROM ledger.post_transaction('option',
	ARRAY[('world', 'a', 5, 'USD'), ('a', 'b', 1, 'USD'), ('a', 'c', 2.00, 'USD')]::ledger.posting[],
	'k2', 'r2', '2024-01-01 19:04:05-08', '{"a":[true],"b":1}');

-- Another request under a key that was used: each difference counts.
CREATE TEMP TABLE other (n int GENERATED ALWAYS AS IDENTITY, difference text, command text);
INSERT INTO other (difference, command) VALUES
	('amount', $$ledger.try_post('option', 'world', 'a', 5.01, 'USD', 'k1')$$),
	('asset', $$ledger.try_post('option', 'world', 'a', 5, 'EUR', 'k1')$$),
	('source', $$ledger.try_post('option', 'a', 'world', 5, 'USD', 'k1')$$),
	('destination', $$ledger.try_post('option', 'world', 'b', 5, 'USD', 'k1')$$),
	('reference', $$ledger.try_post('option', 'world', 'a', 5, 'USD', 'k1', reference => 'r1')$$),
	('effective time', $$ledger.try_post('option', 'world', 'a', 5, 'USD', 'k1', effective_at => '2024-01-01')$$),
	('metadata', $$ledger.try_post('option', 'world', 'a', 5, 'USD', 'k1', metadata => '{}')$$),
	('postings', $$ledger.try_post_transaction('option', ARRAY[('world', 'a', 2, 'USD'), ('world', 'a', 3, 'USD')]::ledger.posting[], 'k1')$$),
	('a refused one', $$ledger.try_post('option', 'nobody', 'a', 5, 'USD', 'k1')$$),
	('unknown asset', $$ledger.try_post('option', 'world', 'a', 5, 'NOPE', 'k1')$$);
CREATE FUNCTION pg_temp.receipt(command text) RETURNS ledger.receipt LANGUAGE plpgsql AS $$
DECLARE
	receipt ledger.receipt;
BEGIN
	EXECUTE 'SELECT * FROM ' || command INTO receipt;
	RETURN receipt;
END
$$;
SELECT difference, status, code, message, detail ~ '^It belongs to transaction \d+\.$' AS names_it FROM other,
	pg_temp.receipt(command) ORDER BY n;
SELECT regexp_replace(pg_temp.try($$SELECT ledger.post('option', 'world', 'a', 5.01, 'USD', 'k1')$$), '\d+\.', 'N.');
SELECT pg_temp.row_counts() AS before \gset

-- A refused request leaves its key free: for the same request, or another.
SELECT status, code FROM ledger.try_post('option', 'poor', 'a', 1, 'USD', 'k3', 'r3');
SELECT pg_temp.row_counts() = :'before' AS nothing_left_behind;
SELECT status, code FROM ledger.try_post('option', 'world', 'a', 1.001, 'USD', 'k3', 'r3');
SELECT status, code FROM ledger.try_post('option', 'world', 'a', 2, 'USD', 'k3', 'r3');
SELECT status, code FROM ledger.try_post('option', 'world', 'a', 2, 'USD', 'k3', 'r3');
-- So does one that was rolled back.
BEGIN;
SELECT status FROM ledger.post('option', 'world', 'a', 1, 'USD', 'k4', 'r4');
SAVEPOINT s;
SELECT status FROM ledger.post('option', 'world', 'a', 1, 'USD', 'k5', 'r5');
SELECT status FROM ledger.post('option', 'world', 'a', 1, 'USD', 'k5', 'r5');
ROLLBACK TO s;
SELECT status FROM ledger.post('option', 'world', 'a', 6, 'USD', 'k5', 'r5');
SELECT status FROM ledger.post('option', 'world', 'a', 1, 'USD', 'k4', 'r4');
ROLLBACK;
SELECT status FROM ledger.post('option', 'world', 'a', 8, 'USD', 'k4', 'r4');

-- A replay looks at nothing but the key: not at limits, status or money.
SELECT ledger.open_account('option', 'gate');
SELECT status FROM ledger.post('option', 'world', 'gate', 1, 'USD', 'k6');
SELECT ledger.freeze('option', 'gate');
SELECT status, balances FROM ledger.post('option', 'world', 'gate', 1, 'USD', 'k6');

-- Keys belong to their ledger; keys and references are apart; case counts; 512 bytes are the most.
SELECT ledger.create_ledger('option2');
SELECT status FROM ledger.post('option2', 'world', 'a', 5, 'USD', 'k1');
SELECT status FROM ledger.post('option', 'world', 'a', 5, 'USD', 'K1', 'k1');
SELECT status FROM ledger.post('option', 'world', 'a', 5, 'USD', repeat('k', 512), repeat('r', 512));
SELECT status FROM ledger.post('option', 'world', 'a', 5, 'USD', repeat('k', 512), repeat('r', 512));
SELECT status, code, message, detail FROM ledger.try_post('option', 'world', 'a', 5, 'USD', repeat('k', 513));
SELECT status, code, message, detail FROM ledger.try_post('option', 'world', 'a', 5, 'USD', reference => repeat('r', 513));
SELECT status FROM ledger.post('option', 'world', 'a', 5, 'USD', E'  \t''"\\ ');
SELECT status FROM ledger.post('option', 'world', 'a', 5, 'USD', E'  \t''"\\ ');

-- A reference is used once, with or without a key.
SELECT status, code, message, detail ~ '^It belongs to transaction \d+\.$' AS names_it
	FROM ledger.try_post('option', 'world', 'a', 9, 'USD', reference => 'r2');
SELECT status, code FROM ledger.try_post('option', 'world', 'a', 9, 'USD', 'k9', 'r2');
SELECT status, code FROM ledger.try_post('option', 'world', 'a', 9, 'USD', 'k9', 'R2');
SELECT regexp_replace(pg_temp.try($$SELECT ledger.post('option', 'world', 'a', 9, 'USD', reference => 'r2')$$), '\d+\.', 'N.');
SELECT status FROM ledger.post('option2', 'world', 'a', 9, 'USD', reference => 'r2');

-- Effective in the past, in the future, and at the ends of time.
SELECT status, recorded_at > now() - interval '1 hour' AS recorded_now
	FROM ledger.post('option', 'world', 'time', 1, 'USD', effective_at => '2001-01-01');
SELECT status FROM ledger.post('option', 'world', 'time', 2, 'USD', effective_at => '2999-12-31');
SELECT status FROM ledger.post('option', 'world', 'time', 4, 'USD', effective_at => '4714-11-24 00:00:00+00 BC');
SELECT status FROM ledger.post('option', 'world', 'time', 8, 'USD', effective_at => '294276-12-31 23:59:59.999999+00');
SELECT at, ledger.balance('option', 'time', 'USD', at) FROM unnest(ARRAY['-infinity', '4714-11-24 00:00:00+00 BC',
	'2000-12-31 23:59:59.999999+00', '2001-01-01', '2999-12-31', '294276-12-31 23:59:59.999998+00', 'infinity']::timestamptz[]) at;
SELECT effective_at, amount, balance, version FROM ledger.statement('option', 'time', 'USD');
-- Limits look at everything posted, whatever its effective time.
SELECT status, code FROM ledger.try_post('option', 'time', 'world', 16, 'USD', effective_at => '2002-01-01');
SELECT status, balances FROM ledger.try_post('option', 'time', 'world', 15, 'USD', effective_at => '2002-01-01');
SELECT ledger.balance('option', 'time', 'USD', '2002-01-01'), ledger.balance('option', 'time', 'USD');
SELECT status, code, message FROM ledger.try_post('option', 'world', 'time', 1, 'USD', effective_at => 'infinity');
SELECT status, code, message FROM ledger.try_post('option', 'world', 'time', 1, 'USD', effective_at => '-infinity');

-- Metadata: any object, kept as it is.
SELECT status FROM ledger.post('option', 'world', 'meta', 1, 'USD', metadata => '{"order": 17, "tags": ["x"], "deep": {"": null}}');
SELECT status FROM ledger.post('option', 'world', 'meta', 1, 'USD', metadata => jsonb_build_object('long', repeat('x', 1000000)));
SELECT CASE WHEN metadata ? 'long' THEN length(metadata ->> 'long')::text ELSE metadata::text END
FROM ledger.statement('option', 'meta', 'USD');
SELECT n, code, message FROM unnest(ARRAY['[]', '"x"', '1', 'null', 'true']::jsonb[]) n,
	ledger.try_post('option', 'world', 'meta', 1, 'USD', metadata => n);

SELECT * FROM ledger.verify('option');
