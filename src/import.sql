-- import: taking in what ledger.export gave.

CREATE TYPE ledger.import_receipt AS (
	records bigint,
	entries bigint,
	blocks bigint,
	"position" bigint
);
COMMENT ON TYPE ledger.import_receipt IS
'What was imported: how many records, entries and blocks, and the position of the last record.';

CREATE FUNCTION ledger_data.import_ledger(name text, settings jsonb, created_at timestamptz) RETURNS int
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_variable
DECLARE
	number int;
BEGIN
	PERFORM ledger_data.check_ledger_name(name);
	IF settings ->> 'ordering' NOT IN ('parallel', 'serial') OR settings ->> 'hashing' NOT IN ('strict', 'sealed', 'off')
			OR jsonb_typeof(settings -> 'auto_open') <> 'boolean' OR jsonb_typeof(settings -> 'metadata') <> 'object'
			OR NOT settings ?& ARRAY['ordering', 'hashing', 'auto_open', 'metadata'] THEN
		RETURN NULL;
	END IF;
	INSERT INTO ledger_data.ledger AS l (id, name, auto_open, serial, hashing, metadata, created_at)
		VALUES (nextval('ledger_data.ledger_id'), name, (settings ->> 'auto_open')::boolean, settings ->> 'ordering' = 'serial',
			ledger_data.hashing_code(settings ->> 'hashing'), settings -> 'metadata', created_at)
		ON CONFLICT ON CONSTRAINT ledger_name_key DO NOTHING
		RETURNING id INTO number;
	IF number IS NULL THEN
		RAISE EXCEPTION 'ledger "%" already exists', name USING ERRCODE = 'LG011';
	END IF;
	PERFORM ledger_data.open_world(number, created_at);
	RETURN number;
END
$$;
COMMENT ON FUNCTION ledger_data.import_ledger(text, jsonb, timestamptz) IS
'Makes a ledger with the settings of the record of its creation and returns its number; NULL if they are malformed.';
REVOKE ALL ON FUNCTION ledger_data.import_ledger(text, jsonb, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_block(number int, line text, first bigint, last bigint, leaves bytea, previous bytea) RETURNS bytea
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_variable
DECLARE
	block bigint;
	before bigint := (SELECT coalesce(max(b.number), 0) FROM ledger_data.block b WHERE b.ledger_id = number);
	root bytea := ledger_data.merkle_root(leaves);
	sealed_at timestamptz;
	records int := octet_length(leaves) / 32;
BEGIN
	block := line::jsonb ->> 'block';
	sealed_at := line::jsonb ->> 'sealed_at';
	-- the header that there must be, to the byte
	IF block IS DISTINCT FROM before + 1
			OR line IS DISTINCT FROM ledger_data.block_header(block, first, last, records, sealed_at, root, previous) THEN
		RETURN NULL;
	END IF;
	INSERT INTO ledger_data.block (ledger_id, number, first_position, last_position, records, sealed_at, root, previous, hash, leaves)
		VALUES (number, block, first, last, records, sealed_at, root, previous, sha256(convert_to(line, 'UTF8')), leaves);
	RETURN sha256(convert_to(line, 'UTF8'));
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION ledger_data.import_block(int, text, bigint, bigint, bytea, bytea) IS
'Makes a block of the records between two positions, whose leaves are given, if that is what its header says, and returns its hash; else NULL.';
REVOKE ALL ON FUNCTION ledger_data.import_block(int, text, bigint, bigint, bytea, bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_balances(number int, ids bigint[], addresses text[], asset_ids int[], existed boolean[],
		versions bigint[], inflows numeric[], outflows numeric[], firsts timestamptz[], lasts timestamptz[], stripe_numbers int[]) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	late text;
BEGIN
	INSERT INTO ledger_data.balance (ledger_id, asset_id, id, status, own_limits, stripe, address, held_in, held_out, recorded_at, version, inflow, outflow)
		SELECT number, u.asset_id, u.id, 'o', false, u.stripe, u.address, z.zero, z.zero, u.last, u.version, u.inflow, u.outflow
			FROM unnest(ids, addresses, asset_ids, existed, versions, inflows, outflows, lasts, stripe_numbers)
					u(id, address, asset_id, existed, version, inflow, outflow, last, stripe)
				CROSS JOIN LATERAL (SELECT u.inflow - u.inflow) z(zero)
			WHERE NOT u.existed;
	SELECT b.address INTO late
		FROM unnest(ids, existed, firsts) u(id, existed, first)
			JOIN ledger_data.balance b ON b.ledger_id = number AND b.id = u.id
		WHERE u.existed AND b.recorded_at > u.first
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'an entry of "%" was recorded before the last one that there is', late
			USING ERRCODE = 'LG403', DETAIL = 'Nothing was imported.';
	END IF;
	UPDATE ledger_data.balance b
		SET version = u.version, inflow = u.inflow, outflow = u.outflow, recorded_at = u.last
		FROM unnest(ids, existed, versions, inflows, outflows, lasts) u(id, existed, version, inflow, outflow, last)
		WHERE u.existed AND b.ledger_id = number AND b.id = u.id;
END
$$;
COMMENT ON FUNCTION ledger_data.import_balances(int, bigint[], text[], int[], boolean[], bigint[], numeric[], numeric[], timestamptz[], timestamptz[], int[]) IS
'Writes the balances that an import has touched, without limits. Error LG403 if times run backwards.';
REVOKE ALL ON FUNCTION ledger_data.import_balances(int, bigint[], text[], int[], boolean[], bigint[], numeric[], numeric[], timestamptz[], timestamptz[], int[]) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_changes(number int, after bigint)
	RETURNS TABLE ("position" bigint, at timestamptz, change text, address text, asset text, floor numeric, ceiling numeric, stripes int, metadata jsonb)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT j.position, j.recorded_at, j.payload ->> 'change', j.payload ->> 'address', j.payload ->> 'asset',
				(j.payload ->> 'floor')::numeric, (j.payload ->> 'ceiling')::numeric,
				coalesce((j.payload ->> 'stripes')::int, 1), j.payload -> 'metadata'
			FROM ledger_data.journal j
			WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind = 'a';
	END;
COMMENT ON FUNCTION ledger_data.import_changes(int, bigint) IS 'The changes of accounts after a position.';
REVOKE ALL ON FUNCTION ledger_data.import_changes(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_mentions(number int, after bigint) RETURNS TABLE (at timestamptz, address text, asset text, stripe int)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT min(j.recorded_at), p.posting ->> v.side, p.posting ->> 'asset', coalesce((p.posting ->> (v.side || '_stripe'))::int, 0)
			FROM ledger_data.journal j
				CROSS JOIN LATERAL jsonb_array_elements(j.payload -> 'postings') p(posting)
				CROSS JOIN (VALUES ('source'), ('destination')) v(side)
			WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind = 'h'
			GROUP BY 2, 3, 4;
	END;
COMMENT ON FUNCTION ledger_data.import_mentions(int, bigint) IS 'The balances that holds after a position are about, and since when.';
REVOKE ALL ON FUNCTION ledger_data.import_mentions(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_untouched(number int, after bigint) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		INSERT INTO ledger_data.balance (ledger_id, asset_id, id, status, own_limits, stripe, address, recorded_at, version, held_in, held_out, inflow, outflow)
			SELECT $1, s.id, nextval('ledger_data.balance_id'), 'o', false, t.stripe, t.address, t.at, 0, z.zero, z.zero, z.zero, z.zero
				FROM (SELECT m.address, m.asset, m.stripe, min(m.at) AS at
						FROM (SELECT k.address, k.asset, 0 AS stripe, k.at FROM ledger_data.import_changes($1, $2) k
							UNION ALL SELECT t.address, t.asset, t.stripe, t.at FROM ledger_data.import_mentions($1, $2) t
							UNION ALL SELECT t.address, t.asset, 0, t.at FROM ledger_data.import_mentions($1, $2) t
							UNION ALL SELECT b.address, s.code, 0, l.created_at
								FROM ledger_data.balance b JOIN ledger_data.asset s ON s.id = b.asset_id JOIN ledger_data.ledger l ON l.id = b.ledger_id
								WHERE b.ledger_id = $1 AND b.stripe > 0) m
						WHERE m.asset IS NOT NULL GROUP BY m.address, m.asset, m.stripe) t
					JOIN ledger_data.asset s ON s.code = t.asset
					CROSS JOIN LATERAL (SELECT round(0.0, s.scale)) z(zero)
				WHERE NOT EXISTS (SELECT FROM ledger_data.balance b
					WHERE b.ledger_id = $1 AND b.address = t.address AND b.asset_id = s.id AND b.stripe = t.stripe);
	END;
COMMENT ON FUNCTION ledger_data.import_untouched(int, bigint) IS
'Makes the balances and stripes that nothing was posted to, as the records after a position mention them.';
REVOKE ALL ON FUNCTION ledger_data.import_untouched(int, bigint) FROM PUBLIC;

-- Nothing is known yet of tables that were just filled, and nested loops over what has no index would take for ever.
CREATE FUNCTION ledger_data.import_striped(number int, after bigint) RETURNS TABLE (balance ledger_data.balance, stripes int, created_at timestamptz)
	LANGUAGE sql STABLE SET enable_nestloop = off
	BEGIN ATOMIC
		-- the last record that says how many stripes a balance has; world has as many from the start
		WITH change AS MATERIALIZED (
			SELECT c.* FROM ledger_data.import_changes($1, $2) c WHERE c.change IN ('open', 'stripes')),
		of_account AS (
			SELECT DISTINCT ON (c.address) c.* FROM change c WHERE c.asset IS NULL ORDER BY c.address, c.position DESC),
		of_balance AS (
			SELECT DISTINCT ON (c.address, c.asset) c.* FROM change c WHERE c.asset IS NOT NULL ORDER BY c.address, c.asset, c.position DESC)
		SELECT b, coalesce(c.stripes, b.stripes, CASE WHEN b.address = 'world' THEN a.stripes END, 1) AS stripes, l.created_at
			FROM ledger_data.balance b
				JOIN ledger_data.ledger l ON l.id = b.ledger_id
				JOIN ledger_data.asset s ON s.id = b.asset_id
				JOIN ledger_data.account a ON a.ledger_id = b.ledger_id AND a.address = b.address
				LEFT JOIN of_account x ON x.address = b.address
				LEFT JOIN of_balance y ON y.address = b.address AND y.asset = s.code
				CROSS JOIN LATERAL (SELECT CASE WHEN y.position > coalesce(x.position, 0) THEN y.stripes ELSE x.stripes END) c(stripes)
			WHERE b.ledger_id = $1 AND b.stripe = 0 AND (b.stripes IS NOT NULL OR c.stripes > 1 OR b.address = 'world'
				OR EXISTS (SELECT FROM ledger_data.balance o WHERE o.ledger_id = $1 AND o.address = b.address AND o.asset_id = b.asset_id AND o.stripe > 0));
	END;
COMMENT ON FUNCTION ledger_data.import_striped(int, bigint) IS
'The balances of a ledger that are striped, each by its stripe 0, with how many stripes the records after a position, or those before, give it.';
REVOKE ALL ON FUNCTION ledger_data.import_striped(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_stripes(number int, after bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	-- as if opened when the ledger was: the times of records to come ascend for each stripe only
	PERFORM ledger_data.stripe_balance(k.balance, k.stripes, k.created_at) FROM ledger_data.import_striped(number, after) k;
END
$$;
COMMENT ON FUNCTION ledger_data.import_stripes(int, bigint) IS
'Gives every striped balance the stripes that the records after a position say, and shares its limits. Holds must have been made.';
REVOKE ALL ON FUNCTION ledger_data.import_stripes(int, bigint) FROM PUBLIC;

-- What an account is follows from the records: whoever is mentioned is open, with the limits, the status and the metadata
-- that the last change of each gave.
CREATE FUNCTION ledger_data.import_accounts(number int, after bigint) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	given record;
BEGIN
	INSERT INTO ledger_data.account (ledger_id, any_asset, address, floor, opened_at)
		SELECT number, l.auto_open OR m.any_asset, ledger_data.check_address(m.address), 0, m.at
			FROM (SELECT x.address, min(x.at) AS at, bool_or(x.any_asset) AS any_asset
					FROM (SELECT b.address, b.recorded_at AS at, false AS any_asset FROM ledger_data.balance b WHERE b.ledger_id = number AND b.floor IS NULL
						UNION ALL SELECT t.address, t.at, false FROM ledger_data.import_mentions(number, after) t
						UNION ALL SELECT k.address, k.at, k.change = 'open' AND k.asset IS NULL FROM ledger_data.import_changes(number, after) k) x
					GROUP BY x.address) m
				CROSS JOIN ledger_data.ledger l
			WHERE l.id = number
		ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
	PERFORM ledger_data.import_untouched(number, after);
	-- limits, status and metadata: the last of each
	UPDATE ledger_data.account a SET floor = k.floor, ceiling = k.ceiling
		FROM (SELECT DISTINCT ON (c.address) c.* FROM ledger_data.import_changes(number, after) c
				WHERE c.change IN ('open', 'limits') AND c.asset IS NULL ORDER BY c.address, c.position DESC) k
		WHERE a.ledger_id = number AND a.address = k.address;
	UPDATE ledger_data.account a SET stripes = nullif(k.stripes, 1)
		FROM (SELECT DISTINCT ON (c.address) c.* FROM ledger_data.import_changes(number, after) c
				WHERE c.change IN ('open', 'stripes') AND c.asset IS NULL ORDER BY c.address, c.position DESC) k
		WHERE a.ledger_id = number AND a.address = k.address;
	UPDATE ledger_data.account a SET status = CASE k.change WHEN 'freeze' THEN 'f' WHEN 'close' THEN 'c' ELSE 'o' END::"char"
		FROM (SELECT DISTINCT ON (c.address) c.* FROM ledger_data.import_changes(number, after) c
				WHERE c.change IN ('freeze', 'unfreeze', 'close') ORDER BY c.address, c.position DESC) k
		WHERE a.ledger_id = number AND a.address = k.address;
	FOR given IN SELECT * FROM ledger_data.import_changes(number, after) k WHERE k.metadata <> '{}' ORDER BY k.position LOOP
		UPDATE ledger_data.account a SET metadata = CASE given.change WHEN 'open' THEN a.metadata || given.metadata
				ELSE (a.metadata || given.metadata) - ARRAY(SELECT e.key FROM jsonb_each(given.metadata) e WHERE e.value = 'null') END
			WHERE a.ledger_id = number AND a.address = given.address;
	END LOOP;
	UPDATE ledger_data.balance b SET own_limits = true,
			floor = ledger_data.fit_floor(k.floor, s.scale) * CASE WHEN b.stripe = 0 THEN 1 ELSE 0 END,
			ceiling = ledger_data.fit_ceiling(k.ceiling, s.scale) * CASE WHEN b.stripe = 0 THEN 1 ELSE 0 END
		FROM (SELECT DISTINCT ON (c.address, c.asset) c.* FROM ledger_data.import_changes(number, after) c
				WHERE c.change IN ('open', 'limits') AND c.asset IS NOT NULL ORDER BY c.address, c.asset, c.position DESC) k
			JOIN ledger_data.asset s ON s.code = k.asset
		WHERE b.ledger_id = number AND b.address = k.address AND b.asset_id = s.id;
	-- and what the balances have of their accounts; of a striped one all limits are stripe 0's until they are shared
	UPDATE ledger_data.balance b SET status = n.status, own_limits = n.own_limits, floor = n.floor, ceiling = n.ceiling
		FROM (SELECT k.id, a.status, k.own_limits,
					CASE WHEN k.own_limits THEN k.floor ELSE ledger_data.fit_floor(a.floor, s.scale) END * k.part AS floor,
					CASE WHEN k.own_limits THEN k.ceiling ELSE ledger_data.fit_ceiling(a.ceiling, s.scale) END * k.part AS ceiling
				FROM (SELECT o.id, o.address, o.asset_id, CASE WHEN o.stripe = 0 THEN 1 ELSE 0 END AS part,
							bool_or(o.own_limits) OVER w AS own_limits, sum(o.floor) OVER w AS floor, sum(o.ceiling) OVER w AS ceiling
						FROM ledger_data.balance o WHERE o.ledger_id = number
						WINDOW w AS (PARTITION BY o.address, o.asset_id)) k
					JOIN ledger_data.account a ON a.ledger_id = number AND a.address = k.address
					JOIN ledger_data.asset s ON s.id = k.asset_id) n
		WHERE b.ledger_id = number AND b.id = n.id AND (b.status, b.own_limits, b.floor, b.ceiling) IS DISTINCT FROM (n.status, n.own_limits, n.floor, n.ceiling);
	UPDATE ledger_data.account a SET assets = n.assets
		FROM (SELECT b.address, count(*)::int AS assets FROM ledger_data.balance b WHERE b.ledger_id = number AND b.stripe = 0 GROUP BY b.address) n
		WHERE a.ledger_id = number AND a.address = n.address AND a.assets <> n.assets;
END
$$;
COMMENT ON FUNCTION ledger_data.import_accounts(int, bigint) IS
'Makes accounts, limits, statuses and metadata what the records after a position say.';
REVOKE ALL ON FUNCTION ledger_data.import_accounts(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_holds(number int, after bigint) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		INSERT INTO ledger_data.hold (ledger_id, number, hold, source_id, destination_id, scale, expired, expires_at, due, amount, captured, voided)
			SELECT $1, p.n, j.position, o.id, d.id, s.scale, false, (j.payload ->> 'expires_at')::timestamptz, (j.payload ->> 'expires_at')::timestamptz,
					(p.posting ->> 'amount')::numeric, round(0.0, s.scale), round(0.0, s.scale)
				FROM ledger_data.journal j
					CROSS JOIN LATERAL jsonb_array_elements(j.payload -> 'postings') WITH ORDINALITY p(posting, n)
					JOIN ledger_data.asset s ON s.code = p.posting ->> 'asset'
					JOIN ledger_data.balance o ON o.ledger_id = $1 AND o.address = p.posting ->> 'source' AND o.asset_id = s.id
						AND o.stripe = coalesce((p.posting ->> 'source_stripe')::int, 0)
					JOIN ledger_data.balance d ON d.ledger_id = $1 AND d.address = p.posting ->> 'destination' AND d.asset_id = s.id
						AND d.stripe = coalesce((p.posting ->> 'destination_stripe')::int, 0)
				WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind = 'h';
		UPDATE ledger_data.hold h SET captured = h.captured + c.captured, voided = h.voided + c.voided, expired = h.expired OR c.expired,
				due = CASE WHEN h.amount > h.captured + c.captured + h.voided + c.voided THEN h.expires_at END
			FROM ledger_data.hold_changes($1, $2) c
			WHERE h.ledger_id = $1 AND h.hold = c.hold AND h.number = c.posting;
		UPDATE ledger_data.balance b SET held_in = round(s.held_in, scale(b.inflow)), held_out = round(s.held_out, scale(b.inflow))
			FROM ledger_data.hold_sides($1) s
			WHERE b.ledger_id = $1 AND b.id = s.balance_id AND (b.held_in, b.held_out) IS DISTINCT FROM (s.held_in, s.held_out);
	END;
COMMENT ON FUNCTION ledger_data.import_holds(int, bigint) IS 'Makes holds, and what is held on balances, what the records after a position say.';
REVOKE ALL ON FUNCTION ledger_data.import_holds(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_line(number int, after bigint, first_line bigint, "position" bigint) RETURNS bigint
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		-- the records since the first, and the blocks that end between them
		SELECT $3 - 1 + (SELECT count(*) FROM ledger_data.journal j WHERE j.ledger_id = $1 AND j.position > $2 AND j.position <= $4)
			+ (SELECT count(*) FROM ledger_data.block b WHERE b.ledger_id = $1 AND b.last_position > $2 AND b.last_position < $4);
	END;
COMMENT ON FUNCTION ledger_data.import_line(int, bigint, bigint, bigint) IS 'Which line of an import a record was.';
REVOKE ALL ON FUNCTION ledger_data.import_line(int, bigint, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.import_state(number int, after bigint, last bigint, records bigint, first_line bigint, chain_start bytea) RETURNS text
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off
	AS $$
#variable_conflict use_variable
DECLARE
	way text;
	kinds text;
	fault record;
BEGIN
	IF (SELECT count(*) FROM ledger_data.journal j WHERE j.ledger_id = number AND j.position > after) <> records THEN
		RETURN 'the ledger was written to while its import was read';
	END IF;
	kinds := (SELECT string_agg(DISTINCT j.kind::text, '') FROM ledger_data.journal j WHERE j.ledger_id = number AND j.position > after);
	SELECT * INTO fault FROM ledger_data.claim_fault(number, after);
	IF fault.position IS NULL THEN
		PERFORM ledger_data.import_accounts(number, after);
		IF kinds ~ '[hcv]' THEN
			PERFORM ledger_data.import_holds(number, after);
			SELECT * INTO fault FROM ledger_data.hold_fault(number, after);
		END IF;
		PERFORM ledger_data.import_stripes(number, after);
	END IF;
	IF fault.position IS NULL AND kinds ~ 'r' THEN
		SELECT * INTO fault FROM ledger_data.reversal_fault(number, after);
	END IF;
	IF fault.position IS NOT NULL THEN
		RETURN format('line %s of the import: %s', ledger_data.import_line(number, after, first_line, fault.position), fault.reason);
	END IF;
	way := (SELECT j.payload ->> 'hashing' FROM ledger_data.journal j
		WHERE j.ledger_id = number AND j.kind = 'l' AND j.payload ->> 'change' IN ('create', 'hashing') ORDER BY j.position DESC LIMIT 1);
	-- positions that are drawn go on after those that came along
	UPDATE ledger_data.ledger l SET hashing = ledger_data.hashing_code(way),
			chain_start = CASE WHEN trim('\x00'::bytea FROM chain_start) = '' THEN l.chain_start ELSE chain_start END,
			position_base = greatest(l.position_base, last - (SELECT p.last_value FROM ledger_data.journal_position p) + 1)
		WHERE l.id = number;
	RETURN (SELECT format('what was imported does not agree: %s, %s: %s', f.invariant, f.object, f.detail) FROM (
			SELECT * FROM ledger_data.verify_sums(number)
			UNION ALL SELECT * FROM ledger_data.verify_limits(number)
			UNION ALL SELECT * FROM ledger_data.verify_accounts(number)
			UNION ALL SELECT * FROM ledger_data.verify_held(number) WHERE kinds ~ '[hcv]'
			UNION ALL SELECT * FROM ledger_data.verify_holds(number) WHERE kinds ~ '[hcv]'
			UNION ALL SELECT * FROM ledger_data.verify_reversals(number) WHERE kinds ~ 'r') f
		LIMIT 1);
END
$$;
COMMENT ON FUNCTION ledger_data.import_state(int, bigint, bigint, bigint, bigint, bytea) IS
'Makes all that follows from the records after a position, and returns the first thing that does not agree; NULL if all does.';
REVOKE ALL ON FUNCTION ledger_data.import_state(int, bigint, bigint, bigint, bigint, bytea) FROM PUBLIC;

CREATE FUNCTION ledger.import(ledger text, lines text[], head bytea DEFAULT NULL) RETURNS ledger.import_receipt
	AS 'MODULE_PATHNAME', 'ledger_import'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.import(text, text[], bytea) IS
'Imports the lines of one export, all or none, into a ledger that does not exist and is made, or into one that is where the export starts. Positions, times, idempotency keys, versions, hashes and blocks come along, so that exporting again gives the same bytes; accounts, limits, metadata and holds follow from the records; who may do what does not come along. Every record is checked: its form, its order, its entries against those before, its hashes. head: the hash that must be reached, published elsewhere. Assets that are missing are made. Errors: LG403 with the number of the line and the reason, or with what does not agree in the end; LG001 LG011 unknown ledger, or made meanwhile; LG115 malformed name; 0A000 below SERIALIZABLE; 22004 NULL; 25006 read-only; 40001 run again; 42501 without the right "admin", on all ledgers if the ledger or an asset is made; 55000 the ledger is not where the export starts. Locks the ledger exclusively: writers wait.';
REVOKE ALL ON FUNCTION ledger.import(text, text[], bytea) FROM PUBLIC;

CREATE FUNCTION ledger.import_query(ledger text, query text, head bytea DEFAULT NULL) RETURNS ledger.import_receipt
	AS 'MODULE_PATHNAME', 'ledger_import_query'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.import_query(text, text, bytea) IS
'Imports as ledger.import does the lines that a query returns in one column of type text, in order; it runs with the caller''s rights. Memory depends on the number of balances, not of lines; the work shows in ledger.progress. Errors: those of ledger.import and the query''s own; LG116 the query is not one that returns a column of text. Locks the ledger exclusively.';
REVOKE ALL ON FUNCTION ledger.import_query(text, text, bytea) FROM PUBLIC;

CREATE PROCEDURE ledger.import_from(ledger text, query text, head bytea DEFAULT NULL, attempts int DEFAULT 10, INOUT tries int DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'ledger_import_from'
	LANGUAGE C;
COMMENT ON PROCEDURE ledger.import_from(text, text, bytea, int, int) IS
'Imports as ledger.import_query does, in a SERIALIZABLE transaction of its own, and again after 40001, 40P01 and 55P03, at most so many times (attempts); tries: how many it took. Errors: 25001 inside a transaction, and those of ledger.import_query and ledger.run.';
REVOKE ALL ON PROCEDURE ledger.import_from(text, text, bytea, int, int) FROM PUBLIC;
