/*
 * hold.h
 *		Holds: amounts reserved, one row for each of a hold's postings.
 *
 * A hold is known by the position of its journal record.  Its rows change only
 * under the locks of both balances they name, so whoever has those locked reads
 * and changes them as if they were locked themselves.
 */
#ifndef LEDGER_HOLD_H
#define LEDGER_HOLD_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "balance.h"
#include "store.h"

/* One posting of a hold. */
typedef struct HoldPosting
{
	int32		number;			/* from 1 */
	int64		source_id;		/* balances */
	int64		destination_id;
	int			scale;			/* of the asset */
	Amount		amount;
	Amount		captured;
	Amount		voided;			/* set free */
	bool		expired;		/* and that because it expired */
	bool		has_expires_at;
	TimestampTz expires_at;
	ItemPointerData tid;
} HoldPosting;

extern void hold_init(void);
extern StoreTable *hold_open_table(StoreMode mode);
extern HoldPosting *hold_read(StoreTable *table, int32 ledger_id, int64 hold, int *count);
extern Amount hold_left(const HoldPosting *posting);
extern void hold_write(StoreTable *table, int32 ledger_id, int64 hold, HoldPosting *postings, int count);
extern void hold_update(StoreTable *table, int32 ledger_id, int64 hold, HoldPosting *posting);
extern int64 *hold_due(StoreTable *table, int32 ledger_id, TimestampTz until, int most, int *count);
extern void hold_count_expired(BalanceSet *set, int32 ledger_id, TimestampTz now);

#endif							/* LEDGER_HOLD_H */
