--
-- The ledger that `run` posts in: 10,000 accounts with money from the world, and one
-- that everybody pays into, in one row and in sixteen.
--
CREATE EXTENSION ledger;
SELECT ledger.create_ledger('bench');
SELECT ledger.open_account('bench', 'hot'), ledger.open_account('bench', 'striped', stripes => 16);
SELECT ledger.post_transaction('bench',
		array_agg(ROW ('world', 'users:' || n, 1000000, 'USD')::ledger.posting ORDER BY n))
	FROM generate_series(1, 10000) n GROUP BY n / 1000;
SELECT ledger.post('bench', 'world', 'hot', 1, 'USD');
-- to every stripe alike
SELECT ledger.post('bench', 'world', 'striped', 1000000000, 'USD'), ledger.set_limits('bench', 'striped', 'USD', 0, NULL);
VACUUM ANALYZE;
