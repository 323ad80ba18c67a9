/*
 * balance.c
 *		Balances: find, open, lock, read and write them.
 *
 * Invariant: a balance row is changed only by whoever holds its row lock (the
 * last in order may be locked by the change itself), and once per call,
 * however many postings touched it.  Missing rows are opened in (address, asset)
 * order, rows are locked in id order.
 */
#include "balance.h"

#include "access/htup_details.h"
#include "access/skey.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "board.h"
#include "error.h"
#include "hint.h"
#include "money.h"
#include "owner.h"

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
static uint64
balance_hash(const char *address, int length, int32 asset_id)
{
	return hash_bytes_extended((const unsigned char *) address, length, (uint32) asset_id);
}

/* Whether a balance of the set is the one mentioned. */
static bool
is_mentioned(const Balance *balance, const BalanceMention *mention, uint64 hash)
{
	return balance->hash == hash && balance->asset->id == mention->asset->id &&
		balance->address_length == mention->address_length &&
		memcmp(balance->address, mention->address, mention->address_length) == 0;
}

/* Make the set of distinct balances of a list of mentions, in order of first mention. */
void
balance_set_build(BalanceSet *set, const BalanceMention *mentions, int count)
{
	uint64		size = pg_nextpower2_32(2 * Max(count, 1));
	int		   *table = palloc0(sizeof(int) * size);	/* where one is in the set, from 1 */

	memset(set, 0, sizeof(*set));
	set->balances = palloc0(sizeof(Balance) * count);
	for (int i = 0; i < count; i++)
	{
		const BalanceMention *mention = &mentions[i];
		uint64		hash = balance_hash(mention->address, mention->address_length, mention->asset->id);
		uint64		place = hash & (size - 1);

		while (table[place] != 0 && !is_mentioned(&set->balances[table[place] - 1], mention, hash))
			place = (place + 1) & (size - 1);
		if (table[place] == 0)
		{
			Balance    *balance = &set->balances[set->count++];

			balance->address = mention->address;
			balance->address_length = mention->address_length;
			balance->asset = mention->asset;
			balance->hash = hash;
			table[place] = set->count;
		}
		*mention->index = table[place] - 1;
	}
	set->rules = palloc0(sizeof(RuleBalance) * set->count);
	pfree(table);
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
hint_key(int32 ledger_id, uint64 hash)
{
	return hash_combine64(hash, (uint64) MyDatabaseId << 32 | (uint32) ledger_id);
}

/* Whether the row in the slot is that of an address and asset. */
static bool
is_row_of(TupleTableSlot *slot, int32 ledger_id, const char *address, int length, int32 asset_id)
{
	text	   *found;

	slot_getsomeattrs(slot, Anum_balance_address);
	found = DatumGetTextPP(slot->tts_values[Anum_balance_address - 1]);
	return DatumGetInt32(slot->tts_values[Anum_balance_ledger_id - 1]) == ledger_id &&
		DatumGetInt32(slot->tts_values[Anum_balance_asset_id - 1]) == asset_id &&
		(int) VARSIZE_ANY_EXHDR(found) == length && memcmp(VARDATA_ANY(found), address, length) == 0;
}

/*
 * Read the row of an address and asset into the table's slot, by hint or by
 * index; *scan is opened when first needed.  False if the snapshot has none.
 */
static bool
fetch_balance(StoreTable *table, StoreScan **scan, int32 ledger_id,
			  const char *address, int length, int32 asset_id, uint64 hash)
{
	TupleTableSlot *slot = store_slot(table);
	uint64		key = hint_key(ledger_id, hash);
	ItemPointerData root;
	ScanKeyData keys[3];

	if (hint_find(key, &root) && store_fetch(table, &root, slot) &&
		is_row_of(slot, ledger_id, address, length, asset_id))
		return true;
	if (*scan == NULL)
		*scan = store_scan_open(table, BALANCE_BY_ADDRESS, 3);
	address_keys(keys, ledger_id, address, length, asset_id);
	store_scan_start(*scan, keys);
	if (!store_scan_first(*scan, slot, &root))
		return false;
	hint_keep(key, &root);
	return true;
}

/* Look up every balance not found yet; returns how many remain missing. */
static int
find_balances(BalanceSet *set, int32 ledger_id, StoreTable *table)
{
	StoreScan  *scan = NULL;
	TupleTableSlot *slot = store_slot(table);
	int			missing = 0;

	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (balance->id != 0)
			continue;
		if (!fetch_balance(table, &scan, ledger_id, balance->address, balance->address_length, balance->asset->id, balance->hash))
		{
			missing++;
			continue;
		}
		balance->tid = slot->tts_tid;
		balance->found = ExecCopySlotHeapTuple(slot);
		balance->id = DatumGetInt64(slot_getattr(slot, Anum_balance_id, &isnull));
	}
	ExecClearTuple(slot);
	if (scan != NULL)
		store_scan_close(scan);
	return missing;
}

static int
compare_numbers(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* A saved plan for a statement of ours, to be run as the owner inside SPI. */
static SPIPlanPtr
saved_plan(SPIPlanPtr *plan, const char *query, int nargs, Oid *types)
{
	if (*plan == NULL)
	{
		*plan = SPI_prepare(query, nargs, types);
		if (*plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));	/* cannot happen */
		SPI_keepplan(*plan);
	}
	return *plan;
}

/* Copy a by-reference result column out of SPI's memory, or 0 if NULL. */
static Datum
result_copy(int column, MemoryContext context)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);
	MemoryContext old;

	if (isnull)
		return (Datum) 0;
	old = MemoryContextSwitchTo(context);
	value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	MemoryContextSwitchTo(old);
	return value;
}

/* Keep which balances were opened, as numbers in ascending order. */
static void
keep_opened(BalanceSet *set, Datum array)
{
	Datum	   *ids;

	if (array == 0)
		return;
	deconstruct_array(DatumGetArrayTypeP(array), INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &ids, NULL, &set->opened_count);
	set->opened = palloc(sizeof(int64) * set->opened_count);
	for (int i = 0; i < set->opened_count; i++)
		set->opened[i] = DatumGetInt64(ids[i]);
	qsort(set->opened, set->opened_count, sizeof(int64), compare_numbers);
}

/*
 * Open the missing balances, and their accounts where the ledger allows, in
 * order and by SQL: it happens once in a balance's life.  Waits for others who
 * open the same ones.  Returns how many may not be opened and stay missing.
 */
static int
open_balances(BalanceSet *set, const Ledger *ledger, int missing)
{
	static SPIPlanPtr plan = NULL;
	static Oid	types[4] = {INT4OID, BOOLOID, TEXTARRAYOID, INT4ARRAYOID};
	MemoryContext context = CurrentMemoryContext;
	Datum	   *addresses = palloc(sizeof(Datum) * missing);
	Datum	   *assets = palloc(sizeof(Datum) * missing);
	Datum		args[4];
	Owner		owner;
	Datum		opened;
	bool		isnull;
	int			unknown;
	int			n = 0;

	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];

		if (balance->id != 0)
			continue;
		addresses[n] = PointerGetDatum(cstring_to_text_with_len(balance->address, balance->address_length));
		assets[n++] = Int32GetDatum(balance->asset->id);
	}
	args[0] = Int32GetDatum(ledger->id);
	args[1] = BoolGetDatum(ledger->auto_open);
	args[2] = PointerGetDatum(construct_array(addresses, n, TEXTOID, -1, false, TYPALIGN_INT));
	args[3] = PointerGetDatum(construct_array(assets, n, INT4OID, 4, true, TYPALIGN_INT));

	owner_enter(&owner);
	SPI_connect();
	saved_plan(&plan, "SELECT unknown, accounts, balances FROM ledger_data.open_balances($1, $2, $3, $4)", 4, types);
	if (SPI_execute_plan(plan, args, NULL, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "ledger_data.open_balances failed");	/* cannot happen */
	unknown = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	set->opened_accounts = result_copy(2, context);
	opened = result_copy(3, context);
	SPI_finish();
	owner_leave(&owner);
	keep_opened(set, opened);
	return unknown;
}

/* Whether a call has changed a balance. */
bool
balance_is_touched(const Balance *balance, const RuleBalance *rule)
{
	return rule->version != balance->first_version || rule->held_in != balance->first_held_in ||
		rule->held_out != balance->first_held_out;
}

/*
 * Remove the balances that this call opened and then did not touch, and
 * accounts that it opened for nothing else.
 */
void
balance_set_unopen(BalanceSet *set, const Ledger *ledger)
{
	static SPIPlanPtr plan = NULL;
	static Oid	types[3] = {INT4OID, TEXTARRAYOID, INT8ARRAYOID};
	char		nulls[3] = {' ', ' ', ' '};
	Datum	   *ids;
	Datum		args[3];
	Owner		owner;
	int			n = 0;

	if (set->opened_count == 0 && set->opened_accounts == 0)
		return;
	ids = palloc(sizeof(Datum) * (set->opened_count + 1));
	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];

		if (!balance_is_touched(balance, &set->rules[i]) && set->opened_count > 0 &&
			bsearch(&balance->id, set->opened, set->opened_count, sizeof(int64), compare_numbers) != NULL)
			ids[n++] = Int64GetDatum(balance->id);
	}
	args[0] = Int32GetDatum(ledger->id);
	args[1] = set->opened_accounts;
	args[2] = PointerGetDatum(construct_array(ids, n, INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	nulls[1] = args[1] ? ' ' : 'n';
	owner_enter(&owner);
	SPI_connect();
	saved_plan(&plan, "SELECT ledger_data.unopen_balances($1, $2, $3)", 3, types);
	if (SPI_execute_plan(plan, args, nulls, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "ledger_data.unopen_balances failed");	/* cannot happen */
	SPI_finish();
	owner_leave(&owner);
}

/*
 * Find the row of every balance of the set, opening what is missing.  What may
 * not be opened keeps the number 0 and is left alone from here on.
 */
void
balance_set_resolve(BalanceSet *set, const Ledger *ledger, StoreTable *table, LockOrder *order)
{
	int			missing = find_balances(set, ledger->id, table);
	int			unknown;

	if (missing == 0)
		return;
	lock_step(order, LOCK_CREATION);
	unknown = open_balances(set, ledger, missing);
	store_refresh();
	if (find_balances(set, ledger->id, table) != unknown)
		store_serialization_failure();
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
static void
read_balance(Balance *balance, RuleBalance *rule, HeapTuple tuple, TupleDesc desc)
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
}

/* An array index with the id it sorts by. */
typedef struct IdIndex
{
	int64		id;
	int			index;
} IdIndex;

static int
compare_ids(const void *a, const void *b)
{
	int64		x = ((const IdIndex *) a)->id;
	int64		y = ((const IdIndex *) b)->id;

	return x < y ? -1 : x > y;
}

/* Put the balances into id order, the order of locking; what has no number comes first. */
static void
sort_by_id(BalanceSet *set)
{
	IdIndex    *ids = palloc(sizeof(IdIndex) * set->count);

	set->order = palloc(sizeof(int) * set->count);
	for (int i = 0; i < set->count; i++)
	{
		ids[i].id = set->balances[i].id;
		ids[i].index = i;
	}
	qsort(ids, set->count, sizeof(IdIndex), compare_ids);
	for (int i = 0; i < set->count; i++)
		set->order[i] = ids[i].index;
	pfree(ids);
}

static void
lock_balance(BalanceSet *set, int index, StoreTable *table)
{
	TupleTableSlot *slot = store_slot(table);
	bool		waited;

	CHECK_FOR_INTERRUPTS();
	waited = store_lock(table, &set->balances[index].tid, slot);
	if (set->balances[index].found != NULL)
		heap_freetuple(set->balances[index].found);
	set->balances[index].found = NULL;
	read_balance(&set->balances[index], &set->rules[index],
				 ExecCopySlotHeapTuple(slot), slot->tts_tupleDescriptor);
	if (waited)
		board_count(DatumGetInt32(set->balances[index].values[Anum_balance_ledger_id - 1]), COUNT_BALANCE_WAITS, 1);
}

/* Whether a balance that was read can be written without being locked first. */
static bool
may_be_seized(const Balance *balance, const RuleBalance *rule)
{
	return store_is_free(balance->found) && rule->held_in == 0 && rule->held_out == 0;
}

/*
 * Lock the rows of the set, in id order, and read what they hold now.  The last
 * ones, two at most, are only read if nobody else has them, nothing is held on
 * them and the caller allows it: balance_set_seize() will lock and write them at
 * once, which spares a log record each.
 */
void
balance_set_lock(BalanceSet *set, StoreTable *table, LockOrder *order, bool may_seize)
{
	TupleDesc	desc = store_slot(table)->tts_tupleDescriptor;
	int			most = may_seize ? (store_fires_triggers(table) ? 1 : 2) : 0;
	int			locked = set->count;

	lock_step(order, LOCK_BALANCE);
	sort_by_id(set);
	for (; locked > 0 && set->count - locked < most; locked--)
	{
		int			index = set->order[locked - 1];

		if (set->balances[index].id == 0)
			break;
		read_balance(&set->balances[index], &set->rules[index], set->balances[index].found, desc);
		if (!may_be_seized(&set->balances[index], &set->rules[index]))
			break;
	}
	set->unlocked = set->count - locked;
	for (int i = 0; i < locked; i++)
		if (set->balances[set->order[i]].id != 0 && !set->balances[set->order[i]].carried)
			lock_balance(set, set->order[i], table);
	if (set->unlocked > 0)
	{
		set->initial = palloc(sizeof(RuleBalance) * set->count);
		memcpy(set->initial, set->rules, sizeof(RuleBalance) * set->count);
	}
	ExecClearTuple(store_slot(table));
}

/*
 * Lock the balances that were only read, after all; those seized already are
 * ours.  The rules are told of all balances as they were before anything was
 * computed, and what was seized must be written again, or restored.
 */
void
balance_set_lock_rest(BalanceSet *set, StoreTable *table, LockOrder *order)
{
	bool		any_seized = false;

	lock_step(order, LOCK_BALANCE);
	memcpy(set->rules, set->initial, sizeof(RuleBalance) * set->count);
	for (int i = set->count - set->unlocked; i < set->count; i++)
		if (set->balances[set->order[i]].seized)
			any_seized = true;
	if (any_seized)
	{
		/* so that what was seized can be changed again */
		CommandCounterIncrement();
		store_refresh();
	}
	for (int i = set->count - set->unlocked; i < set->count; i++)
		if (!set->balances[set->order[i]].seized)
			lock_balance(set, set->order[i], table);
	set->unlocked = 0;
	ExecClearTuple(store_slot(table));
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
	values[Anum_balance_inflow - 1] = money_numeric(rule->inflow, balance->asset->scale);
	values[Anum_balance_outflow - 1] = money_numeric(rule->outflow, balance->asset->scale);
	slot->tts_isnull[Anum_balance_room - 1] = true;
	ExecStoreVirtualTuple(slot);
}

/*
 * Write the balances that were only read; the update is the lock.  False if one
 * has changed since: then it must be locked, and the rules applied again.
 */
bool
balance_set_seize(BalanceSet *set, StoreTable *table, TimestampTz recorded_at)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);
	bool		written = true;

	for (int i = set->count - set->unlocked; i < set->count && written; i++)
	{
		Balance    *balance = &set->balances[set->order[i]];

		fill_balance(slot, balance, &set->rules[set->order[i]], recorded_at);
		written = store_try_update(table, &balance->tid, slot);
		if (written)
		{
			balance->tid = slot->tts_tid;
			balance->seized = true;
		}
	}
	return written;
}

/* Write a balance that is locked. */
void
balance_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at)
{
	TupleTableSlot *slot = *store_new_slots(table, 1);

	fill_balance(slot, balance, rule, recorded_at);
	store_update(table, &balance->tid, slot);
}

/* Write every balance that was touched and not seized, once each. */
void
balance_set_write(BalanceSet *set, StoreTable *table, TimestampTz recorded_at)
{
	for (int i = 0; i < set->count - set->unlocked; i++)
	{
		int			index = set->order[i];
		Balance    *balance = &set->balances[index];

		if (balance->id == 0 || !balance_is_touched(balance, &set->rules[index]))
			continue;
		CHECK_FOR_INTERRUPTS();
		balance_write(balance, &set->rules[index], table, recorded_at);
	}
}

/* Undo what was seized for a request that is refused in the end. */
void
balance_set_restore(BalanceSet *set, StoreTable *table)
{
	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];

		if (balance->seized)
			balance_write(balance, &set->rules[i], table, balance->recorded_at);
	}
}

/* What a row says, in memory of the caller; without amounts, also of a row whose amounts are damaged. */
static void
view_balance(TupleTableSlot *slot, BalanceView *view, bool amounts)
{
	Asset		asset;

	slot_getallattrs(slot);
	view->id = DatumGetInt64(slot->tts_values[Anum_balance_id - 1]);
	view->version = DatumGetInt64(slot->tts_values[Anum_balance_version - 1]);
	view->asset_id = DatumGetInt32(slot->tts_values[Anum_balance_asset_id - 1]);
	view->address = DatumGetTextPCopy(slot->tts_values[Anum_balance_address - 1]);
	if (!amounts)
		return;
	asset_get(view->asset_id, &asset);
	view->balance = money_stored(slot->tts_values[Anum_balance_inflow - 1], asset.scale) -
		money_stored(slot->tts_values[Anum_balance_outflow - 1], asset.scale);
}

/* Look a balance up without locking it; false if it was never opened. */
bool
balance_find(int32 ledger_id, const char *address, int length, const Asset *asset, BalanceView *view)
{
	StoreTable *table = store_open(&balance_table, STORE_READ);
	StoreScan  *scan = NULL;
	bool		found;

	found = fetch_balance(table, &scan, ledger_id, address, length, asset->id, balance_hash(address, length, asset->id));
	if (found)
		view_balance(store_slot(table), view, true);
	if (scan != NULL)
		store_scan_close(scan);
	store_close(table);
	return found;
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

/* The addresses and the asset of two balances that a posting joins. */
void
balance_name(int32 ledger_id, int64 source_id, int64 destination_id, Span *source, Span *destination, Span *code)
{
	BalanceView view;
	Asset		asset;

	balance_get(ledger_id, source_id, &view);
	*source = (Span) {VARDATA_ANY(view.address), VARSIZE_ANY_EXHDR(view.address)};
	balance_get(ledger_id, destination_id, &view);
	*destination = (Span) {VARDATA_ANY(view.address), VARSIZE_ANY_EXHDR(view.address)};
	asset_get(view.asset_id, &asset);
	*code = (Span) {pstrdup(asset.code), (int) strlen(asset.code)};
}
