/*
 * posting.h
 *		The posting engine.
 */
#ifndef LEDGER_POSTING_H
#define LEDGER_POSTING_H

#include "postgres.h"

#include "write.h"

/* What the engine does with a plain transaction. */
extern const Action post_action;

extern Outcome *posting_run(Call *call, const Action *action);

#endif							/* LEDGER_POSTING_H */
