-- event: applications' own events in the journal.

CREATE TYPE ledger.event AS (
	event_type text,
	payload jsonb,
	source_id text,
	source_type text,
	stream_type text,
	stream_id text,
	correlation_id text,
	causation_id text,
	idempotency_key text
);
COMMENT ON TYPE ledger.event IS
'An event of an application, to be appended to a ledger''s journal: its type, its data and its tags, each NULL if not given.';

CREATE FUNCTION ledger.append(ledger text, event_type text, payload jsonb DEFAULT NULL, source_id text DEFAULT NULL,
		source_type text DEFAULT NULL, stream_type text DEFAULT NULL, stream_id text DEFAULT NULL,
		correlation_id text DEFAULT NULL, causation_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_append'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.append(text, text, jsonb, text, text, text, text, text, text, text, ledger.condition[]) IS
'Appends an application''s event to the ledger''s journal. event_type: NULL for none. payload: its data. source_id, source_type, stream_type, stream_id, correlation_id, causation_id: tags that it can be found by, each 1 to 512 bytes. idempotency_key: as of ledger.post. conditions: made with ledger.scope, ledger.at_version or ledger.balance_between; all that do not hold are reported (LG401). The receipt has status appended and the position. Errors: LG001 unknown ledger; LG110 malformed key or tag; LG117 malformed condition; LG301 key used by another request; LG401 conditions; 22004 NULL; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: the ledger (shared with other writing), the key, every tag (shared with other appenders), and those of its conditions.';
REVOKE ALL ON FUNCTION ledger.append(text, text, jsonb, text, text, text, text, text, text, text, ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.try_append(ledger text, event_type text, payload jsonb DEFAULT NULL, source_id text DEFAULT NULL,
		source_type text DEFAULT NULL, stream_type text DEFAULT NULL, stream_id text DEFAULT NULL,
		correlation_id text DEFAULT NULL, causation_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_append'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_append(text, text, jsonb, text, text, text, text, text, text, text, ledger.condition[]) IS
'Appends an application''s event to the ledger''s journal. event_type: NULL for none. payload: its data. source_id, source_type, stream_type, stream_id, correlation_id, causation_id: tags that it can be found by, each 1 to 512 bytes. idempotency_key: as of ledger.post. conditions: made with ledger.scope, ledger.at_version or ledger.balance_between; all that do not hold are reported (LG401). The receipt has status appended and the position. A refusal is a receipt with status rejected and its code, not an error. Codes: LG001 unknown ledger; LG110 malformed key or tag; LG117 malformed condition; LG301 key used by another request; LG401 conditions; 22004 NULL; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: the ledger (shared with other writing), the key, every tag (shared with other appenders), and those of its conditions.';
REVOKE ALL ON FUNCTION ledger.try_append(text, text, jsonb, text, text, text, text, text, text, text, ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.append_many(ledger text, events ledger.event[], conditions ledger.condition[] DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_append_many'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.append_many(text, ledger.event[], ledger.condition[]) IS
'Appends several events, in order: all or none. Conditions are checked against the state before the call. Returns a receipt for each. Errors: LG001 unknown ledger; LG110 malformed key or tag; LG117 malformed condition; LG301 key used by another request; LG401 conditions; 22004 NULL; LG106 not a plain array; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: the ledger (shared with other writing), the key, every tag (shared with other appenders), and those of its conditions.';
REVOKE ALL ON FUNCTION ledger.append_many(text, ledger.event[], ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.try_append_many(ledger text, events ledger.event[], conditions ledger.condition[] DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_append_many'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_append_many(text, ledger.event[], ledger.condition[]) IS
'Appends several events, in order: all or none. Conditions are checked against the state before the call. Returns a receipt for each. A refusal is a receipt with status rejected and its code, not an error. Codes: LG001 unknown ledger; LG110 malformed key or tag; LG117 malformed condition; LG301 key used by another request; LG401 conditions; 22004 NULL; LG106 not a plain array; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: the ledger (shared with other writing), the key, every tag (shared with other appenders), and those of its conditions.';
REVOKE ALL ON FUNCTION ledger.try_append_many(text, ledger.event[], ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.post_events(ledger text, postings ledger.posting[], events ledger.event[],
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL, effective_at timestamptz DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, tags ledger.tags DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post_events'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.post_events(text, ledger.posting[], ledger.event[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) IS
'Posts a transaction and appends events, all or none: money and facts together. Postings and options as of ledger.post_transaction, events as of ledger.append_many; the transaction comes first in the journal. Returns a receipt for it and one for each event. Errors: those of ledger.post_transaction and ledger.append_many; 25006 read-only; 42501 no right "post"; 40001 run again. Locks: those of both.';
REVOKE ALL ON FUNCTION ledger.post_events(text, ledger.posting[], ledger.event[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_post_events(ledger text, postings ledger.posting[], events ledger.event[],
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL, effective_at timestamptz DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, tags ledger.tags DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_post_events'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_post_events(text, ledger.posting[], ledger.event[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) IS
'Posts a transaction and appends events, all or none: money and facts together. Postings and options as of ledger.post_transaction, events as of ledger.append_many; the transaction comes first in the journal. Returns a receipt for it and one for each event. A refusal is a receipt with status rejected and its code, not an error. Codes: those of ledger.post_transaction and ledger.append_many; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks: those of both.';
REVOKE ALL ON FUNCTION ledger.try_post_events(text, ledger.posting[], ledger.event[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) FROM PUBLIC;
