# A small ledger in memory that posts by the manual (the COMMENTs of the functions) and not by the extension's code: what
# the property test expects of the server. It knows one caller and no locks, and what is refused is done and taken back.
package LedgerModel;

use strict;
use warnings;

use LedgerBooks qw(left);
use parent -norequire, 'LedgerBooks';

# ------ what a single request does ------

# What is wrong with a request by itself.
sub malformed
{
	my ($self, $request) = @_;
	my $segment = qr/[A-Za-z0-9_.@-]+/;

	return 'LG105' if $request->{postings} && !@{ $request->{postings} };
	foreach my $posting (@{ $request->{postings} // [] })
	{
		return '22004' if grep { !defined $posting->{$_} } qw(source destination asset);
		return '22004' if !defined $posting->{amount} && !$posting->{up_to};
		return 'LG101' if grep { $posting->{$_} !~ /^$segment(:$segment)*$/ } qw(source destination);
		return 'LG104' if $posting->{source} eq $posting->{destination};
	}
	return '22023' if defined $request->{amount} && $request->{amounts};
	return '22004' if grep { !defined } @{ $request->{amounts} // [] };
	return 'LG110' if grep { defined && $_ eq '' } @$request{qw(key reference)};
	return undef;
}

# What makes two requests the same one; conditions do not.
sub fingerprint
{
	my ($request) = @_;
	my $trim = sub { my ($text) = @_; return defined $text ? ($text =~ /\./ ? $text =~ s/\.?0*$//r : $text) : 'all' };
	my @parts = map { $trim->($_) } defined $request->{amount} ? $request->{amount} : @{ $request->{amounts} // [] };

	return join("\0", $request->{kind},
		(map { ($_->{source}, $_->{destination}, $trim->($_->{amount}), $_->{asset}, $_->{up_to} ? 1 : 0) } @{ $request->{postings} // [] }),
		(map { "$_ " . ($request->{$_} // '') } qw(reference effective metadata of final force original_time expires)), @parts);
}

# Look the request's key and reference up: a replay, a code, or nothing.
sub look_up
{
	my ($self, $request) = @_;
	my $used = defined $request->{key} ? $self->{key}{ $request->{key} } : undef;

	return { code => 'LG301' } if $used && $used->{fingerprint} ne fingerprint($request);
	return { replay => $used->{label} } if $used;
	return { code => 'LG302' } if defined $request->{reference} && $self->{reference}{ $request->{reference} };
	return undef;
}

# Find what the request names; postings with amounts in units, or a code.
sub resolve
{
	my ($self, $request) = @_;
	my $of = $request->{of};
	my @postings;

	if ($request->{kind} eq 'capture' || $request->{kind} eq 'void')
	{
		my $hold = defined $of ? $self->{hold}{$of} : undef;

		return (undef, 'LG005') unless $hold;
		return ([ map { { source => $_->{source}, destination => $_->{destination}, asset => $_->{asset} } } @{ $hold->{rows} } ], undef);
	}
	if ($request->{kind} eq 'reversal')
	{
		my $record = $self->reversible($of);

		return (undef, 'LG006') unless $record;
		return ([ map { { source => $_->{destination}, destination => $_->{source}, asset => $_->{asset} } } reverse @{ $record->{postings} } ], undef);
	}
	foreach my $posting (@{ $request->{postings} })
	{
		return (undef, 'LG002') unless exists $self->{assets}{ $posting->{asset} };
		my ($asked, $code) = defined $posting->{amount} ? $self->units($posting->{amount}, $posting->{asset}) : ();

		return (undef, $code) if $code;
		push @postings, { %$posting, asked => $asked };
	}
	return (\@postings, undef);
}

# The record that a number given to reverse stands for: a hold's is that of its only capture.
sub reversible
{
	my ($self, $of) = @_;
	my $record = defined $of ? $self->{record}{$of} : undef;

	if ($record && $record->{kind} eq 'hold')
	{
		my @captures = grep { $_->{kind} eq 'capture' && $_->{of} eq $of } values %{ $self->{record} };

		$record = @captures == 1 ? $captures[0] : undef;
	}
	return $record && $record->{kind} ne 'void' ? $record : undef;
}

# Do a request whose postings are resolved; a code if it is refused, when the caller takes back what was done.
sub perform
{
	my ($self, $request, $postings) = @_;
	my $record = { kind => $request->{kind}, label => $request->{label}, of => $request->{of}, number => $self->{count}{record},
		effective => $request->{effective}, forced => $request->{force}, postings => $postings };
	my $perform = $self->can("perform_$request->{kind}");
	my $code = $self->$perform($request, $postings, $record);

	return $code if $code;
	my (@states, %told);
	foreach my $posting (@$postings)
	{
		foreach my $address (@$posting{qw(source destination)})
		{
			my $balance = $self->balance($address, $posting->{asset});

			push @states, [ @$balance{qw(address asset balance version)} ] unless $told{"$address $posting->{asset}"}++;
		}
	}
	$record->{states} = \@states;
	$record->{amounts} = [ map { [ $_->{amount}, $_->{asset} ] } @$postings ] if grep { $_->{up_to} } @$postings;
	$self->put($self->{count}, 'record', $self->{count}{record} + 1);
	$self->put($self->{record}, $request->{label}, $record);
	$self->put($self->{key}, $request->{key}, { label => $request->{label}, fingerprint => fingerprint($request) }) if defined $request->{key};
	$self->put($self->{reference}, $request->{reference}, $request->{label}) if defined $request->{reference};
	return undef;
}

# Set the amount of a posting: what was asked or, with up_to, what there is of it above the floor.
sub set_amount
{
	my ($self, $posting) = @_;
	my $source = $self->balance($posting->{source}, $posting->{asset});

	$posting->{amount} = $posting->{asked};
	return undef unless $posting->{up_to};
	return defined $posting->{asked} ? undef : 'LG207' if !defined $source->{floor};
	my $most = $self->available($source) - $source->{floor};
	$most = 0 if $most < 0;
	$posting->{amount} = $most if !defined $posting->{asked} || $most < $posting->{asked};
	return undef;
}

# The code of what stands in the way of a posting's amount: limits bind where money moves, or will.
sub limit_fault
{
	my ($self, $posting) = @_;
	my $source = $self->balance($posting->{source}, $posting->{asset});
	my $destination = $self->balance($posting->{destination}, $posting->{asset});

	return undef if $posting->{amount} == 0;
	return 'LG201' if defined $source->{floor} && $self->available($source) - $posting->{amount} < $source->{floor};
	return 'LG202' if defined $destination->{ceiling} && $self->expected($destination) + $posting->{amount} > $destination->{ceiling};
	return undef;
}

# Move the amount: an entry on each side.
sub move
{
	my ($self, $posting, $record) = @_;

	foreach my $side ([ $posting->{source}, -$posting->{amount} ], [ $posting->{destination}, $posting->{amount} ])
	{
		my ($address, $amount) = @$side;
		my $balance = $self->balance($address, $posting->{asset});

		$self->put($balance, 'balance', $balance->{balance} + $amount);
		$self->put($balance, 'version', $balance->{version} + 1);
		$self->put($self->{entry}, "$address $posting->{asset} $balance->{version}",
			{ address => $address, asset => $posting->{asset}, version => $balance->{version}, amount => $amount,
				balance => $balance->{balance}, record => $record });
	}
	return;
}

sub perform_transaction
{
	my ($self, $request, $postings, $record) = @_;

	foreach my $posting (@$postings)
	{
		my $code = $self->status_fault($posting->{source}) // $self->status_fault($posting->{destination}) // $self->set_amount($posting);

		$code //= $self->limit_fault($posting) unless $request->{force};
		return $code if $code;
		$self->move($posting, $record);
	}
	return undef;
}

sub perform_hold
{
	my ($self, $request, $postings) = @_;
	my $hold = { label => $request->{label}, number => $self->{count}{record}, expires => $request->{expires}, rows => [] };

	return 'LG212' if ($request->{expires} // '') eq 'past';
	$self->put($self->{hold}, $request->{label}, $hold);
	foreach my $posting (@$postings)
	{
		my $code = $self->status_fault($posting->{source}) // $self->status_fault($posting->{destination}) //
			$self->set_amount($posting) // $self->limit_fault($posting);

		return $code if $code;
		push @{ $hold->{rows} }, { (map { $_ => $posting->{$_} } qw(source destination asset amount)),
			number => scalar @{ $hold->{rows} } + 1, captured => 0, voided => 0 };
	}
	return undef;
}

# The code for a hold of which nothing can be captured or voided any more.
sub hold_fault
{
	my ($hold) = @_;
	my $left = grep { left($_) > 0 } @{ $hold->{rows} };

	return 'LG212' if $hold->{swept} || ($left && $hold->{due});
	return $left ? undef : 'LG211';
}

# What is meant of each posting: of those with something left, by the caller's amounts. Counted as the caller does.
sub parts
{
	my ($self, $request, $left, $exceeds) = @_;
	my $given = defined $request->{amount} ? [ $request->{amount} ] : $request->{amounts};
	my @parts;

	return ([ map { $_->{left} } @$left ], undef) unless $given;
	return (undef, 'LG119') if @$given != @$left;
	# a reversal goes through the postings from the last one
	foreach my $i ($request->{kind} eq 'reversal' ? reverse(0 .. $#$left) : 0 .. $#$left)
	{
		my ($units, $code) = $self->units($given->[$i], $left->[$i]{asset});

		return (undef, $code) if $code;
		return (undef, $exceeds) if $units > $left->[$i]{left};
		$parts[$i] = $units;
	}
	return (\@parts, undef);
}

sub perform_capture
{
	my ($self, $request, $postings, $record) = @_;
	my $hold = $self->{hold}{ $request->{of} };
	my $fault = hold_fault($hold);
	my @rows = @{ $hold->{rows} };

	return $fault if $fault;
	my ($parts, $code) = $self->parts($request, [ map { { left => left($_), asset => $_->{asset} } } @rows ], 'LG213');
	return $code if $code;
	return 'LG119' unless grep { $_ > 0 } @$parts;
	foreach my $i (0 .. $#rows)
	{
		my $posting = $postings->[$i];

		$code = $self->status_fault($posting->{source}) // $self->status_fault($posting->{destination});
		return $code if $code;
		$posting->{amount} = $parts->[$i];
		$self->move($posting, $record);
		$self->put($rows[$i], 'captured', $rows[$i]{captured} + $parts->[$i]);
		$self->put($rows[$i], 'voided', $rows[$i]{voided} + left($rows[$i])) if $request->{final};
	}
	return undef;
}

sub perform_void
{
	my ($self, $request, $postings) = @_;
	my $hold = $self->{hold}{ $request->{of} };
	my $fault = hold_fault($hold);

	return $fault if $fault;
	$self->put($_, 'voided', $_->{voided} + left($_)) foreach @{ $hold->{rows} };
	return undef;
}

# What is left to be reversed of each posting of a record, and how many reversals there were.
sub left_to_reverse
{
	my ($self, $record) = @_;
	my @moved = @{ $record->{postings} };
	my @left = map { { left => $_->{amount}, asset => $_->{asset} } } @moved;
	my @earlier = grep { $_->{kind} eq 'reversal' && $_->{of} eq $record->{label} } values %{ $self->{record} };

	foreach my $reversal (@earlier)
	{
		$left[$_]{left} -= $reversal->{postings}[ $#moved - $_ ]{amount} foreach 0 .. $#moved;
	}
	return (\@left, scalar @earlier);
}

sub perform_reversal
{
	my ($self, $request, $postings, $record) = @_;
	my $original = $self->reversible($request->{of});
	my ($left, $earlier) = $self->left_to_reverse($original);

	return 'LG221' if $earlier && !grep { $_->{left} > 0 } @$left;
	my ($parts, $code) = $self->parts($request, $left, 'LG222');
	return $code if $code;
	# a transaction of nothing can be reversed, by nothing
	return 'LG119' if !grep({ $_ > 0 } @$parts) && grep { $_->{amount} > 0 } @{ $original->{postings} };
	$postings->[ $#$postings - $_ ]{asked} = $parts->[$_] foreach 0 .. $#$postings;
	$record->{of} = $original->{label};
	$record->{effective} = $original->{effective} if $request->{original_time};
	return $self->perform_transaction($request, $postings, $record);
}

# ------ calls ------

# A receipt's fields, of a record that was made or of a refusal.
sub receipt
{
	my ($self, $item) = @_;
	my $record = defined $item->{label} ? $self->{record}{ $item->{label} } : undef;

	return { status => 'rejected', code => $item->{code}, violations => $item->{violations} } unless $record;
	my $status = { hold => 'held', void => 'voided' }->{ $record->{kind} } // 'posted';
	my @states = map { my ($address, $asset, @more) = @$_; [ $address, $asset, $self->balance($address, $asset)->{striped} ? () : @more ] } @{ $record->{states} };
	# what a replay tells of balances it has from entries, and holds make none
	return { kind => $record->{kind}, status => $item->{replayed} ? 'replayed' : $status, label => $record->{label},
		states => $item->{replayed} && $status ne 'posted' ? [] : \@states, amounts => $record->{amounts} };
}

# Do a call: requests, conditions; atomic: all or nothing; raises: a refusal is an error. Returns receipts, or the code
# of an error and, of a batch, the number of the item that it names.
sub call
{
	my ($self, $call) = @_;
	my @items = map { { request => $_ } } @{ $call->{requests} };
	my $mark = $self->mark;
	my $refusal = $self->run($call, \@items);
	my ($failed) = grep { defined $items[$_]{code} && $items[$_]{code} ne 'LG206' } 0 .. $#items;

	if ($call->{raises} || ($refusal && $refusal->{unreadable}))
	{
		return { receipts => [ map { $self->receipt($_) } @items ] } unless defined $failed || $refusal;
		$self->back($mark);
		return { error => $refusal->{code} } if $refusal;
		return { error => $items[$failed]{code}, item => $failed + 1 };
	}
	return { receipts => [ map { $self->receipt($_) } @items ] };
}

# Whether a call that is all or nothing has come to nothing.
sub is_lost { my ($call, $items) = @_; return $call->{atomic} && grep { defined $_->{code} } @$items }

# From what is wrong by itself to conditions on what came of it. Returns what refuses the call as a whole.
sub run
{
	my ($self, $call, $items) = @_;
	my @fresh;

	foreach my $i (0 .. $#$items)
	{
		$items->[$i]{code} = $items->[$i]{malformed} = $self->malformed($items->[$i]{request});
		# all or nothing, it is read no further; what came before still has its keys looked up
		@$items = @$items[ 0 .. $i ] if $call->{atomic} && defined $items->[$i]{code};
		last if $i == $#$items;
	}
	if (!is_lost($call, $items))
	{
		return { code => 'LG116', unreadable => 1 } if $call->{batch} && @$items && $items->[-1]{request}{linked};
		return $self->refuse_items($call, $items, { code => 'LG117', unreadable => $call->{batch} })
			if grep { ($_->{version} // 0) < 0 } @{ $call->{conditions} };
	}
	foreach my $item (grep { !defined $_->{code} } @$items)
	{
		my $found = $self->look_up($item->{request}) // {};

		$item->{code} = $found->{code};
		@$item{qw(label replayed before)} = ($found->{replay}, 1, 1) if defined $found->{replay};
	}
	return undef if is_lost($call, $items);
	@fresh = grep { !defined $_->{code} && !$_->{replayed} } @$items;
	foreach my $item (@fresh)
	{
		@$item{qw(postings code)} = $self->resolve($item->{request});
		return undef if is_lost($call, $items);
	}
	return @fresh ? $self->compute($call, $items, grep { !defined $_->{code} } @fresh) : undef;
}

# Refuse everything for what refuses the whole call, but for what was done before and, where each is on its own, what is
# refused for a reason of its own.
sub refuse_items
{
	my ($self, $call, $items, $refusal) = @_;

	foreach my $item (grep { !$_->{before} && ($call->{atomic} || !defined $_->{code}) } @$items)
	{
		@$item{qw(code violations)} = @$refusal{qw(code violations)};
		delete $item->{label};
	}
	return $refusal;
}

# What is left to be done, with conditions before and after it.
sub compute
{
	my ($self, $call, $items, @fresh) = @_;
	my @conditions = @{ $call->{conditions} // [] };
	my @named = map { my $posting = $_; map { [ $_, $posting->{asset} ] } @$posting{qw(source destination)} } map { @{ $_->{postings} } } @fresh;
	my @opened = $self->open_missing(@named, map { [ @$_{qw(address asset)} ] } @conditions);
	my $mark = $self->mark;
	my @violations;

	foreach my $item (@fresh)
	{
		my $unknown = grep { my $posting = $_; grep { !$self->balance($_, $posting->{asset}) } @$posting{qw(source destination)} } @{ $item->{postings} };

		$item->{code} = 'LG003' if $unknown;
	}
	foreach my $condition (@conditions)
	{
		my $balance = $self->balance(@$condition{qw(address asset)});
		my $code = !$balance ? 'LG003' : $balance->{striped} && $condition->{kind} eq 'at_version' ? 'LG223' : next;

		$self->unopen(@opened);
		return $self->refuse_items($call, $items, { code => $code });
	}
	if (!is_lost($call, $items) && grep { !defined $_->{code} } @fresh)
	{
		push @violations, grep { defined } map { $self->judge($conditions[$_], $_ + 1, 'at_version') } 0 .. $#conditions;
		$self->run_chains($call, @$items);
		push @violations, grep { defined } map { $self->judge($conditions[$_], $_ + 1, 'balance_between') } 0 .. $#conditions
			unless is_lost($call, $items);
	}
	$self->back($mark) if @violations;
	my $refusal = @violations ? $self->refuse_items($call, $items, { code => 'LG401', violations => \@violations }) : undef;
	$self->unopen(@opened) if !$call->{raises} && grep { defined $_->{code} || $_->{replayed} } @$items;
	return $refusal;
}

# Do items in order, those that are joined together.
sub run_chains
{
	my ($self, $call, @items) = @_;
	my @chain;

	foreach my $item (@items)
	{
		push @chain, $item;
		next if $call->{atomic} || $item->{request}{linked};
		$self->run_chain(@chain);
		@chain = ();
	}
	$self->run_chain(@chain);
	return;
}

# Do items that are joined, all or none; later ones see what earlier ones did, their keys included.
sub run_chain
{
	my ($self, @items) = @_;
	my $mark = $self->mark;

	foreach my $item (grep { !$_->{before} } @items)
	{
		my $request = $item->{request};
		my $found = ($item->{malformed} ? undef : $self->look_up($request)) // {};

		if (defined $found->{replay})
		{
			@$item{qw(label replayed code)} = ($found->{replay}, 1, undef);
			next;
		}
		$item->{code} = $found->{code} // $item->{code} // $self->perform($request, $item->{postings});
		$item->{label} = $request->{label};
		next unless defined $item->{code};
		$self->back($mark);
		foreach my $other (grep { defined $_->{label} && !$self->{record}{ $_->{label} } || !defined $_->{label} } @items)
		{
			$other->{code} //= 'LG206';
			delete @$other{qw(label replayed)};
		}
		return;
	}
	return;
}

# A violation of a condition of this kind, if it does not hold now.
sub judge
{
	my ($self, $condition, $number, $kind) = @_;
	my $balance = $self->balance(@$condition{qw(address asset)});
	my @names = ($number, $kind, @$condition{qw(address asset)});

	return undef if $condition->{kind} ne $kind;
	if ($kind eq 'at_version')
	{
		return $balance->{version} == $condition->{version} ? undef : [ @names, $condition->{version}, $balance->{version} ];
	}
	my ($low, $high) = map { defined $condition->{$_} ? $condition->{$_} : undef } qw(low high);
	return undef if (!defined $low || $balance->{balance} >= $low) && (!defined $high || $balance->{balance} <= $high);
	return [ @names, join(' .. ', defined $low ? $self->text($low, $condition->{asset}) : '-infinity',
		defined $high ? $self->text($high, $condition->{asset}) : 'infinity'), $self->text($balance->{balance}, $condition->{asset}) ];
}

1;
