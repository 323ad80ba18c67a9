# With ledger.early_lock_release locks go before the commit is on disk, or on a standby: but no answer does. Servers are
# killed under load, and what clients were told is compared with what is stored, there or on the standby that is promoted;
# and each time a run that does not wait shows that a loss would be seen.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrash;
use LedgerLoad;
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $clients = 16;
my $early = 'ledger.early_lock_release=on';

# ------ clients that post into one account, and what became of their posts ------

# Settings: name=value. The keys of each load start with its name, and it posts into the account of its name.
sub load
{
	my ($node, $name, @settings) = @_;
	my $options = join(' ', map { "-c $_" } @settings);

	return LedgerLoad->new(
		connstr => $node->connstr('postgres') . " options='$options'",
		clients => $clients,
		chunk => 2000,
		request => sub {
			my ($client, $number) = @_;
			my $key = "$name-$client-$number";
			return {
				key => $key,
				sql => "SELECT status FROM ledger.post('main', 'credit:$name', 'hot:$name', 1, 'EUR', '$key') \\gset",
				effect => "credit:$name -1.00, hot:$name 1.00"
			};
		});
}

sub open_source
{
	my ($node, @names) = @_;
	$node->safe_psql('postgres', join("\n", map { "SELECT ledger.open_account('main', 'credit:$_', floor => NULL);" } @names));
	return;
}

# What a load's clients were told, against what is stored: the posts that are lost, and all else that is wrong.
sub compare
{
	my ($load, $node, $what) = @_;
	my $stored = $load->stored($node, 'main');
	my @faults = grep { !/never asked for/ } $load->faults($node, 'main');
	my @lost = grep { /^lost/ } @faults;
	my @other = ((grep { !/^lost/ } @faults), map { "more than once: $_" } grep { @{ $stored->{$_} } > 1 } sort keys %$stored);

	note("$what: ", $load->summary, '; stored ', scalar(grep { $load->{script}{$_} } keys %$stored), ', lost ', scalar(@lost));
	return (\@lost, \@other);
}

# Tests: there was enough of it, all that was acknowledged is stored once, as asked, and the books are sound.
sub is_durable
{
	my ($load, $node, $what, $least) = @_;
	my ($lost, $other) = compare($load, $node, $what);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', $least, "$what: clients got some work done");
	cmp_ok(scalar(keys %{ $load->{unknown} }), '>', 0, "$what: and lost their connection in the middle of it");
	is(join("\n", @$lost, @$other), '', "$what: what was acknowledged is stored, all of it exactly once");
	is_deeply($load->{failed}, {}, "$what: nothing was refused");
	is_sound($node, "$what: sound");
	return;
}

# The same without waiting: some is lost, nothing else is wrong.
sub is_lossy
{
	my ($load, $node, $what) = @_;
	my ($lost, $other) = compare($load, $node, $what);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	cmp_ok(scalar(@$lost), '>', 0, "$what: acknowledged posts are found to be lost");
	is(join("\n", @$other), '', "$what: but nothing is there twice, or otherwise than asked");
	is_sound($node, "$what: sound");
	return;
}

# ------ a crash of one server ------

# WAL stays in memory until somebody waits for it: nobody else writes it, nor makes room for it.
my $node = new_node('crash', conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
autovacuum = off
checkpoint_timeout = 1h
max_prepared_transactions = 5
max_wal_size = 2GB
restart_after_crash = on
shared_buffers = 128MB
wal_buffers = 64MB
wal_writer_delay = 10s
wal_writer_flush_after = 1GB
END

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
CREATE TABLE note (text text);
CREATE TABLE dropped (n int);
CREATE TABLE skew (id int PRIMARY KEY, n int);
INSERT INTO skew VALUES (1, 1), (2, 1);
CREATE TABLE never (n int);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE CONSTRAINT TRIGGER never AFTER INSERT ON never DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
END
open_source($node, qw(all one off case));

# The whole server.
sub crash_under_load
{
	my ($name, $seconds, @settings) = @_;
	my $load = load($node, $name, @settings);

	stop_process($node, 'walwriter');
	$load->run($seconds);
	kill_everything($node);
	$load->finish;
	try_start($node);
	return $load;
}

is_durable(crash_under_load('all', 2.5, $early, 'synchronous_commit=on'), $node, 'everything killed', 500);
is_lossy(crash_under_load('off', 1.5, $early, 'synchronous_commit=off'), $node, 'everything killed, synchronous_commit off');

# One backend at work: the server takes all others down and starts again by itself. It would wait for the stopped
# walwriter, so that is killed, too.
{
	my $load = load($node, 'one', $early, 'synchronous_commit=on');

	foreach my $round (1 .. 2)
	{
		my $walwriter = stop_process($node, 'walwriter');
		my $backend;

		$load->run(1);
		wait_for(sub {
			$backend = rows($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'load' AND state = 'active' ORDER BY random() LIMIT 1");
		}) or BAIL_OUT('no backend is at work');
		kill('KILL', $backend, $walwriter);
		wait_for(sub { !kill(0, $backend) }) or BAIL_OUT('a backend does not end');
		$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
		$load->poll(0) if $round < 2;
	}
	$load->finish;
	is_durable($load, $node, 'a backend killed', 500);
}

# ------ one transaction at a time, each the last one before a crash ------

sub post_to { my ($to) = @_; return "SELECT status FROM ledger.post('main', 'credit:case', '$to', 1, 'EUR');" }
sub balance { my ($of) = @_; return "coalesce((SELECT balance FROM ledger.balance WHERE ledger = 'main' AND address = '$of'), 0)" }

# What a process has written is there when it is killed, on disk or not: no need to be slow here.
$node->append_conf('postgresql.conf', 'fsync = off');
$node->restart;

# Run this, and once it has been answered kill everything; what is there afterwards?
sub after_crash
{
	my ($name, $run, $query, $expected) = @_;

	stop_process($node, 'walwriter');
	ref $run ? $run->() : $node->safe_psql('postgres', "SET ledger.early_lock_release = on;\n$run");
	kill_everything($node);
	try_start($node);
	is(rows($node, "SELECT $query"), $expected, "after a crash: $name");
	return;
}

after_crash('a post with synchronous_commit off is lost', 'SET synchronous_commit = off; ' . post_to('off'), balance('off'), '0');
after_crash('with local it is there', 'SET synchronous_commit = local; ' . post_to('local'), balance('local'), '1.00');
after_crash('and with on', post_to('on'), balance('on'), '1.00');
after_crash('CREATE TABLE beside a post', 'BEGIN; CREATE TABLE created (n int); ' . post_to('create') . ' COMMIT;',
	"to_regclass('created') IS NOT NULL, " . balance('create'), 't|1.00');
after_crash('DROP TABLE beside a post', 'BEGIN; ' . post_to('drop') . ' DROP TABLE dropped; COMMIT;',
	"to_regclass('dropped') IS NULL, " . balance('drop'), 't|1.00');
after_crash('a savepoint rolled back after a post',
	"BEGIN; INSERT INTO note VALUES ('savepoint'); SAVEPOINT s; " . post_to('savepoint:gone') . ' ROLLBACK TO s; COMMIT;',
	"(SELECT count(*) FROM note WHERE text = 'savepoint'), " . balance('savepoint:gone'), '1|0');
after_crash('one released, one rolled back',
	'BEGIN; SAVEPOINT s; ' . post_to('savepoint:kept') . ' RELEASE s; SAVEPOINT s; ' . post_to('savepoint:kept') . ' ROLLBACK TO s; COMMIT;',
	balance('savepoint:kept'), '1.00');
after_crash('a temporary table that is emptied at commit',
	'CREATE TEMP TABLE emptied (n int PRIMARY KEY) ON COMMIT DELETE ROWS; BEGIN; INSERT INTO emptied VALUES (1); ' . post_to('emptied') . ' COMMIT;',
	balance('emptied'), '1.00');
after_crash('commits within a statement', "DO \$\$ BEGIN FOR i IN 1 .. 3 LOOP PERFORM ledger.post('main', 'credit:case', 'do', 1, 'EUR'); COMMIT; END LOOP; END \$\$;",
	balance('do'), '3.00');

# Prepared is as durable as it ever was, and so is the decision.
after_crash('a prepared transaction', 'BEGIN; ' . post_to('prepared') . " PREPARE TRANSACTION 'posts';", '(SELECT count(*) FROM pg_prepared_xacts), ' . balance('prepared'), '1|0');
after_crash('its commit', "COMMIT PREPARED 'posts';", '(SELECT count(*) FROM pg_prepared_xacts), ' . balance('prepared'), '0|1.00');

# A commit that fails leaves the session as it was, and its next one is durable.
sub failing_commit
{
	my ($name, $state, $message, $prepare, $end) = @_;

	after_crash("what comes next, after $name", sub {
		my $session = LedgerSession->new($node);

		$session->query("\\set ON_ERROR_STOP 0\n\\set VERBOSITY verbose");
		$session->query("SET ledger.early_lock_release = on; SET synchronous_commit = remote_write;");
		$prepare->($session);
		is($session->query("COMMIT;\n\\echo :SQLSTATE"), $state, "$name: $state");
		like($session->{err}, $message, "$name: at commit");
		is($session->query('SHOW synchronous_commit;'), 'remote_write', "$name: synchronous_commit is what it was");
		is($session->query(post_to("next:$state")), 'posted', "$name: the session goes on");
		is($session->query('SHOW synchronous_commit;'), 'remote_write', "$name: and it is so still");
		$end->() if $end;
		# let it be killed
		$node->{session} = $session;
	}, balance("next:$state") . ', ' . balance("failed:$state"), '1.00|0');
	delete($node->{session})->{harness}->kill_kill;
	return;
}

failing_commit('a deferred trigger', 'P0001', qr/not today/,
	sub { $_[0]->query('BEGIN; INSERT INTO never VALUES (1); ' . post_to('failed:P0001')) });

# Two that read what the other writes: the first to commit makes the other fail, at its own.
my $other;
failing_commit('a serialization failure', '40001', qr/identification as a pivot, during commit attempt/, sub {
	my ($session) = @_;
	my $begin = 'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT sum(n) FROM skew;';

	$other = LedgerSession->new($node);
	$other->query($begin);
	$session->query($begin);
	$session->query('UPDATE skew SET n = 2 WHERE id = 2; ' . post_to('failed:40001'));
	$other->query('UPDATE skew SET n = 2 WHERE id = 1; COMMIT;');
}, sub { $other->finish });

is_sound($node, 'sound after all crashes');
is_quiet($node);
$node->stop;

# ------ failing over to a synchronous standby ------

my $primary = new_node('primary', init => { allows_streaming => 1 }, conf => <<'END');
max_prepared_transactions = 5
wal_keep_size = 1GB
wal_retrieve_retry_interval = 100ms
END
my @loads = qw(on write quorum queued stopped local);

$primary->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('serial', ordering => 'serial');
CREATE ROLE clerk LOGIN;
SELECT ledger.grant_access('clerk', 'post', 'main');
CREATE TABLE own (name text PRIMARY KEY, n int DEFAULT 0);
END
open_source($primary, @loads);
$primary->backup('backup');

# Make the primary wait for a standby like this: the standby.
sub follow
{
	my ($name, $names) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);

	$standby->init_from_backup($primary, 'backup', has_streaming => 1);
	$standby->start;
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = '$names'");
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT bool_and(sync_state IN ('sync', 'quorum') AND state = 'streaming') FROM pg_stat_replication")
		or BAIL_OUT('no synchronous standby');
	return $standby;
}

sub take_over
{
	my ($standby) = @_;

	$standby->promote;
	$standby->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or BAIL_OUT('not promoted');
	return;
}

sub discard
{
	my ($standby) = @_;

	is_quiet($standby, $standby->name . ': the log is quiet');
	$standby->stop('immediate');
	return;
}

foreach my $round ([ 'on', '*', 'on' ], [ 'write', '*', 'remote_write' ], [ 'quorum', 'ANY 1 (*)', 'on' ])
{
	my ($name, $names, $level) = @$round;
	my $standby = follow($name, $names);
	my $load = load($primary, $name, $early, "synchronous_commit=$level");

	$load->run(1.2);
	kill_everything($primary);
	$load->finish;
	take_over($standby);
	is_durable($load, $standby, "failover, '$names', $level", 100);
	discard($standby);
	try_start($primary);
}

# ------ remote_apply: the standby must be asked at commit, so it is the normal commit ------

my $standby = follow('last', '*');
{
	my $writer = LedgerSession->new($primary);
	my $reader = LedgerSession->new($standby);
	my ($longest, $unseen) = (0, 0);

	$writer->query('SET ledger.early_lock_release = on; SET synchronous_commit = remote_apply;');
	foreach my $n (1 .. 20)
	{
		my $start = time();

		$writer->query("SELECT ledger.post('main', 'world', 'applied', 1, 'EUR');");
		my $took = time() - $start;
		$longest = $took if $took > $longest;
		$unseen++ if $reader->query("SELECT balance FROM ledger.balance WHERE ledger = 'main' AND address = 'applied';") ne "$n.00";
	}
	cmp_ok($longest, '<', 5, sprintf('with remote_apply a post is answered at once: %.3f s', $longest));
	is($unseen, 0, 'and is to be seen on the standby then');

	# and that is no luck: an answer comes when the standby has stored it only to those who asked for no more
	my $post = "SELECT status FROM ledger.post('main', 'world', 'applied', 1, 'EUR')";
	$reader->query('SELECT pg_wal_replay_pause();');
	$standby->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'") or BAIL_OUT('replay goes on');
	my @sessions;
	foreach my $level (qw(on remote_apply))
	{
		my $session = start_session($primary, "asks for $level", undef, 'SET ledger.early_lock_release = on', "SET synchronous_commit = $level", $post);

		push @sessions, $session;
		wait_for(sub { has_ended($session) || ($level ne 'on' && is_waiting($session)) });
		is(has_ended($session) ? 1 : 0, $level eq 'on' ? 1 : 0, "$session->{name}: while the standby stores it but does not apply it");
	}
	$reader->query('SELECT pg_wal_replay_resume();');
	is(answer($_), "posted\nanswered\n", "$_->{name}: answered") foreach @sessions;
	$writer->finish;
	$reader->finish;
}

# ------ while the standby does not answer ------

# Each session posts into an account of its own, or does something with a row of its own, and then waits for the standby.
# Whether it has let go of it shows in another, which does not wait for the standby, and for a lock not long.
# free: whether it has; run: what it does; probe: what the other does (default: it posts into the same account); end:
# how it is made not to wait; told: what it is told at last
my $on = 'SET ledger.early_lock_release = on';
my $local = 'SET LOCAL synchronous_commit = local';
my $post = sub { my ($of) = @_; return "SELECT status FROM ledger.post('main', 'credit:$of', 'to:$of', 1, 'EUR')" };
my $update = sub { my ($of) = @_; return "UPDATE own SET n = n + 1 WHERE name = '$of' RETURNING 'posted'" };
my %cases = (
	on => { free => 1, run => sub { ($on, $post->($_[0])) } },
	off => { free => 0, run => sub { $post->($_[0]) } },
	remote_write => { free => 1, run => sub { ($on, 'SET synchronous_commit = remote_write', $post->($_[0])) } },
	remote_apply => { free => 0, run => sub { ($on, 'SET synchronous_commit = remote_apply', $post->($_[0])) } },
	set_local => { free => 1, run => sub { ('BEGIN', 'SET LOCAL ledger.early_lock_release = on', $post->($_[0]), 'COMMIT') } },
	set_local_off => { free => 0, run => sub { ($on, 'BEGIN', 'SET LOCAL ledger.early_lock_release = off', $post->($_[0]), 'COMMIT') } },
	set_local_past => { free => 0, run => sub { ('BEGIN; SET LOCAL ledger.early_lock_release = on; COMMIT', $post->($_[0])) } },
	role => { free => 1, user => 'clerk', setting => 'ROLE clerk', run => sub { $post->($_[0]) } },
	database => { free => 1, setting => 'DATABASE postgres', run => sub { $post->($_[0]) } },
	anyone => { free => 1, user => 'clerk', run => sub { ($on, $post->($_[0])) } },
	ddl => { free => 0, run => sub { ($on, 'BEGIN', 'CREATE TABLE beside (n int)', $post->($_[0]), 'COMMIT') } },
	# who will not wait any longer leaves a commit of which only the standby does not know yet
	cancelled => {
		free => 1,
		run => sub { ($on, $post->($_[0])) },
		end => 'pg_cancel_backend',
		told => qr/\AWARNING:  01000: canceling wait for synchronous replication due to user request\n.*posted\nanswered\n\z/s
	},
	terminated => {
		free => 1,
		run => sub { ($on, $post->($_[0])) },
		end => 'pg_terminate_backend',
		told => qr/server closed the connection unexpectedly/
	},
	savepoint => { free => 1, run => sub { ($on, 'BEGIN', 'SAVEPOINT s', $post->($_[0]), 'RELEASE s', 'COMMIT') } },
	batch => { free => 1, run => sub { ($on, "SELECT status FROM ledger.post_batch('main', '{credit:$_[0]}', '{to:$_[0]}', '{1}', '{EUR}')") } },
	hold => { free => 1, run => sub { ($on, "SELECT replace(status, 'held', 'posted') FROM ledger.hold('main', 'credit:$_[0]', 'to:$_[0]', 1, 'EUR')") } },
	serial => {
		free => 1,
		run => sub { ($on, "SELECT status FROM ledger.post('serial', 'world', 'a', 1, 'EUR')") },
		probe => sub { "SELECT status FROM ledger.post('serial', 'world', 'b', 1, 'EUR')" }
	},
	own_row => { free => 1, run => sub { ($on, 'BEGIN', $post->($_[0]), $update->($_[0]), 'COMMIT') }, probe => $update },
	# without a post it commits as ever, whatever its session did just before
	no_post => { free => 0, run => sub { ($on, $update->($_[0])) }, probe => $update },
	after_post => { free => 0, run => sub { ($on, 'BEGIN', $local, $post->($_[0]), 'COMMIT', $update->($_[0])) }, probe => $update },
	after_rollback => { free => 0, run => sub { ($on, 'BEGIN', $post->($_[0]), 'ROLLBACK', $update->($_[0])) }, probe => $update },
	after_error => {
		free => 0,
		run => sub { ($on, 'BEGIN', $post->($_[0]), 'SELECT 1 / 0', 'COMMIT', $update->($_[0])) },
		probe => $update,
		told => qr/\A(psql:\S+ )?ERROR:  22012: .*posted\nanswered\n\z/s
	},
	after_prepare => {
		free => 0,
		run => sub { ($on, 'BEGIN', $local, $post->($_[0]), "PREPARE TRANSACTION '$_[0]'", $update->($_[0])) },
		probe => $update
	});

$primary->safe_psql('postgres', <<"END");
INSERT INTO own SELECT unnest('{queue,@{[ join(',', sort keys %cases) ]}}'::text[]);
SELECT ledger.open_account('main', 'credit:' || name, floor => NULL), ledger.open_account('main', 'to:' || name) FROM own WHERE name <> ALL ('{@{[ join(',', @loads) ]}}');
SELECT ledger.open_account('main', 'to:on');
SELECT ledger.post('serial', 'world', name, 1, 'EUR') FROM unnest('{a,b}'::text[]) name;
END

my $receiver = stop_process($standby, 'walreceiver');
foreach my $name (sort keys %cases)
{
	my $case = $cases{$name};
	my $alter = sub { $primary->safe_psql('postgres', "BEGIN; $local; ALTER $case->{setting} $_[0]; COMMIT") if $case->{setting} };

	$alter->('SET ledger.early_lock_release = on');
	$case->{session} = start_session($primary, "case $name", $case->{user}, $case->{run}->($name));
	wait_for(sub { is_waiting($case->{session}) || has_ended($case->{session}) });
	$alter->('RESET ledger.early_lock_release');
}
foreach my $name (sort keys %cases)
{
	my $case = $cases{$name};
	my $timeout = $case->{free} ? '2s' : '200ms';
	my ($state, $error, $out) = sqlstate($primary,
		"SET synchronous_commit = local; SET lock_timeout = '$timeout'; " . ($case->{probe} // $post)->($name));

	is("$state $out", $case->{free} ? '00000 posted' : '55P03 ', "$name: the lock is " . ($case->{free} ? 'gone' : 'held')) or diag($error);
}
# Those who were in the queue already are let through as well: the first commits only when the second waits for its lock.
my $first = start_session($primary, 'first in the queue', undef, $on, 'BEGIN', $post->('queue'), <<'END', 'COMMIT');
DO $$
BEGIN
	FOR i IN 1 .. 500 LOOP
		PERFORM pg_stat_clear_snapshot();
		EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'second in the queue' AND wait_event_type = 'Lock');
		PERFORM pg_sleep(0.02);
	END LOOP;
END $$
END
wait_for(sub { waiting($primary, 'first in the queue', 'Timeout', 'PgSleep') == 1 });
my $second = start_session($primary, 'second in the queue', undef, 'SET synchronous_commit = local', $post->('queue'));
wait_for(sub { has_ended($second) });
ok(has_ended($second) && is_waiting($first), 'who waits for the lock of a post gets it when that waits for the standby');

# An answer says that it is done: so the answer to a repetition has to wait as well.
my $same = "ledger.post('main', 'world', 'twice', 1, 'EUR', 'the same')";
my @repeated = map { start_session($primary, "repeated $_", undef, $on, "SELECT status FROM $same") } 1 .. 2;
wait_for(sub { is_waiting($repeated[0]) + is_waiting($repeated[1]) == 2 }, 1);
is(scalar(grep { is_waiting($_) } @repeated), 2, 'a repeated request is answered no sooner than the request');
is(scalar(grep { !is_waiting($_->{session}) } values %cases), 0, 'none of them is answered while the standby does not');
foreach my $name (sort grep { $cases{$_}{end} } keys %cases)
{
	rows($primary, "SELECT $cases{$name}{end}(pid) FROM pg_stat_activity WHERE application_name = 'case $name'");
	like(answer($cases{$name}{session}), $cases{$name}{told}, "$name: it ends");
}
kill('CONT', $receiver);
foreach my $name (sort grep { !$cases{$_}{end} } keys %cases)
{
	like(answer($cases{$name}{session}), $cases{$name}{told} // qr/\A(posted\n)+answered\n\z/, "$name: answered when the standby does");
}
is(answer($_), "posted\nanswered\n", "$_->{name}: answered") foreach $first, $second;
answer($_) foreach @repeated;
$primary->safe_psql('postgres', "ROLLBACK PREPARED 'after_prepare'");
$primary->wait_for_catchup($standby);
is_sound($standby, 'sound when all were answered');

# All sessions are past the lock, and none is answered; those who do not wait for the standby are, and lose by it.
$receiver = stop_process($standby, 'walreceiver');
my $queued = load($primary, 'queued', 'synchronous_commit=on');
my $stopped = load($primary, 'stopped', $early, 'synchronous_commit=on');
my $ahead = load($primary, 'local', $early, 'synchronous_commit=local');

$queued->poll(0);
wait_for(sub { waiting($primary, 'load', 'IPC', 'SyncRep') + waiting($primary, 'load', 'Lock') == $clients });
is(waiting($primary, 'load', 'IPC', 'SyncRep'), 1, "of $clients sessions that post into one account, one waits for the standby and the others for it");
is(rows($primary, 'SELECT ' . balance('hot:queued')), '0', 'and nobody sees what it did');
$stopped->poll(0);
wait_for(sub { waiting($primary, 'load', 'IPC', 'SyncRep') == 1 + $clients });
sleep(2);
is(waiting($primary, 'load', 'IPC', 'SyncRep'), 1 + $clients, 'with early release they all wait for the standby at once');
is(rows($primary, 'SELECT ' . balance('hot:stopped')), "$clients.00", 'and others see what they did');
$ahead->run(1);
kill_everything($primary);
kill_everything($standby);
$_->finish foreach $queued, $stopped, $ahead;
try_start($standby);
take_over($standby);
foreach my $load ($queued, $stopped)
{
	my @told = map { scalar(keys %{ $load->{$_} }) } qw(acknowledged unknown failed);

	is_deeply(\@told, [ 0, $clients, 0 ], 'nobody was answered while the standby did not' . ($load == $stopped ? ', with early release, either' : ''));
}
is_lossy($ahead, $standby, 'standby stopped, synchronous_commit local');
discard($standby);

# The primary, where it was.
$primary->append_conf('postgresql.conf', "synchronous_standby_names = ''");
try_start($primary);
is_sound($primary, 'the primary is sound, too');
is_quiet($primary);
done_testing();
