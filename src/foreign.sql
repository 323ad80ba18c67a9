-- foreign: histories of other ledgers, posted again with their own times, keys and names.
-- The work is done by functions of ledger_data with the rights of the caller, through the functions and views of schema
-- ledger only; they are called by their bodies' early binding, as nobody may look names up in ledger_data. The query runs
-- along the caller's search_path, to its end, before anything is posted.

CREATE TYPE ledger.foreign_receipt AS (
	lines bigint,
	posted bigint,
	replayed bigint,
	reversed bigint,
	metadata_changes bigint,
	without_floor bigint
);
COMMENT ON TYPE ledger.foreign_receipt IS
'What became of an import: lines (of hledger: transactions) read; transactions posted; lines that had been imported before; transactions reversed; changes of metadata, of accounts and transactions, and schemas; balances (of hledger: accounts) that were given no floor.';

CREATE FUNCTION ledger_data.foreign_formance(into_ledger text, query text, path text) RETURNS ledger.foreign_receipt
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	done ledger.foreign_receipt := ROW(0, 0, 0, 0, 0, 0);
	statement text := format(E'WITH lines(line) AS MATERIALIZED (%s\n) SELECT line::text FROM lines', rtrim(query, E' \t\r\n;'));
	lines refcursor;
	line text;
	number bigint := 0;
	log jsonb;
	kind text;
	data jsonb;
	tx jsonb;
	previous_id numeric := -1;
	key text;
	target text;
	target_number bigint;
	numbers bigint[];			-- by Formance's id plus one: our number
	posting jsonb;
	postings ledger.posting[];
	tags ledger.tags;
	known jsonb := '{}';		-- Formance's asset: our code and its scale
	parts text[];
	new_code text;
	new_scale int;
	receipt ledger.receipt;
	account record;
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	IF into_ledger IS NULL OR query IS NULL THEN
		RAISE EXCEPTION '% must not be NULL', CASE WHEN into_ledger IS NULL THEN 'ledger' ELSE 'query' END
			USING ERRCODE = 'null_value_not_allowed';
	END IF;
	PERFORM ledger.lock_accounts(into_ledger, '{}', '{}');
	PERFORM set_config('search_path', path, true);
	OPEN lines SCROLL FOR EXECUTE statement;
	MOVE FORWARD ALL FROM lines;
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	MOVE ABSOLUTE 0 FROM lines;

	LOOP
		FETCH NEXT FROM lines INTO line;
		EXIT WHEN NOT FOUND;
		number := number + 1;
		CONTINUE WHEN line ~ '^\s*$';
		done.lines := done.lines + 1;
		log := line::jsonb;
		kind := log ->> 'type';
		data := log -> 'data';
		IF line IS NULL OR jsonb_typeof(log) <> 'object' OR kind IS NULL OR jsonb_typeof(data) IS DISTINCT FROM 'object' THEN
			RAISE EXCEPTION 'not a log of Formance Ledger' USING ERRCODE = 'LG403', HINT = 'Give one line of GET /v2/{ledger}/logs/export in each row.';
		ELSIF jsonb_typeof(log -> 'id') IS DISTINCT FROM 'number' OR (log ->> 'id')::numeric <= previous_id THEN
			RAISE EXCEPTION 'the log''s id is missing, or not above that of the log before' USING ERRCODE = 'LG403', HINT = 'Give the logs in their order.';
		END IF;
		previous_id := (log ->> 'id')::numeric;
		key := coalesce(nullif(log ->> 'idempotencyKey', ''), 'formance:' || previous_id);

		-- which transaction, or account, it is about, and what can be said wrong of it
		tx := data -> 'transaction';
		IF kind IN ('NEW_TRANSACTION', 'REVERTED_TRANSACTION') THEN
			IF jsonb_typeof(tx) IS DISTINCT FROM 'object' OR jsonb_typeof(tx -> 'id') IS DISTINCT FROM 'number'
					OR jsonb_typeof(tx -> 'postings') IS DISTINCT FROM 'array' OR jsonb_typeof(tx -> 'metadata') NOT IN ('object', 'null') THEN
				RAISE EXCEPTION 'the transaction lacks an id or postings, or its metadata is no object' USING ERRCODE = 'LG403';
			ELSIF coalesce(tx ->> 'timestamp', '') !~ '^\d{4,}-\d\d-\d\dT[0-9:.]+(Z|[-+]\d\d:\d\d)$' THEN
				RAISE EXCEPTION 'the transaction''s timestamp is missing or has another form than 2024-01-31T12:00:00Z' USING ERRCODE = 'LG403';
			END IF;
			-- the id is no tag that is looked for: each of those takes a lock
			tags := ROW(NULL, 'formance', NULL, NULL, NULL, tx ->> 'id', NULL);
			target := coalesce(data -> 'revertedTransaction' ->> 'id', data ->> 'revertedTransactionID');
		ELSIF kind IN ('SET_METADATA', 'DELETE_METADATA') THEN
			target := data ->> 'targetId';
			IF upper(data ->> 'targetType') NOT IN ('ACCOUNT', 'TRANSACTION') OR data ->> 'targetType' IS NULL OR target IS NULL THEN
				RAISE EXCEPTION 'metadata of neither an account nor a transaction' USING ERRCODE = 'LG403';
			ELSIF kind = 'SET_METADATA' AND (jsonb_typeof(data -> 'metadata') IS DISTINCT FROM 'object'
					OR EXISTS (SELECT FROM jsonb_each(data -> 'metadata') m WHERE jsonb_typeof(m.value) <> 'string'))
					OR kind = 'DELETE_METADATA' AND jsonb_typeof(data -> 'key') IS DISTINCT FROM 'string' THEN
				RAISE EXCEPTION 'metadata is missing, or is not an object of strings' USING ERRCODE = 'LG403';
			END IF;
		ELSIF kind <> 'INSERTED_SCHEMA' THEN
			RAISE EXCEPTION 'unknown kind "%"', left(kind, 80) USING ERRCODE = 'LG403',
				HINT = 'Known are NEW_TRANSACTION, REVERTED_TRANSACTION, SET_METADATA, DELETE_METADATA and INSERTED_SCHEMA.';
		END IF;
		target_number := NULL;
		IF kind = 'REVERTED_TRANSACTION' OR kind ~ '_METADATA$' AND upper(data ->> 'targetType') = 'TRANSACTION' THEN
			IF target ~ '^\d{1,8}$' THEN
				target_number := numbers[target::int + 1];
			END IF;
			IF target_number IS NULL THEN
				SELECT j.position INTO target_number FROM ledger.journal j
					WHERE j.ledger = into_ledger AND j.source_type = 'formance' AND j.correlation_id = target
						AND j.kind IN ('transaction', 'reversal');
			END IF;
			IF target_number IS NULL THEN
				RAISE EXCEPTION 'transaction % was not imported', coalesce(left(target, 80), 'without an id')
					USING ERRCODE = 'LG403', HINT = 'Import the logs from the first on.';
			END IF;
		END IF;

		IF kind = 'NEW_TRANSACTION' THEN
			postings := '{}';
			FOR posting IN SELECT p.value FROM jsonb_array_elements(tx -> 'postings') p LOOP
				IF jsonb_typeof(posting -> 'source') IS DISTINCT FROM 'string' OR jsonb_typeof(posting -> 'destination') IS DISTINCT FROM 'string'
						OR jsonb_typeof(posting -> 'amount') IS DISTINCT FROM 'number' THEN
					RAISE EXCEPTION 'a posting lacks source, destination or amount' USING ERRCODE = 'LG403';
				ELSIF (posting ->> 'amount')::numeric < 0 OR scale(trim_scale((posting ->> 'amount')::numeric)) > 0 THEN
					RAISE EXCEPTION 'amount % is negative or not whole', left(posting ->> 'amount', 80) USING ERRCODE = 'LG403';
				END IF;
				IF NOT known ? coalesce(posting ->> 'asset', '') THEN
					parts := regexp_match(posting ->> 'asset', '^([A-Z][A-Z0-9_]*)(?:/(\d{1,6}))?$');
					IF parts IS NULL THEN
						RAISE EXCEPTION 'asset "%" is malformed', coalesce(left(posting ->> 'asset', 80), 'null') USING ERRCODE = 'LG403';
					END IF;
					new_scale := coalesce(parts[2], '0');
					new_code := CASE WHEN EXISTS (SELECT FROM ledger.asset a WHERE a.code = parts[1] AND a.scale <> new_scale)
						THEN parts[1] || '/' || new_scale ELSE parts[1] END;
					IF EXISTS (SELECT FROM ledger.asset a WHERE a.code = new_code AND a.scale <> new_scale)
							OR EXISTS (SELECT FROM jsonb_each(known) k WHERE k.value ->> 'code' = new_code) THEN
						RAISE EXCEPTION 'asset "%" cannot be asset "%" here, which is another', posting ->> 'asset', new_code USING ERRCODE = 'LG403';
					ELSIF NOT EXISTS (SELECT FROM ledger.asset a WHERE a.code = new_code) THEN
						PERFORM ledger.create_asset(new_code, new_scale);
					END IF;
					known := known || jsonb_build_object(posting ->> 'asset', jsonb_build_object('code', new_code, 'unit', '1e-' || new_scale));
				END IF;
				-- a product is exact, a quotient would not be
				SELECT postings || array_agg(ROW(s.source, s.destination, (posting ->> 'amount')::numeric * (known -> (posting ->> 'asset') ->> 'unit')::numeric,
						known -> (posting ->> 'asset') ->> 'code')::ledger.posting ORDER BY s.n)
					INTO postings
					FROM (VALUES (1, posting ->> 'source', CASE WHEN posting ->> 'source' = posting ->> 'destination' THEN 'formance:self' ELSE posting ->> 'destination' END),
						(2, CASE WHEN posting ->> 'source' = posting ->> 'destination' THEN 'formance:self' END, posting ->> 'destination')) s(n, source, destination)
					WHERE s.source IS NOT NULL;
			END LOOP;

			-- refused where an account is not open or would be overdrawn: then that is changed, and the second try counts
			FOR try IN 1 .. 2 LOOP
				SELECT r.* INTO receipt FROM ledger.try_post_transaction(into_ledger, postings, idempotency_key => key,
					reference => nullif(tx ->> 'reference', ''), effective_at => (tx ->> 'timestamp')::timestamptz,
					metadata => nullif(tx -> 'metadata', 'null'), tags => tags) r;
				EXIT WHEN try = 2 OR receipt.status <> 'rejected' OR receipt.code NOT IN ('LG003', 'LG201');
				FOR account IN
					SELECT m.address, m.asset, b.address IS NOT NULL AS has_balance,
							coalesce(a.any_asset, false) AS any_asset, a.floor, CASE WHEN b.address IS NOT NULL THEN b.ceiling ELSE a.ceiling END AS ceiling,
							a.address IS NOT NULL AS has_account,
							coalesce(bool_or(m.moved < 0 AND coalesce(b.available, 0) + m.so_far
								< CASE WHEN b.address IS NOT NULL THEN b.floor WHEN a.address IS NOT NULL THEN a.floor ELSE 0 END), false) AS below
						FROM (SELECT s.address, p.asset, s.moved, min(p.n) OVER w AS first, sum(s.moved) OVER (w ORDER BY p.n) AS so_far
								FROM unnest(postings) WITH ORDINALITY p(source, destination, amount, asset, n),
									LATERAL (VALUES (p.source, -p.amount), (p.destination, p.amount)) s(address, moved)
								WINDOW w AS (PARTITION BY s.address, p.asset)) m
							LEFT JOIN ledger.balance b ON b.ledger = into_ledger AND b.address = m.address AND b.asset = m.asset
							LEFT JOIN ledger.account a ON a.ledger = into_ledger AND a.address = m.address
						GROUP BY m.address, m.asset, b.address, b.ceiling, a.address, a.any_asset, a.floor, a.ceiling
						ORDER BY min(m.first), m.address COLLATE "C"
				LOOP
					IF account.below AND account.has_balance THEN
						PERFORM ledger.set_limits(into_ledger, account.address, account.asset, NULL, account.ceiling);
					ELSIF account.below THEN
						PERFORM ledger.open_account(into_ledger, account.address, account.asset, NULL, account.ceiling);
					ELSIF receipt.code = 'LG003' AND NOT account.has_balance AND NOT account.any_asset THEN
						PERFORM ledger.open_account(into_ledger, account.address, account.asset, CASE WHEN account.has_account THEN account.floor ELSE 0 END, account.ceiling);
					END IF;
					done.without_floor := done.without_floor + account.below::int;
				END LOOP;
			END LOOP;
			done.posted := done.posted + (receipt.status = 'posted')::int;
		ELSIF kind = 'REVERTED_TRANSACTION' THEN
			IF data -> 'revertedTransaction' ? 'postings' AND EXISTS (
					(SELECT p ->> 'source', p ->> 'destination', p -> 'amount', p ->> 'asset' FROM jsonb_array_elements(tx -> 'postings') p
						EXCEPT ALL
						SELECT p ->> 'destination', p ->> 'source', p -> 'amount', p ->> 'asset' FROM jsonb_array_elements(data -> 'revertedTransaction' -> 'postings') p)
					UNION ALL
					(SELECT p ->> 'destination', p ->> 'source', p -> 'amount', p ->> 'asset' FROM jsonb_array_elements(data -> 'revertedTransaction' -> 'postings') p
						EXCEPT ALL
						SELECT p ->> 'source', p ->> 'destination', p -> 'amount', p ->> 'asset' FROM jsonb_array_elements(tx -> 'postings') p)) THEN
				RAISE EXCEPTION 'the reversal is not the opposite of transaction %', target USING ERRCODE = 'LG403';
			END IF;
			SELECT r.* INTO receipt FROM ledger.try_reverse(into_ledger, target_number, force => true, idempotency_key => key,
				reference => nullif(tx ->> 'reference', ''), effective_at => (tx ->> 'timestamp')::timestamptz,
				metadata => nullif(tx -> 'metadata', 'null'), tags => tags) r;
			done.reversed := done.reversed + (receipt.status = 'posted')::int;
		ELSE
			SELECT r.* INTO receipt FROM ledger.try_append(into_ledger, kind,
				data || CASE WHEN target_number IS NULL THEN '{}' ELSE jsonb_build_object('transaction', target_number) END,
				source_type => 'formance', correlation_id => CASE WHEN target_number IS NOT NULL THEN target END, idempotency_key => key) r;
			done.metadata_changes := done.metadata_changes + (receipt.status = 'appended')::int;
		END IF;
		IF receipt.status = 'rejected' THEN
			RAISE EXCEPTION USING MESSAGE = receipt.message, ERRCODE = receipt.code, DETAIL = coalesce(receipt.detail, ''),
				HINT = CASE WHEN receipt.code = 'LG301' THEN 'Another log with this id or idempotency key was imported before: import each ledger of theirs into one of its own.' ELSE '' END;
		END IF;
		IF kind IN ('NEW_TRANSACTION', 'REVERTED_TRANSACTION') AND receipt.transaction IS NOT NULL AND tx ->> 'id' ~ '^\d{1,8}$' THEN
			numbers[(tx ->> 'id')::int + 1] := receipt.transaction;
		END IF;
		IF receipt.status = 'replayed' THEN
			done.replayed := done.replayed + 1;
			CONTINUE;
		END IF;

		FOR account IN
			SELECT m.key AS address, m.value AS metadata
				FROM jsonb_each(CASE
					WHEN kind = 'NEW_TRANSACTION' THEN coalesce(nullif(data -> 'accountMetadata', 'null'), '{}')
					WHEN target_number IS NOT NULL THEN '{}'
					WHEN kind = 'SET_METADATA' THEN jsonb_build_object(target, data -> 'metadata')
					WHEN kind = 'DELETE_METADATA' THEN jsonb_build_object(target, jsonb_build_object(data ->> 'key', NULL))
					ELSE '{}' END) m
				ORDER BY m.key COLLATE "C"
		LOOP
			IF NOT EXISTS (SELECT FROM ledger.account a WHERE a.ledger = into_ledger AND a.address = account.address) THEN
				PERFORM ledger.open_account(into_ledger, account.address);
			END IF;
			PERFORM ledger.set_metadata(into_ledger, account.address, account.metadata);
			done.metadata_changes := done.metadata_changes + (kind = 'NEW_TRANSACTION')::int;
		END LOOP;
	END LOOP;
	IF done.without_floor > 0 THEN
		RAISE NOTICE 'balances that have no floor now, as their history takes them below it: %', done.without_floor;
	END IF;
	RETURN done;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	-- what is not the line's fault keeps its code, so that drivers try again or give up as ever
	IF number = 0 OR left(state, 2) NOT IN ('LG', '22') THEN
		RAISE;
	END IF;
	RAISE EXCEPTION 'line %: %', number, message USING ERRCODE = 'LG403',
		DETAIL = concat_ws(': ', nullif(state, 'LG403'), coalesce(nullif(detail, ''), 'The line begins with ' || coalesce(left(line, 100), 'NULL'))),
		HINT = coalesce(nullif(hint, ''), 'Correct it and import again: nothing was imported.');
END
$$;
COMMENT ON FUNCTION ledger_data.foreign_formance(text, text, text) IS
'Does the work of ledger.import_formance, with the rights of the caller. path: the caller''s search_path, along which the query runs.';
REVOKE ALL ON FUNCTION ledger_data.foreign_formance(text, text, text) FROM PUBLIC;

CREATE FUNCTION ledger.import_formance(ledger text, query text) RETURNS ledger.foreign_receipt
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT ledger_data.foreign_formance($1, $2, current_setting('search_path'));
	END;
COMMENT ON FUNCTION ledger.import_formance(text, text) IS
'Imports the log of a ledger of Formance Ledger, version 2, in the caller''s transaction: all or nothing. query: runs with the caller''s rights, to its end before anything is posted; its first column has one line of GET /v2/{ledger}/logs/export in each row, as text or JSON, in order; blank rows are skipped. Every line keeps its idempotency key or gets the key formance:<id of the log>, so that a later export, from its first line or from any other, is taken up where the last ended. Transactions keep timestamp (as effective_at), reference, metadata and postings; their ids are kept as correlation_id, with the tag source_type formance. Asset USD/2 becomes USD if that has 2 decimals here or is not here yet, else USD/2; assets that are missing are created. A balance whose history goes below its floor gets none, and a notice tells how many; a posting from an account to itself goes by way of formance:self; reversals are forced. Metadata of accounts is set; changes of a transaction''s metadata, and schemas, are appended as events. Errors: LG403 with the line''s number, for a malformed line, an unknown kind, a malformed address, or what is refused; 22004 NULL; LG001 unknown ledger; 42501 without the right "post", or "admin" where an asset, metadata or a floor is needed (an asset: on all ledgers); 25006 read-only; 40001 run again; and the query''s own. Locks: those of ledger.post and ledger.set_limits for all lines.';
REVOKE ALL ON FUNCTION ledger.import_formance(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.foreign_hledger(into_ledger text, query text, commodities jsonb, path text) RETURNS ledger.foreign_receipt
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	done ledger.foreign_receipt := ROW(0, 0, 0, 0, 0, 0);
	statement text := format(E'WITH lines(line) AS MATERIALIZED (%s\n) SELECT line::text FROM lines', rtrim(query, E' \t\r\n;'));
	lines refcursor;
	line text;
	pieces text[];
	number bigint := 0;
	place text;
	item jsonb;
	tx jsonb;
	previous_date date := '-infinity';
	symbols text[];
	known jsonb := '{}';		-- account there: address here
	codes jsonb := '{}';		-- commodity: asset
	today jsonb;				-- how often each transaction of this date was met
	name text;
	key text;
	new_address text;
	new_code text;
	hash text;
	account record;
	unbalanced record;
	postings ledger.posting[];
	receipt ledger.receipt;
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	IF into_ledger IS NULL OR query IS NULL THEN
		RAISE EXCEPTION '% must not be NULL', CASE WHEN into_ledger IS NULL THEN 'ledger' ELSE 'query' END
			USING ERRCODE = 'null_value_not_allowed';
	ELSIF jsonb_typeof(commodities) <> 'object' OR EXISTS (
			SELECT FROM jsonb_each(CASE jsonb_typeof(commodities) WHEN 'object' THEN commodities ELSE '{}' END) c WHERE jsonb_typeof(c.value) <> 'string') THEN
		RAISE EXCEPTION 'commodities is not a JSON object of strings'
			USING ERRCODE = 'LG107', HINT = 'Give an object such as {"$": "USD", "€": "EUR"}.';
	END IF;
	-- the longest first, as US$ has $ in it
	symbols := ARRAY(SELECT c.key FROM jsonb_each(commodities) c WHERE c.key ~ '[^A-Za-z0-9_.@:-]' ORDER BY length(c.key) DESC, c.key COLLATE "C");
	PERFORM ledger.lock_accounts(into_ledger, '{}', '{}');
	PERFORM set_config('search_path', path, true);
	OPEN lines SCROLL FOR EXECUTE statement;
	MOVE FORWARD ALL FROM lines;
	PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
	MOVE ABSOLUTE 0 FROM lines;

	LOOP
		FETCH NEXT FROM lines INTO line;
		EXIT WHEN NOT FOUND;
		number := number + 1;
		place := format('line %s', number);
		CONTINUE WHEN line ~ '^\s*$';
		BEGIN
			item := line::jsonb;
		EXCEPTION WHEN data_exception THEN
			-- as hledger prints it, over many lines, each of them a row: all of them are one value
			IF btrim(line, E' \t\r\n') NOT IN ('[', '{') OR done.lines > 0 THEN
				RAISE;
			END IF;
			LOOP
				pieces := pieces || line;
				FETCH NEXT FROM lines INTO line;
				EXIT WHEN NOT FOUND;
			END LOOP;
			item := array_to_string(pieces, E'\n')::jsonb;
		END;
		FOR tx IN SELECT t.value FROM jsonb_array_elements(CASE jsonb_typeof(item) WHEN 'array' THEN item ELSE jsonb_build_array(item) END) t LOOP
			done.lines := done.lines + 1;
			place := format('line %s, transaction %s', number, done.lines);
			IF jsonb_typeof(tx) <> 'object' OR coalesce(tx ->> 'tdate', '') !~ '^\d{4,}-\d\d-\d\d$' OR jsonb_typeof(tx -> 'tpostings') IS DISTINCT FROM 'array'
					OR EXISTS (SELECT FROM jsonb_array_elements(tx -> 'tpostings') p
						WHERE jsonb_typeof(p -> 'paccount') IS DISTINCT FROM 'string' OR jsonb_typeof(p -> 'pamount') IS DISTINCT FROM 'array') THEN
				RAISE EXCEPTION 'not a transaction of hledger' USING ERRCODE = 'LG403', HINT = 'Give what hledger print -O json prints.';
			END IF;
			place := format('%s (%s)', place, concat_ws(' ', tx ->> 'tdate', left(nullif(tx ->> 'tdescription', ''), 60)));
			IF (tx ->> 'tdate')::date < previous_date THEN
				RAISE EXCEPTION 'not in order of date' USING ERRCODE = 'LG403', HINT = 'Give the transactions in the order in which hledger prints them.';
			ELSIF EXISTS (SELECT FROM jsonb_array_elements(tx -> 'tpostings') p WHERE p ->> 'ptype' = 'VirtualPosting') THEN
				RAISE EXCEPTION 'an unbalanced virtual posting' USING ERRCODE = 'LG403', HINT = 'Leave them out with hledger print --real.';
			ELSIF (tx ->> 'tdate')::date > previous_date THEN
				today := '{}';
			END IF;
			previous_date := tx ->> 'tdate';

			FOR name IN SELECT p ->> 'paccount' FROM jsonb_array_elements(tx -> 'tpostings') WITH ORDINALITY t(p, n) ORDER BY t.n LOOP
				CONTINUE WHEN known ? name;
				new_address := name;
				FOR i IN 1 .. coalesce(array_length(symbols, 1), 0) LOOP
					new_address := replace(new_address, symbols[i], commodities ->> symbols[i]);
				END LOOP;
				new_address := regexp_replace(new_address, '[^A-Za-z0-9_.@:-]', '_', 'g');
				SELECT coalesce(a.metadata ->> 'hledger', (SELECT k.key FROM jsonb_each_text(known) k WHERE k.value = new_address)) AS name
					INTO account FROM ledger.account a WHERE a.ledger = into_ledger AND a.address = new_address;
				IF NOT FOUND THEN
					PERFORM ledger.open_account(into_ledger, new_address, floor => NULL, metadata => jsonb_build_object('hledger', name));
					done.without_floor := done.without_floor + 1;
				ELSIF account.name <> name THEN
					RAISE EXCEPTION 'accounts "%" and "%" would both be "%" here', account.name, name, new_address
						USING ERRCODE = 'LG403', HINT = 'Rename one of them, as with hledger''s --alias.';
				END IF;
				known := known || jsonb_build_object(name, new_address);
			END LOOP;
			FOR name IN SELECT DISTINCT a ->> 'acommodity' FROM jsonb_array_elements(tx -> 'tpostings') p, jsonb_array_elements(p -> 'pamount') a LOOP
				CONTINUE WHEN codes ? name;
				new_code := coalesce(commodities ->> name, name);
				IF NOT EXISTS (SELECT FROM ledger.asset a WHERE a.code = new_code) THEN
					RAISE EXCEPTION 'commodity "%" has no asset', coalesce(left(name, 80), 'null') USING ERRCODE = 'LG403',
						HINT = 'Name one, as with commodities => ''{"$": "USD"}'', or create it with ledger.create_asset.';
				END IF;
				codes := codes || jsonb_build_object(name, new_code);
			END LOOP;

			-- what each account gets of each asset; those who give and those who get are laid side by side, in order,
			-- and where their stretches overlap, so much goes from the one to the other
			WITH amount AS MATERIALIZED (
				SELECT p ->> 'paccount' AS account, known ->> (p ->> 'paccount') AS address, a ->> 'acommodity' AS commodity, codes ->> (a ->> 'acommodity') AS asset,
						(a -> 'aquantity' ->> 'decimalMantissa')::numeric * ('1e-' || (a -> 'aquantity' ->> 'decimalPlaces'))::numeric AS quantity,
						row_number() OVER (ORDER BY n, m) AS place
					FROM jsonb_array_elements(tx -> 'tpostings') WITH ORDINALITY t(p, n), jsonb_array_elements(p -> 'pamount') WITH ORDINALITY u(a, m)
			), net AS (
				SELECT s.address, s.asset, s.quantity, s.place, min(s.place) OVER (PARTITION BY s.asset) AS first,
						sum(abs(s.quantity)) OVER (PARTITION BY s.asset, sign(s.quantity) ORDER BY s.place) AS upto
					FROM (SELECT a.address, a.asset, sum(a.quantity) AS quantity, min(a.place) AS place FROM amount a GROUP BY 1, 2 HAVING sum(a.quantity) <> 0) s
			)
			SELECT (SELECT array_agg(ROW(g.address, t.address, least(g.upto, t.upto) - greatest(g.upto + g.quantity, t.upto - t.quantity), g.asset)::ledger.posting
							ORDER BY g.first, g.place, t.place)
						FROM net g JOIN net t ON t.asset = g.asset AND g.quantity < 0 AND t.quantity > 0
							AND least(g.upto, t.upto) > greatest(g.upto + g.quantity, t.upto - t.quantity)),
					(SELECT row_to_json(b) FROM (SELECT a.asset, trim_scale(sum(a.quantity)) AS sum FROM amount a GROUP BY 1 HAVING sum(a.quantity) <> 0 ORDER BY min(a.place) LIMIT 1) b),
					encode(sha256(convert_to(jsonb_build_array(tx ->> 'tdate', tx ->> 'tcode', tx ->> 'tdescription',
						(SELECT jsonb_agg(jsonb_build_array(a.account, a.commodity, trim_scale(a.quantity)) ORDER BY a.place) FROM amount a))::text, 'UTF8')), 'hex')
				INTO postings, item, hash;
			IF item IS NOT NULL THEN
				RAISE EXCEPTION 'does not balance in "%": the sum is %', item ->> 'asset', item ->> 'sum' USING ERRCODE = 'LG403',
					HINT = 'Costs (@) need accounts of their own for the exchange: use hledger print --infer-equity.';
			END IF;
			-- nothing moves, as where only a balance is asserted
			CONTINUE WHEN postings IS NULL;
			today := today || jsonb_build_object(hash, coalesce((today ->> hash)::int, 0) + 1);
			key := format('hledger:%s:%s', hash, today ->> hash);
			SELECT r.* INTO receipt FROM ledger.try_post_transaction(into_ledger, postings, idempotency_key => key,
				effective_at => (tx ->> 'tdate')::timestamp AT TIME ZONE 'UTC',
				metadata => jsonb_strip_nulls(jsonb_build_object('description', nullif(tx ->> 'tdescription', ''), 'code', nullif(tx ->> 'tcode', ''),
					'comment', nullif(btrim(tx ->> 'tcomment', E' \n'), ''), 'status', nullif(lower(tx ->> 'tstatus'), 'unmarked'), 'date2', tx ->> 'tdate2',
					'tags', (SELECT jsonb_object_agg(g ->> 0, g ->> 1) FROM jsonb_array_elements(nullif(tx -> 'ttags', 'null')) g),
					'comments', (SELECT jsonb_object_agg(p ->> 'paccount', btrim(p ->> 'pcomment', E' \n')) FROM jsonb_array_elements(tx -> 'tpostings') p
						WHERE btrim(p ->> 'pcomment', E' \n') <> ''))),
				tags => ROW(NULL, 'hledger', NULL, NULL, NULL, NULL, NULL)::ledger.tags) r;
			-- imported before, where a comment, a tag or the status may have been another
			IF receipt.status = 'rejected' AND receipt.code = 'LG301' AND postings IS DISTINCT FROM (SELECT t.postings FROM ledger.transactions(into_ledger,
					before => (SELECT j.position + 1 FROM ledger.journal j WHERE j.ledger = into_ledger AND j.idempotency_key = key), max_rows => 1) t) THEN
				RAISE EXCEPTION 'imported before with other assets or accounts' USING ERRCODE = 'LG403', HINT = 'Give the same commodities as then.';
			ELSIF receipt.status = 'rejected' AND receipt.code <> 'LG301' THEN
				RAISE EXCEPTION USING MESSAGE = receipt.message, ERRCODE = receipt.code, DETAIL = coalesce(receipt.detail, '');
			END IF;
			done.posted := done.posted + (receipt.status = 'posted')::int;
			done.replayed := done.replayed + (receipt.status <> 'posted')::int;
		END LOOP;
	END LOOP;
	RETURN done;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	IF number = 0 OR left(state, 2) NOT IN ('LG', '22') THEN
		RAISE;
	END IF;
	RAISE EXCEPTION '%: %', place, message USING ERRCODE = 'LG403',
		DETAIL = concat_ws(': ', nullif(state, 'LG403'), coalesce(nullif(detail, ''), 'Nothing was imported.')),
		HINT = coalesce(nullif(hint, ''), 'Correct it and import again: nothing was imported.');
END
$$;
COMMENT ON FUNCTION ledger_data.foreign_hledger(text, text, jsonb, text) IS
'Does the work of ledger.import_hledger, with the rights of the caller. path: the caller''s search_path, along which the query runs.';
REVOKE ALL ON FUNCTION ledger_data.foreign_hledger(text, text, jsonb, text) FROM PUBLIC;

CREATE FUNCTION ledger.import_hledger(ledger text, query text, commodities jsonb DEFAULT NULL) RETURNS ledger.foreign_receipt
	LANGUAGE sql VOLATILE
	BEGIN ATOMIC
		SELECT ledger_data.foreign_hledger($1, $2, $3, current_setting('search_path'));
	END;
COMMENT ON FUNCTION ledger.import_hledger(text, text, jsonb) IS
'Imports a journal of hledger, or of what hledger reads, such as ledger-cli, in the caller''s transaction: all or nothing. query: runs with the caller''s rights, to its end before anything is posted; its first column has what hledger print -O json prints, as text or JSON: the whole in one row, each of its lines in a row, or one transaction in each row, in order. commodities: asset for each commodity, such as {"$": "USD"}; others stand for the asset of their own name. In names of accounts such symbols become their asset, and any other character that an address may not have becomes _; accounts are opened without a floor, with their name there as metadata hledger. In each transaction what an account gets and gives of an asset is netted, then those who give give to those who get, in order. Date becomes effective_at, at midnight UTC; description, code, comment, comments of postings, status, tags and second date become metadata; the tag source_type is hledger. A transaction is known again, if imported once more, by date, code, description and amounts, and counted with others like it on its date; one that moves nothing is left out. Errors: LG403 with the number of the line and the transaction, for what is malformed, does not balance in each commodity, has a commodity without an asset, is refused, or where two accounts would have the same address; 22004 NULL; LG107 commodities; LG001 unknown ledger; 42501 without the right "post", or "admin" where an account is not open; 25006 read-only; 40001 run again; and the query''s own. Locks: those of ledger.post for all transactions.';
REVOKE ALL ON FUNCTION ledger.import_hledger(text, text, jsonb) FROM PUBLIC;
