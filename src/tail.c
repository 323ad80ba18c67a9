/*
 * tail.c
 *		Tails, and how far the journal is settled.
 *
 * Positions are drawn before they are committed, so a lower one may appear
 * after a higher one.  Invariant: nothing is reported while a lower position
 * that matches may still be committed; whoever drew one is waited for
 * (scope_settle), which blocks nobody else.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "compat.h"
#include "request.h"
#include "scope.h"

LEDGER_FUNCTION(ledger_tail);
LEDGER_FUNCTION(ledger_settled);

/* Take source_id, source_type, stream_type, stream_id and event_types from the arguments. */
static void
read_match(FunctionCallInfo fcinfo, int first, JournalMatch *match)
{
	static const Tag tags[] = {TAG_SOURCE_ID, TAG_SOURCE_TYPE, TAG_STREAM_TYPE, TAG_STREAM_ID};
	int			types = first + (int) lengthof(tags);
	Refusal		refusal;
	Datum	   *values;
	bool	   *nulls;

	memset(match, 0, sizeof(*match));
	for (int i = 0; i < (int) lengthof(tags); i++)
		if (!PG_ARGISNULL(first + i))
			match->values[tags[i]] = PG_GETARG_TEXT_PP(first + i);
	if (PG_ARGISNULL(types))
		return;
	if (!request_plain_array(PG_GETARG_ARRAYTYPE_P(types), "event_types", &refusal))
		refusal_raise(&refusal);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(types), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &match->type_count);
	match->types = palloc(sizeof(text *) * Max(match->type_count, 1));
	for (int i = 0; i < match->type_count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("an event type must not be NULL"));
		match->types[i] = DatumGetTextPP(values[i]);
	}
}

static bool
has_tags(const JournalMatch *match)
{
	return match->type_count > 0 || journal_selective_tag(match) != TAG_EVENT_TYPE;
}

/* The last match at or below a settled position, by the active snapshot. */
static int64
last_settled(int32 ledger_id, const JournalMatch *match, int64 settled)
{
	StoreTable *journal = journal_open_table(STORE_READ);
	int64		last = has_tags(match) ? journal_match(journal, ledger_id, match, 0, settled) :
		journal_last(journal, ledger_id, settled);

	store_close(journal);
	return last;
}

/* SQL: tail(ledger, source_id, source_type, stream_type, stream_id, event_types) */
Datum
ledger_tail(PG_FUNCTION_ARGS)
{
	Ledger		ledger;
	Refusal		refusal = {0};
	JournalMatch match;
	int64		settled;
	int64		last;
	int64		seen;

	PreventCommandDuringRecovery("ledger.tail");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("ledger must not be NULL"));
	if (!ledger_find(PG_GETARG_TEXT_PP(0), &ledger, &refusal))
		refusal_raise(&refusal);
	access_require(ledger.id, ledger.name, RIGHT_READ);
	read_match(fcinfo, 1, &match);
	settled = scope_settle(&ledger, &match);

	PushActiveSnapshot(GetLatestSnapshot());
	last = last_settled(ledger.id, &match, settled);
	PopActiveSnapshot();
	if (!IsolationUsesXactSnapshot())
		PG_RETURN_INT64(last);

	/* a record that the transaction cannot see must not be below what it is told */
	PushActiveSnapshot(GetTransactionSnapshot());
	seen = last_settled(ledger.id, &match, settled);
	PopActiveSnapshot();
	if (seen != last)
		store_serialization_failure();
	PG_RETURN_INT64(last);
}

/* SQL: ledger_data.settled(ledger_id, source_id, source_type, stream_type, stream_id, event_types) */
Datum
ledger_settled(PG_FUNCTION_ARGS)
{
	JournalMatch match;
	Ledger		ledger;

	PreventCommandDuringRecovery("ledger.events");
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("ledger.events needs isolation level READ COMMITTED"),
				errdetail("A transaction with one snapshot cannot see records that commit late."));
	read_match(fcinfo, 1, &match);
	if (!ledger_get(PG_GETARG_INT32(0), &ledger))
		elog(ERROR, "there is no ledger %d", PG_GETARG_INT32(0));	/* cannot happen */
	PG_RETURN_INT64(scope_settle(&ledger, &match));
}
