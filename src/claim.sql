-- claim: whether what imported records say can be true. No cast may fail here.

CREATE FUNCTION ledger_data.is_address(address jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT coalesce(jsonb_typeof($1) = 'string' AND $1 #>> '{}' ~ '^[A-Za-z0-9_.@-]+(:[A-Za-z0-9_.@-]+)*$' AND octet_length($1 #>> '{}') <= 512, false);
	END;
COMMENT ON FUNCTION ledger_data.is_address(jsonb) IS 'Whether it is a string that an address can be.';
REVOKE ALL ON FUNCTION ledger_data.is_address(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_amount(amount jsonb, scale int) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		-- of any asset, if the scale is NULL
		SELECT coalesce(jsonb_typeof($1) = 'string' AND $1 #>> '{}' ~ '^(0|[1-9][0-9]*)(\.[0-9]{1,30})?$'
			AND length(translate(ltrim($1 #>> '{}', '0.'), '.', '')) <= 38
			AND coalesce(length(split_part($1 #>> '{}', '.', 2)) = $2, true), false);
	END;
COMMENT ON FUNCTION ledger_data.is_amount(jsonb, int) IS 'Whether it is a string that an amount of an asset with so many decimals can be, not a negative one.';
REVOKE ALL ON FUNCTION ledger_data.is_amount(jsonb, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_time("time" jsonb) RETURNS boolean
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
	AS $$
BEGIN
	RETURN coalesce("time" = to_jsonb(("time" #>> '{}')::timestamptz) AND isfinite(("time" #>> '{}')::timestamptz), false);
EXCEPTION WHEN data_exception THEN
	RETURN false;
END
$$;
COMMENT ON FUNCTION ledger_data.is_time(jsonb) IS 'Whether it is a time as to_json writes it with TimeZone UTC.';
REVOKE ALL ON FUNCTION ledger_data.is_time(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_limit(bound jsonb, scale int) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE jsonb_typeof($1) WHEN 'null' THEN true
			WHEN 'number' THEN abs(($1 #>> '{}')::numeric) < power(10::numeric, 38 - coalesce($2, 0))
				AND coalesce(scale(trim_scale(($1 #>> '{}')::numeric)) <= $2, true)
			ELSE false END;
	END;
COMMENT ON FUNCTION ledger_data.is_limit(jsonb, int) IS 'Whether it is null or a number that a limit can be: of an asset with so many decimals, or (NULL) of an account.';
REVOKE ALL ON FUNCTION ledger_data.is_limit(jsonb, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_stripe(stripe jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT coalesce(jsonb_typeof($1) = 'number' AND $1 #>> '{}' ~ '^[1-9][0-9]?$' AND ($1 #>> '{}')::int <= 64, false);
	END;
COMMENT ON FUNCTION ledger_data.is_stripe(jsonb) IS 'Whether it is a number that a stripe can have, or as many stripes as there can be.';
REVOKE ALL ON FUNCTION ledger_data.is_stripe(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_change(change jsonb) RETURNS boolean
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT coalesce(ledger_data.is_address($1 -> 'address') AND CASE $1 ->> 'change'
			WHEN 'freeze' THEN true
			WHEN 'unfreeze' THEN true
			WHEN 'close' THEN $1 ->> 'address' <> 'world'
			WHEN 'metadata' THEN jsonb_typeof($1 -> 'metadata') = 'object'
			WHEN 'stripes' THEN (jsonb_typeof($1 -> 'asset') = 'null' OR s.id IS NOT NULL) AND ledger_data.is_stripe($1 -> 'stripes')
			ELSE $1 ->> 'change' IN ('open', 'limits')
				AND ($1 ->> 'change' = 'limits' OR jsonb_typeof($1 -> 'metadata') = 'object')
				AND (NOT $1 ? 'stripes' OR ledger_data.is_stripe($1 -> 'stripes'))
				AND (jsonb_typeof($1 -> 'asset') = 'null' OR s.id IS NOT NULL)
				AND ledger_data.is_limit($1 -> 'floor', s.scale) AND ledger_data.is_limit($1 -> 'ceiling', s.scale)
				AND coalesce(($1 ->> 'floor')::numeric <= ($1 ->> 'ceiling')::numeric, true)
				-- a balance that there is may be beyond zero
				AND ($1 ->> 'change' = 'limits' AND s.id IS NOT NULL OR coalesce(($1 ->> 'floor')::numeric <= 0, true) AND coalesce(($1 ->> 'ceiling')::numeric >= 0, true))
			END, false)
			FROM (SELECT) o LEFT JOIN ledger_data.asset s ON s.code = $1 ->> 'asset';
	END;
COMMENT ON FUNCTION ledger_data.is_change(jsonb) IS 'Whether it is what the record of a change of an account has.';
REVOKE ALL ON FUNCTION ledger_data.is_change(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_hold(hold jsonb) RETURNS boolean
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT CASE WHEN jsonb_typeof($1 -> 'postings') = 'array' AND (NOT $1 ? 'expires_at' OR ledger_data.is_time($1 -> 'expires_at')) THEN
			(SELECT coalesce(bool_and(coalesce(s.id IS NOT NULL AND ledger_data.is_address(p.posting -> 'source') AND ledger_data.is_address(p.posting -> 'destination')
					AND p.posting -> 'source' <> p.posting -> 'destination'
					AND (NOT p.posting ? 'source_stripe' OR ledger_data.is_stripe(p.posting -> 'source_stripe'))
					AND (NOT p.posting ? 'destination_stripe' OR ledger_data.is_stripe(p.posting -> 'destination_stripe')) AND ledger_data.is_amount(p.posting -> 'amount', s.scale), false)), false)
				FROM jsonb_array_elements($1 -> 'postings') p(posting) LEFT JOIN ledger_data.asset s ON s.code = p.posting ->> 'asset')
			ELSE false END;
	END;
COMMENT ON FUNCTION ledger_data.is_hold(jsonb) IS 'Whether it is what the record of a hold has.';
REVOKE ALL ON FUNCTION ledger_data.is_hold(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.is_release(release jsonb) RETURNS boolean
	LANGUAGE sql IMMUTABLE
	BEGIN ATOMIC
		SELECT CASE WHEN jsonb_typeof($1 -> 'released') = 'array' AND (NOT $1 ? 'expired' OR jsonb_typeof($1 -> 'expired') = 'boolean') THEN
			(SELECT coalesce(bool_and(ledger_data.is_amount(a, NULL)), false) FROM jsonb_array_elements($1 -> 'released') a)
			ELSE false END;
	END;
COMMENT ON FUNCTION ledger_data.is_release(jsonb) IS 'Whether it is what a record has that sets something free of a hold.';
REVOKE ALL ON FUNCTION ledger_data.is_release(jsonb) FROM PUBLIC;

CREATE FUNCTION ledger_data.claim_fault(number int, after bigint, OUT "position" bigint, OUT reason text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT f.position, f.reason FROM (
			SELECT j.position, CASE j.kind
					WHEN 'a' THEN CASE WHEN NOT ledger_data.is_change(j.payload) THEN 'it is no change of an account' END
					WHEN 'l' THEN CASE WHEN NOT coalesce(CASE j.payload ->> 'change' WHEN 'create' THEN o.first WHEN 'hashing' THEN NOT o.first
							AND j.payload ->> 'hashing' IN ('strict', 'sealed', 'off') END, false) THEN 'it is no change of a ledger' END
					WHEN 'h' THEN CASE WHEN NOT ledger_data.is_hold(j.payload) THEN 'it is no hold' END
					WHEN 'r' THEN CASE WHEN jsonb_typeof(j.payload -> 'force') <> 'boolean' THEN 'it is no reversal' WHEN o.kind NOT IN ('t', 'c') THEN 'what it reverses is no transaction' END
					ELSE CASE WHEN (j.kind = 'v' OR j.payload IS NOT NULL) AND NOT ledger_data.is_release(j.payload) THEN 'it does not say what it sets free' WHEN o.kind <> 'h' THEN 'it is about no hold' END
				END AS reason
				FROM ledger_data.journal j
					CROSS JOIN LATERAL (SELECT $2 = 0 AND NOT EXISTS (SELECT FROM ledger_data.journal k WHERE k.ledger_id = $1 AND k.position < j.position) AS first,
						CASE WHEN j.related IS NOT NULL THEN
							coalesce((SELECT k.kind FROM ledger_data.journal k WHERE k.ledger_id = $1 AND k.position = j.related), ' ') END AS kind OFFSET 0) o
				WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind IN ('a', 'l', 'h', 'c', 'v', 'r')) f
			WHERE f.reason IS NOT NULL
			ORDER BY f.position LIMIT 1;
	END;
COMMENT ON FUNCTION ledger_data.claim_fault(int, bigint) IS 'The first record after a position that says what cannot be said, and why; NULL if there is none. What it refers to must be there.';
REVOKE ALL ON FUNCTION ledger_data.claim_fault(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.hold_fault(number int, after bigint, OUT "position" bigint, OUT reason text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH changed AS (
			SELECT j.position, j.related, j.payload, CASE WHEN j.kind = 'c' THEN ledger_data.legs(j.legs) END AS leg
				FROM ledger_data.journal j WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind IN ('c', 'v'))
		SELECT f.position, f.reason FROM (
			SELECT c.position, 'it is not about the postings of the hold' AS reason
				FROM changed c CROSS JOIN LATERAL (
					SELECT count(*) AS postings,
							bool_and(c.leg[4 * h.number - 3] = h.source_id AND c.leg[4 * h.number - 1] = h.destination_id) AS same,
							bool_and(ledger_data.is_amount(c.payload -> 'released' -> (h.number - 1), h.scale)) AS units
						FROM ledger_data.hold h WHERE h.ledger_id = $1 AND h.hold = c.related) h
				WHERE cardinality(c.leg) <> 4 * h.postings OR NOT h.same
					OR c.payload IS NOT NULL AND (jsonb_array_length(c.payload -> 'released') <> h.postings OR NOT h.units)
			UNION ALL
			SELECT max(c.position), format('more is gone of hold %s than it held', h.hold)
				FROM ledger_data.hold h JOIN changed c ON c.related = h.hold
				WHERE h.ledger_id = $1 AND h.captured + h.voided > h.amount
				GROUP BY h.hold) f
			ORDER BY f.position LIMIT 1;
	END;
COMMENT ON FUNCTION ledger_data.hold_fault(int, bigint) IS 'The first capture or void after a position that does not fit its hold, and why; NULL if there is none. Holds must have been made.';
REVOKE ALL ON FUNCTION ledger_data.hold_fault(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.reversal_fault(number int, after bigint, OUT "position" bigint, OUT reason text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT j.position, 'it does not go back between the accounts of what it reverses'
			FROM ledger_data.journal j
				JOIN ledger_data.journal o ON o.ledger_id = $1 AND o.position = j.related
				CROSS JOIN LATERAL (SELECT ledger_data.legs(j.legs) AS back, ledger_data.legs(o.legs) AS leg OFFSET 0) l
			WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind = 'r'
				AND (cardinality(l.back) IS DISTINCT FROM cardinality(l.leg) OR EXISTS (
					SELECT FROM generate_series(1, cardinality(l.leg), 4) i
						WHERE (l.leg[i], l.leg[i + 2]) <> (l.back[cardinality(l.leg) - i], l.back[cardinality(l.leg) - i - 2])))
			ORDER BY j.position LIMIT 1;
	END;
COMMENT ON FUNCTION ledger_data.reversal_fault(int, bigint) IS 'The first reversal after a position that does not take back what it reverses, and why; NULL if there is none.';
REVOKE ALL ON FUNCTION ledger_data.reversal_fault(int, bigint) FROM PUBLIC;
