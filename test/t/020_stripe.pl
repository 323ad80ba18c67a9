# Balances in several rows: whatever sixteen sessions do to a few striped accounts with little money, while their stripes,
# limits and statuses are changed, no limit is ever passed, limits are shared without loss, and nothing deadlocks. The same
# after a crash, in a dump and on a standby. And what stripes are for: posting into one account goes on side by side.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerSession;
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

seed();
my $node = new_node('stripe', init => { allows_streaming => 1 }, conf => 'jit = off');

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.open_account('main', address, asset, floor => -50, stripes => 8) FROM unnest(ARRAY['a:1', 'a:2', 'a:3']) address, unnest(ARRAY['EUR', 'JPY']) asset;
SELECT ledger.open_account('main', 'sure', 'EUR', floor => 0, stripes => 8), ledger.open_account('main', 'taken', 'EUR', stripes => 3);
SELECT ledger.post('main', 'world', 'sure', 1000, 'EUR');
SELECT ledger.open_account('main', 'full', asset, floor => 0, ceiling => 120, stripes => 5) FROM unnest(ARRAY['EUR', 'JPY']) asset;
SELECT ledger.open_account('main', 'plain:' || n, asset, floor => -20) FROM generate_series(1, 2) n, unnest(ARRAY['EUR', 'JPY']) asset;
SELECT ledger.post('main', 'world', address, 20, asset) FROM unnest(ARRAY['a:1', 'a:2', 'a:3', 'full', 'plain:1', 'plain:2']) address, unnest(ARRAY['EUR', 'JPY']) asset;
END
my $ledger_id = rows($node, "SELECT id FROM ledger_data.ledger WHERE name = 'main'");

# ------ what is asked ------

my @accounts = ('a:1', 'a:2', 'a:3', 'a:1', 'a:2', 'full', 'plain:1', 'plain:2');
my @assets = ('EUR', 'EUR', 'JPY');

sub pick { return $_[ rand(@_) ] }
sub chance { my ($likely) = @_; return rand() < $likely }
sub amount { return chance(0.7) ? 1 + int(rand(6)) : 15 + int(rand(45)) }

# Two different accounts, one of them world at times: money comes in small parts, and goes in any.
sub posting
{
	my $kind = rand();
	my ($from, $to) = map { pick(@accounts) } 1 .. 2;

	$to = pick(@accounts) while $to eq $from;
	return ('world', $to, 1 + int(rand(16))) if $kind < 0.35;
	return ($from, $kind < 0.5 ? 'world' : $to, amount());
}

sub call { return 'ledger.' . (chance(0.4) ? 'try_' : '') . $_[0] }
sub array { return 'ARRAY[' . join(', ', @_) . ']' }
sub texts { return array(map { "'$_'" } @_) }

# One of the last records of some kinds, as the psql variable n.
sub choose
{
	my ($kinds) = @_;
	return sprintf("\\set n 0\nSELECT coalesce((SELECT position FROM ledger_data.journal WHERE ledger_id = %d AND kind IN (%s) AND NOT coalesce(metadata, '{}') ? 'sure' ORDER BY ledger_id DESC, position DESC OFFSET %d LIMIT 1), 0) AS n \\gset\n",
		$ledger_id, $kinds, rand(12));
}

# A chain through several striped accounts, there or back, that begins or ends outside.
sub chain
{
	my ($asset) = @_;
	my $amount = 1 + int(rand(12));
	my @way = ('a:1', 'a:2', 'a:3', pick('world', 'full', 'plain:1'));

	@way = reverse(@way) if chance(0.5);
	return array(map { "('$way[$_]', '$way[$_ + 1]', $amount, '$asset')" } 0 .. 2) . '::ledger.posting[]';
}

# Items of a batch: sources, destinations, amounts, asset, keys. Only the first has a key.
sub items
{
	my ($key, $asset) = @_;
	my @items = map { [posting()] } 1 .. 2 + int(rand(8));

	return join(', ', texts(map { $_->[0] } @items), texts(map { $_->[1] } @items), array(map { $_->[2] } @items),
		"'{$asset}'", array("'$key'", ('NULL') x $#items));
}

# What posts under a key: the expression that tells of it, the call, what is to be sent before, and its effect if that is known.
sub random_call
{
	my ($key, $repeatable) = @_;
	my $kind = rand();
	my ($from, $to, $amount) = posting();
	my $asset = pick(@assets);
	my $entries = sprintf($asset eq 'EUR' ? '%s %d.00' : '%s %d', $from, -$amount) . ', ' . sprintf($asset eq 'EUR' ? '%s %d.00' : '%s %d', $to, $amount);
	my $posting = "'main', '$from', '$to', $amount, '$asset'";
	my $status = 'coalesce(code, status)';

	$entries = join(', ', reverse(split(/, /, $entries))) if $to lt $from;
	return ($status, call('post') . "($posting, '$key')", '', $entries) if $kind < 0.32;
	return ($status, call('post_transaction') . "('main', " . chain($asset) . ", '$key')", '') if $kind < 0.46;
	if ($kind < 0.56)
	{
		my $expires = chance(0.5) ? sprintf("clock_timestamp() + interval '%d ms'", 20 + rand(300)) : 'NULL';
		return ($status, call('hold') . "($posting, $expires, '$key')", '');
	}
	return ('min(coalesce(code, status)) FILTER (WHERE nth = 1)', sprintf("ledger.post_batch('main', %s, atomic => %s) WITH ORDINALITY AS b(status, t, p, r, code, m, d, bs, am, v, nth)",
		items($key, $asset), pick('true', 'false')), '') if $kind < 0.64;
	return ($status, call('post') . "('main', '" . pick('a:1', 'a:2', 'full') . "', 'plain:1', " . pick('NULL', 30) . ", '$asset', '$key', up_to => true)", '') if $kind < 0.7;
	if ($kind < 0.77)
	{
		my $bounds = pick('0, 200', '-20, NULL', 'NULL, 40');
		return ($status, call('post') . "($posting, '$key', conditions => ARRAY[ledger.balance_between('" . pick($from, $to, 'a:3') . "', '$asset', $bounds)])", '');
	}
	if ($kind < 0.8)
	{
		my $rows = join(', ', map { my ($s, $d, $a) = posting(); "('$s', '$d', $a, " . ($_ == 1 ? "'$key'" : 'NULL') . ')' } 1 .. 12);
		my $query = "SELECT *, '$asset' AS asset FROM (VALUES $rows) v(source, destination, amount, idempotency_key)";

		return ("CASE posted + replayed WHEN 12 THEN 'posted' ELSE 'some' END", "ledger.post_from('main', \$q\$$query\$q\$)", '');
	}
	return random_call($key, 1) if $repeatable;
	return ($status, call('capture') . '(\'main\', :n' . (chance(0.4) ? ', 1, false' : '') . ", idempotency_key => '$key')", choose("'h'")) if $kind < 0.88;
	return ($status, call('void') . "('main', :n, '$key')", choose("'h'")) if $kind < 0.91;
	return ($status, call('reverse') . "('main', :n" . (chance(0.5) ? ', 1' : '') . ", idempotency_key => '$key')", choose("'t', 'c'"));
}

my $phase = 'calm';
my $counter = 0;

# A request: what is told as held or voided is as good as posted. Above READ COMMITTED it is tried again.
sub request
{
	my ($client, $number) = @_;
	my $key = "$phase-$client-$number";
	my ($status, $call, $before, $effect);

	if (++$counter % 12 == 0)
	{
		# several sessions send this one
		$key = "$phase-shared-" . int($counter / 48);
		($status, $call, $before) = ('status', "ledger.post('main', 'a:1', 'plain:2', 2, 'EUR', '$key')", '');
	}
	elsif ($phase eq 'calm' && chance(0.08))
	{
		# for each of the sixteen there is always as much, once it has given back what it took
		my $amount = 30 + int(rand(31));
		my $condition = pick('NULL', "ARRAY[ledger.balance_between('sure', 'EUR', 40, 1000)]");
		my $sql = "SELECT status FROM ledger.post('main', 'sure', 'taken', $amount, 'EUR', 'sure-$key', conditions => $condition, metadata => '{\"sure\": 1}') \\gset\n"
			. "\\if :ERROR\n\\else\nSELECT status FROM ledger.post('main', 'taken', 'sure', $amount, 'EUR', metadata => '{\"sure\": 1}') \\gset\n\\endif";

		return { key => "sure-$key", sql => $sql };
	}
	elsif ($phase ne 'crash' && chance(0.02))
	{
		$key = "none-$key";
		($status, $call, $before) = ("'done'", "ledger.expire_holds('main')", '');
	}
	else
	{
		($status, $call, $before, $effect) = random_call($key, $phase eq 'crash');
	}
	my $send = "SELECT CASE s WHEN 'held' THEN 'posted' WHEN 'voided' THEN 'posted' ELSE s END AS status FROM (SELECT $status AS s FROM $call) r \\gset\n";
	my $retry = $phase eq 'mixed' ? "\\if :ERROR\n$before$send\\if :ERROR\n$before$send\\endif\n\\endif" : '';

	return { key => $key, sql => "$before$send$retry", effect => $effect };
}

# What changes stripes, limits and statuses, without an end.
sub administer
{
	my ($client, $number) = @_;
	my $asset = pick("'EUR'", "'JPY'");
	my $address = pick('a:1', 'a:2', 'a:3');
	my $call = pick(
		sprintf("ledger.set_stripes('main', '$address', $asset, %d)", 1 + rand(12)),
		sprintf("ledger.set_stripes('main', '%s', %s, %d)", pick('world', 'plain:2', 'full'), pick('NULL', $asset), 1 + rand(12)),
		sprintf("ledger.set_stripes('main', 'sure', 'EUR', %d)", 1 + rand(12)),
		(sprintf("ledger.set_limits('main', '$address', $asset, %d, NULL)", -rand(100))) x 2,
		"ledger.set_limits('main', '$address', $asset, NULL, NULL)",
		sprintf("ledger.set_limits('main', '%s', $asset, %d, %s)", pick('full', 'plain:2'), -rand(30), pick('NULL', 100 + int(rand(100)))),
		"ledger.freeze('main', 'a:3'), ledger.unfreeze('main', 'a:3')");
	my $pause = "SELECT pg_sleep(0.02) \\g /dev/null\n";

	# not for long: without a floor, money goes
	$call .= " \\g /dev/null\nSELECT 'done' AS status FROM (SELECT ledger.set_limits('main', '$address', $asset, least(trunc(available) - 10, 0), NULL) FROM ledger.balance "
		. "WHERE ledger = 'main' AND address = '$address' AND asset = $asset) s" if $call =~ /NULL, NULL/;
	$call = "ledger.freeze('main', 'a:3') \\g /dev/null\n${pause}SELECT 'done' AS status FROM ledger.unfreeze('main', 'a:3')" if $call =~ /unfreeze/;
	return { key => "admin-$phase-$number", sql => "SELECT 'done' AS status FROM $call \\gset\n$pause" };
}

# ------ what must be true ------

# Rows that there must never be.
my %watch = (
	# balances that do not sum to zero, or are beyond their limits
	sums => <<'END',
SELECT 'sum', asset, sum(balance) FROM ledger.balance WHERE ledger = 'main' GROUP BY 2 HAVING sum(balance) <> 0
UNION ALL SELECT 'limit', address || ' ' || asset, available FROM ledger.balance
	WHERE ledger = 'main' AND (available < floor OR balance + held_in > ceiling)
END
	# stripes beyond their shares
	shares => <<"END",
SELECT 'share', k.address, k.asset_id, k.stripe FROM ledger_data.held k
	WHERE k.ledger_id = $ledger_id AND (k.inflow - k.outflow - k.held_out < k.floor OR k.inflow - k.outflow + k.held_in > k.ceiling)
END
	# stripes that are missing, or not alike
	stripes => <<"END");
SELECT 'stripes', address, asset_id FROM ledger_data.balance WHERE ledger_id = $ledger_id
	GROUP BY 2, 3 HAVING count(DISTINCT coalesce(stripes, 0)) > 1 OR count(DISTINCT status) > 1 OR count(DISTINCT own_limits) > 1 OR count(DISTINCT floor IS NULL) > 1
		OR count(*) FILTER (WHERE stripe BETWEEN 1 AND stripes) <> coalesce(max(stripes), 0) OR count(*) FILTER (WHERE stripe = 0) <> 1
END

# What the shares of each limit sum to, where that is not what was set last.
sub limit_faults
{
	my ($at, $database) = @_;
	return rows($at, <<"END", $database);
SELECT s.address, a.code, s.floor, l.payload FROM
	(SELECT address, asset_id, sum(floor) AS floor, sum(ceiling) AS ceiling FROM ledger_data.balance WHERE ledger_id = $ledger_id GROUP BY 1, 2) s
	JOIN ledger_data.asset a ON a.id = s.asset_id
	LEFT JOIN LATERAL (SELECT payload FROM ledger.journal WHERE ledger = 'main' AND payload->>'address' = s.address AND payload->>'asset' = a.code
		AND payload->>'change' IN ('open', 'limits') ORDER BY position DESC LIMIT 1) l ON true
	WHERE (s.floor, s.ceiling) IS DISTINCT FROM ((l.payload->>'floor')::numeric, (l.payload->>'ceiling')::numeric);
END
}

# Keep everybody busy for so many seconds.
sub keep_busy
{
	my ($seconds, @loads) = @_;
	my $end = time() + $seconds;

	while (time() < $end)
	{
		$_->poll(0) foreach @loads;
		sleep(0.01);
	}
	return;
}

# The same while one session looks: it sees nothing that must not be.
sub watch
{
	my ($seconds, @loads) = @_;
	my $session = LedgerSession->new($node);
	my $end = time() + $seconds;
	my $looks = 0;
	my %seen;

	$session->query("PREPARE $_ AS $watch{$_};") foreach sort keys %watch;
	while (time() < $end)
	{
		keep_busy(0.03, @loads);
		$seen{$_}++ foreach split(/\n/, $session->query("BEGIN ISOLATION LEVEL REPEATABLE READ;\nEXECUTE sums;\nEXECUTE shares;\nEXECUTE stripes;\nCOMMIT;"));
		$looks++;
	}
	$session->finish;
	$_->finish foreach @loads;
	is(join("\n", sort keys %seen), '', "$phase: no limit was passed at any time");
	cmp_ok($looks, '>', 3, "$phase: and that was looked at often: $looks times");
	return;
}

# The errors that the server has logged since an offset are those that the calls promise, and these did occur.
sub is_expected
{
	my ($offset, $more, @occur) = @_;
	my ($count, $lines) = server_errors($node, $offset);
	my %expected = map { $_ => 1 } qw(LG005 LG006 LG119 LG201 LG202 LG203 LG207 LG211 LG212 LG213 LG221 LG222 LG401), @$more;

	note("$phase: ", join(', ', map { "$_ $count->{$_}" } sort keys %$count));
	is(join("\n", map { @{ $lines->{$_} } } grep { !$expected{$_} } sort keys %$lines), '', "$phase: no deadlock, and no error but those that the calls promise");
	cmp_ok($count->{$_} // 0, '>', 0, "$phase: $_ did occur") foreach @occur;
	return;
}

# Nothing is wrong with the ledger, or its limits.
sub is_right
{
	my ($name, $at, $database) = @_;

	$at //= $node;
	is(rows($at, "SET client_min_messages = warning; SELECT v::text FROM ledger.verify() v; " . join('; ', map { $watch{$_} } sort keys %watch), $database), '', "$name: sound");
	is(limit_faults($at, $database), '', "$name: the shares of each limit sum to what was set last");
	return;
}

# What clients were told is stored, exactly once, and nothing else.
sub is_told
{
	my ($load, $name) = @_;
	note($load->summary);
	is(join("\n", $load->faults($node, 'main')), '', "$name: stored is what was acknowledged, exactly once, and nothing that was refused");
	is(scalar(keys %{ $load->stored($node, 'main') }), scalar(keys %{ $load->{acknowledged} }), "$name: as many are stored as were acknowledged");
	return;
}

# ------ under load ------

# By phase and client: settings of the session.
sub connstr
{
	my ($client) = @_;
	my @options = $phase ne 'mixed' ? ()
		: $client % 2 ? ('synchronous_commit=off', 'ledger.early_lock_release=on')
		: ('default_transaction_isolation=' . ($client % 4 ? 'serializable' : 'repeatable\\\\ read'));

	return $node->connstr('postgres') . " options='" . join(' ', map { "-c $_" } @options) . "'";
}

my $load = LedgerLoad->new(connstr => \&connstr, request => \&request);
my $admin = LedgerLoad->new(connstr => $node->connstr('postgres'), request => \&administer, clients => 1, chunk => 10);

my $offset = -s $node->logfile;
watch(8, $load, $admin);
is_right('calm');
is_expected($offset, [], qw(LG201 LG202 LG203 LG401));
cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 1000, 'posted a lot');
my %administered;
$administered{$_}++ foreach values %{ $admin->{failed} };
note('administered: ', join(', ', map { "$_ $administered{$_}" } sort keys %administered));
cmp_ok($administered{done} // 0, '>', 30, 'while stripes, limits and statuses were changed');
is_told($load, 'calm');
my @sure = grep { /^sure/ } keys %{ $load->{failed} };
is(join(', ', map { "$_ $load->{failed}{$_}" } @sure), '', 'what there is was never refused');
cmp_ok(scalar(grep { /^sure/ } keys %{ $load->{acknowledged} }), '>', 50, 'and it was asked for often');

$phase = 'mixed';
$offset = -s $node->logfile;
watch(4, $load, $admin);
is_right('mixed');
is_expected($offset, ['40001'], '40001');
is_told($load, 'mixed');

# ------ after a crash ------

$phase = 'crash';
foreach my $round (1 .. 2)
{
	keep_busy(1, $load, $admin);
	if ($round == 1) { kill_postmaster($node) }
	else { $node->stop('immediate') }
	$_->poll(1) foreach $load, $admin;
	try_start($node);
	is_right("after crash $round");
}
keep_busy(0.5, $load, $admin);
$_->finish foreach $load, $admin;
cmp_ok(scalar(keys %{ $load->{unknown} }), '>', 0, 'clients lost their connection in the middle of it');
is(join("\n", $load->faults($node, 'main')), '', 'what was acknowledged is stored after crashes');
is($load->resolve->{unknown} // 0, 0, 'and every unknown request is resolved by sending it again');
is_told($load, 'after crashes');
is_right('after all was sent again');

# ------ elsewhere ------

my $rows = 'SELECT address, asset_id, stripe, stripes, own_limits, status, floor, ceiling, held_in, held_out, version, inflow, outflow FROM ledger_data.balance ORDER BY ledger_id, id';
my $folder = PostgreSQL::Test::Utils::tempdir();

# The same rows there.
sub is_same
{
	my ($at, $database, $name) = @_;

	is(rows($at, $rows, $database), rows($node, $rows), "$name: every stripe with its limits is there");
	is_right($name, $at, $database);
	return;
}

# And posting goes on: a condition is on all that there is, and all of it can be taken, in parts, and not more. The same of an
# account all whose money is where it was before there were stripes.
sub can_be_emptied
{
	my ($at, $database, $name) = @_;

	foreach my $address ('a:1', 'plain:1')
	{
		my $posting = sub
		{
			my ($from, $to, $amount, $conditions) = @_;
			return rows($at, "SELECT coalesce(code, status) FROM ledger.try_post('main', '$from', '$to', $amount, 'EUR'" . ($conditions // '') . ')', $database);
		};
		$at->safe_psql($database, "SELECT ledger.post('main', 'world', '$address', 100.03, 'EUR'); "
			. "SELECT ledger.set_limits('main', '$address', 'EUR', least(trunc(available), 0) - 77, NULL) FROM ledger.balance WHERE ledger = 'main' AND address = '$address' AND asset = 'EUR';"
			. "SELECT ledger.set_stripes('main', '$address', 'EUR', 7);");
		my ($balance, $room) = split(/\|/, rows($at, "SELECT balance, available - floor FROM ledger.balance WHERE ledger = 'main' AND address = '$address' AND asset = 'EUR'", $database));
		my $between = sub { ", conditions => ARRAY[ledger.balance_between('$address', 'EUR', $_[0], $_[0])]" };

		is($posting->('world', $address, '0.01', $between->($balance)), 'LG401', "$name, $address: a condition that does not hold");
		is($posting->('world', $address, '0.01', $between->("$balance + 0.01")), 'posted', "$name, $address: one that does");
		is($posting->($address, 'world', "$room + 0.02"), 'LG201', "$name, $address: no more than there is");
		is($posting->($address, 'world', "$room - 50"), 'posted', "$name, $address: a part");
		is($posting->($address, 'world', '50.01'), 'posted', "$name, $address: the rest");
	}
	is_right($name, $at, $database);
	return;
}

command_ok([ 'pg_dump', '-Fc', '-d', $node->connstr('postgres'), '-f', "$folder/dump" ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '-e', '-d', $node->connstr('restored'), "$folder/dump" ], 'pg_restore');
is_same($node, 'restored', 'restored');
can_be_emptied($node, 'restored', 'restored');

$phase = 'standby';
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
keep_busy(0.5, $load, $admin);
$_->finish foreach $load, $admin;
$node->wait_for_catchup($standby);
is_same($standby, 'postgres', 'standby');
$standby->promote;
can_be_emptied($standby, 'postgres', 'promoted');
$standby->stop;

# ------ side by side ------

# Eight sessions post into one account of a ledger for a while, and keep their locks for some milliseconds; how many
# posted, and how often one had to wait for a balance.
sub side_by_side
{
	my ($ledger, $stripes) = @_;

	$node->safe_psql('postgres', "SELECT ledger.create_ledger('$ledger'); SELECT ledger.open_account('$ledger', 'hot', 'EUR', floor => 0, stripes => $stripes);");
	my $posting = LedgerLoad->new(
		connstr => $node->connstr('postgres'),
		clients => 8,
		request => sub {
			my ($client, $number) = @_;
			my $sql = "BEGIN;\nSELECT status FROM ledger.post('$ledger', 'world', 'hot', 1, 'EUR', '$client-$number') \\gset\nSELECT pg_sleep(0.005) \\g /dev/null\nCOMMIT;";
			return { key => "$client-$number", sql => $sql, effect => 'hot 1.00, world -1.00' };
		});
	$posting->run(1.2);
	$posting->finish;
	is(join("\n", $posting->faults($node, $ledger)), '', "$ledger: stored is what was acknowledged");
	return (scalar(keys %{ $posting->{acknowledged} }), rows($node, "SELECT balance_waits FROM ledger.stats WHERE ledger = '$ledger'"));
}

my ($one, $one_waits) = side_by_side('one', 1);
my ($many, $many_waits) = side_by_side('many', 16);
note("one row: $one posts, $one_waits waits; 16 stripes: $many posts, $many_waits waits");
cmp_ok($one_waits, '>', $one / 4, 'posts into one row wait for one another');
cmp_ok($many_waits, '<', $many / 20, 'into stripes they do not');
is(rows($node, "SELECT hot_balances FROM ledger.stats WHERE ledger = 'one'"), '{"hot EUR"}', 'ledger.stats names what is waited for');
is(rows($node, "SELECT hot_balances FROM ledger.stats WHERE ledger = 'many'"), '{}', 'and nothing that is not');

is_quiet($node);
done_testing();
