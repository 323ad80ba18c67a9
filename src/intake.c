/*
 * intake.c
 *		What an import has brought of each balance.
 *
 * Entries are checked against the one before while they come; the rows of
 * balances are written once, at the end.  The caller has the ledger locked
 * exclusively.  Memory: some 150 bytes for each balance that is touched.
 */
#include "intake.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "address.h"
#include "balance.h"
#include "money.h"
#include "owner.h"
#include "store.h"

/* Rows written at a time. */
#define WRITE_CHUNK		10000

/* Columns of ledger_data.import_balances */
#define COLUMNS			10

struct Intake
{
	int32		ledger_id;
	bool		fresh;			/* the ledger was empty */
	MemoryContext context;
	HTAB	   *balances;
};

static uint32
hash_balance(const void *key, Size size)
{
	const IntakeBalance *balance = key;

	return hash_combine(hash_bytes((const unsigned char *) balance->address, balance->address_length),
						(uint32) balance->asset_id ^ (uint32) balance->stripe << 24);
}

static int
match_balance(const void *a, const void *b, Size size)
{
	const IntakeBalance *x = a;
	const IntakeBalance *y = b;

	return !(x->asset_id == y->asset_id && x->stripe == y->stripe && x->address_length == y->address_length &&
			 memcmp(x->address, y->address, x->address_length) == 0);
}

Intake *
intake_begin(MemoryContext parent, int32 ledger_id, bool fresh)
{
	MemoryContext context = AllocSetContextCreate(parent, "ledger intake", ALLOCSET_DEFAULT_SIZES);
	Intake	   *intake = MemoryContextAlloc(context, sizeof(Intake));
	HASHCTL		ctl = {.keysize = offsetof(IntakeBalance, scale), .entrysize = sizeof(IntakeBalance),
	.hash = hash_balance, .match = match_balance, .hcxt = context};

	intake->ledger_id = ledger_id;
	intake->fresh = fresh;
	intake->context = context;
	intake->balances = hash_create("ledger intake", 1024, &ctl, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return intake;
}

/* A balance by its name, as the ledger had it or new; NULL if the address is malformed. */
IntakeBalance *
intake_find(Intake *intake, const char *address, int length, const Asset *asset, int stripe)
{
	IntakeBalance key = {.address = address, .address_length = length, .asset_id = asset->id, .stripe = stripe};
	IntakeBalance *balance = hash_search(intake->balances, &key, HASH_FIND, NULL);
	BalanceView view;
	bool		found;

	if (balance != NULL)
		return balance;
	if (address_check(address, length) != ADDRESS_OK)
		return NULL;
	key.address = MemoryContextStrdup(intake->context, pnstrdup(address, length));
	balance = hash_search(intake->balances, &key, HASH_ENTER, &found);
	memset((char *) balance + offsetof(IntakeBalance, scale), 0, sizeof(IntakeBalance) - offsetof(IntakeBalance, scale));
	balance->scale = asset->scale;
	balance->existed = !intake->fresh && balance_find_stripe(intake->ledger_id, address, length, asset, stripe, &view);
	balance->id = balance->existed ? view.id : balance_next_id();
	balance->version = balance->existed ? view.version : 0;
	balance->balance = balance->existed ? view.balance : 0;
	balance->inflow = balance->existed ? view.inflow : 0;
	balance->outflow = balance->existed ? view.outflow : 0;
	return balance;
}

/* Bring a balance up to date with its next entry; what is wrong with it, or NULL. */
const char *
intake_apply(IntakeBalance *balance, const CanonEntry *entry, TimestampTz recorded_at, Amount *amount)
{
	Amount		after;
	Amount		sum;

	if (!amount_parse(entry->amount, strlen(entry->amount), balance->scale, amount) ||
		!amount_parse(entry->balance, strlen(entry->balance), balance->scale, &after))
		return "an amount is not one of its asset";
	if (entry->version != balance->version + 1)
		return psprintf("version " INT64_FORMAT " of the balance of \"%s\" follows " INT64_FORMAT,
						entry->version, balance->address, balance->version);
	if (!amount_add(balance->balance, *amount, &sum))
		return psprintf("the balance of \"%s\" is out of range", balance->address);
	if (sum != after)
		return psprintf("the running balance of \"%s\" is %s, but %s follows from the entry before",
						balance->address, entry->balance, money_text(sum, balance->scale));
	if (balance->first_at != 0 && recorded_at < balance->last_at)
		return psprintf("it was recorded before the last entry of \"%s\"", balance->address);
	if (!(*amount > 0 ? amount_add(balance->inflow, *amount, &balance->inflow) :
		  amount_subtract(balance->outflow, *amount, &balance->outflow)))
		return psprintf("the sum of what \"%s\" received or gave is out of range", balance->address);
	balance->version = entry->version;
	balance->balance = after;
	balance->first_at = balance->first_at == 0 ? recorded_at : balance->first_at;
	balance->last_at = recorded_at;
	return NULL;
}

/* Write the rows collected. */
static void
write_rows(const Intake *intake, Datum (*columns)[WRITE_CHUNK], int count)
{
	static const struct
	{
		Oid			type;
		Oid			array;
		int			length;
		char		align;
	}			types[COLUMNS] =
	{
		{INT8OID, INT8ARRAYOID, 8, TYPALIGN_DOUBLE}, {TEXTOID, TEXTARRAYOID, -1, TYPALIGN_INT}, {INT4OID, INT4ARRAYOID, 4, TYPALIGN_INT},
		{BOOLOID, BOOLARRAYOID, 1, TYPALIGN_CHAR}, {INT8OID, INT8ARRAYOID, 8, TYPALIGN_DOUBLE},
		{NUMERICOID, NUMERICARRAYOID, -1, TYPALIGN_INT}, {NUMERICOID, NUMERICARRAYOID, -1, TYPALIGN_INT},
		{TIMESTAMPTZOID, TIMESTAMPTZARRAYOID, 8, TYPALIGN_DOUBLE}, {TIMESTAMPTZOID, TIMESTAMPTZARRAYOID, 8, TYPALIGN_DOUBLE},
		{INT4OID, INT4ARRAYOID, 4, TYPALIGN_INT}
	};
	Oid			arg_types[COLUMNS + 1] = {INT4OID};
	Datum		args[COLUMNS + 1] = {Int32GetDatum(intake->ledger_id)};
	Owner		owner;

	for (int i = 0; i < COLUMNS; i++)
	{
		arg_types[i + 1] = types[i].array;
		args[i + 1] = PointerGetDatum(construct_array(columns[i], count, types[i].type, types[i].length,
													  types[i].length > 0, types[i].align));
	}
	owner_enter(&owner);
	SPI_connect();
	if (SPI_execute_with_args("SELECT ledger_data.import_balances($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
							  COLUMNS + 1, arg_types, args, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "ledger_data.import_balances failed");	/* cannot happen */
	SPI_finish();
	owner_leave(&owner);
}

/* Write the rows of all balances. */
void
intake_write(Intake *intake)
{
	Datum		(*columns)[WRITE_CHUNK] = palloc(sizeof(Datum) * COLUMNS * WRITE_CHUNK);
	MemoryContext chunk = AllocSetContextCreate(CurrentMemoryContext, "ledger intake rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(chunk);
	HASH_SEQ_STATUS status;
	IntakeBalance *balance;
	int			count = 0;

	hash_seq_init(&status, intake->balances);
	while ((balance = hash_seq_search(&status)) != NULL)
	{
		columns[0][count] = Int64GetDatum(balance->id);
		columns[1][count] = PointerGetDatum(cstring_to_text_with_len(balance->address, balance->address_length));
		columns[2][count] = Int32GetDatum(balance->asset_id);
		columns[3][count] = BoolGetDatum(balance->existed);
		columns[4][count] = Int64GetDatum(balance->version);
		columns[5][count] = money_numeric(balance->inflow, balance->scale);
		columns[6][count] = money_numeric(balance->outflow, balance->scale);
		columns[7][count] = TimestampTzGetDatum(balance->first_at);
		columns[8][count] = TimestampTzGetDatum(balance->last_at);
		columns[9][count] = Int32GetDatum(balance->stripe);
		if (++count < WRITE_CHUNK)
			continue;
		write_rows(intake, columns, count);
		count = 0;
		MemoryContextReset(chunk);
	}
	if (count > 0)
		write_rows(intake, columns, count);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(chunk);
	pfree(columns);
}
