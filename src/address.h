/*
 * address.h
 *		Addresses of accounts, such as users:alice:wallet, and patterns of them.
 *
 * Pure: needs c.h only and runs without a server.  An address has 1 to 512
 * bytes: segments of ASCII letters, digits and _ - . @, separated by colons.
 * A pattern may also have the segments * (any one segment) and ** (any number
 * of segments, none included).
 */
#ifndef LEDGER_ADDRESS_H
#define LEDGER_ADDRESS_H

#include "c.h"

/* Bytes an address or a pattern may have. */
#define ADDRESS_MAX		512

/* Text that is not terminated. */
typedef struct Span
{
	const char *data;
	int			length;
} Span;

typedef enum AddressStatus
{
	ADDRESS_OK,
	ADDRESS_EMPTY,
	ADDRESS_TOO_LONG,
	ADDRESS_EMPTY_SEGMENT,
	ADDRESS_BAD_CHARACTER		/* in a pattern also: a star beside other characters */
} AddressStatus;

extern AddressStatus address_check(const char *address, Size length);
extern AddressStatus pattern_check(const char *pattern, Size length);

/*
 * The byte, counted from 0, at which a text that fails its check does so: the
 * bad character, or where a segment should have started; ADDRESS_MAX if too long.
 */
extern Size address_fault(const char *address, Size length);
extern Size pattern_fault(const char *pattern, Size length);

/* The rest is for patterns and addresses that passed their check. */
extern bool pattern_match(const char *pattern, Size pattern_length,
						  const char *address, Size address_length);

/* How many leading bytes of the pattern every match starts with. */
extern Size pattern_prefix(const char *pattern, Size length);

#endif							/* LEDGER_ADDRESS_H */
