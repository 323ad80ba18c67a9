/*
 * line.h
 *		A ledger's records, one after the other, as lines in canonical form.
 */
#ifndef LEDGER_LINE_H
#define LEDGER_LINE_H

#include "postgres.h"
#include "lib/stringinfo.h"

#include "entry.h"
#include "journal.h"

typedef struct LineReader LineReader;

/* What an entry is of, and the entry.  What is missing is NULL, or version 0. */
typedef struct LineEntry
{
	const char *address;
	const char *asset;			/* code */
	int			scale;
	int			stripe;
	EntryView	view;
} LineEntry;

/* A record, an entry for each leg, and its line in the database's encoding; good until the next one is asked for. */
typedef struct Line
{
	JournalRecord record;
	LineEntry  *entries;
	StringInfoData text;
} Line;

extern LineReader *line_begin(int32 ledger_id, int64 after, int64 until);
extern Line *line_next_record(LineReader *reader);
extern void line_write(LineReader *reader);
extern const EntryView *line_entry_before(LineReader *reader, const EntryView *entry);
extern Line *line_next(LineReader *reader);
extern void line_end(LineReader *reader);

#endif							/* LEDGER_LINE_H */
