/*
 * journal.h
 *		The journal and the entries: what happened, append-only.
 *
 * A record's position is its number in the ledger, and a transaction's number
 * is the position of its record.  The record says which entries it made: its
 * legs, two per posting (source, destination), each a balance and a version.
 */
#ifndef LEDGER_JOURNAL_H
#define LEDGER_JOURNAL_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "amount.h"
#include "merkle.h"
#include "store.h"

/* Kinds of record; ledger_data.kind_name() spells them out. */
#define KIND_TRANSACTION	't'
#define KIND_HOLD			'h'
#define KIND_CAPTURE		'c'
#define KIND_VOID			'v'
#define KIND_REVERSAL		'r'
#define KIND_EVENT			'e'
#define KIND_ACCOUNT		'a'
#define KIND_LEDGER			'l'

#define FINGERPRINT_SIZE	32

/* One side of a posting: entry `version` of a balance. */
typedef struct Leg
{
	int64		balance_id;
	int64		version;
} Leg;

/* What a record can be found by, besides its position; each may be NULL. */
typedef enum Tag
{
	TAG_SOURCE_TYPE,
	TAG_SOURCE_ID,
	TAG_STREAM_TYPE,
	TAG_STREAM_ID,
	TAG_EVENT_TYPE,
	TAG_COUNT
} Tag;

typedef struct Tags
{
	text	   *values[TAG_COUNT];
	text	   *correlation_id;
	text	   *causation_id;
} Tags;

/* A record to write; what is NULL is left out. */
typedef struct JournalRecord
{
	char		kind;
	bool		has_effective_at;
	int64		position;
	int64		related;		/* 0: none */
	TimestampTz recorded_at;
	TimestampTz effective_at;	/* only if it differs from recorded_at */
	Leg		   *legs;
	int			leg_count;
	text	   *idempotency_key;
	const uint8 *fingerprint;	/* of the request, with an idempotency key */
	text	   *reference;
	Jsonb	   *metadata;
	Jsonb	   *payload;
	const Tags *tags;
	const uint8 *hash;			/* in a strict ledger */
} JournalRecord;

/* What is known of a record found. */
typedef struct JournalFound
{
	TransactionId writer;
	char		kind;
	int64		position;
	TimestampTz recorded_at;
	TimestampTz effective_at;	/* recorded_at if it has no other */
	uint8		fingerprint[FINGERPRINT_SIZE];
	Leg		   *legs;
	int			leg_count;
} JournalFound;

/*
 * Which records a scope is about: those that have every tag given and, if types
 * are given, one of them.
 */
typedef struct JournalMatch
{
	text	   *values[TAG_COUNT];	/* TAG_EVENT_TYPE is not used */
	text	  **types;
	int			type_count;
} JournalMatch;

extern void journal_init(void);
extern StoreTable *journal_open_table(StoreMode mode);
extern int64 journal_next_position(void);
extern int64 journal_last_position(void);
extern void journal_write(StoreTable *journal, int32 ledger_id, JournalRecord *records, int count);

extern bool journal_find_key(StoreTable *journal, int32 ledger_id, text *key, JournalFound *found);
extern bool journal_find_position(StoreTable *journal, int32 ledger_id, int64 position, JournalFound *found);
extern JournalFound *journal_find_related(StoreTable *journal, int32 ledger_id, int64 related, char kind, int *count);
extern bool journal_find_reference(StoreTable *journal, int32 ledger_id, text *reference, JournalFound *found);

/* Records one after the other. */
typedef struct JournalScan JournalScan;

extern JournalScan *journal_scan_begin(StoreTable *journal, int32 ledger_id, int64 after, int64 until);
extern bool journal_scan_next(JournalScan *scan, JournalRecord *record);
extern void journal_scan_end(JournalScan *scan);

extern int64 journal_head(StoreTable *journal, int32 ledger_id, uint8 *hash, bool *hashed);
extern int64 journal_last(StoreTable *journal, int32 ledger_id, int64 until);
extern Tag journal_selective_tag(const JournalMatch *match);
extern int64 journal_match(StoreTable *journal, int32 ledger_id, const JournalMatch *match, int64 after, int64 until);

#endif							/* LEDGER_JOURNAL_H */
