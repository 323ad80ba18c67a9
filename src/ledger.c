/*
 * ledger.c
 *		Ledgers by name, cached per backend.
 *
 * Invariant: the cache holds only rows that were visible when read and is
 * emptied whenever the table changes (its trigger tells every backend), so an
 * entry is as new as the last relation lock taken.  A name that is not there
 * is not cached.
 */
#include "ledger.h"

#include "access/parallel.h"
#include "access/skey.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "compat.h"
#include "store.h"

LEDGER_FUNCTION(ledger_forget_cached);

/* ledger_data.ledger */
enum
{
	Anum_ledger_id = 1,
	Anum_ledger_name,
	Anum_ledger_auto_open,
	Anum_ledger_serial,
	Anum_ledger_notify,
	Anum_ledger_hashing,
	Anum_ledger_position_base,
	Anum_ledger_chain_start,
	Anum_ledger_metadata,
	Anum_ledger_created_at,
	Natts_ledger = Anum_ledger_created_at
};

enum
{
	LEDGER_BY_NAME,
	LEDGER_BY_ID
};

static HTAB *cache = NULL;
static uint64 times_forgotten = 0;

static void
forget(void)
{
	times_forgotten++;
	if (cache != NULL)
		hash_destroy(cache);
	cache = NULL;
}

static StoreDef ledger_table = {
	.name = "ledger",
	.natts = Natts_ledger,
	.index_names = {"ledger_name_key", "ledger_pkey"},
	.invalidate = forget
};

void
ledger_init(void)
{
	store_register(&ledger_table);
}

/* Take the settings out of a ledger's row. */
static void
read_settings(TupleTableSlot *slot, Ledger *ledger)
{
	Datum	   *values = slot->tts_values;
	bytea	   *start;

	slot_getallattrs(slot);
	strlcpy(ledger->name, TextDatumGetCString(values[Anum_ledger_name - 1]), NAMEDATALEN);
	ledger->id = DatumGetInt32(values[Anum_ledger_id - 1]);
	ledger->auto_open = DatumGetBool(values[Anum_ledger_auto_open - 1]);
	ledger->serial = DatumGetBool(values[Anum_ledger_serial - 1]);
	ledger->notify = DatumGetBool(values[Anum_ledger_notify - 1]);
	ledger->strict = DatumGetChar(values[Anum_ledger_hashing - 1]) == HASHING_STRICT;
	ledger->position_base = DatumGetInt64(values[Anum_ledger_position_base - 1]);
	start = DatumGetByteaPP(values[Anum_ledger_chain_start - 1]);
	memset(ledger->chain_start, 0, HASH_SIZE);
	memcpy(ledger->chain_start, VARDATA_ANY(start), Min(VARSIZE_ANY_EXHDR(start), HASH_SIZE));
}

/* Read a ledger's row; false if there is none. */
static bool
read_ledger(int index, RegProcedure equal, Datum value, Ledger *ledger)
{
	StoreTable *table = store_open(&ledger_table, STORE_READ);
	TupleTableSlot *slot = store_slot(table);
	StoreScan  *scan;
	ScanKeyData key;
	bool		found;

	store_begin_settings();
	scan = store_scan_open(table, index, 1);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, equal, value);
	store_scan_start(scan, &key);
	found = store_scan_next(scan, ForwardScanDirection, slot);
	if (found)
		read_settings(slot, ledger);
	store_scan_close(scan);
	store_end(false);
	store_close(table);
	return found;
}

/* Read the settings of a ledger by its number; false if there is none. */
bool
ledger_get(int32 id, Ledger *ledger)
{
	return read_ledger(LEDGER_BY_ID, F_INT4EQ, Int32GetDatum(id), ledger);
}

/*
 * Find a ledger by name and copy its settings.
 */
bool
ledger_find(text *name, Ledger *ledger, Refusal *refusal)
{
	Size		length = VARSIZE_ANY_EXHDR(name);
	Ledger	   *cached;
	uint64		began;
	bool		found;

	if (length < NAMEDATALEN)
	{
		text_to_cstring_buffer(name, ledger->name, NAMEDATALEN);
		cached = cache ? hash_search(cache, ledger->name, HASH_FIND, NULL) : NULL;
		if (cached != NULL)
		{
			*ledger = *cached;
			return true;
		}
		began = times_forgotten;
		if (read_ledger(LEDGER_BY_NAME, F_TEXTEQ, PointerGetDatum(name), ledger))
		{
			/* changed while it was read: good for now, but not to be kept */
			if (began != times_forgotten)
				return true;
			if (cache == NULL)
			{
				HASHCTL		ctl = {.keysize = NAMEDATALEN, .entrysize = sizeof(Ledger)};

				cache = hash_create("ledgers", 64, &ctl, HASH_ELEM | HASH_STRINGS);
			}
			cached = hash_search(cache, ledger->name, HASH_ENTER, &found);
			*cached = *ledger;
			return true;
		}
	}
	return refuse(refusal, ERRCODE_LEDGER_UNKNOWN_LEDGER,
				  psprintf("ledger \"%s\" does not exist", text_to_cstring(name)), NULL,
				  "Create it with ledger.create_ledger.");
}

/* How whoever writes to a ledger locks it; a ledger never changes from one to the other. */
LedgerLock
ledger_write_lock(const Ledger *ledger)
{
	return ledger->serial ? LEDGER_LOCK_EXCLUSIVE : LEDGER_LOCK_POST;
}

/*
 * Before reading: in a serial ledger, wait until whoever is writing has ended.
 * True if what is read next should be read with a new snapshot.  A transaction
 * that keeps one snapshot would see nothing of it, a parallel worker reads for
 * one that has waited, and on a standby nobody is seen writing.
 */
bool
ledger_await_writer(const Ledger *ledger)
{
	if (!ledger->serial || IsolationUsesXactSnapshot() || IsParallelWorker() || RecoveryInProgress())
		return false;
	lock_wait_for_writers(ledger->id);
	return true;
}

/* SQL: trigger forget_cached: tell every backend, at commit, that a table of settings changed. */
Datum
ledger_forget_cached(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("function \"forget_cached\" must be called as a trigger"));
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
