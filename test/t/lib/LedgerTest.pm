# What the TAP tests share: servers with the extension, errors by SQLSTATE, proof that a ledger is sound.
package LedgerTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

our @EXPORT = qw(new_node configure fails_with sqlstate ledger_faults is_sound is_quiet server_errors seed rows kill_postmaster try_start);

# Every line of the server's log tells the SQLSTATE: time, PID, SQLSTATE, [application], severity.
my $settings = <<'END';
log_line_prefix = '%m %p %e [%a] '
log_statement = none
log_min_messages = warning
log_checkpoints = off
max_connections = 100
shared_buffers = 32MB
autovacuum_naptime = 5s
deadlock_timeout = 50ms
END

# A running server with the extension. Options: init (for Cluster's init), conf (lines), preload (default 1).
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%{ $options{init} // {} });
	configure($node, %options);
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION ledger');
	return $node;
}

sub configure
{
	my ($node, %options) = @_;

	$node->append_conf('postgresql.conf', $settings);
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ledger'") if $options{preload} // 1;
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	return;
}

# kill -9 of the postmaster; then wait until nobody is left under its number.
sub kill_postmaster
{
	my ($node) = @_;
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	$node->kill9;
	foreach (1 .. 1000)
	{
		last unless kill(0, $pid);
		sleep(0.01);
	}
	return;
}

# Start a server after that: orphaned backends must have ended first.
sub try_start
{
	my ($node) = @_;

	foreach (1 .. 100)
	{
		return 1 if $node->start(fail_ok => 1);
		$node->{_pid} = undef;
		sleep(0.1);
	}
	BAIL_OUT('the server does not start again');
	return 0;
}

# The rows of a query, one line each.
sub rows
{
	my ($node, $sql, $database) = @_;
	return $node->safe_psql($database // 'postgres', $sql);
}

# The SQLSTATE of the last error of a script ('00000': none), and all that psql said.
sub sqlstate
{
	my ($node, $sql, %options) = @_;
	my ($stdout, $stderr) = ('', '');

	$node->psql(
		$options{database} // 'postgres',
		"\\set VERBOSITY verbose\n$sql",
		on_error_stop => 0,
		stdout => \$stdout,
		stderr => \$stderr,
		%{ $options{psql} // {} });
	my @states = $stderr =~ /^(?:psql:\S+ )?(?:ERROR|FATAL|PANIC):\s+(\w{5}):/mg;
	return wantarray ? ($states[-1] // '00000', $stderr, $stdout) : $states[-1] // '00000';
}

# One test: the script ends with this SQLSTATE, and says this.
sub fails_with
{
	my ($node, $sql, $state, $pattern, $name, %options) = @_;
	my ($got, $message) = sqlstate($node, $sql, %options);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($got eq $state && $message =~ $pattern, $name) or diag("expected $state and $pattern, got $got:\n$message");
	return;
}

# What is wrong with the ledgers of a database: what verify() finds, and sums that are computed apart from it.
sub ledger_faults
{
	my ($node, $database) = @_;

	return $node->safe_psql($database // 'postgres', <<'END');
SET client_min_messages = warning;
SELECT v::text FROM ledger.verify() v;
SELECT 'sum of balances', ledger, asset, sum(balance) FROM ledger.balance GROUP BY 2, 3 HAVING sum(balance) <> 0;
SELECT 'sum of entries', ledger, asset, sum(amount) FROM ledger.entry GROUP BY 2, 3 HAVING sum(amount) <> 0;
SELECT 'last entries', b.ledger, b.address, b.asset FROM ledger.balance b
	LEFT JOIN (SELECT ledger, address, asset, sum(balance) AS balance, sum(version) AS version
		FROM (SELECT DISTINCT ON (ledger, address, asset, stripe) * FROM ledger.entry ORDER BY ledger, address, asset, stripe, version DESC) last
		GROUP BY 1, 2, 3) e USING (ledger, address, asset)
	WHERE b.balance <> coalesce(e.balance, 0) OR b.version <> coalesce(e.version, 0);
SELECT 'below zero', ledger, address, asset, version FROM ledger.entry
	WHERE balance < 0 AND stripe = 0 AND address <> 'world' AND address NOT LIKE 'credit%';
END
}

# One test: nothing is wrong.
sub is_sound
{
	my ($node, $name, $database) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ledger_faults($node, $database), '', $name);
	return;
}

# One test: the server's log tells of no internal error, no crash of its own, and nothing that was left open.
sub is_quiet
{
	my ($node, $name) = @_;
	my $log = slurp_file($node->logfile);
	my @lines = $log =~ /^(\S+ \S+ \S+ \d+ XX\w{3} .*|.*WARNING:.*leak.*|.*PANIC:.*|TRAP:.*|.*terminated by signal (?!9:).*)$/mg;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join("\n", @lines[0 .. ($#lines < 9 ? $#lines : 9)]), '', $name // "the server's log is quiet");
	return;
}

# How often each SQLSTATE was logged as an error since an offset, and the lines of it.
sub server_errors
{
	my ($node, $offset) = @_;
	my $log = slurp_file($node->logfile, $offset // 0);
	my (%count, %lines);

	while ($log =~ /^(\S+ \S+ \S+ \d+ (\w{5}) \[.*?\] (?:ERROR|FATAL|PANIC):.*)$/mg)
	{
		# no client's: how autovacuum gives way to a command that wants its table
		next if $2 eq '57014' && index($1, ' [] ERROR:  canceling autovacuum task') > 0;
		$count{$2}++;
		push @{ $lines{$2} }, $1 if @{ $lines{$2} // [] } < 5;
	}
	return (\%count, \%lines);
}

# The seed of a test's random choices: printed, and given by LEDGER_SEED to see the same again.
sub seed
{
	my $seed = $ENV{LEDGER_SEED} // time() ^ ($$ << 8);

	srand($seed);
	note("LEDGER_SEED=$seed");
	diag("LEDGER_SEED=$seed") if $ENV{HARNESS_IS_VERBOSE};
	return $seed;
}

1;
