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
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "access.h"
#include "compat.h"
#include "intake.h"
#include "line.h"
#include "notify.h"
#include "owner.h"
#include "parse.h"
#include "progress.h"
#include "run.h"

LEDGER_FUNCTION(ledger_import);
LEDGER_FUNCTION(ledger_import_query);
LEDGER_FUNCTION(ledger_import_from);

/* Milliseconds before import_from tries again. */
#define FIRST_PAUSE	10

/* Records written at a time, and rows fetched. */
#define CHUNK	1000

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
	uint8		block_hash[HASH_SIZE];	/* of the last block */
	int64		block;			/* its number */
	StringInfoData leaves;		/* of the records since, after room for a header */
	int64		first_unsealed;	/* the position of the first of them */
	MerkleHash *hash;

	/* what is to be written */
	MemoryContext outer;
	MemoryContext chunk;		/* of the lines since the last time something was written */
	JournalRecord records[CHUNK];
	int			record_count;
	EntryRecord *entries;
	int			entry_count;
	int			entry_room;

	/* what has come of it */
	int64		record_total;
	int64		entry_total;
	int64		block_total;
} Import;

LEDGER_NORETURN static void
refuse_line(const Import *import, const char *reason)
{
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_INVALID_IMPORT),
			errmsg("line " INT64_FORMAT " of the import: %s", import->line, reason),
			errdetail("Nothing was imported."));
	pg_unreachable();
}

/* For errors that PostgreSQL raises on the way. */
static void
tell_line(void *arg)
{
	errcontext("line " INT64_FORMAT " of the import", ((Import *) arg)->line);
}

/* Run a query of ours as the owner; one value of it, copied. */
static Datum
run_query(const char *query, int nargs, Oid *types, Datum *args, bool *isnull)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext old;
	Datum		value;
	Owner		owner;

	owner_enter(&owner);
	SPI_connect();
	if (SPI_execute_with_args(query, nargs, types, args, NULL, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "%s failed", query);	/* cannot happen */
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
	if (!*isnull && TupleDescAttr(SPI_tuptable->tupdesc, 0)->attlen == -1)
	{
		old = MemoryContextSwitchTo(caller);
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	owner_leave(&owner);
	return value;
}

/* The same; an error does not tell where in our SQL it arose, which is no help. */
static Datum
run_own(const char *query, int nargs, Oid *types, Datum *args, bool *isnull)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		volatile value = (Datum) 0;

	PG_TRY();
	{
		value = run_query(query, nargs, types, args, isnull);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->context = NULL;
		ReThrowError(error);
	}
	PG_END_TRY();
	return value;
}

/* ------ the header ------ */

/* Assets that there are not yet are made; those that there are must be the same. */
static void
take_assets(Import *import, Jsonb *header)
{
	static Oid	types[] = {TEXTOID, INT4OID};
	JsonbValue *assets = parse_member(header, "assets");

	if (assets == NULL || assets->type != jbvBinary || !JsonContainerIsArray(assets->val.binary.data))
		refuse_line(import, "the header names no assets");
	for (uint32 i = 0; i < JsonContainerSize(assets->val.binary.data); i++)
	{
		JsonbValue *pair = getIthJsonbValueFromContainer(assets->val.binary.data, i);
		Jsonb	   *asset = pair->type == jbvBinary ? JsonbValueToJsonb(pair) : NULL;
		int64		scale;
		char	   *code = asset ? parse_string(asset, "code") : NULL;
		Refusal		refusal = {0};
		Asset		known;
		bool		isnull;

		if (code == NULL || !parse_number(asset, "scale", &scale) || scale < 0 || scale > AMOUNT_MAX_SCALE)
			refuse_line(import, "the header has a malformed asset");
		if (!asset_find(code, strlen(code), &known, &refusal))
		{
			Datum		args[] = {CStringGetTextDatum(code), Int32GetDatum((int32) scale)};

			access_require(ALL_LEDGERS, NULL, RIGHT_ADMIN);
			(void) run_own("SELECT ledger_data.create_asset($1, $2, NULL)", 2, types, args, &isnull);
		}
		else if (known.scale != scale)
			refuse_line(import, psprintf("asset \"%s\" has scale " INT64_FORMAT ", here it has %d", code, scale, known.scale));
	}
}

/* The hash of a record's line, and all that comes before it in its block. */
static void
take_leaves(Import *import, int64 until, uint8 *last)
{
	static Oid	types[] = {INT4OID};
	Datum		args[] = {Int32GetDatum(import->ledger.id)};
	int64		sealed = PG_INT64_MIN;
	LineReader *reader;
	Line	   *line;
	bool		isnull;
	Datum		value;

	value = run_own("SELECT max(last_position) FROM ledger_data.block WHERE ledger_id = $1", 1, types, args, &isnull);
	if (!isnull)
	{
		sealed = DatumGetInt64(value);
		import->block = DatumGetInt64(run_own("SELECT max(number) FROM ledger_data.block WHERE ledger_id = $1", 1, types, args, &isnull));
		value = run_own("SELECT hash FROM ledger_data.block WHERE ledger_id = $1 ORDER BY number DESC LIMIT 1", 1, types, args, &isnull);
		memcpy(import->block_hash, VARDATA_ANY(DatumGetPointer(value)), HASH_SIZE);
	}
	/* the last record at least, also if it is sealed */
	reader = line_begin(import->ledger.id, Min(sealed, until - 1), until);
	while ((line = line_next(reader)) != NULL)
	{
		canon_leaf(import->hash, line->text.data, line->text.len, last);
		if (line->record.hash != NULL)
			memcpy(import->chain, line->record.hash, HASH_SIZE);
		if (line->record.position <= sealed)
			continue;
		if (import->leaves.len == VARHDRSZ)
			import->first_unsealed = line->record.position;
		appendBinaryStringInfo(&import->leaves, (char *) last, HASH_SIZE);
	}
	line_end(reader);
}

/* Lock a ledger that there is; it must be where the export starts. */
static void
take_ledger(Import *import, Jsonb *header, int64 after)
{
	LockOrder	order = {LOCK_NOTHING};
	uint8		start[HASH_SIZE];
	uint8		last[HASH_SIZE];
	int64		newest;

	lock_ledger(&order, import->ledger.id, LEDGER_LOCK_EXCLUSIVE);
	if (!ledger_get(import->ledger.id, &import->ledger))
		elog(ERROR, "there is no ledger %d", import->ledger.id);	/* cannot happen */
	PushActiveSnapshot(GetLatestSnapshot());
	newest = journal_last(import->journal, import->ledger.id, PG_INT64_MAX);
	PopActiveSnapshot();
	store_begin();
	import->last = journal_last(import->journal, import->ledger.id, PG_INT64_MAX);
	if (newest != import->last)
		store_serialization_failure();
	import->serial = import->ledger.serial;
	import->strict = import->ledger.strict;
	if (after != 0 && import->last == after)
		take_leaves(import, after, last);
	store_end(false);
	if (import->last != after || !parse_hash(header, "start", start) || memcmp(start, last, HASH_SIZE) != 0)
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("ledger \"%s\" is not where the export starts", import->ledger.name),
				after == 0 ? errdetail("It has records, and the export is of a ledger from its beginning.") :
				errdetail("The export starts after record " INT64_FORMAT "; the ledger's last is " INT64_FORMAT "%s.", after, import->last,
						  import->last == after ? ", another one" : ""),
				errhint("Import into a ledger that does not exist, or what was exported after the ledger's last record."));
}

static void
take_header(Import *import, Jsonb *header)
{
	Refusal		refusal = {0};
	int64		version;
	int64		after;

	if (!parse_number(header, "ledger_export", &version) || version == 0)
		refuse_line(import, "it is not the header of an export");
	if (version != 1)
		refuse_line(import, psprintf("version " INT64_FORMAT " of exports is not known", version));
	if (!parse_number(header, "after", &after) || after < 0)
		refuse_line(import, "the header does not say where the export starts");
	import->after = after;
	import->has_head = parse_member(header, "head") != NULL;
	if (!parse_number(header, "last_block", &import->last_block) ||
		(import->has_head && !parse_hash(header, "head", import->head)))
		refuse_line(import, "the header has a malformed head");
	import->fresh = !ledger_find(import->name, &import->ledger, &refusal);
	if (import->fresh && after != 0)
		refusal_raise(&refusal);
	if (import->fresh)
		import->ledger.id = 0;
	else
		take_ledger(import, header, after);
	take_assets(import, header);
	import->headed = true;
	if (!import->fresh)
		import->intake = intake_begin(import->outer, import->ledger.id, false);
	progress_begin(import->ledger.id, PROGRESS_IMPORT);
}

/* ------ records ------ */

/* Write what was collected. */
static void
flush_records(Import *import)
{
	if (import->record_count == 0)
		return;
	store_begin();
	if (import->entry_count > 0)
		entry_write(import->entry, import->ledger.id, import->entries, import->entry_count);
	journal_write(import->journal, import->ledger.id, import->records, import->record_count);
	store_end(true);
	import->record_count = import->entry_count = import->entry_room = 0;
	import->entries = NULL;
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
		refuse_line(import, "the first record of a ledger is not that of its creation");
	id = run_own("SELECT ledger_data.import_ledger($1, $2, $3)", 3, types, args, &isnull);
	if (isnull)
		refuse_line(import, "the record of the ledger's creation is malformed");
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
		import->entry_room = Max(import->entry_room * 2, import->entry_count + record->leg_count + 2 * CHUNK);
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
			refuse_line(import, psprintf("asset \"%s\" is not in the header", entry->asset));
		balance = intake_find(import->intake, entry->address, entry->address_length, &asset);
		if (balance == NULL)
			refuse_line(import, psprintf("address \"%s\" is malformed", entry->address));
		fault = intake_apply(balance, entry, record->recorded_at, &amount);
		if (fault != NULL)
			refuse_line(import, fault);
		if (i % 2 == 0 ? amount > 0 : amount + taken != 0 || strcmp(entry->asset, entry[-1].asset) != 0)
			refuse_line(import, "a posting does not take from its source what it gives to its destination");
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
	appendBinaryStringInfo(&import->leaves, (const char *) leaf, HASH_SIZE);
}

static void
take_record(Import *import, Jsonb *object, const char *text, Size length, const uint8 *leaf)
{
	ParsedRecord parsed;
	JournalRecord *record = &parsed.record;
	const char *hashing;

	if (!parse_record(object, text, length, &parsed))
		refuse_line(import, "it is not a record in canonical form, version 1");
	if (import->ledger.id == 0)
		make_ledger(import, record);
	hashing = new_hashing(record);
	/* the record of a change to strict is the first of the chain, that of one from strict the last */
	if (hashing != NULL && strcmp(hashing, "strict") == 0 && !import->strict)
	{
		import->strict = true;
		memcpy(import->chain, import->block_hash, HASH_SIZE);
	}
	if (record->position <= import->last || record->position > PG_INT64_MAX / 2 ||
		((import->strict || import->serial) && record->position != import->last + 1))
		refuse_line(import, psprintf("record " INT64_FORMAT " follows record " INT64_FORMAT, record->position, import->last));
	if (record->related < 0 || record->related >= record->position)
		refuse_line(import, "it refers to a record that is not before it");
	if (record->leg_count > 0 && strchr("tcr", record->kind) == NULL)
		refuse_line(import, "a record of its kind has no entries");
	take_entries(import, &parsed);
	take_hashes(import, record, leaf);
	if (hashing != NULL && strcmp(hashing, "strict") != 0)
		import->strict = false;
	import->last = record->position;
	import->record_total++;
	import->records[import->record_count++] = *record;
	progress_add(1);
}

/* ------ blocks, and the end ------ */

static void
take_block(Import *import, const char *line, Size length)
{
	static Oid	types[] = {INT4OID, TEXTOID, INT8OID, INT8OID, BYTEAOID, BYTEAOID};
	Datum		args[6];
	bool		isnull;
	Datum		hash;

	if (import->leaves.len == VARHDRSZ)
		refuse_line(import, "a block has no records");
	SET_VARSIZE(import->leaves.data, import->leaves.len);
	args[0] = Int32GetDatum(import->ledger.id);
	args[1] = PointerGetDatum(cstring_to_text_with_len(line, length));
	args[2] = Int64GetDatum(import->first_unsealed);
	args[3] = Int64GetDatum(import->last);
	args[4] = PointerGetDatum(import->leaves.data);
	args[5] = PointerGetDatum(cstring_to_text_with_len((char *) import->block_hash, HASH_SIZE));
	hash = run_own("SELECT ledger_data.import_block($1, $2, $3, $4, $5, $6)", 6, types, args, &isnull);
	if (isnull)
		refuse_line(import, "the block is not that of the records before it");
	memcpy(import->block_hash, VARDATA_ANY(DatumGetPointer(hash)), HASH_SIZE);
	import->block++;
	import->block_total++;
	import->leaves.len = VARHDRSZ;
}

/* The last line says how many there were and what their hash is. */
static void
take_end(Import *import, Jsonb *end)
{
	int64		records;
	uint8		digest[HASH_SIZE];

	if (!parse_number(end, "records", &records) || records != import->record_total)
		refuse_line(import, psprintf("there were " INT64_FORMAT " records, the export had " INT64_FORMAT, import->record_total, records));
	if (!parse_hash(end, "digest", digest) || memcmp(digest, import->digest, HASH_SIZE) != 0)
		refuse_line(import, "the lines before it are not those of the export");
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
		refuse_line(import, "it comes after the end of the export");
	object = parse_json(line, length);
	if (object == NULL)
		refuse_line(import, "it is not a JSON object");
	canon_leaf(import->hash, line, length, leaf);
	end = parse_member(object, "end");
	if (!import->headed)
		take_header(import, object);
	else if (end != NULL && end->type == jbvBinary)
		take_end(import, JsonbValueToJsonb(end));
	else if (parse_member(object, "block") != NULL)
		take_block(import, line, length);
	else
		take_record(import, object, line, length, leaf);
	merkle_node(import->hash, import->digest, leaf, import->digest);
	MemoryContextSwitchTo(old);
	if (import->record_count == CHUNK)
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
	static Oid	types[] = {INT4OID, INT8OID, INT8OID, BYTEAOID};
	Datum		args[] = {Int32GetDatum(import->ledger.id), Int64GetDatum(import->after), Int64GetDatum(import->last), (Datum) 0};
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
		refuse_line(import, "the end of the export is missing");
	}
	if (import->has_head && memcmp(import->head, reached, HASH_SIZE) != 0)
		refuse_line(import, "the head of what was read is not that of the header");
	if (has_head && (VARSIZE_ANY_EXHDR(head) != HASH_SIZE || memcmp(VARDATA_ANY(head), reached, HASH_SIZE) != 0))
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_IMPORT),
				errmsg("the head of what was imported is not the one expected"),
				errdetail("Nothing was imported."));
	flush_records(import);
	if (import->record_total > 0)
	{
		intake_write(import->intake);
		args[3] = PointerGetDatum(cstring_to_text_with_len((char *) import->block_hash, HASH_SIZE));
		fault = run_own("SELECT ledger_data.import_state($1, $2, $3, $4)", 4, types, args, &isnull);
		if (!isnull)
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_INVALID_IMPORT),
					errmsg("what was imported does not agree: %s", TextDatumGetCString(fault)),
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
			refuse_line(import, "it is NULL");
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

		SPI_cursor_fetch(portal, true, CHUNK);
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
				refuse_line(import, "it is NULL");
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
