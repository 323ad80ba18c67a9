/*
 * compat.h
 *		What differs between PostgreSQL 15, 16, 17 and 18, in one place.
 */
#ifndef LEDGER_COMPAT_H
#define LEDGER_COMPAT_H

#include "postgres.h"
#include "fmgr.h"
#include "access/tableam.h"
#include "access/genam.h"
#include "executor/executor.h"

/* 16: access to variable-length datums has a header of its own */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18: before the declaration of a function that does not return */
#if PG_VERSION_NUM < 180000
#define LEDGER_NORETURN pg_attribute_noreturn()
#else
#define LEDGER_NORETURN pg_noreturn
#endif

/* Declares an SQL-callable function; only these are exported. */
#define LEDGER_FUNCTION(name) \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* 16: which indexes an update touches, instead of whether */
#if PG_VERSION_NUM < 160000
typedef bool UpdatedIndexes;
#define updated_no_index(u)		(!(u))
#define exec_insert_index_tuples(rri, slot, estate, update, u) \
	ExecInsertIndexTuples(rri, slot, estate, update, false, NULL, NIL)
#define UPDATED_ALL_INDEXES		true
#define updated_all_indexes(u)	(u)
#else
typedef TU_UpdateIndexes UpdatedIndexes;
#define updated_no_index(u)		((u) == TU_None)
#define exec_insert_index_tuples(rri, slot, estate, update, u) \
	ExecInsertIndexTuples(rri, slot, estate, update, false, NULL, NIL, (u) == TU_Summarizing)
#define UPDATED_ALL_INDEXES		TU_All
#define updated_all_indexes(u)	((u) == TU_All)
#endif

/* 18: a place for scan statistics */
#if PG_VERSION_NUM < 180000
#define index_begin_scan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#else
#define index_begin_scan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#endif

/* 17: where a backend's transaction has its local number */
#if PG_VERSION_NUM < 170000
#define current_local_transaction()		(MyProc->lxid)
#else
#define current_local_transaction()		(MyProc->vxid.lxid)
#endif

/* 17: whether stronger locks count as well */
#if PG_VERSION_NUM < 170000
#define lock_held_by_me(tag, mode)		LockHeldByMe(tag, mode)
#else
#define lock_held_by_me(tag, mode)		LockHeldByMe(tag, mode, false)
#endif

/* 17: per-index cleanup after a series of inserts */
#if PG_VERSION_NUM < 170000
#define index_insert_done(index, info)	((void) 0)
#else
#define index_insert_done(index, info)	index_insert_cleanup(index, info)
#endif

/* 16: DecodeDateTime says more about what it could not read */
#if PG_VERSION_NUM < 160000
#define decode_date_time(field, ftype, nf, dtype, tm, fsec, tz) \
	DecodeDateTime(field, ftype, nf, dtype, tm, fsec, tz)
#else
#define decode_date_time(field, ftype, nf, dtype, tm, fsec, tz) \
	DecodeDateTime(field, ftype, nf, dtype, tm, fsec, tz, &(DateTimeErrorExtra) {0})
#endif

#endif							/* LEDGER_COMPAT_H */
