-- batch: many transactions in one call, and splitting an amount.

CREATE FUNCTION ledger.post_batch(ledger text, sources text[], destinations text[], amounts numeric[], assets text[],
		idempotency_keys text[] DEFAULT NULL, linked boolean[] DEFAULT NULL, atomic boolean DEFAULT true,
		reference_names text[] DEFAULT NULL, effective_times timestamptz[] DEFAULT NULL, metadata jsonb[] DEFAULT NULL,
		up_to boolean[] DEFAULT NULL, conditions ledger.condition[] DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post_batch'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION ledger.post_batch(text, text[], text[], numeric[], text[], text[], boolean[], boolean, text[], timestamptz[], jsonb[], boolean[], ledger.condition[]) IS
'Posts many transactions of one posting each, in order; returns a receipt for each, in the same order. Arrays have one element per item (assets may have one for all); an element NULL means not given. atomic: true, all or nothing, where an error names the item; false, each on its own: a refused item is a receipt with status rejected and its code, has no effect at all, and later items see the effect of earlier ones. linked: an item marked is joined to the next, a chain happens wholly or not at all; the failing one has its own code, the others LG206. The same idempotency key twice in a batch is as one after the other. conditions: of the whole call, on versions before it and balances after it. At most 1,000,000 items (54000); memory is some kilobyte for each. Other arguments, and what they mean, as of ledger.post. Errors and codes: those of ledger.post; LG116 arrays of different lengths or a chain without an end; LG106 not plain arrays. Locks, until the end of the transaction: those of ledger.post for all items, in one pass and one order, so that batches never deadlock with one another.';
REVOKE ALL ON FUNCTION ledger.post_batch(text, text[], text[], numeric[], text[], text[], boolean[], boolean, text[], timestamptz[], jsonb[], boolean[], ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.post_batch_json(ledger text, transactions jsonb, atomic boolean DEFAULT true,
		conditions ledger.condition[] DEFAULT NULL)
	RETURNS SETOF ledger.receipt
	AS 'MODULE_PATHNAME', 'ledger_post_batch_json'
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION ledger.post_batch_json(text, jsonb, boolean, ledger.condition[]) IS
'Posts many transactions, given as a JSON array of objects as ledger.post_json takes them, each of any number of postings; "linked": true joins one to the next. All else, errors and locks as of ledger.post_batch; LG107 for JSON of another shape. At most 1,000,000 postings.';
REVOKE ALL ON FUNCTION ledger.post_batch_json(text, jsonb, boolean, ledger.condition[]) FROM PUBLIC;

CREATE FUNCTION ledger.split(amount numeric, weights numeric[], asset text) RETURNS numeric[]
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	scale int := (SELECT a.scale FROM ledger.asset a WHERE a.code = asset);
	total numeric;
	units numeric;
	parts numeric[];
BEGIN
	IF amount IS NULL OR weights IS NULL OR asset IS NULL THEN
		RAISE EXCEPTION 'amount, weights and asset must not be NULL' USING ERRCODE = 'null_value_not_allowed';
	ELSIF scale IS NULL THEN
		RAISE EXCEPTION 'asset "%" does not exist', asset
			USING ERRCODE = 'LG002', HINT = 'Create it with ledger.create_asset.';
	ELSIF amount IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'amount % is not allowed', amount USING ERRCODE = 'LG102', DETAIL = 'An amount is a finite number.';
	ELSIF scale(trim_scale(amount)) > scale THEN
		RAISE EXCEPTION 'amount % has too many decimals for asset "%"', amount, asset
			USING ERRCODE = 'LG103', DETAIL = format('Asset "%s" has %s decimals.', asset, scale);
	ELSIF array_ndims(weights) > 1 OR cardinality(weights) = 0 THEN
		RAISE EXCEPTION 'weights are not a plain array of at least one number' USING ERRCODE = 'LG118';
	ELSIF EXISTS (SELECT FROM unnest(weights) w WHERE w IS NULL OR w < 0 OR w IN ('NaN', 'Infinity')) THEN
		RAISE EXCEPTION 'a weight is NULL, negative or not finite' USING ERRCODE = 'LG118';
	END IF;
	total := (SELECT sum(w) FROM unnest(weights) w);
	IF total = 0 THEN
		RAISE EXCEPTION 'weights sum to zero'
			USING ERRCODE = 'LG118', HINT = 'Give at least one weight above zero.';
	END IF;
	-- in smallest units: each its whole share, then one more to those with the largest remainders
	units := abs(amount) * ('1e' || scale)::numeric;
	WITH share AS (
		SELECT i, div(units * w, total) AS whole, units * w - div(units * w, total) * total AS remainder
			FROM unnest(weights) WITH ORDINALITY u(w, i)),
	placed AS (
		SELECT i, whole, row_number() OVER (ORDER BY remainder DESC, i) AS place, units - sum(whole) OVER () AS missing
			FROM share)
	SELECT array_agg(round(sign(amount) * (whole + CASE WHEN place <= missing THEN 1 ELSE 0 END) * ('1e-' || scale)::numeric, scale) ORDER BY i)
		INTO parts FROM placed;
	RETURN parts;
END
$$;
COMMENT ON FUNCTION ledger.split(numeric, numeric[], text) IS
'Splits an amount of an asset by weights into parts, in the asset''s unit, that add up to it exactly: the method of largest remainders (Hamilton), ties to the first; the same arguments always give the same parts. Errors: LG002 unknown asset, LG102 LG103 amount, LG118 weights negative, not finite or summing to zero, 22004 NULL. Takes no locks.';
REVOKE ALL ON FUNCTION ledger.split(numeric, numeric[], text) FROM PUBLIC;
