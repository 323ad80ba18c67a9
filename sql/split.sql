-- split(): parts by weight that add up exactly, always the same ones.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT amount, weights, asset, ledger.split(amount, weights, asset) FROM (VALUES
		(1, 100, '{1,1,1}'::numeric[], 'USD'), (2, 100, '{1,1,1}', 'JPY'), (3, 100, '{1,1,1}', 'BHD'), (4, 0.01, '{1,1,1}', 'USD'),
		(5, 0.02, '{1,1,1}', 'USD'), (6, 0, '{1,1,1}', 'USD'), (7, 1, '{1}', 'USD'), (8, 10, '{3,2,1}', 'USD'),
		(9, 0.05, '{50,30,20}', 'USD'), (10, 0.05, '{30,50,20}', 'USD'), (11, 7, '{0,1,0}', 'USD'), (12, 7, '{0,1,0,1,1}', 'JPY'),
		(13, 100, '{0.1,0.2,0.7}', 'USD'), (14, 100, '{1e30,1e30}', 'USD'), (15, 100, '{1e-30,2e-30}', 'USD'),
		(16, 1e30, '{1,1,1}', 'USD'), (17, 12.340, '{2,1}', 'USD'), (18, 999999999999999999999999999999999999.99, '{1,2}', 'USD'),
		(19, 0.01, '{1,999999}', 'USD'), (20, 1, '{33.333,33.333,33.334}', 'USD')) s(n, amount, weights, asset) ORDER BY n;
-- Less than nothing is split as its opposite is.
SELECT amount, ledger.split(amount, '{1,1,1}', 'USD') FROM unnest(ARRAY[100, -100, 0.01, -0.01, 0.05, -0.05])
	WITH ORDINALITY a(amount, n) ORDER BY n;
-- Ties go to the first; a weight of nothing gets nothing.
SELECT ledger.split(0.03, '{1,1,1,1}', 'USD'), ledger.split(0.03, '{1,1,0,1,1}', 'USD'), ledger.split(0.01, '{0,1}', 'USD');

-- Whatever the amount and the weights: the parts add up, have the asset's decimals and sign, are no more than a unit off,
-- larger weights never get less, and the same is split the same.
SELECT setseed(0.75);
CREATE TEMP TABLE given AS
SELECT n, code, scale, round((random() * 10 ^ (n % 9))::numeric, scale) * CASE WHEN n % 7 = 0 THEN -1 ELSE 1 END AS amount,
	(SELECT array_agg(CASE WHEN random() < 0.1 AND i > 1 THEN 0 ELSE round((0.001 + random() * 100)::numeric, 3) END)
		FROM generate_series(1, 1 + n % 12) i) AS weights
FROM generate_series(1, 2000) n, LATERAL (SELECT (ARRAY['USD', 'JPY', 'BHD', 'CLF'])[1 + n % 4] AS code,
	(ARRAY[2, 0, 3, 4])[1 + n % 4] AS scale) a;
CREATE TEMP TABLE done AS SELECT g.*, ledger.split(amount, weights, code) AS parts FROM given g;
CREATE TEMP TABLE part AS
SELECT n, i, code, scale, amount, part, weight, sum(weight) OVER (PARTITION BY n) AS total
FROM done, unnest(parts, weights) WITH ORDINALITY p(part, weight, i);
SELECT count(*) > 10000 AS many, count(*) FILTER (WHERE part IS NULL OR weight IS NULL) AS missing,
	count(*) FILTER (WHERE scale(part) <> scale) AS other_scale,
	count(*) FILTER (WHERE part * amount < 0) AS other_sign, count(*) FILTER (WHERE weight = 0 AND part <> 0) AS for_nothing,
	count(*) FILTER (WHERE abs(part - amount * weight / total) * 10::numeric ^ scale >= 1) AS off FROM part;
SELECT count(*) AS splits, count(*) FILTER (WHERE sum <> amount) AS not_the_sum
	FROM (SELECT n, amount, sum(part) FROM part GROUP BY n, amount) s;
SELECT count(*) AS smaller_gets_more FROM part p JOIN part q USING (n) WHERE p.weight < q.weight AND abs(p.part) > abs(q.part);
SELECT count(*) FILTER (WHERE parts <> ledger.split(amount, weights, code)) AS other_again,
	count(*) FILTER (WHERE parts <> ledger.split(amount,
		ARRAY(SELECT w * 1000 FROM unnest(weights) WITH ORDINALITY u(w, i) ORDER BY i), code)) AS other_by_weights_alike
FROM done;

-- In use: a payment shared out, to the cent.
SELECT ledger.create_ledger('split');
SELECT balances FROM ledger.post_transaction('split', (
	SELECT array_agg(('world', 'share:' || i, part, 'EUR')::ledger.posting ORDER BY i)
	FROM unnest(ledger.split(10, '{1,1,1}', 'EUR')) WITH ORDINALITY p(part, i)));

-- Mistakes.
SELECT arguments, try FROM unnest(ARRAY[$$NULL, '{1}', 'USD'$$, $$1, NULL, 'USD'$$, $$1, '{1}', NULL$$, $$1, '{1}', 'NOPE'$$,
	$$1, '{1}', 'usd'$$, $$0.001, '{1}', 'USD'$$, $$-0.5, '{1}', 'JPY'$$, $$'NaN', '{1}', 'USD'$$,
	$$'Infinity', '{1}', 'USD'$$, $$'-Infinity', '{1}', 'USD'$$, $$1, '{}', 'USD'$$, $$1, '{{1,1},{1,1}}', 'USD'$$,
	$$1, '{1,NULL}', 'USD'$$, $$1, '{NULL}', 'USD'$$, $$1, '{-1,2}', 'USD'$$, $$1, '{1,-0.000001}', 'USD'$$,
	$$1, '{1,NaN}', 'USD'$$, $$1, '{Infinity,1}', 'USD'$$, $$1, '{-Infinity,1}', 'USD'$$, $$1, '{0}', 'USD'$$,
	$$1, '{0,0.00,0}', 'USD'$$])
	WITH ORDINALITY a(arguments, n), pg_temp.try(format('SELECT ledger.split(%s)', arguments)) ORDER BY n;
SELECT * FROM ledger.verify('split');
