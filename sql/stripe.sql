-- Stripes: one balance in several rows. Limits hold for all together, and whatever reads a balance reads all of it.
\pset format unaligned
\pset null -
SELECT ledger.create_ledger('stripe');

-- world has sixteen from the start; other accounts have what they are given
SELECT address, stripes FROM ledger.account WHERE ledger = 'stripe';
SELECT ledger.open_account('stripe', 'pot', 'USD', floor => -10, stripes => 4), ledger.open_account('stripe', 'many', stripes => 3, ceiling => 10),
	ledger.open_account('stripe', 'plain');
SELECT address, stripes FROM ledger.account WHERE ledger = 'stripe' ORDER BY 1;
SELECT status, balances FROM ledger.post('stripe', 'world', 'many', 4, 'USD');
SELECT status, balances FROM ledger.post('stripe', 'many', 'pot', 1, 'USD', 'k');
SELECT status, balances FROM ledger.post('stripe', 'many', 'pot', 1, 'USD', 'k');
SELECT address, asset, balance, available, floor, ceiling, version, stripes FROM ledger.balance WHERE ledger = 'stripe' ORDER BY 1, 2;
SELECT ledger.open_account('stripe', 'none', stripes => 0);
SELECT ledger.open_account('stripe', 'none', stripes => 65);
SELECT ledger.open_account('stripe', 'none', stripes => NULL);
SELECT ledger.set_stripes('stripe', 'plain', 'USD', 2);
SELECT ledger.set_stripes('stripe', 'nobody', NULL, 2);
SELECT ledger.set_stripes('stripe', 'plain', 'XXX1', 2);
SELECT ledger.set_stripes('stripe', 'plain', NULL, 0);
SELECT ledger.set_stripes('stripe', 'plain', NULL, NULL);
SELECT ledger.set_stripes('nowhere', 'plain', NULL, 2);

-- What the shares of each limit sum to, and where one is beyond its own.
CREATE VIEW pg_temp.share AS
	SELECT b.address, a.code AS asset, max(b.stripes) AS stripes, count(*) AS rows, sum(b.floor) AS floor, sum(b.ceiling) AS ceiling,
			count(*) FILTER (WHERE b.inflow - b.outflow - b.held_out < b.floor OR b.inflow - b.outflow + b.held_in > b.ceiling) AS beyond,
			max(b.inflow - b.outflow - b.held_out - b.floor) FILTER (WHERE b.stripe NOT BETWEEN 1 AND b.stripes) AS idle
		FROM ledger_data.balance b JOIN ledger_data.ledger l ON l.id = b.ledger_id JOIN ledger_data.asset a ON a.id = b.asset_id
		WHERE l.name = 'stripe' AND b.stripes IS NOT NULL AND b.address <> 'world'
		GROUP BY b.address, a.code;
SELECT * FROM pg_temp.share ORDER BY 1, 2;

-- The floor: one stripe is enough, then all are needed, then all are not.
SELECT ledger.open_account('stripe', 'floor', 'USD', floor => -10, stripes => 4);
SELECT status FROM ledger.post('stripe', 'floor', 'plain', 2.50, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'floor';
SELECT status FROM ledger.post('stripe', 'floor', 'plain', 6, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'floor';
SELECT ledger.post('stripe', 'floor', 'plain', 1.51, 'USD');
SELECT status, code, detail FROM ledger.try_post('stripe', 'floor', 'plain', 1.51, 'USD');
SELECT status, amounts FROM ledger.post('stripe', 'floor', 'plain', NULL, 'USD', up_to => true);
SELECT status, code, detail FROM ledger.try_post('stripe', 'floor', 'plain', 0.01, 'USD');
SELECT ledger.balance('stripe', 'floor', 'USD');
SELECT * FROM pg_temp.share WHERE address = 'floor';
-- The ceiling likewise.
SELECT ledger.open_account('stripe', 'ceiling', 'USD', ceiling => 9, stripes => 4);
SELECT status FROM ledger.post('stripe', 'world', 'ceiling', 2.25, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'ceiling', 6, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'ceiling';
SELECT ledger.post('stripe', 'world', 'ceiling', 0.76, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'ceiling', 0.75, 'USD');
SELECT status, code, detail FROM ledger.try_hold('stripe', 'world', 'ceiling', 0.01, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'ceiling';
-- Shares of what cannot be divided, and of no unit smaller than the asset's.
SELECT ledger.open_account('stripe', 'odd', 'JPY', floor => -5, ceiling => 5, stripes => 7);
SELECT floor, ceiling, count(*) FROM ledger_data.balance WHERE address = 'odd' GROUP BY 1, 2 ORDER BY 1;
SELECT status FROM ledger.post('stripe', 'odd', 'plain', 4, 'JPY');
SELECT status, code, detail FROM ledger.try_post('stripe', 'odd', 'plain', 2, 'JPY');
SELECT a.status, b.status FROM ledger.post('stripe', 'plain', 'odd', 4, 'JPY') a, ledger.post('stripe', 'world', 'odd', 5, 'JPY') b;
SELECT * FROM pg_temp.share WHERE address = 'odd';

-- While there is money: striped, more, fewer, one. No money moves.
SELECT status FROM ledger.post('stripe', 'world', 'live', 100, 'USD');
SELECT ledger.set_stripes('stripe', 'live', 'USD', 3);
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT status FROM ledger.post('stripe', 'live', 'plain', 70, 'USD');
SELECT ledger.set_stripes('stripe', 'live', 'USD', 5);
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT ledger.set_stripes('stripe', 'live', 'USD', 2);
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT status, code, detail FROM ledger.try_post('stripe', 'live', 'plain', 30.01, 'USD');
SELECT status FROM ledger.post('stripe', 'live', 'plain', 30, 'USD');
SELECT ledger.set_stripes('stripe', 'live', 'USD', 1);
SELECT address, balance, version, stripes FROM ledger.balance WHERE ledger = 'stripe' AND address = 'live';
SELECT status, balances FROM ledger.post('stripe', 'world', 'live', 1, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'live';
-- All of an account, those to come included; what never was striped and is not to be keeps its versions.
SELECT ledger.set_stripes('stripe', 'plain', NULL, 1);
SELECT asset, version, stripes FROM ledger.balance WHERE ledger = 'stripe' AND address = 'plain' ORDER BY 1;
SELECT ledger.set_stripes('stripe', 'plain', NULL, 2);
SELECT status FROM ledger.post('stripe', 'world', 'plain', 1, 'EUR');
SELECT asset, balance, version, stripes FROM ledger.balance WHERE ledger = 'stripe' AND address = 'plain' ORDER BY 1;
SELECT ledger.set_stripes('stripe', 'plain', 'EUR', 1);

-- Limits of all together.
SELECT ledger.set_limits('stripe', 'live', 'USD', 2, NULL);
SELECT ledger.set_limits('stripe', 'live', 'USD', 1, 50.50);
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT ledger.set_limits('stripe', 'live', 'USD', NULL, NULL);
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT status FROM ledger.post('stripe', 'live', 'plain', 5, 'USD');
SELECT ledger.set_limits('stripe', 'live', 'USD', 0, NULL);
SELECT ledger.set_limits('stripe', 'live', 'USD', -4, NULL), ledger.set_stripes('stripe', 'live', 'USD', 4);
SELECT * FROM pg_temp.share WHERE address = 'live';

-- Shares have 38 digits at most.
SELECT ledger.open_account('stripe', 'vast', 'JPY', floor => -9e37);
SELECT status FROM ledger.post('stripe', 'world', 'vast', 9e37, 'JPY');
SELECT ledger.set_stripes('stripe', 'vast', 'JPY', 2);
SELECT ledger.set_stripes('stripe', 'vast', 'JPY', 1);
SELECT status FROM ledger.post('stripe', 'vast', 'world', 9e37, 'JPY');

-- Holds stay on their stripe, whatever becomes of it.
SELECT status FROM ledger.post('stripe', 'world', 'live', 14, 'USD');
SELECT transaction AS hold FROM ledger.hold('stripe', 'live', 'pot', 10, 'USD') \gset
SELECT balance, available, held_out FROM ledger.balance WHERE ledger = 'stripe' AND address = 'live';
SELECT code, detail FROM ledger.try_post('stripe', 'live', 'plain', 4.01, 'USD');
SELECT status FROM ledger.post('stripe', 'live', 'plain', 4, 'USD');
SELECT ledger.set_stripes('stripe', 'live', 'USD', 2);
SELECT status, balances, amounts FROM ledger.capture('stripe', :hold, 4, false);
SELECT status FROM ledger.void('stripe', :hold);
SELECT balance, available, held_out FROM ledger.balance WHERE ledger = 'stripe' AND address = 'live';
SELECT status FROM ledger.post('stripe', 'live', 'plain', 6, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'live', 'plain', 0.01, 'USD');
-- One that was made before it was striped is on what is no stripe.
SELECT status FROM ledger.post('stripe', 'world', 'late', 10, 'USD');
SELECT transaction AS before FROM ledger.hold('stripe', 'late', 'pot', 8, 'USD') \gset
SELECT ledger.set_stripes('stripe', 'late', 'USD', 4);
SELECT status FROM ledger.void('stripe', :before);
SELECT idle FROM pg_temp.share WHERE address = 'late';
SELECT status FROM ledger.post('stripe', 'late', 'pot', 9.99, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'late';
-- Expired, it is free before it is swept, and after.
SELECT status FROM ledger.post('stripe', 'world', 'late', 10, 'USD');
SELECT transaction AS short FROM ledger.hold('stripe', 'late', 'pot', 10, 'USD', expires_at => clock_timestamp() + interval '1 s') \gset
SELECT code FROM ledger.try_post('stripe', 'late', 'pot', 1, 'USD');
SELECT pg_sleep(1.01) \g /dev/null
SELECT status FROM ledger.post('stripe', 'late', 'pot', 3, 'USD');
SELECT ledger.expire_holds('stripe');
SELECT status FROM ledger.post('stripe', 'late', 'pot', 7, 'USD');
SELECT code FROM ledger.try_post('stripe', 'late', 'pot', 0.02, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'late';
-- Limits and stripes set before it is swept count it as free as well, so that the sweeping gives no stripe more than its share.
SELECT ledger.open_account('stripe', 'stale', 'USD', floor => 0, ceiling => 20, stripes => 2);
SELECT status FROM ledger.post('stripe', 'world', 'stale', 10, 'USD');
SELECT a.status, b.status FROM ledger.hold('stripe', 'stale', 'pot', 10, 'USD', expires_at => clock_timestamp() + interval '1 s') a,
	ledger.hold('stripe', 'world', 'stale', 10, 'USD', expires_at => clock_timestamp() + interval '1 s') b;
SELECT pg_sleep(1.01) \g /dev/null
SELECT ledger.set_limits('stripe', 'stale', 'USD', 8, 12), ledger.set_stripes('stripe', 'stale', 'USD', 3);
SELECT ledger.expire_holds('stripe');
SELECT * FROM pg_temp.share WHERE address = 'stale';
SELECT code, detail FROM ledger.try_post('stripe', 'stale', 'plain', 2.01, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'world', 'stale', 2.01, 'USD');

-- Reversals, in parts and by force.
SELECT transaction AS paid FROM ledger.post('stripe', 'world', 'live', 12, 'USD') \gset
SELECT status, balances FROM ledger.reverse('stripe', :paid, 5);
SELECT status FROM ledger.post('stripe', 'live', 'plain', 6, 'USD');
SELECT code, detail FROM ledger.try_reverse('stripe', :paid, 6);
SELECT status FROM ledger.reverse('stripe', :paid, 7, force => true);
SELECT code, regexp_replace(detail, '[0-9]+', 'N') AS detail FROM ledger.try_reverse('stripe', :paid);
SELECT balance, available, floor FROM ledger.balance WHERE ledger = 'stripe' AND address = 'live';
SELECT code, detail FROM ledger.try_post('stripe', 'live', 'plain', 1, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'live', 20, 'USD');

-- By force beyond the floor: what room other stripes had counts no longer, nor what comes to one, until all are back.
SELECT ledger.open_account('stripe', 'force', 'USD', ceiling => 100, stripes => 3);
SELECT transaction AS given FROM ledger.post('stripe', 'world', 'force', 6, 'USD') \gset
SELECT ledger.set_limits('stripe', 'force', 'USD', 0, 100);
SELECT status FROM ledger.post('stripe', 'force', 'plain', 1, 'USD');
SELECT status FROM ledger.reverse('stripe', :given, force => true);
SELECT balance, floor FROM ledger.balance WHERE ledger = 'stripe' AND address = 'force';
SELECT code, detail FROM ledger.try_post('stripe', 'force', 'plain', 0.01, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'force', 0.75, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'force', 'plain', 0.01, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'force', 0.30, 'USD');
SELECT status, amounts FROM ledger.post('stripe', 'force', 'plain', NULL, 'USD', up_to => true);
SELECT status FROM ledger.post('stripe', 'world', 'force', 1, 'USD');
SELECT status FROM ledger.post('stripe', 'force', 'plain', 1, 'USD');
SELECT * FROM pg_temp.share WHERE address = 'force';
-- Beyond the ceiling likewise.
SELECT status FROM ledger.post('stripe', 'world', 'force', 90, 'USD');
SELECT transaction AS spent FROM ledger.post('stripe', 'force', 'plain', 60, 'USD') \gset
SELECT status FROM ledger.post('stripe', 'world', 'force', 60, 'USD');
SELECT status FROM ledger.reverse('stripe', :spent, force => true);
SELECT code, detail FROM ledger.try_post('stripe', 'world', 'force', 0.01, 'USD');
SELECT status FROM ledger.post('stripe', 'force', 'plain', 49, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'world', 'force', 0.01, 'USD');
SELECT status FROM ledger.post('stripe', 'force', 'plain', 2, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'force', 1, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'world', 'force', 0.01, 'USD');
-- By force it takes the room of all stripes; while that is less than none, no stripe has room of its own, whatever arrives at it.
SELECT ledger.open_account('stripe', 'forced', 'USD', floor => 0, stripes => 3);
SELECT transaction AS paid FROM ledger.post('stripe', 'world', 'forced', 10, 'USD') \gset
SELECT status FROM ledger.reverse('stripe', :paid, 8, force => true);
SELECT code, detail FROM ledger.try_post('stripe', 'forced', 'plain', 2.01, 'USD');
SELECT status FROM ledger.post('stripe', 'forced', 'plain', 2, 'USD');
SELECT status FROM ledger.reverse('stripe', :paid, 2, force => true);
SELECT stripe > 0 AS used, inflow - outflow - floor AS room FROM ledger_data.balance WHERE address = 'forced' ORDER BY 1, 2;
SELECT ledger.set_stripes('stripe', 'forced', 'USD', 4);
SELECT stripe > 0 AS used, inflow - outflow - floor AS room FROM ledger_data.balance WHERE address = 'forced' ORDER BY 1, 2;
SELECT status FROM ledger.post('stripe', 'world', 'forced', 1.50, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'forced', 'plain', 0.01, 'USD');
SELECT status FROM ledger.post('stripe', 'world', 'forced', 1.50, 'USD');
SELECT code, detail FROM ledger.try_post('stripe', 'forced', 'plain', 1.01, 'USD');
SELECT status FROM ledger.post('stripe', 'forced', 'plain', 0.60, 'USD');
SELECT stripe > 0 AS used, inflow - outflow - floor AS room FROM ledger_data.balance WHERE address = 'forced' ORDER BY 1, 2;
SELECT status, amounts FROM ledger.post('stripe', 'forced', 'plain', NULL, 'USD', up_to => true);
SELECT * FROM pg_temp.share WHERE address = 'forced';

-- Batches: items in order on one stripe, of which none may be enough.
SELECT status, code, balances FROM ledger.post_batch('stripe', '{live,live,world,live,live}', '{plain,plain,live,plain,plain}', '{9,8,30,25,10}', '{USD}', atomic => false);
SELECT status, code FROM ledger.post_batch('stripe', '{live,plain,live}', '{plain,live,plain}', '{5,5,5}', '{USD}');
SELECT * FROM pg_temp.share WHERE address = 'live';
SELECT rows, posted FROM ledger.post_from('stripe', $$SELECT CASE n % 3 WHEN 0 THEN 'live' ELSE 'world' END AS source,
	CASE n % 3 WHEN 0 THEN 'plain' ELSE 'live' END AS destination, n AS amount, 'USD' AS asset FROM generate_series(1, 3000) n$$, batch_size => 100);
SELECT balance FROM ledger.balance WHERE ledger = 'stripe' AND address = 'live' AND asset = 'USD';
SELECT ledger.post_from('stripe', $$SELECT 'live' AS source, 'plain' AS destination, 400000 AS amount, 'USD' AS asset FROM generate_series(1, 20) n$$, batch_size => 3);

-- Conditions: on the balance of all together; there is no version.
SELECT ledger.post('stripe', 'world', 'live', 1, 'USD', conditions => ARRAY[ledger.at_version('live', 'USD', 3)]);
SELECT status, code FROM ledger.try_post('stripe', 'world', 'live', 1, 'USD', conditions => ARRAY[ledger.at_version('world', 'USD', 3)]);
SELECT status, violations FROM ledger.try_post('stripe', 'world', 'live', 1, 'USD', conditions => ARRAY[ledger.balance_between('late', 'USD', 0, 0.009)]);
SELECT status FROM ledger.try_post('stripe', 'late', 'pot', 0.01, 'USD', conditions => ARRAY[ledger.balance_between('late', 'USD', 0, 0)]);
SELECT status FROM ledger.reverse('stripe', (SELECT max(transaction) FROM ledger.transactions('stripe', 'late', max_rows => 1)), conditions => ARRAY[ledger.balance_between('late', 'USD', 0.01, 0.01), ledger.balance_between('late', 'USD', 0, 1), ledger.balance_between('pot', 'USD', -1000, NULL)]);
SELECT ledger.balance('stripe', 'live', 'USD', version => 1);
SELECT * FROM ledger.lock_accounts('stripe', '{live,late,pot}', '{USD}');

-- Statuses, of all rows.
SELECT ledger.freeze('stripe', 'late');
SELECT code FROM ledger.try_post('stripe', 'world', 'late', 1, 'USD');
SELECT ledger.unfreeze('stripe', 'late');
SELECT ledger.close_account('stripe', 'late');
SELECT status FROM ledger.post('stripe', 'late', 'pot', 0.01, 'USD');
SELECT ledger.close_account('stripe', 'late');
SELECT status, balance FROM ledger.balance WHERE ledger = 'stripe' AND address = 'late';
SELECT code FROM ledger.try_post('stripe', 'world', 'late', 1, 'USD');

-- Reports.
SELECT ledger.balance('stripe', 'pot', 'USD'), ledger.balance('stripe', 'pot', 'USD', at => clock_timestamp()), ledger.balance('stripe', 'pot', 'USD', at => '2020-01-01');
SELECT address, balance, available FROM ledger.balances('stripe', 'pot') ORDER BY 1, 2;
SELECT count(*), sum(amount), max(version) FROM ledger.statement('stripe', 'pot', 'USD');
SELECT bool_and(balance = total) FROM (SELECT balance, sum(amount) OVER (ROWS UNBOUNDED PRECEDING) AS total FROM ledger.statement('stripe', 'live', 'USD')) s;
SELECT s.balance - s.amount = ledger.balance('stripe', 'live', 'USD', at => s.effective_at - interval '1 microsecond') AS goes_on
	FROM (SELECT * FROM ledger.statement('stripe', 'live', 'USD') OFFSET 40 LIMIT 1) p, LATERAL (SELECT * FROM ledger.statement('stripe', 'live', 'USD', since => p.effective_at) LIMIT 1) s;
SELECT asset, address, debit, credit FROM ledger.trial_balance('stripe') WHERE address IS NULL OR address <> 'plain' ORDER BY 1, 2;
SELECT count(*), count(DISTINCT transaction) FROM ledger.transactions('stripe', 'live', max_rows => NULL);
SELECT DISTINCT stripe BETWEEN 0 AND 5 FROM ledger.entry WHERE ledger = 'stripe' AND address = 'live';

-- An account opened on first use for a refused call leaves no stripe behind.
SELECT ledger.set_stripes('stripe', 'world', NULL, 2);
SELECT code FROM ledger.try_post('stripe', 'fresh', 'world', 1, 'CHF');
SELECT count(*) FROM ledger_data.balance b JOIN ledger_data.asset a ON a.id = b.asset_id WHERE a.code = 'CHF' AND b.ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = 'stripe');
SELECT status FROM ledger.post('stripe', 'world', 'fresh', 1, 'CHF');
SELECT count(*) FROM ledger_data.balance b JOIN ledger_data.asset a ON a.id = b.asset_id WHERE a.code = 'CHF' AND b.ledger_id = (SELECT id FROM ledger_data.ledger WHERE name = 'stripe');

SELECT * FROM pg_temp.share WHERE beyond > 0;
SELECT invariant, object, detail FROM ledger.verify('stripe');
-- What verify finds of stripes.
BEGIN;
UPDATE ledger_data.balance SET floor = floor + 1 WHERE address = 'floor' AND stripe = 2;
SELECT invariant, object, detail FROM ledger.verify('stripe');
ROLLBACK;
BEGIN;
DELETE FROM ledger_data.balance WHERE id = (SELECT max(id) FROM ledger_data.balance WHERE address = 'pot' AND stripe > 0 AND version = 0);
SELECT invariant, object, detail FROM ledger.verify('stripe');
ROLLBACK;
BEGIN;
UPDATE ledger_data.balance SET status = 'f' WHERE address = 'pot' AND stripe = 4;
SELECT invariant, object, detail FROM ledger.verify('stripe');
ROLLBACK;
BEGIN;
UPDATE ledger_data.balance SET stripes = 3 WHERE address = 'pot' AND stripe = 4;
SELECT invariant, object, detail FROM ledger.verify('stripe');
ROLLBACK;
BEGIN;
UPDATE ledger_data.balance SET inflow = inflow + 1, outflow = outflow + 1 WHERE address = 'odd' AND stripe = 0;
SELECT invariant, object, detail FROM ledger.verify('stripe');
ROLLBACK;

-- Exported and imported, it comes out the same, shares apart.
SELECT count(*) > 0 FROM ledger.seal('stripe');
CREATE TEMP TABLE line AS SELECT row_number() OVER () AS n, l.line FROM ledger.export('stripe') l(line);
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT records, entries = (SELECT count(*) FROM ledger.entry WHERE ledger = 'stripe') AS all_of_them FROM ledger.import('stripe_copy', ARRAY(SELECT line FROM line ORDER BY n));
COMMIT;
SELECT count(*) AS different FROM line FULL JOIN (SELECT row_number() OVER () AS n, l.line FROM ledger.export('stripe_copy') l(line)) c USING (n)
	WHERE line.line IS DISTINCT FROM c.line;
SELECT count(*), count(*) FILTER (WHERE (a.balance, a.available, a.held_in, a.held_out, a.floor, a.ceiling, a.version, a.status, a.stripes) IS DISTINCT FROM
		(b.balance, b.available, b.held_in, b.held_out, b.floor, b.ceiling, b.version, b.status, b.stripes)) AS different
	FROM (SELECT * FROM ledger.balance WHERE ledger = 'stripe') a FULL JOIN (SELECT * FROM ledger.balance WHERE ledger = 'stripe_copy') b USING (address, asset);
SELECT count(*), count(*) FILTER (WHERE (a.stripes, a.floor, a.ceiling, a.status) IS DISTINCT FROM (b.stripes, b.floor, b.ceiling, b.status)) AS different
	FROM (SELECT * FROM ledger.account WHERE ledger = 'stripe') a FULL JOIN (SELECT * FROM ledger.account WHERE ledger = 'stripe_copy') b USING (address);
SELECT invariant, object, detail FROM ledger.verify('stripe_copy');
-- It goes on from there, and takes in what comes after.
SELECT p.status FROM ledger.post('stripe', 'live', 'plain', 100, 'USD') p, ledger.set_stripes('stripe', 'pot', 'USD', 6);
SELECT status FROM ledger.post('stripe', 'world', 'pot', 1, 'USD');
TRUNCATE line;
INSERT INTO line SELECT row_number() OVER () AS n, l.line FROM ledger.export('stripe', after => (SELECT max(position) FROM ledger.journal WHERE ledger = 'stripe_copy')) l(line);
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT records, entries FROM ledger.import('stripe_copy', ARRAY(SELECT line FROM line ORDER BY n));
COMMIT;
SELECT count(*), count(*) FILTER (WHERE (a.balance, a.floor, a.stripes) IS DISTINCT FROM (b.balance, b.floor, b.stripes)) AS different
	FROM (SELECT * FROM ledger.balance WHERE ledger = 'stripe') a FULL JOIN (SELECT * FROM ledger.balance WHERE ledger = 'stripe_copy') b USING (address, asset);
SELECT status FROM ledger.post('stripe_copy', 'live', 'plain', 100, 'USD');
SELECT code, detail FROM ledger.try_post('stripe_copy', 'floor', 'plain', 0.01, 'USD');
SELECT invariant, object, detail FROM ledger.verify('stripe_copy');

-- Shares are amounts: a post after which a stripe's would need more than 38 digits is refused, and the balance stays usable.
SELECT ledger.create_ledger('stripe_vast'), ledger.create_asset('STRIPE0', 0);
SELECT ledger.open_account('stripe_vast', 'vast', 'STRIPE0', floor => -70000000000000000000000000000000000000);
SELECT status FROM ledger.post('stripe_vast', 'world', 'vast', 70000000000000000000000000000000000000, 'STRIPE0');
SELECT ledger.set_stripes('stripe_vast', 'vast', 'STRIPE0', 2);
SELECT status FROM ledger.post('stripe_vast', 'vast', 'plain', 99000000000000000000000000000000000000, 'STRIPE0');
SELECT status FROM ledger.post('stripe_vast', 'vast', 'plain', 80000000000000000000000000000000000000, 'STRIPE0');
SELECT ledger.set_limits('stripe_vast', 'vast', 'STRIPE0', -95000000000000000000000000000000000000, NULL);
SELECT status FROM ledger.post('stripe_vast', 'vast', 'plain', 10000000000000000000000000000000000000, 'STRIPE0');
SELECT balance, floor FROM ledger.balance WHERE ledger = 'stripe_vast' AND address = 'vast';
