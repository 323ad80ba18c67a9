-- Holds: what is reserved counts at once against the limits, on both sides, and moves nothing.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('hold');
SELECT status FROM ledger.post('hold', 'world', 'a', 100, 'USD');

-- A hold is a record of the journal, with a number of its own; it makes no entries, and versions stay.
SELECT status, transaction > 0 AS numbered, position = transaction AS same, recorded_at IS NOT NULL AS timed, balances,
	transaction AS first FROM ledger.hold('hold', 'a', 'b', 30, 'USD') \gset
SELECT :'status' AS status, :'numbered' AS numbered, :'same' AS same, :'timed' AS timed, :'balances' AS balances;
SELECT * FROM ledger.balances('hold');
SELECT address, balance, available, inflow, outflow, held_in, held_out, version FROM ledger.balance
	WHERE ledger = 'hold' ORDER BY address;
SELECT number, source, destination, asset, amount, captured, voided, "left", expires_at, status FROM ledger.hold
	WHERE ledger = 'hold' AND hold = :first;
SELECT kind, related, payload FROM ledger.journal WHERE ledger = 'hold' ORDER BY position;
SELECT kind, related, postings FROM ledger.transactions('hold') ORDER BY transaction;
SELECT count(*) FROM ledger.entry WHERE ledger = 'hold';
SELECT * FROM ledger.statement('hold', 'b', 'USD');

-- Held outflow is not available: neither to postings nor to other holds. Held inflow is not there to be spent.
SELECT * FROM pg_temp.refused('post', $$'hold', 'a', 'c', 70.01, 'USD'$$);
SELECT * FROM pg_temp.refused('hold', $$'hold', 'a', 'c', 70.01, 'USD'$$);
SELECT * FROM pg_temp.refused('post', $$'hold', 'b', 'c', 0.01, 'USD'$$);
SELECT * FROM pg_temp.refused('hold', $$'hold', 'b', 'c', 0.01, 'USD'$$);
SELECT status, balances FROM ledger.hold('hold', 'a', 'c', 70, 'USD');
SELECT status, code FROM ledger.try_post('hold', 'a', 'c', 0.01, 'USD');
SELECT status, code FROM ledger.try_post('hold', 'a', 'c', 0, 'USD');
SELECT status, balances FROM ledger.post('hold', 'world', 'a', 5, 'USD');
SELECT status, balances FROM ledger.post('hold', 'a', 'c', 5, 'USD');
SELECT address, balance, available, held_in, held_out FROM ledger.balances('hold');
-- Other assets of the same accounts are none of its business.
SELECT status FROM ledger.post('hold', 'world', 'a', 3, 'EUR');
SELECT status, balances FROM ledger.post('hold', 'a', 'b', 3, 'EUR');

-- Limits: a floor below zero can be held down to, and a ceiling counts what is to come.
SELECT ledger.open_account('hold', 'credit', 'USD', -50), ledger.open_account('hold', 'capped', 'USD', 0, 20),
	ledger.open_account('hold', 'both', 'USD', -10, 10);
SELECT status, code FROM ledger.try_hold('hold', 'credit', 'x', 50.01, 'USD');
SELECT status, code FROM ledger.try_hold('hold', 'credit', 'capped', 20.01, 'USD');
SELECT status, balances FROM ledger.hold('hold', 'credit', 'capped', 15, 'USD');
SELECT * FROM pg_temp.refused('hold', $$'hold', 'credit', 'capped', 5.01, 'USD'$$);
SELECT * FROM pg_temp.refused('post', $$'hold', 'world', 'capped', 5.01, 'USD'$$);
SELECT status, balances FROM ledger.post('hold', 'world', 'capped', 5, 'USD');
SELECT * FROM pg_temp.refused('hold', $$'hold', 'credit', 'x', 35.01, 'USD'$$);
SELECT status, balances FROM ledger.hold('hold', 'credit', 'x', 35, 'USD');
-- What leaves makes room for what is to come only once it has left: holding it out does not.
SELECT status FROM ledger.hold('hold', 'capped', 'x', 5, 'USD');
SELECT status, code FROM ledger.try_post('hold', 'world', 'capped', 0.01, 'USD');
-- world has no floor and can hold as much as is wanted.
SELECT status, balances FROM ledger.hold('hold', 'world', 'y', 1e20, 'USD');
SELECT address, balance, available, held_in, held_out FROM ledger.balances('hold', 'world') WHERE asset = 'USD';

-- Limits are changed with an eye to what is held: neither floor nor ceiling may be passed by it.
SELECT address, floor, ceiling, try FROM (VALUES (1, 'credit', -49.99, NULL), (2, 'credit', -50, NULL), (3, 'credit', -60, 0),
		(4, 'credit', NULL, NULL), (5, 'capped', 0, 19.99), (6, 'capped', 0.01, 20), (7, 'capped', 0, 20))
	l(n, address, floor, ceiling),
	pg_temp.try(format('SELECT ledger.set_limits(%L, %L, %L, %L, %L)', 'hold', address, 'USD', floor, ceiling)) ORDER BY n;

-- Frozen and closed accounts hold nothing, on either side.
SELECT ledger.open_account('hold', 'frozen'), ledger.open_account('hold', 'closed'), ledger.freeze('hold', 'frozen'),
	ledger.close_account('hold', 'closed');
SELECT s, d, h.* FROM (VALUES (1, 'frozen', 'b'), (2, 'a', 'frozen'), (3, 'closed', 'b'), (4, 'a', 'closed')) p(n, s, d),
	pg_temp.refused('hold', format('%L, %L, %L, 0, %L', 'hold', s, d, 'USD')) h ORDER BY n;

-- Several postings are one hold: in order, all or none; what comes in by it cannot be spent by it either.
SELECT ledger.create_ledger('hold2');
SELECT status FROM ledger.post_transaction('hold2', '{"(world,a,100,USD)","(world,a,1000,JPY)"}');
SELECT status, balances, transaction AS several FROM ledger.hold_transaction('hold2',
	'{"(a,shop,60,USD)","(a,fee,1.50,USD)","(a,shop,400,JPY)","(a,shop,0,USD)"}', '2999-01-01') \gset
SELECT :'status' AS status, :'balances' AS balances;
SELECT number, source, destination, asset, amount, "left", expires_at FROM ledger.hold WHERE hold = :several ORDER BY number;
SELECT payload FROM ledger.journal WHERE ledger = 'hold2' AND position = :several;
SELECT * FROM ledger.balances('hold2');
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.refused('hold_transaction', $$'hold2', '{"(a,shop,30,USD)","(a,new,8.51,USD)"}'$$);
SELECT * FROM pg_temp.refused('hold_transaction', $$'hold2', '{"(world,new,30,USD)","(new,shop,30,USD)"}'$$);
SELECT * FROM pg_temp.refused('hold_transaction', $$'hold2', '{"(world,new,30,USD)","(a,new,601,JPY)"}'$$);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT kind, postings FROM ledger.transactions('hold2', 'fee');
SELECT kind, postings FROM ledger.transactions('hold2', asset => 'JPY') ORDER BY transaction;
SELECT kind, cardinality(postings) FROM ledger.transactions('hold2', '*') ORDER BY transaction;
-- A thousand at once.
SELECT status, cardinality(balances) FROM ledger.hold_transaction('hold2',
	(SELECT array_agg(('world', 'many:' || i % 10, i, 'EUR')::ledger.posting ORDER BY i) FROM generate_series(1, 1000) i));
SELECT address, held_in FROM ledger.balances('hold2', 'many:*');

-- As much as there is: held, and told.
SELECT status, balances, amounts FROM ledger.hold('hold2', 'a', 'b', 50, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.hold('hold2', 'a', 'b', NULL, 'JPY', up_to => true);
SELECT status, balances, amounts FROM ledger.hold('hold2', 'a', 'b', NULL, 'USD', up_to => true);
SELECT * FROM pg_temp.refused('hold', $$'hold2', 'world', 'b', NULL, 'USD', up_to => true$$);
SELECT status FROM ledger.post('hold2', 'world', 'c', 10, 'USD');
SELECT status, balances, amounts FROM ledger.hold_transaction('hold2', '{"(c,d,4,USD)","(c,d,,USD)","(c,d,5,USD)"}',
	up_to => '{f,t,t}');
SELECT payload FROM ledger.journal WHERE ledger = 'hold2' AND kind = 'hold' ORDER BY position DESC LIMIT 1;

-- Options as for a posting: key, reference, metadata.
SELECT transaction AS keyed, recorded_at AS keyed_at
	FROM ledger.hold('hold2', 'world', 'k', 7, 'USD', '2999-01-01', 'hk', 'hr', '{"m": 1}') \gset
SELECT kind, reference, idempotency_key, metadata, effective_at = recorded_at AS at_once, postings
	FROM ledger.transactions('hold2', reference => 'hr');
SELECT status, transaction = :keyed AS same, recorded_at = :'keyed_at' AS same_time
	FROM ledger.hold('hold2', 'world', 'k', 7.00, 'USD', '2999-01-01', 'hk', 'hr', '{"m": 1}');
SELECT status, transaction = :keyed AS same
	FROM ledger.try_hold_transaction('hold2', '{"(world,k,7,USD)"}', '2999-01-01', 'hk', 'hr', '{"m": 1}');
SELECT what, h.* FROM (VALUES
		(1, 'amount', $$'hold2', 'world', 'k', 8, 'USD', '2999-01-01', 'hk', 'hr', '{"m": 1}'$$),
		(2, 'expiry', $$'hold2', 'world', 'k', 7, 'USD', '2999-01-02', 'hk', 'hr', '{"m": 1}'$$),
		(3, 'no expiry', $$'hold2', 'world', 'k', 7, 'USD', NULL, 'hk', 'hr', '{"m": 1}'$$),
		(4, 'up_to', $$'hold2', 'world', 'k', 7, 'USD', '2999-01-01', 'hk', 'hr', '{"m": 1}', up_to => true$$),
		(5, 'another key', $$'hold2', 'world', 'k', 7, 'USD', '2999-01-01', 'hk2', 'hr', '{"m": 1}'$$)) c(n, what, arguments),
	pg_temp.refused('hold', arguments) h ORDER BY n;
SELECT status, amounts FROM ledger.hold('hold2', 'world', 'k', 3, 'USD', NULL, 'hk3', up_to => true);
SELECT status, amounts FROM ledger.hold('hold2', 'world', 'k', 3, 'USD', NULL, 'hk3', up_to => true);
-- A key belongs to one request, of whatever kind.
SELECT code, message FROM pg_temp.refused('post', $$'hold2', 'world', 'k', 7, 'USD', 'hk', 'hr', NULL, '{"m": 1}'$$);
SELECT status FROM ledger.post('hold2', 'world', 'k', 1, 'USD', 'pk', 'pr');
SELECT code, message FROM pg_temp.refused('hold', $$'hold2', 'world', 'k', 1, 'USD', NULL, 'pk', 'pr'$$);
SELECT code, message FROM pg_temp.refused('hold', $$'hold2', 'world', 'k', 1, 'USD', reference => 'pr'$$);
SELECT held_in FROM ledger.balances('hold2', 'k');

-- A ledger that opens no accounts.
SELECT ledger.create_ledger('hold_strict', auto_open => false);
SELECT * FROM pg_temp.refused('hold', $$'hold_strict', 'world', 'a', 1, 'USD'$$);
SELECT ledger.open_account('hold_strict', 'a');
SELECT status, balances FROM ledger.hold('hold_strict', 'world', 'a', 1, 'USD');

-- In a transaction that is rolled back it never was.
BEGIN;
SELECT status FROM ledger.hold('hold_strict', 'world', 'a', 5, 'USD');
SELECT held_in FROM ledger.balances('hold_strict', 'a');
SAVEPOINT s;
SELECT status FROM ledger.hold('hold_strict', 'world', 'a', 7, 'USD');
ROLLBACK TO s;
SELECT held_in FROM ledger.balances('hold_strict', 'a');
ROLLBACK;
SELECT held_in FROM ledger.balances('hold_strict', 'a');

SELECT * FROM ledger.verify('hold');
SELECT * FROM ledger.verify('hold2');
SELECT * FROM ledger.verify('hold_strict');
