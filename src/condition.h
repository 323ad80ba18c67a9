/*
 * condition.h
 *		What a caller requires of balances at the moment of writing.
 */
#ifndef LEDGER_CONDITION_H
#define LEDGER_CONDITION_H

#include "postgres.h"
#include "utils/array.h"

#include "address.h"
#include "asset.h"
#include "error.h"
#include "journal.h"
#include "rule.h"

/* Attributes of the type ledger.condition */
enum
{
	Anum_condition_kind = 1,
	Anum_condition_address,
	Anum_condition_asset,
	Anum_condition_version,
	Anum_condition_low,
	Anum_condition_high,
	Anum_condition_expected,
	Anum_condition_source_id,
	Anum_condition_source_type,
	Anum_condition_stream_type,
	Anum_condition_stream_id,
	Anum_condition_event_types,
	Anum_condition_none,
	Anum_condition_exact,
	Natts_condition = Anum_condition_exact
};

typedef enum ConditionKind
{
	CONDITION_AT_VERSION,		/* nothing was posted to the balance since that version */
	CONDITION_BALANCE_BETWEEN,	/* the balance as it will be after the call */
	CONDITION_SCOPE				/* no record that matches is later than expected */
} ConditionKind;

typedef struct Condition
{
	ConditionKind kind;
	int			number;			/* in the caller's array, from 1 */
	Span		address;
	Asset		asset;
	int			index;			/* of the balance in the call's set */
	int64		version;
	Datum		low;			/* numeric; 0 for no bound */
	Datum		high;
	JournalMatch match;			/* scope */
	int64		expected;
	bool		none;			/* no record matches at all */
	bool		exact;			/* the last that matches is the expected one */
} Condition;

/* A condition that does not hold. */
typedef struct Violation
{
	const Condition *condition;
	char	   *expected;
	char	   *found;
} Violation;

typedef struct ConditionList
{
	Condition  *conditions;
	int			count;
	Violation  *violations;		/* room for one of each */
	int			violation_count;
} ConditionList;

extern void condition_begin(ConditionList *list, int count);
extern bool condition_add(ConditionList *list, Datum *values, bool *nulls, Refusal *refusal);
extern bool condition_read(ConditionList *list, ArrayType *array, Refusal *refusal);
extern void condition_check_version(ConditionList *list, Condition *condition, int64 version);
extern void condition_check_balance(ConditionList *list, Condition *condition, Amount balance);
extern void condition_note(ConditionList *list, const Condition *condition, char *expected, char *found);
extern char *condition_scope_text(const Condition *condition);
extern bool condition_refuse(const ConditionList *list, Refusal *refusal);
extern Datum condition_violations(const ConditionList *list, Oid violation_type);

#endif							/* LEDGER_CONDITION_H */
