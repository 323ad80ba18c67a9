/*
 * key.c
 *		Idempotency keys and references of a call's items.
 *
 * Invariant: a key has one effect, whether its uses come in different calls or
 * in one, and a reference names one record.  Locks: one for each key, before
 * anything is looked at (lock.c says what happens to very many), so a duplicate
 * waits for the first and then sees its outcome.
 */
#include "key.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

typedef bool (*FindRecord) (StoreTable *journal, int32 ledger_id, text *key, JournalFound *found);

static uint32
text_hash(char kind, text *key)
{
	return lock_key_hash(kind, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
}

/* Lock what must be unique in the ledger; a duplicate waits here for the first. */
void
key_lock(Write *write)
{
	Call	   *call = write->call;
	uint32		few[2];
	uint32	   *hashes = call->count == 1 ? few : palloc(sizeof(uint32) * 2 * call->count);
	int			count = 0;

	for (int i = 0; i < call->count; i++)
	{
		Request    *request = &call->requests[i];

		if (request->idempotency_key != NULL)
			hashes[count++] = text_hash('k', request->idempotency_key);
		if (request->reference != NULL)
			hashes[count++] = text_hash('r', request->reference);
	}
	lock_keys(&write->order, write->ledger.id, hashes, count);
}

/*
 * Find the record of a key whose lock is held.  Above READ COMMITTED one may
 * have been committed that this transaction cannot see; then it must run again.
 */
static bool
find_under_lock(Write *write, FindRecord find, text *key, JournalFound *found)
{
	bool		newer;

	if (find(write->journal, write->ledger.id, key, found))
		return true;
	if (!IsolationUsesXactSnapshot())
		return false;
	PushActiveSnapshot(GetLatestSnapshot());
	newer = find(write->journal, write->ledger.id, key, found);
	PopActiveSnapshot();
	if (newer)
		store_serialization_failure();
	return false;
}

static void
refuse_key(WriteItem *item, char *owner)
{
	item->state = ITEM_REFUSED;
	refuse(&item->request->refusal, ERRCODE_LEDGER_IDEMPOTENCY_CONFLICT,
		   psprintf("idempotency key \"%s\" was used by another request", text_to_cstring(item->request->idempotency_key)),
		   owner, "Use a new key for a new request; repeat a request unchanged.");
}

static void
refuse_reference(WriteItem *item, char *owner)
{
	item->state = ITEM_REFUSED;
	refuse(&item->request->refusal, ERRCODE_LEDGER_REFERENCE_USED,
		   psprintf("reference \"%s\" is used already", text_to_cstring(item->request->reference)),
		   owner, "A reference names one transaction of a ledger.");
}

static char *
belongs_to(int64 position)
{
	return psprintf("It belongs to transaction " INT64_FORMAT ".", position);
}

/* Look what the journal has under the keys of an item. */
static void
check_item(Write *write, WriteItem *item)
{
	Request    *request = item->request;
	JournalFound found;

	item->key_checked = true;
	if (request->idempotency_key != NULL)
	{
		request_fingerprint(request, item->fingerprint);
		if (find_under_lock(write, journal_find_key, request->idempotency_key, &found))
		{
			if (memcmp(found.fingerprint, item->fingerprint, FINGERPRINT_SIZE) != 0)
			{
				refuse_key(item, belongs_to(found.position));
				return;
			}
			item->state = ITEM_REPLAYED;
			item->found = palloc(sizeof(JournalFound));
			*item->found = found;
			return;
		}
	}
	if (request->reference != NULL &&
		find_under_lock(write, journal_find_reference, request->reference, &found))
		refuse_reference(item, belongs_to(found.position));
}

/* ------ the same key several times in one call ------ */

typedef struct KeyUse
{
	text	   *key;
	int			item;
} KeyUse;

static int
compare_uses(const void *a, const void *b)
{
	const KeyUse *x = a;
	const KeyUse *y = b;
	int			length_x = VARSIZE_ANY_EXHDR(x->key);
	int			length_y = VARSIZE_ANY_EXHDR(y->key);
	int			order = memcmp(VARDATA_ANY(x->key), VARDATA_ANY(y->key), Min(length_x, length_y));

	if (order == 0)
		order = length_x - length_y;
	return order != 0 ? order : x->item - y->item;
}

static bool
same_key(const KeyUse *x, const KeyUse *y)
{
	return VARSIZE_ANY_EXHDR(x->key) == VARSIZE_ANY_EXHDR(y->key) &&
		memcmp(VARDATA_ANY(x->key), VARDATA_ANY(y->key), VARSIZE_ANY_EXHDR(x->key)) == 0;
}

/* Tell each item the first one that has the same key, or the same reference. */
static void
group_items(Write *write, bool by_reference)
{
	int			count = write->call->count;
	KeyUse	   *uses = palloc(sizeof(KeyUse) * count);
	int			n = 0;
	int			group = -1;

	for (int i = 0; i < count; i++)
	{
		Request    *request = write->items[i].request;
		text	   *key = by_reference ? request->reference : request->idempotency_key;

		if (key != NULL)
			uses[n++] = (KeyUse) {key, i};
	}
	qsort(uses, n, sizeof(KeyUse), compare_uses);
	for (int i = 0; i < n; i++)
	{
		WriteItem	   *item = &write->items[uses[i].item];

		if (i == 0 || !same_key(&uses[i - 1], &uses[i]))
			group = uses[i].item;
		*(by_reference ? &item->reference_group : &item->key_group) = group;
	}
	pfree(uses);
}

/* Nobody has been done under any key yet. */
static int *
no_owners(int count)
{
	int		   *owners = palloc(sizeof(int) * count);

	for (int i = 0; i < count; i++)
		owners[i] = -1;
	return owners;
}

/*
 * Look at the keys of all items: each that was done before is replayed or, if
 * its key had another request, refused.
 */
void
key_check(Write *write)
{
	Call	   *call = write->call;

	for (int i = 0; i < call->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (write->items[i].state == ITEM_FRESH)
			check_item(write, &write->items[i]);
	}
	if (call->count == 1)
		return;
	group_items(write, false);
	group_items(write, true);
	write->key_owner = no_owners(call->count);
	write->reference_owner = no_owners(call->count);
}

/* By idempotency key, then by reference; those without come first. */
static int
compare_items(const void *a, const void *b, void *arg)
{
	const WriteItem *items = arg;
	const Request *x = items[*(const int *) a].request;
	const Request *y = items[*(const int *) b].request;
	text	   *keys[2][2] = {{x->idempotency_key, y->idempotency_key}, {x->reference, y->reference}};

	for (int i = 0; i < 2; i++)
	{
		KeyUse		left = {keys[i][0], 0};
		KeyUse		right = {keys[i][1], 0};
		int			order;

		if (left.key == NULL || right.key == NULL)
			order = (left.key != NULL) - (right.key != NULL);
		else
			order = compare_uses(&left, &right);
		if (order != 0)
			return order;
	}
	return *(const int *) a - *(const int *) b;
}

/*
 * The items done, in the order of writing their records: by key, as not every
 * key of a large call is locked.  A duplicate then waits at the unique index,
 * and waits in one order cannot deadlock.
 */
int *
key_order(const Write *write, bool by_key)
{
	int		   *order = palloc(sizeof(int) * write->done);
	bool		keys = false;
	int			n = 0;

	for (int i = 0; i < write->call->count; i++)
	{
		const Request *request = write->items[i].request;

		if (write->items[i].state != ITEM_DONE)
			continue;
		keys |= request->idempotency_key != NULL || request->reference != NULL;
		order[n++] = i;
	}
	if (by_key && keys && n > 1)
		qsort_arg(order, n, sizeof(int), compare_items, write->items);
	return order;
}

/* Whose a key or reference is that an item of the same call has taken. */
static char *
owner_detail(const Write *write, int owner)
{
	if (!write->call->batch)
		return pstrdup("It belongs to a request that was submitted at the same time.");
	return psprintf("It belongs to item %d of the batch.", owner + 1);
}

/*
 * Before an item is done: whether one before it in the same call has taken its
 * key, which makes it a replay, or its reference.  False if it is refused.
 */
bool
key_decide(Write *write, WriteItem *item)
{
	int			owner;

	if (item->key_group >= 0 && (owner = write->key_owner[item->key_group]) >= 0)
	{
		if (memcmp(write->items[owner].fingerprint, item->fingerprint, FINGERPRINT_SIZE) == 0)
		{
			item->state = ITEM_REPLAYED;
			item->same_as = owner;
			return true;
		}
		refuse_key(item, owner_detail(write, owner));
		return false;
	}
	if (item->reference_group >= 0 && (owner = write->reference_owner[item->reference_group]) >= 0)
	{
		refuse_reference(item, owner_detail(write, owner));
		return false;
	}
	return true;
}

/* An item was done: its key and reference are taken. */
void
key_take(Write *write, const WriteItem *item)
{
	if (item->key_group >= 0)
		write->key_owner[item->key_group] = item->number;
	if (item->reference_group >= 0)
		write->reference_owner[item->reference_group] = item->number;
}

/* It was not, after all. */
void
key_give_back(Write *write, const WriteItem *item)
{
	if (item->key_group >= 0 && write->key_owner[item->key_group] == item->number)
		write->key_owner[item->key_group] = -1;
	if (item->reference_group >= 0 && write->reference_owner[item->reference_group] == item->number)
		write->reference_owner[item->reference_group] = -1;
}

/* Whether an item was refused for something that a replay of it would not be. */
static bool
is_doubtful(const WriteItem *item)
{
	const Request *request = item->request;

	return item->state == ITEM_REFUSED && item->key_checked && (request->idempotency_key != NULL || request->reference != NULL) &&
		request->refusal.sqlstate != ERRCODE_LEDGER_IDEMPOTENCY_CONFLICT &&
		request->refusal.sqlstate != ERRCODE_LEDGER_REFERENCE_USED;
}

/*
 * Before items are refused: while they waited for balances, one that they repeat
 * may have been committed by a transaction that used more keys than it locks
 * (lock_keys).  Then the refusal is no answer, and this one must run again.
 */
void
key_recheck(Write *write)
{
	for (int i = 0; i < write->call->count; i++)
	{
		Request    *request = write->items[i].request;
		JournalFound found;
		bool		used;

		if (!is_doubtful(&write->items[i]))
			continue;
		PushActiveSnapshot(GetLatestSnapshot());
		used = (request->idempotency_key != NULL &&
				journal_find_key(write->journal, write->ledger.id, request->idempotency_key, &found)) ||
			(request->reference != NULL &&
			 journal_find_reference(write->journal, write->ledger.id, request->reference, &found));
		PopActiveSnapshot();
		if (used)
			store_serialization_failure();
	}
}
