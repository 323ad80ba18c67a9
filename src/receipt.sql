-- receipt: what every way to post returns.

CREATE TYPE ledger.balance_state AS (
	address text,
	asset text,
	balance numeric,
	version bigint
);
COMMENT ON TYPE ledger.balance_state IS
'A balance as a transaction left it, in units of the asset, with its version.';

CREATE TYPE ledger.receipt AS (
	status text,
	transaction bigint,
	position bigint,
	recorded_at timestamptz,
	code text,
	message text,
	detail text,
	balances ledger.balance_state[],
	amounts numeric[],
	violations ledger.violation[]
);
COMMENT ON TYPE ledger.receipt IS
'What became of a request. status: posted, held, voided, appended (an event), replayed (the idempotency key had done it before) or rejected. transaction: its number, which is the position of its record in the journal; of a hold, the hold''s number. code, message and detail: why it was rejected. balances: every balance it touched, as it left them. amounts: what each posting moved or holds, where up_to let that be less than asked; else NULL. violations: the conditions that did not hold.';
