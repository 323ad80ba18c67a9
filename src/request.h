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

#include "error.h"
#include "journal.h"

/* Bytes an idempotency key or a reference may have. */
#define KEY_MAX		512

/* Text that is not terminated. */
typedef struct Span
{
	const char *data;
	int			length;
} Span;

typedef struct RequestPosting
{
	Span		source;
	Span		destination;
	Span		asset;
	Datum		amount;			/* numeric */
} RequestPosting;

/* One transaction to post.  A refusal already noted means it is malformed. */
typedef struct Request
{
	text	   *ledger;			/* NULL only if refused */
	RequestPosting *postings;
	int			count;
	text	   *idempotency_key;
	text	   *reference;
	Jsonb	   *metadata;
	bool		has_effective_at;
	TimestampTz effective_at;
	Refusal		refusal;
} Request;

extern bool request_single(Request *request, FunctionCallInfo fcinfo);
extern bool request_array(Request *request, FunctionCallInfo fcinfo);
extern bool request_json(Request *request, FunctionCallInfo fcinfo);
extern void request_fingerprint(const Request *request, uint8 *fingerprint);

extern bool request_check_address(Span address, const char *what, Refusal *refusal);

#endif							/* LEDGER_REQUEST_H */
