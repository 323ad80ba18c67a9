# Many clients at once that post, and remember what was acknowledged.
#
# Every client is a psql that reads a generated script, a chunk of requests, and writes one line for each answer to a
# file of its own. A request for which the connection ended without an answer is unknown: the server may have done it
# or not, and only sending it again with the same key tells.
package LedgerLoad;

use strict;
use warnings;

use File::Path qw(make_path);
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

my $loads = 0;

# connstr (or a sub of the client's number); clients; chunk: requests per connection; request: sub(client, number) gives a Request, a hash of
#	key		name of the request
#	sql		psql script that leaves the status in variable "status"
#	effect	what is stored if it is posted, as stored() tells it (optional)
sub new
{
	my ($class, %self) = @_;
	my $self = bless { clients => 16, chunk => 50, number => [], running => {}, queue => [],
		acknowledged => {}, failed => {}, unknown => {}, effect => {}, script => {}, %self }, $class;

	$self->{folder} = "$PostgreSQL::Test::Utils::tmp_check/load_" . $$ . '_' . $loads++;
	make_path($self->{folder});
	$self->{number} = [ (0) x $self->{clients} ];
	return $self;
}

# The lines of one request: its status, or none, with the SQLSTATE of its last statement.
sub lines
{
	my ($self, $key) = @_;
	return "\\set status none\n$self->{script}{$key}\n\\echo $key :SQLSTATE :status\n";
}

sub start_client
{
	my ($self, $client) = @_;
	my $base = "$self->{folder}/$client";
	my @keys = splice(@{ $self->{queue}[$client] //= [] }, 0);

	while (@keys < $self->{chunk})
	{
		my $request = $self->{request}->($client, $self->{number}[$client]++);
		my $key = $request->{key};

		push @keys, $key;
		$self->{script}{$key} = $request->{sql};
		$self->{effect}{$key} = $request->{effect};
	}
	open(my $script, '>', "$base.sql") or die "$base.sql: $!";
	print $script "\\set VERBOSITY verbose\n", map { $self->lines($_) } @keys;
	close($script);
	unlink("$base.out");

	my $connstr = ref $self->{connstr} ? $self->{connstr}->($client) : $self->{connstr};
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		$ENV{PGAPPNAME} = 'load';
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', "$base.out");
		open(STDERR, '>', "$base.err");
		exec('psql', '-XAtq', '-d', $connstr, '-f', "$base.sql") or POSIX::_exit(127);
	}
	$self->{running}{$client} = { pid => $pid, keys => \@keys };
	return;
}

# Take in what a client that has ended was told.
sub collect
{
	my ($self, $client) = @_;
	my $run = delete $self->{running}{$client};
	my $base = "$self->{folder}/$client";
	my $error = slurp_file("$base.err");
	my @keys = @{ $run->{keys} };

	$self->{errors} .= $error;
	foreach my $line (split /\n/, slurp_file("$base.out"))
	{
		my ($key, $state, $status) = $line =~ /^(\S+) (\w{5}) (\S+)$/ or next;

		shift @keys while @keys && $keys[0] ne $key;
		shift @keys;
		if ($state eq '00000' && $status =~ /^(posted|replayed)$/)
		{
			$self->{acknowledged}{$key} = $status;
		}
		else
		{
			$self->{failed}{$key} = $state eq '00000' ? $status : $state;
		}
	}
	return unless @keys;
	# if the connection was never made, the first request was not sent either
	$self->{unknown}{ shift @keys } = 1 unless $error =~ /connection to server .* failed/;
	$self->{queue}[$client] = \@keys;
	return;
}

# Look after the clients once; those that have ended start again unless it is time to finish.
sub poll
{
	my ($self, $finish) = @_;

	foreach my $client (0 .. $self->{clients} - 1)
	{
		my $run = $self->{running}{$client};

		if ($run && waitpid($run->{pid}, POSIX::WNOHANG()) == $run->{pid})
		{
			$self->collect($client);
			$run = undef;
		}
		$self->start_client($client) unless $run || $finish;
	}
	return scalar(keys %{ $self->{running} });
}

# Keep all clients busy for so many seconds.
sub run
{
	my ($self, $seconds) = @_;
	my $end = time() + $seconds;

	while (time() < $end)
	{
		$self->poll(0);
		sleep(0.01);
	}
	return;
}

# Let every client come to the end of its chunk.
sub finish
{
	my ($self) = @_;

	sleep(0.01) while $self->poll(1);
	return;
}

# Send what is unknown again, now that the server is up.
sub resolve
{
	my ($self) = @_;
	my @keys = sort keys %{ $self->{unknown} };
	my %outcome;

	$self->{queue} = [ [@keys] ];
	$self->{unknown} = {};
	local $self->{chunk} = 0;
	$self->start_client(0);
	while ($self->poll(1)) { sleep(0.01) }
	$outcome{ $self->{acknowledged}{$_} // $self->{failed}{$_} // 'unknown' }++ foreach @keys;
	return \%outcome;
}

# What a ledger has stored: for each key the entries of its transaction, in order of address and version.
sub stored
{
	my ($self, $node, $ledger) = @_;
	my %stored;

	foreach my $line (split /\n/, $node->safe_psql('postgres', <<"END"))
SET enable_nestloop = off;
SELECT j.idempotency_key, string_agg(e.address || ' ' || e.amount, ', ' ORDER BY e.address, e.version)
	FROM ledger.journal j LEFT JOIN ledger.entry e ON e.ledger = j.ledger AND e.transaction = j.position
	WHERE j.ledger = '$ledger' AND j.idempotency_key IS NOT NULL
	GROUP BY j.position, j.idempotency_key
END
	{
		my ($key, $effect) = split /\|/, $line;
		push @{ $stored{$key} }, $effect;
	}
	return \%stored;
}

# Compare what clients were told with what is stored: a list of what does not agree.
sub faults
{
	my ($self, $node, $ledger) = @_;
	my $stored = $self->stored($node, $ledger);
	my @faults;

	foreach my $key (sort keys %{ $self->{acknowledged} })
	{
		my $effects = $stored->{$key} // [];

		push @faults, "lost: $key" if @$effects == 0;
		push @faults, "twice: $key" if @$effects > 1;
		push @faults, "other than asked: $key: $effects->[0], not $self->{effect}{$key}"
			if @$effects && defined $self->{effect}{$key} && $effects->[0] ne $self->{effect}{$key};
	}
	push @faults, map { "stored, but refused: $_ ($self->{failed}{$_})" }
		grep { $stored->{$_} && !$self->{acknowledged}{$_} } sort keys %{ $self->{failed} };
	push @faults, map { "stored, but never asked for: $_" }
		grep { !exists $self->{script}{$_} } sort keys %$stored;
	return @faults;
}

# How many requests have ended in each way, for people.
sub summary
{
	my ($self) = @_;
	my %states;

	$states{$_}++ foreach values %{ $self->{failed} };
	return sprintf('%d acknowledged, %d unknown, refused: %s',
		scalar(keys %{ $self->{acknowledged} }), scalar(keys %{ $self->{unknown} }),
		join(', ', map { "$_ $states{$_}" } sort keys %states) || 'none');
}

# Clients must not outlive the test.
sub DESTROY
{
	my ($self) = @_;
	local $?;

	foreach my $run (values %{ $self->{running} })
	{
		kill('KILL', $run->{pid});
		waitpid($run->{pid}, 0);
	}
	return;
}

1;
