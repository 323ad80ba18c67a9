-- The first half of the demo: what an application does, one statement at a time.
\set ON_ERROR_STOP 0
\set QUIET on
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION ledger;
SET client_min_messages = notice;

\echo
\echo '1. A ledger, and money that comes in from the outside world'
\echo
\set ECHO queries
SELECT ledger.create_ledger('shop');
SELECT status, transaction FROM ledger.post('shop', 'world', 'user:alice', 100.00, 'EUR', reference => 'card 4711');
\set ECHO none

\echo
\echo '2. A payment from one account to another'
\echo
\set ECHO queries
SELECT status, transaction FROM ledger.post('shop', 'user:alice', 'user:bob', 35.50, 'EUR', reference => 'order 1');
SELECT * FROM ledger.balances('shop');
SELECT transaction, counterparty, amount, balance, reference FROM ledger.statement('shop', 'user:alice', 'EUR');
\set ECHO none

\echo
\echo '3. Alice cannot spend what she does not have'
\echo
\set ECHO queries
SELECT ledger.post('shop', 'user:alice', 'user:bob', 1000, 'EUR');
\set ECHO none

\echo
\echo '4. A double click: the same idempotency key is paid once, and answered the same twice'
\echo
\set ECHO queries
SELECT status, transaction FROM ledger.post('shop', 'user:alice', 'user:bob', 10.00, 'EUR', idempotency_key => 'click-1');
SELECT status, transaction FROM ledger.post('shop', 'user:alice', 'user:bob', 10.00, 'EUR', idempotency_key => 'click-1');
SELECT ledger.balance('shop', 'user:alice', 'EUR') AS alice, ledger.balance('shop', 'user:bob', 'EUR') AS bob;
\set ECHO none
