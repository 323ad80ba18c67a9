# Indexes that a DBA adds to our tables are kept, whatever kind they are and however rows are written.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('indexes');

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.post('main', 'world', 'users:' || n, n, 'EUR') FROM generate_series(1, 200) n;
END

# Each index with a condition that it serves.
my @indexes = (
	[ 'balance (recorded_at)', "recorded_at > '2000-01-01'" ],
	[ 'balance (version)', 'version > 1' ],
	[ 'balance ((inflow - outflow), address)', 'inflow - outflow > 50' ],
	[ 'balance (id) WHERE inflow - outflow < 100', 'inflow - outflow < 100' ],
	[ 'balance (id) WHERE floor IS NOT NULL', 'floor IS NOT NULL AND id > 0' ],
	[ 'balance ((id % 7)) WHERE floor IS NOT NULL', 'floor IS NOT NULL AND id % 7 = 3' ],
	[ 'balance (version) WHERE ceiling IS NOT NULL', 'ceiling IS NOT NULL AND version > 0' ],
	[ 'balance (id) INCLUDE (inflow)', 'id > 0' ],
	[ 'balance USING hash (version)', 'version = 1' ],
	[ 'balance USING brin (recorded_at)', "recorded_at > '2000-01-01'" ],
	[ 'balance USING brin (inflow) WITH (pages_per_range = 1)', 'inflow > 150' ],
	[ 'entry USING brin (recorded_at)', "recorded_at > '2000-01-01'" ],
	[ 'entry (amount) WHERE amount > 0', 'amount > 0' ],
	[ 'entry (balance_id, version DESC)', 'balance_id < 30' ],
	[ 'journal USING gin (metadata)', q(metadata @> '{"n": 7}') ],
	[ 'journal ((coalesce(effective_at, recorded_at)))', "coalesce(effective_at, recorded_at) < '2021-01-01'" ],
	[ q(journal (upper(reference)) WHERE reference IS NOT NULL), q(upper(reference) LIKE 'R%' AND reference IS NOT NULL) ]);

# Posts of all kinds: to old and new accounts, several on a row in a transaction, rolled back, refused, with limits.
my $round = 0;

sub post_much
{
	$round++;
	$node->safe_psql('postgres', <<"END");
SELECT ledger.post('main', 'users:' || n, 'users:' || n % 100 + 101, 0.01, 'EUR', reference => 'r $round ' || n, metadata => jsonb_build_object('n', n))
	FROM generate_series(1, 100) n;
SELECT ledger.post('main', 'world', 'more:' || n % 10, n, 'EUR', effective_at => '2020-01-01') FROM generate_series(1, 50) n;
SELECT ledger.post_transaction('main', ARRAY[('world', 'more:1', n, 'JPY'), ('more:1', 'new:$round:' || n, 1, 'JPY')]::ledger.posting[])
	FROM generate_series(1, 20) n;
SELECT ledger.set_limits('main', 'users:' || n, 'EUR', 0, 1000 + $round) FROM generate_series(1, 20) n;
SELECT ledger.try_post('main', 'users:7', 'refused:$round', 1000000, 'EUR');
BEGIN;
SELECT ledger.post('main', 'users:101', 'users:102', 1, 'EUR');
SELECT ledger.post('main', 'users:102', 'users:101', 1, 'EUR');
SAVEPOINT s;
SELECT ledger.post('main', 'users:102', 'undone:$round', 1, 'EUR');
ROLLBACK TO s;
SELECT ledger.post('main', 'users:102', 'users:103', 1, 'EUR');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT ledger.post('main', 'users:103', 'users:104', 0.5, 'EUR');
ROLLBACK;
END
	return;
}

# What an index finds must be what is there.
sub compare
{
	my ($index, $condition) = @_;
	my ($table) = $index =~ /^(\w+)/;
	my $query = "SELECT count(*), sum(hashtext(t::text)) FROM ledger_data.$table t WHERE $condition";
	my ($plan, @found) = map { rows($node, $_) }
		"SET enable_seqscan = off; EXPLAIN $query",
		"SET enable_seqscan = off; $query",
		"SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; $query";

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($plan, qr/\bdba/, "$index is used for: $condition");
	is($found[0], $found[1], "$index finds what is there");
	isnt((split /\|/, $found[1])[0], 0, 'which is something');
	return;
}

$node->safe_psql('postgres', "SELECT ledger.set_limits('main', 'users:1', 'EUR', 0, 999)");
foreach (@indexes)
{
	my ($index, $condition) = @$_;

	$node->safe_psql('postgres', "CREATE INDEX dba ON ledger_data.$index");
	post_much();
	compare($index, $condition);
	$node->safe_psql('postgres', 'DROP INDEX ledger_data.dba');
}

# All of them at once, and proof by amcheck where it is.
my $number = 0;
$node->safe_psql('postgres', join(";\n", map { "CREATE INDEX dba" . $number++ . " ON ledger_data.$_->[0]" } @indexes));
post_much() for 1 .. 3;
is_sound($node, 'sound with many indexes');
SKIP:
{
	skip 'amcheck is not installed', 1
		unless rows($node, "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'") eq '1';
	$node->safe_psql('postgres', 'CREATE EXTENSION amcheck');
	my ($state, $message, $checked) = sqlstate($node, <<'END');
SELECT count(bt_index_parent_check(i.indexrelid, true)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	WHERE c.relnamespace = 'ledger_data'::regnamespace AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree');
SELECT c.oid::regclass, v.msg FROM pg_class c, verify_heapam(c.oid) v
	WHERE relnamespace = 'ledger_data'::regnamespace AND relkind = 'r';
END
	ok($state eq '00000' && $checked =~ /^(\d+)\n?\z/ && $1 >= 20, 'amcheck finds every row in every B-tree, and sound tables') or diag("$message$checked");
}

# Without indexes of others, updates of balances stay on their page and touch no index.
$node->safe_psql('postgres', join(";\n", map { "DROP INDEX ledger_data.dba$_" } 0 .. $#indexes));
$node->safe_psql('postgres', 'VACUUM FULL ledger_data.balance');
my $counts = "SELECT pg_stat_get_tuples_updated(r), pg_stat_get_tuples_hot_updated(r) FROM CAST('ledger_data.balance' AS regclass) r";
my @before = split /\|/, rows($node, $counts);
$node->safe_psql('postgres', <<'END');
DO $$ BEGIN
	FOR n IN 1 .. 200 LOOP PERFORM ledger.post('main', 'world', 'users:' || n % 50 + 1, 1, 'EUR'); COMMIT; END LOOP;
END $$
END
$node->poll_query_until('postgres', "SELECT pg_stat_get_tuples_updated('ledger_data.balance'::regclass) >= $before[0] + 400");
my @after = split /\|/, rows($node, $counts);
cmp_ok($after[1] - $before[1], '>=', 0.9 * ($after[0] - $before[0]), 'heap-only updates: ' . ($after[1] - $before[1]) . ' of ' . ($after[0] - $before[0]));

is_sound($node, 'sound at the end');
is_quiet($node);
done_testing();
