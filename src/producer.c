/*
 * producer.c
 *		submit_all(): what a function decides while nobody else writes.
 *
 * Invariant: between the producer's first look and the end of the transaction
 * nobody else writes to the ledger, and what it returns is applied wholly or not
 * at all.  Locks: the ledger, exclusively, then those of the engine.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "access.h"
#include "answer.h"
#include "compat.h"
#include "event.h"
#include "json.h"
#include "posting.h"

LEDGER_FUNCTION(ledger_submit_all);

static bool
refuse_producer(Refusal *refusal, Oid producer)
{
	return refuse(refusal, ERRCODE_INVALID_PARAMETER_VALUE,
				  psprintf("%s cannot be a producer", format_procedure(producer)), NULL,
				  "A producer is a function with one argument of type jsonb that returns jsonb.");
}

/* The SQL that calls a producer by its full name; NULL, and a refusal, if it is none. */
static char *
producer_query(Oid producer, Refusal *refusal)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(producer));
	Form_pg_proc proc;
	char	   *query = NULL;

	if (!HeapTupleIsValid(tuple))
	{
		refuse(refusal, ERRCODE_UNDEFINED_FUNCTION, psprintf("function %u does not exist", producer), NULL, NULL);
		return NULL;
	}
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->prokind == PROKIND_FUNCTION && !proc->proretset && proc->prorettype == JSONBOID &&
		proc->pronargs == 1 && proc->proargtypes.values[0] == JSONBOID)
		query = psprintf("SELECT %s($1)", quote_qualified_identifier(get_namespace_name(proc->pronamespace),
																	 NameStr(proc->proname)));
	else
		refuse_producer(refusal, producer);
	ReleaseSysCache(tuple);
	return query;
}

/* Call the producer as the caller; NULL if it returned nothing.  An error if it was replaced by what is none. */
static Jsonb *
produce(const char *query, Oid producer, Datum args, bool isnull, Refusal *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[1] = {JSONBOID};
	Jsonb	   *result = NULL;
	MemoryContext old;
	Datum		value;

	SPI_connect();
	if (SPI_execute_with_args(query, 1, types, &args, isnull ? "n" : " ", false, 2) != SPI_OK_SELECT ||
		SPI_processed != 1 || SPI_gettypeid(SPI_tuptable->tupdesc, 1) != JSONBOID)
	{
		refuse_producer(refusal, producer);
		refusal_raise(refusal);
	}
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
	{
		old = MemoryContextSwitchTo(context);
		result = DatumGetJsonbPCopy(value);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return result;
}

/* Check the right to post and lock the ledger, so that the producer sees what will be built on. */
static bool
lock_whole_ledger(Call *call)
{
	LockOrder	order = {LOCK_NOTHING};
	Ledger		ledger;

	if (!ledger_find(call->ledger, &ledger, &call->refusal))
		return false;
	access_require(ledger.id, ledger.name, RIGHT_POST);
	lock_ledger(&order, ledger.id, LEDGER_LOCK_EXCLUSIVE);
	return true;
}

/* SQL: submit_all(ledger, producer, args) */
Datum
ledger_submit_all(PG_FUNCTION_ARGS)
{
	Call		call;
	bool		readable;
	char	   *query = NULL;
	Jsonb	   *produced;

	store_refuse_read_only("ledger.submit_all");
	readable = request_begin(&call, fcinfo, KIND_TRANSACTION);
	call.batch = true;
	if (readable && PG_ARGISNULL(1))
		readable = request_refuse_null(&call.refusal, "producer");
	/* looked at after the lock, for which it may have had to wait long */
	if (readable && lock_whole_ledger(&call))
		query = producer_query(PG_GETARG_OID(1), &call.refusal);
	readable = query != NULL;
	if (readable)
	{
		produced = produce(query, PG_GETARG_OID(1), PG_ARGISNULL(2) ? (Datum) 0 : PG_GETARG_DATUM(2), PG_ARGISNULL(2), &call.refusal);
		call.count = 0;
		readable = produced == NULL || json_submission(&call, produced, &event_action);
	}
	return answer_receipts(fcinfo, &call, &post_action, readable);
}
