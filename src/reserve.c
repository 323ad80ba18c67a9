/*
 * reserve.c
 *		Holds: reserve now, capture, void or let expire later.
 *
 * Invariant: of the captures and voids of one hold that run at the same time
 * exactly one finds it open, as each has both balances of every posting locked
 * when it looks (hold.h).  A capture moves what is reserved, so it never lacks
 * funds; whatever is set free is so on both sides.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "access.h"
#include "answer.h"
#include "balance.h"
#include "compat.h"
#include "money.h"
#include "part.h"
#include "posting.h"

LEDGER_FUNCTION(ledger_hold);
LEDGER_FUNCTION(ledger_try_hold);
LEDGER_FUNCTION(ledger_hold_transaction);
LEDGER_FUNCTION(ledger_try_hold_transaction);
LEDGER_FUNCTION(ledger_capture);
LEDGER_FUNCTION(ledger_try_capture);
LEDGER_FUNCTION(ledger_void);
LEDGER_FUNCTION(ledger_try_void);
LEDGER_FUNCTION(ledger_expire_holds);

/* ------ hold ------ */

/* What a hold reserves, as the journal keeps it. */
static Jsonb *
hold_payload(const Write *write, const WriteItem *item)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"postings\": [");
	for (int i = 0; i < item->count; i++)
	{
		const RulePosting *posting = &write->postings[item->first + i];
		const Balance *source = &write->set.balances[posting->source];
		const Balance *destination = &write->set.balances[posting->destination];

		/* addresses, codes and amounts need no escapes */
		appendStringInfo(&json, "%s{\"source\": \"%.*s\", \"destination\": \"%.*s\", \"amount\": \"%s\", \"asset\": \"%s\"",
						 i > 0 ? ", " : "", source->address_length, source->address,
						 destination->address_length, destination->address,
						 money_text(posting->amount, source->asset->scale), source->asset->code);
		if (source->stripe > 0)
			appendStringInfo(&json, ", \"source_stripe\": %d", source->stripe);
		if (destination->stripe > 0)
			appendStringInfo(&json, ", \"destination_stripe\": %d", destination->stripe);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoChar(&json, ']');
	if (item->request->has_expires_at)
	{
		char		time[MAXDATELEN + 1];
		int			utc = 0;

		appendStringInfo(&json, ", \"expires_at\": \"%s\"",
						 JsonEncodeDateTime(time, TimestampTzGetDatum(item->request->expires_at), TIMESTAMPTZOID, &utc));
	}
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* Write the rows of a new hold. */
static void
record_hold(Write *write, WriteItem *item, JournalRecord *record)
{
	HoldPosting *rows = palloc0(sizeof(HoldPosting) * item->count);

	for (int i = 0; i < item->count; i++)
	{
		const RulePosting *posting = &write->postings[item->first + i];

		rows[i].number = i + 1;
		rows[i].source_id = write->set.balances[posting->source].id;
		rows[i].destination_id = write->set.balances[posting->destination].id;
		rows[i].amount = posting->amount;
		rows[i].has_expires_at = item->request->has_expires_at;
		rows[i].expires_at = item->request->expires_at;
		rows[i].scale = write->assets[item->first + i]->scale;
	}
	hold_write(write->hold, write->ledger.id, item->position, rows, item->count);
	record->payload = hold_payload(write, item);
}

/* A hold that would have expired before it began is none. */
static bool
settle_hold(Write *write, WriteItem *item)
{
	Request    *request = item->request;

	if (!request->has_expires_at || request->expires_at > write->recorded_at)
		return true;
	return refuse(&request->refusal, ERRCODE_LEDGER_HOLD_EXPIRED, "expires_at is not in the future",
				  psprintf("It is %s.", timestamptz_to_str(request->expires_at)),
				  "Give a time to come, or NULL for a hold that does not expire.");
}

static const Action hold_action = {.status = STATUS_HELD, .effect = RULE_HOLD, .holds = true,
	.settle = settle_hold, .record = record_hold};

/* ------ capture and void ------ */

/* A hold as an item works on it. */
typedef struct HeldItem
{
	HoldPosting *rows;
	bool		due;			/* has expired, swept or not */
	bool		by_expiry;		/* the item is the sweeping of it */
} HeldItem;

/* Name the postings of the hold: its balances never change. */
static bool
prepare_held(Write *write, WriteItem *item)
{
	Request    *request = item->request;
	HeldItem   *held = palloc0(sizeof(HeldItem));

	held->rows = hold_read(write->hold, write->ledger.id, request->related, &request->count);
	if (request->count == 0)
		return refuse(&request->refusal, ERRCODE_LEDGER_UNKNOWN_HOLD,
					  psprintf("ledger \"%s\" has no hold " INT64_FORMAT, write->ledger.name, request->related), NULL,
					  "A hold's number is the transaction in the receipt of ledger.hold.");
	item->data = held;
	request->postings = palloc0(sizeof(RequestPosting) * request->count);
	for (int i = 0; i < request->count; i++)
	{
		RequestPosting *posting = &request->postings[i];

		posting->source_stripe = balance_name(write->ledger.id, held->rows[i].source_id, &posting->source, &posting->asset);
		posting->destination_stripe = balance_name(write->ledger.id, held->rows[i].destination_id,
												   &posting->destination, &posting->asset);
	}
	return true;
}

/* Read the hold again, under its locks; what is left of it, if it is open. */
static bool
find_open(Write *write, WriteItem *item)
{
	Request    *request = item->request;
	HeldItem   *held = item->data;
	Amount		left = 0;
	Amount		captured = 0;
	bool		expired = false;
	const char *state;
	int			count;

	held->rows = hold_read(write->hold, write->ledger.id, request->related, &count);
	for (int i = 0; i < count; i++)
	{
		HoldPosting *row = &held->rows[i];
		const RulePosting *posting = &write->postings[item->first + i];

		/* what it reserves must be set free where it is */
		if (write->set.balances[posting->source].id != row->source_id ||
			write->set.balances[posting->destination].id != row->destination_id)
			store_serialization_failure();
		left |= hold_left(row);
		captured |= row->captured;
		expired |= row->expired;
		held->due |= row->expired || (row->has_expires_at && row->expires_at <= write->recorded_at);
	}
	if (left != 0 && !held->due)
		return true;
	if (expired || (left != 0 && held->due))
		return refuse(&request->refusal, ERRCODE_LEDGER_HOLD_EXPIRED,
					  psprintf("hold " INT64_FORMAT " has expired", request->related),
					  psprintf("It expired at %s.", timestamptz_to_str(held->rows[0].expires_at)),
					  "Hold again what is still needed.");
	state = captured != 0 ? "captured" : "voided";
	return refuse(&request->refusal, ERRCODE_LEDGER_HOLD_CLOSED,
				  psprintf("hold " INT64_FORMAT " is not open", request->related),
				  psprintf("It was %s already.", state), NULL);
}

/* Decide how much of each posting is captured, and how much is set free. */
static bool
settle_capture(Write *write, WriteItem *item)
{
	HeldItem   *held = item->data;
	Amount	   *parts = palloc(sizeof(Amount) * item->count);

	if (!find_open(write, item))
		return false;
	for (int i = 0; i < item->count; i++)
	{
		RulePosting *posting = &write->postings[item->first + i];
		Amount		left = hold_left(&held->rows[i]);

		if (!part_settle(write, item, i, i, left, ERRCODE_LEDGER_EXCEEDS_HOLD, &parts[i]))
			return false;
		posting->asked = parts[i];
		posting->release = item->request->final ? left - parts[i] : 0;
	}
	return part_check_sum(item, parts);
}

/* Decide how much of each posting is set free: all that is left. */
static bool
settle_void(Write *write, WriteItem *item)
{
	HeldItem   *held = item->data;

	if (!find_open(write, item))
		return false;
	for (int i = 0; i < item->count; i++)
		write->postings[item->first + i].release = hold_left(&held->rows[i]);
	return true;
}

/* The same for a hold that has expired; one that is closed by now is passed over. */
static bool
settle_expiry(Write *write, WriteItem *item)
{
	HeldItem   *held = item->data;
	Amount		left = 0;

	held->by_expiry = true;
	(void) find_open(write, item);
	for (int i = 0; i < item->count; i++)
	{
		write->postings[item->first + i].release = hold_left(&held->rows[i]);
		write->postings[item->first + i].expired = true;
		left |= hold_left(&held->rows[i]);
	}
	if (left == 0 || !held->due)
		return refuse(&item->request->refusal, ERRCODE_LEDGER_HOLD_CLOSED, "nothing is left to expire", NULL, NULL);
	item->request->refusal.sqlstate = 0;
	return true;
}

/* What was set free, posting by posting, as the journal keeps it; NULL if nothing was. */
static Jsonb *
released_payload(const Write *write, const WriteItem *item, bool expired)
{
	StringInfoData json;
	bool		any = false;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"released\": [");
	for (int i = 0; i < item->count; i++)
	{
		const RulePosting *posting = &write->postings[item->first + i];

		any |= posting->release != 0;
		appendStringInfo(&json, "%s\"%s\"", i > 0 ? ", " : "",
						 money_text(posting->release, write->assets[item->first + i]->scale));
	}
	appendStringInfoString(&json, expired ? "], \"expired\": true}" : "]}");
	return any ? DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data))) : NULL;
}

/* Write what has become of the hold. */
static void
record_held(Write *write, WriteItem *item, JournalRecord *record)
{
	HeldItem   *held = item->data;

	for (int i = 0; i < item->count; i++)
	{
		const RulePosting *posting = &write->postings[item->first + i];
		HoldPosting *row = &held->rows[i];

		if (posting->amount == 0 && posting->release == 0)
			continue;
		row->captured += posting->amount;
		row->voided += posting->release;
		row->expired = held->by_expiry;
		hold_update(write->hold, write->ledger.id, item->request->related, row);
	}
	record->payload = released_payload(write, item, held->by_expiry);
}

static const Action capture_action = {.status = STATUS_POSTED, .effect = RULE_CAPTURE, .holds = true,
	.prepare = prepare_held, .settle = settle_capture, .record = record_held};
static const Action void_action = {.status = STATUS_VOIDED, .effect = RULE_RELEASE, .holds = true,
	.prepare = prepare_held, .settle = settle_void, .record = record_held};
static const Action expire_action = {.status = STATUS_VOIDED, .effect = RULE_RELEASE, .holds = true,
	.prepare = prepare_held, .settle = settle_expiry, .record = record_held};

/* ------ SQL ------ */

/* hold(ledger, source, destination, amount, asset, expires_at, ...) */
static Datum
hold_single(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.expires_at = 5, .idempotency_key = 6, .reference = 7, .metadata = 8,
	.conditions = 9, .up_to = 10, .tags = 11};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_HOLD) && request_single(&call, fcinfo, &args);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &hold_action, readable);
}

/* hold_transaction(ledger, postings, expires_at, ...) */
static Datum
hold_array(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.expires_at = 2, .idempotency_key = 3, .reference = 4, .metadata = 5,
	.conditions = 6, .up_to = 7, .tags = 8};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_HOLD) && request_array(&call, fcinfo, &args);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &hold_action, readable);
}

/* The number of the hold meant. */
static bool
read_hold(Call *call, FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(1))
		return request_refuse_null(&call->refusal, "hold");
	call->requests->related = PG_GETARG_INT64(1);
	return true;
}

/* capture(ledger, hold, amount, final, amounts, ...) */
static Datum
capture(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 5, .reference = 6, .effective_at = 7, .metadata = 8,
	.tags = 9};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_CAPTURE) && read_hold(&call, fcinfo) &&
		part_read(call.requests, fcinfo, 2, 4) && request_options(&call, fcinfo, &args);
	if (readable && PG_ARGISNULL(3))
		readable = request_refuse_null(&call.refusal, "final");
	call.requests->final = readable && PG_GETARG_BOOL(3);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &capture_action, readable);
}

/* void(ledger, hold, idempotency_key, metadata) */
static Datum
void_hold(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 2, .metadata = 3, .tags = 4};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_VOID) && read_hold(&call, fcinfo) &&
		request_options(&call, fcinfo, &args);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &void_action, readable);
}

Datum
ledger_hold(PG_FUNCTION_ARGS)
{
	return hold_single(fcinfo, "ledger.hold", false);
}

Datum
ledger_try_hold(PG_FUNCTION_ARGS)
{
	return hold_single(fcinfo, "ledger.try_hold", true);
}

Datum
ledger_hold_transaction(PG_FUNCTION_ARGS)
{
	return hold_array(fcinfo, "ledger.hold_transaction", false);
}

Datum
ledger_try_hold_transaction(PG_FUNCTION_ARGS)
{
	return hold_array(fcinfo, "ledger.try_hold_transaction", true);
}

Datum
ledger_capture(PG_FUNCTION_ARGS)
{
	return capture(fcinfo, "ledger.capture", false);
}

Datum
ledger_try_capture(PG_FUNCTION_ARGS)
{
	return capture(fcinfo, "ledger.try_capture", true);
}

Datum
ledger_void(PG_FUNCTION_ARGS)
{
	return void_hold(fcinfo, "ledger.void", false);
}

Datum
ledger_try_void(PG_FUNCTION_ARGS)
{
	return void_hold(fcinfo, "ledger.try_void", true);
}

static int
compare_holds(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* A request for each hold that is due. */
static void
request_due(Call *call, int32 ledger_id, int most)
{
	StoreTable *table = hold_open_table(STORE_READ);
	int			count;
	int64	   *holds;

	store_begin();
	holds = hold_due(table, ledger_id, GetCurrentTimestamp(), most, &count);
	store_end(false);
	store_close(table);
	qsort(holds, count, sizeof(int64), compare_holds);
	call->requests = palloc0(sizeof(Request) * Max(count, 1));
	call->count = 0;
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && holds[i] == holds[i - 1])
			continue;
		call->requests[call->count].kind = KIND_VOID;
		call->requests[call->count++].related = holds[i];
	}
}

/* SQL: expire_holds(ledger, max_holds): how many were set free. */
Datum
ledger_expire_holds(PG_FUNCTION_ARGS)
{
	Call		call;
	Ledger		ledger;
	Outcome    *outcomes;
	int64		expired = 0;

	store_refuse_read_only("ledger.expire_holds");
	if (!request_begin(&call, fcinfo, KIND_VOID) || !ledger_find(call.ledger, &ledger, &call.refusal))
		refusal_raise(&call.refusal);
	access_require(ledger.id, ledger.name, RIGHT_POST);
	if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) < 1 || PG_GETARG_INT32(1) > POSTINGS_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("max_holds must be between 1 and %d", POSTINGS_MAX));
	request_due(&call, ledger.id, PG_GETARG_INT32(1));
	call.batch = call.keeps_going = true;
	call.atomic = false;
	if (call.count == 0)
		PG_RETURN_INT64(0);
	outcomes = posting_run(&call, &expire_action);
	if (call.refusal.sqlstate != 0)
		refusal_raise(&call.refusal);
	for (int i = 0; i < call.count; i++)
		expired += outcomes[i].status == STATUS_VOIDED;
	PG_RETURN_INT64(expired);
}
