/*
 * stripe.c
 *		Which stripe of a balance a call works with, and what it needs of the others.
 *
 * A call posts to one stripe of a striped balance: one that nobody has just now
 * and whose own limits allow all that the call may do.  If there is none, all
 * stripes are locked, the one gets the room of the others, and what is left is
 * spread again (share.h).  Invariant: the shares of a limit sum to it.
 * Locks: stripes in order; those of one balance come one after the other in the
 * order of locking, stripe 0 first.  A stripe that may turn out not to be enough
 * is never locked by waiting for it, as it could not be given back: its holder is
 * waited for, and then it is looked at again.
 */
#include "stripe.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"

#include "board.h"
#include "error.h"
#include "row.h"
#include "share.h"

/* How often a stripe that others took first is looked for before all are locked. */
#define MAX_TRIES		50

/* See whether the limits of the stripe found allow what the call may do. */
void
stripe_judge(Balance *balance, TupleDesc desc)
{
	Striped    *striped = balance->striped;
	Balance		scratch = *balance;
	RuleBalance rule = {0};

	striped->limited = !heap_attisnull(balance->found, Anum_balance_floor, desc) ||
		!heap_attisnull(balance->found, Anum_balance_ceiling, desc);
	striped->enough = !striped->whole;
	if (!striped->limited || !striped->enough)
		return;
	balance_read(&scratch, &rule, balance->found, desc);
	striped->enough = share_allows(&rule, striped->outflow, striped->inflow);
	pfree(scratch.values);
	pfree(scratch.nulls);
}

/* Look at a stripe; false if it is not there. */
static bool
look_at(Balance *balance, int32 ledger_id, StoreTable *table, StoreScan **scan, int stripe)
{
	TupleTableSlot *slot = store_slot(table);

	if (!balance_fetch(table, scan, ledger_id, balance->address, balance->address_length,
					   balance->asset->id, balance->hash, stripe))
		return false;
	balance_take(balance, slot);
	stripe_judge(balance, slot->tts_tupleDescriptor);
	return true;
}

/*
 * Choose a stripe, as the active snapshot has them: one that is enough and free,
 * else enough, else any.  Each session begins to look at another place.
 */
void
stripe_choose(Balance *balance, int32 ledger_id, StoreTable *table, StoreScan **scan)
{
	int			count = balance->striped->stripes;
	int			home = MyProcPid % count;
	int			best = home + 1;
	bool		any = false;

	for (int i = 0; i < count && !balance->striped->whole; i++)
	{
		int			stripe = (home + i) % count + 1;

		if (!look_at(balance, ledger_id, table, scan, stripe) || !balance->striped->enough)
			continue;
		if (row_is_free(balance->found))
			return;
		if (!any)
			best = stripe;
		any = true;
	}
	(void) look_at(balance, ledger_id, table, scan, best);
}

/* The place of the row in the slot in a set, to which it is added if it is not there. */
static int
find_member(BalanceSet *set, const Balance *of, TupleTableSlot *slot)
{
	bool		isnull;
	int64		id = DatumGetInt64(slot_getattr(slot, Anum_balance_id, &isnull));
	Balance		member = {.address = of->address, .address_length = of->address_length, .asset = of->asset, .hash = of->hash};

	for (int i = 0; i < set->count; i++)
		if (set->balances[i].id == id)
			return i;
	balance_take(&member, slot);
	member.asked = STRIPE_ASKED(member.stripe);
	member.striped->base_id = of->striped->base_id;
	if (set->count == set->room)
	{
		set->room = set->room * 2 + 64;
		set->balances = repalloc_huge(set->balances, sizeof(Balance) * set->room);
		set->rules = repalloc_huge(set->rules, sizeof(RuleBalance) * set->room);
	}
	memset(&set->rules[set->count], 0, sizeof(RuleBalance));
	set->balances[set->count] = member;
	return set->count++;
}

/* Lock a stripe, unless it was for another one's sake. */
static void
lock_member(BalanceSet *set, int index, StoreTable *table)
{
	if (!set->balances[index].striped->locked)
		balance_lock(&set->balances[index], &set->rules[index], table);
	set->balances[index].striped->locked = true;
}

/* Lock all stripes of a balance, in order. */
static void
lock_all(BalanceSet *set, int index, StoreTable *table)
{
	Balance		of = set->balances[index];
	StoreScan  *scan = NULL;
	int			room = of.striped->stripes + 8;
	int		   *members = palloc(sizeof(int) * room);
	int			count = 0;

	/* there are no more stripes and no fewer as long as stripe 0 is locked */
	if (balance_fetch(table, &scan, set->ledger_id, of.address, of.address_length, of.asset->id, of.hash, 0))
		lock_member(set, find_member(set, &of, store_slot(table)), table);
	if (scan != NULL)
		store_scan_close(scan);
	store_refresh();
	scan = balance_scan_stripes(table, set->ledger_id, of.address, of.address_length, of.asset->id);
	while (store_scan_next(scan, ForwardScanDirection, store_slot(table)))
	{
		if (count == room)
			members = repalloc(members, sizeof(int) * (room *= 2));
		members[count++] = find_member(set, &of, store_slot(table));
	}
	store_scan_close(scan);
	of.striped->others = palloc(sizeof(int) * count);
	for (int i = 0; i < count; i++)
	{
		lock_member(set, members[i], table);
		if (members[i] == index)
			continue;
		set->balances[members[i]].striped->pooled = true;
		of.striped->others[of.striped->other_count++] = members[i];
	}
	pfree(members);
}

/* Lock a balance's stripe or, if none is enough, all of them. */
void
stripe_lock(BalanceSet *set, int index, StoreTable *table)
{
	Balance    *balance = &set->balances[index];
	Striped    *striped = balance->striped;
	StoreScan  *scan = NULL;

	if (striped->pooled || (striped->locked && striped->enough))
		return;
	/* no limit that is set meanwhile stands against it, so it may be waited for */
	if (striped->enough && striped->outflow == 0 && striped->inflow == 0)
		lock_member(set, index, table);
	/* without limits all stripes are never needed, and would be waited for longer */
	for (int tries = 0; striped->enough && !striped->locked && (tries < MAX_TRIES || !striped->limited); tries++)
	{
		CHECK_FOR_INTERRUPTS();
		striped->locked = row_try_lock(table, &balance->tid, store_slot(table));
		if (striped->locked)
		{
			balance_keep_locked(balance, &set->rules[index], store_slot(table));
			break;
		}
		board_wait(set->ledger_id, striped->base_id);
		if (!row_await(table, balance->found))
			break;
		store_refresh();
		if (balance->asked == ANY_STRIPE)
			stripe_choose(balance, set->ledger_id, table, &scan);
		else
			(void) look_at(balance, set->ledger_id, table, &scan, balance->asked - STRIPE_ASKED(0));
		if (scan != NULL)
			store_scan_close(scan);
		scan = NULL;
	}
	if (!striped->locked || !striped->enough)
		lock_all(set, index, table);
}

static void
refuse_range(const Balance *balance)
{
	ereport(ERROR,
			errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			errmsg("the limits of striped account \"%.*s\" in %s are out of range",
				   balance->address_length, balance->address, balance->asset->code));
}

/* Give the stripes that calls work with the room of those locked for their sake. */
void
stripe_gather(BalanceSet *set)
{
	for (int i = 0; i < set->count; i++)
	{
		Striped    *striped = set->balances[i].striped;

		if (striped != NULL && striped->other_count > 0 &&
			!share_gather(set->rules, i, striped->others, striped->other_count, &striped->sums))
			refuse_range(&set->balances[i]);
	}
}

/* Whether a stripe's shares can be stored as what they are, amounts. */
static bool
is_storable(const RuleBalance *rule)
{
	return (!rule->has_floor || amount_in_range(rule->floor)) && (!rule->has_ceiling || amount_in_range(rule->ceiling));
}

/* Spread what room is left over the stripes in use. */
void
stripe_spread(BalanceSet *set)
{
	for (int i = 0; i < set->count; i++)
	{
		Striped    *striped = set->balances[i].striped;
		bool	   *used;
		bool		good;

		if (striped == NULL || striped->other_count == 0)
			continue;
		used = palloc(sizeof(bool) * striped->other_count);
		for (int k = 0; k < striped->other_count; k++)
		{
			int			stripe = set->balances[striped->others[k]].stripe;

			used[k] = stripe >= 1 && stripe <= striped->stripes;
		}
		good = share_spread(set->rules, i, striped->others, striped->other_count, used) && is_storable(&set->rules[i]);
		for (int k = 0; k < striped->other_count; k++)
			good = good && is_storable(&set->rules[striped->others[k]]);
		if (!good)
			refuse_range(&set->balances[i]);
	}
}
