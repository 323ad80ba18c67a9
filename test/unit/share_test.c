/*
 * share_test.c
 *		Stripes against one balance: random movements on stripes, one by its own
 *		shares or all of them gathered and spread, forced at times.
 *
 * The shares of a limit always sum to it; what a stripe's own shares allow, the
 * limits of the balance allow; and what all of them together allow is exactly
 * that.
 */
#include "check.h"

#include "../../src/share.h"

#define MAX_ROWS	8

static long alone;				/* moved by a stripe's own shares */
static long together;			/* by all */
static long refused;
static long forced;				/* beyond a limit */
static long back;				/* spread evenly after that */

/* A balance in several rows: the first keeps what was there before, postings go to those after it, up to `used`. */
typedef struct Book
{
	RuleBalance rows[MAX_ROWS];
	int			count;
	int			used;
	Amount		floor;
	Amount		ceiling;
} Book;

static void
random_book(Book *book)
{
	memset(book, 0, sizeof(*book));
	book->count = 2 + check_below(MAX_ROWS - 1);
	book->used = 1 + check_below(book->count - 1);
	book->floor = -check_below(60);
	book->ceiling = check_below(60);
	for (int i = 0; i < book->count; i++)
	{
		RuleBalance *row = &book->rows[i];

		row->has_floor = row->has_ceiling = true;
		row->inflow = row->outflow = check_below(100);
		row->held_in = row->expired_in = check_below(3);
	}
	book->rows[0].floor = book->floor;
	book->rows[0].ceiling = book->ceiling;
}

static void
sum(const Book *book, Amount *balance, Amount *floor, Amount *ceiling)
{
	*balance = *floor = *ceiling = 0;
	for (int i = 0; i < book->count; i++)
	{
		*balance += rule_balance(&book->rows[i]);
		*floor += book->rows[i].floor;
		*ceiling += book->rows[i].ceiling;
	}
}

static void
move(RuleBalance *row, Amount amount)
{
	if (amount < 0)
		row->outflow -= amount;
	else
		row->inflow += amount;
}

/* Whether one stripe has all the room, and the others what they hold. */
static bool
is_gathered(const Book *book, int one, const ShareSums *sums)
{
	const RuleBalance *row = &book->rows[one];
	Amount		balance;
	Amount		floor;
	Amount		ceiling;

	sum(book, &balance, &floor, &ceiling);
	return sums->balance == balance - rule_balance(row) &&
		rule_available(row) - row->floor == balance - book->floor &&
		row->ceiling - rule_expected(row) == book->ceiling - balance;
}

/* Whether all that postings go to have the same room, but for what cannot be divided, and the others none. */
static bool
is_even(const Book *book, int one)
{
	for (int i = 0; i < book->count; i++)
	{
		const RuleBalance *row = &book->rows[i];
		const RuleBalance *like = &book->rows[one == 1 && book->used > 1 ? 2 : 1];
		Amount		below = rule_available(row) - row->floor;

		if (i == one)
			continue;
		if (below != (i >= 1 && i <= book->used ? rule_available(like) - like->floor : 0))
			return false;
	}
	return true;
}

static void
pool(Book *book, int one, Amount amount, bool force, long number)
{
	int			others[MAX_ROWS];
	bool		used[MAX_ROWS];
	int			count = 0;
	bool		lacked;
	ShareSums	sums;
	Amount		balance;
	Amount		floor;
	Amount		ceiling;

	for (int i = 0; i < book->count; i++)
	{
		if (i == one)
			continue;
		used[count] = i >= 1 && i <= book->used;
		others[count++] = i;
	}
	sum(book, &balance, &floor, &ceiling);
	lacked = balance < floor || balance > ceiling;
	check_case(share_gather(book->rows, one, others, count, &sums) && is_gathered(book, one, &sums), "case %ld: gathered", number);
	if (share_allows(&book->rows[one], amount < 0 ? -amount : 0, amount > 0 ? amount : 0))
		together++;
	else if (force)
		forced++;
	else
	{
		refused++;
		amount = 0;
	}
	if (amount != 0 && !force)
		check_case(amount < 0 ? balance + amount >= floor : balance + amount <= ceiling, "case %ld: allowed by all", number);
	else if (amount == 0)
		check_case(true, "refused");
	move(&book->rows[one], amount);
	check_case(share_spread(book->rows, one, others, count, used), "case %ld: spread", number);
	balance += amount;
	if (balance >= floor && balance <= ceiling)
	{
		back += lacked;
		check_case(is_even(book, one), "case %ld: spread evenly", number);
	}
}

static void
run_case(long number)
{
	Book		book;

	random_book(&book);
	for (int i = 0; i < 24; i++)
	{
		bool		whole = i == 0 || check_below(4) == 0;
		int			one = whole ? check_below(book.count) : 1 + check_below(book.used);
		Amount		amount = check_below(41) - 20;
		RuleBalance *row = &book.rows[one];
		Amount		balance;
		Amount		floor;
		Amount		ceiling;

		if (whole)
			pool(&book, one, amount, check_below(4) == 0, number);
		else if (share_allows(row, amount < 0 ? -amount : 0, amount > 0 ? amount : 0))
		{
			alone++;
			move(row, amount);
			sum(&book, &balance, &floor, &ceiling);
			check_case((amount >= 0 || balance >= floor) && (amount <= 0 || balance <= ceiling), "case %ld: one stripe passed the limits of all", number);
		}
		sum(&book, &balance, &floor, &ceiling);
		check_case(floor == book.floor && ceiling == book.ceiling, "case %ld: the shares do not sum to the limits", number);
	}
}

/* Beyond 128 bits nothing is told but that it is. */
static void
run_out_of_range(void)
{
	const Amount most = (Amount) (~(uint128) 0 >> 1);
	const int	others[] = {1, 2};
	const bool	used[] = {true, false};
	RuleBalance rows[3];
	ShareSums	sums;

	memset(rows, 0, sizeof(rows));
	rows[0].has_floor = rows[1].has_floor = rows[2].has_floor = true;
	rows[1].floor = rows[2].floor = -most;
	check_case(!share_gather(rows, 0, others, 2, &sums), "gathered beyond 128 bits");
	memset(rows, 0, sizeof(rows));
	rows[0].has_ceiling = rows[1].has_ceiling = rows[2].has_ceiling = true;
	rows[0].ceiling = -most;
	rows[0].inflow = 9;
	check_case(!share_spread(rows, 0, others, 2, used), "spread beyond 128 bits");
}

static void
expect_often(const char *name, long count)
{
	printf("%s: %ld\n", name, count);
	check_case(check_cases < 10000 || count > check_cases / 20, "too few random cases: %s", name);
}

int
main(int argc, char **argv)
{
	check_start(argc, argv, 100000);
	for (long i = 0; i < check_cases; i++)
		run_case(i);
	run_out_of_range();
	expect_often("moved by a stripe's own shares", alone);
	expect_often("by all together", together);
	expect_often("refused", refused);
	expect_often("forced past a limit", forced);
	expect_often("back within them", back);
	return check_finish();
}
