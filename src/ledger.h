/*
 * ledger.h
 *		Ledgers by name.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "postgres.h"
#include "error.h"
#include "lock.h"
#include "merkle.h"

/* ledger_data.ledger.hashing */
#define HASHING_STRICT		's'

/* A ledger's settings; a copy, good for the call. */
typedef struct Ledger
{
	char		name[NAMEDATALEN];
	int32		id;
	bool		auto_open;		/* unknown accounts are opened on first use */
	bool		serial;			/* one transaction writes at a time */
	bool		notify;			/* listeners are told of new records */
	bool		strict;			/* each record's hash covers the one before */
	int64		position_base;	/* added to the numbers drawn for positions */
	uint8		chain_start[HASH_SIZE]; /* what the first record of a strict chain follows */
} Ledger;

extern void ledger_init(void);
extern bool ledger_get(int32 id, Ledger *ledger);
extern bool ledger_find(text *name, Ledger *ledger, Refusal *refusal);
extern LedgerLock ledger_write_lock(const Ledger *ledger);
extern bool ledger_await_writer(const Ledger *ledger);

#endif							/* LEDGER_LEDGER_H */
