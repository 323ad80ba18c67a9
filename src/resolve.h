/*
 * resolve.h
 *		From names to numbers: assets, amounts and the balances concerned; and
 *		back to names where a rule refuses.
 */
#ifndef LEDGER_RESOLVE_H
#define LEDGER_RESOLVE_H

#include "write.h"

extern bool resolve_items(Write *write);
extern bool resolve_amount(Datum numeric, const Asset *asset, const char *prefix, Amount *amount, Refusal *refusal);
extern bool resolve_refuse_striped(Write *write, const Condition *condition);
extern bool resolve_refuse_by_rule(Write *write, WriteItem *item, const RuleRefusal *reason);

#endif							/* LEDGER_RESOLVE_H */
