/*
 * submit.c
 *		Group posting: many sessions' posts, applied together in one commit.
 *
 * A session leaves its request in the queue (queue.c) and waits.  The worker of
 * the database takes all that wait, applies those of one ledger as one call of
 * the engine (posting.c), each on its own, commits once, and answers.  Invariant:
 * a request is answered as posted only after the commit is durable, and applied
 * at most once.  If the group fails as a whole, as when the worker loses a
 * deadlock, its members are tried one by one, and only the culprit gets the
 * error.  Locks: those of the engine, in the worker; the session holds none.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "access.h"
#include "answer.h"
#include "compat.h"
#include "parcel.h"
#include "posting.h"
#include "queue.h"
#include "shared.h"
#include "worker.h"

LEDGER_FUNCTION(ledger_submit);
LEDGER_FUNCTION(ledger_try_submit);

PGDLLEXPORT void ledger_submit_main(Datum database);

/* The arguments that a request has; a timeout follows. */
#define REQUEST_ARGS	12
#define ARG_TIMEOUT		12

/* Times that a request is tried again after a serialization failure or deadlock. */
#define MAX_TRIES		10

static const OptionArgs option_args = {.idempotency_key = 5, .reference = 6, .effective_at = 7, .metadata = 8,
.conditions = 9, .up_to = 10, .tags = 11};

/* A request in the worker's hands. */
typedef struct Member
{
	QueuePlace *place;
	FunctionCallInfo args;		/* as the session gave them */
	Call		call;
	Parcel		reply;
} Member;

/* ------ the session ------ */

/* Make the request of the arguments, as post does. */
static bool
read_request(Call *call, FunctionCallInfo fcinfo)
{
	return request_begin(call, fcinfo, KIND_TRANSACTION) && request_single(call, fcinfo, &option_args);
}

/* Refuse where the worker would wait for us, or nobody would do the work. */
static void
check_session(const char *function)
{
	if (lock_has_ledger())
		ereport(ERROR,
				errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				errmsg("%s cannot be called in a transaction that has written to a ledger or locked it", function),
				errdetail("The worker, which commits on its own, would wait for this transaction, and this one for the worker."),
				errhint("Call it in a transaction of its own, or use ledger.post."));
	if (!shared_is_there())
		ereport(ERROR,
				errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("%s needs the library to be preloaded", function),
				errhint("Set shared_preload_libraries = 'ledger' and restart the server, or use ledger.post."));
}

/* How long the request may wait to be taken, ms; 0: as long as it takes. */
static long
read_timeout(FunctionCallInfo fcinfo)
{
	double		ms;

	if (PG_ARGISNULL(ARG_TIMEOUT))
		return 0;
	ms = request_interval_ms(PG_GETARG_INTERVAL_P(ARG_TIMEOUT));
	if (ms < 1 || ms > PG_INT32_MAX)
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("timeout must be between a millisecond and 24 days"));
	return (long) ms;
}

/* Leave the request in the queue and wait for the reply, which is unpacked into our memory. */
static Reply
ask(FunctionCallInfo fcinfo, long timeout)
{
	QueuePlace *place = queue_enter(timeout);
	Reply		reply;

	PG_TRY();
	{
		int			size = parcel_pack_args(fcinfo, REQUEST_ARGS, queue_data(place), QUEUE_BYTES);

		if (size < 0)
			ereport(ERROR,
					errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					errmsg("the request is too large for ledger.submit"),
					errdetail("It may have %d bytes, metadata, tags and conditions included.", QUEUE_BYTES),
					errhint("Use ledger.post."));
		queue_ask(place, size);
		(void) queue_await(place, timeout);
		parcel_unpack_reply(queue_data(place), &reply);
		queue_leave(place);
	}
	PG_CATCH();
	{
		queue_abandon();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return reply;
}

static Datum
submit(FunctionCallInfo fcinfo, const char *function, bool keeps_going)
{
	Call		call;
	Ledger		ledger;
	Reply		reply;
	long		timeout;
	bool		readable;

	store_refuse_read_only(function);
	readable = read_request(&call, fcinfo) && ledger_find(call.ledger, &ledger, &call.refusal);
	call.keeps_going = keeps_going;
	if (!readable)
		return answer_receipt(fcinfo, &call, &post_action, false);
	access_require(ledger.id, ledger.name, RIGHT_POST);
	timeout = read_timeout(fcinfo);
	check_session(function);
	reply = ask(fcinfo, timeout);
	if (reply.receipt == 0 || (reply.refusal.sqlstate != 0 && !keeps_going))
		refusal_raise(&reply.refusal);
	return reply.receipt;
}

Datum
ledger_submit(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, "ledger.submit", false);
}

Datum
ledger_try_submit(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, "ledger.try_submit", true);
}

/* ------ the worker ------ */

/* See what was asked. */
static void
read_member(Member *member, QueuePlace *place)
{
	memset(member, 0, sizeof(*member));
	member->place = place;
	member->args = palloc0(SizeForFunctionCallInfo(REQUEST_ARGS));
	InitFunctionCallInfoData(*member->args, NULL, REQUEST_ARGS, InvalidOid, NULL, NULL);
	parcel_unpack_args(queue_data(place), member->args, REQUEST_ARGS);
}

static bool
has_conditions(const Member *member)
{
	return !member->args->args[option_args.conditions].isnull;
}

/* Requests of several members as one call; each is on its own. */
static Call
join_calls(Member **members, int count)
{
	Call		call;
	Request    *requests = palloc(sizeof(Request) * count);

	/* what is malformed the session has refused, unless that has changed since */
	for (int i = 0; i < count; i++)
	{
		(void) read_request(&members[i]->call, members[i]->args);
		requests[i] = *members[i]->call.requests;
	}
	call = members[0]->call;
	call.requests = requests;
	call.count = count;
	call.atomic = false;
	call.keeps_going = true;
	return call;
}

/* Apply what the members ask and pack the replies, in the transaction there is. */
static void
apply(Member **members, int count)
{
	Call		call = join_calls(members, count);
	Outcome    *outcomes = posting_run(&call, &post_action);
	Oid			relation = get_relname_relid("receipt", get_namespace_oid("ledger", false));
	TupleDesc	desc = lookup_rowtype_tupdesc(get_rel_type_id(relation), -1);

	for (int i = 0; i < count; i++)
		parcel_pack_outcome(&members[i]->reply, desc, &outcomes[i], QUEUE_BYTES);
	ReleaseTupleDesc(desc);
}

/*
 * Apply what the members ask, commit, and answer; the error, or NULL.  From the
 * commit to the last answer nothing may come between.
 */
static ErrorData *
try_members(Member **members, int count)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		StartTransactionCommand();
		XactIsoLevel = XACT_READ_COMMITTED;
		XactReadOnly = false;
		MemoryContextSwitchTo(context);
		apply(members, count);
		HOLD_INTERRUPTS();
		CommitTransactionCommand();
		MemoryContextSwitchTo(context);
		for (int i = 0; i < count; i++)
		{
			memcpy(queue_data(members[i]->place), members[i]->reply.data, members[i]->reply.size);
			queue_reply(members[i]->place, members[i]->reply.size);
		}
		RESUME_INTERRUPTS();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(context);
	}
	PG_END_TRY();
	return error;
}

static bool
is_worth_a_retry(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE || error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		error->sqlerrcode == ERRCODE_QUERY_CANCELED;
}

/* Serve members of one ledger: together, or if that fails one by one. */
static void
serve(Member **members, int count)
{
	ErrorData  *error = try_members(members, count);

	if (error != NULL && count > 1)
	{
		for (int i = 0; i < count; i++)
			serve(&members[i], 1);
		return;
	}
	for (int tries = 1; error != NULL && tries < MAX_TRIES && is_worth_a_retry(error); tries++)
		error = try_members(members, count);
	if (error == NULL)
		return;
	parcel_pack_error(&members[0]->reply, error, QUEUE_BYTES);
	memcpy(queue_data(members[0]->place), members[0]->reply.data, members[0]->reply.size);
	queue_reply(members[0]->place, members[0]->reply.size);
}

static bool
same_ledger(const Member *a, const Member *b)
{
	text	   *x = DatumGetTextPP(a->args->args[0].value);
	text	   *y = DatumGetTextPP(b->args->args[0].value);

	return VARSIZE_ANY_EXHDR(x) == VARSIZE_ANY_EXHDR(y) &&
		memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
}

/*
 * Serve all that was taken, ledger by ledger, in the order of asking.  Conditions
 * are of a call, so who has any is alone.
 */
static void
serve_all(Member *members, int count)
{
	Member	  **group = palloc(sizeof(Member *) * count);
	bool	   *served = palloc0(sizeof(bool) * count);

	for (int first = 0; first < count; first++)
	{
		int			n = 0;

		if (served[first])
			continue;
		for (int i = first; i < count; i++)
		{
			Member	   *member = &members[i];

			if (served[i] || !same_ledger(&members[first], member))
				continue;
			served[i] = true;
			if (has_conditions(member))
			{
				if (n > 0)
					serve(group, n);
				n = 0;
				serve(&member, 1);
			}
			else
				group[n++] = member;
		}
		if (n > 0)
			serve(group, n);
	}
}

/* Take what waits and serve it; whether there was anything. */
static bool
serve_queue(MemoryContext context)
{
	QueuePlace *places[QUEUE_PLACES];
	int			count = queue_take(places, QUEUE_PLACES);
	Member	   *members;

	if (count == 0)
		return false;
	MemoryContextSwitchTo(context);
	members = palloc(sizeof(Member) * count);
	for (int i = 0; i < count; i++)
		read_member(&members[i], places[i]);
	serve_all(members, count);
	MemoryContextReset(context);
	pgstat_report_stat(false);
	return true;
}

static void
worker_ended(int code, Datum arg)
{
	queue_give_back();
}

/* The worker of a database: serves the queue while there is anything in it. */
void
ledger_submit_main(Datum database)
{
	MemoryContext context;

	if (!worker_come_up(WORKER_SUBMITTER, DatumGetObjectId(database)))
		proc_exit(0);
	before_shmem_exit(worker_ended, (Datum) 0);
	/* a reply means that it is durable */
	if (synchronous_commit < SYNCHRONOUS_COMMIT_ON)
		SetConfigOption("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION);
	context = AllocSetContextCreate(TopMemoryContext, "ledger group", ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		bool		served = serve_queue(context);

		if (served && serve_queue(context))
			continue;
		if (!worker_wait(served))
			break;
	}
	worker_go_down(WORKER_SUBMITTER);
	while (serve_queue(context))
		;
	proc_exit(0);
}
