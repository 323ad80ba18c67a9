-- Three thousand random holds, captures, voids, reversals and batches with chains, then what must hold of them, checked in
-- plain SQL from the views, independently of ledger.verify().
\set ON_ERROR_STOP 1
SET client_min_messages = warning;
BEGIN;
SELECT plan(27);
SELECT setseed(0.24);
SELECT ledger.create_ledger('holds');
SELECT count(ledger.open_account('holds', 'a' || i, s, CASE WHEN i % 4 > 0 THEN -20 * (i % 3) END,
	CASE WHEN i % 3 = 0 THEN i * 15 END, CASE WHEN i IN (2, 3, 6, 8) THEN 3 ELSE 1 END))
FROM generate_series(1, 9) i, unnest(ARRAY['USD', 'JPY']) s;

-- What was asked and answered; amounts and assets of the postings that were to be made.
CREATE TEMP TABLE answer (n int PRIMARY KEY, what text, on_record bigint, asked numeric[], final boolean, code text,
	transaction bigint, amounts numeric[], assets text[]);
CREATE TEMP TABLE item (batch int, n int, chain int, code text, transaction bigint, states ledger.balance_state[]);
CREATE FUNCTION pg_temp.random_posting() RETURNS ledger.posting LANGUAGE plpgsql AS $$
DECLARE
	code text := CASE WHEN random() < 0.7 THEN 'USD' ELSE 'JPY' END;
	source int := trunc(random() * 10);
BEGIN
	RETURN ROW(CASE source WHEN 0 THEN 'world' ELSE 'a' || source END,
		CASE WHEN source > 0 AND random() < 0.1 THEN 'world' ELSE 'a' || 1 + (source + trunc(random() * 8)::int) % 9 END,
		round((random() * 40)::numeric, CASE code WHEN 'USD' THEN 2 ELSE 0 END), code)::ledger.posting;
END
$$;
-- Most of the parts asked for are what there is, some nothing or too much.
CREATE FUNCTION pg_temp.random_parts(amounts numeric[], assets text[]) RETURNS numeric[] LANGUAGE sql AS $$
	SELECT CASE WHEN random() < 0.3 THEN NULL ELSE array_agg(CASE WHEN r < 0.2 THEN 0 WHEN r < 0.25 THEN amount + 1
		WHEN r < 0.4 THEN amount ELSE trunc(amount * r::numeric, CASE asset WHEN 'USD' THEN 2 ELSE 0 END) END ORDER BY i) END
	FROM (SELECT *, random() AS r FROM unnest(amounts, assets) WITH ORDINALITY u(amount, asset, i)) u
$$;
CREATE FUNCTION pg_temp.play(steps int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	chosen text;
	target bigint;
	amounts numeric[];
	assets text[];
	asked numeric[];
	final boolean;
	postings ledger.posting[];
	r ledger.receipt;
BEGIN
	FOR n IN 1..steps LOOP
		chosen := (ARRAY['post', 'hold', 'hold', 'capture', 'capture', 'capture', 'void', 'reverse', 'reverse', 'batch'])
			[1 + trunc(random() * 10)];
		target := NULL;
		asked := NULL;
		final := random() < 0.4;
		IF chosen IN ('capture', 'void', 'reverse') THEN
			SELECT a.transaction, a.amounts, a.assets INTO target, amounts, assets
				FROM (SELECT * FROM answer a WHERE CASE chosen WHEN 'reverse' THEN a.code = 'posted' ELSE a.code = 'held' END
					ORDER BY a.n DESC LIMIT 30) a ORDER BY random() LIMIT 1;
			CONTINUE WHEN target IS NULL;
			asked := pg_temp.random_parts(amounts, assets);
		ELSE
			postings := ARRAY(SELECT pg_temp.random_posting() FROM generate_series(1, 1 + (n % 3)));
			amounts := ARRAY(SELECT p.amount FROM unnest(postings) WITH ORDINALITY p(s, d, amount, a, i) ORDER BY i);
			assets := ARRAY(SELECT p.asset FROM unnest(postings) WITH ORDINALITY p(s, d, amount, asset, i) ORDER BY i);
		END IF;
		CASE chosen
			WHEN 'post' THEN
				r := ledger.try_post_transaction('holds', postings);
			WHEN 'hold' THEN
				r := ledger.try_hold_transaction('holds', postings);
			WHEN 'capture' THEN
				r := ledger.try_capture('holds', target, NULL, final, asked);
			WHEN 'void' THEN
				r := ledger.try_void('holds', target);
			WHEN 'reverse' THEN
				r := ledger.try_reverse('holds', target, amounts => asked);
			ELSE
				INSERT INTO item
				SELECT n, b.i, count(*) FILTER (WHERE NOT linked) OVER (ORDER BY b.i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
					b.code, b.transaction, b.balances
				FROM (SELECT array_agg((p).source ORDER BY i) s, array_agg((p).destination ORDER BY i) d, array_agg((p).amount ORDER BY i) a,
						array_agg((p).asset ORDER BY i) c, array_agg(i < 12 AND i % 7 <> n % 7 AND link < 0.5 ORDER BY i) l
					FROM (SELECT i, pg_temp.random_posting() AS p, random() AS link FROM generate_series(1, 12) i) g) g,
					ledger.post_batch('holds', s, d, a, c, linked => l, atomic => false)
						WITH ORDINALITY b(status, transaction, position, recorded_at, code, message, detail, balances, amounts, violations, i),
					LATERAL (SELECT g.l[b.i] AS linked) k;
				CONTINUE;
		END CASE;
		-- of a reversal, the last posting comes first
		INSERT INTO answer VALUES (n, chosen, target, asked, final, coalesce(r.code, r.status), r.transaction,
			CASE chosen WHEN 'reverse' THEN ARRAY(SELECT a FROM unnest(coalesce(asked, amounts)) WITH ORDINALITY u(a, i) ORDER BY i DESC)
				ELSE coalesce(asked, amounts) END,
			CASE chosen WHEN 'reverse' THEN ARRAY(SELECT a FROM unnest(assets) WITH ORDINALITY u(a, i) ORDER BY i DESC) ELSE assets END);
	END LOOP;
END
$$;
SELECT pg_temp.play(3000);
CREATE TEMP TABLE hold AS SELECT * FROM ledger.hold WHERE ledger = 'holds';
CREATE TEMP TABLE balance AS SELECT * FROM ledger.balance WHERE ledger = 'holds';
CREATE TEMP TABLE posting AS
SELECT t.transaction, t.kind, t.related, p.* FROM ledger.transactions('holds', max_rows => NULL) t,
	unnest(t.postings) WITH ORDINALITY p(source, destination, amount, asset, number);
ANALYZE;

SELECT cmp_ok((SELECT count(*) FROM answer WHERE what = 'hold' AND code = 'held'), '>', 200::bigint, 'many holds were made');
SELECT cmp_ok((SELECT count(*) FROM answer WHERE what = 'capture' AND code = 'posted'), '>', 200::bigint, 'many captures');
SELECT cmp_ok((SELECT count(*) FROM answer WHERE what = 'reverse' AND code = 'posted'), '>', 50::bigint, 'many reversals');
SELECT cmp_ok((SELECT count(*) FROM answer WHERE code = 'voided'), '>', 30::bigint, 'many voids');
SELECT cmp_ok((SELECT count(DISTINCT code) FROM answer WHERE code ~ '^LG'), '>', 6::bigint, 'and many kinds of refusal');
SELECT set_eq($$SELECT DISTINCT code FROM answer WHERE code ~ '^[0-9]'$$, ARRAY[]::text[], 'none for anything internal');

-- Holds: what was held is captured, set free or left, and no more; captures are what the journal has.
SELECT is_empty('SELECT * FROM hold WHERE amount <> captured + voided + "left" OR least(captured, voided, "left") < 0',
	'captured, voided and left add up to what was held');
SELECT is_empty($$SELECT h.hold, h.number FROM hold h
	LEFT JOIN posting c ON c.kind = 'capture' AND c.related = h.hold AND c.number = h.number
	GROUP BY h.hold, h.number, h.captured HAVING coalesce(sum(c.amount), 0) <> h.captured$$, 'what was captured was posted');
SELECT is_empty($$SELECT h.hold, h.number FROM hold h
	JOIN posting c ON c.kind = 'capture' AND c.related = h.hold AND c.number = h.number
	WHERE (c.source, c.destination, c.asset) <> (h.source, h.destination, h.asset)$$, 'between the accounts that were held');
SELECT is_empty($$SELECT h.hold FROM hold h
	LEFT JOIN posting p ON p.kind = 'hold' AND p.transaction = h.hold AND p.number = h.number
	WHERE (p.source, p.destination, p.asset, p.amount) IS DISTINCT FROM (h.source, h.destination, h.asset, h.amount)$$,
	'transactions() tells what was held');
SELECT is_empty($$SELECT a.n FROM answer a JOIN hold h ON h.hold = a.on_record
	WHERE a.code IN ('posted', 'voided') AND a.what <> 'reverse' AND (a.final OR a.what = 'void' OR a.asked IS NULL) AND h."left" > 0$$, 'what was void or final left nothing');
SELECT is_empty($$SELECT n FROM answer WHERE what = 'capture' AND code IN ('LG201', 'LG202')$$, 'no capture lacked funds or room');
SELECT is_empty($$SELECT a.on_record FROM answer a JOIN answer b ON b.on_record = a.on_record AND b.n > a.n
	WHERE a.what = 'void' AND a.code = 'voided' AND b.what IN ('capture', 'void') AND b.code <> 'LG211'$$, 'a voided hold stays so');
SELECT is_empty($$SELECT a.on_record FROM answer a JOIN answer b ON b.on_record = a.on_record AND b.n > a.n
	WHERE a.what = 'capture' AND a.code = 'posted' AND a.final AND b.what IN ('capture', 'void') AND b.code <> 'LG211'$$,
	'and so does one that was captured finally');
-- Balances: held sums are those of the open holds, equal on both sides, and within the limits.
SELECT set_eq('SELECT address, asset, held_out FROM balance WHERE held_out <> 0',
	'SELECT source, asset, sum("left") FROM hold GROUP BY 1, 2 HAVING sum("left") <> 0', 'held outflow is what is left of holds');
SELECT set_eq('SELECT address, asset, held_in FROM balance WHERE held_in <> 0',
	'SELECT destination, asset, sum("left") FROM hold GROUP BY 1, 2 HAVING sum("left") <> 0', 'and so is held inflow');
SELECT is_empty('SELECT asset FROM balance GROUP BY asset HAVING sum(held_in) <> sum(held_out) OR sum(balance) <> 0',
	'sums of both sides are equal');
SELECT is_empty('SELECT * FROM balance WHERE available <> balance - held_out OR available < floor OR balance + held_in > ceiling',
	'what is available lies within the limits');
SELECT set_eq($$SELECT address, asset, balance, available, held_in, held_out FROM ledger.balances('holds')$$,
	'SELECT address, asset, balance, available, held_in, held_out FROM balance', 'the function tells what the view tells');
-- Reversals: each posting is the opposite of one, and never more of it than was moved.
SELECT is_empty($$SELECT r.transaction FROM posting r
	JOIN (SELECT transaction, max(number) AS count FROM posting GROUP BY 1) n ON n.transaction = r.related
	LEFT JOIN posting o ON o.transaction = r.related AND o.number = n.count + 1 - r.number
	WHERE r.kind = 'reversal' AND (r.source, r.destination, r.asset) IS DISTINCT FROM (o.destination, o.source, o.asset)$$,
	'reversals are the opposite, the last posting first');
CREATE TEMP TABLE undone AS
SELECT o.transaction, o.number, o.amount, coalesce(sum(r.amount), 0) AS reversed
FROM posting o JOIN (SELECT transaction, max(number) AS count FROM posting GROUP BY 1) n USING (transaction)
	LEFT JOIN posting r ON r.kind = 'reversal' AND r.related = o.transaction AND r.number = n.count + 1 - o.number
WHERE o.kind <> 'hold' GROUP BY 1, 2, 3;
SELECT is_empty('SELECT * FROM undone WHERE reversed > amount', 'nothing was reversed by more than it moved');
SELECT is_empty($$SELECT a.on_record FROM answer a JOIN undone u ON u.transaction = a.on_record
	WHERE a.what = 'reverse' AND a.code = 'LG221' AND u.reversed < u.amount$$, 'what is reversed already is so wholly');
SELECT is_empty($$SELECT a.on_record FROM answer a JOIN answer b ON b.on_record = a.on_record AND b.n > a.n
	WHERE a.what = 'reverse' AND (a.code = 'posted' AND a.asked IS NULL OR a.code = 'LG221') AND b.what = 'reverse'
		AND b.code <> 'LG221'$$,
	'and stays so');
-- Batches: a chain happens wholly or not at all, by the code of one; receipts tell what the entries say.
SELECT is_empty($$SELECT batch, chain FROM item GROUP BY 1, 2 HAVING count(transaction) NOT IN (0, count(*))
	OR count(transaction) = 0 AND count(*) FILTER (WHERE code <> 'LG206') = 0$$, 'chains happened wholly or not at all');
SELECT cmp_ok((SELECT count(*) FROM (SELECT FROM item GROUP BY batch, chain HAVING count(*) > 1 AND count(transaction) = 0) c),
	'>', 50::bigint, 'many did not');
SELECT is_empty($$SELECT i.batch, i.n FROM item i, unnest(i.states) s
	LEFT JOIN ledger.entry e ON e.ledger = 'holds' AND e.address = s.address AND e.asset = s.asset AND e.version = s.version
	WHERE i.transaction IS NOT NULL AND CASE WHEN s.address IN ('world', 'a2', 'a3', 'a6', 'a8') THEN (s.balance, s.version) IS DISTINCT FROM (NULL::numeric, NULL::bigint)
		ELSE (e.balance, e.transaction) IS DISTINCT FROM (s.balance, i.transaction) END$$,
	'receipts tell what the entries say');
SELECT is_empty($$SELECT * FROM ledger.verify('holds')$$, 'ledger.verify() agrees');

SELECT * FROM finish();
ROLLBACK;
