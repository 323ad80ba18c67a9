/*
 * worker.h
 *		Background workers: one of a kind for each database, while there is work.
 */
#ifndef LEDGER_WORKER_H
#define LEDGER_WORKER_H

#include "postgres.h"

typedef enum WorkerKind
{
	WORKER_NOTIFIER,
	WORKER_SUBMITTER,
	WORKER_KINDS
} WorkerKind;

extern void worker_init(void);
extern bool worker_wake(WorkerKind kind);
extern int	worker_pid(WorkerKind kind);
extern bool worker_come_up(WorkerKind kind, Oid database);
extern void worker_go_down(WorkerKind kind);
extern bool worker_wait(bool worked);

#endif							/* LEDGER_WORKER_H */
