# Maintenance while clients post: indexes and tables are rebuilt, vacuumed, moved; the extension is dropped and made again.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

seed();
my $node = new_node('maintenance');
my $folder = PostgreSQL::Test::Utils::tempdir();

$node->safe_psql('postgres', <<"END");
SELECT ledger.create_ledger('main');
SELECT ledger.post('main', 'world', 'a' || n, 1000000, 'EUR') FROM generate_series(1, 20) n;
END
$node->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$folder'");

my $load = LedgerLoad->new(
	connstr => $node->connstr('postgres'),
	clients => 8,
	request => sub {
		my ($client, $number) = @_;
		my $key = "c$client-$number";
		my ($from, $amount) = ('a' . (1 + int(rand(10))), 1 + int(rand(20)));
		my $to = rand() < 0.9 ? 'a' . (11 + int(rand(10))) : "new:$key";
		my $begin = rand() < 0.2 ? "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM ledger.ledger \\gset\n" : "BEGIN;\n";
		my $post = "SELECT status FROM ledger.post('main', '$from', '$to', $amount, 'EUR', '$key')";
		return {
			key => $key,
			sql => rand() < 0.5 ? "$post \\gset" : "$begin$post \\gset\nCOMMIT;",
			effect => join(', ', sort "$from -$amount.00", "$to $amount.00")
		};
	});

my @work = (
	'REINDEX INDEX CONCURRENTLY ledger_data.balance_address_key',
	'REINDEX INDEX CONCURRENTLY ledger_data.balance_pkey',
	'REINDEX INDEX CONCURRENTLY ledger_data.journal_idempotency_key',
	('REINDEX TABLE CONCURRENTLY ledger_data.balance') x 3,
	'REINDEX TABLE CONCURRENTLY ledger_data.journal',
	'REINDEX TABLE CONCURRENTLY ledger_data.entry',
	'CREATE INDEX CONCURRENTLY dba ON ledger_data.balance (version)',
	'CREATE INDEX CONCURRENTLY dba2 ON ledger_data.balance ((inflow - outflow)) WHERE version > 3',
	'CREATE INDEX CONCURRENTLY dba3 ON ledger_data.entry (amount)',
	('VACUUM FULL ledger_data.balance') x 2,
	'VACUUM FULL ledger_data.journal, ledger_data.entry',
	'CLUSTER ledger_data.balance USING balance_address_key',
	'VACUUM (FREEZE, ANALYZE) ledger_data.balance, ledger_data.journal, ledger_data.entry',
	'DROP INDEX CONCURRENTLY ledger_data.dba',
	'ALTER TABLE ledger_data.balance SET TABLESPACE elsewhere',
	'ALTER INDEX ledger_data.balance_pkey SET TABLESPACE elsewhere',
	'REINDEX TABLE ledger_data.balance',
	'ALTER TABLE ledger_data.balance SET (fillfactor = 50)',
	'ANALYZE ledger_data.balance',
	'SELECT ledger.create_ledger(md5(random()::text))',
	'VACUUM ledger_data.account');

foreach my $sql (@work)
{
	$load->run(0.2);
	# the clients go on while this runs in the background
	my ($out, $err) = ('', '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ], '>', \$out, '2>', \$err);
	while ($psql->pumpable)
	{
		$load->poll(0);
		$psql->pump_nb;
		select(undef, undef, undef, 0.01);
	}
	$psql->finish;
	is($err, '', $sql);
}
$load->run(0.3);
$load->finish;
note($load->summary);

cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 300, 'clients posted all the while');
my ($count, $lines) = server_errors($node);
is(join("\n", map { @{ $lines->{$_} } } grep { $_ ne '40001' } sort keys %$lines), '', 'and had no errors but 40001');
is(scalar(keys %{ $load->{unknown} }), 0, 'no connection was lost');
is(join("\n", $load->faults($node, 'main')), '', 'stored is what was acknowledged, exactly once, as asked');
is_sound($node, 'sound after maintenance');
SKIP:
{
	skip 'amcheck is not installed', 1
		unless rows($node, "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'") eq '1';
	$node->safe_psql('postgres', 'CREATE EXTENSION amcheck');
	is(sqlstate($node, <<'END'), '00000', 'amcheck finds every row in every B-tree');
SELECT count(bt_index_parent_check(i.indexrelid, true)) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	WHERE c.relnamespace = 'ledger_data'::regnamespace AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree');
END
}

# A session remembers tables, plans, ledgers, assets and rights; all of it must be forgotten with the extension.
my $use = <<'END';
SELECT ledger.create_ledger('main'), ledger.create_asset('BTC', 8) \g /dev/null
SELECT status FROM ledger.post('main', 'world', 'users:1', 1, 'BTC', 'key');
SELECT status FROM ledger.try_post('main', 'users:1', 'users:2', 100, 'BTC');
SELECT ledger.freeze('main', 'users:1') \g /dev/null
SELECT status FROM ledger.post_json('main', '{"postings": [{"source": "world", "destination": "users:2", "amount": "2", "asset": "BTC"}]}');
SELECT address, asset, balance FROM ledger.balances('main');
SELECT ledger.grant_access('app', 'post') \g /dev/null
SET ROLE app;
SELECT status FROM ledger.post('main', 'world', 'users:3', 1, 'EUR');
RESET ROLE;
SET client_min_messages = warning;
SELECT * FROM ledger.verify();
RESET client_min_messages;
END
my $seen = "posted\nrejected\nposted\nusers:1|BTC|1.00000000\nusers:2|BTC|2.00000000\nworld|BTC|-3.00000000\nposted";
$node->safe_psql('postgres', 'CREATE DATABASE again; CREATE ROLE app');
is(rows($node, "CREATE EXTENSION ledger;\n$use" . "DROP EXTENSION ledger;\nCREATE EXTENSION ledger;\n$use" . "DROP EXTENSION ledger; CREATE EXTENSION ledger;\n$use", 'again'),
	join("\n", ($seen) x 3), 'dropped and made again in one session, all works as at first');
is(rows($node, "SET client_min_messages = warning;\nBEGIN;\nDROP EXTENSION ledger;\nCREATE EXTENSION ledger;\n" . $use =~ s/RESET client_min_messages;//r . "ROLLBACK;\nSELECT status FROM ledger.post('main', 'world', 'users:1', 1, 'BTC', 'key')", 'again'),
	"$seen\nreplayed", 'and when that is rolled back, as before');

# Another session that had it all cached.
my $session = $node->background_psql('again');
is($session->query("SELECT status FROM ledger.post('main', 'world', 'users:2', 1, 'BTC')"), 'posted', 'a session with its caches filled');
$node->safe_psql('again', "DROP EXTENSION ledger");
$session->{on_error_stop} = 0;
$session->query_safe('SELECT 1');
$node->safe_psql('again', "CREATE EXTENSION ledger; SELECT ledger.create_ledger('other'), ledger.create_ledger('main', auto_open => false), ledger.create_asset('ETH', 18), ledger.create_asset('BTC', 2); SELECT ledger.open_account('main', 'users:2', 'BTC', ceiling => 5)");
is($session->query("SELECT (balances[2]).balance FROM ledger.post('main', 'world', 'users:2', 1, 'BTC')"), '1.00', 'notices that all is new: other numbers, another scale');
is($session->query("SELECT code FROM ledger.try_post('main', 'world', 'users:2', 9, 'BTC')"), 'LG202', 'other limits');
is($session->query("SELECT code FROM ledger.try_post('main', 'world', 'users:3', 1, 'BTC')"), 'LG003', 'other settings');
$session->quit;
is_sound($node, 'sound in the new one', 'again');

is_quiet($node);
done_testing();
