# Imports under what can happen to long work: whatever is killed in the middle, all of an import is there or nothing, and it
# can be made again; two of one name, only one wins. Exported with psql into a file, imported in another database from a
# table, exported again, a ledger is the same byte for byte; a standby exports what its primary does.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Compare;
use LedgerCrash;
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

seed();
my $node = new_node('import', init => { allows_streaming => 1 }, conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
autovacuum = off
restart_after_crash = on
END
my $query = 'SELECT line FROM exported ORDER BY n';

# A ledger of some 60,000 records, with holds and reversals among them, in blocks; and its lines in a table.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main', metadata => '{"of": "é"}'), ledger.create_ledger('other');
SELECT ledger.create_asset('GEM', 3);
SELECT count(*) FROM ledger.post_from('main', $$SELECT 'world' AS source, 'acc:' || n % 1000 AS destination, 1 + n % 50 AS amount, (ARRAY['EUR', 'GEM'])[1 + n % 3 / 2] AS asset,
	'key ' || n AS idempotency_key, jsonb_build_object('n', n, 'text', 'é"\') AS metadata FROM generate_series(1, 60000) n$$);
SELECT count(ledger.reverse('main', (SELECT min(position) + 5 + n FROM ledger.journal WHERE ledger = 'main'))) FROM generate_series(1, 50) n;
SELECT count(ledger.hold('main', 'acc:' || n, 'acc:x', 1, 'EUR', expires_at => CASE WHEN n % 2 = 0 THEN now() + interval '1 day' END)) FROM generate_series(1, 200) n WHERE n % 3 <> 2;
SELECT count(ledger.capture('main', h.hold, 0.5)) FROM ledger.hold h WHERE h.ledger = 'main' AND h.hold % 3 = 0;
SELECT count(*) FROM ledger.seal('main', block_size => 5000);
CREATE TABLE exported (n int GENERATED ALWAYS AS IDENTITY, line text);
INSERT INTO exported (line) SELECT e FROM ledger.export('main') e;
END
my $head = rows($node, "SELECT hash FROM ledger.head('main')");
my $lines = rows($node, 'SELECT count(*) FROM exported');
my $records = rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = 'main'");
cmp_ok($lines, '>', 60_000, "$lines lines");

# ------ helpers ------

sub import_sql
{
	my ($name, $more) = @_;
	return "CALL ledger.import_from('$name', '$query', '$head'" . ($more // '') . ')';
}

# Wait until an import is in the middle: so many records are done. Its process number.
sub in_the_middle
{
	my ($least) = @_;
	my @progress;

	wait_for(sub { @progress = split(/\|/, rows($node, "SELECT pid, done FROM ledger.progress WHERE command = 'import' ORDER BY done DESC LIMIT 1")); @progress && $progress[1] >= $least }, 60)
		or BAIL_OUT("no import has $least records");
	return $progress[0];
}

# All rows that there are of ledgers, by table.
sub contents
{
	return rows($node, join(' UNION ALL ', map { "SELECT '$_', count(*) FROM ledger_data.$_" } qw(ledger account balance journal entry hold block)));
}

# A ledger that was imported is that which was exported, and sound.
sub is_same
{
	my ($name, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(rows($node, "SELECT hash FROM ledger.head('$name')"), $head, "$what: it has the same head");
	is(rows($node, "SELECT count(*) FROM (SELECT n, line FROM exported) a FULL JOIN ledger.export('$name') WITH ORDINALITY b(line, n) USING (n) WHERE a.line IS DISTINCT FROM b.line"), 0,
		"$what: exported again, the same lines");
	return;
}

# ------ killed in the middle ------

my $before = contents();
my @ends = (
	[ 'its backend killed', sub {
		my ($pid) = @_;
		my $offset = -s $node->logfile;

		ok(kill('KILL', $pid), 'the import is killed');
		ok(wait_for(sub { slurp_file($node->logfile, $offset) =~ /reinitializing/ }, 60), 'the server restarts');
		$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
	} ],
	[ 'the whole server killed', sub { kill_everything($node); try_start($node) } ],
	[ 'cancelled', sub { rows($node, "SELECT pg_cancel_backend($_[0])") } ]);
foreach my $end (@ends)
{
	my ($what, $action) = @$end;
	my $import = start_session($node, 'importer', undef, import_sql('copy'));
	my $pid = in_the_middle(5_000);

	is($pid, rows($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'importer'"), "$what: the import is seen at work");
	is(contents(), $before, "$what: nothing of it is seen yet");
	$action->($pid);
	like(answer($import), qr/server closed the connection|terminating connection|57014/, "$what: its client is told");
	is(rows($node, 'SELECT count(*) FROM ledger.progress'), 0, "$what: no work is left to be seen");
	is(contents(), $before, "$what: nothing of it is there");
}
is(rows($node, import_sql('copy')), 1, 'made again it takes one try');
is_same('copy', 'made again');
is(rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = 'copy'"), $records, 'with as many records');

# ------ two at once, beside others who post ------

{
	my @imports = map { start_session($node, "importer $_", undef, import_sql('twin')) } 1 .. 2;

	in_the_middle(2_000);
	is(rows($node, "SELECT status FROM ledger.post('other', 'world', 'a', 1, 'EUR')"), 'posted', 'posting to another ledger goes on');
	is(rows($node, "SELECT status FROM ledger.post('main', 'world', 'a', 1, 'EUR', 'meanwhile')"), 'posted', 'and to the one that was exported');
	my @answers = sort map { answer($_) } @imports;
	is($answers[0], "1\nanswered\n", 'one of two imports of a name wins');
	like($answers[1], qr/^.*55000: ledger "twin" is not where the export starts/, 'the other one is told why not');
	is_same('twin', 'it');
}

# Both make the asset that is missing: the second one waits for the first, cannot serialize, and runs again.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_asset('STONE', 5), ledger.create_ledger('stones');
SELECT ledger.post('stones', 'world', 'a', 1.5, 'STONE');
CREATE DATABASE elsewhere;
END
$node->safe_psql('elsewhere', 'CREATE EXTENSION ledger; CREATE TABLE stones (n int GENERATED ALWAYS AS IDENTITY, line text)');
$node->safe_psql('elsewhere', join('', map { 'INSERT INTO stones (line) VALUES ($line$' . $_ . '$line$);' } split(/\n/, rows($node, "SELECT ledger.export('stones')"))));
{
	my $first = LedgerSession->new($node, 'elsewhere');
	my $offset = -s $node->logfile;

	$first->query("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT ledger.import_query('stones1', 'SELECT line FROM stones ORDER BY n');");
	my $second = LedgerSession->new($node, 'elsewhere');
	$second->{in} .= "SET application_name = 'second'; CALL ledger.import_from('stones2', 'SELECT line FROM stones ORDER BY n');\n";
	$second->{harness}->pump_nb;
	ok(wait_for(sub { waiting($node, 'second', 'Lock') }), 'the second one waits for the asset');
	$first->query('COMMIT;');
	like($second->query(''), qr/^2$/m, 'and takes two tries');
	$_->finish foreach $first, $second;
	is(rows($node, "SELECT string_agg(ledger || ' ' || balance, ', ' ORDER BY ledger) FROM ledger.balance WHERE address = 'a'", 'elsewhere'), 'stones1 1.50000, stones2 1.50000', 'both are there');
}

# ------ through files, into another database ------

my $folder = PostgreSQL::Test::Utils::tempdir();
my $psql = sub { my ($database, @commands) = @_; command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), map { ('-c', $_) } @commands ], "psql in $database"); };

# backslashes of the lines are doubled by COPY, and made one again
$psql->('postgres', "\\copy (SELECT ledger.export('main')) TO '$folder/first'");
$psql->('elsewhere', 'CREATE TABLE exported (n int GENERATED ALWAYS AS IDENTITY, line text)', "\\copy exported (line) FROM '$folder/first'",
	"CALL ledger.import_from('moved', '$query')", "\\copy (SELECT ledger.export('moved')) TO '$folder/second'");
cmp_ok(-s "$folder/first", '>', 1_000_000, 'the file is ' . (-s "$folder/first") . ' bytes');
is(compare("$folder/first", "$folder/second"), 0, 'there and back, the files are the same');
is(rows($node, "SELECT * FROM ledger.head('moved')", 'elsewhere'), rows($node, "SELECT * FROM ledger.head('main')"), 'and the heads');
is(rows($node, "SELECT string_agg(scale::text, ' ') FROM ledger.asset WHERE code = 'GEM'", 'elsewhere'), 3, 'the asset came along');
is_sound($node, 'sound there', 'elsewhere');

is(rows($node, "SELECT records FROM ledger.seal('stones1')", 'elsewhere'), 2, 'where nobody has ever drawn a position, a ledger is sealed, too');

# what has come since, by a second file
my $last = rows($node, "SELECT max(position) FROM ledger.journal WHERE ledger = 'main'");
$node->safe_psql('postgres', "SELECT ledger.post('main', 'world', 'acc:1', 5, 'EUR') FROM generate_series(1, 50); SELECT count(*) FROM ledger.seal('main')");
$psql->('postgres', "\\copy (SELECT ledger.export('main', $last)) TO '$folder/more'", "\\copy (SELECT ledger.export('main')) TO '$folder/first'");
$psql->('elsewhere', 'TRUNCATE exported', "\\copy exported (line) FROM '$folder/more'", "CALL ledger.import_from('moved', '$query')", "\\copy (SELECT ledger.export('moved')) TO '$folder/second'");
is(compare("$folder/first", "$folder/second"), 0, 'bit by bit it is the same, too');

# a byte of the file that is another one
{
	my $text = slurp_file("$folder/first");
	my $at = index($text, '"key 3', length($text) / 2);
	substr($text, $at + 5, 1) = '4';
	append_to_file("$folder/changed", $text);
	$psql->('elsewhere', 'TRUNCATE exported', "\\copy exported (line) FROM '$folder/changed'");
	my ($state, $message) = sqlstate($node, "CALL ledger.import_from('changed', '$query')", database => 'elsewhere');
	is($state, 'LG403', 'a changed file is refused') or diag($message);
	like($message, qr/line \d+ of the import: /, 'and the line is told');
}

# ------ a standby ------

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', "SELECT ledger.create_ledger('strict', hashing => 'strict'); SELECT ledger.post('strict', 'world', 'a', n, 'EUR') FROM generate_series(1, 20) n; SELECT ledger.post('main', 'world', 'late', 1, 'EUR')");
$node->wait_for_catchup($standby);
foreach my $ledger ('main', 'strict', 'copy')
{
	my $theirs = rows($standby, "SELECT ledger.export('$ledger')");
	my ($until) = sort { $b <=> $a } $theirs =~ /^\{"v":1,"position":(\d+),/mg;

	ok($theirs eq rows($node, "SELECT ledger.export('$ledger', 0, $until)"), "$ledger: the standby exports what the primary does, up to $until");
}
fails_with($standby, import_sql('no'), '0A000', qr/hot standby/, 'nothing is imported there');
fails_with($standby, "SELECT count(*) FROM ledger.export('main', 0, (SELECT max(position) FROM ledger.journal WHERE ledger = 'main'))", '55000', qr/not settled/, 'what is not sealed may still change there');

# ------ memory ------

# Bytes that the session has when the query comes to its last line.
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION memory_now(line text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('memory.used', (SELECT sum(total_bytes) FROM pg_backend_memory_contexts)::text, false);
	RETURN line;
END $$;
SELECT ledger.create_ledger('few'), ledger.create_ledger('many');
SELECT (SELECT count(*) FROM ledger.post_from(l, format($q$SELECT 'world' AS source, 'acc:' || n %% 100 AS destination, 1 AS amount, 'EUR' AS asset, 'key ' || n AS idempotency_key FROM generate_series(1, %s) n$q$, n)))
	FROM (VALUES ('few', 5000), ('many', 60000)) v(l, n);
CREATE TABLE sized AS SELECT l, n, e AS line FROM unnest(ARRAY['few', 'many']) l, LATERAL ledger.export(l) WITH ORDINALITY e(e, n);
END
my ($few, $many) = map { my $used = $node->safe_psql('postgres', <<"END"); (split(/\n/, $used))[-1] } 'few', 'many';
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT records FROM ledger.import_query('sized_$_', \$\$SELECT CASE WHEN line LIKE '{"end"%' THEN memory_now(line) ELSE line END FROM sized WHERE l = '$_' ORDER BY n\$\$);
COMMIT;
SELECT current_setting('memory.used');
END
cmp_ok($few, '>', 1_000_000, "a small import takes $few bytes");
cmp_ok(abs($many - $few), '<', 6_000_000, "one of twelve times as many lines takes $many");

is_sound($node, 'all is sound');
is_quiet($node);
is_quiet($standby);
$standby->stop;
done_testing();
