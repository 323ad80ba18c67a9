-- Reversals: the exact opposite of a transaction, in whole or in parts, once.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('reverse');
CREATE FUNCTION pg_temp.refused(transaction bigint, options text DEFAULT '', OUT code text, OUT message text, OUT detail text,
	OUT raised_alike boolean) LANGUAGE sql AS $$ SELECT * FROM pg_temp.refused('reverse', format('%L, %s%s', 'reverse', $1, $2)) $$;

-- The whole: a transaction of its own, related to the first, and everything is as it was.
SELECT transaction AS first FROM ledger.post('reverse', 'world', 'a', 100, 'USD', metadata => '{"m": 1}') \gset
SELECT status, transaction > :first AS later, position = transaction AS same, recorded_at IS NOT NULL AS timed, balances,
	transaction AS reversal FROM ledger.reverse('reverse', :first) \gset
SELECT :'status' AS status, :'later' AS later, :'same' AS same, :'timed' AS timed, :'balances' AS balances;
SELECT kind, related = :first AS of_the_first, metadata, postings, effective_at = recorded_at AS on_time
	FROM ledger.transactions('reverse') ORDER BY transaction;
SELECT kind, related = :first AS of_the_first, counterparty, amount, balance, version FROM ledger.statement('reverse', 'a', 'USD');
SELECT kind, related = :first AS of_the_first, payload FROM ledger.journal WHERE ledger = 'reverse' ORDER BY position;
SELECT * FROM ledger.balances('reverse');
-- Once only, whatever is asked for.
SELECT options, r.* FROM unnest(ARRAY['', ', 1', ', 0', ', 1000', ', force => true', ', original_time => true',
	$$, amounts => '{1}'$$]) WITH ORDINALITY o(options, n), pg_temp.refused(:first, options) r ORDER BY n;
-- A reversal can be reversed, once; that does not make the first reversible again, but the latest reversal is.
SELECT transaction AS again FROM ledger.reverse('reverse', :reversal) \gset
SELECT * FROM pg_temp.refused(:reversal);
SELECT * FROM pg_temp.refused(:first);
SELECT status, balances FROM ledger.reverse('reverse', :again);
SELECT * FROM pg_temp.refused(:again);
SELECT kind, postings FROM ledger.transactions('reverse') ORDER BY transaction;

-- Several postings, in reverse order, so that money paid on comes back first.
SELECT transaction AS chain FROM ledger.post_transaction('reverse',
	'{"(world,c:1,50,EUR)","(c:1,c:2,30,EUR)","(c:2,c:3,30,EUR)","(world,c:3,7,JPY)","(c:3,c:1,2,JPY)"}') \gset
SELECT status, balances FROM ledger.reverse('reverse', :chain);
SELECT postings FROM ledger.transactions('reverse', max_rows => 1);
SELECT address, asset, version, amount, balance FROM ledger.entry WHERE ledger = 'reverse' AND address LIKE 'c:%' ORDER BY 1, 2, 3;
SELECT code FROM pg_temp.refused(:chain);

-- By amount, until it is exhausted.
SELECT transaction AS part FROM ledger.post('reverse', 'world', 'p', 10, 'USD') \gset
SELECT status, balances FROM ledger.reverse('reverse', :part, 4);
SELECT status, balances FROM ledger.reverse('reverse', :part, 5.99);
SELECT pg_temp.state() AS before \gset
SELECT options, r.* FROM unnest(ARRAY[', 0.02', ', 0', ', -1', ', 0.001', $$, 'NaN'$$, ', 1e40', $$, amounts => '{0.01,0}'$$,
	$$, amounts => '{}'$$, $$, amounts => '{0.02}'$$]) WITH ORDINALITY o(options, n), pg_temp.refused(:part, options) r ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, balances FROM ledger.reverse('reverse', :part, 0.01);
SELECT * FROM pg_temp.refused(:part);
SELECT * FROM pg_temp.refused(:part, ', 0.01');
SELECT kind, amount, balance FROM ledger.statement('reverse', 'p', 'USD');
-- What is left, without saying how much.
SELECT transaction AS part FROM ledger.post('reverse', 'world', 'p', 10, 'USD') \gset
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :part, amounts => '{3}') r;
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :part) r;
SELECT code FROM pg_temp.refused(:part);
-- A part that was reversed can be put back, but is not for that part of the first again.
SELECT transaction AS part FROM ledger.post('reverse', 'world', 'p', 10, 'USD') \gset
SELECT transaction AS reversal FROM ledger.reverse('reverse', :part, 6) \gset
SELECT status, r.balances[2] FROM ledger.reverse('reverse', :reversal, 5) r;
SELECT * FROM pg_temp.refused(:part, ', 4.01');
SELECT * FROM pg_temp.refused(:reversal, ', 1.01');
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :part) r;

-- Parts of several postings: an amount for each, counted as the transaction has them.
SELECT transaction AS parts FROM ledger.post_transaction('reverse', '{"(world,s,10,USD)","(s,t,6,USD)","(world,t,300,JPY)"}') \gset
SELECT options, r.* FROM unnest(ARRAY[', 1', $$, amounts => '{1,1}'$$, $$, amounts => '{0,0,0}'$$, $$, amounts => '{0,6.01,0}'$$,
	$$, amounts => '{0,0,0.5}'$$, $$, amounts => '{0,NULL,0}'$$]) WITH ORDINALITY o(options, n),
	pg_temp.refused(:parts, options) r ORDER BY n;
SELECT code, message FROM pg_temp.refused(:parts, $$, amounts => '{5,0,0}'$$);
SELECT status, balances FROM ledger.reverse('reverse', :parts, amounts => '{4,1,100}');
SELECT postings FROM ledger.transactions('reverse', max_rows => 1);
SELECT options, r.* FROM unnest(ARRAY['{6.01,5,200}', '{6,5.01,200}', '{6,5,201}']) WITH ORDINALITY o(options, n),
	pg_temp.refused(:parts, format(', amounts => %L', options)) r ORDER BY n;
SELECT status, balances FROM ledger.reverse('reverse', :parts, amounts => '{0,5,0}');
SELECT status, balances FROM ledger.reverse('reverse', :parts);
SELECT code FROM pg_temp.refused(:parts);
SELECT s.*, t.* FROM ledger.balances('reverse', 's') s, ledger.balances('reverse', 't') t;

-- What moved nothing is reversed once as well; what moved up to an amount, by what it moved.
SELECT transaction AS zero FROM ledger.post('reverse', 'world', 'a', 0, 'USD') \gset
SELECT status, balances FROM ledger.reverse('reverse', :zero);
SELECT code FROM pg_temp.refused(:zero);
SELECT status FROM ledger.post('reverse', 'world', 'u', 3, 'USD');
SELECT transaction AS there FROM ledger.post('reverse', 'u', 'a', 1000, 'USD', up_to => true) \gset
SELECT * FROM pg_temp.refused(:there, ', 3.01');
SELECT status, balances FROM ledger.reverse('reverse', :there);

-- A captured hold: by the number of the capture, or that of the hold if it has one.
SELECT transaction AS hold FROM ledger.hold('reverse', 'world', 'h', 10, 'USD') \gset
SELECT * FROM pg_temp.refused(:hold);
SELECT transaction AS capture FROM ledger.capture('reverse', :hold, 4, false) \gset
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :hold, 1) r;
SELECT related = :capture AS of_the_capture FROM ledger.transactions('reverse', max_rows => 1);
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :capture) r;
SELECT * FROM pg_temp.refused(:capture);
SELECT * FROM pg_temp.refused(:hold);
SELECT captured, voided, "left", status FROM ledger.hold WHERE hold = :hold;
SELECT transaction AS second FROM ledger.capture('reverse', :hold) \gset
SELECT * FROM pg_temp.refused(:hold);
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :second) r;
SELECT transaction AS hold FROM ledger.hold('reverse', 'world', 'h', 10, 'USD') \gset
SELECT transaction AS void FROM ledger.void('reverse', :hold) \gset
SELECT n, r.* FROM unnest(ARRAY[:hold, :void]) WITH ORDINALITY v(number, n), pg_temp.refused(number) r ORDER BY n;
SELECT transaction AS several FROM ledger.hold_transaction('reverse', '{"(world,h,3,USD)","(world,h,2,JPY)"}') \gset
SELECT status FROM ledger.capture('reverse', :several, amounts => '{1,2}');
SELECT status, balances FROM ledger.reverse('reverse', :several);

-- Not past a limit, unless it is forced; then the limit holds again for all that follows.
SELECT ledger.open_account('reverse', 'capped', 'USD', 0, 10);
SELECT transaction AS spent FROM ledger.post('reverse', 'world', 'spent', 10, 'USD') \gset
SELECT transaction AS full FROM ledger.post_transaction('reverse', '{"(world,capped,8,USD)","(capped,full,7,USD)"}') \gset
SELECT status FROM ledger.post('reverse', 'spent', 'x', 8, 'USD');
SELECT status FROM ledger.post('reverse', 'world', 'capped', 6, 'USD');
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.refused(:spent);
SELECT code, message FROM pg_temp.refused(:full);
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, balances FROM ledger.reverse('reverse', :spent, 2);
SELECT status, balances FROM ledger.reverse('reverse', :spent, 5, force => true);
SELECT status, balances FROM ledger.reverse('reverse', :spent, force => true);
SELECT payload FROM ledger.journal WHERE ledger = 'reverse' ORDER BY position DESC LIMIT 1;
SELECT * FROM ledger.verify('reverse');
SELECT code, detail FROM pg_temp.refused('post', $$'reverse', 'spent', 'x', 0.01, 'USD'$$);
SELECT status, amounts FROM ledger.post('reverse', 'spent', 'x', NULL, 'USD', up_to => true);
SELECT status, r.balances[2] FROM ledger.post('reverse', 'world', 'spent', 1, 'USD') r;
SELECT * FROM ledger.verify('reverse');
SELECT status, r.balances[2] FROM ledger.post('reverse', 'world', 'spent', 9, 'USD') r;
SELECT code FROM pg_temp.refused('post', $$'reverse', 'spent', 'x', 2.01, 'USD'$$);
SELECT * FROM ledger.verify('reverse');
SELECT transaction AS paid FROM ledger.post('reverse', 'capped', 'y', 7, 'USD') \gset
SELECT status, r.balances[2] FROM ledger.post('reverse', 'world', 'capped', 9, 'USD') r;
SELECT * FROM pg_temp.refused(:paid);
SELECT status, balances FROM ledger.reverse('reverse', :paid, force => true);
SELECT code, detail FROM pg_temp.refused('post', $$'reverse', 'world', 'capped', 0.01, 'USD'$$);
SELECT * FROM ledger.verify('reverse');
SELECT status, r.balances[1] FROM ledger.post('reverse', 'capped', 'y', 2, 'USD') r;
SELECT * FROM ledger.verify('reverse');
-- Money that is held cannot go back, unless it is forced; the hold can be captured all the same.
SELECT transaction AS held FROM ledger.post('reverse', 'world', 'held', 10, 'USD') \gset
SELECT transaction AS hold FROM ledger.hold('reverse', 'held', 'x', 4, 'USD') \gset
SELECT * FROM pg_temp.refused(:held);
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :held, 6) r;
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :held, force => true) r;
SELECT balance, available, held_out FROM ledger.balances('reverse', 'held');
SELECT * FROM ledger.verify('reverse');
SELECT status, r.balances[1] FROM ledger.capture('reverse', :hold, 3, false) r;
SELECT * FROM ledger.verify('reverse');
SELECT status, r.balances[1] FROM ledger.void('reverse', :hold) r;
SELECT balance, available, held_out FROM ledger.balances('reverse', 'held');
SELECT transaction AS paid FROM ledger.post('reverse', 'capped', 'y', 8, 'USD') \gset
SELECT transaction AS held FROM ledger.hold('reverse', 'world', 'capped', 4, 'USD') \gset
SELECT status, r.balances[2] FROM ledger.reverse('reverse', :paid, force => true) r;
SELECT * FROM ledger.verify('reverse');
SELECT status, r.balances[2] FROM ledger.capture('reverse', :held) r;
SELECT * FROM ledger.verify('reverse');

-- Frozen and closed accounts take part in no reversal, forced or not.
SELECT transaction AS frozen FROM ledger.post('reverse', 'world', 'frozen', 10, 'USD') \gset
SELECT ledger.freeze('reverse', 'frozen');
SELECT options, r.* FROM unnest(ARRAY['', ', force => true']) WITH ORDINALITY o(options, n),
	pg_temp.refused(:frozen, options) r ORDER BY n;
SELECT ledger.unfreeze('reverse', 'frozen');
SELECT transaction AS closed FROM ledger.post('reverse', 'frozen', 'x', 10, 'USD') \gset
SELECT ledger.close_account('reverse', 'frozen');
SELECT options, r.* FROM unnest(ARRAY['', ', force => true']) WITH ORDINALITY o(options, n),
	pg_temp.refused(:closed, options) r ORDER BY n;

-- When it counts: now, when the first did, or at another time.
SELECT transaction AS past FROM ledger.post('reverse', 'world', 'time', 10, 'USD', effective_at => '2024-01-01') \gset
SELECT status FROM ledger.reverse('reverse', :past, 1);
SELECT status FROM ledger.reverse('reverse', :past, 2, original_time => true);
SELECT status FROM ledger.reverse('reverse', :past, 3, effective_at => '2024-06-01');
SELECT at, ledger.balance('reverse', 'time', 'USD', at)
	FROM unnest('{2023-12-31,2024-01-01,2024-06-01,infinity}'::timestamptz[]) at;
SELECT CASE WHEN effective_at <> recorded_at THEN effective_at END AS effective_at, version, amount, balance, kind
	FROM ledger.statement('reverse', 'time', 'USD');
SELECT transaction AS now FROM ledger.post('reverse', 'world', 'time', 5, 'USD') \gset
SELECT status FROM ledger.reverse('reverse', :now, original_time => true);
SELECT f.effective_at = r.effective_at AS same_time, r.recorded_at > f.recorded_at AS recorded_later
FROM ledger.transactions('reverse', 'time', max_rows => 1) r
	JOIN ledger.transactions('reverse', 'time') f ON f.transaction = r.related;
SELECT * FROM pg_temp.refused(:past, $$, original_time => true, effective_at => '2024-01-01'$$);

-- Options: key, reference, metadata; conditions.
SELECT transaction AS keyed FROM ledger.post('reverse', 'world', 'k', 10, 'USD') \gset
SELECT transaction AS reversal
	FROM ledger.reverse('reverse', :keyed, 4, idempotency_key => 'rk', reference => 'rr', metadata => '{"why": 1}') \gset
SELECT reference, idempotency_key, metadata, kind FROM ledger.transactions('reverse', reference => 'rr');
SELECT status, transaction = :reversal AS same, balances
	FROM ledger.reverse('reverse', :keyed, 4.0, idempotency_key => 'rk', reference => 'rr', metadata => '{"why": 1}');
SELECT options, r.* FROM unnest(ARRAY[', 5', ', NULL', ', 4, true', ', 4, original_time => true', $$, amounts => '{4,1}'$$])
	WITH ORDINALITY o(options, n), pg_temp.refused(:keyed,
		options || $$, idempotency_key => 'rk', reference => 'rr', metadata => '{"why": 1}'$$) r ORDER BY n;
SELECT * FROM pg_temp.refused(:keyed, $$, 1, reference => 'rr'$$);
SELECT status, code FROM ledger.try_reverse('reverse', :keyed, 7, idempotency_key => 'rk2', reference => 'rr2');
SELECT status, code FROM ledger.try_reverse('reverse', :keyed, 6, idempotency_key => 'rk2', reference => 'rr2');
SELECT status, code FROM ledger.try_reverse('reverse', :keyed, 6, idempotency_key => 'rk2', reference => 'rr2');
SELECT transaction AS held FROM ledger.post('reverse', 'world', 'k', 10, 'USD') \gset
SELECT * FROM pg_temp.refused(:held, $$, conditions => ARRAY[ledger.at_version('k', 'USD', 3),
	ledger.balance_between('k', 'USD', 1, NULL)]$$);
SELECT status, r.balances[1] FROM ledger.reverse('reverse', :held, conditions => ARRAY[ledger.at_version('k', 'USD', 4),
	ledger.balance_between('k', 'USD', 0, 0)]) r;

-- What is no transaction of this ledger, and other bad input.
SELECT ledger.create_ledger('reverse2');
SELECT transaction AS other FROM ledger.post('reverse2', 'world', 'a', 1, 'USD') \gset
SELECT max(position) AS account FROM ledger.journal WHERE ledger = 'reverse' AND kind = 'account' \gset
SELECT n, r.* FROM unnest(ARRAY[:other, :account, 0, -1, 9223372036854775807]) WITH ORDINALITY v(number, n),
	pg_temp.refused(number) r ORDER BY n;
SELECT arguments, r.* FROM unnest(ARRAY['NULL, 1', $$'nowhere', 1$$, $$'reverse', NULL$$]) WITH ORDINALITY c(arguments, n),
	pg_temp.refused('reverse', arguments) r ORDER BY n;
SELECT transaction AS good FROM ledger.post('reverse', 'world', 'a', 1, 'USD') \gset
SELECT pg_temp.state() AS before \gset
SELECT options, r.* FROM unnest(ARRAY[', force => NULL', ', original_time => NULL', $$, 1, amounts => '{1}'$$,
	$$, amounts => '{NULL}'$$, $$, amounts => '{{1}}'$$, $$, amounts => '[0:0]={1}'$$, $$, idempotency_key => ''$$,
	$$, reference => ''$$, $$, effective_at => 'infinity'$$, $$, metadata => '[]'$$, ', conditions => ARRAY[NULL::ledger.condition]'])
	WITH ORDINALITY o(options, n), pg_temp.refused(:good, options) r ORDER BY n;
SELECT pg_temp.state() = :'before' AS nothing_left_behind;

-- A reversal that is rolled back never was.
BEGIN;
SAVEPOINT s;
SELECT status FROM ledger.reverse('reverse', :good);
SELECT code FROM ledger.try_reverse('reverse', :good);
ROLLBACK TO s;
SELECT status FROM ledger.reverse('reverse', :good, 0.40);
SELECT code FROM ledger.try_reverse('reverse', :good, 0.61);
COMMIT;
SELECT status FROM ledger.reverse('reverse', :good);
SELECT code FROM ledger.try_reverse('reverse', :good);

SELECT * FROM ledger.balances('reverse');
SELECT * FROM ledger.verify('reverse');
