/*
 * request.c
 *		Read a transaction from SQL arguments, an array of postings or JSON.
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
#include "utils/datetime.h"
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
static char *
show(Span span)
{
	if (span.length <= 80)
		return pnstrdup(span.data, span.length);
	return psprintf("%s...", pnstrdup(span.data, pg_mbcliplen(span.data, span.length, 80)));
}

static bool
refuse_null(Request *request, const char *argument)
{
	return refuse(&request->refusal, ERRCODE_NULL_VALUE_NOT_ALLOWED,
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
				  psprintf("address \"%s\" is malformed", show(address)), detail,
				  "An address is segments of letters, digits and _ - . @, separated by colons, such as users:alice:wallet.");
}

/* Check what can be checked of a posting without knowing its asset. */
static bool
check_posting(Request *request, RequestPosting *posting)
{
	if (!request_check_address(posting->source, "source", &request->refusal) ||
		!request_check_address(posting->destination, "destination", &request->refusal))
		return false;
	if (posting->source.length == posting->destination.length &&
		memcmp(posting->source.data, posting->destination.data, posting->source.length) == 0)
		return refuse(&request->refusal, ERRCODE_LEDGER_SAME_ACCOUNT,
					  psprintf("source and destination are both \"%s\"", show(posting->source)), NULL,
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

/* Check the options, however they came. */
static bool
check_options(Request *request)
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
	return true;
}

/* Take idempotency_key, reference, effective_at and metadata from the arguments. */
static bool
read_options(Request *request, FunctionCallInfo fcinfo, int first)
{
	if (!PG_ARGISNULL(first))
		request->idempotency_key = PG_GETARG_TEXT_PP(first);
	if (!PG_ARGISNULL(first + 1))
		request->reference = PG_GETARG_TEXT_PP(first + 1);
	request->has_effective_at = !PG_ARGISNULL(first + 2);
	if (request->has_effective_at)
		request->effective_at = PG_GETARG_TIMESTAMPTZ(first + 2);
	if (!PG_ARGISNULL(first + 3))
		request->metadata = PG_GETARG_JSONB_P(first + 3);
	return check_options(request);
}

static bool
read_ledger(Request *request, FunctionCallInfo fcinfo)
{
	memset(request, 0, sizeof(*request));
	if (PG_ARGISNULL(0))
		return refuse_null(request, "ledger");
	request->ledger = PG_GETARG_TEXT_PP(0);
	return true;
}

/* post(ledger, source, destination, amount, asset, ...options) */
bool
request_single(Request *request, FunctionCallInfo fcinfo)
{
	static const char *const names[] = {"ledger", "source", "destination", "amount", "asset"};
	RequestPosting *posting;

	if (!read_ledger(request, fcinfo))
		return false;
	for (int i = 1; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(i))
			return refuse_null(request, names[i]);
	posting = request->postings = palloc(sizeof(RequestPosting));
	request->count = 1;
	posting->source = text_span(PG_GETARG_TEXT_PP(1));
	posting->destination = text_span(PG_GETARG_TEXT_PP(2));
	posting->amount = PG_GETARG_DATUM(3);
	posting->asset = text_span(PG_GETARG_TEXT_PP(4));
	return check_posting(request, posting) && read_options(request, fcinfo, 5);
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
		if (nulls[i])
			return refuse_null(request, psprintf("%s of posting %d", names[i], number + 1));
	posting->source = text_span(DatumGetTextPP(values[Anum_posting_source - 1]));
	posting->destination = text_span(DatumGetTextPP(values[Anum_posting_destination - 1]));
	posting->amount = values[Anum_posting_amount - 1];
	posting->asset = text_span(DatumGetTextPP(values[Anum_posting_asset - 1]));
	return check_posting(request, posting);
}

static bool
refuse_no_postings(Request *request)
{
	return refuse(&request->refusal, ERRCODE_LEDGER_NO_POSTINGS,
				  pstrdup("a transaction needs at least one posting"), NULL, NULL);
}

/* post_transaction(ledger, postings ledger.posting[], ...options) */
bool
request_array(Request *request, FunctionCallInfo fcinfo)
{
	ArrayType  *array;
	Datum	   *rows;
	bool	   *nulls;
	TupleDesc	desc;
	bool		good = true;

	if (!read_ledger(request, fcinfo))
		return false;
	if (PG_ARGISNULL(1))
		return refuse_null(request, "postings");
	array = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(array) == 0)
		return refuse_no_postings(request);
	if (ARR_NDIM(array) > 1)
		return refuse_array(request, psprintf("It has %d dimensions.", ARR_NDIM(array)));
	if (ARR_LBOUND(array)[0] != 1)
		return refuse_array(request, psprintf("Its first element has number %d.", ARR_LBOUND(array)[0]));

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &rows, &nulls, &request->count);
	request->postings = palloc(sizeof(RequestPosting) * request->count);
	desc = lookup_rowtype_tupdesc(ARR_ELEMTYPE(array), -1);
	for (int i = 0; i < request->count && good; i++)
	{
		if (nulls[i])
			good = refuse_array(request, psprintf("Element %d is NULL.", i + 1));
		else
			good = read_posting(request, i, DatumGetHeapTupleHeader(rows[i]), desc);
	}
	ReleaseTupleDesc(desc);
	return good && read_options(request, fcinfo, 2);
}

/* ------ JSON ------ */

static bool
refuse_json(Request *request, char *detail)
{
	return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_JSON,
				  pstrdup("the transaction's JSON is not of the expected form"), detail,
				  "Expected: {\"postings\": [{\"source\": \"a\", \"destination\": \"b\", \"amount\": \"12.34\", \"asset\": \"USD\"}], \"idempotency_key\": ..., \"reference\": ..., \"effective_at\": ..., \"metadata\": {...}}.");
}

static Span
json_span(const JsonbValue *value)
{
	Span		span = {value->val.string.val, value->val.string.len};

	return span;
}

/* A JSON string; NULL, and a refusal, for anything else. */
static bool
json_text(Request *request, const JsonbValue *value, const char *key, Span *span)
{
	if (value->type != jbvString)
		return refuse_json(request, psprintf("\"%s\" is not a string.", key));
	*span = json_span(value);
	return true;
}

/* Whether text is a plain decimal number, so that numeric_in cannot fail on it. */
static bool
is_decimal(Span text)
{
	int			i = text.length > 0 && (text.data[0] == '-' || text.data[0] == '+');
	int			digits = 0;

	for (; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
		digits++;
	if (i < text.length && text.data[i] == '.')
		for (i++; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
			digits++;
	return digits > 0 && digits < 1000 && i == text.length;
}

/* An amount as a JSON number, or a string so that no client rounds it. */
static bool
json_amount(Request *request, const JsonbValue *value, Datum *amount)
{
	Span		span;

	if (value->type == jbvNumeric)
	{
		*amount = NumericGetDatum(value->val.numeric);
		return true;
	}
	if (value->type != jbvString)
		return refuse_json(request, pstrdup("\"amount\" is neither a string nor a number."));
	span = json_span(value);
	if (!is_decimal(span))
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_AMOUNT,
					  psprintf("amount \"%s\" is not a decimal number", show(span)), NULL,
					  "Give digits with an optional decimal point, such as \"12.34\".");
	*amount = DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(span.data, span.length)),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return true;
}

/* Take one posting; every key is needed and no other is allowed. */
static bool
json_posting(Request *request, JsonbValue *object, RequestPosting *posting)
{
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	int			seen = 0;

	if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data))
		return refuse_json(request, pstrdup("An element of \"postings\" is not an object."));
	it = JsonbIteratorInit(object->val.binary.data);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		Span		name = json_span(&key);
		char	   *text = pnstrdup(name.data, name.length);
		bool		good;

		(void) JsonbIteratorNext(&it, &value, true);
		if (strcmp(text, "source") == 0)
			good = json_text(request, &value, text, &posting->source);
		else if (strcmp(text, "destination") == 0)
			good = json_text(request, &value, text, &posting->destination);
		else if (strcmp(text, "asset") == 0)
			good = json_text(request, &value, text, &posting->asset);
		else if (strcmp(text, "amount") == 0)
			good = json_amount(request, &value, &posting->amount);
		else
			good = refuse_json(request, psprintf("A posting has the unexpected key \"%s\".", show(name)));
		if (!good)
			return false;
		seen++;
	}
	if (seen != Natts_posting)
		return refuse_json(request, pstrdup("A posting lacks one of \"source\", \"destination\", \"amount\", \"asset\"."));
	return check_posting(request, posting);
}

static bool
json_postings(Request *request, JsonbValue *value)
{
	JsonbIterator *it;
	JsonbValue	element;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		return refuse_json(request, pstrdup("\"postings\" is not an array."));
	request->postings = palloc0(sizeof(RequestPosting) * (JsonContainerSize(value->val.binary.data) + 1));
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &element, true);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
		if (!json_posting(request, &element, &request->postings[request->count++]))
			return false;
	return true;
}

/* An ISO 8601 time, with its offset, as JSON has no type for it. */
static bool
json_time(Request *request, JsonbValue *value, TimestampTz *at)
{
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	char		work[MAXDATELEN + MAXDATEFIELDS];
	struct pg_tm tm;
	fsec_t		fsec;
	int			nf;
	int			tz;
	int			dtype;
	Span		span;
	char	   *text;

	if (!json_text(request, value, "effective_at", &span))
		return false;
	text = pnstrdup(span.data, span.length);
	if (ParseDateTime(text, work, sizeof(work), field, ftype, MAXDATEFIELDS, &nf) != 0 ||
		decode_date_time(field, ftype, nf, &dtype, &tm, &fsec, &tz) != 0)
		return refuse_json(request, psprintf("\"effective_at\" is not a time: \"%s\".", show(span)));
	if (dtype == DTK_LATE || dtype == DTK_EARLY)
		*at = dtype == DTK_LATE ? DT_NOEND : DT_NOBEGIN;
	else if (dtype != DTK_DATE || tm2timestamp(&tm, fsec, &tz, at) != 0)
		return refuse_json(request, psprintf("\"effective_at\" is not a time: \"%s\".", show(span)));
	return true;
}

static text *
span_text(Span span)
{
	return cstring_to_text_with_len(span.data, span.length);
}

/* Take one key of the transaction's object.  JSON null means not given. */
static bool
json_member(Request *request, Span name, JsonbValue *value)
{
	char	   *key = pnstrdup(name.data, name.length);
	Span		span;

	if (strcmp(key, "postings") == 0)
		return json_postings(request, value);
	if (strcmp(key, "idempotency_key") != 0 && strcmp(key, "reference") != 0 &&
		strcmp(key, "effective_at") != 0 && strcmp(key, "metadata") != 0)
		return refuse_json(request, psprintf("Unexpected key \"%s\".", show(name)));
	if (value->type == jbvNull)
		return true;
	if (strcmp(key, "effective_at") == 0)
	{
		request->has_effective_at = true;
		return json_time(request, value, &request->effective_at);
	}
	if (strcmp(key, "metadata") == 0)
	{
		request->metadata = JsonbValueToJsonb(value);
		return true;
	}
	if (!json_text(request, value, key, &span))
		return false;
	if (strcmp(key, "reference") == 0)
		request->reference = span_text(span);
	else
		request->idempotency_key = span_text(span);
	return true;
}

/* post_json(ledger, transaction jsonb) */
bool
request_json(Request *request, FunctionCallInfo fcinfo)
{
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	Jsonb	   *json;

	if (!read_ledger(request, fcinfo))
		return false;
	if (PG_ARGISNULL(1))
		return refuse_null(request, "transaction");
	json = PG_GETARG_JSONB_P(1);
	if (!JB_ROOT_IS_OBJECT(json))
		return refuse_json(request, pstrdup("It is not an object."));
	it = JsonbIteratorInit(&json->root);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (!json_member(request, json_span(&key), &value))
			return false;
	}
	if (request->count == 0)
		return refuse_no_postings(request);
	return check_options(request);
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

/*
 * SHA-256 of what is asked, the idempotency key left out: the same however the
 * request came, and on every machine.  Each part is preceded by its length.
 */
void
request_fingerprint(const Request *request, uint8 *fingerprint)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	char	   *text;

	if (pg_cryptohash_init(hash) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));	/* cannot happen */
	for (int i = 0; i < request->count; i++)
	{
		hash_span(hash, request->postings[i].source);
		hash_span(hash, request->postings[i].destination);
		hash_span(hash, amount_span(request->postings[i].amount));
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
	{
		text = JsonbToCString(NULL, &request->metadata->root, VARSIZE(request->metadata));
		hash_bytes_of(hash, text, strlen(text));
	}
	if (pg_cryptohash_final(hash, fingerprint, FINGERPRINT_SIZE) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(hash));	/* cannot happen */
	pg_cryptohash_free(hash);
}
