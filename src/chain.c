/*
 * chain.c
 *		Positions, and the hashes of strict ledgers.
 *
 * In a parallel ledger positions are drawn from a sequence; a serial one has
 * them without gaps, as whoever writes is alone.  In a strict ledger each record
 * has the hash
 *
 *		SHA-256(0x01 || hash of the record before || SHA-256(0x00 || line))
 *
 * over its canonical line (canon.c): a node of a Merkle tree (merkle.c) of that
 * and of all before.  Invariant: positions of strict ledgers have no gaps and
 * are in the order of commits.  Locks: the end of a strict ledger's chain, as
 * the last of all, until the end of the transaction.
 */
#include "chain.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "store.h"

LEDGER_FUNCTION(ledger_record);

/*
 * The end of the journal as it is now; the caller has it to itself.  A
 * transaction that keeps one snapshot must not follow what it cannot see.
 */
static void
read_end(Chain *chain, StoreTable *journal)
{
	bool		hashed;

	PushActiveSnapshot(GetLatestSnapshot());
	chain->last = journal_head(journal, chain->ledger->id, chain->hash, &hashed);
	PopActiveSnapshot();
	if (!hashed)
		memcpy(chain->hash, chain->ledger->chain_start, HASH_SIZE);
	if (!IsolationUsesXactSnapshot())
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	if (journal_last(journal, chain->ledger->id, PG_INT64_MAX) != chain->last)
		store_serialization_failure();
	PopActiveSnapshot();
}

/*
 * Begin to append: call it as late as possible, with everything locked that the
 * records are about.
 */
void
chain_enter(Chain *chain, const Ledger *ledger, StoreTable *journal, LockOrder *order)
{
	chain->ledger = ledger;
	chain->context = NULL;
	if (ledger->strict && !ledger->serial)
		lock_chain(order, ledger->id);
	if (ledger->strict || ledger->serial)
		read_end(chain, journal);
	if (ledger->strict)
		chain->context = merkle_begin();
}

/* The position of the next record.  One that is not used in the end leaves a gap, where there may be some. */
int64
chain_position(Chain *chain)
{
	if (chain->ledger->strict || chain->ledger->serial)
		return ++chain->last;
	return journal_next_position() + chain->ledger->position_base;
}

/* In a strict ledger, give a record its hash; records in the order of their positions. */
void
chain_hash(Chain *chain, JournalRecord *record, const CanonEntry *entries)
{
	uint8	   *hash = palloc(HASH_SIZE);
	uint8		leaf[HASH_SIZE];
	StringInfoData line;

	initStringInfo(&line);
	canon_line(&line, record, entries);
	canon_leaf(chain->context, line.data, line.len, leaf);
	merkle_node(chain->context, chain->hash, leaf, chain->hash);
	pfree(line.data);
	memcpy(hash, chain->hash, HASH_SIZE);
	record->hash = hash;
}

void
chain_leave(Chain *chain)
{
	if (chain->context != NULL)
		merkle_end(chain->context);
}

/* SQL: ledger_data.record(ledger_id, kind, payload, begins): append a record without entries. */
Datum
ledger_record(PG_FUNCTION_ARGS)
{
	LockOrder	order = {LOCK_NOTHING};
	StoreTable *journal = journal_open_table(STORE_INSERT);
	JournalRecord record = {.kind = PG_GETARG_CHAR(1), .payload = PG_GETARG_JSONB_P(2)};
	Ledger		ledger;
	Chain		chain;

	if (!ledger_get(PG_GETARG_INT32(0), &ledger))
		elog(ERROR, "there is no ledger %d", PG_GETARG_INT32(0));	/* cannot happen */
	store_begin();
	chain_enter(&chain, &ledger, journal, &order);
	/* not after the last record, which may be that of a chain before */
	if (PG_GETARG_BOOL(3))
		memcpy(chain.hash, ledger.chain_start, HASH_SIZE);
	record.position = chain_position(&chain);
	record.recorded_at = GetCurrentTimestamp();
	if (ledger.strict)
		chain_hash(&chain, &record, NULL);
	journal_write(journal, ledger.id, &record, 1);
	chain_leave(&chain);
	store_end(true);
	store_close(journal);
	PG_RETURN_INT64(record.position);
}
