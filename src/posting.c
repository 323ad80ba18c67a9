/*
 * posting.c
 *		The posting engine: resolve, lock, compute, write.
 *
 * Invariant: a transaction is wholly there or not at all, and no limit is ever
 * passed, whatever runs at the same time.  Locks, in the order of lock.h: the
 * ledger (shared), the idempotency key and the reference, missing balances,
 * balance rows by id.  All last until the end of the caller's transaction.
 */
#include "posting.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "access.h"
#include "asset.h"
#include "balance.h"
#include "compat.h"
#include "lock.h"
#include "money.h"
#include "rule.h"

LEDGER_FUNCTION(ledger_post);
LEDGER_FUNCTION(ledger_try_post);
LEDGER_FUNCTION(ledger_post_transaction);
LEDGER_FUNCTION(ledger_try_post_transaction);
LEDGER_FUNCTION(ledger_post_json);
LEDGER_FUNCTION(ledger_try_post_json);

/* One write on its way. */
typedef struct Write
{
	Request    *request;
	Refusal    *refusal;
	Ledger		ledger;
	LockOrder	order;
	StoreTable *balance;
	StoreTable *journal;
	StoreTable *entry;
	Asset	   *assets;			/* one per posting */
	BalanceSet	set;
	RulePosting *postings;
	RuleEntry  *entries;		/* two per posting */
	int64		position;
	TimestampTz recorded_at;
	uint8		fingerprint[FINGERPRINT_SIZE];
} Write;

typedef bool (*FindRecord) (StoreTable *journal, int32 ledger_id, text *key, JournalFound *found);

/* "Posting 2: " where there are several, for details. */
static char *
posting_prefix(const Write *write, int posting)
{
	return write->request->count > 1 ? psprintf("Posting %d: ", posting + 1) : "";
}

/* Find the ledger, check the right to post, lock the ledger for posting. */
static bool
enter_ledger(Write *write)
{
	text	   *name = write->request->ledger;

	if (!ledger_find(name, &write->ledger, write->refusal))
		return false;
	access_require(write->ledger.id, write->ledger.name, RIGHT_POST);
	lock_ledger(&write->order, write->ledger.id, LEDGER_LOCK_POST);
	/* whoever held it exclusively may have changed its settings, or our rights */
	if (!ledger_find(name, &write->ledger, write->refusal))
		return false;
	access_require(write->ledger.id, write->ledger.name, RIGHT_POST);
	return true;
}

/* Lock what must be unique in the ledger; a duplicate waits here for the first. */
static void
lock_request_keys(Write *write)
{
	Request    *request = write->request;
	uint32		hashes[2];
	int			count = 0;

	if (request->idempotency_key != NULL)
		hashes[count++] = lock_key_hash('k', VARDATA_ANY(request->idempotency_key),
										VARSIZE_ANY_EXHDR(request->idempotency_key));
	if (request->reference != NULL)
		hashes[count++] = lock_key_hash('r', VARDATA_ANY(request->reference),
										VARSIZE_ANY_EXHDR(request->reference));
	lock_keys(&write->order, write->ledger.id, hashes, count);
}

/*
 * Find the record of a key whose lock is held.  Above READ COMMITTED one may
 * have been committed that this transaction cannot see; then it must run again.
 */
static bool
find_under_lock(Write *write, FindRecord find, text *key, JournalFound *found)
{
	bool		newer;

	if (find(write->journal, write->ledger.id, key, found))
		return true;
	if (!IsolationUsesXactSnapshot())
		return false;
	PushActiveSnapshot(GetLatestSnapshot());
	newer = find(write->journal, write->ledger.id, key, found);
	PopActiveSnapshot();
	if (newer)
		store_serialization_failure();
	return false;
}

/*
 * Look at the keys of the request.  True, with *replayed telling whether the
 * request was posted before, or a refusal.
 */
static bool
check_keys(Write *write, JournalFound *found, bool *replayed)
{
	Request    *request = write->request;

	*replayed = false;
	if (request->idempotency_key != NULL)
	{
		request_fingerprint(request, write->fingerprint);
		if (find_under_lock(write, journal_find_key, request->idempotency_key, found))
		{
			*replayed = memcmp(found->fingerprint, write->fingerprint, FINGERPRINT_SIZE) == 0;
			if (*replayed)
				return true;
			return refuse(write->refusal, ERRCODE_LEDGER_IDEMPOTENCY_CONFLICT,
						  psprintf("idempotency key \"%s\" was used by another request",
								   text_to_cstring(request->idempotency_key)),
						  psprintf("It belongs to transaction " INT64_FORMAT ".", found->position),
						  "Use a new key for a new request; repeat a request unchanged.");
		}
	}
	if (request->reference != NULL &&
		find_under_lock(write, journal_find_reference, request->reference, found))
		return refuse(write->refusal, ERRCODE_LEDGER_REFERENCE_USED,
					  psprintf("reference \"%s\" is used already", text_to_cstring(request->reference)),
					  psprintf("It belongs to transaction " INT64_FORMAT ".", found->position),
					  "A reference names one transaction of a ledger.");
	return true;
}

/*
 * Before a request is refused: while it waited for balances, one that it repeats
 * may have been committed by a transaction that used more keys than it locks
 * (lock_keys).  Then the refusal is no answer, and this one must run again.
 */
static void
recheck_keys(Write *write)
{
	Request    *request = write->request;
	JournalFound found;
	bool		used;

	if (request->idempotency_key == NULL && request->reference == NULL)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	used = (request->idempotency_key != NULL &&
			journal_find_key(write->journal, write->ledger.id, request->idempotency_key, &found)) ||
		(request->reference != NULL &&
		 journal_find_reference(write->journal, write->ledger.id, request->reference, &found));
	PopActiveSnapshot();
	if (used)
		store_serialization_failure();
}

/* Read an amount in its asset's smallest unit. */
static bool
resolve_amount(Write *write, int i, Amount *amount)
{
	RequestPosting *posting = &write->request->postings[i];
	Asset	   *asset = &write->assets[i];
	AmountStatus status = money_read(posting->amount, asset->scale, amount);
	char	   *shown;

	if (status == AMOUNT_OK && *amount >= 0)
		return true;
	shown = DatumGetCString(DirectFunctionCall1(numeric_out, posting->amount));
	if (strlen(shown) > 100)
		strcpy(shown + 97, "...");
	switch (status)
	{
		case AMOUNT_TOO_MANY_DECIMALS:
			return refuse(write->refusal, ERRCODE_LEDGER_TOO_MANY_DECIMALS,
						  psprintf("amount %s has too many decimals for asset \"%s\"", shown, asset->code),
						  psprintf("%sAsset \"%s\" has %d decimals.", posting_prefix(write, i), asset->code, asset->scale),
						  "Round the amount as your rules demand; the ledger never rounds.");
		case AMOUNT_OUT_OF_RANGE:
			return refuse(write->refusal, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						  psprintf("amount %s of asset \"%s\" is out of range", shown, asset->code),
						  psprintf("%sAn amount has at most 38 digits, decimals included.", posting_prefix(write, i)), NULL);
		default:
			return refuse(write->refusal, ERRCODE_LEDGER_INVALID_AMOUNT,
						  psprintf("amount %s is not allowed", shown),
						  psprintf("%sAn amount is a finite number and not negative.", posting_prefix(write, i)),
						  status == AMOUNT_OK ? "Exchange source and destination to move money the other way." : NULL);
	}
}

/* From names to numbers: assets, amounts and the set of balances concerned. */
static bool
resolve(Write *write)
{
	int			count = write->request->count;
	BalanceMention *mentions = palloc(sizeof(BalanceMention) * 2 * count);

	write->assets = palloc(sizeof(Asset) * count);
	write->postings = palloc(sizeof(RulePosting) * count);
	write->entries = palloc(sizeof(RuleEntry) * 2 * count);
	for (int i = 0; i < count; i++)
	{
		RequestPosting *posting = &write->request->postings[i];
		RulePosting *rule = &write->postings[i];

		if (!asset_find(posting->asset.data, posting->asset.length, &write->assets[i], write->refusal) ||
			!resolve_amount(write, i, &rule->amount))
			return false;
		mentions[2 * i] = (BalanceMention) {posting->source.data, posting->source.length,
			&write->assets[i], &rule->source};
		mentions[2 * i + 1] = (BalanceMention) {posting->destination.data, posting->destination.length,
			&write->assets[i], &rule->destination};
	}
	balance_set_build(&write->set, mentions, 2 * count);
	return balance_set_resolve(&write->set, &write->ledger, write->balance, &write->order, write->refusal);
}

/* Say which rule refused, with the numbers. */
static bool
refuse_by_rule(Write *write, const RuleRefusal *reason)
{
	Balance    *balance = &write->set.balances[reason->balance];
	RuleBalance *rule = &write->set.rules[reason->balance];
	const Asset *asset = balance->asset;
	char	   *address = pnstrdup(balance->address, balance->address_length);
	char	   *prefix = posting_prefix(write, reason->posting);
	char	   *amount = money_text(write->postings[reason->posting].amount, asset->scale);

	switch (reason->verdict)
	{
		case RULE_BELOW_FLOOR:
			return refuse(write->refusal, ERRCODE_LEDGER_BELOW_FLOOR,
						  psprintf("account \"%s\" would fall below its floor in %s", address, asset->code),
						  psprintf("%sAvailable is %s, the posting takes %s, the floor is %s.", prefix,
								   money_text(reason->found, asset->scale), amount, money_text(rule->floor, asset->scale)),
						  "Post less, or lower the floor with ledger.set_limits.");
		case RULE_ABOVE_CEILING:
			return refuse(write->refusal, ERRCODE_LEDGER_ABOVE_CEILING,
						  psprintf("account \"%s\" would rise above its ceiling in %s", address, asset->code),
						  psprintf("%sThe balance is %s, the posting adds %s, the ceiling is %s.", prefix,
								   money_text(reason->found, asset->scale), amount, money_text(rule->ceiling, asset->scale)),
						  "Post less, or raise the ceiling with ledger.set_limits.");
		case RULE_FROZEN:
			return refuse(write->refusal, ERRCODE_LEDGER_ACCOUNT_FROZEN,
						  psprintf("account \"%s\" is frozen", address), NULL,
						  "Unfreeze it with ledger.unfreeze.");
		case RULE_CLOSED:
			return refuse(write->refusal, ERRCODE_LEDGER_ACCOUNT_CLOSED,
						  psprintf("account \"%s\" is closed", address), NULL,
						  "A closed account stays closed; use another one.");
		default:
			return refuse(write->refusal, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						  psprintf("balance of account \"%s\" in %s would be out of range", address, asset->code),
						  psprintf("%sInflow and outflow have at most 38 digits each, decimals included.", prefix), NULL);
	}
}

/* Apply the rules to the locked balances. */
static bool
compute(Write *write)
{
	RuleRefusal reason;

	if (rule_apply(write->set.rules, write->postings, write->request->count,
				   write->entries, &reason) == RULE_ACCEPTED)
		return true;
	return refuse_by_rule(write, &reason);
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

/*
 * Lock the balances and apply the rules to them.  Balances that were only read
 * are written here; if that fails because one has changed, or if the request
 * would be refused by what was read, they are locked too and what they hold now
 * decides.
 */
static bool
lock_and_compute(Write *write)
{
	balance_set_lock(&write->set, write->balance, &write->order);
	if (write->set.unlocked == 0)
		return compute(write);
	if (compute(write))
	{
		write->recorded_at = recording_time(&write->set);
		if (balance_set_seize(&write->set, write->balance, write->recorded_at))
			return true;
	}
	balance_set_lock_rest(&write->set, write->balance, &write->order);
	write->refusal->sqlstate = 0;
	if (compute(write))
		return true;
	balance_set_restore(&write->set, write->balance);
	return false;
}

/* Write the entries, and return the record's legs. */
static Leg *
write_entries(Write *write, bool has_effective_at)
{
	int			count = 2 * write->request->count;
	EntryRecord *records = palloc(sizeof(EntryRecord) * count);
	Leg		   *legs = palloc(sizeof(Leg) * count);

	for (int i = 0; i < count; i++)
	{
		RuleEntry  *entry = &write->entries[i];
		Balance    *balance = &write->set.balances[entry->index];

		legs[i] = (Leg) {balance->id, entry->version};
		records[i] = (EntryRecord)
		{
			.balance_id = balance->id,
			.version = entry->version,
			.position = write->position,
			.recorded_at = write->recorded_at,
			.effective_at = write->request->effective_at,
			.has_effective_at = has_effective_at,
			.scale = balance->asset->scale,
			.amount = entry->amount,
			.balance = entry->balance
		};
	}
	entry_write(write->entry, write->ledger.id, records, count);
	return legs;
}

/* Write balances, entries and the journal record. */
static void
write_all(Write *write)
{
	Request    *request = write->request;
	JournalRecord record = {.kind = KIND_TRANSACTION};
	bool		has_effective_at;

	if (write->set.unlocked == 0)
		write->recorded_at = recording_time(&write->set);
	write->position = journal_next_position();
	has_effective_at = request->has_effective_at && request->effective_at != write->recorded_at;

	balance_set_write(&write->set, write->balance, write->recorded_at);
	record.legs = write_entries(write, has_effective_at);
	record.leg_count = 2 * request->count;
	record.position = write->position;
	record.recorded_at = write->recorded_at;
	record.has_effective_at = has_effective_at;
	record.effective_at = request->effective_at;
	record.idempotency_key = request->idempotency_key;
	record.fingerprint = write->fingerprint;
	record.reference = request->reference;
	record.metadata = request->metadata;
	journal_write(write->journal, write->ledger.id, &record, 1);
}

/* Add a balance to the outcome unless it is there. */
static void
add_state(const Write *write, Outcome *outcome, bool *seen, int index)
{
	Balance    *balance = &write->set.balances[index];
	RuleBalance *rule = &write->set.rules[index];

	if (seen[index])
		return;
	seen[index] = true;
	outcome->states[outcome->state_count++] = (BalanceState)
	{
		.address = balance->values[Anum_balance_address - 1],
		.asset = (char *) balance->asset->code,
		.scale = balance->asset->scale,
		.balance = rule_balance(rule),
		.version = rule->version
	};
}

/* Tell what was posted: every balance touched, in order of first mention. */
static void
tell_posted(const Write *write, Outcome *outcome)
{
	bool	   *seen = palloc0(sizeof(bool) * write->set.count);

	outcome->status = STATUS_POSTED;
	outcome->position = write->position;
	outcome->recorded_at = write->recorded_at;
	outcome->states = palloc(sizeof(BalanceState) * write->set.count);
	outcome->state_count = 0;
	for (int i = 0; i < write->request->count; i++)
	{
		add_state(write, outcome, seen, write->postings[i].source);
		add_state(write, outcome, seen, write->postings[i].destination);
	}
}

/*
 * Post a request: resolve, lock, compute, write.  False, with the request's
 * refusal saying why, if it may not be; then nothing is written, and accounts
 * opened for it are removed if keep_nothing (the caller goes on; otherwise it
 * raises an error, which undoes them).
 */
bool
posting_run(Request *request, Outcome *outcome, bool keep_nothing)
{
	Write		write = {.request = request, .refusal = &request->refusal};
	JournalFound found;
	bool		replayed = false;
	bool		accepted;

	write.balance = balance_open_table(STORE_UPDATE);
	write.journal = journal_open_table(STORE_INSERT);
	write.entry = entry_open_table(STORE_INSERT);

	accepted = enter_ledger(&write);
	if (accepted)
		lock_request_keys(&write);
	store_begin();
	accepted = accepted && check_keys(&write, &found, &replayed);
	if (replayed)
		receipt_replay(outcome, &write.ledger, &found);
	else if (accepted)
	{
		accepted = resolve(&write) && lock_and_compute(&write);
		if (accepted)
		{
			write_all(&write);
			tell_posted(&write, outcome);
		}
		else
		{
			recheck_keys(&write);
			if (keep_nothing)
				balance_set_unopen(&write.set, &write.ledger);
		}
	}

	store_close(write.entry);
	store_close(write.journal);
	store_close(write.balance);
	store_end(true);
	return accepted;
}

/* What every SQL entry point does: read, post, and raise or return a refusal. */
static Datum
post(FunctionCallInfo fcinfo, const char *function,
	 bool (*read) (Request *request, FunctionCallInfo fcinfo), bool raise)
{
	Request		request;
	Outcome		outcome;

	store_refuse_read_only(function);
	if (!read(&request, fcinfo) || !posting_run(&request, &outcome, !raise))
	{
		if (raise)
			refusal_raise(&request.refusal);
	}
	return receipt_datum(fcinfo, &outcome, &request.refusal);
}

Datum
ledger_post(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.post", request_single, true);
}

Datum
ledger_try_post(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.try_post", request_single, false);
}

Datum
ledger_post_transaction(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.post_transaction", request_array, true);
}

Datum
ledger_try_post_transaction(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.try_post_transaction", request_array, false);
}

Datum
ledger_post_json(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.post_json", request_json, true);
}

Datum
ledger_try_post_json(PG_FUNCTION_ARGS)
{
	return post(fcinfo, "ledger.try_post_json", request_json, false);
}
