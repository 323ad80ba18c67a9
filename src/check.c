/*
 * check.c
 *		Whether records are what they claim: their entries, hashes, order.
 *
 * Reads with the active snapshot and takes no locks.  Memory depends neither on
 * the number of records nor, beyond a bound, on that of balances.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "amount.h"
#include "canon.h"
#include "compat.h"
#include "line.h"
#include "progress.h"

LEDGER_FUNCTION(ledger_check_records);
LEDGER_FUNCTION(ledger_check_chain);

/* Balances whose last entry is remembered, at most. */
#define CACHED_BALANCES		500000

/* The last entry of a balance that was looked at. */
typedef struct LastEntry
{
	int64		balance_id;		/* hash key */
	int64		version;
	int64		position;
	TimestampTz recorded_at;
	Amount		balance;
} LastEntry;

typedef struct Check
{
	LineReader *reader;
	MemoryContext context;
	HTAB	   *last;
} Check;

static void
forget_balances(Check *check)
{
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(LastEntry), .hcxt = check->context};

	MemoryContextReset(check->context);
	check->last = hash_create("ledger balances", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* What an entry must follow. */
static LastEntry *
find_last(Check *check, const LineEntry *entry)
{
	LastEntry  *last;
	const EntryView *before;
	bool		found;

	last = hash_search(check->last, &entry->view.balance_id, HASH_ENTER, &found);
	if (found)
		return last;
	last->version = last->position = 0;
	last->recorded_at = DT_NOBEGIN;
	last->balance = 0;
	before = entry->view.version == 1 ? NULL : line_entry_before(check->reader, &entry->view);
	if (before == NULL)
		return last;
	last->version = before->version;
	last->position = before->position;
	last->recorded_at = before->recorded_at;
	if (!amount_parse(before->balance, strlen(before->balance), entry->scale, &last->balance))
		last->version = -1;		/* follows nothing */
	return last;
}

/* Whether an entry is there, is of its record, and follows from the one before. */
static bool
entry_is_right(Check *check, const JournalRecord *record, const LineEntry *entry, Amount *amount)
{
	const EntryView *view = &entry->view;
	LastEntry  *last;
	Amount		balance;
	Amount		sum;
	bool		right;

	if (view->version == 0 || entry->asset == NULL ||
		!amount_parse(view->amount, strlen(view->amount), entry->scale, amount) ||
		!amount_parse(view->balance, strlen(view->balance), entry->scale, &balance))
		return false;
	last = find_last(check, entry);
	right = view->version == last->version + 1 && amount_add(last->balance, *amount, &sum) && sum == balance &&
		view->position >= last->position && view->recorded_at >= last->recorded_at;
	last->version = view->version;
	last->position = view->position;
	last->recorded_at = view->recorded_at;
	last->balance = balance;
	return right && view->position == record->position && view->recorded_at == record->recorded_at &&
		view->has_effective_at == record->has_effective_at && view->effective_at == record->effective_at;
}

/* Whether a record's entries are right, and each posting gives what it takes. */
static bool
record_is_right(Check *check, const Line *line)
{
	const JournalRecord *record = &line->record;
	Amount		taken = 0;

	if (record->leg_count < 0 || record->leg_count % 2 != 0)
		return false;
	if (hash_get_num_entries(check->last) > CACHED_BALANCES)
		forget_balances(check);
	for (int i = 0; i < record->leg_count; i++)
	{
		const LineEntry *entry = &line->entries[i];
		Amount		amount;

		if (!entry_is_right(check, record, entry, &amount))
			return false;
		if (i % 2 == 0 ? amount > 0 : amount + taken != 0 || strcmp(entry->asset, entry[-1].asset) != 0)
			return false;
		taken = amount;
	}
	return true;
}

/*
 * SQL: ledger_data.check_records(ledger_id, after, until, hash): how many
 * records and entries there are, the first record that is not right, with hash
 * the leaf of each, and which kinds there are.
 */
Datum
ledger_check_records(PG_FUNCTION_ARGS)
{
	bool		hashed = PG_GETARG_BOOL(3);
	MerkleHash *hash = hashed ? merkle_begin() : NULL;
	Check		check;
	TupleDesc	desc;
	StringInfoData leaves;
	Line	   *line;
	int64		records = 0;
	int64		entries = 0;
	StringInfoData kinds;
	Datum		values[5] = {0};
	bool		nulls[5] = {false, false, true, !hashed, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ledger_data.check_records has an unexpected result type");	/* cannot happen */
	initStringInfo(&kinds);
	initStringInfo(&leaves);
	appendStringInfoSpaces(&leaves, VARHDRSZ);
	check.context = AllocSetContextCreate(CurrentMemoryContext, "ledger check", ALLOCSET_DEFAULT_SIZES);
	forget_balances(&check);
	check.reader = line_begin(PG_GETARG_INT32(0), PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	while ((line = line_next_record(check.reader)) != NULL)
	{
		records++;
		entries += Max(line->record.leg_count, 0);
		if (strchr(kinds.data, line->record.kind) == NULL)
			appendStringInfoChar(&kinds, line->record.kind);
		if (!record_is_right(&check, line) && nulls[2])
		{
			values[2] = Int64GetDatum(line->record.position);
			nulls[2] = false;
		}
		progress_add(1);
		if (!hashed)
			continue;
		line_write(check.reader);
		enlargeStringInfo(&leaves, HASH_SIZE);
		canon_leaf(hash, line->text.data, line->text.len, (uint8 *) leaves.data + leaves.len);
		leaves.len += HASH_SIZE;
	}
	line_end(check.reader);
	MemoryContextDelete(check.context);
	if (hashed)
		merkle_end(hash);
	values[0] = Int64GetDatum(records);
	values[1] = Int64GetDatum(entries);
	SET_VARSIZE(leaves.data, leaves.len);
	values[3] = PointerGetDatum(leaves.data);
	values[4] = CStringGetTextDatum(kinds.data);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * SQL: ledger_data.check_chain(ledger_id, first, last, previous): the position
 * of the first record of a strict chain that does not follow the one before;
 * NULL if each does.
 */
Datum
ledger_check_chain(PG_FUNCTION_ARGS)
{
	int64		first = PG_GETARG_INT64(1);
	bytea	   *previous = PG_GETARG_BYTEA_PP(3);
	MerkleHash *context = merkle_begin();
	LineReader *reader = line_begin(PG_GETARG_INT32(0), first - 1, PG_GETARG_INT64(2));
	uint8		hash[HASH_SIZE] = {0};
	uint8		leaf[HASH_SIZE];
	int64		fault = 0;
	Line	   *line;

	memcpy(hash, VARDATA_ANY(previous), Min(VARSIZE_ANY_EXHDR(previous), HASH_SIZE));
	for (int64 expected = first; fault == 0 && (line = line_next(reader)) != NULL; expected++)
	{
		canon_leaf(context, line->text.data, line->text.len, leaf);
		merkle_node(context, hash, leaf, hash);
		if (line->record.position != expected || line->record.hash == NULL ||
			memcmp(line->record.hash, hash, HASH_SIZE) != 0)
			fault = line->record.position;
		progress_add(1);
	}
	line_end(reader);
	merkle_end(context);
	if (fault == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(fault);
}
