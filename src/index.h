/*
 * index.h
 *		The indexes of a table, as inserting rows needs them.
 *
 * What must be known of them is read once and kept until one of them, or the
 * table, changes; in a call only those are opened that get an entry.
 */
#ifndef LEDGER_INDEX_H
#define LEDGER_INDEX_H

#include "postgres.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/relcache.h"

/* One index of a table. */
typedef struct IndexPlan
{
	Oid			oid;
	AttrNumber	skip_if_null;	/* partial on "column IS NOT NULL": that column */
	bool		has_expressions;
	IndexInfo  *info;			/* NULL: to be made for each call */
} IndexPlan;

/* All indexes of a table; part of what is known of it for the backend's life. */
typedef struct IndexSet
{
	MemoryContext context;		/* of what follows; NULL: nothing known */
	bool		stale;			/* something changed since */
	bool		unusual;		/* one that only the executor can keep */
	int			count;
	IndexPlan  *plans;
} IndexSet;

/* The indexes of a table in use by a call. */
typedef struct OpenIndexes
{
	Relation	table;
	const IndexPlan *plans;		/* good until the end of the transaction */
	int			count;
	bool		unusual;
	MemoryContext context;		/* of the call */
	Relation   *rels;			/* NULL until needed */
	IndexInfo **infos;
} OpenIndexes;

extern void index_set_changed(IndexSet *set, Oid relid);
extern OpenIndexes *index_set_use(IndexSet *set, Relation table, MemoryContext context);
extern bool index_insert_row(OpenIndexes *indexes, TupleTableSlot *slot);
extern void index_release(OpenIndexes *indexes);

#endif							/* LEDGER_INDEX_H */
