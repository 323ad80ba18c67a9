/*
 * scope.h
 *		Tags of records, and conditions on what else has them.
 */
#ifndef LEDGER_SCOPE_H
#define LEDGER_SCOPE_H

#include "write.h"

extern int64 scope_settle(int32 ledger_id, bool serial, const JournalMatch *match);
extern void scope_lock(Write *write);
extern void scope_check(Write *write);

#endif							/* LEDGER_SCOPE_H */
