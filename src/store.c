/*
 * store.c
 *		Table access: open, scan, lock, update, insert.
 *
 * Invariant: no row is read with a catalog snapshot, no lost race surfaces as
 * an internal error (it is 40001), and what a DBA added to our tables is
 * honoured or refused, never skipped.  Relation locks are kept until the end of
 * the transaction; slots and scans never outlive the call.
 */
#include "store.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_trigger.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "storage/lmgr.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "error.h"

/* Rows given to the table access method at a time. */
#define INSERT_CHUNK	1000

/* Bytes that are free on a page, at least: for the next versions of a few rows. */
#define LEAST_FREE		512

struct StoreTable
{
	StoreDef   *def;
	Relation	rel;
	StoreMode	mode;
	TupleTableSlot *slot;
	MemoryContext context;		/* of all that lasts until it is closed */
	BlockNumber blocks;			/* its size, once asked for */

	/* for writing */
	TupleTableSlot **slots;		/* to put values into */
	int			slot_count;
	bool		executor;		/* triggers or constraints of DBAs: rows go the executor's way */
	OpenIndexes *indexes;
	EState	   *estate;
	ResultRelInfo *result_rel;
};

struct StoreScan
{
	Relation	index;
	IndexScanDesc desc;
	MemoryContext context;		/* where the access method keeps what lasts as long as the scan */
};

static StoreDef *registered = NULL;

/* Forget the OIDs, and what a part cached of its rows, of a changed relation. */
static void
relation_changed(Datum arg, Oid relid)
{
	for (StoreDef *def = registered; def != NULL; def = def->next)
	{
		index_set_changed(&def->indexes, relid);
		if (relid != InvalidOid && def->relid != InvalidOid &&
			relid != def->relid && relid != def->sequence_oid)
			continue;
		def->relid = InvalidOid;
		def->indexes.stale = true;
		if (def->invalidate != NULL)
			def->invalidate();
	}
}

/* Make a table known; called once per backend from _PG_init. */
void
store_register(StoreDef *def)
{
	if (registered == NULL)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	def->relid = InvalidOid;
	def->next = registered;
	registered = def;
}

/* Find a table and its indexes by name. */
static void
find_oids(StoreDef *def)
{
	Oid			schema = get_namespace_oid(STORE_SCHEMA, true);
	Oid			relid = OidIsValid(schema) ? get_relname_relid(def->name, schema) : InvalidOid;

	if (!OidIsValid(relid))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("table \"%s.%s\" does not exist", STORE_SCHEMA, def->name),
				errhint("Create the extension with CREATE EXTENSION ledger."));
	for (int i = 0; i < STORE_MAX_INDEXES && def->index_names[i] != NULL; i++)
	{
		def->index_oids[i] = get_relname_relid(def->index_names[i], schema);
		if (!OidIsValid(def->index_oids[i]))
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_UNSUPPORTED_TABLE_CHANGE),
					errmsg("index \"%s.%s\" is missing", STORE_SCHEMA, def->index_names[i]),
					errhint("Create the index again, or give it its name back."));
	}
	if (def->sequence_name != NULL)
		def->sequence_oid = get_relname_relid(def->sequence_name, schema);
	def->relid = relid;
}

/* The OID of a table. */
static Oid
store_relid(StoreDef *def)
{
	if (!OidIsValid(def->relid))
		find_oids(def);
	return def->relid;
}

/* The next number of the table's sequence. */
int64
store_next_number(StoreDef *def)
{
	(void) store_relid(def);
	return nextval_internal(def->sequence_oid, false);
}

/* The last number that anybody has drawn from the table's sequence; 0 if nobody has. */
int64
store_last_number(StoreDef *def)
{
	LOCAL_FCINFO(call, 1);
	Owner		owner;
	int64		last;

	(void) store_relid(def);
	InitFunctionCallInfoData(*call, NULL, 1, InvalidOid, NULL, NULL);
	call->args[0] = (NullableDatum) {ObjectIdGetDatum(def->sequence_oid), false};
	owner_enter(&owner);
	last = DatumGetInt64(pg_sequence_last_value(call));
	owner_leave(&owner);
	return call->isnull ? 0 : last;
}

/* Refuse to write where PostgreSQL itself would: standby, read-only, parallel. */
void
store_refuse_read_only(const char *function)
{
	PreventCommandDuringRecovery(function);
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
}

/*
 * Set the snapshot that reads of this call use.  In READ COMMITTED it is taken
 * now, so it sees what was committed before the locks that the caller holds.
 */
void
store_begin(void)
{
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
}

/*
 * Set the snapshot for reading settings that a cache will keep: always the
 * newest, as an older one could put back what an invalidation has just removed.
 * A parallel query may take no new snapshot and has taken a recent one.
 */
void
store_begin_settings(void)
{
	PushActiveSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
}

/* Look again, after waiting for a lock or writing by SQL. */
void
store_refresh(void)
{
	PopActiveSnapshot();
	store_begin();
}

/* End the call's reads; what it wrote becomes visible to the next command. */
void
store_end(bool wrote)
{
	PopActiveSnapshot();
	if (wrote)
		CommandCounterIncrement();
}

/* A transaction that needs an older state than there is must be run again. */
void
store_serialization_failure(void)
{
	ereport(ERROR,
			errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("could not serialize access due to concurrent update"),
			errhint("Run the transaction again."));
	pg_unreachable();
}

static void
refuse_table(StoreTable *table, const char *what, const char *name)
{
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_UNSUPPORTED_TABLE_CHANGE),
			errmsg("cannot write to table \"%s.%s\": it has %s", STORE_SCHEMA, table->def->name, what),
			name ? errdetail("Its name is \"%s\".", name) : 0,
			errhint("Remove it. AFTER ... FOR EACH ROW triggers, CHECK constraints and indexes are supported."));
}

/*
 * Find the triggers that concern our writing.  AFTER row triggers fire, by way
 * of the executor; a trigger that could change or suppress a row is refused,
 * and so are statement triggers, as there is no statement.  The triggers behind
 * a foreign key that points to us look at changed keys only, and keys never change.
 */
static void
check_triggers(StoreTable *table)
{
	TriggerDesc *triggers = table->rel->trigdesc;
	int16		event = table->mode == STORE_INSERT ? TRIGGER_TYPE_INSERT : TRIGGER_TYPE_UPDATE;

	if (triggers == NULL)
		return;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!(trigger->tgtype & event) || trigger->tgenabled == TRIGGER_DISABLED ||
			RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK)
			continue;
		if (TRIGGER_FOR_AFTER(trigger->tgtype) && TRIGGER_FOR_ROW(trigger->tgtype) &&
			trigger->tgnewtable == NULL && trigger->tgoldtable == NULL)
			table->executor = true;
		else
			refuse_table(table, "a trigger that is not AFTER ... FOR EACH ROW", trigger->tgname);
		if (table->mode == STORE_UPDATE && trigger->tgnattr > 0)
			refuse_table(table, "a trigger for certain columns", trigger->tgname);
	}
}

/* Compare a table with what the code expects, and see what DBAs added. */
static void
check_table(StoreTable *table)
{
	Relation	rel = table->rel;
	TupleDesc	desc = RelationGetDescr(rel);
	TupleConstr *constraints = desc->constr;

	for (int i = 0; i < Max(desc->natts, table->def->natts); i++)
		if (i >= desc->natts || TupleDescAttr(desc, i)->attisdropped != (i >= table->def->natts))
			refuse_table(table, "other columns than expected", NULL);
	if (rel->rd_rel->relrowsecurity || rel->rd_rules != NULL)
		refuse_table(table, rel->rd_rules != NULL ? "rules" : "row-level security", NULL);
	if (constraints != NULL && constraints->has_generated_stored)
		refuse_table(table, "generated columns", NULL);
	if (constraints != NULL && constraints->num_check > 0)
		table->executor = true;
	check_triggers(table);
	CheckCmdReplicaIdentity(rel, table->mode == STORE_UPDATE ? CMD_UPDATE : CMD_INSERT);
}

/*
 * Lock a table.  That may tell of changes made meanwhile, such as an index
 * rebuilt under another number: then look everything up again.
 */
static Relation
open_current(StoreDef *def, LOCKMODE lock)
{
	for (;;)
	{
		Oid			relid = store_relid(def);
		Relation	rel = try_table_open(relid, lock);

		if (rel != NULL && store_relid(def) == relid)
			return rel;
		if (rel != NULL)
			table_close(rel, lock);
		def->relid = InvalidOid;
	}
}

/*
 * Open a table for reading or for one kind of writing.  Other than our own
 * indexes are found and kept; where something needs the executor's help (AFTER
 * row triggers, CHECK constraints, unusual indexes), writing goes that slower
 * way; what cannot be honoured is an error.
 */
StoreTable *
store_open(StoreDef *def, StoreMode mode)
{
	StoreTable *table = palloc0(sizeof(StoreTable));

	table->def = def;
	table->mode = mode;
	table->context = CurrentMemoryContext;
	table->blocks = InvalidBlockNumber;
	table->rel = open_current(def, mode == STORE_READ ? AccessShareLock : RowExclusiveLock);
	if (mode != STORE_READ)
		check_table(table);
	return table;
}

Relation
store_relation(const StoreTable *table)
{
	return table->rel;
}

/* A slot for reading rows of the table, one per open table. */
TupleTableSlot *
store_slot(StoreTable *table)
{
	if (table->slot == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(table->context);

		table->slot = table_slot_create(table->rel, NULL);
		MemoryContextSwitchTo(old);
	}
	return table->slot;
}

/* Whether writing to the table goes the executor's way, as triggers of DBAs may see it. */
bool
store_fires_triggers(StoreTable *table)
{
	return table->executor;
}

/*
 * Slots to put values into, for store_insert and store_update: the same ones at
 * every call, as many as were ever asked for, until the table is closed.
 */
TupleTableSlot **
store_new_slots(StoreTable *table, int count)
{
	MemoryContext old;

	if (count <= table->slot_count)
		return table->slots;
	old = MemoryContextSwitchTo(table->context);
	table->slots = table->slots ? repalloc(table->slots, sizeof(TupleTableSlot *) * count) :
		palloc(sizeof(TupleTableSlot *) * count);
	for (; table->slot_count < count; table->slot_count++)
		table->slots[table->slot_count] = MakeSingleTupleTableSlot(RelationGetDescr(table->rel), &TTSOpsVirtual);
	MemoryContextSwitchTo(old);
	return table->slots;
}

/* Release what the call used; the locks stay. */
void
store_close(StoreTable *table)
{
	if (table->slot != NULL)
		ExecDropSingleTupleTableSlot(table->slot);
	for (int i = 0; i < table->slot_count; i++)
		ExecDropSingleTupleTableSlot(table->slots[i]);
	if (table->estate != NULL)
	{
		ExecCloseIndices(table->result_rel);
		ExecCloseResultRelations(table->estate);
		ExecResetTupleTable(table->estate->es_tupleTable, false);
		FreeExecutorState(table->estate);
	}
	if (table->indexes != NULL)
		index_release(table->indexes);
	table_close(table->rel, NoLock);
	pfree(table);
}

/* Begin using one of the table's own indexes, with a fixed number of keys. */
StoreScan *
store_scan_open(StoreTable *table, int index, int nkeys)
{
	StoreScan  *scan = palloc(sizeof(StoreScan));

	scan->index = index_open(table->def->index_oids[index], AccessShareLock);
	scan->desc = index_begin_scan(table->rel, scan->index, GetActiveSnapshot(), nkeys);
	scan->context = CurrentMemoryContext;
	return scan;
}

/* Start over with these keys. */
void
store_scan_start(StoreScan *scan, ScanKey keys)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);

	index_rescan(scan->desc, keys, scan->desc->numberOfKeys, NULL, 0);
	MemoryContextSwitchTo(old);
}

/* The next row in index order into the slot, or false. */
bool
store_scan_next(StoreScan *scan, ScanDirection direction, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	bool		found = index_getnext_slot(scan->desc, direction, slot);

	MemoryContextSwitchTo(old);
	return found;
}

/* Give every row that is on the same page as one to a function. */
void
store_read_page(StoreTable *table, ItemPointer tid, void (*take) (void *arg, TupleTableSlot *slot), void *arg)
{
	TupleTableSlot *slot = table_slot_create(table->rel, NULL);
	ItemPointerData first;
	ItemPointerData last;
	TableScanDesc scan;

	ItemPointerSet(&first, ItemPointerGetBlockNumber(tid), FirstOffsetNumber);
	ItemPointerSet(&last, ItemPointerGetBlockNumber(tid), MaxOffsetNumber);
	scan = table_beginscan_tidrange(table->rel, GetActiveSnapshot(), &first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, slot))
		take(arg, slot);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * The first row, and where it is rooted: the place that index entries point to,
 * which stays while the row's updates are heap-only.  For store_fetch().
 */
bool
store_scan_first(StoreScan *scan, TupleTableSlot *slot, ItemPointer root)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	bool		found = false;
	ItemPointer tid;

	while (!found && (tid = index_getnext_tid(scan->desc, ForwardScanDirection)) != NULL)
	{
		*root = *tid;
		found = index_fetch_heap(scan->desc, slot);
	}
	MemoryContextSwitchTo(old);
	return found;
}

void
store_scan_close(StoreScan *scan)
{
	index_endscan(scan->desc);
	index_close(scan->index, NoLock);
	pfree(scan);
}

/*
 * As the heap's own index fetch, but dead versions are removed from the page
 * only if there is hardly room for more, not whenever less than fillfactor
 * reserves is free: that would be at every update of a full page.
 */
static bool
fetch_heap(Relation rel, ItemPointer tid, TupleTableSlot *slot)
{
	HeapTuple	tuple = &((BufferHeapTupleTableSlot *) slot)->base.tupdata;
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	bool		found;

	/* looked at without a lock, as PostgreSQL does */
	if (PageGetHeapFreeSpace(BufferGetPage(buffer)) < LEAST_FREE)
		heap_page_prune_opt(rel, buffer);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	found = heap_hot_search_buffer(tid, rel, buffer, GetActiveSnapshot(), tuple, NULL, true);
	tuple->t_self = *tid;
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	if (found)
	{
		slot->tts_tableOid = RelationGetRelid(rel);
		ExecStoreBufferHeapTuple(tuple, slot, buffer);
	}
	ReleaseBuffer(buffer);
	return found;
}

/*
 * Fetch what the active snapshot sees of the row rooted at a place remembered
 * from earlier, without an index.  The caller must look whether it is the row
 * meant, as the place may have been given to another; false if there is none.
 */
bool
store_fetch(StoreTable *table, ItemPointer root, TupleTableSlot *slot)
{
	IndexFetchTableData *fetch;
	ItemPointerData tid = *root;
	bool		again = false;
	bool		found;

	/* the table cannot shrink while we have it locked */
	if (table->blocks == InvalidBlockNumber)
		table->blocks = RelationGetNumberOfBlocks(table->rel);
	if (ItemPointerGetBlockNumber(&tid) >= table->blocks)
		return false;
	if (table->rel->rd_rel->relam == HEAP_TABLE_AM_OID)
		return fetch_heap(table->rel, &tid, slot);
	fetch = table_index_fetch_begin(table->rel);
	found = table_index_fetch_tuple(fetch, &tid, GetActiveSnapshot(), slot, &again, NULL);
	table_index_fetch_end(fetch);
	return found;
}

/* Set up the executor's machinery for rows that need it. */
static void
open_executor(StoreTable *table)
{
	MemoryContext old;

	if (table->estate != NULL)
		return;
	old = MemoryContextSwitchTo(table->context);
	table->estate = CreateExecutorState();
	table->estate->es_output_cid = GetCurrentCommandId(true);
	table->result_rel = makeNode(ResultRelInfo);
	InitResultRelInfo(table->result_rel, table->rel, 0, NULL, 0);
	ExecOpenIndices(table->result_rel, false);
	MemoryContextSwitchTo(old);
}

/* Enter a row into every index by whichever way it needs. */
static List *
keep_indexes(StoreTable *table, TupleTableSlot *slot, bool update, UpdatedIndexes updated)
{
	if (table->indexes == NULL)
		table->indexes = index_set_use(&table->def->indexes, table->rel, table->context);
	if (!table->executor && updated_all_indexes(updated) && index_insert_row(table->indexes, slot))
		return NIL;
	open_executor(table);
	ResetPerTupleExprContext(table->estate);
	return exec_insert_index_tuples(table->result_rel, slot, table->estate, update, updated);
}

/* Whether the row has a NULL where the table, by now, allows none. */
static bool
lacks_value(StoreTable *table, TupleTableSlot *slot)
{
	for (int i = 0; i < table->def->natts; i++)
		if (slot->tts_isnull[i] && TupleDescAttr(RelationGetDescr(table->rel), i)->attnotnull)
			return true;
	return false;
}

/* Check what DBAs required of a row before it is written. */
static void
check_constraints(StoreTable *table, TupleTableSlot *slot)
{
	slot->tts_tableOid = RelationGetRelid(table->rel);
	if (table->executor ? RelationGetDescr(table->rel)->constr != NULL : lacks_value(table, slot))
	{
		open_executor(table);
		ExecConstraints(table->result_rel, slot, table->estate);
	}
}

/*
 * Write a new version of a row, which locks it as well if it was not locked.
 * False if it has changed since it was read; above READ COMMITTED that is a
 * serialization failure.
 */
bool
store_try_update(StoreTable *table, ItemPointer tid, TupleTableSlot *slot)
{
	TM_FailureData failure;
	LockTupleMode lock_mode;
	UpdatedIndexes updated;
	TM_Result	result;
	List	   *recheck = NIL;

	check_constraints(table, slot);
	if (table->executor)
		AfterTriggerBeginQuery();
	result = table_tuple_update(table->rel, tid, slot, GetCurrentCommandId(true),
								GetActiveSnapshot(), InvalidSnapshot, true,
								&failure, &lock_mode, &updated);
	if (result != TM_Ok && IsolationUsesXactSnapshot())
		store_serialization_failure();
	if (result == TM_Ok && !updated_no_index(updated))
		recheck = keep_indexes(table, slot, true, updated);
	if (table->executor)
	{
		open_executor(table);
		if (result == TM_Ok)
			ExecARUpdateTriggers(table->estate, table->result_rel, NULL, NULL, tid, NULL,
								 slot, recheck, NULL, false);
		AfterTriggerEndQuery(table->estate);
	}
	return result == TM_Ok;
}

/*
 * Write a new version of a row that this transaction has locked.  The update's
 * own outcome is the second safety net under the lock.
 */
void
store_update(StoreTable *table, ItemPointer tid, TupleTableSlot *slot)
{
	if (!store_try_update(table, tid, slot))
		store_serialization_failure();
}

/* Insert rows, many at a time, with their index entries. */
static void
insert_rows(StoreTable *table, TupleTableSlot **slots, int count)
{
	for (int i = 0; i < count; i++)
		check_constraints(table, slots[i]);
	if (table->executor)
		AfterTriggerBeginQuery();
	for (int done = 0; done < count; done += INSERT_CHUNK)
	{
		int			n = Min(count - done, INSERT_CHUNK);

		CHECK_FOR_INTERRUPTS();
		if (n == 1)
			table_tuple_insert(table->rel, slots[done], GetCurrentCommandId(true), 0, NULL);
		else
			table_multi_insert(table->rel, slots + done, n, GetCurrentCommandId(true), 0, NULL);
		for (int i = done; i < done + n; i++)
		{
			List	   *recheck = keep_indexes(table, slots[i], false, UPDATED_ALL_INDEXES);

			if (table->executor)
			{
				open_executor(table);
				ExecARInsertTriggers(table->estate, table->result_rel, slots[i], recheck, NULL);
			}
		}
	}
	if (table->executor)
		AfterTriggerEndQuery(table->estate);
}

/* Whether an error is a duplicate in an index of ours, not in one of the DBA's. */
static bool
is_our_duplicate(const StoreDef *def, const ErrorData *error)
{
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION || error->constraint_name == NULL ||
		error->schema_name == NULL || strcmp(error->schema_name, STORE_SCHEMA) != 0)
		return false;
	for (int i = 0; i < STORE_MAX_INDEXES && def->index_names[i] != NULL; i++)
		if (strcmp(def->index_names[i], error->constraint_name) == 0)
			return true;
	return false;
}

/*
 * Insert rows with their index entries.  Whoever gets here has looked for
 * duplicates, so one that turns up now was committed since: run again.
 */
void
store_insert(StoreTable *table, TupleTableSlot **slots, int count)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		insert_rows(table, slots, count);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_our_duplicate(table->def, error))
			PG_RE_THROW();
		FlushErrorState();
		store_serialization_failure();
	}
	PG_END_TRY();
}
