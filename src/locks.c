/*
 * locks.c
 *		Locks that applications take: accounts, and a ledger for reading.
 *
 * They are the engine's own locks in the engine's own order (lock.h), taken
 * before they are needed: so that a transaction of several calls meets no one
 * half-way, or sees one state of a ledger in all its statements.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "access.h"
#include "balance.h"
#include "compat.h"
#include "money.h"
#include "request.h"
#include "set.h"
#include "stripe.h"

LEDGER_FUNCTION(ledger_lock_accounts);
LEDGER_FUNCTION(ledger_read_lock);
LEDGER_FUNCTION(ledger_try_read_lock);

/* Find the ledger of the first argument and check a right on it. */
static void
find_ledger(FunctionCallInfo fcinfo, Ledger *ledger, Right right)
{
	Refusal		refusal = {0};

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("ledger must not be NULL"));
	if (!ledger_find(PG_GETARG_TEXT_PP(0), ledger, &refusal))
		refusal_raise(&refusal);
	access_require(ledger->id, ledger->name, right);
}

/* Take a text[] argument without NULLs apart. */
static text **
read_texts(FunctionCallInfo fcinfo, int arg, const char *name, int *count)
{
	Refusal		refusal = {0};
	Datum	   *values;
	bool	   *nulls;
	text	  **texts;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not be NULL", name));
	if (!request_plain_array(PG_GETARG_ARRAYTYPE_P(arg), name, &refusal))
		refusal_raise(&refusal);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, count);
	texts = palloc(sizeof(text *) * (*count + 1));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("element %d of %s must not be NULL", i + 1, name));
		texts[i] = DatumGetTextPP(values[i]);
	}
	return texts;
}

/* The balances meant: every address with every asset, all stripes of each. */
static BalanceMention *
build_set(FunctionCallInfo fcinfo, BalanceSet *set, int *count)
{
	int			addresses;
	int			codes;
	text	  **address = read_texts(fcinfo, 1, "addresses", &addresses);
	text	  **code = read_texts(fcinfo, 2, "assets", &codes);
	Asset	   *assets = palloc(sizeof(Asset) * (codes + 1));
	BalanceMention *mentions;
	int		   *places;
	Refusal		refusal = {0};
	int			n = 0;

	if ((int64) addresses * codes > POSTINGS_MAX)
	{
		request_refuse_size(&refusal);
		refusal_raise(&refusal);
	}
	for (int i = 0; i < codes; i++)
		if (!asset_find(VARDATA_ANY(code[i]), VARSIZE_ANY_EXHDR(code[i]), &assets[i], &refusal))
			refusal_raise(&refusal);
	mentions = palloc(sizeof(BalanceMention) * (addresses * codes + 1));
	places = palloc(sizeof(int) * (addresses * codes + 1));
	for (int i = 0; i < addresses; i++)
	{
		Span		span = {VARDATA_ANY(address[i]), VARSIZE_ANY_EXHDR(address[i])};

		if (!request_check_address(span, "address", &refusal))
			refusal_raise(&refusal);
		for (int k = 0; k < codes; k++, n++)
			mentions[n] = (BalanceMention) {span.data, span.length, ANY_STRIPE, &assets[k], &places[n], 0, false, true};
	}
	balance_set_build(set, mentions, n);
	*count = n;
	return mentions;
}

/* Tell the balances as they are under the lock. */
static void
tell_balances(FunctionCallInfo fcinfo, const BalanceSet *set)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	for (int i = 0; i < set->count; i++)
	{
		const Balance *balance = &set->balances[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		if (balance->striped != NULL && balance->striped->pooled)
			continue;
		values[0] = balance->values[Anum_balance_address - 1];
		values[1] = CStringGetTextDatum(balance->asset->code);
		values[2] = money_numeric(balance_total(set, i), balance->asset->scale);
		values[3] = Int64GetDatum(set->rules[i].version);
		nulls[3] = balance->striped != NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* SQL: lock_accounts(ledger, addresses, assets) */
Datum
ledger_lock_accounts(PG_FUNCTION_ARGS)
{
	LockOrder	order = {LOCK_NOTHING};
	Ledger		ledger;
	BalanceSet	set;
	BalanceMention *mentions;
	StoreTable *table;
	int			count;

	store_refuse_read_only("ledger.lock_accounts");
	InitMaterializedSRF(fcinfo, 0);
	find_ledger(fcinfo, &ledger, RIGHT_POST);
	mentions = build_set(fcinfo, &set, &count);
	table = balance_open_table(STORE_UPDATE);
	lock_ledger(&order, ledger.id, ledger_write_lock(&ledger));
	find_ledger(fcinfo, &ledger, RIGHT_POST);
	store_begin();
	balance_set_resolve(&set, &ledger, table, &order, mentions, count);
	for (int i = 0; i < set.count; i++)
		if (set.balances[i].id == 0)
			ereport(ERROR,
					errcode(ERRCODE_LEDGER_UNKNOWN_ACCOUNT),
					errmsg("account \"%.*s\" is not open in ledger \"%s\"",
						   set.balances[i].address_length, set.balances[i].address, ledger.name),
					errhint("Open it with ledger.open_account, for this asset or for every asset."));
	balance_set_lock(&set, table, &order, false);
	stripe_gather(&set);
	tell_balances(fcinfo, &set);
	store_close(table);
	store_end(true);
	return (Datum) 0;
}

/* SQL: read_lock(ledger) */
Datum
ledger_read_lock(PG_FUNCTION_ARGS)
{
	LockOrder	order = {LOCK_NOTHING};
	Ledger		ledger;

	PreventCommandDuringRecovery("ledger.read_lock");
	find_ledger(fcinfo, &ledger, RIGHT_READ);
	lock_ledger(&order, ledger.id, LEDGER_LOCK_READ);
	PG_RETURN_VOID();
}

/* SQL: try_read_lock(ledger) */
Datum
ledger_try_read_lock(PG_FUNCTION_ARGS)
{
	LockOrder	order = {LOCK_NOTHING};
	Ledger		ledger;

	PreventCommandDuringRecovery("ledger.try_read_lock");
	find_ledger(fcinfo, &ledger, RIGHT_READ);
	PG_RETURN_BOOL(lock_try_read(&order, ledger.id));
}
