-- The codes of class LG: the documented ones, each raised by something that a caller or a DBA can do.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(51);

SELECT results_eq('SELECT code, name FROM ledger.errors()', $$VALUES
	('LG001', 'unknown_ledger'), ('LG002', 'unknown_asset'), ('LG003', 'unknown_account'), ('LG004', 'unknown_version'),
		('LG005', 'unknown_hold'), ('LG006', 'unknown_transaction'),
		('LG011', 'ledger_exists'), ('LG012', 'asset_exists'), ('LG013', 'account_exists'),
	('LG101', 'invalid_address'), ('LG102', 'invalid_amount'), ('LG103', 'too_many_decimals'), ('LG104', 'same_account'),
		('LG105', 'no_postings'), ('LG106', 'invalid_postings'), ('LG107', 'invalid_json'),
	('LG108', 'invalid_metadata'), ('LG109', 'invalid_effective_time'), ('LG110', 'invalid_key'), ('LG111', 'invalid_pattern'),
		('LG112', 'invalid_asset'), ('LG113', 'invalid_limits'), ('LG114', 'invalid_right'), ('LG115', 'invalid_name'),
	('LG116', 'invalid_batch'), ('LG117', 'invalid_condition'), ('LG118', 'invalid_weights'), ('LG119', 'invalid_part'),
	('LG201', 'below_floor'), ('LG202', 'above_ceiling'), ('LG203', 'account_frozen'), ('LG204', 'account_closed'),
		('LG205', 'balance_not_zero'), ('LG206', 'linked_failure'), ('LG207', 'no_bound'),
	('LG211', 'hold_closed'), ('LG212', 'hold_expired'), ('LG213', 'exceeds_hold'), ('LG221', 'already_reversed'),
		('LG222', 'exceeds_transaction'), ('LG223', 'striped'),
	('LG301', 'idempotency_conflict'), ('LG302', 'reference_used'), ('LG303', 'outcome_unknown'), ('LG401', 'condition_violated'), ('LG403', 'invalid_import'),
	('LG501', 'unsupported_table_change'), ('LG502', 'append_only')$$, 'the list is the documented one');
SELECT is_empty($$SELECT code FROM ledger.errors() WHERE meaning !~ '^[A-Z].*\.$'$$, 'every meaning is a sentence');

SELECT ledger.create_ledger('errors'), ledger.create_ledger('errors_strict', auto_open => false);
SELECT ledger.open_account('errors', 'capped', 'USD', 0, 10), ledger.open_account('errors', 'frozen'),
	ledger.open_account('errors', 'closed');
SELECT ledger.freeze('errors', 'frozen'), ledger.close_account('errors', 'closed'),
	ledger.post('errors', 'world', 'a', 1, 'USD', 'key', 'reference');

-- A hold that was voided, one that is open, a transaction that was reversed.
CREATE TEMP TABLE number AS
SELECT v.closed, h.transaction AS open, r.reversed, p.transaction AS posted
FROM (SELECT h.transaction AS closed, ledger.void('errors', h.transaction) FROM ledger.hold('errors', 'a', 'b', 1, 'USD') h) v,
	ledger.hold('errors', 'world', 'b', 1, 'USD') h,
	(SELECT p.transaction AS reversed, ledger.reverse('errors', p.transaction) FROM ledger.post('errors', 'world', 'a', 1, 'EUR') p) r,
	ledger.post('errors', 'world', 'a', 1, 'EUR') p;

CREATE TEMP TABLE raised (n int GENERATED ALWAYS AS IDENTITY, code text, command text);
INSERT INTO raised (code, command) VALUES
	('LG001', $$SELECT ledger.post('nowhere', 'world', 'a', 1, 'USD')$$),
	('LG002', $$SELECT ledger.post('errors', 'world', 'a', 1, 'NOPE')$$),
	('LG003', $$SELECT ledger.post('errors_strict', 'world', 'a', 1, 'USD')$$),
	('LG004', $$SELECT ledger.balance('errors', 'a', 'USD', version => 2)$$),
	('LG005', $$SELECT ledger.capture('errors', 0)$$),
	('LG006', $$SELECT ledger.reverse('errors', 0)$$),
	('LG011', $$SELECT ledger.create_ledger('errors')$$),
	('LG012', $$SELECT ledger.create_asset('USD', 2)$$),
	('LG013', $$SELECT ledger.open_account('errors', 'a')$$),
	('LG101', $$SELECT ledger.post('errors', 'world', 'a b', 1, 'USD')$$),
	('LG102', $$SELECT ledger.post('errors', 'world', 'a', -1, 'USD')$$),
	('LG103', $$SELECT ledger.post('errors', 'world', 'a', 0.001, 'USD')$$),
	('LG104', $$SELECT ledger.post('errors', 'a', 'a', 1, 'USD')$$),
	('LG105', $$SELECT ledger.post_transaction('errors', '{}')$$),
	('LG106', $$SELECT ledger.post_transaction('errors', ARRAY[NULL::ledger.posting])$$),
	('LG107', $$SELECT ledger.post_json('errors', '[]')$$),
	('LG108', $$SELECT ledger.post('errors', 'world', 'a', 1, 'USD', metadata => '[]')$$),
	('LG109', $$SELECT ledger.post('errors', 'world', 'a', 1, 'USD', effective_at => 'infinity')$$),
	('LG110', $$SELECT ledger.post('errors', 'world', 'a', 1, 'USD', idempotency_key => '')$$),
	('LG111', $$SELECT ledger.balances('errors', 'a*')$$),
	('LG112', $$SELECT ledger.create_asset('1', 2)$$),
	('LG113', $$SELECT ledger.open_account('errors', 'new', floor => 1)$$),
	('LG114', $$SELECT ledger.grant_access(current_user, 'write')$$),
	('LG115', $$SELECT ledger.create_ledger('a b')$$),
	('LG116', $$SELECT ledger.post_batch('errors', '{world}', '{a}', '{1,2}', '{USD}')$$),
	('LG117', $$SELECT ledger.post('errors', 'world', 'a', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', -1)])$$),
	('LG118', $$SELECT ledger.split(1, '{0}', 'USD')$$),
	('LG119', $$SELECT ledger.capture('errors', open, 0) FROM number$$),
	('LG201', $$SELECT ledger.post('errors', 'a', 'b', 2, 'USD')$$),
	('LG202', $$SELECT ledger.post('errors', 'world', 'capped', 11, 'USD')$$),
	('LG203', $$SELECT ledger.post('errors', 'world', 'frozen', 1, 'USD')$$),
	('LG204', $$SELECT ledger.post('errors', 'world', 'closed', 1, 'USD')$$),
	('LG205', $$SELECT ledger.close_account('errors', 'a')$$),
	('LG207', $$SELECT ledger.post('errors', 'world', 'a', NULL, 'USD', up_to => true)$$),
	('LG211', $$SELECT ledger.capture('errors', closed) FROM number$$),
	('LG212', $$SELECT ledger.hold('errors', 'a', 'b', 1, 'USD', '2001-01-01')$$),
	('LG213', $$SELECT ledger.capture('errors', open, 2) FROM number$$),
	('LG221', $$SELECT ledger.reverse('errors', reversed) FROM number$$),
	('LG222', $$SELECT ledger.reverse('errors', posted, 2) FROM number$$),
	('LG223', $$SELECT ledger.balance('errors', 'world', 'USD', version => 0)$$),
	('LG301', $$SELECT ledger.post('errors', 'world', 'a', 2, 'USD', 'key')$$),
	('LG302', $$SELECT ledger.post('errors', 'world', 'a', 2, 'USD', reference => 'reference')$$),
	('LG401', $$SELECT ledger.post('errors', 'world', 'a', 1, 'USD', conditions => ARRAY[ledger.at_version('a', 'USD', 0)])$$),
	('LG403', $$SELECT ledger.import_formance('errors', 'SELECT 1')$$),
	('LG501', $$DO 'BEGIN ALTER TABLE ledger_data.journal ADD COLUMN x int; PERFORM ledger.post(''errors'', ''world'', ''a'', 1, ''USD''); END'$$),
	('LG502', $$DELETE FROM ledger_data.entry$$);
SELECT set_eq('SELECT code FROM raised', $$SELECT code FROM ledger.errors() WHERE code NOT IN ('LG206', 'LG303')$$,
	'each code has its case here; LG303 needs a worker that is cut off (test/t/016_submit.pl)');
-- This one is only ever told, of items that another one takes along.
SELECT results_eq($$SELECT code FROM ledger.post_batch('errors', '{world,nobody}', '{a,b}', '{1,1}', '{USD}', linked => '{t,f}',
	atomic => false)$$,
	ARRAY['LG206', 'LG201'], 'LG206 linked_failure');
SELECT throws_ok(r.command, r.code, NULL, r.code || ' ' || e.name) FROM raised r JOIN ledger.errors() e USING (code) ORDER BY r.n;
SELECT is_empty($$SELECT * FROM ledger.verify('errors')$$, 'and nothing is left behind');

SELECT * FROM finish();
ROLLBACK;
