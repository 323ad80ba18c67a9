/*
 * module.c
 *		What PostgreSQL sees of the library: the magic block and its start.
 */
#include "postgres.h"
#include "fmgr.h"
#include "utils/guc.h"

#include "access.h"
#include "account.h"
#include "asset.h"
#include "balance.h"
#include "board.h"
#include "hint.h"
#include "hold.h"
#include "entry.h"
#include "journal.h"
#include "ledger.h"
#include "notify.h"
#include "progress.h"
#include "queue.h"
#include "release.h"
#include "shared.h"
#include "worker.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/* Called once in each backend that uses the ledger, or in the postmaster if preloaded. */
void
_PG_init(void)
{
	hint_init();
	board_init();
	worker_init();
	queue_init();
	notify_init();
	progress_init();
	shared_init();
	release_init();
	ledger_init();
	asset_init();
	access_init();
	account_init();
	balance_init();
	journal_init();
	entry_init();
	hold_init();
	MarkGUCPrefixReserved("ledger");
}
