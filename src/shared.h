/*
 * shared.h
 *		Shared memory for the parts that want some, if the library is preloaded.
 */
#ifndef LEDGER_SHARED_H
#define LEDGER_SHARED_H

#include "postgres.h"

/* What a part asks for; one static object each. */
typedef struct SharedPiece
{
	const char *name;
	Size		size;
	void		(*attach) (void *memory, bool fresh);	/* fresh: to be initialized */
	struct SharedPiece *next;
} SharedPiece;

extern void shared_ask(SharedPiece *piece);
extern void shared_init(void);
extern bool shared_is_there(void);

#endif							/* LEDGER_SHARED_H */
