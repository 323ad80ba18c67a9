/*
 * bulk.c
 *		post_from() and load(): posting whatever a query returns.
 *
 * The query is read through a cursor, some thousand rows at a time, and each
 * such batch is one call of the engine (posting.c), whose memory is given back
 * after it: so memory does not depend on the number of rows.  The query runs
 * with the caller's rights.  Locks: those of post_batch, for each batch; several
 * batches of one transaction may meet others half-way (40P01).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/timestamp.h"

#include "access.h"
#include "answer.h"
#include "compat.h"
#include "posting.h"
#include "progress.h"
#include "refused.h"

LEDGER_FUNCTION(ledger_post_from);
LEDGER_FUNCTION(ledger_load);

/* Rows that may be posted at a time. */
#define MAX_BATCH			100000

/* What a row may have; the first four it must. */
enum
{
	COLUMN_SOURCE,
	COLUMN_DESTINATION,
	COLUMN_AMOUNT,
	COLUMN_ASSET,
	COLUMN_IDEMPOTENCY_KEY,
	COLUMN_REFERENCE,
	COLUMN_EFFECTIVE_AT,
	COLUMN_METADATA,
	COLUMNS
};

static const char *const column_names[] = {"source", "destination", "amount", "asset", "idempotency_key", "reference",
"effective_at", "metadata"};

/* The work as a whole. */
typedef struct Bulk
{
	text	   *ledger;
	char	   *query;
	int			batch_size;
	int			commit_every;	/* batches; 0: do not commit */
	OnRefused	on_refused;
	RefusedTable *refused_table;
	bool		may_write;		/* the query, while its rows are fetched */
	int			attribute[COLUMNS]; /* where the query has it; 0: it has not */
	Oid			type[COLUMNS];
	int64		rows;
	int64		posted;
	int64		replayed;
	int64		refused;
} Bulk;

/* Whether a column's type will do for what it is. */
static bool
type_fits(int column, Oid type)
{
	switch (column)
	{
		case COLUMN_AMOUNT:
			return type == NUMERICOID || type == INT8OID || type == INT4OID || type == INT2OID;
		case COLUMN_EFFECTIVE_AT:
			return type == TIMESTAMPTZOID;
		case COLUMN_METADATA:
			return type == JSONBOID;
		default:
			return type == TEXTOID || type == VARCHAROID;
	}
}

static void
check_column(Bulk *bulk, Form_pg_attribute attribute)
{
	static const char *const type_names[] = {[COLUMN_AMOUNT] = "numeric or integer",
	[COLUMN_EFFECTIVE_AT] = "timestamp with time zone",[COLUMN_METADATA] = "jsonb"};

	for (int i = 0; i < COLUMNS; i++)
	{
		const char *wanted = type_names[i] ? type_names[i] : "text";

		if (strcmp(NameStr(attribute->attname), column_names[i]) != 0)
			continue;
		if (bulk->attribute[i] != 0)
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_INVALID_BATCH),
					errmsg("the query has two columns \"%s\"", column_names[i]));
		if (!type_fits(i, attribute->atttypid))
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_INVALID_BATCH),
					errmsg("column \"%s\" of the query has type %s", column_names[i], format_type_be(attribute->atttypid)),
					errdetail("It must be %s.", wanted),
					errhint("Cast it in the query."));
		bulk->attribute[i] = attribute->attnum;
		bulk->type[i] = attribute->atttypid;
		return;
	}
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_INVALID_BATCH),
			errmsg("the query has an unexpected column \"%s\"", NameStr(attribute->attname)),
			errhint("Columns are source, destination, amount, asset and, if need be, idempotency_key, reference, effective_at, metadata."));
}

/* See what the query returns, before it runs. */
static void
check_columns(Bulk *bulk, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
		check_column(bulk, TupleDescAttr(desc, i));
	for (int i = 0; i <= COLUMN_ASSET; i++)
		if (bulk->attribute[i] == 0)
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_INVALID_BATCH),
					errmsg("the query has no column \"%s\"", column_names[i]),
					errhint("Give it that name in the query, with AS."));
	if (bulk->commit_every > 0 && bulk->attribute[COLUMN_IDEMPOTENCY_KEY] == 0)
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_BATCH),
				errmsg("the query has no column \"idempotency_key\""),
				errdetail("Loading commits on the way; without keys, running it again would post again what is posted."),
				errhint("Give each row a key, or use ledger.post_from, which is all or nothing."));
}

/* For check_functions_in_node(): whether a function of a user's may write. */
static bool
function_may_write(Oid function, void *context)
{
	return function >= FirstNormalObjectId && func_volatile(function) == PROVOLATILE_VOLATILE;
}

/* Whether a query may write, or look at what is written, while its rows are fetched. */
static bool
may_write(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return castNode(Query, node)->commandType != CMD_SELECT || castNode(Query, node)->hasModifyingCTE ||
			query_tree_walker(castNode(Query, node), may_write, context, 0);
	return check_functions_in_node(node, function_may_write, context) ||
		expression_tree_walker(node, may_write, context);
}

/* Open a cursor on the query; it must be one that returns rows. */
static Portal
open_cursor(Bulk *bulk)
{
	SPIPlanPtr	plan = SPI_prepare(bulk->query, 0, NULL);
	List	   *sources = plan ? SPI_plan_get_plan_sources(plan) : NIL;
	Portal		portal;

	if (plan == NULL || list_length(sources) != 1 || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_INVALID_BATCH),
				errmsg("the query is not one statement that returns rows"),
				errhint("Give a SELECT, VALUES or TABLE."));
	check_columns(bulk, ((CachedPlanSource *) linitial(sources))->resultDesc);
	bulk->may_write = may_write((Node *) linitial(((CachedPlanSource *) linitial(sources))->query_list), NULL);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	/* so that it outlives commits */
	if (bulk->commit_every > 0)
		PinPortal(portal);
	return portal;
}

/* A value of a row; false if it is NULL or the query has no such column. */
static bool
get_value(const Bulk *bulk, HeapTuple row, TupleDesc desc, int column, Datum *value)
{
	bool		isnull;

	if (bulk->attribute[column] == 0)
		return false;
	*value = heap_getattr(row, bulk->attribute[column], desc, &isnull);
	if (isnull || column != COLUMN_AMOUNT)
		return !isnull;
	switch (bulk->type[column])
	{
		case INT2OID:
			*value = DirectFunctionCall1(int2_numeric, *value);
			break;
		case INT4OID:
			*value = DirectFunctionCall1(int4_numeric, *value);
			break;
		case INT8OID:
			*value = DirectFunctionCall1(int8_numeric, *value);
			break;
	}
	return true;
}

/* Make a request of a row. */
static bool
read_row(const Bulk *bulk, Request *request, RequestPosting *posting, HeapTuple row, TupleDesc desc)
{
	Span	   *places[] = {&posting->source, &posting->destination, NULL, &posting->asset};
	Datum		value;

	request->kind = KIND_TRANSACTION;
	request->postings = posting;
	request->count = 1;
	for (int i = 0; i <= COLUMN_ASSET; i++)
	{
		text	   *given;

		if (!get_value(bulk, row, desc, i, &value))
			return request_refuse_null(&request->refusal, column_names[i]);
		if (places[i] == NULL)
		{
			posting->amount = value;
			continue;
		}
		given = DatumGetTextPP(value);
		*places[i] = (Span) {VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)};
	}
	if (get_value(bulk, row, desc, COLUMN_IDEMPOTENCY_KEY, &value))
		request->idempotency_key = DatumGetTextPP(value);
	else if (bulk->commit_every > 0)
		return request_refuse_null(&request->refusal, column_names[COLUMN_IDEMPOTENCY_KEY]);
	if (get_value(bulk, row, desc, COLUMN_REFERENCE, &value))
		request->reference = DatumGetTextPP(value);
	request->has_effective_at = get_value(bulk, row, desc, COLUMN_EFFECTIVE_AT, &value);
	if (request->has_effective_at)
		request->effective_at = DatumGetTimestampTz(value);
	if (get_value(bulk, row, desc, COLUMN_METADATA, &value))
		request->metadata = DatumGetJsonbP(value);
	return request_check_posting(request, posting) && request_check_options(request);
}

/* Make a call of the rows fetched. */
static void
read_rows(const Bulk *bulk, Call *call)
{
	int			count = (int) SPI_processed;
	RequestPosting *postings = palloc0(sizeof(RequestPosting) * count);

	memset(call, 0, sizeof(*call));
	call->ledger = bulk->ledger;
	call->batch = true;
	call->numbering = "Row";
	call->before = bulk->rows;
	call->atomic = bulk->on_refused == ON_REFUSED_STOP;
	call->keeps_going = !call->atomic;
	call->count = count;
	call->requests = palloc0(sizeof(Request) * count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_row(bulk, &call->requests[i], &postings[i], SPI_tuptable->vals[i], SPI_tuptable->tupdesc) && call->atomic)
			break;
	}
}

/* Count what became of the rows, and collect those refused. */
static void
take_outcomes(Bulk *bulk, const Call *call, const Outcome *outcomes)
{
	for (int i = 0; i < call->count; i++)
	{
		if (outcomes[i].status == STATUS_REPLAYED)
			bulk->replayed++;
		else if (outcomes[i].status != STATUS_REJECTED)
			bulk->posted++;
		else
		{
			bulk->refused++;
			if (bulk->refused_table != NULL)
				refused_add(bulk->refused_table, bulk->rows + i + 1, &call->requests[i], outcomes[i].refusal);
		}
	}
	bulk->rows += call->count;
}

/* Post the rows that the cursor gives, and commit now and then if wanted. */
static void
post_batches(Bulk *bulk, Portal portal, Carry *carry)
{
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext batch = AllocSetContextCreate(outer, "ledger bulk", ALLOCSET_DEFAULT_SIZES);
	int64		batches = 0;

	for (;;)
	{
		SPITupleTable *rows;
		Call		call;

		SPI_cursor_fetch(portal, true, bulk->batch_size);
		if (SPI_processed == 0)
			break;
		rows = SPI_tuptable;
		/* SPI leaves us in memory of its own, which lasts too long */
		MemoryContextSwitchTo(batch);
		read_rows(bulk, &call);
		call.carry = carry;
		take_outcomes(bulk, &call, answer_run(&call, &post_action));
		SPI_freetuptable(rows);
		MemoryContextSwitchTo(outer);
		MemoryContextReset(batch);
		progress_set(bulk->rows, bulk->refused);
		if (bulk->commit_every > 0 && ++batches % bulk->commit_every == 0)
		{
			carry_write(carry);
			SPI_commit();
		}
		carry_make_room(carry);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(batch);
	carry_write(carry);
}

/* Post everything. */
static void
post_rows(Bulk *bulk)
{
	Portal		portal = open_cursor(bulk);
	Carry	   *carry = bulk->may_write ? NULL : carry_begin();

	PG_TRY();
	{
		post_batches(bulk, portal, carry);
	}
	PG_FINALLY();
	{
		carry_end(carry);
	}
	PG_END_TRY();
	if (bulk->commit_every > 0)
		UnpinPortal(portal);
	SPI_cursor_close(portal);
}

static void
refuse_null(const char *name)
{
	ereport(ERROR,
			errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			errmsg("%s must not be NULL", name));
}

/* A number from 1 to a maximum. */
static int
read_number(FunctionCallInfo fcinfo, int arg, const char *name, int most)
{
	if (PG_ARGISNULL(arg))
		refuse_null(name);
	if (PG_GETARG_INT32(arg) < 1 || PG_GETARG_INT32(arg) > most)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s is %d", name, PG_GETARG_INT32(arg)),
				errhint("Give 1 to %d.", most));
	return PG_GETARG_INT32(arg);
}

/* (ledger, query, batch_size, ...), then on_refused and refused_table from an argument on */
static void
begin_bulk(Bulk *bulk, FunctionCallInfo fcinfo, int refused_arg)
{
	Refusal		refusal;
	Ledger		ledger;

	memset(bulk, 0, sizeof(*bulk));
	if (PG_ARGISNULL(0))
		refuse_null("ledger");
	if (PG_ARGISNULL(1))
		refuse_null("query");
	if (!ledger_find(PG_GETARG_TEXT_PP(0), &ledger, &refusal))
		refusal_raise(&refusal);
	access_require(ledger.id, ledger.name, RIGHT_POST);
	bulk->ledger = PG_GETARG_TEXT_P_COPY(0);
	bulk->query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bulk->batch_size = read_number(fcinfo, 2, "batch_size", MAX_BATCH);
	bulk->on_refused = refused_mode(PG_ARGISNULL(refused_arg) ? NULL : PG_GETARG_TEXT_PP(refused_arg),
									!PG_ARGISNULL(refused_arg + 1));
	if (bulk->on_refused == ON_REFUSED_COLLECT)
		bulk->refused_table = refused_open(PG_GETARG_OID(refused_arg + 1));
	progress_begin(ledger.id, refused_arg == 3 ? PROGRESS_POST_FROM : PROGRESS_LOAD);
}

/* The totals as ledger.bulk_receipt. */
static Datum
make_receipt(const Bulk *bulk, TupleDesc desc)
{
	Datum		values[] = {Int64GetDatum(bulk->rows), Int64GetDatum(bulk->posted), Int64GetDatum(bulk->replayed),
	Int64GetDatum(bulk->refused)};
	bool		nulls[lengthof(values)] = {false};

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* SQL: post_from(ledger, query, batch_size, on_refused, refused_table) */
Datum
ledger_post_from(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Bulk		bulk;

	store_refuse_read_only("ledger.post_from");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ledger.post_from has an unexpected result type");	/* cannot happen */
	begin_bulk(&bulk, fcinfo, 3);
	SPI_connect();
	post_rows(&bulk);
	SPI_finish();
	progress_end();
	return make_receipt(&bulk, desc);
}

/* SQL: CALL load(ledger, query, batch_size, commit_every, on_refused, refused_table, rows, posted, replayed, refused) */
Datum
ledger_load(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Bulk		bulk;

	if (!IsA(fcinfo->context, CallContext) || castNode(CallContext, fcinfo->context)->atomic)
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("ledger.load cannot be called inside a transaction"),
				errhint("Call it by itself, or use ledger.post_from, which does not commit."));
	store_refuse_read_only("ledger.load");
	begin_bulk(&bulk, fcinfo, 4);
	bulk.commit_every = read_number(fcinfo, 3, "commit_every", PG_INT32_MAX);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	post_rows(&bulk);
	SPI_finish();
	progress_end();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ledger.load has an unexpected result type");	/* cannot happen */
	return make_receipt(&bulk, desc);
}
