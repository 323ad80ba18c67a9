# The chain of sealed blocks: whatever is killed while sessions seal and post, each call leaves all its blocks or none, and
# every record gets into exactly one. A record that is changed past all locks is found, here and on a standby, and one that
# is proved there is proved anywhere. The chain goes on after pg_upgrade; 002_dump_restore.pl looks at dumps.
use strict;
use warnings;

use Cwd;
use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrash;
use LedgerLoad;
use LedgerSeal;
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

seed();
my $node = new_node('seal', init => { allows_streaming => 1 }, conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
autovacuum = off
restart_after_crash = on
track_commit_timestamp = on
END
my @ledgers = ('main', 'serial');

# Every call of seal is noted in its own transaction; a trigger lets a session wait in the middle of one.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main'), ledger.create_ledger('serial', ordering => 'serial');
SELECT ledger.post(ledger, 'world', 'a' || n, 1000000, 'EUR', metadata => '{"note": "Grüße: \"é\" \\ \n"}')
	FROM unnest(ARRAY['main', 'serial']) ledger, generate_series(1, 20) n;
CREATE TABLE call (key text PRIMARY KEY, ledger text NOT NULL, blocks bigint[], hashes bytea[]);
CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.number = nullif(current_setting('seal.pause_at', true), '')::bigint THEN
		PERFORM pg_advisory_xact_lock_shared(1);
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER pause BEFORE INSERT ON ledger_data.block FOR EACH ROW EXECUTE FUNCTION pause();
END

# ------ clients ------

# What somebody asks who posts: a post, an event, a submit, or a transaction that commits late or never.
sub post_request
{
	my ($ledger, $name, $client, $number) = @_;
	my $key = "$name-$client-$number";
	my ($from, $to) = map { "a$_" } 1 + int(rand(10)), 11 + int(rand(10));
	my $arguments = "'$ledger', '$from', '$to', 1, 'EUR', '$key'";
	my $post = "SELECT status FROM ledger.post($arguments) \\gset";
	my $nap = sprintf('SELECT FROM pg_sleep(%.3f);', rand(0.03));
	my $effect = join(', ', sort "$from -1.00", "$to 1.00");
	my $kind = rand();

	return { key => $key, sql => <<"END" } if $kind < 0.2;
SELECT replace(status, 'appended', 'posted') AS status
	FROM ledger.append('$ledger', 'happened', '{"n": $number}', stream_id => 'stream $client', idempotency_key => '$key') \\gset
END
	return { key => $key, effect => $effect, sql => "SELECT status FROM ledger.submit($arguments) \\gset" } if $kind < 0.4;
	return { key => $key, effect => $effect, sql => $post } if $kind < 0.7;
	return { key => $key, effect => $effect, sql => "BEGIN;\n$post\n$nap\nCOMMIT;" } if $kind < 0.9;
	return { key => $key, sql => "BEGIN;\n$post\n$nap\nROLLBACK;\n\\set status rolled_back" };
}

# Every second one releases its locks early.
sub posters
{
	my ($ledger, $name, $clients) = @_;
	return LedgerLoad->new(
		connstr => sub { $node->connstr('postgres') . ($_[0] % 2 ? " options='-c ledger.early_lock_release=on'" : '') },
		clients => $clients,
		request => sub { post_request($ledger, $name, @_) });
}

sub seal_sql
{
	my ($ledger, $key, $size) = @_;
	return "WITH noted AS (INSERT INTO call SELECT '$key', '$ledger', array_agg(s.block ORDER BY s.block), array_agg(s.hash ORDER BY s.block) "
		. "FROM ledger.seal('$ledger', wait => '60 s', block_size => $size) s RETURNING 1) SELECT 'posted' AS status FROM noted";
}

sub sealers
{
	my ($name, $clients) = @_;
	return LedgerLoad->new(
		connstr => $node->connstr('postgres'),
		clients => $clients,
		request => sub {
			my $key = join('-', $name, @_);
			return { key => $key, sql => seal_sql($ledgers[ rand(@ledgers) ], $key, 1 + int(rand(30))) . ' \gset' };
		});
}

sub run_all
{
	my ($seconds, @loads) = @_;
	my $end = time() + $seconds;

	do
	{
		$_->poll(0) foreach @loads;
		sleep(0.01);
	} while (time() < $end);
	return;
}

# Blocks that are not all those of one call, and calls that these clients were told of but that are not there.
sub call_faults
{
	my (@sealers) = @_;
	my @faults = split(/\n/, rows($node, <<'END'));
WITH stored AS (SELECT l.name AS ledger, b.number, b.hash FROM ledger_data.block b JOIN ledger_data.ledger l ON l.id = b.ledger_id),
	told AS (SELECT c.ledger, u.number, u.hash FROM call c CROSS JOIN LATERAL unnest(c.blocks, c.hashes) u(number, hash))
SELECT 'of no call', s.* FROM (TABLE stored EXCEPT ALL TABLE told) s
	UNION ALL SELECT 'of a call, but not there', t.* FROM (TABLE told EXCEPT ALL TABLE stored) t
END
	my %noted = map { $_ => 1 } split(/\n/, rows($node, 'SELECT key FROM call'));

	push @faults, map { "lost: $_" } grep { !$noted{$_} } map { sort keys %{ $_->{acknowledged} } } @sealers;
	return join("\n", @faults);
}

# All that must hold at any time when clients are at rest.
sub is_whole
{
	my ($what, @sealers) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(chain_faults($node, $_), '', "$what: the chain of $_ is whole") foreach @ledgers;
	is(call_faults(@sealers), '', "$what: of each call there are all blocks or none");
	is_sound($node, "$what: sound");
	return;
}

# Ways to end, each given the PID of a session that seals; false if it has gone by itself.
my @ends = (
	[ 'its backend killed', sub {
		my ($pid) = @_;
		my $offset = -s $node->logfile;

		kill('KILL', $pid) or return 0;
		wait_for(sub { slurp_file($node->logfile, $offset) =~ /reinitializing/ }, 60) or BAIL_OUT('the server does not restart');
		$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
		return 1;
	} ],
	[ 'an immediate stop', sub { $node->stop('immediate'); try_start($node) } ],
	[ 'the postmaster killed', sub { kill_postmaster($node); try_start($node) } ],
	[ 'everything killed', sub { kill_everything($node); try_start($node) } ]);

# ------ killed in the middle of one call ------

my $paused = 0;

# A call that has made some blocks and waits before it makes this one, and the session that keeps it waiting.
sub pause_seal
{
	my ($number) = @_;
	my $holder = LedgerSession->new($node);

	$holder->query('SELECT pg_advisory_lock(1);');
	my $sealer = start_session($node, 'sealer', undef, "SET seal.pause_at = $number", seal_sql('main', 'paused ' . ++$paused, 3));
	wait_for(sub { waiting($node, 'sealer', 'Lock', 'advisory') == 1 || has_ended($sealer) });
	BAIL_OUT('it never waited: ' . answer($sealer)) if has_ended($sealer);
	return ($sealer, $holder);
}

my $posters = posters('main', 'main', 8);
foreach my $end (@ends)
{
	my ($what, $kill) = @$end;

	$node->safe_psql('postgres', "SELECT ledger.post('main', 'world', 'a1', 1, 'EUR') FROM generate_series(1, 15)");
	my $head = head($node, 'main');
	my ($number) = (split(/\|/, $head), 0);
	my ($sealer, $holder) = pause_seal($number + 4);
	my $recorded = rows($node, 'SELECT count(*) FROM ledger.journal');

	run_all(0.3, $posters);
	cmp_ok(rows($node, 'SELECT count(*) FROM ledger.journal'), '>', $recorded, "$what: clients post while somebody seals");
	is(head($node, 'main'), $head, "$what: nothing is seen of a call that has not ended");
	$kill->(rows($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'sealer'"));
	unlike(answer($sealer), qr/answered/, "$what: the call has no answer");
	$holder->finish;
	is(head($node, 'main'), $head, "$what: and has left nothing");
	$posters->finish;

	# the same again, undisturbed
	($sealer, $holder) = pause_seal($number + 4);
	$holder->query('SELECT pg_advisory_unlock(1);');
	$holder->finish;
	like(answer($sealer), qr/answered/, "$what: the same call goes through");
	is(chain_faults($node, 'main', undef, 1), '', "$what: and seals every record once");
}
note($posters->summary);
cmp_ok(scalar(keys %{ $posters->{acknowledged} }), '>', 100, 'clients got some work done');
cmp_ok(scalar(keys %{ $posters->{unknown} }), '>', 0, 'and lost their connections');
is(join("\n", $posters->faults($node, 'main')), '', 'what they were told is stored');
is_whole('killed in the middle');

# ------ killed at any time, with many who seal ------

my @posters = ($posters, posters('serial', 'serial', 2));
my $sealers = sealers('crowd', 6);

foreach my $end (@ends)
{
	my ($what, $kill) = @$end;

	run_all(0.3 + rand(0.3), @posters, $sealers);
	wait_for(sub {
		run_all(0, @posters, $sealers);
		my $pid = rows($node, "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH noted%' ORDER BY random() LIMIT 1");
		return $pid && $kill->($pid);
	}) or BAIL_OUT('nobody seals');
	$_->finish foreach @posters, $sealers;
	is_whole("many seal, $what", $sealers);
}
cmp_ok(scalar(keys %{ $sealers->{unknown} }), '>', 0, 'calls were cut off');

# ------ undisturbed ------

my $since = rows($node, 'SELECT max(position) FROM ledger_data.journal');
my $offset = -s $node->logfile;

run_all(2.5, @posters, $sealers);
$_->finish foreach @posters, $sealers;
note($_->summary) foreach @posters, $sealers;
my ($errors, $lines) = server_errors($node, $offset);
is(join("\n", map { @{ $lines->{$_} } } sort keys %$lines), '', 'many post and seal: nobody had an error');
is_deeply($sealers->{failed}, {}, 'and no call of seal ever failed but for a lost connection');
my $late = rows($node, <<"END");
SELECT count(*) FILTER (WHERE j.at > j.later)
	FROM (SELECT pg_xact_commit_timestamp(k.xmin) AS at,
				min(pg_xact_commit_timestamp(k.xmin)) OVER (ORDER BY k.position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later
			FROM ledger_data.journal k JOIN ledger_data.ledger l ON l.id = k.ledger_id
			WHERE k.position > $since AND l.name = 'main') j
END
cmp_ok($late, '>', 5, "$late records were committed after others of a higher position");
cmp_ok(rows($node, "SELECT count(DISTINCT split_part(key, '-', 2)) FROM call WHERE blocks IS NOT NULL"), '>', 3, 'several sessions have made blocks');
is_whole('many post and seal', $sealers);
is(join("\n", $posters[$_]->faults($node, $ledgers[$_])), '', "what clients of $ledgers[$_] were told is stored") foreach 0, 1;
$node->safe_psql('postgres', join(";\n", map { seal_sql($_, "last $_", 30) } @ledgers));
foreach my $ledger (@ledgers)
{
	is(chain_faults($node, $ledger, undef, 1), '', "$ledger: every record is in one block");
	is(rows($node, <<"END"), rows($node, "SELECT count(*), max(position) FROM ledger.journal WHERE ledger = '$ledger'"), "$ledger: which have as many as there are");
SELECT sum(b.records), max(b.last_position) FROM ledger_data.block b JOIN ledger_data.ledger l ON l.id = b.ledger_id WHERE l.name = '$ledger'
END
}

# The comparisons notice what they are there for.
my $off = join('', map { "ALTER TABLE ledger_data.$_ DISABLE TRIGGER USER;\n" } qw(journal entry block));
my $on = join('', map { "ALTER TABLE ledger_data.$_ ENABLE ALWAYS TRIGGER append_only;\n" } qw(journal entry block));
{
	my ($number) = split(/\|/, head($node, 'main'));
	my $last = "FROM ledger_data.block b USING ledger_data.ledger l WHERE l.id = b.ledger_id AND l.name = 'main' AND b.number";
	my $block = $last =~ s/ USING/,/r;

	$node->safe_psql('postgres', 'DROP TRIGGER pause ON ledger_data.block');
	$node->safe_psql('postgres', "${off}CREATE TABLE kept AS SELECT b.* $block >= $number - 1; DELETE $last = $number; $on");
	like(call_faults($sealers), qr/^of a call, but not there\|main\|$number\|\S+$/, 'a call that lacks its last block is seen');
	like(chain_faults($node, 'main', undef, 1), qr/^leaf\|\|\d+$/m, 'and records that are in no block');
	is(chain_faults($node, 'main'), '', 'if they have to be');
	$node->safe_psql('postgres', "${off}INSERT INTO ledger_data.block SELECT * FROM kept WHERE number = $number; DELETE $last = $number - 1; $on");
	like(chain_faults($node, 'main'), qr/^leaf\|.*^order\|$number\|.*^records\|$number\|/ms, 'a chain that lacks a block is seen');
	$node->safe_psql('postgres', "${off}INSERT INTO ledger_data.block SELECT * FROM kept WHERE number < $number; $on");
	is_whole('put back', $sealers);
}

# ------ changed past all locks ------

# Blocks 1 to 3 have ten records each; the second begins with the tenth transaction. A position is free before the first event.
# The last record is in no block.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('books');
SELECT ledger.post('books', 'world', 'a', n, 'EUR', metadata => jsonb_build_object('n', n)) FROM generate_series(1, 13) n;
BEGIN;
SELECT ledger.append('books', 'never');
ROLLBACK;
SELECT ledger.append('books', 'event', jsonb_build_object('n', n)) FROM generate_series(1, 10) n;
SELECT ledger.post('books', 'world', 'b', 5, 'EUR', metadata => '{"n": 99}');
SELECT ledger.append('books', 'event', '{"n": 11}') FROM generate_series(1, 5) n;
END
is(join(' ', seal($node, 'books', undef, 10)), '1 2 3', 'made three blocks');
$node->safe_psql('postgres', "SELECT ledger.append('books', 'later')");

# Other sessions see who verifies, here one that waits for a table.
{
	my $holder = LedgerSession->new($node);

	$holder->query('BEGIN; LOCK TABLE ledger_data.block;');
	my $verifier = start_session($node, 'verifier', undef, "SELECT * FROM ledger.verify('books', quick => false)");
	wait_for(sub { waiting($node, 'verifier', 'Lock', 'relation') == 1 });
	is(rows($node, "SELECT p.ledger, p.command, p.done, p.refused FROM ledger.progress p JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'verifier'"),
		'books|verify|0|0', 'ledger.progress shows a session that verifies');
	$holder->query('ROLLBACK;');
	$holder->finish;
	like(answer($verifier), qr/answered/, 'which goes on');
	is(rows($node, 'SELECT count(*) FROM ledger.progress'), '0', 'and is shown no longer');
}
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', "SELECT ledger.append('main', 'streamed'); SELECT count(*) FROM ledger.seal('main')");
$node->wait_for_catchup($standby);

push @ledgers, 'books';
my %head = map { $_ => head($node, $_) } @ledgers;
foreach my $ledger (@ledgers)
{
	is(head($standby, $ledger), $head{$ledger}, "$ledger has the same head on the standby");
	is(chain_faults($standby, $ledger), '', 'and its chain is whole there');
}
is_sound($standby, 'the standby is sound');
fails_with($standby, "SELECT ledger.seal('main')", '25006', qr/cannot execute ledger\.seal during recovery/, 'nothing is sealed there');

# What verify says of the ledger, without the details.
sub verified
{
	my ($at) = @_;
	return rows($at, "SET client_min_messages = warning; SELECT invariant, object FROM ledger.verify('books')");
}

# A record's position.
sub record
{
	my ($where) = @_;
	return rows($node, "SELECT min(position) FROM ledger.journal WHERE ledger = 'books' AND $where");
}

# Tests: a superuser's change of the tables is told of like this, here and on the standby, until it is undone. If the
# change hides well (forged), only the head tells.
sub is_found
{
	my ($what, $found, $change, $undo, $forged) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->safe_psql('postgres', "BEGIN;\n$off$change;\n${on}COMMIT");
	$node->wait_for_catchup($standby);
	foreach my $at ($node, $standby)
	{
		is(verified($at), $found, "$what: so says verify of " . $at->name);
		my $same = head($at, 'books') eq $head{books} ? 1 : 0;
		is($same, $forged ? 0 : 1, "$what: the head is " . ($forged ? 'no longer the published one' : 'what it was'));
	}
	$node->safe_psql('postgres', "BEGIN;\n$off$undo;\n${on}COMMIT");
	is(verified($node), '', "$what: undone");
	is(head($node, 'books'), $head{books}, "$what: undone to the head");
	return;
}

my $books = "(SELECT id FROM ledger_data.ledger WHERE name = 'books')";
my ($changed, $second, $paid) = map { record("metadata \@> '{\"n\": $_}'") } 7, 10, 99;
my ($first, $removed, $next) = map { record("payload \@> '{\"n\": $_}'") } 1, 4, 5;
my $added = $first - 1;
my $update = sub { "UPDATE ledger_data.journal SET metadata = '{\"n\": $_[0]}' WHERE ledger_id = $books AND position = $changed" };

is_found('a changed record', "block|record $changed", $update->(8), $update->(7));
is_found('a removed record', "block|record $next",
	"CREATE TABLE removed AS SELECT * FROM ledger_data.journal WHERE ledger_id = $books AND position = $removed;
	DELETE FROM ledger_data.journal WHERE ledger_id = $books AND position = $removed",
	'INSERT INTO ledger_data.journal SELECT * FROM removed');
is_found('an added record', "block|record $added",
	"INSERT INTO ledger_data.journal (ledger_id, kind, position, recorded_at, event_type, payload)
	SELECT ledger_id, kind, $added, recorded_at, event_type, payload FROM ledger_data.journal WHERE ledger_id = $books AND position = $first",
	"DELETE FROM ledger_data.journal WHERE ledger_id = $books AND position = $added");

# the latest transaction moves less; all sums are right
my $move = sub {
	my ($by) = @_;
	return <<"END";
UPDATE ledger_data.entry e SET amount = e.amount + $by * sign(e.amount), balance = e.balance + $by * sign(e.amount)
	WHERE e.ledger_id = $books AND e.position = $paid;
UPDATE ledger_data.balance b SET inflow = b.inflow + CASE b.address WHEN 'b' THEN $by ELSE 0 END, outflow = b.outflow + CASE WHEN EXISTS
		(SELECT FROM ledger_data.entry e WHERE e.ledger_id = $books AND e.position = $paid AND e.amount < 0 AND e.balance_id = b.id) THEN $by ELSE 0 END
	WHERE b.ledger_id = $books
END
};
is_found('a changed amount where all sums are right', "block|record $paid", $move->(-2), $move->(2));

my $delete_block = "CREATE TABLE removed_%s AS SELECT * FROM ledger_data.block WHERE ledger_id = $books AND number = %s;
	DELETE FROM ledger_data.block WHERE ledger_id = $books AND number = %s";
is_found('a removed block', "block|block 3\nblock|record $second", sprintf($delete_block, 2, 2, 2), 'INSERT INTO ledger_data.block SELECT * FROM removed_2');
is_found('the last block removed', '', sprintf($delete_block, 3, 3, 3), 'INSERT INTO ledger_data.block SELECT * FROM removed_3', 1);
is_found('a changed record, and the blocks made anew', '',
	"CREATE TABLE removed_all AS SELECT * FROM ledger_data.block WHERE ledger_id = $books;
	DELETE FROM ledger_data.block WHERE ledger_id = $books;
	" . $update->(8) . ";
	SELECT count(*) FROM ledger.seal('books', block_size => 10)",
	"DELETE FROM ledger_data.block WHERE ledger_id = $books;
	INSERT INTO ledger_data.block SELECT * FROM removed_all;
	" . $update->(7), 1);
$node->wait_for_catchup($standby);
is(verified($standby), '', 'all is undone on the standby');

# ------ proved on the standby, believed where there is nothing else ------

my @proofs = split(/\n/, rows($standby, <<'END'));
SELECT j.ledger || ' ' || j.kind || ' ' || j.position || '|' || format('%L, %L::bytea[], %s, %s, %L::bytea, %L, %L::bytea', p.record, p.path, p.leaf, p.leaves, p.root, p.header, p.hash)
	FROM (SELECT DISTINCT ON (k.ledger, k.kind) k.ledger, k.kind, k.position FROM ledger.journal k WHERE k.position <= (SELECT h.position FROM ledger.head(k.ledger) h)
			UNION SELECT l.name, 'last', h.position FROM ledger.ledger l CROSS JOIN LATERAL ledger.head(l.name) h) j
		CROSS JOIN LATERAL ledger.proof(j.ledger, j.position) p
END
cmp_ok(scalar(@proofs), '>=', 10, 'records of all kinds are proved on the standby');
foreach my $encoding ('UTF8', 'LATIN1')
{
	my $name = 'elsewhere_' . lc($encoding);

	$node->safe_psql('postgres', "CREATE DATABASE $name ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
	$node->safe_psql($name, 'CREATE EXTENSION ledger');
	foreach my $proof (@proofs)
	{
		my ($what, $values) = split(/\|/, $proof, 2);

		is(rows($node, <<"END", $name), 't|t|t|f|f', "$encoding: proof of $what");
SET client_encoding = UTF8;
SELECT ledger.verify_proof(record, path, leaf, leaves, root), sha256(convert_to(header, 'UTF8')) = hash, header::jsonb ->> 'root' = encode(root, 'hex'),
		ledger.verify_proof(overlay(record PLACING '2' FROM 6), path, leaf, leaves, root), ledger.verify_proof(record, path, leaf, leaves, hash)
	FROM (VALUES ($values)) p(record, path, leaf, leaves, root, header, hash)
END
	}
}
foreach my $ledger (@ledgers)
{
	my ($hash) = $head{$ledger} =~ /\\x([0-9a-f]{64})/;
	is(scalar(grep { /^$ledger last .*$hash'::bytea$/ } @proofs), 1, "$ledger: the last of them leads to the published hash");
}
is_quiet($standby);
$standby->stop;

# ------ after pg_upgrade ------

SKIP:
{
	my $bindir = $node->config_data('--bindir');
	skip "pg_upgrade is not installed in $bindir", 1 unless -x "$bindir/pg_upgrade";

	my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
	my $here = getcwd();
	my ($key) = sort grep { /^main/ } keys %{ $posters->{acknowledged} };
	my $stored = rows($node, 'SELECT count(*) FROM ledger.journal');

	is_quiet($node);
	$node->stop;
	$upgraded->init;
	configure($upgraded);
	# it leaves a script in the current folder
	chdir($PostgreSQL::Test::Utils::tmp_check) or die "chdir: $!";
	command_ok([ "$bindir/pg_upgrade", '--no-sync', '-b', $bindir, '-B', $bindir, '-d', $node->data_dir, '-D', $upgraded->data_dir,
		'-s', $node->host, '-p', $node->port, '-P', $upgraded->port ], 'pg_upgrade');
	chdir($here) or die "chdir: $!";
	$upgraded->start;
	is(rows($upgraded, 'SELECT count(*) FROM ledger.journal'), $stored, 'upgraded: as many records');
	is_sound($upgraded, 'upgraded: sound');
	is(rows($upgraded, "SELECT status FROM ledger.post('$_', 'world', 'after', 1, 'EUR')"), 'posted', "upgraded: $_: posting goes on") foreach @ledgers;
	seal_goes_on($upgraded, $_, $head{$_}, "upgraded: $_") foreach @ledgers;
	is(rows($upgraded, "SELECT idempotency_key FROM ledger.journal WHERE idempotency_key = '$key'"), $key, 'upgraded: with their keys');
	is_sound($upgraded, 'upgraded: sound afterwards');
	is_quiet($upgraded);
}

done_testing();
