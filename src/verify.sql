-- verify: proof that the invariants hold. Everything is read with one snapshot, while posting goes on.

CREATE FUNCTION ledger_data.verify_sums(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'sum', s.code, format('All balances in %s sum to %s, not to zero.', s.code, sum(b.inflow - b.outflow))
			FROM ledger_data.balance b JOIN ledger_data.asset s ON s.id = b.asset_id
			WHERE b.ledger_id = $1
			GROUP BY s.code
			HAVING sum(b.inflow - b.outflow) <> 0;
	END;
COMMENT ON FUNCTION ledger_data.verify_sums(int) IS 'Assets whose balances do not sum to zero.';
REVOKE ALL ON FUNCTION ledger_data.verify_sums(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_balances(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH folded AS (
			SELECT e.balance_id, count(*) AS entries, coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) AS inflow,
					coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0) AS outflow
				FROM ledger_data.entry e
				WHERE e.ledger_id = $1
				GROUP BY e.balance_id)
		SELECT 'balance', concat_ws(' ', coalesce(b.address, 'balance ' || f.balance_id), s.code, CASE WHEN b.stripe > 0 THEN 'stripe ' || b.stripe END),
				CASE WHEN b.id IS NULL THEN format('The balance is missing; it has %s entries.', f.entries)
					ELSE format('The balance has version %s, inflow %s, outflow %s; its entries give %s, %s, %s.',
						b.version, b.inflow, b.outflow, coalesce(f.entries, 0), coalesce(f.inflow, 0), coalesce(f.outflow, 0)) END
					|| CASE WHEN s.scale <> ANY (ARRAY[scale(b.inflow), scale(b.outflow), scale(b.held_in), scale(b.held_out)]) THEN format(' The asset has %s decimals.', s.scale) ELSE '' END
			FROM (SELECT k.* FROM ledger_data.balance k WHERE k.ledger_id = $1) b
				FULL JOIN folded f ON f.balance_id = b.id
				LEFT JOIN ledger_data.asset s ON s.id = b.asset_id
			WHERE (b.version, b.inflow, b.outflow) IS DISTINCT FROM
				(coalesce(f.entries, 0), coalesce(f.inflow, 0), coalesce(f.outflow, 0))
				OR s.scale <> ANY (ARRAY[scale(b.inflow), scale(b.outflow), scale(b.held_in), scale(b.held_out)]);
	END;
COMMENT ON FUNCTION ledger_data.verify_balances(int) IS 'Balances that are not the sum of their entries.';
REVOKE ALL ON FUNCTION ledger_data.verify_balances(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_entries(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'entry', concat_ws(' ', coalesce(b.address, 'balance ' || c.balance_id), s.code, CASE WHEN b.stripe > 0 THEN 'stripe ' || b.stripe END,
					'version', c.version),
				format('Version %s follows %s; running balance %s follows %s with amount %s; transaction %s follows %s; recorded %s follows %s.',
					c.version, c.last_version, c.balance, c.last_balance, c.amount, c.position, c.last_position, c.recorded_at, c.last_recorded_at)
					|| CASE WHEN scale(c.amount) <> s.scale OR scale(c.balance) <> s.scale THEN format(' The asset has %s decimals.', s.scale) ELSE '' END
			FROM (SELECT e.*, coalesce(lag(e.version) OVER w, 0) AS last_version,
						coalesce(lag(e.balance) OVER w, 0) AS last_balance,
						coalesce(lag(e.position) OVER w, 0) AS last_position,
						coalesce(lag(e.recorded_at) OVER w, '-infinity') AS last_recorded_at
					FROM ledger_data.entry e
					WHERE e.ledger_id = $1
					WINDOW w AS (PARTITION BY e.balance_id ORDER BY e.version)) c
				LEFT JOIN ledger_data.balance b ON b.ledger_id = c.ledger_id AND b.id = c.balance_id
				LEFT JOIN ledger_data.asset s ON s.id = b.asset_id
			WHERE c.version <> c.last_version + 1 OR c.balance <> c.last_balance + c.amount
				OR c.position < c.last_position OR c.recorded_at < c.last_recorded_at OR b.id IS NULL
				OR scale(c.amount) <> s.scale OR scale(c.balance) <> s.scale;
	END;
COMMENT ON FUNCTION ledger_data.verify_entries(int) IS
'Entries that do not follow from the one before: version, running balance, transaction, time.';
REVOKE ALL ON FUNCTION ledger_data.verify_entries(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_transactions(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH leg AS (
			SELECT j.position, j.recorded_at, j.effective_at, i AS place, l.leg[2 * i - 1] AS balance_id, l.leg[2 * i] AS version
				FROM ledger_data.journal j
					CROSS JOIN LATERAL (SELECT CASE WHEN ledger_data.legs_readable(j.legs) THEN ledger_data.legs(j.legs) END
						OFFSET 0) l(leg)	-- decoded once
					CROSS JOIN LATERAL generate_series(1, cardinality(l.leg) / 2) i
				WHERE j.ledger_id = $1),
		matched AS (
			SELECT coalesce(g.position, e.position) AS position, g.place, e.balance_id, e.version, e.amount, b.asset_id,
					g.position IS NOT NULL AS in_journal, e.position IS NOT NULL AS in_entries,
					(g.recorded_at, g.effective_at) IS NOT DISTINCT FROM (e.recorded_at, e.effective_at) AS same_times
				FROM leg g
					FULL JOIN (SELECT k.* FROM ledger_data.entry k WHERE k.ledger_id = $1) e
						ON e.balance_id = g.balance_id AND e.version = g.version AND e.position = g.position
					LEFT JOIN ledger_data.balance b ON b.ledger_id = $1 AND b.id = e.balance_id)
		SELECT 'transaction', 'transaction ' || m.position,
				CASE WHEN NOT bool_and(m.in_entries) THEN format('The journal has %s legs, %s of them without an entry.',
					count(*) FILTER (WHERE m.in_journal), count(*) FILTER (WHERE NOT m.in_entries))
					WHEN NOT bool_and(m.in_journal) THEN format('%s of its entries are not in the journal.', count(*) FILTER (WHERE NOT m.in_journal))
					WHEN NOT bool_and(m.same_times) THEN 'Times of journal and entries differ.'
					WHEN count(*) > count(DISTINCT (m.balance_id, m.version)) THEN 'The journal names an entry twice.'
					ELSE 'A posting does not take from its source what it gives to its destination.' END
			FROM matched m
			GROUP BY m.position
			HAVING NOT bool_and(m.in_journal AND m.in_entries AND m.same_times)
				OR count(*) % 2 <> 0
				OR count(*) > 2 AND count(*) > count(DISTINCT (m.balance_id, m.version))
				OR EXISTS (SELECT FROM unnest(array_agg(m.amount ORDER BY m.place), array_agg(m.asset_id ORDER BY m.place))
								WITH ORDINALITY p(amount, asset_id, i)
							GROUP BY (p.i - 1) / 2
							HAVING sum(p.amount) <> 0 OR min(p.asset_id) <> max(p.asset_id)
								OR bool_or(p.i % 2 = 1 AND p.amount > 0));
	END;
COMMENT ON FUNCTION ledger_data.verify_transactions(int) IS
'Transactions whose journal record and entries do not belong together, or that do not balance.';
REVOKE ALL ON FUNCTION ledger_data.verify_transactions(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_limits(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'limit', format('%s %s', b.address, s.code),
				format('Balance %s, held in %s, held out %s; floor %s, ceiling %s.', b.inflow - b.outflow, b.held_in, b.held_out,
					coalesce(b.floor::text, 'none'), coalesce(b.ceiling::text, 'none'))
			FROM ledger_data.total b JOIN ledger_data.asset s ON s.id = b.asset_id
			WHERE b.ledger_id = $1
				AND (b.inflow - b.outflow - b.held_out < b.floor OR b.inflow - b.outflow + b.held_in > b.ceiling)
				-- but for as much as forced reversals have taken it there
				AND NOT EXISTS (
					SELECT FROM ledger_data.journal j
							CROSS JOIN LATERAL (SELECT CASE WHEN ledger_data.legs_readable(j.legs) THEN ledger_data.legs(j.legs) END
								OFFSET 0) d(leg)	-- decoded once
							CROSS JOIN LATERAL generate_series(1, cardinality(d.leg) / 2) i
							JOIN ledger_data.balance k ON k.ledger_id = b.ledger_id AND k.id = d.leg[2 * i - 1]
								AND k.address = b.address AND k.asset_id = b.asset_id
							JOIN ledger_data.entry e ON e.ledger_id = b.ledger_id AND e.balance_id = k.id AND e.version = d.leg[2 * i]
						WHERE j.ledger_id = b.ledger_id AND j.kind = 'r' AND j.payload @> '{"force": true}'
						HAVING coalesce(b.inflow - b.outflow - b.held_out + coalesce(sum(-e.amount) FILTER (WHERE e.amount < 0), 0) >= b.floor, b.floor IS NULL)
							AND coalesce(b.inflow - b.outflow + b.held_in - coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) <= b.ceiling, b.ceiling IS NULL));
	END;
COMMENT ON FUNCTION ledger_data.verify_limits(int) IS 'Balances beyond their floor or ceiling, but for those that a forced reversal took there.';
REVOKE ALL ON FUNCTION ledger_data.verify_limits(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_accounts(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'account', coalesce(a.address, b.address),
				CASE WHEN a.address IS NULL THEN 'Balances without an account.'
					ELSE format('The account is %s with %s balances; it has %s, %s of them of another status, closed with money in, or without all stripes.',
						ledger_data.status_name(a.status), a.assets, coalesce(b.n, 0), coalesce(b.other, 0)) END
			FROM (SELECT k.* FROM ledger_data.account k WHERE k.ledger_id = $1) a
				FULL JOIN (SELECT p.address, sum(p.n) AS n, count(*) FILTER (WHERE p.other) AS other
						FROM (SELECT k.address, 1 AS n, k.status <> o.status OR k.status = 'c' AND k.inflow <> k.outflow AS other
								FROM ledger_data.balance k
									LEFT JOIN ledger_data.account o ON o.ledger_id = k.ledger_id AND o.address = k.address
								WHERE k.ledger_id = $1 AND k.stripe = 0 AND k.stripes IS NULL
							UNION ALL
							SELECT k.address, count(*) FILTER (WHERE k.stripe = 0), bool_or(k.status <> o.status)
									OR bool_or(k.status = 'c') AND sum(k.inflow - k.outflow) <> 0
									OR max(k.stripes) IS NULL OR count(DISTINCT coalesce(k.stripes, 0)) <> 1 OR count(*) FILTER (WHERE k.stripe BETWEEN 1 AND k.stripes) <> max(k.stripes)
									OR bool_or(k.floor IS NULL) AND bool_or(k.floor IS NOT NULL) OR bool_or(k.ceiling IS NULL) AND bool_or(k.ceiling IS NOT NULL)
								FROM ledger_data.balance k
									LEFT JOIN ledger_data.account o ON o.ledger_id = k.ledger_id AND o.address = k.address
								WHERE k.ledger_id = $1 AND (k.stripe <> 0 OR k.stripes IS NOT NULL)
								GROUP BY k.address, k.asset_id) p
						GROUP BY p.address) b ON b.address = a.address
			WHERE a.address IS NULL OR a.assets <> coalesce(b.n, 0) OR b.other > 0;
	END;
COMMENT ON FUNCTION ledger_data.verify_accounts(int) IS 'Accounts and balances that do not agree.';
REVOKE ALL ON FUNCTION ledger_data.verify_accounts(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.hold_sides(number int) RETURNS TABLE (balance_id bigint, held_in numeric, held_out numeric)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT u.balance_id, sum(u.held_in), sum(u.held_out)
			FROM ledger_data.hold h CROSS JOIN LATERAL (VALUES
				(h.source_id, 0, h.amount - h.captured - h.voided),
				(h.destination_id, h.amount - h.captured - h.voided, 0)) u(balance_id, held_in, held_out)
			WHERE h.ledger_id = $1
			GROUP BY u.balance_id;
	END;
COMMENT ON FUNCTION ledger_data.hold_sides(int) IS 'What the holds of a ledger have on each balance, expired or not.';
REVOKE ALL ON FUNCTION ledger_data.hold_sides(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.hold_changes(number int, after bigint)
	RETURNS TABLE (hold bigint, posting int, captured numeric, voided numeric, expired boolean)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH change AS (
			SELECT j.related AS hold, l.i AS posting, e.amount AS captured, 0::numeric AS voided, false AS expired
				FROM ledger_data.journal j
					CROSS JOIN LATERAL (SELECT CASE WHEN ledger_data.legs_readable(j.legs) THEN ledger_data.legs(j.legs) END
						OFFSET 0) d(leg)	-- decoded once
					CROSS JOIN LATERAL (SELECT i, d.leg[4 * i - 1] AS balance_id, d.leg[4 * i] AS version
						FROM generate_series(1, cardinality(d.leg) / 4) i) l
					JOIN ledger_data.entry e ON e.ledger_id = $1 AND e.balance_id = l.balance_id AND e.version = l.version
				WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind = 'c'
			UNION ALL
			SELECT j.related, p.n::int, 0, p.amount::numeric, coalesce((j.payload ->> 'expired')::boolean, false) AND p.amount::numeric > 0
				FROM ledger_data.journal j
					CROSS JOIN LATERAL jsonb_array_elements_text(j.payload -> 'released') WITH ORDINALITY p(amount, n)
				WHERE j.ledger_id = $1 AND j.position > $2 AND j.kind IN ('c', 'v'))
		SELECT c.hold, c.posting, sum(c.captured), sum(c.voided), bool_or(c.expired) FROM change c GROUP BY c.hold, c.posting;
	END;
COMMENT ON FUNCTION ledger_data.hold_changes(int, bigint) IS
'What the records after a position say was captured and set free of each posting of holds, and whether anything of that because it expired.';
REVOKE ALL ON FUNCTION ledger_data.hold_changes(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_held(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'held', concat_ws(' ', coalesce(b.address, 'balance ' || s.balance_id), a.code, CASE WHEN b.stripe > 0 THEN 'stripe ' || b.stripe END),
				format('The balance has %s held in and %s held out; its holds give %s and %s.',
					b.held_in, b.held_out, coalesce(s.held_in, 0), coalesce(s.held_out, 0))
					|| CASE WHEN greatest(s.held_in, s.held_out) >= power(10::numeric, 38 - a.scale) THEN ' No amount has more than 38 digits.' ELSE '' END
			FROM (SELECT k.* FROM ledger_data.balance k WHERE k.ledger_id = $1) b
				FULL JOIN ledger_data.hold_sides($1) s ON s.balance_id = b.id
				LEFT JOIN ledger_data.asset a ON a.id = b.asset_id
			WHERE (b.held_in, b.held_out) IS DISTINCT FROM (coalesce(s.held_in, 0), coalesce(s.held_out, 0))
				OR greatest(s.held_in, s.held_out) >= power(10::numeric, 38 - a.scale);
	END;
COMMENT ON FUNCTION ledger_data.verify_held(int) IS 'Balances whose held sums are not those of their holds, or more than an amount can be.';
REVOKE ALL ON FUNCTION ledger_data.verify_held(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_holds(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		WITH recorded AS (
			SELECT j.position AS hold, p.n::int AS number, (p.posting ->> 'amount')::numeric AS amount,
					(j.payload ->> 'expires_at')::timestamptz AS expires_at
				FROM ledger_data.journal j
					CROSS JOIN LATERAL jsonb_array_elements(j.payload -> 'postings') WITH ORDINALITY p(posting, n)
				WHERE j.ledger_id = $1 AND j.kind = 'h')
		SELECT 'hold', format('hold %s posting %s', coalesce(h.hold, r.hold), coalesce(h.number, r.number)),
				format('It has amount %s, captured %s, voided %s; the journal gives %s, %s, %s.', h.amount, h.captured, h.voided,
					r.amount, coalesce(c.captured, 0), coalesce(c.voided, 0))
					|| CASE WHEN h.amount < h.captured + h.voided THEN ' More than it held is gone.' ELSE '' END
			FROM (SELECT k.* FROM ledger_data.hold k WHERE k.ledger_id = $1) h
				FULL JOIN recorded r ON r.hold = h.hold AND r.number = h.number
				LEFT JOIN ledger_data.hold_changes($1, -9223372036854775808) c ON c.hold = h.hold AND c.posting = h.number
			WHERE (h.amount, h.captured, h.voided) IS DISTINCT FROM (r.amount, coalesce(c.captured, 0), coalesce(c.voided, 0))
				OR h.amount < h.captured + h.voided
				OR h.expired AND NOT coalesce(c.expired, false)
				OR h.expires_at IS DISTINCT FROM r.expires_at
				OR h.due IS DISTINCT FROM CASE WHEN h.amount > h.captured + h.voided THEN h.expires_at END;
	END;
COMMENT ON FUNCTION ledger_data.verify_holds(int) IS
'Holds of which captured + voided + left is not what the journal says was held, captured and set free.';
REVOKE ALL ON FUNCTION ledger_data.verify_holds(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_reversals(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		-- what each posting moved; a reversal has them in reverse order
		WITH posting AS (
			SELECT j.position, j.kind, j.related, cardinality(d.leg) / 4 AS n, i, e.amount
				FROM ledger_data.journal j
					CROSS JOIN LATERAL (SELECT CASE WHEN ledger_data.legs_readable(j.legs) THEN ledger_data.legs(j.legs) END
						OFFSET 0) d(leg)	-- decoded once
					CROSS JOIN LATERAL generate_series(1, cardinality(d.leg) / 4) i
					JOIN ledger_data.entry e ON e.ledger_id = $1 AND e.balance_id = d.leg[4 * i - 1] AND e.version = d.leg[4 * i]
				WHERE j.ledger_id = $1 AND (j.kind = 'r' OR j.position IN (
					SELECT r.related FROM ledger_data.journal r WHERE r.ledger_id = $1 AND r.kind = 'r')))
		SELECT 'reversal', 'transaction ' || r.related,
				format('Posting %s moved %s; reversals took back %s.', r.n + 1 - r.i, coalesce(min(o.amount)::text, 'nothing'), sum(r.amount))
			FROM posting r LEFT JOIN posting o ON o.position = r.related AND o.i = r.n + 1 - r.i AND o.n = r.n
			WHERE r.kind = 'r'
			GROUP BY r.related, r.n, r.i
			HAVING sum(r.amount) > coalesce(min(o.amount), -1);
	END;
COMMENT ON FUNCTION ledger_data.verify_reversals(int) IS 'Transactions of which more was reversed than they moved.';
REVOKE ALL ON FUNCTION ledger_data.verify_reversals(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_positions(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'position', 'record ' || j.position,
				format('Record %s of a serial ledger follows %s.', j.position, j.last_position)
			FROM (SELECT k.position, coalesce(lag(k.position) OVER w, 0) AS last_position
					FROM ledger_data.journal k
					WHERE k.ledger_id = $1 AND (SELECT l.serial FROM ledger_data.ledger l WHERE l.id = $1)
					WINDOW w AS (ORDER BY k.position)) j
			WHERE j.position <> j.last_position + 1;
	END;
COMMENT ON FUNCTION ledger_data.verify_positions(int) IS 'Records of a serial ledger that do not have the next position.';
REVOKE ALL ON FUNCTION ledger_data.verify_positions(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_chain(number int, after bigint, until bigint)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	run record;
	runs int8multirange := '{}';
	first bigint;
	previous bytea;
	fault bigint;
BEGIN
	invariant := 'chain';
	FOR run IN
		SELECT c.position AS first, c.change, c.hashing, least(coalesce(lead(c.position) OVER (ORDER BY c.position), until), until) AS last
			FROM (SELECT j.position, j.payload ->> 'change' AS change, j.payload ->> 'hashing' AS hashing FROM ledger_data.journal j
					WHERE j.ledger_id = $1 AND j.kind = 'l' AND j.payload ->> 'change' IN ('create', 'hashing')) c
	LOOP
		CONTINUE WHEN run.hashing IS DISTINCT FROM 'strict' OR run.last <= after OR run.first > until;
		runs := runs + int8multirange(int8range(run.first, nullif(run.last, 9223372036854775807), '[]'));
		-- from the record at `after`, or from the block that the chain begins with
		SELECT j.position + 1, j.hash INTO first, previous FROM ledger_data.journal j
			WHERE j.ledger_id = $1 AND j.position = after AND after >= run.first;
		IF NOT FOUND THEN
			first := run.first;
			SELECT b.hash INTO previous FROM ledger_data.block b
				WHERE b.ledger_id = $1 AND b.last_position < run.first ORDER BY b.last_position DESC LIMIT 1;
		END IF;
		fault := ledger_data.check_chain($1, first, run.last, coalesce(previous, ''));
		IF fault IS NOT NULL THEN
			object := 'record ' || fault;
			detail := 'It is the first that does not follow from the one before it: it was changed, added, or is preceded by one removed.';
			RETURN NEXT;
		END IF;
		SELECT min(j.position) INTO fault FROM ledger_data.journal j
			WHERE j.ledger_id = $1 AND j.position > after AND j.position < run.first AND run.change = 'create';
		IF fault IS NOT NULL THEN
			object := 'record ' || fault;
			detail := 'It is the first before the ledger was created.';
			RETURN NEXT;
		END IF;
	END LOOP;
	-- or else the record that a chain begins with could be made to say something else, and none of it be looked at
	SELECT min(j.position) INTO fault FROM ledger_data.journal j
		WHERE j.ledger_id = $1 AND j.position > after AND j.position <= until AND j.hash IS NOT NULL AND NOT runs @> j.position;
	IF fault IS NOT NULL THEN
		object := 'record ' || fault;
		detail := 'It is the first with a hash where no record says that the ledger was strict.';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.verify_chain(int, bigint, bigint) IS
'In each part of the journal that was hashed strictly, the first record that does not follow from the one before; and the first record that has a hash although it is in no such part.';
REVOKE ALL ON FUNCTION ledger_data.verify_chain(int, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_records(number int, after bigint, until bigint, OUT records bigint, OUT entries bigint,
		OUT fault bigint, OUT faults text[], OUT kinds text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	b ledger_data.block;
	last record;
	part record;
	different bigint;
	at bigint;
BEGIN
	records := 0;
	entries := 0;
	faults := '{}';
	kinds := '';
	SELECT 0::bigint AS number, -9223372036854775808 AS last_position, decode(repeat('00', 32), 'hex') AS hash INTO last;
	FOR b IN SELECT k.* FROM ledger_data.block k WHERE k.ledger_id = $1 ORDER BY k.number LOOP
		IF b.number <> last.number + 1 OR b.previous <> last.hash OR b.first_position <= last.last_position THEN
			faults := faults || ARRAY['block ' || b.number, format('It does not follow block %s.', last.number)];
		END IF;
		IF b.root <> ledger_data.merkle_root(b.leaves) OR b.records <> octet_length(b.leaves) / 32 OR b.hash <> sha256(convert_to(
				ledger_data.block_header(b.number, b.first_position, b.last_position, b.records, b.sealed_at, b.root, b.previous), 'UTF8')) THEN
			faults := faults || ARRAY['block ' || b.number, 'Its hashes are not those of what it says.'];
		END IF;
		-- those that the records asked for are in, whole
		IF b.last_position > after AND b.first_position <= until THEN
			SELECT * INTO part FROM ledger_data.check_records($1, last.last_position, b.last_position, true);
			records := records + part.records;
			entries := entries + part.entries;
			fault := coalesce(fault, part.fault);
			kinds := kinds || part.kinds;
			different := ledger_data.first_difference(b.leaves, part.leaves);
			IF different IS NOT NULL THEN
				SELECT coalesce(max(j.position), b.last_position) INTO at FROM (
					SELECT k.position FROM ledger_data.journal k WHERE k.ledger_id = $1 AND k.position > last.last_position
						AND k.position <= b.last_position ORDER BY k.position LIMIT 1 OFFSET different) j;
				faults := faults || ARRAY['record ' || at,
					format('It is the first of block %s, which has %s records, that was changed, added, or is preceded by one removed; there are %s.',
						b.number, b.records, part.records)];
			END IF;
		END IF;
		SELECT b.number AS number, b.last_position AS last_position, b.hash AS hash INTO last;
	END LOOP;
	IF last.last_position < until THEN
		SELECT * INTO part FROM ledger_data.check_records($1, greatest(last.last_position, after), until, false);
		records := records + part.records;
		entries := entries + part.entries;
		fault := coalesce(fault, part.fault);
		kinds := kinds || part.kinds;
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.verify_records(int, bigint, bigint) IS
'Reads the records after a position and up to another with their entries, and the headers of all blocks: how many there are, the first record that is not right, the faults of blocks, object and detail in turn, and the kinds of record.';
REVOKE ALL ON FUNCTION ledger_data.verify_records(int, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_last(number int)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT 'balance', concat_ws(' ', b.address, s.code, CASE WHEN b.stripe > 0 THEN 'stripe ' || b.stripe END),
				format('The balance has version %s and amount %s; its last entry has %s and %s.', b.version, b.inflow - b.outflow,
					coalesce(e.version, 0), coalesce(e.balance, 0))
			FROM ledger_data.balance b
				LEFT JOIN ledger_data.asset s ON s.id = b.asset_id
				LEFT JOIN LATERAL (SELECT k.version, k.balance FROM ledger_data.entry k WHERE k.ledger_id = $1 AND k.balance_id = b.id
					ORDER BY k.version DESC LIMIT 1) e ON true
			WHERE b.ledger_id = $1 AND (b.version, b.inflow - b.outflow) IS DISTINCT FROM (coalesce(e.version, 0), coalesce(e.balance, 0));
	END;
COMMENT ON FUNCTION ledger_data.verify_last(int) IS 'Balances that are not what their last entries say.';
REVOKE ALL ON FUNCTION ledger_data.verify_last(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify_one(l ledger_data.ledger, after bigint, until bigint, quick boolean)
	RETURNS TABLE (invariant text, object text, detail text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
	AS $$
#variable_conflict use_column
DECLARE
	whole boolean := after IS NULL AND until IS NULL AND NOT quick;
	found record;
	balances bigint;
	faults bigint := 0;
	more bigint;
BEGIN
	IF quick AND after IS NULL THEN
		SELECT max(b.last_position) INTO after FROM ledger_data.block b WHERE b.ledger_id = l.id;
	END IF;
	after := coalesce(after, -9223372036854775808);
	until := coalesce(until, 9223372036854775807);
	SELECT * INTO found FROM ledger_data.verify_records(l.id, after, until);
	RETURN QUERY SELECT 'block', found.faults[2 * i - 1], found.faults[2 * i] FROM generate_series(1, cardinality(found.faults) / 2) i
		UNION ALL SELECT * FROM ledger_data.verify_chain(l.id, after, until)
		UNION ALL SELECT 'record', 'record ' || found.fault,
			'Its entries are missing, of another record or time, do not follow from those before them, or do not balance.'
			WHERE found.fault IS NOT NULL AND NOT whole;
	GET DIAGNOSTICS more = ROW_COUNT;
	faults := faults + more;
	IF whole OR quick THEN
		RETURN QUERY SELECT * FROM ledger_data.verify_sums(l.id)
			UNION ALL SELECT * FROM ledger_data.verify_limits(l.id)
			UNION ALL SELECT * FROM ledger_data.verify_accounts(l.id)
			UNION ALL SELECT * FROM ledger_data.verify_held(l.id);
		GET DIAGNOSTICS more = ROW_COUNT;
		faults := faults + more;
		SELECT count(*) INTO balances FROM ledger_data.balance b WHERE b.ledger_id = l.id AND b.stripe = 0;
	END IF;
	IF whole THEN
		RETURN QUERY SELECT * FROM ledger_data.verify_balances(l.id)
			UNION ALL SELECT * FROM ledger_data.verify_positions(l.id);
		GET DIAGNOSTICS more = ROW_COUNT;
		faults := faults + more;
		IF found.kinds ~ '[hcv]' OR EXISTS (SELECT FROM ledger_data.hold h WHERE h.ledger_id = l.id) THEN
			RETURN QUERY SELECT * FROM ledger_data.verify_holds(l.id);
			GET DIAGNOSTICS more = ROW_COUNT;
			faults := faults + more;
		END IF;
		IF found.kinds ~ 'r' THEN
			RETURN QUERY SELECT * FROM ledger_data.verify_reversals(l.id);
			GET DIAGNOSTICS more = ROW_COUNT;
			faults := faults + more;
		END IF;
		-- something is wrong, or there are entries that no record names: slower, but it says what
		IF found.fault IS NOT NULL OR found.entries <> (SELECT count(*) FROM ledger_data.entry e WHERE e.ledger_id = l.id) THEN
			RETURN QUERY SELECT * FROM ledger_data.verify_entries(l.id) UNION ALL SELECT * FROM ledger_data.verify_transactions(l.id);
			GET DIAGNOSTICS more = ROW_COUNT;
			faults := faults + more;
		END IF;
	ELSIF quick THEN
		RETURN QUERY SELECT * FROM ledger_data.verify_last(l.id);
		GET DIAGNOSTICS more = ROW_COUNT;
		faults := faults + more;
	END IF;
	RAISE NOTICE 'ledger "%": % journal records, % entries, % balances checked, % faults',
		l.name, found.records, found.entries, coalesce(balances, 0), faults;
END
$$;
COMMENT ON FUNCTION ledger_data.verify_one(ledger_data.ledger, bigint, bigint, boolean) IS 'Checks one ledger.';
REVOKE ALL ON FUNCTION ledger_data.verify_one(ledger_data.ledger, bigint, bigint, boolean) FROM PUBLIC;

CREATE FUNCTION ledger_data.verify(ledger text, after bigint, until bigint, quick boolean)
	RETURNS TABLE (ledger_name text, invariant text, object text, detail text)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	l ledger_data.ledger;
BEGIN
	FOR l IN SELECT k.* FROM ledger_data.ledger k WHERE $1 IS NULL OR k.name = $1 ORDER BY k.name LOOP
		PERFORM ledger_data.begin_work(l.id, 'verify');
		RETURN QUERY SELECT l.name, v.* FROM ledger_data.verify_one(l, $2, $3, coalesce($4, false)) v;
		PERFORM ledger_data.end_work();
	END LOOP;
END
$$;
COMMENT ON FUNCTION ledger_data.verify(text, bigint, bigint, boolean) IS 'Does the work of ledger.verify.';
REVOKE ALL ON FUNCTION ledger_data.verify(text, bigint, bigint, boolean) FROM PUBLIC;

CREATE FUNCTION ledger.verify(ledger text DEFAULT NULL, after bigint DEFAULT NULL, until bigint DEFAULT NULL, quick boolean DEFAULT false)
	RETURNS TABLE (ledger_name text, invariant text, object text, detail text)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.verify(text, bigint, bigint, boolean) IS
'Checks a ledger, or all of them, and returns one row for each fault: no row means that all is well. A notice for each ledger tells how much was checked. Invariants: sum (all balances in an asset sum to zero), balance (each is the sum of its entries, its version their number), entry (each follows from the one before), transaction (journal and entries belong together and balance), limit (no floor or ceiling is passed, unless by a forced reversal), account (accounts and balances agree), held (what is held on each balance is the sum of its holds), hold (of each hold, captured, voided and left are together what was held, and as the journal says), reversal (no transaction is reversed by more than it moved), position (those of a serial ledger have no gaps), block (blocks follow from one another, and records are as they were sealed), chain (records of a strict ledger follow from one another). after, until: only the records after one position and up to another, with the blocks that they are in and with their entries, each from the one before (invariant record). quick: only the records after the last block in that way, the headers of all blocks, that each balance is what its last entry says, and the invariants sum, limit, account and held: for often. Memory is bounded; the work shows in ledger.progress. Reads everything with one snapshot and takes no locks; posting goes on. Errors: LG001 unknown ledger, 42501 without the right "read".';
REVOKE ALL ON FUNCTION ledger.verify(text, bigint, bigint, boolean) FROM PUBLIC;
