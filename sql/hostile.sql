-- Look-alikes in front: objects that a caller's search_path finds first must never be used by ours, nor settings bend them.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
CREATE ROLE regress_ledger_victim;
SELECT ledger.create_ledger('hostile');
SELECT ledger.grant_access('regress_ledger_victim', 'admin', 'hostile');

-- Whatever our SQL might call by its bare name, under the same name and with the same arguments.
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO PUBLIC;
CREATE TABLE evil.hijacked (by_what text);
GRANT ALL ON evil.hijacked TO PUBLIC;
CREATE FUNCTION evil.note(by_what text) RETURNS void LANGUAGE sql AS $$ INSERT INTO evil.hijacked VALUES (by_what) $$;
DO $$
DECLARE
	f record;
BEGIN
	-- every function of the catalog that our bodies could mean, where SQL can imitate it
	FOR f IN SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS arguments,
		pg_get_function_result(p.oid) AS result
		FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset
			AND p.provariadic = 0
			AND p.proname = ANY ('{round,trunc,floor,ceil,abs,scale,trim_scale,power,greatest,repeat,left,length,now,clock_timestamp,nextval,setval,quote_ident,quote_literal,pg_get_userbyid,array_position,
				array_append,cardinality,array_length,array_upper,int4,int8,text,numeric,timestamptz,jsonb_typeof,jsonb_concat,textcat,regclass,regrole,bool,upper,lower,isfinite,to_jsonb,concat_ws}')
			AND NOT p.prorettype = 'internal'::regtype AND p.pronargs BETWEEN 0 AND 3 AND 'internal'::regtype <> ALL (p.proargtypes)
				AND p.prorettype <> 'cstring'::regtype AND 'cstring'::regtype <> ALL (p.proargtypes)
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.proname, f.arguments, f.result,
			format('BEGIN PERFORM evil.note(%L); RETURN NULL; END', f.oid::regprocedure));
	END LOOP;
	-- the operators on the types that our tables have
	FOR f IN SELECT o.oid, o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r,
		format_type(o.oprresult, NULL) AS result FROM pg_operator o
		WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
			AND o.oprname = ANY ('{=,<>,<,<=,>,>=,+,-,*,/,%,||,~,!~,@>}')
			AND o.oprleft = ANY ('{text,numeric,int4,int8,int2,bool,jsonb,timestamptz,oid,name,"\"char\""}'::regtype[])
				AND o.oprright = ANY ('{text,numeric,int4,int8,int2,bool,jsonb,timestamptz,interval,oid,name,"\"char\""}'::regtype[])
	LOOP
		EXECUTE format('CREATE FUNCTION evil.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', 'op_' || f.oid, f.l, f.r, f.result,
			format('BEGIN PERFORM evil.note(%L); RETURN NULL; END', f.oid::regoperator));
		EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)', f.oprname, f.l, f.r,
			'op_' || f.oid);
	END LOOP;
	-- types, tables and functions named as ours
	CREATE TABLE evil.ledger (id int, name text, auto_open boolean, metadata jsonb, created_at timestamptz);
	CREATE TABLE evil.account (ledger_id int, address text);
	CREATE TABLE evil.balance (ledger_id int, address text);
	CREATE TABLE evil.journal (ledger_id int, position bigint);
	CREATE TABLE evil.entry (ledger_id int, amount numeric);
	CREATE TABLE evil.asset (id int, code text, scale int);
	CREATE TABLE evil.access (ledger_id int, role text);
	CREATE TABLE evil.hold (ledger_id int, hold bigint);
	CREATE TABLE evil.held (ledger_id int, held_in int);
	CREATE TABLE evil.pg_roles (oid oid, rolname name);
	CREATE FUNCTION evil.may(int, smallint) RETURNS boolean LANGUAGE plpgsql
		AS 'BEGIN PERFORM evil.note(''may''); RETURN true; END';
	CREATE FUNCTION evil.require(text, boolean) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM evil.note(''require''); END';
	CREATE FUNCTION evil.record(int, "char", jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM evil.note(''record''); END';
	CREATE SEQUENCE evil.journal_position;
	CREATE TYPE evil.posting AS (source int);
	CREATE TYPE evil.condition AS (kind int);
	CREATE FUNCTION evil.sum_of(numeric, numeric) RETURNS numeric LANGUAGE plpgsql
		AS 'BEGIN PERFORM evil.note(''sum''); RETURN 0; END';
	CREATE AGGREGATE evil.sum(numeric) (SFUNC = evil.sum_of, STYPE = numeric);
	CREATE FUNCTION evil.div(numeric, numeric) RETURNS numeric LANGUAGE plpgsql
		AS 'BEGIN PERFORM evil.note(''div''); RETURN 0; END';
	CREATE FUNCTION evil.sign(numeric) RETURNS numeric LANGUAGE plpgsql
		AS 'BEGIN PERFORM evil.note(''sign''); RETURN 0; END';
	CREATE DOMAIN evil.numeric AS int;
	CREATE DOMAIN evil.text AS int;
	CREATE DOMAIN evil.jsonb AS int;
END
$$;
SELECT count(*) > 50 AS many FROM pg_proc WHERE pronamespace = 'evil'::regnamespace;
SELECT count(*) > 50 AS many FROM pg_operator WHERE oprnamespace = 'evil'::regnamespace;

-- They do work where they are meant to.
SET search_path = evil, pg_catalog;
SELECT round(1.5, 1), 1.5 + 1.5;
RESET search_path;
SELECT count(*) FROM evil.hijacked;
TRUNCATE evil.hijacked;

-- Everything once, in a session that has cached nothing, with look-alikes also among the temporary objects, which come
-- first of all.
\c -
\set ECHO none
\include :common
\pset format unaligned
\set ECHO all
CREATE TEMP TABLE ledger (id int, name pg_catalog.text);
CREATE TEMP TABLE account (ledger_id int);
CREATE TEMP TABLE balance (ledger_id int);
CREATE TEMP TABLE pg_roles (oid oid, rolname name);
CREATE TEMP TABLE pg_class (oid oid, relname name);
CREATE FUNCTION pg_temp.may(int, smallint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE DOMAIN pg_temp.numeric AS int;
GRANT ALL ON ledger, account, balance, pg_roles, pg_class TO PUBLIC;
SET SESSION AUTHORIZATION regress_ledger_victim;
SET search_path = pg_temp, evil, pg_catalog;
SET plpgsql.extra_errors = 'all';
SET plpgsql.extra_warnings = 'all';
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SET transform_null_equals = on;
SET array_nulls = off;
SET quote_all_identifiers = on;
SET timezone = 'Asia/Kolkata';
SET datestyle = 'SQL, DMY';
SET intervalstyle = 'iso_8601';
SET bytea_output = 'escape';
SET extra_float_digits = -10;
SELECT status, balances FROM ledger.post('hostile', 'world', 'a', 10, 'USD', 'k1', 'r1', '2024-01-01 00:00:00+00', '{"a": 1}');
SELECT status, balances FROM ledger.post('hostile', 'world', 'a', 10, 'USD', 'k1', 'r1', '2024-01-01 00:00:00+00', '{"a": 1}');
SELECT status, balances FROM ledger.post_transaction('hostile', '{"(a,b,1,USD)","(b,c,1,USD)"}');
SELECT status, balances FROM ledger.post_json('hostile',
	'{"postings": [{"source": "world", "destination": "a", "amount": "0.50", "asset": "USD"}], "effective_at": "2024-02-01T00:00:00Z"}');
SELECT status, code, detail FROM ledger.try_post('hostile', 'd', 'e', 1, 'USD');
SELECT status, code, detail FROM ledger.try_post('hostile', 'world', 'a', 0.001, 'USD');
SELECT ledger.open_account('hostile', 'limited', 'JPY', -5, 10, metadata => '{"x": 1}'),
	ledger.open_account('hostile', 'default', floor => -1.5, ceiling => 7.7);
SELECT status, balances FROM ledger.post('hostile', 'default', 'limited', 1, 'JPY');
SELECT ledger.set_limits('hostile', 'default', NULL, -2.5, 8), ledger.set_limits('hostile', 'limited', 'JPY', 0, 5);
SELECT status, code, balances FROM ledger.post_batch('hostile', '{world,h:b,h:a}', '{h:a,h:a,h:b}', '{10,5,2.50}', '{USD}',
	'{b1,b2,b3}', '{f,f,f}', false, up_to => '{f,f,t}',
	effective_times => '{2024-01-01 00:00:00+00,2024-01-02 00:00:00+00,2024-01-03 00:00:00+00}',
	conditions => ARRAY[ledger.at_version('h:a', 'USD', 0), ledger.balance_between('h:b', 'USD', 0, 2.5)]);
SELECT status, code, violations FROM ledger.post_batch_json('hostile',
	'[{"postings": [{"source": "h:a", "destination": "h:b", "amount": 1, "asset": "USD"}]}]', false,
	ARRAY[ledger.at_version('h:a', 'USD', 0)]);
SELECT transaction AS hold FROM ledger.hold('hostile', 'h:a', 'h:b', 2, 'USD', '2999-12-31 00:00:00+00') \gset
SELECT status, balances FROM ledger.capture('hostile', :hold, 1, false);
SELECT amount, captured, "left", expires_at, status FROM ledger.hold;
SELECT address, available, held_in, held_out FROM ledger.balances('hostile', 'h:*');
SELECT status FROM ledger.void('hostile', :hold);
SELECT transaction AS hold FROM ledger.hold('hostile', 'h:a', 'h:b', 2, 'USD',
	pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) interval '0.1 s', metadata => '{"expires": "soon"}') \gset
SELECT pg_sleep(0.15);
SELECT status, code, detail OPERATOR(pg_catalog.~) '^It expired at ' AS says_when FROM ledger.try_capture('hostile', :hold);
SELECT ledger.expire_holds('hostile');
SELECT transaction AS posted FROM ledger.post('hostile', 'world', 'h:a', 3, 'USD', conditions => '{}') \gset
SELECT status, balances FROM ledger.reverse('hostile', :posted, 1, force => true, original_time => true);
SELECT ledger.split(-10, '{1,1,1}', 'USD');
SELECT ledger.split(10, '{0}', 'USD');
SELECT ledger.freeze('hostile', 'a'), ledger.unfreeze('hostile', 'a'), ledger.open_account('hostile', 'gone'),
	ledger.close_account('hostile', 'gone');
SELECT ledger.balance('hostile', 'a', 'USD'), ledger.balance('hostile', 'a', 'USD', '2024-01-15 00:00:00+00'),
	ledger.balance('hostile', 'a', 'USD', version => 1);
SELECT * FROM ledger.balances('hostile', '*');
SELECT * FROM ledger.balances('hostile', 'a', '2024-01-15 00:00:00+00');
SELECT effective_at, version, counterparty, amount, balance, reference, metadata
	FROM ledger.statement('hostile', 'a', 'USD', '2024-01-15 00:00:00+00', '2024-02-15 00:00:00+00');
SELECT * FROM ledger.trial_balance('hostile', '2024-01-15 00:00:00+00');
SELECT reference, metadata, postings FROM ledger.transactions('hostile', 'a', 'USD', '2023-01-01 00:00:00+00',
	'2025-01-01 00:00:00+00', 'r1', '{"a": 1}');
SELECT * FROM ledger.verify('hostile');
SELECT ledger.grant_access('regress_ledger_victim', 'read', 'hostile'), ledger.revoke_access('pg_monitor', 'read', 'hostile');
SELECT name, auto_open FROM ledger.ledger;
SELECT address, status, floor, ceiling FROM ledger.account ORDER BY 1;
SELECT address, asset, balance, floor, ceiling, status FROM ledger.balance ORDER BY 1;
SELECT address, asset, version, amount, balance FROM ledger.entry ORDER BY 1, 2, 3;
SELECT kind, reference, CASE WHEN metadata IS NULL THEN payload END FROM ledger.journal ORDER BY position;
SELECT ledger, role, "right" FROM ledger.access;
RESET SESSION AUTHORIZATION;
-- The owner, who may do all, is the more worthwhile victim.
SELECT ledger.create_ledger('hostile2'), ledger.create_asset('HOSTILE', 3, 'Three'),
	ledger.open_account('hostile2', 'a', 'HOSTILE', -1.5);
SELECT status, balances FROM ledger.post('hostile2', 'a', 'b', 1.5, 'HOSTILE', effective_at => '2024-01-01 00:00:00+00');
SELECT ledger.grant_access('regress_ledger_victim', 'post', 'hostile2'),
	ledger.revoke_access('regress_ledger_victim', 'post', 'hostile2');
SELECT ledger_name FROM ledger.verify('hostile2');
RESET ALL;
SELECT * FROM evil.hijacked;
-- Every body that is text, and so looks names up when it runs, has its own path.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
	JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE l.lanname <> 'c' AND p.prosqlbody IS NULL AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'))
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'ledger');
SET client_min_messages = warning;
DROP SCHEMA evil CASCADE;
SELECT ledger.revoke_access('regress_ledger_victim', 'read', 'hostile'),
	ledger.revoke_access('regress_ledger_victim', 'read', 'hostile2');
DROP ROLE regress_ledger_victim;
