-- attempt: at most so many in a time, whatever the parallelism.

CREATE TABLE ledger_data.attempt (
	ledger_id int NOT NULL,
	key text COLLATE "C" NOT NULL,
	began timestamptz NOT NULL,
	attempts int NOT NULL,
	CONSTRAINT attempt_pkey PRIMARY KEY (ledger_id, key)
) WITH (fillfactor = 70);
COMMENT ON TABLE ledger_data.attempt IS 'Attempts counted with ledger.attempt; locked by row.';
COMMENT ON COLUMN ledger_data.attempt.began IS 'When the first attempt of the present window was made.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.attempt', '');

CREATE FUNCTION ledger_data.check_attempt_key(key text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.require('key', key IS NOT NULL);
	IF octet_length(key) NOT BETWEEN 1 AND 512 THEN
		RAISE EXCEPTION 'key has % bytes', octet_length(key)
			USING ERRCODE = 'LG110', HINT = 'Give 1 to 512 bytes.';
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.check_attempt_key(text) IS 'Error unless it has 1 to 512 bytes.';
REVOKE ALL ON FUNCTION ledger_data.check_attempt_key(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.attempt(ledger text, key text, most int, within interval) RETURNS boolean
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	number int := ledger_data.ledger_number(ledger);
BEGIN
	PERFORM ledger_data.check_attempt_key($2), ledger_data.require('most', most IS NOT NULL),
		ledger_data.require('within', within IS NOT NULL);
	IF most < 1 OR within <= interval '0' OR within > interval '100 years' THEN
		RAISE EXCEPTION 'most and within must be above zero, within at most a hundred years' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- the row's lock lets one attempt at a time look and count
	INSERT INTO ledger_data.attempt AS a (ledger_id, key, began, attempts)
		VALUES (number, $2, clock_timestamp(), 1)
		ON CONFLICT ON CONSTRAINT attempt_pkey DO UPDATE
			SET began = CASE WHEN a.began + within <= clock_timestamp() THEN clock_timestamp() ELSE a.began END,
				attempts = CASE WHEN a.began + within <= clock_timestamp() THEN 1 ELSE a.attempts + 1 END
			WHERE a.attempts < most OR a.began + within <= clock_timestamp();
	RETURN FOUND;
END
$$;
COMMENT ON FUNCTION ledger_data.attempt(text, text, int, interval) IS 'Does the work of ledger.attempt.';
REVOKE ALL ON FUNCTION ledger_data.attempt(text, text, int, interval) FROM PUBLIC;

CREATE FUNCTION ledger.attempt(ledger text, key text, most int, within interval) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_gate_post'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.attempt(text, text, int, interval) IS
'Counts an attempt under a key and says whether it is one of at most so many within a time, which begins with the first of them; one too many is not counted. However many come at once, exactly that many pass. Commit the attempt before what it guards is looked at: a PIN that is checked in the same transaction can be tried without limit by rolling back. Errors: LG001 unknown ledger, LG110 key of no or over 512 bytes, 22004 NULL, 22023 most or within not above zero, within over a hundred years, 25006 read-only, 42501 without the right "post". Locks the key''s row until the end of the transaction: attempts under one key wait for one another, others do not.';
REVOKE ALL ON FUNCTION ledger.attempt(text, text, int, interval) FROM PUBLIC;

CREATE FUNCTION ledger_data.attempt_reset(ledger text, key text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	PERFORM ledger_data.check_attempt_key(key);
	DELETE FROM ledger_data.attempt a WHERE a.ledger_id = ledger_data.ledger_number(ledger) AND a.key = $2;
END
$$;
COMMENT ON FUNCTION ledger_data.attempt_reset(text, text) IS 'Does the work of ledger.attempt_reset.';
REVOKE ALL ON FUNCTION ledger_data.attempt_reset(text, text) FROM PUBLIC;

CREATE FUNCTION ledger.attempt_reset(ledger text, key text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_post'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.attempt_reset(text, text) IS
'Forgets the attempts under a key, such as after a right PIN. Errors: LG001 unknown ledger, LG110 malformed key, 22004 NULL, 25006 read-only, 42501 without the right "post". Locks the key''s row.';
REVOKE ALL ON FUNCTION ledger.attempt_reset(text, text) FROM PUBLIC;
