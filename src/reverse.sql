-- reverse: the opposite of a transaction.

CREATE FUNCTION ledger.reverse(ledger text, transaction bigint, amount numeric DEFAULT NULL, force boolean DEFAULT false,
		original_time boolean DEFAULT false, amounts numeric[] DEFAULT NULL, idempotency_key text DEFAULT NULL,
		reference text DEFAULT NULL, effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_reverse'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.reverse(text, bigint, numeric, boolean, boolean, numeric[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) IS
'Posts the exact opposite of a transaction, its postings in reverse order, as a new transaction related to it; once only. transaction: its number; a hold stands for its capture, if it has one. amount: NULL for all that is left; less, to reverse a transaction of one posting in parts until it is exhausted; amounts: one for each posting of a transaction of several, counted as the original does. force: also past floors and ceilings. original_time: effective when the original was; effective_at: at another time; by default when it is recorded. idempotency_key, reference, metadata, tags, conditions: as of ledger.post. A reversal can be reversed, once, as any transaction. Errors: LG001 unknown ledger; LG006 unknown transaction; LG119 zero, or not one amount for each posting; LG102 LG103 amount; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG221 reversed already; LG222 more than is left; LG108-LG110 LG117 malformed option; LG301 LG302 key or reference used; LG401 conditions; 22004 NULL; 22023 options that exclude each other; 25006 read-only; 42501 no right "post"; 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the transaction touched.';
REVOKE ALL ON FUNCTION ledger.reverse(text, bigint, numeric, boolean, boolean, numeric[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) FROM PUBLIC;

CREATE FUNCTION ledger.try_reverse(ledger text, transaction bigint, amount numeric DEFAULT NULL, force boolean DEFAULT false,
		original_time boolean DEFAULT false, amounts numeric[] DEFAULT NULL, idempotency_key text DEFAULT NULL,
		reference text DEFAULT NULL, effective_at timestamptz DEFAULT NULL, metadata jsonb DEFAULT NULL,
		conditions ledger.condition[] DEFAULT NULL,
		tags ledger.tags DEFAULT NULL)
	RETURNS ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_try_reverse'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION ledger.try_reverse(text, bigint, numeric, boolean, boolean, numeric[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) IS
'Posts the exact opposite of a transaction, its postings in reverse order, as a new transaction related to it; once only. transaction: its number; a hold stands for its capture, if it has one. amount: NULL for all that is left; less, to reverse a transaction of one posting in parts until it is exhausted; amounts: one for each posting of a transaction of several, counted as the original does. force: also past floors and ceilings. original_time: effective when the original was; effective_at: at another time; by default when it is recorded. idempotency_key, reference, metadata, tags, conditions: as of ledger.post. A reversal can be reversed, once, as any transaction. Every refusal is a receipt with status rejected and its code, not an error. Codes: LG001 unknown ledger; LG006 unknown transaction; LG119 zero, or not one amount for each posting; LG102 LG103 amount; LG201 below floor; LG202 above ceiling; LG203 frozen; LG204 closed; LG221 reversed already; LG222 more than is left; LG108-LG110 LG117 malformed option; LG301 LG302 key or reference used; LG401 conditions; 22004 NULL; 22023 options that exclude each other; raised all the same: 25006 read-only, 42501 no right "post", 40001 run again. Locks, until the end of the transaction: those of ledger.post, of every balance the transaction touched.';
REVOKE ALL ON FUNCTION ledger.try_reverse(text, bigint, numeric, boolean, boolean, numeric[], text, text, timestamptz, jsonb, ledger.condition[], ledger.tags) FROM PUBLIC;
