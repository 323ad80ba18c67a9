--
-- What `strict` measures strict ledgers against, after yardstick.sql and fund.sql.
--

-- The same accounts with the same money in a strict ledger.
SELECT ledger.create_ledger('strict', hashing => 'strict');
SELECT ledger.post_transaction('strict',
		array_agg(ROW ('world', 'users:' || n, 1000000, 'USD')::ledger.posting ORDER BY n))
	FROM generate_series(1, 10000) n GROUP BY n / 1000;

-- strict_update: the least that a commit costs for which everybody takes turns.
CREATE TABLE bench.hot (id int PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO bench.hot VALUES (1, 0);

-- strict_trigger: the function of yardstick.sql with a chain of hashes as one would
-- add it by hand: a trigger that locks the end of the chain, hashes the row as JSON
-- together with the hash before, and moves the end.  What the entries will say is in
-- the row, so that the hash covers it.
CREATE TABLE bench.head (
	one boolean PRIMARY KEY CHECK (one),
	position bigint NOT NULL,
	hash bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO bench.head VALUES (true, 0, decode(repeat('00', 32), 'hex'));
CREATE TABLE bench.chained (LIKE bench.transfer INCLUDING ALL EXCLUDING IDENTITY,
	source_version bigint NOT NULL,
	source_balance numeric NOT NULL,
	destination_version bigint NOT NULL,
	destination_balance numeric NOT NULL,
	hash bytea
);
CREATE TABLE bench.chained_entry (LIKE bench.entry INCLUDING ALL);

CREATE FUNCTION bench.chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	previous bytea;
BEGIN
	SELECT h.position + 1, h.hash INTO NEW.id, previous FROM bench.head h FOR UPDATE;
	NEW.hash := sha256('\x01' || previous || sha256('\x00' || convert_to(row_to_json(NEW)::text, 'UTF8')));
	UPDATE bench.head SET position = NEW.id, hash = NEW.hash;
	RETURN NEW;
END
$$;
CREATE TRIGGER chain BEFORE INSERT ON bench.chained FOR EACH ROW EXECUTE FUNCTION bench.chain();

CREATE FUNCTION bench.post_chained(source text, destination text, moved numeric) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	s bench.account;
	d bench.account;
	transfer bigint;
BEGIN
	PERFORM FROM bench.account a WHERE a.address IN (source, destination) ORDER BY a.id FOR UPDATE;
	UPDATE bench.account a SET balance = a.balance - moved, version = a.version + 1
		WHERE a.address = source RETURNING a.* INTO s;
	IF s.balance < s.floor THEN
		RAISE EXCEPTION 'account "%" would fall below its floor', source;
	END IF;
	UPDATE bench.account a SET balance = a.balance + moved, version = a.version + 1
		WHERE a.address = destination RETURNING a.* INTO d;
	IF s.id IS NULL OR d.id IS NULL THEN
		RAISE EXCEPTION 'no such account';
	END IF;
	-- as late as can be: from here on others wait
	INSERT INTO bench.chained (source_id, destination_id, amount, source_version, source_balance, destination_version,
			destination_balance)
		VALUES (s.id, d.id, moved, s.version, s.balance, d.version, d.balance) RETURNING id INTO transfer;
	INSERT INTO bench.chained_entry (account_id, version, transfer_id, amount, balance)
		VALUES (s.id, s.version, transfer, -moved, s.balance), (d.id, d.version, transfer, moved, d.balance);
	RETURN transfer;
END
$$;

VACUUM ANALYZE;
