/*
 * canon.h
 *		The one byte-exact form of a journal record.
 */
#ifndef LEDGER_CANON_H
#define LEDGER_CANON_H

#include "postgres.h"
#include "lib/stringinfo.h"

#include "journal.h"

/* What writing records down needs; one for as many records of a ledger as one likes. */
typedef struct Canon Canon;

extern Canon *canon_begin(int32 ledger_id);
extern void canon_line(Canon *canon, const JournalRecord *record, StringInfo line);
extern void canon_end(Canon *canon);

#endif							/* LEDGER_CANON_H */
