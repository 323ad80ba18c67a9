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
 *	entries		array of [address, asset, amount, balance, version], source and
 *				destination of each posting in turn: strings, amounts with all
 *				decimals of the asset, and version a number
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
#include "utils/hsearch.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "balance.h"
#include "entry.h"

/* A balance's name, by its number. */
typedef struct CanonName
{
	int64		id;				/* hash key */
	char	   *json;			/* "address","asset" with the comma, escaped */
} CanonName;

struct Canon
{
	int32		ledger_id;
	MemoryContext context;
	StoreTable *entry;
	EntryReader *reader;
	HTAB	   *names;
};

/* Begin to write down records of a ledger, as the active snapshot shows them. */
Canon *
canon_begin(int32 ledger_id)
{
	Canon	   *canon = palloc0(sizeof(Canon));
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(CanonName), .hcxt = CurrentMemoryContext};

	canon->ledger_id = ledger_id;
	canon->context = CurrentMemoryContext;
	canon->entry = entry_open_table(STORE_READ);
	canon->reader = entry_reader_begin(canon->entry, ledger_id);
	canon->names = hash_create("ledger names", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return canon;
}

void
canon_end(Canon *canon)
{
	entry_reader_end(canon->reader);
	store_close(canon->entry);
	hash_destroy(canon->names);
	pfree(canon);
}

static const char *
kind_name(char kind)
{
	switch (kind)
	{
		case KIND_TRANSACTION:
			return "transaction";
		case KIND_HOLD:
			return "hold";
		case KIND_CAPTURE:
			return "capture";
		case KIND_VOID:
			return "void";
		case KIND_REVERSAL:
			return "reversal";
		case KIND_EVENT:
			return "event";
		case KIND_ACCOUNT:
			return "account";
		case KIND_LEDGER:
			return "ledger";
		default:
			return "unknown";
	}
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

/* The name of a balance. */
static const CanonName *
find_name(Canon *canon, int64 balance_id)
{
	bool		found;
	CanonName  *name = hash_search(canon->names, &balance_id, HASH_ENTER, &found);

	if (!found)
	{
		MemoryContext old = MemoryContextSwitchTo(canon->context);
		StringInfoData json;
		BalanceView view;
		Asset		asset;

		initStringInfo(&json);
		if (balance_look(canon->ledger_id, balance_id, &view))
		{
			asset_get(view.asset_id, &asset);
			escape_json(&json, text_to_cstring(view.address));
			appendStringInfoChar(&json, ',');
			escape_json(&json, asset.code);
		}
		else
			appendStringInfoString(&json, "null,null");
		name->json = json.data;
		MemoryContextSwitchTo(old);
	}
	return name;
}

/* The entries; what is damaged or missing is null, so that the hash tells and verify can go on. */
static void
put_entries(Canon *canon, StringInfo line, const JournalRecord *record)
{
	if (record->leg_count == 0)
		return;
	put_key(line, "entries");
	if (record->leg_count < 0)
		appendStringInfoString(line, "null");
	for (int i = 0; i < record->leg_count; i++)
	{
		const Leg  *leg = &record->legs[i];
		char	   *amount;
		char	   *balance;

		appendStringInfo(line, "%c[%s,", i == 0 ? '[' : ',', find_name(canon, leg->balance_id)->json);
		if (entry_reader_get(canon->reader, leg->balance_id, leg->version, &amount, &balance))
			appendStringInfo(line, "\"%s\",\"%s\"", amount, balance);
		else
			appendStringInfoString(line, "null,null");
		appendStringInfo(line, "," INT64_FORMAT "]", leg->version);
	}
	if (record->leg_count > 0)
		appendStringInfoChar(line, ']');
}

/* To UTF-8, if the database has another encoding. */
static void
convert_to_utf8(StringInfo line)
{
	char	   *converted = pg_server_to_any(line->data, line->len, PG_UTF8);

	if (converted == line->data)
		return;
	resetStringInfo(line);
	appendStringInfoString(line, converted);
}

/* Write a record down, into an empty line. */
void
canon_line(Canon *canon, const JournalRecord *record, StringInfo line)
{
	appendStringInfo(line, "{\"v\":1,\"position\":" INT64_FORMAT ",\"kind\":\"%s\"", record->position, kind_name(record->kind));
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
	put_entries(canon, line, record);
	appendStringInfoChar(line, '}');
	convert_to_utf8(line);
}
