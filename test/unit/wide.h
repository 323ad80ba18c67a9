/*
 * wide.h
 *		Whole numbers of up to 53 digits for the tests, in a way that shares
 *		nothing with the code under test: limbs of nine decimal digits, no
 *		128-bit sums, no compiler overflow checks.
 */
#ifndef WIDE_H
#define WIDE_H

#include "c.h"

#define WIDE_LIMBS	6
#define WIDE_BASE	1000000000

/* Sum of limb[i] * WIDE_BASE^i; each limb may have any sign. */
typedef struct Wide
{
	int64		limb[WIDE_LIMBS];
} Wide;

/* The same number as a 128-bit one. */
static inline Wide
wide_from(int128 value)
{
	Wide		wide;

	for (int i = 0; i < WIDE_LIMBS; i++)
	{
		wide.limb[i] = (int64) (value % WIDE_BASE);
		value /= WIDE_BASE;
	}
	return wide;
}

/* Ten to a power that is a multiple of nine, or one or two more. */
static inline Wide
wide_power_of_ten(int power)
{
	Wide		wide = {{0}};

	wide.limb[power / 9] = power % 9 == 0 ? 1 : power % 9 == 1 ? 10 : 100;
	return wide;
}

/* a + b. */
static inline Wide
wide_plus(Wide a, Wide b)
{
	for (int i = 0; i < WIDE_LIMBS; i++)
		a.limb[i] += b.limb[i];
	return a;
}

/* a - b. */
static inline Wide
wide_minus(Wide a, Wide b)
{
	for (int i = 0; i < WIDE_LIMBS; i++)
		a.limb[i] -= b.limb[i];
	return a;
}

/* -1, 0 or 1: how a compares to b. */
static inline int
wide_compare(Wide a, Wide b)
{
	int64		carry = 0;
	bool		zero = true;

	a = wide_minus(a, b);
	for (int i = 0; i < WIDE_LIMBS; i++)
	{
		int64		limb = a.limb[i] + carry;

		carry = limb / WIDE_BASE;
		limb %= WIDE_BASE;
		if (limb < 0)
		{
			limb += WIDE_BASE;
			carry--;
		}
		zero = zero && limb == 0;
	}
	/* What is carried out of the top limb has the sign of the whole. */
	return carry < 0 ? -1 : !zero || carry > 0 ? 1 : 0;
}

#endif							/* WIDE_H */
