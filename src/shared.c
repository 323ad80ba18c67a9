/*
 * shared.c
 *		Shared memory for the parts that want some, if the library is preloaded.
 *
 * It can be had only while the server starts, so a library loaded later has
 * none; each part says what it does then.
 */
#include "shared.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "compat.h"

LEDGER_FUNCTION(ledger_has_shared_memory);

static SharedPiece *pieces = NULL;
static bool attached = false;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void
request_memory(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	for (SharedPiece *piece = pieces; piece != NULL; piece = piece->next)
		RequestAddinShmemSpace(piece->size);
}

static void
attach_all(void)
{
	if (previous_startup_hook != NULL)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (SharedPiece *piece = pieces; piece != NULL; piece = piece->next)
	{
		bool		found;
		void	   *memory = ShmemInitStruct(piece->name, piece->size, &found);

		piece->attach(memory, !found);
	}
	LWLockRelease(AddinShmemInitLock);
	attached = true;
}

/* Ask for memory; called from _PG_init before shared_init. */
void
shared_ask(SharedPiece *piece)
{
	piece->next = pieces;
	pieces = piece;
}

/* Called from _PG_init, after all have asked. */
void
shared_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = attach_all;
}

/* SQL: ledger_data.has_shared_memory() */
Datum
ledger_has_shared_memory(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(attached);
}

/* Whether the library was preloaded, so that sessions share memory. */
bool
shared_is_there(void)
{
	return attached;
}
