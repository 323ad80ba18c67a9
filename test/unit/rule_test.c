/*
 * rule_test.c
 *		The rules of posting against a second, simpler model of them.
 *
 * The model keeps no running sums: to judge a posting it adds up, from the
 * start and in decimal limbs, all postings before it.  So it has nothing to
 * undo and cannot overflow.  Random cases crowd around limits, around 38
 * digits and around the last version.
 */
#include "check.h"
#include "wide.h"

#include "../../src/rule.h"

#define MAX_BALANCES	4
#define MAX_POSTINGS	6
#define MAX_ENTRIES		(2 * MAX_POSTINGS)

/* One random case, as given to both. */
typedef struct Case
{
	RuleBalance balances[MAX_BALANCES];
	RulePosting postings[MAX_POSTINGS];
	int			balance_count;
	int			posting_count;
} Case;

/* What the model expects of it. */
typedef struct Expected
{
	RuleVerdict verdict;
	int			posting;
	int			balance;
	Wide		found;
} Expected;

static long verdicts[RULE_OUT_OF_RANGE + 1];

/* The inflow of one balance after the first so many postings. */
static Wide
model_inflow(const Case *c, int index, int postings)
{
	Wide		sum = wide_from(c->balances[index].inflow);

	for (int i = 0; i < postings; i++)
		if (c->postings[i].destination == index)
			sum = wide_plus(sum, wide_from(c->postings[i].amount));
	return sum;
}

/* The same for its outflow. */
static Wide
model_outflow(const Case *c, int index, int postings)
{
	Wide		sum = wide_from(c->balances[index].outflow);

	for (int i = 0; i < postings; i++)
		if (c->postings[i].source == index)
			sum = wide_plus(sum, wide_from(c->postings[i].amount));
	return sum;
}

/* How many entries the first so many postings make on a balance. */
static int
model_entries(const Case *c, int index, int postings)
{
	int			count = 0;

	for (int i = 0; i < postings; i++)
		count += (c->postings[i].source == index) + (c->postings[i].destination == index);
	return count;
}

/* Whether a number has more than 38 digits. */
static bool
model_too_large(Wide value)
{
	return wide_compare(value, wide_power_of_ten(38)) >= 0 ||
		wide_compare(wide_minus(wide_from(0), value), wide_power_of_ten(38)) >= 0;
}

/* Whether a balance has no version left for so many entries. */
static bool
model_no_version(const Case *c, int index, int entries)
{
	Wide		version = wide_plus(wide_from(c->balances[index].version), wide_from(entries));

	return wide_compare(version, wide_from(PG_INT64_MAX)) > 0;
}

/* A number no further out than 128 bits go. */
static Wide
model_clamp(Wide value)
{
	Wide		most = wide_from((int128) (~(uint128) 0 >> 1));
	Wide		least = wide_minus(wide_minus(wide_from(0), most), wide_from(1));

	if (wide_compare(value, most) > 0)
		return most;
	return wide_compare(value, least) < 0 ? least : value;
}

/* A verdict with why and where. */
static Expected
model_refuse(RuleVerdict verdict, int posting, int balance, Wide found)
{
	Expected	expected = {verdict, posting, balance, found};

	return expected;
}

/* Judge the posting at an index, all before it having been accepted. */
static Expected
model_judge(const Case *c, int n)
{
	int			from = c->postings[n].source;
	int			to = c->postings[n].destination;
	Wide		none = wide_from(0);
	Wide		amount = wide_from(c->postings[n].amount);
	Wide		available;
	Wide		reach;

	if (c->balances[from].status != STATUS_OPEN)
		return model_refuse(c->balances[from].status == STATUS_FROZEN ? RULE_FROZEN : RULE_CLOSED,
							n, from, none);
	if (c->balances[to].status != STATUS_OPEN)
		return model_refuse(c->balances[to].status == STATUS_FROZEN ? RULE_FROZEN : RULE_CLOSED,
							n, to, none);

	if (wide_compare(amount, none) < 0 ||
		model_too_large(model_outflow(c, from, n + 1)) ||
		model_no_version(c, from, model_entries(c, from, n) + 1))
		return model_refuse(RULE_OUT_OF_RANGE, n, from, none);
	if (model_too_large(model_inflow(c, to, n + 1)) ||
		model_no_version(c, to, model_entries(c, to, n + 1)))
		return model_refuse(RULE_OUT_OF_RANGE, n, to, none);
	if (wide_compare(amount, none) == 0)
		return model_refuse(RULE_ACCEPTED, n, from, none);

	available = wide_minus(wide_minus(model_inflow(c, from, n), model_outflow(c, from, n)),
						   wide_from(c->balances[from].held_out));
	if (c->balances[from].has_floor &&
		wide_compare(wide_minus(available, amount), wide_from(c->balances[from].floor)) < 0)
		return model_refuse(RULE_BELOW_FLOOR, n, from, model_clamp(available));

	/* The outflow of this same posting counts, should it go to its source. */
	reach = wide_plus(wide_minus(model_inflow(c, to, n), model_outflow(c, to, n + 1)),
					  wide_from(c->balances[to].held_in));
	if (c->balances[to].has_ceiling &&
		wide_compare(wide_plus(reach, amount), wide_from(c->balances[to].ceiling)) > 0)
		return model_refuse(RULE_ABOVE_CEILING, n, to, model_clamp(reach));
	return model_refuse(RULE_ACCEPTED, n, from, none);
}

/* What should come of a case: the first refusal, or acceptance. */
static Expected
model_run(const Case *c)
{
	for (int i = 0; i < c->posting_count; i++)
	{
		Expected	expected = model_judge(c, i);

		if (expected.verdict != RULE_ACCEPTED)
			return expected;
	}
	return model_refuse(RULE_ACCEPTED, 0, 0, wide_from(0));
}

/* Whether two balances agree in every field. */
static bool
same_balance(const RuleBalance *a, const RuleBalance *b)
{
	return a->inflow == b->inflow && a->outflow == b->outflow &&
		a->held_in == b->held_in && a->held_out == b->held_out &&
		a->floor == b->floor && a->ceiling == b->ceiling && a->version == b->version &&
		a->has_floor == b->has_floor && a->has_ceiling == b->has_ceiling &&
		a->status == b->status;
}

/* Whether a balance is what it was plus so many postings, and no more. */
static bool
same_after(const Case *c, const RuleBalance *after, int index, int postings)
{
	RuleBalance same = *after;

	if (wide_compare(wide_from(after->inflow), model_inflow(c, index, postings)) != 0 ||
		wide_compare(wide_from(after->outflow), model_outflow(c, index, postings)) != 0 ||
		after->version - c->balances[index].version != model_entries(c, index, postings))
		return false;
	same.inflow = c->balances[index].inflow;
	same.outflow = c->balances[index].outflow;
	same.version = c->balances[index].version;
	return same_balance(&same, &c->balances[index]);
}

/* Whether an entry is the side of a posting that it should be. */
static bool
same_entry(const Case *c, const RuleEntry *entry, int posting, bool is_source)
{
	const RulePosting *p = &c->postings[posting];
	int			index = is_source ? p->source : p->destination;
	Wide		amount = wide_from(p->amount);
	Wide		before = wide_minus(model_inflow(c, index, posting),
									model_outflow(c, index, posting));
	int			number = model_entries(c, index, posting) + 1;

	if (is_source)
		amount = wide_minus(wide_from(0), amount);
	else if (p->source == index)
	{
		before = wide_minus(before, amount);
		number++;
	}
	return entry->index == index &&
		entry->version - c->balances[index].version == number &&
		wide_compare(wide_from(entry->amount), amount) == 0 &&
		wide_compare(wide_from(entry->balance), wide_plus(before, amount)) == 0;
}

/* Whether the code does with a case what the model says; *problem says what not. */
static bool
agree(const Case *c, const char **problem)
{
	RuleBalance balances[MAX_BALANCES];
	RuleEntry	entries[MAX_ENTRIES + 1];
	RuleEntry	untouched;
	RuleRefusal refusal = {RULE_ACCEPTED, -1, -1, -1};
	Expected	expected = model_run(c);
	RuleVerdict verdict;
	bool		accepted = expected.verdict == RULE_ACCEPTED;

	memset(&untouched, 0x5A, sizeof(untouched));
	for (int i = 0; i <= MAX_ENTRIES; i++)
		entries[i] = untouched;
	memcpy(balances, c->balances, sizeof(balances));
	verdict = rule_apply(balances, c->postings, c->posting_count, entries, &refusal);
	verdicts[expected.verdict]++;

	*problem = "verdict";
	if (verdict != expected.verdict)
		return false;
	*problem = "refusal";
	if (!accepted &&
		(refusal.verdict != verdict || refusal.posting != expected.posting ||
		 refusal.balance != expected.balance))
		return false;
	*problem = "found";
	if (!accepted && wide_compare(wide_from(refusal.found), expected.found) != 0)
		return false;
	*problem = "balances";
	for (int i = 0; i < MAX_BALANCES; i++)
		if (!same_after(c, &balances[i], i, accepted ? c->posting_count : 0))
			return false;
	*problem = "entries";
	for (int i = 0; accepted && i < 2 * c->posting_count; i++)
		if (!same_entry(c, &entries[i], i / 2, i % 2 == 0))
			return false;
	*problem = "entries beyond the last";
	return memcmp(&entries[2 * c->posting_count], &untouched, sizeof(untouched)) == 0;
}

/* Count a case, and print all of it if it failed. */
static void
run_case(const Case *c, const char *name)
{
	const char *problem;
	char		text[5][AMOUNT_TEXT_MAX];
	bool		ok = agree(c, &problem);

	if (check_case(ok, "%s: wrong %s", name, problem) || check_failed > CHECK_MAX_REPORTS)
		return;
	for (int i = 0; i < c->balance_count; i++)
	{
		const RuleBalance *b = &c->balances[i];

		printf("  %d %c in %s out %s held in %s out %s version %lld", i, b->status,
			   amount_text(b->inflow, 0, text[0]), amount_text(b->outflow, 0, text[1]),
			   amount_text(b->held_in, 0, text[2]), amount_text(b->held_out, 0, text[3]),
			   (long long) b->version);
		printf(" floor %s", b->has_floor ? amount_text(b->floor, 0, text[4]) : "none");
		printf(" ceiling %s\n", b->has_ceiling ? amount_text(b->ceiling, 0, text[4]) : "none");
	}
	for (int i = 0; i < c->posting_count; i++)
		printf("  %s from %d to %d\n", amount_text(c->postings[i].amount, 0, text[0]),
			   c->postings[i].source, c->postings[i].destination);
}

/* A random amount of at most `digits` digits. */
static Amount
random_digits(int digits)
{
	Amount		value = 0;

	while (digits-- > 0)
		value = value * 10 + check_below(10);
	return value;
}

/*
 * A random sum: small, anything, or next to the limit.  Kinds are one per
 * case, so that its numbers are near one another.
 */
static Amount
random_sum(int kind)
{
	if (kind == 0 || check_below(8) == 0)
		return check_below(30);
	if (kind == 1)
		return random_digits(check_below(39));
	return amount_limit() - check_below(30);
}

/* A random balance of a kind. */
static RuleBalance
random_balance(int kind)
{
	RuleBalance b;

	memset(&b, 0, sizeof(b));
	b.inflow = random_sum(kind);
	b.outflow = kind == 0 ? check_below(12) : kind == 1 ? random_sum(1) :
		check_below(2) ? check_below(20) : random_sum(kind);
	if (check_below(4) == 0)
		b.held_in = check_below(2) ? random_sum(kind) : check_below(10);
	if (check_below(4) == 0)
		b.held_out = check_below(2) ? random_sum(kind) : check_below(10);
	b.has_floor = check_below(4) != 0;
	b.has_ceiling = check_below(3) == 0;

	/* Limits that do not apply have values too: they must not matter. */
	b.floor = check_below(3) == 0 ? -random_sum(kind) : check_below(16) - 8;
	b.ceiling = check_below(3) == 0 ? check_below(40) : random_sum(kind);
	if (check_below(8) == 0)
		b.ceiling = -b.ceiling;
	b.version = check_below(6) == 0 ? PG_INT64_MAX - check_below(8) : check_below(1000);
	b.status = check_below(40) != 0 ? STATUS_OPEN : check_below(2) ? STATUS_FROZEN : STATUS_CLOSED;
	return b;
}

/* What is left above the floor or below the ceiling, give or take one. */
static Amount
random_room(const RuleBalance *b, bool is_source)
{
	Amount		room = 0;
	Amount		near;

	if (is_source)
		(void) amount_subtract(rule_balance(b) / 2, b->floor / 2 + b->held_out / 2, &room);
	else
		(void) amount_subtract(b->ceiling / 2, rule_balance(b) / 2 + b->held_in / 2, &room);
	if (!amount_add(room, room, &near) || !amount_add(near, check_below(7) - 3, &room))
		return 0;
	return room > 0 ? room : 0;
}

/* A random posting between the balances of a case. */
static RulePosting
random_posting(const Case *c, int kind)
{
	RulePosting p;

	p.source = check_below(c->balance_count);
	p.destination = check_below(c->balance_count);
	if (p.source == p.destination && check_below(10) != 0)
		p.destination = (p.source + 1) % c->balance_count;
	switch (check_below(8))
	{
		case 0:
			p.amount = random_room(&c->balances[p.source], true);
			break;
		case 1:
			p.amount = random_room(&c->balances[p.destination], false);
			break;
		case 2:
			p.amount = check_below(20) == 0 ? -random_sum(kind) : 0;
			break;
		case 3:
			p.amount = random_sum(kind);
			break;
		default:
			p.amount = check_below(12);
	}
	return p;
}

/* A random case: mostly small numbers, so that most of it is accepted. */
static void
random_case(Case *c)
{
	int			kind = check_below(5);

	kind = kind < 3 ? 0 : kind - 2;
	memset(c, 0, sizeof(*c));
	c->balance_count = 1 + check_below(MAX_BALANCES);
	c->posting_count = check_below(MAX_POSTINGS + 1);
	for (int i = 0; i < MAX_BALANCES; i++)
		c->balances[i] = random_balance(kind);
	for (int i = 0; i < c->posting_count; i++)
		c->postings[i] = random_posting(c, kind);
}

/* A case of two open balances without limits and one posting of an amount. */
static Case
plain_case(Amount amount)
{
	Case		c;

	memset(&c, 0, sizeof(c));
	c.balance_count = 2;
	c.posting_count = 1;
	for (int i = 0; i < MAX_BALANCES; i++)
		c.balances[i].status = STATUS_OPEN;
	c.postings[0].amount = amount;
	c.postings[0].destination = 1;
	return c;
}

/* Run a case, and check its verdict also against one written out by hand. */
static void
expect(const Case *c, RuleVerdict verdict, Amount found, const char *name)
{
	RuleBalance balances[MAX_BALANCES];
	RuleEntry	entries[MAX_ENTRIES];
	RuleRefusal refusal = {RULE_ACCEPTED, 0, 0, 0};

	run_case(c, name);
	memcpy(balances, c->balances, sizeof(balances));
	check_case(rule_apply(balances, c->postings, c->posting_count, entries, &refusal) == verdict &&
			   refusal.found == found, "%s: not as written", name);
}

/* Limits: to the last unit allowed, one more refused. */
static void
test_limits(void)
{
	Case		c = plain_case(70);

	c.balances[0].inflow = 100;
	c.balances[0].held_out = 20;
	c.balances[0].has_floor = true;
	c.balances[0].floor = 10;
	expect(&c, RULE_ACCEPTED, 0, "down to the floor");
	c.postings[0].amount = 71;
	expect(&c, RULE_BELOW_FLOOR, 80, "one below the floor");
	c.balances[0].has_floor = false;
	expect(&c, RULE_ACCEPTED, 0, "no floor");

	c.balances[1].held_in = 9;
	c.balances[1].has_ceiling = true;
	c.balances[1].ceiling = 80;
	expect(&c, RULE_ACCEPTED, 0, "up to the ceiling");
	c.balances[1].ceiling = 79;
	expect(&c, RULE_ABOVE_CEILING, 9, "one above the ceiling");
	c.balances[0].has_floor = true;
	expect(&c, RULE_BELOW_FLOOR, 80, "the floor before the ceiling");
	c.postings[0].amount = 0;
	c.balances[0].floor = 1000;
	c.balances[1].ceiling = -1000;
	expect(&c, RULE_ACCEPTED, 0, "zero passes every limit");
	c.balances[1].status = STATUS_FROZEN;
	expect(&c, RULE_FROZEN, 0, "zero does not pass a frozen account");
	c.balances[0].status = STATUS_CLOSED;
	expect(&c, RULE_CLOSED, 0, "the source before the destination");
	c.posting_count = 0;
	expect(&c, RULE_ACCEPTED, 0, "no postings");
}

/* Postings in order: what came in may go out, but not the other way round. */
static void
test_order(void)
{
	Case		c = plain_case(50);

	c.posting_count = 2;
	c.balances[1].has_floor = true;
	c.postings[1].amount = 50;
	c.postings[1].source = 1;
	c.postings[1].destination = 2;
	expect(&c, RULE_ACCEPTED, 0, "in, then out");
	c.postings[1].amount = 51;
	expect(&c, RULE_BELOW_FLOOR, 50, "in, then too much out");
	c.postings[0] = c.postings[1];
	c.postings[1].source = 0;
	c.postings[1].destination = 1;
	expect(&c, RULE_BELOW_FLOOR, 0, "out, then in");
}

/* Sums of 38 digits, the last version, and what 128 bits cannot hold. */
static void
test_edges(void)
{
	Amount		most = (Amount) (~(uint128) 0 >> 1);
	Case		c = plain_case(amount_limit());

	expect(&c, RULE_ACCEPTED, 0, "38 digits");
	c.balances[1].inflow = 1;
	expect(&c, RULE_OUT_OF_RANGE, 0, "39 digits of inflow");
	c.balances[1].inflow = 0;
	c.balances[0].outflow = 1;
	expect(&c, RULE_OUT_OF_RANGE, 0, "39 digits of outflow");
	c.postings[0].amount = -1;
	expect(&c, RULE_OUT_OF_RANGE, 0, "negative");

	c = plain_case(1);
	c.balances[0].version = PG_INT64_MAX - 1;
	expect(&c, RULE_ACCEPTED, 0, "last version");
	c.balances[0].version = PG_INT64_MAX;
	expect(&c, RULE_OUT_OF_RANGE, 0, "no version left");

	c = plain_case(1);
	c.balances[0].outflow = c.balances[0].held_out = amount_limit() - 1;
	expect(&c, RULE_ACCEPTED, 0, "128 bits exceeded, no floor");
	c.balances[0].has_floor = true;
	c.balances[0].floor = -amount_limit();
	expect(&c, RULE_BELOW_FLOOR, -most - 1, "128 bits exceeded below the floor");
	c.balances[0].has_floor = false;
	c.balances[1].inflow = c.balances[1].held_in = amount_limit() - 1;
	c.balances[1].has_ceiling = true;
	c.balances[1].ceiling = amount_limit();
	expect(&c, RULE_ABOVE_CEILING, most, "128 bits exceeded above the ceiling");
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {
		"accepted", "below floor", "above ceiling", "frozen", "closed", "out of range"
	};

	check_start(argc, argv, 600000);
	test_limits();
	test_order();
	test_edges();
	memset(verdicts, 0, sizeof(verdicts));
	for (long i = 0; i < check_cases; i++)
	{
		Case		c;

		random_case(&c);
		run_case(&c, "random");
	}

	/* Cases that all end the same way would prove little. */
	for (int i = 0; i <= RULE_OUT_OF_RANGE; i++)
	{
		printf("%s: %ld\n", names[i], verdicts[i]);
		check_case(check_cases < 10000 || verdicts[i] > check_cases / 200,
				   "too few cases are %s", names[i]);
	}
	return check_finish();
}
