/*
 * share.c
 *		Moving room between the stripes of a balance.
 *
 * Invariant: neither gathering nor spreading changes the sum of the floors or of
 * the ceilings.  Locks: none here; the caller holds those of every stripe.
 * Pure: needs c.h only and runs without a server.
 */
#include "c.h"

#include "share.h"

/* Whether a stripe's own limits allow so much to leave and so much to arrive, in any order. */
bool
share_allows(const RuleBalance *stripe, Amount outflow, Amount inflow)
{
	Amount		reached;

	if (stripe->has_floor && outflow > 0 &&
		(__builtin_sub_overflow(rule_available(stripe), outflow, &reached) || reached < stripe->floor))
		return false;
	return !stripe->has_ceiling || inflow == 0 ||
		(!__builtin_add_overflow(rule_expected(stripe), inflow, &reached) && reached <= stripe->ceiling);
}

/* Move all room of one other stripe to the one. */
static bool
take_room(RuleBalance *one, RuleBalance *other)
{
	Amount		available = rule_available(other);
	Amount		expected = rule_expected(other);
	Amount		room;

	if (other->has_floor)
	{
		if (__builtin_sub_overflow(available, other->floor, &room) || __builtin_sub_overflow(one->floor, room, &one->floor))
			return false;
		other->floor = available;
	}
	if (other->has_ceiling)
	{
		if (__builtin_sub_overflow(other->ceiling, expected, &room) || __builtin_add_overflow(one->ceiling, room, &one->ceiling))
			return false;
		other->ceiling = expected;
	}
	return true;
}

/*
 * Give one stripe the room of all others, so that its limits are as good as the
 * balance's.  *sums gets what the others hold: with these added, what the stripe
 * holds and its limits are those of the balance.  False if a number would be
 * beyond 128 bits.
 */
bool
share_gather(RuleBalance *stripes, int one, const int *others, int count, ShareSums *sums)
{
	sums->balance = sums->available = sums->expected = 0;
	for (int i = 0; i < count; i++)
	{
		RuleBalance *other = &stripes[others[i]];

		if (!take_room(&stripes[one], other) ||
			__builtin_add_overflow(sums->balance, rule_balance(other), &sums->balance) ||
			__builtin_add_overflow(sums->available, rule_available(other), &sums->available) ||
			__builtin_add_overflow(sums->expected, rule_expected(other), &sums->expected))
			return false;
	}
	return true;
}

/*
 * Spread the room of one stripe evenly over it and the others in use; what cannot
 * be divided stays with the one.  Where there is less than none, as after a
 * reversal by force, it all stays.  False if a number would be beyond 128 bits.
 */
bool
share_spread(RuleBalance *stripes, int one, const int *others, int count, const bool *used)
{
	RuleBalance *stripe = &stripes[one];
	Amount		below = 0;		/* room above the floor */
	Amount		above = 0;		/* room below the ceiling */
	int			parts = 1;

	if ((stripe->has_floor && __builtin_sub_overflow(rule_available(stripe), stripe->floor, &below)) ||
		(stripe->has_ceiling && __builtin_sub_overflow(stripe->ceiling, rule_expected(stripe), &above)))
		return false;
	for (int i = 0; i < count; i++)
		parts += used[i];
	for (int i = 0; i < count; i++)
	{
		if (!used[i])
			continue;
		if (stripe->has_floor && below > 0)
		{
			stripes[others[i]].floor -= below / parts;
			stripe->floor += below / parts;
		}
		if (stripe->has_ceiling && above > 0)
		{
			stripes[others[i]].ceiling += above / parts;
			stripe->ceiling -= above / parts;
		}
	}
	return true;
}
