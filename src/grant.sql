-- grant: who may call what. Rights on ledgers are in ledger_data.access and checked by every function;
-- PostgreSQL's own privileges follow from the highest right that a role has on any ledger.

CREATE FUNCTION ledger_data.grant_matrix()
	RETURNS TABLE (level smallint, kind text, object text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		VALUES
			(1::smallint, 'view', 'ledger'),
			(1, 'view', 'asset'),
			(1, 'view', 'account'),
			(1, 'view', 'balance'),
			(1, 'view', 'entry'),
			(1, 'view', 'journal'),
			(1, 'view', 'hold'),
			(1, 'function', 'errors'),
			(1, 'function', 'balance'),
			(1, 'function', 'balances'),
			(1, 'function', 'statement'),
			(1, 'function', 'trial_balance'),
			(1, 'function', 'transactions'),
			(1, 'function', 'verify'),
			(1, 'function', 'split'),
			(1, 'function', 'at_version'),
			(1, 'function', 'balance_between'),
			(1, 'function', 'scope'),
			(1, 'function', 'tail'),
			(1, 'function', 'scope_now'),
			(1, 'function', 'events'),
			(1, 'function', 'head'),
			(1, 'function', 'export'),
			(1, 'function', 'proof'),
			(1, 'function', 'verify_proof'),
			(1, 'function', 'read_lock'),
			(1, 'function', 'try_read_lock'),
			(1, 'view', 'locks'),
			(1, 'view', 'stats'),
			(1, 'view', 'progress'),
			(2, 'function', 'lock_accounts'),
			(2, 'function', 'run'),
			(2, 'function', 'attempt'),
			(2, 'function', 'attempt_reset'),
			(2, 'function', 'post'),
			(2, 'function', 'try_post'),
			(2, 'function', 'post_transaction'),
			(2, 'function', 'try_post_transaction'),
			(2, 'function', 'post_json'),
			(2, 'function', 'try_post_json'),
			(2, 'function', 'post_batch'),
			(2, 'function', 'post_batch_json'),
			(2, 'function', 'hold'),
			(2, 'function', 'try_hold'),
			(2, 'function', 'hold_transaction'),
			(2, 'function', 'try_hold_transaction'),
			(2, 'function', 'capture'),
			(2, 'function', 'try_capture'),
			(2, 'function', 'void'),
			(2, 'function', 'try_void'),
			(2, 'function', 'expire_holds'),
			(2, 'function', 'reverse'),
			(2, 'function', 'try_reverse'),
			(2, 'function', 'append'),
			(2, 'function', 'try_append'),
			(2, 'function', 'append_many'),
			(2, 'function', 'try_append_many'),
			(2, 'function', 'post_events'),
			(2, 'function', 'try_post_events'),
			(2, 'function', 'submit_all'),
			(2, 'function', 'post_from'),
			(2, 'function', 'seal'),
			(2, 'function', 'submit'),
			(2, 'function', 'try_submit'),
			(2, 'function', 'load'),
			(2, 'function', 'import_formance'),
			(2, 'function', 'import_hledger'),
			(3, 'view', 'access'),
			(3, 'function', 'create_ledger'),
			(3, 'function', 'set_notify'),
			(3, 'function', 'set_hashing'),
			(3, 'function', 'create_asset'),
			(3, 'function', 'open_account'),
			(3, 'function', 'set_limits'), (3, 'function', 'set_stripes'),
			(3, 'function', 'freeze'),
			(3, 'function', 'unfreeze'),
			(3, 'function', 'close_account'),
			(3, 'function', 'set_metadata'),
			(3, 'function', 'import'),
			(3, 'function', 'import_query'),
			(3, 'function', 'import_from'),
			(3, 'function', 'grant_access'),
			(3, 'function', 'revoke_access');
	END;
COMMENT ON FUNCTION ledger_data.grant_matrix() IS
'What each right opens: 1 read, 2 post, 3 admin; each includes those before it.';
REVOKE ALL ON FUNCTION ledger_data.grant_matrix() FROM PUBLIC;

CREATE FUNCTION ledger_data.sync_privileges(role regrole) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	highest smallint := (SELECT coalesce(max(a.level), 0) FROM ledger_data.access a WHERE a.role = $1);
	m record;
	name text := quote_ident(pg_get_userbyid($1));
	-- what views, posting where it fills an index, and imports evaluate as the caller
	inner_functions text := 'ledger_data.may(int, smallint), ledger_data.kind_name("char"), ledger_data.status_name("char"), ledger_data.counters(), ledger_data.hot_balances(), ledger_data.work(), ledger_data.skew(timestamptz, timestamptz), ledger_data.foreign_formance(text, text, text), ledger_data.foreign_hledger(text, text, jsonb, text)';
BEGIN
	IF highest > 0 THEN
		EXECUTE format('GRANT USAGE ON SCHEMA ledger TO %s', name);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', inner_functions, name);
	ELSE
		EXECUTE format('REVOKE USAGE ON SCHEMA ledger FROM %s', name);
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %s', inner_functions, name);
	END IF;
	FOR m IN SELECT * FROM ledger_data.grant_matrix() LOOP
		EXECUTE format(CASE WHEN m.level <= highest THEN 'GRANT %s ON %s ledger.%I TO %s' ELSE 'REVOKE %s ON %s ledger.%I FROM %s' END,
			CASE m.kind WHEN 'view' THEN 'SELECT' ELSE 'EXECUTE' END,
			CASE m.kind WHEN 'view' THEN 'TABLE' ELSE 'ROUTINE' END, m.object, name);
	END LOOP;
END
$$;
COMMENT ON FUNCTION ledger_data.sync_privileges(regrole) IS
'Makes PostgreSQL''s privileges of a role those of its highest right on any ledger.';
REVOKE ALL ON FUNCTION ledger_data.sync_privileges(regrole) FROM PUBLIC;

CREATE FUNCTION ledger_data.change_access(role text, "right" text, ledger text, granted boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := CASE WHEN ledger IS NULL THEN 0 ELSE ledger_data.ledger_number(ledger) END;
	wanted smallint := array_position(ARRAY['read', 'post', 'admin'], $2);
	role_id oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = $1);
BEGIN
	PERFORM ledger_data.require('role', role IS NOT NULL), ledger_data.require('right', $2 IS NOT NULL);
	IF wanted IS NULL THEN
		RAISE EXCEPTION 'right "%" does not exist', $2 USING ERRCODE = 'LG114', HINT = 'The rights are read, post and admin.';
	END IF;
	IF role_id IS NULL THEN
		RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'LG114', HINT = 'Create it with CREATE ROLE.';
	END IF;
	-- one change at a time, as all of them change the same rows of the catalog
	LOCK TABLE ledger_data.access IN SHARE ROW EXCLUSIVE MODE;
	-- what roles had that are gone since: no other role may ever come by it, should it get the number of one of them
	DELETE FROM ledger_data.access a WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = a.role);
	IF granted THEN
		INSERT INTO ledger_data.access AS a (ledger_id, role, level) VALUES (number, role_id, wanted)
			ON CONFLICT ON CONSTRAINT access_pkey DO UPDATE SET level = greatest(a.level, excluded.level);
	ELSE
		UPDATE ledger_data.access a SET level = wanted - 1
			WHERE a.ledger_id = number AND a.role = role_id AND a.level >= wanted AND wanted > 1;
		DELETE FROM ledger_data.access a WHERE a.ledger_id = number AND a.role = role_id AND wanted = 1;
	END IF;
	PERFORM ledger_data.sync_privileges(role_id);
END
$$;
COMMENT ON FUNCTION ledger_data.change_access(text, text, text, boolean) IS
'Does the work of ledger.grant_access and ledger.revoke_access.';
REVOKE ALL ON FUNCTION ledger_data.change_access(text, text, text, boolean) FROM PUBLIC;

CREATE FUNCTION ledger_data.grant_access(role text, "right" text, ledger text) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT ledger_data.change_access($1, $2, $3, true);
	END;
COMMENT ON FUNCTION ledger_data.grant_access(text, text, text) IS 'Does the work of ledger.grant_access.';
REVOKE ALL ON FUNCTION ledger_data.grant_access(text, text, text) FROM PUBLIC;

CREATE FUNCTION ledger.grant_access(role text, "right" text, ledger text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.grant_access(text, text, text) IS
'Gives a role a right on a ledger or, with ledger NULL, on all of them, those to come included: read, post (includes read) or admin (includes post). Members of the role have it too. Errors: LG001 unknown ledger, LG114 unknown right or role, 42501 without the right "admin" on the same. One such change at a time.';
REVOKE ALL ON FUNCTION ledger.grant_access(text, text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.revoke_access(role text, "right" text, ledger text) RETURNS void
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT ledger_data.change_access($1, $2, $3, false);
	END;
COMMENT ON FUNCTION ledger_data.revoke_access(text, text, text) IS 'Does the work of ledger.revoke_access.';
REVOKE ALL ON FUNCTION ledger_data.revoke_access(text, text, text) FROM PUBLIC;

CREATE FUNCTION ledger.revoke_access(role text, "right" text, ledger text DEFAULT NULL) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.revoke_access(text, text, text) IS
'Takes a right, and those that include it, from a role: after revoking post the role may still read. ledger NULL: what was given on all ledgers; rights given on single ones stay. Errors: LG001 unknown ledger, LG114 unknown right or role, 42501 without the right "admin" on the same. One such change at a time.';
REVOKE ALL ON FUNCTION ledger.revoke_access(text, text, text) FROM PUBLIC;
