/*
 * answer.h
 *		What functions that write end with: receipts, or the error that one is
 *		refused for.
 */
#ifndef LEDGER_ANSWER_H
#define LEDGER_ANSWER_H

#include "postgres.h"
#include "fmgr.h"

#include "write.h"

extern Outcome *answer_run(Call *call, const Action *action);
extern Datum answer_receipt(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable);
extern Datum answer_receipts(FunctionCallInfo fcinfo, Call *call, const Action *action, bool readable);

#endif							/* LEDGER_ANSWER_H */
