/*
 * index.c
 *		Entering rows into the indexes of a table.
 *
 * Invariant: every index gets its entry, those that DBAs added included.  What
 * is kept of an index is forgotten with the relation cache's own copy, so it is
 * as new as the lock on the table.  Locks: an index that gets an entry, as the
 * executor would; the others are safe from being dropped by the table's lock.
 */
#include "index.h"

#include "access/genam.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "nodes/primnodes.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"

/*
 * A relation changed, or any may have: forget the set if it is one of its
 * indexes.  The table's own changes are for the caller to see.
 */
void
index_set_changed(IndexSet *set, Oid relid)
{
	bool		ours = relid == InvalidOid;

	for (int i = 0; i < set->count && !ours; i++)
		ours = set->plans[i].oid == relid;
	if (ours)
		set->stale = true;
}

/* If an index is partial on "column IS NOT NULL", the number of that column. */
static AttrNumber
not_null_predicate(const IndexInfo *info)
{
	NullTest   *test;

	if (list_length(info->ii_Predicate) != 1)
		return InvalidAttrNumber;
	test = (NullTest *) linitial(info->ii_Predicate);
	if (!IsA(test, NullTest) || test->nulltesttype != IS_NOT_NULL || !IsA(test->arg, Var))
		return InvalidAttrNumber;
	return ((Var *) test->arg)->varattno;
}

/* Note what inserting needs to know of an index; true if it needs the executor. */
static bool
make_plan(IndexPlan *plan, Oid oid)
{
	Relation	rel = index_open(oid, RowExclusiveLock);
	IndexInfo  *info = BuildIndexInfo(rel);
	bool		unusual;

	plan->oid = oid;
	plan->skip_if_null = not_null_predicate(info);
	plan->has_expressions = info->ii_Expressions != NIL;
	unusual = info->ii_ExclusionOps != NULL || !rel->rd_index->indimmediate ||
		(info->ii_Predicate != NIL && plan->skip_if_null == InvalidAttrNumber) ||
		(plan->has_expressions && plan->skip_if_null == InvalidAttrNumber);
	/* other access methods keep things of one call in it */
	plan->info = rel->rd_rel->relam == BTREE_AM_OID ? info : NULL;
	index_close(rel, NoLock);
	return unusual;
}

/*
 * Read what is to be known of the table's indexes.  What was known may be in
 * use by a call further out, so it lasts until the end of the transaction.
 */
static void
make_plans(IndexSet *set, Relation table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ledger indexes", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	List	   *oids = RelationGetIndexList(table);
	IndexSet	made = {.context = context, .count = list_length(oids)};

	made.plans = palloc0(sizeof(IndexPlan) * Max(made.count, 1));
	for (int i = 0; i < made.count; i++)
		if (make_plan(&made.plans[i], list_nth_oid(oids, i)))
			made.unusual = true;
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, TopMemoryContext);
	if (set->context != NULL)
		MemoryContextSetParent(set->context, TopTransactionContext);
	*set = made;
}

/*
 * Begin to enter rows into the indexes of a table that the caller has locked
 * for writing; context is that of the whole use.
 */
OpenIndexes *
index_set_use(IndexSet *set, Relation table, MemoryContext context)
{
	OpenIndexes *indexes = MemoryContextAlloc(context, sizeof(OpenIndexes));

	if (set->context == NULL || set->stale)
		make_plans(set, table);
	indexes->table = table;
	indexes->plans = set->plans;
	indexes->count = set->count;
	indexes->unusual = set->unusual;
	indexes->context = context;
	indexes->rels = MemoryContextAllocZero(context, sizeof(Relation) * Max(set->count, 1));
	indexes->infos = MemoryContextAlloc(context, sizeof(IndexInfo *) * Max(set->count, 1));
	return indexes;
}

/* Whether a row has no place in an index. */
static bool
is_left_out(const IndexPlan *plan, TupleTableSlot *slot)
{
	return plan->skip_if_null != InvalidAttrNumber && slot_attisnull(slot, plan->skip_if_null);
}

/* Open an index to enter rows. */
static void
open_index(OpenIndexes *indexes, int i)
{
	const IndexPlan *plan = &indexes->plans[i];
	MemoryContext old = MemoryContextSwitchTo(indexes->context);

	indexes->rels[i] = index_open(plan->oid, RowExclusiveLock);
	indexes->infos[i] = plan->info ? plan->info : BuildIndexInfo(indexes->rels[i]);
	MemoryContextSwitchTo(old);
}

/* Enter a row into one index, which is opened when first needed. */
static void
insert_into(OpenIndexes *indexes, int i, TupleTableSlot *slot)
{
	Relation	rel;
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (indexes->rels[i] == NULL)
		open_index(indexes, i);
	rel = indexes->rels[i];
	if (!rel->rd_index->indisready)
		return;
	FormIndexDatum(indexes->infos[i], slot, NULL, values, nulls);
	index_insert(rel, values, nulls, &slot->tts_tid, indexes->table,
				 rel->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
				 false, indexes->infos[i]);
}

/*
 * Enter a row into every index; false, and nothing done, if one of them needs
 * the executor for it.
 */
bool
index_insert_row(OpenIndexes *indexes, TupleTableSlot *slot)
{
	if (indexes->unusual)
		return false;
	for (int i = 0; i < indexes->count; i++)
		if (indexes->plans[i].has_expressions && !is_left_out(&indexes->plans[i], slot))
			return false;
	for (int i = 0; i < indexes->count; i++)
		if (!is_left_out(&indexes->plans[i], slot))
			insert_into(indexes, i, slot);
	return true;
}

/* Close what was opened; the locks stay. */
void
index_release(OpenIndexes *indexes)
{
	for (int i = 0; i < indexes->count; i++)
		if (indexes->rels[i] != NULL)
		{
			index_insert_done(indexes->rels[i], indexes->infos[i]);
			index_close(indexes->rels[i], NoLock);
		}
}
