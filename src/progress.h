/*
 * progress.h
 *		How far long work has come, for other sessions to see.
 */
#ifndef LEDGER_PROGRESS_H
#define LEDGER_PROGRESS_H

#include "postgres.h"

typedef enum ProgressCommand
{
	PROGRESS_POST_FROM,
	PROGRESS_LOAD,
	PROGRESS_SEAL,
	PROGRESS_VERIFY,
	PROGRESS_EXPORT,
	PROGRESS_IMPORT
} ProgressCommand;

extern void progress_init(void);
extern void progress_begin(int32 ledger_id, ProgressCommand command);
extern void progress_set(int64 done, int64 refused);
extern void progress_add(int64 done);
extern void progress_end(void);

#endif							/* LEDGER_PROGRESS_H */
