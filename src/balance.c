/*
 * balance.c
 *		Balances: find, lock, read and write their rows, one at a time.
 *
 * Invariant: a row is changed only by whoever holds its row lock, or by a change
 * that is the lock.
 */
#include "balance.h"

#include "access/htup_details.h"
#include "access/skey.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#include "board.h"
#include "error.h"
#include "hint.h"
#include "money.h"
#include "row.h"

enum
{
	BALANCE_BY_ID,
	BALANCE_BY_ADDRESS
};

static StoreDef balance_table = {
	.name = "balance",
	.natts = Natts_balance,
	.index_names = {"balance_pkey", "balance_address_key"},
	.sequence_name = "balance_id"
};

void
balance_init(void)
{
	store_register(&balance_table);
}

StoreTable *
balance_open_table(StoreMode mode)
{
	return store_open(&balance_table, mode);
}

/* The number of a balance to be. */
int64
balance_next_id(void)
{
	return store_next_number(&balance_table);
}

/* What a balance is found by, in this call and in the table of hints. */
uint64
balance_hash(const char *address, int length, int32 asset_id)
{
	return hash_bytes_extended((const unsigned char *) address, length, (uint32) asset_id);
}

static void
address_keys(ScanKey keys, int32 ledger_id, const char *address, int length, int32 asset_id)
{
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_TEXTEQ,
				PointerGetDatum(cstring_to_text_with_len(address, length)));
	ScanKeyInit(&keys[2], 3, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(asset_id));
}

/* What a row's hint is kept under. */
static uint64
hint_key(int32 ledger_id, uint64 hash, int stripe)
{
	return hash_combine64(hash + stripe, (uint64) MyDatabaseId << 32 | (uint32) ledger_id);
}

/* Whether the row in the slot is a stripe of an address and asset. */
static bool
is_row_of(TupleTableSlot *slot, int32 ledger_id, const char *address, int length, int32 asset_id, int stripe)
{
	text	   *found;

	slot_getsomeattrs(slot, Anum_balance_address);
	found = DatumGetTextPP(slot->tts_values[Anum_balance_address - 1]);
	return DatumGetInt32(slot->tts_values[Anum_balance_ledger_id - 1]) == ledger_id &&
		DatumGetInt32(slot->tts_values[Anum_balance_asset_id - 1]) == asset_id &&
		DatumGetInt16(slot->tts_values[Anum_balance_stripe - 1]) == stripe &&
		(int) VARSIZE_ANY_EXHDR(found) == length && memcmp(VARDATA_ANY(found), address, length) == 0;
}

/*
 * Read a stripe of an address and asset into the table's slot, by hint or by
 * index; *scan is opened when first needed.  False if the snapshot has none.
 */
bool
balance_fetch(StoreTable *table, StoreScan **scan, int32 ledger_id,
			  const char *address, int length, int32 asset_id, uint64 hash, int stripe)
{
	TupleTableSlot *slot = store_slot(table);
	uint64		key = hint_key(ledger_id, hash, stripe);
	ItemPointerData root;
	ScanKeyData keys[4];

	if (hint_find(key, &root) && store_fetch(table, &root, slot) &&
		is_row_of(slot, ledger_id, address, length, asset_id, stripe))
		return true;
	if (*scan == NULL)
		*scan = store_scan_open(table, BALANCE_BY_ADDRESS, 4);
	address_keys(keys, ledger_id, address, length, asset_id);
	ScanKeyInit(&keys[3], 4, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(stripe));
	store_scan_start(*scan, keys);
	if (!store_scan_first(*scan, slot, &root))
		return false;
	hint_keep(key, &root);
	return true;
}

/* Read all stripes of an address and asset, in order. */
StoreScan *
balance_scan_stripes(StoreTable *table, int32 ledger_id, const char *address, int length, int32 asset_id)
{
	StoreScan  *scan = store_scan_open(table, BALANCE_BY_ADDRESS, 3);
	ScanKeyData keys[3];

	address_keys(keys, ledger_id, address, length, asset_id);
	store_scan_start(scan, keys);
	return scan;
}

/* How many stripes postings go to; 0 if the balance is not striped. */
static int
stripes_of(TupleTableSlot *slot)
{
	bool		isnull;
	Datum		stripes = slot_getattr(slot, Anum_balance_stripes, &isnull);

	return isnull ? 0 : DatumGetInt16(stripes);
}

/* Take over what is needed of a row in the slot: which it is, and where. */
void
balance_take(Balance *balance, TupleTableSlot *slot)
{
	int			stripes = stripes_of(slot);
	bool		isnull;

	if (balance->found != NULL)
		heap_freetuple(balance->found);
	balance->found = ExecCopySlotHeapTuple(slot);
	balance->tid = slot->tts_tid;
	balance->id = DatumGetInt64(slot_getattr(slot, Anum_balance_id, &isnull));
	balance->stripe = DatumGetInt16(slot_getattr(slot, Anum_balance_stripe, &isnull));
	if (stripes > 0 && balance->striped == NULL)
		balance->striped = palloc0(sizeof(Striped));
	if (stripes > 0)
		balance->striped->stripes = stripes;
	if (stripes > 0 && balance->stripe == 0)
		balance->striped->base_id = balance->id;
}

/* What a balance is: of a striped one, only if all its stripes are locked and gathered. */
Amount
balance_total(const BalanceSet *set, int index)
{
	const Striped *striped = set->balances[index].striped;

	return rule_balance(&set->rules[index]) + (striped != NULL ? striped->sums.balance : 0);
}

/* Whether a call has changed a balance. */
bool
balance_is_touched(const Balance *balance, const RuleBalance *rule)
{
	return rule->version != balance->first_version || rule->held_in != balance->first_held_in ||
		rule->held_out != balance->first_held_out;
}

/* Read a limit, which is NULL where there is none. */
static bool
read_limit(Balance *balance, int attribute, Amount *limit)
{
	if (balance->nulls[attribute - 1])
		return false;
	*limit = money_stored(balance->values[attribute - 1], balance->asset->scale);
	return true;
}

/* Take a row in: keep it for writing, tell the rules what they need. */
void
balance_read(Balance *balance, RuleBalance *rule, HeapTuple tuple, TupleDesc desc)
{
	int			scale = balance->asset->scale;
	Datum	   *values = balance->values = palloc(sizeof(Datum) * desc->natts);

	balance->nulls = palloc(sizeof(bool) * desc->natts);
	heap_deform_tuple(tuple, desc, values, balance->nulls);
	balance->tid = tuple->t_self;
	balance->recorded_at = DatumGetTimestampTz(values[Anum_balance_recorded_at - 1]);
	balance->first_version = DatumGetInt64(values[Anum_balance_version - 1]);

	rule->version = balance->first_version;
	rule->status = DatumGetChar(values[Anum_balance_status - 1]);
	rule->has_floor = read_limit(balance, Anum_balance_floor, &rule->floor);
	rule->has_ceiling = read_limit(balance, Anum_balance_ceiling, &rule->ceiling);
	rule->held_in = balance->first_held_in = money_stored(values[Anum_balance_held_in - 1], scale);
	rule->held_out = balance->first_held_out = money_stored(values[Anum_balance_held_out - 1], scale);
	rule->expired_in = rule->expired_out = 0;
	rule->inflow = money_stored(values[Anum_balance_inflow - 1], scale);
	rule->outflow = money_stored(values[Anum_balance_outflow - 1], scale);
	if (balance->striped == NULL)
		return;
	balance->striped->first_floor = rule->floor;
	balance->striped->first_ceiling = rule->ceiling;
}

/* Read a row that was locked, from the slot. */
void
balance_keep_locked(Balance *balance, RuleBalance *rule, TupleTableSlot *slot)
{
	balance_take(balance, slot);
	balance_read(balance, rule, balance->found, slot->tts_tupleDescriptor);
	balance->found = NULL;
}

/* Lock a row that was found, and read what it holds now. */
void
balance_lock(Balance *balance, RuleBalance *rule, StoreTable *table)
{
	TupleTableSlot *slot = store_slot(table);
	bool		waited;

	CHECK_FOR_INTERRUPTS();
	waited = row_lock(table, &balance->tid, slot);
	balance_keep_locked(balance, rule, slot);
	if (waited)
		board_wait(DatumGetInt32(balance->values[Anum_balance_ledger_id - 1]),
				   balance->striped != NULL ? balance->striped->base_id : balance->id);
}

/* Put a limit into a slot if it has been changed. */
static void
fill_limit(TupleTableSlot *slot, const Balance *balance, int attribute, Amount first, Amount limit)
{
	if (limit != first)
		slot->tts_values[attribute - 1] = money_numeric(limit, balance->asset->scale);
}

/* Put the new state of a balance into a slot. */
static void
fill_balance(TupleTableSlot *slot, const Balance *balance, const RuleBalance *rule, TimestampTz recorded_at)
{
	Datum	   *values = slot->tts_values;

	ExecClearTuple(slot);
	memcpy(values, balance->values, sizeof(Datum) * slot->tts_tupleDescriptor->natts);
	memcpy(slot->tts_isnull, balance->nulls, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	values[Anum_balance_recorded_at - 1] = TimestampTzGetDatum(recorded_at);
	values[Anum_balance_version - 1] = Int64GetDatum(rule->version);
	if (rule->held_in != balance->first_held_in)
		values[Anum_balance_held_in - 1] = money_numeric(rule->held_in, balance->asset->scale);
	if (rule->held_out != balance->first_held_out)
		values[Anum_balance_held_out - 1] = money_numeric(rule->held_out, balance->asset->scale);
	if (balance->striped != NULL && rule->has_floor)
		fill_limit(slot, balance, Anum_balance_floor, balance->striped->first_floor, rule->floor);
	if (balance->striped != NULL && rule->has_ceiling)
		fill_limit(slot, balance, Anum_balance_ceiling, balance->striped->first_ceiling, rule->ceiling);
	values[Anum_balance_inflow - 1] = money_numeric(rule->inflow, balance->asset->scale);
	values[Anum_balance_outflow - 1] = money_numeric(rule->outflow, balance->asset->scale);
	ExecStoreVirtualTuple(slot);
}

/*
 * Write a balance that was only read; the update is the lock.  False if it has
 * changed since.
 */
bool
balance_try_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);

	fill_balance(slot, balance, rule, recorded_at);
	if (!store_try_update(table, &balance->tid, slot))
		return false;
	balance->tid = slot->tts_tid;
	return true;
}

/* Write a balance that is locked. */
void
balance_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);

	fill_balance(slot, balance, rule, recorded_at);
	store_update(table, &balance->tid, slot);
}

/* What a row says, in memory of the caller; without amounts, also of a row whose amounts are damaged. */
static void
view_balance(TupleTableSlot *slot, BalanceView *view, bool amounts)
{
	Asset		asset;

	slot_getallattrs(slot);
	view->id = DatumGetInt64(slot->tts_values[Anum_balance_id - 1]);
	view->version = DatumGetInt64(slot->tts_values[Anum_balance_version - 1]);
	view->stripe = DatumGetInt16(slot->tts_values[Anum_balance_stripe - 1]);
	view->stripes = stripes_of(slot);
	view->asset_id = DatumGetInt32(slot->tts_values[Anum_balance_asset_id - 1]);
	view->address = DatumGetTextPCopy(slot->tts_values[Anum_balance_address - 1]);
	if (!amounts)
		return;
	asset_get(view->asset_id, &asset);
	view->inflow = money_stored(slot->tts_values[Anum_balance_inflow - 1], asset.scale);
	view->outflow = money_stored(slot->tts_values[Anum_balance_outflow - 1], asset.scale);
	view->balance = view->inflow - view->outflow;
}

/* Look a stripe up without locking it; false if there is none. */
bool
balance_find_stripe(int32 ledger_id, const char *address, int length, const Asset *asset, int stripe, BalanceView *view)
{
	StoreTable *table = store_open(&balance_table, STORE_READ);
	StoreScan  *scan = NULL;
	bool		found;

	found = balance_fetch(table, &scan, ledger_id, address, length, asset->id,
						  balance_hash(address, length, asset->id), stripe);
	if (found)
		view_balance(store_slot(table), view, true);
	if (scan != NULL)
		store_scan_close(scan);
	store_close(table);
	return found;
}

/* Look a balance up without locking it: its stripe 0.  False if it was never opened. */
bool
balance_find(int32 ledger_id, const char *address, int length, const Asset *asset, BalanceView *view)
{
	return balance_find_stripe(ledger_id, address, length, asset, 0, view);
}

/* Look up all stripes of a balance without locking them, in order. */
BalanceView *
balance_find_stripes(int32 ledger_id, const char *address, int length, const Asset *asset, int *count)
{
	StoreTable *table = store_open(&balance_table, STORE_READ);
	StoreScan  *scan = balance_scan_stripes(table, ledger_id, address, length, asset->id);
	int			room = 16;
	BalanceView *views = palloc(sizeof(BalanceView) * room);

	*count = 0;
	while (store_scan_next(scan, ForwardScanDirection, store_slot(table)))
	{
		if (*count == room)
			views = repalloc(views, sizeof(BalanceView) * (room *= 2));
		view_balance(store_slot(table), &views[(*count)++], true);
	}
	store_scan_close(scan);
	store_close(table);
	return views;
}

static bool
look_up(int32 ledger_id, int64 id, BalanceView *view, bool amounts)
{
	StoreTable *table = store_open(&balance_table, STORE_READ);
	StoreScan  *scan = store_scan_open(table, BALANCE_BY_ID, 2);
	ScanKeyData keys[2];
	bool		found;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
	store_scan_start(scan, keys);
	found = store_scan_next(scan, ForwardScanDirection, store_slot(table));
	if (found)
		view_balance(store_slot(table), view, amounts);
	store_scan_close(scan);
	store_close(table);
	return found;
}

/* Look up what a balance is of, by its number; its amount is not read.  False if there is none. */
bool
balance_look(int32 ledger_id, int64 id, BalanceView *view)
{
	return look_up(ledger_id, id, view, false);
}

/* Look up a balance that is known to exist by its number. */
void
balance_get(int32 ledger_id, int64 id, BalanceView *view)
{
	if (!look_up(ledger_id, id, view, true))
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("balance " INT64_FORMAT " is missing", id),
				errhint("Run ledger.verify()."));
}

/* The address and the asset of a balance, and which stripe of it to ask for. */
int
balance_name(int32 ledger_id, int64 id, Span *address, Span *code)
{
	BalanceView view;
	Asset		asset;

	balance_get(ledger_id, id, &view);
	*address = (Span) {VARDATA_ANY(view.address), VARSIZE_ANY_EXHDR(view.address)};
	asset_get(view.asset_id, &asset);
	*code = (Span) {pstrdup(asset.code), (int) strlen(asset.code)};
	return view.stripes > 0 ? STRIPE_ASKED(view.stripe) : ANY_STRIPE;
}
