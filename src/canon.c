/*
 * canon.c
 *		The one byte-exact form of a journal record, for hashes and export alike.
 *
 * Version 1 is a JSON object in UTF-8, without spaces or line ends between its
 * parts, whose members come in this order and are left out where there is none:
 *
 *	v			1
 *	position	number
 *	kind		string, as in the view ledger.journal
 *	recorded_at, effective_at
 *				string, as to_json(timestamptz) writes it with TimeZone UTC;
 *				effective_at only if it differs
 *	idempotency_key, reference
 *				string
 *	fingerprint	string of hexadecimal digits, of the request under the key
 *	related		number
 *	tags		object of strings: source_id, source_type, stream_type,
 *				stream_id, event_type, correlation_id, causation_id
 *	metadata, payload
 *				as jsonb writes itself
 *	entries		array of [address, asset, amount, balance, version, stripe], source
 *				and destination of each posting in turn: strings, amounts with all
 *				decimals of the asset, version and stripe numbers; the stripe, whose
 *				balance and version these are, is left out where it is 0
 *
 * Strings are escaped as to_json(text) does it.  So each part has one form, and
 * no two records share one.  Neither the ledger's name nor internal numbers are
 * in it: a ledger keeps its hashes wherever it goes.
 */
#include "canon.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"

static const struct
{
	char		kind;
	const char *name;
}			kinds[] =
{
	{KIND_TRANSACTION, "transaction"},
	{KIND_HOLD, "hold"},
	{KIND_CAPTURE, "capture"},
	{KIND_VOID, "void"},
	{KIND_REVERSAL, "reversal"},
	{KIND_EVENT, "event"},
	{KIND_ACCOUNT, "account"},
	{KIND_LEDGER, "ledger"}
};

/* The name of a kind of record. */
const char *
canon_kind_name(char kind)
{
	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "unknown";
}

/* The kind of record of a name; 0 if there is none. */
char
canon_kind(const char *name, Size length)
{
	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0)
			return kinds[i].kind;
	return 0;
}

static void
put_key(StringInfo line, const char *key)
{
	char		last = line->data[line->len - 1];

	appendStringInfo(line, "%s\"%s\":", last == '{' ? "" : ",", key);
}

static void
put_text(StringInfo line, const char *key, const text *value)
{
	if (value == NULL)
		return;
	put_key(line, key);
	escape_json(line, text_to_cstring(value));
}

static void
put_time(StringInfo line, const char *key, TimestampTz value)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	put_key(line, key);
	appendStringInfo(line, "\"%s\"", JsonEncodeDateTime(buffer, TimestampTzGetDatum(value), TIMESTAMPTZOID, &utc));
}

static void
put_json(StringInfo line, const char *key, Jsonb *value)
{
	if (value == NULL)
		return;
	put_key(line, key);
	(void) JsonbToCString(line, &value->root, VARSIZE(value));
}

static void
put_tags(StringInfo line, const Tags *tags)
{
	static const Tag order[] = {TAG_SOURCE_ID, TAG_SOURCE_TYPE, TAG_STREAM_TYPE, TAG_STREAM_ID, TAG_EVENT_TYPE};
	static const char *const names[] = {"source_id", "source_type", "stream_type", "stream_id", "event_type"};
	bool		any = false;

	for (int i = 0; tags != NULL && i < TAG_COUNT; i++)
		any |= tags->values[i] != NULL;
	if (tags == NULL || !(any || tags->correlation_id != NULL || tags->causation_id != NULL))
		return;
	put_key(line, "tags");
	appendStringInfoChar(line, '{');
	for (int i = 0; i < (int) lengthof(order); i++)
		put_text(line, names[i], tags->values[order[i]]);
	put_text(line, "correlation_id", tags->correlation_id);
	put_text(line, "causation_id", tags->causation_id);
	appendStringInfoChar(line, '}');
}

/* A string that hardly ever has anything to be escaped; null if there is none. */
static void
put_name(StringInfo line, const char *value, int length)
{
	if (value == NULL)
	{
		appendStringInfoString(line, "null");
		return;
	}
	for (int i = 0; i < length; i++)
		if ((unsigned char) value[i] < ' ' || value[i] == '"' || value[i] == '\\')
		{
			escape_json(line, pnstrdup(value, length));
			return;
		}
	appendStringInfoChar(line, '"');
	appendBinaryStringInfo(line, value, length);
	appendStringInfoChar(line, '"');
}

/* The entries; what is damaged or missing is null, so that the hash tells and verify can go on. */
static void
put_entries(StringInfo line, const JournalRecord *record, const CanonEntry *entries)
{
	if (record->leg_count == 0)
		return;
	put_key(line, "entries");
	if (record->leg_count < 0)
		appendStringInfoString(line, "null");
	for (int i = 0; i < record->leg_count; i++)
	{
		const CanonEntry *entry = &entries[i];

		appendStringInfoString(line, i == 0 ? "[[" : ",[");
		put_name(line, entry->address, entry->address_length);
		appendStringInfoChar(line, ',');
		put_name(line, entry->asset, entry->asset ? strlen(entry->asset) : 0);
		appendStringInfoChar(line, ',');
		put_name(line, entry->amount, entry->amount ? strlen(entry->amount) : 0);
		appendStringInfoChar(line, ',');
		put_name(line, entry->balance, entry->balance ? strlen(entry->balance) : 0);
		appendStringInfo(line, "," INT64_FORMAT, entry->version);
		if (entry->stripe != 0)
			appendStringInfo(line, ",%d", entry->stripe);
		appendStringInfoChar(line, ']');
	}
	if (record->leg_count > 0)
		appendStringInfoChar(line, ']');
}

/* Write a record down, with an entry for each leg, in the database's encoding. */
void
canon_line(StringInfo line, const JournalRecord *record, const CanonEntry *entries)
{
	appendStringInfo(line, "{\"v\":1,\"position\":" INT64_FORMAT ",\"kind\":\"%s\"", record->position, canon_kind_name(record->kind));
	put_time(line, "recorded_at", record->recorded_at);
	if (record->has_effective_at)
		put_time(line, "effective_at", record->effective_at);
	put_text(line, "idempotency_key", record->idempotency_key);
	put_text(line, "reference", record->reference);
	if (record->fingerprint != NULL)
	{
		put_key(line, "fingerprint");
		appendStringInfoChar(line, '"');
		enlargeStringInfo(line, FINGERPRINT_SIZE * 2 + 1);
		line->len += hex_encode((const char *) record->fingerprint, FINGERPRINT_SIZE, line->data + line->len);
		appendStringInfoChar(line, '"');
	}
	if (record->related != 0)
	{
		put_key(line, "related");
		appendStringInfo(line, INT64_FORMAT, record->related);
	}
	put_tags(line, record->tags);
	put_json(line, "metadata", record->metadata);
	put_json(line, "payload", record->payload);
	put_entries(line, record, entries);
	appendStringInfoChar(line, '}');
}

/* What stands for a line wherever it is hashed: its hash, in UTF-8, as a leaf of a Merkle tree. */
void
canon_leaf(MerkleHash *context, const char *line, Size length, uint8 *hash)
{
	char	   *utf8 = pg_server_to_any(line, (int) length, PG_UTF8);

	merkle_leaf(context, utf8, utf8 == line ? length : strlen(utf8), hash);
	if (utf8 != line)
		pfree(utf8);
}
