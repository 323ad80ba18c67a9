/*
 * run.c
 *		Running a statement in transactions of its own, until one succeeds.
 *
 * A function cannot run its own transaction again; a procedure can.  Each try
 * is a new top-level transaction of the level asked for.  What PostgreSQL asks
 * to be tried again (serialization failure, deadlock, lock not available) is,
 * after a pause that grows and varies; every other error, and the last of
 * these, is raised unchanged.  Invariant: at most one try is committed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "board.h"
#include "compat.h"
#include "error.h"
#include "request.h"
#include "run.h"

LEDGER_FUNCTION(ledger_run);

/* The longest pause between two tries, in ms. */
#define MAX_PAUSE	10000

static bool
may_try_again(int sqlstate)
{
	return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
}

/* Wait for half to the whole of a time; the wait can be cancelled. */
static void
pause_for(double ms)
{
	TimestampTz until;

	ms = Min(ms, MAX_PAUSE) * (0.5 + 0.5 * pg_prng_double(&pg_global_prng_state));
	until = GetCurrentTimestamp() + (TimestampTz) (ms * 1000);
	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			return;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, WAIT_EVENT_PG_SLEEP);
		ResetLatch(MyLatch);
	}
}

/* The level asked for as SET TRANSACTION takes it. */
static const char *
level_statement(text *isolation)
{
	static const char *const levels[] = {"read committed", "repeatable read", "serializable"};
	char	   *given = text_to_cstring(isolation);

	for (int i = 0; i < (int) lengthof(levels); i++)
		if (pg_strcasecmp(given, levels[i]) == 0)
			return psprintf("SET TRANSACTION ISOLATION LEVEL %s", levels[i]);
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("isolation level \"%s\" does not exist", given),
			errhint("Give 'read committed', 'repeatable read' or 'serializable'."));
	return NULL;
}

/* Run SQL inside the transaction there is. */
static void
execute(const char *statement)
{
	int			result = SPI_execute(statement, false, 0);

	if (result == SPI_ERROR_TRANSACTION)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				errmsg("the statement must not begin or end a transaction"),
				errhint("ledger.run makes a transaction of its own for it."));
	if (result < 0)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("the statement cannot be run by ledger.run"),
				errdetail("%s", SPI_result_code_string(result)));
}

/*
 * Try once, in a subtransaction, so that its failure can be looked at before
 * the transaction is given up; then commit.  The error, or NULL.
 */
static ErrorData *
try_once(const char *level, const char *statement, MemoryContext context)
{
	ResourceOwner owner;
	ErrorData  *volatile error = NULL;

	board_leave();
	execute(level);
	owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		execute(statement);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_END_TRY();
	if (error != NULL)
	{
		SPI_rollback();
		MemoryContextSwitchTo(context);
		return error;
	}
	/* a serializable transaction may fail at its very end */
	PG_TRY();
	{
		SPI_commit();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	return error;
}

/* Refuse a procedure that was called inside a transaction. */
void
run_refuse_transaction(FunctionCallInfo fcinfo, const char *procedure)
{
	if (!IsA(fcinfo->context, CallContext) || castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("%s cannot be called inside a transaction", procedure),
				errhint("Call it by itself: it makes transactions of its own."));
}

/*
 * Run a statement in transactions of its own until one succeeds, after `pause`
 * ms at first; what a procedure ends with: how many tries it took, as its row.
 */
Datum
run_statement(FunctionCallInfo fcinfo, const char *statement, text *isolation, int attempts, double pause)
{
	MemoryContext context = CurrentMemoryContext;
	const char *level = level_statement(isolation);
	int			tries = 0;
	ErrorData  *error;
	TupleDesc	desc;
	Datum		value;
	bool		isnull = false;

	if (attempts < 1 || pause < 0)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("attempts must be at least 1 and backoff not negative"));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	/* what CALL itself has begun */
	SPI_commit();
	MemoryContextSwitchTo(context);
	while ((error = try_once(level, statement, context)) != NULL)
	{
		if (++tries >= attempts || !may_try_again(error->sqlerrcode))
			ReThrowError(error);
		board_count(board_entered(), COUNT_RETRIES, 1);
		pause_for(pause);
		pause *= 2;
	}
	SPI_finish();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a procedure has an unexpected result type");	/* cannot happen */
	value = Int32GetDatum(tries + 1);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), &value, &isnull));
}

/* SQL: CALL run(statement, isolation, attempts, backoff, tries) */
Datum
ledger_run(PG_FUNCTION_ARGS)
{
	run_refuse_transaction(fcinfo, "ledger.run");
	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("statement, isolation, attempts and backoff must not be NULL"));
	return run_statement(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_TEXT_PP(1), PG_GETARG_INT32(2),
						 request_interval_ms(PG_GETARG_INTERVAL_P(3)));
}
