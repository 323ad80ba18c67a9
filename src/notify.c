/*
 * notify.c
 *		Telling listeners that a ledger has new records.
 *
 * NOTIFY makes the transactions that use it commit one after the other, in the
 * whole cluster.  So no posting transaction does: once committed it leaves word
 * in shared memory, and a background worker of the database, started when there
 * is word and gone when there has been none for a while, notifies in
 * transactions of its own.  Invariant: word left is told, by a worker that saw
 * it or by the one that is started for it; word of what was rolled back is at
 * most told in vain.  Locks: the state of the workers, a spinlock, for moments.
 */
#include "notify.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "board.h"
#include "compat.h"
#include "owner.h"
#include "shared.h"

PGDLLEXPORT void ledger_notify_main(Datum database);

/* Where listeners listen; the payload is the ledger's name. */
#define CHANNEL			"ledger"

/* Databases that can have a worker at the same time. */
#define MAX_WORKERS		64

/* Ledgers told of in one transaction. */
#define MAX_NEWS		256

/*
 * A worker without work ends after so long, ms, sooner than DROP DATABASE gives
 * up waiting; one that does not come up is started again.
 */
#define IDLE_TIME		3000
#define START_TIME		10000

typedef struct Worker
{
	Oid			database;		/* or InvalidOid: free */
	Latch	   *latch;			/* NULL: starting */
	TimestampTz started_at;
} Worker;

typedef struct Workers
{
	slock_t		mutex;
	Worker		workers[MAX_WORKERS];
} Workers;

static Workers *shared = NULL;

/* Ledgers that this transaction has written to and that want to be told of. */
static int32 marked[MAX_NEWS];
static int	marked_count = 0;

static void
attach(void *memory, bool fresh)
{
	shared = memory;
	if (!fresh)
		return;
	memset(shared, 0, sizeof(Workers));
	SpinLockInit(&shared->mutex);
}

/* Start the worker of this database.  Called after a commit, so nothing here may fail. */
static bool
start_worker(void)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = BgWorkerStart_RecoveryFinished,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_name = "ledger notifier",
		.bgw_type = "ledger notifier",
		.bgw_library_name = "ledger",
		.bgw_function_name = "ledger_notify_main",
		.bgw_main_arg = ObjectIdGetDatum(MyDatabaseId)
	};

	return RegisterDynamicBackgroundWorker(&worker, NULL);
}

/* The place of a database's worker, or a free one, or NULL; with the mutex held. */
static Worker *
find_worker(Oid database)
{
	Worker	   *free = NULL;

	for (int i = 0; i < MAX_WORKERS; i++)
	{
		if (shared->workers[i].database == database)
			return &shared->workers[i];
		if (free == NULL && shared->workers[i].database == InvalidOid)
			free = &shared->workers[i];
	}
	return free;
}

/* Wake the worker of this database, or see to it that there is one. */
static void
wake_worker(void)
{
	TimestampTz now = GetCurrentTimestamp();
	Latch	   *latch = NULL;
	bool		start = false;
	Worker	   *worker;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(MyDatabaseId);
	if (worker != NULL && worker->database == MyDatabaseId && worker->latch != NULL)
		latch = worker->latch;
	else if (worker != NULL && (worker->database == InvalidOid || now - worker->started_at > START_TIME * INT64CONST(1000)))
	{
		worker->database = MyDatabaseId;
		worker->latch = NULL;
		worker->started_at = now;
		start = true;
	}
	SpinLockRelease(&shared->mutex);
	if (latch != NULL)
		SetLatch(latch);
	if (!start || start_worker())
		return;
	SpinLockAcquire(&shared->mutex);
	if (worker->database == MyDatabaseId && worker->latch == NULL)
		worker->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
	ereport(LOG,
			errmsg("ledger: no background worker is free for notifications"),
			errhint("Raise max_worker_processes."));
}

/* Leave word when the transaction has committed. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (marked_count > 0 && event == XACT_EVENT_COMMIT)
	{
		for (int i = 0; i < marked_count; i++)
			board_post_news(marked[i]);
		wake_worker();
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		marked_count = 0;
}

/* Called from _PG_init. */
void
notify_init(void)
{
	static SharedPiece piece = {.name = "ledger notifiers", .size = sizeof(Workers), .attach = attach};

	shared_ask(&piece);
	RegisterXactCallback(transaction_ended, NULL);
}

/* Note that the transaction has written to a ledger, which may want to be told of. */
void
notify_mark(const Ledger *ledger)
{
	if (!ledger->notify || shared == NULL)
		return;
	for (int i = 0; i < marked_count; i++)
		if (marked[i] == ledger->id)
			return;
	if (marked_count < MAX_NEWS)
		marked[marked_count++] = ledger->id;
}

/* ------ the worker ------ */

/* Take the worker's place; false if another has it. */
static bool
come_up(void)
{
	Worker	   *worker;
	bool		mine;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(MyDatabaseId);
	mine = worker != NULL && (worker->database == InvalidOid || worker->latch == NULL);
	if (mine)
	{
		worker->database = MyDatabaseId;
		worker->latch = MyLatch;
	}
	SpinLockRelease(&shared->mutex);
	return mine;
}

/* Give the place back, so that whoever leaves word from now on starts another. */
static void
go_down(int code, Datum arg)
{
	Worker	   *worker;

	SpinLockAcquire(&shared->mutex);
	worker = find_worker(MyDatabaseId);
	if (worker != NULL && worker->latch == MyLatch)
		worker->database = InvalidOid;
	SpinLockRelease(&shared->mutex);
}

/* The names of ledgers, as text[]; NULL if none wants to be told of. */
static ArrayType *
names_of(const int32 *ledger_ids, int count)
{
	Datum	   *ids = palloc(sizeof(Datum) * count);
	Oid			types[1] = {INT4ARRAYOID};
	Datum		args[1];
	Datum		names;
	bool		isnull;

	for (int i = 0; i < count; i++)
		ids[i] = Int32GetDatum(ledger_ids[i]);
	args[0] = PointerGetDatum(construct_array(ids, count, INT4OID, 4, true, TYPALIGN_INT));
	if (SPI_execute_with_args("SELECT array_agg(l.name) FROM ledger_data.ledger l WHERE l.id = ANY ($1) AND l.notify",
							  1, types, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "reading the names of ledgers failed");	/* cannot happen */
	names = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? NULL : DatumGetArrayTypeP(names);
}

/* Notify, once for each ledger. */
static void
notify_all(const int32 *ledger_ids, int count)
{
	ArrayType  *names;
	Datum	   *elements;
	Owner		owner;

	/* the extension may have been dropped */
	if (!OidIsValid(get_namespace_oid(OWNER_SCHEMA, true)))
		return;
	owner_enter(&owner);
	SPI_connect();
	names = names_of(ledger_ids, count);
	if (names != NULL)
	{
		deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
		for (int i = 0; i < count; i++)
			Async_Notify(CHANNEL, TextDatumGetCString(elements[i]));
	}
	SPI_finish();
	owner_leave(&owner);
}

/* Tell of all the news there is, in one transaction; whether there was any. */
static bool
tell_news(void)
{
	int32		ledger_ids[MAX_NEWS];
	int			count = board_take_news(ledger_ids, MAX_NEWS);

	if (count == 0)
		return false;
	PG_TRY();
	{
		StartTransactionCommand();
		PushActiveSnapshot(GetTransactionSnapshot());
		notify_all(ledger_ids, count);
		PopActiveSnapshot();
		CommitTransactionCommand();
	}
	PG_CATCH();
	{
		/* for the worker that is started next */
		for (int i = 0; i < count; i++)
			board_post_news(ledger_ids[i]);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return true;
}

/* The worker of a database: tells of news while there is any. */
void
ledger_notify_main(Datum database)
{
	int			result = 0;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid, 0);
	if (shared == NULL || !come_up())
		proc_exit(0);
	before_shmem_exit(go_down, (Datum) 0);
	pgstat_report_appname("ledger notifier");
	for (;;)
	{
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (tell_news())
			result = 0;
		else if (result & WL_TIMEOUT)
			break;
		result = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, IDLE_TIME, PG_WAIT_EXTENSION);
	}
	/* whoever leaves word now starts another; what was left just before is for us */
	go_down(0, (Datum) 0);
	while (tell_news())
		;
	proc_exit(0);
}
