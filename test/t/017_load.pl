# ledger.load and ledger.post_from under what can happen to long work: the session is killed or cancelled in the middle,
# others post to the same accounts meanwhile. Every row is posted exactly once, what is all or nothing leaves nothing,
# and memory does not grow with the rows.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrash;
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

seed();
my $node = new_node('load', conf => <<'END' . ($^O eq 'linux' ? "recovery_init_sync_method = syncfs\n" : ''));
fsync = on
autovacuum = off
restart_after_crash = on
shared_buffers = 128MB
END

my $rows = 100_000;
my $batch = 5_000;

# Row n pays 1 to 50 from one of two accounts to one of a thousand, in one of two currencies.
$node->safe_psql('postgres', <<"END");
SELECT ledger.create_ledger('main');
SELECT ledger.open_account('main', 'credit:0', floor => NULL), ledger.open_account('main', 'credit:1', floor => NULL);
CREATE TABLE staging AS SELECT n, 'credit:' || n % 2 AS payer, 'acc:' || n % 1000 AS payee, 1 + n % 50 AS amount, (ARRAY['EUR', 'JPY'])[1 + n % 3 / 2] AS currency
	FROM generate_series(1, $rows) n;
CREATE TABLE refused (row_number bigint, code text, source text, idempotency_key text);
END

# The query: keys begin with a name; one row in so many is of someone without money. Later loads are of fewer rows.
sub query
{
	my ($name, $poor_every) = @_;
	my $source = $poor_every ? "CASE WHEN n % $poor_every = 0 THEN 'poor' ELSE payer END" : 'payer';

	return "SELECT $source AS source, payee AS destination, amount, currency AS asset, '$name ' || n AS idempotency_key FROM staging WHERE n <= $rows ORDER BY n";
}

sub load_sql
{
	my ($name, $poor_every, $more) = @_;
	return "CALL ledger.load('main', \$\$" . query($name, $poor_every) . "\$\$, batch_size => $batch" . ($more // '') . ')';
}

# What a load has told of: rows, posted, replayed, refused.
sub totals { return split(/\|/, rows($node, $_[0])) }

# A load in another session.
sub start_load
{
	my ($sql, @before) = @_;
	return start_session($node, 'loader', undef, @before, $sql);
}

# Wait until so many rows are done; what ledger.progress says then: pid, command, done, refused, rate.
sub wait_for_rows
{
	my ($least) = @_;
	my @progress;

	wait_for(sub { @progress = split(/\|/, rows($node, 'SELECT pid, command, done, refused, rate FROM ledger.progress')); @progress && $progress[2] >= $least }, 120)
		or BAIL_OUT("no $least rows are done");
	return @progress;
}

# How many records have keys like this.
sub stored
{
	my ($pattern) = @_;
	return rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = 'main' AND idempotency_key LIKE '$pattern'");
}

# What is wrong with what a load has stored, compared with its query row by row; and with all balances, compared with the
# sums of this query and others.
sub faults
{
	my ($name, $poor_every, @queries) = @_;
	my $queries = join(' UNION ALL ', map { "($_)" } query($name, $poor_every), @queries);

	return rows($node, <<"END");
SET enable_nestloop = off;
WITH q AS (@{[ query($name, $poor_every) ]}),
	s AS (SELECT idempotency_key, position FROM ledger.journal WHERE ledger = 'main' AND kind = 'transaction' AND idempotency_key LIKE '$name %'),
	e AS (SELECT transaction, address, asset, amount FROM ledger.entry WHERE ledger = 'main'),
	stored AS (SELECT s.idempotency_key, o.address AS source, i.address AS destination, i.amount, i.asset
		FROM s LEFT JOIN e o ON o.transaction = s.position AND o.amount < 0 LEFT JOIN e i ON i.transaction = s.position AND i.amount > 0),
	asked AS (SELECT idempotency_key, source, destination, amount, asset FROM q WHERE source <> 'poor')
SELECT 'lost or changed: ' || l::text FROM (TABLE asked EXCEPT ALL TABLE stored LIMIT 5) l
	UNION ALL SELECT 'stored, but not asked for: ' || m::text FROM (TABLE stored EXCEPT ALL TABLE asked LIMIT 5) m;
WITH q AS ($queries),
	expected AS (SELECT address, asset, sum(amount) AS amount FROM
			(SELECT source AS address, asset, -amount AS amount FROM q WHERE source <> 'poor' UNION ALL SELECT destination, asset, amount FROM q WHERE source <> 'poor') p
		GROUP BY 1, 2)
SELECT 'balance: ' || coalesce(x.address, b.address) || ' ' || coalesce(x.amount, 0) || ' ' || coalesce(b.balance, 0)
	FROM expected x FULL JOIN (SELECT * FROM ledger.balances('main') WHERE address LIKE 'acc:%' OR address LIKE 'credit:%') b USING (address, asset)
	WHERE coalesce(x.amount, 0) <> coalesce(b.balance, 0) LIMIT 5;
END
}

sub kill_server_process
{
	my ($pid, $what) = @_;
	my $offset = -s $node->logfile;

	ok(kill('KILL', $pid), "$what is killed");
	ok(wait_for(sub { slurp_file($node->logfile, $offset) =~ /reinitializing/ }, 60), 'the server restarts');
	$node->poll_query_until('postgres', 'SELECT 1', '1') or BAIL_OUT('no recovery');
	return;
}

# ------ load: killed in the middle ------

{
	my $load = start_load(load_sql('kill'));
	my ($pid, $command, $done, $refused, $rate) = wait_for_rows($batch);
	my ($same, undef, $more) = wait_for_rows($done + $batch);

	is($command, 'load', 'the load is seen at work');
	is($same, $pid, 'by its process number');
	is($pid, rows($node, "SELECT pid FROM pg_stat_activity WHERE application_name = 'loader'"), 'which is that of the session');
	cmp_ok($rate, '>', 0, "with a rate: $rate rows a second");
	is($refused, 0, 'and no refused rows');
	is($_ % $batch, 0, "and grows by batches: $_") foreach $done, $more;
	wait_for_rows(0.25 * $rows);
	kill_server_process($pid, 'the load');
	like(answer($load), qr/server closed the connection|terminating connection/, 'its client loses the connection');
	my $left = stored('kill %');
	cmp_ok($left, '>=', 0.25 * $rows - $batch, "what was committed is there: $left rows");
	cmp_ok($left, '<', $rows, 'the rest is not');
	is($left % $batch, 0, 'a batch is there or not');
	is(rows($node, 'SELECT count(*) FROM ledger.progress'), 0, 'no work is left to be seen');
	my @totals = totals(load_sql('kill'));
	is_deeply(\@totals, [ $rows, $rows - $left, $left, 0 ], 'called again it goes on where it ended');
	is(faults('kill'), '', 'every row is stored once, and balances are the sums of the query');
	is(stored('kill %'), $rows, 'as many as there are rows');
	is_deeply([ totals(load_sql('kill')) ], [ $rows, 0, $rows, 0 ], 'once more it has nothing to do');
	is_sound($node, 'sound');

	# the comparison notices what it is there for
	like(faults('kill', 3), qr/^stored, but not asked for: .*^balance: acc/ms, 'the comparison sees a row that was to be refused');
	like(faults('none'), qr/^lost or changed: /, 'and rows that are not there');
}

my $first = query('kill');
$rows = 60_000;

# ------ load: cancelled in the middle, while others post to the same accounts ------

{
	my $crowd = LedgerLoad->new(
		connstr => $node->connstr('postgres'),
		clients => 4,
		chunk => 100,
		request => sub {
			my ($client, $number) = @_;
			my ($from, $to) = map { 'acc:' . int(rand(1000)) } 1 .. 2;
			$to = 'acc:x' if $from eq $to;
			my $key = "crowd-$client-$number";

			return {
				key => $key,
				sql => "SELECT status FROM ledger.post('main', '$from', '$to', 1, 'EUR', '$key') \\gset",
				effect => join(', ', sort("$from -1.00", "$to 1.00"))
			};
		});
	my $load = start_load(load_sql('cancel', 0, ', commit_every => 2'));
	my $reached = 0;

	until ($reached || has_ended($load))
	{
		$crowd->run(0.1);
		my ($done) = rows($node, 'SELECT done FROM ledger.progress');
		$reached = length($done) && $done >= 0.25 * $rows;
	}
	ok($reached, 'the load is in the middle');
	rows($node, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'loader'");
	like(answer($load), qr/ERROR:  57014: /, 'it is cancelled');
	my $left = stored('cancel %');
	cmp_ok($left, '>', 0, "what was committed is there: $left rows");
	is($left % (2 * $batch), 0, 'by two batches');
	$load = start_load(load_sql('cancel', 0, ', commit_every => 2'));
	$crowd->run(0.1) until has_ended($load);
	is(answer($load), "$rows|" . ($rows - $left) . "|$left|0\nanswered\n", 'called again it goes on where it ended');
	$crowd->finish;
	note($crowd->summary);
	cmp_ok(scalar(keys %{ $crowd->{acknowledged} }), '>', 100, 'others have posted meanwhile');
	is_deeply({ %{ $crowd->{failed} }, %{ $crowd->{unknown} } }, {}, 'and were not refused');
	is(join("\n", grep { !/never asked for/ } $crowd->faults($node, 'main')), '', 'each of them once');
	# they moved money between the accounts: give it back
	rows($node, "SELECT count(*) FROM (SELECT ledger.reverse('main', position) FROM ledger.journal WHERE ledger = 'main' AND idempotency_key LIKE 'crowd-%' ORDER BY position DESC) r");
	is(faults('cancel', 0, $first), '', 'every row is stored once, and balances are the sums of the queries');
}

# ------ refused rows are collected, across commits and a crash ------

{
	my $sql = load_sql('poor', 7, ", on_refused => 'collect', refused_table => 'refused'");
	my $load = start_load($sql);
	my ($pid, undef, $done, $refused) = wait_for_rows(0.25 * $rows);

	is($refused, int($done / 7), 'progress tells of refused rows');
	kill_server_process($pid, 'the load');
	answer($load);
	my ($records, $collected) = (stored('poor %'), rows($node, 'SELECT count(*) FROM refused'));
	is(($records + $collected) % $batch, 0, "records and refused rows are of whole batches: $records and $collected");
	is($collected, int(($records + $collected) / 7), 'and of the same ones');
	is(rows($node, 'SELECT count(*) FROM refused WHERE row_number % 7 <> 0'), 0, 'only those that were to be refused');
	my $all = int($rows / 7);
	rows($node, 'TRUNCATE refused');
	is_deeply([ totals($sql) ], [ $rows, $rows - $all - $records, $records, $all ], 'called again: posted, replayed and refused rows');
	is(rows($node, "SELECT count(*), count(DISTINCT row_number), min(row_number), max(row_number), string_agg(DISTINCT code, ' '), string_agg(DISTINCT source, ' '), "
			. "count(*) FILTER (WHERE idempotency_key = 'poor ' || row_number AND row_number % 7 = 0) FROM refused"),
		"$all|$all|7|" . 7 * $all . "|LG201|poor|$all", 'each refused row is collected once');
	is(faults('poor', 7, $first, query('cancel')), '', 'every other row is stored once, and balances are the sums of the queries');
}

# ------ post_from: killed in the middle ------

{
	my $before = rows($node, 'SELECT count(*), (SELECT sum(abs(balance)) FROM ledger.balance) FROM ledger.journal');
	my $load = start_load("SELECT * FROM ledger.post_from('main', \$\$" . query('none') . "\$\$, batch_size => $batch)");
	my ($pid, $command) = wait_for_rows(0.25 * $rows);

	is($command, 'post_from', 'post_from is seen at work');
	is(stored('none %'), 0, 'nothing of it is seen yet');
	kill_server_process($pid, 'it');
	answer($load);
	is(rows($node, 'SELECT count(*), (SELECT sum(abs(balance)) FROM ledger.balance) FROM ledger.journal'), $before, 'it leaves nothing');
	is_sound($node, 'sound');
}

# ------ memory ------

# Bytes that the session has when its query comes to its last row.
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION memory_now() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('memory.used', (SELECT sum(total_bytes) FROM pg_backend_memory_contexts)::text, false);
	RETURN 'world';
END $$;
END

foreach my $case ([ 'stop', 0, '' ], [ 'collect', 5, ", on_refused => 'collect', refused_table => 'refused'" ])
{
	my ($name, $poor, $more) = @$case;
	my ($few, $many) = map {
		my $used = $node->safe_psql('postgres', <<"END");
SELECT FROM (SELECT ledger.create_ledger('memory_${name}_$_')) c;
SELECT count(*) FROM ledger.post_from('memory_${name}_$_', \$\$SELECT CASE WHEN n = $_ THEN memory_now() WHEN n % 10 < $poor THEN 'poor' ELSE 'world' END AS source,
	'acc:' || n % 1000 AS destination, 1 AS amount, 'EUR' AS asset FROM generate_series(1, $_) n\$\$$more);
SELECT current_setting('memory.used');
END
		(split(/\n/, $used))[-1];
	} 50_000, 200_000;

	cmp_ok($few, '>', 1_000_000, "$name: 50,000 rows take $few bytes");
	cmp_ok(abs($many - $few), '<', 5_000_000, "$name: 200,000 rows take $many");
}
is(rows($node, 'SELECT count(*), min(code), max(code) FROM refused WHERE source = \'poor\' AND idempotency_key IS NULL'), '124998|LG201|LG201', 'refused rows were collected');

is_quiet($node);
done_testing();
