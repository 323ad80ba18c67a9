/*
 * rule.h
 *		The rules of posting: what a list of postings does to a set of balances.
 *
 * Pure compute: an array of balances and an array of postings in, entries or
 * the reason for refusal out.  No relation, no catalog, no allocation, no
 * state; needs c.h only and runs without a server.  The caller holds the locks
 * of every balance it passes.
 */
#ifndef LEDGER_RULE_H
#define LEDGER_RULE_H

#include "amount.h"

/* The status of an account, as stored. */
#define STATUS_OPEN		'o'
#define STATUS_FROZEN	'f'
#define STATUS_CLOSED	'c'

/* What the rules need to know of one balance, and change in it. */
typedef struct RuleBalance
{
	Amount		inflow;
	Amount		outflow;
	Amount		held_in;
	Amount		held_out;
	Amount		floor;			/* meaningful if has_floor */
	Amount		ceiling;		/* meaningful if has_ceiling */
	int64		version;
	bool		has_floor;
	bool		has_ceiling;
	char		status;
} RuleBalance;

/* An amount moved from one balance to another; both are array indexes. */
typedef struct RulePosting
{
	Amount		amount;			/* never negative */
	int			source;
	int			destination;
} RulePosting;

/* One side of a posting: entry `version` of its balance. */
typedef struct RuleEntry
{
	Amount		amount;			/* signed: negative at the source */
	Amount		balance;		/* running balance after it */
	int64		version;
	int			index;			/* of the balance */
} RuleEntry;

typedef enum RuleVerdict
{
	RULE_ACCEPTED,
	RULE_BELOW_FLOOR,
	RULE_ABOVE_CEILING,
	RULE_FROZEN,
	RULE_CLOSED,
	RULE_OUT_OF_RANGE			/* a sum would pass 38 digits, or a version its range */
} RuleVerdict;

/* Why and where a list of postings was refused. */
typedef struct RuleRefusal
{
	RuleVerdict verdict;
	int			posting;		/* index of the posting */
	int			balance;		/* index of the balance it fails on */
	Amount		found;			/* available, or balance with held inflow, as it was */
} RuleRefusal;

extern Amount rule_balance(const RuleBalance *balance);
extern Amount rule_available(const RuleBalance *balance);

/*
 * Apply the postings in the order given; entries gets two per posting, source
 * first.  Limits are checked after each posting: the floor where money leaves,
 * the ceiling where it arrives.  On refusal the balances are as they were and
 * the entries undefined.
 */
extern RuleVerdict rule_apply(RuleBalance *balances,
							  const RulePosting *postings, int count,
							  RuleEntry *entries, RuleRefusal *refusal);

#endif							/* LEDGER_RULE_H */
