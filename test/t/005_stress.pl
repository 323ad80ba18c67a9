# Sixteen sessions do everything at once on few accounts, at all isolation levels, while they are cancelled and
# terminated. Nothing is lost, nothing is done twice, nothing deadlocks, and no error is one of our own making.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

seed();
my $node = new_node('stress');

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_asset('BTC', 8);
SELECT ledger.post('main', 'world', 'a' || n, 1000000, asset) FROM generate_series(1, 8) n, unnest(ARRAY['EUR', 'JPY', 'BTC']) asset;
SELECT ledger.open_account('main', 'frozen' || n) FROM generate_series(1, 2) n;
SELECT ledger.open_account('main', 'credit:limited' || n, ceiling => 300) FROM generate_series(1, 2) n;
SELECT ledger.post('main', 'world', 'credit:limited' || n, 1, asset) FROM generate_series(1, 2) n, unnest(ARRAY['EUR', 'JPY', 'BTC']) asset;
END

my @assets = ('EUR', 'JPY', 'BTC');
my $counter = 0;

sub pick { return $_[ rand(@_) ] }

# An account: hot ones mostly, sometimes one with limits, sometimes one that is new or that others open just now.
sub account
{
	my $kind = rand();
	return 'a' . (1 + int(rand(8))) if $kind < 0.7;
	return 'frozen' . (1 + int(rand(2))) if $kind < 0.75;
	return 'credit:limited' . (1 + int(rand(2))) if $kind < 0.85;
	return pick('new:', 'credit:new:') . int($counter / 40) . ':' . int(rand(3)) if $kind < 0.97;
	return 'world';
}

# Two different accounts, an amount and an asset.
sub posting
{
	my ($from, $to) = (account(), account());
	$to = account() while $to eq $from;
	return ($from, $to, 1 + int(rand(50)), pick(@assets));
}

sub array { return 'ARRAY[' . join(', ', map { sprintf("('%s', '%s', %d, '%s')", @$_) } @_) . ']::ledger.posting[]' }

sub json
{
	my ($key, @postings) = @_;
	my @objects = map { sprintf('{"source": "%s", "destination": "%s", "amount": "%d", "asset": "%s"}', @$_) } @postings;
	return sprintf(q{'{"idempotency_key": "%s", "postings": [%s]}'}, $key, join(', ', @objects));
}

# A call that posts under a key, in one of six ways.
sub post
{
	my ($key) = @_;
	my $try = pick('', 'try_');
	my $kind = rand();
	my @postings = map { [posting()] } 1 .. 1 + int(rand(6));

	return sprintf("ledger.${try}post('main', '%s', '%s', %d, '%s', '%s')", posting(), $key) if $kind < 0.5;
	return "ledger.${try}post_transaction('main', " . array(@postings) . ", '$key')" if $kind < 0.75;
	return "ledger.${try}post_json('main', " . json($key, @postings) . ')';
}

# A call that changes something else.
sub administer
{
	my ($n, $m) = map { 1 + int(rand(2)) } 1 .. 2;
	return pick(
		"ledger.freeze('main', 'frozen$n')",
		"ledger.unfreeze('main', 'frozen$n')",
		"ledger.set_limits('main', 'credit:limited$n', NULL, 0, " . (100 + int(rand(400))) . ')',
		"ledger.set_limits('main', 'credit:limited$n', 'EUR', -100, NULL)",
		sprintf("ledger.open_account('main', 'credit:new:%d:%d', floor => -%d)", int($counter / 40), rand(3), rand(100)),
		sprintf("ledger.open_account('main', 'new:%d:%d', 'EUR', floor => 0)", int($counter / 40), rand(3)),
		"ledger.balance('main', '" . account() . "', 'EUR')",
		"(SELECT count(*) FROM ledger.statement('main', 'credit:limited$n', 'JPY'))");
}

# A request that is tried again after any error, under the same key.
sub request
{
	my ($client, $number) = @_;
	my $kind = rand();

	$counter++;
	if ($kind < 0.12)
	{
		my $call = administer();
		return { key => "admin-$client-$number", sql => "SELECT $call;" };
	}
	my ($key, $call) = ("c$client-$number");
	if ($kind < 0.3)
	{
		# several sessions send this one
		my $n = int($counter / 20);
		$key = "shared-$n";
		$call = sprintf("ledger.post('main', 'a%d', 'shared:%d', 7, 'EUR', '%s')", 1 + $n % 8, $n % 50, $key);
	}
	$call //= post($key);
	my $send = "SELECT status FROM $call \\gset\n";
	return { key => $key, sql => "$send\\if :ERROR\n$send\\if :ERROR\n$send\\endif\n\\endif" };
}

my @levels = ('read\ committed', 'read\ committed', 'repeatable\ read', 'serializable');
my @timeouts = (0, 0, '20ms', 0, '5ms');
my $load = LedgerLoad->new(
	connstr => sub {
		my ($client) = @_;
		return $node->connstr('postgres') . sprintf(q{ options='-c default_transaction_isolation=%s -c lock_timeout=%s'},
			map { s/\\/\\\\/gr } $levels[ $client % @levels ], $timeouts[ $client % @timeouts ]);
	},
	chunk => 100,
	request => \&request);

my $targets = "pg_stat_activity WHERE application_name = 'load' AND state = 'active'";
my $cancelled = 0;

$load->run(3);
is_sound($node, 'sound under load');
# until enough were hit, which takes longer on a busy machine
for my $round (1 .. 200)
{
	$load->run(0.15);
	$cancelled += rows($node, "SELECT count(pg_cancel_backend(pid)) FROM $targets AND random() < 0.3");
	rows($node, "SELECT pg_terminate_backend(pid) FROM $targets ORDER BY random() LIMIT 1") if $round % 10 == 0;
	is_sound($node, 'sound while sessions are cancelled') if $round == 10;
	last if $round >= 20 && $cancelled > 40;
}
$load->run(2);
$load->finish;
note($load->summary, "; $cancelled cancelled");

cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 1000, 'posted a lot');
cmp_ok($cancelled, '>', 20, 'and was cancelled a lot');
$load->{failed} = { map { $_ => $load->{failed}{$_} } grep { !/^admin/ } keys %{ $load->{failed} } };
is(join("\n", $load->faults($node, 'main')), '', 'stored is what was acknowledged, exactly once, and nothing that was refused');
my $outcome = $load->resolve;
is($outcome->{unknown} // 0, 0, 'what became of terminated sessions is known when sent again');
is(join("\n", $load->faults($node, 'main')), '', 'and stored exactly once');
my $stored = $load->stored($node, 'main');
is(scalar(grep { !$load->{acknowledged}{$_} } keys %$stored), 0, 'nothing is stored that was not acknowledged');
is_sound($node, 'sound at the end');

# Every error that the server has logged is one that the calls promise.
my %expected = map { $_ => 1 } qw(LG013 LG201 LG202 LG203 40001 55P03 57014);
my ($count, $lines) = server_errors($node);
note('errors: ', join(', ', map { "$_ $count->{$_}" } sort keys %$count));
cmp_ok($count->{$_} // 0, '>', 0, "$_ did occur") foreach qw(LG201 LG202 LG203 40001 57014);
is($count->{'40P01'} // 0, 0, 'no deadlock among calls that are a transaction each');
my @unexpected = map { @{ $lines->{$_} } } grep { !$expected{$_} } sort keys %$lines;
# termination is our doing
@unexpected = grep { !/ 57P01 / } @unexpected;
is(join("\n", @unexpected), '', 'no error but those that the calls promise');

is(rows($node, "SELECT l.* FROM pg_locks l WHERE pid <> pg_backend_pid() AND (locktype = 'advisory' OR pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'))"),
	'', 'no locks are left');

is_quiet($node);
done_testing();
