/*
 * store.h
 *		The only code that opens relations, scans indexes and forms tuples.
 *
 * Rows are read and written through the table and index access methods, not
 * through SQL.  Reads use the active snapshot, which store_begin() sets: the
 * newest in READ COMMITTED, the transaction's own above.  What PostgreSQL's
 * executor would have done is done here or refused: every index is kept, AFTER
 * row triggers fire, CHECK constraints hold; see store_open().
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "postgres.h"
#include "access/htup.h"
#include "access/skey.h"
#include "access/sdir.h"
#include "executor/tuptable.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "compat.h"
#include "index.h"
#include "owner.h"

#define STORE_SCHEMA		OWNER_SCHEMA
#define STORE_MAX_INDEXES	9

/*
 * A table as the code expects it.  One static object per table; the OIDs are
 * found by name and forgotten when the relation cache says so.
 */
typedef struct StoreDef
{
	const char *name;
	int			natts;
	const char *index_names[STORE_MAX_INDEXES];
	const char *sequence_name;	/* or NULL */
	void		(*invalidate) (void);	/* forget what was cached of its rows */

	/* kept by store.c */
	Oid			relid;
	Oid			index_oids[STORE_MAX_INDEXES];
	Oid			sequence_oid;
	IndexSet	indexes;
	struct StoreDef *next;
} StoreDef;

typedef struct StoreTable StoreTable;
typedef struct StoreScan StoreScan;

typedef enum StoreMode
{
	STORE_READ,
	STORE_INSERT,
	STORE_UPDATE
} StoreMode;

extern void store_register(StoreDef *def);
extern int64 store_next_number(StoreDef *def);
extern int64 store_last_number(StoreDef *def);

extern void store_refuse_read_only(const char *function);
extern void store_begin(void);
extern void store_begin_settings(void);
extern void store_refresh(void);
extern void store_end(bool wrote);

extern StoreTable *store_open(StoreDef *def, StoreMode mode);
extern void store_close(StoreTable *table);
extern Relation store_relation(const StoreTable *table);
extern TupleTableSlot *store_slot(StoreTable *table);
extern TupleTableSlot **store_new_slots(StoreTable *table, int count);

extern StoreScan *store_scan_open(StoreTable *table, int index, int nkeys);
extern void store_scan_start(StoreScan *scan, ScanKey keys);
extern bool store_scan_next(StoreScan *scan, ScanDirection direction, TupleTableSlot *slot);
extern bool store_scan_first(StoreScan *scan, TupleTableSlot *slot, ItemPointer root);
extern void store_scan_close(StoreScan *scan);
extern void store_read_page(StoreTable *table, ItemPointer tid, void (*take) (void *arg, TupleTableSlot *slot), void *arg);

extern bool store_fetch(StoreTable *table, ItemPointer root, TupleTableSlot *slot);
extern bool store_fires_triggers(StoreTable *table);
extern bool store_try_update(StoreTable *table, ItemPointer tid, TupleTableSlot *slot);
extern void store_update(StoreTable *table, ItemPointer tid, TupleTableSlot *slot);
extern void store_insert(StoreTable *table, TupleTableSlot **slots, int count);

LEDGER_NORETURN extern void store_serialization_failure(void);

#endif							/* LEDGER_STORE_H */
