/*
 * carry.h
 *		Balances that several calls in a row change, written once after them.
 */
#ifndef LEDGER_CARRY_H
#define LEDGER_CARRY_H

#include "postgres.h"

#include "balance.h"

typedef struct Carry Carry;

extern Carry *carry_begin(void);
extern void carry_take(Carry *carry, BalanceSet *set);
extern void carry_keep(Carry *carry, BalanceSet *set, StoreTable *table, TimestampTz recorded_at);
extern void carry_make_room(Carry *carry);
extern void carry_write(Carry *carry);
extern void carry_end(Carry *carry);
extern void carry_write_all(const Carry *but);

#endif							/* LEDGER_CARRY_H */
