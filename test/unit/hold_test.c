/*
 * hold_test.c
 *		The rules of posting by examples: limits, holds, up_to, force.
 *
 * Written out by hand, they say what comes out, sum by sum.  Whatever is
 * accepted is also taken back, and must leave the balances as they were.
 */
#include "check.h"

#include "../../src/rule.h"

#define MAX_BALANCES	4
#define MAX_POSTINGS	8
#define MAX_ENTRIES		(2 * MAX_POSTINGS)

/* The ends of 128 bits. */
#define MOST	((Amount) (~(uint128) 0 >> 1))
#define LEAST	(-MOST - 1)

/* An example: what it starts from, and what came of it. */
typedef struct Book
{
	RuleBalance balances[MAX_BALANCES];
	RulePosting postings[MAX_POSTINGS];
	int			count;
	RuleBalance after[MAX_BALANCES];
	RuleEntry	entries[MAX_ENTRIES];
} Book;

/* ------ examples ------ */

/* Open balances without limits, and no postings. */
static Book
new_book(void)
{
	Book		book;

	memset(&book, 0, sizeof(book));
	for (int i = 0; i < MAX_BALANCES; i++)
		book.balances[i].status = STATUS_OPEN;
	return book;
}

/* Add a posting from balance 0 to balance 1; the caller may change it. */
static RulePosting *
add(Book *book, RuleEffect effect, Amount asked, Amount release)
{
	RulePosting *posting = &book->postings[book->count++];

	memset(posting, 0, sizeof(*posting));
	posting->effect = effect;
	posting->asked = asked;
	posting->release = release;
	posting->amount = -7;		/* the rules set it */
	posting->destination = 1;
	return posting;
}

static void
set_floor(RuleBalance *balance, Amount floor)
{
	balance->has_floor = true;
	balance->floor = floor;
}

static void
set_ceiling(RuleBalance *balance, Amount ceiling)
{
	balance->has_ceiling = true;
	balance->ceiling = ceiling;
}

/* Apply the postings; book->after gets what comes of it, and that can be taken back. */
static void
expect_accepted(Book *book, const char *name)
{
	RuleBalance back[MAX_BALANCES];
	RuleRefusal refusal = {RULE_ACCEPTED, 0, 0, 0};
	RuleVerdict verdict;

	memcpy(book->after, book->balances, sizeof(book->after));
	memset(book->entries, 0x5A, sizeof(book->entries));
	verdict = rule_apply(book->after, book->postings, book->count, book->entries, &refusal);
	if (!check_case(verdict == RULE_ACCEPTED, "%s: refused for reason %d", name, verdict))
		return;
	memcpy(back, book->after, sizeof(back));
	rule_undo(back, book->postings, book->count);
	check_case(memcmp(back, book->balances, sizeof(back)) == 0, "%s: not taken back", name);
}

/* Apply the postings: refused at one, for a balance, with what was found on it. */
static void
expect_refused(Book *book, RuleVerdict verdict, int posting, int balance, Amount found, const char *name)
{
	RuleRefusal refusal = {RULE_ACCEPTED, -1, -1, -1};

	memcpy(book->after, book->balances, sizeof(book->after));
	check_case(rule_apply(book->after, book->postings, book->count, book->entries, &refusal) == verdict &&
			   refusal.verdict == verdict && refusal.posting == posting && refusal.balance == balance &&
			   refusal.found == found, "%s: not refused as written", name);
	check_case(memcmp(book->after, book->balances, sizeof(book->after)) == 0, "%s: left something", name);
}

/* Check all sums and the version of a balance after it. */
static void
expect_balance(const Book *book, int index, Amount inflow, Amount outflow, Amount held_in, Amount held_out,
			   int64 version, const char *name)
{
	const RuleBalance *b = &book->after[index];

	check_case(b->inflow == inflow && b->outflow == outflow && b->version == version,
			   "%s: wrong flow of balance %d", name, index);
	check_case(b->held_in == held_in && b->held_out == held_out, "%s: wrong holds of balance %d", name, index);
}

/* Limits: to the last unit allowed, one more refused. */
static void
test_limits(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, 70, 0);

	b[0].inflow = 100;
	b[0].held_out = 20;
	set_floor(&b[0], 10);
	expect_accepted(&book, "down to the floor");
	p->asked = 71;
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 0, 80, "one below the floor");
	b[0].has_floor = false;
	expect_accepted(&book, "no floor");
	b[1].held_in = 9;
	set_ceiling(&b[1], 80);
	expect_accepted(&book, "up to the ceiling");
	b[1].ceiling = 79;
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 1, 9, "one above the ceiling");
	b[0].has_floor = true;
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 0, 80, "the floor before the ceiling");
	p->asked = 0;
	b[0].floor = 1000;
	b[1].ceiling = -1000;
	expect_accepted(&book, "zero passes every limit");
	b[1].status = STATUS_FROZEN;
	expect_refused(&book, RULE_FROZEN, 0, 1, 0, "zero does not pass a frozen account");
	b[0].status = STATUS_CLOSED;
	expect_refused(&book, RULE_CLOSED, 0, 0, 0, "the source before the destination");
	book.count = 0;
	expect_accepted(&book, "no postings");
}

/* Postings in order: what came in may go out, but not the other way round. */
static void
test_order(void)
{
	Book		book = new_book();
	RulePosting *p;

	set_floor(&book.balances[1], 0);
	add(&book, RULE_MOVE, 50, 0);
	p = add(&book, RULE_MOVE, 50, 0);
	p->source = 1;
	p->destination = 2;
	expect_accepted(&book, "in, then out");
	p->asked = 51;
	expect_refused(&book, RULE_BELOW_FLOOR, 1, 1, 50, "in, then too much out");
	book.postings[0] = *p;
	p->source = 0;
	p->destination = 1;
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 1, 0, "out, then in");
}

/* Sums of 38 digits, the last version, and what 128 bits cannot hold. */
static void
test_edges(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, amount_limit(), 0);

	expect_accepted(&book, "38 digits");
	b[1].inflow = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 1, 0, "39 digits of inflow");
	b[1].inflow = 0;
	b[0].outflow = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "39 digits of outflow");
	p->asked = -1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "negative");

	p->asked = 1;
	b[0].version = PG_INT64_MAX - 1;
	expect_accepted(&book, "last version");
	b[0].version = PG_INT64_MAX;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "no version left");
	b[0].version = PG_INT64_MAX - 1;
	p->destination = 0;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "no version left for the second entry");

	b[0].version = 0;
	p->destination = 1;
	b[0].outflow = b[0].held_out = amount_limit() - 1;
	expect_accepted(&book, "128 bits exceeded, no floor");
	set_floor(&b[0], -amount_limit());
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 0, LEAST, "128 bits exceeded below the floor");
	b[0].has_floor = false;
	b[1].inflow = b[1].held_in = amount_limit() - 1;
	set_ceiling(&b[1], amount_limit());
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 1, MOST, "128 bits exceeded above the ceiling");
}

/* Holds count against floor and ceiling, and move nothing. */
static void
test_hold(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_HOLD, 60, 0);

	b[0].inflow = 100;
	b[0].held_out = 30;
	b[0].version = PG_INT64_MAX;
	b[1].version = 4;
	set_floor(&b[0], 10);
	set_ceiling(&b[1], 65);
	b[1].held_in = 5;
	expect_accepted(&book, "hold to both limits");
	expect_balance(&book, 0, 100, 0, 0, 90, PG_INT64_MAX, "hold to both limits");
	expect_balance(&book, 1, 0, 0, 65, 0, 4, "hold to both limits");
	p->asked = 61;
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 0, 70, "hold below the floor");
	b[0].floor = 9;
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 1, 5, "hold above the ceiling");
	p->destination = 0;
	set_ceiling(&b[0], 160);
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 0, 100, "hold within a balance, above its ceiling");
	b[0].ceiling = 161;
	expect_accepted(&book, "hold within a balance");
	expect_balance(&book, 0, 100, 0, 61, 91, PG_INT64_MAX, "hold within a balance");

	/* What one holds the next can neither hold nor move. */
	p->destination = 1;
	p->asked = 60;
	add(&book, RULE_MOVE, 1, 0)->destination = 2;
	b[0].version = 0;
	b[0].floor = 10;
	expect_refused(&book, RULE_BELOW_FLOOR, 1, 0, 10, "spent what is held");
	book.postings[1].effect = RULE_HOLD;
	expect_refused(&book, RULE_BELOW_FLOOR, 1, 0, 10, "held what is held");
	book.postings[1].source = 2;
	book.postings[1].destination = 1;
	expect_refused(&book, RULE_ABOVE_CEILING, 1, 1, 65, "reserved room that is reserved");

	book.count = 1;
	b[1].status = STATUS_CLOSED;
	expect_refused(&book, RULE_CLOSED, 0, 1, 0, "hold for a closed account");
	b[0].status = STATUS_FROZEN;
	expect_refused(&book, RULE_FROZEN, 0, 0, 0, "hold of a frozen account");
}

/* Held sums have 38 digits too. */
static void
test_hold_edges(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_HOLD, amount_limit(), 0);

	b[0].outflow = b[1].inflow = amount_limit();
	b[0].held_in = b[1].held_out = amount_limit();
	expect_accepted(&book, "held, 38 digits");
	b[1].held_in = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 1, 0, "39 digits held in");
	b[0].held_out = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "39 digits held out");
	p->asked = -1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "negative hold");
	p->asked = 0;
	set_floor(&b[0], 1);
	set_ceiling(&b[1], -1);
	expect_accepted(&book, "zero is held beyond every limit");
	p->asked = 1;
	b[0].held_out = b[1].held_in = amount_limit() - 1;
	b[0].floor = -amount_limit();
	expect_refused(&book, RULE_BELOW_FLOOR, 0, 0, LEAST, "held, 128 bits exceeded below the floor");
	b[0].has_floor = false;
	b[1].held_out = 0;
	b[1].ceiling = amount_limit();
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 1, MOST, "held, 128 bits exceeded above the ceiling");
}

/* A capture moves what is held whatever the limits are now, and can set the rest free. */
static void
test_capture(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_CAPTURE, 25, 15);

	b[0].inflow = 50;
	b[0].held_out = 44;
	b[1].held_in = 40;
	set_floor(&b[0], 1000);
	set_ceiling(&b[1], -1000);
	expect_accepted(&book, "capture past limits set since");
	expect_balance(&book, 0, 50, 25, 0, 4, 1, "capture past limits set since");
	expect_balance(&book, 1, 25, 0, 0, 0, 1, "capture past limits set since");
	check_case(p->amount == 25 && p->release == 15, "capture: changed what was asked");
	p->release = 0;
	expect_accepted(&book, "capture of a part");
	expect_balance(&book, 0, 50, 25, 0, 19, 1, "capture of a part");
	expect_balance(&book, 1, 25, 0, 15, 0, 1, "capture of a part");
	p->asked = 0;
	p->release = 40;
	expect_accepted(&book, "capture of nothing");
	expect_balance(&book, 0, 50, 0, 0, 4, 1, "capture of nothing");

	/* One after the other, and what was set free can be spent at once. */
	p->asked = 10;
	p->release = 0;
	add(&book, RULE_CAPTURE, 10, 20);
	b[0].floor = 6;
	add(&book, RULE_MOVE, 20, 0)->destination = 2;
	expect_accepted(&book, "spent what a capture set free");
	expect_balance(&book, 0, 50, 40, 0, 4, 3, "spent what a capture set free");
	book.postings[2].asked = 21;
	expect_refused(&book, RULE_BELOW_FLOOR, 2, 0, 26, "spent more than a capture set free");

	book.count = 1;
	b[1].status = STATUS_FROZEN;
	expect_refused(&book, RULE_FROZEN, 0, 1, 0, "capture for a frozen account");
	b[0].status = STATUS_CLOSED;
	expect_refused(&book, RULE_CLOSED, 0, 0, 0, "capture of a closed account");
}

/* The sums and versions of a capture are in range, or it is refused. */
static void
test_capture_edges(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_CAPTURE, amount_limit(), 0);

	b[0].held_out = b[1].held_in = amount_limit();
	expect_accepted(&book, "capture, 38 digits");
	expect_balance(&book, 1, amount_limit(), 0, 0, 0, 1, "capture, 38 digits");
	b[1].inflow = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 1, 0, "capture, 39 digits of inflow");
	b[0].outflow = 1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "capture, 39 digits of outflow");
	p->asked = -1;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "negative capture");
	p->asked = 1;
	b[1].version = PG_INT64_MAX;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 1, 0, "capture, no version left");
	p->destination = 0;
	b[0].held_in = 1;
	b[0].version = PG_INT64_MAX - 2;
	expect_accepted(&book, "capture within a balance");
	expect_balance(&book, 0, 1, 2, 0, amount_limit() - 1, PG_INT64_MAX, "capture within a balance");
	b[0].version++;
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "capture, no version left for the second entry");
}

/* What is set free is so on both sides, whatever the accounts have become. */
static void
test_release(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_RELEASE, 99, 30);

	b[0].inflow = 100;
	b[0].held_out = 70;
	b[1].held_in = 45;
	b[0].expired_out = b[1].expired_in = 35;
	b[0].status = STATUS_FROZEN;
	b[1].status = STATUS_CLOSED;
	b[0].version = PG_INT64_MAX;
	expect_accepted(&book, "release");
	expect_balance(&book, 0, 100, 0, 0, 40, PG_INT64_MAX, "release");
	expect_balance(&book, 1, 0, 0, 15, 0, 0, "release");
	check_case(p->amount == 0, "release: says that it moved something");
	check_case(book.after[0].expired_out == 35 && book.after[1].expired_in == 35, "release: took it for expired");
	p->expired = true;
	expect_accepted(&book, "expired release");
	expect_balance(&book, 0, 100, 0, 0, 40, PG_INT64_MAX, "expired release");
	expect_balance(&book, 1, 0, 0, 15, 0, 0, "expired release");
	check_case(book.after[0].expired_out == 5 && book.after[1].expired_in == 5, "expired release: counts still");
}

/* What has expired counts against no limit, before it is set free as after. */
static void
test_expired(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, 80, 0);

	b[0].inflow = 100;
	b[0].held_out = 70;
	b[0].expired_out = 50;
	b[1].held_in = 45;
	b[1].expired_in = 35;
	set_floor(&b[0], 0);
	set_ceiling(&b[1], 90);
	for (int round = 0; round < 4; round++)
	{
		p->effect = round % 2 == 0 ? RULE_MOVE : RULE_HOLD;
		p->asked = 80;
		expect_accepted(&book, "what has expired is free");
		p->asked = 81;
		expect_refused(&book, RULE_BELOW_FLOOR, book.count - 1, 0, 80, "more than has expired");
		b[0].floor = -1;
		expect_refused(&book, RULE_ABOVE_CEILING, book.count - 1, 1, 10, "more room than has expired");
		b[0].floor = 0;
		if (round == 1)
		{
			p = add(&book, RULE_MOVE, 0, 0);
			book.postings[0] = *p;
			book.postings[0].effect = RULE_RELEASE;
			book.postings[0].release = 35;
			book.postings[0].expired = true;
		}
	}

	/* What is set free before it has expired is free from then on, and not before. */
	book.postings[0].release = 20;
	book.postings[0].expired = false;
	b[1].held_in = 55;
	p->effect = RULE_MOVE;
	p->asked = 90;
	expect_accepted(&book, "what was set free is free");
	b[0].floor = 11;
	expect_refused(&book, RULE_BELOW_FLOOR, 1, 0, 100, "more than was set free");
}

/* Apply one posting with up_to, and check what came of it. */
static void
expect_up_to(Book *book, Amount asked, Amount amount, const char *name)
{
	RulePosting *p = &book->postings[book->count - 1];

	p->asked = asked;
	expect_accepted(book, name);
	check_case(p->amount == amount && p->asked == asked, "%s: another amount", name);
}

/* Up to what is available at the source. */
static void
test_up_to(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, 0, 0);

	p->up_to = true;
	expect_up_to(&book, 70, 70, "no floor: what was asked");
	expect_up_to(&book, amount_limit() - 1, amount_limit() - 1, "no floor: nearly everything");
	p->asked = amount_limit();
	expect_refused(&book, RULE_NO_BOUND, 0, 0, 0, "no floor: everything");

	b[0].inflow = 100;
	b[0].held_out = 30;
	b[0].expired_out = 10;
	set_floor(&b[0], 5);
	expect_up_to(&book, 74, 74, "less than there is");
	expect_up_to(&book, 75, 75, "what there is");
	expect_up_to(&book, 76, 75, "more than there is");
	expect_up_to(&book, amount_limit(), 75, "everything");
	expect_balance(&book, 0, 100, 75, 0, 30, 1, "everything");
	expect_balance(&book, 1, 75, 0, 0, 0, 1, "everything");
	p->effect = RULE_HOLD;
	expect_up_to(&book, amount_limit(), 75, "everything held");
	expect_balance(&book, 0, 100, 0, 0, 105, 0, "everything held");
	b[0].floor = -5;
	expect_up_to(&book, amount_limit(), 85, "everything down to a debt");
	set_ceiling(&b[1], 84);
	expect_refused(&book, RULE_ABOVE_CEILING, 0, 1, 0, "everything is above the ceiling");
	b[0].floor = 80;
	expect_up_to(&book, amount_limit(), 0, "at the floor");
	b[0].floor = 200;
	expect_up_to(&book, 7, 0, "below the floor");
	p->effect = RULE_MOVE;
	expect_up_to(&book, 7, 0, "below the floor");
	expect_balance(&book, 0, 100, 0, 0, 30, 1, "below the floor");

	/* The second takes what the first left. */
	b[0].floor = 0;
	p->asked = 50;
	p = add(&book, RULE_MOVE, 0, 0);
	p->destination = 2;
	p->up_to = true;
	expect_up_to(&book, amount_limit(), 30, "the rest");
	b[1].status = STATUS_FROZEN;
	expect_refused(&book, RULE_FROZEN, 0, 1, 0, "everything to a frozen account");
}

/* What is available above a floor may be more than 128 bits hold. */
static void
test_up_to_edges(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, 0, 0);

	p->up_to = true;
	b[0].inflow = amount_limit();
	set_floor(&b[0], -amount_limit());
	expect_up_to(&book, 5, 5, "little of more than 128 bits");
	expect_up_to(&book, amount_limit(), amount_limit(), "most of more than 128 bits");
	p->effect = RULE_HOLD;
	expect_up_to(&book, amount_limit(), amount_limit(), "held most of more than 128 bits");
	b[0].inflow = 0;
	expect_up_to(&book, amount_limit(), amount_limit(), "a debt of 38 digits");
	b[0].outflow = 1;
	expect_up_to(&book, amount_limit(), amount_limit() - 1, "a debt of 38 digits, less one");
	b[0].outflow = b[0].held_out = amount_limit();
	expect_up_to(&book, amount_limit(), 0, "nothing, with 128 bits exceeded");
	b[0].floor = amount_limit();
	expect_up_to(&book, amount_limit(), 0, "nothing, with 128 bits exceeded far below the floor");
	b[0].floor = -amount_limit();
	b[0].inflow = amount_limit();
	b[0].outflow = b[0].held_out = 0;
	b[1].held_in = 1;
	p->asked = amount_limit();
	expect_refused(&book, RULE_OUT_OF_RANGE, 0, 1, 0, "39 digits up to");
}

/* Force passes floor and ceiling, nothing else. */
static void
test_force(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RulePosting *p = add(&book, RULE_MOVE, 50, 0);

	p->force = true;
	set_floor(&b[0], 0);
	set_ceiling(&b[1], 0);
	expect_accepted(&book, "forced move");
	expect_balance(&book, 0, 0, 50, 0, 0, 1, "forced move");
	p->effect = RULE_HOLD;
	expect_accepted(&book, "forced hold");
	expect_balance(&book, 1, 0, 0, 50, 0, 0, "forced hold");
	for (p->effect = RULE_MOVE; p->effect <= RULE_CAPTURE; p->effect++)
	{
		p->asked = amount_limit();
		b[0].outflow = b[0].held_out = 1;
		expect_refused(&book, RULE_OUT_OF_RANGE, 0, 0, 0, "forced out of range");
		p->asked = 0;
		b[1].status = STATUS_FROZEN;
		expect_refused(&book, RULE_FROZEN, 0, 1, 0, "forced to a frozen account");
		b[1].status = STATUS_OPEN;
	}

	/* What was forced is there for those that are not. */
	p->effect = RULE_MOVE;
	p->asked = 9;
	add(&book, RULE_MOVE, 1, 0);
	expect_refused(&book, RULE_BELOW_FLOOR, 1, 0, -11, "not forced");
	book.postings[1].source = 2;
	expect_refused(&book, RULE_ABOVE_CEILING, 1, 1, 9, "not forced");
}

/* Entries are those of what moved, two each, and follow one another. */
static void
test_entries(void)
{
	static const RuleEffect effects[] = {
		RULE_HOLD, RULE_MOVE, RULE_RELEASE, RULE_CAPTURE, RULE_HOLD, RULE_CAPTURE, RULE_RELEASE
	};
	static const RuleEntry expected[] = {
		{-3, -3, 8, 0}, {3, 3, 1, 1}, {-4, -7, 9, 0}, {4, 7, 2, 1}, {-6, -13, 10, 0}, {6, 13, 3, 1}
	};
	Book		book = new_book();
	RuleEntry	untouched;

	for (int i = 0; i < (int) lengthof(effects); i++)
		add(&book, effects[i], i + 1 + (effects[i] == RULE_MOVE), effects[i] == RULE_RELEASE ? i : 1);
	book.postings[1].asked = 3;
	book.balances[0].version = 7;
	book.balances[0].held_out = book.balances[1].held_in = 40;
	expect_accepted(&book, "entries");
	for (int i = 0; i < (int) lengthof(expected); i++)
		check_case(book.entries[i].amount == expected[i].amount && book.entries[i].balance == expected[i].balance &&
				   book.entries[i].version == expected[i].version && book.entries[i].index == expected[i].index,
				   "entries: wrong entry %d", i);
	memset(&untouched, 0x5A, sizeof(untouched));
	for (int i = lengthof(expected); i < MAX_ENTRIES; i++)
		check_case(memcmp(&book.entries[i], &untouched, sizeof(untouched)) == 0, "entries: too many");
	/* 40, held 1 and 5, captured 4 and 6 with 1 each, set free 2 and 6 */
	expect_balance(&book, 0, 0, 13, 0, 26, 10, "entries");
	expect_balance(&book, 1, 13, 0, 26, 0, 3, "entries");
}

/* Lists that follow one another are taken back one by one, the latest first. */
static void
test_chain(void)
{
	Book		book = new_book();
	RuleBalance *b = book.balances;
	RuleBalance was[5][MAX_BALANCES];
	int			ends[] = {0, 3, 5, 5, 8};
	RuleRefusal refusal;

	b[0].inflow = 50;
	b[0].held_out = b[1].held_in = 30;
	b[0].expired_out = b[1].expired_in = 10;
	set_floor(&b[0], 0);
	add(&book, RULE_HOLD, 10, 0);
	add(&book, RULE_CAPTURE, 5, 5);
	add(&book, RULE_RELEASE, 0, 10)->expired = true;
	add(&book, RULE_MOVE, amount_limit(), 0)->up_to = true;
	add(&book, RULE_MOVE, 7, 0)->force = true;
	add(&book, RULE_CAPTURE, 10, 0);
	add(&book, RULE_RELEASE, 0, 10);
	add(&book, RULE_MOVE, 1, 0)->destination = 0;
	for (int i = 1; i < (int) lengthof(ends); i++)
	{
		memcpy(was[i - 1], b, sizeof(book.balances));
		check_case(rule_apply(b, &book.postings[ends[i - 1]], ends[i] - ends[i - 1], book.entries, &refusal) ==
				   RULE_ACCEPTED, "chain: list %d was refused", i);
	}
	memcpy(book.after, b, sizeof(book.after));
	expect_balance(&book, 0, 51, 48, 0, 0, 6, "chain");
	expect_balance(&book, 1, 47, 0, 0, 0, 4, "chain");
	for (int i = (int) lengthof(ends) - 1; i > 0; i--)
	{
		rule_undo(b, &book.postings[ends[i - 1]], ends[i] - ends[i - 1]);
		check_case(memcmp(b, was[i - 1], sizeof(book.balances)) == 0, "chain: list %d was not taken back", i);
	}
}

int
main(int argc, char **argv)
{
	check_start(argc, argv, 0);
	test_limits();
	test_order();
	test_edges();
	test_hold();
	test_hold_edges();
	test_capture();
	test_capture_edges();
	test_release();
	test_expired();
	test_up_to();
	test_up_to_edges();
	test_force();
	test_entries();
	test_chain();
	return check_finish();
}
