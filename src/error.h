/*
 * error.h
 *		Every error of the ledger: one line each, SQLSTATE class LG.
 *
 * Drivers branch on the code, people read the message.  What a driver already
 * knows how to handle keeps its core code (22003, 22004, 25006, 40001, 40P01,
 * 42501, 55P03); what is particular to a ledger is here.
 */
#ifndef LEDGER_ERROR_H
#define LEDGER_ERROR_H

#include "postgres.h"
#include "utils/elog.h"

#include "compat.h"

/* Symbol, last three characters of the SQLSTATE, name, meaning. */
#define LEDGER_ERRORS(X) \
	X(UNKNOWN_LEDGER, '0', '0', '1', "unknown_ledger", "No ledger has this name.") \
	X(UNKNOWN_ASSET, '0', '0', '2', "unknown_asset", "No asset has this code.") \
	X(UNKNOWN_ACCOUNT, '0', '0', '3', "unknown_account", "The account was never opened, or not for this asset, and the ledger does not open accounts on first use.") \
	X(UNKNOWN_VERSION, '0', '0', '4', "unknown_version", "The balance has not reached this version.") \
	X(UNKNOWN_HOLD, '0', '0', '5', "unknown_hold", "The ledger has no hold of this number.") \
	X(UNKNOWN_TRANSACTION, '0', '0', '6', "unknown_transaction", "The ledger has no transaction of this number.") \
	X(LEDGER_EXISTS, '0', '1', '1', "ledger_exists", "A ledger of this name exists already.") \
	X(ASSET_EXISTS, '0', '1', '2', "asset_exists", "An asset of this code exists already.") \
	X(ACCOUNT_EXISTS, '0', '1', '3', "account_exists", "The account is open already, for this asset or for every asset.") \
	X(INVALID_ADDRESS, '1', '0', '1', "invalid_address", "An account address is malformed.") \
	X(INVALID_AMOUNT, '1', '0', '2', "invalid_amount", "An amount is negative, not a number, or infinite.") \
	X(TOO_MANY_DECIMALS, '1', '0', '3', "too_many_decimals", "An amount has more decimals than its asset; amounts are never rounded.") \
	X(SAME_ACCOUNT, '1', '0', '4', "same_account", "Source and destination of a posting are the same account.") \
	X(NO_POSTINGS, '1', '0', '5', "no_postings", "A transaction has no postings.") \
	X(INVALID_POSTINGS, '1', '0', '6', "invalid_postings", "The array of postings has a NULL element, several dimensions, or a lower bound other than 1.") \
	X(INVALID_JSON, '1', '0', '7', "invalid_json", "A transaction given as JSON has another shape than documented.") \
	X(INVALID_METADATA, '1', '0', '8', "invalid_metadata", "Metadata is not a JSON object.") \
	X(INVALID_EFFECTIVE_TIME, '1', '0', '9', "invalid_effective_time", "An effective time is infinite.") \
	X(INVALID_KEY, '1', '1', '0', "invalid_key", "An idempotency key, a reference, a tag or the key of an attempt is empty or longer than 512 bytes.") \
	X(INVALID_PATTERN, '1', '1', '1', "invalid_pattern", "An address pattern is malformed.") \
	X(INVALID_ASSET, '1', '1', '2', "invalid_asset", "An asset's code or scale is malformed.") \
	X(INVALID_LIMITS, '1', '1', '3', "invalid_limits", "A floor or ceiling is not a finite number, or the floor lies above the ceiling.") \
	X(INVALID_RIGHT, '1', '1', '4', "invalid_right", "A right is none of read, post, admin, or its role does not exist.") \
	X(INVALID_NAME, '1', '1', '5', "invalid_name", "A ledger's name is malformed.") \
	X(INVALID_BATCH, '1', '1', '6', "invalid_batch", "Arrays of a batch differ in length, or its last item is linked to none.") \
	X(INVALID_CONDITION, '1', '1', '7', "invalid_condition", "A condition is malformed.") \
	X(INVALID_WEIGHTS, '1', '1', '8', "invalid_weights", "Weights of a split are missing, negative, not finite, or sum to zero.") \
	X(INVALID_PART, '1', '1', '9', "invalid_part", "The part of a hold or transaction to be captured or reversed is zero, or does not say which posting is meant.") \
	X(BELOW_FLOOR, '2', '0', '1', "below_floor", "The source would pass its floor.") \
	X(ABOVE_CEILING, '2', '0', '2', "above_ceiling", "The destination would pass its ceiling.") \
	X(ACCOUNT_FROZEN, '2', '0', '3', "account_frozen", "The account is frozen.") \
	X(ACCOUNT_CLOSED, '2', '0', '4', "account_closed", "The account is closed.") \
	X(BALANCE_NOT_ZERO, '2', '0', '5', "balance_not_zero", "An account with money in it cannot be closed.") \
	X(LINKED_FAILURE, '2', '0', '6', "linked_failure", "Another item of the same chain was refused.") \
	X(NO_BOUND, '2', '0', '7', "no_bound", "Everything was asked for, of an account without a floor.") \
	X(HOLD_CLOSED, '2', '1', '1', "hold_closed", "The hold was captured or voided already.") \
	X(HOLD_EXPIRED, '2', '1', '2', "hold_expired", "The hold has expired.") \
	X(EXCEEDS_HOLD, '2', '1', '3', "exceeds_hold", "More was to be captured than is held.") \
	X(ALREADY_REVERSED, '2', '2', '1', "already_reversed", "The transaction was reversed already.") \
	X(EXCEEDS_TRANSACTION, '2', '2', '2', "exceeds_transaction", "More was to be reversed than is left of the transaction.") \
	X(STRIPED, '2', '2', '3', "striped", "The balance is striped and has no version.") \
	X(IDEMPOTENCY_CONFLICT, '3', '0', '1', "idempotency_conflict", "The idempotency key was used by another request.") \
	X(REFERENCE_USED, '3', '0', '2', "reference_used", "Another transaction of the ledger has this reference.") \
	X(OUTCOME_UNKNOWN, '3', '0', '3', "outcome_unknown", "A submitted request was cancelled or cut off after it had been taken; it may yet be posted.") \
	X(CONDITION_VIOLATED, '4', '0', '1', "condition_violated", "A condition of the caller does not hold.") \
	X(INVALID_IMPORT, '4', '0', '3', "invalid_import", "A line of an import is malformed, does not follow from those before it, or tells of what cannot be recorded.") \
	X(UNSUPPORTED_TABLE_CHANGE, '5', '0', '1', "unsupported_table_change", "A table of the ledger was changed in a way that posting cannot honour.") \
	X(APPEND_ONLY, '5', '0', '2', "append_only", "Journal and entries are never updated or deleted.")

/* ERRCODE_LEDGER_UNKNOWN_LEDGER and so on, for errcode(). */
enum
{
#define X(symbol, a, b, c, name, meaning) \
	ERRCODE_LEDGER_##symbol = MAKE_SQLSTATE('L', 'G', a, b, c),
	LEDGER_ERRORS(X)
#undef X
};

/* Why a request is refused: raised by post, returned as a row by try_post. */
typedef struct Refusal
{
	int			sqlstate;		/* 0 while there is none */
	char	   *message;
	char	   *detail;			/* may be NULL */
	const char *hint;			/* may be NULL */
} Refusal;

extern bool refuse(Refusal *refusal, int sqlstate, char *message,
				   char *detail, const char *hint);
LEDGER_NORETURN extern void refusal_raise(const Refusal *refusal);

#endif							/* LEDGER_ERROR_H */
