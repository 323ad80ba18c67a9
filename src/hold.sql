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
