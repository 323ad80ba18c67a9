-- post: the ways to post one transaction; each has one signature, so that untyped parameters resolve.

CREATE FUNCTION ledger.post(ledger text, source text, destination text, amount numeric, asset text,
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.post(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags) IS
'Moves an amount of an asset from source to destination, as one transaction. amount: in units of the asset (12.34), never rounded. idempotency_key: the same request again under this key returns the first result with status replayed; another request is error LG301; a refused request leaves the key free. reference: the transaction''s name, unique in the ledger (LG302). effective_at: when it counts, past or future; by default when it is recorded. metadata: a JSON object. tags: what its record can be found by. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: move what is available above the source''s floor, amount at most (NULL: everything); the receipt''s amounts says how much. Returns what became of it and every balance it touched. Errors: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.post(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_post(ledger text, source text, destination text, amount numeric, asset text,
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_post'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_post(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags) IS
'Moves an amount of an asset from source to destination, as one transaction. Every refusal, malformed requests included, is a receipt with status rejected and its code, not an error; the transaction goes on and nothing is left behind. amount: in units of the asset (12.34), never rounded. idempotency_key: the same request again under this key returns the first result with status replayed; another request is error LG301; a refused request leaves the key free. reference: the transaction''s name, unique in the ledger (LG302). effective_at: when it counts, past or future; by default when it is recorded. metadata: a JSON object. tags: what its record can be found by. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: move what is available above the source''s floor, amount at most (NULL: everything); the receipt''s amounts says how much. Returns what became of it and every balance it touched. Codes: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.try_post(text, text, text, numeric, text, text, text, timestamptz, jsonb, ledger.condition[], boolean, ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.post_transaction(ledger text, postings ledger.posting[],
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post_transaction'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.post_transaction(text, ledger.posting[], text, text, timestamptz, jsonb, ledger.condition[], boolean[], ledger.tags) IS
'Posts several postings as one transaction: all or none, applied in the order given, so that an account may receive and pay on. postings: amounts in units of their asset, never rounded; LG105 if there is none, LG106 if the array is not a plain one. idempotency_key: the same request again under this key returns the first result with status replayed; another request is error LG301; a refused request leaves the key free. reference: the transaction''s name, unique in the ledger (LG302). effective_at: when it counts, past or future; by default when it is recorded. metadata: a JSON object. tags: what its record can be found by. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: one boolean for each posting; true: what is available above its source''s floor, its amount at most (NULL: everything); the receipt''s amounts says how much. Returns what became of it and every balance it touched. Errors: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.post_transaction(text, ledger.posting[], text, text, timestamptz, jsonb, ledger.condition[], boolean[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_post_transaction(ledger text, postings ledger.posting[],
		idempotency_key text DEFAULT NULL, reference text DEFAULT NULL,
		effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL, up_to boolean[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_post_transaction'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_post_transaction(text, ledger.posting[], text, text, timestamptz, jsonb, ledger.condition[], boolean[], ledger.tags) IS
'Posts several postings as one transaction: all or none, applied in the order given, so that an account may receive and pay on. Every refusal, malformed requests included, is a receipt with status rejected and its code, not an error; the transaction goes on and nothing is left behind. postings: amounts in units of their asset, never rounded; LG105 if there is none, LG106 if the array is not a plain one. idempotency_key: the same request again under this key returns the first result with status replayed; another request is error LG301; a refused request leaves the key free. reference: the transaction''s name, unique in the ledger (LG302). effective_at: when it counts, past or future; by default when it is recorded. metadata: a JSON object. tags: what its record can be found by. conditions: made with ledger.at_version, ledger.balance_between and ledger.scope; all that do not hold are reported (LG401). up_to: one boolean for each posting; true: what is available above its source''s floor, its amount at most (NULL: everything); the receipt''s amounts says how much. Returns what became of it and every balance it touched. Codes: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.try_post_transaction(text, ledger.posting[], text, text, timestamptz, jsonb, ledger.condition[], boolean[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.post_json(ledger text, transaction jsonb)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post_json'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.post_json(text, jsonb) IS
'Posts a transaction given as JSON: {"postings": [{"source", "destination", "amount", "asset"}], "idempotency_key", "reference", "effective_at", "metadata", "conditions"}, a posting may have "up_to", and a condition has the keys of ledger.condition. Amounts are strings or numbers, in units of the asset, never rounded; other keys or types are error LG107; JSON null means not given. Returns what became of it and every balance it touched. Errors: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.post_json(text, jsonb) FROM PUBLIC;

CREATE FUNCTION ledger.try_post_json(ledger text, transaction jsonb)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_post_json'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_post_json(text, jsonb) IS
'Posts a transaction given as JSON: {"postings": [{"source", "destination", "amount", "asset"}], "idempotency_key", "reference", "effective_at", "metadata", "conditions"}, a posting may have "up_to", and a condition has the keys of ledger.condition. Every refusal, malformed requests included, is a receipt with status rejected and its code, not an error; the transaction goes on and nothing is left behind. Amounts are strings or numbers, in units of the asset, never rounded; other keys or types are error LG107; JSON null means not given. Returns what became of it and every balance it touched. Codes: LG001 LG002 unknown ledger or asset; LG003 account not open; LG101 malformed address; LG102 LG103 amount negative, not finite or with too many decimals; LG104 same account; LG108-LG110 LG116 LG117 malformed option; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG207 no bound; LG301 LG302 key or reference used; LG401 conditions; 22003 over 38 digits; 22004 NULL; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: the ledger (shared with other posting), key and reference, missing accounts, balance rows in one order, so that single calls never deadlock.';
REVOKE ALL ON FUNCTION ledger.try_post_json(text, jsonb) FROM PUBLIC;
