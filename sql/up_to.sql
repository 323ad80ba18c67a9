-- Amounts that depend on the balance: up to an amount, or all there is, decided where nobody can change it any more.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('up_to');
SELECT status FROM ledger.post_transaction('up_to', '{"(world,a,100,USD)","(world,a,500,JPY)"}');

-- What is asked for is moved if it is there, else what is there; the receipt says how much.
SELECT status, balances, amounts FROM ledger.post('up_to', 'a', 'b', 60, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'a', 'b', 60, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'a', 'b', 60, 'USD', up_to => true);
SELECT amount, balance, version FROM ledger.statement('up_to', 'a', 'USD');
SELECT postings FROM ledger.transactions('up_to', 'b') ORDER BY transaction;
-- Exactly what is there; nothing of it; all of it, whatever that is.
SELECT status, balances, amounts FROM ledger.post('up_to', 'b', 'c', 100, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'c', 'b', 0, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'c', 'b', NULL, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'a', 'b', NULL, 'JPY', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'never:used', 'b', NULL, 'USD', up_to => true);
-- Without it, nothing has changed: no amounts in the receipt, and an amount is needed.
SELECT status, balances, amounts FROM ledger.post('up_to', 'b', 'a', 1, 'USD', up_to => false);
SELECT status, balances, amounts FROM ledger.post('up_to', 'b', 'a', 1, 'USD', up_to => NULL);
SELECT options, r.* FROM unnest(ARRAY['', ', up_to => false', ', up_to => NULL']) WITH ORDINALITY o(options, n),
	pg_temp.refused('post', $$'up_to', 'b', 'a', NULL, 'USD'$$ || options) r ORDER BY n;

-- Available is what is above the floor, whatever the floor, and not held.
SELECT ledger.open_account('up_to', 'credit', 'USD', -50), ledger.open_account('up_to', 'free', 'USD', NULL);
SELECT status, balances, amounts FROM ledger.post('up_to', 'credit', 'd', 30, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'credit', 'd', 30, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'credit', 'd', NULL, 'USD', up_to => true);
SELECT status FROM ledger.hold('up_to', 'd', 'x', 20, 'USD');
SELECT status, balances, amounts FROM ledger.post('up_to', 'd', 'x', NULL, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'x', 'y', 35, 'USD', up_to => true);
-- What has no floor has no end: an amount is moved whole, everything is an error.
SELECT status, balances, amounts FROM ledger.post('up_to', 'free', 'e', 1e9, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'world', 'e', 5, 'USD', up_to => true);
SELECT * FROM pg_temp.refused('post', $$'up_to', 'free', 'e', NULL, 'USD', up_to => true$$);
SELECT * FROM pg_temp.refused('post', $$'up_to', 'world', 'e', NULL, 'USD', up_to => true$$);
SELECT status, balances, amounts FROM ledger.post('up_to', 'e', 'free', NULL, 'USD', up_to => true);
-- Below its floor, after a forced reversal, there is nothing to take, and it is no error.
SELECT transaction AS gone FROM ledger.post('up_to', 'world', 'red', 7, 'USD') \gset
SELECT status FROM ledger.post('up_to', 'red', 'e', 7, 'USD');
SELECT status FROM ledger.reverse('up_to', :gone, force => true);
SELECT status, balances, amounts FROM ledger.post('up_to', 'red', 'e', NULL, 'USD', up_to => true);

-- All other rules are as ever: the ceiling of the destination, status, decimals, sign.
SELECT ledger.open_account('up_to', 'capped', 'USD', 0, 3), ledger.open_account('up_to', 'frozen');
SELECT ledger.freeze('up_to', 'frozen');
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.refused('post', $$'up_to', 'b', 'capped', NULL, 'USD', up_to => true$$);
SELECT * FROM pg_temp.refused('post', $$'up_to', 'b', 'capped', 4, 'USD', up_to => true$$);
SELECT * FROM pg_temp.refused('post', $$'up_to', 'frozen', 'b', NULL, 'USD', up_to => true$$);
SELECT * FROM pg_temp.refused('post', $$'up_to', 'b', 'frozen', NULL, 'USD', up_to => true$$);
SELECT amount, code FROM unnest(ARRAY['0.001', '-1', 'NaN', 'Infinity', '1e36']::numeric[]) WITH ORDINALITY a(amount, n),
	ledger.try_post('up_to', 'b', 'c', amount, 'USD', up_to => true) ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, amounts FROM ledger.post('up_to', 'b', 'capped', 3, 'USD', up_to => true);

-- In a transaction each posting decides in its turn: sweep, then share out; first who stands first.
SELECT ledger.create_ledger('up_to2');
SELECT status FROM ledger.post_transaction('up_to2', '{"(world,a,7,USD)","(world,b,5,USD)"}');
SELECT status, balances, amounts FROM ledger.post_transaction('up_to2',
	'{"(a,pot,,USD)","(b,pot,,USD)","(pot,first,8,USD)","(pot,second,8,USD)","(pot,third,8,USD)","(world,pot,1,USD)"}',
	up_to => '{t,t,t,t,t,NULL}');
SELECT * FROM ledger.balances('up_to2');
SELECT postings FROM ledger.transactions('up_to2', max_rows => 1);
-- One that is not up to anything must have its money; then all are undone.
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.refused('post_transaction', $$'up_to2', '{"(first,pot,,USD)","(pot,second,9.01,USD)"}', up_to => '{t,f}'$$);
SELECT * FROM pg_temp.refused('post_transaction', $$'up_to2', '{"(first,pot,,USD)","(world,pot,,USD)"}', up_to => '{t,t}'$$);
SELECT up_to, r.* FROM unnest(ARRAY['{t}', '{t,t,t}', '{}', '{{t,t}}', '[0:1]={t,t}', '{t,f}', '{t,NULL}'])
	WITH ORDINALITY u(up_to, n), pg_temp.refused('post_transaction',
		format($$'up_to2', '{"(first,pot,,USD)","(pot,second,,USD)"}', up_to => %L$$, up_to)) r ORDER BY n;
SELECT * FROM pg_temp.refused('post_transaction', $$'up_to2', '{"(first,pot,,USD)"}'$$);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
-- To and fro.
SELECT status, balances, amounts FROM ledger.post_transaction('up_to2',
	'{"(first,second,,USD)","(second,first,,USD)","(first,second,,USD)"}', up_to => '{t,t,t}');

-- As JSON.
SELECT status, balances, amounts FROM ledger.post_json('up_to2', '{"postings": [
	{"source": "second", "destination": "json", "amount": "5", "up_to": true, "asset": "USD"},
	{"source": "second", "destination": "json", "up_to": true, "asset": "USD"},
	{"source": "json", "destination": "second", "amount": 1, "up_to": false, "asset": "USD"}]}');
SELECT posting, r.code, r.message, r.detail
FROM unnest(ARRAY['{"up_to": "true"}', '{"up_to": 1}', '{"up_to": false}', '{}']::jsonb[]) WITH ORDINALITY p(posting, n),
	ledger.try_post_json('up_to2', jsonb_build_object('postings', jsonb_build_array(
		'{"source": "json", "destination": "second", "asset": "USD"}'::jsonb || posting))) r ORDER BY n;

-- It is part of the request: a key has one effect, and a replay tells what was moved then.
SELECT status, balances, amounts FROM ledger.post('up_to2', 'json', 'k', 100, 'USD', 'k1', up_to => true);
SELECT status FROM ledger.post('up_to2', 'world', 'json', 1000, 'USD');
SELECT status, balances, amounts FROM ledger.post('up_to2', 'json', 'k', 100.00, 'USD', 'k1', up_to => true);
SELECT status, amounts FROM ledger.try_post_transaction('up_to2', '{"(json,k,100,USD)"}', 'k1', up_to => '{t}');
SELECT status, amounts FROM ledger.post_json('up_to2',
	'{"idempotency_key": "k1", "postings": [{"source": "json", "destination": "k", "up_to": true, "amount": 100, "asset": "USD"}]}');
SELECT options, r.code FROM unnest(ARRAY[$$100, 'USD', 'k1'$$, $$NULL, 'USD', 'k1', up_to => true$$, $$11, 'USD', 'k1'$$,
	$$100, 'USD', 'k1', up_to => false$$]) WITH ORDINALITY o(options, n),
	pg_temp.refused('post', $$'up_to2', 'json', 'k', $$ || options) r ORDER BY n;
SELECT status, amounts FROM ledger.post('up_to2', 'json', 'k', 0, 'USD', 'k2', up_to => false);
SELECT status, amounts FROM ledger.post('up_to2', 'json', 'k', 0, 'USD', 'k2');

-- The whole range.
SELECT ledger.open_account('up_to2', 'deep', 'USD', -999999999999999999999999999999999999.99);
SELECT status, balances, amounts FROM ledger.post('up_to2', 'deep', 'far', NULL, 'USD', up_to => true);
SELECT status, balances, amounts FROM ledger.post('up_to2', 'deep', 'far', NULL, 'USD', up_to => true);
SELECT * FROM ledger.verify('up_to');
SELECT * FROM ledger.verify('up_to2');
