-- locks: for applications that want them before the engine takes them.

CREATE FUNCTION ledger.lock_accounts(ledger text, addresses text[], assets text[])
	RETURNS TABLE (address text, asset text, balance numeric, version bigint)
	AS 'MODULE_PATHNAME', 'ledger_lock_accounts'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.lock_accounts(text, text[], text[]) IS
'Locks the balances of these accounts in these assets until the end of the transaction, in the order in which posting locks them, whatever the order of the arguments: called first with all that a transaction of several calls will touch, it keeps it from deadlocks. Opens what was never used, as posting does. Returns what they hold, in the order given, which nobody else can change from now on. Errors: LG001 LG002 unknown ledger or asset, LG003 account not open, LG101 malformed address, LG106 not a plain array, 22004 NULL, 25006 read-only, 40001 run again, 42501 without the right "post", 54000 over 1,000,000 balances. Locks: the ledger (shared with posting), the balances.';
REVOKE ALL ON FUNCTION ledger.lock_accounts(text, text[], text[]) FROM PUBLIC;

CREATE FUNCTION ledger.read_lock(ledger text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_read_lock'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.read_lock(text) IS
'Locks a ledger for reading until the end of the transaction: waits for those who write now, lets other readers in and keeps writers out, so that all later statements see one state, also under READ COMMITTED. Writing in the same transaction is possible and waits for the other readers; of several who try, the first goes on and the others get 40001, as they would wait for one another. Errors: LG001 unknown ledger, 22004 NULL, 25006 on a standby, 42501 without the right "read".';
REVOKE ALL ON FUNCTION ledger.read_lock(text) FROM PUBLIC;

CREATE FUNCTION ledger.try_read_lock(ledger text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_try_read_lock'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.try_read_lock(text) IS
'As ledger.read_lock, but returns false at once where that would wait.';
REVOKE ALL ON FUNCTION ledger.try_read_lock(text) FROM PUBLIC;

CREATE VIEW ledger.locks WITH (security_barrier) AS
	SELECT l.name AS ledger,
			CASE WHEN k.locktype = 'relation' THEN 'ledger' WHEN k.locktype = 'tuple' THEN 'balance'
				WHEN k.objsubid = 19527 THEN 'key' WHEN k.objsubid = 19528 THEN 'tag' WHEN k.objsubid = 19529 THEN 'all tags' WHEN k.objsubid = 19531 THEN 'seal'
				WHEN k.objsubid = 19532 THEN 'chain' ELSE 'upgrade' END AS object,
			b.address, s.code AS asset, k.mode, k.granted, k.pid, a.usename AS "user", a.application_name,
			coalesce(k.waitstart, a.xact_start) AS since, CASE WHEN NOT k.granted THEN pg_blocking_pids(k.pid) END AS blocked_by
		FROM pg_locks k
			LEFT JOIN pg_stat_activity a ON a.pid = k.pid
			LEFT JOIN ledger_data.balance b ON k.locktype = 'tuple' AND k.relation = 'ledger_data.balance'::regclass
				AND b.ctid = format('(%s,%s)', k.page, k.tuple)::tid
			LEFT JOIN ledger_data.asset s ON s.id = b.asset_id
			JOIN ledger_data.ledger l ON l.id = CASE
				WHEN k.locktype = 'relation' THEN 4294967295 - k.relation::bigint
				WHEN k.locktype = 'advisory' AND k.objsubid BETWEEN 19527 AND 19532 THEN k.classid::bigint
				WHEN k.locktype = 'tuple' THEN b.ledger_id END
		WHERE k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
			AND ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.locks IS
'Who holds or waits for what in which ledger. object: ledger (RowExclusiveLock: writing; ShareLock: read lock; ExclusiveLock), key (an idempotency key or reference), tag, all tags, upgrade (from reading to writing), seal, chain (the end of a strict ledger''s) or balance (one being waited for; those held are in the rows themselves). since: when the wait or, if granted, the transaction began. blocked_by: process numbers of those it waits for.';
