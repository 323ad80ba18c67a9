-- registry: opening ledgers, assets and accounts; limits, freezing, closing.
-- Each function of schema ledger is a gate (gate.c); its twin in ledger_data does the work as the owner.
-- Order of locks: the ledger, then the account's row, then its balances by id; for the record of it the end of a strict ledger's chain.

CREATE FUNCTION ledger_data.require(what text, given boolean) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	IF given IS NOT TRUE THEN
		RAISE EXCEPTION '% must not be NULL', what USING ERRCODE = 'null_value_not_allowed';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.require(text, boolean) IS 'Error 22004 unless the argument was given.';
REVOKE ALL ON FUNCTION ledger_data.require(text, boolean) FROM PUBLIC;

CREATE FUNCTION ledger_data.ledger_number(ledger text) RETURNS int
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int;
BEGIN
	PERFORM ledger_data.require('ledger', ledger IS NOT NULL);
	SELECT l.id INTO number FROM ledger_data.ledger l WHERE l.name = ledger;
	IF number IS NULL THEN
		RAISE EXCEPTION 'ledger "%" does not exist', ledger
			USING ERRCODE = 'LG001', HINT = 'Create it with ledger.create_ledger.';
	END IF;
	RETURN number;
END
$$;
COMMENT ON FUNCTION ledger_data.ledger_number(text) IS 'The number of a ledger; error LG001 if there is none of this name.';
REVOKE ALL ON FUNCTION ledger_data.ledger_number(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_metadata(metadata jsonb) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.require('metadata', metadata IS NOT NULL);
	IF jsonb_typeof(metadata) <> 'object' THEN
		RAISE EXCEPTION 'metadata is not a JSON object'
			USING ERRCODE = 'LG108', HINT = 'Give an object such as {"owner": "alice"}.';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_metadata(jsonb) IS 'Error LG108 unless it is a JSON object.';
REVOKE ALL ON FUNCTION ledger_data.check_metadata(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_limits(floor numeric, ceiling numeric, asset ledger_data.asset) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	bound numeric;
BEGIN
	FOREACH bound IN ARRAY ARRAY[floor, ceiling] LOOP
		IF bound IN ('NaN', 'Infinity', '-Infinity') THEN
			RAISE EXCEPTION 'limit % is not a finite number', bound
				USING ERRCODE = 'LG113', HINT = 'Give NULL for no limit.';
		END IF;
		IF abs(bound) >= power(10::numeric, 38 - coalesce(asset.scale, 0)) THEN
			RAISE EXCEPTION 'limit % is out of range', left(bound::text, 60)
				USING ERRCODE = 'numeric_value_out_of_range', DETAIL = 'An amount has at most 38 digits, decimals included.';
		END IF;
		IF scale(trim_scale(bound)) > asset.scale THEN
			RAISE EXCEPTION 'limit % has too many decimals for asset "%"', bound, asset.code
				USING ERRCODE = 'LG103', DETAIL = format('Asset "%s" has %s decimals.', asset.code, asset.scale);
		END IF;
	END LOOP;
	IF floor > ceiling THEN
		RAISE EXCEPTION 'floor % is above ceiling %', floor, ceiling USING ERRCODE = 'LG113';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_limits(numeric, numeric, ledger_data.asset) IS
'Error unless the limits are finite (LG113), in range (22003), in order (LG113) and, where an asset is given, in its unit (LG103).';
REVOKE ALL ON FUNCTION ledger_data.check_limits(numeric, numeric, ledger_data.asset) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_zero_within(floor numeric, ceiling numeric) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	IF floor > 0 OR ceiling < 0 THEN
		RAISE EXCEPTION 'a balance of zero would be outside the limits'
			USING ERRCODE = 'LG113', DETAIL = format('The floor is %s, the ceiling %s; every balance starts at zero.',
				coalesce(floor::text, 'none'), coalesce(ceiling::text, 'none'));
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_zero_within(numeric, numeric) IS
'Error LG113 unless zero, where every balance starts, is within the limits.';
REVOKE ALL ON FUNCTION ledger_data.check_zero_within(numeric, numeric) FROM PUBLIC;

CREATE FUNCTION ledger_data.find_asset(code text) RETURNS ledger_data.asset
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	found_asset ledger_data.asset;
BEGIN
	SELECT a.* INTO found_asset FROM ledger_data.asset a WHERE a.code = $1;
	IF found_asset.id IS NULL THEN
		RAISE EXCEPTION 'asset "%" does not exist', code
			USING ERRCODE = 'LG002', HINT = 'Create it with ledger.create_asset.';
	END IF;
	RETURN found_asset;
END
$$;
COMMENT ON FUNCTION ledger_data.find_asset(text) IS 'The asset of a code; error LG002 if there is none.';
REVOKE ALL ON FUNCTION ledger_data.find_asset(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.lock_for_writing(number int) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.lock_ledger(l.id, l.serial) FROM ledger_data.ledger l WHERE l.id = number;
END
$$;
COMMENT ON FUNCTION ledger_data.lock_for_writing(int) IS
'Locks a ledger as posting does: shared with others, in a serial ledger exclusively.';
REVOKE ALL ON FUNCTION ledger_data.lock_for_writing(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.lock_account(number int, account_address text) RETURNS ledger_data.account
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	account ledger_data.account;
BEGIN
	PERFORM ledger_data.require('address', account_address IS NOT NULL);
	PERFORM ledger_data.check_address(account_address);
	PERFORM ledger_data.lock_for_writing(number);
	SELECT a.* INTO account FROM ledger_data.account a
		WHERE a.ledger_id = number AND a.address = account_address FOR NO KEY UPDATE;
	IF account.address IS NULL THEN
		RAISE EXCEPTION 'account "%" is not open', account_address
			USING ERRCODE = 'LG003', HINT = 'Open it with ledger.open_account.';
	END IF;
	RETURN account;
END
$$;
COMMENT ON FUNCTION ledger_data.lock_account(int, text) IS
'Locks the ledger as posting does and an account''s row, which it returns; error LG003 if it is not open.';
REVOKE ALL ON FUNCTION ledger_data.lock_account(int, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.hashing_code(hashing text) RETURNS "char"
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	IF hashing NOT IN ('strict', 'sealed', 'off') THEN
		RAISE EXCEPTION 'hashing "%" does not exist', left(hashing, 80)
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give ''strict'', ''sealed'' or ''off''.';
	END IF;
	RETURN CASE hashing WHEN 'strict' THEN 's' WHEN 'sealed' THEN 'e' ELSE 'o' END;
END
$$;
COMMENT ON FUNCTION ledger_data.hashing_code(text) IS 'How a way of hashing is stored; error 22023 if there is none of this name.';
REVOKE ALL ON FUNCTION ledger_data.hashing_code(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_ledger_name(name text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	IF name !~ '^[A-Za-z0-9_.-]{1,63}$' THEN
		RAISE EXCEPTION 'ledger name "%" is malformed', left(name, 80)
			USING ERRCODE = 'LG115', HINT = 'A name is 1 to 63 letters, digits and _ . -';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_ledger_name(text) IS 'Error LG115 if the name of a ledger is malformed.';
REVOKE ALL ON FUNCTION ledger_data.check_ledger_name(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.open_world(number int, opened_at timestamptz) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		INSERT INTO ledger_data.account (ledger_id, any_asset, stripes, address, opened_at) VALUES ($1, true, 16, 'world', $2);
	END;
COMMENT ON FUNCTION ledger_data.open_world(int, timestamptz) IS 'Opens the account world of a new ledger: without a floor, and striped as every ledger''s money passes through it.';
REVOKE ALL ON FUNCTION ledger_data.open_world(int, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_stripes(stripes int) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.require('stripes', stripes IS NOT NULL);
	IF stripes NOT BETWEEN 1 AND 64 THEN
		RAISE EXCEPTION 'stripes must be between 1 and 64' USING ERRCODE = 'invalid_parameter_value';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_stripes(int) IS 'Error 22023 unless a balance can have so many stripes.';
REVOKE ALL ON FUNCTION ledger_data.check_stripes(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.create_ledger(name text, ordering text, hashing text, auto_open boolean, metadata jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int;
BEGIN
	PERFORM ledger_data.require('name', name IS NOT NULL), ledger_data.require('ordering', ordering IS NOT NULL),
		ledger_data.require('hashing', hashing IS NOT NULL),
		ledger_data.require('auto_open', auto_open IS NOT NULL);
	PERFORM ledger_data.check_metadata(metadata);
	PERFORM ledger_data.check_ledger_name(name);
	IF ordering NOT IN ('parallel', 'serial') THEN
		RAISE EXCEPTION 'ordering "%" does not exist', left(ordering, 80)
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give ''parallel'' or ''serial''.';
	END IF;
	INSERT INTO ledger_data.ledger (id, name, auto_open, serial, hashing, metadata, created_at)
		VALUES (nextval('ledger_data.ledger_id'), $1, auto_open, ordering = 'serial', ledger_data.hashing_code(hashing), metadata, clock_timestamp())
		ON CONFLICT ON CONSTRAINT ledger_name_key DO NOTHING
		RETURNING id INTO number;
	IF number IS NULL THEN
		RAISE EXCEPTION 'ledger "%" already exists', name USING ERRCODE = 'LG011';
	END IF;
	PERFORM ledger_data.open_world(number, clock_timestamp());
	PERFORM ledger_data.record(number, 'l', jsonb_build_object('change', 'create', 'name', name,
		'ordering', ordering, 'hashing', hashing, 'auto_open', auto_open, 'metadata', metadata));
END
$$;
COMMENT ON FUNCTION ledger_data.create_ledger(text, text, text, boolean, jsonb) IS 'Does the work of ledger.create_ledger.';
REVOKE ALL ON FUNCTION ledger_data.create_ledger(text, text, text, boolean, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger.create_ledger(name text, ordering text DEFAULT 'parallel', hashing text DEFAULT 'sealed', auto_open boolean DEFAULT true, metadata jsonb DEFAULT '{}') RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.create_ledger(text, text, text, boolean, jsonb) IS
'Creates a ledger, with its account world, which has no floor and 16 stripes: money enters and leaves there. name: 1 to 63 letters, digits and _ . -. ordering: parallel, where transactions that share no account write at once; or serial, where exactly one transaction writes at a time, first come first served, functions that read wait for the one in progress, and positions have no gaps and are in the order of commits. It never changes. hashing: strict, where each record has a hash that covers all before it, positions have no gaps and are in the order of commits, and transactions take turns from the writing of their records to their commit; sealed, where ledger.seal chains the records; or off. auto_open: whether unknown accounts are opened on first use. Errors: LG011 exists, LG115 malformed name, 22023 no such ordering or hashing, LG108 metadata, 42501 without the right "admin" on all ledgers. Waits for whoever creates the same name.';
REVOKE ALL ON FUNCTION ledger.create_ledger(text, text, text, boolean, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.create_asset(code text, scale int, name text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.require('code', code IS NOT NULL), ledger_data.require('scale', scale IS NOT NULL);
	IF code !~ '^[A-Za-z][A-Za-z0-9_./-]{0,31}$' THEN
		RAISE EXCEPTION 'asset code "%" is malformed', left(code, 80)
			USING ERRCODE = 'LG112', HINT = 'A code is 1 to 32 letters, digits and _ . / -, starting with a letter.';
	END IF;
	IF scale NOT BETWEEN 0 AND 30 THEN
		RAISE EXCEPTION 'scale % is out of range', scale
			USING ERRCODE = 'LG112', HINT = 'A scale is the number of decimals, 0 to 30.';
	END IF;
	INSERT INTO ledger_data.asset (id, scale, code, name)
		VALUES (nextval('ledger_data.asset_id'), $2, $1, $3)
		ON CONFLICT ON CONSTRAINT asset_code_key DO NOTHING;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'asset "%" already exists', code USING ERRCODE = 'LG012';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.create_asset(text, int, text) IS 'Does the work of ledger.create_asset.';
REVOKE ALL ON FUNCTION ledger_data.create_asset(text, int, text) FROM PUBLIC;

CREATE FUNCTION ledger.create_asset(code text, scale int, name text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.create_asset(text, int, text) IS
'Creates an asset for all ledgers. code: 1 to 32 letters, digits and _ . / -, starting with a letter. scale: decimals of the smallest unit, 0 to 30; code and scale never change. The currencies of ISO 4217 are there from the start. Errors: LG012 exists, LG112 malformed code or scale, 42501 without the right "admin" on all ledgers. Waits for whoever creates the same code.';
REVOKE ALL ON FUNCTION ledger.create_asset(text, int, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.open_account(ledger text, address text, asset text, floor numeric, ceiling numeric, stripes int, metadata jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
	of_asset ledger_data.asset;
	account ledger_data.account;
	opened bigint;
BEGIN
	PERFORM ledger_data.require('address', address IS NOT NULL);
	PERFORM ledger_data.check_address(address), ledger_data.check_metadata(metadata), ledger_data.check_stripes(stripes);
	IF asset IS NOT NULL THEN
		of_asset := ledger_data.find_asset(asset);
	END IF;
	PERFORM ledger_data.check_limits(floor, ceiling, of_asset), ledger_data.check_zero_within(floor, ceiling);
	PERFORM ledger_data.lock_for_writing(number);

	INSERT INTO ledger_data.account AS a (ledger_id, any_asset, stripes, address, floor, ceiling, metadata, opened_at)
		SELECT l.id, asset IS NULL OR l.auto_open, CASE WHEN asset IS NULL THEN nullif($6, 1) END, $2, CASE WHEN asset IS NULL THEN $4 ELSE 0 END,
			CASE WHEN asset IS NULL THEN $5 END, $7, clock_timestamp()
		FROM ledger_data.ledger l WHERE l.id = number
		ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
	IF NOT FOUND THEN
		account := ledger_data.lock_account(number, address);
		IF account.status = 'c' THEN
			RAISE EXCEPTION 'account "%" is closed', address USING ERRCODE = 'LG204';
		END IF;
		IF asset IS NULL THEN
			RAISE EXCEPTION 'account "%" is open already', address
				USING ERRCODE = 'LG013', HINT = 'Change its limits with ledger.set_limits.';
		END IF;
		UPDATE ledger_data.account a SET metadata = a.metadata || $7
			WHERE a.ledger_id = number AND a.address = $2 AND $7 <> '{}';
	END IF;

	IF asset IS NOT NULL THEN
		INSERT INTO ledger_data.balance (ledger_id, asset_id, id, status, own_limits, floor, ceiling, address,
				recorded_at, version, held_in, held_out, inflow, outflow)
			SELECT number, of_asset.id, nextval('ledger_data.balance_id'), coalesce(account.status, 'o'), true,
				round($4, of_asset.scale), round($5, of_asset.scale), $2, clock_timestamp(), 0, z.zero, z.zero, z.zero, z.zero
			FROM (SELECT round(0.0, of_asset.scale)) z(zero)
			ON CONFLICT ON CONSTRAINT balance_address_key DO NOTHING
			RETURNING id INTO opened;
		IF opened IS NULL THEN
			RAISE EXCEPTION 'account "%" is open already for asset "%"', address, asset
				USING ERRCODE = 'LG013', HINT = 'Change its limits with ledger.set_limits.';
		END IF;
		UPDATE ledger_data.account a SET assets = a.assets + 1 WHERE a.ledger_id = number AND a.address = $2;
		IF stripes > 1 THEN
			PERFORM ledger_data.stripe_balance(b, $6, b.recorded_at) FROM ledger_data.balance b WHERE b.ledger_id = number AND b.id = opened;
		END IF;
	END IF;
	PERFORM ledger_data.record(number, 'a', jsonb_build_object('change', 'open', 'address', address,
		'asset', asset, 'floor', floor, 'ceiling', ceiling, 'metadata', metadata)
		|| CASE WHEN stripes > 1 THEN jsonb_build_object('stripes', stripes) ELSE '{}' END);
END
$$;
COMMENT ON FUNCTION ledger_data.open_account(text, text, text, numeric, numeric, int, jsonb) IS 'Does the work of ledger.open_account.';
REVOKE ALL ON FUNCTION ledger_data.open_account(text, text, text, numeric, numeric, int, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger.open_account(ledger text, address text, asset text DEFAULT NULL,
		floor numeric DEFAULT 0, ceiling numeric DEFAULT NULL, stripes int DEFAULT 1, metadata jsonb DEFAULT '{}') RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.open_account(text, text, text, numeric, numeric, int, jsonb) IS
'Opens an account, for one asset or (asset NULL) for every asset. floor, ceiling: limits of the balance, in units of the asset; NULL for none; a floor of 0 means no overdraft. In a ledger that opens accounts on first use this is how to give limits from the start. stripes: in how many rows the balance is kept, 1 to 64, so that as many transactions can post to it at a time; see ledger.set_stripes. metadata: a JSON object, added to what the account has. Errors: LG001 LG002 unknown ledger or asset, LG013 open already, LG101 malformed address, LG103 LG113 22003 limits, LG108 metadata, LG204 closed, 22023 stripes, 42501 without the right "admin". Locks the account''s row; waits for whoever opens the same account.';
REVOKE ALL ON FUNCTION ledger.open_account(text, text, text, numeric, numeric, int, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_shares(number int, account_address text) RETURNS void
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	code text;
BEGIN
	SELECT s.code INTO code FROM ledger_data.balance b JOIN ledger_data.asset s ON s.id = b.asset_id
		WHERE b.ledger_id = number AND b.address = account_address AND b.stripes IS NOT NULL
			AND greatest(abs(b.floor), abs(b.ceiling)) >= power(10::numeric, 38 - s.scale)
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the limits of striped account "%" in % are out of range', account_address, code
			USING ERRCODE = 'numeric_value_out_of_range', DETAIL = 'A stripe would have a share of more than 38 digits, decimals included.';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_shares(int, text) IS 'Error 22003 if a stripe of an account has a share of a limit that is no amount.';
REVOKE ALL ON FUNCTION ledger_data.check_shares(int, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.set_limits(ledger text, address text, asset text, floor numeric, ceiling numeric) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
	account ledger_data.account;
	of_asset ledger_data.asset;
	b record;
	changed boolean := false;
BEGIN
	IF asset IS NOT NULL THEN
		of_asset := ledger_data.find_asset(asset);
	END IF;
	PERFORM ledger_data.check_limits(floor, ceiling, of_asset);
	account := ledger_data.lock_account(number, address);
	IF asset IS NULL THEN
		PERFORM ledger_data.check_zero_within(floor, ceiling);
		UPDATE ledger_data.account a SET floor = $4, ceiling = $5 WHERE a.ledger_id = number AND a.address = $2;
		changed := true;
	END IF;
	-- locked first and read then, so that what is held is as new as the lock
	PERFORM ledger_data.lock_balances(number, address, of_asset.id);
	FOR b IN
		SELECT s.id AS asset_id, s.scale, s.code, k.inflow - k.outflow AS balance, k.held_in, k.held_out
		FROM ledger_data.total k JOIN ledger_data.asset s ON s.id = k.asset_id
		WHERE k.ledger_id = number AND k.address = $2 AND CASE WHEN asset IS NULL THEN NOT k.own_limits ELSE k.asset_id = of_asset.id END
		ORDER BY k.id
	LOOP
		IF b.balance - b.held_out < floor THEN
			RAISE EXCEPTION 'account "%" is below floor % in %', address, floor, b.code
				USING ERRCODE = 'LG201', DETAIL = format('Available is %s.', b.balance - b.held_out);
		ELSIF b.balance + b.held_in > ceiling THEN
			RAISE EXCEPTION 'account "%" is above ceiling % in %', address, ceiling, b.code
				USING ERRCODE = 'LG202', DETAIL = format('The balance is %s.', b.balance + b.held_in);
		END IF;
		UPDATE ledger_data.balance k SET own_limits = true
			WHERE k.ledger_id = number AND k.address = $2 AND k.asset_id = b.asset_id AND asset IS NOT NULL AND NOT k.own_limits;
		PERFORM ledger_data.share_limits(number, address, b.asset_id, ledger_data.fit_floor($4, b.scale), ledger_data.fit_ceiling($5, b.scale));
		changed := true;
	END LOOP;
	IF NOT changed THEN
		RAISE EXCEPTION 'account "%" is not open for asset "%"', address, asset
			USING ERRCODE = 'LG003', HINT = 'Open it with ledger.open_account, which takes limits.';
	END IF;
	PERFORM ledger_data.check_shares(number, address);
	PERFORM ledger_data.record(number, 'a', jsonb_build_object('change', 'limits', 'address', address,
		'asset', asset, 'floor', floor, 'ceiling', ceiling));
END
$$;
COMMENT ON FUNCTION ledger_data.set_limits(text, text, text, numeric, numeric) IS 'Does the work of ledger.set_limits.';
REVOKE ALL ON FUNCTION ledger_data.set_limits(text, text, text, numeric, numeric) FROM PUBLIC;

CREATE FUNCTION ledger.set_limits(ledger text, address text, asset text, floor numeric, ceiling numeric) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.set_limits(text, text, text, numeric, numeric) IS
'Sets floor and ceiling of an account''s balance in one asset or, with asset NULL, of all its balances without limits of their own, those to come included. NULL for none. Errors: LG001 LG002 LG003 unknown ledger, asset or account, LG103 LG113 22003 limits, LG201 LG202 if a balance is outside them now, 42501 without the right "admin". Locks the account''s row and the balances; waits for postings on them.';
REVOKE ALL ON FUNCTION ledger.set_limits(text, text, text, numeric, numeric) FROM PUBLIC;

CREATE FUNCTION ledger_data.set_stripes(ledger text, address text, asset text, stripes int) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
	account ledger_data.account;
	of_asset ledger_data.asset;
	b ledger_data.balance;
	changed boolean := false;
BEGIN
	IF asset IS NOT NULL THEN
		of_asset := ledger_data.find_asset(asset);
	END IF;
	PERFORM ledger_data.check_stripes(stripes);
	account := ledger_data.lock_account(number, address);
	IF asset IS NULL THEN
		UPDATE ledger_data.account a SET stripes = nullif($4, 1) WHERE a.ledger_id = number AND a.address = $2;
		changed := true;
	END IF;
	PERFORM ledger_data.lock_balances(number, address, of_asset.id);
	FOR b IN
		SELECT k.* FROM ledger_data.balance k
		WHERE k.ledger_id = number AND k.address = $2 AND k.stripe = 0 AND (asset IS NULL OR k.asset_id = of_asset.id)
		ORDER BY k.id
	LOOP
		changed := true;
		-- one that never was striped stays as it is, with its versions
		IF coalesce(b.stripes, 1) <> $4 THEN
			PERFORM ledger_data.stripe_balance(b, $4, clock_timestamp());
		END IF;
	END LOOP;
	IF NOT changed THEN
		RAISE EXCEPTION 'account "%" is not open for asset "%"', address, asset
			USING ERRCODE = 'LG003', HINT = 'Open it with ledger.open_account, which takes stripes.';
	END IF;
	PERFORM ledger_data.check_shares(number, address);
	PERFORM ledger_data.record(number, 'a', jsonb_build_object('change', 'stripes', 'address', address, 'asset', asset, 'stripes', stripes));
END
$$;
COMMENT ON FUNCTION ledger_data.set_stripes(text, text, text, int) IS 'Does the work of ledger.set_stripes.';
REVOKE ALL ON FUNCTION ledger_data.set_stripes(text, text, text, int) FROM PUBLIC;

CREATE FUNCTION ledger.set_stripes(ledger text, address text, asset text, stripes int) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.set_stripes(text, text, text, int) IS
'Sets in how many rows, 1 to 64, an account''s balance in one asset is kept or, with asset NULL, each of its balances, those to come included: so many transactions can post to it at a time. Floors and ceilings hold exactly for all together. What a balance gives up once it is striped, for good: its entries have versions and running balances of their stripe only, so that ledger.at_version and balances at a version are refused (LG223) and receipts leave its balance and version NULL. Any number can be set at any time; what was posted before stays where it is. Errors: LG001 LG002 LG003 unknown ledger, asset or account, LG101 malformed address, 22023 stripes, 22003 a share of more than 38 digits, 42501 without the right "admin". Locks the account''s row and the balances; waits for postings on them.';
REVOKE ALL ON FUNCTION ledger.set_stripes(text, text, text, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.set_status(number int, account_address text, new_status "char", change text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	account ledger_data.account := ledger_data.lock_account(number, account_address);
	b record;
BEGIN
	IF account.status = 'c' THEN
		RAISE EXCEPTION 'account "%" is closed', account_address USING ERRCODE = 'LG204';
	END IF;
	IF new_status = 'c' AND account_address = 'world' THEN
		RAISE EXCEPTION 'account "world" cannot be closed' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Freeze it to stop money from entering and leaving the ledger.';
	END IF;
	IF account.status = new_status THEN
		RETURN;
	END IF;
	UPDATE ledger_data.account a SET status = new_status WHERE a.ledger_id = number AND a.address = account_address;
	PERFORM ledger_data.lock_balances(number, account_address, NULL);
	-- what is only held may be: captures will be refused, voids will not
	SELECT s.code, k.inflow - k.outflow AS balance INTO b
		FROM ledger_data.total k JOIN ledger_data.asset s ON s.id = k.asset_id
		WHERE k.ledger_id = number AND k.address = account_address AND new_status = 'c' AND k.inflow <> k.outflow
		ORDER BY k.id LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'account "%" still holds %', account_address, b.code
			USING ERRCODE = 'LG205', DETAIL = format('Its balance is %s.', b.balance),
			HINT = 'Move the money first.';
	END IF;
	UPDATE ledger_data.balance k SET status = new_status WHERE k.ledger_id = number AND k.address = account_address;
	PERFORM ledger_data.record(number, 'a', jsonb_build_object('change', change, 'address', account_address));
END
$$;
COMMENT ON FUNCTION ledger_data.set_status(int, text, "char", text) IS
'Sets the status of an account and of its balances, locking them in order.';
REVOKE ALL ON FUNCTION ledger_data.set_status(int, text, "char", text) FROM PUBLIC;

CREATE FUNCTION ledger_data.freeze(ledger text, address text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.set_status(ledger_data.ledger_number(ledger), address, 'f', 'freeze');
END
$$;
COMMENT ON FUNCTION ledger_data.freeze(text, text) IS 'Does the work of ledger.freeze.';
REVOKE ALL ON FUNCTION ledger_data.freeze(text, text) FROM PUBLIC;

CREATE FUNCTION ledger.freeze(ledger text, address text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.freeze(text, text) IS
'Freezes an account: nothing is posted to or from it until it is unfrozen. Postings already locked are waited for. Freezing twice is no error. Errors: LG001 LG003 unknown ledger or account, LG101 malformed address, LG204 closed, 42501 without the right "admin". Locks the account''s row and its balances.';
REVOKE ALL ON FUNCTION ledger.freeze(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.unfreeze(ledger text, address text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.set_status(ledger_data.ledger_number(ledger), address, 'o', 'unfreeze');
END
$$;
COMMENT ON FUNCTION ledger_data.unfreeze(text, text) IS 'Does the work of ledger.unfreeze.';
REVOKE ALL ON FUNCTION ledger_data.unfreeze(text, text) FROM PUBLIC;

CREATE FUNCTION ledger.unfreeze(ledger text, address text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.unfreeze(text, text) IS
'Lets money move to and from a frozen account again. An open account is left as it is. Errors: LG001 LG003 unknown ledger or account, LG101 malformed address, LG204 closed, 42501 without the right "admin". Locks the account''s row and its balances.';
REVOKE ALL ON FUNCTION ledger.unfreeze(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.close_account(ledger text, address text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.set_status(ledger_data.ledger_number(ledger), address, 'c', 'close');
END
$$;
COMMENT ON FUNCTION ledger_data.close_account(text, text) IS 'Does the work of ledger.close_account.';
REVOKE ALL ON FUNCTION ledger_data.close_account(text, text) FROM PUBLIC;

CREATE FUNCTION ledger.close_account(ledger text, address text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.close_account(text, text) IS
'Closes an account for good. All its balances must be zero, else error LG205; the account world cannot be closed (22023). Errors: LG001 LG003 unknown ledger or account, LG101 malformed address, LG204 closed, 42501 without the right "admin". Locks the account''s row and its balances.';
REVOKE ALL ON FUNCTION ledger.close_account(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.set_metadata(ledger text, address text, metadata jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
BEGIN
	PERFORM ledger_data.check_metadata(metadata), ledger_data.lock_account(number, address);
	UPDATE ledger_data.account a
		SET metadata = (a.metadata || $3) - ARRAY(SELECT m.key FROM jsonb_each($3) m WHERE m.value = 'null')
		WHERE a.ledger_id = number AND a.address = $2;
	PERFORM ledger_data.record(number, 'a', jsonb_build_object('change', 'metadata', 'address', address, 'metadata', metadata));
END
$$;
COMMENT ON FUNCTION ledger_data.set_metadata(text, text, jsonb) IS 'Does the work of ledger.set_metadata.';
REVOKE ALL ON FUNCTION ledger_data.set_metadata(text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger.set_metadata(ledger text, address text, metadata jsonb) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.set_metadata(text, text, jsonb) IS
'Merges a JSON object into an account''s metadata: each key given replaces that key, value and all, and a key given as null is removed, as a JSON merge patch does at its top level. Also of frozen and closed accounts. The journal keeps what was given. Errors: LG001 LG003 unknown ledger or account, LG101 malformed address, LG108 not an object, 22004 NULL, 42501 without the right "admin". Locks the ledger as posting does, and the account''s row: postings are not waited for.';
REVOKE ALL ON FUNCTION ledger.set_metadata(text, text, jsonb) FROM PUBLIC;
