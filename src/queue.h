/*
 * queue.h
 *		Requests of sessions, waiting in shared memory for the worker of their database.
 */
#ifndef LEDGER_QUEUE_H
#define LEDGER_QUEUE_H

#include "postgres.h"

/* Places in the queue, of all databases together. */
#define QUEUE_PLACES	256

/* Bytes that a request, and its reply, may have. */
#define QUEUE_BYTES		16000

typedef struct QueuePlace QueuePlace;

extern void queue_init(void);

/* of whoever asks */
extern QueuePlace *queue_enter(long timeout_ms);
extern char *queue_data(QueuePlace *place);
extern void queue_ask(QueuePlace *place, int size);
extern int	queue_await(QueuePlace *place, long timeout_ms);
extern void queue_leave(QueuePlace *place);
extern void queue_abandon(void);

/* of the worker */
extern int	queue_take(QueuePlace **places, int room);
extern void queue_reply(QueuePlace *place, int size);
extern void queue_give_back(void);

#endif							/* LEDGER_QUEUE_H */
