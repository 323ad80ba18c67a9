/*
 * access.c
 *		Rights of roles on ledgers.
 *
 * Direct table access bypasses PostgreSQL's own checks, so every function and
 * view asks here.  Rights follow role membership.  Invariant: a cached answer
 * is forgotten when the table of rights, a role or a membership changes.
 */
#include "access.h"

#include "access/skey.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "error.h"
#include "store.h"

LEDGER_FUNCTION(ledger_may);

/* ledger_data.access */
enum
{
	Anum_access_ledger_id = 1,
	Anum_access_role,
	Anum_access_level,
	Natts_access = Anum_access_level
};

enum
{
	ACCESS_BY_LEDGER
};

/* What a user may do in a ledger. */
typedef struct AccessKey
{
	Oid			user;
	int32		ledger_id;
} AccessKey;

typedef struct AccessEntry
{
	AccessKey	key;
	Right		right;
} AccessEntry;

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

static void
role_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget();
}

static StoreDef access_table = {
	.name = "access",
	.natts = Natts_access,
	.index_names = {"access_pkey"},
	.invalidate = forget
};

void
access_init(void)
{
	store_register(&access_table);
	CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, role_changed, (Datum) 0);
}

/* The highest right that rows for one ledger id give the user. */
static Right
read_right(StoreTable *table, Oid user, int32 ledger_id)
{
	StoreScan  *scan = store_scan_open(table, ACCESS_BY_LEDGER, 1);
	TupleTableSlot *slot = store_slot(table);
	ScanKeyData key;
	Right		right = RIGHT_NONE;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	store_scan_start(scan, &key);
	while (store_scan_next(scan, ForwardScanDirection, slot))
	{
		Oid			role;
		Right		given;

		slot_getallattrs(slot);
		role = DatumGetObjectId(slot->tts_values[Anum_access_role - 1]);
		given = (Right) DatumGetInt16(slot->tts_values[Anum_access_level - 1]);
		if (given > right && has_privs_of_role(user, role))
			right = given;
	}
	store_scan_close(scan);
	return right;
}

/* The user's right on a ledger, from the cache or the table. */
static Right
find_right(Oid user, int32 ledger_id)
{
	AccessKey	key = {user, ledger_id};
	AccessEntry *entry = cache ? hash_search(cache, &key, HASH_FIND, NULL) : NULL;
	uint64		began;
	StoreTable *table;
	Right		right;

	if (entry != NULL)
		return entry->right;

	table = store_open(&access_table, STORE_READ);
	began = times_forgotten;
	store_begin_settings();
	right = read_right(table, user, ALL_LEDGERS);
	if (ledger_id != ALL_LEDGERS)
		right = Max(right, read_right(table, user, ledger_id));
	store_end(false);
	store_close(table);

	/* a change that came after the snapshot was taken: an answer that is good once, but not to be kept */
	if (began != times_forgotten)
		return right;
	if (cache == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(AccessKey), .entrysize = sizeof(AccessEntry)};

		cache = hash_create("ledger rights", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(cache, &key, HASH_ENTER, NULL);
	entry->right = right;
	return right;
}

/* Whether the current user has a right on a ledger, or on all. */
bool
access_allowed(int32 ledger_id, Right right)
{
	return superuser() || find_right(GetUserId(), ledger_id) >= right;
}

/* Raise an error unless the current user has the right; name is NULL for all ledgers. */
void
access_require(int32 ledger_id, const char *ledger_name, Right right)
{
	static const char *const names[] = {"none", "read", "post", "admin"};

	if (access_allowed(ledger_id, right))
		return;
	if (ledger_name == NULL)
		ereport(ERROR,
				errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				errmsg("permission denied for all ledgers"),
				errdetail("Role \"%s\" needs the right \"%s\" on all ledgers.",
						  GetUserNameFromId(GetUserId(), false), names[right]),
				errhint("Ask an administrator to call ledger.grant_access."));
	ereport(ERROR,
			errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			errmsg("permission denied for ledger \"%s\"", ledger_name),
			errdetail("Role \"%s\" needs the right \"%s\" on it.",
					  GetUserNameFromId(GetUserId(), false), names[right]),
			errhint("Ask an administrator to call ledger.grant_access."));
}

/* SQL: ledger_data.may(ledger_id, level): the check that views are built on. */
Datum
ledger_may(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(access_allowed(PG_GETARG_INT32(0), (Right) PG_GETARG_INT16(1)));
}
