-- notify: telling listeners that a ledger has new records.

CREATE FUNCTION ledger_data.has_shared_memory() RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_has_shared_memory'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger_data.has_shared_memory() IS 'Whether the library is in shared_preload_libraries.';
REVOKE ALL ON FUNCTION ledger_data.has_shared_memory() FROM PUBLIC;

CREATE FUNCTION ledger_data.set_notify(ledger text, enabled boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
BEGIN
	PERFORM ledger_data.require('enabled', enabled IS NOT NULL);
	IF enabled AND NOT ledger_data.has_shared_memory() THEN
		RAISE EXCEPTION 'notifications need the library to be preloaded'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Set shared_preload_libraries = ''ledger'' and restart the server.';
	END IF;
	PERFORM ledger_data.lock_for_writing(number);
	UPDATE ledger_data.ledger l SET notify = enabled WHERE l.id = number AND l.notify <> enabled;
	IF FOUND THEN
		PERFORM ledger_data.record(number, 'l', jsonb_build_object('change', 'notify', 'enabled', enabled));
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.set_notify(text, boolean) IS 'Does the work of ledger.set_notify.';
REVOKE ALL ON FUNCTION ledger_data.set_notify(text, boolean) FROM PUBLIC;

CREATE FUNCTION ledger.set_notify(ledger text, enabled boolean) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.set_notify(text, boolean) IS
'Whether sessions that LISTEN on channel "ledger" of this database are notified, with the ledger''s name as payload, after transactions that wrote to it; off at first. Read on with ledger.events then. A background worker notifies, so that commits do not wait for one another as with NOTIFY, and several transactions may share a notification. Records of a transaction ended by COMMIT PREPARED are told with the next ones. Errors: LG001 unknown ledger, 22004 NULL, 25006 read-only, 42501 without the right "admin", 55000 the library is not in shared_preload_libraries. Locks the ledger as posting does.';
REVOKE ALL ON FUNCTION ledger.set_notify(text, boolean) FROM PUBLIC;
