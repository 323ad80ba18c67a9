/*
 * posting.h
 *		The posting engine, and what every function built on it ends with.
 */
#ifndef LEDGER_POSTING_H
#define LEDGER_POSTING_H

#include "postgres.h"
#include "fmgr.h"

#include "write.h"

/* What the engine does with a plain transaction. */
extern const Action post_action;

extern Outcome *posting_run(Call *call, const Action *action);
extern Outcome *posting_run_or_raise(Call *call, const Action *action);
extern Datum posting_receipt(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable);
extern Datum posting_receipts(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable);

#endif							/* LEDGER_POSTING_H */
