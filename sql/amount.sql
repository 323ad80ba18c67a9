-- Amounts: exact at every scale and size, refused beyond, and stored as numeric itself would.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('amount');
SELECT count(ledger.create_asset('AMT' || scale, scale)) AS assets FROM generate_series(0, 30) scale;

-- The smallest amount and the largest of every scale, there and back.
SELECT scale, smallest.balances[2].balance AS smallest, largest.balances[2].balance AS largest, back.balances[2].balance AS back
FROM generate_series(0, 30) scale, LATERAL (SELECT 'AMT' || scale AS asset, ('1e-' || scale)::numeric AS unit) a,
	LATERAL ledger.post('amount', 'world', 'small', unit, asset) smallest,
	LATERAL ledger.post('amount', 'a' || scale, 'b' || scale, 0, asset),
	LATERAL (SELECT ledger.set_limits('amount', 'a' || scale, asset, NULL, NULL)) l,
	LATERAL ledger.post('amount', 'a' || scale, 'b' || scale, repeat('9', 38)::numeric * unit, asset) largest,
	LATERAL ledger.post('amount', 'b' || scale, 'a' || scale, repeat('9', 38)::numeric * unit, asset) back;
-- Then both are full: inflow and outflow have 38 digits each, whatever the balance is.
SELECT count(*), array_agg(DISTINCT code || ' ' || message ORDER BY code || ' ' || message)
	FILTER (WHERE scale IN (0, 2, 30)) AS refused, count(DISTINCT detail)
FROM generate_series(0, 30) scale, ledger.try_post('amount', 'a' || scale, 'b' || scale, ('1e-' || scale)::numeric, 'AMT' || scale);
SELECT status FROM ledger.try_post('amount', 'a2', 'b2', 0, 'AMT2');
-- Beyond: one digit more, in front or behind.
SELECT scale, over.code, over.message, finer.code, finer.message
FROM unnest(ARRAY[0, 2, 18, 30]) scale, LATERAL (SELECT 'AMT' || scale AS asset, ('1e-' || scale)::numeric AS unit) a,
	ledger.try_post('amount', 'world', 'over', 1e38 * unit, asset) over,
		ledger.try_post('amount', 'world', 'over', unit / 10, asset) finer;
SELECT count(*) FROM ledger.account WHERE ledger = 'amount' AND address = 'over';

-- Zeros behind the last digit are no decimals; nothing is ever rounded.
SELECT left(amount::text, 30) AS amount, code, status FROM unnest(ARRAY['1', '1.0', '1.000000000000000000000000000000000000000',
	'100e-2', '0.001', '0.009', '1.995', '1e-1000', '0', '0.000', '-0', '-0.0000']::numeric[])
	WITH ORDINALITY a(amount, n), ledger.try_post('amount', 'world', 'round', amount, 'USD') ORDER BY n;
SELECT ledger.balance('amount', 'round', 'USD');

-- Random amounts, from one digit to 36, through posting and back: every stored figure against numeric's own arithmetic.
SELECT setseed(0.25);
CREATE TEMP TABLE given AS
SELECT n, (ARRAY['AMT0', 'AMT1', 'AMT2', 'AMT3', 'AMT4', 'AMT7', 'AMT18', 'AMT30'])[1 + n % 8] AS asset,
	(ARRAY[0, 1, 2, 3, 4, 7, 18, 30])[1 + n % 8] AS scale, digits::numeric AS units
FROM generate_series(1, 2000) n, LATERAL (SELECT ltrim(left(string_agg(trunc(random() * 10)::text, '') ||
	CASE WHEN n % 3 = 0 THEN repeat('0', n % 20) ELSE '' END, 36), '0') FROM generate_series(1, 1 + n % 31)) d(digits)
WHERE digits <> '';
CREATE TEMP TABLE stored AS
SELECT g.n, g.asset, g.scale, round(g.units * ('1e-' || g.scale)::numeric, g.scale) AS amount FROM given g;
SELECT ledger.open_account('amount', 'random:source', floor => NULL);
DO $$
DECLARE
	s record;
BEGIN
	FOR s IN SELECT * FROM stored ORDER BY n LOOP
		PERFORM ledger.post('amount', 'random:source', 'random:' || s.n % 5, s.amount, s.asset, reference => 'random' || s.n);
	END LOOP;
END
$$;
CREATE TEMP TABLE entry AS SELECT * FROM ledger.entry WHERE ledger = 'amount';
CREATE TEMP TABLE journal AS SELECT transaction, reference FROM ledger.transactions('amount', max_rows => NULL);
ANALYZE entry, journal, stored;
SELECT count(*) > 1900 AS many, count(DISTINCT length(s.amount::text)) > 35 AS varied,
	count(*) FILTER (WHERE e.amount::text <> s.amount::text) AS wrong,
	count(*) FILTER (WHERE pg_column_size(e.amount) <> pg_column_size(s.amount)) AS of_other_size
FROM stored s JOIN journal j ON j.reference = 'random' || s.n JOIN entry e ON e.transaction = j.transaction
	AND e.address <> 'random:source';
-- Running balances, sums and texts, as numeric computes them; stored bytes as numeric stores them.
CREATE TEMP TABLE numeric_copy AS
SELECT version, address, asset, amount::text::numeric AS amount, sum(amount) OVER (PARTITION BY address, asset
	ORDER BY version) AS balance FROM entry;
SELECT count(*) > 4000 AS many, count(*) FILTER (WHERE e.balance::text <> c.balance::text OR e.balance <> c.balance) AS wrong,
	count(*) FILTER (WHERE numeric_send(e.balance) <> numeric_send(c.balance) OR numeric_send(e.amount) <> numeric_send(c.amount)
		OR hash_numeric(e.amount) <> hash_numeric(c.amount)) AS other_bytes,
	count(*) FILTER (WHERE scale(e.amount) <> s.scale OR scale(e.balance) <> s.scale) AS other_scale
FROM entry e JOIN numeric_copy c USING (address, asset, version) JOIN ledger.asset s ON s.code = e.asset;
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE b.balance::text <> c.balance::text OR b.inflow - b.outflow <> c.balance
	OR b.inflow::text <> c.inflow::text) AS wrong
FROM ledger.balance b JOIN (SELECT address, asset, sum(amount) AS balance, sum(greatest(amount, 0 * amount)) AS inflow FROM entry
	GROUP BY 1, 2) c USING (address, asset)
WHERE b.ledger = 'amount';
-- Whatever numeric can do works on them.
SELECT asset, sum(amount) = 0 AS balanced, avg(amount) = 0 AS average, count(DISTINCT amount % 7) > 1 AS modulo,
	max(amount) = -min(amount) AS mirrored
FROM entry WHERE address LIKE 'random:%' GROUP BY asset ORDER BY asset;
SELECT * FROM ledger.verify('amount');
