/*
 * parse.c
 *		Lines in canonical form, read back.
 *
 * What was read is written down again and must give the same bytes: so a line
 * says nothing that the record does not, and no two lines are one record.
 */
#include "parse.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "balance.h"
#include "compat.h"

/* Call an input function; false, instead of an error, for what it does not take. */
static bool
call_input(PGFunction function, char *text, Datum *value)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool taken = true;

	/* input functions hold nothing that an error would have to give back */
	PG_TRY();
	{
		*value = DirectFunctionCall3(function, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION &&
			ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		FlushErrorState();
		taken = false;
	}
	PG_END_TRY();
	return taken;
}

/* The JSON object of a line; NULL if it is none. */
Jsonb *
parse_json(const char *text, Size length)
{
	Datum		value;
	Jsonb	   *object;

	if (!call_input(jsonb_in, pnstrdup(text, length), &value))
		return NULL;
	object = DatumGetJsonbP(value);
	return JB_ROOT_IS_OBJECT(object) ? object : NULL;
}

/* A member that is not null; NULL if there is none, also if it is no object. */
JsonbValue *
parse_member(Jsonb *object, const char *name)
{
	JsonbValue *value = JB_ROOT_IS_OBJECT(object) ? getKeyJsonValueFromContainer(&object->root, name, strlen(name), NULL) : NULL;

	return value == NULL || value->type == jbvNull ? NULL : value;
}

/* A number that is a whole one; false for any other value, 0 for none. */
static bool
whole_number(const JsonbValue *value, int64 *number)
{
	char	   *text;
	char	   *end;

	*number = 0;
	if (value == NULL)
		return true;
	if (value->type != jbvNumeric)
		return false;
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	*number = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

bool
parse_number(Jsonb *object, const char *name, int64 *value)
{
	return whole_number(parse_member(object, name), value);
}

/* A member that is a string; NULL if it is none. */
char *
parse_string(Jsonb *object, const char *name)
{
	JsonbValue *value = parse_member(object, name);

	return value != NULL && value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : NULL;
}

/* A member that is a hash in hexadecimal digits. */
bool
parse_hash(Jsonb *object, const char *name, uint8 *hash)
{
	char	   *hex = parse_string(object, name);

	if (hex == NULL || strlen(hex) != HASH_SIZE * 2 || strspn(hex, "0123456789abcdef") != HASH_SIZE * 2)
		return false;
	(void) hex_decode(hex, HASH_SIZE * 2, (char *) hash);
	return true;
}

/* A member that is a time. */
bool
parse_time(Jsonb *object, const char *name, TimestampTz *time)
{
	char	   *text = parse_string(object, name);
	Datum		value;

	if (text == NULL || !call_input(timestamptz_in, text, &value))
		return false;
	*time = DatumGetTimestampTz(value);
	return !TIMESTAMP_NOT_FINITE(*time);
}

static text *
parse_text(Jsonb *object, const char *name)
{
	char	   *value = parse_string(object, name);

	return value ? cstring_to_text(value) : NULL;
}

static Jsonb *
parse_part(Jsonb *object, const char *name)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&object->root, name, strlen(name), NULL);

	return value ? JsonbValueToJsonb(value) : NULL;
}

static const Tags *
parse_tags(Jsonb *tags)
{
	Tags	   *result = palloc0(sizeof(Tags));

	result->values[TAG_SOURCE_ID] = parse_text(tags, "source_id");
	result->values[TAG_SOURCE_TYPE] = parse_text(tags, "source_type");
	result->values[TAG_STREAM_TYPE] = parse_text(tags, "stream_type");
	result->values[TAG_STREAM_ID] = parse_text(tags, "stream_id");
	result->values[TAG_EVENT_TYPE] = parse_text(tags, "event_type");
	result->correlation_id = parse_text(tags, "correlation_id");
	result->causation_id = parse_text(tags, "causation_id");
	return result;
}

/* A string in an entry; NULL if it is none. */
static const char *
entry_string(JsonbContainer *entry, int index)
{
	JsonbValue *value = getIthJsonbValueFromContainer(entry, index);

	return value != NULL && value->type == jbvString ? pnstrdup(value->val.string.val, value->val.string.len) : NULL;
}

/* Members of each entry: address, asset, amount, balance, version and, if it is not 0, stripe */
static bool
parse_entry(const JsonbValue *value, CanonEntry *entry)
{
	JsonbContainer *parts;
	int64		stripe = 0;
	uint32		size;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return false;
	size = JsonContainerSize(value->val.binary.data);
	if (size != 5 && size != 6)
		return false;
	parts = value->val.binary.data;
	entry->address = entry_string(parts, 0);
	entry->asset = entry_string(parts, 1);
	entry->amount = entry_string(parts, 2);
	entry->balance = entry_string(parts, 3);
	if (entry->address == NULL || entry->asset == NULL || entry->amount == NULL || entry->balance == NULL ||
		!whole_number(getIthJsonbValueFromContainer(parts, 4), &entry->version) ||
		(size == 6 && !whole_number(getIthJsonbValueFromContainer(parts, 5), &stripe)) ||
		stripe < 0 || stripe > MAX_STRIPES)
		return false;
	entry->stripe = (int) stripe;
	entry->address_length = strlen(entry->address);
	return true;
}

/* The entries, and as many legs. */
static bool
parse_entries(Jsonb *object, ParsedRecord *parsed)
{
	JsonbValue *entries = parse_member(object, "entries");
	JsonbContainer *list;
	int			count;

	if (entries == NULL)
		return true;
	if (entries->type != jbvBinary || !JsonContainerIsArray(entries->val.binary.data))
		return false;
	list = entries->val.binary.data;
	count = JsonContainerSize(list);
	if (count == 0 || count % 2 != 0)
		return false;
	parsed->entries = palloc(sizeof(CanonEntry) * count);
	parsed->record.legs = palloc0(sizeof(Leg) * count);
	parsed->record.leg_count = count;
	for (int i = 0; i < count; i++)
	{
		if (!parse_entry(getIthJsonbValueFromContainer(list, i), &parsed->entries[i]))
			return false;
		parsed->record.legs[i].version = parsed->entries[i].version;
	}
	return true;
}

/* Take a record out of its line; false unless the line is exactly that record's. */
bool
parse_record(Jsonb *object, const char *text, Size length, ParsedRecord *parsed)
{
	JournalRecord *record = &parsed->record;
	char	   *kind = parse_string(object, "kind");
	Jsonb	   *tags = parse_part(object, "tags");
	uint8	   *fingerprint;
	StringInfoData again;

	memset(parsed, 0, sizeof(*parsed));
	record->kind = kind ? canon_kind(kind, strlen(kind)) : 0;
	if (record->kind == 0 || !parse_number(object, "position", &record->position) ||
		!parse_number(object, "related", &record->related) ||
		!parse_time(object, "recorded_at", &record->recorded_at))
		return false;
	record->has_effective_at = parse_member(object, "effective_at") != NULL;
	if (record->has_effective_at &&
		(!parse_time(object, "effective_at", &record->effective_at) || record->effective_at == record->recorded_at))
		return false;
	record->idempotency_key = parse_text(object, "idempotency_key");
	record->reference = parse_text(object, "reference");
	fingerprint = palloc(HASH_SIZE);
	if (parse_hash(object, "fingerprint", fingerprint))
		record->fingerprint = fingerprint;
	if (tags != NULL && !JB_ROOT_IS_OBJECT(tags))
		return false;
	if (tags != NULL)
		record->tags = parse_tags(tags);
	record->metadata = parse_part(object, "metadata");
	record->payload = parse_part(object, "payload");
	if (!parse_entries(object, parsed))
		return false;
	/* a key without what was asked under it, or the reverse, would not come back out as it went in */
	if ((record->idempotency_key == NULL) != (record->fingerprint == NULL))
		return false;
	initStringInfo(&again);
	canon_line(&again, record, parsed->entries);
	return (Size) again.len == length && memcmp(again.data, text, length) == 0;
}
