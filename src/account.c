/*
 * account.c
 *		Accounts, as far as the hot path needs them: hardly.
 *
 * What posting must know of an account is kept in its balances' rows.  The
 * account's own row is locked by whoever opens a balance in it and by whoever
 * changes its status or limits, so that neither misses the other.
 */
#include "account.h"

#include "access/skey.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "address.h"
#include "compat.h"
#include "error.h"
#include "store.h"

LEDGER_FUNCTION(ledger_check_address);
LEDGER_FUNCTION(ledger_check_pattern);
LEDGER_FUNCTION(ledger_pattern_match);
LEDGER_FUNCTION(ledger_pattern_prefix);

/* ledger_data.account */
enum
{
	Anum_account_ledger_id = 1,
	Anum_account_status,
	Anum_account_any_asset,
	Anum_account_assets,
	Anum_account_address,
	Anum_account_floor,
	Anum_account_ceiling,
	Anum_account_metadata,
	Anum_account_opened_at,
	Natts_account = Anum_account_opened_at
};

enum
{
	ACCOUNT_BY_ADDRESS
};

static StoreDef account_table = {
	.name = "account",
	.natts = Natts_account,
	.index_names = {"account_pkey"}
};

void
account_init(void)
{
	store_register(&account_table);
}

/* Whether an account is open for every asset, those without a balance included. */
bool
account_holds_any_asset(int32 ledger_id, const char *address, int length)
{
	StoreTable *table = store_open(&account_table, STORE_READ);
	StoreScan  *scan = store_scan_open(table, ACCOUNT_BY_ADDRESS, 2);
	TupleTableSlot *slot = store_slot(table);
	ScanKeyData keys[2];
	bool		isnull;
	bool		result;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(ledger_id));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_TEXTEQ,
				PointerGetDatum(cstring_to_text_with_len(address, length)));
	store_scan_start(scan, keys);
	result = store_scan_next(scan, ForwardScanDirection, slot) &&
		DatumGetBool(slot_getattr(slot, Anum_account_any_asset, &isnull));
	store_scan_close(scan);
	store_close(table);
	return result;
}

/* Refuse a malformed address or pattern, saying at which byte. */
static void
require_wellformed(text *value, bool pattern)
{
	const char *data = VARDATA_ANY(value);
	Size		length = VARSIZE_ANY_EXHDR(value);
	AddressStatus status = pattern ? pattern_check(data, length) : address_check(data, length);
	Size		fault;

	if (status == ADDRESS_OK)
		return;
	fault = pattern ? pattern_fault(data, length) : address_fault(data, length);
	ereport(ERROR,
			errcode(pattern ? ERRCODE_LEDGER_INVALID_PATTERN : ERRCODE_LEDGER_INVALID_ADDRESS),
			errmsg("%s \"%s\" is malformed", pattern ? "pattern" : "address", text_to_cstring(value)),
			errdetail("It has %zu bytes; the fault is at byte %zu.", length, fault + 1),
			pattern ?
			errhint("A pattern is segments separated by colons; a segment is letters, digits and _ - . @, or *, or ** for any number of segments.") :
			errhint("An address is segments of letters, digits and _ - . @, separated by colons, such as users:alice:wallet."));
}

/* SQL: ledger_data.check_address(text): the address, or an error. */
Datum
ledger_check_address(PG_FUNCTION_ARGS)
{
	require_wellformed(PG_GETARG_TEXT_PP(0), false);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* SQL: ledger_data.check_pattern(text): the pattern, or an error. */
Datum
ledger_check_pattern(PG_FUNCTION_ARGS)
{
	require_wellformed(PG_GETARG_TEXT_PP(0), true);
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/* SQL: ledger_data.pattern_match(pattern, address). */
Datum
ledger_pattern_match(PG_FUNCTION_ARGS)
{
	text	   *pattern = PG_GETARG_TEXT_PP(0);
	text	   *address = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(pattern_match(VARDATA_ANY(pattern), VARSIZE_ANY_EXHDR(pattern),
								 VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address)));
}

/* SQL: ledger_data.pattern_prefix(pattern): what every match starts with. */
Datum
ledger_pattern_prefix(PG_FUNCTION_ARGS)
{
	text	   *pattern = PG_GETARG_TEXT_PP(0);
	Size		length = pattern_prefix(VARDATA_ANY(pattern), VARSIZE_ANY_EXHDR(pattern));

	PG_RETURN_TEXT_P(cstring_to_text_with_len(VARDATA_ANY(pattern), length));
}
