/*
 * seal.c
 *		What chaining records into blocks, and proving them, needs of C.
 *
 * Reads with the active snapshot and takes no locks but the one that lets one
 * session at a time seal a ledger.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "canon.h"
#include "compat.h"
#include "line.h"
#include "lock.h"
#include "progress.h"
#include "scope.h"

LEDGER_FUNCTION(ledger_lock_seal);
LEDGER_FUNCTION(ledger_settled_until);
LEDGER_FUNCTION(ledger_leaves);
LEDGER_FUNCTION(ledger_lines);
LEDGER_FUNCTION(ledger_merkle_root);
LEDGER_FUNCTION(ledger_merkle_path);
LEDGER_FUNCTION(ledger_first_difference);
LEDGER_FUNCTION(ledger_verify_proof);

/* SQL: ledger_data.lock_seal(ledger_id): one session at a time. */
Datum
ledger_lock_seal(PG_FUNCTION_ARGS)
{
	lock_seal(PG_GETARG_INT32(0));
	PG_RETURN_VOID();
}

/*
 * SQL: ledger_data.settled_until(ledger_id, deadline): a position at or below
 * which no record can be committed any more, once all who could have ended.
 */
Datum
ledger_settled_until(PG_FUNCTION_ARGS)
{
	Ledger		ledger;
	int64		last;

	if (!ledger_get(PG_GETARG_INT32(0), &ledger))
		elog(ERROR, "there is no ledger %d", PG_GETARG_INT32(0));	/* cannot happen */
	last = scope_last(&ledger);
	if (ledger.serial || !ledger.strict)
		lock_wait_for_writers_until(ledger.id, PG_GETARG_TIMESTAMPTZ(1));
	PG_RETURN_INT64(last);
}

/*
 * SQL: ledger_data.leaves(ledger_id, after, until, most): the first and the last
 * position of at most so many records, how many they are, and the hashes of
 * their lines as leaves of a tree.
 */
Datum
ledger_leaves(PG_FUNCTION_ARGS)
{
	int			most = PG_GETARG_INT32(3);
	TupleDesc	desc;
	StringInfoData leaves;
	LineReader *reader;
	Line	   *line;
	MerkleHash *hash;
	Datum		values[4] = {0};
	bool		nulls[4] = {true, true, false, false};
	int			count = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ledger_data.leaves has an unexpected result type");	/* cannot happen */
	initStringInfo(&leaves);
	appendStringInfoSpaces(&leaves, VARHDRSZ);
	reader = line_begin(PG_GETARG_INT32(0), PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	hash = merkle_begin();
	while (count < most && (line = line_next(reader)) != NULL)
	{
		if (count++ == 0)
			values[0] = Int64GetDatum(line->record.position);
		values[1] = Int64GetDatum(line->record.position);
		enlargeStringInfo(&leaves, HASH_SIZE);
		canon_leaf(hash, line->text.data, line->text.len, (uint8 *) leaves.data + leaves.len);
		leaves.len += HASH_SIZE;
		progress_add(1);
	}
	merkle_end(hash);
	line_end(reader);
	nulls[0] = nulls[1] = count == 0;
	values[2] = Int32GetDatum(count);
	SET_VARSIZE(leaves.data, leaves.len);
	values[3] = PointerGetDatum(leaves.data);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* SQL: ledger_data.lines(ledger_id, after, until): position and line of each record. */
Datum
ledger_lines(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	LineReader *reader;
	Line	   *line;

	InitMaterializedSRF(fcinfo, 0);
	reader = line_begin(PG_GETARG_INT32(0), PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	while ((line = line_next(reader)) != NULL)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = Int64GetDatum(line->record.position);
		values[1] = PointerGetDatum(cstring_to_text_with_len(line->text.data, line->text.len));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		pfree(DatumGetPointer(values[1]));
	}
	line_end(reader);
	return (Datum) 0;
}

/* The leaves of an argument; an error unless there is at least one and all are whole. */
static const uint8 *
get_leaves(bytea *stored, int64 *count)
{
	*count = VARSIZE_ANY_EXHDR(stored) / HASH_SIZE;
	if (*count == 0 || VARSIZE_ANY_EXHDR(stored) % HASH_SIZE != 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("leaves are not whole hashes"));
	return (const uint8 *) VARDATA_ANY(stored);
}

static Datum
hash_datum(const uint8 *hash)
{
	bytea	   *result = palloc(VARHDRSZ + HASH_SIZE);

	SET_VARSIZE(result, VARHDRSZ + HASH_SIZE);
	memcpy(VARDATA(result), hash, HASH_SIZE);
	return PointerGetDatum(result);
}

/* SQL: ledger_data.merkle_root(leaves) */
Datum
ledger_merkle_root(PG_FUNCTION_ARGS)
{
	int64		count;
	const uint8 *leaves = get_leaves(PG_GETARG_BYTEA_PP(0), &count);
	uint8		root[HASH_SIZE];
	MerkleHash *hash = merkle_begin();

	merkle_root(hash, leaves, count, root);
	merkle_end(hash);
	return hash_datum(root);
}

/* SQL: ledger_data.merkle_path(leaves, leaf): the hashes from a leaf, counted from 0, to the root. */
Datum
ledger_merkle_path(PG_FUNCTION_ARGS)
{
	int64		count;
	const uint8 *leaves = get_leaves(PG_GETARG_BYTEA_PP(0), &count);
	int64		leaf = PG_GETARG_INT64(1);
	uint8		path[MERKLE_MAX_PATH * HASH_SIZE];
	Datum		hashes[MERKLE_MAX_PATH];
	MerkleHash *hash;
	int			length;

	if (leaf < 0 || leaf >= count)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there is no such leaf"));
	hash = merkle_begin();
	length = merkle_path(hash, leaves, count, leaf, path);
	merkle_end(hash);
	for (int i = 0; i < length; i++)
		hashes[i] = hash_datum(path + i * HASH_SIZE);
	PG_RETURN_ARRAYTYPE_P(construct_array(hashes, length, BYTEAOID, -1, false, TYPALIGN_INT));
}

/* SQL: ledger_data.first_difference(bytea, bytea): the first leaf, from 0, that differs or only one has; NULL if none. */
Datum
ledger_first_difference(PG_FUNCTION_ARGS)
{
	bytea	   *a = PG_GETARG_BYTEA_PP(0);
	bytea	   *b = PG_GETARG_BYTEA_PP(1);
	Size		a_length = VARSIZE_ANY_EXHDR(a);
	Size		b_length = VARSIZE_ANY_EXHDR(b);
	Size		at = 0;

	while (at + HASH_SIZE <= Min(a_length, b_length) &&
		   memcmp(VARDATA_ANY(a) + at, VARDATA_ANY(b) + at, HASH_SIZE) == 0)
		at += HASH_SIZE;
	if (at == a_length && at == b_length)
		PG_RETURN_NULL();
	PG_RETURN_INT64(at / HASH_SIZE);
}

/* SQL: verify_proof(record, path, leaf, leaves, root) */
Datum
ledger_verify_proof(PG_FUNCTION_ARGS)
{
	text	   *record;
	bytea	   *root;
	uint8		path[MERKLE_MAX_PATH * HASH_SIZE];
	uint8		leaf[HASH_SIZE];
	MerkleHash *context;
	Datum	   *hashes;
	bool	   *nulls;
	bool		proved;
	int			count;

	for (int i = 0; i < 5; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	record = PG_GETARG_TEXT_PP(0);
	root = PG_GETARG_BYTEA_PP(4);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), BYTEAOID, -1, false, TYPALIGN_INT, &hashes, &nulls, &count);
	if (count > MERKLE_MAX_PATH || VARSIZE_ANY_EXHDR(root) != HASH_SIZE)
		PG_RETURN_BOOL(false);
	for (int i = 0; i < count; i++)
	{
		bytea	   *hash = nulls[i] ? NULL : DatumGetByteaPP(hashes[i]);

		if (hash == NULL || VARSIZE_ANY_EXHDR(hash) != HASH_SIZE)
			PG_RETURN_BOOL(false);
		memcpy(path + i * HASH_SIZE, VARDATA_ANY(hash), HASH_SIZE);
	}
	context = merkle_begin();
	canon_leaf(context, VARDATA_ANY(record), VARSIZE_ANY_EXHDR(record), leaf);
	proved = merkle_check(context, leaf, PG_GETARG_INT64(3), PG_GETARG_INT64(2), path, count,
						  (const uint8 *) VARDATA_ANY(root));
	merkle_end(context);
	PG_RETURN_BOOL(proved);
}
