/*
 * progress.c
 *		How far long work has come, for other sessions to see.
 *
 * A session at work has a slot, which it alone writes; readers may see numbers
 * of different moments.  With the library preloaded all sessions see all slots,
 * otherwise each its own.  A transaction that is rolled back and a session that
 * ends give the slot back.
 */
#include "progress.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "shared.h"

LEDGER_FUNCTION(ledger_work);
LEDGER_FUNCTION(ledger_begin_work);
LEDGER_FUNCTION(ledger_end_work);

/* Seconds between two notices of progress. */
#define NOTICE_INTERVAL		5

#define SHARED_SLOTS	256

/* How much is done one by one before it is shown. */
#define SHOWN_EVERY		4096

/* Columns of ledger_data.work() */
#define WORK_COLUMNS	6

typedef struct Slot
{
	pg_atomic_uint32 pid;		/* 0: free */
	Oid			database;
	int32		ledger_id;
	ProgressCommand command;
	TimestampTz started_at;
	pg_atomic_uint64 done;
	pg_atomic_uint64 refused;
} Slot;

static const char *const command_names[] = {
	[PROGRESS_POST_FROM] = "post_from",
	[PROGRESS_LOAD] = "load",
	[PROGRESS_SEAL] = "seal",
	[PROGRESS_VERIFY] = "verify",
	[PROGRESS_EXPORT] = "export",
	[PROGRESS_IMPORT] = "import"
};

static Slot *slots = NULL;
static int	slot_count = 0;
static Slot *mine = NULL;

/* Of this session's work: how much is done, and when the client was told. */
static int64 done_here;
static TimestampTz began_at;
static TimestampTz noticed_at;

static void
clear_slots(Slot *memory, int count)
{
	memset(memory, 0, sizeof(Slot) * count);
	for (int i = 0; i < count; i++)
	{
		pg_atomic_init_u32(&memory[i].pid, 0);
		pg_atomic_init_u64(&memory[i].done, 0);
		pg_atomic_init_u64(&memory[i].refused, 0);
	}
}

static void
attach(void *memory, bool fresh)
{
	slots = memory;
	slot_count = SHARED_SLOTS;
	if (fresh)
		clear_slots(slots, slot_count);
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		progress_end();
}

static void
session_ended(int code, Datum arg)
{
	progress_end();
}

/* Called from _PG_init. */
void
progress_init(void)
{
	static SharedPiece piece = {.name = "ledger progress", .size = sizeof(Slot) * SHARED_SLOTS, .attach = attach};

	shared_ask(&piece);
	RegisterXactCallback(transaction_ended, NULL);
}

/* Take a slot; if there is none the work is not shown. */
static Slot *
take_slot(void)
{
	static bool registered = false;

	if (!registered)
		before_shmem_exit(session_ended, (Datum) 0);
	registered = true;
	if (slots == NULL)
	{
		slots = MemoryContextAlloc(TopMemoryContext, sizeof(Slot));
		slot_count = 1;
		clear_slots(slots, slot_count);
	}
	for (int i = 0; i < slot_count; i++)
	{
		uint32		none = 0;

		if (pg_atomic_compare_exchange_u32(&slots[i].pid, &none, (uint32) MyProcPid))
			return &slots[i];
	}
	return NULL;
}

/* Show that this session has begun a piece of work. */
void
progress_begin(int32 ledger_id, ProgressCommand command)
{
	progress_end();
	began_at = noticed_at = GetCurrentTimestamp();
	done_here = 0;
	mine = take_slot();
	if (mine == NULL)
		return;
	mine->database = MyDatabaseId;
	mine->ledger_id = ledger_id;
	mine->command = command;
	mine->started_at = began_at;
	progress_set(0, 0);
}

/* Show how far it has come: to other sessions always, to the client now and then. */
void
progress_set(int64 done, int64 refused)
{
	TimestampTz now = GetCurrentTimestamp();

	done_here = done;
	if (mine != NULL)
	{
		pg_atomic_write_u64(&mine->done, (uint64) done);
		pg_atomic_write_u64(&mine->refused, (uint64) refused);
	}
	if (now - noticed_at < NOTICE_INTERVAL * USECS_PER_SEC)
		return;
	noticed_at = now;
	if (refused > 0)
		ereport(NOTICE,
				errmsg(INT64_FORMAT " rows, " INT64_FORMAT " refused, %.0f a second", done, refused,
					   (double) done * USECS_PER_SEC / Max(now - began_at, 1)));
	else
		ereport(NOTICE,
				errmsg(INT64_FORMAT " rows, %.0f a second", done, (double) done * USECS_PER_SEC / Max(now - began_at, 1)));
}

/* The same, for work that counts one by one: shown now and then. */
void
progress_add(int64 done)
{
	int64		before = done_here;

	done_here += done;
	if (before / SHOWN_EVERY != done_here / SHOWN_EVERY)
		progress_set(done_here, 0);
}

/* Show it no longer. */
void
progress_end(void)
{
	if (mine != NULL)
	{
		mine->database = InvalidOid;
		pg_write_barrier();
		pg_atomic_write_u32(&mine->pid, 0);
	}
	mine = NULL;
}

/* SQL: ledger_data.begin_work(ledger_id, command) */
Datum
ledger_begin_work(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < (int) lengthof(command_names); i++)
		if (strcmp(command_names[i], name) == 0)
			progress_begin(PG_GETARG_INT32(0), i);
	PG_RETURN_VOID();
}

/* SQL: ledger_data.end_work() */
Datum
ledger_end_work(PG_FUNCTION_ARGS)
{
	progress_end();
	PG_RETURN_VOID();
}

/* SQL: ledger_data.work(): a row for each piece of work in this database. */
Datum
ledger_work(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < slot_count; i++)
	{
		Datum		values[WORK_COLUMNS];
		bool		nulls[WORK_COLUMNS] = {false};
		uint32		pid = pg_atomic_read_u32(&slots[i].pid);

		if (pid == 0 || slots[i].database != MyDatabaseId)
			continue;
		values[0] = Int32GetDatum((int32) pid);
		values[1] = Int32GetDatum(slots[i].ledger_id);
		values[2] = CStringGetTextDatum(command_names[slots[i].command]);
		values[3] = TimestampTzGetDatum(slots[i].started_at);
		values[4] = Int64GetDatum((int64) pg_atomic_read_u64(&slots[i].done));
		values[5] = Int64GetDatum((int64) pg_atomic_read_u64(&slots[i].refused));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
