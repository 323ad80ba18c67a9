/*
 * gate.c
 *		The way in to everything that is written in SQL.
 *
 * A function of schema ledger that is not on the hot path is a gate: it checks
 * the caller's right on the ledger it names, then runs its twin, the function
 * of the same name and arguments in schema ledger_data, as the owner of the
 * tables and with a fixed search_path.  The twin holds the work and is closed
 * to everyone.  Locks: whatever the twin takes.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "access.h"
#include "carry.h"
#include "compat.h"
#include "error.h"
#include "ledger.h"
#include "lock.h"
#include "notify.h"
#include "owner.h"
#include "store.h"

LEDGER_FUNCTION(ledger_gate_read);
LEDGER_FUNCTION(ledger_gate_watch);
LEDGER_FUNCTION(ledger_gate_post);
LEDGER_FUNCTION(ledger_gate_admin);
LEDGER_FUNCTION(ledger_lock_ledger);

/* What a gate needs to know of its own function. */
typedef struct Gate
{
	Oid			oid;			/* hash key */
	NameData	name;
	int			nargs;
	int			ledger_arg;		/* which argument names the ledger; -1: none does */
	bool		ledger_optional;	/* its NULL stands for all ledgers */
	Oid			types[FUNC_MAX_ARGS];
	SPIPlanPtr	plan;
} Gate;

static HTAB *gates = NULL;

/* Read the function's signature. */
static void
describe(Gate *gate)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(gate->oid));
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);
	Oid		   *types;
	char	  **names;
	char	   *modes;

	gate->name = proc->proname;
	gate->nargs = proc->pronargs;
	gate->ledger_arg = -1;
	memcpy(gate->types, proc->proargtypes.values, sizeof(Oid) * gate->nargs);
	(void) get_func_arg_info(tuple, &types, &names, &modes);
	for (int i = 0; i < gate->nargs; i++)
		if (strcmp(names[i], "ledger") == 0)
			gate->ledger_arg = i;
	gate->ledger_optional = gate->ledger_arg >= gate->nargs - proc->pronargdefaults;
	ReleaseSysCache(tuple);
}

/* The gate of a function, with the saved plan that calls its twin. */
static Gate *
find_gate(Oid function)
{
	Gate	   *gate;
	bool		found;

	if (gates == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Gate)};

		gates = hash_create("ledger gates", 32, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	gate = hash_search(gates, &function, HASH_ENTER, &found);
	if (!found)
		gate->plan = NULL;
	if (gate->plan == NULL)
		describe(gate);
	return gate;
}

/* Prepare the twin's call; needs an SPI connection and the owner's rights. */
static void
prepare(Gate *gate)
{
	StringInfoData query;

	if (gate->plan != NULL)
		return;
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT * FROM %s.%s(", STORE_SCHEMA, quote_identifier(NameStr(gate->name)));
	for (int i = 0; i < gate->nargs; i++)
		appendStringInfo(&query, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoChar(&query, ')');
	/* reports have many optional filters; each call deserves a plan of its own */
	gate->plan = SPI_prepare_cursor(query.data, gate->nargs, gate->types, CURSOR_OPT_CUSTOM_PLAN);
	if (gate->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));	/* cannot happen */
	SPI_keepplan(gate->plan);
}

/* Refuse whoever lacks the right on the ledger named, or on all if none is; whether one is. */
static bool
require_right(FunctionCallInfo fcinfo, const Gate *gate, Right right, Ledger *ledger)
{
	Refusal		refusal;

	if (gate->ledger_arg < 0 || (PG_ARGISNULL(gate->ledger_arg) && gate->ledger_optional))
	{
		access_require(ALL_LEDGERS, NULL, right);
		return false;
	}
	if (PG_ARGISNULL(gate->ledger_arg))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("ledger must not be NULL"));
	if (!ledger_find(PG_GETARG_TEXT_PP(gate->ledger_arg), ledger, &refusal))
		refusal_raise(&refusal);
	access_require(ledger->id, ledger->name, right);
	return true;
}

/* The gate's arguments as parameters of the plan. */
static ParamListInfo
make_params(FunctionCallInfo fcinfo, const Gate *gate)
{
	ParamListInfo params = makeParamList(gate->nargs);

	for (int i = 0; i < gate->nargs; i++)
	{
		params->params[i].value = fcinfo->args[i].value;
		params->params[i].isnull = fcinfo->args[i].isnull;
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = gate->types[i];
	}
	return params;
}

/*
 * Run the twin as the owner.  Its rows go to the caller's tuplestore if there is
 * one; otherwise it returns one value, of a type passed by value, or void.
 */
static Datum
run_twin(FunctionCallInfo fcinfo, Gate *gate, bool read_only)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		returns_set = rsinfo != NULL && IsA(rsinfo, ReturnSetInfo) && rsinfo->setResult != NULL;
	SPIExecuteOptions options = {.read_only = read_only};
	Owner		owner;
	Datum		value = (Datum) 0;
	bool		isnull;

	owner_enter(&owner);
	SPI_connect();
	prepare(gate);
	options.params = make_params(fcinfo, gate);
	if (returns_set)
	{
		options.dest = CreateDestReceiver(DestTuplestore);
		SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
										rsinfo->econtext->ecxt_per_query_memory, false, NULL, NULL);
	}
	if (SPI_execute_plan_extended(gate->plan, &options) < 0)
		elog(ERROR, "calling %s failed", NameStr(gate->name));	/* cannot happen */
	if (!returns_set && SPI_processed == 1)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	SPI_finish();
	owner_leave(&owner);
	return value;
}

/*
 * The same; an error of the twin reaches the caller without the lines that tell
 * where in our SQL it arose, which are no help to them.
 */
static Datum
run_quietly(FunctionCallInfo fcinfo, Gate *gate, bool read_only)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		volatile value = (Datum) 0;

	PG_TRY();
	{
		value = run_twin(fcinfo, gate, read_only);
	}
	PG_CATCH();
	{
		ReThrowError(owner_take_error(context));
	}
	PG_END_TRY();
	return value;
}

/*
 * Check the right and run the twin.  One that reads sees what the calling query
 * sees, but of a serial ledger what there is when nobody writes; one that writes
 * or watches sees what there is when it looks.
 */
static Datum
pass(FunctionCallInfo fcinfo, Right right, bool read_only, bool writes)
{
	Gate	   *gate = find_gate(fcinfo->flinfo->fn_oid);
	Ledger		ledger;
	bool		named;
	bool		waited;
	Datum		value;

	if (writes)
		store_refuse_read_only(psprintf("ledger.%s", NameStr(gate->name)));
	if (writes)
		carry_write_all(NULL);
	named = require_right(fcinfo, gate, right, &ledger);
	if (fcinfo->flinfo->fn_retset)
		InitMaterializedSRF(fcinfo, get_call_result_type(fcinfo, NULL, NULL) == TYPEFUNC_SCALAR ? MAT_SRF_USE_EXPECTED_DESC : 0);
	waited = named && !writes && ledger_await_writer(&ledger);
	if (waited)
		store_begin();
	value = run_quietly(fcinfo, gate, read_only);
	if (named && right == RIGHT_ADMIN)
		notify_mark(&ledger);
	if (waited)
		store_end(false);
	return value;
}

/* SQL: every function that needs the right to read and returns rows. */
Datum
ledger_gate_read(PG_FUNCTION_ARGS)
{
	return pass(fcinfo, RIGHT_READ, true, false);
}

/* SQL: every function that needs the right to read, waits for others and returns rows. */
Datum
ledger_gate_watch(PG_FUNCTION_ARGS)
{
	return pass(fcinfo, RIGHT_READ, false, false);
}

/* SQL: every function that needs the right to post and writes. */
Datum
ledger_gate_post(PG_FUNCTION_ARGS)
{
	return pass(fcinfo, RIGHT_POST, false, true);
}

/* SQL: every function that needs the right to administer. */
Datum
ledger_gate_admin(PG_FUNCTION_ARGS)
{
	return pass(fcinfo, RIGHT_ADMIN, false, true);
}

/* SQL: ledger_data.lock_ledger(ledger_id, exclusive). */
Datum
ledger_lock_ledger(PG_FUNCTION_ARGS)
{
	LockOrder	order = {LOCK_NOTHING};

	lock_ledger(&order, PG_GETARG_INT32(0), PG_GETARG_BOOL(1) ? LEDGER_LOCK_EXCLUSIVE : LEDGER_LOCK_POST);
	PG_RETURN_VOID();
}
