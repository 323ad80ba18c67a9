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
	Anum_violation_scope,
	Natts_violation = Anum_violation_scope
};

/* Event types that one scope may have. */
#define MAX_TYPES	64

static const char *const kind_names[] = {"at_version", "balance_between", "scope"};

static bool
refuse_condition(Refusal *refusal, int number, char *detail)
{
	return refuse(refusal, ERRCODE_LEDGER_INVALID_CONDITION,
				  psprintf("condition %d is malformed", number), detail,
				  "Make conditions with ledger.at_version, ledger.balance_between or ledger.scope.");
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

/* The event types of a scope. */
static bool
read_types(Condition *condition, int number, Datum value, Refusal *refusal)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *types;
	bool	   *nulls;

	if (ARR_NDIM(array) > 1)
		return refuse_condition(refusal, number, "event_types is not a plain array.");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &types, &nulls, &condition->match.type_count);
	if (condition->match.type_count == 0)
		return refuse_condition(refusal, number, "event_types is empty; give NULL for any type.");
	if (condition->match.type_count > MAX_TYPES)
		return refuse_condition(refusal, number, psprintf("event_types has more than %d elements.", MAX_TYPES));
	condition->match.types = palloc(sizeof(text *) * condition->match.type_count);
	for (int i = 0; i < condition->match.type_count; i++)
	{
		if (nulls[i])
			return refuse_condition(refusal, number, "An event type is NULL.");
		condition->match.types[i] = DatumGetTextPP(types[i]);
	}
	return true;
}

/* Check and take a scope. */
static bool
read_scope(Condition *condition, int number, Datum *values, bool *nulls, Refusal *refusal)
{
	static const struct
	{
		Tag			tag;
		int			attribute;
	}			list[] =
	{
		{TAG_SOURCE_ID, Anum_condition_source_id}, {TAG_SOURCE_TYPE, Anum_condition_source_type},
		{TAG_STREAM_TYPE, Anum_condition_stream_type}, {TAG_STREAM_ID, Anum_condition_stream_id}
	};
	bool		any = false;

	condition->kind = CONDITION_SCOPE;
	condition->number = number;
	for (int i = 0; i < (int) lengthof(list); i++)
		if (!nulls[list[i].attribute - 1])
		{
			condition->match.values[list[i].tag] = DatumGetTextPP(values[list[i].attribute - 1]);
			any = true;
		}
	if (!nulls[Anum_condition_event_types - 1])
	{
		if (!read_types(condition, number, values[Anum_condition_event_types - 1], refusal))
			return false;
		any = true;
	}
	if (!any)
		return refuse_condition(refusal, number, "A scope needs at least one tag.");
	condition->none = !nulls[Anum_condition_none - 1] && DatumGetBool(values[Anum_condition_none - 1]);
	condition->exact = !nulls[Anum_condition_exact - 1] && DatumGetBool(values[Anum_condition_exact - 1]);
	if (nulls[Anum_condition_expected - 1] == !condition->none)
		return refuse_condition(refusal, number, condition->none ?
								"Expected and none cannot both be given." :
								"A scope needs an expected position, or none.");
	if (!condition->none)
		condition->expected = DatumGetInt64(values[Anum_condition_expected - 1]);
	return true;
}

/* Check and take what one element says. */
static bool
read_condition(Condition *condition, int number, Datum *values, bool *nulls, Refusal *refusal)
{
	text	   *address;
	text	   *asset;
	char	   *kind;

	if (nulls[Anum_condition_kind - 1])
		return refuse_condition(refusal, number, "Its kind is NULL.");
	kind = TextDatumGetCString(values[Anum_condition_kind - 1]);
	if (strcmp(kind, kind_names[CONDITION_SCOPE]) == 0)
		return read_scope(condition, number, values, nulls, refusal);
	if (nulls[Anum_condition_address - 1] || nulls[Anum_condition_asset - 1])
		return refuse_condition(refusal, number, "Address and asset must not be NULL.");
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

/* Note a condition that does not hold. */
void
condition_note(ConditionList *list, const Condition *condition, char *expected, char *found)
{
	list->violations[list->violation_count++] = (Violation) {condition, expected, found};
}

/* Judge at_version by the balance's version before anything was written. */
void
condition_check_version(ConditionList *list, Condition *condition, int64 version)
{
	if (condition->version != version)
		condition_note(list, condition, psprintf(INT64_FORMAT, condition->version), psprintf(INT64_FORMAT, version));
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
		condition_note(list, condition,
					   psprintf("%s .. %s", bound_text(condition->low, "-infinity"), bound_text(condition->high, "infinity")),
					   money_text(balance, condition->asset.scale));
}

/* The tags of a scope, for people. */
char *
condition_scope_text(const Condition *condition)
{
	static const char *const names[] = {
		[TAG_SOURCE_TYPE] = "source_type",
		[TAG_SOURCE_ID] = "source_id",
		[TAG_STREAM_TYPE] = "stream_type",
		[TAG_STREAM_ID] = "stream_id"
	};
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < TAG_EVENT_TYPE; i++)
		if (condition->match.values[i] != NULL)
			appendStringInfo(&out, "%s%s=%s", out.len > 0 ? " " : "", names[i], text_to_cstring(condition->match.values[i]));
	for (int i = 0; i < condition->match.type_count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? "," : out.len > 0 ? " event_types=" : "event_types=",
						 text_to_cstring(condition->match.types[i]));
	return out.data;
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

		appendStringInfo(&detail, "%sCondition %d, %s %s: expected %s, found %s.", i > 0 ? " " : "",
						 condition->number, kind_names[condition->kind],
						 condition->kind == CONDITION_SCOPE ? condition_scope_text(condition) :
						 psprintf("on \"%.*s\" in %s", condition->address.length, condition->address.data, condition->asset.code),
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
		bool		scope = condition->kind == CONDITION_SCOPE;
		Datum		values[Natts_violation] = {0};

		values[Anum_violation_condition - 1] = Int32GetDatum(condition->number);
		values[Anum_violation_kind - 1] = CStringGetTextDatum(kind_names[condition->kind]);
		nulls[Anum_violation_address - 1] = nulls[Anum_violation_asset - 1] = scope;
		nulls[Anum_violation_scope - 1] = !scope;
		if (scope)
			values[Anum_violation_scope - 1] = CStringGetTextDatum(condition_scope_text(condition));
		else
		{
			values[Anum_violation_address - 1] =
				PointerGetDatum(cstring_to_text_with_len(condition->address.data, condition->address.length));
			values[Anum_violation_asset - 1] = CStringGetTextDatum(condition->asset.code);
		}
		values[Anum_violation_expected - 1] = CStringGetTextDatum(violation->expected);
		values[Anum_violation_found - 1] = CStringGetTextDatum(violation->found);
		rows[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
	}
	result = PointerGetDatum(construct_array(rows, list->violation_count, violation_type, -1, false, TYPALIGN_DOUBLE));
	ReleaseTupleDesc(desc);
	return result;
}
