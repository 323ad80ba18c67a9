/*
 * key.h
 *		Idempotency keys and references: one effect each.
 */
#ifndef LEDGER_KEY_H
#define LEDGER_KEY_H

#include "write.h"

extern void key_lock(Write *write);
extern void key_check(Write *write);
extern void key_recheck(Write *write);
extern bool key_decide(Write *write, WriteItem *item);
extern void key_take(Write *write, const WriteItem *item);
extern int *key_order(const Write *write, bool by_key);
extern void key_give_back(Write *write, const WriteItem *item);

#endif							/* LEDGER_KEY_H */
