# Where PostgreSQL forbids writing, posting is forbidden with its error; reading works in parallel queries.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('readonly');

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
CREATE TABLE customer (id int, address text);
INSERT INTO customer SELECT n, 'users:' || n FROM generate_series(1, 1000) n;
SELECT ledger.post('main', 'world', address, id, 'EUR', effective_at => '2020-01-01') FROM customer;
ANALYZE customer;
CREATE ROLE app;
SELECT ledger.grant_access('app', 'post', 'main');
GRANT SELECT ON customer TO app;
END

my %writes = (
	post => "ledger.post('main', 'world', 'users:1', 1, 'EUR')",
	try_post => "ledger.try_post('main', 'world', 'users:1', 1, 'EUR')",
	post_json => q{ledger.post_json('main', '{"postings": [{"source": "world", "destination": "users:1", "amount": 1, "asset": "EUR"}]}')},
	try_post_transaction => "ledger.try_post_transaction('main', ARRAY[('world', 'users:1', 1, 'EUR')]::ledger.posting[])",
	open_account => "ledger.open_account('main', 'new')",
	set_metadata => "ledger.set_metadata('main', 'users:1', '{}')",
	freeze => "ledger.freeze('main', 'users:1')",
	grant_access => "ledger.grant_access('app', 'read')");

foreach my $name (sort keys %writes)
{
	my $refused = qr/cannot execute ledger\.$name in a read-only transaction/;

	fails_with($node, "BEGIN READ ONLY; SELECT $writes{$name}", '25006', $refused, "$name in a read-only transaction");
	fails_with($node, "SET default_transaction_read_only = on; SELECT $writes{$name}", '25006', $refused, "$name where that is the default");
}
fails_with($node, "BEGIN; SELECT $writes{post}; SET TRANSACTION READ ONLY; SELECT $writes{post}", '25006', qr/read-only/, 'a transaction that becomes read-only');
is(rows($node, "SET default_transaction_read_only = on; SET client_min_messages = warning; SELECT ledger.balance('main', 'users:9', 'EUR'); SELECT * FROM ledger.verify()"), '9.00', 'reading works there');
is(rows($node, "SELECT ledger.balance('main', 'users:1', 'EUR')"), '1.00', 'nothing was posted');

# Parallel queries. The setting that forces them changed its name.
my $force = rows($node, 'SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';
my $parallel = <<"END";
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 4;
END
my $total = 500500;

like(rows($node, "$parallel EXPLAIN (COSTS off) SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer"),
	qr/Partial Aggregate.*Parallel Seq Scan/s, 'balance() lets a query be parallel');
like(rows($node, "$parallel EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer"),
	qr/Workers Launched: [1-4]/, 'and workers are at work');
is(rows($node, "$parallel SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer"), "$total.00", 'with the right sum');
is(rows($node, "SET ROLE app; $parallel SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer"), "$total.00", 'for a role with rights, too');
is(rows($node, "$parallel SELECT sum(ledger.balance('main', address, 'EUR', at => '2019-12-31')), sum(ledger.balance('main', address, 'EUR', at => '2020-01-02')), sum(ledger.balance('main', address, 'EUR', version => 1)) FROM customer"),
	"0.00|$total.00|$total.00", 'in the past and by version, too');
is(rows($node, "$parallel BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer; COMMIT"), "$total.00", 'at REPEATABLE READ, too');
is(rows($node, <<"END"), (1 + $total) . '.00', 'what the transaction itself has posted counts in workers');
$parallel
BEGIN;
SELECT ledger.post('main', 'world', 'users:1', 1, 'EUR') IS NULL AS ignored \\gset
SELECT sum(ledger.balance('main', address, 'EUR')) FROM customer;
ROLLBACK;
END
is(rows($node, "SET $force = on; SELECT ledger.balance('main', 'users:3', 'EUR')"), '3.00', 'balance() in a worker of its own');
is(rows($node, "SET $force = on; SELECT count(*), sum(balance) FROM ledger.balances('main', 'users:*')"), "1000|$total.00", 'balances() where parallel queries are forced');
is(rows($node, "SET ROLE app; SET $force = on; SELECT count(*), sum(balance) FROM ledger.balance WHERE address LIKE 'users:%'"), "1000|$total.00", 'a view likewise');
is(rows($node, "$parallel SELECT count(*) FROM ledger.entry, customer WHERE entry.address = customer.address"), '1000', 'a view in a parallel join');
is(rows($node, "SET client_min_messages = warning; SET $force = on; SELECT count(*) FROM ledger.verify()"), '0', 'verify() likewise');
is(rows($node, "SET $force = on; SELECT status FROM ledger.post('main', 'users:1', 'users:2', 1, 'EUR')"), 'posted', 'post() stays out of workers');
fails_with($node, "$parallel SELECT count(ledger.balance('nowhere', address, 'EUR')) FROM customer", 'LG001', qr/nowhere/, 'an error in a worker is the same error');

# Whoever declares a function that posts to be safe is told.
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION careless(address text) RETURNS text LANGUAGE plpgsql PARALLEL SAFE
	AS $$ BEGIN RETURN (ledger.post('main', 'world', address, 1, 'EUR')).status; END $$;
CREATE FUNCTION careless_too(address text) RETURNS void LANGUAGE plpgsql PARALLEL SAFE
	AS $$ BEGIN PERFORM ledger.freeze('main', address); END $$;
END
fails_with($node, "SET $force = on; SELECT careless('users:1')", '25000', qr/cannot execute ledger\.post during a parallel operation/, 'post() in a worker');
fails_with($node, "$parallel SELECT count(careless(address)) FROM customer", '25000', qr/cannot execute ledger\.post during a parallel operation/, 'post() in a parallel query');
fails_with($node, "SET $force = on; SELECT careless_too('users:1')", '25000', qr/cannot execute ledger\.freeze during a parallel operation/, 'freeze() in a worker');
is(rows($node, "SELECT careless('users:1')"), 'posted', 'the same elsewhere');
is_sound($node, 'sound at the end');

is_quiet($node);
done_testing();
