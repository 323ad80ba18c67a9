# A standby shows the same ledger and refuses to post; promoted, it goes on; a synchronous one loses nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_node('primary', init => { allows_streaming => 1 });

$primary->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.post('main', 'world', 'users:' || n % 20, n * 1000, 'EUR', 'key ' || n, effective_at => now() - n * interval '1 hour')
	FROM generate_series(1, 300) n;
CREATE ROLE reader;
SELECT ledger.grant_access('reader', 'read', 'main');
END
$primary->backup('backup');

sub new_standby
{
	my ($name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$standby->init_from_backup($primary, 'backup', has_streaming => 1);
	$standby->start;
	return $standby;
}

my $standby = new_standby('standby');
$primary->safe_psql('postgres', "SELECT ledger.post('main', 'users:1', 'users:new', 7, 'EUR', 'streamed')");
$primary->wait_for_catchup($standby);

my %queries = (
	'balance()' => "SELECT ledger.balance('main', 'users:new', 'EUR')",
	'balance() of the past' => "SELECT ledger.balance('main', 'users:1', 'EUR', at => now() - interval '100 hours') > 0",
	'balances()' => "SELECT * FROM ledger.balances('main')",
	'statement()' => "SELECT * FROM ledger.statement('main', 'users:1', 'EUR')",
	'trial_balance()' => "SELECT * FROM ledger.trial_balance('main')",
	'transactions()' => "SELECT * FROM ledger.transactions('main', address => 'users:*')",
	'verify()' => "SET client_min_messages = warning; SELECT * FROM ledger.verify()",
	'view balance' => 'SELECT * FROM ledger.balance ORDER BY address',
	'view entry' => 'SELECT * FROM ledger.entry ORDER BY address, version',
	'view journal' => 'SELECT * FROM ledger.journal ORDER BY position');
foreach my $name (sort keys %queries)
{
	is(rows($standby, $queries{$name}), rows($primary, $queries{$name}), "$name is the same on the standby");
}
is(rows($standby, "SET ROLE reader; SELECT ledger.balance('main', 'users:new', 'EUR')"), '7.00', 'a reader may read there');
is_sound($standby, 'the standby is sound');

my $posting = "ARRAY[('world', 'a', 1, 'EUR')]::ledger.posting[]";
my %writes = (
	post => "ledger.post('main', 'world', 'a', 1, 'EUR')",
	try_post => "ledger.try_post('main', 'world', 'a', 1, 'EUR')",
	post_transaction => "ledger.post_transaction('main', $posting)",
	try_post_transaction => "ledger.try_post_transaction('main', $posting)",
	post_json => "ledger.post_json('main', '{}')",
	try_post_json => "ledger.try_post_json('main', '{}')",
	create_ledger => "ledger.create_ledger('other')",
	create_asset => "ledger.create_asset('BTC', 8)",
	open_account => "ledger.open_account('main', 'a')",
	set_limits => "ledger.set_limits('main', 'users:1', NULL, NULL, NULL)",
	freeze => "ledger.freeze('main', 'users:1')",
	set_metadata => "ledger.set_metadata('main', 'users:1', '{}')",
	unfreeze => "ledger.unfreeze('main', 'users:1')",
	close_account => "ledger.close_account('main', 'users:1')",
	grant_access => "ledger.grant_access('reader', 'post')",
	revoke_access => "ledger.revoke_access('reader', 'read')");
foreach my $name (sort keys %writes)
{
	fails_with($standby, "SELECT $writes{$name}", '25006', qr/cannot execute ledger\.$name during recovery/, "$name is refused with 25006");
}

$standby->promote;
is(rows($standby, "SELECT status, balances[2] FROM ledger.post('main', 'users:2', 'users:new', 1, 'EUR', 'after')"),
	'posted|(users:new,EUR,8.00,2)', 'promoted, it posts');
is(rows($standby, "SELECT status FROM ledger.post('main', 'users:1', 'users:new', 7, 'EUR', 'streamed')"), 'replayed', 'and knows the keys of before');
is(rows($standby, "SELECT (balances[2]).balance FROM ledger.post('main', 'world', 'opened', 2, 'JPY')"), '2', 'and opens accounts');
is_sound($standby, 'the promoted standby is sound');
$standby->stop;

# A synchronous standby has what was acknowledged, whatever becomes of the primary.
my $second = new_standby('synchronous');
$primary->append_conf('postgresql.conf', "synchronous_standby_names = 'synchronous'");
$primary->reload;
$primary->poll_query_until('postgres', "SELECT sync_state = 'sync' FROM pg_stat_replication WHERE application_name = 'synchronous'");

my $load = LedgerLoad->new(
	connstr => $primary->connstr('postgres'),
	clients => 8,
	request => sub {
		my ($client, $number) = @_;
		my $key = "c$client-$number";
		my ($from, $to, $amount) = ('users:' . int(rand(10)), 'users:' . (10 + int(rand(12))), 1 + int(rand(20)));
		return {
			key => $key,
			sql => "SELECT status FROM ledger.post('main', '$from', '$to', $amount, 'EUR', '$key') \\gset",
			effect => join(', ', sort "$from -$amount.00", "$to $amount.00")
		};
	});
$load->run(1.5);
kill_postmaster($primary);
$load->finish;
$second->promote;
note($load->summary);
cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 100, 'clients posted to a primary with a synchronous standby');
cmp_ok(scalar(keys %{ $load->{unknown} }), '>', 0, 'which was killed meanwhile');
my @faults = grep { !/never asked for/ } $load->faults($second, 'main');
is(join("\n", @faults), '', 'the promoted standby has what was acknowledged, and nothing that was refused');
is_sound($second, 'and is sound');

$load->{connstr} = $second->connstr('postgres');
my $outcome = $load->resolve;
note('unknown ones sent again: ', join(', ', map { "$_ $outcome->{$_}" } sort keys %$outcome));
is($outcome->{unknown} // 0, 0, 'what was unknown is resolved by sending it to the new primary');
@faults = grep { !/never asked for/ } $load->faults($second, 'main');
is(join("\n", @faults), '', 'and is there exactly once');
is_sound($second, 'and the new primary is sound');

is_quiet($_) foreach $primary, $standby, $second;
done_testing();
