/*
 * carry.c
 *		Balances that several calls in a row change, written once after them.
 *
 * A transaction that posts in many batches would write each balance in each of
 * them, and its row versions cannot be cleaned away before it ends.  So bulk
 * posting keeps the balances here, locked, between its batches.  Invariant:
 * whatever else of this session changes balances through the library has them
 * written first (carry_write_all), never in a subtransaction that may be undone by
 * itself; other sessions wait for the row locks as ever.  Memory is bounded:
 * balances are written, and forgotten, when there are many.  Stripes with limits
 * are not carried, as another call may need all of a balance's.  A Carry that is NULL
 * carries nothing.
 */
#include "carry.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "store.h"

/* Balances kept, at most, and then one call's more. */
#define MAX_CARRIED		30000

/* A balance that is locked; its row is not written yet. */
typedef struct Carried
{
	uint64		hash;			/* hash key, with the four after it */
	const char *address;
	int			address_length;
	int			asked;
	int32		asset_id;
	Balance		balance;
	RuleBalance rule;
	Asset		asset;
} Carried;

struct Carry
{
	MemoryContext context;		/* of the balances */
	HTAB	   *balances;
	SubTransactionId began_in;
	Carry	   *before;			/* the one at work when this one began */
};

/* The one whose owner is at work, if any. */
static Carry *current = NULL;

static uint32
hash_carried(const void *key, Size size)
{
	return (uint32) ((const Carried *) key)->hash;
}

static int
match_carried(const void *a, const void *b, Size size)
{
	const Carried *x = a;
	const Carried *y = b;

	return !(x->hash == y->hash && x->asset_id == y->asset_id && x->asked == y->asked && x->address_length == y->address_length &&
			 memcmp(x->address, y->address, x->address_length) == 0);
}

static void
forget(Carry *carry)
{
	HASHCTL		ctl = {.keysize = offsetof(Carried, balance), .entrysize = sizeof(Carried),
	.hash = hash_carried, .match = match_carried};

	MemoryContextReset(carry->context);
	ctl.hcxt = carry->context;
	carry->balances = hash_create("ledger carry", 1024, &ctl, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

/* Begin to carry balances; end it also when an error comes. */
Carry *
carry_begin(void)
{
	Carry	   *carry = palloc(sizeof(Carry));

	carry_write_all(NULL);
	carry->before = current;
	carry->began_in = GetCurrentSubTransactionId();
	carry->context = AllocSetContextCreate(CurrentMemoryContext, "ledger carry", ALLOCSET_DEFAULT_SIZES);
	forget(carry);
	current = carry;
	return carry;
}

static void
make_key(Carried *key, const Balance *balance)
{
	key->hash = balance->hash;
	key->address = balance->address;
	key->address_length = balance->address_length;
	key->asked = balance->asked;
	key->asset_id = balance->asset->id;
}

/* Give a call the balances of its set that are here: they are found, locked and read. */
void
carry_take(Carry *carry, BalanceSet *set)
{
	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];
		Balance		mentioned = *balance;
		Carried		key;
		Carried    *carried;

		make_key(&key, balance);
		carried = hash_search(carry->balances, &key, HASH_FIND, NULL);
		if (carried == NULL)
			continue;
		*balance = carried->balance;
		balance->address = mentioned.address;
		balance->asset = mentioned.asset;
		balance->carried = true;
		balance->first_version = carried->rule.version;
		set->rules[i] = carried->rule;
	}
}

/* Keep the rows that a balance was read from as long as it is carried. */
static void
keep_row(Carried *carried, TupleDesc desc)
{
	Balance    *balance = &carried->balance;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		nulls[i] = balance->nulls[i];
		values[i] = nulls[i] ? (Datum) 0 : datumCopy(balance->values[i], attribute->attbyval, attribute->attlen);
	}
	balance->values = values;
	balance->nulls = nulls;
	if (balance->striped == NULL)
		return;
	balance->striped = memcpy(palloc(sizeof(Striped)), balance->striped, sizeof(Striped));
}

/* Take over what a call has changed, instead of writing it. */
void
carry_keep(Carry *carry, BalanceSet *set, StoreTable *table, TimestampTz recorded_at)
{
	MemoryContext old = MemoryContextSwitchTo(carry->context);
	TupleDesc	desc = store_slot(table)->tts_tupleDescriptor;

	for (int i = 0; i < set->count; i++)
	{
		Balance    *balance = &set->balances[i];
		Carried		key;
		Carried    *carried;
		bool		found;

		balance->kept = balance->id != 0 && balance_is_touched(balance, &set->rules[i]) &&
			(balance->striped == NULL || !(set->rules[i].has_floor || set->rules[i].has_ceiling));
		if (!balance->kept)
			continue;
		make_key(&key, balance);
		carried = hash_search(carry->balances, &key, HASH_ENTER, &found);
		if (!found)
		{
			carried->address = pnstrdup(balance->address, balance->address_length);
			carried->balance = *balance;
			carried->asset = *balance->asset;
			carried->balance.address = carried->address;
			carried->balance.asset = &carried->asset;
			carried->balance.kept = false;
			keep_row(carried, desc);
		}
		carried->rule = set->rules[i];
		carried->rule.expired_in = carried->rule.expired_out = 0;
		carried->balance.recorded_at = recorded_at;
	}
	MemoryContextSwitchTo(old);
}

/* By where the row is, so that pages are written one after the other. */
static int
compare_places(const void *a, const void *b)
{
	Carried    *x = *(Carried *const *) a;
	Carried    *y = *(Carried *const *) b;

	return ItemPointerCompare(&x->balance.tid, &y->balance.tid);
}

/* Write all balances, and forget them. */
void
carry_write(Carry *carry)
{
	MemoryContext old;
	Carried   **sorted;
	HASH_SEQ_STATUS status;
	Carried    *carried;
	StoreTable *table;
	int			n = 0;

	if (carry == NULL || hash_get_num_entries(carry->balances) == 0)
		return;
	old = MemoryContextSwitchTo(carry->context);
	sorted = palloc(sizeof(Carried *) * hash_get_num_entries(carry->balances));
	hash_seq_init(&status, carry->balances);
	while ((carried = hash_seq_search(&status)) != NULL)
		sorted[n++] = carried;
	qsort(sorted, n, sizeof(Carried *), compare_places);
	table = balance_open_table(STORE_UPDATE);
	store_begin();
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		balance_write(&sorted[i]->balance, &sorted[i]->rule, table, sorted[i]->balance.recorded_at);
	}
	store_end(true);
	store_close(table);
	MemoryContextSwitchTo(old);
	forget(carry);
}

/* Between two calls: write what there is if it is too much. */
void
carry_make_room(Carry *carry)
{
	if (carry != NULL && hash_get_num_entries(carry->balances) > MAX_CARRIED)
		carry_write(carry);
}

/* Have what another part of this session carries written before its balances are looked at. */
void
carry_write_all(const Carry *but)
{
	if (current == NULL || current == but || hash_get_num_entries(current->balances) == 0)
		return;
	/* if it were undone alone, its entries would be there without the balances */
	if (GetCurrentSubTransactionId() != current->began_in)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("cannot write to a ledger in a subtransaction while rows of a query are being posted"),
				errdetail("Balances of the rows before are kept to be written once."),
				errhint("Mark the function of the query that does so VOLATILE."));
	carry_write(current);
}

/* End it; what was not written is lost, as its transaction is. */
void
carry_end(Carry *carry)
{
	if (carry == NULL)
		return;
	current = carry->before;
	MemoryContextDelete(carry->context);
	pfree(carry);
}
