-- Reading balances: now, at an effective time, at a version, by pattern.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('balance');
-- world is kept in one row here, as its version and its sums are looked at
SELECT ledger.set_stripes('balance', 'world', NULL, 1);
SELECT setseed(0.5);

-- Many entries: a third on time, a third backdated or postdated by up to ten seconds, a third by up to ten years.
CREATE TEMP TABLE posted AS
SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'world' END AS source, CASE WHEN i % 2 = 0 THEN 'b' ELSE 'a' END AS destination,
	CASE WHEN i % 2 = 0 THEN (1 + i % 7)::numeric / 100 ELSE 0.09 END AS amount,
	CASE i % 3 WHEN 1 THEN clock_timestamp() + (random() - 0.5) * interval '20 seconds'
		WHEN 2 THEN clock_timestamp() + (random() - 0.5) * interval '20 years' END AS effective_at
FROM generate_series(1, 1500) i;
DO $$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT * FROM posted ORDER BY i LOOP
		PERFORM ledger.post('balance', p.source, p.destination, p.amount, 'USD', effective_at => p.effective_at);
	END LOOP;
END
$$;
SELECT address, version, balance FROM ledger.balance WHERE ledger = 'balance' ORDER BY address;

-- Times to ask for: every one that an entry has, just before and just after, and many in between.
CREATE TEMP TABLE asked AS
SELECT t AS at FROM (
	SELECT effective_at FROM ledger.entry WHERE ledger = 'balance' AND version % 4 = 0
	UNION SELECT recorded_at FROM ledger.entry WHERE ledger = 'balance' AND version % 4 = 0) e(t)
UNION SELECT t - interval '1 microsecond' FROM (SELECT effective_at FROM ledger.entry WHERE ledger = 'balance'
	AND version % 50 = 0) e(t)
UNION SELECT t + interval '1 microsecond' FROM (SELECT recorded_at FROM ledger.entry WHERE ledger = 'balance'
	AND version % 50 = 0) e(t)
UNION SELECT now() + (random() - 0.5) * interval '25 years' FROM generate_series(1, 200)
UNION SELECT now() + (random() - 0.5) * interval '30 seconds' FROM generate_series(1, 200)
UNION SELECT unnest(ARRAY['infinity', '-infinity', 'epoch', '4714-11-24 00:00:00+00 BC',
	'294276-12-31 23:59:59.999999+00']::timestamptz[]);
SELECT count(*) > 1200 AS many FROM asked;

-- What was effective by then, added up one by one, against what is answered.
CREATE TEMP TABLE expected AS
SELECT a.address, q.at, coalesce(sum(e.amount) FILTER (WHERE e.effective_at <= q.at), 0) AS balance
FROM (VALUES ('a'), ('b'), ('world')) a(address) CROSS JOIN asked q JOIN ledger.entry e ON e.ledger = 'balance'
	AND e.address = a.address
GROUP BY 1, 2;
SELECT address, count(*) > 1200 AS many, count(DISTINCT balance) > 400 AS varied,
	count(*) FILTER (WHERE balance <> ledger.balance('balance', address, 'USD', at)) AS wrong
FROM expected GROUP BY address ORDER BY address;
SELECT count(*), count(*) FILTER (WHERE b.balance IS DISTINCT FROM
	(SELECT e.balance FROM expected e WHERE e.at = q.at AND e.address = b.address)) AS wrong
FROM (SELECT DISTINCT at FROM expected ORDER BY at LIMIT 100 OFFSET 300) q, LATERAL ledger.balances('balance', '*', q.at) b;
SELECT count(*) AS wrong FROM (SELECT DISTINCT at FROM expected LIMIT 100) q
WHERE EXISTS (SELECT FROM ledger.trial_balance('balance', q.at) t
	LEFT JOIN expected e ON e.at = q.at AND e.address = t.address
	WHERE t.address IS NOT NULL AND t.credit - t.debit IS DISTINCT FROM e.balance
		OR t.address IS NULL AND t.debit <> t.credit);
-- The opening balance of a statement, too, is right: the running balance of each line.
SELECT count(*) AS lines, count(*) FILTER (WHERE s.balance <> brute.balance) AS wrong
FROM (SELECT DISTINCT at FROM asked WHERE isfinite(at) ORDER BY at LIMIT 40 OFFSET 300) q,
	LATERAL (SELECT * FROM ledger.statement('balance', 'a', 'USD', q.at) LIMIT 5) s,
	LATERAL (SELECT sum(e.amount) AS balance FROM ledger.entry e WHERE e.ledger = 'balance' AND e.address = 'a'
		AND (e.effective_at, e.version) <= (s.effective_at, s.version)) brute;

-- At a version: after its nth entry.
SELECT count(*) AS entries, count(*) FILTER (WHERE balance <> ledger.balance('balance', address, 'USD',
	version => version)) AS wrong
FROM ledger.entry WHERE ledger = 'balance';
SELECT ledger.balance('balance', 'a', 'USD', version => 0),
	ledger.balance('balance', 'a', 'USD', version => 1500) = ledger.balance('balance', 'a', 'USD') AS last;
SELECT ledger.balance('balance', 'never', 'USD'), ledger.balance('balance', 'never', 'USD', now()),
	ledger.balance('balance', 'never', 'USD', version => 0);

-- Reading opens nothing.
SELECT count(*) FROM ledger.account WHERE ledger = 'balance' AND address = 'never';

-- What a post did is seen by the next statement, not by its own.
SELECT ledger.balance('balance', 'own', 'USD'), (ledger.post('balance', 'world', 'own', 1, 'USD')).balances[2].balance,
	ledger.balance('balance', 'own', 'USD');
SELECT ledger.balance('balance', 'own', 'USD');

\pset format unaligned
-- Patterns: * is one segment, ** any number of them.
SELECT ledger.create_ledger('balance2');
SELECT count(*) FROM unnest(ARRAY['users', 'users:1', 'users:1:wallet', 'users:1:wallet:usd', 'users:2:wallet', 'users:2:bank',
	'usersx:1:wallet', 'Users:1', 'users-1', 'users.1', 'users@1', 'z']) a,
	ledger.post('balance2', 'world', a, 1, 'USD');
SELECT status FROM ledger.post('balance2', 'world', 'users:1', 5, 'EUR');
SELECT pattern, array_agg(DISTINCT address COLLATE "C") AS addresses
FROM unnest(ARRAY['**', '*', 'users', 'users:*', 'users:**', 'users:*:wallet', 'users:*:*', '*:1:wallet', '**:wallet', '*:**',
	'users:**:usd', '**:1:**', '**:**', 'nobody', 'nobody:**', 'users:1', '*:*:*:*'])
	WITH ORDINALITY p(pattern, n), ledger.balances('balance2', pattern) GROUP BY n, pattern ORDER BY n;
SELECT * FROM ledger.balances('balance2', 'users:1');
SELECT pattern, try FROM unnest(ARRAY[NULL, '', 'a*', '***', 'a::b', ':', 'a:', 'a b', '*:a*']) WITH ORDINALITY p(pattern, n),
	pg_temp.try(format('SELECT ledger.balances(%L, %L)', 'balance2', pattern)) ORDER BY n;

-- Mistakes.
SELECT arguments, try FROM unnest(ARRAY[
	$$NULL, 'a', 'USD'$$, $$'balance', NULL, 'USD'$$, $$'balance', 'a', NULL$$, $$'nowhere', 'a', 'USD'$$,
		$$'balance', 'a', 'NOPE'$$,
	$$'balance', 'a b', 'USD'$$, $$'balance', '', 'USD'$$, $$'balance', '*', 'USD'$$, $$'balance', 'a', 'USD', version => 1501$$,
	$$'balance', 'a', 'USD', version => -1$$, $$'balance', 'never', 'USD', version => 1$$, $$'balance', 'a', 'USD', now(), 1$$])
	WITH ORDINALITY p(arguments, n), pg_temp.try(format('SELECT ledger.balance(%s)', arguments)) ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.balances('nowhere')$$), pg_temp.try($$SELECT ledger.balances(NULL)$$);
SELECT * FROM ledger.verify('balance');
