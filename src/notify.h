/*
 * notify.h
 *		Telling listeners that a ledger has new records.
 */
#ifndef LEDGER_NOTIFY_H
#define LEDGER_NOTIFY_H

#include "postgres.h"
#include "ledger.h"

extern void notify_init(void);
extern void notify_mark(const Ledger *ledger);

#endif							/* LEDGER_NOTIFY_H */
