/*
 * origin.c
 *		Where an import starts: its header, and the ledger that it goes to.
 *
 * A ledger that exists must be exactly where the export starts; it is locked
 * exclusively, until the end of the transaction.
 */
#include "origin.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "access.h"
#include "line.h"
#include "lock.h"
#include "owner.h"
#include "parse.h"
#include "progress.h"

/* Refuse the line that is being read. */
void
origin_refuse(const Import *import, const char *reason)
{
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_INVALID_IMPORT),
			errmsg("line " INT64_FORMAT " of the import: %s", import->line, reason),
			errdetail("Nothing was imported."));
	pg_unreachable();
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

/*
 * The same.  An error does not tell where in our SQL it arose, which is no
 * help; one about values is the line's.
 */
Datum
origin_value(const Import *import, const char *query, int nargs, Oid *types, Datum *args, bool *isnull)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		volatile value = (Datum) 0;

	PG_TRY();
	{
		value = run_query(query, nargs, types, args, isnull);
	}
	PG_CATCH();
	{
		ErrorData  *error = owner_take_error(context);

		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
			error->sqlerrcode == ERRCODE_LEDGER_INVALID_ASSET)
			origin_refuse(import, error->message);
		ReThrowError(error);
	}
	PG_END_TRY();
	return value;
}

/* Assets that there are not yet are made; those that there are must be the same. */
static void
take_assets(Import *import, Jsonb *header)
{
	static Oid	types[] = {TEXTOID, INT4OID};
	JsonbValue *assets = parse_member(header, "assets");

	if (assets == NULL || assets->type != jbvBinary || !JsonContainerIsArray(assets->val.binary.data))
		origin_refuse(import, "the header names no assets");
	for (uint32 i = 0; i < JsonContainerSize(assets->val.binary.data); i++)
	{
		JsonbValue *pair = getIthJsonbValueFromContainer(assets->val.binary.data, i);
		Jsonb	   *asset = pair->type == jbvBinary ? JsonbValueToJsonb(pair) : NULL;
		int64		scale;
		char	   *code = asset ? parse_string(asset, "code") : NULL;
		Refusal		refusal = {0};
		Asset		known;
		bool		isnull;

		if (code == NULL || parse_member(asset, "scale") == NULL || !parse_number(asset, "scale", &scale) || scale < 0 || scale > AMOUNT_MAX_SCALE)
			origin_refuse(import, "the header has a malformed asset");
		if (!asset_find(code, strlen(code), &known, &refusal))
		{
			Datum		args[] = {CStringGetTextDatum(code), Int32GetDatum((int32) scale)};

			access_require(ALL_LEDGERS, NULL, RIGHT_ADMIN);
			(void) origin_value(import, "SELECT ledger_data.create_asset($1, $2, NULL)", 2, types, args, &isnull);
		}
		else if (known.scale != scale)
			origin_refuse(import, psprintf("asset \"%s\" has scale " INT64_FORMAT ", here it has %d", code, scale, known.scale));
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

	value = origin_value(import, "SELECT max(last_position) FROM ledger_data.block WHERE ledger_id = $1", 1, types, args, &isnull);
	if (!isnull)
	{
		sealed = DatumGetInt64(value);
		import->block = DatumGetInt64(origin_value(import, "SELECT max(number) FROM ledger_data.block WHERE ledger_id = $1", 1, types, args, &isnull));
		value = origin_value(import, "SELECT hash FROM ledger_data.block WHERE ledger_id = $1 ORDER BY number DESC LIMIT 1", 1, types, args, &isnull);
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

/* Take the header; the ledger is locked then, if there is one. */
void
origin_take(Import *import, Jsonb *header)
{
	Refusal		refusal = {0};
	int64		version;
	int64		after;

	if (!parse_number(header, "ledger_export", &version) || version == 0)
		origin_refuse(import, "it is not the header of an export");
	if (version != 1)
		origin_refuse(import, psprintf("version " INT64_FORMAT " of exports is not known", version));
	if (!parse_number(header, "after", &after) || after < 0)
		origin_refuse(import, "the header does not say where the export starts");
	import->after = after;
	import->has_head = parse_member(header, "head") != NULL;
	if (!parse_number(header, "last_block", &import->last_block) ||
		(import->has_head && !parse_hash(header, "head", import->head)))
		origin_refuse(import, "the header has a malformed head");
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
