-- The end of the demo: who won the race, and is everything right? Nothing of it may depend on luck.
\set ON_ERROR_STOP 1
\set QUIET on
\pset footer off

SELECT status, coalesce(code, '-') AS code, count(*) AS attempts FROM attempt GROUP BY status, code ORDER BY status;

\set ECHO queries
SELECT ledger.balance('race', 'pot', 'EUR') AS pot, sum(balance) AS in_the_shops
FROM ledger.balances('race', 'shop:*');
\pset footer on
SELECT * FROM ledger.verify();
\pset footer off
\set ECHO none
SET client_min_messages = warning;

SELECT format('%s attempts by %s sessions: %s accepted, %s refused, %s in the pot',
		count(*), :sessions, count(*) FILTER (WHERE status = 'posted'), count(*) FILTER (WHERE code = 'LG201'),
		ledger.balance('race', 'pot', 'EUR')) AS result,
	count(*) = :attempts
		AND count(*) FILTER (WHERE status = 'posted') = :money
		AND count(*) FILTER (WHERE status = 'rejected' AND code = 'LG201') = :attempts - :money
		AND ledger.balance('race', 'pot', 'EUR') = 0
		AND (SELECT sum(balance) FROM ledger.balances('race', 'shop:*')) = :money
		AND (SELECT count(*) FROM ledger.transactions('race', 'shop:*', max_rows => :attempts)) = :money
		AND NOT EXISTS (SELECT FROM ledger.verify()) AS is_right
FROM attempt
\gset
\echo :result
\if :is_right
	\echo 'Every euro was spent exactly once, and the books are right.'
\else
	DO $$ BEGIN RAISE EXCEPTION 'The books are wrong.'; END $$;
\endif
