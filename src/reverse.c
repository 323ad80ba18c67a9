/*
 * reverse.c
 *		Reversals: the exact opposite of a transaction, in whole or in parts.
 *
 * Invariant: no posting is reversed by more than it moved.  Of two reversals of
 * one transaction that run at the same time the second sees the first, as both
 * need the same balances locked before they look what is left.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "answer.h"
#include "compat.h"
#include "money.h"
#include "part.h"

LEDGER_FUNCTION(ledger_reverse);
LEDGER_FUNCTION(ledger_try_reverse);

/* The transaction to reverse, its postings in reverse order. */
typedef struct Original
{
	JournalFound record;
	int			count;
} Original;

static bool
refuse_unknown(Write *write, WriteItem *item, char *detail)
{
	return refuse(&item->request->refusal, ERRCODE_LEDGER_UNKNOWN_TRANSACTION,
				  psprintf("ledger \"%s\" has no transaction " INT64_FORMAT, write->ledger.name, item->request->related),
				  detail, "A transaction's number is in its receipt, in ledger.transactions() and in statements.");
}

/* If it is a hold that is meant, its capture is. */
static bool
find_capture(Write *write, WriteItem *item, JournalFound *found)
{
	int			count;
	JournalFound *captures = journal_find_related(write->journal, write->ledger.id, found->position, KIND_CAPTURE, &count);

	if (count != 1)
		return refuse_unknown(write, item, count == 0 ? psprintf("It is a hold, of which nothing was captured.") :
							  psprintf("It is a hold with %d captures; reverse each of them.", count));
	*found = captures[0];
	item->request->related = found->position;
	return true;
}

/* Find the transaction and name its postings, the last one first. */
static bool
prepare_reversal(Write *write, WriteItem *item)
{
	Request    *request = item->request;
	Original   *original = palloc(sizeof(Original));
	JournalFound *record = &original->record;

	if (!journal_find_position(write->journal, write->ledger.id, request->related, record))
		return refuse_unknown(write, item, NULL);
	if (record->kind == KIND_HOLD && !find_capture(write, item, record))
		return false;
	if (record->kind != KIND_TRANSACTION && record->kind != KIND_CAPTURE && record->kind != KIND_REVERSAL)
		return refuse_unknown(write, item, "The record of this number moved no money.");
	original->count = request->count = record->leg_count / 2;
	item->data = original;
	request->postings = palloc0(sizeof(RequestPosting) * request->count);
	for (int i = 0; i < request->count; i++)
	{
		const Leg  *legs = &record->legs[2 * (request->count - 1 - i)];
		RequestPosting *posting = &request->postings[i];

		/* the same stripes, so that two reversals meet there */
		posting->source_stripe = balance_name(write->ledger.id, legs[1].balance_id, &posting->source, &posting->asset);
		posting->destination_stripe = balance_name(write->ledger.id, legs[0].balance_id, &posting->destination, &posting->asset);
	}
	if (request->original_time)
	{
		request->has_effective_at = true;
		request->effective_at = record->effective_at;
	}
	return true;
}

/* What a posting of a record moved: the amount of its entry at the destination. */
static Amount
moved(Write *write, const JournalFound *record, int posting, int scale)
{
	const Leg  *leg = &record->legs[2 * posting + 1];

	return entry_amount(write->entry, write->ledger.id, leg->balance_id, leg->version, scale);
}

/* Decide how much of each posting is reversed: no more than is left by those before. */
static bool
settle_reversal(Write *write, WriteItem *item)
{
	Original   *original = item->data;
	Amount	   *parts = palloc(sizeof(Amount) * item->count);
	Amount		any_left = 0;
	Amount		any_moved = 0;
	int			earlier;
	JournalFound *reversals = journal_find_related(write->journal, write->ledger.id, item->request->related,
												   KIND_REVERSAL, &earlier);

	for (int i = 0; i < item->count; i++)
	{
		int			scale = write->assets[item->first + i]->scale;
		Amount		left = moved(write, &original->record, item->count - 1 - i, scale);

		any_moved |= left;
		for (int k = 0; k < earlier; k++)
			left -= moved(write, &reversals[k], i, scale);
		any_left |= left;
		parts[i] = left;
	}
	if (earlier > 0 && any_left == 0)
		return refuse(&item->request->refusal, ERRCODE_LEDGER_ALREADY_REVERSED,
					  psprintf("transaction " INT64_FORMAT " was reversed already", item->request->related),
					  psprintf("Transaction " INT64_FORMAT " reversed it.", reversals[earlier - 1].position), NULL);
	for (int i = 0; i < item->count; i++)
	{
		/* the caller counts postings as the original does */
		if (!part_settle(write, item, i, item->count - 1 - i, parts[i], ERRCODE_LEDGER_EXCEEDS_TRANSACTION, &parts[i]))
			return false;
		write->postings[item->first + i].asked = parts[i];
	}
	return any_moved == 0 || part_check_sum(item, parts);
}

/* A reversal past the limits says so. */
static void
record_reversal(Write *write, WriteItem *item, JournalRecord *record)
{
	if (item->request->force)
		record->payload = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{\"force\": true}")));
}

static const Action reverse_action = {.status = STATUS_POSTED, .effect = RULE_MOVE, .decides = true,
	.prepare = prepare_reversal, .settle = settle_reversal, .record = record_reversal};

/* A boolean argument, which may not be NULL. */
static bool
read_flag(Call *call, FunctionCallInfo fcinfo, int arg, const char *name, bool *flag)
{
	if (PG_ARGISNULL(arg))
		return request_refuse_null(&call->refusal, name);
	*flag = PG_GETARG_BOOL(arg);
	return true;
}

/* reverse(ledger, transaction, amount, force, original_time, amounts, ...) */
static Datum
reverse(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	static const OptionArgs args = {.idempotency_key = 6, .reference = 7, .effective_at = 8, .metadata = 9,
	.conditions = 10, .tags = 11};
	Call		call;
	Request    *request;
	bool		readable;

	store_refuse_read_only(function);
	readable = request_begin(&call, fcinfo, KIND_REVERSAL);
	request = call.requests;
	if (readable && PG_ARGISNULL(1))
		readable = request_refuse_null(&call.refusal, "transaction");
	if (readable)
		request->related = PG_GETARG_INT64(1);
	readable = readable && part_read(request, fcinfo, 2, 5) &&
		read_flag(&call, fcinfo, 3, "force", &request->force) &&
		read_flag(&call, fcinfo, 4, "original_time", &request->original_time) &&
		request_options(&call, fcinfo, &args);
	if (readable && request->original_time && request->has_effective_at)
		readable = refuse(&call.refusal, ERRCODE_INVALID_PARAMETER_VALUE,
						  "original_time and effective_at cannot both be given", NULL, NULL);
	call.keeps_going = keeps_going;
	return answer_receipt(fcinfo, &call, &reverse_action, readable);
}

Datum
ledger_reverse(PG_FUNCTION_ARGS)
{
	return reverse(fcinfo, "ledger.reverse", false);
}

Datum
ledger_try_reverse(PG_FUNCTION_ARGS)
{
	return reverse(fcinfo, "ledger.try_reverse", true);
}
