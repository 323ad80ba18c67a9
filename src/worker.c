/*
 * worker.c
 *		Background workers: one of a kind for each database, while there is work.
 *
 * Whoever has work for one leaves it in shared memory and wakes the worker, or
 * starts it; one without work ends, so that it is in nobody's way.  Invariant:
 * work left before worker_wake() is seen by the worker that was woken or by the
 * one that was started.  Locks: the table of workers, a spinlock, for moments.
 */
#include "worker.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "shared.h"

/* Workers there can be at the same time. */
#define MAX_WORKERS		128

/*
 * A worker without work ends after so long, ms, sooner than DROP DATABASE gives
 * up waiting; one that does not come up is started again.
 */
#define IDLE_TIME		3000
#define START_TIME		10000

typedef struct Worker
{
	Oid			database;		/* or InvalidOid: free */
	WorkerKind	kind;
	Latch	   *latch;			/* NULL: starting */
	int			pid;
	TimestampTz started_at;
} Worker;

typedef struct Workers
{
	slock_t		mutex;
	Worker		workers[MAX_WORKERS];
} Workers;

static const struct
{
	const char *name;
	const char *function;
}			kinds[] =
{
	[WORKER_NOTIFIER] = {"ledger notifier", "ledger_notify_main"},
	[WORKER_SUBMITTER] = {"ledger submitter", "ledger_submit_main"}
};

static Workers *shared = NULL;

static void
attach(void *memory, bool fresh)
{
	shared = memory;
	if (!fresh)
		return;
	memset(shared, 0, sizeof(Workers));
	SpinLockInit(&shared->mutex);
}

/* Called from _PG_init. */
void
worker_init(void)
{
	static SharedPiece piece = {.name = "ledger workers", .size = sizeof(Workers), .attach = attach};

	shared_ask(&piece);
}

/* Start a worker.  May be called after a commit, so nothing here may fail. */
static bool
start_worker(WorkerKind kind)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_library_name = "ledger",
		.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId)
	};

	strlcpy(worker.bgw_name, kinds[kind].name, BGW_MAXLEN);
	strlcpy(worker.bgw_type, kinds[kind].name, BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, kinds[kind].function, BGW_MAXLEN);
	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* The place of a worker of this database, or a free one, or NULL; with the mutex held. */
static Worker *
find_worker(WorkerKind kind)
{
	Worker	   *free = NULL;

	for (int i = 0; i < MAX_WORKERS; i++)
	{
		Worker	   *worker = &shared->workers[i];

		if (worker->database == MyDatabaseId && worker->kind == kind)
			return worker;
		if (free == NULL && worker->database == InvalidOid)
			free = worker;
	}
	return free;
}

/*
 * Wake the worker of this database, or see to it that there is one; false if it
 * cannot be started now.  Needs the library to be preloaded.  Cannot fail.
 */
bool
worker_wake(WorkerKind kind)
{
	TimestampTz now = GetCurrentTimestamp();
	Latch	   *latch = NULL;
	bool		start = false;
	Worker	   *worker;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(kind);
	if (worker != NULL && worker->database == MyDatabaseId && worker->latch != NULL)
		latch = worker->latch;
	else if (worker != NULL && (worker->database == InvalidOid || now - worker->started_at > START_TIME * INT64CONST(1000)))
	{
		*worker = (Worker) {MyDatabaseId, kind, NULL, 0, now};
		start = true;
	}
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
	if (worker == NULL)
		return false;
	if (!start || start_worker(kind))
		return true;
	SpinLockAcquire(&shared->mutex);
	if (worker->database == MyDatabaseId && worker->latch == NULL)
		worker->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
	return false;
}

/* The process number of this database's worker; 0 if there is none. */
int
worker_pid(WorkerKind kind)
{
	Worker	   *worker;
	int			pid = 0;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(kind);
	if (worker != NULL && worker->database == MyDatabaseId)
		pid = worker->pid;
	SpinLockRelease(&shared->mutex);
	return pid;
}

/* ------ in the worker ------ */

static void
worker_ended(int code, Datum kind)
{
	worker_go_down((WorkerKind) DatumGetInt32(kind));
}

/* Connect to the database and take the worker's place; false if another has it. */
bool
worker_come_up(WorkerKind kind, Oid database)
{
	Worker	   *worker;
	bool		mine;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	/* whoever left the work is connected, whether or not others may */
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, BGWORKER_BYPASS_ALLOWCONN);
	pgstat_report_appname(kinds[kind].name);
	if (shared == NULL)
		return false;
	SpinLockAcquire(&shared->mutex);
	worker = find_worker(kind);
	mine = worker != NULL && (worker->database == InvalidOid || worker->latch == NULL);
	if (mine)
		*worker = (Worker) {MyDatabaseId, kind, MyLatch, MyProcPid, worker->started_at};
	SpinLockRelease(&shared->mutex);
	if (mine)
		before_shmem_exit(worker_ended, Int32GetDatum(kind));
	return mine;
}

/* Give the place back: whoever leaves work from now on starts another. */
void
worker_go_down(WorkerKind kind)
{
	Worker	   *worker;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(kind);
	if (worker != NULL && worker->latch == MyLatch)
		worker->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
}

/* Wait for work; false if there was none for so long that the worker should end. */
bool
worker_wait(bool worked)
{
	static bool timed_out = false;

	if (timed_out && !worked)
		return false;
	timed_out = (WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, IDLE_TIME, PG_WAIT_EXTENSION) & WL_TIMEOUT) != 0;
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}
