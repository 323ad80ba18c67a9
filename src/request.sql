-- request: what is asked for.

CREATE TYPE ledger.posting AS (
	source text,
	destination text,
	amount numeric,
	asset text
);
COMMENT ON TYPE ledger.posting IS
'An amount of one asset moved from a source account to a destination account, in units of the asset.';

CREATE TYPE ledger.tags AS (
	source_id text,
	source_type text,
	stream_type text,
	stream_id text,
	event_type text,
	correlation_id text,
	causation_id text
);
COMMENT ON TYPE ledger.tags IS
'What a record can be found by: the source it comes from, the stream it belongs to, its event type, and what it is correlated with or caused by. Each 1 to 512 bytes, or NULL.';
