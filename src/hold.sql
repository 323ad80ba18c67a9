-- hold: what is reserved. A hold is known by the position of its journal record and has one row for each posting.

CREATE TABLE ledger_data.hold (
	ledger_id int NOT NULL,
	number int NOT NULL,
	hold bigint NOT NULL,
	source_id bigint NOT NULL,
	destination_id bigint NOT NULL,
	scale smallint NOT NULL,
	expired boolean NOT NULL,
	expires_at timestamptz,
	due timestamptz,
	amount numeric NOT NULL,
	captured numeric NOT NULL,
	voided numeric NOT NULL,
	CONSTRAINT hold_pkey PRIMARY KEY (ledger_id, hold, number)
) WITH (fillfactor = 80);
COMMENT ON TABLE ledger_data.hold IS
'Postings of holds and what has become of them. Changed only by whoever has both balances locked. What is left is amount - captured - voided.';
COMMENT ON COLUMN ledger_data.hold.hold IS 'Position of the hold''s journal record.';
COMMENT ON COLUMN ledger_data.hold.number IS 'Of the posting within the hold, from 1.';
COMMENT ON COLUMN ledger_data.hold.scale IS 'Decimals of the asset.';
COMMENT ON COLUMN ledger_data.hold.expired IS 'Whether what was set free was so because it expired.';
COMMENT ON COLUMN ledger_data.hold.due IS 'expires_at while anything is left, else NULL.';
COMMENT ON COLUMN ledger_data.hold.voided IS 'Set free: voided, expired, or not part of the final capture.';
CREATE INDEX hold_source ON ledger_data.hold (ledger_id, source_id, due);
COMMENT ON INDEX ledger_data.hold_source IS 'Finds a balance''s holds, and what has expired of its held outflow.';
CREATE INDEX hold_destination ON ledger_data.hold (ledger_id, destination_id, due);
COMMENT ON INDEX ledger_data.hold_destination IS 'The same for held inflow.';
CREATE INDEX hold_due ON ledger_data.hold (ledger_id, due) WHERE due IS NOT NULL;
COMMENT ON INDEX ledger_data.hold_due IS 'Finds what is to be swept.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.hold', '');

CREATE VIEW ledger_data.held AS
	SELECT b.ledger_id, b.id, b.asset_id, b.address, b.status, b.own_limits, b.stripe, b.stripes, b.floor, b.ceiling, b.inflow, b.outflow, b.version, b.recorded_at,
			CASE WHEN b.held_in = 0 THEN b.held_in ELSE b.held_in - coalesce((
				SELECT sum(h.amount - h.captured - h.voided) FROM ledger_data.hold h
					WHERE h.ledger_id = b.ledger_id AND h.destination_id = b.id AND h.due <= clock_timestamp()), 0) END AS held_in,
			CASE WHEN b.held_out = 0 THEN b.held_out ELSE b.held_out - coalesce((
				SELECT sum(h.amount - h.captured - h.voided) FROM ledger_data.hold h
					WHERE h.ledger_id = b.ledger_id AND h.source_id = b.id AND h.due <= clock_timestamp()), 0) END AS held_out
		FROM ledger_data.balance b;
COMMENT ON VIEW ledger_data.held IS
'Balances with what is held on them without what has expired, swept or not.';

-- Not by grouping, so that one balance is found by its index wherever it is joined to.
CREATE VIEW ledger_data.total AS
	SELECT b.ledger_id, b.id, b.asset_id, b.address, b.status, b.own_limits, b.stripes,
			CASE WHEN b.stripes IS NULL THEN b.floor ELSE b.floor + o.floor END AS floor,
			CASE WHEN b.stripes IS NULL THEN b.ceiling ELSE b.ceiling + o.ceiling END AS ceiling,
			b.inflow + coalesce(o.inflow, 0) AS inflow, b.outflow + coalesce(o.outflow, 0) AS outflow,
			b.held_in + coalesce(o.held_in, 0) AS held_in, b.held_out + coalesce(o.held_out, 0) AS held_out,
			CASE WHEN b.stripes IS NULL THEN b.version END AS version, greatest(b.recorded_at, o.recorded_at) AS recorded_at
		FROM ledger_data.held b
			CROSS JOIN LATERAL (SELECT sum(k.floor) AS floor, sum(k.ceiling) AS ceiling, sum(k.inflow) AS inflow, sum(k.outflow) AS outflow,
					sum(k.held_in) AS held_in, sum(k.held_out) AS held_out, max(k.recorded_at) AS recorded_at
				FROM ledger_data.held k
				WHERE b.stripes IS NOT NULL AND k.ledger_id = b.ledger_id AND k.address = b.address AND k.asset_id = b.asset_id AND k.stripe > 0) o
		WHERE b.stripe = 0;
COMMENT ON VIEW ledger_data.total IS
'Balances, all stripes of each together, with what is held on them without what has expired. version: NULL of a striped one.';

CREATE FUNCTION ledger_data.share_limits(ledger_id int, address text, asset_id int, floor numeric, ceiling numeric) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		-- What a stripe has beyond its share is its room: it is the same for all that postings go to, and none for the others.
		-- Where there is less than none (share.c), all of it lacks at each that postings go to, and stripe 0 has the difference.
		-- What has expired counts no longer, else a stripe would have room by the sweeping of it.
		WITH stripe AS (
			SELECT b.id, b.inflow - b.outflow - b.held_out AS available, b.inflow - b.outflow + b.held_in AS expected,
					b.stripe BETWEEN 1 AND b.stripes AS used, b.stripe, b.stripes AS n, scale(b.inflow) AS unit
				FROM ledger_data.held b
				WHERE b.ledger_id = $1 AND b.address = $2 AND b.asset_id = $3),
		balance AS (
			SELECT s.*, sum(s.available) OVER () - $4 AS below, $5 - sum(s.expected) OVER () AS above FROM stripe s),
		room AS (
			SELECT s.*, CASE WHEN s.below < 0 THEN s.below ELSE trunc(s.below / s.n, s.unit) END AS below_each,
					CASE WHEN s.above < 0 THEN s.above ELSE trunc(s.above / s.n, s.unit) END AS above_each
				FROM balance s)
		UPDATE ledger_data.balance b SET
				floor = CASE WHEN r.n IS NULL THEN $4
					ELSE r.available - CASE WHEN r.used THEN r.below_each ELSE 0 * $4 END
						- CASE WHEN r.stripe = CASE WHEN r.below < 0 THEN 0 ELSE 1 END THEN r.below - r.below_each * r.n ELSE 0 END END,
				ceiling = CASE WHEN r.n IS NULL THEN $5
					ELSE r.expected + CASE WHEN r.used THEN r.above_each ELSE 0 * $5 END
						+ CASE WHEN r.stripe = CASE WHEN r.above < 0 THEN 0 ELSE 1 END THEN r.above - r.above_each * r.n ELSE 0 END END
			FROM room r WHERE b.ledger_id = $1 AND b.id = r.id;
	END;
COMMENT ON FUNCTION ledger_data.share_limits(int, text, int, numeric, numeric) IS
'Gives a balance these limits, in units of its asset; of a striped one each stripe its share, so that all that postings go to have the same room. The caller has all its rows locked.';
REVOKE ALL ON FUNCTION ledger_data.share_limits(int, text, int, numeric, numeric) FROM PUBLIC;

CREATE FUNCTION ledger_data.stripe_balance(balance ledger_data.balance, stripes int, opened_at timestamptz) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		INSERT INTO ledger_data.balance (ledger_id, asset_id, id, status, own_limits, stripe, stripes, floor, ceiling, address,
				recorded_at, version, held_in, held_out, inflow, outflow)
			SELECT $1.ledger_id, $1.asset_id, nextval('ledger_data.balance_id'), $1.status, $1.own_limits, i, $2, 0 * $1.floor, 0 * $1.ceiling, $1.address,
					$3, 0, z.zero, z.zero, z.zero, z.zero
				FROM generate_series(1, $2) i, LATERAL (SELECT 0 * $1.inflow) z(zero)
				WHERE NOT EXISTS (SELECT FROM ledger_data.balance b WHERE b.ledger_id = $1.ledger_id
					AND b.address = $1.address AND b.asset_id = $1.asset_id AND b.stripe = i)
				ORDER BY i;
		UPDATE ledger_data.balance b SET stripes = $2
			WHERE b.ledger_id = $1.ledger_id AND b.address = $1.address AND b.asset_id = $1.asset_id AND b.stripes IS DISTINCT FROM $2;
		SELECT ledger_data.share_limits($1.ledger_id, $1.address, $1.asset_id, sum(b.floor), sum(b.ceiling))
			FROM ledger_data.balance b
			WHERE b.ledger_id = $1.ledger_id AND b.address = $1.address AND b.asset_id = $1.asset_id;
	END;
COMMENT ON FUNCTION ledger_data.stripe_balance(ledger_data.balance, int, timestamptz) IS
'Has postings to a balance, given by its stripe 0, go to so many stripes from now on: makes those that are missing, opened at this time, and shares its limits anew. The caller has all its rows locked.';
REVOKE ALL ON FUNCTION ledger_data.stripe_balance(ledger_data.balance, int, timestamptz) FROM PUBLIC;
