/*
 * ledger.h
 *		Ledgers by name.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "postgres.h"
#include "error.h"

/* A ledger's settings; a copy, good for the call. */
typedef struct Ledger
{
	char		name[NAMEDATALEN];
	int32		id;
	bool		auto_open;		/* unknown accounts are opened on first use */
} Ledger;

extern void ledger_init(void);
extern bool ledger_find(text *name, Ledger *ledger, Refusal *refusal);

#endif							/* LEDGER_LEDGER_H */
