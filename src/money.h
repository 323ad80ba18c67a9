/*
 * money.h
 *		Between amounts and numeric datums, in a server.
 */
#ifndef LEDGER_MONEY_H
#define LEDGER_MONEY_H

#include "postgres.h"
#include "amount.h"

extern AmountStatus money_read(Datum numeric, int scale, Amount *value);
extern Amount money_stored(Datum numeric, int scale);
extern Datum money_numeric(Amount value, int scale);
extern char *money_text(Amount value, int scale);

#endif							/* LEDGER_MONEY_H */
