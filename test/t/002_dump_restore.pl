# A dump holds everything: whole or data only, plain or custom format, taken at rest or while clients post.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerSeal;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dump');
my $folder = PostgreSQL::Test::Utils::tempdir();

$node->safe_psql('postgres', <<'END');
CREATE ROLE reader;
CREATE ROLE poster LOGIN;
CREATE ROLE boss;
CREATE ROLE "Odd ""role""";

SELECT ledger.create_ledger('main', metadata => '{"owner": "Ünal & Søn"}');
SELECT ledger.create_ledger('strict', auto_open => false);
SELECT ledger.create_ledger('empty');
SELECT ledger.create_asset('BTC', 8, 'Bitcoin');
SELECT ledger.create_asset('ETH', 18);
SELECT ledger.open_account('main', 'credit:alice', floor => -500, ceiling => 1000, metadata => '{"tier": 1}');
SELECT ledger.open_account('main', 'users:bob', 'BTC', floor => 0, ceiling => 0.00000100);
SELECT ledger.open_account('main', 'frozen');
SELECT ledger.open_account('main', 'closed');
SELECT ledger.open_account('strict', 'credit:carol', 'EUR', floor => NULL);

SELECT ledger.post('main', 'world', 'users:' || n, n / 100.0, 'EUR', 'key ' || n, 'reference ' || n, metadata => jsonb_build_object('n', n))
	FROM generate_series(1, 2000) n;
SELECT ledger.post_transaction('main', ARRAY[('users:1000', 'users:2', 1, 'EUR'), ('credit:alice', 'users:1', 500, 'EUR'),
	('world', 'users:bob', 0.00000099, 'BTC'), ('world', 'whale', 12345678901234567890.123456789012345678, 'ETH')]::ledger.posting[], 'several');
SELECT ledger.post('main', 'world', 'frozen', 10, 'JPY', effective_at => '2020-01-01');
SELECT ledger.post('main', 'world', 'users:7', 10, 'EUR', 'backdated', effective_at => '2020-02-02 02:02:02.000002+02');
SELECT ledger.post('main', 'world', 'users:7', 10, 'EUR', effective_at => '2099-01-01');
SELECT ledger.post('strict', 'credit:carol', 'world', 5, 'EUR', E'\\.\t''"ключ"\n', '{"a"}');
SELECT count(*) FROM ledger.seal('main', block_size => 900) a, ledger.seal('strict') b;
SELECT ledger.freeze('main', 'frozen');
SELECT ledger.close_account('main', 'closed');
SELECT ledger.grant_access('reader', 'read', 'main');
SELECT ledger.grant_access('poster', 'post', 'main'), ledger.grant_access('poster', 'read', 'strict');
SELECT ledger.grant_access('boss', 'admin'), ledger.grant_access('Odd "role"', 'post', 'main');

-- an application's own table that refers to the journal
CREATE TABLE "order" (id int, ledger_id int, position bigint, FOREIGN KEY (ledger_id, position) REFERENCES ledger_data.journal);
INSERT INTO "order" SELECT row_number() OVER (), ledger_id, position FROM ledger_data.journal;
END

my @tables = map { "ledger_data.$_" } split /\n/, rows($node, <<'END');
SELECT relname FROM pg_class WHERE relnamespace = 'ledger_data'::regnamespace AND relkind = 'r' ORDER BY 1
END
my @sequences = map { "ledger_data.$_" } split /\n/, rows($node, <<'END');
SELECT relname FROM pg_class WHERE relnamespace = 'ledger_data'::regnamespace AND relkind = 'S' ORDER BY 1
END
cmp_ok(scalar(@tables), '>=', 7, 'found the tables');
cmp_ok(scalar(@sequences), '>=', 4, 'found the sequences');

# Every row of every table, and where the sequences are.
sub contents
{
	my ($database) = @_;
	return join("\n",
		map({ "-- $_\n" . rows($node, "SELECT t::text COLLATE \"C\" FROM $_ t ORDER BY 1", $database) } @tables),
		map({ "$_: " . rows($node, "SELECT last_value, is_called FROM $_", $database) } @sequences));
}

# PostgreSQL's privileges on everything of ours.
sub privileges
{
	my ($database) = @_;
	return rows($node, <<'END', $database);
SELECT o, acl::text FROM (
	SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE pronamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace)
	UNION ALL SELECT oid::regclass::text, relacl FROM pg_class WHERE relnamespace IN ('ledger'::regnamespace, 'ledger_data'::regnamespace)
	UNION ALL SELECT nspname, nspacl FROM pg_namespace WHERE nspname LIKE 'ledger%') p(o, acls)
	LEFT JOIN LATERAL unnest(acls) acl ON true
	ORDER BY o COLLATE "C", acl::text COLLATE "C"
END
}

my $contents = contents('postgres');
my $privileges = privileges('postgres');
my %head = map { $_ => head($node, $_) } 'main', 'strict';
like($privileges, qr/ledger\.post\(.*\|poster=X/, 'privileges are what the test looks at');

# What must hold in a restored database, which then goes on.
sub check
{
	my ($database, $what) = @_;
	my %in = (database => $database);
	my $as_poster = "SET ROLE poster;\n";

	is(contents($database), $contents, "$what: every row and sequence is the same");
	is(privileges($database), $privileges, "$what: all privileges are the same");
	is_sound($node, "$what: sound", $database);

	is(rows($node, $as_poster . "SELECT status FROM ledger.post('main', 'world', 'users:5', 0.05, 'EUR', 'key 5', 'reference 5', metadata => '{\"n\": 5}')", $database),
		'replayed', "$what: a key of before is replayed");
	is(rows($node, $as_poster . "SELECT status, (balances[2]).balance FROM ledger.post('main', 'world', 'users:7', 1, 'EUR', 'new', 'new')", $database),
		'posted|21.07', "$what: posting goes on");
	is(rows($node, "SELECT count(*), count(DISTINCT position) FROM ledger_data.journal", $database),
		join('|', (scalar(() = $contents =~ /^\(\d+,[atl],/mg) + 1) x 2), "$what: with a number of its own");
	fails_with($node, $as_poster . "SELECT ledger.post('main', 'world', 'users:7', 1, 'EUR', 'key 5')", 'LG301', qr/key 5/, "$what: a key keeps its request", %in);
	fails_with($node, $as_poster . "SELECT ledger.post('main', 'world', 'users:7', 1, 'EUR', reference => 'reference 5')", 'LG302', qr/reference 5/, "$what: a reference stays used", %in);
	fails_with($node, $as_poster . "SELECT ledger.post('main', 'credit:alice', 'users:7', 0.01, 'EUR')", 'LG201', qr/floor/, "$what: limits hold", %in);
	fails_with($node, $as_poster . "SELECT ledger.post('main', 'world', 'frozen', 1, 'JPY')", 'LG203', qr/frozen/, "$what: frozen stays frozen", %in);
	fails_with($node, $as_poster . "SELECT ledger.post('strict', 'world', 'credit:carol', 1, 'EUR')", '42501', qr/strict/, "$what: rights hold", %in);
	fails_with($node, "SET ROLE reader; SELECT ledger.post('main', 'world', 'users:7', 1, 'EUR')", '42501', qr/post/, "$what: a reader may not post", %in);
	is(rows($node, "SET ROLE reader; SELECT ledger.balance('main', 'users:7', 'EUR', at => '2021-01-01')", $database), '10.00', "$what: nor is anything lost of the past");
	is(sqlstate($node, <<'END', %in), '00000', "$what: boss may open ledgers, assets and accounts");
SET ROLE boss;
SELECT ledger.create_ledger('another');
SELECT ledger.create_asset('DOGE', 8);
SELECT ledger.open_account('another', 'users:1', 'DOGE');
SELECT ledger.post('another', 'world', 'users:1', 1, 'DOGE');
END
	seal_goes_on($node, $_, $head{$_}, "$what: $_", $database) foreach sort keys %head;
	is_sound($node, "$what: sound afterwards", $database);
	return;
}

sub dump_to
{
	my ($file, @options) = @_;
	command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', "$folder/$file", @options ], "pg_dump @options");
	return "$folder/$file";
}

sub new_database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	return $name;
}

sub run_file
{
	my ($database, $file) = @_;
	command_ok([ 'psql', '-X', '-q', '-o', "$folder/out", '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', $file ], "psql restores into $database");
	return;
}

run_file(new_database('plain'), dump_to('plain.sql'));
check('plain', 'plain');

my $archive = dump_to('archive', '-Fc');
command_ok([ 'pg_restore', '-j', '2', '-e', '-d', $node->connstr(new_database('parallel')), $archive ], 'pg_restore -j 2');
check('parallel', 'custom format, -j 2');
is(rows($node, 'SELECT count(*) FROM "order"', 'parallel'), rows($node, 'SELECT count(*) FROM "order"'), 'with the table that refers to the journal');

# into a database where the extension is already
$node->safe_psql(new_database('data_only'), 'CREATE EXTENSION ledger');
my $data = dump_to('data.sql', '--data-only', '-N', 'public');
run_file('data_only', $data);
# GRANTs are no data: PostgreSQL's privileges follow from the rights that are
$node->safe_psql('data_only', 'SELECT ledger_data.sync_privileges(role) FROM (SELECT DISTINCT role FROM ledger_data.access) a');
check('data_only', 'data only');

# A dump taken while clients post is one moment of the ledger.
my $load = LedgerLoad->new(
	connstr => $node->connstr('postgres'),
	clients => 6,
	request => sub {
		my ($client, $number) = @_;
		my $sql = sprintf(q{SELECT status FROM ledger.post('main', 'users:%d', 'new:%d', 0.01, 'EUR', 'load %d %d') \gset},
			1 + int(rand(2000)), rand(1000), $client, $number);
		return { key => "load-$client-$number", sql => $sql };
	});
$load->run(0.5);
seal($node, 'main');
my $head = head($node, 'main');
$load->run(0.2);
my $running = dump_to('running', '-Fc');
$load->run(0.2);
$load->finish;
command_ok([ 'pg_restore', '-j', '2', '-e', '-d', $node->connstr(new_database('running')), $running ], 'pg_restore of a dump taken under load');
is_sound($node, 'a dump taken under load is sound', 'running');
my ($dumped, $there) = map { rows($node, "SELECT count(*) FROM ledger.journal WHERE idempotency_key LIKE 'load %'", $_) } 'running', 'postgres';
cmp_ok($dumped, '>', 0, 'it holds some of what clients posted');
cmp_ok($dumped, '<', $there, 'and not all');
is(rows($node, "SELECT count(*) FILTER (WHERE (p).status = 'posted') FROM (SELECT ledger.post('main', 'world', 'more:' || n, 1, 'EUR') FROM generate_series(1, 100) n) x(p)", 'running'),
	'100', 'posting goes on without colliding numbers');
seal_goes_on($node, 'main', $head, 'a dump taken under load', 'running');
is_sound($node, 'and leaves it sound', 'running');

is_quiet($node);
done_testing();
