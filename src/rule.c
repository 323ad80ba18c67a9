/*
 * rule.c
 *		The rules of posting, applied to an array of balances.
 *
 * Invariant: every posting adds the same amount to one outflow and to one
 * inflow, or to one held outflow and one held inflow, so what was balanced
 * stays balanced; it passes no floor and no ceiling unless forced; and either
 * all postings are applied or none.
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

	if (__builtin_sub_overflow(rule_balance(balance), balance->held_out - balance->expired_out, &available))
		return LEAST;
	return available;
}

/* The balance with the inflow held, or the upper end of 128 bits if beyond. */
Amount
rule_expected(const RuleBalance *balance)
{
	Amount		sum;

	if (__builtin_add_overflow(rule_balance(balance), balance->held_in - balance->expired_in, &sum))
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
		(!__builtin_add_overflow(rule_expected(balance), amount, &reached) &&
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

/* Set posting->amount: what was asked or, with up_to, what is available of it. */
static RuleVerdict
decide_amount(const RuleBalance *source, RulePosting *posting)
{
	Amount		left;

	posting->amount = posting->asked;
	if (!posting->up_to)
		return RULE_ACCEPTED;
	if (!source->has_floor)
		return posting->asked >= amount_limit() ? RULE_NO_BOUND : RULE_ACCEPTED;
	if (__builtin_sub_overflow(rule_available(source), source->floor, &left))
		left = source->floor < 0 ? MOST : 0;
	posting->amount = Min(posting->asked, Max(left, 0));
	return RULE_ACCEPTED;
}

/* Move the amount; its two entries are made, source first, unless it is refused. */
static RuleVerdict
move(RuleBalance *balances, const RulePosting *posting, int number, bool limited,
	 RuleEntry *entries, RuleRefusal *refusal)
{
	RuleBalance *source = &balances[posting->source];
	RuleBalance *destination = &balances[posting->destination];
	Amount		amount = posting->amount;

	if (!can_grow(source->outflow, amount, source->version, 1))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->source, 0);
	if (!can_grow(destination->inflow, amount, destination->version,
				  destination == source ? 2 : 1))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->destination, 0);

	if (limited && !above_floor(source, amount))
		return refuse(refusal, RULE_BELOW_FLOOR, number, posting->source,
					  rule_available(source));
	source->outflow += amount;
	make_entry(source, posting->source, -amount, &entries[0]);

	if (limited && !below_ceiling(destination, amount))
	{
		Amount		found = rule_expected(destination);

		source->outflow -= amount;
		source->version--;
		return refuse(refusal, RULE_ABOVE_CEILING, number, posting->destination, found);
	}
	destination->inflow += amount;
	make_entry(destination, posting->destination, amount, &entries[1]);
	return RULE_ACCEPTED;
}

/* Reserve the amount on both sides. */
static RuleVerdict
hold(RuleBalance *balances, const RulePosting *posting, int number, RuleRefusal *refusal)
{
	RuleBalance *source = &balances[posting->source];
	RuleBalance *destination = &balances[posting->destination];
	Amount		amount = posting->amount;

	if (!can_grow(source->held_out, amount, 0, 0))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->source, 0);
	if (!can_grow(destination->held_in, amount, 0, 0))
		return refuse(refusal, RULE_OUT_OF_RANGE, number, posting->destination, 0);
	if (!posting->force && !above_floor(source, amount))
		return refuse(refusal, RULE_BELOW_FLOOR, number, posting->source,
					  rule_available(source));
	if (!posting->force && !below_ceiling(destination, amount))
		return refuse(refusal, RULE_ABOVE_CEILING, number, posting->destination,
					  rule_expected(destination));
	source->held_out += amount;
	destination->held_in += amount;
	return RULE_ACCEPTED;
}

/* Set an amount of what is held free on both sides; less than zero takes that back. */
static void
release(RuleBalance *balances, const RulePosting *posting, Amount amount)
{
	balances[posting->source].held_out -= amount;
	balances[posting->destination].held_in -= amount;
	if (posting->expired)
	{
		balances[posting->source].expired_out -= amount;
		balances[posting->destination].expired_in -= amount;
	}
}

/* Apply one posting; refused, it leaves the balances as they were. */
static RuleVerdict
apply_posting(RuleBalance *balances, RulePosting *posting, int number,
			  RuleEntry *entries, RuleRefusal *refusal)
{
	RuleVerdict verdict;

	if (posting->effect == RULE_RELEASE)
	{
		posting->amount = 0;
		release(balances, posting, posting->release);
		return RULE_ACCEPTED;
	}
	verdict = check_status(&balances[posting->source]);
	if (verdict != RULE_ACCEPTED)
		return refuse(refusal, verdict, number, posting->source, 0);
	verdict = check_status(&balances[posting->destination]);
	if (verdict != RULE_ACCEPTED)
		return refuse(refusal, verdict, number, posting->destination, 0);
	verdict = decide_amount(&balances[posting->source], posting);
	if (verdict != RULE_ACCEPTED)
		return refuse(refusal, verdict, number, posting->source, 0);

	if (posting->effect == RULE_HOLD)
		return hold(balances, posting, number, refusal);
	if (posting->effect == RULE_MOVE)
		return move(balances, posting, number, !posting->force, entries, refusal);

	/* what is held has been within the limits all the time */
	verdict = move(balances, posting, number, false, entries, refusal);
	if (verdict == RULE_ACCEPTED)
		release(balances, posting, posting->amount + posting->release);
	return verdict;
}

/* Take a posting back. */
static void
undo_posting(RuleBalance *balances, const RulePosting *posting)
{
	if (posting->effect == RULE_RELEASE)
		release(balances, posting, -posting->release);
	else if (posting->effect == RULE_CAPTURE)
		release(balances, posting, -(posting->amount + posting->release));
	else if (posting->effect == RULE_HOLD)
		release(balances, posting, posting->amount);
	if (rule_moves(posting->effect))
	{
		balances[posting->source].outflow -= posting->amount;
		balances[posting->source].version--;
		balances[posting->destination].inflow -= posting->amount;
		balances[posting->destination].version--;
	}
}

/* Take back postings that were all applied, the latest first. */
void
rule_undo(RuleBalance *balances, const RulePosting *postings, int count)
{
	while (count-- > 0)
		undo_posting(balances, &postings[count]);
}

/*
 * Apply postings in the order given, all or none; entries has room for two per
 * posting.  *refusal is set if the verdict is not RULE_ACCEPTED.
 */
RuleVerdict
rule_apply(RuleBalance *balances, RulePosting *postings, int count,
		   RuleEntry *entries, RuleRefusal *refusal)
{
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		RuleVerdict verdict;

		verdict = apply_posting(balances, &postings[i], i, &entries[made], refusal);
		if (verdict != RULE_ACCEPTED)
		{
			rule_undo(balances, postings, i);
			return verdict;
		}
		if (rule_moves(postings[i].effect))
			made += 2;
	}
	return RULE_ACCEPTED;
}
