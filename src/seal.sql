-- seal: records chained into blocks, and proofs that a record is in one.

CREATE TABLE ledger_data.block (
	ledger_id int NOT NULL,
	number bigint NOT NULL,
	first_position bigint NOT NULL,
	last_position bigint NOT NULL,
	records int NOT NULL,
	sealed_at timestamptz NOT NULL,
	root bytea NOT NULL,
	previous bytea NOT NULL,
	hash bytea NOT NULL,
	leaves bytea NOT NULL,
	CONSTRAINT block_pkey PRIMARY KEY (ledger_id, number)
);
ALTER TABLE ledger_data.block ALTER leaves SET STORAGE EXTERNAL;
COMMENT ON TABLE ledger_data.block IS 'Blocks of records, each with the hash of the one before. Append-only.';
COMMENT ON COLUMN ledger_data.block.root IS 'Root of the Merkle tree (RFC 6962, SHA-256) over the records'' canonical lines.';
COMMENT ON COLUMN ledger_data.block.previous IS 'Hash of the block before; of the first, 32 zero bytes.';
COMMENT ON COLUMN ledger_data.block.hash IS 'SHA-256 of the block''s header; see ledger_data.block_header.';
COMMENT ON COLUMN ledger_data.block.leaves IS 'The leaves'' hashes one after the other, 32 bytes each.';
CREATE INDEX block_position ON ledger_data.block (ledger_id, last_position);
COMMENT ON INDEX ledger_data.block_position IS 'The block of a record.';
SELECT pg_catalog.pg_extension_config_dump('ledger_data.block', '');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_data.block
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_data.append_only();
ALTER TABLE ledger_data.block ENABLE ALWAYS TRIGGER append_only;
COMMENT ON TRIGGER append_only ON ledger_data.block IS 'Nothing sealed is ever changed.';

CREATE FUNCTION ledger_data.lock_seal(ledger_id int) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_lock_seal'
	LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION ledger_data.lock_seal(int) IS 'Lets one session at a time seal a ledger, until the end of the transaction.';
REVOKE ALL ON FUNCTION ledger_data.lock_seal(int) FROM PUBLIC;

CREATE FUNCTION ledger_data.settled_until(ledger_id int, deadline timestamptz) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_settled_until'
	LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION ledger_data.settled_until(int, timestamptz) IS
'A position at or below which no record can be committed any more; waits for whoever could, until a time at most (55P03).';
REVOKE ALL ON FUNCTION ledger_data.settled_until(int, timestamptz) FROM PUBLIC;

CREATE FUNCTION ledger_data.leaves(ledger_id int, after bigint, until bigint, most int,
		OUT first_position bigint, OUT last_position bigint, OUT records int, OUT leaves bytea)
	AS 'MODULE_PATHNAME', 'ledger_leaves'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.leaves(int, bigint, bigint, int) IS
'The records after a position and up to another, at most so many: how many, the first and last position, and the hash of each as a leaf of a Merkle tree.';
REVOKE ALL ON FUNCTION ledger_data.leaves(int, bigint, bigint, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.lines(ledger_id int, after bigint, until bigint) RETURNS TABLE ("position" bigint, line text)
	AS 'MODULE_PATHNAME', 'ledger_lines'
	LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION ledger_data.lines(int, bigint, bigint) IS
'The records after a position and up to another in their canonical form, version 1: a JSON object in UTF-8 without spaces between its parts, members in the order v, position, kind, recorded_at, effective_at, idempotency_key, reference, fingerprint, related, tags, metadata, payload, entries, left out where there is none. Strings and times (TimeZone UTC) as to_json writes them, metadata and payload as jsonb does; tags in the order of ledger.tags; entries are [address, asset, amount, balance, version], source and destination of each posting in turn, amounts as strings.';
REVOKE ALL ON FUNCTION ledger_data.lines(int, bigint, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.merkle_root(leaves bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'ledger_merkle_root'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.merkle_root(bytea) IS 'The root of the Merkle tree (RFC 6962) over these hashes of leaves.';
REVOKE ALL ON FUNCTION ledger_data.merkle_root(bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.merkle_path(leaves bytea, leaf bigint) RETURNS bytea[]
	AS 'MODULE_PATHNAME', 'ledger_merkle_path'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.merkle_path(bytea, bigint) IS 'The hashes that lead from a leaf, counted from 0, to the root.';
REVOKE ALL ON FUNCTION ledger_data.merkle_path(bytea, bigint) FROM PUBLIC;

CREATE FUNCTION ledger_data.first_difference(a bytea, b bytea) RETURNS bigint
	AS 'MODULE_PATHNAME', 'ledger_first_difference'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_data.first_difference(bytea, bytea) IS 'The first leaf, counted from 0, that differs or that only one has; NULL if there is none.';
REVOKE ALL ON FUNCTION ledger_data.first_difference(bytea, bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.block_header(number bigint, first_position bigint, last_position bigint, records int,
		sealed_at timestamptz, root bytea, previous bytea) RETURNS text
	LANGUAGE sql STABLE STRICT
	BEGIN ATOMIC
		SELECT format('{"v":1,"block":%s,"first":%s,"last":%s,"records":%s,"sealed_at":"%s","root":"%s","previous":"%s"}',
			number, first_position, last_position, records,
			to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), encode(root, 'hex'), encode(previous, 'hex'));
	END;
COMMENT ON FUNCTION ledger_data.block_header(bigint, bigint, bigint, int, timestamptz, bytea, bytea) IS
'What a block''s hash is the SHA-256 of, in UTF-8.';
REVOKE ALL ON FUNCTION ledger_data.block_header(bigint, bigint, bigint, int, timestamptz, bytea, bytea) FROM PUBLIC;

CREATE FUNCTION ledger_data.seal_until(number int, until bigint, block_size int)
	RETURNS TABLE (block bigint, first_position bigint, last_position bigint, records int, hash bytea)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	last record;
	part record;
	made record;
BEGIN
	LOOP
		SELECT b.number, b.last_position, b.hash INTO last FROM ledger_data.block b WHERE b.ledger_id = $1 ORDER BY b.number DESC LIMIT 1;
		SELECT * INTO part FROM ledger_data.leaves($1, coalesce(last.last_position, -9223372036854775808), until, block_size);
		EXIT WHEN part.records = 0;
		SELECT coalesce(last.number, 0) + 1 AS number, clock_timestamp() AS sealed_at, ledger_data.merkle_root(part.leaves) AS root,
				coalesce(last.hash, decode(repeat('00', 32), 'hex')) AS previous INTO made;
		INSERT INTO ledger_data.block AS b (ledger_id, number, first_position, last_position, records, sealed_at, root, previous, hash, leaves)
			VALUES ($1, made.number, part.first_position, part.last_position, part.records, made.sealed_at, made.root, made.previous,
				sha256(convert_to(ledger_data.block_header(made.number, part.first_position, part.last_position, part.records,
					made.sealed_at, made.root, made.previous), 'UTF8')), part.leaves)
			RETURNING b.number, b.first_position, b.last_position, b.records, b.hash
			INTO block, first_position, last_position, records, hash;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION ledger_data.seal_until(int, bigint, int) IS
'Seals the records since the last block up to a position that is settled; the caller has locked sealing.';
REVOKE ALL ON FUNCTION ledger_data.seal_until(int, bigint, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.seal(ledger text, wait interval, block_size int)
	RETURNS TABLE (block bigint, first_position bigint, last_position bigint, records int, hash bytea)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	l record;
	timeout text := current_setting('lock_timeout');
	deadline timestamptz;
	until bigint;
BEGIN
	PERFORM ledger_data.require('wait', wait IS NOT NULL), ledger_data.require('block_size', block_size IS NOT NULL);
	SELECT k.id, k.hashing INTO l FROM ledger_data.ledger k WHERE k.id = ledger_data.ledger_number(ledger);
	IF wait <= interval '0' OR wait > interval '1 day' OR block_size NOT BETWEEN 1 AND 1000000 THEN
		RAISE EXCEPTION 'wait must be above zero and at most a day, block_size between 1 and 1000000'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION 'ledger.seal needs isolation level READ COMMITTED'
			USING ERRCODE = 'feature_not_supported', DETAIL = 'A transaction with one snapshot cannot see records that commit late.';
	END IF;
	IF l.hashing = 'o' THEN
		RAISE EXCEPTION 'ledger "%" is not hashed', ledger
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Change that with ledger.set_hashing.';
	END IF;
	-- whoever seals now, and writers that may still commit what belongs into the block, are waited for, but not for ever
	deadline := clock_timestamp() + wait;
	PERFORM set_config('lock_timeout', ceil(extract(epoch FROM wait) * 1000) || 'ms', true);
	PERFORM ledger_data.lock_seal(l.id);
	PERFORM set_config('lock_timeout', timeout, true);
	until := ledger_data.settled_until(l.id, deadline);
	PERFORM ledger_data.begin_work(l.id, 'seal');
	RETURN QUERY SELECT * FROM ledger_data.seal_until(l.id, until, block_size);
	PERFORM ledger_data.end_work();
END
$$;
COMMENT ON FUNCTION ledger_data.seal(text, interval, int) IS 'Does the work of ledger.seal.';
REVOKE ALL ON FUNCTION ledger_data.seal(text, interval, int) FROM PUBLIC;

CREATE FUNCTION ledger.seal(ledger text, wait interval DEFAULT '10 s', block_size int DEFAULT 65536)
	RETURNS TABLE (block bigint, first_position bigint, last_position bigint, records int, hash bytea)
	AS 'MODULE_PATHNAME', 'ledger_gate_post'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.seal(text, interval, int) IS
'Chains all records of a sealed ledger since the last block into new ones (of a strict one too, for proofs), block_size (1 to 1,000,000) each at most, and returns them: number, positions, records and hash. A block has the root of a Merkle tree (RFC 6962) over its records and the hash of the block before, so the last hash stands for all that happened: publish it elsewhere. No record that commits late is left out: whoever may still commit one is waited for, at most for wait, after which nothing is sealed (55P03); nobody waits for the sealing. Errors: LG001 unknown ledger, 0A000 above READ COMMITTED, 22004 NULL, 22023 arguments, 25006 read-only, 42501 without the right "post", 55000 the ledger has hashing off, 55P03. Locks: other sealing of the ledger.';
REVOKE ALL ON FUNCTION ledger.seal(text, interval, int) FROM PUBLIC;

CREATE FUNCTION ledger_data.set_hashing(ledger text, hashing text) RETURNS void
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
	AS $$
DECLARE
	number int := ledger_data.ledger_number(ledger);
	code "char";
	old "char";
	change jsonb := jsonb_build_object('change', 'hashing', 'hashing', hashing);
BEGIN
	PERFORM ledger_data.require('hashing', hashing IS NOT NULL);
	code := ledger_data.hashing_code(hashing);
	PERFORM ledger_data.lock_seal(number), ledger_data.lock_ledger(number, true);
	SELECT l.hashing INTO old FROM ledger_data.ledger l WHERE l.id = number FOR NO KEY UPDATE;
	IF code = old THEN
		RETURN;
	ELSIF code = 's' THEN
		-- the chain follows a block that has all before it, and its first record is this one
		IF current_setting('transaction_isolation') <> 'read committed' THEN
			RAISE EXCEPTION 'changing to strict hashing needs isolation level READ COMMITTED'
				USING ERRCODE = 'feature_not_supported', DETAIL = 'A transaction with one snapshot cannot see records that commit late.';
		END IF;
		PERFORM ledger_data.seal_until(number, 9223372036854775807, 65536);
		UPDATE ledger_data.ledger l SET hashing = code, chain_start = coalesce((SELECT b.hash FROM ledger_data.block b
				WHERE b.ledger_id = l.id ORDER BY b.number DESC LIMIT 1), '')
			WHERE l.id = number;
		PERFORM ledger_data.record(number, 'l', change, true);
	ELSIF old = 's' THEN
		-- the last record of the chain; positions go on after it
		UPDATE ledger_data.ledger l SET hashing = code,
				position_base = greatest(l.position_base, ledger_data.record(number, 'l', change)
					- (SELECT p.last_value FROM ledger_data.journal_position p) + 1)
			WHERE l.id = number;
	ELSE
		UPDATE ledger_data.ledger l SET hashing = code WHERE l.id = number;
		PERFORM ledger_data.record(number, 'l', change);
	END IF;
END
$$;
COMMENT ON FUNCTION ledger_data.set_hashing(text, text) IS 'Does the work of ledger.set_hashing.';
REVOKE ALL ON FUNCTION ledger_data.set_hashing(text, text) FROM PUBLIC;

CREATE FUNCTION ledger.set_hashing(ledger text, hashing text) RETURNS void
	AS 'MODULE_PATHNAME', 'ledger_gate_admin'
	LANGUAGE C VOLATILE;
COMMENT ON FUNCTION ledger.set_hashing(text, text) IS
'Changes how records are chained, which is recorded: strict, each when it is written, sealed, by ledger.seal, or off. A change to strict seals what is not sealed yet, and its record is the first of the chain; that of a change from strict is the last. Blocks that there are stay, and sealing goes on after them. Errors: LG001 unknown ledger, 0A000 to strict above READ COMMITTED, 22004 NULL, 22023 no such hashing, 25006 read-only, 42501 without the right "admin". Locks other sealing and the ledger exclusively: waits for whoever writes, and writers wait for it.';
REVOKE ALL ON FUNCTION ledger.set_hashing(text, text) FROM PUBLIC;

CREATE FUNCTION ledger_data.head(ledger text)
	RETURNS TABLE (block bigint, "position" bigint, hash bytea, sealed_at timestamptz)
	LANGUAGE sql STABLE
	BEGIN ATOMIC
		SELECT h.number, h.position, h.hash, h.at
			FROM ledger_data.ledger l CROSS JOIN LATERAL (
				(SELECT b.number, b.last_position AS position, b.hash, b.sealed_at AS at FROM ledger_data.block b
					WHERE b.ledger_id = l.id AND l.hashing <> 's' ORDER BY b.number DESC LIMIT 1)
				UNION ALL
				(SELECT NULL, j.position, j.hash, j.recorded_at FROM ledger_data.journal j
					WHERE j.ledger_id = l.id AND l.hashing = 's' ORDER BY j.position DESC LIMIT 1)) h
			WHERE l.id = ledger_data.ledger_number($1);
	END;
COMMENT ON FUNCTION ledger_data.head(text) IS 'Does the work of ledger.head.';
REVOKE ALL ON FUNCTION ledger_data.head(text) FROM PUBLIC;

CREATE FUNCTION ledger.head(ledger text)
	RETURNS TABLE (block bigint, "position" bigint, hash bytea, sealed_at timestamptz)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.head(text) IS
'The hash that stands for all records of a ledger up to a position: of its last block, with the block''s number and when it was sealed; in a strict ledger of its last record, with block NULL and when it was recorded. No row if nothing is sealed. Errors: LG001 unknown ledger, 22004 NULL, 42501 without the right "read". Takes no locks.';
REVOKE ALL ON FUNCTION ledger.head(text) FROM PUBLIC;

CREATE FUNCTION ledger_data.proof(ledger text, "position" bigint)
	RETURNS TABLE (record text, path bytea[], leaf bigint, leaves bigint, root bytea, block bigint, header text, hash bytea)
	LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
	AS $$
#variable_conflict use_column
DECLARE
	of_ledger int := ledger_data.ledger_number(ledger);
	b ledger_data.block;
BEGIN
	PERFORM ledger_data.require('position', "position" IS NOT NULL);
	SELECT k.* INTO b FROM ledger_data.block k WHERE k.ledger_id = of_ledger AND k.last_position >= $2 ORDER BY k.last_position LIMIT 1;
	SELECT l.line INTO record FROM ledger_data.lines(of_ledger, greatest($2, -9223372036854775807) - 1, $2) l;
	IF record IS NULL THEN
		RAISE EXCEPTION 'ledger "%" has no record %', ledger, $2 USING ERRCODE = 'LG006';
	END IF;
	IF b.number IS NULL OR b.first_position > $2 THEN
		RAISE EXCEPTION 'record % is in no block', $2
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Call ledger.seal first.';
	END IF;
	SELECT count(*) - 1 INTO leaf FROM ledger_data.journal j
		WHERE j.ledger_id = of_ledger AND j.position BETWEEN b.first_position AND $2;
	path := ledger_data.merkle_path(b.leaves, leaf);
	leaves := b.records;
	root := b.root;
	block := b.number;
	header := ledger_data.block_header(b.number, b.first_position, b.last_position, b.records, b.sealed_at, b.root, b.previous);
	hash := b.hash;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION ledger_data.proof(text, bigint) IS 'Does the work of ledger.proof.';
REVOKE ALL ON FUNCTION ledger_data.proof(text, bigint) FROM PUBLIC;

CREATE FUNCTION ledger.proof(ledger text, "position" bigint)
	RETURNS TABLE (record text, path bytea[], leaf bigint, leaves bigint, root bytea, block bigint, header text, hash bytea)
	AS 'MODULE_PATHNAME', 'ledger_gate_read'
	LANGUAGE C STABLE;
COMMENT ON FUNCTION ledger.proof(text, bigint) IS
'Proof that a record is in its block: the record in canonical form, the path of hashes from it, leaf number leaf (from 0) of leaves, to the block''s root, and the header of the block, whose SHA-256 is hash. Whoever has the hash checks sha256(header), that the header names the root, and ledger.verify_proof, in any database. Errors: LG001 unknown ledger, LG006 no such record, 22004 NULL, 42501 without the right "read", 55000 not sealed yet. Takes no locks.';
REVOKE ALL ON FUNCTION ledger.proof(text, bigint) FROM PUBLIC;

CREATE FUNCTION ledger.verify_proof(record text, path bytea[], leaf bigint, leaves bigint, root bytea) RETURNS boolean
	AS 'MODULE_PATHNAME', 'ledger_verify_proof'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger.verify_proof(text, bytea[], bigint, bigint, bytea) IS
'Whether a record is leaf number leaf (from 0) of a Merkle tree (RFC 6962, SHA-256) of so many leaves with this root, by the path that ledger.proof gives; false also for arguments that make no sense, NULL for one that is NULL. Needs no ledger.';
REVOKE ALL ON FUNCTION ledger.verify_proof(text, bytea[], bigint, bigint, bytea) FROM PUBLIC;
