/*
 * release.c
 *		Early lock release: let go of locks before the commit is on disk.
 *
 * A transaction that wrote to a ledger holds its row locks until its commit
 * record is on disk, so one balance takes one commit at a time.  With the
 * setting ledger.early_lock_release it writes its commit record, lets go of its
 * locks, waits for the disk and for synchronous standbys, and only then answers
 * the client.  Invariant: what was acknowledged is as durable as ever, for
 * whoever builds on a commit has a later commit record, and waiting for that
 * waits for both; and a request that was done by such a commit is not answered
 * as replayed before it is on disk.  What is given up: others may for a moment
 * see a commit that a crash then undoes, as with synchronous_commit = off.
 *
 * How: the commit is made an asynchronous one just before its record is
 * written, and what synchronous_commit asks for is done when resource owners
 * let go of what comes after locks.  Locks: none of its own.
 */
#include "release.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "replication/syncrep.h"
#include "storage/sinval.h"
#include "utils/guc.h"
#include "utils/resowner.h"

static bool early_lock_release = false;

/* Whether this transaction has written to a ledger. */
static bool marked = false;

/* What synchronous_commit was, while it is changed. */
static bool changed = false;
static int	wanted = SYNCHRONOUS_COMMIT_OFF;

/* The end of the commit record of others that this transaction has told of, if it may not be on disk. */
static XLogRecPtr told = InvalidXLogRecPtr;

/* The end of the commit record that is to be waited for, if any. */
static XLogRecPtr pending = InvalidXLogRecPtr;

/* Whether the transaction changed the catalog: that commits as ever. */
static bool
has_ddl(void)
{
	SharedInvalidationMessage *messages;
	bool		init_file;

	return xactGetCommittedInvalidationMessages(&messages, &init_file) > 0;
}

/*
 * Whether there is something to be won, and nothing that the commit record must
 * know: remote_apply makes it ask standbys for an answer.
 */
static bool
may_release_early(void)
{
	return marked && early_lock_release && synchronous_commit > SYNCHRONOUS_COMMIT_OFF &&
		synchronous_commit < SYNCHRONOUS_COMMIT_REMOTE_APPLY && !has_ddl();
}

static void
change_back(void)
{
	if (changed)
		synchronous_commit = wanted;
	changed = false;
}

static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (!may_release_early())
				break;
			wanted = synchronous_commit;
			changed = true;
			synchronous_commit = SYNCHRONOUS_COMMIT_OFF;
			break;
		case XACT_EVENT_COMMIT:
			/* locks are still held here */
			if (changed)
				pending = XactLastCommitEnd;
			change_back();
			if (synchronous_commit > SYNCHRONOUS_COMMIT_OFF)
				pending = Max(pending, told);
			marked = false;
			told = InvalidXLogRecPtr;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			change_back();
			marked = false;
			pending = told = InvalidXLogRecPtr;
			break;
		default:
			break;
	}
}

/* The locks of the transaction are gone: now wait for what it was to wait for. */
static void
locks_released(ResourceReleasePhase phase, bool isCommit, bool isTopLevel, void *arg)
{
	XLogRecPtr	end = pending;

	if (phase != RESOURCE_RELEASE_AFTER_LOCKS || !isTopLevel || !isCommit || end == InvalidXLogRecPtr)
		return;
	pending = InvalidXLogRecPtr;
	XLogFlush(end);
	SyncRepWaitForLSN(end, true);
}

/* Called from _PG_init. */
void
release_init(void)
{
	DefineCustomBoolVariable("ledger.early_lock_release",
							 "Lets transactions that wrote to a ledger release their locks before their commit is on disk.",
							 "Many sessions can then post to one account at once. The client is answered when the commit is durable, as "
							 "synchronous_commit asks; but others may for a moment see a commit that a crash then undoes.",
							 &early_lock_release, false, PGC_USERSET, 0, NULL, NULL, NULL);
	RegisterXactCallback(transaction_ended, NULL);
	RegisterResourceReleaseCallback(locks_released, NULL);
}

/* Note that the transaction has written to a ledger. */
void
release_mark(void)
{
	marked = true;
}

/*
 * Note that the caller is told again of what another transaction has done: it
 * is answered when that is durable, whether or not it writes anything itself.
 */
void
release_tell_of(TransactionId xid)
{
	told = Max(told, TransactionIdGetCommitLSN(xid));
}
