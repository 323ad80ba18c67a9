-- tail: tails of the journal, and reading on from a remembered position.

CREATE FUNCTION ledger.tail(ledger text, source_id text DEFAULT NULL, source_type text DEFAULT NULL,
		stream_type text DEFAULT NULL, stream_id text DEFAULT NULL, event_types text[] DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_tail'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.tail(text, text, text, text, text, text[]) IS
'Position of the last record of a ledger that has every tag given (and one of the event types), 0 if there is none; without tags, of the last record. No lower one that matches can be committed any more: whoever may still do so is waited for, which blocks nobody else. For ledger.scope(expected => ...). Errors: LG001 unknown ledger, LG106 not a plain array, 22004 NULL, 25006 on a standby, 40001 above READ COMMITTED if the transaction cannot see what there is, 42501 without the right "read". Takes no locks; waits for appenders of the tag that the fewest records share.';
REVOKE ALL ON FUNCTION ledger.tail(text, text, text, text, text, text[]) FROM PUBLIC;

CREATE FUNCTION ledger.scope_now(ledger text, source_id text DEFAULT NULL, source_type text DEFAULT NULL,
		stream_type text DEFAULT NULL, stream_id text DEFAULT NULL, event_types text[] DEFAULT NULL) RETURNS ledger.condition
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT ledger.scope(ledger.tail($1, $2, $3, $4, $5, $6), $2, $3, $4, $5, $6);
	END;
COMMENT ON FUNCTION ledger.scope_now(text, text, text, text, text, text[]) IS
'Reads the tail of these tags and returns the condition that nothing matching has happened since. Errors and waits as of ledger.tail.';
REVOKE ALL ON FUNCTION ledger.scope_now(text, text, text, text, text, text[]) FROM PUBLIC;

CREATE FUNCTION ledger_data.settled(ledger_id int, source_id text, source_type text, stream_type text, stream_id text,
		event_types text[]) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_settled'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger_data.settled(int, text, text, text, text, text[]) IS
'A position at or below which no record that matches can be committed any more; waits for whoever could.';
REVOKE ALL ON FUNCTION ledger_data.settled(int, text, text, text, text, text[]) FROM PUBLIC;

-- Volatile: it looks with a snapshot of its own, taken when its arguments were known.
CREATE FUNCTION ledger_data.read_events(number int, after bigint, until bigint, max_rows int, of_source_id text,
		of_source_type text, of_stream_type text, of_stream_id text, of_event_types text[])
	RETURNS TABLE ("position" bigint, kind text, recorded_at timestamptz, effective_at timestamptz, event_type text,
		payload jsonb, source_id text, source_type text, stream_type text, stream_id text, correlation_id text,
		causation_id text, reference text, metadata jsonb, related bigint)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
BEGIN
	PERFORM ledger_data.require('after', after IS NOT NULL), ledger_data.require('max_rows', max_rows IS NOT NULL);
	RETURN QUERY
		SELECT j.position, ledger_data.kind_name(j.kind), j.recorded_at, coalesce(j.effective_at, j.recorded_at), j.event_type,
				j.payload, j.source_id, j.source_type, j.stream_type, j.stream_id, j.correlation_id,
				j.causation_id, j.reference, j.metadata, j.related
			FROM ledger_data.journal j
			WHERE j.ledger_id = number AND j.position > after AND j.position <= until
				AND (of_source_id IS NULL OR j.source_id = of_source_id) AND (of_source_type IS NULL OR j.source_type = of_source_type)
				AND (of_stream_type IS NULL OR j.stream_type = of_stream_type) AND (of_stream_id IS NULL OR j.stream_id = of_stream_id)
				AND (of_event_types IS NULL OR j.event_type = ANY (of_event_types))
			ORDER BY j.position
			LIMIT max_rows;
END
$$;
COMMENT ON FUNCTION ledger_data.read_events(int, bigint, bigint, int, text, text, text, text, text[]) IS
'The records after one position and up to another that have these tags.';
REVOKE ALL ON FUNCTION ledger_data.read_events(int, bigint, bigint, int, text, text, text, text, text[]) FROM PUBLIC;

CREATE FUNCTION ledger_data.events(ledger text, after bigint, max_rows int, source_id text, source_type text,
		stream_type text, stream_id text, event_types text[])
	RETURNS TABLE ("position" bigint, kind text, recorded_at timestamptz, effective_at timestamptz, event_type text,
		payload jsonb, source_id text, source_type text, stream_type text, stream_id text, correlation_id text,
		causation_id text, reference text, metadata jsonb, related bigint)
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT e.* FROM (SELECT ledger_data.ledger_number($1) OFFSET 0) n(number)
			CROSS JOIN LATERAL ledger_data.read_events(n.number, $2, ledger_data.settled(n.number, $4, $5, $6, $7, $8),
				$3, $4, $5, $6, $7, $8) e;
	END;
COMMENT ON FUNCTION ledger_data.events(text, bigint, int, text, text, text, text, text[]) IS 'Does the work of ledger.events.';
REVOKE ALL ON FUNCTION ledger_data.events(text, bigint, int, text, text, text, text, text[]) FROM PUBLIC;

CREATE FUNCTION ledger.events(ledger text, after bigint DEFAULT 0, max_rows int DEFAULT 1000,
		source_id text DEFAULT NULL, source_type text DEFAULT NULL,
		stream_type text DEFAULT NULL, stream_id text DEFAULT NULL, event_types text[] DEFAULT NULL)
	RETURNS TABLE ("position" bigint, kind text, recorded_at timestamptz, effective_at timestamptz, event_type text,
		payload jsonb, source_id text, source_type text, stream_type text, stream_id text, correlation_id text,
		causation_id text, reference text, metadata jsonb, related bigint)
	AS 'MODULE_PATHNAME', 'ledger_gate_watch'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.events(text, bigint, int, text, text, text, text, text[]) IS
'Records of a ledger after a position, in order, at most max_rows: events, transactions, holds and all else, or those that have every tag given (and one of the event types). For subscribers: remember the last position and go on from there; nothing that commits late is skipped, as whoever may still do so is waited for, and nothing comes twice. Errors: LG001 unknown ledger, 22004 NULL, 0A000 above READ COMMITTED, 25006 on a standby, 42501 without the right "read". Takes no locks; waits as ledger.tail does.';
REVOKE ALL ON FUNCTION ledger.events(text, bigint, int, text, text, text, text, text[]) FROM PUBLIC;
