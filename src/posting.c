/*
 * posting.c
 *		The posting engine: resolve, lock, compute, write.
 *
 * One call has one item or many, all or nothing or each on its own.  Invariant:
 * an item is wholly there or not at all, a refused one has no effect, and no
 * limit is ever passed, whatever runs at the same time.  Locks: the ledger, shared,
 * and all steps of lock.h after it, until the end of the caller's transaction.
 */
#include "posting.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "access.h"
#include "board.h"
#include "chain.h"
#include "compat.h"
#include "key.h"
#include "money.h"
#include "notify.h"
#include "outcome.h"
#include "release.h"
#include "resolve.h"
#include "scope.h"
#include "stripe.h"

const Action post_action = {.status = STATUS_POSTED, .effect = RULE_MOVE};

/* Entries formed at a time. */
#define ENTRY_CHUNK		256

/* Find the ledger, check the right to post, lock the ledger for posting. */
static bool
enter_ledger(Write *write)
{
	Call	   *call = write->call;

	if (!ledger_find(call->ledger, &write->ledger, &call->refusal))
		return false;
	access_require(write->ledger.id, write->ledger.name, RIGHT_POST);
	lock_ledger(&write->order, write->ledger.id, ledger_write_lock(&write->ledger));
	/* whoever held it exclusively may have changed its settings, or our rights */
	if (!ledger_find(call->ledger, &write->ledger, &call->refusal))
		return false;
	access_require(write->ledger.id, write->ledger.name, RIGHT_POST);
	return true;
}

/* Make an item of each request; a malformed one is refused from the start. */
static void
make_items(Write *write)
{
	Call	   *call = write->call;

	write->items = palloc0(sizeof(WriteItem) * call->count);
	for (int i = 0; i < call->count; i++)
	{
		WriteItem	   *item = &write->items[i];

		item->request = &call->requests[i];
		item->number = i;
		item->key_group = item->reference_group = -1;
		if (item->request->refusal.sqlstate != 0)
			item->state = ITEM_REFUSED;
	}
}

/* Whether there is anything to be done. */
static bool
any_fresh(const Write *write)
{
	for (int i = 0; i < write->call->count; i++)
		if (write->items[i].state == ITEM_FRESH)
			return true;
	return false;
}

/* Whether a call that is all or nothing has come to nothing. */
static bool
is_lost(const Write *write)
{
	for (int i = 0; i < write->call->count && write->call->atomic; i++)
		if (write->items[i].state == ITEM_REFUSED)
			return true;
	return write->call->refusal.sqlstate != 0;
}

/* Let the action settle what can be decided only now. */
static void
settle_items(Write *write)
{
	for (int i = 0; i < write->call->count; i++)
	{
		WriteItem	   *item = &write->items[i];

		if (item->state == ITEM_FRESH && item->request->action->settle != NULL && !item->request->action->settle(write, item))
			item->state = ITEM_REFUSED;
	}
}

/* Undo the items of a chain that were done, and refuse the others for the one that failed. */
static void
fail_chain(Write *write, int start, int failed, int end)
{
	for (int i = end - 1; i >= start; i--)
	{
		WriteItem	   *item = &write->items[i];

		if (item->state == ITEM_DONE)
		{
			rule_undo(write->set.rules, &write->postings[item->first], item->count);
			write->entry_count = item->first_entry;
			key_give_back(write, item);
		}
		if (i != failed && (item->state == ITEM_DONE || item->state == ITEM_FRESH ||
							(item->state == ITEM_REPLAYED && item->found == NULL && item->same_as >= start)))
			refuse(&item->request->refusal, ERRCODE_LEDGER_LINKED_FAILURE,
				   "another item of the chain was refused", psprintf("It is item %d.", failed + 1), NULL);
		if (item->request->refusal.sqlstate != 0)
			item->state = ITEM_REFUSED;
	}
}

/* Apply the rules to one item. */
static bool
apply_item(Write *write, WriteItem *item)
{
	RuleRefusal reason;
	RulePosting *postings = &write->postings[item->first];

	item->first_entry = write->entry_count;
	if (rule_apply(write->set.rules, postings, item->count, &write->entries[write->entry_count], &reason) != RULE_ACCEPTED)
		return resolve_refuse_by_rule(write, item, &reason);
	for (int i = 0; i < item->count; i++)
		if (rule_moves(postings[i].effect))
			write->entry_count += 2;
	item->entry_count = write->entry_count - item->first_entry;
	item->state = ITEM_DONE;
	key_take(write, item);
	return true;
}

/* Apply items that are linked: all of them or none. */
static void
apply_chain(Write *write, int start, int end)
{
	for (int i = start; i < end; i++)
	{
		WriteItem	   *item = &write->items[i];

		CHECK_FOR_INTERRUPTS();
		if (item->state == ITEM_REPLAYED)
			continue;
		/* one that names what there is not may have taken another's key besides */
		if (item->state == ITEM_REFUSED && item->key_checked)
			(void) key_decide(write, item);
		if (item->state == ITEM_REFUSED || !key_decide(write, item) ||
			(item->state == ITEM_FRESH && !apply_item(write, item)))
		{
			item->state = ITEM_REFUSED;
			fail_chain(write, start, i, end);
			return;
		}
	}
}

/* Judge conditions on versions before, on balances after the items were applied. */
static void
check_conditions(Write *write, ConditionKind kind)
{
	ConditionList *list = &write->call->conditions;

	for (int i = 0; i < list->count; i++)
	{
		Condition  *condition = &list->conditions[i];

		if (condition->kind != kind)
			continue;
		if (kind == CONDITION_AT_VERSION && write->set.balances[condition->index].striped != NULL)
			(void) resolve_refuse_striped(write, condition);	/* it has become striped since */
		else if (kind == CONDITION_AT_VERSION)
			condition_check_version(list, condition, write->set.rules[condition->index].version);
		else
			condition_check_balance(list, condition, balance_total(&write->set, condition->index));
	}
}

/* Apply the rules to the balances as they are: item by item, chain by chain. */
static void
compute(Write *write)
{
	Call	   *call = write->call;
	int			end;

	write->entry_count = 0;
	check_conditions(write, CONDITION_AT_VERSION);
	for (int start = 0; start < call->count; start = end)
	{
		end = start + 1;
		while (end < call->count && (call->atomic || call->requests[end - 1].linked))
			end++;
		apply_chain(write, start, end);
	}
	/* the balances of what is refused anyway say nothing */
	if (!is_lost(write))
		check_conditions(write, CONDITION_BALANCE_BETWEEN);
	if (!condition_refuse(&call->conditions, &call->refusal))
		board_count(write->ledger.id, COUNT_VIOLATIONS, call->conditions.violation_count);
}

/*
 * When it is recorded: now, but never before what the same balances have
 * recorded already, even if the clock was set back.
 */
static TimestampTz
recording_time(const BalanceSet *set)
{
	TimestampTz time = GetCurrentTimestamp();

	for (int i = 0; i < set->count; i++)
		time = Max(time, set->balances[i].recorded_at);
	return time;
}

/* Compute with every balance locked: what holds have expired is known as well. */
static void
compute_locked(Write *write)
{
	Call	   *call = write->call;
	bool		held = false;

	write->recorded_at = recording_time(&write->set);
	for (int i = 0; i < write->set.count && !held; i++)
		held = write->set.rules[i].held_in != 0 || write->set.rules[i].held_out != 0;
	if (held || call->count > 1 || call->requests->action->settle != NULL || call->conditions.count > 0)
	{
		/* holds and reversals change only under the locks that we have by now */
		store_refresh();
		hold_count_expired(&write->set, write->ledger.id, write->recorded_at);
	}
	stripe_gather(&write->set);
	settle_items(write);
	scope_check(write);
	compute(write);
}

/*
 * Lock the balances and apply the rules to them.  Those of a plain transaction
 * may only be read, and written here; if that fails because one has changed, or
 * if it would be refused by what was read, they are locked too and what they
 * hold now decides.
 */
static void
lock_and_compute(Write *write)
{
	Call	   *call = write->call;
	WriteItem	   *item = &write->items[0];

	balance_set_lock(&write->set, write->balance, &write->order,
					 call->count == 1 && call->carry == NULL && call->conditions.count == 0 && !call->requests->has_up_to &&
					 item->request->action->settle == NULL && item->request->action->effect == RULE_MOVE);
	if (write->set.unlocked == 0)
	{
		compute_locked(write);
		return;
	}
	compute(write);
	if (item->state == ITEM_DONE)
	{
		write->recorded_at = recording_time(&write->set);
		if (balance_set_seize(&write->set, write->balance, write->recorded_at))
			return;
	}
	balance_set_lock_rest(&write->set, write->balance, &write->order);
	item->state = ITEM_FRESH;
	item->request->refusal.sqlstate = 0;
	compute_locked(write);
	if (item->state != ITEM_DONE)
		balance_set_restore(&write->set, write->balance);
}

/* ------ writing ------ */

/*
 * The entries in the order of their index, so that many are entered into it
 * from left to right: by balance, then by version, which is the order made.
 */
static int *
order_entries(Write *write)
{
	int		   *start = palloc0(sizeof(int) * (write->set.count + 1));
	int		   *ordered = palloc(sizeof(int) * Max(write->entry_count, 1));
	int			sum = 0;

	for (int i = 0; i < write->entry_count; i++)
		start[write->entries[i].index]++;
	for (int i = 0; i < write->set.count; i++)
	{
		int			index = write->set.order[i];
		int			count = start[index];

		start[index] = sum;
		sum += count;
	}
	for (int i = 0; i < write->entry_count; i++)
		ordered[start[write->entries[i].index]++] = i;
	pfree(start);
	return ordered;
}

/* Whether an item counts at another time than when it is recorded. */
static bool
has_effective_at(const Write *write, const Request *request)
{
	return request->has_effective_at && request->effective_at != write->recorded_at;
}

static void
make_entry(const Write *write, int number, const WriteItem *item, EntryRecord *record)
{
	const RuleEntry *entry = &write->entries[number];
	const Balance *balance = &write->set.balances[entry->index];

	*record = (EntryRecord)
	{
		.balance_id = balance->id,
		.version = entry->version,
		.position = item->position,
		.recorded_at = write->recorded_at,
		.effective_at = item->request->effective_at,
		.has_effective_at = has_effective_at(write, item->request),
		.scale = balance->asset->scale,
		.amount = entry->amount,
		.balance = entry->balance
	};
}

/* Write the entries of all items, some at a time. */
static void
write_entries(Write *write)
{
	EntryRecord records[ENTRY_CHUNK];
	MemoryContext chunk = NULL;
	int		   *ordered = write->call->count == 1 && write->entry_count == 2 ? NULL : order_entries(write);
	const WriteItem **item_of = NULL;

	if (write->entry_count > ENTRY_CHUNK)
		chunk = AllocSetContextCreate(CurrentMemoryContext, "ledger entries", ALLOCSET_DEFAULT_SIZES);
	if (write->call->count > 1)
	{
		item_of = palloc(sizeof(WriteItem *) * Max(write->entry_count, 1));
		for (int i = 0; i < write->call->count; i++)
			for (int j = 0; write->items[i].state == ITEM_DONE && j < write->items[i].entry_count; j++)
				item_of[write->items[i].first_entry + j] = &write->items[i];
	}
	for (int done = 0; done < write->entry_count; done += ENTRY_CHUNK)
	{
		int			n = Min(write->entry_count - done, ENTRY_CHUNK);
		MemoryContext old = chunk ? MemoryContextSwitchTo(chunk) : NULL;

		for (int i = 0; i < n; i++)
		{
			int			number = ordered ? ordered[done + i] : done + i;

			make_entry(write, number, item_of ? item_of[number] : write->items, &records[i]);
		}
		entry_write(write->entry, write->ledger.id, records, n);
		if (chunk != NULL)
		{
			MemoryContextSwitchTo(old);
			MemoryContextReset(chunk);
		}
	}
}

/* The entries that an item's record names. */
static Leg *
make_legs(const Write *write, const WriteItem *item)
{
	Leg		   *legs = palloc(sizeof(Leg) * item->entry_count);

	for (int i = 0; i < item->entry_count; i++)
	{
		const RuleEntry *entry = &write->entries[item->first_entry + i];

		legs[i] = (Leg) {write->set.balances[entry->index].id, entry->version};
	}
	return legs;
}

static void
make_record(Write *write, WriteItem *item, JournalRecord *record)
{
	Request    *request = item->request;

	*record = (JournalRecord) {.kind = request->kind, .position = item->position};
	record->related = request->related;
	record->recorded_at = write->recorded_at;
	record->has_effective_at = has_effective_at(write, request);
	record->effective_at = request->effective_at;
	record->idempotency_key = request->idempotency_key;
	record->fingerprint = request->idempotency_key ? item->fingerprint : NULL;
	record->reference = request->reference;
	record->metadata = request->metadata;
	record->payload = request->payload;
	record->tags = request->tags;
	record->leg_count = item->entry_count;
	if (item->entry_count > 0)
		record->legs = make_legs(write, item);
	if (item->request->action->record != NULL)
		item->request->action->record(write, item, record);
}

/* The entries of a record, as its hash covers them. */
static CanonEntry *
tell_entries(const Write *write, const WriteItem *item)
{
	CanonEntry *told = palloc(sizeof(CanonEntry) * Max(item->entry_count, 1));

	for (int i = 0; i < item->entry_count; i++)
	{
		const RuleEntry *entry = &write->entries[item->first_entry + i];
		const Balance *balance = &write->set.balances[entry->index];
		int			scale = balance->asset->scale;

		told[i] = (CanonEntry) {balance->address, balance->address_length, balance->asset->code,
			money_text(entry->amount, scale), money_text(entry->balance, scale), entry->version, balance->stripe};
	}
	return told;
}

/* Write the journal records of the items done, some at a time. */
static void
write_records(Write *write, Chain *chain)
{
	int			size = Min(write->done, ENTRY_CHUNK);
	int		   *order = key_order(write, !write->ledger.strict);
	JournalRecord *records = palloc(sizeof(JournalRecord) * size);
	MemoryContext old = CurrentMemoryContext;
	MemoryContext chunk = write->done > ENTRY_CHUNK ?
		AllocSetContextCreate(old, "ledger journal", ALLOCSET_DEFAULT_SIZES) : NULL;

	for (int done = 0; done < write->done; done += size)
	{
		int			n = Min(write->done - done, size);

		if (chunk != NULL)
			MemoryContextSwitchTo(chunk);
		for (int i = 0; i < n; i++)
		{
			WriteItem  *item = &write->items[order[done + i]];

			make_record(write, item, &records[i]);
			if (write->ledger.strict)
				chain_hash(chain, &records[i], tell_entries(write, item));
		}
		journal_write(write->journal, write->ledger.id, records, n);
		if (chunk != NULL)
			MemoryContextReset(chunk);
	}
	MemoryContextSwitchTo(old);
}

/* Write balances, entries and journal records; in a strict ledger, one call at a time from the balances on. */
static void
write_all(Write *write)
{
	Chain		chain;

	for (int i = 0; i < write->call->count; i++)
		if (write->items[i].state == ITEM_DONE)
			write->done++;
	if (write->done == 0)
		return;
	stripe_spread(&write->set);
	if (write->call->carry != NULL)
		carry_keep(write->call->carry, &write->set, write->balance, write->recorded_at);
	balance_set_write(&write->set, write->balance, write->recorded_at);
	chain_enter(&chain, &write->ledger, write->journal, &write->order);
	for (int i = 0; i < write->call->count; i++)
		if (write->items[i].state == ITEM_DONE)
			write->items[i].position = chain_position(&chain);
	if (write->entry_count > 0)
		write_entries(write);
	write_records(write, &chain);
	chain_leave(&chain);
	notify_mark(&write->ledger);
	release_mark();
}

/* ------ the call as a whole ------ */

static void
open_tables(Write *write)
{
	write->balance = balance_open_table(STORE_UPDATE);
	write->journal = journal_open_table(STORE_INSERT);
	write->entry = entry_open_table(STORE_INSERT);
	if (write->call->count > 0 && write->call->requests->action->holds)
		write->hold = hold_open_table(write->call->requests->action->effect == RULE_HOLD ? STORE_INSERT : STORE_UPDATE);
}

static void
close_tables(Write *write)
{
	if (write->hold != NULL)
		store_close(write->hold);
	store_close(write->entry);
	store_close(write->journal);
	store_close(write->balance);
}

/* Refuse every item that was not done before, for what the whole call is refused for. */
static void
refuse_all(Write *write)
{
	for (int i = 0; i < write->call->count; i++)
	{
		WriteItem	   *item = &write->items[i];

		if (item->state == ITEM_REPLAYED && item->found != NULL)
			continue;
		/* what was malformed is so still; and each on its own keeps its own reason */
		if (item->state == ITEM_REFUSED && !(write->call->atomic && item->key_checked))
			continue;
		item->request->refusal = write->call->refusal;
		item->state = ITEM_REFUSED;
	}
	for (int i = 0; i < write->set.count; i++)
	{
		write->set.rules[i].version = write->set.balances[i].first_version;
		write->set.rules[i].held_in = write->set.balances[i].first_held_in;
		write->set.rules[i].held_out = write->set.balances[i].first_held_out;
	}
}

/* Where all or nothing is done and something was refused, the rest is for that. */
static void
refuse_rest(Write *write)
{
	for (int i = 0; i < write->call->count; i++)
	{
		WriteItem  *item = &write->items[i];

		if (item->state != ITEM_FRESH)
			continue;
		item->state = ITEM_REFUSED;
		refuse(&item->request->refusal, ERRCODE_LEDGER_LINKED_FAILURE, "another item of the call was refused", NULL, NULL);
	}
}

/* From the keys to the writing: what is refused on the way has its state say so. */
static void
run_items(Write *write)
{
	key_check(write);
	if (is_lost(write) || !any_fresh(write))
		return;
	if (resolve_items(write) && !is_lost(write) && any_fresh(write))
		lock_and_compute(write);
	if (write->call->refusal.sqlstate != 0)
		refuse_all(write);
	key_recheck(write);
	if (!is_lost(write))
		write_all(write);
	if (write->done < write->call->count && write->call->keeps_going)
		balance_set_unopen(&write->set, &write->ledger);
}

/*
 * Do what a call asks for and tell what became of each request.  Where the call
 * is all or nothing and one is refused, all are.  What was opened for requests
 * that are refused is removed if the call keeps going (otherwise the caller
 * raises an error, which undoes it).
 */
Outcome *
posting_run(Call *call, const Action *action)
{
	Write		write = {.call = call};
	Outcome    *outcomes;

	for (int i = 0; i < call->count; i++)
		if (call->requests[i].action == NULL)
			call->requests[i].action = action;
	carry_write_all(call->carry);
	make_items(&write);
	open_tables(&write);
	if (enter_ledger(&write))
	{
		key_lock(&write);
		scope_lock(&write);
	}
	else
		refuse_all(&write);
	store_begin();
	if (call->refusal.sqlstate == 0)
		run_items(&write);
	if (is_lost(&write))
		refuse_rest(&write);
	for (int i = 0; i < call->count; i++)
		if (write.items[i].state == ITEM_REPLAYED && write.items[i].found != NULL)
			release_tell_of(write.items[i].found->writer);
	outcomes = outcome_tell(&write);
	close_tables(&write);
	store_end(true);
	return outcomes;
}
