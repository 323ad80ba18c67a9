/*
 * json.c
 *		Read requests from JSON.
 *
 * Amounts may be numbers, or strings so that no client rounds them.  Keys other
 * than those known are refused, so that a misspelt option is not overlooked.
 */
#include "json.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "condition.h"
#include "money.h"

static bool
refuse_json(Request *request, char *detail)
{
	if (request->kind == KIND_EVENT)
		return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_JSON,
					  pstrdup("the event's JSON is not of the expected form"), detail,
					  "Expected: {\"event_type\": ..., \"payload\": ..., \"source_id\": ..., \"idempotency_key\": ...}, with the attributes of ledger.event.");
	return refuse(&request->refusal, ERRCODE_LEDGER_INVALID_JSON,
				  pstrdup("the transaction's JSON is not of the expected form"), detail,
				  "Expected: {\"postings\": [{\"source\": \"a\", \"destination\": \"b\", \"amount\": \"12.34\", \"asset\": \"USD\"}], \"idempotency_key\": ..., \"reference\": ..., \"effective_at\": ..., \"metadata\": {...}, \"tags\": {...}, \"conditions\": [...]}.");
}

static Span
json_span(const JsonbValue *value)
{
	Span		span = {value->val.string.val, value->val.string.len};

	return span;
}

static text *
span_text(Span span)
{
	return cstring_to_text_with_len(span.data, span.length);
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
					  psprintf("amount \"%s\" is not a decimal number", request_show(span)), NULL,
					  "Give digits with an optional decimal point, such as \"12.34\".");
	*amount = DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(span.data, span.length)),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return true;
}

/* Take one key of a posting.  JSON null means not given. */
static bool
json_posting_member(Request *request, RequestPosting *posting, Span name, JsonbValue *value)
{
	char	   *key = pnstrdup(name.data, name.length);

	if (strcmp(key, "source") == 0)
		return json_text(request, value, key, &posting->source);
	if (strcmp(key, "destination") == 0)
		return json_text(request, value, key, &posting->destination);
	if (strcmp(key, "asset") == 0)
		return json_text(request, value, key, &posting->asset);
	if (strcmp(key, "amount") == 0)
		return json_amount(request, value, &posting->amount);
	if (strcmp(key, "up_to") != 0)
		return refuse_json(request, psprintf("A posting has the unexpected key \"%s\".", request_show(name)));
	if (value->type != jbvBool)
		return refuse_json(request, "\"up_to\" is not a boolean.");
	posting->up_to = value->val.boolean;
	request->has_up_to |= posting->up_to;
	return true;
}

/* Take one posting; no other keys than these are allowed. */
static bool
json_posting(Request *request, JsonbValue *object, RequestPosting *posting)
{
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;

	if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data))
		return refuse_json(request, "An element of \"postings\" is not an object.");
	it = JsonbIteratorInit(object->val.binary.data);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (!json_posting_member(request, posting, json_span(&key), &value))
			return false;
	}
	if (posting->source.data == NULL || posting->destination.data == NULL || posting->asset.data == NULL ||
		(posting->amount == 0 && !posting->up_to))
		return refuse_json(request, "A posting lacks one of \"source\", \"destination\", \"amount\", \"asset\".");
	return request_check_posting(request, posting);
}

/* The iterator of an array's elements, past its beginning; NULL, and a refusal, if it is none. */
static JsonbIterator *
json_array(Request *request, JsonbValue *value, const char *key, int *count)
{
	JsonbIterator *it;
	JsonbValue	begin;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
	{
		refuse_json(request, psprintf("\"%s\" is not an array.", key));
		return NULL;
	}
	*count = JsonContainerSize(value->val.binary.data);
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &begin, true);
	return it;
}

static bool
json_postings(Request *request, JsonbValue *value)
{
	int			count;
	JsonbIterator *it = json_array(request, value, "postings", &count);
	JsonbValue	element;

	if (it == NULL)
		return false;
	if (count > POSTINGS_MAX)
		return request_refuse_size(&request->refusal);
	request->postings = palloc0(sizeof(RequestPosting) * (count + 1));
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
		return refuse_json(request, psprintf("\"effective_at\" is not a time: \"%s\".", request_show(span)));
	if (dtype == DTK_LATE || dtype == DTK_EARLY)
		*at = dtype == DTK_LATE ? DT_NOEND : DT_NOBEGIN;
	else if (dtype != DTK_DATE || tm2timestamp(&tm, fsec, &tz, at) != 0)
		return refuse_json(request, psprintf("\"effective_at\" is not a time: \"%s\".", request_show(span)));
	return true;
}

/* A whole number of 64 bits. */
static bool
json_number(Request *request, const JsonbValue *value, const char *key, Datum *number)
{
	Amount		whole;

	if (value->type != jbvNumeric)
		return refuse_json(request, psprintf("\"%s\" is not a number.", key));
	if (money_read(NumericGetDatum(value->val.numeric), 0, &whole) != AMOUNT_OK ||
		whole < PG_INT64_MIN || whole > PG_INT64_MAX)
		return refuse_json(request, psprintf("\"%s\" is not a whole number.", key));
	*number = Int64GetDatum((int64) whole);
	return true;
}

/* An array of strings, as text[]. */
static bool
json_texts(Request *request, JsonbValue *value, const char *key, Datum *texts)
{
	int			count;
	JsonbIterator *it = json_array(request, value, key, &count);
	JsonbValue	element;
	Datum	   *values;
	int			n = 0;

	if (it == NULL)
		return false;
	values = palloc(sizeof(Datum) * (count + 1));
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		Span		span;

		if (!json_text(request, &element, key, &span))
			return false;
		values[n++] = PointerGetDatum(span_text(span));
	}
	*texts = PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
	return true;
}

/* Which of some names a key is; -1 if none. */
static int
json_name(Span name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strlen(names[i]) == (size_t) name.length && memcmp(names[i], name.data, name.length) == 0)
			return i;
	return -1;
}

/* Take one key of a condition, which is as the attribute of ledger.condition of that name. */
static bool
json_condition_member(Request *request, Span name, JsonbValue *value, Datum *values, bool *nulls)
{
	static const char *const names[] = {"kind", "address", "asset", "version", "low", "high", "expected", "source_id",
	"source_type", "stream_type", "stream_id", "event_types", "none", "exact"};
	int			i = json_name(name, names, lengthof(names));
	Span		span;

	if (i < 0)
		return refuse_json(request, psprintf("A condition has the unexpected key \"%s\".", request_show(name)));
	if (value->type == jbvNull)
		return true;
	nulls[i] = false;
	switch (i + 1)
	{
		case Anum_condition_low:
		case Anum_condition_high:
			return json_amount(request, value, &values[i]);
		case Anum_condition_version:
		case Anum_condition_expected:
			return json_number(request, value, names[i], &values[i]);
		case Anum_condition_event_types:
			return json_texts(request, value, names[i], &values[i]);
		case Anum_condition_none:
		case Anum_condition_exact:
			if (value->type != jbvBool)
				return refuse_json(request, psprintf("\"%s\" is not a boolean.", names[i]));
			values[i] = BoolGetDatum(value->val.boolean);
			return true;
	}
	if (!json_text(request, value, names[i], &span))
		return false;
	values[i] = PointerGetDatum(span_text(span));
	return true;
}

/* The iterator of an object's members, past its beginning; NULL, and a refusal, if it is none. */
static JsonbIterator *
json_open_object(Request *request, JsonbValue *value, const char *what)
{
	JsonbIterator *it;
	JsonbValue	begin;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
	{
		refuse_json(request, psprintf("%s is not an object.", what));
		return NULL;
	}
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &begin, true);
	return it;
}

/* The names of tags, in the order of ledger.tags. */
static const char *const tag_names[] = {"source_id", "source_type", "stream_type", "stream_id", "event_type",
"correlation_id", "causation_id"};

/* Take the tags of a transaction. */
static bool
json_tags(Request *request, JsonbValue *value)
{
	JsonbIterator *it = json_open_object(request, value, "\"tags\"");
	Datum		values[lengthof(tag_names)];
	bool		nulls[lengthof(tag_names)];
	JsonbValue	key;
	JsonbValue	member;

	if (it == NULL)
		return false;
	memset(nulls, true, sizeof(nulls));
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		int			i = json_name(json_span(&key), tag_names, lengthof(tag_names));
		Span		span;

		(void) JsonbIteratorNext(&it, &member, true);
		if (i < 0)
			return refuse_json(request, psprintf("\"tags\" has the unexpected key \"%s\".", request_show(json_span(&key))));
		if (member.type == jbvNull)
			continue;
		if (!json_text(request, &member, tag_names[i], &span))
			return false;
		values[i] = PointerGetDatum(span_text(span));
		nulls[i] = false;
	}
	return request_tags(request, values, nulls);
}

/* Take the conditions of a call. */
static bool
json_conditions(Call *call, Request *request, JsonbValue *value)
{
	int			count;
	JsonbIterator *it = json_array(request, value, "conditions", &count);
	JsonbValue	element;

	if (it == NULL)
		return false;
	condition_begin(&call->conditions, count);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		Datum		values[Natts_condition];
		bool		nulls[Natts_condition];
		JsonbIterator *members = json_open_object(request, &element, "An element of \"conditions\"");
		JsonbValue	key;

		if (members == NULL)
			return false;
		memset(nulls, true, sizeof(nulls));
		while (JsonbIteratorNext(&members, &key, true) == WJB_KEY)
		{
			JsonbValue	member;

			(void) JsonbIteratorNext(&members, &member, true);
			if (!json_condition_member(request, json_span(&key), &member, values, nulls))
				return false;
		}
		if (!condition_add(&call->conditions, values, nulls, &request->refusal))
			return false;
	}
	return true;
}

/* Take one key of a transaction's object.  JSON null means not given. */
static bool
json_member(Call *call, Request *request, Span name, JsonbValue *value)
{
	char	   *key = pnstrdup(name.data, name.length);
	Span		span;

	if (strcmp(key, "postings") == 0)
		return json_postings(request, value);
	if (strcmp(key, "conditions") == 0 && !call->batch)
		return value->type == jbvNull || json_conditions(call, request, value);
	if (strcmp(key, "tags") == 0)
		return value->type == jbvNull || json_tags(request, value);
	if (strcmp(key, "linked") == 0 && call->batch && (value->type == jbvBool || value->type == jbvNull))
	{
		request->linked = value->type == jbvBool && value->val.boolean;
		return true;
	}
	if (strcmp(key, "idempotency_key") != 0 && strcmp(key, "reference") != 0 &&
		strcmp(key, "effective_at") != 0 && strcmp(key, "metadata") != 0)
		return refuse_json(request, psprintf("Unexpected key \"%s\".", request_show(name)));
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

/* Take a transaction from its object. */
static bool
json_request(Call *call, Request *request, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (!json_member(call, request, json_span(&key), &value))
			return false;
	}
	if (request->count == 0)
		return request_refuse_no_postings(request);
	return request_check_options(request);
}

/* (ledger, transaction jsonb) */
bool
json_call(Call *call, FunctionCallInfo fcinfo)
{
	Jsonb	   *json;

	if (PG_ARGISNULL(1))
		return request_refuse_null(&call->refusal, "transaction");
	json = PG_GETARG_JSONB_P(1);
	if (!JB_ROOT_IS_OBJECT(json))
		return refuse_json(call->requests, "It is not an object.");
	return json_request(call, call->requests, &json->root);
}

static bool
refuse_submission(Refusal *refusal, char *detail)
{
	return refuse(refusal, ERRCODE_LEDGER_INVALID_JSON,
				  pstrdup("what the producer returned is not of the expected form"), detail,
				  "Expected: {\"transactions\": [...], \"events\": [...]}, transactions as ledger.post_json takes them, events with the attributes of ledger.event.");
}

/* Take an array of transactions after what the call has; in an atomic one, up to the first that is malformed. */
static bool
json_transactions(Call *call, JsonbContainer *array)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	element;
	int64		postings = 0;

	(void) JsonbIteratorNext(&it, &element, true);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		Request    *request = &call->requests[call->count++];
		bool		good;

		CHECK_FOR_INTERRUPTS();
		request->kind = KIND_TRANSACTION;
		if (element.type == jbvBinary && JsonContainerIsObject(element.val.binary.data))
			good = json_request(call, request, element.val.binary.data);
		else
			good = refuse_json(request, "It is not an object.");
		if (!good && call->atomic)
			break;
		postings += request->count;
		if (postings > POSTINGS_MAX)
			return request_refuse_size(&call->refusal);
	}
	return true;
}

/* (ledger, transactions jsonb): an array of objects; each is refused on its own. */
bool
json_batch(Call *call, FunctionCallInfo fcinfo)
{
	Jsonb	   *json;

	if (PG_ARGISNULL(1))
		return request_refuse_null(&call->refusal, "transactions");
	json = PG_GETARG_JSONB_P(1);
	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		return refuse(&call->refusal, ERRCODE_LEDGER_INVALID_JSON, "the batch's JSON is not an array", NULL,
					  "Give an array of transactions, each as ledger.post_json takes it, with \"linked\" besides.");
	call->count = 0;
	call->requests = palloc0(sizeof(Request) * Max(JB_ROOT_COUNT(json), 1));
	return json_transactions(call, &json->root);
}

/* Take one key of an event, which is as the attribute of ledger.event of that name. */
static bool
json_event_member(Request *request, Span name, JsonbValue *value, Datum *tags, bool *nulls)
{
	int			i = json_name(name, tag_names, lengthof(tag_names));
	bool		is_key = name.length == 15 && memcmp(name.data, "idempotency_key", 15) == 0;
	Span		span;

	if (name.length == 7 && memcmp(name.data, "payload", 7) == 0)
	{
		request->payload = value->type == jbvNull ? NULL : JsonbValueToJsonb(value);
		return true;
	}
	if (i < 0 && !is_key)
		return refuse_json(request, psprintf("An event has the unexpected key \"%s\".", request_show(name)));
	if (value->type == jbvNull)
		return true;
	if (!json_text(request, value, is_key ? "idempotency_key" : tag_names[i], &span))
		return false;
	if (is_key)
		request->idempotency_key = span_text(span);
	else
	{
		tags[i] = PointerGetDatum(span_text(span));
		nulls[i] = false;
	}
	return true;
}

/* Take events after what the call has, up to the first that is malformed. */
static void
json_events(Call *call, JsonbContainer *array, const struct Action *action)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbValue	element;
	bool		good = true;

	(void) JsonbIteratorNext(&it, &element, true);
	while (good && JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		Request    *request = &call->requests[call->count++];
		JsonbIterator *members;
		Datum		tags[lengthof(tag_names)];
		bool		nulls[lengthof(tag_names)];
		JsonbValue	key;
		JsonbValue	value;

		CHECK_FOR_INTERRUPTS();
		request->kind = KIND_EVENT;
		request->action = action;
		members = json_open_object(request, &element, "An event");
		memset(nulls, true, sizeof(nulls));
		good = members != NULL;
		while (good && JsonbIteratorNext(&members, &key, true) == WJB_KEY)
		{
			(void) JsonbIteratorNext(&members, &value, true);
			good = json_event_member(request, json_span(&key), &value, tags, nulls);
		}
		good = good && request_tags(request, tags, nulls) && request_check_options(request);
	}
}

/*
 * An object of transactions and events, each an array or absent: what a producer
 * returns.  action: what events do.
 */
bool
json_submission(Call *call, Jsonb *json, const struct Action *action)
{
	static const char *const names[] = {"transactions", "events"};
	JsonbContainer *arrays[lengthof(names)] = {NULL};
	int			count = 0;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;

	it = JsonbIteratorInit(&json->root);
	if (!JB_ROOT_IS_OBJECT(json) || JsonbIteratorNext(&it, &key, true) != WJB_BEGIN_OBJECT)
		return refuse_submission(&call->refusal, "It is not an object.");
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		int			i = json_name(json_span(&key), names, lengthof(names));

		(void) JsonbIteratorNext(&it, &value, true);
		if (i < 0)
			return refuse_submission(&call->refusal, psprintf("It has the unexpected key \"%s\".", request_show(json_span(&key))));
		if (value.type == jbvNull)
			continue;
		if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
			return refuse_submission(&call->refusal, psprintf("\"%s\" is not an array.", names[i]));
		arrays[i] = value.val.binary.data;
		count += JsonContainerSize(arrays[i]);
	}
	if (count > POSTINGS_MAX)
		return request_refuse_size(&call->refusal);
	call->count = 0;
	call->requests = palloc0(sizeof(Request) * Max(count, 1));
	if (arrays[0] != NULL && !json_transactions(call, arrays[0]))
		return false;
	if (arrays[1] != NULL && (call->count == 0 || call->requests[call->count - 1].refusal.sqlstate == 0))
		json_events(call, arrays[1], action);
	return true;
}
