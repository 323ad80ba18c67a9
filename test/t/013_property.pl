# Random sequences of everything that can be asked of a ledger, compared step by step with a model of it (LedgerModel):
# every status, error code, balance and version, everything that is held, every account. Then the same kinds of
# requests from eight sessions at once on one ledger, compared by what must hold in the end.
#
# LEDGER_SEED: of all choices. LEDGER_SEQUENCES: how many. LEDGER_SEQUENCE: the number of the only one to run.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerCrowd;
use LedgerScript;
use LedgerSql;
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = seed();
my $sequences = $ENV{LEDGER_SEQUENCES} // 1500;
my @numbers = defined $ENV{LEDGER_SEQUENCE} ? $ENV{LEDGER_SEQUENCE} : 1 .. $sequences;
my $chunk = 100;
my $node = new_node('property');
$node->safe_psql('postgres', q{SELECT ledger.create_asset('BTC', 8)});
# what each script works in: a step that moves a hold into the past does so in the journal, too
$node->safe_psql('postgres', 'CREATE DATABASE sequences TEMPLATE postgres');
$node->safe_psql('sequences', 'ALTER TABLE ledger_data.journal DISABLE TRIGGER append_only');
my $folder = PostgreSQL::Test::Utils::tempdir();
my (%seen, @mismatches, $steps, $late);

# ------ one session against the model ------

# The lines of a script for one sequence. Each step notes which line its result is of.
sub script
{
	my ($sequence, $first) = @_;
	my $ledger = $sequence->{ledger};
	my $transaction = !$sequence->{committed};
	my @lines = ("\\echo #$sequence->{number}");

	push @lines, $transaction ? "BEGIN ISOLATION LEVEL $sequence->{isolation};" : "SET default_transaction_isolation = '$sequence->{isolation}';";
	push @lines, "SELECT ledger.create_ledger('$ledger', auto_open => " . LedgerSql::boolean($sequence->{model}{auto_open}) . ') AS told \gset';
	foreach my $i (0 .. $#{ $sequence->{steps} })
	{
		my $step = $sequence->{steps}[$i];
		my $protected = $transaction && $step->{raises};

		push @lines, 'SAVEPOINT step;' if $protected;
		push @lines, "\\set told ''", @{ $step->{lines} };
		$step->{line} = $first + @lines - 1;
		push @lines, "\\echo =$i :SQLSTATE";
		push @lines, '\if :ERROR', 'ROLLBACK TO step;', '\else', 'RELEASE step;', '\endif' if $protected;
		push @lines, '\echo :told', '\echo -', "EXECUTE state('$ledger');";
	}
	push @lines, '\echo =end :SQLSTATE', "EXECUTE entries('$ledger');", '\echo -', "EXECUTE balances_at('$ledger', '2020-06-30');",
		'\echo -', "EXECUTE faults('$ledger');", $transaction ? 'ROLLBACK;' : ();
	return @lines;
}

# Write the script of some sequences.
sub prepare
{
	my (@sequences) = @_;
	my @lines = split(/\n/, LedgerSql::preamble());
	my $base = "$folder/$sequences[0]{number}";

	push @lines, script($_, scalar @lines + 1) foreach @sequences;
	open(my $file, '>:encoding(UTF-8)', "$base.sql") or die "$base.sql: $!";
	print $file map { "$_\n" } @lines;
	close($file);
	return { base => $base, database => "s$sequences[0]{number}", sequences => \@sequences };
}

# Run it in a database of its own, which stays small.
sub start
{
	my ($run) = @_;

	$node->safe_psql('template1', "CREATE DATABASE $run->{database} TEMPLATE sequences");
	$run->{harness} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr($run->{database}), '-f', "$run->{base}.sql" ],
		'<', \undef, '>', "$run->{base}.out", '2>', "$run->{base}.err", IPC::Run::timeout(180));
	return $run;
}

# Compare what came back of it.
sub compare_all
{
	my ($run) = @_;
	my $errors = slurp_file("$run->{base}.err");
	my %error = map { /^[^\n]*?:(\d+): (.*)/s ? ($1 => $2) : () } split(/^psql:/m, $errors);
	my %output;
	foreach my $part (split /^#/m, slurp_file("$run->{base}.out"))
	{
		$output{$1} = $part if $part =~ s/^(\d+)\n//;
	}
	foreach my $sequence (@{ $run->{sequences} })
	{
		my $fault = compare($sequence, $output{ $sequence->{number} } // '', \%error);

		push @mismatches, $fault if defined $fault;
	}
	$node->safe_psql('postgres', "DROP DATABASE $run->{database}");
	unlink(map { "$run->{base}.$_" } qw(sql out err)) unless @mismatches;
	return;
}

# What is expected of a step, but for numbers of transactions that are not known yet, which are taken from what was told.
sub expected
{
	my ($sequence, $step, $numbers, @told) = @_;
	my @lines;

	return $step->{told} unless $step->{receipts};
	foreach my $i (0 .. $#{ $step->{receipts} })
	{
		my $receipt = $step->{receipts}[$i];
		my $label = $receipt->{label};

		if (defined $label && !$numbers->{of}{$label} && ($told[$i] // '') =~ /^\w+\|(\d+)\|/ && $1 > $numbers->{last})
		{
			$numbers->{of}{$label} = $numbers->{last} = $1;
		}
		push @lines, $sequence->{sql}->receipt_text($receipt, defined $label ? $numbers->{of}{$label} // 'a new one' : undef);
	}
	return join("\n", @lines);
}

# The first difference between a sequence and what came back, if there is any.
sub compare
{
	my ($sequence, $output, $error) = @_;
	my %parts = map { /^(\w+) (\w*)\n(.*)/s ? ($1 => [ $2, split(/^-\n/m, $3, -1) ]) : () } split(/^=/m, $output);
	my $numbers = { last => 0, of => {} };

	foreach my $i (0 .. $#{ $sequence->{steps} })
	{
		my $step = $sequence->{steps}[$i];
		my ($code, $told, $state) = map { $_ // '' } @{ $parts{$i} // [] }[ 0 .. 2 ];

		chomp($told, $state);
		if ($step->{soon} && "$code $told" =~ /LG212/)
		{
			# the machine stood still for longer than the hold was to last
			$late++;
			return undef;
		}
		my $expected = defined $step->{error} ? '' : expected($sequence, $step, $numbers, split(/\n/, $told));
		my $named = $step->{batch} && ($error->{ $step->{line} } // '') =~ /^DETAIL:  (Item \d+)/m ? " $1" : '';
		my $got = join("\n", ($code eq '00000' ? 'ok' : "error $code$named"), $told);
		my $want = join("\n", defined $step->{error} ? "error $step->{error}" . ($step->{batch} && $step->{item} ? " Item $step->{item}" : '') : 'ok', $expected);

		return mismatch($sequence, $i, 'result', $want, $got) . said($error, $step->{line}) if $want ne $got;
		return mismatch($sequence, $i, 'state', $step->{state}, $state) . said($error, $step->{line} + 1, $step->{line} + 10) if defined $step->{state} && $step->{state} ne $state;
		note_seen($step);
	}
	my @end = map { $_ // '' } @{ $parts{end} // [] }[ 1 .. 3 ];
	my @last = ([ 'entries', $sequence->{model}->entries, $end[0] ], [ 'balances in the past', $sequence->{model}->balances_at('2020-06-30'), $end[1] ],
		[ 'faults', '', $end[2] ]);
	foreach my $check (@last)
	{
		my ($what, $want, $got) = @$check;

		chomp($got);
		return mismatch($sequence, $#{ $sequence->{steps} }, $what, $want, $got) if $want ne $got;
	}
	return undef;
}

# Count what was met, to know that it was.
sub note_seen
{
	my ($step) = @_;

	$steps++;
	$seen{ $step->{error} }++ if defined $step->{error};
	$seen{ $_->{code} // "$_->{kind} $_->{status}" }++ foreach @{ $step->{receipts} // [] };
	return;
}

# All that is needed to see a difference again.
sub mismatch
{
	my ($sequence, $last, $what, $want, $got) = @_;
	my %want = map { $_ => 1 } split(/\n/, $want);
	my %got = map { $_ => 1 } split(/\n/, $got);
	my @story = map { my $step = $sequence->{steps}[$_]; map { "    $_" } @{ $step->{lines} } } 0 .. $last;

	return join("\n", "LEDGER_SEED=$seed LEDGER_SEQUENCE=$sequence->{number}: another $what after step $last than expected",
		"  (auto_open $sequence->{model}{auto_open}, $sequence->{isolation}, " . ($sequence->{committed} ? 'each step a transaction' : 'one transaction') . ')',
		@story, "  expected:", (map { ($got{$_} ? '    ' : '  ! ') . $_ } split(/\n/, $want, -1)),
		"  got:", (map { ($want{$_} ? '    ' : '  ! ') . $_ } split(/\n/, $got, -1)));
}

# The errors of some lines of a script.
sub said
{
	my ($error, $from, $to) = @_;
	return join('', map { "\n$error->{$_}" } grep { $error->{$_} } $from .. $to // $from);
}

# One script is written while the server does another, never two at once: serializable transactions would notice.
my $running;
while (my @some = splice(@numbers, 0, $chunk))
{
	my $next = prepare(map { LedgerScript->new($seed, $_) } @some);

	$running->{harness}->finish if $running;
	start($next);
	compare_all($running) if $running;
	$running = $next;
	last if @mismatches >= 5;
}
$running->{harness}->finish;
compare_all($running);
my $first = join("\n\n", @mismatches[ 0 .. ($#mismatches < 2 ? $#mismatches : 2) ]);
is(scalar(@mismatches), 0, "the server does what the model does: $steps steps") or diag("$first\n");
note(join(', ', map { "$_ $seen{$_}" } sort keys %seen), '; given up: ', $late // 0);

# ------ eight sessions at once ------

srand($seed);
my $crowd = LedgerCrowd->new(node => $node, requests => $ENV{LEDGER_REQUESTS} // 500);
my $offset = -s $node->logfile;
$crowd->run($folder);
note($crowd->summary);
is(join("\n", $crowd->faults), '', 'eight sessions at once: what was told is what is stored, once each, and adds up');
is_sound($node, 'and the ledger is sound');
my ($count, $lines) = server_errors($node, $offset);
delete @$count{ '40001', grep { /^LG/ } keys %$count };
is(join("\n", map { @{ $lines->{$_} } } sort keys %$count), '', 'no error but refusals and changes that a snapshot does not see');
is_quiet($node);

done_testing();
