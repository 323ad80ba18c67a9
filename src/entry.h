/*
 * entry.h
 *		Entries: one side of a posting on one balance, append-only.
 */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "amount.h"
#include "store.h"

/* An entry to write. */
typedef struct EntryRecord
{
	int64		balance_id;
	int64		version;
	int64		position;
	TimestampTz recorded_at;
	TimestampTz effective_at;	/* meaningful if has_effective_at */
	bool		has_effective_at;
	int			scale;
	Amount		amount;
	Amount		balance;
} EntryRecord;

extern void entry_init(void);
extern StoreTable *entry_open_table(StoreMode mode);
extern void entry_write(StoreTable *entry, int32 ledger_id, EntryRecord *records, int count);
extern Amount entry_amount(StoreTable *entry, int32 ledger_id, int64 balance_id,
						   int64 version, int scale);
extern Amount entry_balance(StoreTable *entry, int32 ledger_id, int64 balance_id,
							int64 version, int scale);

/* Entries one after the other, wherever they are. */
typedef struct EntryReader EntryReader;

/* An entry as it is stored; good until the next one is asked for. */
typedef struct EntryView
{
	int64		balance_id;
	int64		version;
	int64		position;
	TimestampTz recorded_at;
	TimestampTz effective_at;
	bool		has_effective_at;
	const char *amount;			/* as text */
	const char *balance;
} EntryView;

extern EntryReader *entry_reader_begin(StoreTable *entry, int32 ledger_id);
extern const EntryView *entry_reader_get(EntryReader *reader, int64 balance_id, int64 version);
extern const EntryView *entry_reader_before(EntryReader *reader, int64 balance_id, int64 version);
extern void entry_reader_end(EntryReader *reader);

extern int64 entry_version_at(StoreTable *entry, int32 ledger_id, int64 balance_id,
							  int64 version, TimestampTz at);
extern Amount entry_balance_at(int32 ledger_id, int64 balance_id, int64 version,
							   int scale, TimestampTz at);

#endif							/* LEDGER_ENTRY_H */
