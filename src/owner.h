/*
 * owner.h
 *		Running SQL of our own with the rights of the tables' owner.
 */
#ifndef LEDGER_OWNER_H
#define LEDGER_OWNER_H

#include "postgres.h"

/* The schema of tables and internal functions. */
#define OWNER_SCHEMA	"ledger_data"

/* Who the caller was. */
typedef struct Owner
{
	Oid			user;
	int			context;
	int			guc_level;
} Owner;

extern void owner_enter(Owner *saved);
extern void owner_leave(const Owner *saved);
extern ErrorData *owner_take_error(MemoryContext context);

#endif							/* LEDGER_OWNER_H */
