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
	Amount		expired_in;		/* of held_in: by holds that have expired, so it counts no longer */
	Amount		expired_out;	/* of held_out likewise */
	Amount		floor;			/* meaningful if has_floor */
	Amount		ceiling;		/* meaningful if has_ceiling */
	int64		version;
	bool		has_floor;
	bool		has_ceiling;
	char		status;
} RuleBalance;

/* What a posting does. */
typedef enum RuleEffect
{
	RULE_MOVE,					/* amount from source to destination, within the limits */
	RULE_HOLD,					/* reserve it: outflow of the source, inflow of the destination */
	RULE_CAPTURE,				/* move what is held; set `release` of it free besides */
	RULE_RELEASE				/* set `release` of what is held free, whatever the status */
} RuleEffect;

/* An amount moved from one balance to another; both are array indexes. */
typedef struct RulePosting
{
	Amount		asked;			/* never negative */
	Amount		amount;			/* set by the rules: `asked`, or less with up_to */
	Amount		release;
	int			source;
	int			destination;
	RuleEffect	effect;
	bool		up_to;			/* as much as is available at the source, `asked` at most */
	bool		force;			/* pass floor and ceiling */
	bool		expired;		/* RULE_RELEASE: of a hold that counts as expired */
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
	RULE_OUT_OF_RANGE,			/* a sum would pass 38 digits, or a version its range */
	RULE_NO_BOUND				/* up_to everything, from a source without a floor */
} RuleVerdict;

/* Why and where a list of postings was refused. */
typedef struct RuleRefusal
{
	RuleVerdict verdict;
	int			posting;		/* index of the posting */
	int			balance;		/* index of the balance it fails on */
	Amount		found;			/* available, or balance with held inflow, as it was */
} RuleRefusal;

/* Whether an effect moves money, and so makes entries. */
static inline bool
rule_moves(RuleEffect effect)
{
	return effect == RULE_MOVE || effect == RULE_CAPTURE;
}

extern Amount rule_balance(const RuleBalance *balance);
extern Amount rule_available(const RuleBalance *balance);
extern Amount rule_expected(const RuleBalance *balance);

/*
 * Apply the postings in the order given.  entries gets two for each that moves
 * money, source first.  Limits are checked after each posting: the floor where
 * money leaves, the ceiling where it arrives.  On refusal the balances are as
 * they were and the entries undefined.
 */
extern RuleVerdict rule_apply(RuleBalance *balances,
							  RulePosting *postings, int count,
							  RuleEntry *entries, RuleRefusal *refusal);

/* Take back postings that were all applied, and nothing to the same balances since. */
extern void rule_undo(RuleBalance *balances, const RulePosting *postings, int count);

#endif							/* LEDGER_RULE_H */
