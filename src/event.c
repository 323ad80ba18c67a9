/*
 * event.c
 *		Applications' own events in the journal, alone or with money.
 *
 * An event is an item of a call without postings; the engine gives it its place
 * in the journal, checks its conditions and its idempotency key (posting.c).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "answer.h"
#include "compat.h"
#include "event.h"
#include "posting.h"

LEDGER_FUNCTION(ledger_append);
LEDGER_FUNCTION(ledger_try_append);
LEDGER_FUNCTION(ledger_append_many);
LEDGER_FUNCTION(ledger_try_append_many);
LEDGER_FUNCTION(ledger_post_events);
LEDGER_FUNCTION(ledger_try_post_events);

const Action event_action = {.status = STATUS_APPENDED, .effect = RULE_MOVE};

/* Attributes of the type ledger.event, in the order of append's arguments from the second on */
enum
{
	Anum_event_type = 1,
	Anum_event_payload,
	Anum_event_source_id,
	Anum_event_source_type,
	Anum_event_stream_type,
	Anum_event_stream_id,
	Anum_event_correlation_id,
	Anum_event_causation_id,
	Anum_event_idempotency_key,
	Natts_event = Anum_event_idempotency_key
};

/* Make an event of its attributes. */
static bool
read_event(Request *request, Datum *values, bool *nulls)
{
	static const char *const names[] = {"event_type", "", "source_id", "source_type", "stream_type", "stream_id",
		"correlation_id", "causation_id"};
	Tags	   *tags = palloc0(sizeof(Tags));
	text	  **places[] = {&tags->values[TAG_EVENT_TYPE], NULL, &tags->values[TAG_SOURCE_ID], &tags->values[TAG_SOURCE_TYPE],
		&tags->values[TAG_STREAM_TYPE], &tags->values[TAG_STREAM_ID], &tags->correlation_id, &tags->causation_id};

	request->kind = KIND_EVENT;
	request->action = &event_action;
	request->tags = tags;
	for (int i = 0; i < (int) lengthof(names); i++)
		if (places[i] != NULL && !request_tag(request, values[i], nulls[i], names[i], places[i]))
			return false;
	if (!nulls[Anum_event_payload - 1])
		request->payload = DatumGetJsonbP(values[Anum_event_payload - 1]);
	if (!nulls[Anum_event_idempotency_key - 1])
		request->idempotency_key = DatumGetTextPP(values[Anum_event_idempotency_key - 1]);
	return request_check_options(request);
}

static bool
read_conditions(Call *call, FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ||
		condition_read(&call->conditions, PG_GETARG_ARRAYTYPE_P(arg), &call->refusal);
}

/* append(ledger, event_type, ... idempotency_key, conditions) */
static Datum
append(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	Datum		values[Natts_event];
	bool		nulls[Natts_event];
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_EVENT);
	for (int i = 0; i < Natts_event; i++)
	{
		values[i] = fcinfo->args[i + 1].value;
		nulls[i] = fcinfo->args[i + 1].isnull;
	}
	readable = readable && read_event(call.requests, values, nulls) &&
		read_conditions(&call, fcinfo, Natts_event + 1);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &event_action, readable);
}

/* Add the events of an argument to those that the call has already. */
static bool
read_events(Call *call, FunctionCallInfo fcinfo, int arg, int before)
{
	ArrayType  *array;
	Request    *requests;
	Datum	   *rows;
	bool	   *nulls;
	int			count;

	if (PG_ARGISNULL(arg))
		return request_refuse_null(&call->refusal, "events");
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (!request_plain_array(array, "events", &call->refusal))
		return false;
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &rows, &nulls, &count);
	if (count > POSTINGS_MAX)
		return request_refuse_size(&call->refusal);
	requests = palloc0(sizeof(Request) * (before + count + 1));
	memcpy(requests, call->requests, sizeof(Request) * before);
	call->requests = requests;
	call->count = before + count;
	for (int i = 0; i < count; i++)
	{
		Datum	   *values;
		bool	   *isnull;

		if (nulls[i])
			return request_refuse_null(&call->refusal, psprintf("event %d", i + 1));
		request_deform(rows[i], &values, &isnull);
		if (!read_event(&requests[before + i], values, isnull))
			break;
	}
	return true;
}

/* append_many(ledger, events, conditions) */
static Datum
append_many(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_EVENT) && read_events(&call, fcinfo, 1, 0) &&
		read_conditions(&call, fcinfo, 2);
	call.batch = true;
	call.keeps_going = keeps_going;
	return answer_receipts(fcinfo, &call, &event_action, readable);
}

/* post_events(ledger, postings, events, idempotency_key, reference, effective_at, metadata, conditions, tags) */
static Datum
post_events(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 3, .reference = 4, .effective_at = 5, .metadata = 6,
	.conditions = 7, .tags = 8};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_TRANSACTION);
	call.batch = true;
	call.keeps_going = keeps_going;
	call.requests->action = &post_action;
	if (readable && request_read_postings(call.requests, fcinfo, 1) &&
		request_check_amounts(call.requests, true))
		(void) request_options(&call, fcinfo, &args);
	readable = readable && call.refusal.sqlstate == 0 && read_events(&call, fcinfo, 2, 1);
	return answer_receipts(fcinfo, &call, &post_action, readable);
}

Datum
ledger_append(PG_FUNCTION_ARGS)
{
	return append(fcinfo, "ledger.append", false);
}

Datum
ledger_try_append(PG_FUNCTION_ARGS)
{
	return append(fcinfo, "ledger.try_append", true);
}

Datum
ledger_append_many(PG_FUNCTION_ARGS)
{
	return append_many(fcinfo, "ledger.append_many", false);
}

Datum
ledger_try_append_many(PG_FUNCTION_ARGS)
{
	return append_many(fcinfo, "ledger.try_append_many", true);
}

Datum
ledger_post_events(PG_FUNCTION_ARGS)
{
	return post_events(fcinfo, "ledger.post_events", false);
}

Datum
ledger_try_post_events(PG_FUNCTION_ARGS)
{
	return post_events(fcinfo, "ledger.try_post_events", true);
}
