/*
 * amount.h
 *		Amounts: 128-bit integers in an asset's smallest unit, and numeric at
 *		the SQL surface.
 *
 * Pure: needs c.h only and runs without a server.  Every operation is checked;
 * nothing is ever rounded.  The range is +-(10^38 - 1) smallest units.
 */
#ifndef LEDGER_AMOUNT_H
#define LEDGER_AMOUNT_H

#include "c.h"

typedef int128 Amount;

/* Decimals an asset may have. */
#define AMOUNT_MAX_SCALE	30

/* Room that amount_write() may need, varlena header not included. */
#define AMOUNT_NUMERIC_MAX	32

/* Longest text of an amount: 38 digits, sign, point, zeros before and NUL. */
#define AMOUNT_TEXT_MAX		48

typedef enum AmountStatus
{
	AMOUNT_OK,
	AMOUNT_NOT_FINITE,			/* NaN or an infinity */
	AMOUNT_TOO_MANY_DECIMALS,	/* more decimals than the scale */
	AMOUNT_OUT_OF_RANGE			/* more than 38 digits */
} AmountStatus;

extern Amount amount_limit(void);
extern bool amount_in_range(Amount value);

/* Checked sum: false, and nothing written, where it would leave the range. */
extern bool amount_add(Amount a, Amount b, Amount *sum);
extern bool amount_subtract(Amount a, Amount b, Amount *difference);

/* Between an amount and the payload of a numeric (what follows its varlena header). */
extern AmountStatus amount_read(const char *payload, Size length, int scale, Amount *value);
extern Size amount_write(Amount value, int scale, char *payload);

/* Decimal text with exactly `scale` decimals into buffer[AMOUNT_TEXT_MAX]. */
extern char *amount_text(Amount value, int scale, char *buffer);

/* The amount of such a text; false, and nothing written, for any other. */
extern bool amount_parse(const char *text, Size length, int scale, Amount *value);

#endif							/* LEDGER_AMOUNT_H */
