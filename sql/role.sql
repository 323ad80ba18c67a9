-- Rights: what each role may do, in every function, view and table; tried as that role.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('role'), ledger.create_ledger('role2');
SELECT status FROM unnest(ARRAY['role', 'role2']) l, ledger.post(l, 'world', 'a', 100, 'USD', reference => 'r');

CREATE ROLE regress_ledger_nobody;
CREATE ROLE regress_ledger_reader;
CREATE ROLE regress_ledger_poster;
CREATE ROLE regress_ledger_admin;
CREATE ROLE "regress ledger ""2""";
CREATE ROLE regress_ledger_member IN ROLE regress_ledger_poster;
CREATE ROLE regress_ledger_stranger NOINHERIT IN ROLE regress_ledger_poster;
CREATE ROLE regress_ledger_mixed_admin;
CREATE ROLE regress_ledger_mixed_poster;
CREATE ROLE regress_ledger_auditor;
CREATE ROLE regress_ledger_root;
SELECT ledger.grant_access('regress_ledger_reader', 'read', 'role'), ledger.grant_access('regress_ledger_poster', 'post', 'role'),
	ledger.grant_access('regress_ledger_admin', 'admin', 'role'),
	ledger.grant_access('regress ledger "2"', 'post', 'role2'), ledger.grant_access('regress_ledger_auditor', 'read'),
		ledger.grant_access('regress_ledger_root', 'admin');
-- PostgreSQL's own privileges are those of the higher right, so what follows on the other ledger is refused by ours alone.
SELECT ledger.grant_access('regress_ledger_mixed_admin', 'admin', 'role2'),
	ledger.grant_access('regress_ledger_mixed_admin', 'post', 'role'),
	ledger.grant_access('regress_ledger_mixed_poster', 'post', 'role2'),
		ledger.grant_access('regress_ledger_mixed_poster', 'read', 'role'),
	ledger.grant_access('regress_ledger_member', 'read', 'role2');
SELECT ledger, role, "right" FROM ledger.access WHERE role::text ~ 'regress.ledger' ORDER BY role::text COLLATE "C", ledger;

CREATE FUNCTION public.role_producer(args jsonb) RETURNS jsonb LANGUAGE sql RETURN '{"events": [{"event_type": "a"}]}'::jsonb;

-- A hold and a transaction of each ledger, to be captured and reversed.
CREATE TEMP TABLE number AS
SELECT l AS ledger, h.transaction AS hold, p.transaction AS posted FROM unnest(ARRAY['role', 'role2']) l,
	ledger.hold(l, 'a', 'held', 1, 'USD') h, ledger.post(l, 'world', 'a', 1, 'USD') p;
GRANT SELECT ON number TO PUBLIC;
CREATE FUNCTION pg_temp.hold(of text) RETURNS bigint LANGUAGE sql AS $$ SELECT hold FROM number WHERE ledger = of $$;
CREATE FUNCTION pg_temp.posted(of text) RETURNS bigint LANGUAGE sql AS $$ SELECT posted FROM number WHERE ledger = of $$;
-- Everything there is, once for each way that matters. Views answer with the ledgers that are seen.
CREATE TEMP TABLE command (n int GENERATED ALWAYS AS IDENTITY, object text, arguments text,
	command text GENERATED ALWAYS AS ('SELECT ledger.' || object || arguments) STORED);
INSERT INTO command (object, arguments) VALUES
	('errors', '()'), ('balance', $$('role', 'a', 'USD')$$), ('balance', $$('role', 'a', 'USD', version => 1)$$),
		('balances', $$('role')$$), ('statement', $$('role', 'a', 'USD')$$), ('trial_balance', $$('role')$$),
	('transactions', $$('role')$$), ('verify', $$('role')$$), ('verify', '()'), ('verify', $$('role', 1, 2, true)$$), ('verify', '(quick => true)'),
	('post', $$('role', 'world', 'a', 1, 'USD')$$), ('try_post', $$('role', 'world', 'a', 1, 'USD')$$),
		('post_transaction', $$('role', '{"(world,b,1,USD)"}')$$), ('try_post_transaction', $$('role', '{"(world,b,1,EUR)"}')$$),
	('post_json', $$('role', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}')$$),
		('try_post_json', $$('role', '{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}')$$),
	('post', $$('role', 'world', 'new', 1, 'USD', 'k', 'r2', '2024-01-01', '{"a": 1}')$$),
		('post', $$('role', 'world', 'a', 100, 'USD', reference => 'r')$$),
	('post_batch', $$('role', '{world,a}', '{a,b}', '{1,1}', '{USD}')$$),
		('post_batch', $$('role', '{world}', '{a}', '{1}', '{USD}', atomic => false)$$),
		('post_batch', $$('role', '{}', '{}', '{}', '{}')$$),
		('post_batch_json', $$('role', '[{"postings": [{"source": "world", "destination": "a", "amount": 1, "asset": "USD"}]}]')$$),
	('hold', $$('role', 'a', 'b', 1, 'USD')$$), ('try_hold', $$('role', 'a', 'b', 1, 'USD')$$),
		('hold_transaction', $$('role', '{"(a,b,1,USD)"}')$$), ('try_hold_transaction', $$('role', '{"(a,b,1,USD)"}')$$),
	('capture', $$('role', pg_temp.hold('role'))$$), ('try_capture', $$('role', pg_temp.hold('role'))$$),
		('void', $$('role', pg_temp.hold('role'))$$), ('try_void', $$('role', pg_temp.hold('role'))$$),
		('expire_holds', $$('role')$$),
	('reverse', $$('role', pg_temp.posted('role'))$$), ('try_reverse', $$('role', pg_temp.posted('role'))$$),
		('try_reverse', $$('role', pg_temp.posted('role'), force => true)$$),
	('append', $$('role', 'a')$$), ('try_append', $$('role', 'a')$$),
		('append_many', $$('role', '{"(a,,,,,,,,)"}')$$), ('try_append_many', $$('role', '{"(a,,,,,,,,)"}')$$),
		('post_events', $$('role', '{"(world,b,1,USD)"}', '{"(a,,,,,,,,)"}')$$),
		('try_post_events', $$('role', '{"(world,b,1,USD)"}', '{"(a,,,,,,,,)"}')$$),
	('submit_all', $$('role', 'public.role_producer(jsonb)')$$), ('set_notify', $$('role', false)$$),
	('post_from', $$('role', 'SELECT ''world'' AS source, ''b'' AS destination, 1 AS amount, ''USD'' AS asset')$$), ('load', $$('role', 'SELECT 1')$$),
	-- which stays if it is rolled back, so an argument is wrong
	('submit', $$('role', 'world', 'b', 1, 'USD', timeout => '0')$$), ('try_submit', $$('role', 'world', 'b', 1, 'USD', timeout => '0')$$),
	('seal', $$('role')$$), ('head', $$('role')$$), ('proof', $$('role', 0)$$), ('set_hashing', $$('role', 'sealed')$$), ('set_hashing', $$('role', 'strict')$$),
		('verify_proof', $$('', '{}', 0, 1, '')$$), ('seal', $$('role2')$$), ('head', $$('role2')$$), ('set_hashing', $$('role2', 'sealed')$$), ('set_hashing', $$('role2', 'strict')$$),
	('tail', $$('role')$$), ('scope_now', $$('role')$$), ('events', $$('role')$$), ('scope', $$(1, 'a')$$),
	('lock_accounts', $$('role', '{a}', '{USD}')$$), ('read_lock', $$('role')$$), ('try_read_lock', $$('role')$$),
		('attempt', $$('role', 'k', 1, '1 day')$$), ('attempt_reset', $$('role', 'k')$$), ('run', $$('SELECT 1')$$),
	('split', $$(1, '{1,1}', 'USD')$$), ('at_version', $$('a', 'USD', 1)$$), ('balance_between', $$('a', 'USD', 0, 1)$$),
	('create_ledger', $$('role3')$$), ('create_asset', $$('ROLE', 2)$$), ('open_account', $$('role', 'b')$$),
		('set_limits', $$('role', 'a', 'USD', 0, 1000)$$), ('freeze', $$('role', 'a')$$), ('unfreeze', $$('role', 'a')$$),
		('set_metadata', $$('role', 'a', '{}')$$), ('set_stripes', $$('role', 'a', 'USD', 2)$$),
	('export', $$('role')$$), ('export', $$('role2')$$), ('import', $$('role', '{}')$$), ('import', $$('role2', '{}')$$), ('import', $$('role3', '{}')$$),
		('import_query', $$('role', 'SELECT 1')$$), ('import_from', $$('role', 'SELECT 1')$$),
	('import_formance', $$('role', 'SELECT NULL WHERE false')$$), ('import_hledger', $$('role', 'SELECT NULL WHERE false')$$),
		('import_formance', $$('role2', 'SELECT NULL WHERE false')$$), ('import_hledger', $$('role2', 'SELECT NULL WHERE false')$$),
	('close_account', $$('role', 'world')$$), ('grant_access', $$('regress_ledger_nobody', 'read', 'role')$$),
		('grant_access', $$('regress_ledger_nobody', 'read')$$),
	('revoke_access', $$('regress_ledger_reader', 'read', 'role')$$), ('revoke_access', $$('regress_ledger_auditor', 'read')$$),
	('balance', $$('role2', 'a', 'USD')$$), ('balances', $$('role2')$$), ('statement', $$('role2', 'a', 'USD')$$),
		('trial_balance', $$('role2')$$), ('transactions', $$('role2')$$), ('verify', $$('role2')$$),
	('post', $$('role2', 'world', 'a', 1, 'USD')$$), ('try_post', $$('role2', 'world', 'a', 1, 'USD')$$),
		('post_batch', $$('role2', '{world}', '{a}', '{1}', '{USD}', atomic => false)$$),
		('post_batch_json', $$('role2', '[]', false)$$),
		('try_hold', $$('role2', 'a', 'b', 1, 'USD')$$), ('try_hold_transaction', $$('role2', '{"(a,b,1,USD)"}')$$),
		('try_capture', $$('role2', pg_temp.hold('role2'))$$), ('try_void', $$('role2', pg_temp.hold('role2'))$$),
		('expire_holds', $$('role2')$$), ('try_reverse', $$('role2', pg_temp.posted('role2'))$$),
		('post_from', $$('role2', 'SELECT ''world'' AS source, ''b'' AS destination, 1 AS amount, ''USD'' AS asset')$$),
		('submit', $$('role2', 'world', 'b', 1, 'USD', timeout => '0')$$),
		('submit_all', $$('role2', 'public.role_producer(jsonb)')$$), ('set_notify', $$('role2', false)$$),
		('try_append', $$('role2', 'a')$$), ('events', $$('role2')$$), ('tail', $$('role2')$$),
		('lock_accounts', $$('role2', '{a}', '{USD}')$$), ('read_lock', $$('role2')$$), ('attempt', $$('role2', 'k', 1, '1 day')$$),
		('freeze', $$('role2', 'a')$$), ('grant_access', $$('regress_ledger_nobody', 'read', 'role2')$$);
INSERT INTO command (object, arguments) SELECT v, '' FROM unnest(ARRAY['ledger', 'asset', 'account', 'balance', 'entry', 'journal',
	'hold', 'access', 'locks', 'stats', 'progress']) v;
-- Nothing was forgotten.
SELECT proname FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace EXCEPT SELECT object FROM command WHERE arguments <> '';
SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'v' EXCEPT SELECT object FROM command
	WHERE arguments = '';

-- Runs them all as whoever the session is, undoing each: "yes", the ledgers seen, or the error's code.
CREATE TEMP TABLE answer (n int, who text, answer text);
GRANT ALL ON answer, command TO PUBLIC;
CREATE FUNCTION pg_temp.answer(object text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text := 'yes';
BEGIN
	IF arguments <> '' THEN
		EXECUTE format('SELECT ledger.%s%s', object, arguments);
	ELSE
		EXECUTE format('SELECT coalesce(string_agg(DISTINCT v, %L), %L) FROM (SELECT %s AS v FROM ledger.%I) x WHERE v ~ %L', '+',
			'none',
			CASE object WHEN 'ledger' THEN 'name' WHEN 'asset' THEN 'code' WHEN 'access' THEN $x$coalesce(ledger, 'all')$x$
				ELSE 'ledger' END, object, '^(role|role2|all|USD)$') INTO seen;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'P0001';
EXCEPTION WHEN SQLSTATE 'P0001' THEN
	RETURN seen;
WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
CREATE FUNCTION pg_temp.run() RETURNS text LANGUAGE sql AS $$
	INSERT INTO answer SELECT n, session_user, pg_temp.answer(object, arguments) FROM command ORDER BY n;
	SELECT format('%s as %s', count(*), session_user) FROM answer WHERE who = session_user
$$;
SET SESSION AUTHORIZATION regress_ledger_nobody;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_reader;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_poster;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_admin;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION "regress ledger ""2""";
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_member;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_stranger;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_mixed_admin;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_mixed_poster;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_auditor;
SELECT pg_temp.run();
SET SESSION AUTHORIZATION regress_ledger_root;
SELECT pg_temp.run();
RESET SESSION AUTHORIZATION;
SELECT object || arguments AS object, max(answer) FILTER (WHERE who ~ 'nobody') AS nobody,
	max(answer) FILTER (WHERE who ~ 'reader') AS reader, max(answer) FILTER (WHERE who ~ '_poster' AND who !~ 'mixed') AS poster,
	max(answer) FILTER (WHERE who ~ '_admin' AND who !~ 'mixed') AS admin, max(answer) FILTER (WHERE who ~ '2') AS poster_2,
	max(answer) FILTER (WHERE who ~ 'member') AS member, max(answer) FILTER (WHERE who ~ 'stranger') AS stranger,
	max(answer) FILTER (WHERE who ~ 'mixed_poster') AS reader_poster2,
		max(answer) FILTER (WHERE who ~ 'mixed_admin') AS poster_admin2,
	max(answer) FILTER (WHERE who ~ 'auditor') AS auditor, max(answer) FILTER (WHERE who ~ 'root') AS root
FROM command JOIN answer USING (n) GROUP BY n, object, arguments ORDER BY n;

-- Tables, sequences and inner functions are closed to all of them, by way of their schema ...
CREATE FUNCTION pg_temp.inner_objects() RETURNS TABLE (kind text, tried bigint, refused bigint) LANGUAGE sql AS $$
	WITH tried AS (
		SELECT 'table' AS kind, pg_temp.try(format(c, 'ledger_data.' || t))
			FROM unnest(ARRAY['ledger', 'asset', 'access', 'account', 'balance', 'journal', 'entry', 'hold', 'attempt']) t,
			unnest(ARRAY['SELECT FROM %s', 'INSERT INTO %s DEFAULT VALUES', 'UPDATE %s SET ctid = NULL', 'DELETE FROM %s',
				'TRUNCATE %s', 'LOCK TABLE %s', 'SELECT FROM %s FOR UPDATE',
				'ALTER TABLE %s DISABLE TRIGGER ALL', 'CREATE TABLE pg_temp.heir () INHERITS (%s)', 'DROP TABLE %s']) c
		UNION ALL SELECT 'sequence', pg_temp.try(format('SELECT nextval(%L)', 'ledger_data.' || s))
			FROM unnest(ARRAY['ledger_id', 'asset_id', 'balance_id', 'journal_position']) s
		UNION ALL SELECT 'function', pg_temp.try(format('SELECT ledger_data.%I(%s)', p.proname,
			(SELECT string_agg('NULL::' || format_type(a, NULL), ', ') FROM unnest(p.proargtypes) a)))
			FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'ledger_data')
				AND p.prorettype <> 'trigger'::regtype)
	SELECT kind, count(*), count(*) FILTER (WHERE try ~ '^42501') FROM tried GROUP BY kind $$;
SET SESSION AUTHORIZATION regress_ledger_poster;
SELECT kind, tried > 3 AS many, tried - refused AS open FROM pg_temp.inner_objects() ORDER BY kind;
SET SESSION AUTHORIZATION regress_ledger_root;
SELECT kind, tried > 3 AS many, tried - refused AS open FROM pg_temp.inner_objects() ORDER BY kind;
RESET SESSION AUTHORIZATION;
-- ... and each by itself, but for what views and indexes evaluate as the caller.
SELECT rolname, count(*) FILTER (WHERE has_table_privilege(r.oid, c.oid,
	'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
	OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')) AS tables
FROM pg_roles r, pg_class c WHERE rolname ~ '^regress.ledger' AND c.relkind IN ('r', 'p')
	AND c.relnamespace = 'ledger_data'::regnamespace GROUP BY 1 HAVING count(*) <> 9
	OR bool_or(has_table_privilege(r.oid, c.oid, 'SELECT')) ORDER BY 1;
SELECT p.oid::regprocedure, count(*) FROM pg_roles r, pg_proc p WHERE rolname ~ '^regress.ledger'
	AND p.pronamespace = 'ledger_data'::regnamespace AND has_function_privilege(r.oid, p.oid, 'EXECUTE') GROUP BY 1
	ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT rolname FROM pg_roles r WHERE rolname ~ '^regress.ledger' AND (has_schema_privilege(oid, 'ledger_data', 'USAGE, CREATE')
	OR has_schema_privilege(oid, 'ledger', 'CREATE'));
-- What is refused says who lacks what.
SET SESSION AUTHORIZATION regress_ledger_poster;
SELECT ledger.post('role2', 'world', 'a', 1, 'USD');
SELECT ledger.balance('role2', 'a', 'USD');
SELECT * FROM ledger.verify();
SELECT ledger.freeze('role', 'a');
SELECT ledger.post('nowhere', 'world', 'a', 1, 'USD');
-- A member who does not inherit must become the role first.
SET SESSION AUTHORIZATION regress_ledger_stranger;
SET ROLE regress_ledger_poster;
SELECT status FROM ledger.post('role', 'world', 'a', 1, 'USD');
RESET ROLE;
SELECT status FROM ledger.post('role', 'world', 'a', 1, 'USD');
RESET SESSION AUTHORIZATION;

-- An administrator of one ledger gives rights on that one, and no others.
SET SESSION AUTHORIZATION regress_ledger_admin;
SELECT ledger.grant_access('regress_ledger_nobody', 'post', 'role');
SELECT ledger, role, "right" FROM ledger.access ORDER BY role::text COLLATE "C";
SET SESSION AUTHORIZATION regress_ledger_nobody;
SELECT status FROM ledger.post('role', 'world', 'a', 1, 'USD', effective_at => '2024-01-01');
SELECT status FROM ledger.post('role2', 'world', 'a', 1, 'USD');
-- Revoked: post first, read remains; then nothing. What is given on all ledgers stays apart.
RESET SESSION AUTHORIZATION;
SELECT ledger.revoke_access('regress_ledger_nobody', 'admin', 'role');
SELECT ledger, "right" FROM ledger.access WHERE role = 'regress_ledger_nobody'::regrole;
SELECT ledger.revoke_access('regress_ledger_nobody', 'post', 'role'), ledger.revoke_access('regress_ledger_nobody', 'read');
SET SESSION AUTHORIZATION regress_ledger_nobody;
SELECT ledger.balance('role', 'a', 'USD') > 0 AS may_read;
SELECT ledger.post('role', 'world', 'a', 1, 'USD');
RESET SESSION AUTHORIZATION;
SELECT ledger.grant_access('regress_ledger_nobody', 'read', 'role2'), ledger.revoke_access('regress_ledger_nobody', 'read', 'role');
SET SESSION AUTHORIZATION regress_ledger_nobody;
SELECT ledger.balance('role', 'a', 'USD');
SELECT name FROM ledger.ledger WHERE name ~ '^role';
RESET SESSION AUTHORIZATION;
SELECT ledger.revoke_access('regress_ledger_nobody', 'read', 'role2');
SET SESSION AUTHORIZATION regress_ledger_nobody;
SELECT ledger.balance('role2', 'a', 'USD');
RESET SESSION AUTHORIZATION;
-- A grant that is rolled back never was; the session that saw it knows.
BEGIN;
SELECT ledger.grant_access('regress_ledger_nobody', 'read', 'role');
SET LOCAL ROLE regress_ledger_nobody;
SELECT ledger.balance('role', 'a', 'USD') > 0 AS may_read;
ROLLBACK;
SET ROLE regress_ledger_nobody;
SELECT ledger.balance('role', 'a', 'USD');
RESET ROLE;
-- A membership taken away counts at once.
SET ROLE regress_ledger_member;
SELECT ledger.balance('role', 'a', 'USD') > 0 AS may_read, ledger.balance('role2', 'a', 'USD') > 0 AS may_read_2;
RESET ROLE;
REVOKE regress_ledger_poster FROM regress_ledger_member;
SET ROLE regress_ledger_member;
SELECT ledger.balance('role2', 'a', 'USD') > 0 AS may_read_2;
SELECT ledger.balance('role', 'a', 'USD') > 0 AS may_read;
RESET ROLE;

-- Mistakes.
SELECT arguments, try FROM unnest(ARRAY[$$'regress_ledger_nobody', 'write', 'role'$$, $$'regress_ledger_nobody', 'READ', 'role'$$,
	$$'regress_ledger_no_such', 'read', 'role'$$, $$'public', 'read', 'role'$$,
	$$'regress_ledger_nobody', 'read', 'nowhere'$$, $$NULL, 'read', 'role'$$, $$'regress_ledger_nobody', NULL, 'role'$$])
		WITH ORDINALITY a(arguments, n), pg_temp.try(format('SELECT ledger.grant_access(%s)', arguments)) ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.revoke_access('regress_ledger_nobody', 'write', 'role')$$),
	pg_temp.try($$SELECT ledger.revoke_access('regress_ledger_nobody', 'read', 'role')$$);

-- What a role had that was dropped the hard way goes with the next change of rights.
CREATE ROLE regress_ledger_dropped;
SELECT ledger.grant_access('regress_ledger_dropped', 'admin', 'role2');
DROP OWNED BY regress_ledger_dropped;
DROP ROLE regress_ledger_dropped;
SELECT count(*) FROM ledger.access WHERE ledger = 'role2' AND role::text ~ '^\d+$';
SELECT ledger.revoke_access('regress_ledger_nobody', 'read', 'role2');
SELECT count(*) FROM ledger.access WHERE ledger = 'role2' AND role::text ~ '^\d+$';

-- Once its rights are revoked a role leaves nothing behind and can be dropped.
SELECT count(ledger.revoke_access(rolname, 'read', l)) FROM pg_roles, unnest(ARRAY['role', 'role2', NULL]) l
	WHERE rolname ~ '^regress.ledger';
SELECT count(*) FROM ledger.access WHERE role::text ~ 'regress.ledger';
DROP FUNCTION public.role_producer;
DROP ROLE regress_ledger_mixed_admin, regress_ledger_mixed_poster, regress_ledger_nobody, regress_ledger_reader,
	regress_ledger_admin, "regress ledger ""2""", regress_ledger_member,
	regress_ledger_stranger, regress_ledger_poster, regress_ledger_auditor, regress_ledger_root;
