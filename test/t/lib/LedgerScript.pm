# One sequence of the property test: random operations, chosen with an eye on the model so that most of them have
# something to work on and many meet a limit exactly, with the psql script that does them and what is expected of it.
package LedgerScript;

use strict;
use warnings;

use LedgerBooks qw(left);
use LedgerModel;
use LedgerSql;

my %scales = (EUR => 2, JPY => 0, BTC => 8);
my @addresses = ('world', 'a', 'b', 'c', 'd:1', 'd:2', 'e');
my %weights = (
	post => 16, batch => 16, repeat => 8, hold => 16, capture => 16, void => 5, pass => 14, expire => 4, reverse => 14,
	set_limits => 5, set_stripes => 5, freeze => 2, unfreeze => 4, open => 1, close => 1);
my @times = ('2020-01-01', '2020-12-31');

# seed, number: they alone decide what comes. Options: length, the number of operations.
sub new
{
	my ($class, $seed, $number, %options) = @_;

	srand(($seed * 1_000_003 + $number * 7919) % 4_294_967_291);
	my @assets = sort keys %scales;
	splice(@assets, rand(@assets), 1);
	my $self = bless { ledger => "s$number", steps => [], sent => [], made => [], savepoints => [], passed => 0,
		number => $number, assets => \@assets,
		# whether each statement is a transaction, or all of them are one, which is rolled back
		committed => chance(0.5), isolation => pick(('read committed') x 4, 'repeatable read', 'serializable') }, $class;

	$self->{model} = LedgerModel->new(assets => \%scales, order => [ 'EUR', 'JPY', 'BTC' ], auto_open => chance(0.8));
	$self->{sql} = LedgerSql->new($self->{ledger}, $self->{model});
	# every sequence has something that it does more often
	$self->{weights} = { %weights, $self->{committed} ? () : (savepoint => 3, rollback => 3) };
	$self->{weights}{ pick(sort keys %weights) } += 25 foreach 1 .. 2;
	$self->set_up;
	my $length = @{ $self->{steps} } + ($options{length} // 5 + int(rand(11)));
	$self->operate while @{ $self->{steps} } < $length;
	return $self;
}

sub pick { return $_[ rand(@_) ] }
sub chance { my ($likely) = @_; return rand() < $likely ? 1 : 0 }

# ------ steps ------

# A step: what is sent, what is expected to come back, and what the ledger looks like then.
sub step
{
	my ($self, %step) = @_;

	push @{ $self->{steps} }, { lines => [], told => '', state => $self->{model}->state, %step };
	return;
}

# Make a call of the model and of the server.
sub make_call
{
	my ($self, $call) = @_;
	my $name = @{ $self->{steps} } + 1;
	my $requests = $call->{requests};

	$requests->[$_]{label} = $name . ($call->{batch} ? "_$_" : '') foreach 0 .. $#$requests;
	return if $self->known_fault($call);
	my $result = $self->{model}->call($call);
	push @{ $self->{sent} }, grep { defined $_->{key} } @$requests;
	push @{ $self->{made} }, map { $_->{label} } grep { defined $_->{label} && $_->{status} ne 'replayed' } @{ $result->{receipts} // [] };
	$self->step(%$result, batch => $call->{batch}, raises => $call->{raises} || $call->{batch},
		soon => !$call->{batch} && ($requests->[0]{expires} // '') =~ /^soon/ ? 1 : 0, lines => [ $self->{sql}->call($call) ]);
	return;
}

# What the server is known to do wrongly, and which is therefore not asked of it.
sub known_fault
{
	my ($self, $call) = @_;
	my $model = $self->{model};
	my @requests = @{ $call->{requests} };

	# 1. post_batch_json, atomic: LG116 for a malformed item that is linked
	return 1 if $call->{batch} && $call->{atomic} && grep { $_->{linked} && defined $model->malformed($_) } @requests;
	# 2. an item under another one's key may be told that its reference was used by another item of the batch
	return 1 if $call->{batch} &&
		grep { defined $_->{reference} && !defined $model->malformed($_) && (($model->look_up($_) // {})->{code} // '') eq 'LG301' } @requests;
	return 0;
}

# Make a call that changes an account; code is what the model said of it.
sub administer
{
	my ($self, $code, $function, @arguments) = @_;

	$self->step(error => $code, raises => 1, lines => [ $self->{sql}->administer($function, @arguments) ]);
	return;
}

# Accounts with limits, and money.
sub set_up
{
	my ($self) = @_;
	my $strict = !$self->{model}{auto_open};

	foreach my $address ($strict ? @addresses[ 1 .. 5 ] : grep { chance(0.4) } @addresses[ 1 .. 5 ])
	{
		$self->open_account($address, chance(0.2) ? $self->asset : undef, $strict);
	}
	$self->make_call({ batch => 1, raises => 0, atomic => 0, conditions => [],
		requests => [ map { $self->transaction([ $self->posting('world', $_) ]) } grep { chance(0.7) } @addresses[ 1 .. 5 ] ] });
	return;
}

# Any operation.
sub operate
{
	my ($self) = @_;
	my %weights = %{ $self->{weights} };
	my @kinds = sort keys %weights;
	my $sum = 0;

	$sum += $_ foreach values %weights;
	my $at = rand($sum);
	while (($at -= $weights{ $kinds[0] }) >= 0 && @kinds > 1) { shift @kinds }
	my $operate = $self->can("do_$kinds[0]");
	$self->$operate;
	return;
}

# ------ choosing ------

sub asset { my ($self) = @_; return pick(@{ $self->{assets} }) }
sub address { return pick(@addresses, @addresses[ 0 .. 3 ]) }

# A number of smallest units of the order that accounts have.
sub small
{
	my ($asset) = @_;
	my $hundredths = chance(0.08) ? 0 : chance(0.7) ? 100 * (1 + int(rand(20))) : int(rand(1500));
	my $scale = $scales{$asset};

	return $scale >= 2 ? $hundredths * 10**($scale - 2) : int($hundredths / 100);
}

# An amount for a posting: often what is just allowed, or one more.
sub amount
{
	my ($self, $source, $destination, $asset) = @_;
	my $model = $self->{model};
	my ($from, $to) = map { $model->balance($_, $asset) } $source, $destination;
	my @most;

	push @most, $model->available($from) - $from->{floor} if $from && defined $from->{floor};
	push @most, $to->{ceiling} - $model->expected($to) if $to && defined $to->{ceiling};
	my $units = @most && chance(0.4) ? pick(@most) + pick(-1, 0, 0, 0, 1) : small($asset);
	return $self->written($units < 0 ? -$units : $units, $asset);
}

# An amount as somebody might write it.
sub written
{
	my ($self, $units, $asset) = @_;
	my $text = $self->{model}->text($units, $asset);

	$text =~ s/\.?0*$// if $text =~ /\./ && chance(0.5);
	$text .= $text =~ /\./ ? '0' : '.0' if chance(0.1);
	return $text;
}

sub posting
{
	my ($self, $source, $destination, $asset) = @_;

	$asset //= $self->asset;
	my @rich = grep { my $balance = $self->{model}->balance($_, $asset); $balance && $balance->{balance} > 0 } @addresses;

	$source //= @rich && chance(0.6) ? pick(@rich) : address();
	my @limited = grep { my $balance = $self->{model}->balance($_, $asset); $balance && defined $balance->{ceiling} } @addresses;
	$destination //= @limited && chance(0.3) ? pick(@limited) : address();
	# either may have been given, not both
	while ($destination eq $source) { ($_[2] ? $source : $destination) = address() }
	my $posting = { source => $source, destination => $destination, asset => $asset, amount => $self->amount($source, $destination, $asset) };
	if (chance(0.15))
	{
		$posting->{up_to} = 1;
		$posting->{amount} = undef if chance($source eq 'world' ? 0.1 : 0.6);
	}
	return $posting;
}

# A transaction with what a caller may add to it; now and then one that is wrong by itself.
sub transaction
{
	my ($self, $postings, $for_json) = @_;
	my $request = { kind => 'transaction', postings => $postings // [ map { $self->posting } 1 .. (chance(0.75) ? 1 : 2 + int(rand(3))) ] };

	$self->add_options($request);
	$request->{effective} = pick(@times) if chance(0.15);
	spoil($request, $for_json) if chance(0.06);
	return $request;
}

sub add_options
{
	my ($self, $request) = @_;

	$request->{key} = 'k' . int(rand(12)) if chance(0.35);
	$request->{reference} = 'r' . int(rand(12)) if chance(0.12) && $request->{kind} ne 'void';
	$request->{metadata} = 1 + int(rand(2)) if chance(0.15);
	return;
}

# Make one thing wrong; for_json: one that JSON can say.
sub spoil
{
	my ($request, $for_json) = @_;
	my $posting = $request->{postings} && pick(@{ $request->{postings} });
	my %ways = (
		address => sub { $posting->{ pick('source', 'destination') } = pick('a::b', '', ' a', "caf\x{e9}", ':') },
		same => sub { $posting->{source} = $posting->{destination} },
		asset => sub { $posting->{asset} = 'XXX' },
		decimals => sub { $posting->{amount} = '1.123456789'; },
		negative => sub { $posting->{amount} = '-1' },
		missing => sub { $posting->{ pick('source', 'destination', 'asset') } = undef; },
		amount => sub { @$posting{qw(amount up_to)} = (undef, 0) },
		key => sub { $request->{key} = '' },
		reference => sub { $request->{reference} = '' });

	delete @ways{qw(missing amount)} if $for_json;
	$ways{ pick($posting ? sort keys %ways : 'key') }->();
	return;
}

# Conditions that mostly hold.
sub conditions
{
	my ($self, @requests) = @_;
	my @conditions;

	return [] if chance(0.85);
	# of two things that are wrong by themselves either may be told
	my $malformed = chance(0.1) && !grep { defined $self->{model}->malformed($_) } @requests;
	foreach (0 .. rand(3))
	{
		my ($address, $asset) = (address(), $self->asset);
		my $balance = $self->{model}->balance($address, $asset) // { version => 0, balance => 0 };
		my $units = small($asset);

		if (chance(0.5))
		{
			my $version = $balance->{version} + pick((0) x 8, 1, -1);

			$version = $malformed ? -1 : 0 if $version < 0;
			push @conditions, { kind => 'at_version', address => $address, asset => $asset, version => $version };
			next;
		}
		my ($low, $high) = ($balance->{balance} - $units, $balance->{balance} + pick($units, 3 * $units));
		($low, $high) = (pick([ $low, $high ], [ undef, $high ], [ $low, undef ]))->@*;
		push @conditions, { kind => 'balance_between', address => $address, asset => $asset, low => $low, high => $high };
	}
	return \@conditions;
}

# The label of a hold, or of a record, that there is; sometimes of another one, of one that was rolled back, or of none.
sub known
{
	my ($self, $what) = @_;
	my @labels = sort { $a->{number} <=> $b->{number} } values %{ $self->{model}{$what} };

	return pick(undef, @{ $self->{made} }) if !@labels || chance(0.03);
	return pick(map { $_->{label} } @labels);
}

# What to capture of a hold, or to reverse of a record: all, a part, just too much, or something that makes no sense.
sub choose_part
{
	my ($self, $request, @left) = @_;
	my $kind = rand();

	return if $kind < 0.45;
	my @parts = map { my $units = $_->{left}; $kind < 0.8 ? int(rand($units + 1)) : $units + pick(-1, 0, 0, 1) } @left;
	my @written = map { $self->written($parts[$_] < 0 ? 0 : $parts[$_], $left[$_]{asset}) } 0 .. $#left;

	if (@written == 1 && chance(0.8)) { $request->{amount} = $written[0] }
	elsif (chance(0.93)) { $request->{amounts} = \@written }
	else { $request->{amounts} = [ @written, '1' ] }
	$request->{amount} = pick('1', '-1', '0', '0.123456789') if !$request->{amounts} && chance(0.05);
	return;
}

# ------ operations ------

# A call for one request, by a function that raises or one that does not.
sub make_single
{
	my ($self, $request) = @_;
	my $conditions = $request->{kind} =~ /^(capture|void)$/ ? [] : $self->conditions($request);

	$self->make_call({ batch => 0, atomic => 1, raises => chance(0.3), requests => [$request], conditions => $conditions });
	return;
}

sub do_post { my ($self) = @_; $self->make_single($self->transaction); return }

sub do_batch
{
	my ($self) = @_;
	my $atomic = chance(0.4);
	my $several = chance(0.3);
	my @requests = map { $self->transaction($several ? undef : [ $self->posting ], $several) } 1 .. (chance(0.03) ? 0 : 1 + int(rand(7)));

	$_->{linked} = chance(0.3) foreach @requests;
	$requests[-1]{linked} = chance(0.02) if @requests;
	# the same again, or something else under its key
	foreach my $i (1 .. $#requests)
	{
		next unless chance(0.15) && defined $requests[ $i - 1 ]{key};
		$requests[$i] = copy($requests[ $i - 1 ], linked => $requests[$i]{linked});
		$requests[$i]{postings}[0]{amount} = '1' if chance(0.3);
	}
	$self->make_call({ batch => 1, atomic => $atomic, raises => $atomic, requests => \@requests, conditions => $self->conditions(@requests) });
	return;
}

sub copy
{
	my ($request, %changes) = @_;

	return { %$request, $request->{postings} ? (postings => [ map { {%$_} } @{ $request->{postings} } ]) : (), %changes };
}

# Something that was sent before, mostly unchanged.
sub do_repeat
{
	my ($self) = @_;
	my $before = pick(@{ $self->{sent} }) or return $self->do_post;
	my $request = copy($before, linked => 0);
	my $changed = $request->{postings} ? pick(@{ $request->{postings} }) : $request;

	$changed->{amount} = '1' if chance(0.2) && $request->{kind} ne 'void';
	delete $request->{amounts} if defined $request->{amount};
	$self->make_single($request);
	return;
}

sub do_hold
{
	my ($self, $lasting) = @_;
	my $request = { kind => 'hold', postings => [ map { $self->posting } 1 .. (chance(0.7) ? 1 : 2 + int(rand(2))) ] };
	my $kind = $lasting ? 0.1 : rand();

	$self->add_options($request);
	# a hold that expires "late" does so when time is moved; one that expires "soon" by the clock, after a short sleep
	$request->{expires} = $kind < 0.02 ? 'past' : $kind < 0.05 ? 'soon' : 'late' if $kind < 0.6;
	$request->{expires} .= scalar @{ $self->{steps} } if ($request->{expires} // '') =~ /soon|late/;
	spoil($request) if chance(0.04);
	$self->make_single($request);
	my $hold = $self->{model}{hold}{ $request->{label} };
	if ($hold && $hold->{expires} && $hold->{expires} =~ /^soon/)
	{
		# it may expire while one looks
		$self->{steps}[-1]{state} = undef;
		$self->pass($hold);
	}
	return;
}

sub pass
{
	my ($self, $hold) = @_;

	# what has expired by the clock has done so later than what was moved to the past
	$self->{model}->pass($hold->{label}, ++$self->{passed} + ($hold->{expires} =~ /^soon/ ? 1e6 : 0));
	$self->step(lines => [ $self->{sql}->pass($hold, $self->{passed}) ]);
	return;
}

sub do_pass
{
	my ($self) = @_;
	my @holds = sort { $a->{number} <=> $b->{number} } values %{ $self->{model}{hold} };

	@holds = grep { !$_->{due} && ($_->{expires} // '') =~ /^late/ } @holds;
	return $self->do_hold(1) if !@holds;
	my $hold = pick(@holds);
	$self->pass($hold);
	# what it held is free at once
	my $row = pick(@{ $hold->{rows} });
	my $from = chance(0.5);
	my $posting = $self->posting($from ? $row->{source} : pick(undef, 'world'), $from ? undef : $row->{destination}, $row->{asset});
	$self->make_single($self->transaction([$posting])) if chance(0.8);
	return;
}

sub do_expire
{
	my ($self) = @_;
	# known: of holds of several postings, fewer than so many are swept
	my $most = pick(1, 1000);
	my $count = $self->{model}->expire_holds($most);

	$self->step(told => $count, lines => [ $self->{sql}->query("ledger.expire_holds('$self->{ledger}', $most)") ]);
	return;
}

sub do_capture
{
	my ($self) = @_;
	my $request = { kind => 'capture', of => $self->known('hold'), final => chance(0.6) };
	my $hold = defined $request->{of} ? $self->{model}{hold}{ $request->{of} } : undef;

	return $self->do_hold if !$hold && chance(0.95);
	$self->choose_part($request, map { { left => left($_), asset => $_->{asset} } } @{ $hold->{rows} }) if $hold;
	$self->add_options($request);
	$request->{effective} = pick(@times) if chance(0.1);
	spoil($request) if chance(0.02);
	$self->make_single($request);
	return;
}

sub do_void
{
	my ($self) = @_;
	my $request = { kind => 'void', of => $self->known('hold') };

	return $self->do_hold if !$self->{model}{hold}{ $request->{of} // '' } && chance(0.95);
	$self->add_options($request);
	$self->make_single($request);
	return;
}

sub do_reverse
{
	my ($self) = @_;
	my @several = sort { $a->{number} <=> $b->{number} } grep { $_->{kind} ne 'void' && @{ $_->{postings} } > 1 } values %{ $self->{model}{record} };
	my $of = @several && chance(0.5) ? pick(@several)->{label} : $self->known('record');
	my $request = { kind => 'reversal', of => $of, force => chance(0.2), original_time => chance(0.2) };
	my $record = $self->{model}->reversible($request->{of});
	my ($left) = $record ? $self->{model}->left_to_reverse($record) : ();

	$self->choose_part($request, @$left) if $record;
	$self->add_options($request);
	$request->{effective} = pick(@times) if !$request->{original_time} && chance(0.1);
	spoil($request) if chance(0.02);
	$self->make_single($request);
	return;
}

# A floor and a ceiling, in the asset's units or, for all assets, in hundredths.
sub limits
{
	my ($self, $asset) = @_;
	my $unit = defined $asset ? 10**$scales{$asset} : 100;
	my $floor = pick(0, 0, undef, -int(rand(20)) * $unit, -int(rand(10 * $unit)));
	my $ceiling = pick(undef, undef, int(rand(60)) * $unit, int(rand(60 * $unit)));

	$floor = $unit if chance(0.04);
	$ceiling = -$unit if chance(0.04);
	return ($floor, $ceiling);
}

sub do_set_limits
{
	my ($self) = @_;
	my ($address, $asset) = (address(), chance(0.6) ? $self->asset : undef);
	my ($floor, $ceiling) = $self->limits($asset);

	$self->administer($self->{model}->set_limits($address, $asset, $floor, $ceiling), 'set_limits', $address, $asset, $floor, $ceiling);
	return;
}

sub open_account
{
	my ($self, $address, $asset, $useful) = @_;
	my ($floor, $ceiling) = $self->limits($asset);

	($floor, $ceiling) = (0, undef) if $useful && chance(0.5);
	$self->administer($self->{model}->open_account($address, $asset, $floor, $ceiling), 'open_account', $address, $asset, $floor, $ceiling);
	return;
}

sub do_set_stripes
{
	my ($self) = @_;
	my ($address, $asset, $stripes) = (address(), chance(0.5) ? $self->asset : undef, chance(0.03) ? pick(0, 65) : pick(1 .. 5));

	$self->administer($self->{model}->set_stripes($address, $asset, $stripes), 'set_stripes', $address, $asset, $stripes);
	return;
}

sub do_open { my ($self) = @_; $self->open_account(address(), chance(0.5) ? $self->asset : undef); return }

sub set_status
{
	my ($self, $address, $function, $status) = @_;

	$self->administer($self->{model}->set_status($address, $status), $function, $address);
	return;
}

sub do_freeze { my ($self) = @_; $self->set_status(address(), 'freeze', 'frozen'); return }
sub do_close { my ($self) = @_; $self->set_status(address(), 'close_account', 'closed'); return }

sub do_unfreeze
{
	my ($self) = @_;
	my @frozen = grep { $self->{model}{account}{$_}{status} eq 'frozen' } sort keys %{ $self->{model}{account} };

	$self->set_status(@frozen ? pick(@frozen) : address(), 'unfreeze', 'open');
	return;
}

sub do_savepoint
{
	my ($self) = @_;
	my $name = 'p' . @{ $self->{steps} };

	push @{ $self->{savepoints} }, { name => $name, mark => $self->{model}->mark };
	$self->step(lines => ["SAVEPOINT $name;"]);
	return;
}

sub do_rollback
{
	my ($self) = @_;
	my $savepoint = pop @{ $self->{savepoints} } or return;

	$self->{model}->back($savepoint->{mark});
	$self->step(lines => ["ROLLBACK TO $savepoint->{name};"]);
	return;
}

1;
