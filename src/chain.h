/*
 * chain.h
 *		The place of a record in its ledger: its position and, in a strict
 *		ledger, its hash.
 */
#ifndef LEDGER_CHAIN_H
#define LEDGER_CHAIN_H

#include "postgres.h"

#include "canon.h"
#include "journal.h"
#include "ledger.h"
#include "lock.h"
#include "merkle.h"

/* The end of a ledger's journal, where a call appends; one on the stack of each call. */
typedef struct Chain
{
	const Ledger *ledger;
	int64		last;			/* the last position, in ledgers without gaps */
	MerkleHash *context;
	uint8		hash[HASH_SIZE];	/* of the last record, in strict ledgers */
} Chain;

extern void chain_enter(Chain *chain, const Ledger *ledger, StoreTable *journal, LockOrder *order);
extern int64 chain_position(Chain *chain);
extern void chain_hash(Chain *chain, JournalRecord *record, const CanonEntry *entries);
extern void chain_leave(Chain *chain);

#endif							/* LEDGER_CHAIN_H */
