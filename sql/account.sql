-- Ledgers and accounts: opening, limits, freezing, closing.
\set ECHO none
\getenv source PG_ABS_SRCDIR
\set common :source '/sql/include/common.sql'
\include :common
\pset format unaligned
\set ECHO all
SELECT ledger.create_ledger('account');
SELECT name, auto_open, metadata, created_at > now() - interval '1 hour' AS now FROM ledger.ledger WHERE name = 'account';
SELECT ledger.create_ledger('account.strict-2_X', auto_open => false, metadata => '{"owner": "test"}');
SELECT name, auto_open, metadata FROM ledger.ledger WHERE name ~ '^account\.';
SELECT name, try FROM unnest(ARRAY[NULL, '', 'account', 'a b', 'a:b', 'a/b', repeat('x', 64), E'a\n', 'Account', repeat('x', 63)])
	WITH ORDINALITY u(name, n),
	pg_temp.try(format('SELECT ledger.create_ledger(%L)', name)) ORDER BY n;
SELECT pg_temp.try($$SELECT ledger.create_ledger('account2', auto_open => NULL)$$),
	pg_temp.try($$SELECT ledger.create_ledger('account2', metadata => NULL)$$),
	pg_temp.try($$SELECT ledger.create_ledger('account2', metadata => '[]')$$);

-- Every ledger has the account world, which has no limits.
SELECT address, status, any_asset, assets, floor, ceiling, metadata FROM ledger.account WHERE ledger LIKE 'account%';

-- Opening: for every asset, for one, with limits, with metadata.
SELECT ledger.open_account('account', 'plain'), ledger.open_account('account', 'every', floor => -10, ceiling => 20.5,
	metadata => '{"a": 1}'),
	ledger.open_account('account', 'one', 'USD', -5, 50), ledger.open_account('account', 'free', floor => NULL);
SELECT address, status, any_asset, assets, floor, ceiling, metadata, opened_at > now() - interval '1 hour' AS now
FROM ledger.account WHERE ledger = 'account' AND address <> 'world' ORDER BY address;
SELECT address, asset, balance, available, floor, ceiling, version, status FROM ledger.balance
	WHERE ledger = 'account' ORDER BY 1, 2;
-- A further asset, with limits of its own, and metadata joined to what is there.
SELECT ledger.open_account('account', 'one', 'EUR', NULL, 7, metadata => '{"b": 2}'),
	ledger.open_account('account', 'every', 'JPY', metadata => '{"a": 3, "b": 2}');
SELECT address, any_asset, assets, floor, ceiling, metadata FROM ledger.account WHERE ledger = 'account'
	AND address IN ('one', 'every') ORDER BY 1;
SELECT address, asset, floor, ceiling FROM ledger.balance WHERE ledger = 'account' ORDER BY 1, 2;

-- What cannot be opened.
CREATE TEMP TABLE bad (n int GENERATED ALWAYS AS IDENTITY, arguments text);
INSERT INTO bad (arguments) VALUES
	($$'account', 'plain'$$), ($$'account', 'world'$$), ($$'account', 'one', 'USD'$$), ($$'nowhere', 'a'$$), ($$NULL, 'a'$$),
		($$'account', NULL$$),
	($$'account', ''$$), ($$'account', 'a::b'$$), ($$'account', 'a b'$$), ($$'account', repeat('x', 513)$$),
	($$'account', 'a', 'NOPE'$$), ($$'account', 'a', ''$$), ($$'account', 'a', 'USD', 1$$), ($$'account', 'a', 'USD', -1, -0.5$$),
		($$'account', 'a', NULL, 5, 4$$),
	($$'account', 'a', 'USD', -1.001$$), ($$'account', 'a', 'USD', 0, 1.001$$), ($$'account', 'a', 'JPY', -0.5$$),
	($$'account', 'a', 'USD', 'NaN'$$), ($$'account', 'a', 'USD', '-Infinity'$$), ($$'account', 'a', NULL, 0, 'Infinity'$$),
	($$'account', 'a', 'USD', -1e36$$), ($$'account', 'a', 'USD', 0, 1e36$$), ($$'account', 'a', NULL, -1e38$$),
	($$'account', 'a', metadata => NULL$$), ($$'account', 'a', metadata => '"x"'$$);
SELECT arguments, try FROM bad, pg_temp.try(format('SELECT ledger.open_account(%s)', arguments)) ORDER BY n;
SELECT count(*) FROM ledger.account WHERE ledger = 'account' AND address = 'a';

-- The account's limits hold for every asset, in each asset's own unit, from the first posting on.
SELECT status, balances FROM ledger.try_post('account', 'every', 'world', 10, 'USD');
SELECT status, code, detail FROM ledger.try_post('account', 'every', 'world', 0.01, 'USD');
SELECT status, balances FROM ledger.try_post('account', 'world', 'every', 20, 'CLP');
SELECT status, code, detail FROM ledger.try_post('account', 'world', 'every', 1, 'CLP');
SELECT status, balances FROM ledger.try_post('account', 'world', 'every', 20.5, 'BHD');
SELECT status, code, detail FROM ledger.try_post('account', 'world', 'every', 0.001, 'BHD');
SELECT asset, floor, ceiling FROM ledger.balance WHERE ledger = 'account' AND address = 'every' ORDER BY 1;
SELECT status, balances FROM ledger.try_post('account', 'free', 'world', 1e20, 'USD');

-- Limits finer than an asset's unit, or beyond its range, are the nearest within.
SELECT ledger.create_asset('ACC30', 30);
SELECT ledger.open_account('account', 'fine', floor => -1.123456789012345678901234567890, ceiling => 1.999);
SELECT ledger.open_account('account', 'vast', floor => -1e37, ceiling => 1e37);
SELECT count(*) FROM unnest(ARRAY['fine', 'vast']) a, unnest(ARRAY['ACC30', 'USD', 'JPY', 'CLF']) s,
	ledger.post('account', 'world', a, 1, s);
SELECT address, asset, floor, ceiling FROM ledger.balance WHERE ledger = 'account' AND address IN ('fine', 'vast') ORDER BY 1, 2;
SELECT status, balances[2] FROM ledger.try_post('account', 'world', 'vast', 99999997.999999999999999999999999999999, 'ACC30');

-- set_limits: one asset, then the default with every balance that has none of its own.
SELECT ledger.set_limits('account', 'every', 'USD', -10, 100);
SELECT ledger.set_limits('account', 'every', NULL, 0, NULL);
SELECT asset, floor, ceiling, balance FROM ledger.balance WHERE ledger = 'account' AND address = 'every' ORDER BY 1;
SELECT floor, ceiling FROM ledger.account WHERE ledger = 'account' AND address = 'every';
SELECT status, balances FROM ledger.try_post('account', 'world', 'every', 1, 'CLP');
SELECT ledger.set_limits('account', 'every', 'CLP', NULL, 21);
SELECT status, code FROM ledger.try_post('account', 'world', 'every', 1, 'CLP');
SELECT status, balances FROM ledger.try_post('account', 'every', 'world', 1000, 'CLP');
-- A floor above zero is possible for a balance that has the money.
SELECT ledger.set_limits('account', 'every', 'BHD', 20, 20.5);
SELECT status, code FROM ledger.try_post('account', 'every', 'world', 0.501, 'BHD');

TRUNCATE bad;
INSERT INTO bad (arguments) VALUES
	($$'account', 'every', 'USD', 0, NULL$$), ($$'account', 'every', 'USD', NULL, -10.01$$),
		($$'account', 'every', 'BHD', 20.501, NULL$$),
	($$'account', 'every', NULL, 1, NULL$$), ($$'account', 'every', NULL, NULL, -1$$), ($$'account', 'free', NULL, 0, NULL$$),
	($$'account', 'every', 'USD', 5, 4$$), ($$'account', 'every', 'USD', 0.001, NULL$$),
		($$'account', 'every', 'USD', 'NaN', NULL$$),
	($$'account', 'every', 'USD', NULL, 'Infinity'$$), ($$'account', 'every', 'USD', NULL, 1e36$$),
		($$'account', 'every', 'NOPE', 0, NULL$$),
	($$'account', 'every', 'CHF', 0, NULL$$), ($$'account', 'nobody', NULL, 0, NULL$$), ($$'account', 'nobody', 'USD', 0, NULL$$),
	($$'account', 'no body', 'USD', 0, NULL$$), ($$'account', NULL, 'USD', 0, NULL$$), ($$'nowhere', 'every', 'USD', 0, NULL$$),
		($$NULL, 'every', 'USD', 0, NULL$$);
SELECT arguments, try FROM bad, pg_temp.try(format('SELECT ledger.set_limits(%s)', arguments)) ORDER BY n;
SELECT asset, floor, ceiling FROM ledger.balance WHERE ledger = 'account' AND address = 'every' ORDER BY 1;

-- Frozen: nothing in, nothing out, in no asset; then open again.
SELECT ledger.freeze('account', 'plain');
SELECT status, code, message FROM ledger.try_post('account', 'world', 'plain', 1, 'USD');
SELECT ledger.unfreeze('account', 'plain');
SELECT status FROM ledger.try_post('account', 'world', 'plain', 1, 'USD');
SELECT ledger.freeze('account', 'plain');
SELECT ledger.freeze('account', 'plain');
SELECT status, code, message FROM ledger.try_post('account', 'plain', 'world', 1, 'USD');
SELECT status, code, message FROM ledger.try_post('account', 'plain', 'world', 0, 'USD');
SELECT status, code, message FROM ledger.try_post('account', 'world', 'plain', 1, 'EUR');
SELECT ledger.open_account('account', 'plain', 'GBP');
SELECT address, asset, status FROM ledger.balance WHERE ledger = 'account' AND address = 'plain' ORDER BY 2;
SELECT status, code FROM ledger.try_post('account', 'world', 'plain', 1, 'GBP');
SELECT ledger.set_limits('account', 'plain', 'GBP', 0, 5);
SELECT ledger.unfreeze('account', 'plain');
SELECT ledger.unfreeze('account', 'plain');
SELECT status FROM ledger.try_post('account', 'world', 'plain', 1, 'GBP');
-- world, too: then no money enters or leaves.
SELECT ledger.freeze('account', 'world');
SELECT status, code FROM ledger.try_post('account', 'world', 'plain', 1, 'USD');
SELECT status, code FROM ledger.try_post('account', 'plain', 'other', 1, 'USD');
SELECT ledger.unfreeze('account', 'world');

-- Closed: only when empty in every asset, and for good.
SELECT pg_temp.try($$SELECT ledger.close_account('account', 'plain')$$);
SELECT status FROM ledger.post_transaction('account', '{"(plain,world,1,GBP)"}');
SELECT ledger.close_account('account', 'plain');
SELECT status FROM ledger.account WHERE ledger = 'account' AND address = 'plain';
SELECT address, asset, status, balance FROM ledger.balance WHERE ledger = 'account' AND address = 'plain' ORDER BY 2;
SELECT asset, code, message FROM unnest(ARRAY['USD', 'CHF']) asset, ledger.try_post('account', 'world', 'plain', 0, asset);
SELECT command, try FROM unnest(ARRAY['close_account(%L, %L)', 'freeze(%L, %L)', 'unfreeze(%L, %L)', 'open_account(%L, %L)',
	'open_account(%L, %L, ''CHF'')', 'set_limits(%L, %L, ''USD'', 0, NULL)']) WITH ORDINALITY c(command, n),
	pg_temp.try('SELECT ledger.' || format(command, 'account', 'plain')) ORDER BY n;
-- An account that was never used, and one that is frozen, may be closed; world never.
SELECT ledger.open_account('account', 'unused'), ledger.close_account('account', 'unused');
SELECT ledger.open_account('account', 'cold', 'USD'), ledger.freeze('account', 'cold'), ledger.close_account('account', 'cold');
SELECT ledger.open_account('account', 'debtor', 'USD', -5);
SELECT status FROM ledger.post('account', 'debtor', 'world', 5, 'USD');
SELECT pg_temp.try($$SELECT ledger.close_account('account', 'debtor')$$);
SELECT pg_temp.try($$SELECT ledger.close_account('account', 'world')$$);

-- Unknown, malformed or no names.
SELECT command, arguments, try FROM unnest(ARRAY['freeze', 'unfreeze', 'close_account']) command,
	unnest(ARRAY[$$'account', 'nobody'$$, $$'account', 'no body'$$, $$'account', NULL$$, $$'nowhere', 'a'$$, $$NULL, 'a'$$])
		WITH ORDINALITY a(arguments, n),
	pg_temp.try(format('SELECT ledger.%s(%s)', command, arguments)) ORDER BY 1, n;

-- A ledger that does not open accounts: only what was opened, and only for the assets it was opened for.
\set strict account.strict-2_X
SELECT ledger.open_account(:'strict', 'any'), ledger.open_account(:'strict', 'usd', 'USD', ceiling => 10);
SELECT status, code, message FROM ledger.try_post(:'strict', 'world', 'new', 1, 'USD');
SELECT status, code, message FROM ledger.try_post(:'strict', 'new', 'any', 1, 'USD');
SELECT status, code, message FROM ledger.try_post(:'strict', 'world', 'usd', 1, 'EUR');
SELECT status, code FROM ledger.try_post(:'strict', 'world', 'usd', 1, 'USD');
SELECT status, code FROM ledger.try_post(:'strict', 'world', 'any', 1, 'EUR');
SELECT address, any_asset, assets FROM ledger.account WHERE ledger = :'strict' ORDER BY 1;
SELECT ledger.balance(:'strict', 'any', 'CHF');
SELECT ledger.balance(:'strict', 'usd', 'EUR');
SELECT ledger.balance(:'strict', 'new', 'USD');
SELECT ledger.statement(:'strict', 'usd', 'EUR');
SELECT pg_temp.try($$SELECT ledger.open_account('account.strict-2_X', 'usd')$$);
SELECT * FROM ledger.verify('account');
SELECT * FROM ledger.verify('account.strict-2_X');
