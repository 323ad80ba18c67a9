-- Posting inside transactions: at every level, in subtransactions, in functions, triggers, cursors.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('isolation');

-- Each level sees what it has done itself, and what it did stays.
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT status, balances FROM ledger.post('isolation', 'world', 'rc', 10, 'USD', 'rc');
SELECT status, balances FROM ledger.post('isolation', 'rc', 'rc:b', 4, 'USD');
SELECT status, code FROM ledger.try_post('isolation', 'rc', 'rc:c', 7, 'USD');
SELECT status FROM ledger.post('isolation', 'world', 'rc', 10, 'USD', 'rc');
SELECT transaction AS hold FROM ledger.hold('isolation', 'rc', 'rc:c', 5, 'USD') \gset
SELECT status, code FROM ledger.try_post('isolation', 'rc', 'rc:c', 2, 'USD');
SELECT status, balances FROM ledger.capture('isolation', :hold, 1, false);
SELECT status, balances FROM ledger.reverse('isolation', :hold);
SELECT status FROM ledger.void('isolation', :hold);
SELECT status, code, balances FROM ledger.post_batch('isolation', '{world,rc,rc}', '{rc,rc:c,rc:c}', '{10,99,1}', '{USD}',
	'{rc,NULL,NULL}', atomic => false);
SELECT * FROM ledger.balances('isolation', 'rc:**');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT status, balances FROM ledger.post('isolation', 'world', 'rr', 10, 'USD', 'rr');
SELECT status, balances FROM ledger.post('isolation', 'rr', 'rr:b', 4, 'USD');
SELECT status, code FROM ledger.try_post('isolation', 'rr', 'rr:c', 7, 'USD');
SELECT status FROM ledger.post('isolation', 'world', 'rr', 10, 'USD', 'rr');
SELECT transaction AS hold FROM ledger.hold('isolation', 'rr', 'rr:c', 5, 'USD') \gset
SELECT status, code FROM ledger.try_post('isolation', 'rr', 'rr:c', 2, 'USD');
SELECT status, balances FROM ledger.capture('isolation', :hold, 1, false);
SELECT status, balances FROM ledger.reverse('isolation', :hold);
SELECT status FROM ledger.void('isolation', :hold);
SELECT status, code, balances FROM ledger.post_batch('isolation', '{world,rr,rr}', '{rr,rr:c,rr:c}', '{10,99,1}', '{USD}',
	'{rr,NULL,NULL}', atomic => false);
SELECT * FROM ledger.balances('isolation', 'rr:**');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT status, balances FROM ledger.post('isolation', 'world', 'sr', 10, 'USD', 'sr');
SELECT status, balances FROM ledger.post('isolation', 'sr', 'sr:b', 4, 'USD');
SELECT status, code FROM ledger.try_post('isolation', 'sr', 'sr:c', 7, 'USD');
SELECT status FROM ledger.post('isolation', 'world', 'sr', 10, 'USD', 'sr');
SELECT transaction AS hold FROM ledger.hold('isolation', 'sr', 'sr:c', 5, 'USD') \gset
SELECT status, code FROM ledger.try_post('isolation', 'sr', 'sr:c', 2, 'USD');
SELECT status, balances FROM ledger.capture('isolation', :hold, 1, false);
SELECT status, balances FROM ledger.reverse('isolation', :hold);
SELECT status FROM ledger.void('isolation', :hold);
SELECT status, code, balances FROM ledger.post_batch('isolation', '{world,sr,sr}', '{sr,sr:c,sr:c}', '{10,99,1}', '{USD}',
	'{sr,NULL,NULL}', atomic => false);
SELECT * FROM ledger.balances('isolation', 'sr:**');
COMMIT;
SELECT * FROM ledger.balances('isolation', '*');

-- Read-only transactions: everything that writes is refused, try or not; reading works.
BEGIN READ ONLY;
SELECT command, try FROM unnest(ARRAY[$$post('isolation', 'world', 'a', 1, 'USD')$$,
	$$try_post('isolation', 'world', 'a', 1, 'USD')$$, $$post_transaction('isolation', '{}')$$,
	$$try_post_transaction('isolation', '{}')$$, $$post_json('isolation', '{}')$$, $$try_post_json('isolation', '{}')$$,
	$$post_batch('isolation', '{}', '{}', '{}', '{}')$$, $$post_batch('isolation', '{}', '{}', '{}', '{}', atomic => false)$$,
		$$post_batch_json('isolation', '[]', false)$$, $$hold('isolation', 'rc', 'a', 1, 'USD')$$,
		$$try_hold('isolation', 'rc', 'a', 1, 'USD')$$, $$hold_transaction('isolation', '{}')$$,
		$$try_hold_transaction('isolation', '{}')$$, $$capture('isolation', 1)$$, $$try_capture('isolation', 1)$$,
		$$void('isolation', 1)$$, $$try_void('isolation', 1)$$, $$expire_holds('isolation')$$, $$reverse('isolation', 1)$$,
		$$try_reverse('isolation', 1)$$,
	$$create_ledger('isolation2')$$, $$create_asset('ISOLATION', 2)$$,
	$$open_account('isolation', 'a')$$, $$set_limits('isolation', 'rc', 'USD', 0, NULL)$$, $$freeze('isolation', 'rc')$$,
		$$unfreeze('isolation', 'rc')$$, $$close_account('isolation', 'rc')$$,
	$$grant_access('nobody', 'read')$$, $$revoke_access('nobody', 'read')$$]) WITH ORDINALITY c(command, n),
		pg_temp.try('SELECT ledger.' || command) ORDER BY n;
SELECT ledger.balance('isolation', 'rc', 'USD'), (SELECT count(*) FROM ledger.statement('isolation', 'rc', 'USD')),
	(SELECT count(*) FROM ledger.verify('isolation')) AS faults;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT ledger.balance('isolation', 'rc', 'USD');
SELECT ledger.post('isolation', 'world', 'a', 1, 'USD');
ROLLBACK;

-- A savepoint rolled back takes its posts along, and versions go on without a gap.
BEGIN;
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp', 1, 'USD');
SAVEPOINT one;
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp', 2, 'USD');
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp:new', 2, 'EUR');
ROLLBACK TO one;
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp', 4, 'USD');
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp:new', 8, 'EUR');
SAVEPOINT two;
SELECT status, balances FROM ledger.post('isolation', 'world', 'sp', 16, 'USD');
RELEASE two;
SAVEPOINT three;
SELECT ledger.post('isolation', 'sp', 'nowhere', 100, 'USD');
ROLLBACK TO three;
SELECT status, balances FROM ledger.post('isolation', 'sp', 'world', 21, 'USD');
COMMIT;
SELECT address, asset, version, amount, balance FROM ledger.entry WHERE ledger = 'isolation' AND address LIKE 'sp%' ORDER BY 1, 2,
	3;
-- A ledger or an account that a rollback took away is unknown again.
BEGIN;
SAVEPOINT s;
SELECT ledger.create_ledger('isolation2'), ledger.open_account('isolation2', 'a', ceiling => 1);
SELECT status FROM ledger.post('isolation2', 'world', 'a', 1, 'USD');
ROLLBACK TO s;
SELECT status, code FROM ledger.try_post('isolation2', 'world', 'a', 1, 'USD');
SELECT ledger.create_ledger('isolation2', auto_open => false);
SELECT status, code FROM ledger.try_post('isolation2', 'world', 'a', 2, 'USD');
SELECT ledger.open_account('isolation2', 'a');
SELECT status, balances FROM ledger.try_post('isolation2', 'world', 'a', 2, 'USD');
COMMIT;

-- Blocks with EXCEPTION: what a block did is undone with it, what others did stays. More than 64 at a time, nested.
DO $$
DECLARE
	refused int := 0;
BEGIN
	FOR i IN 1..150 LOOP
		BEGIN
			PERFORM ledger.post('isolation', 'world', 'block:' || i % 7, i, 'USD', idempotency_key => 'block' || i);
			IF i % 3 = 0 THEN
				RAISE division_by_zero;
			ELSIF i % 5 = 0 THEN
				PERFORM ledger.post('isolation', 'block:none', 'world', 1, 'USD');
			END IF;
		EXCEPTION
			WHEN division_by_zero THEN NULL;
			WHEN SQLSTATE 'LG201' THEN refused := refused + 1;
		END;
	END LOOP;
	ASSERT refused = 20, refused;
END
$$;
CREATE FUNCTION pg_temp.nested(depth int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ledger.post('isolation', 'world', 'nested', 1, 'USD');
	BEGIN
		RETURN CASE WHEN depth > 1 THEN pg_temp.nested(depth - 1) ELSE 0 END + CASE WHEN depth % 2 = 0 THEN 1 / 0 ELSE 1 END;
	EXCEPTION WHEN division_by_zero THEN
		RETURN 1;
	END;
END
$$;
SELECT pg_temp.nested(80);
SELECT count(*), sum(amount) = (SELECT sum(i) FROM generate_series(1, 150) i WHERE i % 3 <> 0 AND i % 5 <> 0) AS right
	FROM ledger.entry WHERE ledger = 'isolation' AND address LIKE 'block:%';
SELECT ledger.balance('isolation', 'nested', 'USD');
BEGIN;
SELECT pg_temp.nested(99);
SELECT status, balances[2] FROM ledger.post('isolation', 'world', 'nested', 1, 'USD');
COMMIT;

-- Several posts in one statement follow one another.
SELECT (ledger.post('isolation', 'world', 'same', 1, 'USD')).balances[2],
	(ledger.post('isolation', 'same', 'same:b', 1, 'USD')).balances[1],
	(ledger.try_post('isolation', 'same', 'same:b', 1, 'USD')).code;
SELECT i, r.balances[2] FROM generate_series(1, 3) i, ledger.post('isolation', 'world', 'series', i, 'USD') r;
WITH a AS MATERIALIZED (SELECT * FROM ledger.post('isolation', 'world', 'cte', 5, 'USD')),
	b AS MATERIALIZED (SELECT p.* FROM a, ledger.post('isolation', 'cte', 'cte:b', 2, 'USD') p)
SELECT balances FROM a UNION ALL SELECT balances FROM b;
SELECT (SELECT status FROM ledger.post('isolation', 'world', 'case', 1, 'USD')) WHERE CASE WHEN false
	THEN (SELECT status FROM ledger.post('isolation', 'world', 'case', 1, 'USD')) = '' ELSE true END;
-- (f(x)).* is f(x) once for each column, as ever in PostgreSQL: a key makes that harmless, FROM avoids it.
SELECT (ledger.post('isolation', 'world', 'star', 1, 'USD', 'star')).status,
	(ledger.post('isolation', 'world', 'star', 1, 'USD', 'star')).status;
SELECT ledger.balance('isolation', 'star', 'USD');

-- In functions of one's own, of any volatility; in a procedure that commits in between.
CREATE FUNCTION pg_temp.pay(who text,
	amount numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT (balances[2]).balance FROM ledger.post('isolation', 'world', who, amount, 'USD') $$;
CREATE FUNCTION pg_temp.pay_twice(who text, amount numeric) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.pay(who, amount), pg_temp.pay(who, amount);
	RETURN ledger.balance('isolation', who, 'USD');
END
$$;
SELECT pg_temp.pay('function', 3), pg_temp.pay_twice('function', 4);
CREATE PROCEDURE pg_temp.batches() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..6 LOOP
		PERFORM ledger.post('isolation', 'world', 'procedure', 1, 'USD');
		IF i % 2 = 0 THEN
			COMMIT;
		ELSIF i = 3 THEN
			ROLLBACK;
		END IF;
	END LOOP;
END
$$;
CALL pg_temp.batches();
SELECT ledger.balance('isolation', 'procedure', 'USD');

-- In triggers of one's own tables: the row and its posting stand or fall together.
CREATE TEMP TABLE sale (id int PRIMARY KEY, customer text, total numeric);
CREATE FUNCTION pg_temp.book() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ledger.post('isolation', NEW.customer, 'shop', NEW.total, 'USD', idempotency_key => 'sale' || NEW.id);
	RETURN NEW;
END
$$;
CREATE TRIGGER book AFTER INSERT ON sale FOR EACH ROW EXECUTE FUNCTION pg_temp.book();
SELECT status FROM ledger.post('isolation', 'world', 'customer', 10, 'USD');
INSERT INTO sale VALUES (1, 'customer', 3), (2, 'customer', 4);
INSERT INTO sale VALUES (3, 'customer', 1), (4, 'customer', 4);
INSERT INTO sale VALUES (1, 'customer', 1);
SELECT s.*, ledger.balance('isolation', customer, 'USD') FROM sale s ORDER BY id;
CREATE CONSTRAINT TRIGGER book_late AFTER UPDATE ON sale DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.book();
BEGIN;
UPDATE sale SET id = 5, total = 2 WHERE id = 2;
SELECT ledger.balance('isolation', 'customer', 'USD');
COMMIT;
SELECT ledger.balance('isolation', 'customer', 'USD');

-- In a cursor: what was fetched was posted.
BEGIN;
DECLARE c CURSOR FOR SELECT i, r.balances[2] FROM generate_series(1, 10) i, ledger.post('isolation', 'world', 'cursor', i, 'USD') r;
FETCH 2 FROM c;
SELECT balances[2] FROM ledger.post('isolation', 'world', 'cursor', 100, 'USD');
FETCH 1 FROM c;
CLOSE c;
DECLARE h CURSOR WITH HOLD FOR SELECT balances[2] FROM ledger.post('isolation', 'world', 'cursor', 1000, 'USD');
COMMIT;
FETCH ALL FROM h;
CLOSE h;
SELECT ledger.balance('isolation', 'cursor', 'USD');

-- In a parallel query reading is right, and posting is refused even if a function claims otherwise.
CREATE FUNCTION isolation_pay(i int) RETURNS text LANGUAGE sql PARALLEL SAFE AS $$ SELECT status FROM ledger.try_post('isolation', 'world', 'parallel', i, 'USD') $$;
CREATE TABLE isolation_rows AS SELECT i FROM generate_series(1, 1000) i;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT count(DISTINCT ledger.balance('isolation', 'cursor', 'USD')), sum(ledger.balance('isolation', 'cursor', 'USD')) AS sum,
	count(DISTINCT ledger.balance('isolation', 'cursor', 'USD', 'infinity')) FROM isolation_rows;
SELECT count(isolation_pay(i)) FROM isolation_rows;
DROP TABLE isolation_rows;
DROP FUNCTION isolation_pay;
SELECT * FROM ledger.verify('isolation');
