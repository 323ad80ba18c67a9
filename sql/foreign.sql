-- Histories of other ledgers: Formance's log, and what hledger prints.
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
SET client_min_messages = notice;
SELECT ledger.create_ledger('formance'), ledger.create_ledger('hledger'), ledger.create_ledger('books', auto_open => false);

-- Metadata of an account: keys are replaced or, given as null, removed; what was given is in the journal.
SELECT ledger.open_account('books', 'm', metadata => '{"a": {"x": 1}, "b": null, "c": 3}');
SELECT ledger.set_metadata('books', 'm', '{"a": {"y": 2}, "c": null, "d": [null]}');
SELECT metadata FROM ledger.account WHERE ledger = 'books' AND address = 'm';
SELECT ledger.close_account('books', 'm'), ledger.set_metadata('books', 'm', '{"e": 5}'), ledger.set_metadata('books', 'world', '{"w": 1}');
SELECT metadata FROM ledger.account WHERE ledger = 'books' ORDER BY address;
SELECT kind, payload FROM ledger.journal WHERE ledger = 'books' AND payload ->> 'change' = 'metadata' ORDER BY position;
SELECT a AS given, pg_temp.try(format('SELECT ledger.set_metadata(%s)', a)) FROM unnest(ARRAY[$$'books', 'm', NULL$$, $$'books', 'm', '[]'$$,
	$$'books', 'n', '{}'$$, $$'books', 'a b', '{}'$$, $$'books', NULL, '{}'$$, $$'nowhere', 'm', '{}'$$]) a;

-- Formance: every kind of log, as its export has them.
CREATE TABLE public.formance_log (n int GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO public.formance_log (line) VALUES
	('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"payments:1234","amount":10000,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:00:41.522336Z","id":0,"reverted":false},"accountMetadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":0,"hash":""}'),
	('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"payments:1234","destination":"platform","amount":1500,"asset":"EUR/2"},{"source":"payments:1234","destination":"merchants:777","amount":8500,"asset":"EUR/2"}],"metadata":{"order":"17"},"timestamp":"2025-02-17T12:01:41.522336Z","reference":"order 17","id":1,"reverted":false},"accountMetadata":{"merchants:777":{"name":"Baker","tier":"gold"}}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"pay-17","id":1,"hash":""}'),
	('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"platform","destination":"refunds:4567","amount":5000,"asset":"EUR/2"},{"source":"fresh","destination":"refunds:4567","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:02:41.522336Z","id":2,"reverted":false},"accountMetadata":null},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":2,"hash":""}'),
	('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"refunds:4567","amount":0,"asset":"EUR/2"},{"source":"merchants:777","destination":"merchants:777","amount":100,"asset":"EUR/2"},{"source":"world","destination":"a","amount":12345678901234567890123456789,"asset":"EUR/4"},{"source":"world","destination":"a","amount":7,"asset":"USD"},{"source":"world","destination":"a","amount":5,"asset":"FOREIGN/3"}],"metadata":{},"timestamp":"2025-02-17T12:03:41.522336Z","id":3,"reverted":false},"accountMetadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":3,"hash":""}'),
	('{"type":"SET_METADATA","data":{"targetType":"ACCOUNT","targetId":"merchants:777","metadata":{"tier":"silver"}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"meta-1","id":4,"hash":""}'),
	('{"type":"SET_METADATA","data":{"targetType":"TRANSACTION","targetId":1,"metadata":{"checked":"yes"}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":5,"hash":""}'),
	('{"type":"DELETE_METADATA","data":{"targetType":"ACCOUNT","targetId":"merchants:777","key":"name"},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":6,"hash":""}'),
	('{"type":"DELETE_METADATA","data":{"targetType":"TRANSACTION","targetId":1,"key":"order"},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":7,"hash":""}'),
	('{"type":"REVERTED_TRANSACTION","data":{"revertedTransaction":{"postings":[{"source":"payments:1234","destination":"platform","amount":1500,"asset":"EUR/2"},{"source":"payments:1234","destination":"merchants:777","amount":8500,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:01:41.522336Z","id":1,"reverted":false,"revertedAt":"2025-02-17T12:08:00Z"},"transaction":{"postings":[{"source":"merchants:777","destination":"payments:1234","amount":8500,"asset":"EUR/2"},{"source":"platform","destination":"payments:1234","amount":1500,"asset":"EUR/2"}],"metadata":{"com.formance.spec/state/reverts":"1"},"timestamp":"2025-02-17T12:04:41.522336Z","id":4,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"undo-17","id":8,"hash":""}'),
	('{"type":"SET_METADATA","data":{"targetType":"ACCOUNT","targetId":"never:posted","metadata":{"a":"b"}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":9,"hash":""}'),
	('{"type":"INSERTED_SCHEMA","data":{"schema":{"version":"v1","chart":{}}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":10,"hash":"","schemaVersion":"v1"}');
SELECT * FROM ledger.import_formance('formance', 'SELECT line FROM public.formance_log ORDER BY n');
CREATE FUNCTION pg_temp.records(of_ledger text) RETURNS TABLE (kind text, effective_at timestamptz, key text, reference text, metadata jsonb,
	related text, tag text, event_type text, payload jsonb) LANGUAGE sql AS $$
	SELECT j.kind, CASE WHEN j.kind IN ('transaction', 'reversal') THEN j.effective_at END, j.idempotency_key, j.reference, j.metadata, r.idempotency_key,
			j.source_type || coalesce(' ' || j.correlation_id, ''), j.event_type,
			CASE WHEN j.payload ? 'transaction' THEN j.payload || jsonb_build_object('transaction', 'that of ' || t.idempotency_key) ELSE j.payload END
		FROM ledger.journal j LEFT JOIN ledger.journal r ON r.ledger = j.ledger AND r.position = j.related
			LEFT JOIN ledger.journal t ON t.ledger = j.ledger AND t.position = (j.payload ->> 'transaction')::bigint
		WHERE j.ledger = of_ledger ORDER BY j.position
$$;
SELECT * FROM pg_temp.records('formance');
SELECT kind, postings FROM ledger.transactions('formance') ORDER BY transaction;
SELECT address, asset, balance FROM ledger.balances('formance');
SELECT address, asset, floor FROM ledger.balance WHERE ledger = 'formance' AND floor IS NULL AND address <> 'world' ORDER BY address COLLATE "C";
SELECT address, metadata FROM ledger.account WHERE ledger = 'formance' AND metadata <> '{}' ORDER BY address COLLATE "C";
SELECT code, scale FROM ledger.asset WHERE code ~ '^(EUR|USD|FOREIGN)' ORDER BY code;

-- A later export begins with what was imported before; the same again changes nothing.
INSERT INTO public.formance_log (line) VALUES
	('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"refunds:4567","destination":"payments:1234","amount":5001,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:05:41.522336Z","id":5,"reverted":false},"accountMetadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":11,"hash":""}'),
	('{"type":"REVERTED_TRANSACTION","data":{"revertedTransactionID":5,"transaction":{"postings":[{"source":"payments:1234","destination":"refunds:4567","amount":5001,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:06:41.522336Z","id":6,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":12,"hash":""}'),
	('{"type":"REVERTED_TRANSACTION","data":{"revertedTransaction":{"postings":[{"source":"world","destination":"refunds:4567","amount":0,"asset":"EUR/2"},{"source":"merchants:777","destination":"merchants:777","amount":100,"asset":"EUR/2"},{"source":"world","destination":"a","amount":12345678901234567890123456789,"asset":"EUR/4"},{"source":"world","destination":"a","amount":7,"asset":"USD"},{"source":"world","destination":"a","amount":5,"asset":"FOREIGN/3"}],"metadata":{},"timestamp":"2025-02-17T12:03:41.522336Z","id":3,"reverted":false},"transaction":{"postings":[{"source":"a","destination":"world","amount":5,"asset":"FOREIGN/3"},{"source":"a","destination":"world","amount":7,"asset":"USD"},{"source":"a","destination":"world","amount":12345678901234567890123456789,"asset":"EUR/4"},{"source":"merchants:777","destination":"merchants:777","amount":100,"asset":"EUR/2"},{"source":"refunds:4567","destination":"world","amount":0,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:07:41.522336Z","id":7,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":13,"hash":""}');
SELECT * FROM ledger.import_formance('formance', 'SELECT line FROM public.formance_log ORDER BY n');
SELECT pg_temp.state() AS before \gset
SELECT * FROM ledger.import_formance('formance', 'SELECT line::jsonb FROM public.formance_log WHERE n > 3 ORDER BY n; ');
SELECT pg_temp.state() = :'before' AS unchanged;
SELECT kind, postings FROM ledger.transactions('formance', max_rows => 3) ORDER BY transaction;
SELECT address, asset, balance FROM ledger.balances('formance') WHERE balance <> 0;
-- a replay in the program that moves over: the same key is never posted twice
SELECT status, code FROM ledger.try_post('formance', 'world', 'merchants:777', 1, 'EUR', 'pay-17');
SELECT kind, event_type FROM ledger.events('formance', source_type => 'formance') WHERE correlation_id = '1' ORDER BY position;
SELECT ledger_name, invariant, object FROM ledger.verify('formance');

-- A ledger in which accounts are opened one by one: the import opens them; limits that are there are kept, but for floors passed.
SELECT ledger.open_account('books', 'payments:1234', 'EUR', floor => 0, ceiling => 1000), ledger.open_account('books', 'platform', floor => -1, ceiling => 2000);
SELECT * FROM ledger.import_formance('books', 'SELECT line FROM public.formance_log ORDER BY n');
SELECT address, asset, floor, ceiling, balance FROM ledger.balance WHERE ledger = 'books' ORDER BY address COLLATE "C", asset;

-- Wrong lines: the number and the reason, and nothing of the others.
SELECT ledger.open_account('formance', 'frozen'), ledger.freeze('formance', 'frozen'), ledger.open_account('formance', 'full', ceiling => 0);
CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, what text, line text);
INSERT INTO bad (what, line) VALUES
	('no JSON', '{"type":'),
	('no log', '[1]'),
	('no data', '{"type":"NEW_TRANSACTION","id":20}'),
	('no id', '{"type":"SET_METADATA","data":{}}'),
	('unknown kind', '{"type":"SOLD_LEDGER","data":{},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('no postings', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('no transaction', '{"type":"NEW_TRANSACTION","data":{},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('no time', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"yesterday","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('a time there is not', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-30T00:00:00Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('negative', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":-1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('a fraction', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1.5,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('amount as text', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":"1","asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('too large', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":100000000000000000000000000000000000000,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('address', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"a b","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('asset', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"eur"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('no asset', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":null}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('scale', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"FINE/31"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('two assets as one', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"USD"},{"source":"world","destination":"x","amount":1,"asset":"USD/0"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('frozen', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"frozen","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('ceiling', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"full","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('reference used', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","reference":"order 17","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('key used', '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"pay-17","id":20,"hash":""}'),
	('metadata target', '{"type":"SET_METADATA","data":{"targetType":"LEDGER","targetId":"x","metadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('metadata of what was not', '{"type":"SET_METADATA","data":{"targetType":"TRANSACTION","targetId":99,"metadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('metadata no strings', '{"type":"SET_METADATA","data":{"targetType":"ACCOUNT","targetId":"x","metadata":{"a":1}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('metadata no key', '{"type":"DELETE_METADATA","data":{"targetType":"ACCOUNT","targetId":"x"},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('metadata address', '{"type":"SET_METADATA","data":{"targetType":"ACCOUNT","targetId":"x y","metadata":{}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('reversal of what was not', '{"type":"REVERTED_TRANSACTION","data":{"revertedTransactionID":99,"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('reversed before', '{"type":"REVERTED_TRANSACTION","data":{"revertedTransactionID":1,"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}'),
	('no opposite', '{"type":"REVERTED_TRANSACTION","data":{"revertedTransaction":{"postings":[{"source":"payments:1234","destination":"platform","amount":1500,"asset":"EUR/2"},{"source":"payments:1234","destination":"merchants:777","amount":8500,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:01:41.522336Z","id":1,"reverted":false},"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:20:41.522336Z","id":20,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":20,"hash":""}');
SELECT '{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:14:41.522336Z","id":14,"reverted":false},"accountMetadata":{"x":{"a":"b"}}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":14,"hash":""}' AS fine \gset
SELECT pg_temp.state() AS before \gset
SELECT what, pg_temp.masked(pg_temp.try(format('SELECT ledger.import_formance(%L, %L)', 'formance', format('VALUES (%L), (%L), (%L)', :'fine', '', line)))) FROM bad ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.import_formance('formance', 'SELECT line FROM public.formance_log ORDER BY n DESC')$$);
SELECT pg_temp.try($$SELECT ledger.import_formance('formance', 'SELECT NULL')$$);
SELECT pg_temp.state() = :'before' AS unchanged, code, name FROM ledger.errors() WHERE name = 'invalid_import';

-- Wrong calls; what is wrong with the query itself keeps its code.
SELECT a AS given, pg_temp.try(format('SELECT ledger.import_formance(%s)', a)) FROM unnest(ARRAY[$$NULL, 'SELECT 1'$$, $$'formance', NULL$$,
	$$'nowhere', 'SELECT 1'$$, $$'formance', 'SELECT'$$, $$'formance', 'SELECT 1/0'$$, $$'formance', 'DELETE FROM public.formance_log'$$]) a;
SELECT * FROM ledger.import_formance('formance', 'SELECT line FROM public.formance_log WHERE false -- nothing');

-- The rights are the caller's, on the ledger and in the query, and so is the path along which names are looked up.
CREATE ROLE regress_foreign_poster;
CREATE SCHEMA foreign_lines;
GRANT USAGE ON SCHEMA foreign_lines TO regress_foreign_poster;
CREATE TABLE foreign_lines.own (line text);
GRANT SELECT ON foreign_lines.own TO regress_foreign_poster;
CREATE FUNCTION foreign_lines.same(line text) RETURNS text LANGUAGE sql AS 'SELECT line';
INSERT INTO foreign_lines.own VALUES ('{"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:30:41.522336Z","id":30,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":30,"hash":""}');
SELECT ledger.grant_access('regress_foreign_poster', 'read', 'formance');
SET ROLE regress_foreign_poster;
SET search_path = foreign_lines;
SELECT * FROM ledger.import_formance('formance', 'SELECT same(line) FROM own');
RESET ROLE;
SELECT ledger.grant_access('regress_foreign_poster', 'post', 'formance');
SET ROLE regress_foreign_poster;
SELECT * FROM ledger.import_formance('formance', 'SELECT same(line) FROM own');
SHOW search_path;
SELECT * FROM ledger.import_formance('formance', 'SELECT line FROM public.formance_log');
SELECT * FROM ledger.import_formance('books', 'SELECT line FROM own');
SELECT * FROM ledger.import_formance('formance', $query$SELECT $line${"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"world","destination":"x","amount":1,"asset":"RIGHTS/2"}],"metadata":{},"timestamp":"2025-02-17T12:31:41.522336Z","id":31,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":31,"hash":""}$line$$query$);
SELECT * FROM ledger.import_formance('formance', $query$SELECT $line${"type":"NEW_TRANSACTION","data":{"transaction":{"postings":[{"source":"x","destination":"y","amount":500,"asset":"EUR/2"}],"metadata":{},"timestamp":"2025-02-17T12:31:41.522336Z","id":31,"reverted":false}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":31,"hash":""}$line$$query$);
SELECT * FROM ledger.import_formance('formance', $query$SELECT $line${"type":"SET_METADATA","data":{"targetType":"ACCOUNT","targetId":"x","metadata":{"a":"b"}},"date":"2025-02-17T12:07:41.534898Z","idempotencyKey":"","id":31,"hash":""}$line$$query$);
SELECT * FROM ledger.import_hledger('formance', $$SELECT '{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}'$$);
RESET ROLE;
RESET search_path;
SELECT ledger.revoke_access('regress_foreign_poster', 'read', 'formance');
DROP SCHEMA foreign_lines CASCADE;
DROP ROLE regress_foreign_poster;

-- hledger 1.25 printed this, of
--   2024-01-01 Opening balances
--       Assets:Bank Account         1000.00 EUR
--       Equity:Opening balances
--   2024-01-05 * (INV-17) Grocer & Söhne  ; weekly, store:Berlin
--       Expenses:Food                 35.50 EUR  ; bread
--       Expenses:Household            12.25 EUR
--       Assets:Bank Account
--   2024-01-10 ! Exchange
--       Assets:Dollars               $110.00 @@ 100.00 EUR
--       Assets:Bank Account
-- with print --infer-equity -O json, but for its indentation: in one row, and as rows of its lines.
SELECT $json$[
  {
	"tcode": "",
	"tcomment": "",
	"tdate": "2024-01-01",
	"tdate2": null,
	"tdescription": "Opening balances",
	"tindex": 1,
	"tpostings": [
	  {
		"paccount": "Assets:Bank Account",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": 100000,
			  "decimalPlaces": 2,
			  "floatingPoint": 1000
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "1",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "Equity:Opening balances",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": -100000,
			  "decimalPlaces": 2,
			  "floatingPoint": -1000
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "1",
		"ptype": "RegularPosting"
	  }
	],
	"tprecedingcomment": "",
	"tsourcepos": [
	  {
		"sourceColumn": 1,
		"sourceLine": 1,
		"sourceName": "b.journal"
	  },
	  {
		"sourceColumn": 1,
		"sourceLine": 4,
		"sourceName": "b.journal"
	  }
	],
	"tstatus": "Unmarked",
	"ttags": []
  },
  {
	"tcode": "INV-17",
	"tcomment": "weekly, store:Berlin\n",
	"tdate": "2024-01-05",
	"tdate2": null,
	"tdescription": "Grocer & Söhne",
	"tindex": 2,
	"tpostings": [
	  {
		"paccount": "Expenses:Food",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": 3550,
			  "decimalPlaces": 2,
			  "floatingPoint": 35.5
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "bread\n",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "2",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "Expenses:Household",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": 1225,
			  "decimalPlaces": 2,
			  "floatingPoint": 12.25
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "2",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "Assets:Bank Account",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": -4775,
			  "decimalPlaces": 2,
			  "floatingPoint": -47.75
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "2",
		"ptype": "RegularPosting"
	  }
	],
	"tprecedingcomment": "",
	"tsourcepos": [
	  {
		"sourceColumn": 1,
		"sourceLine": 5,
		"sourceName": "b.journal"
	  },
	  {
		"sourceColumn": 1,
		"sourceLine": 9,
		"sourceName": "b.journal"
	  }
	],
	"tstatus": "Cleared",
	"ttags": [
	  [
		"store",
		"Berlin"
	  ]
	]
  },
  {
	"tcode": "",
	"tcomment": "",
	"tdate": "2024-01-10",
	"tdate2": null,
	"tdescription": "Exchange",
	"tindex": 3,
	"tpostings": [
	  {
		"paccount": "Assets:Dollars",
		"pamount": [
		  {
			"acommodity": "$",
			"aprice": {
			  "contents": {
				"acommodity": "EUR",
				"aprice": null,
				"aquantity": {
				  "decimalMantissa": 100,
				  "decimalPlaces": 0,
				  "floatingPoint": 100
				},
				"astyle": {
				  "ascommodityside": "R",
				  "ascommodityspaced": true,
				  "asdecimalpoint": ".",
				  "asdigitgroups": null,
				  "asprecision": 2
				}
			  },
			  "tag": "TotalPrice"
			},
			"aquantity": {
			  "decimalMantissa": 11000,
			  "decimalPlaces": 2,
			  "floatingPoint": 110
			},
			"astyle": {
			  "ascommodityside": "L",
			  "ascommodityspaced": false,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "cost: @@ 100.00 EUR",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [
		  [
			"cost",
			"@@ 100.00 EUR"
		  ]
		],
		"ptransaction_": "3",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "equity:conversion:$-EUR:$",
		"pamount": [
		  {
			"acommodity": "$",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": -11000,
			  "decimalPlaces": 2,
			  "floatingPoint": -110
			},
			"astyle": {
			  "ascommodityside": "L",
			  "ascommodityspaced": false,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "generated-posting: ",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [
		  [
			"generated-posting",
			""
		  ],
		  [
			"_generated-posting",
			""
		  ]
		],
		"ptransaction_": "3",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "equity:conversion:$-EUR:EUR",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": 100,
			  "decimalPlaces": 0,
			  "floatingPoint": 100
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "generated-posting: ",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [
		  [
			"generated-posting",
			""
		  ],
		  [
			"_generated-posting",
			""
		  ]
		],
		"ptransaction_": "3",
		"ptype": "RegularPosting"
	  },
	  {
		"paccount": "Assets:Bank Account",
		"pamount": [
		  {
			"acommodity": "EUR",
			"aprice": null,
			"aquantity": {
			  "decimalMantissa": -100,
			  "decimalPlaces": 0,
			  "floatingPoint": -100
			},
			"astyle": {
			  "ascommodityside": "R",
			  "ascommodityspaced": true,
			  "asdecimalpoint": ".",
			  "asdigitgroups": null,
			  "asprecision": 2
			}
		  }
		],
		"pbalanceassertion": null,
		"pcomment": "",
		"pdate": null,
		"pdate2": null,
		"poriginal": null,
		"pstatus": "Unmarked",
		"ptags": [],
		"ptransaction_": "3",
		"ptype": "RegularPosting"
	  }
	],
	"tprecedingcomment": "",
	"tsourcepos": [
	  {
		"sourceColumn": 1,
		"sourceLine": 10,
		"sourceName": "b.journal"
	  },
	  {
		"sourceColumn": 1,
		"sourceLine": 13,
		"sourceName": "b.journal"
	  }
	],
	"tstatus": "Pending",
	"ttags": []
  }
]$json$ AS printed \gset
CREATE TABLE public.hledger_line (n int GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO public.hledger_line (line) SELECT line FROM regexp_split_to_table(:'printed', E'\n') WITH ORDINALITY t(line, n) ORDER BY n;
SELECT count(*) > 100 AS many FROM public.hledger_line;
SELECT * FROM ledger.import_hledger('hledger', 'SELECT line FROM public.hledger_line ORDER BY n', commodities => '{"$": "USD"}');
SELECT effective_at, metadata, postings FROM ledger.transactions('hledger') ORDER BY transaction;
SELECT address, asset, balance FROM ledger.balances('hledger');
SELECT address, floor, metadata FROM ledger.account WHERE ledger = 'hledger' AND metadata ? 'hledger' ORDER BY address COLLATE "C";
SELECT source_type, idempotency_key ~ '^hledger:[0-9a-f]{64}:1$' AS key FROM ledger.journal WHERE ledger = 'hledger' AND kind = 'transaction';

-- Again, as one value, also with other comments; the same twice a day is two; what comes in between later is found; costs
-- of nothing, and a transaction that moves nothing, are left out.
SELECT pg_temp.state() AS before \gset
SELECT * FROM ledger.import_hledger('hledger', format('SELECT %L::json', :'printed'), '{"$": "USD"}');
SELECT * FROM ledger.import_hledger('hledger', format('SELECT %L', replace(replace(:'printed', 'bread', 'cake'), 'Pending', 'Cleared')), '{"$": "USD"}');
SELECT pg_temp.state() = :'before' AS unchanged;
CREATE TABLE public.hledger_row (n int GENERATED ALWAYS AS IDENTITY, line jsonb);
INSERT INTO public.hledger_row (line) VALUES
	('{"tcode":"","tcomment":"","tdate":"2024-01-01","tdate2":null,"tdescription":"Opening balances","tindex":1,"tpostings":[{"paccount":"Assets:Bank Account","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100000,"decimalPlaces":2}}],"pcomment":"","ptype":"RegularPosting"},{"paccount":"Equity:Opening balances","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100000,"decimalPlaces":2}}],"pcomment":"","ptype":"RegularPosting"}],"tstatus":"Unmarked","ttags":[]}'),
	('{"tdate":"2024-01-05","tdescription":"Coffee","tpostings":[{"paccount":"Expenses:Food","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":300,"decimalPlaces":2}}]},{"paccount":"Assets:Cash","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-3,"decimalPlaces":0}}]}]}'),
	('{"tcode":"INV-17","tcomment":"weekly, store:Berlin\n","tdate":"2024-01-05","tdate2":null,"tdescription":"Grocer & Söhne","tindex":2,"tpostings":[{"paccount":"Expenses:Food","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":3550,"decimalPlaces":2}}],"pcomment":"bread\n","ptype":"RegularPosting"},{"paccount":"Expenses:Household","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":1225,"decimalPlaces":2}}],"pcomment":"","ptype":"RegularPosting"},{"paccount":"Assets:Bank Account","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-4775,"decimalPlaces":2}}],"pcomment":"","ptype":"RegularPosting"}],"tstatus":"Cleared","ttags":[["store","Berlin"]]}'),
	('{"tdate":"2024-01-05","tdescription":"Coffee","tpostings":[{"paccount":"Expenses:Food","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":300,"decimalPlaces":2}}]},{"paccount":"Assets:Cash","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-3,"decimalPlaces":0}}]}]}'),
	('{"tdate":"2024-02-01","tdescription":"Salaries; one account gives and gets","tpostings":[{"paccount":"a","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-1000,"decimalPlaces":2}},{"acommodity":"JPY","aquantity":{"decimalMantissa":5,"decimalPlaces":0}}]},{"paccount":"b","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-500,"decimalPlaces":2}}]},{"paccount":"c","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":300,"decimalPlaces":2}}]},{"paccount":"a","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":300,"decimalPlaces":2}}]},{"paccount":"d","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":900,"decimalPlaces":2}},{"acommodity":"JPY","aquantity":{"decimalMantissa":-5,"decimalPlaces":0}}]}]}'),
	('{"tdate":"2024-02-02","tdescription":"Balance","tpostings":[{"paccount":"a","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":0,"decimalPlaces":0}}]}]}');
SELECT * FROM ledger.import_hledger('hledger', 'SELECT line FROM public.hledger_row ORDER BY n');
SELECT * FROM ledger.import_hledger('hledger', 'SELECT line FROM public.hledger_row ORDER BY n');
SELECT metadata ->> 'description' AS description, postings FROM ledger.transactions('hledger', since => '2024-02-01');
SELECT ledger.balance('hledger', 'Assets:Cash', 'EUR');
SELECT ledger_name, invariant, object FROM ledger.verify('hledger');

-- Wrong: the line, the transaction and the reason.
CREATE TEMP TABLE wrong (n int GENERATED ALWAYS AS IDENTITY, what text, lines text[]);
INSERT INTO wrong (what, lines) VALUES
	('no JSON', ARRAY['{"tdate":']),
	('many lines, and no JSON', ARRAY['[', '{"tdate":', '}']),
	('no transaction', ARRAY['[7]']),
	('no date', ARRAY['{"tpostings":[]}']),
	('a date there is not', ARRAY['{"tdate":"2024-02-30","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('costs', ARRAY['{"tdate":"2024-01-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}', '{"tcode":"","tcomment":"","tdate":"2024-01-10","tdate2":null,"tdescription":"Exchange","tindex":3,"tpostings":[{"paccount":"Assets:Dollars","pamount":[{"acommodity":"$","aquantity":{"decimalMantissa":11000,"decimalPlaces":2}}],"pcomment":"","ptype":"RegularPosting"},{"paccount":"Assets:Bank Account","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":0}}],"pcomment":"","ptype":"RegularPosting"}],"tstatus":"Pending","ttags":[]}']),
	('no asset', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"Bonus points","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"Bonus points","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('two names of one account', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"p q","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"r","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}', '{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"p_q","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"r","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('a name of another account', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"Assets:Bank-Account","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"r","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}', '{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"Assets:Bank_Account","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"r","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('address', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x::y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"r","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('decimals', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-1001,"decimalPlaces":3}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":1001,"decimalPlaces":3}}]}]}']),
	('order', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}', '{"tdate":"2024-02-29","tdescription":"x","tpostings":[{"paccount":"x","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"RegularPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']),
	('virtual', ARRAY['{"tdate":"2024-03-01","tdescription":"x","tpostings":[{"paccount":"x","ptype":"VirtualPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":-100,"decimalPlaces":2}}]},{"paccount":"y","ptype":"VirtualPosting","pamount":[{"acommodity":"EUR","aquantity":{"decimalMantissa":100,"decimalPlaces":2}}]}]}']);
SELECT what, pg_temp.try(format('SELECT ledger.import_hledger(%L, %L, %L)', 'hledger', format('SELECT unnest(%L::text[])', lines), '{"$": "USD"}')) FROM wrong ORDER BY n;
SELECT pg_temp.try(format('SELECT ledger.import_hledger(%L, %L, %L)', 'hledger', format('SELECT %L', :'printed'), '{"$": "CAD"}'));
SELECT a AS given, pg_temp.try(format('SELECT ledger.import_hledger(%s)', a)) FROM unnest(ARRAY[$$NULL, 'SELECT 1'$$, $$'hledger', NULL$$,
	$$'hledger', 'SELECT 1', '[]'$$, $$'hledger', 'SELECT 1', '{"$": 1}'$$, $$'nowhere', 'SELECT 1'$$]) a;
SELECT l AS ledger, v.* FROM unnest(ARRAY['formance', 'hledger', 'books']) l, ledger.verify(l) v;
DROP TABLE public.formance_log, public.hledger_line, public.hledger_row;
