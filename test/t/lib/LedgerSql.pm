# The SQL of the property test's operations, and how their results look: each step of a script prints the SQLSTATE it
# ended with, what it was told, and the state of the ledger. Numbers of transactions are psql variables, t and a label.
package LedgerSql;

use strict;
use warnings;
use utf8;

sub new
{
	my ($class, $ledger, $model) = @_;
	return bless { ledger => $ledger, model => $model }, $class;
}

# What a script starts with. Receipts are told as lines of fields.
my $preamble = <<'END';
\set VERBOSITY verbose
\set QUIET on
SET client_min_messages = warning;
SET timezone = 'UTC';
SET enable_seqscan = off;
SET jit = off;
SET plan_cache_mode = force_generic_plan;
\set receipt 'r(status, transaction, position, recorded_at, code, message, detail, balances, amounts, violations, n)'
\set fields 'concat_ws(''|'', status, coalesce(transaction::text, ''-''), coalesce(code, ''-''), coalesce(balances::text, ''-''), coalesce(amounts::text, ''-''), coalesce(violations::text, ''-''))'
\set tell 'coalesce(string_agg(:fields, chr(10) ORDER BY n), '''') AS told'
PREPARE state(text) AS
	SELECT concat_ws(' ', address, asset, version, balance, available, held_in, held_out, coalesce(floor::text, '-'), coalesce(ceiling::text, '-'), status)
		FROM (SELECT * FROM ledger.balance WHERE ledger = $1 ORDER BY address COLLATE "C", asset) b
	UNION ALL
	SELECT concat_ws(' ', address, status) FROM (SELECT * FROM ledger.account WHERE ledger = $1 ORDER BY address COLLATE "C") a
	UNION ALL
	SELECT concat_ws(' ', number, source, destination, asset, amount, captured, voided, status)
		FROM (SELECT * FROM ledger.hold WHERE ledger = $1 ORDER BY hold, number) h;
PREPARE entries(text) AS
	SELECT concat_ws(' ', e.address, e.asset, e.version, e.amount, e.balance, j.kind)
		FROM (SELECT k.ledger, k.address, k.asset, k.transaction, k.amount, count(*) OVER w AS version, sum(k.amount) OVER w AS balance
				FROM ledger.entry k WHERE k.ledger = $1
				WINDOW w AS (PARTITION BY k.address, k.asset ORDER BY k.transaction, k.stripe, k.version)) e
			JOIN ledger.journal j ON j.ledger = e.ledger AND j.position = e.transaction
		ORDER BY e.address COLLATE "C", e.asset, e.version;
PREPARE balances_at(text, timestamptz) AS
	SELECT concat_ws(' ', address, asset, balance) FROM ledger.balances($1, at => $2) WHERE balance <> 0 ORDER BY address COLLATE "C", asset;
PREPARE faults(text) AS
	SELECT v::text FROM ledger.verify($1) v;
END

sub preamble { return $preamble }

# ------ literals ------

sub quote { my ($text) = @_; return defined $text ? "'" . ($text =~ s/'/''/gr) . "'" : 'NULL' }
sub plain { my ($number) = @_; return $number // 'NULL' }
sub boolean { my ($value) = @_; return $value ? 'true' : 'false' }
sub array { my ($type, @elements) = @_; return @elements ? 'ARRAY[' . join(', ', @elements) . "]::${type}[]" : "'{}'" }
sub json { my ($text) = @_; return '"' . ($text =~ s/(["\\])/\\$1/gr) . '"' }
sub object { my (@members) = @_; return '{' . join(', ', @members) . '}' }

# The number of a record by its label; of one that there never was, none that is used.
sub number { my ($label) = @_; return defined $label ? ":t$label" : '0' }

sub metadata { my ($request) = @_; return $request->{metadata} ? "{\"n\": $request->{metadata}}" : undef }
sub effective { my ($request) = @_; return defined $request->{effective} ? "$request->{effective} 00:00:00+00" : undef }

# Options that were given, by name.
sub options
{
	my ($self, $request, $conditions) = @_;
	my @options;

	push @options, 'idempotency_key => ' . quote($request->{key}) if defined $request->{key};
	push @options, 'reference => ' . quote($request->{reference}) if defined $request->{reference};
	push @options, 'effective_at => ' . quote(effective($request)) if defined $request->{effective};
	push @options, 'metadata => ' . quote(metadata($request)) if $request->{metadata};
	push @options, 'conditions => ' . $self->conditions($conditions) if @{ $conditions // [] };
	return @options;
}

sub bound { my ($self, $units, $asset) = @_; return defined $units ? $self->{model}->text($units, $asset) : undef }

sub conditions
{
	my ($self, $conditions) = @_;

	return array('ledger.condition', map {
		$_->{kind} eq 'at_version'
			? sprintf('ledger.at_version(%s, %s, %s)', quote($_->{address}), quote($_->{asset}), $_->{version})
			: sprintf('ledger.balance_between(%s, %s, %s, %s)', quote($_->{address}), quote($_->{asset}),
				plain($self->bound($_->{low}, $_->{asset})), plain($self->bound($_->{high}, $_->{asset})))
	} @$conditions);
}

sub conditions_json
{
	my ($self, $conditions) = @_;
	my @objects = map {
		my $condition = $_;
		object("\"kind\": \"$_->{kind}\"", "\"address\": \"$_->{address}\"", "\"asset\": \"$_->{asset}\"",
			defined $_->{version} ? "\"version\": $_->{version}" : (),
			map { "\"$_\": \"" . $self->bound($condition->{$_}, $condition->{asset}) . '"' } grep { defined $condition->{$_} } qw(low high))
	} @$conditions;

	return '"conditions": [' . join(', ', @objects) . ']';
}

sub postings
{
	my ($request) = @_;
	return array('ledger.posting', map { 'ROW(' . join(', ', quote($_->{source}), quote($_->{destination}), plain($_->{amount}), quote($_->{asset})) . ')' }
		@{ $request->{postings} });
}

# A transaction as a JSON object.
sub transaction_json
{
	my ($request, @more) = @_;
	my @postings = map {
		my $posting = $_;
		object((map { "\"$_\": " . json($posting->{$_}) } qw(source destination asset)),
			defined $_->{amount} ? "\"amount\": \"$_->{amount}\"" : (), $_->{up_to} ? '"up_to": true' : ())
	} @{ $request->{postings} };

	push @more, '"idempotency_key": ' . json($request->{key}) if defined $request->{key};
	push @more, '"reference": ' . json($request->{reference}) if defined $request->{reference};
	push @more, '"effective_at": ' . json(effective($request)) if defined $request->{effective};
	push @more, '"metadata": ' . metadata($request) if $request->{metadata};
	push @more, '"linked": true' if $request->{linked};
	return object('"postings": [' . join(', ', @postings) . ']', @more);
}

# Whether JSON can say it in the same words: what is missing there is another error.
sub has_json
{
	my ($request) = @_;
	return !grep { my $posting = $_; grep({ !defined $posting->{$_} } qw(source destination asset)) || (!defined $_->{amount} && !$_->{up_to}) }
		@{ $request->{postings} };
}

# ------ calls ------

# The functions to choose from, with their arguments, for a request of each kind.
sub transaction
{
	my ($self, $request, $conditions) = @_;
	my @postings = @{ $request->{postings} };
	my @options = $self->options($request, $conditions);
	my @forms = [ 'post_transaction', postings($request), (grep { $_->{up_to} } @postings) ?
			'up_to => ' . array('boolean', map { boolean($_->{up_to}) } @postings) : (), @options ];

	push @forms, [ 'post_json', quote(transaction_json($request, @{ $conditions // [] } ? $self->conditions_json($conditions) : ())) ]
		if has_json($request) && !grep { ($_->{version} // 0) !~ /^-?\d+$/ } @{ $conditions // [] };
	push @forms, ([ 'post', posting($postings[0]), @options ]) x 2 if @postings == 1;
	return @forms;
}

# The arguments of a single posting.
sub posting
{
	my ($posting) = @_;
	return (quote($posting->{source}), quote($posting->{destination}), plain($posting->{amount}), quote($posting->{asset}), $posting->{up_to} ? 'up_to => true' : ());
}

sub hold
{
	my ($self, $request, $conditions) = @_;
	my @postings = @{ $request->{postings} };
	my @options = $self->options($request, $conditions);
	my ($when) = ($request->{expires} // '') =~ /^([a-z]+)/;

	push @options, 'expires_at => ' . { past => "'2000-01-01'", late => "'2100-01-01'", brief => ":'brief'", soon => ":'$request->{expires}'" }->{$when} if $when;
	my @forms = [ 'hold_transaction', postings($request), (grep { $_->{up_to} } @postings) ?
			'up_to => ' . array('boolean', map { boolean($_->{up_to}) } @postings) : (), @options ];
	push @forms, [ 'hold', posting($postings[0]), @options ] if @postings == 1;
	return @forms;
}

sub part
{
	my ($request) = @_;
	return (defined $request->{amount} ? "amount => $request->{amount}" : (), $request->{amounts} ? 'amounts => ' . array('numeric', @{ $request->{amounts} }) : ());
}

sub capture
{
	my ($self, $request) = @_;
	return [ 'capture', number($request->{of}), part($request), $request->{final} ? () : 'final => false', $self->options($request) ];
}

sub void
{
	my ($self, $request) = @_;
	return [ 'void', number($request->{of}), $self->options($request) ];
}

sub reversal
{
	my ($self, $request, $conditions) = @_;
	return [ 'reverse', number($request->{of}), part($request), (map { $request->{$_} ? "$_ => true" : () } qw(force original_time)),
		$self->options($request, $conditions) ];
}

sub batch
{
	my ($self, $call) = @_;
	my @requests = @{ $call->{requests} };
	my @more = ('atomic => ' . boolean($call->{atomic}), @{ $call->{conditions} } ? 'conditions => ' . $self->conditions($call->{conditions}) : ());
	my @forms;

	push @forms, [ 'post_batch_json', quote('[' . join(', ', map { transaction_json($_) } @requests) . ']'), @more ] unless grep { !has_json($_) } @requests;
	return @forms if grep { @{ $_->{postings} } != 1 } @requests;
	my @postings = map { $_->{postings}[0] } @requests;
	my $column = sub { my ($name, $type, $given, @values) = @_; return grep({ defined } @$given) ? "$name => " . array($type, @values) : () };
	my @assets = map { quote($_->{asset}) } @postings;
	my %assets = map { $_ => 1 } @assets;
	push @forms, [ 'post_batch', array('text', map { quote($_->{source}) } @postings), array('text', map { quote($_->{destination}) } @postings),
		array('numeric', map { plain($_->{amount}) } @postings), array('text', keys %assets == 1 ? $assets[0] : @assets),
		$column->('idempotency_keys', 'text', [ map { $_->{key} } @requests ], map { quote($_->{key}) } @requests),
		$column->('linked', 'boolean', [ map { $_->{linked} || undef } @requests ], map { boolean($_->{linked}) } @requests),
		$column->('reference_names', 'text', [ map { $_->{reference} } @requests ], map { quote($_->{reference}) } @requests),
		$column->('effective_times', 'timestamptz', [ map { $_->{effective} } @requests ], map { quote(effective($_)) } @requests),
		$column->('metadata', 'jsonb', [ map { $_->{metadata} } @requests ], map { quote(metadata($_)) } @requests),
		$column->('up_to', 'boolean', [ map { $_->{up_to} || undef } @postings ], map { boolean($_->{up_to}) } @postings), @more ];
	return @forms;
}

# The lines that make a call. A function that raises is followed by going back, so that a transaction around goes on.
sub call
{
	my ($self, $call) = @_;
	my @requests = @{ $call->{requests} };
	my $kind = $call->{batch} ? 'batch' : $requests[0]{kind};
	my @forms = $call->{batch} ? $self->batch($call) : $self->$kind($requests[0], $call->{conditions});
	my ($function, @arguments) = @{ $forms[ rand(@forms) ] };
	my $try = $call->{batch} || $call->{raises} ? '' : 'try_';
	my @numbers = map { sprintf(', (array_agg(transaction ORDER BY n))[%d] AS t%s', $_ + 1, $requests[$_]{label}) } 0 .. $#requests;
	my @lines;

	push @lines, "SELECT clock_timestamp() + interval '0.05 s' AS $requests[0]{expires} \\gset"
		if !$call->{batch} && ($requests[0]{expires} // '') =~ /^soon/ && !$self->{set}{ $requests[0]{expires} }++;
	push @lines, sprintf('SELECT :tell%s FROM ledger.%s%s(%s) WITH ORDINALITY :receipt \gset', join('', @numbers), $try, $function,
		join(', ', quote($self->{ledger}), @arguments));
	return @lines;
}

sub query { my ($self, $expression) = @_; return "SELECT $expression AS told \\gset" }

# A function that changes an account: texts, then limits.
sub administer
{
	my ($self, $function, $address, @rest) = @_;
	my @arguments = (quote($self->{ledger}), quote($address));

	if (@rest)
	{
		my ($asset, @limits) = @rest;

		push @arguments, quote($asset), $function eq 'set_stripes' ? @limits : map { plain(!defined $_ ? undef : defined $asset ? $self->{model}->text($_, $asset) : sprintf('%.2f', $_ / 100)) } @limits;
	}
	return $self->query("ledger.$function(" . join(', ', @arguments) . ')');
}

# Let time pass until a hold has expired. A hold that lasts is made one that was to last until some time in the past, which
# takes no time and leaves nothing to chance; one that does not is waited for.
sub pass
{
	my ($self, $hold, $when) = @_;

	return "SELECT pg_sleep(extract(epoch FROM :'$hold->{expires}'::timestamptz - clock_timestamp()) + 0.001) AS slept \\gset" if $hold->{expires} =~ /^soon/;
	my $time = "timestamptz '2001-01-01 00:00:00+00' + $when * interval '1 second'";
	return "WITH h AS (UPDATE ledger_data.hold SET expires_at = $time, due = CASE WHEN due IS NOT NULL THEN $time END " .
		"WHERE ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = '$self->{ledger}') AND hold = :t$hold->{label} RETURNING ledger_id) " .
		"UPDATE ledger_data.journal j SET payload = jsonb_set(payload, '{expires_at}', to_jsonb($time)) " .
		"FROM (SELECT DISTINCT ledger_id FROM h) h WHERE j.ledger_id = h.ledger_id AND j.position = :t$hold->{label};";
}

# ------ what comes back ------

# A receipt as it is told, with the number of its transaction as known, or else as found.
sub receipt_text
{
	my ($self, $receipt, $number) = @_;
	my $model = $self->{model};
	my $list = sub { my ($items) = @_; return defined $items ? '{' . join(',', @$items) . '}' : '-' };
	my $states = $receipt->{states} && [ map { my ($address, $asset, $balance, $version) = @$_; "\"($address,$asset," . (defined $version ? $model->text($balance, $asset) . ",$version" : ',') . ')"' } @{ $receipt->{states} } ];
	my $amounts = $receipt->{amounts} && [ map { $model->text(@$_) } @{ $receipt->{amounts} } ];
	my $violations = $receipt->{violations} && [ map { '"(' . join(',', map { / / ? "\\\"$_\\\"" : $_ } @$_) . ',)"' } @{ $receipt->{violations} } ];

	return join('|', $receipt->{status}, $number // '-', $receipt->{code} // '-', $list->($states), $list->($amounts), $list->($violations));
}

1;
