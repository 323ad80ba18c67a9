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
#include "utils/timestamp.h"

#include "board.h"
#include "compat.h"

/* Field 4 of an advisory lock's tag, where PostgreSQL's own functions put 1 or 2. */
#define LOCK_CLASS_KEY		0x4C47
#define LOCK_CLASS_TAG		0x4C48
#define LOCK_CLASS_ALL_TAGS	0x4C49
#define LOCK_CLASS_UPGRADE	0x4C4A
#define LOCK_CLASS_SEAL		0x4C4B
#define LOCK_CLASS_CHAIN	0x4C4C

/* Key locks that one transaction may take of the shared lock table. */
#define MAX_KEY_LOCKS		64

/* Tags that one transaction may lock one by one for appending. */
#define MAX_TAG_LOCKS	64

#define LEDGER_LOCK_OID(ledger_id)	((Oid) (PG_UINT32_MAX - (uint32) (ledger_id)))

/* How many locks of keys and tags which transaction has taken. */
static LocalTransactionId counted_transaction = InvalidLocalTransactionId;
static int	key_locks = 0;
static int	tag_locks = 0;

/* The last transaction that locked a ledger. */
static LocalTransactionId locking_transaction = InvalidLocalTransactionId;

/* The last transaction that took a read lock, on whichever ledger. */
static LocalTransactionId reading_transaction = InvalidLocalTransactionId;

static bool
holds_read_lock(int32 ledger_id)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, LEDGER_LOCK_OID(ledger_id));
	return lock_held_by_me(&tag, ShareLock);
}

/* Take a lock until the end of the transaction, and count if that has to wait. */
static LockAcquireResult
acquire(const LOCKTAG *tag, LOCKMODE mode, int32 ledger_id, Counter waits)
{
	LockAcquireResult result = LockAcquire(tag, mode, false, true);

	if (result != LOCKACQUIRE_NOT_AVAIL)
		return result;
	board_count(ledger_id, waits, 1);
	return LockAcquire(tag, mode, false, false);
}

/* Note that the call is at this step; it may not have passed it. */
void
lock_step(LockOrder *order, LockStep step)
{
	Assert(step >= order->last);
	order->last = step;
}

/*
 * Whoever has a read lock and wants to write must wait for the other readers,
 * who may want the same.  The first is let through; the others must run again,
 * which lets go of their read locks.
 */
static void
upgrade(int32 ledger_id)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, 0, LOCK_CLASS_UPGRADE);
	if (LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL)
		return;
	ereport(ERROR,
			errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("could not go from reading to writing, as another transaction is doing so"),
			errhint("Run the transaction again."));
}

/* Whether this transaction has locked a ledger, or tried to. */
bool
lock_has_ledger(void)
{
	return locking_transaction == current_local_transaction();
}

/* Lock a ledger for reading unless someone is writing. */
bool
lock_try_read(LockOrder *order, int32 ledger_id)
{
	lock_step(order, LOCK_LEDGER);
	if (!ConditionalLockRelationOid(LEDGER_LOCK_OID(ledger_id), ShareLock))
		return false;
	locking_transaction = reading_transaction = current_local_transaction();
	return true;
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
	locking_transaction = current_local_transaction();
	if (mode == LEDGER_LOCK_READ)
		reading_transaction = current_local_transaction();
	else if (reading_transaction == current_local_transaction() && holds_read_lock(ledger_id))
		upgrade(ledger_id);
	board_enter(ledger_id);
	if (ConditionalLockRelationOid(LEDGER_LOCK_OID(ledger_id), modes[mode]))
		return;
	board_count(ledger_id, COUNT_LEDGER_WAITS, 1);
	LockRelationOid(LEDGER_LOCK_OID(ledger_id), modes[mode]);
}

/* Wait until whoever is writing to a ledger now has ended; others may begin meanwhile. */
void
lock_wait_for_writers(int32 ledger_id)
{
	LOCKTAG		tag;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, LEDGER_LOCK_OID(ledger_id));
	WaitForLockers(tag, ShareLock, false);
}

/* Wait for a transaction to end, until a time at most. */
static void
wait_until(VirtualTransactionId transaction, TimestampTz deadline)
{
	int			timeout = LockTimeout;
	TimestampTz now = GetCurrentTimestamp();

	PG_TRY();
	{
		LockTimeout = (int) Min(Max((deadline - now + 999) / 1000, 1), PG_INT32_MAX);
		(void) VirtualXactLock(transaction, true);
	}
	PG_FINALLY();
	{
		LockTimeout = timeout;
	}
	PG_END_TRY();
}

/* The same, but until a time at most: an error 55P03 then. */
void
lock_wait_for_writers_until(int32 ledger_id, TimestampTz deadline)
{
	VirtualTransactionId *writers;
	LOCKTAG		tag;
	int			count;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, LEDGER_LOCK_OID(ledger_id));
	writers = GetLockConflicts(&tag, ShareLock, &count);
	for (int i = 0; i < count; i++)
		wait_until(writers[i], deadline);
}

/* Wait likewise for whoever is appending a tag. */
void
lock_wait_for_tag(int32 ledger_id, uint32 hash)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, hash, LOCK_CLASS_TAG);
	WaitForLockers(tag, ExclusiveLock, false);
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, 0, LOCK_CLASS_ALL_TAGS);
	WaitForLockers(tag, RowExclusiveLock, false);
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

static void
begin_counting(void)
{
	if (counted_transaction == current_local_transaction())
		return;
	counted_transaction = current_local_transaction();
	key_locks = tag_locks = 0;
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
	begin_counting();
	qsort(hashes, count, sizeof(uint32), compare_hashes);
	for (int i = 0; i < count && key_locks < MAX_KEY_LOCKS; i++)
	{
		SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, hashes[i], LOCK_CLASS_KEY);
		if (acquire(&tag, ExclusiveLock, ledger_id, COUNT_KEY_WAITS) == LOCKACQUIRE_OK)
			key_locks++;
	}
}

/* By hash, exclusive locks first. */
static int
compare_tags(const void *a, const void *b)
{
	const TagLock *x = a;
	const TagLock *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (int) y->exclusive - (int) x->exclusive;
}

/*
 * Lock tags until the end of the transaction.  Sorts them.  A transaction that
 * appends very many locks all tags of the ledger at once instead: that excludes
 * whoever checks any, but nobody who appends.
 */
void
lock_tags(LockOrder *order, int32 ledger_id, TagLock *locks, int count)
{
	bool		checks = false;
	bool		many;
	LOCKTAG		tag;

	if (count == 0)
		return;
	lock_step(order, LOCK_TAG);
	begin_counting();
	many = tag_locks + count > MAX_TAG_LOCKS;
	qsort(locks, count, sizeof(TagLock), compare_tags);
	for (int i = 0; i < count; i++)
		checks |= locks[i].exclusive;
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, 0, LOCK_CLASS_ALL_TAGS);
	if (many)
		(void) acquire(&tag, checks ? ShareRowExclusiveLock : ShareLock, ledger_id, COUNT_TAG_WAITS);
	else if (checks)
		(void) acquire(&tag, RowExclusiveLock, ledger_id, COUNT_TAG_WAITS);
	for (int i = 0; i < count; i++)
	{
		if ((i > 0 && locks[i].hash == locks[i - 1].hash) || (many && !locks[i].exclusive))
			continue;
		SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, locks[i].hash, LOCK_CLASS_TAG);
		if (acquire(&tag, locks[i].exclusive ? ExclusiveLock : ShareLock, ledger_id, COUNT_TAG_WAITS) == LOCKACQUIRE_OK)
			tag_locks++;
	}
}

/* Lock the end of a ledger's chain until the end of the transaction; nothing is locked after it. */
void
lock_chain(LockOrder *order, int32 ledger_id)
{
	LOCKTAG		tag;

	lock_step(order, LOCK_CHAIN);
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, 0, LOCK_CLASS_CHAIN);
	(void) acquire(&tag, ExclusiveLock, ledger_id, COUNT_CHAIN_WAITS);
}

/* Keep others from sealing a ledger until the end of the transaction; nobody who holds it waits for a later step. */
void
lock_seal(int32 ledger_id)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) ledger_id, 0, LOCK_CLASS_SEAL);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}
