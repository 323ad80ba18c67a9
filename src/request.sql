-- request: what is asked for.

CREATE TYPE ledger.posting AS (
	source text,
	destination text,
	amount numeric,
	asset text
);
COMMENT ON TYPE ledger.posting IS
'An amount of one asset moved from a source account to a destination account, in units of the asset.';
