-- export: a ledger's journal as lines of text.

CREATE FUNCTION ledger_data.export_lines(ledger_id int, after bigint, until bigint, header text, positions bigint[], blocks text[])
	RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'ledger_export_lines'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.export_lines(int, bigint, bigint, text, bigint[], text[]) IS
'The header, the records after a position and up to another in canonical form, each block''s header after the record at its position or, where that is not among them, before all, and a last line with their number and hash.';
REVOKE ALL ON FUNCTION ledger_data.export_lines(int, bigint, bigint, text, bigint[], text[]) FROM PUBLIC;

CREATE FUNCTION ledger_data.export_header(number int, after bigint, until bigint) RETURNS text
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT format('{"ledger_export":1,"after":%s,"start":%s,"last_block":%s,"head":%s,"settings":{"ordering":%s,"hashing":%s,"auto_open":%s,"metadata":%s},"assets":[%s]}',
				$2, coalesce((SELECT '"' || encode(e.leaves, 'hex') || '"' FROM ledger_data.leaves($1, $2 - 1, $2, 1) e WHERE e.records = 1), 'null'),
				coalesce(b.number, 0), coalesce('"' || encode(CASE w.way WHEN 'strict' THEN j.hash ELSE b.hash END, 'hex') || '"', 'null'),
				to_json(CASE WHEN l.serial THEN 'serial' ELSE 'parallel' END), coalesce(to_json(w.way)::text, 'null'), to_json(l.auto_open), l.metadata,
				(SELECT string_agg(format('{"code":%s,"scale":%s}', to_json(s.code), s.scale), ',' ORDER BY s.code)
					FROM ledger_data.asset s WHERE s.id IN (SELECT k.asset_id FROM ledger_data.balance k WHERE k.ledger_id = $1
						AND (k.version > 0 OR k.own_limits OR EXISTS (SELECT FROM ledger_data.hold h
							WHERE h.ledger_id = $1 AND (h.source_id = k.id OR h.destination_id = k.id))))))
			FROM ledger_data.ledger l
				LEFT JOIN LATERAL (SELECT k.* FROM ledger_data.block k WHERE k.ledger_id = $1 AND k.last_position <= $3
					ORDER BY k.number DESC LIMIT 1) b ON true
				LEFT JOIN LATERAL (SELECT k.hash FROM ledger_data.journal k WHERE k.ledger_id = $1 AND k.position <= $3
					ORDER BY k.position DESC LIMIT 1) j ON true
				LEFT JOIN LATERAL (SELECT k.payload ->> 'hashing' FROM ledger_data.journal k WHERE k.ledger_id = $1 AND k.position <= $3
					AND k.kind = 'l' AND k.payload ->> 'change' IN ('create', 'hashing') ORDER BY k.position DESC LIMIT 1) w(way) ON true
			WHERE l.id = $1;
	END;
COMMENT ON FUNCTION ledger_data.export_header(int, bigint, bigint) IS
'The first line of an export: its format, where it starts and the hash of the record there, the last block and the hash that it reaches, settings, and every asset with its scale.';
REVOKE ALL ON FUNCTION ledger_data.export_header(int, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.export_blocks(number int, after bigint) RETURNS bigint
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		-- an export that had a record was made when it was there already, and so had all blocks sealed before it was
		SELECT least($2, coalesce((SELECT b.first_position FROM ledger_data.block b, ledger_data.journal j
				WHERE b.ledger_id = $1 AND b.last_position <= $2 AND j.ledger_id = $1 AND j.position = $2 AND b.sealed_at >= j.recorded_at
				ORDER BY b.number LIMIT 1) - 1, $2));
	END;
COMMENT ON FUNCTION ledger_data.export_blocks(int, bigint) IS
'The position after which blocks end that an export needs which goes on after a position: blocks may have been made since of records that an earlier one had.';
REVOKE ALL ON FUNCTION ledger_data.export_blocks(int, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.export_until(number int) RETURNS bigint
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_variable
BEGIN
	IF current_setting('transaction_isolation') = 'read committed' AND NOT pg_is_in_recovery() THEN
		RETURN ledger_data.settled(number, NULL, NULL, NULL, NULL, NULL);
	END IF;
	-- who cannot wait for writers to end exports what no writer can add to any more
	RETURN coalesce(CASE WHEN l.serial OR l.hashing = 's' THEN (SELECT max(j.position) FROM ledger_data.journal j WHERE j.ledger_id = number) END,
			(SELECT max(b.last_position) FROM ledger_data.block b WHERE b.ledger_id = number), 0)
		FROM ledger_data.ledger l WHERE l.id = number;
END
$$;
COMMENT ON FUNCTION ledger_data.export_until(int) IS
'The last position that an export may have: no lower one can be committed any more.';
REVOKE ALL ON FUNCTION ledger_data.export_until(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.export(ledger text, after bigint, until bigint) RETURNS SETOF text
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	of_ledger int := ledger_data.ledger_number(ledger);
	last bigint;
BEGIN
	PERFORM ledger_data.require('after', after IS NOT NULL);
	IF after <> 0 AND NOT EXISTS (SELECT FROM ledger_data.journal j WHERE j.ledger_id = of_ledger AND j.position = after) THEN
		RAISE EXCEPTION 'ledger "%" has no record %', ledger, after USING ERRCODE = 'LG006';
	END IF;
	last := ledger_data.export_until(of_ledger);
	IF until > last THEN
		RAISE EXCEPTION 'the journal is not settled up to %', until
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It is up to %s.', last),
				HINT = 'Call ledger.seal, or export at READ COMMITTED on the primary.';
	END IF;
	PERFORM ledger_data.begin_work(of_ledger, 'export');
	-- one statement, so that all of it is of one snapshot
	RETURN QUERY SELECT e FROM (SELECT CASE WHEN $3 < after THEN after ELSE least($3, last) END OFFSET 0) u(until)
		CROSS JOIN LATERAL (SELECT coalesce(array_agg(b.last_position ORDER BY b.number), '{}') AS positions,
				coalesce(array_agg(ledger_data.block_header(b.number, b.first_position, b.last_position, b.records, b.sealed_at, b.root, b.previous)
					ORDER BY b.number), '{}') AS headers
			FROM ledger_data.block b WHERE b.ledger_id = of_ledger AND b.last_position <= u.until AND b.last_position > ledger_data.export_blocks(of_ledger, $2)) k
		CROSS JOIN LATERAL ledger_data.export_lines(of_ledger, $2, u.until, ledger_data.export_header(of_ledger, $2, u.until), k.positions, k.headers) e;
	PERFORM ledger_data.end_work();
END
$$;
COMMENT ON FUNCTION ledger_data.export(text, bigint, bigint) IS 'Does the work of ledger.export.';
REVOKE ALL ON FUNCTION ledger_data.export(text, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger.export(ledger text, after bigint DEFAULT 0, until bigint DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'ledger_gate_watch'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.export(text, bigint, bigint) IS
'A ledger''s journal as lines of text, each a JSON object: a header (format, where it starts, the hash that it reaches, settings, assets and their scales), headers of blocks that may have been made since of records exported before, every record in canonical form with its entries, each block''s header after its last record, and a last line with their number and a hash over all of them. ledger.import takes them in elsewhere. after: the position of the last record exported before (0: from the beginning); until: of the last one to export, by default the last; above READ COMMITTED and on a standby, that of the last block, in serial and strict ledgers the last that is seen. All of one snapshot. Limits and metadata of accounts are in the records of their changes; rights are not exported. Memory is bounded; the work shows in ledger.progress. Errors: LG001 unknown ledger, LG006 no record after, 22004 NULL, 42501 without the right "read", 55000 the journal is not settled up to until. Takes no locks; waits for whoever may still commit a lower position.';
REVOKE ALL ON FUNCTION ledger.export(text, bigint, bigint) FROM PUBLIC;
