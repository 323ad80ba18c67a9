/*
 * event.h
 *		Applications' own events in the journal.
 */
#ifndef LEDGER_EVENT_H
#define LEDGER_EVENT_H

#include "postgres.h"
#include "write.h"

/* What the engine does with an event. */
extern const Action event_action;

#endif							/* LEDGER_EVENT_H */
