/*
 * refused.c
 *		What bulk work does with rows that are refused.
 *
 * They can be collected in a table of the caller's, which is written to by SQL
 * and with the caller's rights.
 */
#include "refused.h"

#include "access/relation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* What the table may have columns for; it needs the first two. */
static const struct
{
	const char *name;
	Oid			type;
}			columns[] =
{
	{"row_number", INT8OID}, {"code", TEXTOID}, {"message", TEXTOID}, {"detail", TEXTOID}, {"source", TEXTOID},
	{"destination", TEXTOID}, {"amount", NUMERICOID}, {"asset", TEXTOID}, {"idempotency_key", TEXTOID},
	{"reference", TEXTOID}, {"effective_at", TIMESTAMPTZOID}, {"metadata", JSONBOID}
};

#define NEEDED_COLUMNS	2
#define ALL_COLUMNS		((int) lengthof(columns))

struct RefusedTable
{
	char	   *insert;			/* the statement */
	int			count;
	int			column[lengthof(columns)];	/* of each parameter */
	Oid			types[lengthof(columns)];
};

/* What is to be done with refused rows: the argument, and whether a table is given. */
OnRefused
refused_mode(text *mode, bool has_table)
{
	static const char *const modes[] = {"stop", "skip", "collect"};
	char	   *given;

	if (mode == NULL)
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("on_refused must not be NULL"));
	given = text_to_cstring(mode);
	for (int i = 0; i < (int) lengthof(modes); i++)
	{
		if (strcmp(given, modes[i]) != 0)
			continue;
		if ((i == ON_REFUSED_COLLECT) == has_table)
			return (OnRefused) i;
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg(has_table ? "refused_table is given, but refused rows are not to be collected" :
					   "refused rows are to be collected, but refused_table is not given"),
				errhint("Give on_refused => 'collect' and refused_table, or neither."));
	}
	ereport(ERROR,
			errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("on_refused \"%s\" does not exist", given),
			errhint("Give 'stop', 'skip' or 'collect'."));
	return ON_REFUSED_STOP;
}

/* Prepare to collect in a table: into those of its columns that have the right names. */
RefusedTable *
refused_open(Oid table)
{
	RefusedTable *refused = palloc0(sizeof(RefusedTable));
	Relation	rel = try_relation_open(table, AccessShareLock);
	StringInfoData insert;
	StringInfoData values;

	if (rel == NULL)
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("refused_table does not exist"));
	initStringInfo(&insert);
	initStringInfo(&values);
	appendStringInfo(&insert, "INSERT INTO %s (", quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
																			 RelationGetRelationName(rel)));
	for (int i = 0; i < ALL_COLUMNS; i++)
	{
		if (get_attnum(table, columns[i].name) != InvalidAttrNumber)
		{
			appendStringInfo(&insert, "%s%s", refused->count > 0 ? ", " : "", columns[i].name);
			appendStringInfo(&values, "%s$%d", refused->count > 0 ? ", " : "", refused->count + 1);
			refused->types[refused->count] = columns[i].type;
			refused->column[refused->count++] = i;
		}
		else if (i < NEEDED_COLUMNS)
			ereport(ERROR,
					errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(rel), columns[i].name),
					errhint("It needs row_number bigint and code text, and may have message, detail, source, destination, amount, asset, idempotency_key, reference, effective_at, metadata."));
	}
	appendStringInfo(&insert, ") VALUES (%s)", values.data);
	refused->insert = insert.data;
	relation_close(rel, AccessShareLock);
	return refused;
}

static bool
take_text(const char *value, Datum *datum)
{
	if (value != NULL)
		*datum = CStringGetTextDatum(value);
	return value != NULL;
}

static bool
take_span(Span span, Datum *datum)
{
	if (span.data != NULL)
		*datum = PointerGetDatum(cstring_to_text_with_len(span.data, span.length));
	return span.data != NULL;
}

static bool
take_pointer(const void *value, Datum *datum)
{
	*datum = PointerGetDatum(value);
	return value != NULL;
}

/* The value of a column; false if there is none. */
static bool
get_value(int column, int64 row_number, const Request *request, const Refusal *refusal, Datum *value)
{
	const RequestPosting *posting = request->postings;

	switch (column)
	{
		case 0:
			*value = Int64GetDatum(row_number);
			return true;
		case 1:
			return take_text(unpack_sql_state(refusal->sqlstate), value);
		case 2:
			return take_text(refusal->message, value);
		case 3:
			return take_text(refusal->detail, value);
		case 4:
			return take_span(posting->source, value);
		case 5:
			return take_span(posting->destination, value);
		case 6:
			*value = posting->amount;
			return posting->amount != 0;
		case 7:
			return take_span(posting->asset, value);
		case 8:
			return take_pointer(request->idempotency_key, value);
		case 9:
			return take_pointer(request->reference, value);
		case 10:
			*value = TimestampTzGetDatum(request->effective_at);
			return request->has_effective_at;
		default:
			return take_pointer(request->metadata, value);
	}
}

/* Add a row to the table; the caller is connected to SPI. */
void
refused_add(RefusedTable *table, int64 row_number, const Request *request, const Refusal *refusal)
{
	Datum		values[lengthof(columns)];
	char		nulls[lengthof(columns)] = {0};
	MemoryContext context = CurrentMemoryContext;

	for (int i = 0; i < table->count; i++)
		nulls[i] = get_value(table->column[i], row_number, request, refusal, &values[i]) ? ' ' : 'n';
	if (SPI_execute_with_args(table->insert, table->count, table->types, values, nulls, false, 0) < 0)
		elog(ERROR, "inserting a refused row failed");	/* cannot happen */
	MemoryContextSwitchTo(context);
}
