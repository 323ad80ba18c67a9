/*
 * set.h
 *		The balances of a call, from their names to what is written.
 */
#ifndef LEDGER_SET_H
#define LEDGER_SET_H

#include "postgres.h"

#include "balance.h"
#include "ledger.h"
#include "lock.h"

/* One mention of a balance; balance_set_build fills in where it is in the set. */
typedef struct BalanceMention
{
	const char *address;
	int			address_length;
	int			asked;			/* ANY_STRIPE, or which */
	const Asset *asset;
	int		   *index;
	Amount		amount;			/* taken from it or given to it, at most */
	bool		taken;
	bool		whole;			/* all of the balance must be known, whatever its stripes */
} BalanceMention;

extern void balance_set_build(BalanceSet *set, const BalanceMention *mentions, int count);
extern void balance_set_resolve(BalanceSet *set, const Ledger *ledger, StoreTable *table, LockOrder *order,
								const BalanceMention *mentions, int count);
extern void balance_set_unopen(BalanceSet *set, const Ledger *ledger);
extern void balance_set_lock(BalanceSet *set, StoreTable *table, LockOrder *order, bool may_seize);
extern bool balance_set_seize(BalanceSet *set, StoreTable *table, TimestampTz recorded_at);
extern void balance_set_lock_rest(BalanceSet *set, StoreTable *table, LockOrder *order);
extern void balance_set_restore(BalanceSet *set, StoreTable *table);
extern void balance_set_write(BalanceSet *set, StoreTable *table, TimestampTz recorded_at);

#endif							/* LEDGER_SET_H */
