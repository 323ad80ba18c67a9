/*
 * amount.c
 *		Amounts: checked 128-bit arithmetic, and the way to and from numeric.
 *
 * The payload of a numeric is read and written in numeric's own stored form,
 * so that no amount passes through text or through numeric's arithmetic.
 * Invariant: what is read is exact or refused; what is written is the form
 * numeric itself would store, byte for byte.
 * Locks: none.  Pure: needs c.h only and runs without a server.
 */
#include "c.h"

#include "amount.h"

/* The header of a stored numeric: numeric.c keeps these to itself. */
#define NUMERIC_KIND_MASK			0xC000
#define NUMERIC_KIND_NEGATIVE		0x4000
#define NUMERIC_KIND_SHORT			0x8000
#define NUMERIC_KIND_SPECIAL		0xC000	/* NaN and the infinities */
#define NUMERIC_SHORT_NEGATIVE		0x2000
#define NUMERIC_SHORT_SCALE_SHIFT	7
#define NUMERIC_SHORT_WEIGHT_SIGN	0x0040
#define NUMERIC_SHORT_WEIGHT_MASK	0x003F

#define GROUP_BASE		10000	/* a stored digit is a group of four decimal ones */
#define GROUP_DIGITS	4
#define MAX_DIGITS		38		/* of an amount */
#define MAX_DIGITS_64	19		/* of any number known to fit in 64 bits */
#define MAX_GROUPS		12		/* of any 128-bit integer, wherever its point is */

#define TEN_TO_16	UINT64CONST(10000000000000000)
#define TEN_TO_19	UINT64CONST(10000000000000000000)
#define LIMIT		((Amount) TEN_TO_19 * TEN_TO_19 - 1)

static const uint64 power_of_ten[] = {
	UINT64CONST(1),
	UINT64CONST(10),
	UINT64CONST(100),
	UINT64CONST(1000),
	UINT64CONST(10000),
	UINT64CONST(100000),
	UINT64CONST(1000000),
	UINT64CONST(10000000),
	UINT64CONST(100000000),
	UINT64CONST(1000000000),
	UINT64CONST(10000000000),
	UINT64CONST(100000000000),
	UINT64CONST(1000000000000),
	UINT64CONST(10000000000000),
	UINT64CONST(100000000000000),
	UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000),
	UINT64CONST(100000000000000000),
	UINT64CONST(1000000000000000000),
	UINT64CONST(10000000000000000000)
};

/* A stored numeric taken apart: digit i counts GROUP_BASE^(weight - i). */
typedef struct Stored
{
	const char *digits;			/* may be unaligned */
	int64		count;
	int64		weight;
	bool		negative;
} Stored;

/* The largest amount; the smallest is its negative. */
Amount
amount_limit(void)
{
	return LIMIT;
}

/* Whether a value has at most 38 digits. */
bool
amount_in_range(Amount value)
{
	return value <= LIMIT && value >= -LIMIT;
}

/* Put a + b in *sum; false, and nothing written, if that leaves the range. */
bool
amount_add(Amount a, Amount b, Amount *sum)
{
	Amount		result;

	if (__builtin_add_overflow(a, b, &result) || !amount_in_range(result))
		return false;
	*sum = result;
	return true;
}

/* Put a - b in *difference; false, and nothing written, if that leaves the range. */
bool
amount_subtract(Amount a, Amount b, Amount *difference)
{
	Amount		result;

	if (__builtin_sub_overflow(a, b, &result) || !amount_in_range(result))
		return false;
	*difference = result;
	return true;
}

/* The value without its sign, for every value, the least included. */
static uint128
magnitude(Amount value)
{
	return value < 0 ? -(uint128) value : (uint128) value;
}

/* The stored digit at an index, at any alignment. */
static uint16
stored_digit(const Stored *stored, int64 index)
{
	uint16		digit;

	memcpy(&digit, stored->digits + index * sizeof(digit), sizeof(digit));
	return digit;
}

/*
 * Take a payload apart, without zeros at either end of its digits.  False if
 * it is no finite number.
 */
static bool
stored_open(const char *payload, Size length, Stored *stored)
{
	uint16		header;
	Size		header_size = sizeof(header);

	if (length < sizeof(header))
		return false;
	memcpy(&header, payload, sizeof(header));
	if ((header & NUMERIC_KIND_MASK) == NUMERIC_KIND_SPECIAL)
		return false;

	if (header & NUMERIC_KIND_SHORT)
	{
		stored->negative = (header & NUMERIC_SHORT_NEGATIVE) != 0;
		stored->weight = header & NUMERIC_SHORT_WEIGHT_MASK;
		if (header & NUMERIC_SHORT_WEIGHT_SIGN)
			stored->weight -= NUMERIC_SHORT_WEIGHT_SIGN;
	}
	else
	{
		int16		weight;

		header_size += sizeof(weight);
		if (length < header_size)
			return false;
		memcpy(&weight, payload + sizeof(header), sizeof(weight));
		stored->negative = (header & NUMERIC_KIND_NEGATIVE) != 0;
		stored->weight = weight;
	}

	stored->digits = payload + header_size;
	stored->count = (length - header_size) / sizeof(uint16);
	while (stored->count > 0 && stored_digit(stored, stored->count - 1) == 0)
		stored->count--;
	while (stored->count > 0 && stored_digit(stored, 0) == 0)
	{
		stored->digits += sizeof(uint16);
		stored->count--;
		stored->weight--;
	}
	return true;
}

/*
 * The value of a number of at most 38 digits whose last stored digit, times
 * ten to `shift`, counts in units; shift is over -GROUP_DIGITS.
 */
static uint128
stored_value(const Stored *stored, int shift, int digits)
{
	int64		last = stored->count - 1;
	uint32		last_digit = stored_digit(stored, last);
	uint64		last_base = GROUP_BASE;
	uint128		value = 0;

	if (shift < 0)
	{
		last_base = power_of_ten[GROUP_DIGITS + shift];
		last_digit /= (uint32) power_of_ten[-shift];
		shift = 0;
	}
	if (digits <= MAX_DIGITS_64)
	{
		uint64		narrow = 0;

		for (int64 i = 0; i < last; i++)
			narrow = narrow * GROUP_BASE + stored_digit(stored, i);
		return (narrow * last_base + last_digit) * power_of_ten[shift];
	}
	for (int64 i = 0; i < last; i++)
		value = value * GROUP_BASE + stored_digit(stored, i);
	value = value * last_base + last_digit;
	for (; shift > MAX_DIGITS_64; shift -= MAX_DIGITS_64)
		value *= TEN_TO_19;
	return value * power_of_ten[shift];
}

/*
 * Read a numeric as a count of smallest units, exactly.  The payload is what
 * follows the varlena header, at any alignment; *value is set if AMOUNT_OK.
 */
AmountStatus
amount_read(const char *payload, Size length, int scale, Amount *value)
{
	Stored		stored;
	uint32		first_digit;
	int64		shift;
	int64		digits;
	uint128		result;

	if (!stored_open(payload, length, &stored))
		return AMOUNT_NOT_FINITE;
	if (stored.count == 0)
	{
		*value = 0;
		return AMOUNT_OK;
	}

	/* The last digit is not zero, so only its own last decimals may be. */
	shift = (stored.weight - (stored.count - 1)) * GROUP_DIGITS + scale;
	if (shift <= -GROUP_DIGITS)
		return AMOUNT_TOO_MANY_DECIMALS;
	if (shift < 0 &&
		stored_digit(&stored, stored.count - 1) % (uint32) power_of_ten[-shift] != 0)
		return AMOUNT_TOO_MANY_DECIMALS;

	/* How many digits, known before any is summed: so no sum can overflow. */
	first_digit = stored_digit(&stored, 0);
	digits = stored.weight * GROUP_DIGITS + scale + 1 +
		(first_digit >= 10) + (first_digit >= 100) + (first_digit >= 1000);
	if (digits > MAX_DIGITS)
		return AMOUNT_OUT_OF_RANGE;

	result = stored_value(&stored, (int) shift, (int) digits);
	if (result > (uint128) LIMIT)	/* a damaged digit, of 10000 or more */
		return AMOUNT_OUT_OF_RANGE;
	*value = stored.negative ? -(Amount) result : (Amount) result;
	return AMOUNT_OK;
}

/*
 * Cut a magnitude into groups of four digits around the decimal point, lowest
 * first, and return how many; the last is not zero.
 */
static int
split_groups(uint128 value, int scale, uint16 *groups)
{
	int			partial = scale % GROUP_DIGITS;
	int			count = 0;
	uint64		narrow;

	if (partial != 0)
	{
		uint64		fill = power_of_ten[GROUP_DIGITS - partial];

		if (value <= PG_UINT64_MAX / GROUP_BASE)
			value *= fill;
		else
		{
			uint128		rest = value / power_of_ten[partial];

			groups[count++] = (uint16) ((value - rest * power_of_ten[partial]) * fill);
			value = rest;
		}
	}
	while (value > PG_UINT64_MAX)
	{
		uint128		rest = value / TEN_TO_16;

		narrow = (uint64) (value - rest * TEN_TO_16);
		for (int i = 0; i < 4; i++, narrow /= GROUP_BASE)
			groups[count++] = (uint16) (narrow % GROUP_BASE);
		value = rest;
	}
	for (narrow = (uint64) value; narrow != 0; narrow /= GROUP_BASE)
		groups[count++] = (uint16) (narrow % GROUP_BASE);
	return count;
}

/*
 * Write the payload of the numeric with `scale` decimals that an amount stands
 * for, and return its length, which is AMOUNT_NUMERIC_MAX at most.
 */
Size
amount_write(Amount value, int scale, char *payload)
{
	uint16		groups[MAX_GROUPS];
	int			count = split_groups(magnitude(value), scale, groups);
	int			weight = 0;
	int			lowest = 0;
	char	   *out = payload;
	uint16		header;

	if (count > 0)
		weight = count - 1 - (scale + GROUP_DIGITS - 1) / GROUP_DIGITS;
	while (lowest < count && groups[lowest] == 0)
		lowest++;

	/* No amount has a weight or a scale beyond the short header. */
	header = (uint16) (NUMERIC_KIND_SHORT |
					   (value < 0 ? NUMERIC_SHORT_NEGATIVE : 0) |
					   (scale << NUMERIC_SHORT_SCALE_SHIFT) |
					   (weight < 0 ? NUMERIC_SHORT_WEIGHT_SIGN : 0) |
					   (weight & NUMERIC_SHORT_WEIGHT_MASK));
	memcpy(out, &header, sizeof(header));
	out += sizeof(header);
	for (int i = count - 1; i >= lowest; i--, out += sizeof(uint16))
		memcpy(out, &groups[i], sizeof(uint16));
	return out - payload;
}

/*
 * Write an amount as decimal text with exactly `scale` decimals into
 * buffer[AMOUNT_TEXT_MAX], and return the buffer.  Takes any 128-bit value.
 */
char *
amount_text(Amount value, int scale, char *buffer)
{
	char		reversed[AMOUNT_TEXT_MAX];
	int			count = 0;
	int			digits = 0;
	uint128		rest = magnitude(value);
	char	   *out = buffer;

	while (rest != 0 || digits <= scale)
	{
		uint64		chunk = (uint64) (rest % TEN_TO_16);

		/* Whole chunks, but for the last: it ends with its first digit. */
		rest /= TEN_TO_16;
		for (int i = 0; i < 16; i++, chunk /= 10)
		{
			if (rest == 0 && chunk == 0 && digits > scale)
				break;
			if (digits == scale && scale > 0)
				reversed[count++] = '.';
			reversed[count++] = (char) ('0' + chunk % 10);
			digits++;
		}
	}

	if (value < 0)
		*out++ = '-';
	while (count > 0)
		*out++ = reversed[--count];
	*out = '\0';
	return buffer;
}

/* Read what amount_text() writes, and nothing else. */
bool
amount_parse(const char *text, Size length, int scale, Amount *value)
{
	const char *in = text;
	const char *end = text + length;
	bool		negative = in < end && *in == '-';
	Amount		sum = 0;

	in += negative ? 1 : 0;
	/* no zero before another digit, and all decimals */
	if (end - in > 1 && in[0] == '0' && in[1] != '.')
		return false;
	if (scale > 0 && (end - in < scale + 2 || end[-scale - 1] != '.'))
		return false;
	for (; in < end; in++)
	{
		if (scale > 0 && in == end - scale - 1)
			continue;
		/* the limit is all nines: whatever digit comes, it fits if a tenth does */
		if (*in < '0' || *in > '9' || sum > amount_limit() / 10)
			return false;
		sum = sum * 10 + (*in - '0');
	}
	if (text + (negative ? 1 : 0) == end || (negative && sum == 0))
		return false;
	*value = negative ? -sum : sum;
	return true;
}
