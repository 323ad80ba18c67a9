-- report: reading. Functions read with the snapshot of the calling query and take no locks.

CREATE FUNCTION ledger.balance(ledger text, address text, asset text,
		at timestamptz DEFAULT NULL, version bigint DEFAULT NULL)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'ledger_balance'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger.balance(text, text, text, timestamptz, bigint) IS
'Balance (inflow less outflow) of an account in an asset, in units of the asset: now, or at an effective time, which counts what was effective by then, or after its nth entry. An account that was never used has 0 where accounts are opened on first use, else error LG003. Errors: LG001 LG002 unknown ledger or asset, LG004 version not reached, LG101 malformed address, 22004 NULL, 22023 both at and version, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.balance(text, text, text, timestamptz, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.balance_at(ledger_id int, balance_id bigint, version bigint, scale int, at timestamptz)
	RETURNS numeric
	AS 'MODULE_PATHNAME', 'ledger_balance_at'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.balance_at(int, bigint, bigint, int, timestamptz) IS
'A balance at an effective time: the running balance of the last entry recorded by then, corrected by the entries whose two times lie on different sides of it. version: the balance''s present one.';
REVOKE ALL ON FUNCTION ledger_data.balance_at(int, bigint, bigint, int, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.version_at(ledger_id int, balance_id bigint, version bigint, at timestamptz)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_version_at'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.version_at(int, bigint, bigint, timestamptz) IS
'The version of a balance after the last entry recorded by a time; 0 if there is none. version: its present one.';
REVOKE ALL ON FUNCTION ledger_data.version_at(int, bigint, bigint, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.every_skew() RETURNS smallint[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT array_agg(i::smallint ORDER BY i) FROM generate_series(-64, 64) i;
	END;
COMMENT ON FUNCTION ledger_data.every_skew() IS
'Every value of ledger_data.skew, so that the index on it serves a range of effective times.';
REVOKE ALL ON FUNCTION ledger_data.every_skew() FROM PUBLIC;

CREATE FUNCTION ledger_data.after_prefix(prefix text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		-- addresses are ASCII, so ~ follows every one of them
		SELECT prefix || '~';
	END;
COMMENT ON FUNCTION ledger_data.after_prefix(text) IS
'A text that sorts after every address starting with a prefix and before the others that follow.';
REVOKE ALL ON FUNCTION ledger_data.after_prefix(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.transaction_postings(ledger_id int, legs bytea) RETURNS ledger.posting[]
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT array_agg(ROW(s.address, d.address, e.amount, a.code)::ledger.posting ORDER BY n.i)
			FROM (SELECT ledger_data.legs($2) OFFSET 0) l(leg)  -- decoded once
				CROSS JOIN LATERAL unnest(l.leg) WITH ORDINALITY n(source_id, i)
				JOIN ledger_data.balance s ON s.ledger_id = $1 AND s.id = n.source_id
				JOIN ledger_data.balance d ON d.ledger_id = $1 AND d.id = l.leg[n.i + 2]
				JOIN ledger_data.entry e ON e.ledger_id = $1 AND e.balance_id = l.leg[n.i + 2] AND e.version = l.leg[n.i + 3]
				JOIN ledger_data.asset a ON a.id = d.asset_id
			WHERE n.i % 4 = 1;
	END;
COMMENT ON FUNCTION ledger_data.transaction_postings(int, bytea) IS 'The postings of a journal record, from its legs.';
REVOKE ALL ON FUNCTION ledger_data.transaction_postings(int, bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.hold_postings(ledger_id int, hold bigint) RETURNS ledger.posting[]
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT array_agg(ROW(s.address, d.address, h.amount, a.code)::ledger.posting ORDER BY h.number)
			FROM ledger_data.hold h
				JOIN ledger_data.balance s ON s.ledger_id = h.ledger_id AND s.id = h.source_id
				JOIN ledger_data.balance d ON d.ledger_id = h.ledger_id AND d.id = h.destination_id
				JOIN ledger_data.asset a ON a.id = d.asset_id
			WHERE h.ledger_id = $1 AND h.hold = $2;
	END;
COMMENT ON FUNCTION ledger_data.hold_postings(int, bigint) IS 'The postings that a hold reserves.';
REVOKE ALL ON FUNCTION ledger_data.hold_postings(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.require_pattern(pattern text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.require('pattern', pattern IS NOT NULL);
	RETURN ledger_data.check_pattern(pattern);
END
$$;
COMMENT ON FUNCTION ledger_data.require_pattern(text) IS
'The pattern itself; error 22004 if it is NULL, LG111 if it is malformed.';
REVOKE ALL ON FUNCTION ledger_data.require_pattern(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.balances(ledger text, pattern text, at timestamptz)
	RETURNS TABLE (address text, asset text, balance numeric, available numeric, held_in numeric, held_out numeric)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT b.address, s.code, sum(CASE WHEN $3 IS NULL THEN b.inflow - b.outflow
				ELSE ledger_data.balance_at(b.ledger_id, b.id, b.version, s.scale, $3) END),
				sum(CASE WHEN $3 IS NULL THEN b.inflow - b.outflow - b.held_out END),
				sum(CASE WHEN $3 IS NULL THEN b.held_in END), sum(CASE WHEN $3 IS NULL THEN b.held_out END)
			FROM (SELECT ledger_data.ledger_number($1), ledger_data.require_pattern($2)) g(ledger_id, pattern)
				JOIN ledger_data.held b ON b.ledger_id = g.ledger_id
				JOIN ledger_data.asset s ON s.id = b.asset_id
			WHERE b.address >= ledger_data.pattern_prefix(g.pattern)
				AND b.address < ledger_data.after_prefix(ledger_data.pattern_prefix(g.pattern))
				AND ledger_data.pattern_match(g.pattern, b.address)
			GROUP BY b.address, s.code
			ORDER BY b.address, s.code;
	END;
COMMENT ON FUNCTION ledger_data.balances(text, text, timestamptz) IS 'Does the work of ledger.balances.';
REVOKE ALL ON FUNCTION ledger_data.balances(text, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger.balances(ledger text, pattern text DEFAULT '**', at timestamptz DEFAULT NULL)
	RETURNS TABLE (address text, asset text, balance numeric, available numeric, held_in numeric, held_out numeric)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.balances(text, text, timestamptz) IS
'Balances of all accounts whose address matches a pattern, such as users:*:wallet (* is one segment, ** any number), by address and asset; now, or at an effective time. available: balance less what holds reserve of it (held_out); held_in: what holds will bring; these three only for now, else NULL. In units of each asset. Errors: LG001 unknown ledger, LG111 malformed pattern, 22004 NULL, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.balances(text, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.find_balance(number int, address text, asset text) RETURNS ledger_data.balance
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	of_asset ledger_data.asset;
	balance ledger_data.balance;
BEGIN
	PERFORM ledger_data.require('address', address IS NOT NULL), ledger_data.require('asset', asset IS NOT NULL);
	PERFORM ledger_data.check_address(address);
	of_asset := ledger_data.find_asset(asset);
	SELECT b.* INTO balance FROM ledger_data.balance b
		WHERE b.ledger_id = number AND b.address = $2 AND b.asset_id = of_asset.id AND b.stripe = 0;
	IF balance.id IS NULL AND NOT EXISTS (SELECT FROM ledger_data.ledger l WHERE l.id = number AND l.auto_open)
		AND NOT EXISTS (SELECT FROM ledger_data.account a WHERE a.ledger_id = number AND a.address = $2 AND a.any_asset)
	THEN
		RAISE EXCEPTION 'account "%" is not open for asset "%"', address, asset
			USING ERRCODE = 'LG003', HINT = 'Open it with ledger.open_account.';
	END IF;
	RETURN balance;
END
$$;
COMMENT ON FUNCTION ledger_data.find_balance(int, text, text) IS
'The row of a balance, its stripe 0, empty if it was never opened but could be; errors LG002, LG003, LG101.';
REVOKE ALL ON FUNCTION ledger_data.find_balance(int, text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.statement(ledger text, address text, asset text, since timestamptz, until timestamptz)
	RETURNS TABLE (effective_at timestamptz, recorded_at timestamptz, transaction bigint, version bigint,
		counterparty text, amount numeric, balance numeric, reference text, metadata jsonb, kind text, related bigint)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH b AS MATERIALIZED (
			SELECT k.*,
					coalesce(ledger_data.version_at(k.ledger_id, k.id, k.version, $4 - interval '1 microsecond'), 0) AS after_version,
					coalesce(ledger_data.version_at(k.ledger_id, k.id, k.version, $5 - interval '1 microsecond'), k.version) AS last_version
				FROM ledger_data.find_balance(ledger_data.ledger_number($1), $2, $3) f
					JOIN ledger_data.balance k ON k.ledger_id = f.ledger_id AND k.address = f.address AND k.asset_id = f.asset_id),
		chosen AS (
			SELECT e.*, b.stripes FROM b JOIN ledger_data.entry e ON e.ledger_id = b.ledger_id AND e.balance_id = b.id
				WHERE e.effective_at IS NULL AND e.version > b.after_version AND e.version <= b.last_version
			UNION ALL
			SELECT e.*, b.stripes FROM b JOIN ledger_data.entry e ON e.ledger_id = b.ledger_id AND e.balance_id = b.id
				WHERE e.effective_at IS NOT NULL
					AND ledger_data.skew(e.recorded_at, e.effective_at) = ANY (ledger_data.every_skew())
					AND e.effective_at >= coalesce($4, '-infinity') AND e.effective_at < coalesce($5, 'infinity')),
		opening AS MATERIALIZED (
			SELECT CASE WHEN $4 IS NULL THEN 0
				ELSE sum(ledger_data.balance_at(b.ledger_id, b.id, b.version, s.scale, $4 - interval '1 microsecond')) END AS balance
			FROM b JOIN ledger_data.asset s ON s.id = b.asset_id)
		SELECT coalesce(c.effective_at, c.recorded_at), c.recorded_at, c.position, CASE WHEN c.stripes IS NULL THEN c.version END,
				p.address, c.amount,
				o.balance + sum(c.amount) OVER (ORDER BY coalesce(c.effective_at, c.recorded_at), c.position, c.balance_id, c.version),
				j.reference, j.metadata, ledger_data.kind_name(j.kind), j.related
			FROM chosen c CROSS JOIN opening o
				JOIN ledger_data.journal j ON j.ledger_id = c.ledger_id AND j.position = c.position
				LEFT JOIN ledger_data.balance p ON p.ledger_id = c.ledger_id
					AND p.id = ledger_data.counterpart(j.legs, c.balance_id, c.version)
			ORDER BY 1, c.position, c.balance_id, c.version;
	END;
COMMENT ON FUNCTION ledger_data.statement(text, text, text, timestamptz, timestamptz) IS 'Does the work of ledger.statement.';
REVOKE ALL ON FUNCTION ledger_data.statement(text, text, text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger.statement(ledger text, address text, asset text,
		since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
	RETURNS TABLE (effective_at timestamptz, recorded_at timestamptz, transaction bigint, version bigint,
		counterparty text, amount numeric, balance numeric, reference text, metadata jsonb, kind text, related bigint)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.statement(text, text, text, timestamptz, timestamptz) IS
'Entries of an account in an asset with since <= effective time < until, in order of effective time and version, with the running balance in that order; of a striped balance, which has no version, in order of effective time and transaction. amount is negative where money left; in units of the asset. kind: transaction, capture or reversal; related: the hold captured, the transaction reversed. Errors: LG001 LG002 LG003 unknown ledger, asset or account, LG101 malformed address, 22004 NULL, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.statement(text, text, text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.trial_balance(ledger text, at timestamptz)
	RETURNS TABLE (asset text, address text, debit numeric, credit numeric)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT k.code, k.address, sum(CASE WHEN k.balance < 0 THEN -k.balance ELSE 0 * k.balance END),
				sum(CASE WHEN k.balance > 0 THEN k.balance ELSE 0 * k.balance END)
			FROM (SELECT s.code, b.address, sum(CASE WHEN $2 IS NULL THEN b.inflow - b.outflow
						ELSE ledger_data.balance_at(b.ledger_id, b.id, b.version, s.scale, $2) END) AS balance
					FROM ledger_data.balance b JOIN ledger_data.asset s ON s.id = b.asset_id
					WHERE b.ledger_id = ledger_data.ledger_number($1)
					GROUP BY s.code, b.address) k
			WHERE k.balance <> 0
			GROUP BY GROUPING SETS ((k.code, k.address), (k.code))
			ORDER BY k.code, k.address NULLS LAST;
	END;
COMMENT ON FUNCTION ledger_data.trial_balance(text, timestamptz) IS 'Does the work of ledger.trial_balance.';
REVOKE ALL ON FUNCTION ledger_data.trial_balance(text, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger.trial_balance(ledger text, at timestamptz DEFAULT NULL)
	RETURNS TABLE (asset text, address text, debit numeric, credit numeric)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.trial_balance(text, timestamptz) IS
'Every balance that is not zero, by asset and address: a negative balance in column debit, a positive one in column credit, both without sign; after each asset a row without address that gives the totals, which are equal. Now, or at an effective time; in units of each asset. Errors: LG001 unknown ledger, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.trial_balance(text, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.record_matches(j ledger_data.journal, since timestamptz, until timestamptz,
		reference text, metadata jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE
	BEGIN ATOMIC
		SELECT ($4 IS NULL OR j.reference = $4) AND ($5 IS NULL OR j.metadata @> $5)
			AND ($2 IS NULL OR coalesce(j.effective_at, j.recorded_at) >= $2)
			AND ($3 IS NULL OR coalesce(j.effective_at, j.recorded_at) < $3);
	END;
COMMENT ON FUNCTION ledger_data.record_matches(ledger_data.journal, timestamptz, timestamptz, text, jsonb) IS
'Whether a journal record passes the filters of ledger.transactions; NULL for no filter.';
REVOKE ALL ON FUNCTION ledger_data.record_matches(ledger_data.journal, timestamptz, timestamptz, text, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.transactions(ledger text, address text, asset text, since timestamptz, until timestamptz,
		reference text, metadata jsonb, before bigint, max_rows int)
	RETURNS TABLE (transaction bigint, recorded_at timestamptz, effective_at timestamptz, reference text,
		idempotency_key text, metadata jsonb, postings ledger.posting[], kind text, related bigint)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		-- of one account: backwards along its entries; otherwise backwards along the journal
		SELECT c.position, c.recorded_at, coalesce(c.effective_at, c.recorded_at), c.reference, c.idempotency_key, c.metadata,
				CASE WHEN c.kind = 'h' THEN ledger_data.hold_postings(c.ledger_id, c.position)
					ELSE ledger_data.transaction_postings(c.ledger_id, c.legs) END,
				ledger_data.kind_name(c.kind), c.related
			FROM (SELECT ledger_data.ledger_number($1),
					CASE WHEN $2 IS NOT NULL THEN ledger_data.check_pattern($2) END,
					CASE WHEN $3 IS NOT NULL THEN (ledger_data.find_asset($3)).id END,
					$2 IS NOT NULL AND strpos($2, '*') = 0) g(ledger_id, pattern, asset_id, one_account)
				CROSS JOIN LATERAL (
					(SELECT DISTINCT ON (t.position) t.*
						FROM ledger_data.balance b
							CROSS JOIN LATERAL (
								SELECT j.*
									FROM ledger_data.entry e
										JOIN ledger_data.journal j ON j.ledger_id = e.ledger_id AND j.position = e.position
									WHERE e.ledger_id = b.ledger_id AND e.balance_id = b.id
										AND ($8 IS NULL OR e.position < $8)
										AND ledger_data.record_matches(j, $4, $5, $6, $7)
										AND NOT EXISTS (SELECT FROM ledger_data.entry n WHERE n.ledger_id = e.ledger_id
											AND n.balance_id = e.balance_id AND n.version = e.version + 1 AND n.position = e.position)
									ORDER BY e.version DESC
									LIMIT $9) t
						WHERE g.one_account AND b.ledger_id = g.ledger_id AND b.address = g.pattern
							AND (g.asset_id IS NULL OR b.asset_id = g.asset_id)
						ORDER BY t.position DESC
						LIMIT $9)
					UNION ALL
					(SELECT DISTINCT ON (j.position) j.*
						FROM ledger_data.balance b
							CROSS JOIN LATERAL (
								SELECT h.hold FROM ledger_data.hold h WHERE h.ledger_id = b.ledger_id AND h.source_id = b.id
								UNION
								SELECT h.hold FROM ledger_data.hold h WHERE h.ledger_id = b.ledger_id AND h.destination_id = b.id) h
							JOIN ledger_data.journal j ON j.ledger_id = b.ledger_id AND j.position = h.hold
						WHERE g.one_account AND b.ledger_id = g.ledger_id AND b.address = g.pattern
							AND (g.asset_id IS NULL OR b.asset_id = g.asset_id)
							AND ($8 IS NULL OR j.position < $8)
							AND ledger_data.record_matches(j, $4, $5, $6, $7)
						ORDER BY j.position DESC
						LIMIT $9)
					UNION ALL
					(SELECT j.*
						FROM ledger_data.journal j
						WHERE NOT g.one_account AND j.ledger_id = g.ledger_id AND j.kind IN ('t', 'c', 'r', 'h')
							AND ($8 IS NULL OR j.position < $8)
							AND ledger_data.record_matches(j, $4, $5, $6, $7)
							AND (g.pattern IS NULL AND g.asset_id IS NULL OR EXISTS (
								SELECT FROM (
										SELECT l.leg FROM unnest(ledger_data.legs(j.legs)) WITH ORDINALITY l(leg, i) WHERE l.i % 2 = 1
										UNION ALL
										SELECT u.id FROM ledger_data.hold h, unnest(ARRAY[h.source_id, h.destination_id]) u(id)
											WHERE j.kind = 'h' AND h.ledger_id = j.ledger_id AND h.hold = j.position) l(leg)
									JOIN ledger_data.balance b ON b.ledger_id = g.ledger_id AND b.id = l.leg
									WHERE (g.asset_id IS NULL OR b.asset_id = g.asset_id)
										AND (g.pattern IS NULL OR ledger_data.pattern_match(g.pattern, b.address))))
						ORDER BY j.position DESC
						LIMIT $9)) c
			ORDER BY c.position DESC
			LIMIT $9;
	END;
COMMENT ON FUNCTION ledger_data.transactions(text, text, text, timestamptz, timestamptz, text, jsonb, bigint, int) IS 'Does the work of ledger.transactions.';
REVOKE ALL ON FUNCTION ledger_data.transactions(text, text, text, timestamptz, timestamptz, text, jsonb, bigint, int) FROM PUBLIC;

CREATE FUNCTION ledger.transactions(ledger text, address text DEFAULT NULL, asset text DEFAULT NULL,
		since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, reference text DEFAULT NULL,
		metadata jsonb DEFAULT NULL, before bigint DEFAULT NULL, max_rows int DEFAULT 100)
	RETURNS TABLE (transaction bigint, recorded_at timestamptz, effective_at timestamptz, reference text,
		idempotency_key text, metadata jsonb, postings ledger.posting[], kind text, related bigint)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.transactions(text, text, text, timestamptz, timestamptz, text, jsonb, bigint, int) IS
'Transactions, captures, reversals and holds (kind says which, related what hold or transaction they refer to), newest first: those that touch an address (or a pattern of addresses) and an asset, with since <= effective time < until, with this reference, with metadata that contains the given object. For the next page give the last transaction of this one as before. max_rows: at most this many. Errors: LG001 LG002 unknown ledger or asset, LG111 malformed pattern, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.transactions(text, text, text, timestamptz, timestamptz, text, jsonb, bigint, int) FROM PUBLIC;

-- Views show what the current user may read. Those of one table are joined with an empty row: else PostgreSQL
-- would let rows be changed through them by whoever was given more than SELECT.

CREATE VIEW ledger.ledger WITH (security_barrier) AS
	SELECT l.name, CASE WHEN l.serial THEN 'serial' ELSE 'parallel' END AS ordering,
			CASE l.hashing WHEN 's' THEN 'strict' WHEN 'e' THEN 'sealed' ELSE 'off' END AS hashing, l.auto_open, l.notify,
			l.metadata, l.created_at
		FROM ledger_data.ledger l CROSS JOIN (SELECT) read_only
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.ledger IS
'Ledgers. ordering: parallel, or serial: one transaction writes at a time. hashing: strict, sealed, or off. auto_open: whether unknown accounts are opened on first use. notify: whether listeners are told of new records.';

CREATE VIEW ledger.asset WITH (security_barrier) AS
	SELECT a.code, a.scale, a.name, a.id < 1000 AS iso_4217
		FROM ledger_data.asset a CROSS JOIN (SELECT) read_only;
COMMENT ON VIEW ledger.asset IS
'Assets: code, decimals of the smallest unit, and name; iso_4217: whether preloaded from that standard.';

CREATE VIEW ledger.access WITH (security_barrier) AS
	SELECT l.name AS ledger, a.role, (ARRAY['read', 'post', 'admin'])[a.level] AS "right"
		FROM ledger_data.access a LEFT JOIN ledger_data.ledger l ON l.id = a.ledger_id
		WHERE ledger_data.may(a.ledger_id, 3::smallint);
COMMENT ON VIEW ledger.access IS
'Rights given with ledger.grant_access, for administrators of the ledger. ledger NULL: all ledgers.';

CREATE VIEW ledger.account WITH (security_barrier) AS
	SELECT l.name AS ledger, a.address, ledger_data.status_name(a.status) AS status, a.any_asset, a.assets,
			a.floor, a.ceiling, a.metadata, a.opened_at, coalesce(a.stripes, 1::smallint) AS stripes
		FROM ledger_data.ledger l JOIN ledger_data.account a ON a.ledger_id = l.id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.account IS
'Accounts. status: open, frozen or closed. any_asset: whether balances in further assets are opened on first use. assets: number of balances. floor, ceiling: limits of balances without limits of their own; NULL for none. stripes: with how many its balances are opened.';

CREATE VIEW ledger.balance WITH (security_barrier) AS
	SELECT l.name AS ledger, b.address, s.code AS asset, b.inflow - b.outflow AS balance,
			b.inflow - b.outflow - b.held_out AS available, b.inflow, b.outflow, b.held_in, b.held_out,
			b.floor, b.ceiling, b.version, ledger_data.status_name(b.status) AS status, b.recorded_at, coalesce(b.stripes, 1::smallint) AS stripes
		FROM ledger_data.ledger l JOIN ledger_data.total b ON b.ledger_id = l.id
			JOIN ledger_data.asset s ON s.id = b.asset_id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.balance IS
'Balances, in units of each asset. balance: inflow less outflow. available: balance less held outflow. held_in, held_out: by holds that have not expired. version: number of entries; NULL of a striped balance, which has none. recorded_at: when the last entry was recorded, or the balance opened. stripes: in how many rows it is kept.';

CREATE VIEW ledger.entry WITH (security_barrier) AS
	SELECT l.name AS ledger, b.address, s.code AS asset, e.version, e.position AS transaction, e.amount, e.balance,
			e.recorded_at, coalesce(e.effective_at, e.recorded_at) AS effective_at, b.stripe
		FROM ledger_data.ledger l JOIN ledger_data.entry e ON e.ledger_id = l.id
			JOIN ledger_data.balance b ON b.ledger_id = e.ledger_id AND b.id = e.balance_id
			JOIN ledger_data.asset s ON s.id = b.asset_id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.entry IS
'Entries: one side of a posting on one balance. amount: negative where money left. balance: running balance in order of versions. stripe: of a striped balance the part that version and balance are of; what was posted before it was striped is in 0. In units of each asset.';

CREATE VIEW ledger.journal WITH (security_barrier) AS
	SELECT l.name AS ledger, j.position, ledger_data.kind_name(j.kind) AS kind, j.recorded_at,
			coalesce(j.effective_at, j.recorded_at) AS effective_at, j.reference, j.idempotency_key, j.metadata,
			j.related, j.source_id, j.source_type, j.stream_type, j.stream_id, j.event_type, j.correlation_id, j.causation_id, j.payload
		FROM ledger_data.ledger l JOIN ledger_data.journal j ON j.ledger_id = l.id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.journal IS
'The journal: one record for everything that happened. kind: transaction, hold, capture, void, reversal, event, account or ledger. related: the hold captured or voided, the transaction reversed. payload: what changed, where entries do not say it; ledger.transactions() shows postings.';

CREATE VIEW ledger.hold WITH (security_barrier) AS
	SELECT l.name AS ledger, h.hold, h.number, s.address AS source, d.address AS destination, a.code AS asset,
			h.amount, h.captured, h.voided, h.amount - h.captured - h.voided AS "left", h.expires_at,
			CASE WHEN h.expired OR h.due <= clock_timestamp() THEN 'expired'
				WHEN h.amount > h.captured + h.voided THEN 'open'
				WHEN h.captured > 0 THEN 'captured' ELSE 'voided' END AS status
		FROM ledger_data.ledger l JOIN ledger_data.hold h ON h.ledger_id = l.id
			JOIN ledger_data.balance s ON s.ledger_id = h.ledger_id AND s.id = h.source_id
			JOIN ledger_data.balance d ON d.ledger_id = h.ledger_id AND d.id = h.destination_id
			JOIN ledger_data.asset a ON a.id = s.asset_id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.hold IS
'Postings of holds: hold, the number that ledger.capture and ledger.void take; number, of the posting within it; what was held, captured, set free (voided) and is left, in units of the asset. status: open, captured, voided or expired, which a hold is from the moment of expires_at, swept or not.';
