/*
 * condition.c
 *		Reading conditions, judging them, and telling what was violated.
 *
 * Invariant: conditions are judged under the locks of the balances they name,
 * which the caller of this part holds; every violation is noted, not only the
 * first.
 */
#include "condition.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "money.h"

/* Attributes of the type ledger.violation */
enum
{
	Anum_violation_condition = 1,
	Anum_violation_kind,
	Anum_violation_address,
	Anum_violation_asset,
	Anum_violation_expected,
	Anum_violation_found,
	Natts_violation = Anum_violation_found
};

static const char *const kind_names[] = {"at_version", "balance_between"};

static bool
refuse_condition(Refusal *refusal, int number, char *detail)
{
	return refuse(refusal, ERRCODE_LEDGER_INVALID_CONDITION,
				  psprintf("condition %d is malformed", number), detail,
				  "Make conditions with ledger.at_version(address, asset, version) or ledger.balance_between(address, asset, low, high).");
}

/* A bound of balance_between: 0 if there is none. */
static bool
read_bound(Datum value, bool isnull, int number, Datum *bound, Refusal *refusal)
{
	*bound = isnull ? 0 : value;
	if (!isnull && (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value))))
		return refuse_condition(refusal, number, "A bound is not a finite number.");
	return true;
}

/* Check and take what one element says. */
static bool
read_condition(Condition *condition, int number, Datum *values, bool *nulls, Refusal *refusal)
{
	text	   *address;
	text	   *asset;
	char	   *kind;

	for (int i = 0; i < Anum_condition_asset; i++)
		if (nulls[i])
			return refuse_condition(refusal, number, "Kind, address and asset must not be NULL.");
	kind = TextDatumGetCString(values[Anum_condition_kind - 1]);
	address = DatumGetTextPP(values[Anum_condition_address - 1]);
	asset = DatumGetTextPP(values[Anum_condition_asset - 1]);
	condition->number = number;
	condition->address = (Span) {VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address)};
	if (!asset_find(VARDATA_ANY(asset), VARSIZE_ANY_EXHDR(asset), &condition->asset, refusal))
		return false;
	if (address_check(condition->address.data, condition->address.length) != ADDRESS_OK)
		return refuse_condition(refusal, number, "Its address is malformed.");

	if (strcmp(kind, kind_names[CONDITION_AT_VERSION]) == 0)
	{
		condition->kind = CONDITION_AT_VERSION;
		condition->version = nulls[Anum_condition_version - 1] ? -1 : DatumGetInt64(values[Anum_condition_version - 1]);
		return condition->version >= 0 ||
			refuse_condition(refusal, number, "A version is a number of entries, 0 or more.");
	}
	if (strcmp(kind, kind_names[CONDITION_BALANCE_BETWEEN]) != 0)
		return refuse_condition(refusal, number, "There is no such kind of condition.");
	condition->kind = CONDITION_BALANCE_BETWEEN;
	if (nulls[Anum_condition_low - 1] && nulls[Anum_condition_high - 1])
		return refuse_condition(refusal, number, "Low and high are both NULL, so it says nothing.");
	if (!read_bound(values[Anum_condition_low - 1], nulls[Anum_condition_low - 1], number, &condition->low, refusal) ||
		!read_bound(values[Anum_condition_high - 1], nulls[Anum_condition_high - 1], number, &condition->high, refusal))
		return false;
	if (condition->low && condition->high &&
		DatumGetBool(DirectFunctionCall2(numeric_gt, condition->low, condition->high)))
		return refuse_condition(refusal, number, "Low is above high, so it can never hold.");
	return true;
}

/* Make room for a number of conditions. */
void
condition_begin(ConditionList *list, int count)
{
	memset(list, 0, sizeof(*list));
	list->conditions = palloc0(sizeof(Condition) * Max(count, 1));
	list->violations = palloc(sizeof(Violation) * Max(count, 1));
}

/* Take a condition given as the attributes of ledger.condition. */
bool
condition_add(ConditionList *list, Datum *values, bool *nulls, Refusal *refusal)
{
	int			number = ++list->count;

	return read_condition(&list->conditions[number - 1], number, values, nulls, refusal);
}

/* Take the conditions of an array of ledger.condition; an empty one has none. */
bool
condition_read(ConditionList *list, ArrayType *array, Refusal *refusal)
{
	TupleDesc	desc;
	Datum	   *rows;
	bool	   *nulls;
	int			count;
	bool		good = true;

	if (ARR_NDIM(array) > 1)
		return refuse(refusal, ERRCODE_LEDGER_INVALID_CONDITION, "conditions are not a plain array",
					  psprintf("It has %d dimensions.", ARR_NDIM(array)), "Give a one-dimensional array.");
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE, &rows, &nulls, &count);
	condition_begin(list, count);
	desc = lookup_rowtype_tupdesc(ARR_ELEMTYPE(array), -1);
	for (int i = 0; i < count && good; i++)
	{
		Datum	   *values = palloc(sizeof(Datum) * desc->natts);
		bool	   *isnull = palloc(sizeof(bool) * desc->natts);
		HeapTupleData tuple;

		if (nulls[i])
		{
			good = refuse_condition(refusal, i + 1, "It is NULL.");
			break;
		}
		tuple.t_data = DatumGetHeapTupleHeader(rows[i]);
		tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		heap_deform_tuple(&tuple, desc, values, isnull);
		good = condition_add(list, values, isnull, refusal);
	}
	ReleaseTupleDesc(desc);
	return good;
}

static void
note_violation(ConditionList *list, const Condition *condition, char *expected, char *found)
{
	list->violations[list->violation_count++] = (Violation) {condition, expected, found};
}

/* Judge at_version by the balance's version before anything was written. */
void
condition_check_version(ConditionList *list, Condition *condition, int64 version)
{
	if (condition->version != version)
		note_violation(list, condition, psprintf(INT64_FORMAT, condition->version), psprintf(INT64_FORMAT, version));
}

static char *
bound_text(Datum bound, const char *absent)
{
	return bound ? DatumGetCString(DirectFunctionCall1(numeric_out, bound)) : pstrdup(absent);
}

/* Judge balance_between by the balance as it will be. */
void
condition_check_balance(ConditionList *list, Condition *condition, Amount balance)
{
	Datum		value = money_numeric(balance, condition->asset.scale);

	if ((condition->low && DatumGetBool(DirectFunctionCall2(numeric_lt, value, condition->low))) ||
		(condition->high && DatumGetBool(DirectFunctionCall2(numeric_gt, value, condition->high))))
		note_violation(list, condition,
					   psprintf("%s .. %s", bound_text(condition->low, "-infinity"), bound_text(condition->high, "infinity")),
					   money_text(balance, condition->asset.scale));
}

/* Refuse a call for its violations, if there are any: all are named. */
bool
condition_refuse(const ConditionList *list, Refusal *refusal)
{
	StringInfoData detail;

	if (list->violation_count == 0)
		return true;
	initStringInfo(&detail);
	for (int i = 0; i < list->violation_count; i++)
	{
		const Violation *violation = &list->violations[i];
		const Condition *condition = violation->condition;

		appendStringInfo(&detail, "%sCondition %d, %s on \"%.*s\" in %s: expected %s, found %s.", i > 0 ? " " : "",
						 condition->number, kind_names[condition->kind],
						 condition->address.length, condition->address.data, condition->asset.code,
						 violation->expected, violation->found);
	}
	return refuse(refusal, ERRCODE_LEDGER_CONDITION_VIOLATED,
				  psprintf(list->violation_count == 1 ? "a condition does not hold" : "%d conditions do not hold",
						   list->violation_count),
				  detail.data, "Read the state again and decide anew; repeating the call unchanged cannot succeed.");
}

/* The violations as an array of ledger.violation. */
Datum
condition_violations(const ConditionList *list, Oid violation_type)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(violation_type, -1);
	Datum	   *rows = palloc(sizeof(Datum) * Max(list->violation_count, 1));
	Datum		result;

	for (int i = 0; i < list->violation_count; i++)
	{
		const Violation *violation = &list->violations[i];
		const Condition *condition = violation->condition;
		bool		nulls[Natts_violation] = {false};
		Datum		values[Natts_violation];

		values[Anum_violation_condition - 1] = Int32GetDatum(condition->number);
		values[Anum_violation_kind - 1] = CStringGetTextDatum(kind_names[condition->kind]);
		values[Anum_violation_address - 1] =
			PointerGetDatum(cstring_to_text_with_len(condition->address.data, condition->address.length));
		values[Anum_violation_asset - 1] = CStringGetTextDatum(condition->asset.code);
		values[Anum_violation_expected - 1] = CStringGetTextDatum(violation->expected);
		values[Anum_violation_found - 1] = CStringGetTextDatum(violation->found);
		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	result = PointerGetDatum(construct_array(rows, list->violation_count, violation_type, -1, false, TYPALIGN_DOUBLE));
	ReleaseTupleDesc(desc);
	return result;
}
