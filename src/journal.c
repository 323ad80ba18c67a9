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
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "error.h"
#include "money.h"

LEDGER_FUNCTION(ledger_append_only);
LEDGER_FUNCTION(ledger_counterpart);
LEDGER_FUNCTION(ledger_legs);
LEDGER_FUNCTION(ledger_legs_readable);

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
	JOURNAL_BY_RELATED,
	JOURNAL_BY_TAG				/* the first of as many as there are tags, in their order */
};

/* Records formed at a time. */
#define WRITE_CHUNK		256

static StoreDef journal_table = {
	.name = "journal",
	.natts = Natts_journal,
	.index_names = {"journal_idempotency_key", "journal_reference", "journal_pkey", "journal_related",
		"journal_source_type", "journal_source_id", "journal_stream_type", "journal_stream_id", "journal_event_type"},
	.sequence_name = "journal_position"
};

void
journal_init(void)
{
	store_register(&journal_table);
}

StoreTable *
journal_open_table(StoreMode mode)
{
	return store_open(&journal_table, mode);
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

/* The last position that anybody has drawn, used or not. */
int64
journal_last_position(void)
{
	return store_last_number(&journal_table);
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

/* Whether decode_legs() would read it. */
static bool
legs_are_readable(const bytea *stored)
{
	const uint8 *data = (const uint8 *) VARDATA_ANY(stored);
	int			numbers = 0;
	int			bytes = 0;		/* of the number begun */

	for (Size i = 0; i < VARSIZE_ANY_EXHDR(stored); i++)
	{
		if (++bytes > VARINT_MAX)
			return false;
		if (!(data[i] & 0x80))
		{
			numbers++;
			bytes = 0;
		}
	}
	return bytes == 0 && numbers % 2 == 0;
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

/* The column of each tag. */
static const AttrNumber tag_columns[TAG_COUNT] = {
	[TAG_SOURCE_TYPE] = Anum_journal_source_type,
	[TAG_SOURCE_ID] = Anum_journal_source_id,
	[TAG_STREAM_TYPE] = Anum_journal_stream_type,
	[TAG_STREAM_ID] = Anum_journal_stream_id,
	[TAG_EVENT_TYPE] = Anum_journal_event_type
};

static void
put_tags(TupleTableSlot *slot, const Tags *tags)
{
	for (int i = 0; i < TAG_COUNT; i++)
		if (tags->values[i] != NULL)
			put(slot, tag_columns[i], PointerGetDatum(tags->values[i]));
	if (tags->correlation_id != NULL)
		put(slot, Anum_journal_correlation_id, PointerGetDatum(tags->correlation_id));
	if (tags->causation_id != NULL)
		put(slot, Anum_journal_causation_id, PointerGetDatum(tags->causation_id));
}

static Datum
hash_datum(const uint8 *hash, Size size)
{
	bytea	   *result = palloc(VARHDRSZ + size);

	SET_VARSIZE(result, VARHDRSZ + size);
	memcpy(VARDATA(result), hash, size);
	return PointerGetDatum(result);
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
		put(slot, Anum_journal_idempotency_key, PointerGetDatum(record->idempotency_key));
		put(slot, Anum_journal_fingerprint, hash_datum(record->fingerprint, FINGERPRINT_SIZE));
	}
	if (record->hash != NULL)
		put(slot, Anum_journal_hash, hash_datum(record->hash, HASH_SIZE));
	if (record->reference != NULL)
		put(slot, Anum_journal_reference, PointerGetDatum(record->reference));
	if (record->metadata != NULL)
		put(slot, Anum_journal_metadata, PointerGetDatum(record->metadata));
	if (record->related != 0)
		put(slot, Anum_journal_related, Int64GetDatum(record->related));
	if (record->payload != NULL)
		put(slot, Anum_journal_payload, PointerGetDatum(record->payload));
	if (record->tags != NULL)
		put_tags(slot, record->tags);
	ExecStoreVirtualTuple(slot);
}

/*
 * Append journal records, some at a time: the server takes time in the square
 * of the number of slots to release them.
 */
void
journal_write(StoreTable *journal, int32 ledger_id, JournalRecord *records, int count)
{
	int			size = Min(count, WRITE_CHUNK);
	TupleTableSlot **slots = store_new_slots(journal, size);

	for (int done = 0; done < count; done += size)
	{
		int			n = Min(count - done, size);

		for (int i = 0; i < n; i++)
			fill_journal(slots[i], ledger_id, &records[done + i]);
		store_insert(journal, slots, n);
	}
}

/* Take what a record says out of its row. */
static void
read_record(TupleTableSlot *slot, JournalFound *found)
{
	bool		isnull;
	Datum		datum;

	memset(found, 0, sizeof(*found));
	found->writer = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));
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

static bool
same_text(Datum datum, const text *value)
{
	const text *found = DatumGetTextPP(datum);

	return VARSIZE_ANY_EXHDR(found) == VARSIZE_ANY_EXHDR(value) &&
		memcmp(VARDATA_ANY(found), VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)) == 0;
}

/* Copy the hash of the row in the slot; whether it has one. */
static bool
read_hash(TupleTableSlot *slot, uint8 *hash)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, Anum_journal_hash, &isnull);
	bytea	   *stored = isnull ? NULL : DatumGetByteaPP(datum);

	if (stored == NULL || VARSIZE_ANY_EXHDR(stored) != HASH_SIZE)
		return false;
	memcpy(hash, VARDATA_ANY(stored), HASH_SIZE);
	return true;
}

/* The position of a ledger's last record, 0 if there is none, and its hash if it has one. */
int64
journal_head(StoreTable *journal, int32 ledger_id, uint8 *hash, bool *hashed)
{
	int64		last = journal_last(journal, ledger_id, PG_INT64_MAX);

	*hashed = last != 0 && read_hash(store_slot(journal), hash);
	return last;
}

/* The position of a ledger's last record, at or below some; 0 if there is none. */
int64
journal_last(StoreTable *journal, int32 ledger_id, int64 until)
{
	StoreScan  *scan = store_scan_open(journal, JOURNAL_BY_POSITION, 2);
	TupleTableSlot *slot = store_slot(journal);
	int64		position = 0;
	ScanKeyData keys[2];
	bool		isnull;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(until));
	store_scan_start(scan, keys);
	if (store_scan_next(scan, BackwardScanDirection, slot))
		position = DatumGetInt64(slot_getattr(slot, Anum_journal_position, &isnull));
	store_scan_close(scan);
	return position;
}

struct JournalScan
{
	StoreScan  *scan;
	TupleTableSlot *slot;
};

/* Begin to read the records after one position and up to another, in order. */
JournalScan *
journal_scan_begin(StoreTable *journal, int32 ledger_id, int64 after, int64 until)
{
	JournalScan *scan = palloc(sizeof(JournalScan));
	ScanKeyData keys[3];

	scan->scan = store_scan_open(journal, JOURNAL_BY_POSITION, 3);
	scan->slot = store_slot(journal);
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after));
	ScanKeyInit(&keys[2], 2, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(until));
	store_scan_start(scan->scan, keys);
	return scan;
}

/* A value of the row in the slot, of variable length; NULL if it has none. */
static void *
get_pointer(TupleTableSlot *slot, int attribute)
{
	return slot->tts_isnull[attribute - 1] ? NULL : PG_DETOAST_DATUM_PACKED(slot->tts_values[attribute - 1]);
}

static const Tags *
get_tags(TupleTableSlot *slot)
{
	Tags	   *tags = palloc0(sizeof(Tags));

	for (int i = 0; i < TAG_COUNT; i++)
		tags->values[i] = get_pointer(slot, tag_columns[i]);
	tags->correlation_id = get_pointer(slot, Anum_journal_correlation_id);
	tags->causation_id = get_pointer(slot, Anum_journal_causation_id);
	return tags;
}

/*
 * The next record, good until the one after it is asked for; false at the end.
 * Legs that cannot be read are counted as -1.
 */
bool
journal_scan_next(JournalScan *scan, JournalRecord *record)
{
	TupleTableSlot *slot = scan->slot;
	Datum	   *values = slot->tts_values;
	bytea	   *fingerprint;
	bytea	   *legs;
	bytea	   *hash;

	memset(record, 0, sizeof(*record));
	if (!store_scan_next(scan->scan, ForwardScanDirection, slot))
		return false;
	slot_getallattrs(slot);
	record->kind = DatumGetChar(values[Anum_journal_kind - 1]);
	record->position = DatumGetInt64(values[Anum_journal_position - 1]);
	record->recorded_at = DatumGetTimestampTz(values[Anum_journal_recorded_at - 1]);
	record->has_effective_at = !slot->tts_isnull[Anum_journal_effective_at - 1];
	if (record->has_effective_at)
		record->effective_at = DatumGetTimestampTz(values[Anum_journal_effective_at - 1]);
	legs = get_pointer(slot, Anum_journal_legs);
	if (legs != NULL && legs_are_readable(legs))
		record->legs = decode_legs(PointerGetDatum(legs), &record->leg_count);
	else if (legs != NULL)
		record->leg_count = -1;
	if (!slot->tts_isnull[Anum_journal_related - 1])
		record->related = DatumGetInt64(values[Anum_journal_related - 1]);
	record->idempotency_key = get_pointer(slot, Anum_journal_idempotency_key);
	fingerprint = get_pointer(slot, Anum_journal_fingerprint);
	if (fingerprint != NULL && VARSIZE_ANY_EXHDR(fingerprint) == FINGERPRINT_SIZE)
		record->fingerprint = (uint8 *) VARDATA_ANY(fingerprint);
	record->reference = get_pointer(slot, Anum_journal_reference);
	if (!slot->tts_isnull[Anum_journal_metadata - 1])
		record->metadata = DatumGetJsonbP(values[Anum_journal_metadata - 1]);
	if (!slot->tts_isnull[Anum_journal_payload - 1])
		record->payload = DatumGetJsonbP(values[Anum_journal_payload - 1]);
	record->tags = get_tags(slot);
	hash = get_pointer(slot, Anum_journal_hash);
	if (hash != NULL && VARSIZE_ANY_EXHDR(hash) == HASH_SIZE)
		record->hash = (uint8 *) VARDATA_ANY(hash);
	return true;
}

void
journal_scan_end(JournalScan *scan)
{
	store_scan_close(scan->scan);
	pfree(scan);
}

/* The tag of a match that the fewest records are likely to share. */
Tag
journal_selective_tag(const JournalMatch *match)
{
	static const Tag order[] = {TAG_SOURCE_ID, TAG_STREAM_ID, TAG_SOURCE_TYPE, TAG_STREAM_TYPE};

	for (int i = 0; i < (int) lengthof(order); i++)
		if (match->values[order[i]] != NULL)
			return order[i];
	return TAG_EVENT_TYPE;
}

/* Whether the record in a slot has every tag and one of the types. */
static bool
matches(TupleTableSlot *slot, const JournalMatch *match)
{
	Datum		datum;
	bool		isnull;

	for (int i = 0; i < TAG_EVENT_TYPE; i++)
	{
		if (match->values[i] == NULL)
			continue;
		datum = slot_getattr(slot, tag_columns[i], &isnull);
		if (isnull || !same_text(datum, match->values[i]))
			return false;
	}
	if (match->type_count == 0)
		return true;
	datum = slot_getattr(slot, Anum_journal_event_type, &isnull);
	for (int i = 0; i < match->type_count && !isnull; i++)
		if (same_text(datum, match->types[i]))
			return true;
	return false;
}

/* The last match among the records with one value of one tag, after and until positions; 0 if none. */
static int64
last_match(StoreTable *journal, int32 ledger_id, const JournalMatch *match, Tag tag, text *value,
		   int64 after, int64 until)
{
	StoreScan  *scan = store_scan_open(journal, JOURNAL_BY_TAG + tag, 4);
	TupleTableSlot *slot = store_slot(journal);
	int64		position = 0;
	ScanKeyData keys[4];
	bool		isnull;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_TEXTEQ, PointerGetDatum(value));
	ScanKeyInit(&keys[2], 3, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after));
	ScanKeyInit(&keys[3], 3, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(until));
	store_scan_start(scan, keys);
	while (position == 0 && store_scan_next(scan, BackwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (matches(slot, match))
			position = DatumGetInt64(slot_getattr(slot, Anum_journal_position, &isnull));
	}
	store_scan_close(scan);
	return position;
}

/*
 * The position of the last record, after and until some, that matches; 0 if
 * none does.  The index of the most selective tag given serves.
 */
int64
journal_match(StoreTable *journal, int32 ledger_id, const JournalMatch *match, int64 after, int64 until)
{
	Tag			tag = journal_selective_tag(match);
	int64		last = 0;

	if (tag != TAG_EVENT_TYPE)
		return last_match(journal, ledger_id, match, tag, match->values[tag], after, until);
	for (int i = 0; i < match->type_count; i++)
	{
		int64		position = last_match(journal, ledger_id, match, tag, match->types[i], Max(after, last), until);

		last = Max(last, position);
	}
	return last;
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
	PG_RETURN_BOOL(legs_are_readable(PG_GETARG_BYTEA_PP(0)));
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
