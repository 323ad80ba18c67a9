# ledger.submit: a request that a background worker posts is refused, stored and told of as one that the session posts
# itself; whatever is killed, cancelled or altered meanwhile, what was acknowledged is stored exactly once, what was
# refused is not, and nobody waits for ever.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrash;
use LedgerLoad;
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

seed();
my $node = new_node('submit', conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
autovacuum = off
max_connections = 150
restart_after_crash = on
END

# ------ what is asked, and how ------

sub worker { return rows($_[0] // $node, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ledger submitter' ORDER BY 1") }

# How many records a ledger has with keys like this.
sub stored
{
	my ($at, $ledger, $pattern, $database) = @_;
	return rows($at, "SELECT count(*) FROM ledger.journal WHERE ledger = '$ledger' AND idempotency_key LIKE '$pattern'", $database);
}

# A submit of 1 EUR from world, with more arguments.
sub submit_sql
{
	my ($ledger, $destination, @more) = @_;
	return 'SELECT status FROM ledger.submit(' . join(', ', "'$ledger'", "'world'", "'$destination'", 1, "'EUR'", @more) . ')';
}

# A session whose open transaction keeps the worker from posting to the account "blocked".
sub block
{
	my ($at, $ledger) = @_;
	my $session = LedgerSession->new($at);

	$session->query("BEGIN;\nSELECT status FROM ledger.post('$ledger', 'world', 'blocked', 1, 'EUR');");
	return $session;
}

# A session that asks, and now waits for the reply.
sub ask
{
	my ($at, $name, @statements) = @_;
	my $session = start_session($at, $name, undef, @statements);

	wait_for(sub { waiting($at, $name, 'Extension') == 1 || has_ended($session) }, 60);
	has_ended($session) and diag("$name did not wait: " . answer($session));
	return $session;
}

# The same with a blocked worker: it has taken the request when it waits for a lock.
sub ask_and_block
{
	my ($at, $name, @statements) = @_;
	my $session = ask($at, $name, @statements);

	ok(wait_for(sub { rows($at, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'ledger submitter' AND wait_event_type = 'Lock'") == 1 }, 60),
		"$name: the worker is blocked");
	return $session;
}

sub release
{
	my ($session) = @_;

	$session->query('COMMIT;');
	$session->finish;
	return;
}

# What a session was told, without what psql adds.
sub told
{
	my ($session) = @_;
	return answer($session) =~ s/^LOCATION:.*\n|^answered\n//mgr =~ s/\n\z//r;
}

# ------ as ledger.post ------

$node->safe_psql('postgres', <<'END');
CREATE ROLE clerk LOGIN;
CREATE ROLE nobody LOGIN;
GRANT USAGE ON SCHEMA ledger TO nobody;
SELECT ledger.create_ledger('main');
SELECT ledger.grant_access('clerk', 'post', 'main');
SELECT ledger.grant_access('nobody', 'read', 'main');
CREATE DATABASE one;
END
$node->safe_psql('one', <<'END');
CREATE EXTENSION ledger;
SELECT ledger.create_ledger('main'), ledger.create_ledger('strict', auto_open => false);
SELECT ledger.post('main', 'world', 'rich', 1000, 'EUR'), ledger.post('main', 'world', 'some', 20, 'EUR');
SELECT ledger.open_account('main', 'full', ceiling => 10), ledger.open_account('main', 'frozen'), ledger.open_account('main', 'closed'), ledger.open_account('main', 'poor');
SELECT ledger.freeze('main', 'frozen'), ledger.close_account('main', 'closed');
END
# a twin in the same state
$node->safe_psql('postgres', 'CREATE DATABASE two TEMPLATE one');

# A name, the code it is refused with (0: it is not), the arguments.
my $all = "'key 3', 'ref 3', '2021-02-03 04:05:06+00', '{\"a\": [1, null]}', ARRAY[ledger.balance_between('rich', 'EUR', 0, 2000)], true, "
	. "ROW('s', 'invoice', 'order', '77', 'paid', 'c1', 'c2')::ledger.tags";
my @cases = (
	[ 'plain', 0, "'main', 'rich', 'a', 1.5, 'EUR'" ],
	[ 'nothing', 0, "'main', 'rich', 'a', 0, 'EUR'" ],
	[ 'key', 0, "'main', 'rich', 'a', 2, 'EUR', 'key 1'" ],
	[ 'key again', 0, "'main', 'rich', 'a', 2, 'EUR', 'key 1'" ],
	[ 'reference', 0, "'main', 'rich', 'a', 2, 'EUR', 'key 2', 'ref 1'" ],
	[ 'effective time', 0, "'main', 'rich', 'a', 3, 'EUR', effective_at => '2020-01-02 03:04:05+00'" ],
	[ 'metadata', 0, "'main', 'rich', 'a', 4, 'EUR', metadata => '{\"n\": {\"m\": \"ü\"}}'" ],
	[ 'tags', 0, "'main', 'rich', 'a', 5, 'EUR', tags => ROW('s', NULL, 'order', '7', NULL, NULL, 'c')::ledger.tags" ],
	[ 'conditions', 0, "'main', 'rich', 'a', 6, 'EUR', conditions => ARRAY[ledger.balance_between('rich', 'EUR', 0, 2000), ledger.at_version('full', 'EUR', 0)]" ],
	[ 'scope', 0, "'main', 'rich', 'a', 6, 'EUR', conditions => ARRAY[ledger.scope(stream_id => '8', \"none\" => true)]" ],
	[ 'up to', 0, "'main', 'some', 'a', 25, 'EUR', up_to => true" ],
	[ 'everything', 0, "'main', 'rich', 'a', 8, 'EUR', $all" ],
	[ 'named', 0, "ledger => 'main', source => 'rich', destination => 'a', amount => 9, asset => 'JPY', up_to => true" ],
	[ 'unknown ledger', 'LG001', "'nowhere', 'rich', 'a', 1, 'EUR'" ],
	[ 'unknown asset', 'LG002', "'main', 'rich', 'a', 1, 'NIL'" ],
	[ 'unknown account', 'LG003', "'strict', 'world', 'a', 1, 'EUR'" ],
	[ 'malformed address', 'LG101', "'main', 'rich', 'a b', 1, 'EUR'" ],
	[ 'negative amount', 'LG102', "'main', 'rich', 'a', -1, 'EUR'" ],
	[ 'no number', 'LG102', "'main', 'rich', 'a', 'NaN', 'EUR'" ],
	[ 'decimals', 'LG103', "'main', 'rich', 'a', 1.005, 'EUR'" ],
	[ 'same account', 'LG104', "'main', 'rich', 'rich', 1, 'EUR'" ],
	[ 'no object', 'LG108', "'main', 'rich', 'a', 1, 'EUR', metadata => '[1]'" ],
	[ 'no time', 'LG109', "'main', 'rich', 'a', 1, 'EUR', effective_at => 'infinity'" ],
	[ 'empty key', 'LG110', "'main', 'rich', 'a', 1, 'EUR', ''" ],
	[ 'empty tag', 'LG110', "'main', 'rich', 'a', 1, 'EUR', tags => ROW('', NULL, NULL, NULL, NULL, NULL, NULL)::ledger.tags" ],
	[ 'malformed condition', 'LG117', "'main', 'rich', 'a', 1, 'EUR', conditions => ARRAY[ledger.scope(3)]" ],
	[ 'overdraft', 'LG201', "'main', 'poor', 'a', 1, 'EUR'" ],
	[ 'overdraft under a key', 'LG201', "'main', 'poor', 'a', 1, 'EUR', 'key 9', 'ref 9'" ],
	[ 'ceiling', 'LG202', "'main', 'rich', 'full', 11, 'EUR'" ],
	[ 'frozen', 'LG203', "'main', 'rich', 'frozen', 1, 'EUR'" ],
	[ 'closed', 'LG204', "'main', 'rich', 'closed', 1, 'EUR'" ],
	[ 'no bound', 'LG207', "'main', 'world', 'a', NULL, 'EUR', up_to => true" ],
	[ 'other request', 'LG301', "'main', 'rich', 'a', 3, 'EUR', 'key 1'" ],
	[ 'reference again', 'LG302', "'main', 'rich', 'a', 1, 'EUR', reference => 'ref 1'" ],
	[ 'violated', 'LG401', "'main', 'rich', 'a', 1, 'EUR', conditions => ARRAY[ledger.at_version('rich', 'EUR', 1), ledger.balance_between('a', 'EUR', 0, 3), "
			. "ledger.balance_between('poor', 'EUR', 0, 0), ledger.scope(0, stream_id => '7')]" ],
	[ 'too much', '22003', "'main', 'world', 'a', 1e40, 'EUR'" ],
	[ 'no amount', '22004', "'main', 'rich', 'a', NULL, 'EUR'" ],
	[ 'no asset', '22004', "'main', 'rich', 'a', 1, NULL" ],
	[ 'no ledger', '22004', "NULL, 'rich', 'a', 1, 'EUR'" ]);

# Every case with a function that raises, then with one that does not: what comes of each.
sub answers
{
	my ($database, $function) = @_;
	my @calls = map { my $case = $_; map { [ "$_ $case->[0]", $_ eq 'raise' ? '' : 'try_', $case->[2] ] } 'raise', 'try' } @cases;
	my (undef, $errors, $output) = sqlstate($node, join("\n", map {
		"\\echo =$_->[0]=\n\\warn =$_->[0]=\nSELECT to_jsonb(r) - 'recorded_at' FROM ledger.$_->[1]$function($_->[2]) r;"
	} @calls), database => $database);
	my %answer;

	foreach my $text ($output, $errors)
	{
		my (undef, %part) = split(/^=(.*)=\n/m, $text . "\n");
		$answer{$_} .= $part{$_} =~ s/^LOCATION:.*\n//mgr foreach keys %part;
	}
	return \%answer;
}

my ($posted, $submitted) = (answers('one', 'post'), answers('two', 'submit'));
is_deeply($submitted, $posted, 'submit tells of every case what post does');
is(scalar(keys %$submitted), 2 * @cases, 'and was asked all of them');

# What is to come of each, apart from what post does.
my @wrong;
foreach my $case (@cases)
{
	my ($name, $code) = @$case;
	my ($raised, $tried) = map { $submitted->{"$_ $name"} } 'raise', 'try';

	push @wrong, "$name: $raised" unless $code ? $raised =~ /ERROR:  $code: / : $raised =~ /"status": "(posted|replayed)"/;
	push @wrong, "$name: $tried" unless $code ? $tried =~ /"code": "$code"/ && $tried =~ /"status": "rejected"/ : $tried =~ /"status": "(posted|replayed)"|"code": "LG302"/;
}
is(join("\n", @wrong), '', 'which is what was expected of it');
like($submitted->{'raise key again'}, qr/"status": "replayed"/, 'a key again is a replay');
like($submitted->{'raise up to'}, qr/"amounts": \[20\.00\]/, 'up_to tells the amount');
is(scalar(() = $submitted->{'try violated'} =~ /"condition": \d/g), 3, 'three conditions are told to be violated');

my @stored = map { rows($node, <<'END', $_) } 'one', 'two';
SELECT position, kind, CASE WHEN effective_at <> recorded_at THEN effective_at END, reference, idempotency_key, metadata, related,
	source_id, source_type, stream_type, stream_id, event_type, correlation_id, causation_id, payload FROM ledger.journal WHERE ledger = 'main' ORDER BY position;
SELECT address, asset, version, transaction, amount, balance, CASE WHEN effective_at <> recorded_at THEN effective_at END FROM ledger.entry WHERE ledger = 'main' ORDER BY 1, 2, 3;
SELECT * FROM ledger.balances('main') ORDER BY 1, 2;
END
is($stored[1], $stored[0], 'what is stored is the same, too');
is(rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = 'main' AND effective_at <> recorded_at", 'two'), 3, 'with its effective times');
is(stored($node, 'main', 'key 9', 'two'), 0, 'a refused request leaves no record');
is_sound($node, 'the twin is sound', 'two');

# ------ sessions and transactions ------

is(rows($node, "SET ROLE clerk;\n" . submit_sql('main', 'a')), 'posted', 'a clerk may submit');
fails_with($node, "SET ROLE nobody;\n" . submit_sql('main', 'a'), '42501', qr/./, 'others may not');
fails_with($node, "BEGIN READ ONLY;\n" . submit_sql('main', 'a'), '25006', qr/ledger\.submit/, 'nor anybody in a read-only transaction');
fails_with($node, "BEGIN;\n$_->[1];\n" . submit_sql('main', 'a', "'in a transaction'"), '25001', qr/Call it in a transaction of its own/, "nor after $_->[0]")
	foreach [ 'a post', "SELECT ledger.post('main', 'world', 'a', 1, 'EUR')" ], [ 'a lock', "SELECT * FROM ledger.lock_accounts('main', ARRAY['a'], ARRAY['EUR'])" ],
	[ 'a freeze', "SELECT ledger.freeze('main', 'a')" ], [ 'a read lock', "SELECT ledger.read_lock('main')" ],
	[ 'a post that was undone', "SAVEPOINT s; SELECT ledger.post('main', 'world', 'a', 1, 'EUR'); ROLLBACK TO s" ];
is(stored($node, 'main', 'in a transaction'), 0, 'and none of them posted');
is(rows($node, "BEGIN;\n" . submit_sql('main', 'a', "'kept'") . ";\nROLLBACK;\nSELECT count(*) FROM ledger.journal WHERE ledger = 'main' AND idempotency_key = 'kept'"),
	"posted\n1", 'it stays when the caller rolls back');
is(rows($node, "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT ledger.balance('main', 'kept', 'EUR');\n" . submit_sql('main', 'kept') . ";\nSELECT ledger.balance('main', 'kept', 'EUR');\nCOMMIT;\n"
		. "SELECT ledger.balance('main', 'kept', 'EUR');"), "0.00\nposted\n0.00\n1.00", 'a snapshot does not see it');
fails_with($node, submit_sql('main', 'a', "'large'", "metadata => (SELECT jsonb_object_agg(n, md5(n::text)) FROM generate_series(1, 500) n)"), '54000', qr/16000 bytes/, 'there is a largest request');
is(rows($node, submit_sql('main', 'a', "'less'", "metadata => (SELECT jsonb_object_agg(n, md5(n::text)) FROM generate_series(1, 300) n)")), 'posted', 'a smaller one is posted');
is(stored($node, 'main', 'large'), 0, 'the other is not');
fails_with($node, submit_sql('main', 'a', "timeout => '$_'"), '22023', qr/timeout/, "no timeout: $_") foreach '0', '-1 s', '1 month';

# Two databases with ledgers of the same name.
$node->safe_psql('postgres', 'CREATE DATABASE second');
$node->safe_psql('second', "CREATE EXTENSION ledger; SELECT ledger.create_ledger('main');");
{
	my @sessions = map { LedgerSession->new($node, $_) } 'postgres', 'second';
	my $amount = 1;

	foreach my $session (@sessions)
	{
		$session->{in} .= "SELECT count(*) FROM (SELECT ledger.submit('main', 'world', 'both', $amount, 'EUR', 'both ' || n) FROM generate_series(1, 200) n OFFSET 0) s;\n";
		$session->{harness}->pump_nb;
		$amount *= 1000;
	}
	is($_->query(''), 200, 'sessions submit in two databases') foreach @sessions;
	is(rows($node, "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_stat_activity WHERE backend_type = 'ledger submitter' AND datname <> 'two'"),
		'postgres second', 'which have a worker each');
	is(rows($node, "SELECT ledger.balance('main', 'both', 'EUR')", 'postgres'), '200.00', 'to this one');
	is(rows($node, "SELECT ledger.balance('main', 'both', 'EUR')", 'second'), '200000.00', 'and to that');
	$_->finish foreach @sessions;
}
is_sound($node, 'the other database is sound', 'second');

# ------ a worker that waits ------

{
	my $blocker = block($node, 'main');
	my $first = ask_and_block($node, 'first', submit_sql('main', 'blocked', "'taken'", "timeout => '300 ms'"));
	my $left = ask($node, 'left', "SET statement_timeout = '2 s'", submit_sql('main', 'a', "'withdrawn'"));

	fails_with($node, submit_sql('main', 'a', "'late'", "timeout => '300 ms'"), '55P03', qr/Nothing was posted/, 'a request is not taken in time');
	like(told($left), qr/ERROR:  57014: /, 'one that waits is cancelled');
	# what is taken is waited for a second longer
	my $cut = ask($node, 'cut', submit_sql('main', 'a', "'cut'"));
	rows($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'");
	like(told($cut), qr/FATAL:  57P01: /, 'one that waits is terminated');
	rows($node, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'first'");
	ok(wait_for(sub { has_ended($first) }, 60), 'one that was taken is cancelled');
	like(told($first), qr/ERROR:  LG303: .*\nDETAIL:  It was cancelled after a worker had taken it, and may yet be posted\.\nHINT:  Submit it again/, 'its outcome is not known');
	release($blocker);
	is(rows($node, submit_sql('main', 'blocked', "'taken'")), 'replayed', 'until it is submitted again');
	is(stored($node, 'main', $_), 0, "nothing was posted: $_") foreach 'late', 'withdrawn', 'cut';
	is(stored($node, 'main', 'taken'), 1, 'it was posted once');
}

# Requests that wait are posted in the order of asking.
{
	my $blocker = block($node, 'main');
	my @asked = (ask_and_block($node, 'first', submit_sql('main', 'blocked')));
	my $condition = "conditions => ARRAY[ledger.balance_between('order', 'EUR', 0, 100)]";
	my @more = (["'o1'"], ["'o2'"], [ "'o3'", $condition ], ["'o4'"], [ "'o5'", $condition ], [ "'o6'", $condition ], ["'o7'"], ["'o7'"], [ "'o7'", "metadata => '{\"a\": 1}'" ], ["'o8'"],
		[ "'o9'", "'ref'" ], [ "'oA'", "'ref'" ], ["'oB'"]);

	push @asked, ask($node, "asked $_", submit_sql('main', 'order', @{ $more[$_] })) foreach 0 .. $#more;
	push @asked, ask($node, 'poor', "SELECT status FROM ledger.submit('main', 'poor', 'order', 1, 'EUR', 'oC')");
	release($blocker);
	my @told = map { told($_) } @asked;
	is_deeply([ @told[ 0 .. 8, 10, 11, 13 ] ], [ ('posted') x 8, 'replayed', ('posted') x 3 ], 'who asks behind a blocked worker is answered');
	like($told[9], qr/ERROR:  LG301: .*\nDETAIL:  It belongs to a request that was submitted at the same time\.$/m, 'one in the same group has the key');
	like($told[12], qr/ERROR:  LG302: /, 'one in the same group has the reference');
	like($told[14], qr/ERROR:  LG201: /, 'one has no money');
	is(rows($node, "SELECT string_agg(idempotency_key, ' ' ORDER BY position) FROM ledger.journal WHERE ledger = 'main' AND idempotency_key LIKE 'o_'"),
		'o1 o2 o3 o4 o5 o6 o7 o8 o9 oB', 'in the order of asking, whether with conditions or not');
	is(rows($node, "SELECT count(DISTINCT xmin::text) FROM ledger_data.journal WHERE idempotency_key LIKE 'o_'"), 6, 'who has no conditions shares a transaction');
}

# ------ many at once ------

# Sessions that pay into one account, some of them without the money.
sub load
{
	my ($ledger, %options) = @_;

	$node->safe_psql('postgres', "SELECT ledger.create_ledger('$ledger'), ledger.open_account('$ledger', 'credit', floor => NULL), ledger.open_account('$ledger', 'poor');");
	return LedgerLoad->new(
		connstr => $node->connstr('postgres'),
		chunk => 100,
		%options,
		ledger => $ledger,
		request => sub {
			my ($client, $number) = @_;
			my $key = "$ledger-$client-$number";
			my $source = rand() < 0.2 ? 'poor' : 'credit';

			return {
				key => $key,
				sql => "SELECT status FROM ledger.submit('$ledger', '$source', 'hot', 1, 'EUR', '$key') \\gset",
				effect => "$source -1.00, hot 1.00"
			};
		});
}

# Requests of which a client was told this are not known to be posted or not.
sub doubt
{
	my ($load, $code) = @_;
	my @keys = grep { $load->{failed}{$_} eq $code } sort keys %{ $load->{failed} };

	delete @{ $load->{failed} }{@keys};
	$load->{unknown}{$_} = 1 foreach @keys;
	return @keys;
}

# What is wrong: with what clients were told, and with what is stored.
sub faults
{
	my ($load) = @_;
	my $stored = $load->stored($node, $load->{ledger});

	return ($load->faults($node, $load->{ledger}),
		(map { "$_ is stored more than once" } grep { @{ $stored->{$_} } > 1 } sort keys %$stored),
		(map { "$_ failed with $load->{failed}{$_}" } grep { $load->{failed}{$_} ne 'LG201' || $load->{effect}{$_} !~ /^poor/ } sort keys %{ $load->{failed} }),
		map { "$_ was acknowledged" } grep { $load->{effect}{$_} =~ /^poor/ } sort keys %{ $load->{acknowledged} });
}

# The first of them, for people.
sub few { return join("\n", grep { defined } @_[ 0 .. 9 ]) }

sub is_right
{
	my ($load, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$load->finish;
	note("$what: ", $load->summary);
	doubt($load, 'LG303');
	is(few(faults($load)), '', "$what: acknowledged is what is stored, exactly once; only who had no money was refused");
	return;
}

# What is unknown is sent again.
sub is_resolved
{
	my ($load, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $outcome = $load->resolve;
	note("$what, sent again: ", join(', ', map { "$_ $outcome->{$_}" } sort keys %$outcome) || 'none');
	is(few(grep { !/^(posted|replayed|LG201)$/ } keys %$outcome), '', "$what: every unknown one is resolved by its key");
	is(few(faults($load)), '', "$what: and stored once, too");
	is(rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = '$load->{ledger}' AND idempotency_key IS NOT NULL"), scalar(keys %{ $load->{acknowledged} }),
		"$what: as many are stored as were acknowledged");
	is_sound($node, "$what: sound");
	return;
}

{
	my $load = load('plain');

	$load->run(2);
	is_right($load, 'many');
	is_deeply($load->{unknown}, {}, 'many: all were answered');
	is_sound($node, 'many: sound');
	my ($records, $transactions) = split(/\|/, rows($node, "SELECT count(*), count(DISTINCT j.xmin::text) FROM ledger_data.journal j JOIN ledger_data.ledger l ON l.id = j.ledger_id "
		. "WHERE l.name = 'plain' AND j.idempotency_key IS NOT NULL"));
	cmp_ok($records, '>', 300, 'many: a lot was posted');
	cmp_ok($transactions, '<', 0.8 * $records, "many: $records in $transactions transactions");

	# the comparison notices what it is there for
	my ($lost, $poor) = ((sort keys %{ $load->{acknowledged} })[0], (sort keys %{ $load->{failed} })[0]);
	local $load->{acknowledged}{never} = 'posted';
	local $load->{effect}{never} = 'credit -1.00, hot 1.00';
	local $load->{failed}{$poor} = '40001';
	local $load->{failed}{$lost} = 'LG201';
	delete local $load->{acknowledged}{$lost};
	is(scalar(grep { /^(lost: never|stored, but refused: $lost|$poor failed with 40001)/ } faults($load)), 3, 'the comparison sees a lost, a refused and a failed request');
}

# ------ the worker ends, or is cancelled ------

foreach my $function ('pg_terminate_backend', 'pg_cancel_backend')
{
	my $load = load($function);
	my $hit = 0;

	for my $round (1 .. 60)
	{
		$load->run(0.15);
		$hit += rows($node, "SELECT count($function(pid)) FROM pg_stat_activity WHERE backend_type = 'ledger submitter'");
		last if $round >= 10 && $hit >= 10;
	}
	cmp_ok($hit, '>=', 10, "$function: hit the worker often");
	is_right($load, $function);
	is_deeply($load->{unknown}, {}, "$function: no client was told of it");
	is_sound($node, "$function: sound");
}

# ------ crashes ------

{
	my $load = load('crash');
	my %victim = (
		worker => 'SELECT pid FROM pg_stat_activity WHERE backend_type = \'ledger submitter\' LIMIT 1',
		'waiting session' => "SELECT pid FROM pg_stat_activity WHERE application_name = 'load' AND wait_event_type = 'Extension' ORDER BY random() LIMIT 1");

	foreach my $name (('worker', 'waiting session') x 2)
	{
		my $offset = -s $node->logfile;
		my $pid;

		$load->run(0.5);
		wait_for(sub { $load->poll(0); $pid = rows($node, $victim{$name}) }, 30);
		ok($pid && kill('KILL', $pid), "crash: killed a $name");
		wait_for(sub { $load->poll(0); slurp_file($node->logfile, $offset) =~ /reinitializing/ }, 60);
		$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
	}
	foreach my $kill (\&kill_postmaster, \&kill_everything)
	{
		$load->run(0.6);
		$kill->($node);
		$load->poll(0);
		try_start($node);
	}
	$load->run(0.5);
	is_right($load, 'crash');
	cmp_ok(scalar(keys %{ $load->{unknown} }), '>', 10, 'crash: clients lost their connection in the middle of it');
	is_resolved($load, 'crash');
}

# ------ sessions are cancelled and terminated ------

{
	my $load = load('cancel', clients => 64);
	my ($cancelled, $terminated) = (0, 0);
	my $targets = "pg_stat_activity WHERE application_name = 'load' AND state = 'active'";
	# few are active at any moment
	my $cancel = "SELECT count(pg_cancel_backend(pid)) FROM $targets AND random() < 0.7;\nSELECT 0 FROM pg_sleep(0.01);\n" x 8;

	for my $round (1 .. 100)
	{
		$load->run(0.15);
		$cancelled += $_ foreach split(/\n/, rows($node, $cancel));
		$terminated += rows($node, "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM $targets ORDER BY random() LIMIT 4) t");
		last if $round >= 3 && $cancelled > 300 && $terminated > 10;
	}
	note("$cancelled cancelled, $terminated terminated");
	cmp_ok($cancelled, '>', 100, 'sessions: many were cancelled');
	cmp_ok($terminated, '>', 0, 'sessions: some were terminated');
	$load->finish;
	my @hit = grep { $load->{failed}{$_} eq '57014' } keys %{ $load->{failed} };
	my @late = grep { /\(57014\)/ } $load->faults($node, 'cancel');
	cmp_ok(scalar(@hit), '>', 10, 'sessions: who was cancelled was told');
	cmp_ok(scalar(@late), '<=', 1 + 0.02 * @hit, 'sessions: and next to nothing of it is stored: ' . @late . ' of ' . @hit);
	doubt($load, '57014');
	is_right($load, 'sessions');
	is_resolved($load, 'sessions');
	# each in a place of the queue of its own, if all are given back
	is(rows($node, "SET statement_timeout = '60 s';\nSELECT count(*) FROM (SELECT ledger.submit('cancel', 'credit', 'hot', 1, 'EUR') FROM generate_series(1, 300) OFFSET 0) s"),
		300, 'sessions: the queue works as ever');
}

# ------ the worker is not there ------

ok(wait_for(sub { worker() eq '' }, 60), 'the worker ends when there is nothing to do');
is(rows($node, submit_sql('main', 'a')), 'posted', 'and comes back');
isnt(worker(), '', 'as one can see');
{
	my $session = LedgerSession->new($node, 'second');

	is($session->query(submit_sql('main', 'a') . ';'), 'posted', 'a session is connected');
	ok(wait_for(sub { worker() eq '' }, 60), 'the workers end again');
	$node->safe_psql('postgres', 'ALTER DATABASE second ALLOW_CONNECTIONS false');
	is($session->query(submit_sql('main', 'a') . ';'), 'posted', 'it submits although nobody else may connect');
	$session->finish;
	$node->safe_psql('postgres', 'ALTER DATABASE second ALLOW_CONNECTIONS true');
}
is(rows($node, submit_sql('main', 'a'), 'second'), 'posted', 'the last submit in a database');
is(sqlstate($node, 'DROP DATABASE second'), '00000', 'which is dropped, since the worker ends while DROP DATABASE waits');
is_quiet($node);
my ($count, $lines) = server_errors($node);
my %expected = map { $_ => 1 } qw(22003 22004 22023 25001 25006 42501 54000 55P03 57014 57P01 57P02 57P03), map { $_->[1] } @cases;
is(join("\n", map { @{ $lines->{$_} } } grep { !$expected{$_} && $_ ne 'LG303' } sort keys %$count), '', 'no error but those that the calls promise');
$node->stop('fast');

# ------ there is room for one worker ------

my $small = new_node('small', conf => <<'END');
max_logical_replication_workers = 0
max_parallel_workers = 0
max_worker_processes = 1
END

$small->safe_psql('postgres', "SELECT ledger.create_ledger('main'), ledger.create_ledger('other');");
$small->safe_psql('postgres', 'CREATE DATABASE second');
$small->safe_psql('second', "CREATE EXTENSION ledger; SELECT ledger.create_ledger('main');");
{
	my $blocker = block($small, 'main');
	my $first = ask_and_block($small, 'first', submit_sql('main', 'blocked'));

	fails_with($small, submit_sql('main', 'a', "'no worker'"), '53000', qr/Nothing was posted/, 'there is no room for another worker', database => 'second');
	release($blocker);
	is(told($first), 'posted', 'the one that is there does its work');
	ok(wait_for(sub { worker($small) eq '' }, 60), 'and ends');
	is(stored($small, 'main', 'no worker', 'second'), 0, 'nothing was posted');
	is(rows($small, submit_sql('main', 'a', "'no worker'"), 'second'), 'posted', 'now there is room');
	ok(wait_for(sub { worker($small) eq '' }, 60), 'and again');
}

# ------ tables are locked or gone while requests wait ------

# One request is with the worker, which an open transaction blocks; one waits; a command waits for both.
sub command
{
	my ($sql, $what) = @_;
	my $blocker = block($small, 'main');
	my $first = ask_and_block($small, 'first', submit_sql('main', 'blocked', "'$what first'"));
	my $second = ask($small, 'second', submit_sql('other', 'a', "'$what second'"));
	my $command = start_session($small, 'command', undef, $sql);

	ok(wait_for(sub { waiting($small, 'command', 'Lock') == 1 }, 60), "$what waits");
	release($blocker);
	ok(wait_for(sub { has_ended($first) && has_ended($second) && has_ended($command) }, 20), "$what: everybody is answered soon");
	is(told($command), '', "$what is done");
	is(told($first), 'posted', "$what: what the worker had begun is posted");
	return told($second);
}

my $stands = qr/ERROR:  (40P01: the worker of ledger\.submit waits for this transaction\nDETAIL:  Nothing was posted|LG303: .*\nDETAIL:  The worker that has taken it waits)/;

like(command('VACUUM FULL ledger_data.ledger', 'VACUUM FULL'), $stands, 'VACUUM FULL: who stands in the way is told');
like(rows($small, submit_sql('other', 'a', "'VACUUM FULL second'")), qr/^(posted|replayed)$/, 'it is submitted again');
is(stored($small, 'other', 'VACUUM FULL second'), 1, 'and posted once');
is_sound($small, 'sound');
# it locks one thing after the other, so the request may get through before
like(command('DROP EXTENSION ledger CASCADE', 'DROP EXTENSION'), qr/^posted$|$stands/, 'DROP EXTENSION: who stands in the way is told');
$small->safe_psql('postgres', "CREATE EXTENSION ledger; SELECT ledger.create_ledger('main');");
is(rows($small, submit_sql('main', 'a')), 'posted', 'a new extension has a worker');
is_quiet($small);

# ------ without the library in shared_preload_libraries ------

$small->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$small->restart;
fails_with($small, submit_sql('main', 'a', "'not loaded'"), '55000', qr/needs the library to be preloaded\n(.*\n)?HINT:  .*ledger\.post/, 'without it there is no worker');
is(stored($small, 'main', 'not loaded'), 0, 'and nothing is posted');

done_testing();
