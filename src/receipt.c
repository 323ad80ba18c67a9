/*
 * receipt.c
 *		Forming receipts, for what was just posted and for replays.
 */
#include "receipt.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "funcapi.h"

#include "asset.h"
#include "balance.h"
#include "hold.h"
#include "money.h"

/* Attributes of the type ledger.receipt */
enum
{
	Anum_receipt_status = 1,
	Anum_receipt_transaction,
	Anum_receipt_position,
	Anum_receipt_recorded_at,
	Anum_receipt_code,
	Anum_receipt_message,
	Anum_receipt_detail,
	Anum_receipt_balances,
	Anum_receipt_amounts,
	Anum_receipt_violations,
	Natts_receipt = Anum_receipt_violations
};

/* Attributes of the type ledger.balance_state */
enum
{
	Anum_state_address = 1,
	Anum_state_asset,
	Anum_state_balance,
	Anum_state_version,
	Natts_state = Anum_state_version
};

/* A leg with its place in the transaction. */
typedef struct PlacedLeg
{
	Leg			leg;
	int			place;
} PlacedLeg;

/* By balance, the latest version first. */
static int
compare_latest(const void *a, const void *b)
{
	const PlacedLeg *x = a;
	const PlacedLeg *y = b;

	if (x->leg.balance_id != y->leg.balance_id)
		return x->leg.balance_id < y->leg.balance_id ? -1 : 1;
	return x->leg.version > y->leg.version ? -1 : x->leg.version < y->leg.version;
}

static int
compare_places(const void *a, const void *b)
{
	return ((const PlacedLeg *) a)->place - ((const PlacedLeg *) b)->place;
}

/* Reduce legs to the last one of each balance, in order of first mention. */
static PlacedLeg *
last_legs(const JournalFound *found, int *count)
{
	PlacedLeg  *legs = palloc(sizeof(PlacedLeg) * (found->leg_count + 1));

	for (int i = 0; i < found->leg_count; i++)
	{
		legs[i].leg = found->legs[i];
		legs[i].place = i;
	}
	qsort(legs, found->leg_count, sizeof(PlacedLeg), compare_latest);
	*count = 0;
	for (int i = 0; i < found->leg_count; i++)
	{
		if (*count > 0 && legs[*count - 1].leg.balance_id == legs[i].leg.balance_id)
			legs[*count - 1].place = Min(legs[*count - 1].place, legs[i].place);
		else
			legs[(*count)++] = legs[i];
	}
	qsort(legs, *count, sizeof(PlacedLeg), compare_places);
	return legs;
}

/* What each posting of a hold reserved. */
static void
replay_held(Outcome *outcome, const Ledger *ledger, const JournalFound *found)
{
	StoreTable *table = hold_open_table(STORE_READ);
	HoldPosting *postings = hold_read(table, ledger->id, found->position, &outcome->amount_count);

	outcome->amounts = palloc(sizeof(Datum) * (outcome->amount_count + 1));
	for (int i = 0; i < outcome->amount_count; i++)
		outcome->amounts[i] = money_numeric(postings[i].amount, postings[i].scale);
	store_close(table);
}

/* What each posting of a record moved: the amounts of its entries at the destinations. */
static void
replay_amounts(Outcome *outcome, StoreTable *entry, const Ledger *ledger, const JournalFound *found)
{
	outcome->amount_count = found->leg_count / 2;
	outcome->amounts = palloc(sizeof(Datum) * (outcome->amount_count + 1));
	for (int i = 0; i < outcome->amount_count; i++)
	{
		const Leg  *leg = &found->legs[2 * i + 1];
		BalanceView view;
		Asset		asset;

		balance_get(ledger->id, leg->balance_id, &view);
		asset_get(view.asset_id, &asset);
		outcome->amounts[i] = money_numeric(entry_amount(entry, ledger->id, leg->balance_id, leg->version, asset.scale),
											asset.scale);
	}
}

/* Tell the outcome of a record that was made before, from what it wrote. */
void
receipt_replay(Outcome *outcome, const Ledger *ledger, const JournalFound *found, bool with_amounts)
{
	PlacedLeg  *legs = last_legs(found, &outcome->state_count);
	StoreTable *entry = entry_open_table(STORE_READ);

	outcome->status = STATUS_REPLAYED;
	outcome->position = found->position;
	outcome->recorded_at = found->recorded_at;
	outcome->states = palloc(sizeof(BalanceState) * (outcome->state_count + 1));
	for (int i = 0; i < outcome->state_count; i++)
	{
		BalanceState *state = &outcome->states[i];
		BalanceView view;
		Asset		asset;

		balance_get(ledger->id, legs[i].leg.balance_id, &view);
		asset_get(view.asset_id, &asset);
		state->address = PointerGetDatum(view.address);
		state->asset = pstrdup(asset.code);
		state->scale = asset.scale;
		state->striped = view.stripes > 0;
		state->version = legs[i].leg.version;
		state->balance = entry_balance(entry, ledger->id, view.id, state->version, asset.scale);
	}
	if (with_amounts && found->kind == KIND_HOLD)
		replay_held(outcome, ledger, found);
	else if (with_amounts)
		replay_amounts(outcome, entry, ledger, found);
	store_close(entry);
}

/* The array of ledger.balance_state. */
static Datum
states_datum(const Outcome *outcome, Oid state_type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(state_type, -1);
	Datum	   *rows = palloc(sizeof(Datum) * outcome->state_count);
	Datum		result;

	for (int i = 0; i < outcome->state_count; i++)
	{
		const BalanceState *state = &outcome->states[i];
		Datum		values[Natts_state];
		bool		nulls[Natts_state] = {false};

		values[Anum_state_address - 1] = state->address;
		values[Anum_state_asset - 1] = CStringGetTextDatum(state->asset);
		values[Anum_state_balance - 1] = money_numeric(state->balance, state->scale);
		values[Anum_state_version - 1] = Int64GetDatum(state->version);
		/* what one stripe has says little */
		nulls[Anum_state_balance - 1] = nulls[Anum_state_version - 1] = state->striped;
		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	result = PointerGetDatum(construct_array(rows, outcome->state_count, state_type, -1, false, TYPALIGN_DOUBLE));
	ReleaseTupleDesc(desc);
	return result;
}

static void
put(Datum *values, bool *nulls, int attribute, Datum value)
{
	values[attribute - 1] = value;
	nulls[attribute - 1] = false;
}

/* Why it was rejected. */
static void
put_refusal(TupleDesc desc, Datum *values, bool *nulls, const Outcome *outcome)
{
	const Refusal *refusal = outcome->refusal;

	put(values, nulls, Anum_receipt_code, CStringGetTextDatum(unpack_sql_state(refusal->sqlstate)));
	put(values, nulls, Anum_receipt_message, CStringGetTextDatum(refusal->message));
	if (refusal->detail != NULL)
		put(values, nulls, Anum_receipt_detail, CStringGetTextDatum(refusal->detail));
	if (outcome->conditions != NULL)
		put(values, nulls, Anum_receipt_violations,
			condition_violations(outcome->conditions,
								 get_element_type(TupleDescAttr(desc, Anum_receipt_violations - 1)->atttypid)));
}

/* The receipt of an outcome; desc is that of the type ledger.receipt. */
Datum
receipt_datum(TupleDesc desc, const Outcome *outcome)
{
	static const char *const names[] = {"posted", "held", "voided", "appended", "replayed", "rejected"};
	Datum		values[Natts_receipt];
	bool		nulls[Natts_receipt];

	memset(nulls, true, sizeof(nulls));
	put(values, nulls, Anum_receipt_status, CStringGetTextDatum(names[outcome->status]));
	if (outcome->status == STATUS_REJECTED)
	{
		put_refusal(desc, values, nulls, outcome);
		return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	put(values, nulls, Anum_receipt_transaction, Int64GetDatum(outcome->position));
	put(values, nulls, Anum_receipt_position, Int64GetDatum(outcome->position));
	put(values, nulls, Anum_receipt_recorded_at, TimestampTzGetDatum(outcome->recorded_at));
	put(values, nulls, Anum_receipt_balances,
		states_datum(outcome, get_element_type(TupleDescAttr(desc, Anum_receipt_balances - 1)->atttypid)));
	if (outcome->amounts != NULL)
		put(values, nulls, Anum_receipt_amounts,
			PointerGetDatum(construct_array(outcome->amounts, outcome->amount_count, NUMERICOID, -1, false, TYPALIGN_INT)));
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}
