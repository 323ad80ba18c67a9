/*
 * post.c
 *		The functions that post one transaction.
 *
 * Each is a way to read a request; the engine does the rest (posting.c).
 */
#include "postgres.h"

#include "answer.h"
#include "compat.h"
#include "json.h"
#include "posting.h"

LEDGER_FUNCTION(ledger_post);
LEDGER_FUNCTION(ledger_try_post);
LEDGER_FUNCTION(ledger_post_transaction);
LEDGER_FUNCTION(ledger_try_post_transaction);
LEDGER_FUNCTION(ledger_post_json);
LEDGER_FUNCTION(ledger_try_post_json);

/* post(ledger, source, destination, amount, asset, ...) */
static Datum
post_single(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 5, .reference = 6, .effective_at = 7, .metadata = 8,
	.conditions = 9, .up_to = 10, .tags = 11};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_TRANSACTION) && request_single(&call, fcinfo, &args);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &post_action, readable);
}

/* post_transaction(ledger, postings, ...) */
static Datum
post_array(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 2, .reference = 3, .effective_at = 4, .metadata = 5,
	.conditions = 6, .up_to = 7, .tags = 8};
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_TRANSACTION) && request_array(&call, fcinfo, &args);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &post_action, readable);
}

/* post_json(ledger, transaction) */
static Datum
post_json(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	Call		call;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_TRANSACTION) && json_call(&call, fcinfo);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &post_action, readable);
}

Datum
ledger_post(PG_FUNCTION_ARGS)
{
	return post_single(fcinfo, "ledger.post", false);
}

Datum
ledger_try_post(PG_FUNCTION_ARGS)
{
	return post_single(fcinfo, "ledger.try_post", true);
}

Datum
ledger_post_transaction(PG_FUNCTION_ARGS)
{
	return post_array(fcinfo, "ledger.post_transaction", false);
}

Datum
ledger_try_post_transaction(PG_FUNCTION_ARGS)
{
	return post_array(fcinfo, "ledger.try_post_transaction", true);
}

Datum
ledger_post_json(PG_FUNCTION_ARGS)
{
	return post_json(fcinfo, "ledger.post_json", false);
}

Datum
ledger_try_post_json(PG_FUNCTION_ARGS)
{
	return post_json(fcinfo, "ledger.try_post_json", true);
}
