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

/* Give a stripe room: its share of the floor or of the ceiling moves away from what it has. */
static bool
give(RuleBalance *stripe, Amount room, bool floor)
{
	return floor ? !__builtin_sub_overflow(stripe->floor, room, &stripe->floor) :
		!__builtin_add_overflow(stripe->ceiling, room, &stripe->ceiling);
}

/* Take room from a stripe. */
static bool
take(RuleBalance *stripe, Amount room, bool floor)
{
	return floor ? !__builtin_add_overflow(stripe->floor, room, &stripe->floor) :
		!__builtin_sub_overflow(stripe->ceiling, room, &stripe->ceiling);
}

/*
 * Spread the room that the one has under one limit evenly over it and the others
 * in use; what cannot be divided stays with the one.  Where there is less than
 * none, as after a reversal by force, all of it lacks at each stripe in use, and
 * one that is not in use has the difference: so that none has room of its own,
 * whatever arrives at it, before the balance has.
 */
static bool
spread(RuleBalance *stripes, int one, const int *others, int count, const bool *used, Amount room, bool floor)
{
	Amount		part;
	Amount		given;
	int			parts = 0;
	int			giver = one;

	for (int i = 0; i < count; i++)
		parts += used[i];
	for (int i = 0; i < count && room < 0 && giver == one; i++)
		if (!used[i])
			giver = others[i];
	part = room < 0 ? room : room / (parts + 1);
	for (int i = 0; i < count; i++)
		if (used[i] && !give(&stripes[others[i]], part, floor))
			return false;
	return !__builtin_mul_overflow(part, (Amount) parts, &given) && take(&stripes[giver], given, floor);
}

/* Spread the room of one stripe over it and the others in use.  False if a number would be beyond 128 bits. */
bool
share_spread(RuleBalance *stripes, int one, const int *others, int count, const bool *used)
{
	const RuleBalance *stripe = &stripes[one];
	Amount		room;

	if (stripe->has_floor && (__builtin_sub_overflow(rule_available(stripe), stripe->floor, &room) ||
							  !spread(stripes, one, others, count, used, room, true)))
		return false;
	return !stripe->has_ceiling || (!__builtin_sub_overflow(stripe->ceiling, rule_expected(stripe), &room) &&
									spread(stripes, one, others, count, used, room, false));
}
