/*
 * intake.h
 *		What an import has brought of each balance.
 */
#ifndef LEDGER_INTAKE_H
#define LEDGER_INTAKE_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "asset.h"
#include "canon.h"
#include "ledger.h"

/* A balance that is being brought up to date. */
typedef struct IntakeBalance
{
	const char *address;		/* hash key, with the three after it */
	int			address_length;
	int32		asset_id;
	int			stripe;
	int			scale;
	int64		id;
	bool		existed;		/* before the import */
	int64		version;
	Amount		balance;
	Amount		inflow;
	Amount		outflow;
	TimestampTz first_at;
	TimestampTz last_at;
} IntakeBalance;

typedef struct Intake Intake;

extern Intake *intake_begin(MemoryContext parent, int32 ledger_id, bool fresh);
extern IntakeBalance *intake_find(Intake *intake, const char *address, int length, const Asset *asset, int stripe);
extern const char *intake_apply(IntakeBalance *balance, const CanonEntry *entry, TimestampTz recorded_at, Amount *amount);
extern void intake_write(Intake *intake);

#endif							/* LEDGER_INTAKE_H */
