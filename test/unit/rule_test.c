/*
 * rule_test.c
 *		The rules of posting against a second, simpler model of them.
 *
 * The model keeps no running sums: to judge a posting it adds up, from the
 * start and in decimal limbs, what all postings before it did.  So it has
 * nothing to undo and cannot overflow.  Random cases crowd around limits,
 * around 38 digits and around the last version; what they capture or set free
 * was held, as the server sees to.  Cases written out by hand are in
 * hold_test.c.
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

/* What is added up of a balance: first what a source has, then what a destination. */
typedef enum Quantity
{
	OUTFLOW,
	HELD_OUT,
	EXPIRED_OUT,
	INFLOW,
	HELD_IN,
	EXPIRED_IN,
	QUANTITIES
} Quantity;

/* A case as the model sees it. */
typedef struct Model
{
	const Case *c;
	Wide		start[MAX_BALANCES][QUANTITIES];
	Wide		amount[MAX_POSTINGS];	/* decided so far */
	int			accepted;		/* how many postings were */
	int			balance;		/* the one that the next is refused for */
	Wide		found;			/* on it */
} Model;

static const Wide zero;
static const char *const quantity_names[] = {"outflow", "held", "expired", "inflow", "held", "expired"};
static const char *const effect_names[] = {"move", "hold", "capture", "release"};
static const char *const verdict_names[] = {
	"accepted", "below floor", "above ceiling", "frozen", "closed", "out of range", "no bound"
};
static const char *const up_to_names[] = {"up to: nothing", "up to: less than asked", "up to: all of it"};
static long verdicts[RULE_NO_BOUND + 1];
static long accepted_effects[RULE_RELEASE + 1];	/* in accepted cases */
static long undone_effects[RULE_RELEASE + 1];	/* in refused ones, before the posting refused */
static long up_to[lengthof(up_to_names)];
static long forced;				/* past a limit */

/* The quantities of a balance. */
static void
quantities(const RuleBalance *b, Amount *sums)
{
	sums[OUTFLOW] = b->outflow;
	sums[HELD_OUT] = b->held_out;
	sums[EXPIRED_OUT] = b->expired_out;
	sums[INFLOW] = b->inflow;
	sums[HELD_IN] = b->held_in;
	sums[EXPIRED_IN] = b->expired_in;
}

/* ------ the model ------ */

static void
model_start(Model *m, const Case *c)
{
	m->c = c;
	for (int i = 0; i < c->balance_count; i++)
	{
		Amount		sums[QUANTITIES];

		quantities(&c->balances[i], sums);
		for (int k = 0; k < QUANTITIES; k++)
			m->start[i][k] = wide_from(sums[k]);
	}
}

/* Whether a posting makes entries. */
static bool
model_moves(const Case *c, int n)
{
	return c->postings[n].effect != RULE_HOLD && c->postings[n].effect != RULE_RELEASE;
}

/* What a posting adds to a quantity of the balance on that side of it. */
static Wide
model_change(const Model *m, int n, Quantity quantity)
{
	const RulePosting *p = &m->c->postings[n];
	Wide		change = zero;

	if (quantity == OUTFLOW || quantity == INFLOW)
		return model_moves(m->c, n) ? m->amount[n] : change;
	if (quantity == EXPIRED_OUT || quantity == EXPIRED_IN)
		return p->effect == RULE_RELEASE && p->expired ? wide_minus(change, wide_from(p->release)) : change;
	if (p->effect == RULE_HOLD)
		return m->amount[n];
	if (p->effect == RULE_CAPTURE)
		change = wide_minus(change, m->amount[n]);
	if (p->effect == RULE_CAPTURE || p->effect == RULE_RELEASE)
		change = wide_minus(change, wide_from(p->release));
	return change;
}

/* A quantity of one balance after the first so many postings. */
static Wide
model_sum(const Model *m, Quantity quantity, int index, int postings)
{
	Wide		sum = m->start[index][quantity];

	for (int i = 0; i < postings; i++)
		if ((quantity < INFLOW ? m->c->postings[i].source : m->c->postings[i].destination) == index)
			sum = wide_plus(sum, model_change(m, i, quantity));
	return sum;
}

/* What is held and has not expired. */
static Wide
model_held(const Model *m, Quantity held, int index, int postings)
{
	return wide_minus(model_sum(m, held, index, postings), model_sum(m, held + 1, index, postings));
}

static Wide
model_balance(const Model *m, int index, int postings)
{
	return wide_minus(model_sum(m, INFLOW, index, postings), model_sum(m, OUTFLOW, index, postings));
}

/* The same less what is held and counts. */
static Wide
model_available(const Model *m, int index, int postings)
{
	return wide_minus(model_balance(m, index, postings), model_held(m, HELD_OUT, index, postings));
}

/* How many entries the first so many postings make on a balance. */
static int
model_entries(const Case *c, int index, int postings)
{
	int			count = 0;

	for (int i = 0; i < postings; i++)
		if (model_moves(c, i))
			count += (c->postings[i].source == index) + (c->postings[i].destination == index);
	return count;
}

/* Whether a number has more than 38 digits. */
static bool
model_too_large(Wide value)
{
	return wide_compare(value, wide_power_of_ten(38)) >= 0 ||
		wide_compare(wide_minus(zero, value), wide_power_of_ten(38)) >= 0;
}

/* Whether a balance has no version left for the entries of so many postings. */
static bool
model_no_version(const Case *c, int index, int entries)
{
	return wide_compare(wide_from(entries), wide_from((int128) PG_INT64_MAX - c->balances[index].version)) > 0;
}

/* A number no further out than 128 bits go. */
static Wide
model_clamp(Wide value)
{
	Wide		most = wide_from((int128) (~(uint128) 0 >> 1));
	Wide		least = wide_minus(wide_minus(zero, most), wide_from(1));

	if (wide_compare(value, most) > 0)
		return most;
	return wide_compare(value, least) < 0 ? least : value;
}

/* Note where a posting is refused, and pass the reason on. */
static RuleVerdict
model_refuse(Model *m, RuleVerdict verdict, int balance, Wide found)
{
	m->balance = balance;
	m->found = found;
	return verdict;
}

/* Judge the status of a balance. */
static RuleVerdict
model_judge_status(Model *m, int index)
{
	char		status = m->c->balances[index].status;

	if (status == STATUS_OPEN)
		return RULE_ACCEPTED;
	return model_refuse(m, status == STATUS_FROZEN ? RULE_FROZEN : RULE_CLOSED, index, zero);
}

/* Decide the amount of a posting; false if nothing bounds it. */
static bool
model_decide(Model *m, int n)
{
	const RulePosting *p = &m->c->postings[n];
	const RuleBalance *source = &m->c->balances[p->source];
	Wide		room;

	m->amount[n] = wide_from(p->asked);
	if (!p->up_to)
		return true;
	if (!source->has_floor)
		return !model_too_large(wide_plus(m->amount[n], wide_from(1)));
	room = wide_minus(model_available(m, p->source, n), wide_from(source->floor));
	if (wide_compare(room, zero) < 0)
		room = zero;
	if (wide_compare(room, m->amount[n]) < 0)
		m->amount[n] = room;
	return true;
}

/* Judge what a posting does to the floor of its source and the ceiling of its destination. */
static RuleVerdict
model_judge_limits(Model *m, int n)
{
	int			from = m->c->postings[n].source;
	int			to = m->c->postings[n].destination;
	Wide		available = model_available(m, from, n);
	Wide		reach;

	if (m->c->balances[from].has_floor &&
		wide_compare(wide_minus(available, m->amount[n]), wide_from(m->c->balances[from].floor)) < 0)
		return model_refuse(m, RULE_BELOW_FLOOR, from, model_clamp(available));

	/* The outflow of this same posting counts, should it go to its source. */
	reach = wide_plus(wide_minus(model_sum(m, INFLOW, to, n), model_sum(m, OUTFLOW, to, n + 1)),
					  model_held(m, HELD_IN, to, n));
	if (m->c->balances[to].has_ceiling &&
		wide_compare(wide_plus(reach, m->amount[n]), wide_from(m->c->balances[to].ceiling)) > 0)
		return model_refuse(m, RULE_ABOVE_CEILING, to, model_clamp(reach));
	return RULE_ACCEPTED;
}

/* Judge the posting at an index, all before it having been accepted. */
static RuleVerdict
model_judge(Model *m, int n)
{
	const RulePosting *p = &m->c->postings[n];
	bool		moves = model_moves(m->c, n);
	RuleVerdict verdict;

	m->amount[n] = zero;
	if (p->effect == RULE_RELEASE)
		return RULE_ACCEPTED;
	verdict = model_judge_status(m, p->source);
	if (verdict == RULE_ACCEPTED)
		verdict = model_judge_status(m, p->destination);
	if (verdict != RULE_ACCEPTED)
		return verdict;
	if (!model_decide(m, n))
		return model_refuse(m, RULE_NO_BOUND, p->source, zero);

	if (wide_compare(m->amount[n], zero) < 0 ||
		model_too_large(model_sum(m, moves ? OUTFLOW : HELD_OUT, p->source, n + 1)) ||
		(moves && model_no_version(m->c, p->source, model_entries(m->c, p->source, n) + 1)))
		return model_refuse(m, RULE_OUT_OF_RANGE, p->source, zero);
	if (model_too_large(model_sum(m, moves ? INFLOW : HELD_IN, p->destination, n + 1)) ||
		(moves && model_no_version(m->c, p->destination, model_entries(m->c, p->destination, n + 1))))
		return model_refuse(m, RULE_OUT_OF_RANGE, p->destination, zero);

	if (p->effect == RULE_CAPTURE || wide_compare(m->amount[n], zero) == 0)
		return RULE_ACCEPTED;
	verdict = model_judge_limits(m, n);
	if (!p->force)
		return verdict;
	forced += verdict != RULE_ACCEPTED;
	return RULE_ACCEPTED;
}

/* What should come of a case: the first refusal, or acceptance. */
static RuleVerdict
model_run(Model *m)
{
	RuleVerdict verdict = RULE_ACCEPTED;

	for (m->accepted = 0; m->accepted < m->c->posting_count; m->accepted++)
	{
		verdict = model_judge(m, m->accepted);
		if (verdict != RULE_ACCEPTED)
			break;
	}
	return verdict;
}

/* ------ comparing ------ */

/* Whether a balance is what it was plus all postings, and no more. */
static bool
same_after(const Model *m, const RuleBalance *after, int index)
{
	const RuleBalance *before = &m->c->balances[index];
	Amount		sums[QUANTITIES];

	quantities(after, sums);
	for (int i = 0; i < QUANTITIES; i++)
		if (wide_compare(wide_from(sums[i]), model_sum(m, i, index, m->accepted)) != 0)
			return false;
	return after->version - before->version == model_entries(m->c, index, m->accepted) &&
		after->floor == before->floor && after->ceiling == before->ceiling &&
		after->has_floor == before->has_floor && after->has_ceiling == before->has_ceiling &&
		after->status == before->status;
}

/* Whether an entry is the side of a posting that it should be. */
static bool
same_entry(const Model *m, const RuleEntry *entry, int posting, bool is_source)
{
	const RulePosting *p = &m->c->postings[posting];
	int			index = is_source ? p->source : p->destination;
	Wide		amount = m->amount[posting];
	Wide		before = model_balance(m, index, posting);
	int			number = model_entries(m->c, index, posting) + 1;

	if (is_source)
		amount = wide_minus(zero, amount);
	else if (p->source == index)
	{
		before = wide_minus(before, amount);
		number++;
	}
	return entry->index == index &&
		entry->version - m->c->balances[index].version == number &&
		wide_compare(wide_from(entry->amount), amount) == 0 &&
		wide_compare(wide_from(entry->balance), wide_plus(before, amount)) == 0;
}

/* Whether the entries are those of the postings that move money, and no more. */
static bool
same_entries(const Model *m, const RuleEntry *entries, const RuleEntry *untouched)
{
	int			made = 0;

	for (int i = 0; i < m->c->posting_count; i++)
		for (int side = 0; side < 2 && model_moves(m->c, i); side++)
			if (!same_entry(m, &entries[made++], i, side == 0))
				return false;
	return memcmp(&entries[made], untouched, sizeof(*untouched)) == 0;
}

/* Whether the postings have the amounts decided and are otherwise as they were. */
static bool
same_postings(const Model *m, const RulePosting *postings)
{
	for (int i = 0; i < m->c->posting_count; i++)
	{
		RulePosting was;

		memcpy(&was, &postings[i], sizeof(was));	/* padding as well */
		if (wide_compare(wide_from(was.amount), m->amount[i]) != 0)
			return false;
		was.amount = m->c->postings[i].amount;
		if (memcmp(&was, &m->c->postings[i], sizeof(was)) != 0)
			return false;
	}
	return true;
}

/* Count what a case was about. */
static void
count_case(const Model *m, RuleVerdict verdict)
{
	verdicts[verdict]++;
	for (int i = 0; i < m->accepted; i++)
	{
		const RulePosting *p = &m->c->postings[i];

		(verdict == RULE_ACCEPTED ? accepted_effects : undone_effects)[p->effect]++;
		if (p->effect != RULE_RELEASE && p->up_to && m->c->balances[p->source].has_floor)
			up_to[wide_compare(m->amount[i], wide_from(p->asked)) == 0 ? 2 : wide_compare(m->amount[i], zero)]++;
	}
}

/* Whether the code does with a case what the model says; *problem says what not. */
static bool
agree(const Case *c, const char **problem)
{
	RuleBalance balances[MAX_BALANCES];
	RulePosting postings[MAX_POSTINGS];
	RuleEntry	entries[MAX_ENTRIES + 1];
	RuleEntry	untouched;
	RuleRefusal refusal = {RULE_ACCEPTED, -1, -1, -1};
	Model		m;
	RuleVerdict expected;
	RuleVerdict verdict;

	model_start(&m, c);
	expected = model_run(&m);
	count_case(&m, expected);
	memset(&untouched, 0x5A, sizeof(untouched));
	for (int i = 0; i <= MAX_ENTRIES; i++)
		entries[i] = untouched;
	memcpy(balances, c->balances, sizeof(balances));
	memcpy(postings, c->postings, sizeof(postings));
	verdict = rule_apply(balances, postings, c->posting_count, entries, &refusal);

	*problem = "verdict";
	if (verdict != expected)
		return false;
	if (verdict != RULE_ACCEPTED)
	{
		*problem = "refusal";
		if (refusal.verdict != verdict || refusal.posting != m.accepted || refusal.balance != m.balance)
			return false;
		*problem = "found";
		if (wide_compare(wide_from(refusal.found), m.found) != 0)
			return false;
		*problem = "balances after refusal";
		return memcmp(balances, c->balances, sizeof(balances)) == 0;
	}
	*problem = "balances";
	for (int i = 0; i < c->balance_count; i++)
		if (!same_after(&m, &balances[i], i))
			return false;
	*problem = "postings";
	if (!same_postings(&m, postings))
		return false;
	*problem = "entries";
	if (!same_entries(&m, entries, &untouched))
		return false;
	*problem = "balances after undo";
	rule_undo(balances, postings, c->posting_count);
	return memcmp(balances, c->balances, sizeof(balances)) == 0;
}

/* Count a case, and print all of it if it failed. */
static void
run_case(const Case *c)
{
	const char *problem = "";
	char		text[2][AMOUNT_TEXT_MAX];
	bool		ok = agree(c, &problem);

	if (check_case(ok, "wrong %s", problem) || check_failed > CHECK_MAX_REPORTS)
		return;
	for (int i = 0; i < c->balance_count; i++)
	{
		const RuleBalance *b = &c->balances[i];
		Amount		sums[QUANTITIES];

		printf("  %d %c version %lld", i, b->status, (long long) b->version);
		quantities(b, sums);
		for (int k = 0; k < QUANTITIES; k++)
			printf(" %s %s", quantity_names[k], amount_text(sums[k], 0, text[0]));
		printf(" floor %s", b->has_floor ? amount_text(b->floor, 0, text[0]) : "none");
		printf(" ceiling %s\n", b->has_ceiling ? amount_text(b->ceiling, 0, text[0]) : "none");
	}
	for (int i = 0; i < c->posting_count; i++)
	{
		const RulePosting *p = &c->postings[i];

		printf("  %s%s%s%s %s release %s from %d to %d\n", effect_names[p->effect], p->up_to ? " up to" : "",
			   p->force ? " force" : "", p->expired ? " expired" : "", amount_text(p->asked, 0, text[0]),
			   amount_text(p->release, 0, text[1]), p->source, p->destination);
	}
}

/* ------ random cases ------ */

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

/* A random part of an amount, often all of it. */
static Amount
random_part(Amount whole)
{
	Amount		little = check_below(12);

	switch (check_below(4))
	{
		case 0:
			return whole / (1 + little);
		case 1:
			return Min(whole, little);
		case 2:
			return whole - Min(whole, little);
		default:
			return whole;
	}
}

/* A random balance of a kind. */
static void
random_balance(RuleBalance *b, int kind)
{
	b->inflow = random_sum(kind);
	b->outflow = kind == 0 ? check_below(12) : kind == 1 ? random_sum(1) :
		check_below(2) ? check_below(20) : random_sum(kind);
	if (check_below(3) == 0)
		b->held_in = check_below(2) ? random_sum(kind) : check_below(10);
	if (check_below(3) == 0)
		b->held_out = check_below(2) ? random_sum(kind) : check_below(10);
	if (check_below(3) == 0)
		b->expired_in = random_part(b->held_in);
	if (check_below(3) == 0)
		b->expired_out = random_part(b->held_out);
	b->has_floor = check_below(4) != 0;
	b->has_ceiling = check_below(3) == 0;

	/* Limits that do not apply have values too: they must not matter. */
	b->floor = check_below(3) == 0 ? -random_sum(kind) : check_below(16) - 8;
	b->ceiling = check_below(3) == 0 ? check_below(40) : random_sum(kind);
	if (check_below(8) == 0)
		b->ceiling = -b->ceiling;
	b->version = check_below(6) == 0 ? PG_INT64_MAX - check_below(8) : check_below(1000);
	b->status = check_below(40) != 0 ? STATUS_OPEN : check_below(2) ? STATUS_FROZEN : STATUS_CLOSED;
}

/* What is left above the floor or below the ceiling, give or take three. */
static Amount
random_room(const RuleBalance *b, bool is_source)
{
	Amount		half = is_source ? rule_balance(b) / 2 - (b->held_out - b->expired_out) / 2 - b->floor / 2 :
		b->ceiling / 2 - rule_balance(b) / 2 - (b->held_in - b->expired_in) / 2;
	Amount		room;

	return half >= 2 && amount_add(half, half, &room) && amount_add(room, check_below(7) - 3, &room) ? room : 0;
}

/* What a new posting may ask for. */
static Amount
random_asked(const Case *c, const RulePosting *p, int kind)
{
	switch (check_below(8))
	{
		case 0:
			return random_room(&c->balances[p->source], true);
		case 1:
			return random_room(&c->balances[p->destination], false);
		case 2:
			return check_below(20) == 0 ? -random_sum(kind) : 0;
		case 3:
			return random_sum(kind);
		default:
			return check_below(12);
	}
}

/* The balances of a posting. */
static void
random_sides(const Case *c, RulePosting *p)
{
	p->source = check_below(c->balance_count);
	p->destination = check_below(c->balance_count);
	if (p->source == p->destination && check_below(10) != 0)
		p->destination = (p->source + 1) % c->balance_count;
}

/* Make a posting work on what is held: held[] is what is left of that, and is kept up. */
static void
random_work(const Case *c, RulePosting *p, RuleBalance *held)
{
	Amount		left = 0;
	Amount	   *out = NULL;
	Amount	   *in = NULL;

	for (int i = 0; i < 6 && left == 0; i++)
	{
		random_sides(c, p);
		p->expired = p->effect == RULE_RELEASE && check_below(2);
		out = p->expired ? &held[p->source].expired_out : &held[p->source].held_out;
		in = p->expired ? &held[p->destination].expired_in : &held[p->destination].held_in;
		left = Min(*out, *in);
	}
	p->asked = random_part(left);
	p->release = random_part(left);
	if (p->effect == RULE_CAPTURE)
	{
		p->release = check_below(3) == 0 ? 0 : random_part(left - p->asked);
		*out -= p->asked;
		*in -= p->asked;
	}
	else
		p->up_to = check_below(2);
	*out -= p->release;
	*in -= p->release;
}

/* A random posting between the balances of a case. */
static void
random_posting(const Case *c, RulePosting *p, int kind, RuleBalance *held)
{
	p->effect = check_below(10) < 4 ? RULE_MOVE : check_below(4);
	p->force = check_below(8) == 0;

	/* What is for the rules to set, or for other effects, must not matter. */
	p->amount = random_sum(kind);
	p->release = random_sum(kind);
	if (p->effect == RULE_CAPTURE || p->effect == RULE_RELEASE)
	{
		random_work(c, p, held);
		return;
	}
	random_sides(c, p);
	p->asked = random_asked(c, p, kind);
	p->up_to = check_below(4) == 0;
	if (p->up_to && check_below(3) == 0)
		p->asked = amount_limit();
}

/* A random case: mostly small numbers, so that most of it is accepted. */
static void
random_case(Case *c)
{
	RuleBalance held[MAX_BALANCES];
	int			kind = check_below(5);

	kind = kind < 3 ? 0 : kind - 2;
	memset(c, 0, sizeof(*c));
	c->balance_count = 1 + check_below(MAX_BALANCES);
	c->posting_count = check_below(MAX_POSTINGS + 1);
	for (int i = 0; i < MAX_BALANCES; i++)
		random_balance(&c->balances[i], kind);
	memcpy(held, c->balances, sizeof(held));
	for (int i = 0; i < MAX_BALANCES; i++)
	{
		held[i].held_in -= held[i].expired_in;
		held[i].held_out -= held[i].expired_out;
	}
	for (int i = 0; i < c->posting_count; i++)
		random_posting(c, &c->postings[i], kind, held);
}

/* Cases that are all about the same would prove little. */
static void
expect_often(const char *name, long count)
{
	printf("%s: %ld\n", name, count);
	check_case(check_cases < 10000 || count > check_cases / 200, "too few random cases: %s", name);
}

int
main(int argc, char **argv)
{
	check_start(argc, argv, 1200000);
	for (long i = 0; i < check_cases; i++)
	{
		Case		c;

		random_case(&c);
		run_case(&c);
	}
	for (int i = 0; i <= RULE_NO_BOUND; i++)
		expect_often(verdict_names[i], verdicts[i]);
	for (int i = 0; i <= RULE_RELEASE; i++)
	{
		expect_often(effect_names[i], accepted_effects[i]);
		expect_often("taken back of these", undone_effects[i]);
	}
	for (int i = 0; i < (int) lengthof(up_to_names); i++)
		expect_often(up_to_names[i], up_to[i]);
	expect_often("forced past a limit", forced);
	return check_finish();
}
