--
-- What `run` measures the ledger against: plain tables and hand-written SQL that do
-- the same or less work.  Amounts of 10,000 accounts move at random, as in post.pgb.
--
CREATE SCHEMA bench;

-- insert1: the least that one durable write costs.  One row, one index.
CREATE TABLE bench.insert1 (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account_id bigint NOT NULL,
	amount bigint NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now()
);

-- insert3: a transfer and its two entries written by one statement, with nothing
-- locked, checked, looked up or updated: three rows, five index entries.
CREATE TABLE bench.insert3_transfer (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source_id bigint NOT NULL,
	destination_id bigint NOT NULL,
	amount bigint NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE bench.insert3_entry (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	transfer_id bigint NOT NULL,
	account_id bigint NOT NULL,
	amount bigint NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON bench.insert3_entry (account_id, id);

-- plpgsql: the function that one would write by hand, with the rows, the numeric
-- amounts and the indexes of the ledger, but one asset, one ledger, no access
-- rights, no foreign keys, and no keys or times given by the caller.
CREATE TABLE bench.account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	address text NOT NULL UNIQUE,
	floor numeric,
	balance numeric NOT NULL DEFAULT 0,
	version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE TABLE bench.transfer (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source_id bigint NOT NULL,
	destination_id bigint NOT NULL,
	amount numeric NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	effective_at timestamptz,
	idempotency_key text,
	reference text,
	metadata jsonb
);
CREATE UNIQUE INDEX ON bench.transfer (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX ON bench.transfer (reference) WHERE reference IS NOT NULL;
CREATE TABLE bench.entry (
	account_id bigint NOT NULL,
	version bigint NOT NULL,
	transfer_id bigint NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	amount numeric NOT NULL,
	balance numeric NOT NULL,
	effective_at timestamptz,
	PRIMARY KEY (account_id, version)
);
CREATE INDEX ON bench.entry (account_id, effective_at) WHERE effective_at IS NOT NULL;

-- Five statements, each with a cached plan; returns the transfer's id.
CREATE FUNCTION bench.post(source text, destination text, moved numeric) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	source_id bigint;
	source_balance numeric;
	source_floor numeric;
	source_version bigint;
	destination_id bigint;
	destination_balance numeric;
	destination_version bigint;
	transfer bigint;
BEGIN
	-- Both rows, in one order for everybody: no deadlocks.
	PERFORM FROM bench.account a WHERE a.address IN (source, destination) ORDER BY a.id FOR UPDATE;

	UPDATE bench.account a SET balance = a.balance - moved, version = a.version + 1
		WHERE a.address = source
		RETURNING a.id, a.balance, a.floor, a.version INTO source_id, source_balance, source_floor, source_version;
	IF source_balance < source_floor THEN
		RAISE EXCEPTION 'account "%" would fall below its floor', source;
	END IF;
	UPDATE bench.account a SET balance = a.balance + moved, version = a.version + 1
		WHERE a.address = destination
		RETURNING a.id, a.balance, a.version INTO destination_id, destination_balance, destination_version;
	IF source_id IS NULL OR destination_id IS NULL THEN
		RAISE EXCEPTION 'no such account';
	END IF;

	INSERT INTO bench.transfer (source_id, destination_id, amount)
		VALUES (source_id, destination_id, moved) RETURNING id INTO transfer;
	INSERT INTO bench.entry (account_id, version, transfer_id, amount, balance)
		VALUES (source_id, source_version, transfer, -moved, source_balance),
			(destination_id, destination_version, transfer, moved, destination_balance);
	RETURN transfer;
END
$$;

INSERT INTO bench.account (address, floor, balance)
	SELECT 'users:' || n, 0, 1000000.00 FROM generate_series(1, 10000) n;
INSERT INTO bench.account (address) VALUES ('hot');

VACUUM ANALYZE bench.account;
