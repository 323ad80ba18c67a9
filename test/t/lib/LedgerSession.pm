# A psql that stays connected: it answers one script after the other, and keeps the notifications that came meanwhile.
package LedgerSession;

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Utils;

sub new
{
	my ($class, $node, $database) = @_;
	my $self = bless { in => '', out => '', err => '', number => 0, notifications => [] }, $class;

	$self->{harness} = IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database // 'postgres') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout(180));
	return $self;
}

# What a script prints. psql looks for notifications at the end of each command.
sub query
{
	my ($self, $sql) = @_;
	my $mark = '=done ' . ++$self->{number};

	$self->{in} .= "$sql\n\\echo $mark\n";
	while ($self->{out} !~ /^\Q$mark\E\n/m)
	{
		die "psql has ended: $self->{err}" unless $self->{harness}->pumpable;
		$self->{harness}->pump;
	}
	my $out = $self->{out} =~ s/^\Q$mark\E\n//mr;

	$self->{out} = '';
	$out =~ s{^Asynchronous notification "([^"]*)"(?: with payload "([^"]*)")? received from server process with PID (\d+)\.\n}
		{push @{ $self->{notifications} }, { channel => $1, payload => $2, pid => $3 }; ''}gem;
	chomp($out);
	return $out;
}

# The notifications that have come since this was asked last.
sub notifications
{
	my ($self) = @_;

	$self->query('SELECT;');
	return splice(@{ $self->{notifications} });
}

sub finish
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	return $self->{harness}->finish;
}

1;
