-- journal: the journal and the entries, append-only even for their owner.

CREATE FUNCTION ledger_data.append_only() RETURNS trigger
	AS 'MODULE_PATHNAME', 'ledger_append_only'
	LANGUAGE C;
COMMENT ON FUNCTION ledger_data.append_only() IS
'Trigger: refuses every UPDATE, DELETE and TRUNCATE with LG502, whoever asks.';
REVOKE ALL ON FUNCTION ledger_data.append_only() FROM PUBLIC;

CREATE FUNCTION ledger_data.legs(legs bytea) RETURNS bigint[]
	AS 'MODULE_PATHNAME', 'ledger_legs'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.legs(bytea) IS
'The entries of a journal record: for each posting, source balance, its version, destination balance, its version. Stored as LEB128 varints.';
REVOKE ALL ON FUNCTION ledger_data.legs(bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.legs_readable(legs bytea) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_legs_readable'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.legs_readable(bytea) IS
'Whether ledger_data.legs would read it, or raise XX001 as it is damaged.';
REVOKE ALL ON FUNCTION ledger_data.legs_readable(bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.counterpart(legs bytea, balance_id bigint, version bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_counterpart'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.counterpart(bytea, bigint, bigint) IS
'The balance on the other side of the posting that made an entry; NULL if the record did not make it.';
REVOKE ALL ON FUNCTION ledger_data.counterpart(bytea, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.skew(recorded_at timestamptz, effective_at timestamptz) RETURNS smallint
	AS 'MODULE_PATHNAME', 'ledger_skew'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.skew(timestamptz, timestamptz) IS
'How far the two times of an entry differ: 1 + floor(log2(microseconds)), negative if it is effective before it was recorded. An index on it finds the entries whose times lie on different sides of a moment without reading the others.';
REVOKE ALL ON FUNCTION ledger_data.skew(timestamptz, timestamptz) FROM PUBLIC;

CREATE SEQUENCE ledger_data.journal_position;
COMMENT ON SEQUENCE ledger_data.journal_position IS
'Positions of journal records, but for serial and strict ledgers. A rolled back transaction leaves a gap.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.journal_position', '');

CREATE TABLE ledger_data.journal (
	ledger_id int NOT NULL,
	kind "char" NOT NULL,
	position bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	legs bytea,
	effective_at timestamptz,
	idempotency_key text COLLATE "C",
	fingerprint bytea,
	reference text COLLATE "C",
	metadata jsonb,
	related bigint,
	payload jsonb,
	source_type text COLLATE "C",
	source_id text COLLATE "C",
	stream_type text COLLATE "C",
	stream_id text COLLATE "C",
	event_type text COLLATE "C",
	correlation_id text COLLATE "C",
	causation_id text COLLATE "C",
	hash bytea,
	CONSTRAINT journal_pkey PRIMARY KEY (ledger_id, position)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
COMMENT ON TABLE ledger_data.journal IS
'The journal: one record for everything that happened in a ledger. Append-only.';
COMMENT ON COLUMN ledger_data.journal.kind IS 't transaction, h hold, c capture and v void of a hold, r reversal of a transaction, e event of an application, a account change, l ledger created.';
COMMENT ON COLUMN ledger_data.journal.legs IS 'The entries it made; see ledger_data.legs.';
COMMENT ON COLUMN ledger_data.journal.effective_at IS 'When it counts; NULL: when it was recorded.';
COMMENT ON COLUMN ledger_data.journal.fingerprint IS 'SHA-256 of the request, kept with an idempotency key.';
COMMENT ON COLUMN ledger_data.journal.related IS 'Position of the record that this one refers to: of the hold captured or voided, of the transaction reversed.';
COMMENT ON COLUMN ledger_data.journal.payload IS 'An event''s own data. Else what changed, where entries do not say it: postings and expiry of a hold, amounts set free, whether a reversal was forced, changes of accounts.';
COMMENT ON COLUMN ledger_data.journal.hash IS 'In strict ledgers: SHA-256(0x01, hash of the record before, SHA-256(0x00, line)), of its line in canonical form.';
CREATE UNIQUE INDEX journal_idempotency_key ON ledger_data.journal (ledger_id, idempotency_key)
	WHERE idempotency_key IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_idempotency_key IS 'One effect for each idempotency key.';
CREATE UNIQUE INDEX journal_reference ON ledger_data.journal (ledger_id, reference)
	WHERE reference IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_reference IS 'One transaction for each reference.';
CREATE INDEX journal_related ON ledger_data.journal (ledger_id, related)
	WHERE related IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_related IS 'The captures and voids of a hold, the reversals of a transaction.';
CREATE INDEX journal_source_type ON ledger_data.journal (ledger_id, source_type, position)
	WHERE source_type IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_source_type IS 'Records by the type of its source: for scopes, tails and events.';
CREATE INDEX journal_source_id ON ledger_data.journal (ledger_id, source_id, position)
	WHERE source_id IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_source_id IS 'Records by the source: for scopes, tails and events.';
CREATE INDEX journal_stream_type ON ledger_data.journal (ledger_id, stream_type, position)
	WHERE stream_type IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_stream_type IS 'Records by the type of its stream: for scopes, tails and events.';
CREATE INDEX journal_stream_id ON ledger_data.journal (ledger_id, stream_id, position)
	WHERE stream_id IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_stream_id IS 'Records by the stream: for scopes, tails and events.';
CREATE INDEX journal_event_type ON ledger_data.journal (ledger_id, event_type, position)
	WHERE event_type IS NOT NULL;
COMMENT ON INDEX ledger_data.journal_event_type IS 'Records by the type of event: for scopes, tails and events.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.journal', '');

-- Not more than eight columns: a ninth would make every row with a NULL eight bytes longer.
CREATE TABLE ledger_data.entry (
	balance_id bigint NOT NULL,
	version bigint NOT NULL,
	position bigint NOT NULL,
	recorded_at timestamptz NOT NULL,
	ledger_id int NOT NULL,
	amount numeric NOT NULL,
	balance numeric NOT NULL,
	effective_at timestamptz,
	CONSTRAINT entry_pkey PRIMARY KEY (ledger_id, balance_id, version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
COMMENT ON TABLE ledger_data.entry IS
'Entries: one side of a posting on one balance. Append-only.';
COMMENT ON COLUMN ledger_data.entry.version IS 'Counts the entries of the balance from 1, without gaps.';
COMMENT ON COLUMN ledger_data.entry.amount IS 'Signed: negative where money leaves.';
COMMENT ON COLUMN ledger_data.entry.balance IS 'Running balance after this entry, in order of versions.';
COMMENT ON COLUMN ledger_data.entry.effective_at IS 'When it counts; NULL: when it was recorded.';
CREATE INDEX entry_effective ON ledger_data.entry
	(ledger_id, balance_id, (ledger_data.skew(recorded_at, effective_at)), effective_at)
	WHERE effective_at IS NOT NULL;
COMMENT ON INDEX ledger_data.entry_effective IS
'Entries whose two times differ, by how far and by effective time: corrects balances at a past time.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.entry', '');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_data.journal
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_data.append_only();
ALTER TABLE ledger_data.journal ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON ledger_data.journal IS 'Nothing recorded is ever changed.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_data.entry
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_data.append_only();
ALTER TABLE ledger_data.entry ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON ledger_data.entry IS 'Nothing posted is ever changed.';

CREATE FUNCTION ledger_data.kind_name(kind "char") RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE kind WHEN 't' THEN 'transaction' WHEN 'h' THEN 'hold' WHEN 'c' THEN 'capture' WHEN 'v' THEN 'void'
			WHEN 'r' THEN 'reversal' WHEN 'e' THEN 'event' WHEN 'a' THEN 'account' WHEN 'l' THEN 'ledger' END;
	END;
COMMENT ON FUNCTION ledger_data.kind_name("char") IS 'The kind of a journal record as a word.';
REVOKE ALL ON FUNCTION ledger_data.kind_name("char") FROM PUBLIC;

CREATE FUNCTION ledger_data.status_name(status "char") RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	BEGIN ATOMIC
		SELECT CASE status WHEN 'o' THEN 'open' WHEN 'f' THEN 'frozen' WHEN 'c' THEN 'closed' END;
	END;
COMMENT ON FUNCTION ledger_data.status_name("char") IS 'The status of an account as a word.';
REVOKE ALL ON FUNCTION ledger_data.status_name("char") FROM PUBLIC;
