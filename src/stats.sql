-- stats: what has been counted for each ledger since the server started.

CREATE FUNCTION ledger_data.counters()
	RETURNS TABLE (ledger_id int, retries bigint, violations bigint, ledger_waits bigint, key_waits bigint,
		tag_waits bigint, balance_waits bigint, chain_waits bigint)
	AS 'MODULE_PATHNAME', 'ledger_counters'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger_data.counters() IS 'The counters of every ledger of this database; ledger 0 stands for none.';
REVOKE ALL ON FUNCTION ledger_data.counters() FROM PUBLIC;

CREATE FUNCTION ledger_data.hot_balances() RETURNS TABLE (ledger_id int, balance_id bigint, waits bigint)
	AS 'MODULE_PATHNAME', 'ledger_hot_balances'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger_data.hot_balances() IS 'Of every ledger of this database up to eight balances that were waited for most, and how often about.';
REVOKE ALL ON FUNCTION ledger_data.hot_balances() FROM PUBLIC;

CREATE VIEW ledger.stats WITH (security_barrier) AS
	SELECT l.name AS ledger, coalesce(c.retries, 0) AS retries, coalesce(c.violations, 0) AS violations,
			coalesce(c.ledger_waits, 0) AS ledger_waits, coalesce(c.key_waits, 0) AS key_waits,
			coalesce(c.tag_waits, 0) AS tag_waits, coalesce(c.balance_waits, 0) AS balance_waits,
			coalesce(c.chain_waits, 0) AS chain_waits, coalesce(h.names, '{}') AS hot_balances
		FROM (SELECT id, name FROM ledger_data.ledger UNION ALL SELECT 0, NULL) l
			LEFT JOIN ledger_data.counters() c ON c.ledger_id = l.id
			-- a twentieth of the waits at least, and not by chance
			LEFT JOIN (SELECT w.ledger_id, array_agg(b.address || ' ' || s.code ORDER BY w.waits DESC, b.address, s.code) AS names
					FROM (SELECT ledger_id, balance_id, sum(waits) AS waits FROM ledger_data.hot_balances() GROUP BY 1, 2) w
						JOIN ledger_data.counters() k ON k.ledger_id = w.ledger_id
						JOIN ledger_data.balance b ON b.ledger_id = w.ledger_id AND b.id = w.balance_id
						JOIN ledger_data.asset s ON s.id = b.asset_id
					WHERE w.waits >= 100 AND 20 * w.waits >= k.balance_waits
					GROUP BY w.ledger_id) h ON h.ledger_id = l.id
		WHERE ledger_data.may(l.id, 1::smallint);
COMMENT ON VIEW ledger.stats IS
'What was counted for each ledger since the server started: retries, tries that ledger.run had to make again (ledger NULL: of statements that wrote to none); violations, conditions that did not hold; and how often a call had to wait for the lock of the ledger, of an idempotency key or reference, of a tag, of a balance, of a strict ledger''s chain. hot_balances: the balances, as address and asset, that account for most of the waits for balances, if there were many; they would gain from (more) stripes (ledger.set_stripes), early lock release or ledger.submit. Includes transactions that were rolled back. Of all sessions if the library is in shared_preload_libraries, else of this session only.';
