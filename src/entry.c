/*
 * entry.c
 *		Writing and reading entries, and balances at a past time.
 *
 * Invariant: along one balance versions, positions and recorded times all
 * ascend together, as whoever writes an entry has the balance locked.  Nothing
 * here is ever updated or deleted.
 */
#include "entry.h"

#include "access/skey.h"
#include "common/int.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "error.h"
#include "money.h"

LEDGER_FUNCTION(ledger_skew);

/* ledger_data.entry */
enum
{
	Anum_entry_balance_id = 1,
	Anum_entry_version,
	Anum_entry_position,
	Anum_entry_recorded_at,
	Anum_entry_ledger_id,
	Anum_entry_amount,
	Anum_entry_balance,
	Anum_entry_effective_at,
	Natts_entry = Anum_entry_effective_at
};

enum
{
	ENTRY_BY_VERSION,
	ENTRY_BY_EFFECTIVE
};

static StoreDef entry_table = {
	.name = "entry",
	.natts = Natts_entry,
	.index_names = {"entry_pkey", "entry_effective"}
};

void
entry_init(void)
{
	store_register(&entry_table);
}

StoreTable *
entry_open_table(StoreMode mode)
{
	return store_open(&entry_table, mode);
}

/* Entries formed at a time. */
#define WRITE_CHUNK		256

/* Put a value into a slot of which everything was NULL. */
static void
put(TupleTableSlot *slot, int attribute, Datum value)
{
	slot->tts_values[attribute - 1] = value;
	slot->tts_isnull[attribute - 1] = false;
}

static void
fill_entry(TupleTableSlot *slot, int32 ledger_id, const EntryRecord *record)
{
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	put(slot, Anum_entry_ledger_id, Int32GetDatum(ledger_id));
	put(slot, Anum_entry_balance_id, Int64GetDatum(record->balance_id));
	put(slot, Anum_entry_version, Int64GetDatum(record->version));
	put(slot, Anum_entry_position, Int64GetDatum(record->position));
	put(slot, Anum_entry_recorded_at, TimestampTzGetDatum(record->recorded_at));
	put(slot, Anum_entry_amount, money_numeric(record->amount, record->scale));
	put(slot, Anum_entry_balance, money_numeric(record->balance, record->scale));
	if (record->has_effective_at)
		put(slot, Anum_entry_effective_at, TimestampTzGetDatum(record->effective_at));
	ExecStoreVirtualTuple(slot);
}

/* Append entries, some at a time as journal_write() does. */
void
entry_write(StoreTable *entry, int32 ledger_id, EntryRecord *records, int count)
{
	int			size = Min(count, WRITE_CHUNK);
	TupleTableSlot **slots = store_new_slots(entry, size);

	for (int done = 0; done < count; done += size)
	{
		int			n = Min(count - done, size);

		for (int i = 0; i < n; i++)
			fill_entry(slots[i], ledger_id, &records[done + i]);
		store_insert(entry, slots, n);
	}
}

static void
version_keys(ScanKey keys, int32 ledger_id, int64 balance_id, int64 version)
{
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(balance_id));
	ScanKeyInit(&keys[2], 3, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(version));
}

static void
entry_missing(int64 balance_id, int64 version)
{
	ereport(ERROR,
			errcode(ERRCODE_DATA_CORRUPTED),
			errmsg("entry " INT64_FORMAT " of balance " INT64_FORMAT " is missing", version, balance_id),
			errhint("Run ledger.verify()."));
}

/* Entries kept for when they are asked for, at most. */
#define CACHED_ENTRIES	32768

/* Memory for their texts that is kept when the cache is emptied. */
#define TEXT_MEMORY		(2 * 1024 * 1024)

/*
 * Entries that records name one after the other stand near one another.  So
 * whatever is on the page of one that was looked up is kept as well.
 */
struct EntryReader
{
	StoreTable *entry;
	StoreScan  *scan;
	int32		ledger_id;
	MemoryContext texts;		/* of what is in the cache */
	HTAB	   *cache;			/* of EntryView */
};

static void
empty_cache(EntryReader *reader)
{
	HASH_SEQ_STATUS status;
	EntryView  *view;

	/* one by one, so that its memory is used again */
	hash_seq_init(&status, reader->cache);
	while ((view = hash_seq_search(&status)) != NULL)
		(void) hash_search(reader->cache, view, HASH_REMOVE, NULL);
	MemoryContextReset(reader->texts);
}

EntryReader *
entry_reader_begin(StoreTable *entry, int32 ledger_id)
{
	EntryReader *reader = palloc(sizeof(EntryReader));
	HASHCTL		ctl = {.keysize = 2 * sizeof(int64), .entrysize = sizeof(EntryView), .hcxt = CurrentMemoryContext};

	reader->entry = entry;
	reader->scan = store_scan_open(entry, ENTRY_BY_VERSION, 3);
	reader->ledger_id = ledger_id;
	reader->texts = AllocSetContextCreate(CurrentMemoryContext, "ledger entries", 0, TEXT_MEMORY, TEXT_MEMORY);
	reader->cache = hash_create("ledger entries", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return reader;
}

/* Keep an entry, if it is of the ledger. */
static void
keep_entry(void *arg, TupleTableSlot *slot)
{
	EntryReader *reader = arg;
	int64		key[2];
	EntryView  *view;
	bool		found;

	slot_getallattrs(slot);
	if (DatumGetInt32(slot->tts_values[Anum_entry_ledger_id - 1]) != reader->ledger_id)
		return;
	key[0] = DatumGetInt64(slot->tts_values[Anum_entry_balance_id - 1]);
	key[1] = DatumGetInt64(slot->tts_values[Anum_entry_version - 1]);
	view = hash_search(reader->cache, key, HASH_ENTER, &found);
	view->position = DatumGetInt64(slot->tts_values[Anum_entry_position - 1]);
	view->recorded_at = DatumGetTimestampTz(slot->tts_values[Anum_entry_recorded_at - 1]);
	view->has_effective_at = !slot->tts_isnull[Anum_entry_effective_at - 1];
	view->effective_at = view->has_effective_at ? DatumGetTimestampTz(slot->tts_values[Anum_entry_effective_at - 1]) : 0;
	view->amount = DatumGetCString(DirectFunctionCall1(numeric_out, slot->tts_values[Anum_entry_amount - 1]));
	view->balance = DatumGetCString(DirectFunctionCall1(numeric_out, slot->tts_values[Anum_entry_balance - 1]));
}

/* Look up an entry, and keep what is around it; NULL if it is missing. */
static const EntryView *
look_up(EntryReader *reader, ScanKey keys, ScanDirection direction)
{
	TupleTableSlot *slot = store_slot(reader->entry);
	MemoryContext old;
	int64		key[2];

	store_scan_start(reader->scan, keys);
	if (!store_scan_next(reader->scan, direction, slot))
		return NULL;
	slot_getallattrs(slot);
	key[0] = DatumGetInt64(slot->tts_values[Anum_entry_balance_id - 1]);
	key[1] = DatumGetInt64(slot->tts_values[Anum_entry_version - 1]);
	if (hash_get_num_entries(reader->cache) >= CACHED_ENTRIES)
		empty_cache(reader);
	old = MemoryContextSwitchTo(reader->texts);
	store_read_page(reader->entry, &slot->tts_tid, keep_entry, reader);
	MemoryContextSwitchTo(old);
	return hash_search(reader->cache, key, HASH_FIND, NULL);
}

/* An entry; NULL if it is missing. */
const EntryView *
entry_reader_get(EntryReader *reader, int64 balance_id, int64 version)
{
	int64		key[2] = {balance_id, version};
	EntryView  *view = hash_search(reader->cache, key, HASH_FIND, NULL);
	ScanKeyData keys[3];

	if (view != NULL)
		return view;
	version_keys(keys, reader->ledger_id, balance_id, version);
	return look_up(reader, keys, ForwardScanDirection);
}

/* The last entry of a balance before a version; NULL if there is none. */
const EntryView *
entry_reader_before(EntryReader *reader, int64 balance_id, int64 version)
{
	int64		key[2] = {balance_id, version - 1};
	EntryView  *view = hash_search(reader->cache, key, HASH_FIND, NULL);
	ScanKeyData keys[3];

	if (view != NULL)
		return view;
	version_keys(keys, reader->ledger_id, balance_id, version);
	ScanKeyInit(&keys[2], 3, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(version));
	return look_up(reader, keys, BackwardScanDirection);
}

void
entry_reader_end(EntryReader *reader)
{
	store_scan_close(reader->scan);
	hash_destroy(reader->cache);
	MemoryContextDelete(reader->texts);
	pfree(reader);
}

/* An amount in an entry that is known to exist. */
static Amount
read_entry(StoreTable *entry, int32 ledger_id, int64 balance_id, int64 version, int attribute, int scale)
{
	StoreScan  *scan = store_scan_open(entry, ENTRY_BY_VERSION, 3);
	TupleTableSlot *slot = store_slot(entry);
	ScanKeyData keys[3];
	Amount		amount;
	bool		isnull;

	version_keys(keys, ledger_id, balance_id, version);
	store_scan_start(scan, keys);
	if (!store_scan_next(scan, ForwardScanDirection, slot))
		entry_missing(balance_id, version);
	amount = money_stored(slot_getattr(slot, attribute, &isnull), scale);
	store_scan_close(scan);
	return amount;
}

/* What an entry added to its balance. */
Amount
entry_amount(StoreTable *entry, int32 ledger_id, int64 balance_id, int64 version, int scale)
{
	return read_entry(entry, ledger_id, balance_id, version, Anum_entry_amount, scale);
}

/* The running balance after an entry; before the first, version 0, it is zero. */
Amount
entry_balance(StoreTable *entry, int32 ledger_id, int64 balance_id, int64 version, int scale)
{
	return version == 0 ? 0 : read_entry(entry, ledger_id, balance_id, version, Anum_entry_balance, scale);
}

/*
 * The last version recorded by a time, or 0, found by halving the range of
 * versions, along which recorded times ascend.
 */
int64
entry_version_at(StoreTable *entry, int32 ledger_id, int64 balance_id, int64 version, TimestampTz at)
{
	StoreScan  *scan = store_scan_open(entry, ENTRY_BY_VERSION, 3);
	TupleTableSlot *slot = store_slot(entry);
	int64		low = 0;		/* recorded by then, or none */
	int64		high = version + 1; /* recorded later, or none */

	while (high - low > 1)
	{
		int64		middle = low + (high - low) / 2;
		ScanKeyData keys[3];
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		version_keys(keys, ledger_id, balance_id, middle);
		store_scan_start(scan, keys);
		if (!store_scan_next(scan, ForwardScanDirection, slot))
			entry_missing(balance_id, middle);
		if (DatumGetTimestampTz(slot_getattr(slot, Anum_entry_recorded_at, &isnull)) <= at)
			low = middle;
		else
			high = middle;
	}
	store_scan_close(scan);
	return low;
}

/* The sign and magnitude (binary) of how far an entry's effective time lies after its recording. */
static int16
skew_of(TimestampTz recorded_at, TimestampTz effective_at)
{
	if (effective_at > recorded_at)
		return 1 + pg_leftmost_one_pos64((uint64) effective_at - (uint64) recorded_at);
	if (effective_at < recorded_at)
		return -1 - pg_leftmost_one_pos64((uint64) recorded_at - (uint64) effective_at);
	return 0;
}

/*
 * Find an entry of a balance by the index on (skew, effective_at): the first
 * with this skew or, if exact is false, a greater one; from this time on.
 */
static void
effective_keys(ScanKey keys, int32 ledger_id, int64 balance_id, int16 skew, bool exact, TimestampTz from)
{
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(balance_id));
	ScanKeyInit(&keys[2], 3, exact ? BTEqualStrategyNumber : BTGreaterEqualStrategyNumber,
				exact ? F_INT2EQ : F_INT2GE, Int16GetDatum(skew));
	if (exact)
		ScanKeyInit(&keys[3], 4, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, TimestampTzGetDatum(from));
}

/* The lowest skew, from a given one up, that any entry of the balance has. */
static bool
next_skew(StoreTable *entry, int32 ledger_id, int64 balance_id, int16 *skew)
{
	StoreScan  *scan = store_scan_open(entry, ENTRY_BY_EFFECTIVE, 3);
	TupleTableSlot *slot = store_slot(entry);
	ScanKeyData keys[3];
	bool		isnull;
	bool		found;

	effective_keys(keys, ledger_id, balance_id, *skew, false, 0);
	store_scan_start(scan, keys);
	found = store_scan_next(scan, ForwardScanDirection, slot);
	if (found)
		*skew = skew_of(DatumGetTimestampTz(slot_getattr(slot, Anum_entry_recorded_at, &isnull)),
							 DatumGetTimestampTz(slot_getattr(slot, Anum_entry_effective_at, &isnull)));
	store_scan_close(scan);
	return found;
}

/* time +- 2^exponent microseconds, kept within the range of time. */
static TimestampTz
time_shifted(TimestampTz at, int sign, int exponent)
{
	TimestampTz result;

	if (exponent >= 62 || pg_add_s64_overflow(at, sign * (INT64CONST(1) << exponent), &result))
		return sign < 0 ? MIN_TIMESTAMP : END_TIMESTAMP;
	return result;
}

/*
 * What the entries of one skew add to a balance at a time: those recorded later
 * but effective by then count, those recorded by then but effective later do
 * not.  Only effective times nearer to `at` than the skew's magnitude can
 * straddle it, so no more than those are read.
 */
static Amount
straddling(StoreTable *entry, int32 ledger_id, int64 balance_id, int16 skew, int scale, TimestampTz at)
{
	StoreScan  *scan = store_scan_open(entry, ENTRY_BY_EFFECTIVE, 4);
	TupleTableSlot *slot = store_slot(entry);
	TimestampTz from = skew < 0 ? time_shifted(at, -1, -skew) : at;
	TimestampTz until = skew < 0 ? at : time_shifted(at, 1, skew);
	Amount		sum = 0;
	ScanKeyData keys[4];

	effective_keys(keys, ledger_id, balance_id, skew, true, from);
	store_scan_start(scan, keys);
	while (store_scan_next(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		TimestampTz effective_at = DatumGetTimestampTz(slot_getattr(slot, Anum_entry_effective_at, &isnull));
		TimestampTz recorded_at = DatumGetTimestampTz(slot_getattr(slot, Anum_entry_recorded_at, &isnull));
		Amount		amount = money_stored(slot_getattr(slot, Anum_entry_amount, &isnull), scale);

		CHECK_FOR_INTERRUPTS();
		if (effective_at > until)
			break;
		if (effective_at <= at && recorded_at > at)
			sum += amount;
		else if (effective_at > at && recorded_at <= at)
			sum -= amount;
	}
	store_scan_close(scan);
	return sum;
}

/*
 * A balance at an effective time: the running balance of the last entry
 * recorded by then, corrected by the entries whose two times lie on different
 * sides of it.  `version` is the balance's version in the active snapshot.
 */
Amount
entry_balance_at(int32 ledger_id, int64 balance_id, int64 version, int scale, TimestampTz at)
{
	StoreTable *entry = entry_open_table(STORE_READ);
	int64		last = entry_version_at(entry, ledger_id, balance_id, version, at);
	Amount		balance = entry_balance(entry, ledger_id, balance_id, last, scale);
	int16		skew = PG_INT16_MIN;

	while (next_skew(entry, ledger_id, balance_id, &skew))
	{
		balance += straddling(entry, ledger_id, balance_id, skew, scale, at);
		skew++;
	}
	store_close(entry);
	return balance;
}

/* SQL: ledger_data.skew(recorded_at, effective_at). */
Datum
ledger_skew(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT16(skew_of(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1)));
}
