/*
 * account.h
 *		Accounts: addresses in a ledger.
 */
#ifndef LEDGER_ACCOUNT_H
#define LEDGER_ACCOUNT_H

#include "postgres.h"

extern void account_init(void);
extern bool account_holds_any_asset(int32 ledger_id, const char *address, int length);

#endif							/* LEDGER_ACCOUNT_H */
