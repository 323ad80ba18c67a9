/*
 * lock.h
 *		The one order in which everything is locked.
 *
 *		1. ledger		a mode per use: posting shares, exclusive uses exclude
 *		2. key			idempotency keys and references, one lock each
 *		3. tag			of records: who appends shares, who checks a scope excludes
 *		4. creation		missing accounts and balances, by (address, asset)
 *		5. balance		row locks, by id
 *		6. chain		the end of a strict ledger's chain
 *
 * A call may skip steps and never goes back; builds with assertions check it.
 * All locks last until the end of the transaction, and none is held by the
 * session, so poolers and PREPARE TRANSACTION are safe.
 */
#ifndef LEDGER_LOCK_H
#define LEDGER_LOCK_H

#include "postgres.h"
#include "datatype/timestamp.h"

typedef enum LockStep
{
	LOCK_NOTHING,
	LOCK_LEDGER,
	LOCK_KEY,
	LOCK_TAG,
	LOCK_CREATION,
	LOCK_BALANCE,
	LOCK_CHAIN
} LockStep;

/* How far a call has come in the order; one on the stack of each call. */
typedef struct LockOrder
{
	LockStep	last;
} LockOrder;

typedef enum LedgerLock
{
	LEDGER_LOCK_POST,			/* many at once */
	LEDGER_LOCK_READ,			/* many at once, no posting */
	LEDGER_LOCK_EXCLUSIVE		/* one, no posting */
} LedgerLock;

/* A tag to be locked, by whoever appends it or, exclusively, checks it. */
typedef struct TagLock
{
	uint32		hash;
	bool		exclusive;
} TagLock;

extern bool lock_has_ledger(void);
extern void lock_step(LockOrder *order, LockStep step);
extern void lock_ledger(LockOrder *order, int32 ledger_id, LedgerLock mode);
extern uint32 lock_key_hash(char kind, const char *key, Size length);
extern void lock_keys(LockOrder *order, int32 ledger_id, uint32 *hashes, int count);
extern bool lock_try_read(LockOrder *order, int32 ledger_id);
extern void lock_wait_for_writers(int32 ledger_id);
extern void lock_wait_for_writers_until(int32 ledger_id, TimestampTz deadline);
extern void lock_wait_for_tag(int32 ledger_id, uint32 hash);
extern void lock_chain(LockOrder *order, int32 ledger_id);
extern void lock_seal(int32 ledger_id);
extern void lock_tags(LockOrder *order, int32 ledger_id, TagLock *locks, int count);

#endif							/* LEDGER_LOCK_H */
