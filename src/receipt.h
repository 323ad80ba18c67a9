/*
 * receipt.h
 *		What became of a request, as the type ledger.receipt.
 */
#ifndef LEDGER_RECEIPT_H
#define LEDGER_RECEIPT_H

#include "postgres.h"
#include "access/tupdesc.h"
#include "datatype/timestamp.h"

#include "amount.h"
#include "condition.h"
#include "error.h"
#include "entry.h"
#include "journal.h"
#include "ledger.h"

typedef enum Status
{
	STATUS_POSTED,
	STATUS_HELD,
	STATUS_VOIDED,
	STATUS_APPENDED,
	STATUS_REPLAYED,
	STATUS_REJECTED
} Status;

/* A balance after the transaction. */
typedef struct BalanceState
{
	Datum		address;		/* text */
	const char *asset;			/* code */
	int			scale;
	Amount		balance;
	int64		version;
	bool		striped;		/* these two are of one stripe, and not told */
} BalanceState;

typedef struct Outcome
{
	Status		status;
	int64		position;
	TimestampTz recorded_at;
	BalanceState *states;
	int			state_count;
	Datum	   *amounts;		/* numeric, what each posting moved; NULL if as asked */
	int			amount_count;
	const Refusal *refusal;		/* if rejected */
	const ConditionList *conditions;	/* if rejected because of them */
} Outcome;

extern void receipt_replay(Outcome *outcome, const Ledger *ledger, const JournalFound *found, bool with_amounts);
extern Datum receipt_datum(TupleDesc desc, const Outcome *outcome);

#endif							/* LEDGER_RECEIPT_H */
