-- account: accounts, and the pure functions on addresses and patterns.

CREATE FUNCTION ledger_data.check_address(address text) RETURNS text
	AS 'MODULE_PATHNAME', 'ledger_check_address'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.check_address(text) IS
'The address itself; error LG101 if it is malformed.';
REVOKE ALL ON FUNCTION ledger_data.check_address(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.check_pattern(pattern text) RETURNS text
	AS 'MODULE_PATHNAME', 'ledger_check_pattern'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.check_pattern(text) IS
'The pattern itself; error LG111 if it is malformed.';
REVOKE ALL ON FUNCTION ledger_data.check_pattern(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.pattern_match(pattern text, address text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_pattern_match'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.pattern_match(text, text) IS
'Whether an address matches a well-formed pattern: * is one segment, ** any number of segments.';
REVOKE ALL ON FUNCTION ledger_data.pattern_match(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.pattern_prefix(pattern text) RETURNS text
	AS 'MODULE_PATHNAME', 'ledger_pattern_prefix'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.pattern_prefix(text) IS
'The bytes that every address matching a well-formed pattern starts with, for use of an index.';
REVOKE ALL ON FUNCTION ledger_data.pattern_prefix(text) FROM PUBLIC;

CREATE TABLE ledger_data.account (
	ledger_id int NOT NULL,
	status "char" NOT NULL DEFAULT 'o',
	any_asset boolean NOT NULL,
	assets int NOT NULL DEFAULT 0,
	address text COLLATE "C" NOT NULL,
	stripes smallint,
	floor numeric,
	ceiling numeric,
	metadata jsonb NOT NULL DEFAULT '{}',
	opened_at timestamptz NOT NULL,
	CONSTRAINT account_pkey PRIMARY KEY (ledger_id, address)
);
COMMENT ON TABLE ledger_data.account IS
'Accounts. Locked by whoever opens a balance in one or changes its status or limits, before the balances are.';
COMMENT ON COLUMN ledger_data.account.status IS 'o open, f frozen, c closed.';
COMMENT ON COLUMN ledger_data.account.any_asset IS
'Whether balances in further assets are opened on first use.';
COMMENT ON COLUMN ledger_data.account.assets IS
'Number of balances. It changes when one is opened, so that a transaction which cannot see the new one fails with 40001.';
COMMENT ON COLUMN ledger_data.account.stripes IS 'Stripes that balances are opened with; NULL: none.';
COMMENT ON COLUMN ledger_data.account.floor IS 'Floor of balances without limits of their own; NULL for none.';
COMMENT ON COLUMN ledger_data.account.ceiling IS 'Ceiling of balances without limits of their own; NULL for none.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.account', '');
