# Chains of sealed blocks: what is wrong with one, told apart from verify(), and whether sealing goes on.
package LedgerSeal;

use strict;
use warnings;

use Exporter 'import';
use LedgerTest;
use Test::More;

our @EXPORT = qw(head seal chain_faults seal_goes_on);

# The last block: number, position, hash, time.
sub head
{
	my ($node, $ledger, $database) = @_;
	return rows($node, "SELECT block, position, hash, sealed_at AT TIME ZONE 'UTC' FROM ledger.head('$ledger')", $database);
}

# Seal; the numbers of the blocks made.
sub seal
{
	my ($node, $ledger, $database, $size) = @_;
	return split(/\n/, rows($node, "SELECT block FROM ledger.seal('$ledger', wait => '60 s', block_size => " . ($size // 100) . ')', $database));
}

# Blocks that do not follow from one another, and leaves that are not those of the records: the nth leaf of the chain is
# the nth record of the ledger, so none is skipped and none comes twice. With all, no record is left that is in no block.
sub chain_faults
{
	my ($node, $ledger, $database, $all) = @_;
	my $until = $all ? '9223372036854775807' : 'coalesce((SELECT max(b.last_position) FROM b), 0)';

	return rows($node, <<"END", $database);
WITH b AS (
	SELECT k.*, coalesce(lag(k.number) OVER w, 0) AS last_number, coalesce(lag(k.last_position) OVER w, 0) AS after,
			coalesce(lag(k.hash) OVER w, decode(repeat('00', 32), 'hex')) AS last_hash
		FROM ledger_data.block k JOIN ledger_data.ledger l ON l.id = k.ledger_id
		WHERE l.name = '$ledger' WINDOW w AS (ORDER BY k.number)),
leaf AS (
	SELECT b.number, row_number() OVER (ORDER BY b.number, i) AS n, substr(b.leaves, 1 + 32 * i, 32) AS hash
		FROM b CROSS JOIN generate_series(0, octet_length(b.leaves) / 32 - 1) i),
record AS (
	SELECT r.position, row_number() OVER (ORDER BY r.position) AS n, sha256('\\x00' || convert_to(r.line, 'UTF8')) AS hash
		FROM ledger_data.ledger l CROSS JOIN ledger_data.lines(l.id, 0, $until) r
		WHERE l.name = '$ledger')
(SELECT 'leaf', leaf.number, record.position FROM leaf FULL JOIN record USING (n) WHERE leaf.hash IS DISTINCT FROM record.hash ORDER BY n LIMIT 5)
UNION ALL SELECT 'order', b.number, b.last_number FROM b WHERE b.number <> b.last_number + 1 OR b.previous <> b.last_hash
UNION ALL SELECT 'records', b.number, j.n FROM b CROSS JOIN LATERAL (
		SELECT count(*) AS n, min(k.position) AS first, max(k.position) AS last FROM ledger_data.journal k
			WHERE k.ledger_id = b.ledger_id AND k.position > b.after AND k.position <= b.last_position) j
	WHERE (b.records, b.first_position, b.last_position) IS DISTINCT FROM (j.n::int, j.first, j.last) OR b.records <> octet_length(b.leaves) / 32;
END
}

# Tests: the chain has this head, that of before, and goes on from there. An event is appended for it.
sub seal_goes_on
{
	my ($node, $ledger, $head, $what, $database) = @_;
	my ($number, $position, $hash) = split(/\|/, $head);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(head($node, $ledger, $database), $head, "$what: the head is the same");
	is(chain_faults($node, $ledger, $database), '', "$what: so is the chain");
	rows($node, "SELECT ledger.append('$ledger', 'after')", $database);
	is((seal($node, $ledger, $database))[0], $number + 1, "$what: sealing goes on with the next number");
	is(rows($node, <<"END", $database), "$hash|t", "$what: and the hash of before");
SELECT b.previous, b.first_position > $position FROM ledger_data.block b JOIN ledger_data.ledger l ON l.id = b.ledger_id
	WHERE l.name = '$ledger' AND b.number = $number + 1
END
	is(chain_faults($node, $ledger, $database, 1), '', "$what: until every record is in one block");
	return;
}

1;
