-- What the catalog has to say of every object of the extension. Each rule is a view of its violations, which must be
-- empty; then objects that break the rules join the extension, to see that each rule notices.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(13);

-- Objects of the extension, its schema, and what hangs on its tables. From PostgreSQL 17 on, array types and row types are
-- members of their own; they are left out.
CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'ledger' AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
		SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.oid = d.objid AND (t.typcategory = 'A' OR c.relkind <> 'c')))
UNION
SELECT 'pg_namespace'::regclass, extnamespace FROM pg_extension WHERE extname = 'ledger' AND extnamespace <> 'pg_catalog'::regnamespace
UNION
SELECT 'pg_trigger'::regclass, t.oid
FROM pg_trigger t JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = t.tgrelid
	JOIN pg_extension e ON e.oid = d.refobjid
WHERE e.extname = 'ledger' AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND NOT t.tgisinternal;

CREATE TEMP VIEW uncommented AS
SELECT pg_describe_object(classid, objid, 0) AS object
FROM member
WHERE obj_description(objid, (SELECT relname FROM pg_class WHERE oid = classid)) IS NULL;

-- Types are left out: all that PUBLIC may do with one is to use it in objects of its own.
CREATE TEMP VIEW granted_to_public AS
SELECT pg_describe_object(m.classid, m.objid, 0) AS object, a.privilege_type
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid,
	aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE a.grantee = 0
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, 0), a.privilege_type
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid,
	aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
WHERE a.grantee = 0
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, c.attnum), a.privilege_type
FROM member m JOIN pg_attribute c ON m.classid = 'pg_class'::regclass AND c.attrelid = m.objid,
	aclexplode(c.attacl) a
WHERE a.grantee = 0
UNION ALL
SELECT pg_describe_object(m.classid, m.objid, 0), a.privilege_type
FROM member m JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid,
	aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
WHERE a.grantee = 0;

-- What is not registered is missing from a dump.
CREATE TEMP VIEW not_dumped AS
SELECT pg_describe_object(m.classid, m.objid, 0) AS object
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
WHERE c.relkind IN ('r', 'p', 'S')
	AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'ledger');

-- Names in a body that is text are looked up at each call, along the path of the caller unless it is fixed.
CREATE TEMP VIEW unpinned AS
SELECT pg_describe_object(m.classid, m.objid, 0) AS object
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	JOIN pg_language l ON l.oid = p.prolang
WHERE (p.prosecdef OR l.lanname NOT IN ('c', 'internal'))
	AND p.prosqlbody IS NULL
	AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search\_path=%');

-- A function that may write must not run in a parallel worker.
CREATE TEMP VIEW parallel_writer AS
SELECT pg_describe_object(m.classid, m.objid, 0) AS object
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
WHERE p.provolatile = 'v' AND p.proparallel = 's';

-- Bodies are not looked at while an extension is created.
CREATE FUNCTION pg_temp.check_bodies() RETURNS bigint LANGUAGE plpgsql SET check_function_bodies = on AS $$
DECLARE
	validator regproc;
	function regprocedure;
	count bigint := 0;
BEGIN
	FOR validator, function IN
		SELECT l.lanvalidator, p.oid
		FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
			JOIN pg_language l ON l.oid = p.prolang
		WHERE l.lanvalidator <> 0
	LOOP
		EXECUTE format('SELECT %s(%s)', validator, function::oid);
		count := count + 1;
	END LOOP;
	RETURN count;
END $$;

SELECT cmp_ok((SELECT count(*) FROM member), '>', 3::bigint, 'the extension has members');
SELECT is_empty('SELECT * FROM uncommented', 'every object has a comment');
SELECT is_empty('SELECT * FROM granted_to_public', 'nothing is granted to PUBLIC');
SELECT is_empty('SELECT * FROM not_dumped', 'pg_dump takes every table and sequence');
SELECT is_empty('SELECT * FROM unpinned', 'every textual body has a fixed search_path');
SELECT is_empty('SELECT * FROM parallel_writer', 'no volatile function is PARALLEL SAFE');
SELECT lives_ok('SELECT pg_temp.check_bodies()', 'every function body compiles');

-- And now the violations.
CREATE FUNCTION ledger.bad() RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION ledger.definer() RETURNS int LANGUAGE sql SECURITY DEFINER SET work_mem = '1MB' AS 'SELECT 1';
CREATE TABLE ledger_data.bad (id int);
CREATE SEQUENCE ledger_data.bad_id;
CREATE TRIGGER bad BEFORE INSERT ON ledger_data.bad FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
GRANT SELECT (id) ON ledger_data.bad TO PUBLIC;
GRANT USAGE ON SCHEMA ledger_data TO PUBLIC;
REVOKE ALL ON FUNCTION ledger.definer() FROM PUBLIC;
ALTER EXTENSION ledger ADD FUNCTION ledger.bad();
ALTER EXTENSION ledger ADD FUNCTION ledger.definer();
ALTER EXTENSION ledger ADD TABLE ledger_data.bad;
ALTER EXTENSION ledger ADD SEQUENCE ledger_data.bad_id;

SELECT set_eq('SELECT * FROM uncommented',
	ARRAY['function ledger.bad()', 'function ledger.definer()', 'table ledger_data.bad', 'sequence ledger_data.bad_id',
		'trigger bad on table ledger_data.bad'], 'a missing comment is noticed');
SELECT set_eq('SELECT * FROM granted_to_public',
	$$VALUES ('function ledger.bad()', 'EXECUTE'), ('column id of table ledger_data.bad', 'SELECT'),
		('schema ledger_data', 'USAGE')$$, 'a grant to PUBLIC is noticed');
SELECT set_eq('SELECT * FROM not_dumped',
	ARRAY['table ledger_data.bad', 'sequence ledger_data.bad_id'], 'what a dump would miss is noticed');
SELECT set_eq('SELECT * FROM unpinned',
	ARRAY['function ledger.bad()', 'function ledger.definer()'], 'a search_path that is not fixed is noticed');
SELECT set_eq('SELECT * FROM parallel_writer',
	ARRAY['function ledger.bad()'], 'a volatile function that is PARALLEL SAFE is noticed');

SET LOCAL check_function_bodies = off;
CREATE FUNCTION ledger.broken() RETURNS int LANGUAGE sql AS 'SELECT a FROM ledger_data.no_such_table';
ALTER EXTENSION ledger ADD FUNCTION ledger.broken();
SELECT throws_ok('SELECT pg_temp.check_bodies()', '42P01', NULL, 'a body that does not compile is noticed');

SELECT * FROM finish();
ROLLBACK;
