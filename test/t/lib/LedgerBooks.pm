# The books of LedgerModel: accounts, balances and holds, all changes to them but posting, and how they look. Amounts are
# whole numbers of the asset's smallest unit, and no sum is kept that can be worked out.
package LedgerBooks;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(left);

# assets: a hash of code to scale; order: the codes in the order of their numbers; auto_open: as of create_ledger.
sub new
{
	my ($class, %self) = @_;
	my $self = bless { auto_open => 1, undo => [], account => {}, balance => {}, record => {}, hold => {}, entry => {},
		key => {}, reference => {}, count => { balance => 0, record => 0 }, %self }, $class;

	$self->{rank}{ $self->{order}[$_] } = $_ foreach 0 .. $#{ $self->{order} };
	$self->{account}{world} = { address => 'world', status => 'open', any => 1, stripes => 16, floor => undef, ceiling => undef };
	return $self;
}

# ------ changes, which can all be taken back ------

sub put
{
	my ($self, $hash, $name, $value) = @_;

	push @{ $self->{undo} }, [ $hash, $name, exists $hash->{$name}, $hash->{$name} ];
	$hash->{$name} = $value;
	return;
}

sub remove
{
	my ($self, $hash, $name) = @_;

	push @{ $self->{undo} }, [ $hash, $name, 1, $hash->{$name} ];
	delete $hash->{$name};
	return;
}

sub mark { my ($self) = @_; return scalar @{ $self->{undo} } }

# Take back everything since a mark.
sub back
{
	my ($self, $mark) = @_;

	while (@{ $self->{undo} } > $mark)
	{
		my ($hash, $name, $was, $value) = @{ pop @{ $self->{undo} } };

		if ($was) { $hash->{$name} = $value }
		else { delete $hash->{$name} }
	}
	return;
}

# ------ amounts ------

# An amount in smallest units, or the code of what is wrong with it.
sub units
{
	my ($self, $text, $asset) = @_;
	my ($sign, $whole, $decimals) = $text =~ /^(-?)(\d+)(?:\.(\d*))?$/ or die "amount $text";
	my $scale = $self->{assets}{$asset};

	$decimals = ($decimals // '') =~ s/0+$//r;
	return (undef, 'LG103') if length($decimals) > $scale;
	my $units = $whole * 10**$scale + ($decimals . '0' x ($scale - length($decimals)) || 0);
	return (undef, 'LG102') if $sign && $units != 0;
	return ($units, undef);
}

sub text
{
	my ($self, $units, $asset) = @_;
	my $scale = $self->{assets}{$asset};
	my $digits = sprintf('%0*d', $scale + 1, abs($units));

	substr($digits, -$scale, 0) = '.' if $scale > 0;
	return ($units < 0 ? '-' : '') . $digits;
}

# An account's own limits are in hundredths, whatever the asset: the nearest unit that is not beyond them.
sub fit_limit
{
	my ($limit, $scale, $up) = @_;

	return undef if !defined $limit;
	return $limit * 10**($scale - 2) if $scale >= 2;
	my $factor = 10**(2 - $scale);
	my $rest = $limit % $factor;
	return ($limit - $rest) / $factor + ($up && $rest ? 1 : 0);
}

# ------ accounts and balances ------

sub balance { my ($self, $address, $asset) = @_; return $self->{balance}{"$address $asset"} }

# Balances in the order of their opening.
sub balances
{
	my ($self, $address) = @_;
	my @found = grep { !defined $address || $_->{address} eq $address } values %{ $self->{balance} };

	@found = sort { $a->{number} <=> $b->{number} } @found;
	return @found;
}

# What is held of a balance ("source") or for it ("destination") by holds that have not expired.
sub held
{
	my ($self, $balance, $side) = @_;
	my $sum = 0;

	foreach my $hold (grep { !$_->{due} } values %{ $self->{hold} })
	{
		foreach my $row (@{ $hold->{rows} })
		{
			$sum += left($row) if $row->{asset} eq $balance->{asset} && $row->{$side} eq $balance->{address};
		}
	}
	return $sum;
}

sub left { my ($row) = @_; return $row->{amount} - $row->{captured} - $row->{voided} }
sub available { my ($self, $balance) = @_; return $balance->{balance} - $self->held($balance, 'source') }
sub expected { my ($self, $balance) = @_; return $balance->{balance} + $self->held($balance, 'destination') }

# Open a balance, and its account where the ledger allows; false if it may not be opened.
sub open_balance
{
	my ($self, $address, $asset) = @_;
	my $scale = $self->{assets}{$asset};
	my $account = $self->{account}{$address};

	return 1 if $self->balance($address, $asset);
	if (!$account)
	{
		return 0 unless $self->{auto_open};
		$account = { address => $address, status => 'open', any => 1, floor => 0, ceiling => undef };
		$self->put($self->{account}, $address, $account);
	}
	return 0 unless $account->{any};
	$self->add_balance($address, $asset, ($account->{stripes} // 1) > 1, 0, fit_limit($account->{floor}, $scale, 1), fit_limit($account->{ceiling}, $scale, 0));
	return 1;
}

sub add_balance
{
	my ($self, $address, $asset, $striped, $own, $floor, $ceiling) = @_;

	$self->put($self->{count}, 'balance', $self->{count}{balance} + 1);
	$self->put($self->{balance}, "$address $asset",
		{ address => $address, asset => $asset, number => $self->{count}{balance}, balance => 0, version => 0,
			striped => $striped, own => $own, floor => $floor, ceiling => $ceiling });
	return;
}

# Open what is named, in one order; the names of what was opened.
sub open_missing
{
	my ($self, @named) = @_;
	my @opened;

	foreach my $name (sort { $a->[0] cmp $b->[0] || $self->{rank}{ $a->[1] } <=> $self->{rank}{ $b->[1] } } @named)
	{
		next if $self->balance(@$name);
		my $new = !$self->{account}{ $name->[0] };

		push @opened, { address => $name->[0], asset => $name->[1], account => $new } if $self->open_balance(@$name);
	}
	return @opened;
}

# What was opened for refused requests only is not there.
sub unopen
{
	my ($self, @opened) = @_;

	foreach my $name (@opened)
	{
		my $balance = $self->balance($name->{address}, $name->{asset});

		$self->remove($self->{balance}, "$name->{address} $name->{asset}") if $balance->{version} == 0;
	}
	foreach my $name (grep { $_->{account} } @opened)
	{
		$self->remove($self->{account}, $name->{address}) unless $self->balances($name->{address});
	}
	return;
}

# The code for an account through which nothing passes.
sub status_fault
{
	my ($self, $address) = @_;
	return { open => undef, frozen => 'LG203', closed => 'LG204' }->{ $self->{account}{$address}{status} };
}

# ------ everything else ------

# Time passes until a hold has expired; when says which was first.
sub pass
{
	my ($self, $label, $when) = @_;

	$self->put($self->{hold}{$label}, 'due', $when);
	return;
}

# Sweep what has expired, at most so many holds; how many there were.
sub expire_holds
{
	my ($self, $most) = @_;
	my @due = grep { $_->{due} && grep { left($_) > 0 } @{ $_->{rows} } } values %{ $self->{hold} };

	@due = sort { $a->{due} <=> $b->{due} } @due;
	splice(@due, $most) if @due > $most;
	foreach my $hold (@due)
	{
		foreach my $row (grep { left($_) > 0 } @{ $hold->{rows} })
		{
			$self->put($row, 'voided', $row->{voided} + left($row));
			$self->put($row, 'expired', 1);
		}
		$self->put($hold, 'swept', 1);
	}
	return scalar @due;
}

# The code for limits (in smallest units, or of an account in hundredths) that are none, or that zero is beyond.
sub limits_fault
{
	my ($floor, $ceiling, $zero) = @_;

	return 'LG113' if defined $floor && defined $ceiling && $floor > $ceiling;
	return 'LG113' if $zero && (($floor // 0) > 0 || ($ceiling // 0) < 0);
	return undef;
}

sub open_account
{
	my ($self, $address, $asset, $floor, $ceiling) = @_;
	my $account = $self->{account}{$address};
	my $fault = limits_fault($floor, $ceiling, 1);

	return $fault if $fault;
	return 'LG204' if $account && $account->{status} eq 'closed';
	return 'LG013' if $account && (!defined $asset || $self->balance($address, $asset));
	if (!$account)
	{
		$self->put($self->{account}, $address, { address => $address, status => 'open', any => !defined $asset || $self->{auto_open},
			floor => defined $asset ? 0 : $floor, ceiling => defined $asset ? undef : $ceiling });
	}
	$self->add_balance($address, $asset, 0, 1, $floor, $ceiling) if defined $asset;
	return undef;
}

sub set_limits
{
	my ($self, $address, $asset, $floor, $ceiling) = @_;
	my $account = $self->{account}{$address};
	my $fault = limits_fault($floor, $ceiling, 0) // ($account ? undef : 'LG003') // limits_fault($floor, $ceiling, !defined $asset);

	return $fault if $fault;
	my @balances = grep { defined $asset ? $_->{asset} eq $asset : !$_->{own} } $self->balances($address);
	return 'LG003' if defined $asset && !@balances;
	my @new;
	foreach my $balance (@balances)
	{
		my $scale = $self->{assets}{ $balance->{asset} };
		my ($low, $high) = defined $asset ? ($floor, $ceiling) : (fit_limit($floor, $scale, 1), fit_limit($ceiling, $scale, 0));

		return 'LG201' if defined $low && $self->available($balance) < $low;
		return 'LG202' if defined $high && $self->expected($balance) > $high;
		push @new, [ $balance, $low, $high ];
	}
	foreach my $new (@new)
	{
		$self->put($new->[0], 'floor', $new->[1]);
		$self->put($new->[0], 'ceiling', $new->[2]);
		$self->put($new->[0], 'own', 1) if defined $asset;
	}
	return undef if defined $asset;
	$self->put($account, 'floor', $floor);
	$self->put($account, 'ceiling', $ceiling);
	return undef;
}

# A balance that is striped has no version any more, and nothing else changes.
sub set_stripes
{
	my ($self, $address, $asset, $stripes) = @_;
	my $account = $self->{account}{$address};

	return '22023' if $stripes < 1 || $stripes > 64;
	return 'LG003' if !$account || (defined $asset && !$self->balance($address, $asset));
	$self->put($account, 'stripes', $stripes) unless defined $asset;
	foreach my $balance (grep { !defined $asset || $_->{asset} eq $asset } $self->balances($address))
	{
		$self->put($balance, 'striped', 1) if $stripes > 1;
	}
	return undef;
}

sub set_status
{
	my ($self, $address, $status) = @_;
	my $account = $self->{account}{$address} or return 'LG003';

	return 'LG204' if $account->{status} eq 'closed';
	if ($status eq 'closed')
	{
		return '22023' if $address eq 'world';
		return 'LG205' if grep { $_->{balance} != 0 } $self->balances($address);
	}
	$self->put($account, 'status', $status);
	return undef;
}

# ------ what the ledger looks like ------

# Balances, accounts and holds as lines, like those that the test asks the server for.
sub state
{
	my ($self) = @_;
	my @lines;

	foreach my $balance (sort { $a->{address} cmp $b->{address} || $a->{asset} cmp $b->{asset} } $self->balances)
	{
		my $asset = $balance->{asset};
		my @amounts = map { defined $_ ? $self->text($_, $asset) : '-' } $balance->{balance}, $self->available($balance),
			$self->held($balance, 'destination'), $self->held($balance, 'source'), $balance->{floor}, $balance->{ceiling};

		push @lines, join(' ', $balance->{address}, $asset, $balance->{striped} ? () : $balance->{version}, @amounts, $self->{account}{ $balance->{address} }{status});
	}
	push @lines, map { "$_ $self->{account}{$_}{status}" } sort keys %{ $self->{account} };
	foreach my $hold (sort { $a->{number} <=> $b->{number} } values %{ $self->{hold} })
	{
		foreach my $row (@{ $hold->{rows} })
		{
			my $status = $row->{expired} || ($hold->{due} && left($row) > 0) ? 'expired'
				: left($row) > 0 ? 'open' : $row->{captured} > 0 ? 'captured' : 'voided';

			push @lines, join(' ', @$row{qw(number source destination asset)},
				(map { $self->text($_, $row->{asset}) } @$row{qw(amount captured voided)}), $status);
		}
	}
	return join("\n", @lines);
}

# Entries as lines: by balance, then by version.
sub entries
{
	my ($self) = @_;
	my @entries = sort { $a->{address} cmp $b->{address} || $a->{asset} cmp $b->{asset} || $a->{version} <=> $b->{version} } values %{ $self->{entry} };

	return join("\n", map { join(' ', @$_{qw(address asset version)},
		$self->text($_->{amount}, $_->{asset}), $self->text($_->{balance}, $_->{asset}), $_->{record}{kind}) } @entries);
}

# Balances as of an effective time, where they are not zero.
sub balances_at
{
	my ($self, $time) = @_;
	my %sum;

	foreach my $entry (values %{ $self->{entry} })
	{
		my $effective = $entry->{record}{effective};

		$sum{"$entry->{address} $entry->{asset}"} += $entry->{amount} if defined $effective && $effective le $time;
	}
	return join("\n", map { "$_ " . $self->text($sum{$_}, (split / /)[1]) } grep { $sum{$_} != 0 } sort keys %sum);
}

1;
