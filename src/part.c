/*
 * part.c
 *		Parts of holds to capture and of transactions to reverse.
 *
 * One amount speaks of the only posting there is, an array of one for each.
 * What is left of each posting is known under the locks only; see hold.h.
 */
#include "part.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "money.h"
#include "resolve.h"

/* Take amount and amounts, of which one may be given, from the arguments. */
bool
part_read(Request *request, FunctionCallInfo fcinfo, int amount_arg, int amounts_arg)
{
	ArrayType  *array;
	bool	   *nulls;

	if (!PG_ARGISNULL(amount_arg) && !PG_ARGISNULL(amounts_arg))
		return refuse(&request->refusal, ERRCODE_INVALID_PARAMETER_VALUE,
					  "amount and amounts cannot both be given", NULL, NULL);
	if (!PG_ARGISNULL(amount_arg))
	{
		request->parts = palloc(sizeof(Datum));
		request->parts[0] = PG_GETARG_DATUM(amount_arg);
		request->part_count = 1;
	}
	if (PG_ARGISNULL(amounts_arg))
		return true;
	array = PG_GETARG_ARRAYTYPE_P(amounts_arg);
	if (!request_plain_array(array, "amounts", &request->refusal))
		return false;
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &request->parts, &nulls, &request->part_count);
	for (int i = 0; i < request->part_count; i++)
		if (nulls[i])
			return request_refuse_null(&request->refusal, psprintf("element %d of amounts", i + 1));
	return true;
}

/*
 * The part of a posting that is meant: what the caller said, who counts it as
 * `number`, or all that is left if he said nothing.  Refuses more than is left.
 */
bool
part_settle(Write *write, WriteItem *item, int posting, int number, Amount left, int exceeds, Amount *part)
{
	Request    *request = item->request;
	const Asset *asset = write->assets[item->first + posting];

	if (request->parts == NULL)
	{
		*part = left;
		return true;
	}
	if (request->part_count != item->count)
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_PART,
					  psprintf("%d amounts are given for %d postings", request->part_count, item->count), NULL,
					  "Give amounts, an array with one for each posting; zero leaves one as it is.");
	if (!resolve_amount(request->parts[number], asset, item->count > 1 ? psprintf("Posting %d: ", number + 1) : "",
						part, &request->refusal))
		return false;
	if (*part <= left)
		return true;
	return refuse(&request->refusal, exceeds,
				  psprintf("amount %s is more than what is left", money_text(*part, asset->scale)),
				  psprintf("Of posting %d, %s is left.", number + 1, money_text(left, asset->scale)),
				  "Give at most what is left, or no amount for all of it.");
}

/* A part must be something. */
bool
part_check_sum(WriteItem *item, const Amount *parts)
{
	for (int i = 0; i < item->count; i++)
		if (parts[i] > 0)
			return true;
	return refuse(&item->request->refusal, ERRCODE_LEDGER_INVALID_PART,
				  "the amount is zero", NULL, "Give an amount above zero, or none for all that is left.");
}
