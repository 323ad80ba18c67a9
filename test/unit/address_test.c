/*
 * address_test.c
 *		Addresses and patterns: a table of cases, every small pattern against
 *		every small address, and random ones, by a naive recursive matcher.
 */
#include "check.h"

#include <time.h>

#include "../../src/address.h"

#define MAX_SMALL	5			/* segments of the exhaustive patterns */
#define MAX_TEXT	64

/* What a check says of a text, and where. */
static void
test_checks(void)
{
	static const struct
	{
		const char *text;
		AddressStatus address;
		Size		address_fault;
		AddressStatus pattern;
		Size		pattern_fault;
	}			cases[] = {
		{"world", ADDRESS_OK, 0, ADDRESS_OK, 0},
		{"users:alice:wallet", ADDRESS_OK, 0, ADDRESS_OK, 0},
		{"a", ADDRESS_OK, 0, ADDRESS_OK, 0},
		{"azAZ09_-.@:@.-_90ZAza", ADDRESS_OK, 0, ADDRESS_OK, 0},
		{"", ADDRESS_EMPTY, 0, ADDRESS_EMPTY, 0},
		{":", ADDRESS_EMPTY_SEGMENT, 0, ADDRESS_EMPTY_SEGMENT, 0},
		{":a", ADDRESS_EMPTY_SEGMENT, 0, ADDRESS_EMPTY_SEGMENT, 0},
		{"ab:", ADDRESS_EMPTY_SEGMENT, 3, ADDRESS_EMPTY_SEGMENT, 3},
		{"a::b", ADDRESS_EMPTY_SEGMENT, 2, ADDRESS_EMPTY_SEGMENT, 2},
		{"a b", ADDRESS_BAD_CHARACTER, 1, ADDRESS_BAD_CHARACTER, 1},
		{"a:b c::", ADDRESS_BAD_CHARACTER, 3, ADDRESS_BAD_CHARACTER, 3},
		{"a::b c", ADDRESS_EMPTY_SEGMENT, 2, ADDRESS_EMPTY_SEGMENT, 2},
		{"caf\xc3\xa9", ADDRESS_BAD_CHARACTER, 3, ADDRESS_BAD_CHARACTER, 3},
		{"a\n", ADDRESS_BAD_CHARACTER, 1, ADDRESS_BAD_CHARACTER, 1},
		{"a/b", ADDRESS_BAD_CHARACTER, 1, ADDRESS_BAD_CHARACTER, 1},
		{"%", ADDRESS_BAD_CHARACTER, 0, ADDRESS_BAD_CHARACTER, 0},
		{"*", ADDRESS_BAD_CHARACTER, 0, ADDRESS_OK, 0},
		{"**", ADDRESS_BAD_CHARACTER, 0, ADDRESS_OK, 0},
		{"***", ADDRESS_BAD_CHARACTER, 0, ADDRESS_BAD_CHARACTER, 0},
		{"users:*:x", ADDRESS_BAD_CHARACTER, 6, ADDRESS_OK, 0},
		{"users:**:x", ADDRESS_BAD_CHARACTER, 6, ADDRESS_OK, 0},
		{"users:a*", ADDRESS_BAD_CHARACTER, 7, ADDRESS_BAD_CHARACTER, 7},
		{"users:*a", ADDRESS_BAD_CHARACTER, 6, ADDRESS_BAD_CHARACTER, 6},
		{"*:**:*", ADDRESS_BAD_CHARACTER, 0, ADDRESS_OK, 0},
		{"*:", ADDRESS_BAD_CHARACTER, 0, ADDRESS_EMPTY_SEGMENT, 2}
	};

	for (int i = 0; i < (int) lengthof(cases); i++)
	{
		const char *text = cases[i].text;
		Size		length = strlen(text);

		check_case(address_check(text, length) == cases[i].address &&
				   (cases[i].address == ADDRESS_OK ||
					address_fault(text, length) == cases[i].address_fault),
				   "address \"%s\"", text);
		check_case(pattern_check(text, length) == cases[i].pattern &&
				   (cases[i].pattern == ADDRESS_OK ||
					pattern_fault(text, length) == cases[i].pattern_fault),
				   "pattern \"%s\"", text);
	}
}

/* Every byte by itself, the longest address, one more, and no end at a NUL. */
static void
test_bytes(void)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@";
	char		text[ADDRESS_MAX + 1];

	for (int byte = 0; byte < 256; byte++)
	{
		bool		fine = byte != 0 && strchr(allowed, byte) != NULL;
		char		three[3] = {'a', (char) byte, 'b'};

		check_case((address_check(three, 3) == ADDRESS_OK) == (fine || byte == ':'),
				   "byte %d", byte);
	}
	memset(text, 'a', sizeof(text));
	check_case(address_check(text, ADDRESS_MAX) == ADDRESS_OK, "512 bytes");
	check_case(pattern_check(text, ADDRESS_MAX) == ADDRESS_OK, "pattern of 512 bytes");
	check_case(address_check(text, ADDRESS_MAX + 1) == ADDRESS_TOO_LONG, "513 bytes");
	check_case(pattern_check(text, ADDRESS_MAX + 1) == ADDRESS_TOO_LONG, "pattern of 513 bytes");
	check_case(address_fault(text, ADDRESS_MAX + 1) == ADDRESS_MAX, "where 513 bytes fail");
	check_case(address_check("ab:", 2) == ADDRESS_OK, "only what the length covers");
}

/* The end of the segment that starts a text: its colon or its NUL. */
static const char *
segment_end(const char *text)
{
	return text + strcspn(text, ":");
}

/*
 * Whether a pattern matches an address, by the definition.  NULL is the empty
 * rest, after the last segment.
 */
static bool
naive_match(const char *pattern, const char *address)
{
	const char *pattern_end;
	const char *pattern_rest;
	const char *address_end;
	const char *address_rest;

	if (pattern == NULL)
		return address == NULL;
	pattern_end = segment_end(pattern);
	pattern_rest = *pattern_end == ':' ? pattern_end + 1 : NULL;
	if (strncmp(pattern, "**", 2) == 0 && naive_match(pattern_rest, address))
		return true;
	if (address == NULL)
		return false;
	address_end = segment_end(address);
	address_rest = *address_end == ':' ? address_end + 1 : NULL;
	if (strncmp(pattern, "**", 2) == 0)
		return naive_match(pattern, address_rest);
	if (pattern[0] != '*' &&
		(pattern_end - pattern != address_end - address ||
		 strncmp(pattern, address, pattern_end - pattern) != 0))
		return false;
	return naive_match(pattern_rest, address_rest);
}

/* Count one comparison of the matcher with the naive one. */
static bool
match_case(const char *pattern, const char *address)
{
	bool		wanted = naive_match(pattern, address);

	check_case(pattern_match(pattern, strlen(pattern), address, strlen(address)) == wanted,
			   "\"%s\" %s \"%s\"", pattern, wanted ? "should match" : "should not match", address);
	return wanted;
}

/* Write the segments that the digits of a number, in some base, stand for. */
static void
spell(int number, int count, const char *const *segments, int base, char *text)
{
	text[0] = '\0';
	for (int i = 0; i < count; i++, number /= base)
	{
		if (i > 0)
			strcat(text, ":");
		strcat(text, segments[number % base]);
	}
}

/*
 * One pattern against all addresses of up to one segment more; its prefix is
 * exactly what all those that match begin with.
 */
static void
test_small_pattern(const char *pattern)
{
	static const char *const letters[] = {"a", "b"};
	char		common[MAX_TEXT];
	bool		any = false;

	for (int count = 1; count <= MAX_SMALL + 1; count++)
		for (int number = 0; number < 1 << count; number++)
		{
			char		address[MAX_TEXT];
			Size		same = 0;

			spell(number, count, letters, 2, address);
			if (!match_case(pattern, address))
				continue;
			if (!any)
				strcpy(common, address);
			any = true;
			while (common[same] != '\0' && common[same] == address[same])
				same++;
			common[same] = '\0';
		}
	check_case(any && pattern_prefix(pattern, strlen(pattern)) == strlen(common),
			   "prefix of \"%s\": %zu, not \"%s\"", pattern,
			   pattern_prefix(pattern, strlen(pattern)), common);
}

/* All patterns of a few segments. */
static void
test_small(void)
{
	static const char *const segments[] = {"a", "b", "*", "**"};

	for (int count = 1; count <= MAX_SMALL; count++)
		for (int number = 0; number < 1 << (2 * count); number++)
		{
			char		pattern[MAX_TEXT];

			spell(number, count, segments, 4, pattern);
			test_small_pattern(pattern);
		}
}

/* A random pattern and address, of segments that begin alike. */
static void
random_match(void)
{
	static const char *const segments[] = {"a", "ab", "abc", "b", "*", "**", "**"};
	char		pattern[MAX_TEXT] = "";
	char		address[MAX_TEXT] = "";
	int			count = 1 + check_below(8);

	for (int i = 0; i < count; i++)
	{
		strcat(pattern, i == 0 ? "" : ":");
		strcat(pattern, segments[check_below(7)]);
	}
	count = 1 + check_below(10);
	for (int i = 0; i < count; i++)
	{
		strcat(address, i == 0 ? "" : ":");
		strcat(address, segments[check_below(4)]);
	}
	if (match_case(pattern, address))
		check_case(strncmp(pattern, address, pattern_prefix(pattern, strlen(pattern))) == 0,
				   "prefix of \"%s\" for \"%s\"", pattern, address);
}

/* A case written out by hand. */
static void
expect(const char *pattern, const char *address, bool match, Size prefix)
{
	check_case(pattern_match(pattern, strlen(pattern), address, strlen(address)) == match,
			   "\"%s\" on \"%s\" is not as written", pattern, address);
	check_case(pattern_prefix(pattern, strlen(pattern)) == prefix,
			   "prefix of \"%s\" is not as written", pattern);
}

/* Patterns of the usual kinds, and what their stars take. */
static void
test_matches(void)
{
	expect("**", "users:alice", true, 0);
	expect("*", "users", true, 0);
	expect("*", "users:alice", false, 0);
	expect("users:alice", "users:alice", true, 11);
	expect("users:alice", "users:alic", false, 11);
	expect("users:alice", "users:alice:wallet", false, 11);
	expect("users:*:x", "users:alice:x", true, 6);
	expect("users:*:x", "users:x", false, 6);
	expect("users:*:x", "users:a:b:x", false, 6);
	expect("users:**", "users", true, 5);
	expect("users:**", "users2", false, 5);
	expect("users:**", "users:a:b", true, 5);
	expect("users:**:**", "users", true, 5);
	expect("users:**:x", "users:x", true, 6);
	expect("users:**:x", "users:a:x:x", true, 6);
	expect("users:**:x", "users:a:x:y", false, 6);
	expect("users:**:*", "users", false, 6);
	expect("**:x", "x", true, 0);
	expect("**:a:**:b", "a:a:b:a", false, 0);
	expect("**:a:*:b", "a:a:a:b", true, 0);
}

/* Many ** that all could match more must not take longer and longer. */
static void
test_time(void)
{
	char		pattern[ADDRESS_MAX];
	char		address[ADDRESS_MAX];
	Size		length = 0;
	clock_t		start = clock();
	bool		matched = false;

	while (length + 5 <= sizeof(pattern) - 1)
	{
		memcpy(pattern + length, "**:a:", 5);
		length += 5;
	}
	pattern[length++] = 'b';
	for (Size i = 0; i < sizeof(address); i++)
		address[i] = i % 2 == 0 ? 'a' : ':';
	for (int i = 0; i < 100; i++)
		matched = pattern_match(pattern, length, address, sizeof(address) - 1) || matched;
	check_case(!matched, "no b to match");
	check_case(clock() - start < CLOCKS_PER_SEC * 5, "a hundred hard matches take over 5 s");
}

int
main(int argc, char **argv)
{
	check_start(argc, argv, 500000);
	test_checks();
	test_bytes();
	test_matches();
	test_time();
	test_small();
	for (long i = 0; i < check_cases; i++)
		random_match();
	return check_finish();
}
