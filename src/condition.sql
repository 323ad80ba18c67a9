-- condition: what a caller requires of balances at the moment of writing.

CREATE TYPE ledger.condition AS (
	kind text,
	address text,
	asset text,
	version bigint,
	low numeric,
	high numeric,
	expected bigint,
	source_id text,
	source_type text,
	stream_type text,
	stream_id text,
	event_types text[],
	"none" boolean,
	exact boolean
);
COMMENT ON TYPE ledger.condition IS
'A requirement on a balance or on the journal, made with ledger.at_version, ledger.balance_between or ledger.scope and given to a function that writes, which checks it under its locks.';

CREATE TYPE ledger.violation AS (
	condition int,
	kind text,
	address text,
	asset text,
	expected text,
	found text,
	scope text
);
COMMENT ON TYPE ledger.violation IS
'A condition that did not hold: its number in the array given, what it expected and what was found. scope: the tags of a scope.';

CREATE FUNCTION ledger.at_version(address text, asset text, version bigint) RETURNS ledger.condition
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT ROW ('at_version', $1, $2, $3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.condition;
	END;
COMMENT ON FUNCTION ledger.at_version(text, text, bigint) IS
'A condition: the balance is at this version, so nothing was posted to it since whoever asks read it. 0: nothing ever was. Holds and changes of limits do not count. Takes no locks; the call it is given to checks it under the balance''s lock, and refuses with LG401.';
REVOKE ALL ON FUNCTION ledger.at_version(text, text, bigint) FROM PUBLIC;

CREATE FUNCTION ledger.balance_between(address text, asset text, low numeric, high numeric) RETURNS ledger.condition
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT ROW ('balance_between', $1, $2, NULL, $3, $4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.condition;
	END;
COMMENT ON FUNCTION ledger.balance_between(text, text, numeric, numeric) IS
'A condition: low <= balance <= high, for the balance as it will be after the call, in units of the asset. NULL: no bound on that side. Takes no locks; the call it is given to checks it under the balance''s lock, and refuses with LG401.';
REVOKE ALL ON FUNCTION ledger.balance_between(text, text, numeric, numeric) FROM PUBLIC;

CREATE FUNCTION ledger.scope(expected bigint DEFAULT NULL, source_id text DEFAULT NULL, source_type text DEFAULT NULL,
		stream_type text DEFAULT NULL, stream_id text DEFAULT NULL, event_types text[] DEFAULT NULL,
		"none" boolean DEFAULT false, exact boolean DEFAULT false) RETURNS ledger.condition
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	BEGIN ATOMIC
		SELECT ROW ('scope', NULL, NULL, NULL, NULL, NULL, $1, $2, $3, $4, $5, $6, $7, $8)::ledger.condition;
	END;
COMMENT ON FUNCTION ledger.scope(bigint, text, text, text, text, text[], boolean, boolean) IS
'A condition: no record that has every tag given (and one of the event types, if given) has a position above expected. none: no such record exists at all, instead of expected. exact: the last such record is the expected one, 0 for none. Checked against the state before the call it is given to, which refuses with LG401 (LG117 if it has no tag, or neither expected nor none). Takes no locks itself; that call holds one on the tag that the fewest records share, exclusively against appenders of that tag, until the end of its transaction.';
REVOKE ALL ON FUNCTION ledger.scope(bigint, text, text, text, text, text[], boolean, boolean) FROM PUBLIC;
