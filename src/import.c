/*
 * import.c
 *		Taking in what export() gave: a ledger's journal, record by record.
 *
 * Invariant: what is imported is byte for byte what was exported, in order, with
 * the hashes that belong to it, and its entries follow from one another; or
 * nothing is imported, and the error names the line.  Runs at SERIALIZABLE with
 * the ledger locked exclusively.  What follows from the records (accounts,
 * limits, holds) is made from them at the end (import.sql).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "access.h"
#include "compat.h"
#include "intake.h"
#include "origin.h"
#include "parse.h"
#include "progress.h"
#include "request.h"
#include "run.h"

LEDGER_FUNCTION(ledger_import);
LEDGER_FUNCTION(ledger_import_query);
LEDGER_FUNCTION(ledger_import_from);

/* Milliseconds before import_from tries again. */
#define FIRST_PAUSE	10

/* Records that a block has at most. */
#define MAX_BLOCK	1000000

/* For errors that PostgreSQL raises on the way. */
static void
tell_line(void *arg)
{
	errcontext("line " INT64_FORMAT " of the import", ((Import *) arg)->line);
}

/* ------ records ------ */

/* A text that must be one of a kind, and the record that has it. */
typedef struct UniqueText
{
	const text *value;
	int			record;			/* index in the chunk */
} UniqueText;

static int
compare_texts(const void *a, const void *b)
{
	const UniqueText *x = a;
	const UniqueText *y = b;
	int			x_length = VARSIZE_ANY_EXHDR(x->value);
	int			y_length = VARSIZE_ANY_EXHDR(y->value);
	int			order = memcmp(VARDATA_ANY(x->value), VARDATA_ANY(y->value), Min(x_length, y_length));

	return order != 0 ? order : x_length != y_length ? x_length - y_length : x->record - y->record;
}

LEDGER_NORETURN static void
refuse_duplicate(Import *import, int record, const char *what)
{
	import->line = import->lines[record];
	origin_refuse(import, psprintf("its %s is that of another record", what));
}

/* Refuse a key or reference that another record has: in the ledger, or among those collected. */
static void
check_unique(Import *import, bool references)
{
	const char *what = references ? "reference" : "idempotency key";
	UniqueText *texts = palloc(sizeof(UniqueText) * import->record_count);
	JournalFound found;
	int			count = 0;

	for (int i = 0; i < import->record_count; i++)
	{
		text	   *value = references ? import->records[i].reference : import->records[i].idempotency_key;

		if (value == NULL)
			continue;
		if (references ? journal_find_reference(import->journal, import->ledger.id, value, &found) :
			journal_find_key(import->journal, import->ledger.id, value, &found))
			refuse_duplicate(import, i, what);
		texts[count++] = (UniqueText) {value, i};
	}
	qsort(texts, count, sizeof(UniqueText), compare_texts);
	for (int i = 1; i < count; i++)
		if (VARSIZE_ANY_EXHDR(texts[i].value) == VARSIZE_ANY_EXHDR(texts[i - 1].value) &&
			memcmp(VARDATA_ANY(texts[i].value), VARDATA_ANY(texts[i - 1].value), VARSIZE_ANY_EXHDR(texts[i].value)) == 0)
			refuse_duplicate(import, texts[i].record, what);
}

/* Write what was collected. */
static void
flush_records(Import *import)
{
	MemoryContext old = MemoryContextSwitchTo(import->chunk);

	if (import->record_count == 0)
	{
		MemoryContextSwitchTo(old);
		return;
	}
	store_begin();
	check_unique(import, false);
	check_unique(import, true);
	if (import->entry_count > 0)
		entry_write(import->entry, import->ledger.id, import->entries, import->entry_count);
	journal_write(import->journal, import->ledger.id, import->records, import->record_count);
	store_end(true);
	import->record_count = import->entry_count = import->entry_room = 0;
	import->entries = NULL;
	MemoryContextSwitchTo(old);
	MemoryContextReset(import->chunk);
}

/* Make the ledger, as its first record says. */
static void
make_ledger(Import *import, const JournalRecord *record)
{
	static Oid	types[] = {TEXTOID, JSONBOID, TIMESTAMPTZOID};
	Datum		args[] = {PointerGetDatum(import->name), JsonbPGetDatum(record->payload), TimestampTzGetDatum(record->recorded_at)};
	bool		isnull;
	Datum		id;

	if (record->kind != KIND_LEDGER || record->payload == NULL || !JB_ROOT_IS_OBJECT(record->payload) ||
		strcmp(parse_string(record->payload, "change") ? parse_string(record->payload, "change") : "", "create") != 0)
		origin_refuse(import, "the first record of a ledger is not that of its creation");
	id = origin_value(import, "SELECT ledger_data.import_ledger($1, $2, $3)", 3, types, args, &isnull);
	if (isnull)
		origin_refuse(import, "the record of the ledger's creation is malformed");
	import->ledger.id = DatumGetInt32(id);
	strlcpy(import->ledger.name, text_to_cstring(import->name), NAMEDATALEN);
	import->serial = parse_string(record->payload, "ordering") != NULL && strcmp(parse_string(record->payload, "ordering"), "serial") == 0;
	import->intake = intake_begin(import->outer, import->ledger.id, true);
	progress_begin(import->ledger.id, PROGRESS_IMPORT);
}

/* The way of hashing that a record changes to; NULL if it does not. */
static const char *
new_hashing(const JournalRecord *record)
{
	if (record->kind != KIND_LEDGER || record->payload == NULL || !JB_ROOT_IS_OBJECT(record->payload))
		return NULL;
	return parse_string(record->payload, "hashing");
}

/* Check the entries of a record and collect them. */
static void
take_entries(Import *import, ParsedRecord *parsed)
{
	JournalRecord *record = &parsed->record;
	Amount		taken = 0;

	if (import->entry_count + record->leg_count > import->entry_room)
	{
		import->entry_room = Max(import->entry_room * 2, import->entry_count + record->leg_count + 2 * IMPORT_CHUNK);
		import->entries = import->entries ? repalloc(import->entries, sizeof(EntryRecord) * import->entry_room) :
			palloc(sizeof(EntryRecord) * import->entry_room);
	}
	for (int i = 0; i < record->leg_count; i++)
	{
		CanonEntry *entry = &parsed->entries[i];
		EntryRecord *row = &import->entries[import->entry_count++];
		IntakeBalance *balance;
		const char *fault;
		Refusal		refusal;
		Asset		asset;
		Amount		amount;

		if (!asset_find(entry->asset, strlen(entry->asset), &asset, &refusal))
			origin_refuse(import, psprintf("asset \"%s\" is not in the header",
										   request_show((Span) {entry->asset, strlen(entry->asset)})));
		balance = intake_find(import->intake, entry->address, entry->address_length, &asset, entry->stripe);
		if (balance == NULL)
			origin_refuse(import, psprintf("address \"%s\" is malformed",
										   request_show((Span) {entry->address, entry->address_length})));
		fault = intake_apply(balance, entry, record->recorded_at, &amount);
		if (fault != NULL)
			origin_refuse(import, fault);
		if (i % 2 == 0 ? amount > 0 : amount + taken != 0 || strcmp(entry->asset, entry[-1].asset) != 0)
			origin_refuse(import, "a posting does not take from its source what it gives to its destination");
		if (i % 2 == 1 && entry[-1].address_length == entry->address_length &&
			memcmp(entry[-1].address, entry->address, entry->address_length) == 0)
			origin_refuse(import, "a posting has one account as source and destination");
		taken = amount;
		record->legs[i].balance_id = balance->id;
		*row = (EntryRecord) {balance->id, entry->version, record->position, record->recorded_at, record->effective_at,
			record->has_effective_at, balance->scale, amount, balance->balance};
	}
	import->entry_total += record->leg_count;
}

/* Follow the chain, and collect what blocks are over. */
static void
take_hashes(Import *import, JournalRecord *record, const uint8 *leaf)
{
	uint8	   *hash;

	if (import->strict)
	{
		merkle_node(import->hash, import->chain, leaf, import->chain);
		hash = palloc(HASH_SIZE);
		memcpy(hash, import->chain, HASH_SIZE);
		record->hash = hash;
	}
	if (import->block >= import->last_block)
		return;
	if (import->leaves.len == VARHDRSZ)
		import->first_unsealed = record->position;
	if (import->leaves.len > MAX_BLOCK * HASH_SIZE)
		origin_refuse(import, "no block has so many records");
	appendBinaryStringInfo(&import->leaves, (const char *) leaf, HASH_SIZE);
}

/* Whether texts that are looked for are no longer than they may be; they are not empty. */
static bool
texts_fit(const JournalRecord *record)
{
	const text *texts[TAG_COUNT + 4] = {record->idempotency_key, record->reference};

	if (record->tags != NULL)
	{
		texts[2] = record->tags->correlation_id;
		texts[3] = record->tags->causation_id;
		memcpy(&texts[4], record->tags->values, sizeof(record->tags->values));
	}
	for (int i = 0; i < (int) lengthof(texts); i++)
		if (texts[i] != NULL && (VARSIZE_ANY_EXHDR(texts[i]) == 0 || VARSIZE_ANY_EXHDR(texts[i]) > KEY_MAX))
			return false;
	return true;
}

static void
take_record(Import *import, Jsonb *object, const char *text, Size length, const uint8 *leaf)
{
	ParsedRecord parsed;
	JournalRecord *record = &parsed.record;
	const char *hashing;

	if (!parse_record(object, text, length, &parsed))
		origin_refuse(import, "it is not a record in canonical form, version 1");
	if (!texts_fit(record))
		origin_refuse(import, "a key, reference or tag does not have 1 to 512 bytes");
	if (record->metadata != NULL && !JB_ROOT_IS_OBJECT(record->metadata))
		origin_refuse(import, "metadata is not a JSON object");
	if (import->ledger.id == 0)
		make_ledger(import, record);
	hashing = new_hashing(record);
	/* the record of a change to strict is the first of the chain, that of one from strict the last */
	if (hashing != NULL && strcmp(hashing, "strict") == 0 && !import->strict)
	{
		import->strict = true;
		memcpy(import->chain, import->block_hash, HASH_SIZE);
		memcpy(import->chain_start, import->block_hash, HASH_SIZE);
	}
	if (record->position <= import->last || record->position > PG_INT64_MAX / 2 ||
		((import->strict || import->serial) && record->position != import->last + 1))
		origin_refuse(import, psprintf("record " INT64_FORMAT " follows record " INT64_FORMAT, record->position, import->last));
	if (record->related < 0 || record->related >= record->position)
		origin_refuse(import, "it refers to a record that is not before it");
	if ((record->related != 0) != (strchr("cvr", record->kind) != NULL))
		origin_refuse(import, record->related != 0 ? "a record of its kind refers to no other" : "it does not say which record it is about");
	if (record->leg_count > 0 && strchr("tcr", record->kind) == NULL)
		origin_refuse(import, "a record of its kind has no entries");
	take_entries(import, &parsed);
	take_hashes(import, record, leaf);
	if (hashing != NULL && strcmp(hashing, "strict") != 0)
		import->strict = false;
	import->last = record->position;
	if (import->record_total++ == 0)
		import->first_line = import->line;
	import->lines[import->record_count] = import->line;
	import->records[import->record_count++] = *record;
	progress_add(1);
}

/* ------ blocks, and the end ------ */

/* A block that there is must be the same. */
static void
check_block(Import *import, int64 number, const char *line, Size length)
{
	static Oid	types[] = {INT4OID, INT8OID, TEXTOID};
	Datum		args[] = {Int32GetDatum(import->ledger.id), Int64GetDatum(number),
	PointerGetDatum(cstring_to_text_with_len(line, length))};
	bool		isnull;

	if (!DatumGetBool(origin_value(import, "SELECT coalesce((SELECT hash = sha256(convert_to($3, 'UTF8'))"
								   " FROM ledger_data.block WHERE ledger_id = $1 AND number = $2), false)", 3, types, args, &isnull)))
		origin_refuse(import, psprintf("block " INT64_FORMAT " of the ledger is another one", number));
}

/* The position of a record that is in no block yet, counted from 0; 0 if there are not so many. */
static int64
unsealed_position(Import *import, int64 index)
{
	static Oid	types[] = {INT4OID, INT8OID, INT8OID};
	Datum		args[] = {Int32GetDatum(import->ledger.id), Int64GetDatum(import->first_unsealed), Int64GetDatum(index)};
	bool		isnull;

	return DatumGetInt64(origin_value(import, "SELECT coalesce((SELECT position FROM ledger_data.journal"
									  " WHERE ledger_id = $1 AND position >= $2 ORDER BY position OFFSET $3 LIMIT 1), 0)", 3, types, args, &isnull));
}

/* A block of all records since the one before; or, before the first record, of some that were in the ledger. */
static void
take_block(Import *import, Jsonb *header, const char *line, Size length)
{
	static Oid	types[] = {INT4OID, TEXTOID, INT8OID, INT8OID, BYTEAOID, BYTEAOID};
	int64		count = (import->leaves.len - VARHDRSZ) / HASH_SIZE;
	bool		early = import->record_total == 0;
	int64		records = count;
	int64		number;
	Datum		args[6];
	bool		isnull;
	Datum		hash;

	if (!parse_number(header, "block", &number) || (early && !parse_number(header, "records", &records)))
		origin_refuse(import, "it is not the header of a block");
	if (early && number <= import->block)
	{
		check_block(import, number, line, length);
		return;
	}
	if (records < 1 || records > count)
		origin_refuse(import, "a block has no records");
	args[0] = Int32GetDatum(import->ledger.id);
	args[1] = PointerGetDatum(cstring_to_text_with_len(line, length));
	args[2] = Int64GetDatum(import->first_unsealed);
	args[3] = Int64GetDatum(early ? unsealed_position(import, records - 1) : import->last);
	args[4] = PointerGetDatum(cstring_to_text_with_len(import->leaves.data + VARHDRSZ, records * HASH_SIZE));
	args[5] = PointerGetDatum(cstring_to_text_with_len((char *) import->block_hash, HASH_SIZE));
	hash = origin_value(import, "SELECT ledger_data.import_block($1, $2, $3, $4, $5, $6)", 6, types, args, &isnull);
	if (isnull)
		origin_refuse(import, "the block is not that of the records before it");
	memcpy(import->block_hash, VARDATA_ANY(DatumGetPointer(hash)), HASH_SIZE);
	import->block++;
	import->block_total++;
	if (records < count)
		import->first_unsealed = unsealed_position(import, records);
	memmove(import->leaves.data + VARHDRSZ, import->leaves.data + VARHDRSZ + records * HASH_SIZE, (count - records) * HASH_SIZE);
	import->leaves.len = VARHDRSZ + (count - records) * HASH_SIZE;
}

/* The last line says how many there were and what their hash is. */
static void
take_end(Import *import, Jsonb *end)
{
	int64		records;
	uint8		digest[HASH_SIZE];

	if (!parse_number(end, "records", &records) || records != import->record_total)
		origin_refuse(import, psprintf("there were " INT64_FORMAT " records, the export had " INT64_FORMAT, import->record_total, records));
	if (!parse_hash(end, "digest", digest) || memcmp(digest, import->digest, HASH_SIZE) != 0)
		origin_refuse(import, "the lines before it are not those of the export");
	import->ended = true;
}

static void
take_line(Import *import, const char *line, Size length)
{
	MemoryContext old = MemoryContextSwitchTo(import->chunk);
	Jsonb	   *object;
	JsonbValue *end;
	uint8		leaf[HASH_SIZE];

	CHECK_FOR_INTERRUPTS();
	import->line++;
	if (import->ended)
		origin_refuse(import, "it comes after the end of the export");
	object = parse_json(line, length);
	if (object == NULL)
		origin_refuse(import, "it is not a JSON object");
	canon_leaf(import->hash, line, length, leaf);
	end = parse_member(object, "end");
	if (!import->headed)
		origin_take(import, object);
	else if (end != NULL && end->type == jbvBinary)
		take_end(import, JsonbValueToJsonb(end));
	else if (parse_member(object, "block") != NULL)
		take_block(import, object, line, length);
	else
		take_record(import, object, line, length, leaf);
	merkle_node(import->hash, import->digest, leaf, import->digest);
	MemoryContextSwitchTo(old);
	if (import->record_count == IMPORT_CHUNK)
		flush_records(import);
}

/* ------ the whole ------ */

static void
begin(Import *import, FunctionCallInfo fcinfo, const char *function)
{
	Refusal		refusal = {0};

	store_refuse_read_only(function);
	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not be NULL", i == 0 ? "ledger" : strcmp(function, "ledger.import") == 0 ? "lines" : "query"));
	import->name = PG_GETARG_TEXT_PP(0);
	if (ledger_find(import->name, &import->ledger, &refusal))
		access_require(import->ledger.id, import->ledger.name, RIGHT_ADMIN);
	else
		access_require(ALL_LEDGERS, NULL, RIGHT_ADMIN);
	if (XactIsoLevel != XACT_SERIALIZABLE)
		ereport(ERROR,
				errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s needs isolation level SERIALIZABLE", function),
				errhint("Use BEGIN ISOLATION LEVEL SERIALIZABLE, or CALL ledger.import_from(), which sets it itself."));
	import->journal = journal_open_table(STORE_INSERT);
	import->entry = entry_open_table(STORE_INSERT);
	import->hash = merkle_begin();
	import->outer = CurrentMemoryContext;
	import->chunk = AllocSetContextCreate(CurrentMemoryContext, "ledger import", ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&import->leaves);
	appendStringInfoSpaces(&import->leaves, VARHDRSZ);
}

/* Make of the records what follows from them, and say what has come of the import. */
static Datum
finish(Import *import, FunctionCallInfo fcinfo, int head_arg)
{
	static Oid	types[] = {INT4OID, INT8OID, INT8OID, INT8OID, INT8OID, BYTEAOID};
	Datum		args[6] = {Int32GetDatum(import->ledger.id), Int64GetDatum(import->after), Int64GetDatum(import->last)};
	bool		has_head = !PG_ARGISNULL(head_arg);
	bytea	   *head = has_head ? PG_GETARG_BYTEA_PP(head_arg) : NULL;
	uint8	   *reached = import->strict ? import->chain : import->block_hash;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};
	bool		isnull;
	Datum		fault;

	if (!import->ended)
	{
		import->line++;
		origin_refuse(import, "the end of the export is missing");
	}
	if (import->fresh && import->record_total == 0)
		origin_refuse(import, "there are no records");
	if (import->block < import->last_block)
		origin_refuse(import, psprintf("the header of block " INT64_FORMAT " is missing", import->block + 1));
	if (import->has_head && memcmp(import->head, reached, HASH_SIZE) != 0)
		origin_refuse(import, "the head of what was read is not that of the header");
	if (has_head && (VARSIZE_ANY_EXHDR(head) != HASH_SIZE || memcmp(VARDATA_ANY(head), reached, HASH_SIZE) != 0))
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_IMPORT),
				errmsg("the head of what was imported is not the one expected"),
				errdetail("Nothing was imported."));
	flush_records(import);
	if (import->record_total > 0)
	{
		intake_write(import->intake);
		args[3] = Int64GetDatum(import->record_total);
		args[4] = Int64GetDatum(import->first_line);
		args[5] = PointerGetDatum(cstring_to_text_with_len((char *) import->chain_start, HASH_SIZE));
		fault = origin_value(import, "SELECT ledger_data.import_state($1, $2, $3, $4, $5, $6)", 6, types, args, &isnull);
		if (!isnull)
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_INVALID_IMPORT),
					errmsg("%s", TextDatumGetCString(fault)),
					errdetail("Nothing was imported."));
	}
	progress_end();
	merkle_end(import->hash);
	store_close(import->entry);
	store_close(import->journal);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "import has an unexpected result type");	/* cannot happen */
	values[0] = Int64GetDatum(import->record_total);
	values[1] = Int64GetDatum(import->entry_total);
	values[2] = Int64GetDatum(import->block_total);
	values[3] = Int64GetDatum(import->last);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* SQL: import(ledger, lines, head) */
Datum
ledger_import(PG_FUNCTION_ARGS)
{
	Import	   *import = palloc0(sizeof(Import));
	ErrorContextCallback context = {.callback = tell_line, .arg = import, .previous = error_context_stack};
	Datum	   *lines;
	bool	   *nulls;
	int			count;

	begin(import, fcinfo, "ledger.import");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &lines, &nulls, &count);
	error_context_stack = &context;
	for (int i = 0; i < count; i++)
	{
		text	   *line = nulls[i] ? NULL : DatumGetTextPP(lines[i]);

		if (line == NULL)
		{
			import->line++;
			origin_refuse(import, "it is NULL");
		}
		take_line(import, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
	}
	error_context_stack = context.previous;
	return finish(import, fcinfo, 2);
}

/* SQL: import_query(ledger, query, head): the same, with the lines that a query returns, which runs as the caller. */
Datum
ledger_import_query(PG_FUNCTION_ARGS)
{
	MemoryContext outer = CurrentMemoryContext;
	Import	   *import = palloc0(sizeof(Import));
	ErrorContextCallback context = {.callback = tell_line, .arg = import, .previous = error_context_stack};
	SPIPlanPtr	plan;
	Portal		portal;

	begin(import, fcinfo, "ledger.import_query");
	SPI_connect();
	plan = SPI_prepare(text_to_cstring(PG_GETARG_TEXT_PP(1)), 0, NULL);
	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_BATCH),
				errmsg("the query is not one statement that returns rows"),
				errhint("Give a SELECT, VALUES or TABLE."));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	if (portal->tupDesc->natts != 1 || (TupleDescAttr(portal->tupDesc, 0)->atttypid != TEXTOID))
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_BATCH),
				errmsg("the query does not return one column of type text"));
	error_context_stack = &context;
	for (;;)
	{
		SPITupleTable *rows;

		SPI_cursor_fetch(portal, true, IMPORT_CHUNK);
		rows = SPI_tuptable;
		if (SPI_processed == 0)
			break;
		MemoryContextSwitchTo(outer);
		for (uint64 i = 0, n = rows->numvals; i < n; i++)
		{
			bool		isnull;
			Datum		value = SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull);
			text	   *line = isnull ? NULL : DatumGetTextPP(value);

			if (line == NULL)
			{
				import->line++;
				origin_refuse(import, "it is NULL");
			}
			take_line(import, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
		}
		SPI_freetuptable(rows);
	}
	error_context_stack = context.previous;
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(outer);
	return finish(import, fcinfo, 2);
}

/* SQL: CALL import_from(ledger, query, head, attempts, tries) */
Datum
ledger_import_from(PG_FUNCTION_ARGS)
{
	StringInfoData statement;

	run_refuse_transaction(fcinfo, "ledger.import_from");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("ledger, query and attempts must not be NULL"));
	initStringInfo(&statement);
	appendStringInfo(&statement, "SELECT ledger.import_query(%s, %s, %s)",
					 quote_literal_cstr(text_to_cstring(PG_GETARG_TEXT_PP(0))),
					 quote_literal_cstr(text_to_cstring(PG_GETARG_TEXT_PP(1))),
					 PG_ARGISNULL(2) ? "NULL" : quote_literal_cstr(DatumGetCString(DirectFunctionCall1(byteaout, PG_GETARG_DATUM(2)))));
	return run_statement(fcinfo, statement.data, cstring_to_text("serializable"), PG_GETARG_INT32(3), FIRST_PAUSE);
}
