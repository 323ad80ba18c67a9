/*
 * rule.c
 *		The rules of posting, applied to an array of balances.
 *
 * Invariant: every posting adds the same amount to one outflow and to one
 * inflow, so what was balanced stays balanced; it passes no floor and no
 * ceiling; and either all postings are applied or none.
 * Locks: none here; the caller holds those of every balance it passes.
 * Pure: needs c.h only and runs without a server.
 */
#include "c.h"

#include "rule.h"

/* The ends of 128 bits, which lie beyond every floor and ceiling. */
#define MOST	((Amount) (~(uint128) 0 >> 1))
#define LEAST	(-MOST - 1)

/*
 * What the balance is: what came in less what went out.  Neither is negative,
 * so the difference cannot pass the range.
 */
Amount
rule_balance(const RuleBalance *balance)
{
	return balance->inflow - balance->outflow;
}

/*
 * What may be paid out down to zero: the balance less the outflow held.  Where
 * 128 bits cannot hold it, their lower end, which is below any floor.
 */
Amount
rule_available(const RuleBalance *balance)
{
	Amount		available;

	if (__builtin_sub_overflow(rule_balance(balance), balance->held_out, &available))
		return LEAST;
	return available;
}

/* The balance with the inflow held, or the upper end of 128 bits if beyond. */
static Amount
expected(const RuleBalance *balance)
{
	Amount		sum;

	if (__builtin_add_overflow(rule_balance(balance), balance->held_in, &sum))
		return MOST;
	return sum;
}

/* Note why and where postings are refused, and pass the reason on. */
static RuleVerdict
refuse(RuleRefusal *refusal, RuleVerdict verdict, int posting, int balance, Amount found)
{
	refusal->verdict = verdict;
	refusal->posting = posting;
	refusal->balance = balance;
	refusal->found = found;
	return verdict;
}

/* Whether the status of an account lets money pass. */
static RuleVerdict
check_status(const RuleBalance *balance)
{
	if (balance->status == STATUS_OPEN)
		return RULE_ACCEPTED;
	return balance->status == STATUS_CLOSED ? RULE_CLOSED : RULE_FROZEN;
}

/*
 * Whether a sum and the version of a balance can grow: the sum by an amount,
 * the version by a number of entries.
 */
static bool
can_grow(Amount sum, Amount amount, int64 version, int entries)
{
	return amount >= 0 && amount_add(sum, amount, &sum) &&
		!__builtin_add_overflow(version, (int64) entries, &version);
}

/* Whether an amount may leave a balance: zero always, for nothing moves. */
static bool
above_floor(const RuleBalance *balance, Amount amount)
{
	Amount		left;

	return amount == 0 || !balance->has_floor ||
		(!__builtin_sub_overflow(rule_available(balance), amount, &left) &&
		 left >= balance->floor);
}

/* Whether an amount may arrive at a balance: zero always, for nothing moves. */
static bool
below_ceiling(const RuleBalance *balance, Amount amount)
{
	Amount		reached;

	return amount == 0 || !balance->has_ceiling ||
		(!__builtin_add_overflow(expected(balance), amount, &reached) &&
		 reached <= balance->ceiling);
}

/* Make the entry of a signed amount: the caller has changed inflow or outflow. */
static void
make_entry(RuleBalance *balance, int index, Amount amount, RuleEntry *entry)
{
	entry->amount = amount;
	entry->balance = rule_balance(balance);
	entry->version = ++balance->version;
	entry->index = index;
}

/*
 * Apply one posting and make its two entries, source first.  *made counts the
 * entries made, also when it is refused half way.
 */
static RuleVerdict
apply_posting(RuleBalance *balances, const RulePosting *posting, int number,
			  RuleEntry *entries, int *made, RuleRefusal *refusal)
{
	RuleBalance *source = &balances[posting->source];
	RuleBalance *destination = &balances[posting->destination];
	Amount		amount = posting->amount;
	RuleVerdict verdict;

	verdict = check_status(source);
	if (verdict != RULE_ACCEPTED)
		return refuse(refusal, verdict, number, posting->source, 0);
	verdict = check_status(destination);
	if (verdict != RULE_ACCEPTED)
		return refuse(refusal, verdict, number, posting->destination, 0);

	if (!can_grow(source->outflow, amount, source->version, 1))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->source, 0);
	if (!can_grow(destination->inflow, amount, destination->version,
				  destination == source ? 2 : 1))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->destination, 0);

	if (!above_floor(source, amount))
		return refuse(refusal, RULE_BELOW_FLOOR, number, posting->source,
					  rule_available(source));
	source->outflow += amount;
	make_entry(source, posting->source, -amount, &entries[(*made)++]);

	if (!below_ceiling(destination, amount))
		return refuse(refusal, RULE_ABOVE_CEILING, number, posting->destination,
					  expected(destination));
	destination->inflow += amount;
	make_entry(destination, posting->destination, amount, &entries[(*made)++]);
	return RULE_ACCEPTED;
}

/* Take entries back, the latest first. */
static void
undo(RuleBalance *balances, const RuleEntry *entries, int made)
{
	while (made-- > 0)
	{
		const RuleEntry *entry = &entries[made];
		RuleBalance *balance = &balances[entry->index];

		if (entry->amount < 0)
			balance->outflow += entry->amount;
		else
			balance->inflow -= entry->amount;
		balance->version--;
	}
}

/*
 * Apply postings in the order given, all or none; entries has room for two per
 * posting.  *refusal is set if the verdict is not RULE_ACCEPTED.
 */
RuleVerdict
rule_apply(RuleBalance *balances, const RulePosting *postings, int count,
		   RuleEntry *entries, RuleRefusal *refusal)
{
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		RuleVerdict verdict;

		verdict = apply_posting(balances, &postings[i], i, entries, &made, refusal);
		if (verdict != RULE_ACCEPTED)
		{
			undo(balances, entries, made);
			return verdict;
		}
	}
	return RULE_ACCEPTED;
}
