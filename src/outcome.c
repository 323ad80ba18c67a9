/*
 * outcome.c
 *		What became of the items of a call.
 *
 * Needs the locks that the write still holds: balances are told as its entries
 * left them, item by item, without reading anything again.
 */
#include "outcome.h"

#include "money.h"

/* A balance as the last entry of an item left it, or as it is if the item made none on it. */
static BalanceState
make_state(const Write *write, int index, const RuleEntry *entry)
{
	const Balance *balance = &write->set.balances[index];

	return (BalanceState)
	{
		.address = balance->values[Anum_balance_address - 1],
		.asset = balance->asset->code,
		.scale = balance->asset->scale,
		.striped = balance->striped != NULL,
		.balance = entry ? entry->balance : rule_balance(&write->set.rules[index]),
		.version = entry ? entry->version : write->set.rules[index].version
	};
}

/*
 * The balances that an item touched, in order of first mention.  place[] has for
 * each balance where it is in the states of the item being told, or of another.
 */
static void
tell_states(const Write *write, const WriteItem *item, Outcome *outcome, int *place, int *told_for)
{
	int			next_entry = item->first_entry;

	outcome->states = palloc(sizeof(BalanceState) * 2 * Max(item->count, 1));
	for (int i = 0; i < 2 * item->count; i++)
	{
		const RulePosting *posting = &write->postings[item->first + i / 2];
		int			index = i % 2 == 0 ? posting->source : posting->destination;
		const RuleEntry *entry = rule_moves(posting->effect) ? &write->entries[next_entry++] : NULL;

		if (told_for[index] != item->number)
		{
			told_for[index] = item->number;
			place[index] = outcome->state_count++;
		}
		outcome->states[place[index]] = make_state(write, index, entry);
	}
}

/* What the postings of an item moved, where that may be less than asked. */
static void
tell_amounts(const Write *write, const WriteItem *item, Outcome *outcome)
{
	outcome->amount_count = item->count;
	outcome->amounts = palloc(sizeof(Datum) * item->count);
	for (int i = 0; i < item->count; i++)
		outcome->amounts[i] = money_numeric(write->postings[item->first + i].amount,
											write->assets[item->first + i]->scale);
}

static void
tell_item(Write *write, WriteItem *item, Outcome *outcome, int *place, int *told_for)
{
	outcome->position = item->position;
	outcome->recorded_at = write->recorded_at;
	switch (item->state)
	{
		case ITEM_DONE:
			outcome->status = item->request->action->status;
			tell_states(write, item, outcome, place, told_for);
			if (item->request->has_up_to)
				tell_amounts(write, item, outcome);
			break;
		case ITEM_REPLAYED:
			if (item->found != NULL)
				receipt_replay(outcome, &write->ledger, item->found, item->request->has_up_to);
			break;
		default:
			outcome->status = STATUS_REJECTED;
			outcome->refusal = &item->request->refusal;
			if (outcome->refusal->sqlstate == ERRCODE_LEDGER_CONDITION_VIOLATED)
				outcome->conditions = &write->call->conditions;
	}
}

/* Tell what became of each item of a write, after the writing. */
Outcome *
outcome_tell(Write *write)
{
	int			count = write->call->count;
	Outcome    *outcomes = palloc0(sizeof(Outcome) * count);
	int		   *place = palloc(sizeof(int) * 2 * (write->set.count + 1));
	int		   *told_for = place + write->set.count + 1;

	for (int i = 0; i < write->set.count; i++)
		told_for[i] = -1;
	for (int i = 0; i < count; i++)
	{
		WriteItem	   *item = &write->items[i];

		tell_item(write, item, &outcomes[i], place, told_for);
		if (item->state == ITEM_REPLAYED && item->found == NULL)
		{
			outcomes[i] = outcomes[item->same_as];
			outcomes[i].status = STATUS_REPLAYED;
		}
	}
	return outcomes;
}
