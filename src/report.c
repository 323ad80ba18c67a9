/*
 * report.c
 *		balance(): the one reading function that must be as fast as a SELECT.
 *
 * Reads with the calling query's snapshot and takes no locks; of a serial ledger,
 * with a new one taken when whoever was writing has ended.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "access.h"
#include "account.h"
#include "asset.h"
#include "balance.h"
#include "compat.h"
#include "error.h"
#include "entry.h"
#include "journal.h"
#include "ledger.h"
#include "money.h"
#include "request.h"

LEDGER_FUNCTION(ledger_balance);
LEDGER_FUNCTION(ledger_balance_at);
LEDGER_FUNCTION(ledger_version_at);

/* The running balance after a version that the caller names. */
static Amount
balance_at_version(int32 ledger_id, const BalanceView *view, int scale, int64 version)
{
	StoreTable *entry;
	Amount		balance;

	if (view->stripes > 0)
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_STRIPED),
				errmsg("account \"%s\" is striped in this asset and has no version", text_to_cstring(view->address)),
				errhint("Ask for its balance at a time."));
	if (version < 0 || version > view->version)
		ereport(ERROR,
				errcode(ERRCODE_LEDGER_UNKNOWN_VERSION),
				errmsg("account \"%s\" has no version " INT64_FORMAT, text_to_cstring(view->address), version),
				errdetail("Its versions go from 0 to " INT64_FORMAT ".", view->version));
	entry = entry_open_table(STORE_READ);
	balance = entry_balance(entry, ledger_id, view->id, version, scale);
	store_close(entry);
	return balance;
}

/* The sum of all stripes of a balance, now or at a time. */
static Amount
striped_balance(const Ledger *ledger, Span address, const Asset *asset, const TimestampTz *at)
{
	Amount		sum = 0;
	int			count;
	BalanceView *views = balance_find_stripes(ledger->id, address.data, address.length, asset, &count);

	for (int i = 0; i < count; i++)
		if (!amount_add(sum, at == NULL ? views[i].balance :
						entry_balance_at(ledger->id, views[i].id, views[i].version, asset->scale, *at), &sum))
			ereport(ERROR,
					errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("balance of account \"%.*s\" in %s is out of range", address.length, address.data, asset->code),
					errhint("The view ledger.balance shows it."));
	return sum;
}

/* A balance that was never opened is zero, if the account may have it. */
static void
require_openable(const Ledger *ledger, Span address, Refusal *refusal)
{
	if (ledger->auto_open || account_holds_any_asset(ledger->id, address.data, address.length))
		return;
	refuse(refusal, ERRCODE_LEDGER_UNKNOWN_ACCOUNT,
		   psprintf("account \"%s\" is not open in ledger \"%s\"",
					pnstrdup(address.data, address.length), ledger->name), NULL,
		   "Open it with ledger.open_account, for this asset or for every asset.");
	refusal_raise(refusal);
}

/* SQL: balance(ledger, address, asset, at, version) */
Datum
ledger_balance(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"ledger", "address", "asset"};
	Refusal		refusal;
	Ledger		ledger;
	Asset		asset;
	BalanceView view = {0};
	text	   *code;
	Span		address;
	TimestampTz at = PG_ARGISNULL(3) ? 0 : PG_GETARG_TIMESTAMPTZ(3);
	Amount		balance;
	bool		waited;

	for (int i = 0; i < (int) lengthof(names); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("%s must not be NULL", names[i]));
	if (!PG_ARGISNULL(3) && !PG_ARGISNULL(4))
		ereport(ERROR,
				errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("at and version cannot both be given"));
	address = (Span) {VARDATA_ANY(PG_GETARG_TEXT_PP(1)), VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(1))};
	code = PG_GETARG_TEXT_PP(2);

	if (!ledger_find(PG_GETARG_TEXT_PP(0), &ledger, &refusal))
		refusal_raise(&refusal);
	access_require(ledger.id, ledger.name, RIGHT_READ);
	if (!request_check_address(address, "address", &refusal) ||
		!asset_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code), &asset, &refusal))
		refusal_raise(&refusal);

	waited = ledger_await_writer(&ledger);
	if (waited)
		store_begin();
	if (!balance_find(ledger.id, address.data, address.length, &asset, &view))
	{
		require_openable(&ledger, address, &refusal);
		view.address = PG_GETARG_TEXT_PP(1);
	}
	if (!PG_ARGISNULL(4))
		balance = balance_at_version(ledger.id, &view, asset.scale, PG_GETARG_INT64(4));
	else if (view.stripes > 0)
		balance = striped_balance(&ledger, address, &asset, PG_ARGISNULL(3) ? NULL : &at);
	else if (!PG_ARGISNULL(3))
		balance = entry_balance_at(ledger.id, view.id, view.version, asset.scale, at);
	else
		balance = view.balance;
	if (waited)
		store_end(false);
	PG_RETURN_DATUM(money_numeric(balance, asset.scale));
}

/* SQL: ledger_data.balance_at(ledger_id, balance_id, version, scale, at) */
Datum
ledger_balance_at(PG_FUNCTION_ARGS)
{
	int			scale = PG_GETARG_INT32(3);

	PG_RETURN_DATUM(money_numeric(entry_balance_at(PG_GETARG_INT32(0), PG_GETARG_INT64(1),
												   PG_GETARG_INT64(2), scale,
												   PG_GETARG_TIMESTAMPTZ(4)), scale));
}

/* SQL: ledger_data.version_at(ledger_id, balance_id, version, at) */
Datum
ledger_version_at(PG_FUNCTION_ARGS)
{
	StoreTable *entry = entry_open_table(STORE_READ);
	int64		version = entry_version_at(entry, PG_GETARG_INT32(0), PG_GETARG_INT64(1),
										   PG_GETARG_INT64(2), PG_GETARG_TIMESTAMPTZ(3));

	store_close(entry);
	PG_RETURN_INT64(version);
}
