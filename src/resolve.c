/*
 * resolve.c
 *		Find what the items of a call name, opening balances that are missing.
 *
 * An item that names what there is not is refused, and leaves no mark on the
 * set of balances unless others name the same.  Locks: those of opening
 * balances (balance.c).
 */
#include "resolve.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "money.h"

/* "Posting 2: " where there are several, for details. */
static char *
posting_prefix(const WriteItem *item, int posting)
{
	return item->request->count > 1 ? psprintf("Posting %d: ", posting + 1) : "";
}

/* Read an amount in its asset's smallest unit. */
bool
resolve_amount(Datum numeric, const Asset *asset, const char *prefix, Amount *amount, Refusal *refusal)
{
	AmountStatus status = money_read(numeric, asset->scale, amount);
	char	   *shown;

	if (status == AMOUNT_OK && *amount >= 0)
		return true;
	shown = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
	if (strlen(shown) > 100)
		strcpy(shown + 97, "...");
	switch (status)
	{
		case AMOUNT_TOO_MANY_DECIMALS:
			return refuse(refusal, ERRCODE_LEDGER_TOO_MANY_DECIMALS,
						  psprintf("amount %s has too many decimals for asset \"%s\"", shown, asset->code),
						  psprintf("%sAsset \"%s\" has %d decimals.", prefix, asset->code, asset->scale),
						  "Round the amount as your rules demand; the ledger never rounds.");
		case AMOUNT_OUT_OF_RANGE:
			return refuse(refusal, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						  psprintf("amount %s of asset \"%s\" is out of range", shown, asset->code),
						  psprintf("%sAn amount has at most 38 digits, decimals included.", prefix), NULL);
		default:
			return refuse(refusal, ERRCODE_LEDGER_INVALID_AMOUNT,
						  psprintf("amount %s is not allowed", shown),
						  psprintf("%sAn amount is a finite number and not negative.", prefix),
						  status == AMOUNT_OK ? "Exchange source and destination to move money the other way." : NULL);
	}
}

/* The asset of a code, the one of the posting before if it is the same. */
static const Asset *
find_asset(Write *write, Span code, Refusal *refusal)
{
	const Asset *last = write->posting_count > 0 ? write->assets[write->posting_count - 1] : NULL;
	Asset	   *asset;

	if (last != NULL && (int) strlen(last->code) == code.length && memcmp(last->code, code.data, code.length) == 0)
		return last;
	asset = palloc(sizeof(Asset));
	return asset_find(code.data, code.length, asset, refusal) ? asset : NULL;
}

/* Resolve one posting but for its balances, of which the mentions are noted. */
static bool
resolve_posting(Write *write, WriteItem *item, int number, BalanceMention *mentions)
{
	RequestPosting *posting = &item->request->postings[number];
	int			at = write->posting_count;
	RulePosting *rule = &write->postings[at];
	Refusal    *refusal = &item->request->refusal;
	const Asset *asset = find_asset(write, posting->asset, refusal);
	Amount		most;

	if (asset == NULL)
		return false;
	memset(rule, 0, sizeof(*rule));
	rule->effect = item->request->action->effect;
	rule->up_to = posting->up_to;
	rule->force = item->request->force;
	if (posting->amount == 0)
		rule->asked = posting->up_to ? amount_limit() : 0;
	else if (!resolve_amount(posting->amount, asset, posting_prefix(item, number), &rule->asked, refusal))
		return false;
	most = item->request->action->decides ? amount_limit() : rule->asked;
	if (rule->effect != RULE_MOVE && rule->effect != RULE_HOLD)
		most = 0;				/* no limit stands against it; nor against force, but that takes room of all stripes */
	mentions[2 * at] = (BalanceMention) {posting->source.data, posting->source.length, posting->source_stripe,
		asset, &rule->source, most, true, false};
	mentions[2 * at + 1] = (BalanceMention) {posting->destination.data, posting->destination.length, posting->destination_stripe,
		asset, &rule->destination, most, false, false};
	write->assets[at] = asset;
	write->posting_count++;
	return true;
}

/* Resolve the postings of one item; one that is refused leaves none. */
static void
resolve_item(Write *write, WriteItem *item, BalanceMention *mentions)
{
	item->first = write->posting_count;
	for (int i = 0; i < item->request->count; i++)
		if (!resolve_posting(write, item, i, mentions))
		{
			item->state = ITEM_REFUSED;
			write->posting_count = item->first;
			return;
		}
	item->count = item->request->count;
}

/* Refuse the items that name a balance which may not be opened. */
static void
refuse_missing(Write *write)
{
	for (int i = 0; i < write->call->count; i++)
	{
		WriteItem	   *item = &write->items[i];

		for (int j = 0; item->state == ITEM_FRESH && j < 2 * item->count; j++)
		{
			RulePosting *posting = &write->postings[item->first + j / 2];
			Balance    *balance = &write->set.balances[j % 2 == 0 ? posting->source : posting->destination];

			if (balance->id != 0)
				continue;
			item->state = ITEM_REFUSED;
			refuse(&item->request->refusal, ERRCODE_LEDGER_UNKNOWN_ACCOUNT,
				   psprintf("account \"%s\" is not open in ledger \"%s\"",
							pnstrdup(balance->address, balance->address_length), write->ledger.name), NULL,
				   "Open it with ledger.open_account, for this asset or for every asset.");
		}
	}
}

/* Let the action name the postings of those items that do not say them. */
static int
prepare_items(Write *write)
{
	int			count = 0;

	for (int i = 0; i < write->call->count; i++)
	{
		WriteItem	   *item = &write->items[i];

		if (item->state != ITEM_FRESH)
			continue;
		if (item->request->action->prepare != NULL && !item->request->action->prepare(write, item))
			item->state = ITEM_REFUSED;
		else
			count += item->request->count;
	}
	return count;
}

/* Each stripe counts its own entries, so the balance has no version that a condition could name. */
bool
resolve_refuse_striped(Write *write, const Condition *condition)
{
	return refuse(&write->call->refusal, ERRCODE_LEDGER_STRIPED,
				  psprintf("account \"%s\" is striped in %s and has no version",
						   pnstrdup(condition->address.data, condition->address.length), condition->asset.code),
				  psprintf("Condition %d names it.", condition->number),
				  "Use ledger.balance_between, which holds for all stripes together.");
}

/* Find what all items name.  False if a condition names what may not be opened. */
bool
resolve_items(Write *write)
{
	ConditionList *conditions = &write->call->conditions;
	int			count = prepare_items(write);
	BalanceMention *mentions = palloc(sizeof(BalanceMention) * (2 * count + conditions->count + 1));
	int			mentioned;

	write->assets = palloc(sizeof(Asset *) * (count + 1));
	write->postings = palloc(sizeof(RulePosting) * (count + 1));
	write->entries = palloc(sizeof(RuleEntry) * 2 * (count + 1));
	for (int i = 0; i < write->call->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (write->items[i].state == ITEM_FRESH)
			resolve_item(write, &write->items[i], mentions);
		if (write->items[i].state == ITEM_REFUSED && write->call->atomic)
			return true;
	}
	mentioned = 2 * write->posting_count;
	for (int i = 0; i < conditions->count; i++)
	{
		Condition  *condition = &conditions->conditions[i];

		if (condition->kind == CONDITION_SCOPE)
			continue;
		mentions[mentioned++] = (BalanceMention) {condition->address.data, condition->address.length,
			ANY_STRIPE, &condition->asset, &condition->index, 0, false, condition->kind == CONDITION_BALANCE_BETWEEN};
	}
	balance_set_build(&write->set, mentions, mentioned);
	if (write->call->carry != NULL)
		carry_take(write->call->carry, &write->set);
	balance_set_resolve(&write->set, &write->ledger, write->balance, &write->order, mentions, mentioned);
	pfree(mentions);
	refuse_missing(write);
	for (int i = 0; i < conditions->count; i++)
	{
		Condition  *condition = &conditions->conditions[i];

		if (condition->kind == CONDITION_SCOPE)
			continue;
		if (condition->kind == CONDITION_AT_VERSION && write->set.balances[condition->index].striped != NULL)
			return resolve_refuse_striped(write, condition);
		if (write->set.balances[condition->index].id == 0)
			return refuse(&write->call->refusal, ERRCODE_LEDGER_UNKNOWN_ACCOUNT,
						  psprintf("account \"%s\" is not open in ledger \"%s\"",
								   pnstrdup(condition->address.data, condition->address.length), write->ledger.name),
						  psprintf("Condition %d names it.", condition->number),
						  "Open it with ledger.open_account, for this asset or for every asset.");
	}
	return true;
}

/* The numbers of a refusal for limits; others is what stripes besides the one that was tried have. */
static char *
limit_detail(const WriteItem *item, const RuleRefusal *reason, const RulePosting *posting, const char *format,
			 const Asset *asset, Amount limit, Amount others)
{
	char	   *numbers = psprintf(format, money_text(reason->found + others, asset->scale),
								   money_text(posting->amount, asset->scale), money_text(limit + others, asset->scale));

	return psprintf("%s%s", posting_prefix(item, reason->posting), numbers);
}

/* Say which rule refused, with the numbers. */
bool
resolve_refuse_by_rule(Write *write, WriteItem *item, const RuleRefusal *reason)
{
	Balance    *balance = &write->set.balances[reason->balance];
	RuleBalance *rule = &write->set.rules[reason->balance];
	RulePosting *posting = &write->postings[item->first + reason->posting];
	Refusal    *refusal = &item->request->refusal;
	const Asset *asset = balance->asset;
	ShareSums	others = balance->striped != NULL ? balance->striped->sums : (ShareSums) {0};
	bool		hold = posting->effect == RULE_HOLD;
	char	   *address = pnstrdup(balance->address, balance->address_length);

	switch (reason->verdict)
	{
		case RULE_BELOW_FLOOR:
			return refuse(refusal, ERRCODE_LEDGER_BELOW_FLOOR,
						  psprintf("account \"%s\" would fall below its floor in %s", address, asset->code),
						  limit_detail(item, reason, posting, hold ?
									   "Available is %s, the hold takes %s, the floor is %s." :
									   "Available is %s, the posting takes %s, the floor is %s.", asset, rule->floor, others.available),
						  "Post less, or lower the floor with ledger.set_limits.");
		case RULE_ABOVE_CEILING:
			return refuse(refusal, ERRCODE_LEDGER_ABOVE_CEILING,
						  psprintf("account \"%s\" would rise above its ceiling in %s", address, asset->code),
						  limit_detail(item, reason, posting, hold ?
									   "The balance is %s, the hold adds %s, the ceiling is %s." :
									   "The balance is %s, the posting adds %s, the ceiling is %s.", asset, rule->ceiling, others.expected),
						  "Post less, or raise the ceiling with ledger.set_limits.");
		case RULE_FROZEN:
			return refuse(refusal, ERRCODE_LEDGER_ACCOUNT_FROZEN,
						  psprintf("account \"%s\" is frozen", address), NULL,
						  "Unfreeze it with ledger.unfreeze.");
		case RULE_CLOSED:
			return refuse(refusal, ERRCODE_LEDGER_ACCOUNT_CLOSED,
						  psprintf("account \"%s\" is closed", address), NULL,
						  "A closed account stays closed; use another one.");
		case RULE_NO_BOUND:
			return refuse(refusal, ERRCODE_LEDGER_NO_BOUND,
						  psprintf("account \"%s\" has no floor in %s, so there is no end to what is available", address, asset->code),
						  NULL, "Give an amount, or set a floor with ledger.set_limits.");
		default:
			return refuse(refusal, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						  psprintf("balance of account \"%s\" in %s would be out of range", address, asset->code),
						  psprintf("%sInflow and outflow have at most 38 digits each, decimals included.",
								   posting_prefix(item, reason->posting)), NULL);
	}
}
