-- Labels of functions, and the order of columns, which the C code counts on.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(16);

CREATE TEMP TABLE function AS
SELECT p.oid, n.nspname AS schema, p.proname AS name, l.lanname AS language, p.provolatile AS volatility, p.proparallel AS parallel,
	p.proisstrict AS strict,
	p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), '') AS body
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
	WHERE n.nspname IN ('ledger', 'ledger_data');

-- v: writes, or takes locks; s: reads with the snapshot of the query; i: reads nothing. Only what runs in C alone may go
-- to parallel workers.
SELECT set_eq($$SELECT name, volatility, parallel FROM function WHERE schema = 'ledger'$$, $$VALUES
	('errors'::name, 'i'::"char", 's'::"char"), ('balance', 's', 's'), ('balances', 's', 'u'), ('statement', 's', 'u'),
		('trial_balance', 's', 'u'), ('transactions', 's', 'u'), ('verify', 's', 'u'),
	('post', 'v', 'u'), ('try_post', 'v', 'u'), ('post_transaction', 'v', 'u'), ('try_post_transaction', 'v', 'u'),
		('post_json', 'v', 'u'), ('try_post_json', 'v', 'u'), ('post_batch', 'v', 'u'), ('post_batch_json', 'v', 'u'),
	('hold', 'v', 'u'), ('try_hold', 'v', 'u'), ('hold_transaction', 'v', 'u'), ('try_hold_transaction', 'v', 'u'),
		('capture', 'v', 'u'), ('try_capture', 'v', 'u'), ('void', 'v', 'u'), ('try_void', 'v', 'u'), ('expire_holds', 'v', 'u'),
		('reverse', 'v', 'u'), ('try_reverse', 'v', 'u'),
	('append', 'v', 'u'), ('try_append', 'v', 'u'), ('append_many', 'v', 'u'), ('try_append_many', 'v', 'u'),
		('post_events', 'v', 'u'), ('try_post_events', 'v', 'u'), ('submit_all', 'v', 'u'), ('post_from', 'v', 'u'), ('load', 'v', 'u'), ('submit', 'v', 'u'), ('seal', 'v', 'u'), ('set_hashing', 'v', 'u'), ('head', 's', 'u'), ('proof', 's', 'u'), ('verify_proof', 'i', 's'), ('try_submit', 'v', 'u'), ('set_notify', 'v', 'u'), ('tail', 'v', 'u'), ('scope_now', 'v', 'u'), ('events', 'v', 'u'),
	('lock_accounts', 'v', 'u'), ('read_lock', 'v', 'u'), ('try_read_lock', 'v', 'u'), ('run', 'v', 'u'),
		('attempt', 'v', 'u'), ('attempt_reset', 'v', 'u'), ('scope', 'i', 's'),
	('split', 's', 's'), ('at_version', 'i', 's'), ('balance_between', 'i', 's'),
	('create_ledger', 'v', 'u'), ('create_asset', 'v', 'u'), ('open_account', 'v', 'u'), ('set_limits', 'v', 'u'),
		('freeze', 'v', 'u'), ('unfreeze', 'v', 'u'), ('close_account', 'v', 'u'), ('set_metadata', 'v', 'u'), ('set_stripes', 'v', 'u'),
	('import_formance', 'v', 'u'), ('import_hledger', 'v', 'u'), ('export', 'v', 'u'), ('import', 'v', 'u'), ('import_query', 'v', 'u'), ('import_from', 'v', 'u'),
	('grant_access', 'v', 'u'), ('revoke_access', 'v', 'u')$$, 'labels of the public functions');
SELECT is_empty($$SELECT name FROM function WHERE schema = 'ledger' AND strict$$,
	'none of them is strict: a NULL that matters is an error, not a NULL');
SELECT set_eq($$SELECT name FROM function WHERE schema = 'ledger' AND language <> 'c'$$, ARRAY['at_version', 'balance_between', 'import_formance', 'import_hledger', 'scope', 'scope_now', 'split'],
	'all of them check rights in C, but for those that touch no ledger or call one that does');
-- What a gate runs, under the same name.
SELECT is_empty($$SELECT g.name FROM function g LEFT JOIN function t ON t.schema = 'ledger_data' AND t.name = g.name WHERE g.schema = 'ledger' AND g.body ~ 'gate' AND t.name IS NULL$$, 'every gate has its twin');
SELECT is_empty($$SELECT g.name FROM function g JOIN function t ON t.schema = 'ledger_data' AND t.name = g.name
	WHERE g.schema = 'ledger' AND (t.volatility <> g.volatility OR t.strict
	OR pg_get_function_identity_arguments(t.oid) <> pg_get_function_identity_arguments(g.oid)
		OR pg_get_function_result(t.oid) <> pg_get_function_result(g.oid))$$,
	'twins have the same arguments, result and volatility');
-- Inner functions: those in C one by one, the others by what they do.
SELECT is_empty($$SELECT name, volatility, parallel FROM function WHERE schema = 'ledger_data' AND language = 'c'
	AND body !~ '^ledger_(append_only|forget_cached)$'
	AND volatility::text || parallel::text <> CASE WHEN name IN ('lock_ledger', 'settled', 'counters', 'hot_balances', 'work', 'begin_work', 'end_work', 'lock_seal',
		'settled_until', 'record') THEN 'vu' WHEN name IN ('has_shared_memory', 'leaves', 'lines', 'check_records', 'check_chain', 'export_lines') THEN 'su' WHEN name = 'may'
		THEN 'ss' WHEN name ~ '_at$' THEN 'su' ELSE 'is' END$$, 'labels of inner functions in C');
SELECT is_empty($$SELECT name FROM function WHERE schema = 'ledger_data' AND volatility <> 'v' AND body ~* '\m(INSERT INTO|DELETE FROM|UPDATE ledger_data|LOCK TABLE|nextval|FOR (NO KEY )?UPDATE|EXECUTE format|clock_timestamp)\M'$$,
	'what writes or locks is volatile');
SELECT is_empty($$SELECT name FROM function WHERE schema = 'ledger_data' AND volatility = 'i' AND body ~* '\m(FROM|JOIN) \(*ledger_data\.\w+( \w+)?[^(\w]'$$, 'what reads a table is not immutable');
SELECT is_empty($$SELECT name FROM function WHERE schema = 'ledger_data' AND parallel = 's' AND volatility <> 'i' AND name <> 'may'$$, 'what reads a table does not go to parallel workers, but for the check of rights');

-- The order of columns is that of the enums in src/*.c and src/*.h.
CREATE TEMP VIEW columns AS
SELECT c.relname AS name, string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns FROM pg_class c
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace) AND c.relkind IN ('r', 'c') GROUP BY c.oid, c.relname;
SELECT set_eq('SELECT name::text, columns FROM columns', $$VALUES
	('access', 'ledger_id role level'),
	('account', 'ledger_id status any_asset assets address stripes floor ceiling metadata opened_at'),
	('asset', 'id scale code name'),
	('balance', 'ledger_id asset_id id status own_limits stripe stripes floor ceiling address held_in held_out recorded_at version inflow outflow'),
	('balance_state', 'address asset balance version'),
	('attempt', 'ledger_id key began attempts'),
	('block', 'ledger_id number first_position last_position records sealed_at root previous hash leaves'),
	('bulk_receipt', 'rows posted replayed refused'), ('foreign_receipt', 'lines posted replayed reversed metadata_changes without_floor'),
	('import_receipt', 'records entries blocks position'),
	('condition', 'kind address asset version low high expected source_id source_type stream_type stream_id event_types none exact'),
	('entry', 'balance_id version position recorded_at ledger_id amount balance effective_at'),
	('event', 'event_type payload source_id source_type stream_type stream_id correlation_id causation_id idempotency_key'),
	('hold', 'ledger_id number hold source_id destination_id scale expired expires_at due amount captured voided'),
	('journal', 'ledger_id kind position recorded_at legs effective_at idempotency_key fingerprint reference metadata related payload source_type source_id stream_type stream_id event_type correlation_id causation_id hash'),
	('ledger', 'id name auto_open serial notify hashing position_base chain_start metadata created_at'),
	('posting', 'source destination amount asset'),
	('receipt', 'status transaction position recorded_at code message detail balances amounts violations'),
	('tags', 'source_id source_type stream_type stream_id event_type correlation_id causation_id'),
	('violation', 'condition kind address asset expected found scope')$$,
		'columns stand in the order that the C code knows');
SELECT is_empty($$SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attisdropped WHERE c.relnamespace = 'ledger_data'::regnamespace$$, 'no column was dropped');
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	JOIN pg_type t ON t.oid = a.atttypid WHERE c.relnamespace = 'ledger_data'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
	AND t.typname = 'text' AND a.attname IN ('address', 'idempotency_key', 'reference', 'code')
		AND a.attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C' AND collnamespace = 'pg_catalog'::regnamespace)$$,
	'keys compare by bytes, whatever the database''s collation');
-- Keys of every table begin with the ledger, but for those that belong to no ledger; an entry's with its balance, whose
-- number no other ledger has.
SELECT is_empty($$SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
	WHERE c.relnamespace = 'ledger_data'::regnamespace AND c.relname NOT IN ('ledger', 'asset') AND a.attname <> 'ledger_id'$$,
		'indexes begin with the ledger');
-- Updates of balances stay heap-only as long as no index has a column that they change.
SELECT is_empty($$SELECT i.indexrelid::regclass, a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
	AND a.attnum = ANY (i.indkey) WHERE i.indrelid = 'ledger_data.balance'::regclass
	AND a.attname IN ('recorded_at', 'version', 'held_in', 'held_out', 'inflow', 'outflow', 'status', 'floor', 'ceiling',
		'own_limits')$$, 'no index on what posting changes');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('ledger_data.journal'::regclass, 'ledger_data.entry'::regclass)
	AND tgfoid = 'ledger_data.append_only()'::regprocedure AND tgenabled = 'A' AND tgtype & 1 = 0 AND tgtype & 56 = 56), 2::bigint,
	'journal and entries are append-only, always, against DELETE, UPDATE and TRUNCATE');
SELECT set_eq($$SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'ledger_data.forget_cached()'::regprocedure AND tgenabled = 'A' AND tgtype & 60 = 60$$, ARRAY['ledger_data.ledger', 'ledger_data.asset', 'ledger_data.access'],
	'tables that are cached tell of every change, always');

SELECT * FROM finish();
ROLLBACK;
