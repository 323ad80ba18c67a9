-- The examples of README.md. Between the rulers stands what its blocks of SQL have, in the same order, and what it shows
-- below them is what comes out here: the rule test/lint/readme compares the three.
\set ECHO none
\set ON_ERROR_STOP on
SET client_min_messages = warning;
-- a database of its own, so that numbers are those that a reader gets; the names must be free
CREATE ROLE shop_app;
DROP ROLE shop_app;
CREATE DATABASE regress_ledger_tour TEMPLATE template0;
\set home :DBNAME
\connect regress_ledger_tour
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET lc_messages = 'C';
\unset ON_ERROR_STOP
\set ECHO all
---- ruler
CREATE EXTENSION ledger;
SELECT ledger.create_ledger('demo');
SELECT status FROM ledger.post('demo', 'world', 'user:alice', 100, 'EUR');
SELECT status FROM ledger.post('demo', 'user:alice', 'user:bob', 35.50, 'EUR');
SELECT address, asset, balance FROM ledger.balances('demo');

SELECT ledger.create_ledger('shop');

SELECT r.status, r.transaction, b.*
FROM ledger.post('shop', 'world', 'user:alice', 100, 'EUR') r, unnest(r.balances) b;

SELECT status, transaction, balances
FROM ledger.post('shop', 'user:alice', 'user:bob', 35.50, 'EUR', reference => 'order 1');

SELECT ledger.post('shop', 'user:alice', 'user:bob', 1000, 'EUR');

SELECT status, code, detail
FROM ledger.try_post('shop', 'user:alice', 'user:bob', 1000, 'EUR');

SELECT status, transaction
FROM ledger.post('shop', 'user:alice', 'user:bob', 10, 'EUR', idempotency_key => 'click-1');

SELECT status, transaction
FROM ledger.post('shop', 'user:alice', 'user:bob', 10, 'EUR', idempotency_key => 'click-1');

SELECT ledger.post('shop', 'user:alice', 'user:bob', 11, 'EUR', idempotency_key => 'click-1');

SELECT status, transaction
FROM ledger.post_transaction('shop', ARRAY[
  ('user:alice', 'merchant:7', 20, 'EUR'),
  ('merchant:7', 'fees', 0.60, 'EUR')]::ledger.posting[],
  reference => 'order 2');

SELECT status, transaction
FROM ledger.post_json('shop', '{"postings": [
  {"source": "user:bob", "destination": "merchant:7", "amount": "15.00", "asset": "EUR"},
  {"source": "merchant:7", "destination": "fees", "amount": "0.45", "asset": "EUR"}],
  "idempotency_key": "order-3",
  "metadata": {"order": 3, "country": "CZ"}}');

CREATE TABLE orders (id int PRIMARY KEY, paid_by bigint);
BEGIN;
INSERT INTO orders
  SELECT 4, transaction FROM ledger.post('shop', 'user:bob', 'merchant:7', 30, 'EUR', 'order-4');
ROLLBACK;
SELECT ledger.balance('shop', 'user:bob', 'EUR'), (SELECT count(*) FROM orders) AS orders;

SELECT ledger.create_asset('POINT', 0, 'Bonus points');
SELECT ledger.open_account('shop', 'user:carol', 'EUR', floor => -50);

SELECT status, balances
FROM ledger.post_transaction('shop', ARRAY[
  ('user:carol', 'merchant:7', 40, 'EUR'),
  ('world', 'user:carol', 4, 'POINT')]::ledger.posting[]);

SELECT address, asset, balance FROM ledger.balances('shop', 'user:*');

SELECT transaction, version, counterparty, amount, balance, reference
FROM ledger.statement('shop', 'user:alice', 'EUR');

SELECT status FROM ledger.post('shop', 'world', 'user:alice', 2.50, 'EUR',
  reference => 'interest 2024', effective_at => '2024-12-31');

SELECT ledger.balance('shop', 'user:alice', 'EUR') AS now,
  ledger.balance('shop', 'user:alice', 'EUR', at => '2024-12-31') AS at_new_year,
  ledger.balance('shop', 'user:alice', 'EUR', version => 1) AS after_first_entry;

SELECT version, amount, balance, reference
FROM ledger.statement('shop', 'user:alice', 'EUR', since => '2024-01-01', until => '2025-01-01');

SELECT ordinality AS item, status, transaction
FROM ledger.post_batch('shop',
  sources => '{world, user:dave, user:dave}',
  destinations => '{user:dave, user:erin, fees}',
  amounts => '{100, 60, 1.50}',
  assets => '{EUR}') WITH ORDINALITY;

SELECT ledger.post_batch('shop', '{world, user:dave}', '{user:erin, fees}', '{10, 500}', '{EUR}');

SELECT ordinality AS item, status, code, detail
FROM ledger.post_batch('shop',
  '{user:dave, user:dave, user:erin, user:dave, world}',
  '{user:erin, fees, merchant:7, fees, user:dave}',
  '{10, 500, 5, 500, 1.50}', '{EUR}',
  linked => '{false, false, true, false, false}',
  atomic => false) WITH ORDINALITY;

SELECT status, amounts, balances
FROM ledger.post('shop', 'user:dave', 'user:erin', NULL, 'EUR', up_to => true);

SELECT status, amounts
FROM ledger.post_transaction('shop', ARRAY[
  ('user:carol', 'pool', 20, 'EUR'),
  ('user:erin', 'pool', 20, 'EUR'),
  ('pool', 'merchant:7', 20, 'EUR'),
  ('pool', 'user:erin', NULL, 'EUR')]::ledger.posting[],
  up_to => '{true, true, false, true}');

SELECT ledger.split(100, '{1, 1, 1}', 'EUR');

SELECT status, transaction
FROM ledger.hold('shop', 'user:alice', 'merchant:7', 20, 'EUR', expires_at => now() + interval '7 days');

SELECT * FROM ledger.balances('shop', 'user:alice');

SELECT status, code, detail
FROM ledger.try_post('shop', 'user:alice', 'user:bob', 30, 'EUR');

SELECT status, transaction, balances FROM ledger.capture('shop', 21, 12, final => false);

SELECT status FROM ledger.void('shop', 21);

SELECT hold, source, destination, amount, captured, voided, status FROM ledger.hold;

SELECT status, transaction FROM ledger.reverse('shop', 9);

SELECT status, code, message, detail FROM ledger.try_reverse('shop', 9);

SELECT status, transaction FROM ledger.reverse('shop', 7, amount => 4);

SELECT transaction, kind, related, postings
FROM ledger.transactions('shop', 'user:alice', max_rows => 3);

SELECT available, version
FROM ledger.balance
WHERE ledger = 'shop' AND address = 'user:alice' AND asset = 'EUR';

SELECT status
FROM ledger.post('shop', 'user:alice', 'user:bob', 5, 'EUR',
  conditions => ARRAY[ledger.at_version('user:alice', 'EUR', 7)]);

SELECT status, code, v.*
FROM ledger.try_post('shop', 'user:alice', 'user:bob', 5, 'EUR', conditions => ARRAY[
  ledger.at_version('user:alice', 'EUR', 7),
  ledger.balance_between('user:bob', 'EUR', NULL, 50)]) r, unnest(r.violations) v;

SELECT * FROM ledger.trial_balance('shop');

SELECT transaction, idempotency_key, metadata, postings
FROM ledger.transactions('shop', metadata => '{"order": 3}');

SELECT * FROM ledger.verify();

DELETE FROM ledger_data.entry;

CREATE ROLE shop_app LOGIN;
SELECT ledger.grant_access('shop_app', 'post', 'shop');
SET ROLE shop_app;

SELECT status FROM ledger.post('shop', 'user:alice', 'user:bob', 1, 'EUR');

SELECT ledger.balance('demo', 'user:alice', 'EUR');

RESET ROLE;

CREATE TABLE formance_log (n bigint GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO formance_log (line) VALUES
  ('{"type": "NEW_TRANSACTION", "id": 1, "date": "2024-03-01T09:00:00Z", "idempotencyKey": "pay-1",
   "data": {"transaction": {"id": 0, "timestamp": "2024-03-01T08:59:00Z", "reference": "order 1", "metadata": {},
   "postings": [{"source": "world", "destination": "user:1", "amount": 10050, "asset": "USD/2"}]},
   "accountMetadata": {"user:1": {"tier": "gold"}}}}'),
  ('{"type": "NEW_TRANSACTION", "id": 2, "date": "2024-03-02T09:00:00Z", "idempotencyKey": "",
   "data": {"transaction": {"id": 1, "timestamp": "2024-03-02T09:00:00Z", "metadata": {},
   "postings": [{"source": "user:2", "destination": "user:1", "amount": 500, "asset": "USD/2"}]}}}'),
  ('{"type": "REVERTED_TRANSACTION", "id": 3, "date": "2024-03-03T09:00:00Z", "idempotencyKey": "",
   "data": {"revertedTransactionID": 0, "transaction": {"id": 2, "timestamp": "2024-03-03T09:00:00Z", "metadata": {},
   "postings": [{"source": "user:1", "destination": "world", "amount": 10050, "asset": "USD/2"}]}}}');

SELECT ledger.create_ledger('main');
SELECT * FROM ledger.import_formance('main', 'SELECT line FROM formance_log ORDER BY n');

SELECT t.kind, t.effective_at::date, t.reference, t.idempotency_key, j.correlation_id AS formance, t.postings
FROM ledger.transactions('main') t JOIN ledger.journal j ON j.ledger = 'main' AND j.position = t.transaction
ORDER BY t.transaction;

CREATE TABLE hledger_json (n bigint GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO hledger_json (line) VALUES
  ('{"tdate": "2024-01-05", "tdescription": "Grocer", "tcode": "17", "tpostings": [
   {"paccount": "Expenses:Food", "pamount": [{"acommodity": "€", "aquantity": {"decimalMantissa": 3550, "decimalPlaces": 2}}]},
   {"paccount": "Expenses:Household", "pamount": [{"acommodity": "€", "aquantity": {"decimalMantissa": 1225, "decimalPlaces": 2}}]},
   {"paccount": "Assets:Bank Account", "pamount": [{"acommodity": "€", "aquantity": {"decimalMantissa": -4775, "decimalPlaces": 2}}]}]}');

SELECT ledger.create_ledger('household');
SELECT lines, posted, replayed, without_floor
FROM ledger.import_hledger('household', 'SELECT line FROM hledger_json ORDER BY n', commodities => '{"€": "EUR", "$": "USD"}');

SELECT effective_at::date, metadata, postings FROM ledger.transactions('household');

SELECT DISTINCT ON (address) address, balance
FROM ledger.entry
WHERE ledger = 'shop' AND asset = 'EUR' AND recorded_at <= now()
ORDER BY address, version DESC;

SELECT ledger.revoke_access('shop_app', 'read', 'shop');
DROP ROLE shop_app;

SELECT ledger.expire_holds('shop');

CREATE INDEX ON ledger_data.journal USING gin (metadata jsonb_path_ops);

BEGIN;
SELECT status FROM ledger.post('shop', 'user:bob', 'user:alice', 1, 'EUR', 'monitored');

SELECT l.name AS ledger, k.mode, k.granted, count(*) AS transactions
FROM pg_locks k JOIN ledger_data.ledger l ON k.relation = (4294967295 - l.id)::oid
WHERE k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY l.name, k.mode, k.granted;

SELECT classid AS ledger_id, objsubid, mode
FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 19527
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

COMMIT;
SELECT pid, pg_blocking_pids(pid) AS waits_for, wait_event_type, wait_event, query
FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0;

---- ruler
\set ECHO none
\connect :home
DROP DATABASE regress_ledger_tour;
