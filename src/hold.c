/*
 * hold.c
 *		Reading and writing holds, and what has expired of them.
 *
 * Invariant: a balance's held outflow is what is left of the holds it is the
 * source of, its held inflow likewise; left = amount - captured - voided.  A
 * hold counts no longer from the moment it expires, whether or not its rows
 * have been swept: expired amounts are found by an index and left out.  The
 * moment is a balance's own time of recording, which never runs backwards, so
 * what was once free because of expiry cannot be captured later.
 */
#include "hold.h"

#include "access/skey.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "error.h"
#include "money.h"

/* ledger_data.hold */
enum
{
	Anum_hold_ledger_id = 1,
	Anum_hold_number,
	Anum_hold_hold,
	Anum_hold_source_id,
	Anum_hold_destination_id,
	Anum_hold_scale,
	Anum_hold_expired,
	Anum_hold_expires_at,
	Anum_hold_due,
	Anum_hold_amount,
	Anum_hold_captured,
	Anum_hold_voided,
	Natts_hold = Anum_hold_voided
};

enum
{
	HOLD_BY_NUMBER,
	HOLD_BY_SOURCE,
	HOLD_BY_DESTINATION,
	HOLD_BY_DUE
};

static StoreDef hold_table = {
	.name = "hold",
	.natts = Natts_hold,
	.index_names = {"hold_pkey", "hold_source", "hold_destination", "hold_due"}
};

void
hold_init(void)
{
	store_register(&hold_table);
}

StoreTable *
hold_open_table(StoreMode mode)
{
	return store_open(&hold_table, mode);
}

/* What is still reserved. */
Amount
hold_left(const HoldPosting *posting)
{
	return posting->amount - posting->captured - posting->voided;
}

/* Take a row in. */
static void
read_posting(TupleTableSlot *slot, HoldPosting *posting)
{
	Datum	   *values = slot->tts_values;
	int			scale;

	slot_getallattrs(slot);
	posting->scale = scale = DatumGetInt16(values[Anum_hold_scale - 1]);
	posting->number = DatumGetInt32(values[Anum_hold_number - 1]);
	posting->source_id = DatumGetInt64(values[Anum_hold_source_id - 1]);
	posting->destination_id = DatumGetInt64(values[Anum_hold_destination_id - 1]);
	posting->expired = DatumGetBool(values[Anum_hold_expired - 1]);
	posting->has_expires_at = !slot->tts_isnull[Anum_hold_expires_at - 1];
	if (posting->has_expires_at)
		posting->expires_at = DatumGetTimestampTz(values[Anum_hold_expires_at - 1]);
	posting->amount = money_stored(values[Anum_hold_amount - 1], scale);
	posting->captured = money_stored(values[Anum_hold_captured - 1], scale);
	posting->voided = money_stored(values[Anum_hold_voided - 1], scale);
	posting->tid = slot->tts_tid;
}

/* Read a hold as the active snapshot has it; no postings if there is none. */
HoldPosting *
hold_read(StoreTable *table, int32 ledger_id, int64 hold, int *count)
{
	StoreScan  *scan = store_scan_open(table, HOLD_BY_NUMBER, 2);
	int			room = 2;
	HoldPosting *postings = palloc(sizeof(HoldPosting) * room);
	ScanKeyData keys[2];

	*count = 0;
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(hold));
	store_scan_start(scan, keys);
	while (store_scan_next(scan, ForwardScanDirection, store_slot(table)))
	{
		if (*count == room)
			postings = repalloc(postings, sizeof(HoldPosting) * (room *= 2));
		read_posting(store_slot(table), &postings[(*count)++]);
	}
	store_scan_close(scan);
	return postings;
}

/* Put a posting into a slot.  It is due while something is left of it that will expire. */
static void
fill_posting(TupleTableSlot *slot, int32 ledger_id, int64 hold, const HoldPosting *posting)
{
	Datum	   *values = slot->tts_values;

	ExecClearTuple(slot);
	memset(slot->tts_isnull, false, slot->tts_tupleDescriptor->natts);
	values[Anum_hold_ledger_id - 1] = Int32GetDatum(ledger_id);
	values[Anum_hold_number - 1] = Int32GetDatum(posting->number);
	values[Anum_hold_hold - 1] = Int64GetDatum(hold);
	values[Anum_hold_source_id - 1] = Int64GetDatum(posting->source_id);
	values[Anum_hold_destination_id - 1] = Int64GetDatum(posting->destination_id);
	values[Anum_hold_scale - 1] = Int16GetDatum(posting->scale);
	values[Anum_hold_expired - 1] = BoolGetDatum(posting->expired);
	values[Anum_hold_expires_at - 1] = values[Anum_hold_due - 1] = TimestampTzGetDatum(posting->expires_at);
	slot->tts_isnull[Anum_hold_expires_at - 1] = !posting->has_expires_at;
	slot->tts_isnull[Anum_hold_due - 1] = !posting->has_expires_at || hold_left(posting) == 0;
	values[Anum_hold_amount - 1] = money_numeric(posting->amount, posting->scale);
	values[Anum_hold_captured - 1] = money_numeric(posting->captured, posting->scale);
	values[Anum_hold_voided - 1] = money_numeric(posting->voided, posting->scale);
	ExecStoreVirtualTuple(slot);
}

/* Write the postings of a new hold. */
void
hold_write(StoreTable *table, int32 ledger_id, int64 hold, HoldPosting *postings, int count)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);

	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		fill_posting(slot, ledger_id, hold, &postings[i]);
		store_insert(table, &slot, 1);
	}
}

/* Write what has become of a posting of a hold that was read. */
void
hold_update(StoreTable *table, int32 ledger_id, int64 hold, HoldPosting *posting)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);

	fill_posting(slot, ledger_id, hold, posting);
	store_update(table, &posting->tid, slot);
}

/* The numbers of holds that are due by a time, some more than once, at most so many. */
int64 *
hold_due(StoreTable *table, int32 ledger_id, TimestampTz until, int most, int *count)
{
	StoreScan  *scan = store_scan_open(table, HOLD_BY_DUE, 2);
	TupleTableSlot *slot = store_slot(table);
	int64	   *holds = palloc(sizeof(int64) * most);
	ScanKeyData keys[2];
	bool		isnull;

	*count = 0;
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(until));
	store_scan_start(scan, keys);
	while (*count < most && store_scan_next(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		holds[(*count)++] = DatumGetInt64(slot_getattr(slot, Anum_hold_hold, &isnull));
	}
	store_scan_close(scan);
	return holds;
}

/* What is left of the holds on one side of a balance that have expired. */
static Amount
expired_amount(StoreTable *table, int index, int32 ledger_id, int64 balance_id, TimestampTz now)
{
	StoreScan  *scan = store_scan_open(table, index, 3);
	Amount		sum = 0;
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(balance_id));
	ScanKeyInit(&keys[2], 3, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
	store_scan_start(scan, keys);
	while (store_scan_next(scan, ForwardScanDirection, store_slot(table)))
	{
		HoldPosting posting;

		CHECK_FOR_INTERRUPTS();
		read_posting(store_slot(table), &posting);
		sum += hold_left(&posting);
	}
	store_scan_close(scan);
	return sum;
}

/*
 * Tell the rules how much of what is held on the balances of a set has expired.
 * The caller has them locked, and a snapshot taken since.
 */
void
hold_count_expired(BalanceSet *set, int32 ledger_id, TimestampTz now)
{
	StoreTable *table = NULL;

	for (int i = 0; i < set->count; i++)
	{
		RuleBalance *rule = &set->rules[i];
		int64		id = set->balances[i].id;

		if (rule->held_in == 0 && rule->held_out == 0)
			continue;
		if (table == NULL)
			table = hold_open_table(STORE_READ);
		rule->expired_out = rule->held_out == 0 ? 0 : expired_amount(table, HOLD_BY_SOURCE, ledger_id, id, now);
		rule->expired_in = rule->held_in == 0 ? 0 : expired_amount(table, HOLD_BY_DESTINATION, ledger_id, id, now);
	}
	if (table != NULL)
		store_close(table);
}
