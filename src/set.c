/*
 * set.c
 *		The balances of a call: find and open, lock, write them.
 *
 * Invariant: missing rows are opened in (address, asset) order; rows are locked
 * in the order of their stripe 0's number, then of stripes; each is written once
 * per call, however many postings touched it.  The last in order may be locked by
 * the writing itself.
 */
#include "set.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "owner.h"
#include "row.h"
#include "stripe.h"

/* Whether a balance of the set is the one mentioned. */
static bool
is_mentioned(const Balance *balance, const BalanceMention *mention, uint64 hash)
{
	return balance->hash == hash && balance->asset->id == mention->asset->id &&
		balance->address_length == mention->address_length &&
		balance->asked == mention->asked &&
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
			balance->asked = mention->asked;
			balance->asset = mention->asset;
			balance->hash = hash;
			table[place] = set->count;
		}
		*mention->index = table[place] - 1;
	}
	set->room = set->count;
	set->rules = palloc0(sizeof(RuleBalance) * set->count);
	pfree(table);
}

/* Look up every balance not found yet; returns how many remain missing. */
static int
find_balances(BalanceSet *set, int32 ledger_id, StoreTable *table)
{
	StoreScan  *scan = NULL;
	TupleTableSlot *slot = store_slot(table);
	int			missing = 0;
	bool		isnull;

	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];
		int			stripe = balance->asked == ANY_STRIPE ? 0 : balance->asked - STRIPE_ASKED(0);

		CHECK_FOR_INTERRUPTS();
		if (balance->id != 0)
			continue;
		if (!balance_fetch(table, &scan, ledger_id, balance->address, balance->address_length,
						   balance->asset->id, balance->hash, stripe))
		{
			missing++;
			continue;
		}
		balance_take(balance, slot);
		/* a stripe is locked where stripe 0 would be */
		if (stripe > 0 && balance->striped != NULL &&
			balance_fetch(table, &scan, ledger_id, balance->address, balance->address_length,
						  balance->asset->id, balance->hash, 0))
			balance->striped->base_id = DatumGetInt64(slot_getattr(slot, Anum_balance_id, &isnull));
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

/* What a row is locked by: the number of stripe 0. */
static int64
lock_key(const Balance *balance)
{
	return balance->striped != NULL ? balance->striped->base_id : balance->id;
}

/* Whether a stripe is there only as another one of its balance needed all. */
static bool
is_besides(const Balance *balance)
{
	return balance->striped != NULL && balance->striped->pooled;
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
		int64		id = lock_key(balance);

		if (!balance_is_touched(balance, &set->rules[i]) && !is_besides(balance) && set->opened_count > 0 &&
			bsearch(&id, set->opened, set->opened_count, sizeof(int64), compare_numbers) != NULL)
			ids[n++] = Int64GetDatum(id);
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

/* Where a certain stripe of the same balance is in the set; -1 if nowhere. */
static int
find_asked(const BalanceSet *set, const Balance *balance)
{
	for (int i = 0; i < set->count; i++)
	{
		const Balance *other = &set->balances[i];

		if (other->asked != ANY_STRIPE && other->hash == balance->hash && other->asset->id == balance->asset->id &&
			other->address_length == balance->address_length &&
			memcmp(other->address, balance->address, balance->address_length) == 0)
			return i;
	}
	return -1;
}

/* Where a certain stripe must be worked with, any stripe of the same balance is that one. */
static void
unite_asked(BalanceSet *set, const BalanceMention *mentions, int count)
{
	int		   *place = palloc(sizeof(int) * set->count);

	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];

		place[i] = balance->striped != NULL && balance->asked == ANY_STRIPE ? find_asked(set, balance) : -1;
		if (place[i] < 0)
			continue;
		/* left alone from here on */
		balance->id = 0;
		balance->striped = NULL;
	}
	for (int i = 0; i < count; i++)
		if (place[*mentions[i].index] >= 0)
			*mentions[i].index = place[*mentions[i].index];
	pfree(place);
}

/* A sum of amounts that need not be right beyond all that can be. */
static Amount
saturated(Amount sum, Amount amount)
{
	return __builtin_add_overflow(sum, amount, &sum) ? amount_limit() : sum;
}

/* Choose a stripe of each striped balance, by what the mentions need. */
static void
choose_stripes(BalanceSet *set, StoreTable *table, const BalanceMention *mentions, int count)
{
	StoreScan  *scan = NULL;

	for (int i = 0; i < count; i++)
	{
		Striped    *striped = set->balances[*mentions[i].index].striped;

		if (striped == NULL)
			continue;
		striped->whole |= mentions[i].whole;
		if (mentions[i].taken)
			striped->outflow = saturated(striped->outflow, mentions[i].amount);
		else
			striped->inflow = saturated(striped->inflow, mentions[i].amount);
	}
	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];

		if (balance->striped == NULL || balance->carried)
			continue;
		if (balance->asked == ANY_STRIPE)
			stripe_choose(balance, set->ledger_id, table, &scan);
		else
			stripe_judge(balance, store_slot(table)->tts_tupleDescriptor);
	}
	ExecClearTuple(store_slot(table));
	if (scan != NULL)
		store_scan_close(scan);
}

/*
 * Find the row of every balance of the set, opening what is missing, and which
 * stripe of it to work with.  What may not be opened keeps the number 0 and is
 * left alone from here on.
 */
void
balance_set_resolve(BalanceSet *set, const Ledger *ledger, StoreTable *table, LockOrder *order,
					const BalanceMention *mentions, int count)
{
	int			missing = find_balances(set, ledger->id, table);
	int			unknown;
	bool		striped = false;
	bool		asked = false;

	set->ledger_id = ledger->id;
	if (missing > 0)
	{
		lock_step(order, LOCK_CREATION);
		unknown = open_balances(set, ledger, missing);
		store_refresh();
		if (find_balances(set, ledger->id, table) != unknown)
			store_serialization_failure();
	}
	for (int i = 0; i < set->count; i++)
	{
		striped |= set->balances[i].striped != NULL;
		asked |= set->balances[i].asked != ANY_STRIPE;
	}
	if (asked)
		unite_asked(set, mentions, count);
	if (striped)
		choose_stripes(set, table, mentions, count);
}

/* An array index with what it sorts by. */
typedef struct IdIndex
{
	int64		id;
	int			stripe;
	int			index;
} IdIndex;

static int
compare_ids(const void *a, const void *b)
{
	const IdIndex *x = a;
	const IdIndex *y = b;

	return x->id != y->id ? (x->id < y->id ? -1 : 1) : x->stripe - y->stripe;
}

/* Put the rows into the order of locking; what has no number comes first. */
static void
sort_by_id(BalanceSet *set)
{
	IdIndex    *ids = palloc(sizeof(IdIndex) * set->count);

	set->order = palloc(sizeof(int) * set->count);
	for (int i = 0; i < set->count; i++)
	{
		ids[i].id = set->balances[i].id == 0 ? 0 : lock_key(&set->balances[i]);
		ids[i].stripe = set->balances[i].stripe;
		ids[i].index = i;
	}
	qsort(ids, set->count, sizeof(IdIndex), compare_ids);
	for (int i = 0; i < set->count; i++)
		set->order[i] = ids[i].index;
	pfree(ids);
}

/* Whether a row that was read can be written without being locked first. */
static bool
may_be_seized(const Balance *balance, const RuleBalance *rule)
{
	if (balance->striped != NULL)
		return balance->striped->enough && row_is_free(balance->found);
	return row_is_free(balance->found) && rule->held_in == 0 && rule->held_out == 0;
}

/* Lock a row; of a striped balance, all its stripes if that is needed. */
static void
lock_row(BalanceSet *set, int index, StoreTable *table)
{
	Balance    *balance = &set->balances[index];

	if (balance->id == 0 || balance->carried)
		return;
	if (balance->striped == NULL)
	{
		balance_lock(balance, &set->rules[index], table);
		if (balance->striped == NULL)
			return;
		/* it has become striped since: what the call needs of it was not counted, so it gets all */
		balance->striped->locked = true;
	}
	stripe_lock(set, index, table);
}

/*
 * Lock the rows of the set, in order, and read what they hold now.  The last
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
	int			count;

	lock_step(order, LOCK_BALANCE);
	sort_by_id(set);
	for (; locked > 0 && set->count - locked < most; locked--)
	{
		int			index = set->order[locked - 1];

		if (set->balances[index].id == 0)
			break;
		balance_read(&set->balances[index], &set->rules[index], set->balances[index].found, desc);
		if (!may_be_seized(&set->balances[index], &set->rules[index]))
			break;
	}
	set->unlocked = set->count - locked;
	count = set->count;
	for (int i = 0; i < locked; i++)
		lock_row(set, set->order[i], table);
	if (set->count > count)
		sort_by_id(set);
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
	int			count;

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
	count = set->count;
	for (int i = count - set->unlocked; i < count; i++)
		if (!set->balances[set->order[i]].seized)
			lock_row(set, set->order[i], table);
	set->unlocked = 0;
	if (set->count > count)
		sort_by_id(set);
	ExecClearTuple(store_slot(table));
}

/*
 * Write the balances that were only read; the update is the lock.  False if one
 * has changed since: then it must be locked, and the rules applied again.
 */
bool
balance_set_seize(BalanceSet *set, StoreTable *table, TimestampTz recorded_at)
{
	bool		written = true;

	for (int i = set->count - set->unlocked; i < set->count && written; i++)
	{
		Balance    *balance = &set->balances[set->order[i]];

		written = balance->seized = balance_try_write(balance, &set->rules[set->order[i]], table, recorded_at);
	}
	return written;
}

/* Whether the shares of a limit that a stripe has are no longer what they were. */
static bool
is_shared_anew(const Balance *balance, const RuleBalance *rule)
{
	return balance->striped != NULL && ((rule->has_floor && rule->floor != balance->striped->first_floor) ||
										(rule->has_ceiling && rule->ceiling != balance->striped->first_ceiling));
}

/* Write every row that was changed and is neither seized nor kept for later, once each. */
void
balance_set_write(BalanceSet *set, StoreTable *table, TimestampTz recorded_at)
{
	for (int i = 0; i < set->count - set->unlocked; i++)
	{
		int			index = set->order[i];
		Balance    *balance = &set->balances[index];
		bool		touched = balance_is_touched(balance, &set->rules[index]);

		if (balance->id == 0 || balance->kept || !(touched || is_shared_anew(balance, &set->rules[index])))
			continue;
		CHECK_FOR_INTERRUPTS();
		balance_write(balance, &set->rules[index], table, touched ? recorded_at : balance->recorded_at);
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
