/*
 * request.c
 *		Read a request from SQL arguments or an array of postings.
 *
 * Everything that can be wrong with a request by itself is found here, before
 * anything is looked up or locked; it becomes the request's refusal.
 */
#include "request.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "address.h"
#include "compat.h"

/* Attributes of the type ledger.posting */
enum
{
	Anum_posting_source = 1,
	Anum_posting_destination,
	Anum_posting_amount,
	Anum_posting_asset,
	Natts_posting = Anum_posting_asset
};

static Span
text_span(text *value)
{
	Span		span = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};

	return span;
}

/* The span for a message, cut where it would be too long to read. */
char *
request_show(Span span)
{
	if (span.length <= 80)
		return pnstrdup(span.data, span.length);
	return psprintf("%s...", pnstrdup(span.data, pg_mbcliplen(span.data, span.length, 80)));
}

bool
request_refuse_null(Refusal *refusal, const char *argument)
{
	return refuse(refusal, ERRCODE_NULL_VALUE_NOT_ALLOWED,
				  psprintf("%s must not be NULL", argument), NULL, NULL);
}

/* Check an address, saying which one it is. */
bool
request_check_address(Span address, const char *what, Refusal *refusal)
{
	AddressStatus status = address_check(address.data, address.length);
	Size		fault;
	char	   *detail;

	if (status == ADDRESS_OK)
		return true;
	fault = address_fault(address.data, address.length);
	switch (status)
	{
		case ADDRESS_EMPTY:
			detail = psprintf("The %s is empty.", what);
			break;
		case ADDRESS_TOO_LONG:
			detail = psprintf("The %s has %d bytes, more than %d.", what, address.length, ADDRESS_MAX);
			break;
		case ADDRESS_EMPTY_SEGMENT:
			detail = psprintf("The %s has an empty segment at byte %zu.", what, fault + 1);
			break;
		default:
			detail = psprintf("The %s has a character that is not allowed at byte %zu.", what, fault + 1);
	}
	return refuse(refusal, ERRCODE_LEDGER_INVALID_ADDRESS,
				  psprintf("address \"%s\" is malformed", request_show(address)), detail,
				  "An address is segments of letters, digits and _ - . @, separated by colons, such as users:alice:wallet.");
}

/* Check what can be checked of a posting without knowing its asset. */
bool
request_check_posting(Request *request, RequestPosting *posting)
{
	if (!request_check_address(posting->source, "source", &request->refusal) ||
		!request_check_address(posting->destination, "destination", &request->refusal))
		return false;
	if (posting->source.length == posting->destination.length &&
		memcmp(posting->source.data, posting->destination.data, posting->source.length) == 0)
		return refuse(&request->refusal, ERRCODE_LEDGER_SAME_ACCOUNT,
					  psprintf("source and destination are both \"%s\"", request_show(posting->source)), NULL,
					  "Post between two different accounts.");
	return true;
}

static bool
check_key(Request *request, text *key, const char *what)
{
	int			length;

	if (key == NULL)
		return true;
	length = VARSIZE_ANY_EXHDR(key);
	if (length > 0 && length <= KEY_MAX)
		return true;
	return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_KEY,
				  psprintf(length == 0 ? "%s is empty" : "%s is too long", what),
				  psprintf("It has %d bytes.", length),
				  "Give 1 to 512 bytes, or NULL for none.");
}

/* Check the options of one request, however they came. */
bool
request_check_options(Request *request)
{
	if (!check_key(request, request->idempotency_key, "idempotency_key") ||
		!check_key(request, request->reference, "reference"))
		return false;
	if (request->metadata != NULL && !JB_ROOT_IS_OBJECT(request->metadata))
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_METADATA,
					  pstrdup("metadata is not a JSON object"), NULL,
					  "Give an object such as {\"order\": 17}, or NULL for none.");
	if (request->has_effective_at && TIMESTAMP_NOT_FINITE(request->effective_at))
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_EFFECTIVE_TIME,
					  pstrdup("effective_at is infinite"), NULL,
					  "Give a time, or NULL for now.");
	if (request->has_expires_at && TIMESTAMP_NOT_FINITE(request->expires_at))
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_EFFECTIVE_TIME,
					  pstrdup("expires_at is infinite"), NULL,
					  "Give a time, or NULL for a hold that does not expire.");
	return true;
}

/* An interval in milliseconds, with months of 30 days and days of 24 hours. */
double
request_interval_ms(const Interval *interval)
{
	return ((double) interval->time + ((double) interval->month * DAYS_PER_MONTH + interval->day) * USECS_PER_DAY) / 1000;
}

/* Begin a call for one request, whose first argument names the ledger. */
bool
request_begin(Call *call, FunctionCallInfo fcinfo, char kind)
{
	memset(call, 0, sizeof(*call));
	call->requests = palloc0(sizeof(Request));
	call->count = 1;
	call->atomic = true;
	call->requests->kind = kind;
	if (PG_ARGISNULL(0))
		return request_refuse_null(&call->refusal, "ledger");
	call->ledger = PG_GETARG_TEXT_PP(0);
	return true;
}

/* An argument that was given; one that the function lacks never is. */
static bool
is_given(FunctionCallInfo fcinfo, int arg)
{
	return arg != 0 && !PG_ARGISNULL(arg);
}

/* Take up_to of a single posting or, for several, one for each. */
static bool
read_up_to(Request *request, FunctionCallInfo fcinfo, int arg, bool single)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	if (!is_given(fcinfo, arg))
		return true;
	if (single)
	{
		request->has_up_to = request->postings->up_to = PG_GETARG_BOOL(arg);
		return true;
	}
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (!request_plain_array(array, "up_to", &request->refusal))
		return false;
	deconstruct_array(array, BOOLOID, 1, true, TYPALIGN_CHAR, &values, &nulls, &count);
	if (count != request->count)
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_BATCH,
					  psprintf("up_to has %d elements for %d postings", count, request->count), NULL,
					  "Give one boolean for each posting, or NULL.");
	for (int i = 0; i < count; i++)
	{
		request->postings[i].up_to = !nulls[i] && DatumGetBool(values[i]);
		request->has_up_to |= request->postings[i].up_to;
	}
	return true;
}

/* A posting without an amount asks for all there is, which needs up_to. */
bool
request_check_amounts(Request *request, bool numbered)
{
	for (int i = 0; i < request->count; i++)
		if (request->postings[i].amount == 0 && !request->postings[i].up_to)
			return request_refuse_null(&request->refusal, numbered ? psprintf("amount of posting %d", i + 1) : "amount");
	return true;
}

/* Take a row apart; *values and *nulls are for as many attributes as its type has. */
void
request_deform(Datum row, Datum **values, bool **nulls)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(row);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple;

	*values = palloc(sizeof(Datum) * desc->natts);
	*nulls = palloc(sizeof(bool) * desc->natts);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc, *values, *nulls);
	ReleaseTupleDesc(desc);
}

/* Take a tag, which has 1 to 512 bytes if it is given. */
bool
request_tag(Request *request, Datum value, bool isnull, const char *name, text **tag)
{
	*tag = isnull ? NULL : DatumGetTextPP(value);
	return check_key(request, *tag, name);
}

/* Take tags given as the attributes of ledger.tags. */
bool
request_tags(Request *request, Datum *values, bool *nulls)
{
	static const char *const names[] = {"source_id", "source_type", "stream_type", "stream_id", "event_type",
	"correlation_id", "causation_id"};
	Tags	   *tags = palloc0(sizeof(Tags));
	text	  **places[] = {&tags->values[TAG_SOURCE_ID], &tags->values[TAG_SOURCE_TYPE], &tags->values[TAG_STREAM_TYPE],
		&tags->values[TAG_STREAM_ID], &tags->values[TAG_EVENT_TYPE], &tags->correlation_id, &tags->causation_id};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (!request_tag(request, values[i], nulls[i], names[i], places[i]))
			return false;
	request->tags = tags;
	return true;
}

static bool
read_tags(Request *request, Datum row)
{
	Datum	   *values;
	bool	   *nulls;

	request_deform(row, &values, &nulls);
	return request_tags(request, values, nulls);
}

/* Take the optional arguments of a function that makes one request, postings read before. */
bool
request_options(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args)
{
	Request    *request = call->requests;

	if (is_given(fcinfo, args->idempotency_key))
		request->idempotency_key = PG_GETARG_TEXT_PP(args->idempotency_key);
	if (is_given(fcinfo, args->reference))
		request->reference = PG_GETARG_TEXT_PP(args->reference);
	request->has_effective_at = is_given(fcinfo, args->effective_at);
	if (request->has_effective_at)
		request->effective_at = PG_GETARG_TIMESTAMPTZ(args->effective_at);
	request->has_expires_at = is_given(fcinfo, args->expires_at);
	if (request->has_expires_at)
		request->expires_at = PG_GETARG_TIMESTAMPTZ(args->expires_at);
	if (is_given(fcinfo, args->tags) && !read_tags(request, PG_GETARG_DATUM(args->tags)))
		return false;
	if (is_given(fcinfo, args->metadata))
		request->metadata = PG_GETARG_JSONB_P(args->metadata);
	if (!request_check_options(request))
		return false;
	return !is_given(fcinfo, args->conditions) ||
		condition_read(&call->conditions, PG_GETARG_ARRAYTYPE_P(args->conditions), &call->refusal);
}

/* (ledger, source, destination, amount, asset, ...options) */
bool
request_single(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args)
{
	static const char *const names[] = {"ledger", "source", "destination", "amount", "asset"};
	Request    *request = call->requests;
	RequestPosting *posting = request->postings = palloc0(sizeof(RequestPosting));

	for (int i = 1; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(i) && i != 3)
			return request_refuse_null(&request->refusal, names[i]);
	request->count = 1;
	posting->source = text_span(PG_GETARG_TEXT_PP(1));
	posting->destination = text_span(PG_GETARG_TEXT_PP(2));
	posting->amount = PG_ARGISNULL(3) ? 0 : PG_GETARG_DATUM(3);
	posting->asset = text_span(PG_GETARG_TEXT_PP(4));
	return read_up_to(request, fcinfo, args->up_to, true) && request_check_amounts(request, false) &&
		request_check_posting(request, posting) && request_options(call, fcinfo, args);
}

/* Whether an array, named so, has one dimension and begins at 1; an empty one is plain, too. */
bool
request_plain_array(ArrayType *array, const char *what, Refusal *refusal)
{
	char	   *detail;

	if (ARR_NDIM(array) > 1)
		detail = psprintf("It has %d dimensions.", ARR_NDIM(array));
	else if (ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] != 1)
		detail = psprintf("Its first element has number %d.", ARR_LBOUND(array)[0]);
	else
		return true;
	return refuse(refusal, ERRCODE_LEDGER_INVALID_POSTINGS, psprintf("%s is not a plain array", what), detail,
				  "Give a one-dimensional array that starts at 1.");
}

static bool
refuse_array(Request *request, char *detail)
{
	return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_POSTINGS,
				  pstrdup("postings are not a plain array"), detail,
				  "Give a one-dimensional array without NULLs that starts at 1, such as ARRAY[ROW('a','b',1,'USD')::ledger.posting].");
}

/* Take one element of an array of ledger.posting. */
static bool
read_posting(Request *request, int number, HeapTupleHeader row, TupleDesc desc)
{
	static const char *const names[] = {"source", "destination", "amount", "asset"};
	RequestPosting *posting = &request->postings[number];
	HeapTupleData tuple;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
	for (int i = 0; i < Natts_posting; i++)
		if (nulls[i] && i != Anum_posting_amount - 1)
			return request_refuse_null(&request->refusal, psprintf("%s of posting %d", names[i], number + 1));
	posting->source = text_span(DatumGetTextPP(values[Anum_posting_source - 1]));
	posting->destination = text_span(DatumGetTextPP(values[Anum_posting_destination - 1]));
	posting->amount = nulls[Anum_posting_amount - 1] ? 0 : values[Anum_posting_amount - 1];
	posting->asset = text_span(DatumGetTextPP(values[Anum_posting_asset - 1]));
	return request_check_posting(request, posting);
}

bool
request_refuse_no_postings(Request *request)
{
	return refuse(&request->refusal, ERRCODE_LEDGER_NO_POSTINGS,
				  pstrdup("a transaction needs at least one posting"), NULL, NULL);
}

/* A call that is larger than any may be. */
bool
request_refuse_size(Refusal *refusal)
{
	return refuse(refusal, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "a call has too many postings",
				  psprintf("At most %d postings may be given at once.", POSTINGS_MAX),
				  "Give them in several calls, in one transaction if they belong together.");
}

/* Take an argument that is ledger.posting[]. */
bool
request_read_postings(Request *request, FunctionCallInfo fcinfo, int arg)
{
	ArrayType  *array;
	Datum	   *rows;
	bool	   *nulls;
	TupleDesc	desc;
	bool		good = true;

	if (PG_ARGISNULL(arg))
		return request_refuse_null(&request->refusal, "postings");
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(array) == 0)
		return request_refuse_no_postings(request);
	if (ARR_NDIM(array) > 1)
		return refuse_array(request, psprintf("It has %d dimensions.", ARR_NDIM(array)));
	if (ARR_LBOUND(array)[0] != 1)
		return refuse_array(request, psprintf("Its first element has number %d.", ARR_LBOUND(array)[0]));

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &rows, &nulls, &request->count);
	if (request->count > POSTINGS_MAX)
		return request_refuse_size(&request->refusal);
	request->postings = palloc0(sizeof(RequestPosting) * request->count);
	desc = lookup_rowtype_tupdesc(ARR_ELEMTYPE(array), -1);
	for (int i = 0; i < request->count && good; i++)
	{
		if (nulls[i])
			good = refuse_array(request, psprintf("Element %d is NULL.", i + 1));
		else
			good = read_posting(request, i, DatumGetHeapTupleHeader(rows[i]), desc);
	}
	ReleaseTupleDesc(desc);
	return good;
}

/* (ledger, postings ledger.posting[], ...options) */
bool
request_array(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args)
{
	Request    *request = call->requests;

	return request_read_postings(request, fcinfo, 1) && read_up_to(request, fcinfo, args->up_to, false) && request_check_amounts(request, true) &&
		request_options(call, fcinfo, args);
}

/* ------ fingerprint ------ */

static void
hash_bytes_of(pg_cryptohash_ctx *hash, const void *data, Size length)
{
	uint64		prefix = length;
	uint8		size[8];

	for (int i = 0; i < 8; i++)
		size[i] = (uint8) (prefix >> (8 * i));
	if (pg_cryptohash_update(hash, size, sizeof(size)) < 0 ||
		pg_cryptohash_update(hash, data, length) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));	/* cannot happen */
}

static void
hash_span(pg_cryptohash_ctx *hash, Span span)
{
	hash_bytes_of(hash, span.data, span.length);
}

/* Text of an amount without trailing zeros, so that 5 and 5.00 are one request. */
static Span
amount_span(Datum amount)
{
	Datum		trimmed = DirectFunctionCall1(numeric_trim_scale, amount);
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, trimmed));
	Span		span = {text, (int) strlen(text)};

	return span;
}

static void
hash_json(pg_cryptohash_ctx *hash, Jsonb *json)
{
	char	   *text = JsonbToCString(NULL, &json->root, VARSIZE(json));

	hash_bytes_of(hash, text, strlen(text));
}

/* Tags, those not given included, so that none is taken for another. */
static void
hash_tags(pg_cryptohash_ctx *hash, const Tags *tags)
{
	const text *values[TAG_COUNT + 2];

	memcpy(values, tags->values, sizeof(tags->values));
	values[TAG_COUNT] = tags->correlation_id;
	values[TAG_COUNT + 1] = tags->causation_id;
	for (int i = 0; i < (int) lengthof(values); i++)
		hash_bytes_of(hash, values[i] ? VARDATA_ANY(values[i]) : "", values[i] ? VARSIZE_ANY_EXHDR(values[i]) : 0);
}

/* What other kinds of request than a plain transaction ask besides. */
static void
hash_kind(pg_cryptohash_ctx *hash, const Request *request)
{
	char	   *text;

	if (request->tags != NULL)
		hash_tags(hash, request->tags);
	if (request->payload != NULL)
		hash_json(hash, request->payload);
	for (int i = 0; i < request->count && request->has_up_to; i++)
		hash_bytes_of(hash, request->postings[i].up_to ? "u" : "=", 1);
	if (request->kind == KIND_TRANSACTION)
		return;
	text = psprintf("%c " INT64_FORMAT " %d %d %d %d " INT64_FORMAT, request->kind, request->related,
					request->final, request->force, request->original_time,
					request->has_expires_at, request->has_expires_at ? request->expires_at : 0);
	hash_bytes_of(hash, text, strlen(text));
	for (int i = 0; i < request->part_count; i++)
		hash_span(hash, amount_span(request->parts[i]));
}

/*
 * SHA-256 of what is asked, the idempotency key left out: the same however the
 * request came, and on every machine.  Each part is preceded by its length.
 */
void
request_fingerprint(const Request *request, uint8 *fingerprint)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	const Span	no_amount = {"all", 3};
	char	   *text;

	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));	/* cannot happen */
	for (int i = 0; i < request->count; i++)
	{
		hash_span(hash, request->postings[i].source);
		hash_span(hash, request->postings[i].destination);
		hash_span(hash, request->postings[i].amount ? amount_span(request->postings[i].amount) : no_amount);
		hash_span(hash, request->postings[i].asset);
	}
	/* options, marked by a length that no address, amount or asset has */
	hash_bytes_of(hash, "", 0);
	if (request->reference != NULL)
		hash_span(hash, text_span(request->reference));
	hash_bytes_of(hash, "", 0);
	if (request->has_effective_at)
	{
		text = psprintf(INT64_FORMAT, request->effective_at);
		hash_bytes_of(hash, text, strlen(text));
	}
	hash_bytes_of(hash, "", 0);
	if (request->metadata != NULL)
		hash_json(hash, request->metadata);
	hash_kind(hash, request);
	if (pg_cryptohash_final(hash, fingerprint, FINGERPRINT_SIZE) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));	/* cannot happen */
	pg_cryptohash_free(hash);
}
