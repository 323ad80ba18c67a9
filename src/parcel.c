/*
 * parcel.c
 *		Arguments and results as bytes, to be passed between processes.
 *
 * The other process is of the same server and database, so values go as they
 * are in memory, each at an aligned place after its length; texts and other
 * values of variable length flat and uncompressed.
 */
#include "parcel.h"

#include "mb/pg_wchar.h"

/* The length of a value that is NULL. */
#define ABSENT		(-1)

/* A value of fixed length, which is a Datum itself. */
#define BY_VALUE	(-2)

/* Reply: lengths of message, detail, hint and receipt, and the error code. */
typedef struct ReplyHead
{
	int			sqlstate;
	int			lengths[4];
} ReplyHead;

/* post's arguments that are passed by value: effective_at, up_to */
static bool
is_by_value(int arg)
{
	return arg == 7 || arg == 10;
}

/* Pack arguments of ledger.post; their size, or -1 if there is not enough room. */
int
parcel_pack_args(FunctionCallInfo fcinfo, int count, char *data, int room)
{
	int			size = 0;

	for (int i = 0; i < count; i++)
	{
		int			length = ABSENT;
		void	   *value = NULL;

		if (!PG_ARGISNULL(i) && is_by_value(i))
		{
			length = BY_VALUE;
			value = &fcinfo->args[i].value;
		}
		else if (!PG_ARGISNULL(i))
		{
			value = PG_DETOAST_DATUM(PG_GETARG_DATUM(i));
			length = VARSIZE(value);
		}
		if (size + MAXALIGN(sizeof(int)) + MAXALIGN(Max(length, (int) sizeof(Datum))) > (Size) room)
			return -1;
		memcpy(data + size, &length, sizeof(int));
		size += MAXALIGN(sizeof(int));
		if (length == ABSENT)
			continue;
		length = length == BY_VALUE ? (int) sizeof(Datum) : length;
		memcpy(data + size, value, length);
		size += MAXALIGN(length);
	}
	return size;
}

/* Unpack them; values of variable length stay where they are. */
void
parcel_unpack_args(char *data, FunctionCallInfo fcinfo, int count)
{
	for (int i = 0; i < count; i++)
	{
		int			length;

		memcpy(&length, data, sizeof(int));
		data += MAXALIGN(sizeof(int));
		fcinfo->args[i].isnull = length == ABSENT;
		fcinfo->args[i].value = (Datum) 0;
		if (length == ABSENT)
			continue;
		if (length == BY_VALUE)
			memcpy(&fcinfo->args[i].value, data, sizeof(Datum));
		else
			fcinfo->args[i].value = PointerGetDatum(data);
		data += MAXALIGN(length == BY_VALUE ? (int) sizeof(Datum) : length);
	}
}

/* Pack a reply; false if there is not enough room. */
static bool
pack_reply(Parcel *parcel, int sqlstate, const char *const *texts, Datum receipt, int room)
{
	const void *values[4] = {texts[0], texts[1], texts[2], DatumGetPointer(receipt)};
	ReplyHead	head = {.sqlstate = sqlstate};
	char	   *at;

	parcel->size = MAXALIGN(sizeof(head));
	for (int i = 0; i < 4; i++)
	{
		head.lengths[i] = values[i] == NULL ? ABSENT : i < 3 ? (int) strlen(values[i]) + 1 : (int) VARSIZE(values[i]);
		parcel->size += MAXALIGN(Max(head.lengths[i], 0));
	}
	if (parcel->size > room)
		return false;
	at = parcel->data = palloc(parcel->size);
	memcpy(at, &head, sizeof(head));
	at += MAXALIGN(sizeof(head));
	for (int i = 0; i < 4; i++)
		if (head.lengths[i] != ABSENT)
		{
			memcpy(at, values[i], head.lengths[i]);
			at += MAXALIGN(head.lengths[i]);
		}
	return true;
}

/* Pack an outcome; one that is too large loses its lists of balances or violations. */
void
parcel_pack_outcome(Parcel *parcel, TupleDesc desc, const Outcome *outcome, int room)
{
	const Refusal *refusal = outcome->status == STATUS_REJECTED ? outcome->refusal : NULL;
	const char *texts[3] = {refusal ? refusal->message : NULL, refusal ? refusal->detail : NULL, refusal ? refusal->hint : NULL};
	int			sqlstate = refusal ? refusal->sqlstate : 0;
	Outcome		brief = *outcome;
	Refusal		short_refusal;

	if (pack_reply(parcel, sqlstate, texts, receipt_datum(desc, outcome), room))
		return;
	brief.state_count = brief.amount_count = 0;
	brief.amounts = NULL;
	brief.conditions = NULL;
	if (refusal != NULL)
	{
		short_refusal = *refusal;
		short_refusal.detail = NULL;
		brief.refusal = &short_refusal;
		texts[1] = NULL;
	}
	(void) pack_reply(parcel, sqlstate, texts, receipt_datum(desc, &brief), room);
}

/* Pack an error that is no refusal. */
void
parcel_pack_error(Parcel *parcel, const ErrorData *error, int room)
{
	const char *texts[3] = {error->message, error->detail, error->hint};

	if (pack_reply(parcel, error->sqlerrcode, texts, (Datum) 0, room))
		return;
	texts[1] = texts[2] = NULL;
	if (strlen(texts[0]) > 1000)
		texts[0] = pnstrdup(texts[0], pg_mbcliplen(texts[0], strlen(texts[0]), 1000));
	(void) pack_reply(parcel, error->sqlerrcode, texts, (Datum) 0, room);
}

/* Unpack a reply into memory of ours. */
void
parcel_unpack_reply(const char *data, Reply *reply)
{
	void	   *values[4] = {NULL};
	ReplyHead	head;

	memcpy(&head, data, sizeof(head));
	data += MAXALIGN(sizeof(head));
	for (int i = 0; i < 4; i++)
		if (head.lengths[i] != ABSENT)
		{
			values[i] = memcpy(palloc(head.lengths[i]), data, head.lengths[i]);
			data += MAXALIGN(head.lengths[i]);
		}
	reply->refusal = (Refusal) {head.sqlstate, values[0], values[1], values[2]};
	reply->receipt = PointerGetDatum(values[3]);
}
