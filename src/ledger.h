/*
 * ledger.h
 *		Ledgers by name.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "postgres.h"
#include "error.h"
#include "lock.h"

/* A ledger's settings; a copy, good for the call. */
typedef struct Ledger
{
	char		name[NAMEDATALEN];
	int32		id;
	bool		auto_open;		/* unknown accounts are opened on first use */
	bool		serial;			/* one transaction writes at a time */
	bool		notify;			/* listeners are told of new records */
} Ledger;

extern void ledger_init(void);
extern bool ledger_find(text *name, Ledger *ledger, Refusal *refusal);
extern LedgerLock ledger_write_lock(const Ledger *ledger);
extern bool ledger_await_writer(const Ledger *ledger);

#endif							/* LEDGER_LEDGER_H */
