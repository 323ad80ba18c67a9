/*
 * amount_test.c
 *		Amounts against a model that works on decimal text.
 *
 * A random number is made as a string of digits; the model builds its stored
 * form, its value at a scale and its text from the characters alone.  Stored
 * forms that a PostgreSQL server itself wrote vouch for the model.
 */
#include "check.h"
#include "wide.h"

#include "../../src/amount.h"

#define MAX_PART	80			/* random digits on each side of the point */
#define MAX_PAYLOAD (4 + (2 * MAX_PART + 8) / 2 + 16)

/* A decimal number: sign, digits before the point, digits after it. */
typedef struct Decimal
{
	bool		negative;
	char		whole[MAX_PART + 1];
	char		fraction[MAX_PART + 1];
} Decimal;

static long statuses[AMOUNT_OUT_OF_RANGE + 1];
static long parsed[2];			/* damaged texts: taken, refused */

/* The value of a text of digits; the caller knows that it fits. */
static Amount
digits_value(const char *digits)
{
	Amount		value = 0;

	for (; *digits != '\0'; digits++)
		value = value * 10 + (*digits - '0');
	return value;
}

/* The digit before (positive place) or after (negative) the point; 0 if not written. */
static int
digit_at(const Decimal *d, int place)
{
	int			whole = (int) strlen(d->whole);
	int			fraction = (int) strlen(d->fraction);

	if (place >= 0)
		return place < whole ? d->whole[whole - 1 - place] - '0' : 0;
	return -place <= fraction ? d->fraction[-place - 1] - '0' : 0;
}

/* The four digits of the group that counts 10000^weight. */
static uint16
group_at(const Decimal *d, int weight)
{
	int			place = weight * 4;

	return (uint16) (digit_at(d, place + 3) * 1000 + digit_at(d, place + 2) * 100 +
					 digit_at(d, place + 1) * 10 + digit_at(d, place));
}

/*
 * The stored form of a decimal, as numeric has it; with a long header, or with
 * zero groups at both ends, if asked for.  Returns its length.
 */
static Size
build(const Decimal *d, bool long_header, int zeros, char *payload)
{
	int			high = MAX_PART / 4;
	int			low = -MAX_PART / 4;
	int			scale = (int) strlen(d->fraction);
	bool		negative = d->negative;
	uint16		header[2];
	Size		length;

	while (high >= low && group_at(d, high) == 0)
		high--;
	while (low <= high && group_at(d, low) == 0)
		low++;
	if (high < low)
	{
		high = 0;
		low = 1;
		negative = negative && zeros > 0;
	}
	high += zeros;
	low -= zeros;

	if (long_header || scale > 63)
	{
		header[0] = (uint16) (scale + (negative ? 0x4000 : 0));
		header[1] = (uint16) (int16) high;
		length = 4;
	}
	else
	{
		header[0] = (uint16) (0x8000 + (negative ? 0x2000 : 0) + scale * 0x80 +
							  (high < 0 ? 0x80 + high : high));
		length = 2;
	}
	memcpy(payload, header, length);
	for (int weight = high; weight >= low; weight--, length += 2)
	{
		uint16		group = group_at(d, weight);

		memcpy(payload + length, &group, 2);
	}
	return length;
}

/* What reading a decimal at a scale should give. */
static AmountStatus
model_read(const Decimal *d, int scale, Amount *value)
{
	char		digits[2 * MAX_PART + 1];
	const char *first = digits;
	int			fraction = (int) strlen(d->fraction);

	for (int i = scale; i < fraction; i++)
		if (d->fraction[i] != '0')
			return AMOUNT_TOO_MANY_DECIMALS;
	snprintf(digits, sizeof(digits), "%s%.*s", d->whole, scale, d->fraction);
	while (fraction++ < scale)
		strcat(digits, "0");
	while (*first == '0')
		first++;
	if (strlen(first) > 38)
		return AMOUNT_OUT_OF_RANGE;
	*value = d->negative ? -digits_value(first) : digits_value(first);
	return AMOUNT_OK;
}

/* Read a payload at some alignment, from memory that ends where it ends. */
static AmountStatus
read_payload(const char *payload, Size length, int scale, Amount *value)
{
	char		moved[MAX_PAYLOAD + 16];
	int			shift = check_below(8);

	memset(moved, 0xA5, sizeof(moved));
	memcpy(moved + shift, payload, length);
	return amount_read(moved + shift, length, scale, value);
}

/* Random digits, from the end on trailing zeros, nines or ones for a part. */
static void
random_part(char *part, int length)
{
	int			same = check_below(3) == 0 ? check_below(length + 1) : 0;
	char		filler = "0019"[check_below(4)];

	for (int i = 0; i < length; i++)
		part[i] = i >= length - same ? filler : (char) ('0' + check_below(10));
	part[length] = '\0';
}

/* A random number; one in some has lengths that no amount can have. */
static void
random_decimal(Decimal *d)
{
	int			whole = check_below(4) == 0 ? check_below(MAX_PART) : check_below(40);
	int			fraction = check_below(4) == 0 ? check_below(MAX_PART) : check_below(8);

	d->negative = check_below(2);
	random_part(d->whole, whole);
	random_part(d->fraction, fraction);
	if (check_below(4) == 0)
		memset(d->whole, '0', whole);
	if (check_below(8) == 0)
		memset(d->fraction, '0', check_below(fraction + 1));
}

/* Reading any number, at any scale, in any stored form. */
static void
random_read(void)
{
	Decimal		d;
	char		payload[MAX_PAYLOAD];
	int			scale = check_below(2) ? check_below(AMOUNT_MAX_SCALE + 1) : check_below(9);
	int			zeros = check_below(8) == 0 ? check_below(3) : 0;
	Amount		expected = 7;
	Amount		value = 7;
	AmountStatus status;
	AmountStatus wanted;
	Size		length;

	random_decimal(&d);
	length = build(&d, check_below(4) == 0, zeros, payload);
	wanted = model_read(&d, scale, &expected);
	statuses[wanted]++;
	status = read_payload(payload, length, scale, &value);
	check_case(status == wanted && value == expected,
			   "read %s%s.%s at scale %d: status %d, not %d",
			   d.negative ? "-" : "", d.whole, d.fraction, scale, status, wanted);
}

/* Parse a text from memory that has digits on both sides of it. */
static bool
parse_text(const char *text, Size length, int scale, Amount *value)
{
	char		moved[2 * MAX_PART + 8];

	memset(moved, '1', sizeof(moved));
	memcpy(moved + 1, text, length);
	return amount_parse(moved + 1, length, scale, value);
}

/*
 * Change, remove, add or swap a character of an amount's text.  What parses then
 * is the very text of the value that comes out, so nothing else is accepted, and
 * what does not parse leaves the value alone.
 */
static void
damage_case(const char *text, int scale)
{
	static const char characters[] = "0123456789.-+ eE,_aA\n";
	char		damaged[2 * MAX_PART + 8];
	char		again[AMOUNT_TEXT_MAX];
	Size		length = strlen(text);
	int			at = check_below((int) length);
	char		character = characters[check_below(lengthof(characters))];	/* NUL is one */
	int			other_scale = check_below(4) == 0 ? check_below(AMOUNT_MAX_SCALE + 1) : scale;
	Amount		value = 7;

	memcpy(damaged, text, length);
	switch (check_below(4))
	{
		case 0:
			damaged[at] = character;
			break;
		case 1:
			memmove(damaged + at, damaged + at + 1, length - at - 1);
			length--;
			break;
		case 2:
			memmove(damaged + at + 1, damaged + at, length - at);
			damaged[at] = character;
			length++;
			break;
		default:
			damaged[at] = damaged[length - 1 - at];
			damaged[length - 1 - at] = text[at];
	}
	if (parse_text(damaged, length, other_scale, &value))
	{
		parsed[0]++;
		check_case(amount_in_range(value) && strlen(amount_text(value, other_scale, again)) == length &&
				   memcmp(again, damaged, length) == 0,
				   "parse %.*s at scale %d gave %s", (int) length, damaged, other_scale, again);
	}
	else
	{
		parsed[1]++;
		check_case(value == 7, "parse %.*s at scale %d stored something", (int) length, damaged, other_scale);
	}
}

/* Writing an amount, as bytes and as text, and reading it back. */
static void
write_case(const Decimal *d, int scale)
{
	char		wanted[MAX_PAYLOAD];
	char		payload[AMOUNT_NUMERIC_MAX + 1];
	char		wanted_text[2 * MAX_PART + 4];
	char		text[AMOUNT_TEXT_MAX];
	const char *whole = d->whole;
	Amount		value = 0;
	Amount		again = 0;
	bool		ok = model_read(d, scale, &value) == AMOUNT_OK;
	Size		length = build(d, false, 0, wanted);
	int			shift = check_below(2);

	while (*whole == '0' && whole[1] != '\0')
		whole++;
	snprintf(wanted_text, sizeof(wanted_text), "%s%s%s%s",
			 value < 0 ? "-" : "", *whole == '\0' ? "0" : whole,
			 scale > 0 ? "." : "", d->fraction);

	memset(payload, 0xA5, sizeof(payload));
	ok = ok && amount_write(value, scale, payload + shift) == length &&
		memcmp(payload + shift, wanted, length) == 0 &&
		(uint8) payload[shift + length] == 0xA5;
	ok = ok && amount_read(payload + shift, length, scale, &again) == AMOUNT_OK && again == value;
	ok = ok && amount_text(value, scale, text) == text && strcmp(text, wanted_text) == 0;
	check_case(ok, "write %s at scale %d: text %s", wanted_text, scale, text);
	check_case(parse_text(wanted_text, strlen(wanted_text), scale, &again) && again == value,
			   "parse %s at scale %d", wanted_text, scale);
	damage_case(wanted_text, scale);
}

/* Writing a random amount of any length up to 38 digits. */
static void
random_write(void)
{
	Decimal		d;
	int			scale = check_below(2) ? check_below(AMOUNT_MAX_SCALE + 1) : check_below(9);
	int			whole = check_below(38 - scale + 1);

	d.negative = check_below(2);
	random_part(d.whole, whole);
	random_part(d.fraction, scale);
	if (check_below(3) == 0)
		memset(d.whole, '0', whole);
	if (check_below(3) == 0)
		memset(d.fraction, '0', check_below(scale + 1));
	write_case(&d, scale);
}

/* A random amount, or one beyond the range. */
static Amount
random_amount(void)
{
	char		digits[MAX_PART + 1];
	Amount		value;

	random_part(digits, check_below(39));
	value = check_below(4) == 0 ? amount_limit() - check_below(5) : digits_value(digits);
	if (check_below(50) == 0)
		value = ((Amount) 1 << 126) - 1 + ((Amount) 1 << 126) - check_below(5);
	return check_below(2) ? value : -value;
}

/* Sums and differences of two numbers. */
static void
sum_case(Amount a, Amount b)
{
	Wide		limit = wide_power_of_ten(38);
	Wide		minus_limit = wide_minus(wide_from(0), limit);
	Wide		sum = wide_plus(wide_from(a), wide_from(b));
	Wide		difference = wide_minus(wide_from(a), wide_from(b));
	Amount		results[2] = {7, 7};
	bool		fits;
	bool		ok;

	fits = wide_compare(sum, limit) < 0 && wide_compare(sum, minus_limit) > 0;
	ok = amount_add(a, b, &results[0]) == fits &&
		wide_compare(wide_from(results[0]), fits ? sum : wide_from(7)) == 0;
	fits = wide_compare(difference, limit) < 0 && wide_compare(difference, minus_limit) > 0;
	ok = ok && amount_subtract(a, b, &results[1]) == fits &&
		wide_compare(wide_from(results[1]), fits ? difference : wide_from(7)) == 0;
	fits = wide_compare(wide_from(a), limit) < 0 && wide_compare(wide_from(a), minus_limit) > 0;
	check_case(ok && amount_in_range(a) == fits, "sum or difference of two numbers");
}

/* Stored forms, as a little-endian PostgreSQL 15 server wrote them to disk. */
static const struct
{
	const char *hex;
	int			scale;
	AmountStatus status;
	bool		as_written; /* amount_write() gives the same bytes */
	const char *text;
}			server_forms[] = {
	{"0080", 0, AMOUNT_OK, true, "0"},
	{"0081", 2, AMOUNT_OK, true, "0.00"},
	{"0081", 0, AMOUNT_OK, false, "0"},
	{"00810c00480d", 2, AMOUNT_OK, true, "12.34"},
	{"00a10c00480d", 2, AMOUNT_OK, true, "-12.34"},
	{"00810c00480d", 1, AMOUNT_TOO_MANY_DECIMALS, false, ""},
	{"808101008813", 2, AMOUNT_OK, false, "1.50"},
	{"808101008813", 1, AMOUNT_OK, false, "1.5"},
	{"808101008813", 0, AMOUNT_TOO_MANY_DECIMALS, false, ""},
	{"7f81f401", 2, AMOUNT_OK, true, "0.05"},
	{"01800100", 0, AMOUNT_OK, true, "10000"},
	{"00a00100", 0, AMOUNT_OK, true, "-1"},
	{"098063000f270f270f270f270f270f270f270f270f27", 0, AMOUNT_OK, true,
	"99999999999999999999999999999999999999"},
	{"08a10f270f270f270f270f270f270f270f270f27ac26", 2, AMOUNT_OK, true,
	"-999999999999999999999999999999999999.99"},
	{"788ff401", 30, AMOUNT_OK, true, "0.000000000000000000000000000005"},
	{"018fd2042e1657045704570457045704570457044c04", 30, AMOUNT_OK, true,
	"12345678.111111111111111111111111111111"},
	{"00c0", 2, AMOUNT_NOT_FINITE, false, ""},
	{"00d0", 2, AMOUNT_NOT_FINITE, false, ""},
	{"00f0", 2, AMOUNT_NOT_FINITE, false, ""},
	{"00004b000100", 2, AMOUNT_OUT_OF_RANGE, false, ""},	/* 1e300 */
	{"0040ff7fe803", 2, AMOUNT_OUT_OF_RANGE, false, ""},	/* -1e131071 */
	{"4600eeff6400", 30, AMOUNT_TOO_MANY_DECIMALS, false, ""},	/* 1e-70 */
	{"4640efff7b009411", 30, AMOUNT_TOO_MANY_DECIMALS, false, ""},	/* -12345e-70 */
	{"470000000100", 2, AMOUNT_OK, false, "1.00"}	/* with 71 decimals */
};

/* The bytes of a stored form on this machine; returns how many. */
static Size
form_bytes(const char *hex, char *bytes)
{
	Size		length = strlen(hex) / 2;

	for (Size i = 0; i < length; i++)
	{
		char		pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

#ifdef WORDS_BIGENDIAN
		bytes[i ^ 1] = (char) strtol(pair, NULL, 16);
#else
		bytes[i] = (char) strtol(pair, NULL, 16);
#endif
	}
	return length;
}

/* What a server wrote is read as what it was, and written the same. */
static void
test_server_forms(void)
{
	for (int i = 0; i < (int) lengthof(server_forms); i++)
	{
		const char *hex = server_forms[i].hex;
		int			scale = server_forms[i].scale;
		char		bytes[AMOUNT_NUMERIC_MAX];
		char		payload[AMOUNT_NUMERIC_MAX];
		char		text[AMOUNT_TEXT_MAX] = "";
		Size		length = form_bytes(hex, bytes);
		Amount		value = 0;
		AmountStatus status = read_payload(bytes, length, scale, &value);

		if (status == AMOUNT_OK)
			(void) amount_text(value, scale, text);
		check_case(status == server_forms[i].status && strcmp(text, server_forms[i].text) == 0,
				   "server form %s: status %d, text %s", hex, status, text);
		if (server_forms[i].as_written)
			check_case(amount_write(value, scale, payload) == length &&
					   memcmp(payload, bytes, length) == 0,
					   "server form %s is written otherwise", hex);
	}
}

/* Numbers at the edges of what can be read, by their text. */
static void
test_edges(void)
{
	static const struct
	{
		const char *whole;
		const char *fraction;
		int			scale;
		AmountStatus status;
		const char *value;
	}			edges[] = {
		{"99999999999999999999999999999999999999", "", 0, AMOUNT_OK,
		"99999999999999999999999999999999999999"},
		{"100000000000000000000000000000000000000", "", 0, AMOUNT_OUT_OF_RANGE, ""},
		{"999999999999999999999999999999999999", "990", 2, AMOUNT_OK,
		"99999999999999999999999999999999999999"},
		{"1000000000000000000000000000000000000", "", 2, AMOUNT_OUT_OF_RANGE, ""},
		{"99999999", "", 30, AMOUNT_OK, "99999999000000000000000000000000000000"},
		{"100000000", "", 30, AMOUNT_OUT_OF_RANGE, ""},
		{"100000000000000000000000000000000000000", "5", 0, AMOUNT_TOO_MANY_DECIMALS, ""},
		{"100000000000000000000000000000000000000", "50", 1, AMOUNT_OUT_OF_RANGE, ""},
		{"0", "5", 0, AMOUNT_TOO_MANY_DECIMALS, ""},
		{"0", "5", 1, AMOUNT_OK, "5"},
		{"0", "00001", 4, AMOUNT_TOO_MANY_DECIMALS, ""},
		{"0", "00010000", 4, AMOUNT_OK, "1"},
		{"1", "500", 2, AMOUNT_OK, "150"},
		{"1", "501", 2, AMOUNT_TOO_MANY_DECIMALS, ""},
		{"0", "", 30, AMOUNT_OK, "0"},
		{"0", "0000000000", 0, AMOUNT_OK, "0"},
		{"9999999999999999999", "", 0, AMOUNT_OK, "9999999999999999999"},
		{"18446744073709551615", "", 0, AMOUNT_OK, "18446744073709551615"},
		{"18446744073709551616", "", 0, AMOUNT_OK, "18446744073709551616"}
	};

	for (int i = 0; i < 4 * (int) lengthof(edges); i++)
	{
		Decimal		d;
		char		payload[MAX_PAYLOAD];
		int			edge = i / 4;
		Amount		value = 0;
		Amount		wanted = digits_value(edges[edge].value);
		AmountStatus status;

		strcpy(d.whole, edges[edge].whole);
		strcpy(d.fraction, edges[edge].fraction);
		d.negative = i % 2 == 1;
		status = amount_read(payload, build(&d, i % 4 >= 2, 0, payload), edges[edge].scale, &value);
		check_case(status == edges[edge].status && value == (d.negative ? -wanted : wanted),
				   "edge %s.%s at scale %d: status %d", d.whole, d.fraction,
				   edges[edge].scale, status);
	}
}

/* Stored numbers as long as numeric allows, and damaged ones. */
static void
test_extremes(void)
{
	static uint16 longest[2 + 32768 + 4096];
	uint16		negative_zero[] = {0xA000, 0x4000, 0};
	uint16		damaged[] = {0x8009, 99, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535, 65535};
	Size		size = sizeof(longest);
	Amount		value = 7;

	longest[0] = 16383;
	longest[1] = 32767;
	for (int i = 2; i < (int) lengthof(longest); i++)
		longest[i] = 9999;
	check_case(amount_read((char *) longest, size, 30, &value) == AMOUNT_TOO_MANY_DECIMALS,
			   "147455 digits, with decimals");
	memset(longest + 2 + 32768, 0, 4096 * 2);
	check_case(amount_read((char *) longest, size, 30, &value) == AMOUNT_OUT_OF_RANGE,
			   "131072 digits, no decimals");
	memset(longest + 2, 0, size - 4);
	longest[2] = 1;
	check_case(amount_read((char *) longest, size, 0, &value) == AMOUNT_OUT_OF_RANGE,
			   "one digit and 131071 zeros");
	check_case(value == 7, "a number refused is not stored");
	longest[2] = 0;
	longest[2 + 32767] = 42;
	check_case(amount_read((char *) longest, size, 0, &value) == AMOUNT_OK && value == 42,
			   "42 among zeros only");
	longest[1] = (uint16) -32768;
	check_case(amount_read((char *) longest, size, 30, &value) == AMOUNT_TOO_MANY_DECIMALS,
			   "the lowest weight");

	check_case(amount_read((char *) negative_zero, 2, 2, &value) == AMOUNT_OK && value == 0,
			   "negative zero, short");
	value = 7;
	check_case(amount_read((char *) &negative_zero[1], 4, 2, &value) == AMOUNT_OK && value == 0,
			   "negative zero, long");
	check_case(amount_read((char *) damaged, 0, 2, &value) == AMOUNT_NOT_FINITE, "no header");
	check_case(amount_read((char *) &negative_zero[1], 3, 2, &value) == AMOUNT_NOT_FINITE,
			   "half a header");
	check_case(amount_read((char *) damaged, sizeof(damaged), 0, &value) != AMOUNT_OK ||
			   amount_in_range(value), "damaged digits stay in range");
}

/* All of 128 bits has a text, and room for it. */
static void
test_text(void)
{
	char		text[AMOUNT_TEXT_MAX];
	Amount		most = (Amount) (~(uint128) 0 >> 1);

	check_case(strcmp(amount_text(-most - 1, 30, text),
					  "-170141183.460469231731687303715884105728") == 0, "least: %s", text);
	check_case(strcmp(amount_text(most, 0, text),
					  "170141183460469231731687303715884105727") == 0, "most: %s", text);
	check_case(strcmp(amount_text(5, 2, text), "0.05") == 0, "five cents: %s", text);
	check_case(strcmp(amount_text(-5, 2, text), "-0.05") == 0, "minus five cents: %s", text);
	check_case(strcmp(amount_text(0, 0, text), "0") == 0, "zero: %s", text);
	check_case(strcmp(amount_text(0, 30, text), "0.000000000000000000000000000000") == 0,
			   "zero at scale 30: %s", text);
	check_case(strcmp(amount_text(amount_limit(), 0, text),
					  "99999999999999999999999999999999999999") == 0, "limit: %s", text);
}

/* Texts that are of no amount, and some that nearly are not. */
static void
test_parse(void)
{
	static const struct
	{
		const char *text;
		int			length;		/* 0: all of it */
		int			scale;
		const char *value;		/* NULL: refused */
	}			texts[] = {
		{"0", 0, 0, "0"},
		{"0.00", 0, 2, "0"},
		{"7", 0, 0, "7"},
		{"10.50", 0, 2, "1050"},
		{"0.05", 0, 2, "5"},
		{"1200", 2, 0, "12"},
		{"99999999999999999999999999999999999999", 0, 0, "99999999999999999999999999999999999999"},
		{"99999999.999999999999999999999999999999", 0, 30, "99999999999999999999999999999999999999"},
		{"0.000000000000000000000000000001", 0, 30, "1"},
		/* nothing, or only a part */
		{"", 0, 0, NULL}, {"", 0, 2, NULL}, {"-", 0, 0, NULL}, {"-", 0, 2, NULL}, {".", 0, 0, NULL}, {".", 0, 2, NULL},
		{"-.", 0, 1, NULL}, {".5", 0, 1, NULL}, {"-.5", 0, 1, NULL}, {"5.", 0, 0, NULL}, {"5.", 0, 1, NULL}, {"-5.", 0, 1, NULL},
		{".50", 0, 2, NULL}, {"-.50", 0, 2, NULL}, {".500", 0, 2, NULL},
		/* zeros and signs that are too many */
		{"01", 0, 0, NULL}, {"00", 0, 0, NULL}, {"-01", 0, 0, NULL}, {"00.50", 0, 2, NULL}, {"01.50", 0, 2, NULL},
		{"-00.50", 0, 2, NULL}, {"-0", 0, 0, NULL}, {"-0.00", 0, 2, NULL}, {"+1", 0, 0, NULL}, {"+1.00", 0, 2, NULL},
		{"--1", 0, 0, NULL}, {"1-", 0, 0, NULL}, {"-+1", 0, 0, NULL}, {"1.-5", 0, 2, NULL}, {"0-1.00", 0, 2, NULL},
		/* decimals too few, too many, or where there are none */
		{"1", 0, 2, NULL}, {"1.5", 0, 2, NULL}, {"1.500", 0, 2, NULL}, {"1.5", 0, 0, NULL}, {"150", 0, 2, NULL},
		{"1.50.00", 0, 2, NULL}, {"1..50", 0, 2, NULL}, {"15..0", 0, 2, NULL}, {"1.5.", 0, 2, NULL},
		/* 39 digits: of 38 nines and one more, where ten times as much passes 128 bits, and where that looks small again */
		{"100000000000000000000000000000000000000", 0, 0, NULL}, {"999999999999999999999999999999999999999", 0, 0, NULL},
		{"340282366920938463463374607431768211456", 0, 0, NULL}, {"340282366920938463463374607431768211457", 0, 0, NULL},
		{"680564733841876926926749214863536422912", 0, 0, NULL}, {"1020847100762815390390123822295304634368", 0, 0, NULL},
		{"-999999999999999999999999999999999999999", 0, 0, NULL}, {"170141183460469231731687303715884105728", 0, 0, NULL},
		{"3402823669209384634633746074317682114.56", 0, 2, NULL}, {"100000000.000000000000000000000000000000", 0, 30, NULL},
		{"99999999999999999999999999999999999999999999999999999999999999999999999999999999", 0, 0, NULL},
		/* what is no digit */
		{"1a", 0, 0, NULL}, {"a", 0, 0, NULL}, {"1e3", 0, 0, NULL}, {"0x1", 0, 0, NULL}, {" 1", 0, 0, NULL}, {"1 ", 0, 0, NULL},
		{"1\n", 0, 0, NULL}, {"1,50", 0, 2, NULL}, {"1_000", 0, 0, NULL}, {"NaN", 0, 0, NULL}, {"1:", 0, 0, NULL},
		{"1/", 0, 0, NULL}, {"1\xd9\xa1", 0, 0, NULL}, {"1.\xb2\xb3", 0, 2, NULL},
		{"1\0002", 3, 0, NULL}, {"1\000", 2, 0, NULL}, {"\0001", 2, 0, NULL}, {"1.\00050", 5, 2, NULL}, {"1\000.50", 5, 2, NULL}
	};

	for (int i = 0; i < 2 * (int) lengthof(texts); i++)
	{
		const char *text = texts[i / 2].text;
		Size		length = texts[i / 2].length > 0 ? (Size) texts[i / 2].length : strlen(text);
		bool		negative = i % 2 == 1;
		bool		wanted = texts[i / 2].value != NULL;
		char		with_sign[2 * MAX_PART];
		Amount		value = 7;
		Amount		right = wanted ? digits_value(texts[i / 2].value) : 7;
		bool		ok;

		/* with a minus what is refused is refused, too, and zero */
		snprintf(with_sign, sizeof(with_sign), "%s", negative ? "-" : "");
		memcpy(with_sign + negative, text, length);
		if (negative && length == 0)
			continue;
		if (negative && wanted && right == 0)
		{
			wanted = false;
			right = 7;
		}
		else if (negative && wanted)
			right = -right;
		ok = parse_text(with_sign, length + negative, texts[i / 2].scale, &value);
		check_case(ok == wanted && value == right, "parse \"%s%s\" at scale %d: %s", negative ? "-" : "", text,
				   texts[i / 2].scale, ok ? "taken" : "refused");
	}
}

/* Round amounts, at every scale: one digit before any number of zeros, and one less. */
static void
test_powers(void)
{
	for (int scale = 0; scale <= AMOUNT_MAX_SCALE; scale++)
		for (int digits = 1; digits <= 38; digits++)
			for (int kind = 0; kind < 4; kind++)
			{
				Decimal		d;
				char		all[39];

				memset(all, '0', 38);
				memset(all + 38 - digits, kind < 2 ? '9' : '0', digits);
				all[38 - digits] = kind < 2 ? '9' : '1';
				all[38] = '\0';
				d.negative = kind % 2 == 1;
				snprintf(d.whole, sizeof(d.whole), "%.*s", 38 - scale, all);
				strcpy(d.fraction, all + 38 - scale);
				write_case(&d, scale);
			}
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {"ok", "not finite", "too many decimals", "out of range"};

	check_start(argc, argv, 900000);
	test_server_forms();
	test_edges();
	test_extremes();
	test_text();
	test_parse();
	test_powers();
	for (long i = 0; i < check_cases; i += 3)
	{
		Amount		a = random_amount();
		Amount		b = random_amount();

		/* Often such that the sum or the difference is the limit, or next to it. */
		if (amount_in_range(a) && check_below(2))
			b = (a < 0 ? -amount_limit() : amount_limit()) - a + check_below(3) - 1;
		if (check_below(2))
			b = -b;
		random_read();
		random_write();
		sum_case(a, b);
	}

	/* Cases that all end the same way would prove little. */
	for (int i = 0; i <= AMOUNT_OUT_OF_RANGE; i++)
	{
		printf("read, %s: %ld\n", names[i], statuses[i]);
		check_case(i == AMOUNT_NOT_FINITE || check_cases < 10000 ||
				   statuses[i] > check_cases / 100, "too few cases are %s", names[i]);
	}
	printf("damaged texts, taken: %ld, refused: %ld\n", parsed[0], parsed[1]);
	check_case(check_cases < 10000 || (parsed[0] > check_cases / 100 && parsed[1] > check_cases / 100),
			   "too few damaged texts are taken or refused");
	return check_finish();
}
