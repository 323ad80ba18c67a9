/*
 * line.c
 *		A ledger's records, one after the other, as lines in canonical form.
 *
 * Reads with the active snapshot and takes no locks; memory does not depend on
 * the number of records, but on that of balances, whose names are kept.
 */
#include "line.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "balance.h"
#include "canon.h"
#include "entry.h"

/* A balance's name, by its number. */
typedef struct LineName
{
	int64		id;				/* hash key */
	char	   *address;		/* NULL if the balance is missing */
	int			address_length;
	char	   *asset;
} LineName;

struct LineReader
{
	int32		ledger_id;
	MemoryContext context;
	MemoryContext line_context; /* of one line */
	StoreTable *journal;
	StoreTable *entry;
	JournalScan *scan;
	EntryReader *entries;
	HTAB	   *names;
	Line		line;
};

/* Begin to read the records after a position and up to another. */
LineReader *
line_begin(int32 ledger_id, int64 after, int64 until)
{
	LineReader *reader = palloc0(sizeof(LineReader));
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(LineName), .hcxt = CurrentMemoryContext};

	reader->ledger_id = ledger_id;
	reader->context = CurrentMemoryContext;
	reader->line_context = AllocSetContextCreate(CurrentMemoryContext, "ledger line", ALLOCSET_DEFAULT_SIZES);
	reader->journal = journal_open_table(STORE_READ);
	reader->scan = journal_scan_begin(reader->journal, ledger_id, after, until);
	reader->entry = entry_open_table(STORE_READ);
	reader->entries = entry_reader_begin(reader->entry, ledger_id);
	reader->names = hash_create("ledger names", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return reader;
}

void
line_end(LineReader *reader)
{
	journal_scan_end(reader->scan);
	entry_reader_end(reader->entries);
	store_close(reader->entry);
	store_close(reader->journal);
	hash_destroy(reader->names);
	MemoryContextDelete(reader->line_context);
	pfree(reader);
}

/* The name of a balance. */
static const LineName *
find_name(LineReader *reader, int64 balance_id)
{
	bool		found;
	LineName   *name = hash_search(reader->names, &balance_id, HASH_ENTER, &found);
	MemoryContext old;
	BalanceView view;
	Asset		asset;

	if (found)
		return name;
	name->address = name->asset = NULL;
	name->address_length = 0;
	old = MemoryContextSwitchTo(reader->context);
	if (balance_look(reader->ledger_id, balance_id, &view))
	{
		asset_get(view.asset_id, &asset);
		name->address = text_to_cstring(view.address);
		name->address_length = strlen(name->address);
		name->asset = pstrdup(asset.code);
	}
	MemoryContextSwitchTo(old);
	return name;
}

/* The entries that a record made. */
static CanonEntry *
read_entries(LineReader *reader, const JournalRecord *record)
{
	CanonEntry *entries = palloc(sizeof(CanonEntry) * Max(record->leg_count, 1));

	for (int i = 0; i < record->leg_count; i++)
	{
		const Leg  *leg = &record->legs[i];
		const LineName *name = find_name(reader, leg->balance_id);
		const EntryView *view = entry_reader_get(reader->entries, leg->balance_id, leg->version);

		/* copied, as the next one may make room for itself */
		entries[i] = (CanonEntry) {name->address, name->address_length, name->asset,
			view ? pstrdup(view->amount) : NULL, view ? pstrdup(view->balance) : NULL, leg->version};
	}
	return entries;
}

/* The next record, or NULL. */
Line *
line_next(LineReader *reader)
{
	Line	   *line = &reader->line;
	MemoryContext old;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(reader->line_context);
	old = MemoryContextSwitchTo(reader->line_context);
	found = journal_scan_next(reader->scan, &line->record);
	if (found)
	{
		initStringInfo(&line->text);
		canon_line(&line->text, &line->record, read_entries(reader, &line->record));
	}
	MemoryContextSwitchTo(old);
	return found ? line : NULL;
}
