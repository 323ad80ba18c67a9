/*
 * origin.h
 *		Where an import starts: its header, and the ledger that it goes to.
 */
#ifndef LEDGER_ORIGIN_H
#define LEDGER_ORIGIN_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "entry.h"
#include "intake.h"
#include "journal.h"
#include "ledger.h"
#include "merkle.h"

/* Records written at a time, and rows fetched. */
#define IMPORT_CHUNK	1000

/* An import on its way. */
typedef struct Import
{
	/* where it goes */
	text	   *name;
	Ledger		ledger;			/* id 0 until it is made */
	bool		fresh;
	StoreTable *journal;
	StoreTable *entry;
	Intake	   *intake;

	/* where it is */
	int64		line;
	int64		after;			/* position of the last record before */
	bool		headed;			/* the header was read */
	bool		ended;			/* the last line was read */
	int64		last;			/* position of the last record */
	bool		serial;
	bool		strict;			/* as of the last record */
	int64		last_block;		/* the last block that is to come */
	bool		has_head;
	uint8		head[HASH_SIZE];	/* of the export */
	uint8		digest[HASH_SIZE];	/* of all lines */
	uint8		chain[HASH_SIZE];	/* of the last record, while strict */
	uint8		chain_start[HASH_SIZE];	/* what the first record of the chain followed */
	uint8		block_hash[HASH_SIZE];	/* of the last block */
	int64		block;			/* its number */
	StringInfoData leaves;		/* of the records since, after room for a header */
	int64		first_unsealed;	/* the position of the first of them */
	MerkleHash *hash;

	/* what is to be written */
	MemoryContext outer;
	MemoryContext chunk;		/* of the lines since the last time something was written */
	JournalRecord records[IMPORT_CHUNK];
	int64		lines[IMPORT_CHUNK];	/* where they were */
	int			record_count;
	EntryRecord *entries;
	int			entry_count;
	int			entry_room;

	/* what has come of it */
	int64		record_total;
	int64		first_line;		/* that of the first record */
	int64		entry_total;
	int64		block_total;
} Import;

LEDGER_NORETURN extern void origin_refuse(const Import *import, const char *reason);
extern Datum origin_value(const Import *import, const char *query, int nargs, Oid *types, Datum *args, bool *isnull);
extern void origin_take(Import *import, Jsonb *header);

#endif							/* LEDGER_ORIGIN_H */
