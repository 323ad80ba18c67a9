/*
 * journal.c
 *		Writing and reading journal records and entries.
 *
 * Invariant: positions are drawn while the rows of the balances they touch are
 * locked, so along one balance positions, versions and recorded times all
 * ascend together.  Nothing here is ever updated or deleted.
 */
#include "journal.h"

#include "access/skey.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/int.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "error.h"
#include "money.h"

LEDGER_FUNCTION(ledger_append_only);
LEDGER_FUNCTION(ledger_counterpart);
LEDGER_FUNCTION(ledger_legs);
LEDGER_FUNCTION(ledger_legs_readable);
LEDGER_FUNCTION(ledger_skew);

/* ledger_data.journal */
enum
{
	Anum_journal_ledger_id = 1,
	Anum_journal_kind,
	Anum_journal_position,
	Anum_journal_recorded_at,
	Anum_journal_legs,
	Anum_journal_effective_at,
	Anum_journal_idempotency_key,
	Anum_journal_fingerprint,
	Anum_journal_reference,
	Anum_journal_metadata,
	Anum_journal_related,
	Anum_journal_payload,
	Anum_journal_source_type,
	Anum_journal_source_id,
	Anum_journal_stream_type,
	Anum_journal_stream_id,
	Anum_journal_event_type,
	Anum_journal_correlation_id,
	Anum_journal_causation_id,
	Anum_journal_hash,
	Natts_journal = Anum_journal_hash
};

enum
{
	JOURNAL_BY_KEY,
	JOURNAL_BY_REFERENCE,
	JOURNAL_BY_POSITION,
	JOURNAL_BY_RELATED
};

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

/* Entries formed at a time. */
#define WRITE_CHUNK		256

static StoreDef journal_table = {
	.name = "journal",
	.natts = Natts_journal,
	.index_names = {"journal_idempotency_key", "journal_reference", "journal_pkey", "journal_related"},
	.sequence_name = "journal_position"
};

static StoreDef entry_table = {
	.name = "entry",
	.natts = Natts_entry,
	.index_names = {"entry_pkey", "entry_effective"}
};

void
journal_init(void)
{
	store_register(&journal_table);
	store_register(&entry_table);
}

StoreTable *
journal_open_table(StoreMode mode)
{
	return store_open(&journal_table, mode);
}

StoreTable *
entry_open_table(StoreMode mode)
{
	return store_open(&entry_table, mode);
}

/*
 * Draw the next position.  Call it with every balance locked that the record
 * will touch.  A position that is not used in the end leaves a gap.
 */
int64
journal_next_position(void)
{
	return store_next_number(&journal_table);
}

/* Bytes a 64-bit number may take. */
#define VARINT_MAX		10

/*
 * Legs are stored as one varint (seven bits a byte, low ones first) for each
 * balance and version: a dozen bytes for most postings.
 */
static uint8 *
put_varint(uint8 *out, uint64 value)
{
	while (value >= 0x80)
	{
		*out++ = (uint8) (value | 0x80);
		value >>= 7;
	}
	*out++ = (uint8) value;
	return out;
}

static bytea *
encode_legs(const Leg *legs, int count)
{
	bytea	   *result = palloc(VARHDRSZ + (Size) count * 2 * VARINT_MAX);
	uint8	   *out = (uint8 *) VARDATA(result);

	for (int i = 0; i < count; i++)
	{
		out = put_varint(out, (uint64) legs[i].balance_id);
		out = put_varint(out, (uint64) legs[i].version);
	}
	SET_VARSIZE(result, out - (uint8 *) result);
	return result;
}

/* Read a varint and move on; what is not one is data corruption. */
static int64
get_varint(const uint8 **in, const uint8 *end)
{
	uint64		value = 0;

	for (int shift = 0; shift < 64 && *in < end; shift += 7)
	{
		uint8		byte = *(*in)++;

		value |= (uint64) (byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return (int64) value;
	}
	ereport(ERROR,
			errcode(ERRCODE_DATA_CORRUPTED),
			errmsg("the legs of a journal record are malformed"),
			errhint("Run ledger.verify() to find it."));
	return 0;
}

static Leg *
decode_legs(Datum datum, int *count)
{
	bytea	   *stored = DatumGetByteaPP(datum);
	const uint8 *in = (const uint8 *) VARDATA_ANY(stored);
	const uint8 *end = in + VARSIZE_ANY_EXHDR(stored);
	Leg		   *legs = palloc(sizeof(Leg) * (VARSIZE_ANY_EXHDR(stored) / 2 + 1));

	*count = 0;
	while (in < end)
	{
		legs[*count].balance_id = get_varint(&in, end);
		legs[*count].version = get_varint(&in, end);
		(*count)++;
	}
	return legs;
}

/* Put a value into a slot of which everything was NULL. */
static void
put(TupleTableSlot *slot, int attribute, Datum value)
{
	slot->tts_values[attribute - 1] = value;
	slot->tts_isnull[attribute - 1] = false;
}

static void
fill_journal(TupleTableSlot *slot, int32 ledger_id, const JournalRecord *record)
{
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);
	put(slot, Anum_journal_ledger_id, Int32GetDatum(ledger_id));
	put(slot, Anum_journal_kind, CharGetDatum(record->kind));
	put(slot, Anum_journal_position, Int64GetDatum(record->position));
	put(slot, Anum_journal_recorded_at, TimestampTzGetDatum(record->recorded_at));
	if (record->legs != NULL)
		put(slot, Anum_journal_legs, PointerGetDatum(encode_legs(record->legs, record->leg_count)));
	if (record->has_effective_at)
		put(slot, Anum_journal_effective_at, TimestampTzGetDatum(record->effective_at));
	if (record->idempotency_key != NULL)
	{
		bytea	   *fingerprint = palloc(VARHDRSZ + FINGERPRINT_SIZE);

		SET_VARSIZE(fingerprint, VARHDRSZ + FINGERPRINT_SIZE);
		memcpy(VARDATA(fingerprint), record->fingerprint, FINGERPRINT_SIZE);
		put(slot, Anum_journal_idempotency_key, PointerGetDatum(record->idempotency_key));
		put(slot, Anum_journal_fingerprint, PointerGetDatum(fingerprint));
	}
	if (record->reference != NULL)
		put(slot, Anum_journal_reference, PointerGetDatum(record->reference));
	if (record->metadata != NULL)
		put(slot, Anum_journal_metadata, PointerGetDatum(record->metadata));
	if (record->related != 0)
		put(slot, Anum_journal_related, Int64GetDatum(record->related));
	if (record->payload != NULL)
		put(slot, Anum_journal_payload, PointerGetDatum(record->payload));
	ExecStoreVirtualTuple(slot);
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

/* Slots to fill, and to throw away when written. */
static TupleTableSlot **
make_slots(StoreTable *table, int count)
{
	TupleTableSlot **slots = palloc(sizeof(TupleTableSlot *) * count);

	for (int i = 0; i < count; i++)
		slots[i] = store_new_slot(table);
	return slots;
}

static void
drop_slots(TupleTableSlot **slots, int count)
{
	for (int i = 0; i < count; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	pfree(slots);
}

/*
 * Append journal records, some at a time: the server takes time in the square
 * of the number of slots to release them.
 */
void
journal_write(StoreTable *journal, int32 ledger_id, JournalRecord *records, int count)
{
	int			size = Min(count, WRITE_CHUNK);
	TupleTableSlot **slots = make_slots(journal, size);

	for (int done = 0; done < count; done += size)
	{
		int			n = Min(count - done, size);

		for (int i = 0; i < n; i++)
			fill_journal(slots[i], ledger_id, &records[done + i]);
		store_insert(journal, slots, n);
	}
	drop_slots(slots, size);
}

/* Append entries in the same way. */
void
entry_write(StoreTable *entry, int32 ledger_id, EntryRecord *records, int count)
{
	int			size = Min(count, WRITE_CHUNK);
	TupleTableSlot **slots = make_slots(entry, size);

	for (int done = 0; done < count; done += size)
	{
		int			n = Min(count - done, size);

		for (int i = 0; i < n; i++)
			fill_entry(slots[i], ledger_id, &records[done + i]);
		store_insert(entry, slots, n);
	}
	drop_slots(slots, size);
}

/* Take what a record says out of its row. */
static void
read_record(TupleTableSlot *slot, JournalFound *found)
{
	bool		isnull;
	Datum		datum;

	memset(found, 0, sizeof(*found));
	found->kind = DatumGetChar(slot_getattr(slot, Anum_journal_kind, &isnull));
	found->position = DatumGetInt64(slot_getattr(slot, Anum_journal_position, &isnull));
	found->recorded_at = DatumGetTimestampTz(slot_getattr(slot, Anum_journal_recorded_at, &isnull));
	datum = slot_getattr(slot, Anum_journal_effective_at, &isnull);
	found->effective_at = isnull ? found->recorded_at : DatumGetTimestampTz(datum);
	datum = slot_getattr(slot, Anum_journal_legs, &isnull);
	if (!isnull)
		found->legs = decode_legs(datum, &found->leg_count);
	datum = slot_getattr(slot, Anum_journal_fingerprint, &isnull);
	if (!isnull)
	{
		bytea	   *stored = DatumGetByteaPP(datum);

		memcpy(found->fingerprint, VARDATA_ANY(stored), Min(VARSIZE_ANY_EXHDR(stored), FINGERPRINT_SIZE));
	}
}

/* Find a record by an index on the ledger and a unique value. */
static bool
find_record(StoreTable *journal, int index, int32 ledger_id, RegProcedure equal, Datum value, JournalFound *found)
{
	StoreScan  *scan = store_scan_open(journal, index, 2);
	TupleTableSlot *slot = store_slot(journal);
	ScanKeyData keys[2];
	bool		result;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, equal, value);
	store_scan_start(scan, keys);
	result = store_scan_next(scan, ForwardScanDirection, slot);
	if (result)
		read_record(slot, found);
	store_scan_close(scan);
	return result;
}

/* Find the record at a position. */
bool
journal_find_position(StoreTable *journal, int32 ledger_id, int64 position, JournalFound *found)
{
	return find_record(journal, JOURNAL_BY_POSITION, ledger_id, F_INT8EQ, Int64GetDatum(position), found);
}

/* Find the records of a kind that refer to a position, in no particular order. */
JournalFound *
journal_find_related(StoreTable *journal, int32 ledger_id, int64 related, char kind, int *count)
{
	StoreScan  *scan = store_scan_open(journal, JOURNAL_BY_RELATED, 2);
	TupleTableSlot *slot = store_slot(journal);
	int			room = 4;
	JournalFound *found = palloc(sizeof(JournalFound) * room);
	ScanKeyData keys[2];

	*count = 0;
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(related));
	store_scan_start(scan, keys);
	while (store_scan_next(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (*count == room)
			found = repalloc(found, sizeof(JournalFound) * (room *= 2));
		read_record(slot, &found[*count]);
		if (found[*count].kind == kind)
			(*count)++;
	}
	store_scan_close(scan);
	return found;
}

/* Find the record that used an idempotency key. */
bool
journal_find_key(StoreTable *journal, int32 ledger_id, text *key, JournalFound *found)
{
	return find_record(journal, JOURNAL_BY_KEY, ledger_id, F_TEXTEQ, PointerGetDatum(key), found);
}

/* Find the record that has a reference. */
bool
journal_find_reference(StoreTable *journal, int32 ledger_id, text *reference, JournalFound *found)
{
	return find_record(journal, JOURNAL_BY_REFERENCE, ledger_id, F_TEXTEQ, PointerGetDatum(reference), found);
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
int16
journal_skew(TimestampTz recorded_at, TimestampTz effective_at)
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
		*skew = journal_skew(DatumGetTimestampTz(slot_getattr(slot, Anum_entry_recorded_at, &isnull)),
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

/* SQL: ledger_data.legs(bytea): balance and version of each leg, in turn. */
Datum
ledger_legs(PG_FUNCTION_ARGS)
{
	int			count;
	Leg		   *legs = decode_legs(PG_GETARG_DATUM(0), &count);
	Datum	   *values = palloc(sizeof(Datum) * (2 * count + 1));

	for (int i = 0; i < count; i++)
	{
		values[2 * i] = Int64GetDatum(legs[i].balance_id);
		values[2 * i + 1] = Int64GetDatum(legs[i].version);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(values, 2 * count, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* SQL: ledger_data.legs_readable(bytea): whether ledger_data.legs() would read it. */
Datum
ledger_legs_readable(PG_FUNCTION_ARGS)
{
	bytea	   *stored = PG_GETARG_BYTEA_PP(0);
	const uint8 *data = (const uint8 *) VARDATA_ANY(stored);
	int			numbers = 0;
	int			bytes = 0;		/* of the number begun */

	for (Size i = 0; i < VARSIZE_ANY_EXHDR(stored); i++)
	{
		if (++bytes > VARINT_MAX)
			PG_RETURN_BOOL(false);
		if (!(data[i] & 0x80))
		{
			numbers++;
			bytes = 0;
		}
	}
	PG_RETURN_BOOL(bytes == 0 && numbers % 2 == 0);
}

/* SQL: ledger_data.counterpart(legs, balance_id, version): the other side of an entry. */
Datum
ledger_counterpart(PG_FUNCTION_ARGS)
{
	int			count;
	Leg		   *legs = decode_legs(PG_GETARG_DATUM(0), &count);

	for (int i = 0; i < count; i++)
		if (legs[i].balance_id == PG_GETARG_INT64(1) && legs[i].version == PG_GETARG_INT64(2) && (i ^ 1) < count)
			PG_RETURN_INT64(legs[i ^ 1].balance_id);
	PG_RETURN_NULL();
}

/* SQL: ledger_data.skew(recorded_at, effective_at). */
Datum
ledger_skew(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT16(journal_skew(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1)));
}

/* SQL: trigger append_only: journal and entries are never changed. */
Datum
ledger_append_only(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("function \"append_only\" must be called as a trigger"));
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_APPEND_ONLY),
			errmsg("table \"%s\" is append-only", RelationGetRelationName(trigger->tg_relation)),
			errdetail("What was posted is never changed or removed."),
			errhint("Post the opposite transaction instead."));
	return (Datum) 0;
}
