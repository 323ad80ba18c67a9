/*
 * batch.c
 *		Many transactions in one call.
 *
 * Each becomes an item of one call of the engine (posting.c): one lock pass,
 * one update for each balance, many rows written at a time.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "answer.h"
#include "compat.h"
#include "json.h"
#include "posting.h"

LEDGER_FUNCTION(ledger_post_batch);
LEDGER_FUNCTION(ledger_post_batch_json);

/* post_batch's arguments */
enum
{
	ARG_LEDGER,
	ARG_SOURCES,
	ARG_DESTINATIONS,
	ARG_AMOUNTS,
	ARG_ASSETS,
	ARG_IDEMPOTENCY_KEYS,
	ARG_LINKED,
	ARG_ATOMIC,
	ARG_REFERENCE_NAMES,
	ARG_EFFECTIVE_TIMES,
	ARG_METADATA,
	ARG_UP_TO,
	ARG_CONDITIONS
};

/* An array argument taken apart; values is NULL if it was not given. */
typedef struct Column
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
} Column;

/* Take an array argument apart; it has as many elements as the others. */
static bool
read_column(Call *call, FunctionCallInfo fcinfo, int arg, const char *name, bool needed, Column *column)
{
	ArrayType  *array;
	int16		length;
	bool		by_value;
	char		align;

	memset(column, 0, sizeof(*column));
	if (PG_ARGISNULL(arg))
		return !needed || request_refuse_null(&call->refusal, name);
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (!request_plain_array(array, name, &call->refusal))
		return false;
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align,
					  &column->values, &column->nulls, &column->count);
	if (arg == ARG_SOURCES)
		call->count = column->count;
	if (column->count == call->count || (arg == ARG_ASSETS && column->count == 1))
		return true;
	return refuse(&call->refusal, ERRCODE_LEDGER_INVALID_BATCH,
				  psprintf("%s has %d elements for %d items", name, column->count, call->count), NULL,
				  arg == ARG_ASSETS ? "Give one asset for each item, or one for all of them." : "Give one element for each item.");
}

/* Whether an item has a value in a column. */
static bool
is_given(const Column *column, int item)
{
	return column->values != NULL && !column->nulls[item];
}

static Span
span_of(const Column *column, int item)
{
	text	   *value = DatumGetTextPP(column->values[item]);

	return (Span) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/* Make the posting of an item. */
static bool
read_posting(Request *request, RequestPosting *posting, const Column *columns, int i)
{
	static const int needed[] = {ARG_SOURCES, ARG_DESTINATIONS, ARG_ASSETS};
	static const char *const names[] = {"source", "destination", "asset"};
	int			asset = columns[ARG_ASSETS].count == 1 ? 0 : i;

	for (int k = 0; k < (int) lengthof(needed); k++)
		if (!is_given(&columns[needed[k]], needed[k] == ARG_ASSETS ? asset : i))
			return request_refuse_null(&request->refusal, names[k]);
	request->postings = posting;
	request->count = 1;
	posting->source = span_of(&columns[ARG_SOURCES], i);
	posting->destination = span_of(&columns[ARG_DESTINATIONS], i);
	posting->asset = span_of(&columns[ARG_ASSETS], asset);
	posting->amount = is_given(&columns[ARG_AMOUNTS], i) ? columns[ARG_AMOUNTS].values[i] : 0;
	posting->up_to = request->has_up_to = is_given(&columns[ARG_UP_TO], i) && DatumGetBool(columns[ARG_UP_TO].values[i]);
	return request_check_amounts(request, false) && request_check_posting(request, posting);
}

/* Make a request of the elements at one place. */
static bool
read_item(Request *request, RequestPosting *posting, const Column *columns, int i)
{
	request->kind = KIND_TRANSACTION;
	request->linked = is_given(&columns[ARG_LINKED], i) && DatumGetBool(columns[ARG_LINKED].values[i]);
	if (is_given(&columns[ARG_IDEMPOTENCY_KEYS], i))
		request->idempotency_key = DatumGetTextPP(columns[ARG_IDEMPOTENCY_KEYS].values[i]);
	if (is_given(&columns[ARG_REFERENCE_NAMES], i))
		request->reference = DatumGetTextPP(columns[ARG_REFERENCE_NAMES].values[i]);
	request->has_effective_at = is_given(&columns[ARG_EFFECTIVE_TIMES], i);
	if (request->has_effective_at)
		request->effective_at = DatumGetTimestampTz(columns[ARG_EFFECTIVE_TIMES].values[i]);
	if (is_given(&columns[ARG_METADATA], i))
		request->metadata = DatumGetJsonbP(columns[ARG_METADATA].values[i]);
	return read_posting(request, posting, columns, i) && request_check_options(request);
}

/* A chain must end within the batch. */
static bool
check_last_link(Call *call)
{
	if (call->count == 0 || !call->requests[call->count - 1].linked)
		return true;
	return refuse(&call->refusal, ERRCODE_LEDGER_INVALID_BATCH,
				  "the last item is linked to a next one", psprintf("It is item %d.", call->count),
				  "An item is linked to the one after it; the last of a chain is not linked.");
}

/* Whether all is done or nothing: the argument, which may not be NULL. */
static bool
begin_batch(Call *call, FunctionCallInfo fcinfo, int atomic_arg)
{
	bool		readable = request_begin(call, fcinfo, KIND_TRANSACTION);

	call->batch = true;
	if (!readable)
		return false;
	if (PG_ARGISNULL(atomic_arg))
		return request_refuse_null(&call->refusal, "atomic");
	call->atomic = PG_GETARG_BOOL(atomic_arg);
	call->keeps_going = !call->atomic;
	return true;
}

/* post_batch(ledger, sources, destinations, amounts, assets, ...) */
static bool
read_arrays(Call *call, FunctionCallInfo fcinfo)
{
	static const struct
	{
		int			arg;
		const char *name;
		bool		needed;
	}			list[] =
	{
		{ARG_SOURCES, "sources", true}, {ARG_DESTINATIONS, "destinations", true}, {ARG_AMOUNTS, "amounts", true},
		{ARG_ASSETS, "assets", true}, {ARG_IDEMPOTENCY_KEYS, "idempotency_keys", false}, {ARG_LINKED, "linked", false},
		{ARG_REFERENCE_NAMES, "reference_names", false}, {ARG_EFFECTIVE_TIMES, "effective_times", false},
		{ARG_METADATA, "metadata", false}, {ARG_UP_TO, "up_to", false}
	};
	Column		columns[ARG_CONDITIONS] = {{NULL}};
	RequestPosting *postings;

	if (!begin_batch(call, fcinfo, ARG_ATOMIC))
		return false;
	for (int i = 0; i < (int) lengthof(list); i++)
		if (!read_column(call, fcinfo, list[i].arg, list[i].name, list[i].needed, &columns[list[i].arg]))
			return false;
	if (call->count > POSTINGS_MAX)
		return request_refuse_size(&call->refusal);
	call->requests = palloc0(sizeof(Request) * Max(call->count, 1));
	postings = palloc0(sizeof(RequestPosting) * Max(call->count, 1));
	for (int i = 0; i < call->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_item(&call->requests[i], &postings[i], columns, i) && call->atomic)
			return true;
	}
	return check_last_link(call) &&
		(PG_ARGISNULL(ARG_CONDITIONS) ||
		 condition_read(&call->conditions, PG_GETARG_ARRAYTYPE_P(ARG_CONDITIONS), &call->refusal));
}

Datum
ledger_post_batch(PG_FUNCTION_ARGS)
{
	Call		call;
	bool		readable;

	store_refuse_read_only("ledger.post_batch");
	readable = read_arrays(&call, fcinfo);
	return answer_receipts(fcinfo, &call, &post_action, readable);
}

/* post_batch_json(ledger, transactions, atomic, conditions) */
Datum
ledger_post_batch_json(PG_FUNCTION_ARGS)
{
	Call		call;
	bool		readable;

	store_refuse_read_only("ledger.post_batch_json");
	readable = begin_batch(&call, fcinfo, 2) && json_batch(&call, fcinfo) && check_last_link(&call) &&
		(PG_ARGISNULL(3) || condition_read(&call.conditions, PG_GETARG_ARRAYTYPE_P(3), &call.refusal));
	return answer_receipts(fcinfo, &call, &post_action, readable);
}
