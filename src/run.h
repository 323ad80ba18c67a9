/*
 * run.h
 *		A statement in transactions of its own, until one succeeds.
 */
#ifndef LEDGER_RUN_H
#define LEDGER_RUN_H

#include "postgres.h"
#include "fmgr.h"

extern void run_refuse_transaction(FunctionCallInfo fcinfo, const char *procedure);
extern Datum run_statement(FunctionCallInfo fcinfo, const char *statement, text *isolation, int attempts, double pause);

#endif							/* LEDGER_RUN_H */
