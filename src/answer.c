/*
 * answer.c
 *		What functions that write end with: receipts, or the error that one is
 *		refused for.
 */
#include "answer.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "posting.h"

/* Raise what a call, or the first item that failed by itself, is refused for. */
static void
raise_refusal(const Call *call)
{
	Refusal		refusal = call->refusal;

	for (int i = 0; i < call->count && refusal.sqlstate == 0; i++)
	{
		refusal = call->requests[i].refusal;
		if (refusal.sqlstate == ERRCODE_LEDGER_LINKED_FAILURE)
			refusal.sqlstate = 0;
		else if (refusal.sqlstate != 0 && call->batch)
			refusal.detail = psprintf("%s " INT64_FORMAT "%s%s", call->numbering ? call->numbering : "Item", call->before + i + 1, refusal.detail ? ": " : ".", refusal.detail ? refusal.detail : "");
	}
	refusal_raise(&refusal);
}

/* Run a call, unless its arguments could not be read; raise what may not be told. */
static Outcome *
run_if_readable(Call *call, const Action *action, bool readable)
{
	Outcome    *outcomes;

	if (!readable && call->refusal.sqlstate == 0 && call->requests->refusal.sqlstate != 0 && !call->batch)
		call->refusal = call->requests->refusal;
	if (call->refusal.sqlstate == 0)
		outcomes = posting_run(call, action);
	else
	{
		outcomes = palloc0(sizeof(Outcome));
		outcomes->status = STATUS_REJECTED;
		outcomes->refusal = &call->refusal;
	}
	for (int i = 0; i < call->count && !call->keeps_going; i++)
		if (outcomes[i].status == STATUS_REJECTED)
			raise_refusal(call);
	if (call->count == 0 && call->refusal.sqlstate != 0)
		raise_refusal(call);
	return outcomes;
}

/* Run a call; raise what may not be told. */
Outcome *
answer_run(Call *call, const Action *action)
{
	return run_if_readable(call, action, true);
}

/* What a function that makes one request ends with; readable: whether its arguments were. */
Datum
answer_receipt(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable)
{
	Outcome    *outcomes = run_if_readable(call, action, readable);
	TupleDesc	desc = lookup_rowtype_tupdesc(get_func_rettype(fcinfo->flinfo->fn_oid), -1);
	Datum		result = receipt_datum(desc, outcomes);

	ReleaseTupleDesc(desc);
	return result;
}

/* What a function that makes several ends with: a receipt for each, in order. */
Datum
answer_receipts(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Outcome    *outcomes;
	MemoryContext row;
	MemoryContext old;

	if (!readable)
		raise_refusal(call);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC | MAT_SRF_BLESS);
	outcomes = run_if_readable(call, action, true);
	row = AllocSetContextCreate(CurrentMemoryContext, "ledger receipt", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(row);
	for (int i = 0; i < call->count; i++)
	{
		HeapTupleData tuple;

		CHECK_FOR_INTERRUPTS();
		tuple.t_data = DatumGetHeapTupleHeader(receipt_datum(rsinfo->setDesc, &outcomes[i]));
		tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuplestore_puttuple(rsinfo->setResult, &tuple);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
	return (Datum) 0;
}
