# Calls of every function with arguments that nobody would give: each ends with a result or a proper error, never with
# an internal one or a crash, and leaves the ledgers sound.
use strict;
use warnings;
use utf8;

use Digest::SHA qw(sha256);
use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = $ENV{LEDGER_FUZZ_CALLS} // 10000;

$ENV{LEDGER_SEED} //= 20240229;
seed();
my $node = new_node('fuzz', conf => "log_min_messages = panic\nlog_min_error_statement = panic\n");

my $set_up = <<'END';
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('chained', hashing => 'strict');
SELECT ledger.create_ledger('strict', auto_open => false);
CREATE FUNCTION public.echo(args jsonb) RETURNS jsonb LANGUAGE sql RETURN args;
CREATE TABLE public.refused (row_number bigint, code text, message text, amount numeric);
GRANT ALL ON public.refused TO PUBLIC;
SELECT ledger.create_asset('BTC', 8), ledger.create_asset('Tiny', 30);
SELECT ledger.open_account('strict', 'credit:1', 'EUR', floor => NULL);
SELECT ledger.post('main', 'world', 'users:' || n, 1000, a, 'key ' || n || a, effective_at => now() - n * interval '1 day')
	FROM generate_series(1, 3) n, unnest(ARRAY['EUR', 'JPY', 'BTC']) a;
CREATE ROLE boss;
CREATE ROLE clerk;
SELECT ledger.grant_access('boss', 'admin'), ledger.grant_access('clerk', 'post', 'main');
END
$node->safe_psql('postgres', $set_up);

# A ledger with a record of each kind, and its lines.
$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('source', metadata => '{"a": "é"}');
SELECT ledger.post('source', 'world', 'a', 10, 'EUR', 'k', 'r', '2020-01-01', '{"n": [1, null]}', tags => ROW('s', NULL, NULL, NULL, 'e', NULL, 'c')::ledger.tags);
SELECT ledger.open_account('source', 'b', 'BTC', -5, 100, metadata => '{"x": 1}'), ledger.set_limits('source', 'a', NULL, -1, NULL), ledger.set_metadata('source', 'a', '{"y": null}');
SELECT ledger.capture('source', (ledger.hold('source', 'a', 'c', 4, 'EUR', '2999-01-01')).transaction, 1, final => false);
SELECT ledger.void('source', max(hold)) FROM ledger.hold WHERE ledger = 'source';
SELECT ledger.reverse('source', (ledger.post('source', 'a', 'b', 2, 'EUR')).transaction, 1, force => true);
SELECT ledger.append('source', 'x', '{"y": 1}'), ledger.freeze('source', 'b');
END
my @exported = map { utf8::is_utf8($_) ? $_ : Encode::decode('UTF-8', $_) } split(/\n/, rows($node, "SELECT ledger.export('source')"));

sub pick { return $_[ rand(@_) ] }
sub quote { my ($text) = @_; return "'" . ($text =~ s/'/''/gr) . "'" }

# Things to give for each type, as SQL.
my @addresses = map { quote($_) } ('world', 'users:1', 'users:2', 'users:3', 'credit:1', 'new', 'a:b:c.d@e-f_g');
my @assets = map { quote($_) } ('EUR', 'JPY', 'BTC', 'Tiny', 'XXX');
my @texts = (
	@addresses, @assets, "'main'", "'main'", "'main'", "'strict'", "'key 1EUR'", "'read'", "'post'", "'admin'", "'boss'", "'clerk'",
	'NULL', "''", "' '", "':'", "'a::b'", "':a'", "'a:'", "'*'", "'**'", "'users:*'", "'**:**:*'", "'%'", "'null'", "'NaN'",
	"'Üñïçødé'", "'\x{1F4B0}'", "'\x{202E}abc'", q(E'\\n\\t\\x01'), q('; DROP TABLE ledger_data.journal; --'), q('{"a": 1}'),
	q(repeat('a', 63)), q(repeat('a', 64)), q(repeat('a', 255)), q(repeat('a', 256)), q(repeat('ü', 256)), q(repeat('k', 512)), q(repeat('k', 513)),
	q(repeat('a:', 3000)), q(repeat('*:', 2000) || 'a'), q(repeat('**:', 200) || 'a'), q(repeat('x', 1000000)));
my @numbers = (
	('1', '0.01', '10', '7', '100') x 3, '0', '-0.00', '-1', '0.001', '1.00000000000000000000000000000000000000', 'NULL',
	(map { "'$_'::numeric" } 'NaN', 'Infinity', '-Infinity', '1e131071', '-1e131071', '1e-16383', '1e-38', '1e-30', '1e-31', '1e36', '1e37', '1e38', '-1e38',
		'99999999999999999999999999999999999999', '-99999999999999999999999999999999999999', '999999999999999999999999999999999999.99', '99999999.999999999999999999999999999999',
		'170141183460469231731687303715884105727', '170141183460469231731687303715884105728', '1.70141183460469231731687303715884105728e38',
		'340282366920938463463374607431768211456', '9223372036854775807', '18446744073709551616', '92233720368547758.07', '9999', '10000', '99990000'));
my @times = (('NULL') x 3, 'now()', "'2020-02-29 12:00+14'", "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'294276-12-31 23:59:59.999999+00'", "'epoch'", "'2000-01-01+00'", "(now() - interval '36 hours')");
my @objects = (
	('NULL') x 3, "'{}'", "'null'", "'[]'", "'1'", q('"text"'), "'true'", q('{"a": {"b": [1, 2, null]}}'), q('{"": ""}'),
	q((repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb), q((repeat('[', 5000) || repeat(']', 5000))::jsonb), q(jsonb_build_object('long', repeat('x', 100000))));
my @bytes = ("'\\x'", "'\\x00'", "'\\x0101'", "'\\x80'", "'\\xffffffffffffffffff01'", "'\\x8080808080808080808080808001'", "'\\x7f7f7f'", q(decode(repeat('01', 400), 'hex')));
my @integers = (0 .. 9, -1, 37, 38, 39, 127, 32767, 2147483647, -2147483648);

sub posting
{
	my ($from, $to, $amount, $asset) = (pick(@addresses, @addresses, @texts), pick(@addresses, @addresses, @texts), pick(@numbers), pick(@assets, @assets, @texts));
	return rand() < 0.1 ? 'NULL::ledger.posting' : "ROW($from, $to, $amount, $asset)::ledger.posting";
}

sub postings
{
	my $kind = rand();
	my @list = map { posting() } 1 .. 1 + int(rand(4));
	my $times = $list[0] =~ /1000000/ ? 1 : pick(1, 500, 3000);

	return 'NULL' if $kind < 0.03;
	return "'{}'" if $kind < 0.06;
	return "ARRAY[ARRAY[$list[0]]]" if $kind < 0.09;
	return "'[2:2]={\"(world,users:1,1,EUR)\"}'" if $kind < 0.12;
	return "'{\"(,,,)\"}'" if $kind < 0.15;
	return "array_fill($list[0], ARRAY[$times])" if $kind < 0.2;
	return q((SELECT array_agg(ROW('world', 'many:' || n, 0.01, 'EUR')::ledger.posting) FROM generate_series(1, 300) n)) if $kind < 0.22;
	return 'ARRAY[' . join(', ', @list) . ']::ledger.posting[]';
}

# Tags and a condition as JSON, more or less.
sub tags_object
{
	return 'jsonb_build_object(' . join(', ', map { "'$_', " . pick(@texts, "'x'", "'y'", 7) . (rand() < 0.9 ? '::text' : '') }
		grep { rand() < 0.4 } qw(source_id source_type stream_type stream_id event_type correlation_id causation_id other)) . ')';
}

sub condition_object
{
	my %member = (kind => pick("'scope'", "'scope'", "'at_version'", "'x'"), source_id => pick("'x'", @texts), expected => pick(0, 1000000, -1, 1.5, "'1'", 'NULL'),
		none => pick('true', 'false', 1), event_types => pick("'[\"x\"]'::jsonb", "'[1]'::jsonb", "'[]'::jsonb", "'x'"), exact => pick('true', 'false'),
		address => pick(@addresses), asset => pick(@assets), version => pick(0, 1), stranger => 1);
	my @keys = grep { rand() < ($_ eq 'stranger' ? 0.05 : $_ eq 'kind' ? 0.95 : 0.5) } sort keys %member;

	return 'jsonb_build_object(' . join(', ', map { "'$_', $member{$_}" . ($member{$_} =~ /^'.*'$/ || $member{$_} eq 'NULL' ? '::text' : '') } @keys) . ')';
}

# What a producer returns, more or less.
sub submission
{
	my @members;
	my $event = tags_object() . pick('', " || jsonb_build_object('payload', 7)", " || jsonb_build_object('idempotency_key', " . pick(@texts, 1) . ')');

	return pick(@objects) if rand() < 0.1;
	push @members, "'transactions', " . pick('jsonb_build_array(' . transaction() . ')', 'jsonb_build_array(' . transaction() . ')', "'[]'::jsonb", "'{}'::jsonb", 7) if rand() < 0.6;
	push @members, "'events', " . pick("jsonb_build_array($event)", "jsonb_build_array($event, $event)", "'[1]'::jsonb", 'NULL') if rand() < 0.6;
	push @members, "'others', 1" if rand() < 0.05;
	return 'jsonb_build_object(' . join(', ', @members) . ')';
}

# A query of lines of another ledger's export, more or less.
sub foreign_lines
{
	my @lines;
	my $id = int(rand(5));

	foreach (1 .. pick(1, 2, 5))
	{
		my $type = pick('NEW_TRANSACTION', 'NEW_TRANSACTION', 'REVERTED_TRANSACTION', 'SET_METADATA', 'DELETE_METADATA', 'INSERTED_SCHEMA', 'OTHER');
		my $amount = pick(0, 1, 100, '1e3', '1.5', -1, '"1"', 'null', '1e30', '1e400', '99999999999999999999999999999999999999');
		my $posting = qq({"source":"@{[pick('world', 'users:1', 'fresh', 'a b', '')]}","destination":"@{[pick('users:1', 'users:2', 'fresh')]}","amount":$amount,"asset":"@{[pick('EUR/2', 'EUR/4', 'JPY', 'X/999999', 'x', '')]}"});
		my $tx = qq({"id":@{[pick(0 .. 9, '1.5', '-1', '"a"', 'null')]},"postings":[@{[join(',', ($posting) x pick(0, 1, 1, 2, 300))]}],"timestamp":"@{[pick('2024-01-31T12:00:00Z', '2024-02-30T00:00:00Z', '999999-01-01T00:00:00Z', 'now')]}","metadata":@{[pick('{}', 'null', '{"a":"b"}', '[]', 7)]},"reference":"@{[pick('', '', 'r')]}"});
		my $data = pick(qq({"transaction":$tx,"accountMetadata":@{[pick('{}', 'null', '[]', '{"users:1":{"a":"b"}}', '{"":{}}', '{"users:1":7}')]}}), qq({"transaction":$tx,"revertedTransactionID":@{[pick(0 .. 9, 'null', '{}')]}}),
			qq({"targetType":"@{[pick('ACCOUNT', 'transaction', 'x')]}","targetId":@{[pick(0 .. 9, '"users:1"', '"a b"', 'null', '[]')]},"metadata":@{[pick('{"a":"b"}', '{"a":null}', 'null', '[]')]},"key":@{[pick('"a"', 'null', 7)]}}), '{}', '[]', 'null');
		my $quantity = qq({"decimalMantissa":@{[pick(1, -1, 100, -100, '1e30', '"x"', 'null')]},"decimalPlaces":@{[pick(0, 2, 2, 255, -1, 99999, 'null')]}});
		my $part = qq({"paccount":@{[pick('"a b"', '"a_b"', '"c"', '"é:x"', 'null', '""')]},"pamount":@{[pick(qq([{"acommodity":@{[pick('"EUR"', '"$"', 'null', '""')]},"aquantity":$quantity}]), '[]', '[7]', 'null')]},"pcomment":@{[pick('"x"', 'null', '{}')]}});

		push @lines, rand() < 0.6 ? qq({"type":"$type","id":@{[rand() < 0.95 ? $id++ : pick(-1, '"1"', '1e100')]},"data":$data,"idempotencyKey":@{[pick('""', '""', '"k"', 7, '{}')]}})
			: rand() < 0.9 ? qq({"tdate":"@{[pick('2024-01-01', '2024-01-01', '2024-02-30', '9999999-01-01', '')]}","tdescription":@{[pick('"x"', 'null')]},"ttags":@{[pick('[]', 'null', '[["a","b"]]', '[7]', '7', '[[null]]')]},"tpostings":@{[pick("[$part,$part]", "[$part]", '[]', '[null]', '7')]}})
			: pick('', '[', '{}', '[[]]', 'null', '"x"', '\\u0000', '{"a":"\\u0000"}');
	}
	return values_query(@lines);
}

# A query that returns these lines, as SQL.
sub values_query
{
	my @lines = @_;
	return 'format($query$VALUES ' . join(', ', ('(%L)') x @lines) . '$query$, ' . join(', ', map { quote($_) } @lines) . ')';
}

# Lines of an export, with something changed; in half of them whoever did it has made the last line's hash again.
sub exported_lines
{
	my @lines = @exported;

	foreach (1 .. pick(0, 1, 1, 1, 2))
	{
		my $at = int(rand(@lines));
		my $kind = rand();

		if ($kind < 0.1) { splice(@lines, $at, 1) }
		elsif ($kind < 0.2) { splice(@lines, $at, 0, pick(@lines, '', '{}', '[]', '{"end":{}}', '{"block":1}', '{"v":1}')) }
		elsif ($kind < 0.3) { my $other = int(rand(@lines)); @lines[ $at, $other ] = @lines[ $other, $at ] }
		elsif ($kind < 0.4) { substr($lines[$at], rand(length($lines[$at])), 1) = pick('', '"', '{', ',', '9', 'é', ' ') }
		elsif ($kind < 0.6)
		{
			my $word = pick($lines[$at] =~ /"[^"\\]*"/g, '""');
			my $new = pick($lines[$at] =~ /"[^"\\]*"/g, '"x"', '""', 'null', '7', '[]', '{}', '"1e9"', '"2001-01-01T00:00:00+00:00"');
			$lines[$at] =~ s/\Q$word\E/$new/;
		}
		elsif ($kind < 0.8) { $lines[$at] =~ s/(\d+)(?=\D*$)/pick(0, 1, 2, -1, '1.5', '9223372036854775808', '1e400', 'null', '"x"')/e }
		else
		{
			my $member = pick(qw(payload metadata entries tags related change postings amount address assets settings scale after start head last_block));
			my $value = pick('null', 7, '[]', '{}', '"x"', '-1', '[[]]', '[7]', 'true');
			$lines[$at] =~ s/"$member": ?(?:"[^"]*"|\d+|null|\{[^{}]*\}|\[[^\[\]]*\])/"$member":$value/;
		}
	}
	if (rand() < 0.5)
	{
		my $digest = "\0" x 32;

		foreach (@lines)
		{
			s/"digest":"[^"]*"/'"digest":"' . unpack('H*', $digest) . '"'/e;
			$digest = sha256("\1" . $digest . sha256("\0" . encode_utf8($_)));
		}
	}
	return @lines;
}

# A query of postings, more or less.
sub query
{
	my %column = (source => pick(@addresses, @texts), destination => pick(@addresses), amount => pick(@numbers, 1, 2), asset => pick(@assets),
		idempotency_key => pick(@texts), reference => pick(@texts), effective_at => pick(@times), metadata => pick(@objects), other => 1);
	my %type = (amount => 'numeric', effective_at => 'timestamptz', metadata => 'jsonb');
	my @names = grep { /source|destination|amount|asset/ ? rand() < 0.98 : rand() < ($_ eq 'other' ? 0.03 : 0.2) } sort keys %column;

	return pick("'SELECT 1'", "''", "'x'", "'DELETE FROM ledger_data.entry'", "'BEGIN'", "'SELECT 1; SELECT 2'", 'NULL') if rand() < 0.1;
	return '$query$SELECT ' . join(', ', map { "($column{$_})" . ($_ eq 'other' ? '' : '::' . (rand() < 0.97 ? $type{$_} // 'text' : 'bytea')) . " AS $_" } @names) . ' FROM generate_series(1, ' . pick(0, 1, 5, 40) . ') n$query$';
}

# A transaction as JSON, more or less.
sub transaction
{
	my %posting = (source => pick(@addresses, @texts), destination => pick(@addresses, @texts), amount => pick(@numbers, "'1'", "'1e5'", "'-1'", "'.'", "'12.345'", 'true'), asset => pick(@assets, @texts));

	return pick(@objects) if rand() < 0.15;
	delete $posting{ pick(keys %posting) } if rand() < 0.1;
	$posting{ pick('more', 'Source', 'amount ') } = '1' if rand() < 0.1;
	# numbers that are none have no place in JSON
	$posting{amount} = "'$1'" if ($posting{amount} // '') =~ /'(NaN|-?Infinity)'/;
	my $object = 'jsonb_build_object(' . join(', ', map { "'$_', $posting{$_}" . ($posting{$_} =~ /^'.*'$/ || $posting{$_} eq 'NULL' ? '::text' : '') } sort keys %posting) . ')';
	my $times = $object =~ /1000000/ ? 2 : 500;
	my $list = pick("jsonb_build_array($object)", "jsonb_build_array($object)", "jsonb_build_array($object, $object)", $object, "'[]'::jsonb", "'[[]]'::jsonb", "'[null]'::jsonb", "'7'::jsonb",
		"(SELECT jsonb_agg($object) FROM generate_series(1, $times))");
	my @members = ("'postings', $list");
	push @members, "'idempotency_key', " . pick(@texts, 1, 'true') . (rand() < 0.5 ? '::text' : '') if rand() < 0.3;
	push @members, "'reference', " . pick(@texts) . '::text' if rand() < 0.2;
	push @members, "'effective_at', " . pick(@times, "'tomorrow'", "'now'", "'2020'", "'2020-02-30'", "'10:00'", "'2020-01-01 00:00:00 Mars/Base'", "repeat('1 ', 100)", '7') . '::text' if rand() < 0.3;
	push @members, "'metadata', " . pick(@objects) . '::jsonb' if rand() < 0.2;
	push @members, "'tags', " . pick(tags_object(), tags_object(), @objects) . '::jsonb' if rand() < 0.2;
	push @members, "'conditions', " . pick("jsonb_build_array(" . condition_object() . ")", "'[null]'", "'{}'", "'[]'") . '::jsonb' if rand() < 0.2;
	push @members, "'unexpected', 1" if rand() < 0.05;
	return 'jsonb_build_object(' . join(', ', @members) . ')';
}

my %pool = (
	'text' => \@texts, 'numeric' => \@numbers, 'timestamp with time zone' => \@times, 'jsonb' => \@objects, 'bytea' => \@bytes,
	'integer' => [ 'NULL', @integers ], 'boolean' => [ 'NULL', 'true', 'false' ],
	'interval' => [ 'NULL', "'1 day'", "'0'", "'-1 s'", "'1000000 years'" ],
	'regprocedure' => [ 'NULL', 0, 2147483647, "'lower(text)'", "'public.echo(jsonb)'", "'public.echo(jsonb)'", "'public.echo(jsonb)'", "'public.echo(jsonb)'" ],
	'regclass' => [ 'NULL', 'NULL', 'NULL', 0, 2147483647, "'pg_class'", "'public.refused'", "'public.refused'" ],
	'smallint' => [ 'NULL', 0, 1, 2, 3, 4, -1, 32767, -32768 ],
	'bigint' => [ 'NULL', @integers, 9223372036854775807, '(-9223372036854775808)' ],
	'"char"' => [ "'o'", "'t'", "''", 'NULL' ]);

# What to give where a name tells what would be right; mostly.
my %likely = (amount => [ 0, 1, 3, 7, 10, 100 ], ledger => [ "'main'", "'main'", "'strict'", "'chained'" ], hashing => [ "'strict'", "'sealed'", "'off'" ], source => \@addresses, destination => \@addresses, address => \@addresses, asset => \@assets,
	max_rows => [ 0, 1, 10, 2147483647 ], pattern => [ "'**'", "'users:*'", "'*'" ], role => [ "'boss'", "'clerk'" ], right => [ "'read'", "'post'" ],
	version => [ 1, 2 ], floor => [ 'NULL', 0, -10 ], ceiling => [ 'NULL', 100000 ], metadata => [ 'NULL', "'{}'" ], idempotency_key => [ 'NULL' ], reference => [ 'NULL' ],
	batch_size => [ 1, 3, 8192 ], on_refused => [ "'stop'", "'skip'", "'collect'" ], effective_at => [ 'NULL' ], amount => [ 0, 1, 3, 7, 10, 100 ], hold => [ 1 .. 300 ], expires_at => [ 'NULL', "now() + interval '1 hour'" ]);

# An array, more or less, of what is likely for its name or of anything of its type.
my %elements = (sources => 'source', destinations => 'destination', amounts => 'amount', assets => 'asset');
my $items = 2;
my $in_batch = 0;
my $importing = 0;
my $moving = 0;

sub list
{
	my ($name, $type) = @_;
	my $likely = $likely{ $elements{$name} // '' };
	my $times = rand() < 0.95 ? $items : pick(0, 1, 3);
	my @list = map { $likely && rand() < 0.9 ? pick(@$likely) : pick(@{ $pool{$type} }) } 1 .. $times;
	my $kind = rand();

	return 'NULL' if $kind < ($likely && $in_batch ? 0.02 : 0.8);
	return "ARRAY[ARRAY[$list[0]]]::$type\[]" if $kind > 0.98 && @list;
	return "'[0:1]={NULL,NULL}'" if $kind > 0.97;
	return 'ARRAY[' . join(', ', @list) . "]::$type\[]";
}

# Conditions, more or less.
sub conditions
{
	my @list = map { pick(
		'ledger.at_version(' . pick(@addresses, @texts) . '::text, ' . pick(@assets) . ', ' . pick(0, 1, 2, -1, 'NULL') . ')',
		'ledger.balance_between(' . pick(@addresses) . ', ' . pick(@assets, @texts) . '::text, ' . pick(@numbers) . ', ' . pick(@numbers, 'NULL') . ')',
		'NULL::ledger.condition') } 1 .. 1 + int(rand(3));

	return 'NULL' if rand() < 0.7;
	return 'ARRAY[' . join(', ', @list) . ']::ledger.condition[]';
}

sub argument
{
	my ($name, $type) = @_;
	my $value =
		$type eq 'ledger.posting[]' ? postings()
		: $type eq 'ledger.condition[]' ? conditions()
		: $type eq 'ledger.tags' ? (rand() < 0.7 ? 'NULL' : 'ROW(' . join(', ', map { pick(@texts) } 1 .. 7) . ')::ledger.tags')
		: $type eq 'ledger.event[]' ? (rand() < 0.1 ? 'NULL' : 'ARRAY[ROW(' . join(', ', pick(@texts), 'NULL', map { pick('NULL', 'NULL', @texts) } 1 .. 7) . ')::ledger.event]')
		: $name eq 'lines' && rand() < 0.9 ? 'ARRAY[' . join(', ', map { quote($_) } exported_lines()) . ']::text[]'
		: $name eq 'query' && $moving && rand() < 0.9 ? values_query(exported_lines())
		: $type =~ /^(.*)\[\]$/ ? list($name, $1)
		: $name eq 'query' ? ($importing && rand() < 0.9 ? foreign_lines() : query())
		: $name eq 'args' && $type eq 'jsonb' ? submission()
		: $name eq 'transaction' && $type eq 'jsonb' ? transaction()
		: $likely{$name} && rand() < 0.9 ? pick(@{ $likely{$name} })
		: pick(@{ $pool{$type} });
	return "$value" . ($value eq 'NULL' || $value =~ /^'/ ? "::$type" : $type =~ /int/ ? "::$type" : '');
}

# Everything that can be called: the public functions, and those inner ones that write nothing.
my @functions = map { [ split /\|/ ] } split /\n/, rows($node, <<'END');
SELECT p.oid::regproc, p.proname, (SELECT string_agg(coalesce(p.proargnames[i], '') || '=' || format_type(p.proargtypes[i - 1], NULL), ';' ORDER BY i) FROM generate_series(1, p.pronargs) i)
	FROM pg_proc p
	WHERE p.prorettype <> 'trigger'::regtype AND p.prokind = 'f'
		AND (p.pronamespace = 'ledger'::regnamespace OR p.pronamespace = 'ledger_data'::regnamespace AND (p.provolatile <> 'v' OR p.proname = 'lock_ledger'))
	ORDER BY p.oid::regprocedure::text
END
my @public = grep { $_->[0] =~ /^ledger\./ } @functions;
my @posting = grep { $_->[1] =~ /post|hold|capture|void|reverse|submit|from|import/ } @public;
my %unknown;
foreach my $function (@functions)
{
	foreach my $type (map { (split /=/)[1] } split /;/, $function->[2] // '')
	{
		my $element = $type =~ s/\[\]$//r;
		$unknown{$type} = 1 unless $pool{$element} || $type =~ /^ledger\.((posting|condition|event)\[\]|tags)$/;
	}
}
# functions on types of ours are called by others
@functions = grep { !grep { $unknown{ (split /=/)[1] } } split /;/, $_->[2] // '' } @functions;
cmp_ok(scalar(@public), '>=', 22, 'found the functions: ' . scalar(@functions));
is(scalar(grep { my $name = $_->[0]; !grep { $_->[0] eq $name } @functions } @public), 0, 'there is something to give to every public one')
	or diag(join(', ', sort keys %unknown));

my $superuser = rows($node, 'SELECT quote_ident(session_user)');
my @scripts;
for (1 .. $calls)
{
	my $kind = rand();
	$items = pick(1, 2, 2, 5);
	my $function = $kind < 0.6 ? pick(@posting) : $kind < 0.9 ? pick(@public) : pick(@functions);
	$in_batch = $function->[1] eq 'post_batch';
	$importing = $function->[1] =~ /^import_/;
	$moving = $function->[1] =~ /^import(_query)?$/;
	local @likely{ 'ledger', 'head' } = ([ map { "'copy$_'" } 1 .. 500 ], ['NULL']) if $moving;
	# what is closed stays closed, and would leave little to try
	local $likely{address} = [ "'closing'", "'new'" ] if $function->[1] eq 'close_account';
	my $arguments = join(', ', map { argument(split /=/) } split /;/, $function->[2] // '');
	my $role = $function->[0] =~ /^ledger\./ ? pick($superuser, $superuser, 'boss', 'clerk') : $superuser;

	push @scripts, [ $function->[0], "SET ROLE $role;\nSET default_transaction_isolation = '" . ($moving ? 'serializable' : 'read committed') . "';\nSELECT * FROM $function->[0]($arguments)" ];
}

my @lines = ("\\set VERBOSITY sqlstate\n");
foreach my $number (0 .. $#scripts)
{
	push @lines, "$scripts[$number][1] \\g /dev/null\n\\echo $number :SQLSTATE\n";
	push @lines, <<'END' if $number % 50 == 0;
RESET ROLE;
SELECT ledger.unfreeze(ledger, address) FROM ledger.account WHERE status = 'frozen' \g /dev/null
SELECT ledger.set_limits(ledger, address, asset, NULL, NULL) FROM ledger.balance WHERE address = 'world' \g /dev/null
END
}
my $file = PostgreSQL::Test::Utils::tempdir() . '/calls.sql';
open(my $script, '>:encoding(UTF-8)', $file) or die "$file: $!";
print $script @lines;
close($script);
my ($out, $err) = ('', '');
IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ], '>', \$out, '2>', \$err, IPC::Run::timer(180));

my @states = map { /^(\d+) (\w{5})$/ ? [ $1, $2 ] : () } split /\n/, $out;
is(scalar(@states), $calls, 'every call came back') or diag('last: ' . substr($scripts[ scalar(@states) ][1], 0, 2000));

my (%count, @bad);
my %known = map { $_ => 1 } split /\n/, rows($node, 'SELECT code FROM ledger.errors()');
foreach (@states)
{
	my ($number, $state) = @$_;
	my ($name, $sql) = @{ $scripts[$number] };

	$count{$state}++;
	# inner functions may be told of what is not there
	next if $name =~ /^ledger_data\./ && $state !~ /^XX000|^5[378]/;
	next if $known{$state} || $state =~ /^(00000|2201W|22003|22004|22023|25001|25P01|2D000|42501|42601|42703|42804|42846|42883|54000|54001|55000|42809|42P01|42P10)$/;
	utf8::encode($sql);
	push @bad, "$state: " . substr($sql, 0, 1000);
}
note(join(', ', map { "$_ $count{$_}" } sort keys %count));
is(join("\n", @bad), '', 'no internal error, and from public functions only what they promise');
cmp_ok($count{'00000'} // 0, '>', $calls / 20, 'some calls succeed');
ok($count{$_}, "$_ was provoked") foreach qw(LG001 LG002 LG003 LG101 LG102 LG103 LG104 LG105 LG106 LG107 LG201 22003 22004 42501);

# floors below zero were set, too
is(join("\n", grep { !/^below zero/ } split /\n/, ledger_faults($node)), '', 'the ledgers are sound');
cmp_ok(rows($node, "SELECT count(*) FROM ledger.journal WHERE kind IN ('transaction', 'hold', 'capture', 'reversal')"), '>', $calls / 100, 'and hold what was posted');
unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP|PANIC/, 'no crash');
done_testing();
