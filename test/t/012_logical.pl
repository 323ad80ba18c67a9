# Logical decoding sees what is posted, a subscriber gets a sound copy, and where a publication forbids updates posting
# says so.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerLoad;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('publisher', init => { allows_streaming => 'logical' });

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_asset('BTC', 8);
SELECT ledger.post('main', 'world', 'users:' || n, 1000, 'EUR', 'key ' || n) FROM generate_series(1, 50) n;
CREATE ROLE app;
SELECT ledger.grant_access('app', 'post', 'main');
END

SKIP:
{
	skip 'test_decoding is not installed', 4
		if sqlstate($node, "SELECT pg_create_logical_replication_slot('decoded', 'test_decoding')") ne '00000';
	my $changes = "SELECT data FROM pg_logical_slot_get_changes('decoded', NULL, NULL, 'include-xids', '0') WHERE data LIKE 'table ledger_data.%'";

	$node->safe_psql('postgres', "SELECT ledger.post('main', 'users:1', 'users:2', 3, 'EUR', 'decoded')");
	my @changes = map { s/^table ledger_data\.(\w+: \w+):.*/$1/r } my @rows = split /\n/, rows($node, $changes);
	is_deeply(\@changes, [ 'balance: UPDATE', 'balance: UPDATE', 'entry: INSERT', 'entry: INSERT', 'journal: INSERT' ], 'a post is decoded, row by row');
	like(join(' ', @rows), qr/address\[text\]:'users:1'.*outflow\[numeric\]:3\.00/, 'with the new values');
	like(join(' ', @rows), qr/idempotency_key\[text\]:'decoded'/, 'and its key');

	$node->safe_psql('postgres', <<'END');
BEGIN;
SELECT ledger.post('main', 'users:1', 'users:2', 4, 'EUR', 'undone');
ROLLBACK;
BEGIN;
SELECT ledger.post('main', 'world', 'opened:1', 1, 'EUR');
SAVEPOINT s;
SELECT ledger.post('main', 'world', 'opened:2', 1, 'EUR');
ROLLBACK TO s;
SELECT ledger.try_post('main', 'users:1', 'opened:3', 1000000, 'EUR');
COMMIT;
END
	my $decoded = rows($node, $changes);
	is(join(' ', map { scalar(() = $decoded =~ /$_/g) } 'undone', 'journal: INSERT', "balance: INSERT.*'opened:1'", 'opened:2'), '0 1 1 0', 'what was rolled back is not decoded');
	$node->safe_psql('postgres', "SELECT pg_drop_replication_slot('decoded')");
}

# A publication that could not publish updates makes posting fail, rather than the copy.
my $post = "SELECT status FROM ledger.post('main', 'world', 'users:1', 1, 'EUR')";
$node->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE ledger_data.balance; ALTER TABLE ledger_data.balance REPLICA IDENTITY NOTHING');
fails_with($node, $post, '55000', qr/cannot update table "balance".*replica identity/s, 'a table without replica identity');
fails_with($node, "SELECT ledger.freeze('main', 'users:1')", '55000', qr/cannot update table "balance"/, 'for what is written by SQL, too');
$node->safe_psql('postgres', 'ALTER TABLE ledger_data.balance REPLICA IDENTITY FULL');
is(rows($node, $post), 'posted', 'posting with REPLICA IDENTITY FULL');
$node->safe_psql('postgres', 'ALTER TABLE ledger_data.balance REPLICA IDENTITY USING INDEX balance_address_key');
is(rows($node, $post), 'posted', 'posting with another index as identity');
$node->safe_psql('postgres', 'ALTER TABLE ledger_data.balance REPLICA IDENTITY DEFAULT; DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLE ledger_data.balance WHERE (version > 0)');
fails_with($node, $post, '42P10', qr/cannot update table "balance"/, 'a row filter on what is no identity');
$node->safe_psql('postgres', 'DROP PUBLICATION p');
is(rows($node, $post), 'posted', 'posting without');

# A subscriber: the extension is created there, its data comes by replication.
$node->safe_psql('postgres', 'CREATE PUBLICATION ledger FOR TABLE ledger_data.ledger, ledger_data.access, ledger_data.account, '
	. 'ledger_data.balance, ledger_data.journal, ledger_data.entry, ledger_data.asset WHERE (id >= 1000)');
my $subscriber = new_node('subscriber');
my $connstr = $node->connstr('postgres') =~ s/'/''/gr;
$subscriber->safe_psql('postgres', "CREATE ROLE app; CREATE SUBSCRIPTION ledger CONNECTION '$connstr' PUBLICATION ledger");
$subscriber->poll_query_until('postgres', "SELECT count(*) = 7 AND bool_and(srsubstate IN ('r', 's')) FROM pg_subscription_rel") or die 'no initial copy';

my $load = LedgerLoad->new(
	connstr => $node->connstr('postgres'),
	clients => 4,
	request => sub {
		my ($client, $number) = @_;
		my $key = "c$client-$number";
		my ($from, $amount) = ('users:' . (1 + int(rand(25))), 1 + int(rand(20)));
		my $to = rand() < 0.8 ? 'users:' . (26 + int(rand(25))) : "new:$key";
		return { key => $key, sql => "SELECT status FROM ledger.post('main', '$from', '$to', $amount, 'EUR', '$key') \\gset", effect => join(', ', sort "$from -$amount.00", "$to $amount.00") };
	});
$load->run(1);
$load->finish;
$node->safe_psql('postgres', "SELECT ledger.create_ledger('late'); SELECT ledger.post('late', 'world', 'a', 1, 'BTC'); SELECT ledger.freeze('main', 'users:1')");
$node->wait_for_catchup('ledger');

cmp_ok(scalar(keys %{ $load->{acknowledged} }), '>', 100, 'clients posted meanwhile');
is(join("\n", grep { !/never asked/ } $load->faults($subscriber, 'main')), '', 'the subscriber has what was acknowledged');
is_sound($subscriber, 'and is sound');
foreach my $table (qw(ledger access account balance journal entry asset))
{
	my $query = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM ledger_data.$table t";
	is(rows($subscriber, $query), rows($node, $query), "$table is the same");
}
is(rows($subscriber, "SELECT ledger.balance('late', 'a', 'BTC')"), '1.00000000', 'it reads what was made meanwhile');

# Rights that are taken away there must be gone here, in sessions that have used them, too.
$subscriber->safe_psql('postgres', "SELECT ledger_data.sync_privileges('app')");
my $session = $subscriber->background_psql('postgres', on_error_stop => 0);
is($session->query("SET ROLE app; SELECT ledger.balance('main', 'users:1', 'EUR') IS NOT NULL"), 't', 'a session with a right');
$node->safe_psql('postgres', "SELECT ledger.revoke_access('app', 'read', 'main')");
$node->wait_for_catchup('ledger');
unlike($session->query("SELECT ledger.balance('main', 'users:1', 'EUR')") // '', qr/\d/, 'has it no longer when it is revoked on the publisher');
$session->quit;

is_sound($node, 'the publisher is sound');
is_quiet($_) foreach $node, $subscriber;
done_testing();
