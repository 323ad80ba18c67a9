/*
 * hint.h
 *		Where rows were found last, so that they need not be searched for again.
 */
#ifndef LEDGER_HINT_H
#define LEDGER_HINT_H

#include "postgres.h"
#include "storage/itemptr.h"

extern void hint_init(void);
extern bool hint_find(uint64 key, ItemPointer root);
extern void hint_keep(uint64 key, const ItemPointerData *root);

#endif							/* LEDGER_HINT_H */
