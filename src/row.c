/*
 * row.c
 *		Locking rows of the tables that store.c opens, and waiting for those who have.
 *
 * Locks last until the end of the transaction.  Lost races are serialization
 * failures, never internal errors.
 */
#include "row.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * Lock a row until the end of the transaction and put its newest version into
 * the slot.  A serialization failure if it was deleted meanwhile, and above
 * READ COMMITTED also if it changed since the transaction's snapshot.  Whether it
 * had to wait.
 */
bool
row_lock(StoreTable *table, ItemPointer tid, TupleTableSlot *slot)
{
	Relation	rel = store_relation(table);
	TM_FailureData failure;
	uint8		flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
	TM_Result	result;
	bool		waited;

	if (!IsolationUsesXactSnapshot())
		flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	result = table_tuple_lock(rel, tid, GetActiveSnapshot(), slot,
							  GetCurrentCommandId(true), LockTupleNoKeyExclusive,
							  LockWaitSkip, flags, &failure);
	waited = result == TM_WouldBlock;
	if (waited)
		result = table_tuple_lock(rel, tid, GetActiveSnapshot(), slot,
								  GetCurrentCommandId(true), LockTupleNoKeyExclusive,
								  LockWaitBlock, flags, &failure);
	if (result == TM_Updated || result == TM_Deleted)
		store_serialization_failure();
	if (result != TM_Ok)
		ereport(ERROR,
				errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				errmsg("a row of \"%s\" was already changed by the current command", RelationGetRelationName(rel)),
				errhint("Do not post to the same accounts from a trigger on the ledger's tables."));
	return waited;
}

/*
 * Lock a row as it was found, without waiting, and put it into the slot.  False
 * if somebody else has it or it has changed; above READ COMMITTED the latter is a
 * serialization failure.
 */
bool
row_try_lock(StoreTable *table, ItemPointer tid, TupleTableSlot *slot)
{
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_lock(store_relation(table), tid, GetActiveSnapshot(), slot,
							  GetCurrentCommandId(true), LockTupleNoKeyExclusive,
							  LockWaitSkip, 0, &failure);
	if ((result == TM_Updated || result == TM_Deleted) && IsolationUsesXactSnapshot())
		store_serialization_failure();
	return result == TM_Ok;
}

/*
 * Wait for the end of whoever had a row when it was read, without locking it
 * then.  False if it is not known who that is, or we are it.
 */
bool
row_await(StoreTable *table, HeapTuple tuple)
{
	HeapTupleHeader row = tuple->t_data;

	if (row->t_infomask & HEAP_XMAX_INVALID)
		return true;
	if (HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask) && (row->t_infomask & HEAP_XMAX_IS_MULTI))
		return false;
	if (TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(row)))
		return false;
	XactLockTableWait(HeapTupleHeaderGetUpdateXid(row), store_relation(table), &tuple->t_self, XLTW_Lock);
	return true;
}

/* Whether nobody had a row locked or was changing it when it was read. */
bool
row_is_free(HeapTuple tuple)
{
	HeapTupleHeader row = tuple->t_data;

	if (row->t_infomask & HEAP_XMAX_INVALID)
		return true;
	if (!HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask) || (row->t_infomask & HEAP_XMAX_IS_MULTI))
		return false;
	/* a lock of our own is none, nor one that its holder's end has left behind */
	return TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetRawXmax(row)) ||
		!TransactionIdIsInProgress(HeapTupleHeaderGetRawXmax(row));
}
