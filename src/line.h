/*
 * line.h
 *		A ledger's records, one after the other, as lines in canonical form.
 */
#ifndef LEDGER_LINE_H
#define LEDGER_LINE_H

#include "postgres.h"
#include "lib/stringinfo.h"

#include "journal.h"

typedef struct LineReader LineReader;

/* A record and its line, in the database's encoding; good until the next one is asked for. */
typedef struct Line
{
	JournalRecord record;
	StringInfoData text;
} Line;

extern LineReader *line_begin(int32 ledger_id, int64 after, int64 until);
extern Line *line_next(LineReader *reader);
extern void line_end(LineReader *reader);

#endif							/* LEDGER_LINE_H */
