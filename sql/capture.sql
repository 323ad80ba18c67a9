-- Captures and voids: all or part of a hold, once or until it is exhausted; the rest is set free.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('capture');
SELECT status FROM ledger.post('capture', 'world', 'a', 100, 'USD');
-- What the balances are, and the holds.
CREATE FUNCTION pg_temp.show() RETURNS TABLE (address text, balance numeric, available numeric, held_in numeric,
	held_out numeric) LANGUAGE sql AS $$
	SELECT address, balance, available, held_in, held_out FROM ledger.balances('capture', '*') WHERE asset = 'USD'
$$;
CREATE FUNCTION pg_temp.show(hold bigint) RETURNS TABLE (number int, destination text, amount numeric, captured numeric,
	voided numeric, "left" numeric, status text) LANGUAGE sql AS $$
	SELECT number, destination, amount, captured, voided, "left", status FROM ledger.hold h WHERE h.hold = $1 ORDER BY number
$$;

-- The whole: it is posted as any transaction is, related to the hold; now it can be spent.
SELECT transaction AS whole FROM ledger.hold('capture', 'a', 'b', 30, 'USD') \gset
SELECT status, transaction > :whole AS later, position = transaction AS same, code, balances, amounts
	FROM ledger.capture('capture', :whole);
SELECT * FROM pg_temp.show();
SELECT * FROM pg_temp.show(:whole);
SELECT kind, related = :whole AS of_the_hold, postings FROM ledger.transactions('capture', 'b') ORDER BY transaction;
SELECT kind, related = :whole AS of_the_hold, counterparty, amount, balance, version
	FROM ledger.statement('capture', 'b', 'USD');
SELECT kind, related = :whole AS of_the_hold, payload FROM ledger.journal WHERE ledger = 'capture'
	ORDER BY position DESC LIMIT 1;
SELECT status, balances FROM ledger.post('capture', 'b', 'world', 30, 'USD');
SELECT * FROM pg_temp.refused('capture', format('%L, %s', 'capture', :whole));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 1, false', 'capture', :whole));
SELECT * FROM pg_temp.refused('void', format('%L, %s', 'capture', :whole));

-- Less, once: what is left is set free.
SELECT transaction AS less FROM ledger.hold('capture', 'a', 'b', 30, 'USD') \gset
SELECT status, balances FROM ledger.capture('capture', :less, 10.01);
SELECT * FROM pg_temp.show(:less);
SELECT * FROM pg_temp.show();
SELECT kind, payload FROM ledger.journal WHERE ledger = 'capture' ORDER BY position DESC LIMIT 1;
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 0.01', 'capture', :less));

-- Several times, until it is exhausted.
SELECT transaction AS parts FROM ledger.hold('capture', 'a', 'b', 30, 'USD') \gset
SELECT status, balances FROM ledger.capture('capture', :parts, 10, final => false);
SELECT status, balances FROM ledger.capture('capture', :parts, 15, false);
SELECT * FROM pg_temp.show(:parts);
SELECT * FROM pg_temp.show();
SELECT pg_temp.state() AS before \gset
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 5.01, false', 'capture', :parts));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 5.01', 'capture', :parts));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 1e30', 'capture', :parts));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 0, false', 'capture', :parts));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 0.00', 'capture', :parts));
SELECT pg_temp.state() = :'before' AS nothing_left_behind;
SELECT status, balances FROM ledger.capture('capture', :parts, 5, false);
SELECT * FROM pg_temp.show(:parts);
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 0.01, false', 'capture', :parts));
SELECT * FROM pg_temp.refused('void', format('%L, %s', 'capture', :parts));
SELECT kind, related = :parts AS of_the_hold, amount, balance FROM ledger.statement('capture', 'b', 'USD') OFFSET 3;
-- The last of them takes the rest, or sets it free, or a void does.
SELECT transaction AS rest FROM ledger.hold('capture', 'world', 'b', 30, 'USD') \gset
SELECT status, r.balances[2] FROM ledger.capture('capture', :rest, 10, false) r;
SELECT status, r.balances[2] FROM ledger.capture('capture', :rest) r;
SELECT * FROM pg_temp.show(:rest);
SELECT transaction AS rest FROM ledger.hold('capture', 'world', 'b', 30, 'USD') \gset
SELECT status, r.balances[2] FROM ledger.capture('capture', :rest, 10, false) r;
SELECT status, r.balances[2] FROM ledger.capture('capture', :rest, 1) r;
SELECT * FROM pg_temp.show(:rest);
SELECT transaction AS rest FROM ledger.hold('capture', 'world', 'b', 30, 'USD') \gset
SELECT status, r.balances[2] FROM ledger.capture('capture', :rest, 10, false) r;
SELECT status, transaction > :rest AS later, position = transaction AS same, balances, amounts
	FROM ledger.void('capture', :rest);
SELECT * FROM pg_temp.show(:rest);
SELECT kind, related = :rest AS of_the_hold, payload FROM ledger.journal WHERE ledger = 'capture'
	ORDER BY position DESC LIMIT 1;
-- Everything, and the hold is not to be final: nothing is left all the same.
SELECT transaction AS rest FROM ledger.hold('capture', 'world', 'b', 30, 'USD') \gset
SELECT status FROM ledger.capture('capture', :rest, final => false);
SELECT code, detail FROM ledger.try_capture('capture', :rest);

-- A void sets all of it free, once.
SELECT transaction AS void FROM ledger.hold('capture', 'a', 'b', 20, 'USD') \gset
SELECT status, balances, amounts, violations FROM ledger.void('capture', :void);
SELECT * FROM pg_temp.show(:void);
SELECT * FROM pg_temp.show();
SELECT * FROM pg_temp.refused('void', format('%L, %s', 'capture', :void));
SELECT * FROM pg_temp.refused('capture', format('%L, %s', 'capture', :void));
SELECT kind, payload FROM ledger.journal WHERE ledger = 'capture' ORDER BY position DESC LIMIT 1;
-- It is in the journal, but no transaction.
SELECT count(*) FROM ledger.transactions('capture', max_rows => NULL) WHERE kind = 'void';

-- Funds are never lacking: all the rest of the money is gone, and a second hold is there.
SELECT transaction AS first FROM ledger.hold('capture', 'a', 'b', 20, 'USD') \gset
SELECT transaction AS second FROM ledger.hold('capture', 'a', 'c', 5, 'USD') \gset
SELECT status, r.balances[1] FROM ledger.post('capture', 'a', 'd', NULL, 'USD', up_to => true) r;
SELECT status, code FROM ledger.try_post('capture', 'a', 'd', 0.01, 'USD');
SELECT status, balances FROM ledger.capture('capture', :second);
SELECT status, balances FROM ledger.capture('capture', :first);
SELECT * FROM pg_temp.show();
-- Nor does it pass a ceiling: what it brings was counted all along.
SELECT ledger.open_account('capture', 'capped', 'USD', 0, 10);
SELECT transaction AS capped FROM ledger.hold('capture', 'world', 'capped', 6, 'USD') \gset
SELECT status FROM ledger.post('capture', 'world', 'capped', 4, 'USD');
SELECT status, r.balances[2] FROM ledger.capture('capture', :capped, 5, false) r;
SELECT status, code FROM ledger.try_post('capture', 'world', 'capped', 0.01, 'USD');
SELECT status FROM ledger.void('capture', :capped);
SELECT status, r.balances[2] FROM ledger.try_post('capture', 'world', 'capped', 1, 'USD') r;

-- Several postings: all of them, or an amount for each; what is set free is so of each.
SELECT status FROM ledger.post_transaction('capture', '{"(world,m,100,USD)","(world,m,1000,JPY)"}');
SELECT transaction AS several
	FROM ledger.hold_transaction('capture', '{"(m,shop,60,USD)","(m,fee,1.50,USD)","(m,shop,400,JPY)"}') \gset
SELECT status, balances FROM ledger.capture('capture', :several);
SELECT * FROM pg_temp.show(:several);
SELECT transaction AS several
	FROM ledger.hold_transaction('capture', '{"(m,shop,30,USD)","(m,fee,2,USD)","(m,shop,400,JPY)"}') \gset
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 5', 'capture', :several));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, amounts => %L', 'capture', :several, '{30,2}'));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, amounts => %L', 'capture', :several, '{}'));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, amounts => %L', 'capture', :several, '{30,2.01,400}'));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, amounts => %L', 'capture', :several, '{30,2,0.5}'));
SELECT * FROM pg_temp.refused('capture', format('%L, %s, amounts => %L', 'capture', :several, '{0,0,0}'));
SELECT status, balances FROM ledger.capture('capture', :several, final => false, amounts => '{10,0,100}');
SELECT * FROM pg_temp.show(:several);
SELECT status, balances FROM ledger.capture('capture', :several, final => false, amounts => '{20,0,100}');
SELECT * FROM pg_temp.show(:several);
SELECT kind, related = :several AS of_the_hold, postings FROM ledger.transactions('capture', max_rows => 1);
SELECT status, balances FROM ledger.capture('capture', :several, amounts => '{0,1,1}');
SELECT * FROM pg_temp.show(:several);
SELECT payload FROM ledger.journal WHERE ledger = 'capture' ORDER BY position DESC LIMIT 1;
SELECT transaction AS several FROM ledger.hold_transaction('capture', '{"(m,shop,3,USD)","(m,fee,1,USD)"}') \gset
SELECT status, balances FROM ledger.capture('capture', :several, amounts => '{1,0}', final => false);
SELECT status, balances FROM ledger.void('capture', :several);
SELECT * FROM pg_temp.show(:several);
SELECT payload FROM ledger.journal WHERE ledger = 'capture' ORDER BY position DESC LIMIT 1;
-- One posting takes either form.
SELECT transaction AS one FROM ledger.hold('capture', 'm', 'shop', 5, 'USD') \gset
SELECT status, r.balances[1] FROM ledger.capture('capture', :one, amounts => '{2}', final => false) r;
SELECT status, r.balances[1] FROM ledger.capture('capture', :one, 2, final => false) r;
SELECT * FROM pg_temp.show(:one);
-- The same balances in several postings, to and fro.
SELECT transaction AS fro FROM ledger.hold_transaction('capture', '{"(m,shop,1,USD)","(shop,m,2,USD)","(m,shop,0.5,USD)"}') \gset
SELECT status, balances FROM ledger.capture('capture', :fro, amounts => '{0.5,2,0.5}');
SELECT address, version, amount, balance FROM ledger.entry WHERE ledger = 'capture' AND transaction =
	(SELECT max(transaction) FROM ledger.entry WHERE ledger = 'capture') ORDER BY 1, 2;

-- Options: the same capture again is replayed, also when the hold is closed by then; another under its key is refused.
SELECT transaction AS keyed FROM ledger.hold('capture', 'world', 'k', 10, 'USD') \gset
SELECT transaction AS first
	FROM ledger.capture('capture', :keyed, 3, false, NULL, 'ck1', 'cr1', '2024-01-01', '{"c": 1}') \gset
SELECT status, transaction = :first AS same, balances
	FROM ledger.capture('capture', :keyed, 3.00, false, NULL, 'ck1', 'cr1', '2024-01-01', '{"c": 1}');
SELECT kind, reference, idempotency_key, effective_at, metadata FROM ledger.transactions('capture', reference => 'cr1');
SELECT ledger.balance('capture', 'k', 'USD', '2024-01-01'), ledger.balance('capture', 'k', 'USD', '2023-12-31');
SELECT what, r.* FROM (VALUES (1, 'amount', '3.01, false'), (2, 'all', 'NULL, false'), (3, 'final', '3, true'),
		(4, 'amounts', $$NULL, false, '{3,0}'$$)) c(n, what, arguments),
	pg_temp.refused('capture', format('%L, %s, %s, idempotency_key => %L, reference => %L, effective_at => %L, metadata => %L',
		'capture', :keyed, arguments, 'ck1', 'cr1', '2024-01-01', '{"c": 1}')) r
ORDER BY n;
SELECT code, message FROM pg_temp.refused('capture', format('%L, %s, idempotency_key => %L, reference => %L', 'capture', :keyed,
	'ck2', 'cr1'));
SELECT code, message FROM pg_temp.refused('void', format('%L, %s, %L', 'capture', :keyed, 'ck1'));
SELECT code, message FROM pg_temp.refused('post', $$'capture', 'world', 'k', 3, 'USD', 'ck1', 'cr1', '2024-01-01', '{"c": 1}'$$);
SELECT status, transaction AS void FROM ledger.void('capture', :keyed, 'vk', '{"why": "done"}') \gset
SELECT status, transaction = :void AS same FROM ledger.void('capture', :keyed, 'vk', '{"why": "done"}');
SELECT code, message FROM pg_temp.refused('void', format('%L, %s, %L', 'capture', :keyed, 'vk'));
SELECT code, detail FROM pg_temp.refused('void', format('%L, %s, %L', 'capture', :keyed, 'vk2'));
SELECT status, transaction = :first AS same
	FROM ledger.try_capture('capture', :keyed, 3, false, NULL, 'ck1', 'cr1', '2024-01-01', '{"c": 1}');
SELECT kind, related = :keyed AS of_the_hold, idempotency_key, metadata, payload FROM ledger.journal
	WHERE ledger = 'capture' AND position = :void;
-- A refused capture leaves its key free.
SELECT transaction AS free FROM ledger.hold('capture', 'world', 'k', 10, 'USD') \gset
SELECT status, code FROM ledger.try_capture('capture', :free, 11, idempotency_key => 'ck3', reference => 'cr3');
SELECT status, code FROM ledger.try_capture('capture', :free, 9, idempotency_key => 'ck3', reference => 'cr3');

-- Frozen: nothing can be captured, but voided; unfrozen, captured again. It is the same at either side.
SELECT transaction AS frozen FROM ledger.hold('capture', 'd', 'e', 4, 'USD') \gset
SELECT ledger.freeze('capture', 'd');
SELECT * FROM pg_temp.refused('capture', format('%L, %s', 'capture', :frozen));
SELECT ledger.unfreeze('capture', 'd'), ledger.freeze('capture', 'e');
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 1, false', 'capture', :frozen));
BEGIN;
SELECT status, balances FROM ledger.void('capture', :frozen);
ROLLBACK;
SELECT ledger.unfreeze('capture', 'e');
SELECT status, balances FROM ledger.capture('capture', :frozen, 1, false);
SELECT ledger.freeze('capture', 'd'), ledger.freeze('capture', 'e');
SELECT status, balances FROM ledger.void('capture', :frozen);
SELECT ledger.unfreeze('capture', 'd'), ledger.unfreeze('capture', 'e');
-- An account that has nothing but what is held can be closed; then the hold can be voided, but not captured.
SELECT transaction AS closed FROM ledger.hold('capture', 'd', 'gone', 3, 'USD') \gset
SELECT split_part(pg_temp.try($$SELECT ledger.close_account('capture', 'd')$$), E'\n', 1);
SELECT ledger.close_account('capture', 'gone');
SELECT * FROM pg_temp.refused('capture', format('%L, %s', 'capture', :closed));
SELECT * FROM ledger.verify('capture');
SELECT status, balances FROM ledger.void('capture', :closed);
SELECT ledger.open_account('capture', 'credit', 'USD', -5);
SELECT transaction AS closed FROM ledger.hold('capture', 'credit', 'd', 5, 'USD') \gset
SELECT ledger.close_account('capture', 'credit');
SELECT * FROM pg_temp.refused('capture', format('%L, %s, 1', 'capture', :closed));
SELECT status, balances FROM ledger.void('capture', :closed);
SELECT address, status, held_in, held_out FROM ledger.balance WHERE ledger = 'capture' AND status = 'closed' ORDER BY 1;

-- A hold belongs to its ledger, and nothing else is one.
SELECT ledger.create_ledger('capture2');
SELECT transaction AS other FROM ledger.hold('capture2', 'world', 'a', 1, 'USD') \gset
SELECT f, r.* FROM unnest(ARRAY['capture', 'void']) f, pg_temp.refused(f, format('%L, %s', 'capture', :other)) r ORDER BY f;
SELECT what, f, r.* FROM (VALUES (1, 'a capture', :first), (2, 'a void', :void), (3, 'zero', 0), (4, 'negative', -1),
		(5, 'the largest', 9223372036854775807)) w(n, what, number), unnest(ARRAY['capture', 'void']) f,
	pg_temp.refused(f, format('%L, %s', 'capture', number)) r ORDER BY n, f;
SELECT * FROM pg_temp.show(:other);

-- Within one transaction, and undone by a savepoint.
BEGIN;
SELECT transaction AS own FROM ledger.hold('capture', 'world', 't', 10, 'USD') \gset
SAVEPOINT s;
SELECT status, balances FROM ledger.capture('capture', :own, 4, false);
SELECT status FROM ledger.void('capture', :own);
SELECT * FROM pg_temp.show(:own);
ROLLBACK TO s;
SELECT * FROM pg_temp.show(:own);
SELECT status, balances FROM ledger.capture('capture', :own);
COMMIT;
SELECT * FROM pg_temp.show(:own);

SELECT * FROM pg_temp.show();
SELECT * FROM ledger.verify('capture');
SELECT * FROM ledger.verify('capture2');
