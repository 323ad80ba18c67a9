/*
 * error.c
 *		Refusals, and the list of error codes as a function.
 *
 * A mistake of the caller or a rule that forbids a request is first a Refusal,
 * a plain value; only the SQL entry point decides whether to raise it or to
 * return it.  So both ways share every check and every word.
 */
#include "error.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "compat.h"

LEDGER_FUNCTION(ledger_errors);

/*
 * Note why a request is refused and return false, for `return refuse(...)`.
 * The texts must live as long as the refusal.
 */
bool
refuse(Refusal *refusal, int sqlstate, char *message, char *detail, const char *hint)
{
	refusal->sqlstate = sqlstate;
	refusal->message = message;
	refusal->detail = detail;
	refusal->hint = hint;
	return false;
}

/* Raise a refusal as an error. */
void
refusal_raise(const Refusal *refusal)
{
	ereport(ERROR,
			errcode(refusal->sqlstate),
			errmsg_internal("%s", refusal->message),
			refusal->detail ? errdetail_internal("%s", refusal->detail) : 0,
			refusal->hint ? errhint("%s", refusal->hint) : 0);
	pg_unreachable();
}

/* SQL: errors(): the codes of class LG, their names and meanings. */
Datum
ledger_errors(PG_FUNCTION_ARGS)
{
	static const struct
	{
		int			sqlstate;
		const char *name;
		const char *meaning;
	}			list[] =
	{
#define X(symbol, a, b, c, name, meaning) \
		{ERRCODE_LEDGER_##symbol, name, meaning},
		LEDGER_ERRORS(X)
#undef X
	};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (int) lengthof(list); i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		values[0] = CStringGetTextDatum(unpack_sql_state(list[i].sqlstate));
		values[1] = CStringGetTextDatum(list[i].name);
		values[2] = CStringGetTextDatum(list[i].meaning);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
