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
#include "lock.h"
#include "rule.h"
#include "store.h"

/* ledger_data.balance; what changes with a posting comes last, so that its log record is short */
enum
{
	Anum_balance_ledger_id = 1,
	Anum_balance_asset_id,
	Anum_balance_id,
	Anum_balance_status,
	Anum_balance_own_limits,
	Anum_balance_floor,
	Anum_balance_ceiling,
	Anum_balance_address,
	Anum_balance_held_in,
	Anum_balance_held_out,
	Anum_balance_recorded_at,
	Anum_balance_version,
	Anum_balance_inflow,
	Anum_balance_outflow,
	Anum_balance_room,
	Natts_balance = Anum_balance_room
};

/* A balance that a call works with. */
typedef struct Balance
{
	const char *address;		/* not terminated */
	int			address_length;
	const Asset *asset;
	uint64		hash;			/* of both */
	int64		id;				/* 0 until found, and for what may not be opened */
	ItemPointerData tid;
	HeapTuple	found;			/* the row as found, not locked */
	TimestampTz recorded_at;	/* of its last entry */
	int64		first_version;	/* when it was locked */
	Amount		first_held_in;
	Amount		first_held_out;
	bool		seized;			/* written before it was certain that all could be */
	bool		carried;		/* locked and read by a call before */
	Datum	   *values;			/* the row as locked, or as it will be seized */
	bool	   *nulls;
} Balance;

/*
 * The distinct balances of a call, in order of first mention.  rules[i] is what
 * the pure rules know and change of balances[i].
 */
typedef struct BalanceSet
{
	Balance    *balances;
	RuleBalance *rules;
	int			count;
	int		   *order;			/* indexes in id order: the order of locking */
	int			unlocked;		/* how many at its end are only read so far */
	RuleBalance *initial;		/* rules as read, kept while some are unlocked */
	int64	   *opened;			/* numbers of balances that this call opened, ascending */
	int			opened_count;
	Datum		opened_accounts;	/* text[] likewise, or 0 */
} BalanceSet;

/* One mention of a balance; balance_set_build fills in where it is in the set. */
typedef struct BalanceMention
{
	const char *address;
	int			address_length;
	const Asset *asset;
	int		   *index;
} BalanceMention;

extern void balance_init(void);
extern StoreTable *balance_open_table(StoreMode mode);
extern int64 balance_next_id(void);
extern void balance_set_build(BalanceSet *set, const BalanceMention *mentions, int count);
extern void balance_set_resolve(BalanceSet *set, const Ledger *ledger, StoreTable *table, LockOrder *order);
extern void balance_set_unopen(BalanceSet *set, const Ledger *ledger);
extern void balance_set_lock(BalanceSet *set, StoreTable *table, LockOrder *order, bool may_seize);
extern bool balance_set_seize(BalanceSet *set, StoreTable *table, TimestampTz recorded_at);
extern void balance_set_lock_rest(BalanceSet *set, StoreTable *table, LockOrder *order);
extern void balance_set_restore(BalanceSet *set, StoreTable *table);
extern bool balance_is_touched(const Balance *balance, const RuleBalance *rule);
extern void balance_write(Balance *balance, const RuleBalance *rule, StoreTable *table, TimestampTz recorded_at);
extern void balance_set_write(BalanceSet *set, StoreTable *table, TimestampTz recorded_at);

/* A balance as the active snapshot has it. */
typedef struct BalanceView
{
	int64		id;
	int64		version;
	int32		asset_id;
	text	   *address;
	Amount		balance;
} BalanceView;

extern bool balance_find(int32 ledger_id, const char *address, int length,
						 const Asset *asset, BalanceView *view);
extern void balance_name(int32 ledger_id, int64 source_id, int64 destination_id,
						 Span *source, Span *destination, Span *asset);
extern bool balance_look(int32 ledger_id, int64 id, BalanceView *view);
extern void balance_get(int32 ledger_id, int64 id, BalanceView *view);

#endif							/* LEDGER_BALANCE_H */
