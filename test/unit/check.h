/*
 * check.h
 *		What the unit tests share: counted cases and repeatable random numbers.
 *
 * A test is a plain program: [seed [cases]] as arguments, or SEED and CASES in
 * the environment.  It prints the seed it uses; the same seed gives the same
 * run.  Its exit status is 0 if no case failed.
 */
#ifndef CHECK_H
#define CHECK_H

#include "c.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The server's own printf needs its library to link; the tests do not. */
#undef printf
#undef vprintf
#undef snprintf

#define CHECK_DEFAULT_SEED	UINT64CONST(20250101)
#define CHECK_MAX_REPORTS	20

static uint64 check_seed;
static uint64 check_state;
static long check_cases;
static long check_passed;
static long check_failed;

/* Read a number from an argument, else from the environment, else a default. */
static inline uint64
check_setting(int argc, char **argv, int index, const char *name, uint64 otherwise)
{
	const char *text = argc > index ? argv[index] : getenv(name);

	return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* Start a test program; check_cases is how many random cases it should run. */
static inline void
check_start(int argc, char **argv, long cases)
{
	check_seed = check_setting(argc, argv, 1, "SEED", CHECK_DEFAULT_SEED);
	check_state = check_seed;
	check_cases = (long) check_setting(argc, argv, 2, "CASES", (uint64) cases);
	printf("seed %llu\n", (unsigned long long) check_seed);
}

/* The next random 64 bits (splitmix64). */
static inline uint64
check_random(void)
{
	uint64		z = (check_state += UINT64CONST(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* A random number from 0 to n - 1. */
static inline int
check_below(int n)
{
	return (int) (check_random() % (uint64) n);
}

static inline bool check_case(bool ok, const char *format,...) pg_attribute_printf(2, 3);

/* Count a case, and say which if it failed (the first ones only). */
static inline bool
check_case(bool ok, const char *format,...)
{
	va_list		arguments;

	if (ok)
	{
		check_passed++;
		return true;
	}
	if (check_failed++ < CHECK_MAX_REPORTS)
	{
		printf("not ok: ");
		va_start(arguments, format);
		vprintf(format, arguments);
		va_end(arguments);
		printf("\n");
	}
	return false;
}

/* Say how many cases ran and how they went; the exit status of the program. */
static inline int
check_finish(void)
{
	printf("%ld cases ran\n", check_passed + check_failed);
	printf("%ld passed, %ld failed\n", check_passed, check_failed);
	return check_failed == 0 && check_passed > 0 ? 0 : 1;
}

#endif							/* CHECK_H */
