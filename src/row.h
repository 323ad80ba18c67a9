/*
 * row.h
 *		Locking rows of the tables that store.c opens.
 */
#ifndef LEDGER_ROW_H
#define LEDGER_ROW_H

#include "postgres.h"
#include "access/htup.h"
#include "executor/tuptable.h"
#include "storage/itemptr.h"

#include "store.h"

extern bool row_lock(StoreTable *table, ItemPointer tid, TupleTableSlot *slot);
extern bool row_try_lock(StoreTable *table, ItemPointer tid, TupleTableSlot *slot);
extern bool row_await(StoreTable *table, HeapTuple tuple);
extern bool row_is_free(HeapTuple tuple);

#endif							/* LEDGER_ROW_H */
