-- Assets: ISO 4217 from the start, and one's own.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
-- Known currencies and their minor units, from the standard.
SELECT w.code, w.scale, a.scale IS NOT DISTINCT FROM w.scale AS right, a.name
	FROM (VALUES ('USD', 2), ('EUR', 2), ('GBP', 2), ('CHF', 2), ('CNY', 2), ('INR', 2), ('MXN', 2),
	('JPY', 0), ('KRW', 0), ('CLP', 0), ('ISK', 0), ('VND', 0), ('XAF', 0), ('XOF', 0), ('XPF', 0), ('UGX', 0), ('PYG', 0),
		('RWF', 0), ('UYI', 0), ('VUV', 0), ('BIF', 0), ('DJF', 0), ('GNF', 0), ('KMF', 0),
	('BHD', 3), ('IQD', 3), ('JOD', 3), ('KWD', 3), ('LYD', 3), ('OMR', 3), ('TND', 3), ('CLF', 4), ('UYW', 4), ('HUF', 2),
		('MGA', 2), ('MRU', 2), ('COP', 2), ('TWD', 2)) w(code, scale)
	LEFT JOIN ledger.asset a USING (code) ORDER BY w.code;
SELECT count(*) > 150 AS all, count(*) FILTER (WHERE code !~ '^[A-Z]{3}$') AS malformed,
	count(*) FILTER (WHERE name IS NULL) AS nameless,
	count(*) FILTER (WHERE scale NOT IN (0, 2, 3, 4)) AS odd, count(*) - count(DISTINCT code) AS twice FROM ledger.asset
		WHERE iso_4217;
SELECT scale, count(*) FROM ledger.asset WHERE iso_4217 AND scale <> 2 GROUP BY scale ORDER BY scale;
-- No codes for funds of metal, tests or nothing: they have no minor unit.
SELECT code FROM ledger.asset WHERE code IN ('XAU', 'XAG', 'XPT', 'XPD', 'XTS', 'XXX', 'XDR', 'XUA', 'XBA');

-- One's own.
SELECT ledger.create_asset('ASSET.points', 0), ledger.create_asset('ASSET_8', 8, 'Eight decimals'),
	ledger.create_asset('A/b-c.d_e', 30), ledger.create_asset('asset_8', 2);
SELECT code, scale, name, iso_4217 FROM ledger.asset WHERE code ~ '^(asset|A/b)' OR code LIKE 'ASSET%' ORDER BY code COLLATE "C";
SELECT arguments, try FROM unnest(ARRAY[
	$$'USD', 2$$, $$'ASSET_8', 2$$, $$'', 2$$, $$'1X', 2$$, $$'A B', 2$$, $$'A:B', 2$$, $$'A*', 2$$, $$repeat('X', 33), 2$$,
		$$E'A\n', 2$$,
	$$'ASSET_X', -1$$, $$'ASSET_X', 31$$, $$'ASSET_X', NULL$$, $$NULL, 2$$, $$repeat('X', 32), 2$$])
		WITH ORDINALITY p(arguments, n),
	pg_temp.try(format('SELECT ledger.create_asset(%s)', arguments)) ORDER BY n;
-- A new asset is known at once, also within the transaction that makes it; rolled back it is gone.
SELECT ledger.create_ledger('asset');
BEGIN;
SELECT status, code FROM ledger.try_post('asset', 'world', 'a', 1, 'ASSET_tx');
SELECT ledger.create_asset('ASSET_tx', 5);
SELECT status, balances FROM ledger.try_post('asset', 'world', 'a', 0.00001, 'ASSET_tx');
ROLLBACK;
SELECT status, code FROM ledger.try_post('asset', 'world', 'a', 1, 'ASSET_tx');
SELECT ledger.create_asset('ASSET_tx', 1);
SELECT status, balances FROM ledger.try_post('asset', 'world', 'a', 0.1, 'ASSET_tx');
SELECT status, balances FROM ledger.try_post('asset', 'world', 'a', 0.01, 'ASSET_tx');
-- Codes are told apart by case.
SELECT status, balances FROM ledger.post_transaction('asset', '{"(world,a,1,ASSET_8)","(world,a,2,asset_8)"}');
SELECT * FROM ledger.balances('asset', 'a');
SELECT * FROM ledger.verify('asset');
