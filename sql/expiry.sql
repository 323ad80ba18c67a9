-- Expiry of holds: from the moment of expires_at a hold counts no longer, swept or not.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('expiry');
SELECT ledger.open_account('expiry', 'capped', 'USD', 0, 100);
SELECT status FROM ledger.post_transaction('expiry', '{"(world,a,100,USD)","(world,c,10,USD)"}');
CREATE FUNCTION pg_temp.show() RETURNS TABLE (address text, balance numeric, available numeric, held_in numeric, held_out numeric)
	LANGUAGE sql AS $$
	SELECT address, balance, available, held_in, held_out FROM ledger.balances('expiry', '*') WHERE address <> 'world'
$$;

-- Holds that last for half a second, and in the same breath others that find their money gone, and no room.
SELECT h.status, p.code AS post, c.code AS ceiling
FROM ledger.hold('expiry', 'a', 'capped', 60, 'USD', clock_timestamp() + interval '0.5 s') h,
	ledger.try_post('expiry', 'a', 'b', 40.01 + 0 * h.transaction, 'USD') p,
	ledger.try_post('expiry', 'world', 'capped', 40.01 + 0 * h.transaction, 'USD') c;
SELECT h.transaction AS parts, c.status
FROM ledger.hold('expiry', 'c', 'd', 10, 'USD', clock_timestamp() + interval '0.5 s', 'key', 'reference') h,
	ledger.capture('expiry', h.transaction, 3, false, idempotency_key => 'captured') c \gset
SELECT transaction AS plain FROM ledger.hold('expiry', 'a', 'b', 1, 'USD', clock_timestamp() + interval '0.5 s') \gset
SELECT h.transaction AS voided, v.status
FROM ledger.hold('expiry', 'a', 'b', 2, 'USD', clock_timestamp() + interval '0.5 s') h, ledger.void('expiry', h.transaction) v \gset
SELECT h.transaction AS captured, c.status
FROM ledger.hold('expiry', 'world', 'b', 4, 'USD', clock_timestamp() + interval '0.5 s') h,
	ledger.capture('expiry', h.transaction, 3) c \gset
SELECT transaction AS later FROM ledger.hold('expiry', 'a', 'b', 8, 'USD', '2999-01-01') \gset
SELECT transaction AS never FROM ledger.hold('expiry', 'a', 'b', 16, 'USD') \gset
SELECT pg_sleep(0.6);

-- All who read see it.
SELECT * FROM pg_temp.show();
SELECT address, available, held_in, held_out FROM ledger.balance WHERE ledger = 'expiry' AND address <> 'world' ORDER BY 1;
SELECT source, amount, captured, voided, "left", expires_at < clock_timestamp() AS expired, status FROM ledger.hold
	WHERE ledger = 'expiry' ORDER BY hold;
SELECT * FROM ledger.verify('expiry');
-- It can neither be captured nor voided; what was captured before stays.
SELECT f, r.* FROM unnest(ARRAY['capture', 'void']) f, unnest(ARRAY[:plain, :parts]) WITH ORDINALITY h(hold, n),
	pg_temp.refused(f, format('%L, %s', 'expiry', hold)) r ORDER BY n, f;
SELECT code, detail FROM pg_temp.refused('capture', format('%L, %s, 0', 'expiry', :plain));
SELECT code FROM pg_temp.refused('capture', format('%L, %s, 100', 'expiry', :plain));
-- Of those that were closed before, it is said what became of them.
SELECT code, detail FROM unnest(ARRAY[:voided, :captured]) WITH ORDINALITY h(hold, n),
	pg_temp.refused('void', format('%L, %s', 'expiry', hold)) ORDER BY n;
-- A replay tells of what was done, whatever the time.
SELECT status, transaction = :parts AS same FROM ledger.hold('expiry', 'c', 'd', 10, 'USD',
	(SELECT expires_at FROM ledger.hold WHERE hold = :parts), 'key', 'reference');
SELECT status, balances FROM ledger.capture('expiry', :parts, 3, false, idempotency_key => 'captured');

-- The money is free, for postings, holds, everything there is, lower limits; and there is room below the ceiling.
SELECT arguments, try FROM unnest(ARRAY[$$'a', 'USD', 76.01, NULL$$, $$'a', 'USD', 76, NULL$$, $$'a', 'USD', 0, NULL$$,
	$$'c', 'USD', 7, NULL$$, $$'c', 'USD', 0, NULL$$, $$'capped', 'USD', 0, 1$$, $$'capped', 'USD', 0, 100$$])
	WITH ORDINALITY c(arguments, n), pg_temp.try(format('SELECT ledger.set_limits(%L, %s)', 'expiry', arguments)) ORDER BY n;
SELECT code, detail FROM pg_temp.refused('post', $$'expiry', 'a', 'b', 76.01, 'USD'$$);
SELECT code, detail FROM pg_temp.refused('post', $$'expiry', 'world', 'capped', 100.01, 'USD'$$);
SELECT status FROM ledger.post('expiry', 'world', 'capped', 90, 'USD');
SELECT status, r.balances[1] FROM ledger.post('expiry', 'a', 'b', 70, 'USD') r;
SELECT code, detail FROM pg_temp.refused('hold', $$'expiry', 'a', 'b', 6.01, 'USD'$$);
SELECT status FROM ledger.hold('expiry', 'a', 'capped', 6, 'USD', '2999-01-01');
SELECT status, amounts FROM ledger.post('expiry', 'c', 'b', NULL, 'USD', up_to => true);
SELECT status, code FROM ledger.post_batch('expiry', '{a,c,world}', '{b,b,capped}', '{0.01,0.01,4.01}', '{USD}',
	atomic => false);
SELECT * FROM pg_temp.show();
SELECT * FROM ledger.verify('expiry');
-- Those that have not expired can be captured, although the balance holds what has.
SELECT status, r.balances[1] FROM ledger.capture('expiry', :later, 3, false) r;

-- Sweeping: the longest overdue first, as many as wanted; nothing that is seen changes by it.
CREATE TEMP TABLE before AS SELECT * FROM pg_temp.show();
SELECT ledger.expire_holds('expiry', 1), ledger.expire_holds('expiry', 5), ledger.expire_holds('expiry');
SELECT count(*) AS changed FROM (SELECT * FROM pg_temp.show() EXCEPT SELECT * FROM before) c;
SELECT address, held_in, held_out FROM ledger_data.balance
	WHERE ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = 'expiry') AND address <> 'world' ORDER BY 1;
SELECT source, amount, captured, voided, "left", status FROM ledger.hold WHERE ledger = 'expiry' ORDER BY hold;
SELECT h.source, j.kind, j.payload FROM ledger.journal j JOIN ledger.hold h ON h.hold = j.related
	WHERE j.ledger = 'expiry' AND j.kind = 'void' ORDER BY j.position;
SELECT f, r.* FROM unnest(ARRAY['capture', 'void']) f, unnest(ARRAY[:plain, :parts]) WITH ORDINALITY h(hold, n),
	pg_temp.refused(f, format('%L, %s', 'expiry', hold)) r ORDER BY n, f;
SELECT * FROM ledger.verify('expiry');

-- Holds of several postings are swept whole; those of frozen and closed accounts, too; other ledgers are left alone.
SELECT ledger.create_ledger('expiry2'), ledger.open_account('expiry2', 'frozen');
SELECT status FROM ledger.post('expiry2', 'world', 'frozen', 10, 'USD');
SELECT count(*) FROM generate_series(1, 5) i, ledger.hold_transaction('expiry2', ARRAY[('world', 'x', i, 'USD'),
	('world', 'y', 2, 'USD'), ('world', 'x', 3, 'JPY')]::ledger.posting[], clock_timestamp() + interval '0.3 s');
SELECT status FROM ledger.hold('expiry2', 'frozen', 'z', 10, 'USD', clock_timestamp() + interval '0.3 s');
SELECT ledger.freeze('expiry2', 'frozen'), ledger.close_account('expiry2', 'z');
SELECT pg_sleep(0.4);
SELECT address, asset, held_in, held_out FROM ledger.balances('expiry2');
SELECT ledger.expire_holds('expiry'), ledger.expire_holds('expiry2', 3) BETWEEN 1 AND 3 AS some,
	ledger.expire_holds('expiry2') > 2 AS others, ledger.expire_holds('expiry2') AS none;
SELECT status, count(DISTINCT hold), count(*), sum("left"), sum(voided) FROM ledger.hold WHERE ledger = 'expiry2' GROUP BY 1;
SELECT count(*) FROM ledger_data.balance WHERE (held_in <> 0 OR held_out <> 0)
	AND ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = 'expiry2');

-- A hold must have time to live; the time of its balances counts, should the clock have been set back.
SELECT * FROM pg_temp.refused('hold', $$'expiry', 'world', 'n', 1, 'USD', now()$$);
SELECT code FROM pg_temp.refused('hold', $$'expiry', 'world', 'n', 1, 'USD', '2001-01-01'$$);
SELECT code FROM pg_temp.refused('hold_transaction', $$'expiry', '{"(world,n,1,USD)"}', '2001-01-01'$$);
SELECT * FROM pg_temp.refused('hold', $$'expiry', 'world', 'n', 1, 'USD', 'infinity'$$);
SELECT code FROM pg_temp.refused('hold', $$'expiry', 'world', 'n', 1, 'USD', '-infinity'$$);
SELECT status FROM ledger.hold('expiry', 'world', 'n', 1, 'USD', '294276-12-31 23:59:59+00');
BEGIN;
SELECT transaction AS early FROM ledger.hold('expiry', 'world', 'n', 1, 'USD', '2998-01-01') \gset
UPDATE ledger_data.balance SET recorded_at = '2998-06-01' WHERE address = 'n' AND ledger_id =
	(SELECT id FROM ledger_data.ledger WHERE name = 'expiry');
SELECT code FROM pg_temp.refused('capture', format('%L, %s', 'expiry', :early));
SELECT code FROM pg_temp.refused('hold', $$'expiry', 'world', 'n', 1, 'USD', '2998-02-01'$$);
SELECT status FROM ledger.hold('expiry', 'world', 'n', 1, 'USD', '2998-07-01');
ROLLBACK;

-- What sweeping is not asked for.
SELECT arguments, try FROM unnest(ARRAY[$$NULL$$, $$'nowhere'$$, $$'expiry', NULL$$, $$'expiry', 0$$, $$'expiry', -1$$,
	$$'expiry', 1000001$$, $$'expiry', 1000000$$]) WITH ORDINALITY c(arguments, n),
	pg_temp.try(format('SELECT ledger.expire_holds(%s)', arguments)) ORDER BY n;
SELECT * FROM ledger.verify('expiry');
SELECT * FROM ledger.verify('expiry2');
