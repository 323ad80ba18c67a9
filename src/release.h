/*
 * release.h
 *		Early lock release.
 */
#ifndef LEDGER_RELEASE_H
#define LEDGER_RELEASE_H

#include "postgres.h"

extern void release_init(void);
extern void release_mark(void);
extern void release_tell_of(TransactionId xid);

#endif							/* LEDGER_RELEASE_H */
