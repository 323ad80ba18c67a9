/*
 * scope.h
 *		Tags of records, and conditions on what else has them.
 */
#ifndef LEDGER_SCOPE_H
#define LEDGER_SCOPE_H

#include "write.h"

extern int64 scope_last(const Ledger *ledger);
extern int64 scope_settle(const Ledger *ledger, const JournalMatch *match);
extern void scope_lock(Write *write);
extern void scope_check(Write *write);

#endif							/* LEDGER_SCOPE_H */
