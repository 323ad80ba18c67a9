# Constraints and triggers that a DBA adds to our tables are honoured, or posting says why it refuses; never are they
# passed over in silence.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use LedgerTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dba');

$node->safe_psql('postgres', <<'END');
SELECT ledger.create_ledger('main');
SELECT ledger.create_ledger('fees');
SELECT ledger.post('main', 'world', 'users:' || n, n, 'EUR') FROM generate_series(1, 20) n;
CREATE ROLE app;
SELECT ledger.grant_access('app', 'post', 'main');
END

my $post = "SELECT status FROM ledger.post('main', 'world', 'users:1', 1, 'EUR')";

# With this change the script (by default a post) fails like this; when it is undone, posting works.
sub refused
{
	my ($change, $undo, $state, $pattern, $sql) = @_;
	my ($got, $message) = sqlstate($node, $change);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got, '00000', "possible: $change") or diag($message);
	fails_with($node, $sql // $post, $state, $pattern, "refused: $change");
	$node->safe_psql('postgres', $undo);
	is(rows($node, $post), 'posted', "posted: $undo");
	return;
}

sub constraint
{
	my ($table, $constraint, $state, $sql) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	refused("ALTER TABLE ledger_data.$table ADD CONSTRAINT dba $constraint", "ALTER TABLE ledger_data.$table DROP CONSTRAINT dba", $state, qr/dba/, $sql);
	return;
}

sub trigger
{
	my ($table, $trigger, $state, $pattern) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	refused(($trigger =~ s/TRIGGER/TRIGGER dba/r) =~ s/ ON / ON ledger_data.$table /r, "DROP TRIGGER dba ON ledger_data.$table", $state, $pattern);
	return;
}

# Constraints.
$node->safe_psql('postgres', "CREATE TABLE known (reference text PRIMARY KEY); INSERT INTO known VALUES ('known')");
constraint('balance', "CHECK (inflow - outflow < 1000 OR address = 'world')", '23514', "SELECT ledger.post('main', 'world', 'users:1', 1000, 'EUR')");
constraint('balance', "CHECK (address NOT LIKE 'forbidden%')", '23514', "SELECT ledger.post('main', 'world', 'forbidden', 1, 'EUR')");
constraint('entry', "CHECK (effective_at < '2100-01-01')", '23514', "SELECT ledger.post('main', 'world', 'users:1', 1, 'EUR', effective_at => '2200-01-01')");
constraint('journal', 'CHECK (legs IS NULL OR reference IS NOT NULL) NOT VALID', '23514');
constraint('journal', 'FOREIGN KEY (reference) REFERENCES known', '23503',
	"$post; SELECT ledger.post('main', 'world', 'users:1', 1, 'EUR', reference => 'known'); SELECT ledger.post('main', 'world', 'users:1', 1, 'EUR', reference => 'unknown')");
constraint('entry', 'EXCLUDE USING btree (amount WITH =) WHERE (amount = 5.55)', '23P01',
	"SELECT ledger.post('main', 'world', 'users:1', 5.55, 'EUR'); SELECT ledger.post('main', 'world', 'users:1', 5.55, 'EUR')");
constraint('journal', 'UNIQUE (metadata) DEFERRABLE INITIALLY DEFERRED', '23505',
	qq(BEGIN; SELECT ledger.post('main', 'world', 'users:1', n, 'EUR', metadata => '{"n": 1}') FROM generate_series(1, 2) n;\n\\echo both\nCOMMIT;));
refused(
	"CREATE UNIQUE INDEX dba ON ledger_data.journal ((metadata->>'order'))", 'DROP INDEX ledger_data.dba', '23505', qr/dba/,
	q(SELECT ledger.post('main', 'world', 'users:1', n, 'EUR', metadata => '{"order": 17}') FROM generate_series(1, 2) n));
is(rows($node, q(SELECT count(*) FROM ledger.journal WHERE metadata->>'order' = '17')), '0', 'of which nothing is left');

# Only an empty table can be given NOT NULL.
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', "CREATE EXTENSION ledger; ALTER TABLE ledger_data.entry ALTER effective_at SET NOT NULL; SELECT ledger.create_ledger('main')");
fails_with($node, $post, '23502', qr/effective_at/, 'refused: NOT NULL on effective_at', database => 'fresh');
is(rows($node, "SELECT status FROM ledger.post('main', 'world', 'users:1', 1, 'EUR', effective_at => '2020-01-01')", 'fresh'), 'posted', 'posted: with effective_at');

# Triggers: AFTER ... FOR EACH ROW fires, with what it expects.
$node->safe_psql('postgres', <<'END');
CREATE TABLE audit (name text, detail text);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO public.audit VALUES (concat_ws(' ', TG_OP, TG_TABLE_NAME, TG_NAME), CASE TG_TABLE_NAME || TG_OP
		WHEN 'balanceUPDATE' THEN format('%s %s -> %s', to_jsonb(NEW) ->> 'address', to_jsonb(OLD) ->> 'version', to_jsonb(NEW) ->> 'version')
		WHEN 'balanceINSERT' THEN to_jsonb(NEW) ->> 'address'
		WHEN 'entryINSERT' THEN to_jsonb(NEW) ->> 'amount'
		ELSE to_jsonb(NEW) ->> 'metadata' END);
	RETURN NULL;
END $$;
CREATE TRIGGER t AFTER INSERT ON ledger_data.journal FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER t AFTER INSERT ON ledger_data.entry FOR EACH ROW WHEN (NEW.amount > 0) EXECUTE FUNCTION audit();
CREATE TRIGGER t AFTER INSERT OR UPDATE ON ledger_data.balance FOR EACH ROW WHEN (NEW.address <> 'world') EXECUTE FUNCTION audit();
END
my $audit = 'SELECT name, detail FROM audit ORDER BY name, detail';
is(rows($node, qq(SELECT status FROM ledger.post('main', 'world', 'audited', 2, 'EUR', metadata => '{"n": 1}'); $audit)), <<'END' =~ s/\n\z//r, 'AFTER row triggers fire once for each row, under their conditions');
posted
INSERT balance t|audited
INSERT entry t|2.00
INSERT journal t|{"n": 1}
UPDATE balance t|audited 0 -> 1
END
is(rows($node, <<'END' . $audit), <<'END' =~ s/\n\z//r, 'for every role, once for each balance');
TRUNCATE audit;
SET ROLE app;
SELECT status FROM ledger.post_transaction('main', ARRAY[('world', 'audited', 1, 'EUR'), ('audited', 'users:2', 3, 'EUR')]::ledger.posting[]);
RESET ROLE;
END
posted
INSERT entry t|1.00
INSERT entry t|3.00
INSERT journal t|
UPDATE balance t|audited 1 -> 3
UPDATE balance t|users:2 1 -> 2
END
is(rows($node, "TRUNCATE audit; BEGIN; $post; ROLLBACK; SELECT count(*) FROM audit"), "posted\n0", 'what they did is rolled back with the rest');
is(rows($node, "SELECT status FROM ledger.try_post('main', 'audited', 'users:new', 1000, 'EUR'); SELECT count(*) FROM audit WHERE name NOT LIKE 'INSERT balance%'"), "rejected\n0", 'or is not done where the post is refused');

$node->safe_psql('postgres', 'CREATE TRIGGER version AFTER UPDATE OF version ON ledger_data.balance FOR EACH ROW EXECUTE FUNCTION audit()');
my ($state, $message) = sqlstate($node, $post);
my $fired = rows($node, "SELECT count(*) FROM audit WHERE name = 'UPDATE balance version'");
ok($state eq 'LG501' || $fired eq '2', 'a trigger for certain columns fires, or is refused') or diag("$state, fired $fired times");
$node->safe_psql('postgres', join(';', 'DROP TRIGGER version ON ledger_data.balance', map { "DROP TRIGGER t ON ledger_data.$_" } qw(balance journal entry)));

# A trigger may post itself, read balances, tell others, and wait for the commit.
$node->safe_psql('postgres', <<'END');
CREATE TABLE fee (position bigint, balance numeric);
CREATE FUNCTION fee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.ledger_id = 1 THEN
		PERFORM ledger.post('fees', 'world', 'fees', 0.10, 'EUR', 'fee for ' || NEW.position);
		INSERT INTO fee VALUES (NEW.position, ledger.balance('main', 'charged', 'EUR'));
		PERFORM pg_notify('posted', ledger.balance('main', 'charged', 'EUR')::text);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER fee AFTER INSERT ON ledger_data.journal FOR EACH ROW EXECUTE FUNCTION fee();
END
my $charged = "SELECT status FROM ledger.post('main', 'world', 'charged', 3, 'EUR');\n";
like(rows($node, "LISTEN posted; $charged"), qr/posted.*"posted" with payload "3\.00"/s, 'a trigger posts, reads the new balance, and notifies');
is(rows($node, "SELECT ledger.balance('fees', 'fees', 'EUR'), * FROM fee WHERE position = (SELECT max(position) FROM ledger.journal WHERE ledger = 'main')") =~ s/\|\d+\|/|/r, '0.10|3.00', 'what it posted is there');
$node->safe_psql('postgres', 'DROP TRIGGER fee ON ledger_data.journal; CREATE CONSTRAINT TRIGGER fee AFTER INSERT ON ledger_data.journal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fee()');
is(rows($node, "BEGIN; $charged SELECT ledger.balance('fees', 'fees', 'EUR'); COMMIT; SELECT ledger.balance('fees', 'fees', 'EUR')"), "posted\n0.10\n0.20", 'a deferred one does so at commit');
$node->safe_psql('postgres', 'DROP TRIGGER fee ON ledger_data.journal');

# A trigger that objects undoes the post.
$node->safe_psql('postgres', q(CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'vetoed' USING ERRCODE = 'ZZ001'; END $$));
my $before = rows($node, 'SELECT count(*) FROM ledger.journal');
trigger('journal', 'CREATE TRIGGER AFTER INSERT ON FOR EACH ROW EXECUTE FUNCTION veto()', 'ZZ001', qr/vetoed/);
trigger('entry', 'CREATE CONSTRAINT TRIGGER AFTER INSERT ON DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION veto()', 'ZZ001', qr/vetoed/);
trigger('balance', 'CREATE TRIGGER AFTER UPDATE ON FOR EACH ROW EXECUTE FUNCTION veto()', 'ZZ001', qr/vetoed/);
is(rows($node, 'SELECT count(*) FROM ledger.journal'), $before + 3, 'of which nothing is left');

# What cannot be honoured is refused, by name.
$node->safe_psql('postgres', 'CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$');
trigger('entry', 'CREATE TRIGGER BEFORE INSERT ON FOR EACH ROW EXECUTE FUNCTION nothing()', 'LG501', qr/entry.*dba/s);
trigger('balance', 'CREATE TRIGGER BEFORE UPDATE ON FOR EACH ROW EXECUTE FUNCTION nothing()', 'LG501', qr/balance.*dba/s);
trigger('journal', 'CREATE TRIGGER AFTER INSERT ON FOR EACH STATEMENT EXECUTE FUNCTION nothing()', 'LG501', qr/journal.*dba/s);
trigger('journal', 'CREATE TRIGGER AFTER INSERT ON REFERENCING NEW TABLE AS new FOR EACH ROW EXECUTE FUNCTION nothing()', 'LG501', qr/journal.*dba/s);
foreach my $table (qw(balance entry journal))
{
	refused("ALTER TABLE ledger_data.$table ENABLE ROW LEVEL SECURITY", "ALTER TABLE ledger_data.$table DISABLE ROW LEVEL SECURITY", 'LG501', qr/$table.*row-level security/s);
}
refused('CREATE RULE dba AS ON INSERT TO ledger_data.journal DO INSTEAD NOTHING', 'DROP RULE dba ON ledger_data.journal', 'LG501', qr/journal.*rule/s);
refused('ALTER INDEX ledger_data.balance_address_key RENAME TO other', 'ALTER INDEX ledger_data.other RENAME TO balance_address_key', 'LG501', qr/balance_address_key.*missing/);
foreach my $table (qw(balance entry journal))
{
	$node->safe_psql('fresh', "DROP EXTENSION ledger; CREATE EXTENSION ledger; SELECT ledger.create_ledger('main'); ALTER TABLE ledger_data.$table ADD COLUMN dba int");
	fails_with($node, $post, 'LG501', qr/$table.*columns/s, "refused: an added column in $table", database => 'fresh');
}
is(rows($node, "CREATE TRIGGER dba BEFORE INSERT ON ledger_data.entry FOR EACH ROW EXECUTE FUNCTION nothing(); ALTER TABLE ledger_data.entry DISABLE TRIGGER dba; $post; DROP TRIGGER dba ON ledger_data.entry"),
	'posted', 'a disabled trigger is none');

# A table of the application may refer to ours.
is(rows($node, <<'END'), "posted\n1", 'a foreign key to the journal, used in the transaction of the post');
CREATE TABLE orders (ledger_id int, position bigint, FOREIGN KEY (ledger_id, position) REFERENCES ledger_data.journal ON DELETE CASCADE);
CREATE TABLE wallet (ledger_id int, balance_id bigint, FOREIGN KEY (ledger_id, balance_id) REFERENCES ledger_data.balance ON UPDATE CASCADE);
BEGIN;
SELECT status, transaction FROM ledger.post('main', 'world', 'users:1', 1, 'EUR') \gset
INSERT INTO orders VALUES (1, :transaction);
INSERT INTO wallet SELECT ledger_id, id FROM ledger_data.balance WHERE ledger_id = 1 AND address = 'users:1';
COMMIT;
\echo :status
SELECT count(*) FROM orders;
END
fails_with($node, 'INSERT INTO orders VALUES (1, 4711000)', '23503', qr/orders/, 'which is checked');
is(rows($node, $post), 'posted', 'posting to a balance that is referred to');

# Append-only, whoever asks.
my %changes = (
	UPDATE => 'UPDATE ledger_data.entry SET amount = 0 WHERE false',
	DELETE => 'DELETE FROM ledger_data.journal WHERE false',
	TRUNCATE => 'TRUNCATE ledger_data.entry',
	'TRUNCATE CASCADE' => 'TRUNCATE ledger_data.journal CASCADE',
	MERGE => 'MERGE INTO ledger_data.entry e USING (SELECT 1) s ON false WHEN MATCHED THEN DELETE',
	'INSERT ON CONFLICT' => 'INSERT INTO ledger_data.entry SELECT * FROM ledger_data.entry ON CONFLICT (ledger_id, balance_id, version) DO UPDATE SET amount = 0',
	'UPDATE in a CTE' => 'WITH u AS (UPDATE ledger_data.journal SET payload = NULL RETURNING 1) SELECT * FROM u');
foreach my $name (sort keys %changes)
{
	foreach my $role ('origin', 'replica')
	{
		fails_with($node, "SET session_replication_role = $role; $changes{$name}", 'LG502', qr/append-only/, "append-only: $name, replication role $role");
	}
}

is_sound($node, 'sound after all that');
is_quiet($node);
done_testing();
