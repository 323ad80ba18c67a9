--
-- Prints one line "what|expected|found" for everything known of the file.
--

-- Each customer's statement, and the file's row for each line of it.
CREATE TEMP TABLE line AS
	SELECT c.account_id, s.*, f.trans_id, f.n, f.direction, f.amount AS file_amount, f.balance_after,
			row_number() OVER (PARTITION BY c.account_id ORDER BY f.n) AS file_line
		FROM (SELECT DISTINCT account_id FROM bank.file) c,
			LATERAL ledger.statement('bank', 'customers:' || account_id, 'CZK') s
			JOIN ledger.journal j ON j.ledger = 'bank' AND j.position = s.transaction
			JOIN bank.file f ON f.trans_id::text = j.idempotency_key
		WHERE f.account_id = c.account_id;
CREATE TEMP TABLE final AS
	SELECT replace(address, 'customers:', '')::int AS account_id, balance
		FROM ledger.balances('bank', 'customers:*') WHERE asset = 'CZK';
-- What the file says of every account, day by day.
CREATE TEMP TABLE move AS
	SELECT source AS address, effective_at, -amount AS amount FROM bank.posting
	UNION ALL SELECT destination, effective_at, amount FROM bank.posting;
CREATE INDEX ON move (address, effective_at);
ANALYZE;

SELECT 'rows of the file', 49102, count(*) FROM bank.file;
SELECT 'transactions of the ledger', 49102, count(*) FROM ledger.journal WHERE ledger = 'bank' AND idempotency_key IS NOT NULL;
SELECT 'entries, two each', 98204, count(*) FROM ledger.entry WHERE ledger = 'bank';
SELECT 'lines of all customers'' statements', 49102, count(*) FROM line;
SELECT 'customers', 1229, count(*) FROM final;
SELECT 'distinct partner accounts in the file (with 0, no partner)', 1593, count(DISTINCT partner_account) FROM bank.file;
SELECT 'accounts of partners, banks:*:*', 1592, count(*) FROM ledger.balances('bank', 'banks:*:*') WHERE asset = 'CZK';
SELECT 'total in', '177366296.30', round(sum(amount), 2) FROM line WHERE amount > 0;
SELECT 'total out', '138120153.50', -round(sum(amount), 2) FROM line WHERE amount < 0;
SELECT 'net, from the statements', '39246142.80', round(sum(amount), 2) FROM line;
SELECT 'net, from the balances', '39246142.80', round(sum(balance), 2) FROM final;
SELECT 'sum of all balances', '0.00', round(sum(balance), 2) FROM ledger.balances('bank');

SELECT 'statement lines with another amount than the file', 0, count(*) FROM line
	WHERE amount IS DISTINCT FROM CASE direction WHEN 'in' THEN file_amount ELSE -file_amount END;
SELECT 'statement lines not in the order of the file', 0, count(*) FROM line WHERE version IS DISTINCT FROM file_line;
SELECT 'running balances within 0.50 of the bank''s', 49035, count(*) FROM line WHERE abs(balance - balance_after) <= 0.50;
SELECT 'running balances equal to the bank''s', 28026, count(*) FROM line WHERE balance = balance_after;
SELECT 'final balances within 1.00 of the bank''s', 1201, count(*)
	FROM final JOIN (SELECT DISTINCT ON (account_id) account_id, balance_after FROM bank.file ORDER BY account_id, n DESC) f
		USING (account_id)
	WHERE abs(balance - balance_after) <= 1.00;
SELECT 'largest final balance', '18: 109277.00', (SELECT account_id || ': ' || round(balance, 2)
	FROM final ORDER BY balance DESC LIMIT 1);
SELECT 'final balances below zero', '8566: -2719.70', string_agg(account_id || ': ' || round(balance, 2), ', ')
	FROM final WHERE balance < 0;

-- Balances as they were, against sums over the file. A day's rows count from its first moment on.
SELECT format('%s at %s', address, at::timestamptz), (SELECT round(coalesce(sum(amount), 0), 2) FROM move m
			WHERE m.address = c.address AND m.effective_at <= c.at::timestamptz),
		round(ledger.balance('bank', address, 'CZK', at => at::timestamptz), 2)
	FROM (VALUES ('customers:18', '1993-06-30 12:00'), ('customers:18', '1993-12-31'), ('customers:8566', '1994-03-01'),
			('customers:576', '1993-01-01'), ('customers:576', '1992-12-31 23:59:59'), ('cash', '1993-12-31 23:59:59'),
			('bank:interest', '1993-09-30'), ('bank:fee', '1994-02-28')) c (address, at);
SELECT format('accounts with another balance at %s', at), 0, (SELECT count(*)
			FROM (SELECT address, sum(amount) AS expected FROM move WHERE effective_at <= at GROUP BY address) f
			FULL JOIN (SELECT address, balance FROM ledger.balances('bank', at => at)) b USING (address)
			WHERE coalesce(expected, 0) IS DISTINCT FROM coalesce(balance, 0))
	FROM (VALUES (timestamptz '1993-01-01'), ('1993-03-31 23:59:59'), ('1993-10-15'), ('1994-03-31'), ('1994-12-31')) d (at);
SELECT 'customer 18''s statement of a quarter: lines, sum, last balance',
		(SELECT concat_ws(', ', count(*), round(sum(amount), 2)) FROM move
			WHERE address = 'customers:18' AND effective_at BETWEEN '1993-10-01' AND '1993-12-31')
			|| ', ' || (SELECT round(sum(amount), 2) FROM move WHERE address = 'customers:18' AND effective_at <= '1993-12-31'),
		concat_ws(', ', count(*), round(sum(amount), 2), round((array_agg(balance ORDER BY effective_at DESC, version DESC))[1], 2))
	FROM ledger.statement('bank', 'customers:18', 'CZK', since => '1993-09-30 12:00', until => '1993-12-31 12:00');
SELECT format('trial balance at %s, debit and credit', coalesce(at::date::text, 'the end')), coalesce(debit, -1), credit
	FROM (VALUES (timestamptz '1993-06-30'), (NULL)) d (at)
		LEFT JOIN LATERAL (SELECT * FROM ledger.trial_balance('bank', at => at) WHERE address IS NULL AND asset = 'CZK') t ON true;
