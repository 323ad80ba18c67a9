--
-- The bank's file, from psql's own input, and the ledger that it is posted to.
--
CREATE SCHEMA bank;
CREATE TABLE bank.file (
	n bigint GENERATED ALWAYS AS IDENTITY,
	trans_id bigint PRIMARY KEY,
	account_id int NOT NULL,
	date date NOT NULL,
	direction text NOT NULL CHECK (direction IN ('in', 'out')),
	operation text NOT NULL,
	amount numeric NOT NULL,
	balance_after numeric NOT NULL,
	purpose text,
	partner_bank text,
	partner_account text
);
\copy bank.file (trans_id, account_id, date, direction, operation, amount, balance_after, purpose, partner_bank, partner_account) FROM pstdin (FORMAT csv, HEADER)

-- Each row as a posting. A partner without a bank is always 0 and means none: those rows are cash or cards. What
-- the bank itself takes, and the interest it gives, has an account for each purpose, whatever the operation.
CREATE VIEW bank.posting AS
	SELECT n, trans_id, account_id, amount, date::timestamptz AS effective_at,
			CASE direction WHEN 'in' THEN counterpart ELSE customer END AS source,
			CASE direction WHEN 'in' THEN customer ELSE counterpart END AS destination
		FROM bank.file, LATERAL (SELECT 'customers:' || account_id AS customer,
				CASE WHEN partner_bank IS NOT NULL THEN 'banks:' || partner_bank || ':' || partner_account
					WHEN operation = 'bank' OR purpose IN ('interest', 'fee', 'penalty') THEN 'bank:' || purpose
					WHEN operation = 'card_out' THEN 'cards'
					ELSE 'cash'
				END AS counterpart) sides;

CREATE EXTENSION ledger;
SELECT ledger.create_ledger('bank');
-- The bank allowed overdrafts.
SELECT count(ledger.open_account('bank', address, floor => NULL))
	FROM (SELECT source FROM bank.posting UNION SELECT destination FROM bank.posting) a (address);
ANALYZE;
