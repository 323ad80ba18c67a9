/*
 * parse.h
 *		Lines in canonical form, read back.
 */
#ifndef LEDGER_PARSE_H
#define LEDGER_PARSE_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "canon.h"
#include "journal.h"

/* A record as its line tells it; legs have versions, but no balances yet. */
typedef struct ParsedRecord
{
	JournalRecord record;
	CanonEntry *entries;
} ParsedRecord;

extern Jsonb *parse_json(const char *text, Size length);
extern JsonbValue *parse_member(Jsonb *object, const char *name);
extern bool parse_number(Jsonb *object, const char *name, int64 *value);
extern char *parse_string(Jsonb *object, const char *name);
extern bool parse_hash(Jsonb *object, const char *name, uint8 *hash);
extern bool parse_time(Jsonb *object, const char *name, TimestampTz *time);
extern bool parse_record(Jsonb *object, const char *text, Size length, ParsedRecord *parsed);

#endif							/* LEDGER_PARSE_H */
