# Many sessions that send random requests of every kind to one ledger at once, and what must be true in the end. Every
# request has a key of its own, or one that all sessions use for the same request.
package LedgerCrowd;

use strict;
use warnings;

use IPC::Run ();
use LedgerBooks;
use LedgerSql;
use PostgreSQL::Test::Utils;

my $ledger = 'crowd';
my @addresses = ('world', 'a:1', 'a:2', 'a:3', 'a:4', 'full', 'credit', 'frozen');
my @assets = ('EUR', 'JPY');

# node; sessions; requests: how many each of them sends.
sub new
{
	my ($class, %self) = @_;
	my $books = LedgerBooks->new(assets => { EUR => 2, JPY => 0 }, order => \@assets);
	my $self = bless { sessions => 8, requests => 500, sql => LedgerSql->new($ledger, $books), keys => {}, expired => 0, %self }, $class;

	$self->{node}->safe_psql('postgres', <<"END");
SELECT ledger.create_ledger('$ledger');
SELECT ledger.open_account('$ledger', 'full', ceiling => 300, stripes => 3), ledger.open_account('$ledger', 'credit', floor => -100, stripes => 2),
	ledger.open_account('$ledger', 'a:2', stripes => 4), ledger.open_account('$ledger', 'frozen');
SELECT ledger.post('$ledger', 'world', address, 100, asset)
	FROM unnest(ARRAY['a:1', 'a:2', 'a:3', 'a:4', 'full', 'credit', 'frozen']) address, unnest(ARRAY['EUR', 'JPY']) asset;
END
	$self->{before} = $self->{node}->safe_psql('postgres', "SELECT max(position) FROM ledger.journal WHERE ledger = '$ledger'");
	return $self;
}

sub pick { return $_[ rand(@_) ] }
sub chance { my ($likely) = @_; return rand() < $likely ? 1 : 0 }

sub posting
{
	my ($from, $to) = (pick(@addresses), pick(@addresses));

	$to = pick(@addresses) while $to eq $from;
	my $all = chance(0.05) && $from ne 'world';
	return { source => $from, destination => $to, asset => pick(@assets), amount => $all ? undef : 1 + int(rand(40)), up_to => $all || chance(0.1) };
}

sub postings { my ($most) = @_; return [ map { posting() } 1 .. 1 + int(rand($most)) ] }

# One of the latest of something, as the variable tx.
sub choose
{
	my ($column, $from, $where) = @_;

	return "SELECT coalesce((array_agg($column))[1 + floor(random() * count(*))], 0) AS tx FROM " .
		"(SELECT $column FROM ledger.$from WHERE ledger = '$ledger' AND $where ORDER BY $column DESC LIMIT 10) latest \\gset";
}

# A random call: requests without keys, and what has to be sent before.
sub request
{
	my $kind = rand();

	return ({ batch => 0, requests => [ { kind => 'transaction', postings => postings(chance(0.7) ? 1 : 4) } ] }) if $kind < 0.22;
	if ($kind < 0.37)
	{
		my @requests = map { { kind => 'transaction', postings => postings(1), linked => chance(0.3) } } 1 .. 2 + int(rand(12));

		$requests[-1]{linked} = 0;
		return ({ batch => 1, atomic => chance(0.2), requests => \@requests });
	}
	return ({ batch => 0, requests => [ { kind => 'hold', postings => postings(chance(0.6) ? 1 : 3), expires => chance(0.3) ? 'brief' : undef } ] }) if $kind < 0.57;
	return ({ batch => 0, requests => [ { kind => 'reversal', of => 'x' } ] }, choose('position', 'journal', "kind IN ('transaction', 'capture', 'reversal')")) if $kind < 0.7;
	if ($kind < 0.78)
	{
		# what was read is still so, or nothing happens; and what comes of it is within bounds
		my $posting = posting();
		my @of = (address => $posting->{source}, asset => $posting->{asset});

		return ({ batch => 0, requests => [ { kind => 'transaction', postings => [$posting] } ],
			conditions => [ { kind => 'balance_between', @of, low => undef, high => $posting->{asset} eq 'EUR' ? 15000 : 150 }, { kind => 'at_version', @of, version => ':version' } ] },
			"SELECT coalesce(max(version), 0) AS version FROM ledger.balance WHERE ledger = '$ledger' AND address = '$posting->{source}' AND asset = '$posting->{asset}' \\gset");
	}
	my $hold = choose('hold', 'hold', "status = 'open'");
	return ({ batch => 0, requests => [ { kind => 'void', of => 'x' } ] }, $hold) if $kind < 0.83;
	return ({ batch => 0, requests => [ { kind => 'capture', of => 'x', final => chance(0.5), amount => chance(0.4) ? 1 + int(rand(5)) : undef } ] }, $hold);
}

# A call that changes something else, and needs no key.
sub administer
{
	my ($self) = @_;
	my $limit = 120 + int(rand(120));

	return pick(
		"ledger.expire_holds('$ledger', " . pick(1, 1000) . ')', "ledger.expire_holds('$ledger')",
		"ledger.freeze('$ledger', 'frozen')", ("ledger.unfreeze('$ledger', 'frozen')") x 4,
		"ledger.set_limits('$ledger', 'full', NULL, 0, $limit)", "ledger.set_limits('$ledger', 'credit', 'EUR', -$limit, NULL)");
}

# The script of one session. All of them send the same request at the same places, under the same key.
sub script
{
	my ($self, $session, $shared) = @_;
	my @lines = (split(/\n/, LedgerSql::preamble()), "SELECT setseed(0.$session) AS seed \\gset");

	push @lines, "SET default_transaction_isolation = 'repeatable read';" if $session >= 7;
	foreach my $number (1 .. $self->{requests})
	{
		my $id = "$session-$number";

		push @lines, "\\set told ''", "\\set version ''";
		if (chance(0.08))
		{
			push @lines, $self->{sql}->query($self->administer);
		}
		else
		{
			my ($call, @before) = $shared->{$number} ? @{ $shared->{$number} } : request();
			my @requests = @{ $call->{requests} };

			foreach my $i (0 .. $#requests)
			{
				$requests[$i]{label} = $i;
				$requests[$i]{key} = $shared->{$number} ? "shared-$number" : "$id-$i";
				push @{ $self->{keys}{$id} }, $requests[$i]{key};
			}
			$call->{conditions} //= [];
			push @lines, "SELECT clock_timestamp() + random() * interval '0.2 s' AS brief \\gset" if ($requests[0]{expires} // '') eq 'brief';
			push @lines, @before, $self->{sql}->call($call);
		}
		push @lines, "\\echo =$id :SQLSTATE :version", '\echo :told';
	}
	return join("\n", @lines) . "\n";
}

# Send everything, and take in what each session was told.
sub run
{
	my ($self, $folder) = @_;
	my %shared = map { $_ => [ { batch => 0, requests => [ { kind => 'transaction', postings => postings(2) } ] } ] } grep { chance(0.1) } 1 .. $self->{requests};
	my @running;

	foreach my $session (1 .. $self->{sessions})
	{
		my $base = "$folder/crowd$session";

		open(my $file, '>', "$base.sql") or die "$base.sql: $!";
		print $file $self->script($session, \%shared);
		close($file);
		push @running, [ $base, IPC::Run::start([ 'psql', '-XAtq', '-d', $self->{node}->connstr('postgres'), '-f', "$base.sql" ],
			'<', \undef, '>', "$base.out", '2>', "$base.err", IPC::Run::timeout(180)) ];
	}
	foreach my $running (@running)
	{
		my ($base, $harness) = @$running;

		$harness->finish;
		$self->collect($_) foreach split(/^=/m, slurp_file("$base.out"));
	}
	return;
}

# Take in the answer to one call.
sub collect
{
	my ($self, $answer) = @_;
	my ($head, @told) = split(/\n/, $answer);
	my ($id, $code, $version) = split(/ /, $head // return);
	my $keys = $self->{keys}{$id};

	$self->{seen}{$code}++ if $code ne '00000';
	if (!$keys)
	{
		$self->{expired} += $1 if ($told[0] // '') =~ /^(\d+)$/;
		return;
	}
	foreach my $i (0 .. $#told)
	{
		my ($status, $number, $refused, $balances) = split(/\|/, $told[$i]);

		$self->{seen}{ $refused ne '-' ? $refused : $status }++;
		push @{ $self->{ $status eq 'replayed' ? 'replayed' : 'done' }{ $keys->[$i] } }, $number if $status ne 'rejected';
		next if $status !~ /^(posted|held|voided)$/;
		my @states = $balances =~ /"\(([^)]+)\)"/g;
		# of what is striped, and only of that, nothing is told
		push @{ $self->{told_wrong} }, map { "told of $_" } grep { /,,$/ xor /^(?:world|full|credit|a:2),/ } @states;
		push @{ $self->{states} }, grep { !/,,$/ } @states;
		next unless length($version // '');
		my ($balance, $after) = (split(/,/, $states[0]))[ 2, 3 ];
		push @{ $self->{told_wrong} }, "condition did not hold: $keys->[$i] on version $version made $states[0]" if $after != $version + 1 || $balance > 150;
	}
	return;
}

# What was told, as SQL: keys with numbers, and states of balances.
sub rows_of
{
	my (@rows) = @_;
	return 'VALUES ' . join(', ', map { '(' . join(', ', map { LedgerSql::quote($_) } @$_) . ')' } @rows);
}

# What is wrong in the end: with what was told, what is stored, and how they agree.
sub faults
{
	my ($self) = @_;
	my %done = %{ $self->{done} };
	my %replayed = %{ $self->{replayed} // {} };
	my @faults = @{ $self->{told_wrong} // [] };

	push @faults, map { "done twice: $_" } grep { @{ $done{$_} } > 1 } sort keys %done;

	foreach my $key (sort keys %replayed)
	{
		push @faults, "a replay of what nobody was told: $key" if !$done{$key};
		push @faults, "a replay of another one: $key" if $done{$key} && grep { $_ != $done{$key}[0] } @{ $replayed{$key} };
	}
	my $told = rows_of(map { [ $_, $done{$_}[0] ] } sort keys %done);
	my $states = rows_of(map { [ split(/,/) ] } @{ $self->{states} });
	push @faults, split(/\n/, $self->{node}->safe_psql('postgres', <<"END"));
WITH told(key, number) AS ($told),
	stored AS (SELECT idempotency_key AS key, position FROM ledger.journal WHERE ledger = '$ledger' AND idempotency_key IS NOT NULL)
SELECT 'told and stored differ: ' || coalesce(t.key, s.key) FROM told t FULL JOIN stored s ON s.key = t.key AND s.position = t.number::bigint
	WHERE t.key IS NULL OR s.key IS NULL;
WITH told(address, asset, balance, version) AS ($states)
SELECT 'no such balance ever: ' || t::text FROM told t LEFT JOIN ledger.entry e
		ON e.ledger = '$ledger' AND e.address = t.address AND e.asset = t.asset AND e.version = t.version::bigint
	WHERE t.balance <> coalesce(e.balance, 0)::text AND t.version <> '0';
SELECT 'swept: ' || count(*) FROM ledger.journal
	WHERE ledger = '$ledger' AND position > $self->{before} AND idempotency_key IS NULL AND kind <> 'account'
	HAVING count(*) <> $self->{expired};
SELECT 'hold ' || h.hold || ' captured ' || h.captured || ', not ' || c.captured
	FROM (SELECT hold, sum(captured) AS captured FROM ledger.hold WHERE ledger = '$ledger' GROUP BY hold) h
		CROSS JOIN LATERAL (SELECT coalesce(sum(e.amount), 0) AS captured FROM ledger.journal j JOIN ledger.entry e ON e.ledger = j.ledger AND e.transaction = j.position
			WHERE j.ledger = '$ledger' AND j.kind = 'capture' AND j.related = h.hold AND e.amount > 0) c
	WHERE h.captured <> c.captured;
SELECT 'hold ' || hold || ' is not whole' FROM ledger.hold
	WHERE ledger = '$ledger' AND (captured < 0 OR voided < 0 OR "left" < 0 OR captured + voided + "left" <> amount);
SELECT 'held: ' || b.address || ' ' || b.asset FROM ledger.balance b
	WHERE b.ledger = '$ledger'
		AND (b.held_out <> (SELECT coalesce(sum("left"), 0) FROM ledger.hold h WHERE h.ledger = b.ledger AND h.source = b.address AND h.asset = b.asset AND h.status = 'open')
			OR b.held_in <> (SELECT coalesce(sum("left"), 0) FROM ledger.hold h WHERE h.ledger = b.ledger AND h.destination = b.address AND h.asset = b.asset AND h.status = 'open'));
SELECT 'reversed more than it moved: ' || r.related
	FROM ledger.journal r JOIN ledger.entry e ON e.ledger = r.ledger AND e.transaction = r.position AND e.amount > 0
	WHERE r.ledger = '$ledger' AND r.kind = 'reversal'
	GROUP BY r.related
	HAVING sum(e.amount) > (SELECT sum(o.amount) FROM ledger.entry o WHERE o.ledger = '$ledger' AND o.transaction = r.related AND o.amount > 0);
END
	return @faults;
}

# What came of everything, for people.
sub summary
{
	my ($self) = @_;
	return join(', ', map { "$_ $self->{seen}{$_}" } sort keys %{ $self->{seen} }) . "; $self->{expired} expired";
}

1;
