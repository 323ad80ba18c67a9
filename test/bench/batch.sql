--
-- What `batch` measures post_batch against, for one size of batches, after
-- yardstick.sql and fund.sql.  Variables: size, items of a batch; variants, how
-- many batches there are to choose from; hot, whether one account gets it all.
--

-- Accounts that are open and have never had any money.
SELECT ledger.open_account('bench', 'poor:' || n, 'USD') FROM generate_series(1, 1000) n;

-- The batches, made beforehand, so that making them is not measured.  In every
-- tenth item of those with refused the source has no money; posted is how many
-- items have.  Amounts move at random, as in post.pgb.
CREATE UNLOGGED TABLE bench.batch (
	refused boolean NOT NULL,
	n int NOT NULL,
	posted int NOT NULL,
	sources text[] NOT NULL,
	destinations text[] NOT NULL,
	amounts numeric[] NOT NULL,
	PRIMARY KEY (refused, n)
);
-- nothing to unpack
ALTER TABLE bench.batch ALTER sources SET STORAGE EXTERNAL, ALTER destinations SET STORAGE EXTERNAL,
	ALTER amounts SET STORAGE EXTERNAL;
SELECT setseed(0.5);
INSERT INTO bench.batch
	SELECT refused, n, count(*) FILTER (WHERE NOT poor),
			array_agg(CASE WHEN poor THEN 'poor:' || 1 + s % 1000 ELSE 'users:' || s END ORDER BY item),
			array_agg(CASE WHEN :'hot' THEN 'hot' ELSE 'users:' || 1 + (s + d) % 10000 END ORDER BY item),
			array_agg(round(cents / 100.0, 2) ORDER BY item)
		FROM (SELECT refused, 1 + (item - 1) / :size AS n, item, refused AND item % 10 = 0 AS poor,
					1 + floor(random() * 10000)::int AS s, floor(random() * 9999)::int AS d,
					1 + floor(random() * 1000)::int AS cents
				FROM generate_series(1, :variants * :size) item, (VALUES (false), (true)) r (refused)) i
		GROUP BY refused, n;

-- COPY: rows and indexes of the ledger, with all that a plain transaction fills and nothing else.
CREATE TABLE bench.copy_journal (
	ledger_id int NOT NULL,
	kind "char" NOT NULL,
	position bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	legs bytea,
	PRIMARY KEY (ledger_id, position)
);
CREATE TABLE bench.copy_entry (LIKE ledger_data.entry INCLUDING ALL);

-- PL/pgSQL: all items by two statements, whatever their number; all or nothing.
-- Returns the transfers' ids in the order of the items.
CREATE FUNCTION bench.post_batch(sources text[], destinations text[], amounts numeric[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
	transfers bigint[];
	refused bigint;
BEGIN
	-- All rows, in one order for everybody: no deadlocks.  What follows has a later snapshot.
	PERFORM FROM bench.account a WHERE a.address = ANY (sources || destinations) ORDER BY a.id FOR UPDATE;

	-- An account that does not exist leaves a NULL that no table takes.
	WITH item AS MATERIALIZED (
		SELECT i.n, i.transfer_id, i.amount, s.id AS source_id, s.version AS source_version, s.balance AS source_balance,
				s.floor, d.id AS destination_id, d.version AS destination_version, d.balance AS destination_balance
			FROM (SELECT *, nextval('bench.transfer_id_seq') AS transfer_id
					FROM unnest(sources, destinations, amounts) WITH ORDINALITY a (source, destination, amount, n)) i
				LEFT JOIN bench.account s ON s.address = i.source
				LEFT JOIN bench.account d ON d.address = i.destination),
	side AS MATERIALIZED (
		SELECT n, transfer_id, account_id, version + row_number() OVER earlier AS version, amount,
				balance + sum(amount) OVER earlier AS balance, floor
			FROM (SELECT n, transfer_id, source_id AS account_id, source_version AS version, -amount AS amount,
						source_balance AS balance, floor FROM item
				UNION ALL
				SELECT n, transfer_id, destination_id, destination_version, amount, destination_balance, NULL FROM item) both_sides
			WINDOW earlier AS (PARTITION BY account_id ORDER BY n, amount ROWS UNBOUNDED PRECEDING)),
	transfer AS (
		INSERT INTO bench.transfer (id, source_id, destination_id, amount) OVERRIDING SYSTEM VALUE
			SELECT transfer_id, source_id, destination_id, amount FROM item),
	entry AS (
		INSERT INTO bench.entry (account_id, version, transfer_id, amount, balance)
			SELECT account_id, version, transfer_id, amount, balance FROM side),
	account AS (
		UPDATE bench.account a SET balance = a.balance + s.amount, version = s.version
			FROM (SELECT account_id, max(version) AS version, sum(amount) AS amount FROM side GROUP BY account_id) s
			WHERE a.id = s.account_id)
	SELECT (SELECT array_agg(transfer_id ORDER BY n) FROM item), (SELECT min(n) FROM side WHERE balance < floor)
		INTO transfers, refused;
	IF refused IS NOT NULL THEN
		RAISE EXCEPTION 'item %: account "%" would fall below its floor', refused, sources[refused];
	END IF;
	RETURN transfers;
END
$$;

VACUUM ANALYZE;
