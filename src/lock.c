/*
 * lock.c
 *		Heavyweight locks of a ledger, in the order that lock.h gives.
 *
 * A ledger is locked as PostgreSQL locks a relation, under a number that no
 * relation has: relation locks of the weaker modes take the fast path, so that
 * sessions posting to one ledger do not meet in the shared lock table.  Numbers
 * count down from the largest OID.  Should the OID counter ever come so far that
 * a relation gets one of them, the two would wait for each other's strong locks
 * and nothing worse.
 */
#include "lock.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"

#include "compat.h"

/* Field 4 of an advisory lock's tag, where PostgreSQL's own functions put 1 or 2. */
#define LOCK_CLASS_KEY		0x4C47

/* Key locks that one transaction may take of the shared lock table. */
#define MAX_KEY_LOCKS		64

#define LEDGER_LOCK_OID(ledger_id)	((Oid) (PG_UINT32_MAX - (uint32) (ledger_id)))

/* How many key locks which transaction has taken. */
static LocalTransactionId counted_transaction = InvalidLocalTransactionId;
static int	key_locks = 0;

/* Note that the call is at this step; it may not have passed it. */
void
lock_step(LockOrder *order, LockStep step)
{
	Assert(step >= order->last);
	order->last = step;
}

/*
 * Lock a ledger until the end of the transaction.  Afterwards caches are
 * current: what the last exclusive holder changed is seen.
 */
void
lock_ledger(LockOrder *order, int32 ledger_id, LedgerLock mode)
{
	static const LOCKMODE modes[] =
	{
		[LEDGER_LOCK_POST] = RowExclusiveLock,
		[LEDGER_LOCK_READ] = ShareLock,
		[LEDGER_LOCK_EXCLUSIVE] = ExclusiveLock
	};

	lock_step(order, LOCK_LEDGER);
	LockRelationOid(LEDGER_LOCK_OID(ledger_id), modes[mode]);
}

/* What stands for a key in its lock; kinds have spaces of their own. */
uint32
lock_key_hash(char kind, const char *key, Size length)
{
	return hash_combine(hash_bytes((const unsigned char *) key, (int) length), (uint32) kind);
}

static int
compare_hashes(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Lock keys until the end of the transaction, so that whoever uses one of them
 * too waits for our outcome and then sees it.  Sorts the hashes.  Keys of equal
 * hash share a lock, which costs a wait and nothing else.  A transaction that
 * uses very many keys locks only the first: the unique index guards the others,
 * and a duplicate that waits there must run again to see the outcome.
 */
void
lock_keys(LockOrder *order, int32 ledger_id, uint32 *hashes, int count)
{
	LOCKTAG		tag;

	if (count == 0)
		return;
	lock_step(order, LOCK_KEY);
	if (counted_transaction != current_local_transaction())
	{
		counted_transaction = current_local_transaction();
		key_locks = 0;
	}
	qsort(hashes, count, sizeof(uint32), compare_hashes);
	for (int i = 0; i < count && key_locks < MAX_KEY_LOCKS; i++)
	{
		SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, hashes[i], LOCK_CLASS_KEY);
		if (LockAcquire(&tag, ExclusiveLock, false, false) == LOCKACQUIRE_OK)
			key_locks++;
	}
}
