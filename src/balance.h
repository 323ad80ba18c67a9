/*
 * balance.h
 *		Balances of (account, asset): the rows that posting locks and changes.
 */
#ifndef LEDGER_BALANCE_H
#define LEDGER_BALANCE_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "storage/itemptr.h"

#include "address.h"
#include "asset.h"
#include "ledger.h"
#include "rule.h"
#include "share.h"
#include "store.h"

/* ledger_data.balance; what changes with a posting comes last, so that its log record is short */
enum
{
	Anum_balance_ledger_id = 1,
	Anum_balance_asset_id,
	Anum_balance_id,
	Anum_balance_status,
	Anum_balance_own_limits,
	Anum_balance_stripe,
	Anum_balance_stripes,
	Anum_balance_floor,
	Anum_balance_ceiling,
	Anum_balance_address,
	Anum_balance_held_in,
	Anum_balance_held_out,
	Anum_balance_recorded_at,
	Anum_balance_version,
	Anum_balance_inflow,
	Anum_balance_outflow,
	Natts_balance = Anum_balance_outflow
};

/*
 * A balance is kept in one row, its stripe 0; or, striped, in several: then
 * postings go to the stripes 1 to n, and stripe 0 keeps what was posted before.
 * Any stripe is asked for by ANY_STRIPE, a certain one by STRIPE_ASKED().
 */
#define MAX_STRIPES			64
#define ANY_STRIPE			0
#define STRIPE_ASKED(stripe)	((stripe) + 1)

/* What a call knows of a striped balance besides the stripe that it works with. */
typedef struct Striped
{
	int64		base_id;		/* the number of stripe 0 */
	int			stripes;		/* how many postings go to: 1 to this */
	Amount		outflow;		/* what the call takes from the balance, at most */
	Amount		inflow;			/* what it gives to it, at most */
	bool		whole;			/* it must know all of the balance */
	bool		limited;		/* it has a floor or a ceiling */
	bool		enough;			/* the limits of the stripe found allow all that it may do */
	bool		locked;
	bool		pooled;			/* only for the sake of another one */
	int		   *others;			/* all other stripes, if they are locked: indexes in the set */
	int			other_count;
	ShareSums	sums;			/* of theirs */
	Amount		first_floor;	/* when it was locked */
	Amount		first_ceiling;
} Striped;

/* A row that a call works with: a balance, or the stripe of it that was chosen. */
typedef struct Balance
{
	const char *address;		/* not terminated */
	int			address_length;
	int			asked;			/* ANY_STRIPE, or the one that it must be */
	const Asset *asset;
	uint64		hash;			/* of address and asset */
	int64		id;				/* 0 until found, and for what may not be opened */
	ItemPointerData tid;
	int16		stripe;
	HeapTuple	found;			/* the row as found, not locked */
	TimestampTz recorded_at;	/* of its last entry */
	int64		first_version;	/* when it was locked */
	Amount		first_held_in;
	Amount		first_held_out;
	bool		seized;			/* written before it was certain that all could be */
	bool		carried;		/* locked and read by a call before */
	bool		kept;			/* to be written by a call after */
	Striped    *striped;		/* NULL: it is not */
	Datum	   *values;			/* the row as locked, or as it will be seized */
	bool	   *nulls;
} Balance;

/*
 * The distinct balances of a call, in order of first mention; then whatever
 * stripes were locked besides.  rules[i] is what the pure rules know and change
 * of balances[i].
 */
typedef struct BalanceSet
{
	Balance    *balances;
	RuleBalance *rules;
	int			count;
	int			room;			/* for how many there is memory */
	int32		ledger_id;
	int		   *order;			/* indexes in the order of locking: by number of stripe 0, then by stripe */
	int			unlocked;		/* how many at its end are only read so far */
	RuleBalance *initial;		/* rules as read, kept while some are unlocked */
	int64	   *opened;			/* numbers of balances that this call opened, ascending */
	int			opened_count;
	Datum		opened_accounts;	/* text[] likewise, or 0 */
} BalanceSet;

extern void balance_init(void);
extern StoreTable *balance_open_table(StoreMode mode);
extern int64 balance_next_id(void);
extern uint64 balance_hash(const char *address, int length, int32 asset_id);
extern bool balance_fetch(StoreTable *table, StoreScan **scan, int32 ledger_id, const char *address, int length,
						  int32 asset_id, uint64 hash, int stripe);
extern StoreScan *balance_scan_stripes(StoreTable *table, int32 ledger_id, const char *address, int length, int32 asset_id);
extern void balance_take(Balance *balance, TupleTableSlot *slot);
extern void balance_read(Balance *balance, RuleBalance *rule, HeapTuple tuple, TupleDesc desc);
extern void balance_keep_locked(Balance *balance, RuleBalance *rule, TupleTableSlot *slot);
extern void balance_lock(Balance *balance, RuleBalance *rule, StoreTable *table);
extern Amount balance_total(const BalanceSet *set, int index);
extern bool balance_is_touched(const Balance *balance, const RuleBalance *rule);
extern bool balance_try_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at);
extern void balance_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at);

/* A balance as the active snapshot has it. */
typedef struct BalanceView
{
	int64		id;
	int64		version;
	int32		asset_id;
	int			stripe;
	int			stripes;		/* 0: it is not striped */
	text	   *address;
	Amount		inflow;			/* of the row */
	Amount		outflow;
	Amount		balance;
} BalanceView;

extern bool balance_find(int32 ledger_id, const char *address, int length,
						 const Asset *asset, BalanceView *view);
extern bool balance_find_stripe(int32 ledger_id, const char *address, int length,
								const Asset *asset, int stripe, BalanceView *view);
extern BalanceView *balance_find_stripes(int32 ledger_id, const char *address, int length,
										 const Asset *asset, int *count);
extern int	balance_name(int32 ledger_id, int64 id, Span *address, Span *asset);
extern bool balance_look(int32 ledger_id, int64 id, BalanceView *view);
extern void balance_get(int32 ledger_id, int64 id, BalanceView *view);

#endif							/* LEDGER_BALANCE_H */
