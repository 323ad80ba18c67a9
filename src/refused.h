/*
 * refused.h
 *		What bulk work does with rows that are refused.
 */
#ifndef LEDGER_REFUSED_H
#define LEDGER_REFUSED_H

#include "postgres.h"

#include "request.h"

typedef enum OnRefused
{
	ON_REFUSED_STOP,
	ON_REFUSED_SKIP,
	ON_REFUSED_COLLECT
} OnRefused;

typedef struct RefusedTable RefusedTable;

extern OnRefused refused_mode(text *mode, bool has_table);
extern RefusedTable *refused_open(Oid table);
extern void refused_add(RefusedTable *table, int64 row_number, const Request *request, const Refusal *refusal);

#endif							/* LEDGER_REFUSED_H */
