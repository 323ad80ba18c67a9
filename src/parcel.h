/*
 * parcel.h
 *		Arguments and results as bytes, to be passed between processes.
 */
#ifndef LEDGER_PARCEL_H
#define LEDGER_PARCEL_H

#include "postgres.h"
#include "access/tupdesc.h"
#include "fmgr.h"

#include "receipt.h"

typedef struct Parcel
{
	char	   *data;
	int			size;
} Parcel;

/* What a reply says. */
typedef struct Reply
{
	Refusal		refusal;		/* sqlstate is 0 if it was done */
	Datum		receipt;		/* 0: an error, which is to be raised */
} Reply;

extern int	parcel_pack_args(FunctionCallInfo fcinfo, int count, char *data, int room);
extern void parcel_unpack_args(char *data, FunctionCallInfo fcinfo, int count);
extern void parcel_pack_outcome(Parcel *parcel, TupleDesc desc, const Outcome *outcome, int room);
extern void parcel_pack_error(Parcel *parcel, const ErrorData *error, int room);
extern void parcel_unpack_reply(const char *data, Reply *reply);

#endif							/* LEDGER_PARCEL_H */
