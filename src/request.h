/*
 * request.h
 *		What a caller asks to be posted, in one form whichever way it came.
 */
#ifndef LEDGER_REQUEST_H
#define LEDGER_REQUEST_H

#include "postgres.h"
#include "fmgr.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "address.h"
#include "carry.h"
#include "condition.h"
#include "error.h"
#include "journal.h"

/* Bytes an idempotency key or a reference may have. */
#define KEY_MAX		512

/* Postings that one call may have. */
#define POSTINGS_MAX	1000000

typedef struct RequestPosting
{
	Span		source;
	Span		destination;
	Span		asset;
	int			source_stripe;	/* ANY_STRIPE, or which one it must be */
	int			destination_stripe;
	Datum		amount;			/* numeric; 0: all there is (up_to), or decided under the locks */
	bool		up_to;			/* the amount or what is available, whichever is less */
} RequestPosting;

/* One thing to be done.  A refusal already noted means it is malformed. */
typedef struct Request
{
	const struct Action *action;	/* what its kind does; see write.h */
	char		kind;			/* of the journal record it will make */
	bool		linked;			/* done only if the next one in the batch is */
	bool		final;			/* capture: set the rest free */
	bool		force;			/* reverse: past the limits */
	bool		original_time;	/* reverse: effective when the original was */
	bool		has_effective_at;
	bool		has_expires_at;
	bool		has_up_to;		/* some posting has */
	RequestPosting *postings;
	int			count;
	int			part_count;
	Datum	   *parts;			/* capture, reverse: numeric, an amount per posting; NULL: all */
	int64		related;		/* capture, void, reverse: the record concerned */
	text	   *idempotency_key;
	text	   *reference;
	Jsonb	   *metadata;
	Jsonb	   *payload;		/* event */
	Tags	   *tags;			/* NULL: none */
	TimestampTz effective_at;
	TimestampTz expires_at;		/* hold */
	Refusal		refusal;
} Request;

/* What one call of a function asks for. */
typedef struct Call
{
	text	   *ledger;			/* NULL only if refused */
	Request    *requests;
	int			count;
	bool		batch;			/* several may be given, so messages say which */
	const char *numbering;		/* what they call one; NULL: "Item" */
	int64		before;			/* how many came in earlier calls */
	bool		atomic;			/* all or nothing */
	bool		keeps_going;	/* a refusal is told, not raised: leave nothing behind */
	ConditionList conditions;
	Carry	   *carry;			/* keeps balances between calls; NULL: they are written at once */
	Refusal		refusal;		/* of the call as a whole */
} Call;

/* Where the optional arguments of a function are; 0 if it has none such. */
typedef struct OptionArgs
{
	int			idempotency_key;
	int			reference;
	int			effective_at;
	int			metadata;
	int			conditions;
	int			up_to;
	int			expires_at;
	int			tags;
} OptionArgs;

extern bool request_begin(Call *call, FunctionCallInfo fcinfo, char kind);
extern bool request_options(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args);
extern bool request_check_amounts(Request *request, bool numbered);
extern bool request_check_posting(Request *request, RequestPosting *posting);
extern bool request_check_options(Request *request);
extern bool request_plain_array(ArrayType *array, const char *what, Refusal *refusal);
extern bool request_refuse_null(Refusal *refusal, const char *argument);
extern bool request_refuse_size(Refusal *refusal);
extern bool request_refuse_no_postings(Request *request);
extern double request_interval_ms(const Interval *interval);
extern char *request_show(Span span);
extern void request_deform(Datum row, Datum **values, bool **nulls);
extern bool request_tags(Request *request, Datum *values, bool *nulls);
extern bool request_tag(Request *request, Datum value, bool isnull, const char *name, text **tag);

extern bool request_read_postings(Request *request, FunctionCallInfo fcinfo, int arg);
extern bool request_single(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args);
extern bool request_array(Call *call, FunctionCallInfo fcinfo, const OptionArgs *args);
extern void request_fingerprint(const Request *request, uint8 *fingerprint);

extern bool request_check_address(Span address, const char *what, Refusal *refusal);

#endif							/* LEDGER_REQUEST_H */
