/*
 * line.c
 *		A ledger's records, one after the other, as lines in canonical form.
 *
 * Reads with the active snapshot and takes no locks; memory does not depend on
 * the number of records.
 */
#include "line.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "balance.h"
#include "canon.h"
#include "entry.h"

/* Names of balances kept, at most. */
#define CACHED_NAMES	100000

/* A balance's name, by its number. */
typedef struct LineName
{
	int64		id;				/* hash key */
	char	   *address;		/* NULL if the balance is missing */
	char	   *asset;
	int			scale;
	int			stripe;
} LineName;

struct LineReader
{
	int32		ledger_id;
	MemoryContext line_context; /* of one line */
	MemoryContext name_context; /* of names */
	StoreTable *journal;
	StoreTable *entry;
	JournalScan *scan;
	EntryReader *reader;
	HTAB	   *names;
	Line		line;
};

static void
forget_names(LineReader *reader)
{
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(LineName), .hcxt = reader->name_context};

	MemoryContextReset(reader->name_context);
	reader->names = hash_create("ledger names", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Begin to read the records after a position and up to another. */
LineReader *
line_begin(int32 ledger_id, int64 after, int64 until)
{
	LineReader *reader = palloc0(sizeof(LineReader));

	reader->ledger_id = ledger_id;
	reader->line_context = AllocSetContextCreate(CurrentMemoryContext, "ledger line", ALLOCSET_DEFAULT_SIZES);
	reader->name_context = AllocSetContextCreate(CurrentMemoryContext, "ledger names", ALLOCSET_DEFAULT_SIZES);
	reader->journal = journal_open_table(STORE_READ);
	reader->scan = journal_scan_begin(reader->journal, ledger_id, after, until);
	reader->entry = entry_open_table(STORE_READ);
	reader->reader = entry_reader_begin(reader->entry, ledger_id);
	forget_names(reader);
	return reader;
}

void
line_end(LineReader *reader)
{
	journal_scan_end(reader->scan);
	entry_reader_end(reader->reader);
	store_close(reader->entry);
	store_close(reader->journal);
	MemoryContextDelete(reader->name_context);
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
	name->scale = name->stripe = 0;
	old = MemoryContextSwitchTo(reader->name_context);
	if (balance_look(reader->ledger_id, balance_id, &view))
	{
		asset_get(view.asset_id, &asset);
		name->address = text_to_cstring(view.address);
		name->asset = pstrdup(asset.code);
		name->scale = asset.scale;
		name->stripe = view.stripe;
	}
	MemoryContextSwitchTo(old);
	return name;
}

/* The entries that a record made. */
static void
read_entries(LineReader *reader)
{
	Line	   *line = &reader->line;
	int			count = line->record.leg_count;

	/* between records, as names are used until the next one */
	if (hash_get_num_entries(reader->names) > CACHED_NAMES)
		forget_names(reader);
	line->entries = palloc0(sizeof(LineEntry) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		const Leg  *leg = &line->record.legs[i];
		const LineName *name = find_name(reader, leg->balance_id);
		const EntryView *view = entry_reader_get(reader->reader, leg->balance_id, leg->version);
		LineEntry  *entry = &line->entries[i];

		entry->address = name->address;
		entry->asset = name->asset;
		entry->scale = name->scale;
		entry->stripe = name->stripe;
		if (view == NULL)
			continue;
		/* copied, as the next one may make room for itself */
		entry->view = *view;
		entry->view.amount = pstrdup(view->amount);
		entry->view.balance = pstrdup(view->balance);
	}
}

/* The next record, without its line; NULL at the end. */
Line *
line_next_record(LineReader *reader)
{
	MemoryContext old;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(reader->line_context);
	old = MemoryContextSwitchTo(reader->line_context);
	found = journal_scan_next(reader->scan, &reader->line.record);
	if (found)
		read_entries(reader);
	MemoryContextSwitchTo(old);
	return found ? &reader->line : NULL;
}

/* Write the record's line. */
void
line_write(LineReader *reader)
{
	Line	   *line = &reader->line;
	MemoryContext old = MemoryContextSwitchTo(reader->line_context);
	CanonEntry *told = palloc(sizeof(CanonEntry) * Max(line->record.leg_count, 1));

	for (int i = 0; i < line->record.leg_count; i++)
	{
		const LineEntry *entry = &line->entries[i];

		told[i] = (CanonEntry) {entry->address, entry->address ? strlen(entry->address) : 0, entry->asset,
			entry->view.amount, entry->view.balance, line->record.legs[i].version, entry->stripe};
	}
	initStringInfo(&line->text);
	canon_line(&line->text, &line->record, told);
	MemoryContextSwitchTo(old);
}

/* The next record with its line; NULL at the end. */
Line *
line_next(LineReader *reader)
{
	Line	   *line = line_next_record(reader);

	if (line != NULL)
		line_write(reader);
	return line;
}

/* The entry of the same balance before one; NULL if there is none.  Good until the next is asked for. */
const EntryView *
line_entry_before(LineReader *reader, const EntryView *entry)
{
	return entry_reader_before(reader->reader, entry->balance_id, entry->version);
}
