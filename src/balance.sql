-- balance: the rows that posting locks, and their opening.

CREATE SEQUENCE ledger_data.balance_id;
COMMENT ON SEQUENCE ledger_data.balance_id IS 'Numbers of balances.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.balance_id', '');

-- A balance is one row, its stripe 0; or, striped, several: then postings go to the stripes 1 to n, and stripe 0 keeps what
-- was posted before. Each stripe has entries, versions and limits of its own, its shares; the shares of a limit sum to it.
-- Room on each page keeps updates heap-only; store_fetch() has a page cleaned when hardly any of it is left, once in many updates.
-- Columns that change stand last, which keeps their log records short.
CREATE TABLE ledger_data.balance (
	ledger_id int NOT NULL,
	asset_id int NOT NULL,
	id bigint NOT NULL,
	status "char" NOT NULL,
	own_limits boolean NOT NULL,
	stripe smallint NOT NULL DEFAULT 0,
	stripes smallint,
	floor numeric,
	ceiling numeric,
	address text COLLATE "C" NOT NULL,
	held_in numeric NOT NULL,
	held_out numeric NOT NULL,
	recorded_at timestamptz NOT NULL,
	version bigint NOT NULL,
	inflow numeric NOT NULL,
	outflow numeric NOT NULL,
	CONSTRAINT balance_pkey PRIMARY KEY (ledger_id, id),
	CONSTRAINT balance_address_key UNIQUE (ledger_id, address, asset_id, stripe)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE ledger_data.balance IS
'Balances: one row for each account and asset, or several if it is striped, locked and updated by every posting that touches it.';
COMMENT ON COLUMN ledger_data.balance.status IS 'Of the account: o open, f frozen, c closed.';
COMMENT ON COLUMN ledger_data.balance.own_limits IS 'Whether floor and ceiling were set for this asset rather than taken from the account.';
COMMENT ON COLUMN ledger_data.balance.stripe IS 'Which part of the balance it is; 0 unless it is striped.';
COMMENT ON COLUMN ledger_data.balance.stripes IS 'How many stripes postings go to: 1 to this. The same in all rows of a balance; NULL: it is not striped.';
COMMENT ON COLUMN ledger_data.balance.floor IS 'Of a stripe its share, which may be beyond what it has.';
COMMENT ON COLUMN ledger_data.balance.ceiling IS 'Of a stripe its share.';
COMMENT ON COLUMN ledger_data.balance.recorded_at IS 'When its last entry was recorded, or it was opened.';
COMMENT ON COLUMN ledger_data.balance.version IS 'Number of its entries.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.balance', '');

CREATE FUNCTION ledger_data.fit_floor(floor numeric, scale int) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT greatest(trunc(floor, scale) + CASE WHEN floor > trunc(floor, scale) THEN ('1e-' || scale)::numeric ELSE 0 END,
			-repeat('9', 38)::numeric * ('1e-' || scale)::numeric);
	END;
COMMENT ON FUNCTION ledger_data.fit_floor(numeric, int) IS
'The least amount of an asset of this scale that is not below a floor: the same limit, in the asset''s own unit.';
REVOKE ALL ON FUNCTION ledger_data.fit_floor(numeric, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.fit_ceiling(ceiling numeric, scale int) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT least(trunc(ceiling, scale) - CASE WHEN ceiling < trunc(ceiling, scale) THEN ('1e-' || scale)::numeric ELSE 0 END,
			repeat('9', 38)::numeric * ('1e-' || scale)::numeric);
	END;
COMMENT ON FUNCTION ledger_data.fit_ceiling(numeric, int) IS
'The greatest amount of an asset of this scale that is not above a ceiling: the same limit, in the asset''s own unit.';
REVOKE ALL ON FUNCTION ledger_data.fit_ceiling(numeric, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.lock_balances(ledger_id int, address text, asset_id int) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		-- in the order of posting: by the number of stripe 0, then by stripe
		SELECT b.id FROM ledger_data.balance b
				JOIN ledger_data.balance o ON o.ledger_id = b.ledger_id AND o.address = b.address AND o.asset_id = b.asset_id AND o.stripe = 0
			WHERE b.ledger_id = $1 AND b.address = $2 AND ($3 IS NULL OR b.asset_id = $3)
			ORDER BY o.id, b.stripe
			FOR NO KEY UPDATE OF b;
	END;
COMMENT ON FUNCTION ledger_data.lock_balances(int, text, int) IS
'Locks the balances of an account in an asset, or (NULL) in all, with all their stripes, in the order in which posting locks. The caller has the account''s row locked, so that there will be no more; it reads them in a later statement.';
REVOKE ALL ON FUNCTION ledger_data.lock_balances(int, text, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.open_balances(ledger_id int, auto_open boolean, addresses text[], asset_ids int[],
		OUT unknown int, OUT accounts text[], OUT balances bigint[])
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	m record;
	wanted int;
	opened bigint;
	striped int;
	is_new boolean;
	more int;
BEGIN
	unknown := 0;
	-- row by row, so that every look-up is one of a unique key whatever the planner knows of the tables
	FOR m IN
		SELECT u.address COLLATE "C" AS address, array_agg(DISTINCT u.asset_id ORDER BY u.asset_id) AS assets
		FROM unnest(addresses, asset_ids) u(address, asset_id)
		GROUP BY 1 ORDER BY 1
	LOOP
		is_new := false;
		IF auto_open THEN
			INSERT INTO ledger_data.account (ledger_id, any_asset, assets, address, floor, opened_at)
				VALUES ($1, true, cardinality(m.assets), m.address, 0, clock_timestamp())
				ON CONFLICT (ledger_id, address) DO NOTHING;
			is_new := FOUND;
		END IF;
		IF is_new THEN
			accounts := accounts || m.address;
		ELSE
			-- nobody changes status or limits until we commit
			PERFORM 1 FROM ledger_data.account a WHERE a.ledger_id = $1 AND a.address = m.address FOR NO KEY UPDATE;
		END IF;
		more := 0;
		FOREACH wanted IN ARRAY m.assets LOOP
			INSERT INTO ledger_data.balance (ledger_id, asset_id, id, status, own_limits, stripes, floor, ceiling, address,
					recorded_at, version, held_in, held_out, inflow, outflow)
				SELECT $1, s.id, nextval('ledger_data.balance_id'), a.status, false, a.stripes,
					ledger_data.fit_floor(a.floor, s.scale), ledger_data.fit_ceiling(a.ceiling, s.scale), a.address,
					clock_timestamp(), 0, z.zero, z.zero, z.zero, z.zero
				FROM ledger_data.account a, ledger_data.asset s, LATERAL (SELECT round(0.0, s.scale)) z(zero)
				WHERE a.ledger_id = $1 AND a.address = m.address AND a.any_asset AND s.id = wanted
				ON CONFLICT DO NOTHING
				RETURNING id, stripes INTO opened, striped;
			IF FOUND THEN
				IF striped IS NOT NULL THEN
					PERFORM ledger_data.stripe_balance(b, striped, b.recorded_at) FROM ledger_data.balance b WHERE b.ledger_id = $1 AND b.id = opened;
				END IF;
				balances := balances || opened;
				more := more + 1;
			ELSIF NOT EXISTS (SELECT FROM ledger_data.balance b
					WHERE b.ledger_id = $1 AND b.address = m.address AND b.asset_id = wanted AND b.stripe = 0) THEN
				unknown := unknown + 1;
			END IF;
		END LOOP;
		IF more > 0 AND NOT is_new THEN
			UPDATE ledger_data.account a SET assets = a.assets + more WHERE a.ledger_id = $1 AND a.address = m.address;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION ledger_data.open_balances(int, boolean, text[], int[]) IS
'Opens missing balances at zero, and their accounts where the ledger allows, in (address, asset) order. unknown: how many may not be opened and stay missing. Waits for whoever opens the same ones; holds their accounts'' rows locked.';
REVOKE ALL ON FUNCTION ledger_data.open_balances(int, boolean, text[], int[]) FROM PUBLIC;

CREATE FUNCTION ledger_data.unopen_balances(ledger_id int, accounts text[], balances bigint[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
BEGIN
	WITH gone AS (
		DELETE FROM ledger_data.balance b
			USING ledger_data.balance o
			WHERE o.ledger_id = $1 AND o.id = ANY (balances) AND b.ledger_id = $1 AND b.address = o.address AND b.asset_id = o.asset_id
			RETURNING b.address, b.stripe)
		UPDATE ledger_data.account a SET assets = a.assets - g.n
			FROM (SELECT address, count(*)::int AS n FROM gone WHERE stripe = 0 GROUP BY address) g
			WHERE a.ledger_id = $1 AND a.address = g.address;
	DELETE FROM ledger_data.account a WHERE a.ledger_id = $1 AND a.address = ANY (accounts) AND a.assets = 0;
END
$$;
COMMENT ON FUNCTION ledger_data.unopen_balances(int, text[], bigint[]) IS
'Takes back what open_balances opened for requests that were then refused: these balances, and of these accounts those without any left.';
REVOKE ALL ON FUNCTION ledger_data.unopen_balances(int, text[], bigint[]) FROM PUBLIC;
