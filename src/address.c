/*
 * address.c
 *		Addresses and patterns: what is well formed, and what matches what.
 *
 * Invariant: no text makes a check or a match take more than about the product
 * of the two lengths, whatever stars it has.
 * Locks: none.  Pure: needs c.h only and runs without a server.
 */
#include "c.h"

#include "address.h"

/* One segment of a text; the next one starts at `next`. */
typedef struct Segment
{
	const char *start;
	Size		length;
	Size		next;			/* past the colon; text length + 1 after the last */
} Segment;

/* The segment that starts at an offset of a text. */
static Segment
segment_at(const char *text, Size length, Size offset)
{
	Segment		segment;
	const char *colon = memchr(text + offset, ':', length - offset);

	segment.start = text + offset;
	segment.length = colon == NULL ? length - offset : (Size) (colon - segment.start);
	segment.next = offset + segment.length + 1;
	return segment;
}

/* Whether a segment is * : any one segment. */
static bool
is_any_one(const Segment *segment)
{
	return segment->length == 1 && segment->start[0] == '*';
}

/* Whether a segment is ** : any number of segments. */
static bool
is_any_number(const Segment *segment)
{
	return segment->length == 2 && memcmp(segment->start, "**", 2) == 0;
}

/* Whether a character may be part of a segment. */
static bool
is_segment_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-' || c == '.' || c == '@';
}

/* Check a text from left to right; *fault is the byte at which it fails. */
static AddressStatus
check(const char *text, Size length, bool pattern, Size *fault)
{
	*fault = 0;
	if (length == 0)
		return ADDRESS_EMPTY;
	*fault = ADDRESS_MAX;
	if (length > ADDRESS_MAX)
		return ADDRESS_TOO_LONG;

	for (Size offset = 0; offset <= length;)
	{
		Segment		segment = segment_at(text, length, offset);

		*fault = offset;
		if (segment.length == 0)
			return ADDRESS_EMPTY_SEGMENT;
		if (!pattern || !(is_any_one(&segment) || is_any_number(&segment)))
		{
			for (; *fault < offset + segment.length; (*fault)++)
				if (!is_segment_character(text[*fault]))
					return ADDRESS_BAD_CHARACTER;
		}
		offset = segment.next;
	}
	return ADDRESS_OK;
}

/* Whether a text is an address, or why not. */
AddressStatus
address_check(const char *address, Size length)
{
	Size		fault;

	return check(address, length, false, &fault);
}

/* Whether a text is a pattern of addresses, or why not. */
AddressStatus
pattern_check(const char *pattern, Size length)
{
	Size		fault;

	return check(pattern, length, true, &fault);
}

/* Where a text that is no address fails to be one. */
Size
address_fault(const char *address, Size length)
{
	Size		fault;

	(void) check(address, length, false, &fault);
	return fault;
}

/* Where a text that is no pattern fails to be one. */
Size
pattern_fault(const char *pattern, Size length)
{
	Size		fault;

	(void) check(pattern, length, true, &fault);
	return fault;
}

/*
 * Whether an address matches a pattern.  On a mismatch only the latest ** need
 * take one segment more, since what came before it has matched already.
 */
bool
pattern_match(const char *pattern, Size pattern_length,
			  const char *address, Size address_length)
{
	Size		p = 0;			/* offsets of the segments to compare */
	Size		a = 0;
	bool		seen = false;	/* a ** so far, and where to go on after it */
	Size		retry_p = 0;
	Size		retry_a = 0;

	while (a <= address_length)
	{
		Segment		actual = segment_at(address, address_length, a);

		if (p <= pattern_length)
		{
			Segment		wanted = segment_at(pattern, pattern_length, p);

			if (is_any_number(&wanted))
			{
				if (wanted.next > pattern_length)
					return true;
				seen = true;
				p = retry_p = wanted.next;
				retry_a = a;
				continue;
			}
			if (is_any_one(&wanted) ||
				(wanted.length == actual.length &&
				 memcmp(wanted.start, actual.start, actual.length) == 0))
			{
				p = wanted.next;
				a = actual.next;
				continue;
			}
		}
		if (!seen)
			return false;
		p = retry_p;
		a = retry_a = segment_at(address, address_length, retry_a).next;
	}

	/* The address is used up; what is left must be able to match nothing. */
	while (p <= pattern_length)
	{
		Segment		wanted = segment_at(pattern, pattern_length, p);

		if (!is_any_number(&wanted))
			return false;
		p = wanted.next;
	}
	return true;
}

/*
 * How many leading bytes of a pattern every match starts with.  A star ends
 * them, and takes the colon before it along if nothing need follow that.
 */
Size
pattern_prefix(const char *pattern, Size length)
{
	Size		prefix = length;
	bool		optional = false;	/* only ** since the prefix */

	for (Size offset = 0; offset <= length;)
	{
		Segment		segment = segment_at(pattern, length, offset);

		if (is_any_number(&segment))
		{
			if (!optional)
				prefix = offset;
			optional = true;
		}
		else if (optional)
			return prefix;
		else if (is_any_one(&segment))
			return offset;
		offset = segment.next;
	}
	if (optional && prefix > 0)
		prefix--;
	return prefix;
}
