/*
 * canon.h
 *		The one byte-exact form of a journal record.
 */
#ifndef LEDGER_CANON_H
#define LEDGER_CANON_H

#include "postgres.h"
#include "lib/stringinfo.h"

#include "journal.h"
#include "merkle.h"

/* An entry as its record's line tells it.  What is damaged or missing is NULL. */
typedef struct CanonEntry
{
	const char *address;		/* not terminated */
	int			address_length;
	const char *asset;			/* code */
	const char *amount;			/* with all decimals of the asset */
	const char *balance;
	int64		version;
	int			stripe;
} CanonEntry;

extern void canon_line(StringInfo line, const JournalRecord *record, const CanonEntry *entries);
extern void canon_leaf(MerkleHash *context, const char *line, Size length, uint8 *hash);
extern const char *canon_kind_name(char kind);
extern char canon_kind(const char *name, Size length);

#endif							/* LEDGER_CANON_H */
