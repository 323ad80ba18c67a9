/*
 * notify.c
 *		Telling listeners that a ledger has new records.
 *
 * NOTIFY makes the transactions that use it commit one after the other, in the
 * whole cluster.  So no posting transaction does: once committed it leaves word
 * in shared memory, and a background worker of the database notifies in
 * transactions of its own.  Invariant: word left is told, and word of what was
 * rolled back at most told in vain.  Locks: none.
 */
#include "notify.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "storage/ipc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "board.h"
#include "compat.h"
#include "owner.h"
#include "shared.h"
#include "worker.h"

PGDLLEXPORT void ledger_notify_main(Datum database);

/* Where listeners listen; the payload is the ledger's name. */
#define CHANNEL			"ledger"

/* Ledgers told of in one transaction. */
#define MAX_NEWS		256

/* Ledgers that this transaction has written to and that want to be told of. */
static int32 marked[MAX_NEWS];
static int	marked_count = 0;

/* Leave word when the transaction has committed. */
static void
transaction_ended(XactEvent event, void *arg)
{
	if (marked_count > 0 && event == XACT_EVENT_COMMIT)
	{
		for (int i = 0; i < marked_count; i++)
			board_post_news(marked[i]);
		if (!worker_wake(WORKER_NOTIFIER))
			ereport(LOG,
					errmsg("ledger: no background worker is free for notifications"),
					errhint("Raise max_worker_processes."));
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		marked_count = 0;
}

/* Called from _PG_init. */
void
notify_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
}

/* Note that the transaction has written to a ledger, which may want to be told of. */
void
notify_mark(const Ledger *ledger)
{
	if (!ledger->notify || !shared_is_there())
		return;
	for (int i = 0; i < marked_count; i++)
		if (marked[i] == ledger->id)
			return;
	if (marked_count < MAX_NEWS)
		marked[marked_count++] = ledger->id;
}

/* ------ the worker ------ */

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
	if (!worker_come_up(WORKER_NOTIFIER, DatumGetObjectId(database)))
		proc_exit(0);
	while (worker_wait(tell_news()))
		;
	/* whoever leaves word now starts another; what was left just before is for us */
	worker_go_down(WORKER_NOTIFIER);
	while (tell_news())
		;
	proc_exit(0);
}
