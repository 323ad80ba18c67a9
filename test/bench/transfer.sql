--
-- Rows made up for `transfer`, in the form that bank_load.sql gives the bank's.
--
CREATE SCHEMA bank;
CREATE TABLE bank.posting AS
	SELECT n, n AS trans_id, (n::bigint * 7919) % 5000 AS account_id, 1 + n % 1000 + 0.25 AS amount,
			timestamptz '1993-01-01' + n * interval '5 minutes' AS effective_at,
			CASE WHEN n % 3 = 0 THEN 'cash' ELSE 'customers:' || (n::bigint * 7919) % 5000 END AS source,
			CASE WHEN n % 3 = 0 THEN 'customers:' || (n::bigint * 7919) % 5000 ELSE 'banks:' || n % 13 END AS destination
		FROM generate_series(1, :rows) n;

CREATE EXTENSION ledger;
SELECT ledger.create_ledger('bank');
SELECT count(ledger.open_account('bank', address, floor => NULL))
	FROM (SELECT source FROM bank.posting UNION SELECT destination FROM bank.posting) a (address);
ANALYZE;
