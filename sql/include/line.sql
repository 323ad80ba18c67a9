-- Included by tests of hashing: an independent writer of canonical lines, in SQL from the views, for every record.
CREATE VIEW pg_temp.line AS
SELECT j.ledger, j.position, f.hash, '{"v":1,"position":' || j.position || ',"kind":"' || j.kind || '","recorded_at":' || to_json(j.recorded_at)
	|| CASE WHEN j.effective_at <> j.recorded_at THEN ',"effective_at":' || to_json(j.effective_at) ELSE '' END
	|| coalesce(',"idempotency_key":' || to_json(j.idempotency_key), '') || coalesce(',"reference":' || to_json(j.reference), '')
	|| coalesce(',"fingerprint":"' || encode(f.fingerprint, 'hex') || '"', '') || coalesce(',"related":' || j.related, '')
	|| coalesce(',"tags":{' || nullif(concat_ws(',', '"source_id":' || to_json(j.source_id), '"source_type":' || to_json(j.source_type), '"stream_type":' || to_json(j.stream_type),
		'"stream_id":' || to_json(j.stream_id), '"event_type":' || to_json(j.event_type), '"correlation_id":' || to_json(j.correlation_id), '"causation_id":' || to_json(j.causation_id)), '') || '}', '')
	|| coalesce(',"metadata":' || j.metadata::text, '') || coalesce(',"payload":' || j.payload::text, '')
	|| coalesce(',"entries":[' || (SELECT string_agg('[' || concat_ws(',', to_json(b.address), to_json(s.code), '"' || e.amount || '"', '"' || e.balance || '"', e.version, nullif(b.stripe, 0)) || ']', ',' ORDER BY i)
		FROM generate_series(1, cardinality(l.legs) / 2) i JOIN ledger_data.entry e ON e.ledger_id = f.ledger_id AND e.balance_id = l.legs[2 * i - 1] AND e.version = l.legs[2 * i]
			JOIN ledger_data.balance b ON b.ledger_id = f.ledger_id AND b.id = e.balance_id JOIN ledger_data.asset s ON s.id = b.asset_id) || ']', '') || '}' AS line
	FROM ledger.journal j JOIN ledger_data.ledger k ON k.name = j.ledger JOIN ledger_data.journal f ON f.ledger_id = k.id AND f.position = j.position,
		LATERAL (SELECT ledger_data.legs(f.legs)) l(legs);
