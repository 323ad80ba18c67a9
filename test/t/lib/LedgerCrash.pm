# Servers that are killed, or stopped in part, and sessions that wait meanwhile.
package LedgerCrash;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use LedgerTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(stop_process kill_everything wait_for waiting start_session is_waiting has_ended answer);

# Try until it is true, for so many seconds; whether it is.
sub wait_for
{
	my ($condition, $seconds) = @_;
	my $end = time() + ($seconds // 30);

	until ($condition->())
	{
		return 0 if time() > $end;
		sleep(0.02);
	}
	return 1;
}

# The PID of a server's own process of this kind.
sub process_of
{
	my ($node, $type) = @_;
	my $pid;

	wait_for(sub { $pid = rows($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = '$type'") })
		or BAIL_OUT("there is no $type");
	return $pid;
}

# Such a process does nothing more until it is told to go on, or killed.
sub stop_process
{
	my ($node, $type) = @_;
	my $pid = process_of($node, $type);

	kill('STOP', $pid) == 1 or die "cannot stop the $type";
	return $pid;
}

# A zombie holds nothing any more, but whoever has adopted it may leave it there for a while.
sub is_gone
{
	my ($pid) = @_;

	return 1 unless kill(0, $pid);
	open(my $stat, '<', "/proc/$pid/stat") or return 0;
	return (readline($stat) // '') =~ /\) Z /;
}

# kill -9 of all processes of a server at once; then wait until they are gone. What would keep the server from starting
# while there are zombies is removed.
sub kill_everything
{
	my ($node) = @_;
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my @pids = ($postmaster, split(/\n/, rows($node, 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()')));

	kill('KILL', @pids);
	$node->kill9;
	wait_for(sub { !grep { !is_gone($_) } @pids }) or BAIL_OUT('the server does not end');
	unlink($node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock');
	return;
}

# How many sessions of this application wait for such a thing.
sub waiting
{
	my ($node, $application, $type, $event) = @_;
	return rows($node, "SELECT count(*) FROM pg_stat_activity WHERE application_name = '$application' "
		. "AND state = 'active' AND wait_event_type = '$type'" . ($event ? " AND wait_event = '$event'" : ''));
}

# A session that runs these statements one by one, in the background, and says so at the end.
sub start_session
{
	my ($node, $name, $user, @statements) = @_;
	my $self = { node => $node, name => $name, out => '', err => '' };
	my $connstr = $node->connstr('postgres') . " application_name='$name'" . ($user ? " user=$user" : '');

	$self->{harness} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $connstr, map { ('-c', $_) } @statements, '\echo answered' ],
		'<', '/dev/null', '>', \$self->{out}, '2>', \$self->{err}, IPC::Run::timeout(180));
	return $self;
}

# Whether it has committed and waits for a standby before it answers.
sub is_waiting
{
	my ($self) = @_;
	return waiting($self->{node}, $self->{name}, 'IPC', 'SyncRep') == 1;
}

# Whether it has come to the end.
sub has_ended
{
	my ($self) = @_;

	$self->{harness}->pump_nb if $self->{harness}->pumpable;
	return !$self->{harness}->pumpable;
}

# What it was told, when it has come to the end.
sub answer
{
	my ($self) = @_;

	$self->{harness}->finish;
	return $self->{err} . $self->{out};
}

1;
