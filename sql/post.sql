-- Posting: one posting, several in order, several assets, zero, and what the receipt tells.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('post');

-- One posting. The receipt has every balance it touched, in order of first mention.
SELECT status, transaction > 0 AS numbered, position = transaction AS same, recorded_at IS NOT NULL AS timed,
	code, message, detail, balances
FROM ledger.post('post', 'world', 'users:alice', 100, 'USD');
SELECT * FROM unnest((ledger.post('post', 'users:alice', 'users:bob', 12.34, 'USD')).balances);
SELECT * FROM ledger.balances('post');

-- Versions count the entries of a balance; transactions ascend along them.
SELECT address, asset, version, amount, balance, transaction > lag(transaction) OVER w AS ascending,
	recorded_at >= lag(recorded_at) OVER w AS on_time, recorded_at = effective_at AS effective_then
FROM ledger.entry WHERE ledger = 'post'
WINDOW w AS (PARTITION BY address, asset ORDER BY version)
ORDER BY address, asset, version;

-- The time is that of the write, not of the transaction's start.
BEGIN;
SELECT recorded_at > now() AS later, recorded_at <= clock_timestamp() AS not_in_future
FROM ledger.post('post', 'world', 'users:carol', 1, 'USD');
ROLLBACK;

-- Along a balance time never runs backwards, even if the clock was set back since: here the last entry is of the far future.
BEGIN;
UPDATE ledger_data.balance SET recorded_at = '2999-01-01' WHERE address = 'users:alice'
	AND ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = 'post');
SELECT recorded_at FROM ledger.post('post', 'world', 'users:alice', 1, 'USD');
SELECT recorded_at FROM ledger.post('post', 'users:alice', 'users:carol', 1, 'USD');
SELECT recorded_at < '2999-01-01' AS now FROM ledger.post('post', 'world', 'users:dan', 1, 'EUR');
ROLLBACK;

-- a -> b -> c: an account may receive first and pay on what it got.
SELECT status, balances FROM ledger.post_transaction('post', ARRAY[
	('world', 'chain:a', 50, 'EUR'), ('chain:a', 'chain:b', 50, 'EUR'), ('chain:b', 'chain:c', 49.99, 'EUR')]::ledger.posting[]);
-- In another order it may not, and nothing is posted.
SELECT status, code, message, detail, balances FROM ledger.try_post_transaction('post', ARRAY[
	('chain:d', 'chain:e', 50, 'EUR'), ('world', 'chain:d', 50, 'EUR')]::ledger.posting[]);
SELECT * FROM ledger.balances('post', 'chain:*');

-- Several assets in one transaction and in one account.
SELECT status, balances FROM ledger.post_transaction('post', ARRAY[
	('world', 'users:alice', 1000, 'JPY'), ('world', 'users:alice', 0.001, 'BHD'),
	('users:alice', 'users:bob', 10, 'USD'), ('users:alice', 'users:bob', 400, 'JPY')]::ledger.posting[]);
SELECT * FROM ledger.balances('post', 'users:*');

-- One balance many times: each posting is an entry of its own, the row is written once.
SELECT status, balances FROM ledger.post_transaction('post',
	(SELECT array_agg(('world', 'users:dave', i, 'USD')::ledger.posting ORDER BY i) FROM generate_series(1, 100) i));
SELECT count(*), min(version), max(version), sum(amount), count(DISTINCT transaction) AS transactions
FROM ledger.entry WHERE ledger = 'post' AND address = 'users:dave';

-- Back and forth within one transaction.
SELECT balances FROM ledger.post_transaction('post', ARRAY[
	('users:dave', 'users:erin', 5, 'USD'), ('users:erin', 'users:dave', 5, 'USD')]::ledger.posting[]);

-- Twenty thousand postings at once.
SELECT status, cardinality(balances), balances[1], balances[1001] FROM ledger.post_transaction('post',
	(SELECT array_agg(('world', 'many:' || i % 1000, 0.01, 'CHF')::ledger.posting ORDER BY i) FROM generate_series(1, 20000) i));

-- Zero moves nothing and yet is recorded, even where the floor leaves no money to take.
SELECT status, balances FROM ledger.post('post', 'nobody:a', 'nobody:b', 0, 'USD');
SELECT address, version, amount, balance FROM ledger.entry WHERE ledger = 'post' AND address LIKE 'nobody:%' ORDER BY address;

-- The whole balance may go, and not a cent more.
SELECT balances FROM ledger.post('post', 'users:bob', 'world', 22.34, 'USD');
SELECT status, code, message, detail, balances FROM ledger.try_post('post', 'users:bob', 'world', 0.01, 'USD');
SELECT ledger.post('post', 'users:bob', 'world', 0.01, 'USD');

-- A refused receipt holds nothing but the reason.
SELECT * FROM ledger.try_post('post', 'users:bob', 'world', 1000000, 'USD');

-- The same account names in another ledger are other accounts.
SELECT ledger.create_ledger('post2');
SELECT balances FROM ledger.post('post2', 'world', 'users:alice', 1, 'USD');
SELECT ledger.balance('post', 'users:alice', 'USD'), ledger.balance('post2', 'users:alice', 'USD');

-- Addresses: every allowed character, the longest, and case that counts.
SELECT balances FROM ledger.post('post', 'world', 'A-Z.a_z:0-9:me@example.org', 1, 'USD');
SELECT status FROM ledger.post('post', 'world', repeat('x', 512), 1, 'USD');
SELECT status FROM ledger.post('post', 'world', repeat('x:', 255) || 'xx', 1, 'USD');
SELECT ledger.balance('post', 'a-z.a_z:0-9:me@example.org', 'USD');
SELECT ledger.balance('post', 'A-Z.a_z:0-9:me@example.org', 'USD');

-- world is an account like others, but for its floor.
SELECT status, balances FROM ledger.try_post('post', 'world', 'users:alice', 1e30, 'USD');
SELECT address, floor, ceiling FROM ledger.account WHERE ledger = 'post' AND address = 'world';

SELECT * FROM ledger.verify('post');
