# What was acknowledged survives: backends and the postmaster are killed under load, and every client's answers are
# then compared with what is stored.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

seed();
my $node = new_node('crash', conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
restart_after_crash = on
max_wal_size = 64MB
checkpoint_timeout = 30s
END

# One request: mostly a post between a few accounts, at times to a new one, of three postings, or more than there is.
sub request
{
	my ($client, $number) = @_;
	my $key = "c$client-$number";
	my $kind = rand();
	my ($from, $to) = map { "a$_" } sort { rand() < 0.5 ? -1 : 1 } (1, 2 + int(rand(7)));
	my $amount = 1 + int(rand(99));
	my %effect = ($from => [-$amount], $to => [$amount]);
	my $sql;

	if ($kind < 0.1)
	{
		$sql = "ledger.post('main', 'empty', '$to', $amount, 'EUR', '$key')";
	}
	elsif ($kind < 0.3)
	{
		$sql = "ledger.post_transaction('main', ARRAY[('$from', 'p$key', $amount, 'EUR'), ('p$key', '$to', $amount, 'EUR'), "
			. "('world', 'p$key', 1, 'EUR')]::ledger.posting[], '$key')";
		$effect{"p$key"} = [ $amount, -$amount, 1 ];
		$effect{world} = [-1];
	}
	else
	{
		$sql = "ledger.post('main', '$from', '$to', $amount, 'EUR', '$key')";
	}
	return {
		key => $key,
		sql => "SELECT status FROM $sql \\gset",
		effect => join(', ', map { my $account = $_; map { sprintf('%s %d.00', $account, $_) } @{ $effect{$account} } } sort keys %effect)
	};
}

# The same with other keys, and without an opinion on what is stored.
sub control_request
{
	my ($client, $number) = @_;
	my $request = request("${client}u", $number);

	delete $request->{effect};
	return $request;
}

sub load { return LedgerLoad->new(connstr => $node->connstr('postgres'), request => \&request, @_) }

sub set_up
{
	$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.post('main', 'world', 'a' || n, 1000000, 'EUR') FROM generate_series(1, 9) n;
SELECT ledger.open_account('main', 'empty');
END
	return;
}

# kill -9 of a backend that is at work for a client; all others are restarted, too
sub kill_backend
{
	my $pid = $node->safe_psql('postgres', <<'END');
SELECT pid FROM pg_stat_activity WHERE application_name = 'load' AND state = 'active' ORDER BY random() LIMIT 1
END
	kill('KILL', $pid) if $pid;
	sleep(0.05);
	$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
	return $pid ? 1 : 0;
}

set_up();
my $load = load();
my $killed = 0;

for my $round (1 .. 5)
{
	$load->run(0.3 + rand() * 0.6);
	$killed += kill_backend();
}
is($killed, 5, 'killed a backend five times');

for my $round (1 .. 4)
{
	$load->run(0.3 + rand() * 0.6);
	if ($round % 2)
	{
		kill_postmaster($node);
	}
	else
	{
		$node->stop('immediate');
	}
	$load->poll(0);
	try_start($node);
}
$load->run(0.5);
$load->finish;
note($load->summary);

cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 1000, 'clients got some work done');
cmp_ok(scalar(keys %{ $load->{unknown} }), '>', 10, 'and lost their connection in the middle of it');
is_deeply([ grep { $_ ne 'LG201' } values %{ $load->{failed} } ], [], 'nothing was refused but overdrafts');

# before anything is sent again
my @faults = $load->faults($node, 'main');
is(join("\n", @faults), '', 'every acknowledged request is stored exactly once, as asked; no refused one is');
is_sound($node, 'the ledger is sound after crashes');

my $outcome = $load->resolve;
note('unknown ones sent again: ', join(', ', map { "$_ $outcome->{$_}" } sort keys %$outcome));
is($outcome->{unknown} // 0, 0, 'every unknown request is resolved by sending it again');
is(join("\n", $load->faults($node, 'main')), '', 'and is stored exactly once, too');
is(scalar(keys %{ $load->stored($node, 'main') }), scalar(keys %{ $load->{acknowledged} }), 'as many are stored as were acknowledged');
is_sound($node, 'the ledger is sound after all was sent again');

# The comparison notices what it is there for.
{
	my ($lost, $refused) = sort keys %{ $load->{acknowledged} };
	my %acknowledged = (%{ $load->{acknowledged} }, 'never-sent' => 'posted');
	my %failed = (%{ $load->{failed} }, $refused => 'LG201');

	delete $acknowledged{$refused};
	local $load->{acknowledged} = \%acknowledged;
	local $load->{failed} = \%failed;
	local $load->{effect}{$lost} = 'a1 -1.00, a2 1.00';
	my @found = $load->faults($node, 'main');
	is(scalar(@found), 3, 'the comparison sees a lost, a refused and a changed request') or diag(join("\n", @found));
}

# Without waiting for the disk a crash does lose what was acknowledged, and this test sees it.
$node->append_conf('postgresql.conf', 'synchronous_commit = off');
$node->restart;
my $walwriter = rows($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'");
kill('STOP', $walwriter);
my $control = load(request => \&control_request);
$control->run(1);
kill('KILL', $walwriter);
$control->finish;
$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
my @lost = grep { /^lost/ } $control->faults($node, 'main');
cmp_ok(scalar(@lost), '>', 0, 'with synchronous_commit off, acknowledged requests are found to be lost: ' . scalar(@lost));
is_sound($node, 'and the ledger is sound nevertheless');

is_quiet($node);
done_testing();
