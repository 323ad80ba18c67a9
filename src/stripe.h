/*
 * stripe.h
 *		Which stripe of a balance a call works with.
 */
#ifndef LEDGER_STRIPE_H
#define LEDGER_STRIPE_H

#include "postgres.h"

#include "balance.h"

extern void stripe_judge(Balance *balance, TupleDesc desc);
extern void stripe_choose(Balance *balance, int32 ledger_id, StoreTable *table, StoreScan **scan);
extern void stripe_lock(BalanceSet *set, int index, StoreTable *table);
extern void stripe_gather(BalanceSet *set);
extern void stripe_spread(BalanceSet *set);

#endif							/* LEDGER_STRIPE_H */
