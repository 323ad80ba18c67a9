/*
 * posting.h
 *		The posting engine: one write, from start to end.
 */
#ifndef LEDGER_POSTING_H
#define LEDGER_POSTING_H

#include "postgres.h"

#include "receipt.h"
#include "request.h"

extern bool posting_run(Request *request, Outcome *outcome, bool keep_nothing);

#endif							/* LEDGER_POSTING_H */
