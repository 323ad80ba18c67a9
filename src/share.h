/*
 * share.h
 *		Limits of a balance that is kept in several rows, its stripes.
 *
 * Each stripe has limits of its own, its shares; the shares of a limit sum to it.
 * So if every stripe keeps within its shares, the balance keeps within its
 * limits, and whoever posts to one stripe need not look at the others.  What a
 * stripe has between its share and what it holds is its room.  Room moves between
 * stripes that are locked by changing their shares: the money stays where it is.
 *
 * Pure compute: needs c.h only and runs without a server.
 */
#ifndef LEDGER_SHARE_H
#define LEDGER_SHARE_H

#include "rule.h"

/* What the other stripes hold together. */
typedef struct ShareSums
{
	Amount		balance;
	Amount		available;
	Amount		expected;
} ShareSums;

extern bool share_allows(const RuleBalance *stripe, Amount outflow, Amount inflow);
extern bool share_gather(RuleBalance *stripes, int one, const int *others, int count, ShareSums *sums);
extern bool share_spread(RuleBalance *stripes, int one, const int *others, int count, const bool *used);

#endif							/* LEDGER_SHARE_H */
