# Posts in a prepared transaction stay undecided, and what they touch stays locked, across a crash.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrash;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('prepared', conf => "max_prepared_transactions = 10\n");

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('other');
SELECT ledger.post('main', 'world', a, 100, 'EUR') FROM unnest(ARRAY['alice', 'bob', 'carol', 'dave', 'erin']) a;
SELECT ledger.post('other', 'world', 'alice', 100, 'EUR');
END

my $prepare = <<'END';
BEGIN;
SELECT ledger.post('main', 'alice', 'bob', 10, 'EUR', 'to commit', 'reference');
SELECT ledger.post('main', 'world', 'opened:here', 5, 'JPY', 'opens');
SELECT ledger.post('main', 'alice', 'bob', 1, 'EUR');
PREPARE TRANSACTION 'to commit';
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT ledger.post('main', 'carol', 'dave', 20, 'EUR', 'to roll back');
SELECT ledger.freeze('main', 'carol');
PREPARE TRANSACTION 'to roll back';
END
is(sqlstate($node, $prepare), '00000', 'transactions with posts can be prepared');

my $before = rows($node, 'SELECT * FROM ledger.balance ORDER BY ledger, address, asset');
my %balance = map { $_ => rows($node, "SELECT ledger.balance('main', '$_', 'EUR')") } qw(alice bob carol dave);
is_deeply(\%balance, { map { $_ => '100.00' } qw(alice bob carol dave) }, 'nothing of them is to be seen');

# What prepared transactions hold: rows, keys, references, accounts being opened, and the ledger itself.
sub check_locks
{
	my ($when) = @_;
	my $wait = "SET lock_timeout = '100ms';\n";
	my %blocked = (
		'a post on a balance of theirs' => "ledger.post('main', 'world', 'bob', 1, 'EUR')",
		'a post on a balance of the other' => "ledger.post('main', 'carol', 'erin', 1, 'EUR')",
		'the same idempotency key' => "ledger.post('main', 'alice', 'bob', 10, 'EUR', 'to commit', 'reference')",
		'the key with other accounts' => "ledger.try_post('main', 'world', 'erin', 10, 'EUR', 'to roll back')",
		'the same reference' => "ledger.post('main', 'world', 'erin', 1, 'EUR', reference => 'reference')",
		'an account that is being opened' => "ledger.post('main', 'world', 'opened:here', 1, 'JPY')",
		'the same account for another asset' => "ledger.post('main', 'dave', 'opened:here', 1, 'EUR')",
		'freezing an account of theirs' => "ledger.freeze('main', 'bob')",
		'opening an account of theirs' => "ledger.open_account('main', 'opened:here')",
		'the ledger as a whole' => "ledger_data.lock_ledger(1, true)");

	foreach my $what (sort keys %blocked)
	{
		fails_with($node, "${wait}SELECT $blocked{$what}", '55P03', qr/lock timeout/, "$when: $what has to wait");
	}
	is(rows($node, "${wait}SELECT status FROM ledger.post('main', 'world', 'erin', 1, 'EUR')"), 'posted', "$when: others need not");
	is(rows($node, "${wait}SELECT status FROM ledger.post('other', 'world', 'alice', 1, 'EUR', 'to commit', 'reference')"),
		$when eq 'prepared' ? 'posted' : 'replayed', "$when: another ledger has keys of its own");
	is_sound($node, "$when: sound");
	return;
}

check_locks('prepared');
$node->stop('immediate');
try_start($node);
check_locks('after a crash');
kill_postmaster($node);
try_start($node);
is(rows($node, 'SELECT gid FROM pg_prepared_xacts ORDER BY gid'), "to commit\nto roll back", 'they are still there');

$node->safe_psql('postgres', "COMMIT PREPARED 'to commit'");
is(rows($node, "SELECT status, transaction = (SELECT position FROM ledger.journal WHERE ledger = 'main' AND reference = 'reference'), balances FROM ledger.post('main', 'alice', 'bob', 10, 'EUR', 'to commit', 'reference')"),
	'replayed|t|{"(alice,EUR,90.00,2)","(bob,EUR,110.00,2)"}', 'committed: the key is replayed');
is(rows($node, "SELECT ledger.balance('main', 'alice', 'EUR'), ledger.balance('main', 'bob', 'EUR'), ledger.balance('main', 'opened:here', 'JPY')"),
	'89.00|111.00|5', 'committed: its posts are there');
is(rows($node, "SELECT balances FROM ledger.post('main', 'alice', 'bob', 1, 'EUR')"), '{"(alice,EUR,88.00,4)","(bob,EUR,112.00,4)"}', 'committed: versions go on');

$node->safe_psql('postgres', "ROLLBACK PREPARED 'to roll back'");
is(rows($node, "SELECT status, balances FROM ledger.post('main', 'carol', 'dave', 30, 'EUR', 'to roll back')"),
	'posted|{"(carol,EUR,70.00,2)","(dave,EUR,130.00,2)"}', 'rolled back: the key is free, the account not frozen, no version used up');
is_sound($node, 'sound when both are decided');

is(rows($node, "SELECT count(*) FROM pg_locks WHERE pid IS DISTINCT FROM pg_backend_pid() AND locktype IN ('relation', 'advisory')"), '0', 'no locks are left');

# A prepared transaction has the end of a strict ledger's chain, until it is decided: others wait for it, also across a
# crash, and follow it then, or take its place. Readers and seal do not wait, nor do the other ledgers.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('strict', hashing => 'strict');
SELECT ledger.post('strict', 'world', 'alice', 100, 'EUR');
END
my $strict_locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 19532";
foreach my $decision ('COMMIT', 'ROLLBACK')
{
	my ($last) = split(/\|/, rows($node, "SELECT position FROM ledger.head('strict')"));
	my $next = $last + ($decision eq 'COMMIT' ? 3 : 1);

	is(sqlstate($node, <<'END'), '00000', "$decision: prepared in a strict ledger");
BEGIN;
SELECT ledger.post('strict', 'world', 'bob', 1, 'EUR');
SELECT ledger.append('strict', 'noted');
PREPARE TRANSACTION 'strict';
END
	foreach my $when ('prepared', 'after a crash')
	{
		if ($when ne 'prepared')
		{
			$node->stop('immediate');
			try_start($node);
		}
		is(rows($node, $strict_locks), '1', "$decision, $when: it has the end of the chain");
		fails_with($node, "SET lock_timeout = '100ms'; SELECT ledger.$_", '55P03', qr/lock timeout/, "$decision, $when: $_ has to wait")
			foreach "append('strict', 'other')", "post('strict', 'world', 'carol', 1, 'EUR')", "open_account('strict', 'dave')", "set_hashing('strict', 'off')";
		is(rows($node, "SET lock_timeout = '100ms'; SELECT ledger.tail('strict'), (SELECT max(position) FROM ledger.events('strict')), (SELECT position FROM ledger.head('strict'))"),
			"$last|$last|$last", "$decision, $when: readers do not wait and see what is committed");
	}
	is(rows($node, "SET lock_timeout = '100ms'; SELECT max(last_position) FROM ledger.seal('strict')"), $last, "$decision: seal does not wait");

	my $waiter = start_session($node, 'waiter', undef, "SELECT 'at ' || position FROM ledger.post('strict', 'world', 'carol', 1, 'EUR')");
	wait_for(sub { waiting($node, 'waiter', 'Lock', 'advisory') == 1 });
	$node->safe_psql('postgres', "$decision PREPARED 'strict'");
	like(answer($waiter), qr/at $next\b/, "$decision PREPARED: who waited gets the next position");
	is(rows($node, "SELECT count(*) FROM ledger.journal WHERE ledger = 'strict'"), $next, "$decision PREPARED: there are no gaps");
	is_sound($node, "$decision PREPARED: sound");
}
is(rows($node, $strict_locks), '0', 'nobody has the end of the chain');

# PREPARE of a transaction that has failed is a rollback.
is(sqlstate($node, <<'END'), 'LG201', 'a post is refused in a transaction to be prepared');
BEGIN;
SELECT ledger.post('main', 'world', 'bob', 1, 'EUR', 'gone');
SELECT ledger.post('main', 'bob', 'erin', 1000000, 'EUR');
PREPARE TRANSACTION 'gone';
END
is(rows($node, "SELECT count(*) FROM pg_prepared_xacts"), '0', 'nothing is prepared');
is(rows($node, "SELECT status FROM ledger.post('main', 'world', 'bob', 1, 'EUR', 'gone')"), 'posted', 'and its keys are free');
is_sound($node, 'sound at the end');

is_quiet($node);
done_testing();
