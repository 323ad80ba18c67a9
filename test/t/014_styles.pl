# The styles of concurrency under load: sixteen sessions read a shared counter, decide to write what they read + 1, and
# write it, once in each style; no update is lost, and what clients were told is what is stored. Then the limiter, which
# lets exactly as many pass as it says, notifications, which miss nothing, and the counters of all this.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run ();
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $sessions = 16;
my $seconds = 3;
my $node = new_node('styles');
my $folder = PostgreSQL::Test::Utils::tempdir();

# Each style counts in a stream or an account of its name. A client inserts into tally, by a statement of its own after
# the commit, what it was told: the value that it decided to write and where it is, or the code of a refusal.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('serial', ordering => 'serial');
SELECT ledger.lock_accounts('main', '{version, locked, upgraded, serializable, plain}', '{JPY}');
CREATE UNLOGGED TABLE tally (style text, n int, position bigint, code text DEFAULT '', tries int DEFAULT 1);

CREATE FUNCTION next_value(args jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	found int;
BEGIN
	SELECT max((payload->>'n')::int) INTO found
		FROM ledger.events('serial', ledger.tail('serial', stream_id => 'produced') - 1, stream_id => 'produced');
	PERFORM set_config('styles.n', (coalesce(found, 0) + 1)::text, false);
	RETURN jsonb_build_object('events', jsonb_build_array(jsonb_build_object(
		'event_type', 'counted', 'stream_id', 'produced', 'payload', jsonb_build_object('n', coalesce(found, 0) + 1))));
END $$;

CREATE FUNCTION count_one() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	found int;
	number bigint;
BEGIN
	SELECT b.balance INTO found FROM ledger.balance b WHERE b.ledger = 'main' AND b.address = 'serializable' AND b.asset = 'JPY';
	SELECT r.position INTO number
		FROM ledger.post('main', 'world', 'serializable', 1, 'JPY', metadata => jsonb_build_object('n', found + 1)) r;
	-- what the client is to be told, since rows of a statement do not come back through ledger.run
	PERFORM set_config('styles.n', (found + 1)::text, false), set_config('styles.position', number::text, false);
END $$;
END

# What a script of pgbench does, on the way to a tally of each transaction.
my $read = q{SELECT balance AS found, balance + 1 AS n, version FROM ledger.balance WHERE ledger = 'main' AND address = '%s' AND asset = 'JPY' \gset};
my $write = q{SELECT position FROM ledger.post('main', 'world', '%s', :n - :found, 'JPY', metadata => '{"n": :n}') \gset};
my $read_event = q{SELECT coalesce(max((payload->>'n')::int), 0) + 1 AS n FROM ledger.events('main', :tail - 1, stream_id => '%s') \gset};
my $append = q{SELECT coalesce(position, 0) AS position, code FROM ledger.try_append('main', 'counted', '{"n": :n}', stream_id => '%s'%s) \gset};
my $tally = q{INSERT INTO tally VALUES ('%s', :n, :position%s);};

# name, how the table calls it; raced: somebody has to lose; kept: in which stream, or in an account; script; attempts: how
# often something fails with 40001 before the client is told and sends it again (pgbench does)
my $attempts = 8;
my @styles = (
	{ name => 'scope', title => 'optimistic, by scope', raced => 1, kept => 'main stream', script => [
		q{SELECT ledger.tail('main', stream_id => 'scope') AS tail \gset},
		sprintf($read_event, 'scope'),
		sprintf($append, 'scope', q{, conditions => ARRAY[ledger.scope(:tail, stream_id => 'scope')]}),
		sprintf($tally, 'scope', q{, ':code'}) ] },
	{ name => 'version', title => 'optimistic, by version', raced => 1, kept => 'account', script => [
		sprintf($read, 'version'),
		q{SELECT coalesce(position, 0) AS position, code FROM ledger.try_post('main', 'world', 'version', :n - :found, 'JPY', metadata => '{"n": :n}',
			conditions => ARRAY[ledger.at_version('version', 'JPY', :version)]) \gset},
		sprintf($tally, 'version', q{, ':code'}) ] },
	{ name => 'locked', title => 'lock_accounts', kept => 'account', script => [
		'BEGIN;',
		q{SELECT balance AS found, balance + 1 AS n FROM ledger.lock_accounts('main', '{world, locked}', '{JPY}') WHERE address = 'locked' \gset},
		sprintf($write, 'locked'),
		'COMMIT;',
		sprintf($tally, 'locked', '') ] },
	{ name => 'upgraded', title => 'read_lock, then writing', raced => 1, attempts => 1, kept => 'account', script => [
		'BEGIN;',
		q{SELECT ledger.read_lock('main');},
		sprintf($read, 'upgraded'),
		sprintf($write, 'upgraded'),
		'COMMIT;',
		sprintf($tally, 'upgraded', '') ] },
	{ name => 'produced', title => 'serial ledger, submit_all', kept => 'serial stream', script => [
		q{SELECT position FROM ledger.submit_all('serial', 'next_value(jsonb)') \gset},
		q{INSERT INTO tally VALUES ('produced', current_setting('styles.n')::int, :position);} ] },
	{ name => 'serializable', title => 'SERIALIZABLE, by run', attempts => $attempts, kept => 'account', script => [
		"CALL ledger.run('SELECT count_one()', 'serializable', $attempts, '0.1 ms') \\gset",
		q{INSERT INTO tally VALUES ('serializable', current_setting('styles.n')::int, current_setting('styles.position')::bigint, '', :tries);} ] },
	{ name => 'plain', title => 'post', kept => 'account', script => [
		q{SELECT position, b.balance AS n FROM ledger.post('main', 'world', 'plain', 1, 'JPY') r, unnest(r.balances) b WHERE b.address = 'plain' \gset},
		sprintf($tally, 'plain', '') ] });

# No style at all: what has to be seen if one does not do what it says.
my $none = { name => 'none', title => 'none', kept => 'main stream', script => [
	q{SELECT ledger.tail('main', stream_id => 'none') AS tail \gset},
	sprintf($read_event, 'none'),
	sprintf($append, 'none', ''),
	sprintf($tally, 'none', q{, ':code'}) ] };

# ------ pgbench ------

my $scripts = 0;

# Start sessions that send scripts (each a list of lines) again and again.
sub start_bench
{
	my ($options, @scripts) = @_;
	my $run = { out => '', err => '', started => time() };
	my @files;

	foreach my $script (@scripts)
	{
		push @files, "$folder/" . $scripts++ . '.pgb';
		append_to_file($files[-1], join("\n", @$script) . "\n");
	}
	$run->{harness} = IPC::Run::start([ 'pgbench', '-n', '-c', $sessions, '-j', 2, @$options, (map { ('-f', $_) } @files),
			'-h', $node->host, '-p', $node->port, 'postgres' ],
		'<', \undef, '>', \$run->{out}, '2>', \$run->{err}, IPC::Run::timeout(120));
	return $run;
}

# Wait for them: how many transactions succeeded, and the time it took.
sub finish_bench
{
	my ($run) = @_;

	$run->{harness}->finish;
	$run->{seconds} = time() - $run->{started};
	BAIL_OUT("pgbench: $run->{err}") if $run->{harness}->full_result != 0 || $run->{err} =~ /abort|error/i;
	($run->{processed}) = $run->{out} =~ /^number of transactions actually processed: (\d+)/m;
	return $run;
}

sub bench { return finish_bench(start_bench(@_)) }

# ------ counters ------

# What a style has stored: values with their positions, and what is wrong with them.
sub faults
{
	my ($style) = @_;
	my ($name, $kept) = @$style{qw(name kept)};
	my ($ledger) = $kept =~ /^(\w+) stream/;
	my $stored = $ledger
		? "SELECT (payload->>'n')::int AS n, position FROM ledger.journal WHERE ledger = '$ledger' AND stream_id = '$name' AND kind = 'event'"
		: "SELECT coalesce((j.metadata->>'n')::int, e.balance::int) AS n, e.transaction AS position, e.version, e.balance
			FROM ledger.entry e JOIN ledger.journal j ON j.ledger = e.ledger AND j.position = e.transaction
			WHERE e.ledger = 'main' AND e.address = '$name' AND e.asset = 'JPY'";
	my $more = $ledger ? '' : <<"END";
SELECT 'value ' || n || ' as version ' || version || ' made the balance ' || balance FROM stored WHERE n <> version OR n <> balance;
SELECT 'balance ' || ledger.balance('main', '$name', 'JPY') || ' after ' || count(*) FROM stored HAVING ledger.balance('main', '$name', 'JPY') <> count(*);
SELECT 'version ' || version || ' after ' || (SELECT count(*) FROM stored) FROM ledger.balance
	WHERE ledger = 'main' AND address = '$name' AND asset = 'JPY' AND version <> (SELECT count(*) FROM stored);
END

	return split(/\n/, $node->safe_psql('postgres', <<"END"));
SET enable_nestloop = off;
CREATE TEMP TABLE stored AS $stored;
CREATE TEMP TABLE told AS SELECT n, position FROM tally WHERE style = '$name' AND code = '';
SELECT 'told ' || (SELECT count(*) FROM told) || ', stored ' || (SELECT count(*) FROM stored)
	WHERE (SELECT count(*) FROM told) <> (SELECT count(*) FROM stored);
SELECT 'lost update: ' || count(*) || ' wrote ' || n FROM stored GROUP BY n HAVING count(*) > 1;
SELECT 'missing: ' || g FROM generate_series(1, (SELECT count(*) FROM stored)) g WHERE g NOT IN (SELECT n FROM stored);
SELECT 'out of order: ' || n FROM (SELECT n, lag(n) OVER (ORDER BY position) AS before FROM stored) o WHERE n <> coalesce(before, 0) + 1;
SELECT 'told and stored differ: ' || coalesce('told ' || t.n || ' at ' || t.position, 'stored ' || s.n || ' at ' || s.position)
	FROM told t FULL JOIN stored s ON s.n = t.n AND s.position = t.position WHERE t.n IS NULL OR s.n IS NULL;
SELECT 'refused with ' || code || ': ' || count(*) FROM tally WHERE style = '$name' AND code NOT IN ('', 'LG401') GROUP BY code;
$more
END
}

# The first of some faults, as a test shows them.
sub first { return join("\n", @_[ 0 .. ($#_ < 9 ? $#_ : 9) ]) }

# Let sessions count in a style. What each was told is in tally; an error is in the server's log, as pgbench does not
# count one that comes when its time is up.
sub counter
{
	my ($style, $time) = @_;
	my $offset = -s $node->logfile;
	my $run = bench([ '-T', $time, '--max-tries', 0 ], $style->{script});
	my ($errors) = server_errors($node, $offset);
	my ($told, $violations, $again) = split(/\|/, rows($node, <<"END"));
SELECT count(*) FILTER (WHERE code = ''), count(*) FILTER (WHERE code = 'LG401'), coalesce(sum(tries - 1), 0)
	FROM tally WHERE style = '$style->{name}'
END

	is($run->{processed}, $told + $violations, "$style->{title}: each transaction that pgbench counted was tallied");
	# failed: what the client was told to send again; again: tries that were made again without asking it
	@$style{qw(seconds told violations failed)} = ($run->{seconds}, $told, $violations, delete $errors->{'40001'} // 0);
	$style->{again} = $again + $style->{failed} * (($style->{attempts} // 1) - 1);
	$style->{lost} = $violations + $style->{failed} + $style->{again};
	is(join(' ', sort keys %$errors), '', "$style->{title}: no other error than 40001");
	is($style->{failed}, 0, "$style->{title}: nor that") unless $style->{attempts};
	return;
}

my @table = ([ 'style', 'successes/s', 'violations or retries/s' ]);

foreach my $style (@styles)
{
	counter($style, $seconds);
	cmp_ok($style->{told}, '>', 0, "$style->{title}: sixteen sessions counted");
	cmp_ok($style->{lost}, '>', 0, "$style->{title}: and were in one another's way") if $style->{raced};
	is(first(faults($style)), '', "$style->{title}: each value from 1 was written once, in order, and acknowledged to one session");
	is_sound($node, "$style->{title}: sound");
	push @table, [ $style->{title}, map { sprintf('%.0f', $style->{$_} / $style->{seconds}) } qw(told lost) ];
}
note(sprintf('%-28s %12s %24s', @$_)) foreach @table;

my %style = map { $_->{name} => $_ } @styles;

counter($none, 1);
my @lost = faults($none);
cmp_ok(scalar(grep { /^lost update/ } @lost), '>', 0, 'without any style updates are lost, and seen to be');

# ------ the limiter ------

$node->safe_psql('postgres', 'CREATE UNLOGGED TABLE passed (key text)');

# How often each key passed: count of keys, least and most.
sub passed
{
	return rows($node, <<'END');
WITH counted AS (SELECT key, count(*) AS n FROM passed GROUP BY key)
SELECT count(*), min(n), max(n) FROM counted
END
}

my @alice = ([ '-t', 625 ], [ q{INSERT INTO passed SELECT 'alice' WHERE ledger.attempt('main', 'pin:alice', 7, '1 hour');} ]);
is(bench(@alice)->{processed}, 10000, '10,000 attempts under one key');
is(passed(), '1|7|7', 'exactly 7 passed');
is(bench(@alice)->{processed}, 10000, 'and again');
is(passed(), '1|7|7', 'no more passed');
$node->safe_psql('postgres', "TRUNCATE passed; SELECT ledger.attempt_reset('main', 'pin:alice')");
bench(@alice);
is(passed(), '1|7|7', 'exactly 7 passed after a reset');

# all sessions go along the keys side by side
$node->safe_psql('postgres', 'TRUNCATE passed');
bench([ '-t', 1000, '-D', 'i=0' ],
	[ '\set i :i + 1', q{INSERT INTO passed SELECT ':i' WHERE ledger.attempt('main', 'pin:card-:i', 3, '1 hour');} ]);
is(passed(), '1000|3|3', 'of 16 attempts under each of 1,000 keys exactly 3 passed');

# ------ notifications ------

my $workers = q{FROM pg_stat_activity WHERE backend_type = 'ledger notifier'};
my $listener = LedgerSession->new($node);
my $poster = LedgerSession->new($node);
my $post = q{SELECT status FROM ledger.post('main', 'world', 'noticed', 1, 'JPY') WHERE status <> 'posted';};
my $poster_pid = $poster->query('SELECT pg_backend_pid();');

# The notifications that come, at least one of them with a payload, until then or for at most 20 s.
sub notified
{
	my ($payload) = @_;
	my $end = time() + 20;
	my @came;

	until (grep { $_->{payload} eq $payload } @came)
	{
		if (time() > $end)
		{
			diag("no notification of $payload");
			last;
		}
		push @came, $listener->notifications;
		sleep(0.01);
	}
	return @came;
}

# What the listener is told up to now. The worker tells in rounds. When it has told of a commit to another ledger,
# and then of one more, a round has begun and ended since whatever was committed before the first.
sub told_so_far
{
	my @came;

	foreach (1 .. 2)
	{
		$node->safe_psql('postgres', q{SELECT ledger.append('other', 'fence')});
		push @came, notified('other');
	}
	return join(' ', grep { $_ ne 'other' } map { $_->{payload} } @came, $listener->notifications);
}

$node->safe_psql('postgres', q{SELECT ledger.create_ledger('other'); SELECT ledger.set_notify('other', true)});
$listener->query('LISTEN ledger;');
$poster->query($post);
is(told_so_far(), '', 'notifications are off at first');

$node->safe_psql('postgres', q{SELECT ledger.set_notify('main', true)});
told_so_far();
$poster->query($post);
my ($first) = notified('main');
my $worker_pid = $poster->query("SELECT pid $workers AND datname = 'postgres';");
is("$first->{channel} $first->{payload}", 'ledger main', 'notified of the ledger that was posted to');
isnt($first->{pid}, $poster_pid, 'not by the session that posted');
is($first->{pid}, $worker_pid, 'but by the background worker');

$poster->query("BEGIN; $post ROLLBACK;");
is(told_so_far(), '', 'nothing after a transaction that was rolled back');
$poster->query("BEGIN; $post");
is(told_so_far(), '', 'nothing while a transaction goes on');
$poster->query('COMMIT;');
is(told_so_far(), 'main', 'but when it has committed');
$poster->query(q{SELECT ledger.try_post('main', 'noticed', 'world', 1000, 'JPY');});
is(told_so_far(), '', 'nothing after a refusal');
$node->safe_psql('postgres', q{SELECT ledger.set_notify('main', false)});
told_so_far();
$poster->query($post);
is(told_so_far(), '', 'nothing once notifications are switched off');

# ------ a subscriber ------

# Under load, the subscriber asks for what is new when it is notified, and only then.
$node->safe_psql('postgres', q{SELECT ledger.set_notify('main', true)});
told_so_far();
my $begin = rows($node, q{SELECT max(position) FROM ledger.journal WHERE ledger = 'main'});
my $last = $begin;
my (@received, $notifications);

sub receive
{
	my @rows;

	return unless grep { $_->{payload} eq 'main' } $listener->notifications;
	$notifications++;
	do
	{
		@rows = split(/\n/, $listener->query("SELECT position FROM ledger.events('main', $last, 500);"));
		push @received, @rows;
		$last = $rows[-1] if @rows;
	} while (@rows == 500);
	return;
}

my $load = start_bench([ '-T', 2 ],
	# positions are drawn long before they are committed
	[ '\set ms random(1, 10)', 'BEGIN;', q{SELECT ledger.append('main', 'first', stream_id => 'slow');}, '\sleep :ms ms',
		q{SELECT ledger.append('main', 'second', stream_id => 'slow');}, 'COMMIT;' ],
	[ '\set who random(1, 50)', q{SELECT ledger.post('main', 'world', 'client-:who', 1, 'JPY');} ],
	[ 'BEGIN;', q{SELECT ledger.append('main', 'never', stream_id => 'slow');}, 'ROLLBACK;' ]);
while ($load->{harness}->pumpable)
{
	$load->{harness}->pump_nb;
	receive();
	sleep(0.002);
}
finish_bench($load);
my $end = rows($node, q{SELECT max(position) FROM ledger.journal WHERE ledger = 'main'});
my $patience = time() + 20;
while ($last < $end && time() < $patience)
{
	receive();
	sleep(0.01);
}
my @stored = split(/\n/, rows($node, "SELECT position FROM ledger.journal WHERE ledger = 'main' AND position > $begin ORDER BY position"));
note(sprintf('a subscriber received %d records after %d notifications', scalar @received, $notifications));
cmp_ok(scalar(@stored), '>', 100, 'sixteen sessions wrote under the eyes of a subscriber');
my (%received, %stored);
$received{$_}++ foreach @received;
$stored{$_}++ foreach @stored;
is(first((map { "missed: $_" } grep { !$received{$_} } @stored), (map { "twice: $_" } grep { $received{$_} > 1 } sort keys %received),
	(map { "not stored: $_" } grep { !$stored{$_} } @received), (map { "out of order: $received[$_]" } grep { $received[$_] < $received[ $_ - 1 ] } 1 .. $#received)),
	'', 'it received every record once, in order, the last after the last notification');

# ------ the worker goes ------

$node->safe_psql('postgres', 'CREATE DATABASE second');
$node->safe_psql('second', <<'END');
CREATE EXTENSION ledger;
SELECT ledger.create_ledger('main');
SELECT ledger.set_notify('main', true);
SELECT ledger.append('main', 'told');
END
ok($node->poll_query_until('postgres', "SELECT count(*) = 1 $workers AND datname = 'second'"), 'each database has a worker of its own');
is(sqlstate($node, 'DROP DATABASE second'), '00000', 'the worker goes in time for DROP DATABASE');
$listener->query('UNLISTEN ledger;');
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 $workers"), 'without work no worker is left');
$_->finish foreach $listener, $poster;

# ------ the counters ------

my ($violations, $balance_waits, $tag_waits, $retries) = split(/\|/, rows($node, <<'END'));
SELECT violations, balance_waits, tag_waits, (SELECT sum(retries) FROM ledger.stats WHERE ledger = 'main' OR ledger IS NULL)
	FROM ledger.stats WHERE ledger = 'main'
END
is($violations, $style{scope}{violations} + $style{version}{violations}, 'ledger.stats counted the violations that clients saw');
is($retries, $style{serializable}{again}, 'and the tries that ledger.run made again');
cmp_ok($balance_waits, '>', 0, 'and waits for balances');
cmp_ok($tag_waits, '>', 0, 'and for tags');

is_sound($node, 'sound at the end');
is_quiet($node);
done_testing();
