-- Statements and trial balances.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\set ECHO all
SELECT ledger.create_ledger('statement');
SELECT count(*) FROM (VALUES (1, 'world', 'shop', 100, '2024-03-01'), (2, 'shop', 'tax', 19, '2024-03-02'),
	(3, 'world', 'shop', 50, '2024-02-01'),
	(4, 'shop', 'bank', 30.5, '2024-03-02'), (5, 'world', 'shop', 7, '2024-12-31'),
		(6, 'shop', 'tax', 0, '2024-03-02 00:00:00.000001+00'))
	p(n, source, destination, amount, effective_at),
	ledger.post('statement', source, destination, amount, 'USD', reference => 'n' || n, effective_at => effective_at::timestamptz,
		metadata => jsonb_build_object('n', n));

-- In order of effective time, then of version; the running balance follows that order.
SELECT effective_at, recorded_at > now() - interval '1 hour' AS recorded_now, transaction > 0 AS numbered, version, counterparty,
	amount, balance, reference, metadata
FROM ledger.statement('statement', 'shop', 'USD');
-- since <= effective time < until; the balance before counts.
SELECT effective_at, version, amount, balance, reference FROM ledger.statement('statement', 'shop', 'USD', '2024-03-01',
	'2024-03-02');
SELECT effective_at, version, amount, balance, reference FROM ledger.statement('statement', 'shop', 'USD', since => '2024-03-02');
SELECT effective_at, version, amount, balance, reference FROM ledger.statement('statement', 'shop', 'USD',
	'2024-03-02 00:00:00.000001', '2024-03-02 00:00:00.000002');
SELECT effective_at, version, amount, balance, reference FROM ledger.statement('statement', 'shop', 'USD', until => '2024-02-01');
SELECT count(*) FROM ledger.statement('statement', 'shop', 'USD', '-infinity', 'infinity');
SELECT count(*) FROM ledger.statement('statement', 'shop', 'USD', '2025-01-01', '2024-01-01');
SELECT amount, balance FROM ledger.statement('statement', 'shop', 'USD', now() - interval '1 hour', now() + interval '1 hour');

-- An entry without effective time counts when it was recorded.
SELECT status FROM ledger.post('statement', 'world', 'shop', 1, 'USD');
SELECT effective_at = recorded_at AS on_time, amount, balance FROM ledger.statement('statement', 'shop', 'USD',
	now() - interval '1 hour', now() + interval '1 hour');

-- The other side of each posting, also where one transaction touches an account many times.
SELECT status FROM ledger.post_transaction('statement',
	'{"(world,a,10,EUR)","(a,b,4,EUR)","(a,c,5,EUR)","(c,a,1,EUR)","(b,a,2,EUR)","(world,a,3,USD)"}', reference => 'many');
SELECT version, counterparty, amount, balance, reference FROM ledger.statement('statement', 'a', 'EUR');
SELECT version, counterparty, amount, balance, reference FROM ledger.statement('statement', 'world', 'EUR');
SELECT version, counterparty, amount, balance, reference FROM ledger.statement('statement', 'a', 'USD');
SELECT count(*) FROM ledger.statement('statement', 'never', 'USD');
SELECT count(*) FROM ledger.statement('statement', 'a', 'JPY');

-- Trial balance: negative balances are debits, positive ones credits, zero is left out, and the totals are equal.
SELECT * FROM ledger.trial_balance('statement');
SELECT * FROM ledger.trial_balance('statement', '2024-03-01');
SELECT * FROM ledger.trial_balance('statement', '2024-03-02');
SELECT * FROM ledger.trial_balance('statement', '2000-01-01');
SELECT ledger.create_ledger('statement2');
SELECT * FROM ledger.trial_balance('statement2');

-- Mistakes.
SELECT arguments, try FROM unnest(ARRAY[$$NULL, 'a', 'USD'$$, $$'statement', NULL, 'USD'$$, $$'statement', 'a', NULL$$,
	$$'nowhere', 'a', 'USD'$$,
	$$'statement', 'a', 'NOPE'$$, $$'statement', 'a b', 'USD'$$, $$'statement', 'never', 'NOPE'$$]) WITH ORDINALITY p(arguments, n),
	pg_temp.try(format('SELECT ledger.statement(%s)', arguments)) ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.trial_balance('nowhere')$$), pg_temp.try($$SELECT ledger.trial_balance(NULL)$$);
SELECT * FROM ledger.verify('statement');
