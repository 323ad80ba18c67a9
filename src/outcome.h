/*
 * outcome.h
 *		What became of the items of a call.
 */
#ifndef LEDGER_OUTCOME_H
#define LEDGER_OUTCOME_H

#include "write.h"

extern Outcome *outcome_tell(Write *write);

#endif							/* LEDGER_OUTCOME_H */
