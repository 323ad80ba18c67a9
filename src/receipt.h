/*
 * receipt.h
 *		What became of a request, as the type ledger.receipt.
 */
#ifndef LEDGER_RECEIPT_H
#define LEDGER_RECEIPT_H

#include "postgres.h"
#include "fmgr.h"
#include "datatype/timestamp.h"

#include "amount.h"
#include "error.h"
#include "journal.h"
#include "ledger.h"

typedef enum Status
{
	STATUS_POSTED,
	STATUS_REPLAYED,
	STATUS_REJECTED
} Status;

/* A balance after the transaction. */
typedef struct BalanceState
{
	Datum		address;		/* text */
	char	   *asset;			/* code */
	int			scale;
	Amount		balance;
	int64		version;
} BalanceState;

typedef struct Outcome
{
	Status		status;
	int64		position;
	TimestampTz recorded_at;
	BalanceState *states;
	int			state_count;
} Outcome;

extern void receipt_replay(Outcome *outcome, const Ledger *ledger, const JournalFound *found);
extern Datum receipt_datum(FunctionCallInfo fcinfo, const Outcome *outcome, const Refusal *refusal);

#endif							/* LEDGER_RECEIPT_H */
