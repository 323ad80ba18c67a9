/*
 * scope.c
 *		Scopes: nothing that matches these tags has happened since.
 *
 * Invariant: from the moment a scope is checked until the transaction ends
 * nobody appends a record that would match it.  Locks: whoever appends a record
 * takes a shared lock on each of its tags, whoever checks a scope an exclusive
 * one on the tag of it that the fewest records share (on each of its types if
 * types are all it has), sorted, before balances.  The verdict is by all tags,
 * so sharing a lock costs a wait and never a false violation.
 */
#include "scope.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* A tag to be locked. */
static uint32
tag_hash(Tag tag, const text *value)
{
	return lock_key_hash((char) ('0' + tag), VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/*
 * A position at or below which no record will be committed whose writer has not
 * drawn its position yet.  Commits of a serial or strict ledger are in order; of
 * the latter whatever a snapshot sees is settled at once.
 */
int64
scope_last(const Ledger *ledger)
{
	StoreTable *journal;
	int64		last;

	if (ledger->serial)
		return PG_INT64_MAX;
	if (!ledger->strict)
		return journal_last_position() + ledger->position_base;
	journal = journal_open_table(STORE_READ);
	PushActiveSnapshot(GetLatestSnapshot());
	last = journal_last(journal, ledger->id, PG_INT64_MAX);
	PopActiveSnapshot();
	store_close(journal);
	return last;
}

/*
 * Wait until no record that matches can be committed any more at or below the
 * position returned: whoever drew one before has the tag locked until its end.
 * A match without tags stands for all records.  Writing goes on meanwhile.
 * Nothing is locked, so the ledger is looked at anew: hashing may have changed
 * since the caller did, and does so again.
 */
int64
scope_settle(const Ledger *known, const JournalMatch *match)
{
	Tag			tag = journal_selective_tag(match);
	Ledger		ledger = *known;
	int64		last;

	(void) ledger_get(known->id, &ledger);
	last = scope_last(&ledger);
	if (ledger.serial)
		lock_wait_for_writers(ledger.id);
	else if (ledger.strict)
	{
		/* what was seen then is settled if the ledger still was strict */
		(void) ledger_get(known->id, &ledger);
		return ledger.strict ? last : scope_settle(&ledger, match);
	}
	else if (tag != TAG_EVENT_TYPE)
		lock_wait_for_tag(ledger.id, tag_hash(tag, match->values[tag]));
	else if (match->type_count == 0)
		lock_wait_for_writers(ledger.id);
	for (int i = 0; i < match->type_count && tag == TAG_EVENT_TYPE && !ledger.serial; i++)
		lock_wait_for_tag(ledger.id, tag_hash(tag, match->types[i]));
	return last;
}

/* The tags of every record to be appended. */
static int
appended_tags(const Write *write, TagLock *locks)
{
	int			count = 0;

	for (int i = 0; i < write->call->count; i++)
	{
		const Tags *tags = write->call->requests[i].tags;

		for (int tag = 0; tags != NULL && tag < TAG_COUNT; tag++)
			if (tags->values[tag] != NULL)
				locks[count++] = (TagLock) {tag_hash(tag, tags->values[tag]), false};
	}
	return count;
}

/* The tags of every scope to be checked. */
static int
checked_tags(const Write *write, TagLock *locks)
{
	const ConditionList *list = &write->call->conditions;
	int			count = 0;

	for (int i = 0; i < list->count; i++)
	{
		const JournalMatch *match = &list->conditions[i].match;
		Tag			tag = journal_selective_tag(match);

		if (list->conditions[i].kind != CONDITION_SCOPE)
			continue;
		if (tag != TAG_EVENT_TYPE)
			locks[count++] = (TagLock) {tag_hash(tag, match->values[tag]), true};
		else
			for (int k = 0; k < match->type_count; k++)
				locks[count++] = (TagLock) {tag_hash(tag, match->types[k]), true};
	}
	return count;
}

/* How many locks that may be, before any is counted twice. */
static int
most_tags(const Write *write)
{
	const ConditionList *list = &write->call->conditions;
	int			count = 0;

	for (int i = 0; i < write->call->count; i++)
		if (write->call->requests[i].tags != NULL)
			count += TAG_COUNT;
	for (int i = 0; i < list->count; i++)
		if (list->conditions[i].kind == CONDITION_SCOPE)
			count += Max(1, list->conditions[i].match.type_count);
	return count;
}

/* Lock the tags that a call appends and those that it checks. */
void
scope_lock(Write *write)
{
	int			most = write->ledger.serial ? 0 : most_tags(write);	/* who writes to it alone needs no more */
	TagLock    *locks;
	int			count;

	if (most == 0)
		return;
	locks = palloc(sizeof(TagLock) * most);
	count = checked_tags(write, locks);
	count += appended_tags(write, locks + count);
	lock_tags(&write->order, write->ledger.id, locks, count);
}

/* The last record that matches, by the active snapshot. */
static int64
find_last(Write *write, const Condition *condition)
{
	return journal_match(write->journal, write->ledger.id, &condition->match,
						 condition->none || condition->exact ? 0 : condition->expected, PG_INT64_MAX);
}

/*
 * Judge the scopes of a call, with their tags locked and a snapshot taken since.
 * Above READ COMMITTED a record that the transaction cannot see counts, too;
 * then it must run again to see it.
 */
void
scope_check(Write *write)
{
	ConditionList *list = &write->call->conditions;

	for (int i = 0; i < list->count; i++)
	{
		Condition  *condition = &list->conditions[i];
		int64		last;

		if (condition->kind != CONDITION_SCOPE)
			continue;
		last = find_last(write, condition);
		if (IsolationUsesXactSnapshot())
		{
			int64		newest;

			PushActiveSnapshot(GetLatestSnapshot());
			newest = find_last(write, condition);
			PopActiveSnapshot();
			if (newest != last)
				store_serialization_failure();
		}
		if (condition->none ? last != 0 : condition->exact ? last != condition->expected : last > condition->expected)
			condition_note(list, condition, condition->none ? pstrdup("none") :
						   psprintf(INT64_FORMAT, condition->expected), psprintf(INT64_FORMAT, last));
	}
}
