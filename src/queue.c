/*
 * queue.c
 *		Requests of sessions, waiting in shared memory for the worker of their database.
 *
 * A place goes from free to entered (the session writes its request), asked,
 * taken (the worker has it) and answered, and is free again when the session
 * has read the reply.  Invariant: only its owner, the session or the worker as
 * the state says, touches a place's data, and every change of owner is one
 * atomic exchange.  What is asked can be withdrawn until it is taken; then the
 * session waits for the reply, or abandons the place to the worker.  A worker
 * that ends gives back what it has taken and not committed.  Locks: none.
 */
#include "queue.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "error.h"
#include "shared.h"
#include "worker.h"

typedef enum PlaceState
{
	PLACE_FREE,
	PLACE_ENTERED,
	PLACE_ASKED,
	PLACE_TAKEN,
	PLACE_ABANDONED,			/* taken, and nobody waits for the reply */
	PLACE_ANSWERED
} PlaceState;

struct QueuePlace
{
	pg_atomic_uint32 state;
	Oid			database;
	uint64		ticket;			/* in the order of asking */
	Latch	   *latch;			/* of the session that waits */
	int			taker;			/* process number of the worker that has taken it */
	int			size;			/* of the request or the reply */
	char		data[QUEUE_BYTES] pg_attribute_aligned(MAXIMUM_ALIGNOF);
};

typedef struct Queue
{
	pg_atomic_uint64 tickets;
	ConditionVariable freed;
	QueuePlace	places[QUEUE_PLACES];
} Queue;

/* How long a session looks whether the worker lives, ms. */
#define LOOK_AFTER		1000

/* How many processes may wait for one another in a row, as far as we look. */
#define MAX_CHAIN		8

/* How long a cancelled session waits for the reply to what is taken already, ms. */
#define LAST_WAIT		1000

static Queue *queue = NULL;

/* The place of this session, while it has one. */
static QueuePlace *mine = NULL;

static void
attach(void *memory, bool fresh)
{
	queue = memory;
	if (!fresh)
		return;
	memset(queue, 0, sizeof(Queue));
	pg_atomic_init_u64(&queue->tickets, 0);
	ConditionVariableInit(&queue->freed);
	for (int i = 0; i < QUEUE_PLACES; i++)
		pg_atomic_init_u32(&queue->places[i].state, PLACE_FREE);
}

/* Called from _PG_init. */
void
queue_init(void)
{
	static SharedPiece piece = {.name = "ledger queue", .size = sizeof(Queue), .attach = attach};

	shared_ask(&piece);
}

static bool
change_state(QueuePlace *place, PlaceState from, PlaceState to)
{
	uint32		expected = from;

	return pg_atomic_compare_exchange_u32(&place->state, &expected, to);
}

/* Change a state that nobody else may change now; what was written before is seen by who sees it. */
static void
set_state(QueuePlace *place, PlaceState state)
{
	pg_memory_barrier();
	pg_atomic_write_u32(&place->state, state);
	pg_memory_barrier();
}

static void
set_free(QueuePlace *place)
{
	set_state(place, PLACE_FREE);
	ConditionVariableSignal(&queue->freed);
}

/* A free place for this session, or NULL. */
static QueuePlace *
find_free(void)
{
	for (int i = 0; i < QUEUE_PLACES; i++)
	{
		QueuePlace *place = &queue->places[(MyProcPid + i) % QUEUE_PLACES];

		if (pg_atomic_read_u32(&place->state) == PLACE_FREE && change_state(place, PLACE_FREE, PLACE_ENTERED))
			return place;
	}
	return NULL;
}

/* Give up the place, whatever state it is in; true if what was asked will not be done. */
static bool
give_up(QueuePlace *place)
{
	if (change_state(place, PLACE_ASKED, PLACE_ENTERED) || pg_atomic_read_u32(&place->state) == PLACE_ENTERED)
	{
		set_free(place);
		return true;
	}
	if (!change_state(place, PLACE_TAKEN, PLACE_ABANDONED))
		set_free(place);		/* answered meanwhile */
	return false;
}

/* Give up the place, if the session has one, after an error. */
void
queue_abandon(void)
{
	if (mine != NULL)
		(void) give_up(mine);
	mine = NULL;
}

static void
session_ended(int code, Datum arg)
{
	queue_abandon();
}

static void
refuse_wait(void)
{
	ereport(ERROR,
			errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			errmsg("the request was not taken in time"),
			errdetail("Nothing was posted."),
			errhint("Submit it again, or post it with ledger.post."));
}

/* Milliseconds that are left of a timeout; one of 0 has no end. */
static long
time_left(TimestampTz until, long timeout_ms)
{
	return timeout_ms == 0 ? LOOK_AFTER : Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until), LOOK_AFTER);
}

/* Enter the queue; waits for a place if there is none. */
QueuePlace *
queue_enter(long timeout_ms)
{
	static bool registered = false;
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	if (!registered)
		before_shmem_exit(session_ended, (Datum) 0);
	registered = true;
	mine = find_free();
	while (mine == NULL)
	{
		ConditionVariablePrepareToSleep(&queue->freed);
		mine = find_free();
		if (mine != NULL)
			break;
		if (time_left(until, timeout_ms) <= 0)
		{
			ConditionVariableCancelSleep();
			refuse_wait();
		}
		(void) ConditionVariableTimedSleep(&queue->freed, time_left(until, timeout_ms), PG_WAIT_EXTENSION);
		mine = find_free();
	}
	ConditionVariableCancelSleep();
	return mine;
}

/* Where the request is to be written, and the reply found. */
char *
queue_data(QueuePlace *place)
{
	return place->data;
}

/* Ask what was written to the place. */
void
queue_ask(QueuePlace *place, int size)
{
	place->database = MyDatabaseId;
	place->latch = MyLatch;
	place->size = size;
	place->ticket = pg_atomic_fetch_add_u64(&queue->tickets, 1);
	set_state(place, PLACE_ASKED);
	if (!worker_wake(WORKER_SUBMITTER) && change_state(place, PLACE_ASKED, PLACE_ENTERED))
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				errmsg("no background worker is free for ledger.submit"),
				errdetail("Nothing was posted."),
				errhint("Raise max_worker_processes, or use ledger.post."));
}

static bool
is_answered(QueuePlace *place)
{
	bool		answered = pg_atomic_read_u32(&place->state) == PLACE_ANSWERED;

	pg_read_barrier();
	return answered;
}

/* Wait for the reply for some time, whatever else happens. */
static bool
wait_regardless(QueuePlace *place, long ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);

	while (!is_answered(place))
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);

		if (left <= 0)
			return false;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	return true;
}

static void
refuse_unknown(const char *detail)
{
	ereport(ERROR,
			errcode(ERRCODE_LEDGER_OUTCOME_UNKNOWN),
			errmsg("the outcome of the request is not known"),
			errdetail("%s", detail),
			errhint("Submit it again with the same idempotency key, or look for the key in ledger.journal."));
}

/* The reply is there, so a cancellation that is pending must not hide it. */
static void
ignore_cancel(void)
{
	if (!QueryCancelPending)
		return;
	QueryCancelPending = false;
	ereport(WARNING,
			errmsg("the cancel request came too late"),
			errdetail("The request had been taken already; its outcome is as returned."));
}

/*
 * The session is cancelled or terminated while it waits.  What was not taken is
 * withdrawn, and the cancellation takes its course; of what was taken the
 * outcome is told, if it comes soon, or that it is not known.
 */
static void
interrupted(QueuePlace *place)
{
	if (change_state(place, PLACE_ASKED, PLACE_ENTERED))
		return;
	HOLD_INTERRUPTS();
	if (wait_regardless(place, LAST_WAIT))
	{
		RESUME_INTERRUPTS();
		return;
	}
	QueryCancelPending = false;
	RESUME_INTERRUPTS();
	refuse_unknown("It was cancelled after a worker had taken it, and may yet be posted.");
}

/* Whether a process waits, itself or through others, for this session. */
static bool
waits_for_us(int pid, int depth)
{
	Datum	   *pids;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(pid))),
					  INT4OID, 4, true, TYPALIGN_INT, &pids, NULL, &count);
	for (int i = 0; i < count; i++)
		if (DatumGetInt32(pids[i]) == MyProcPid || (depth < MAX_CHAIN && waits_for_us(DatumGetInt32(pids[i]), depth + 1)))
			return true;
	return false;
}

/*
 * The worker may wait for a lock that this transaction holds, on a table that is
 * being altered, say.  We wait for no lock, so PostgreSQL does not see it.
 */
static void
check_deadlock(QueuePlace *place)
{
	int			pid = worker_pid(WORKER_SUBMITTER);

	if (pid == 0 || !waits_for_us(pid, 0))
		return;
	if (change_state(place, PLACE_ASKED, PLACE_ENTERED))
		ereport(ERROR,
				errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				errmsg("the worker of ledger.submit waits for this transaction"),
				errdetail("Nothing was posted."),
				errhint("Submit in a transaction of its own."));
	refuse_unknown("The worker that has taken it waits for this transaction, and may yet post it.");
}

/*
 * Wait for the reply; returns its size.  timeout_ms limits the time until the
 * request is taken.
 */
int
queue_await(QueuePlace *place, long timeout_ms)
{
	TimestampTz until = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);

	while (!is_answered(place))
	{
		bool		taken = pg_atomic_read_u32(&place->state) != PLACE_ASKED;
		long		left = taken ? LOOK_AFTER : time_left(until, timeout_ms);

		if (QueryCancelPending || ProcDiePending)
		{
			interrupted(place);
			if (is_answered(place))
				break;
		}
		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
		{
			if (change_state(place, PLACE_ASKED, PLACE_ENTERED))
				refuse_wait();
			continue;
		}
		if ((WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION) & WL_TIMEOUT) != 0)
		{
			(void) worker_wake(WORKER_SUBMITTER);	/* should it have died */
			check_deadlock(place);
		}
		ResetLatch(MyLatch);
	}
	ignore_cancel();
	return place->size;
}

/* Leave the queue: the reply was read. */
void
queue_leave(QueuePlace *place)
{
	mine = NULL;
	set_free(place);
}

/* ------ of the worker ------ */

static int
compare_tickets(const void *a, const void *b)
{
	const QueuePlace *x = *(QueuePlace *const *) a;
	const QueuePlace *y = *(QueuePlace *const *) b;

	return x->ticket < y->ticket ? -1 : x->ticket > y->ticket;
}

/* Take what is asked in this database, in the order of asking; returns how many. */
int
queue_take(QueuePlace **places, int room)
{
	int			count = 0;

	for (int i = 0; i < QUEUE_PLACES && count < room; i++)
	{
		QueuePlace *place = &queue->places[i];

		if (pg_atomic_read_u32(&place->state) != PLACE_ASKED || place->database != MyDatabaseId ||
			!change_state(place, PLACE_ASKED, PLACE_TAKEN))
			continue;
		/* it may have been left and asked again from another database meanwhile */
		if (place->database != MyDatabaseId)
		{
			set_state(place, PLACE_ASKED);
			continue;
		}
		place->taker = MyProcPid;
		places[count++] = place;
	}
	qsort(places, count, sizeof(QueuePlace *), compare_tickets);
	return count;
}

/* The reply was written to the place: wake whoever waits for it, or free it if nobody does. */
void
queue_reply(QueuePlace *place, int size)
{
	Latch	   *latch = place->latch;

	place->size = size;
	place->taker = 0;
	if (change_state(place, PLACE_TAKEN, PLACE_ANSWERED))
		SetLatch(latch);
	else
		set_free(place);
}

/* Give back all that this worker has taken and not answered: nothing of it was committed. */
void
queue_give_back(void)
{
	for (int i = 0; i < QUEUE_PLACES; i++)
	{
		QueuePlace *place = &queue->places[i];

		if (place->taker != MyProcPid)
			continue;
		place->taker = 0;
		if (change_state(place, PLACE_TAKEN, PLACE_ASKED))
			SetLatch(place->latch);
		else if (pg_atomic_read_u32(&place->state) == PLACE_ABANDONED)
			set_free(place);
	}
}
