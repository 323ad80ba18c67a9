/*
 * owner.c
 *		Running SQL of our own with the rights of the tables' owner.
 *
 * Invariant: what runs between owner_enter() and owner_leave() is text of ours
 * alone, with the caller's values as parameters only, and search_path is one
 * that nobody else can put objects into.  An error undoes both, as the end of
 * a transaction or subtransaction restores user and settings.
 */
#include "owner.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

/* Become the owner of the schema of our tables. */
void
owner_enter(Owner *saved)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(get_namespace_oid(OWNER_SCHEMA, false)));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				errcode(ERRCODE_UNDEFINED_SCHEMA),
				errmsg("schema \"%s\" does not exist", OWNER_SCHEMA));
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);

	GetUserIdAndSecContext(&saved->user, &saved->context);
	SetUserIdAndSecContext(owner, saved->context | SECURITY_LOCAL_USERID_CHANGE);
	saved->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* Be the caller again. */
void
owner_leave(const Owner *saved)
{
	AtEOXact_GUC(true, saved->guc_level);
	SetUserIdAndSecContext(saved->user, saved->context);
}

/*
 * The error being caught, in this memory, without the lines that tell where in
 * our SQL it arose: they are no help to whoever called.
 */
ErrorData *
owner_take_error(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	error->context = NULL;
	return error;
}
