/*
 * room_test.c
 *		Moving room between the stripes of a balance, against a model in decimal limbs.
 *
 * The model adds up what a limit, what is available and what is expected come
 * to before and after, and knows of no overflow: a number beyond 128 bits is
 * one that is wider.  Random cases crowd around zero, around 38 digits and
 * around the ends of 128 bits.
 */
#include "check.h"
#include "wide.h"

#include "../../src/share.h"

#define MAX_STRIPES		8
#define MAX_STEPS		6

/* The ends of 128 bits. */
#define MOST	((Amount) (~(uint128) 0 >> 1))
#define LEAST	(-MOST - 1)

/* One random balance, as given to the code. */
typedef struct Case
{
	RuleBalance stripes[MAX_STRIPES];
	int			one;
	int			others[MAX_STRIPES];
	bool		used[MAX_STRIPES];
	int			count;			/* of the others; what is neither is not to be touched */
} Case;

/* A limit of either kind: floors with what is available, ceilings with what is expected. */
typedef enum Side
{
	BELOW,
	ABOVE
} Side;

static const Wide zero;
static long allowed[2];
static long gathered[2];
static long spread[2];
static long negative;			/* room that was less than none */
static long remainders;

/* ------ the model ------ */

static bool
has_limit(const RuleBalance *stripe, Side side)
{
	return side == BELOW ? stripe->has_floor : stripe->has_ceiling;
}

static Wide
limit_of(const RuleBalance *stripe, Side side)
{
	return wide_from(side == BELOW ? stripe->floor : stripe->ceiling);
}

/* Whether 128 bits can hold a number. */
static bool
fits(Wide value)
{
	return wide_compare(value, wide_from(MOST)) <= 0 && wide_compare(value, wide_from(LEAST)) >= 0;
}

/* A number that fits, out of its limbs; on the way it may be beyond. */
static Amount
narrow(Wide value)
{
	uint128		number = 0;

	for (int i = WIDE_LIMBS - 1; i >= 0; i--)
		number = number * WIDE_BASE + (uint128) (int128) value.limb[i];
	return (Amount) number;
}

static Wide
balance_of(const RuleBalance *stripe)
{
	return wide_minus(wide_from(stripe->inflow), wide_from(stripe->outflow));
}

/* What a limit is held against; as the rules have it, no further out than 128 bits go. */
static Wide
reach_of(const RuleBalance *stripe, Side side)
{
	Wide		reach = balance_of(stripe);

	if (side == BELOW)
		reach = wide_plus(wide_minus(reach, wide_from(stripe->held_out)), wide_from(stripe->expired_out));
	else
		reach = wide_minus(wide_plus(reach, wide_from(stripe->held_in)), wide_from(stripe->expired_in));
	if (fits(reach))
		return reach;
	return wide_from(side == BELOW ? LEAST : MOST);
}

/* What is between a limit and what is held against it. */
static Wide
room_of(const RuleBalance *stripe, Side side)
{
	return side == BELOW ? wide_minus(reach_of(stripe, side), limit_of(stripe, side)) :
		wide_minus(limit_of(stripe, side), reach_of(stripe, side));
}

/* The sum of the limits of the one and the others. */
static Wide
sum_limits(const Case *c, const RuleBalance *stripes, Side side)
{
	Wide		sum = limit_of(&stripes[c->one], side);

	for (int i = 0; i < c->count; i++)
		sum = wide_plus(sum, limit_of(&stripes[c->others[i]], side));
	return sum;
}

/* A number without its limits, to compare the rest of it. */
static RuleBalance
without_limits(const RuleBalance *stripe)
{
	RuleBalance rest;

	memcpy(&rest, stripe, sizeof(rest));
	rest.floor = rest.ceiling = 0;
	return rest;
}

/* Whether nothing but limits that there are, of stripes that were named, is other than it was. */
static bool
same_otherwise(const Case *c, const RuleBalance *stripes)
{
	for (int i = 0; i < MAX_STRIPES; i++)
	{
		RuleBalance was = without_limits(&c->stripes[i]);
		RuleBalance is = without_limits(&stripes[i]);
		bool		named = i == c->one;

		for (int k = 0; k < c->count; k++)
			named = named || c->others[k] == i;
		if (memcmp(&was, &is, sizeof(was)) != 0)
			return false;
		if ((!named || !c->stripes[i].has_floor) && stripes[i].floor != c->stripes[i].floor)
			return false;
		if ((!named || !c->stripes[i].has_ceiling) && stripes[i].ceiling != c->stripes[i].ceiling)
			return false;
	}
	return true;
}

/* ------ what a stripe allows ------ */

/* Whether the rules would let the parts of an outflow and of an inflow pass, in the order given. */
static bool
passes(const RuleBalance *stripe, const Amount *steps, int count)
{
	Wide		available = reach_of(stripe, BELOW);
	Wide		expected = reach_of(stripe, ABOVE);

	for (int i = 0; i < count; i++)
	{
		available = wide_plus(available, wide_from(steps[i]));
		expected = wide_plus(expected, wide_from(steps[i]));
		if (steps[i] < 0 && stripe->has_floor && wide_compare(available, wide_from(stripe->floor)) < 0)
			return false;
		if (steps[i] > 0 && stripe->has_ceiling && wide_compare(expected, wide_from(stripe->ceiling)) > 0)
			return false;
	}
	return true;
}

/* Cut an outflow and an inflow into parts, and mix them. */
static int
cut(Amount outflow, Amount inflow, Amount *steps)
{
	Amount		left[2] = {-outflow, inflow};
	int			count = 0;

	while (count < MAX_STEPS - 2)
	{
		int			which = check_below(2);
		Amount		part = left[which] / (1 + check_below(3));

		left[which] -= part;
		steps[count++] = part;
	}
	steps[count++] = left[0];
	steps[count++] = left[1];
	return count;
}

static bool
check_allows(const RuleBalance *stripe, Amount outflow, Amount inflow)
{
	Amount		out_first[] = {-outflow, inflow};
	Amount		in_first[] = {inflow, -outflow};
	Amount		mixed[MAX_STEPS];
	int			count = cut(outflow, inflow, mixed);
	bool		expected = passes(stripe, out_first, 2) && passes(stripe, in_first, 2);

	allowed[expected]++;
	return share_allows(stripe, outflow, inflow) == expected && (!expected || passes(stripe, mixed, count));
}

/* ------ gathering ------ */

/* Whether every number on the way is one of 128 bits. */
static bool
can_gather(const Case *c)
{
	Wide		sums[3] = {zero, zero, zero};

	for (int side = BELOW; side <= ABOVE; side++)
	{
		Wide		limit = limit_of(&c->stripes[c->one], side);

		for (int i = 0; i < c->count && has_limit(&c->stripes[c->one], side); i++)
		{
			Wide		room = room_of(&c->stripes[c->others[i]], side);

			limit = side == BELOW ? wide_minus(limit, room) : wide_plus(limit, room);
			if (!fits(room) || !fits(limit))
				return false;
		}
	}
	for (int i = 0; i < c->count; i++)
	{
		const RuleBalance *other = &c->stripes[c->others[i]];

		sums[0] = wide_plus(sums[0], balance_of(other));
		sums[1] = wide_plus(sums[1], reach_of(other, BELOW));
		sums[2] = wide_plus(sums[2], reach_of(other, ABOVE));
		if (!fits(sums[0]) || !fits(sums[1]) || !fits(sums[2]))
			return false;
	}
	return true;
}

/* Whether the others have no room and the one has all there was. */
static bool
all_at_one(const Case *c, const RuleBalance *stripes, Side side)
{
	Wide		room = room_of(&c->stripes[c->one], side);

	for (int i = 0; i < c->count; i++)
	{
		room = wide_plus(room, room_of(&c->stripes[c->others[i]], side));
		if (wide_compare(room_of(&stripes[c->others[i]], side), zero) != 0)
			return false;
	}
	return wide_compare(room_of(&stripes[c->one], side), room) == 0;
}

static bool
same_sums(const Case *c, const ShareSums *sums)
{
	Wide		balance = zero;
	Wide		reach[2] = {zero, zero};

	for (int i = 0; i < c->count; i++)
	{
		balance = wide_plus(balance, balance_of(&c->stripes[c->others[i]]));
		for (int side = BELOW; side <= ABOVE; side++)
			reach[side] = wide_plus(reach[side], reach_of(&c->stripes[c->others[i]], side));
	}
	return wide_compare(balance, wide_from(sums->balance)) == 0 &&
		wide_compare(reach[BELOW], wide_from(sums->available)) == 0 &&
		wide_compare(reach[ABOVE], wide_from(sums->expected)) == 0;
}

/* Gather; true if it could be done.  The stripes are as gathering leaves them. */
static bool
check_gather(const Case *c, RuleBalance *stripes, const char **problem)
{
	ShareSums	sums = {-7, -7, -7};
	bool		possible = can_gather(c);

	*problem = NULL;
	memcpy(stripes, c->stripes, sizeof(c->stripes));
	gathered[possible]++;
	if (share_gather(stripes, c->one, c->others, c->count, &sums) != possible)
		*problem = "gather: whether it can be done";
	if (!possible || *problem != NULL)
		return false;
	if (!same_otherwise(c, stripes))
		*problem = "gather: what it leaves alone";
	if (!same_sums(c, &sums))
		*problem = "gather: sums of the others";
	for (int side = BELOW; side <= ABOVE; side++)
	{
		if (!has_limit(&c->stripes[c->one], side))
			continue;
		if (wide_compare(sum_limits(c, stripes, side), sum_limits(c, c->stripes, side)) != 0)
			*problem = "gather: sum of the limits";
		if (!all_at_one(c, stripes, side))
			*problem = "gather: who has the room";
	}
	return true;
}

/* ------ spreading ------ */

/* How many share the room. */
static int
parts_of(const Case *c)
{
	int			parts = 1;

	for (int i = 0; i < c->count; i++)
		parts += c->used[i];
	return parts;
}

/* So many times a number. */
static Wide
times(Wide value, int factor)
{
	Wide		product = zero;

	for (int i = 0; i < factor; i++)
		product = wide_plus(product, value);
	return product;
}

/*
 * What each gets of the room of the one: the others in use alike.  Where there is
 * less than none each of them gets all of it, and the first that is not in use,
 * or else the one, what makes up for that.
 */
static void
divide(const Case *c, Wide room, Wide *of_one, Wide *of_others)
{
	int			parts = parts_of(c);
	bool		lacking = wide_compare(room, zero) < 0;
	Wide		share = lacking ? room : wide_from(narrow(room) / parts);
	Wide		kept = wide_minus(room, times(share, parts - 1));
	bool		settled = !lacking;

	*of_one = kept;
	for (int i = 0; i < c->count; i++)
	{
		of_others[i] = c->used[i] ? share : zero;
		if (c->used[i] || settled)
			continue;
		of_others[i] = wide_minus(kept, room);
		*of_one = room;
		settled = true;
	}
}

/* A stripe's limit with so much more room. */
static Wide
moved(const RuleBalance *stripe, Wide more, Side side)
{
	return side == BELOW ? wide_minus(limit_of(stripe, side), more) : wide_plus(limit_of(stripe, side), more);
}

/* Whether every number on the way is one of 128 bits. */
static bool
can_spread(const Case *c)
{
	for (int side = BELOW; side <= ABOVE; side++)
	{
		const RuleBalance *one = &c->stripes[c->one];
		Wide		room = room_of(one, side);
		Wide		of_one;
		Wide		of_others[MAX_STRIPES];

		if (!has_limit(one, side))
			continue;
		if (!fits(room))
			return false;
		divide(c, room, &of_one, of_others);
		if (!fits(wide_minus(room, of_one)) || !fits(moved(one, wide_minus(of_one, room), side)) ||
			(wide_compare(room, zero) < 0 && !fits(times(room, parts_of(c) - 1))))
			return false;
		for (int i = 0; i < c->count; i++)
			if (!fits(moved(&c->stripes[c->others[i]], of_others[i], side)))
				return false;
	}
	return true;
}

/* Whether each got what it is to get, and the one kept the rest. */
static bool
evenly(const Case *c, const RuleBalance *stripes, Side side)
{
	Wide		room = room_of(&c->stripes[c->one], side);
	Wide		of_one;
	Wide		of_others[MAX_STRIPES];

	divide(c, room, &of_one, of_others);
	negative += wide_compare(room, zero) < 0;
	remainders += c->count > 0 && wide_compare(of_one, of_others[0]) > 0;
	for (int i = 0; i < c->count; i++)
		if (wide_compare(wide_minus(room_of(&stripes[c->others[i]], side), room_of(&c->stripes[c->others[i]], side)), of_others[i]) != 0)
			return false;
	return wide_compare(room_of(&stripes[c->one], side), of_one) == 0;
}

static const char *
check_spread(const Case *c)
{
	RuleBalance stripes[MAX_STRIPES];
	bool		possible = can_spread(c);

	memcpy(stripes, c->stripes, sizeof(stripes));
	spread[possible]++;
	if (share_spread(stripes, c->one, c->others, c->count, c->used) != possible)
		return "spread: whether it can be done";
	if (!possible)
		return NULL;
	if (!same_otherwise(c, stripes))
		return "spread: what it leaves alone";
	for (int side = BELOW; side <= ABOVE; side++)
	{
		if (!has_limit(&c->stripes[c->one], side))
			continue;
		if (wide_compare(sum_limits(c, stripes, side), sum_limits(c, c->stripes, side)) != 0)
			return "spread: sum of the limits";
		if (!evenly(c, stripes, side))
			return "spread: who has the room";
	}
	return NULL;
}

/* ------ random cases ------ */

static Amount
power_of_ten(int power)
{
	Amount		value = 1;

	while (power-- > 0)
		value *= 10;
	return value;
}

/* An amount of money, never negative, of at most 38 digits; scale says how large they are in this case. */
static Amount
random_sum(int scale)
{
	Amount		random = (Amount) ((((uint128) check_random()) << 64 | check_random()) >> 1);

	switch (scale)
	{
		case 0:
			return check_below(12);
		case 1:
			return random % power_of_ten(1 + check_below(38));
		default:
			return check_below(3) == 0 ? check_below(3) : power_of_ten(38) - 1 - random % power_of_ten(check_below(38));
	}
}

/* A limit, about as far from zero as the sums; now and then as far as 128 bits go. */
static Amount
random_limit(int scale, Wide near)
{
	Amount		number = narrow(near);

	if (scale == 3 && check_below(2) == 0)
		return check_below(2) == 0 ? LEAST + random_sum(check_below(2)) : MOST - random_sum(check_below(2));
	if (check_below(2) == 0)
		return check_below(2) == 0 ? random_sum(scale) : -random_sum(scale);
	/* near what there is, so that a little more or less decides */
	if (number > power_of_ten(38) || number < -power_of_ten(38))
		return number;
	return number + check_below(9) - 4;
}

static void
random_stripe(RuleBalance *stripe, int scale, bool has_floor, bool has_ceiling)
{
	stripe->inflow = random_sum(scale);
	stripe->outflow = random_sum(scale);
	stripe->held_in = check_below(2) == 0 ? 0 : random_sum(scale);
	stripe->held_out = check_below(2) == 0 ? 0 : random_sum(scale);
	stripe->expired_in = check_below(2) == 0 ? 0 : stripe->held_in / (1 + check_below(3));
	stripe->expired_out = check_below(2) == 0 ? 0 : stripe->held_out / (1 + check_below(3));
	stripe->version = check_below(100);
	stripe->status = STATUS_OPEN;
	stripe->has_floor = has_floor;
	stripe->has_ceiling = has_ceiling;
	stripe->floor = has_floor ? random_limit(scale, reach_of(stripe, BELOW)) : -7;
	stripe->ceiling = has_ceiling ? random_limit(scale, reach_of(stripe, ABOVE)) : -8;
}

static void
random_case(Case *c)
{
	int			scale = check_below(4);
	bool		has_floor = check_below(4) > 0;
	bool		has_ceiling = check_below(3) == 0;
	int			order[MAX_STRIPES];

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < MAX_STRIPES; i++)
	{
		int			other = check_below(i + 1);

		random_stripe(&c->stripes[i], scale, has_floor, has_ceiling);
		order[i] = order[other];
		order[other] = i;
	}
	c->one = order[0];
	c->count = check_below(MAX_STRIPES);
	for (int i = 0; i < c->count; i++)
	{
		c->others[i] = order[i + 1];
		c->used[i] = check_below(4) > 0;
	}
}

/* A case, then the same once gathered, when something has come and gone: as the server has it. */
static void
run_case(long number)
{
	Case		c;
	Case		after;
	const char *problem;
	bool		possible;
	int			scale = check_below(3);
	Amount		outflow = check_below(4) == 0 ? 0 : random_sum(scale);
	Amount		inflow = check_below(4) == 0 ? 0 : random_sum(scale);

	random_case(&c);
	check_case(check_allows(&c.stripes[c.one], outflow, inflow), "case %ld: what a stripe allows", number);
	problem = check_spread(&c);
	check_case(problem == NULL, "case %ld: %s", number, problem);
	memcpy(&after, &c, sizeof(after));
	possible = check_gather(&c, after.stripes, &problem);
	check_case(problem == NULL, "case %ld: %s", number, problem);
	if (!possible)
		return;
	if (after.stripes[c.one].inflow < power_of_ten(38) - inflow)
		after.stripes[c.one].inflow += inflow;
	if (after.stripes[c.one].outflow < power_of_ten(38) - outflow)
		after.stripes[c.one].outflow += outflow;
	problem = check_spread(&after);
	check_case(problem == NULL, "case %ld, gathered before: %s", number, problem);
}

/* ------ cases by hand ------ */

/* Three stripes in use and one that is not, with a floor of 10 and a ceiling of 100 together. */
static void
test_by_hand(void)
{
	Case		c;
	ShareSums	sums;
	RuleBalance *s = c.stripes;

	memset(&c, 0, sizeof(c));
	c.one = 2;
	c.count = 3;
	for (int i = 0; i < 3; i++)
		c.others[i] = i < 2 ? i : 3;
	c.used[1] = c.used[2] = true;
	for (int i = 0; i < 4; i++)
	{
		s[i].has_floor = s[i].has_ceiling = true;
		s[i].inflow = 10 * i;
		s[i].floor = i == 0 ? 0 : i + 1;
		s[i].ceiling = 25;
	}
	s[0].floor = 1;
	s[3].held_out = 6;
	s[1].held_in = 5;
	check_case(share_allows(&s[2], 17, 5) && !share_allows(&s[2], 18, 0) && !share_allows(&s[2], 0, 6), "by hand: allows");
	check_case(share_gather(s, 2, c.others, 3, &sums), "by hand: gather");
	check_case(s[0].floor == 0 && s[1].floor == 10 && s[3].floor == 24 && s[2].floor == -24, "by hand: floors gathered");
	check_case(s[0].ceiling == 0 && s[1].ceiling == 15 && s[3].ceiling == 30 && s[2].ceiling == 55, "by hand: ceilings gathered");
	check_case(sums.balance == 40 && sums.available == 34 && sums.expected == 45, "by hand: sums");
	s[2].outflow = 4;			/* room is 40 below and 39 above */
	check_case(share_spread(s, 2, c.others, 3, c.used), "by hand: spread");
	check_case(s[0].floor == 0 && s[1].floor == -3 && s[3].floor == 11 && s[2].floor == 2, "by hand: floors spread");
	check_case(s[0].ceiling == 0 && s[1].ceiling == 28 && s[3].ceiling == 43 && s[2].ceiling == 29, "by hand: ceilings spread");
}

int
main(int argc, char **argv)
{
	check_start(argc, argv, 300000);
	test_by_hand();
	for (long i = 0; i < check_cases; i++)
		run_case(i);
	printf("allowed %ld, not %ld; gathered %ld, beyond 128 bits %ld; spread %ld, beyond 128 bits %ld\n",
		   allowed[1], allowed[0], gathered[1], gathered[0], spread[1], spread[0]);
	printf("less than no room %ld, remainders %ld\n", negative, remainders);
	for (int i = 0; i < 2; i++)
		check_case(check_cases < 1000 || (allowed[i] > 0 && gathered[i] > 0 && spread[i] > 0), "cases miss a kind");
	return check_finish();
}
