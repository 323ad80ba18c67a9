-- reserve: holds. Reserve now; capture, void or let expire later.

CREATE FUNCTION ledger.hold(ledger text, source text, destination text, amount numeric, asset text,
		expires_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_hold'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.hold(text, text, text, numeric, text, timestamptz, text, text, jsonb, ledger.condition[], boolean, ledger.tags) IS
'Reserves an amount for a posting to be made later: it counts against what is available at the source, and against the ceiling of the destination, where it cannot be spent yet. The receipt''s transaction is the hold''s number, for ledger.capture and ledger.void. amount: in units of the asset, never rounded. expires_at: from then on it counts no longer and cannot be captured, at once, whether or not ledger.expire_holds has swept it; NULL: never. idempotency_key, reference, metadata, tags: as of ledger.post. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: hold what is available, amount at most (NULL: everything); the receipt''s amounts says how much. No entries are made and versions do not change. Errors: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 LG102 LG103 LG104 malformed posting; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG212 expires_at not in the future; LG301 LG302 key or reference used; LG401 conditions; 22003 22004; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.hold(text, text, text, numeric, text, timestamptz, text, text, jsonb, ledger.condition[], boolean, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_hold(ledger text, source text, destination text, amount numeric, asset text,
		expires_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_hold'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_hold(text, text, text, numeric, text, timestamptz, text, text, jsonb, ledger.condition[], boolean, ledger.tags) IS
'Reserves an amount for a posting to be made later: it counts against what is available at the source, and against the ceiling of the destination, where it cannot be spent yet. The receipt''s transaction is the hold''s number, for ledger.capture and ledger.void. amount: in units of the asset, never rounded. expires_at: from then on it counts no longer and cannot be captured, at once, whether or not ledger.expire_holds has swept it; NULL: never. idempotency_key, reference, metadata, tags: as of ledger.post. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: hold what is available, amount at most (NULL: everything); the receipt''s amounts says how much. No entries are made and versions do not change. Every refusal is a receipt with status rejected and its code, not an error. Codes: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 LG102 LG103 LG104 malformed posting; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG212 expires_at not in the future; LG301 LG302 key or reference used; LG401 conditions; 22003 22004; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.try_hold(text, text, text, numeric, text, timestamptz, text, text, jsonb, ledger.condition[], boolean, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.hold_transaction(ledger text, postings ledger.posting[],
		expires_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, up_to boolean[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_hold_transaction'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.hold_transaction(text, ledger.posting[], timestamptz, text, text, jsonb, ledger.condition[], boolean[], ledger.tags) IS
'Reserves the amounts of several postings as one hold: all or none, in the order given, captured and voided together. expires_at: as of ledger.hold. idempotency_key, reference, metadata, tags: as of ledger.post. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: one boolean for each posting. Errors: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 LG102 LG103 LG104 malformed posting; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG212 expires_at not in the future; LG301 LG302 key or reference used; LG401 conditions; 22003 22004; LG105 LG106 no postings or not a plain array; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.hold_transaction(text, ledger.posting[], timestamptz, text, text, jsonb, ledger.condition[], boolean[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_hold_transaction(ledger text, postings ledger.posting[],
		expires_at timestamptz DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		metadata jsonb DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL, up_to boolean[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_hold_transaction'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_hold_transaction(text, ledger.posting[], timestamptz, text, text, jsonb, ledger.condition[], boolean[], ledger.tags) IS
'Reserves the amounts of several postings as one hold: all or none, in the order given, captured and voided together. expires_at: as of ledger.hold. idempotency_key, reference, metadata, tags: as of ledger.post. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: one boolean for each posting. Every refusal is a receipt with status rejected and its code, not an error. Codes: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 LG102 LG103 LG104 malformed posting; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG212 expires_at not in the future; LG301 LG302 key or reference used; LG401 conditions; 22003 22004; LG105 LG106 no postings or not a plain array; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.try_hold_transaction(text, ledger.posting[], timestamptz, text, text, jsonb, ledger.condition[], boolean[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.capture(ledger text, hold bigint, amount numeric DEFAULT NULL, final boolean DEFAULT true,
		amounts numeric[] DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_capture'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.capture(text, bigint, numeric, boolean, numeric[], text, text, timestamptz, jsonb, ledger.tags) IS
'Posts what a hold has reserved, as a transaction related to it; it never fails for lack of funds. amount: NULL for all that is left; less, for a hold of one posting; amounts: one for each posting of a hold of several. final: true, what is left then is set free; false, it stays held for further captures. idempotency_key, reference, effective_at, metadata, tags: as of ledger.post. Of captures and voids at the same time exactly one wins; the other gets the state it found. Errors: LG001 unknown ledger; LG005 unknown hold; LG203 frozen; LG204 closed; LG211 captured or voided already; LG212 expired; LG213 more than is left; LG119 zero, or not one amount for each posting; LG102 LG103 amount; LG108-LG110 malformed option; LG301 LG302 key or reference used; 22004; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.capture(text, bigint, numeric, boolean, numeric[], text, text, timestamptz, jsonb, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_capture(ledger text, hold bigint, amount numeric DEFAULT NULL, final boolean DEFAULT true,
		amounts numeric[] DEFAULT NULL, idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_capture'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_capture(text, bigint, numeric, boolean, numeric[], text, text, timestamptz, jsonb, ledger.tags) IS
'Posts what a hold has reserved, as a transaction related to it; it never fails for lack of funds. amount: NULL for all that is left; less, for a hold of one posting; amounts: one for each posting of a hold of several. final: true, what is left then is set free; false, it stays held for further captures. idempotency_key, reference, effective_at, metadata, tags: as of ledger.post. Of captures and voids at the same time exactly one wins; the other gets the state it found. Every refusal is a receipt with status rejected and its code, not an error. Codes: LG001 unknown ledger; LG005 unknown hold; LG203 frozen; LG204 closed; LG211 captured or voided already; LG212 expired; LG213 more than is left; LG119 zero, or not one amount for each posting; LG102 LG103 amount; LG108-LG110 malformed option; LG301 LG302 key or reference used; 22004; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.try_capture(text, bigint, numeric, boolean, numeric[], text, text, timestamptz, jsonb, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.void(ledger text, hold bigint, idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_void'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.void(text, bigint, text, jsonb, ledger.tags) IS
'Sets free all that is left of a hold, also where accounts are frozen or closed by now. Errors: LG001 unknown ledger; LG005 unknown hold; LG211 captured or voided already; LG212 expired; LG108 LG110 malformed option; LG301 key used; 22004; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.void(text, bigint, text, jsonb, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_void(ledger text, hold bigint, idempotency_key text DEFAULT NULL, metadata jsonb DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_void'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_void(text, bigint, text, jsonb, ledger.tags) IS
'Sets free all that is left of a hold, also where accounts are frozen or closed by now. Every refusal is a receipt with status rejected and its code, not an error. Codes: LG001 unknown ledger; LG005 unknown hold; LG211 captured or voided already; LG212 expired; LG108 LG110 malformed option; LG301 key used; 22004; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the hold names.';
REVOKE ALL ON FUNCTION ledger.try_void(text, bigint, text, jsonb, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.expire_holds(ledger text, max_holds int DEFAULT 1000)
	RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_expire_holds'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.expire_holds(text, int) IS
'Sweeps holds that have expired, the longest overdue first, at most so many; returns how many. They count no longer from the moment they expire, swept or not: sweeping only tidies up, so call it now and then, from cron or pg_cron. Errors: LG001 unknown ledger, 22023 max_holds, 25006 read-only, 42501 no right "post". Locks, until the end of the transaction: every balance of the holds swept, in the order of ledger.post.';
REVOKE ALL ON FUNCTION ledger.expire_holds(text, int) FROM PUBLIC;
