# PgBouncer in transaction mode: many clients share few server connections, and nothing passes from one to another.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin', '/sbin';
plan skip_all => 'pgbouncer is not installed' unless $pgbouncer;

seed();
my $node = new_node('pooler');
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();

$node->safe_psql('postgres', <<'END');
CREATE ROLE app LOGIN;
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('strict', auto_open => false);
SELECT ledger.grant_access('app', 'post', 'main'), ledger.grant_access('app', 'post', 'strict');
SELECT ledger.post('main', 'world', 'a' || n, 100000, 'EUR') FROM generate_series(1, 6) n;
SELECT ledger.open_account('main', 'empty');
END

my ($host) = $node->connstr =~ /host=(\S+)/;
append_to_file("$folder/pgbouncer.ini", <<"END");
[databases]
postgres = host=$host port=@{[ $node->port ]} user=app
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $folder
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_round_robin = 1
max_client_conn = 200
ignore_startup_parameters = application_name
logfile = $folder/log
pidfile = $folder/pid
END
my $pid = fork() // die "fork: $!";
if ($pid == 0)
{
	open(STDOUT, '>', "$folder/out");
	open(STDERR, '>&', \*STDOUT);
	exec($pgbouncer, '-q', "$folder/pgbouncer.ini") or POSIX::_exit(127);
}

END
{
	local $?;
	kill('KILL', $pid) && waitpid($pid, 0) if $pid;
}

my $pool = "host=$folder port=$port dbname=postgres user=app";

# A script through the pooler: what psql printed, errors as SQLSTATE.
sub through_pool
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'psql', '-XAtq', '-d', $pool, '-v', 'VERBOSITY=sqlstate' ], '<', \$sql, '>', \$out, '2>', \$err);
	$err =~ s/^\S*?(ERROR|FATAL):\s+(\w{5})/$2/mg;
	return "$out$err";
}

foreach (1 .. 100)
{
	last if through_pool('SELECT 1') eq "1\n";
	sleep(0.1);
}
is(through_pool('SELECT current_user'), "app\n", 'connected through the pooler')
	or BAIL_OUT(slurp_file("$folder/out") . (-e "$folder/log" ? slurp_file("$folder/log") : ''));

# A transaction of up to three posts; one in ten has a refusal in the middle and goes on, or is rolled back.
sub request
{
	my ($client, $number) = @_;
	my $key = "c$client-$number";
	my @from = map { 'a' . (1 + int(rand(3))) } 1 .. 2;
	my @to = map { 'a' . (4 + int(rand(3))) } 1 .. 2;
	my $post = "SELECT status FROM ledger.post('main', '$from[0]', '$to[0]', 1, 'EUR', '$key') \\gset\n";
	my $more = "SELECT 1 FROM ledger.post('main', '$from[1]', '$to[1]', 2, 'EUR', 'second-$key');\n";
	my $kind = rand();
	my $sql =
		$kind < 0.4 ? $post
		: $kind < 0.6 ? "BEGIN;\n$more$post COMMIT;"
		: $kind < 0.7 ? "BEGIN ISOLATION LEVEL REPEATABLE READ;\n$more$post COMMIT;"
		: $kind < 0.75 ? "BEGIN;\nSET LOCAL lock_timeout = '1ms';\n$post COMMIT;"
		: $kind < 0.8 ? "BEGIN;\n$post SELECT 1 FROM ledger.post('main', 'empty', 'a1', 1, 'EUR');\nROLLBACK;\n\\set status rolledback"
		: $kind < 0.85 ? "BEGIN;\n$post SAVEPOINT s;\nSELECT 1 FROM ledger.post('strict', 'nobody', 'world', 1, 'EUR');\nROLLBACK TO s;\nCOMMIT;"
		: $kind < 0.9 ? "BEGIN;\nSELECT 1 FROM ledger.post('main', 'a1', 'n$key', 1, 'XXX');\n$post COMMIT;"
		: "SELECT status FROM ledger.post('main', '$from[0]', 'new:$key', 1, 'EUR', '$key') \\gset";
	return { key => $key, sql => $sql };
}

my $load = LedgerLoad->new(connstr => $pool, clients => 30, chunk => 20, request => \&request);
$load->run(5);
$load->finish;
note($load->summary);
cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 300, '30 clients posted through 4 connections');
is(scalar(keys %{ $load->{unknown} }), 0, 'none lost its connection');
my %expected = map { $_ => 1 } qw(none rolledback 40P01 40001 55P03);
is_deeply([ grep { !$expected{$_} } values %{ $load->{failed} } ], [], 'only what was meant to be refused was');

my $stored = $load->stored($node, 'main');
delete $stored->{$_} foreach grep { /^second-/ } keys %$stored;
is(join(',', sort keys %$stored), join(',', sort keys %{ $load->{acknowledged} }), 'stored is what was acknowledged, and nothing else');
is_sound($node, 'the ledger is sound');

# What is left behind in the server's connections.
my $servers = "SELECT pid FROM pg_stat_activity WHERE usename = 'app'";
cmp_ok(rows($node, "SELECT count(*) FROM ($servers) s"), '<=', 4, 'the server has at most four connections of the pool');
is(rows($node, "SELECT * FROM pg_locks WHERE pid IN ($servers)"), '', 'which hold no locks');
is(rows($node, "SELECT pid, state FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'"), '', 'and are in no transaction');

# An error on the way, where our own rights and settings are in force, must not leave them to the next client.
my $look = "SELECT current_user, session_user, current_setting('search_path'), current_setting('lock_timeout'), current_setting('transaction_read_only');";
my $fresh = through_pool($look);
is($fresh, qq(app|app|"\$user", public|0|off\n), 'settings are those of the start');
my $blocker = $node->background_psql('postgres');
$blocker->query_safe("BEGIN; LOCK TABLE ledger_data.account;");
is(through_pool("BEGIN; SET LOCAL lock_timeout = '50ms'; SELECT ledger.post('main', 'world', 'brand:new', 1, 'EUR'); COMMIT;"),
	"55P03\n", 'lock_timeout while an account is opened');
is(through_pool("BEGIN; SAVEPOINT s; SET LOCAL statement_timeout = '50ms'; SELECT ledger.post('main', 'world', 'brand:new', 1, 'EUR'); ROLLBACK TO s; $look COMMIT;"),
	"${fresh}57014\n", 'statement_timeout while an account is opened: settings are back at once');
$blocker->query_safe('COMMIT;');
$blocker->quit;
is(join('', map { through_pool($look) } 1 .. 8), $fresh x 8, 'and in all connections');
is(through_pool('SELECT * FROM ledger_data.account;'), "42501\n", 'our own rights are not left to anybody');
is(rows($node, "SELECT * FROM pg_locks WHERE pid IN ($servers)"), '', 'no locks are left');

# Rights given and taken while connections live on reach all of them.
my $post = "SELECT status FROM ledger.post('main', 'world', 'a1', 1, 'EUR');";
is(join('', map { through_pool($post) } 1 .. 8), "posted\n" x 8, 'app may post');
$node->safe_psql('postgres', "SELECT ledger.revoke_access('app', 'post', 'main')");
is(join('', map { through_pool($post) } 1 .. 8), "42501\n" x 8, 'and may not when its right was taken');

is_sound($node, 'the ledger is sound at the end');

is_quiet($node);
done_testing();
