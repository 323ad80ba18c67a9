--
-- Prints the script of one session: one statement, thus one transaction, per row of the file.
--
SELECT $$PREPARE post (text, text, numeric, text, timestamptz) AS
	SELECT status, transaction FROM ledger.post('bank', $1, $2, $3, 'CZK', idempotency_key => $4, effective_at => $5);$$;
SELECT format('EXECUTE post (%L, %L, %s, %L, %L);', source, destination, amount, trans_id, effective_at)
	FROM bank.posting WHERE account_id % :sessions = :session ORDER BY n;
