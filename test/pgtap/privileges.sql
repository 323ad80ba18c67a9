-- Who may do what, as the catalog says it: nothing for PUBLIC, and for roles what grant_matrix() lists.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(18);

CREATE TEMP VIEW public_object AS
SELECT 'function' AS kind, p.oid, p.proname::text AS object FROM pg_proc p WHERE p.pronamespace = 'ledger'::regnamespace
UNION ALL SELECT 'view', c.oid, c.relname FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind <> 'c';

SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE p.pronamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace) AND a.grantee = 0$$,
	'PUBLIC may execute nothing');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace) AND a.grantee = 0$$, 'PUBLIC may read nothing');
SELECT is_empty($$SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname IN ('ledger', 'ledger_data') AND a.grantee = 0$$, 'PUBLIC may not enter the schemas');

SELECT set_eq('SELECT kind, object FROM public_object', 'SELECT kind, object FROM ledger_data.grant_matrix()',
	'the matrix has every public function and view');
SELECT is_empty('SELECT kind, object FROM ledger_data.grant_matrix() GROUP BY 1, 2 HAVING count(*) > 1', 'and each of them once');
SELECT is_empty($$SELECT m.object FROM ledger_data.grant_matrix() m JOIN public_object o USING (kind, object)
	JOIN pg_proc p ON p.oid = o.oid WHERE m.kind = 'function'
	AND m.level <> CASE WHEN p.prosrc ~ '^ledger_(gate_admin|import(_query|_from)?)$' THEN 3 WHEN m.object IN ('import_formance', 'import_hledger') OR p.prosrc ~ '^ledger_(gate_|try_)?(post|hold|capture|void|expire_holds|reverse|append|lock_accounts|run|submit|load)' AND p.prosrc <> 'ledger_append_only' THEN 2 ELSE 1 END$$,
		'levels are those that the functions ask for');

-- Rights are checked in C as the caller: no function changes who that is, and no view hides the check.
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace) AND prosecdef$$, 'nothing is SECURITY DEFINER');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'v' AND NOT coalesce('security_barrier=true' = ANY (reloptions), false)$$, 'every view is a security barrier');
SELECT is_empty($$SELECT oid::regclass FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind = 'v' AND pg_get_viewdef(oid) !~ 'ledger_data\.may\(' AND relname <> 'asset'$$, 'every view but that of assets asks for the right');
SELECT is_empty($$SELECT table_name FROM information_schema.views WHERE table_schema = 'ledger' AND (is_updatable <> 'NO' OR is_insertable_into <> 'NO')$$, 'no view can be written through');
SELECT is_empty($$SELECT DISTINCT c.relowner FROM pg_class c WHERE c.relnamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace) AND c.relowner <> (SELECT extowner FROM pg_extension WHERE extname = 'ledger')$$, 'one owner has it all');

-- What each right gives, and that nothing is left when it is revoked.
CREATE ROLE pgtap_ledger_role;
CREATE TEMP VIEW allowed AS
SELECT o.kind, o.object FROM public_object o WHERE CASE o.kind WHEN 'view'
	THEN has_table_privilege('pgtap_ledger_role', o.oid, 'SELECT') ELSE has_function_privilege('pgtap_ledger_role', o.oid,
	'EXECUTE') END;
SELECT ledger.create_ledger('privileges'), ledger.grant_access('pgtap_ledger_role', 'read', 'privileges');
SELECT set_eq('SELECT * FROM allowed', 'SELECT kind, object FROM ledger_data.grant_matrix() WHERE level = 1',
	'read gives what it says');
SELECT ledger.grant_access('pgtap_ledger_role', 'post', 'privileges');
SELECT set_eq('SELECT * FROM allowed', 'SELECT kind, object FROM ledger_data.grant_matrix() WHERE level <= 2',
	'post gives what it says');
SELECT ledger.grant_access('pgtap_ledger_role', 'admin');
SELECT set_eq('SELECT * FROM allowed', 'SELECT kind, object FROM ledger_data.grant_matrix()', 'admin gives all');
SELECT is_empty($$SELECT o.object FROM public_object o WHERE kind = 'view' AND has_table_privilege('pgtap_ledger_role', o.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')$$, 'but never more than SELECT on views');
SELECT ledger.revoke_access('pgtap_ledger_role', 'admin');
SELECT set_eq('SELECT * FROM allowed', 'SELECT kind, object FROM ledger_data.grant_matrix() WHERE level <= 2',
	'without admin, post is left');
SELECT ledger.revoke_access('pgtap_ledger_role', 'read', 'privileges'), ledger.revoke_access('pgtap_ledger_role', 'read');
SELECT is_empty('SELECT * FROM allowed', 'revoked everywhere, nothing is left');
SELECT lives_ok('DROP ROLE pgtap_ledger_role', 'and the role can be dropped');

SELECT * FROM finish();
ROLLBACK;
