-- condition: what a caller requires of balances at the moment of writing.

CREATE TYPE ledger.condition AS (
	kind text,
	address text,
	asset text,
	version bigint,
	low numeric,
	high numeric
);
COMMENT ON TYPE ledger.condition IS
'A requirement on a balance, made with ledger.at_version or ledger.balance_between and given to a function that posts, which checks it under its locks.';

CREATE TYPE ledger.violation AS (
	condition int,
	kind text,
	address text,
	asset text,
	expected text,
	found text
);
COMMENT ON TYPE ledger.violation IS
'A condition that did not hold: its number in the array given, what it expected and what was found.';

CREATE FUNCTION ledger.at_version(address text, asset text, version bigint) RETURNS ledger.condition
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT ROW ('at_version', $1, $2, $3, NULL, NULL)::ledger.condition;
	END;
COMMENT ON FUNCTION ledger.at_version(text, text, bigint) IS
'A condition: the balance is at this version, so nothing was posted to it since whoever asks read it. 0: nothing ever was. Holds and changes of limits do not count. Takes no locks; the call it is given to checks it under the balance''s lock, and refuses with LG401.';
REVOKE ALL ON FUNCTION ledger.at_version(text, text, bigint) FROM PUBLIC;

CREATE FUNCTION ledger.balance_between(address text, asset text, low numeric, high numeric) RETURNS ledger.condition
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT ROW ('balance_between', $1, $2, NULL, $3, $4)::ledger.condition;
	END;
COMMENT ON FUNCTION ledger.balance_between(text, text, numeric, numeric) IS
'A condition: low <= balance <= high, for the balance as it will be after the call, in units of the asset. NULL: no bound on that side. Takes no locks; the call it is given to checks it under the balance''s lock, and refuses with LG401.';
REVOKE ALL ON FUNCTION ledger.balance_between(text, text, numeric, numeric) FROM PUBLIC;
