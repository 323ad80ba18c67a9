/*
 * board.c
 *		What all sessions tell one another of a ledger: counters, and that there is news.
 *
 * A table of slots, one for each ledger of each database, found by hash and
 * never given back; everything in it is atomic, so nothing is locked.  With the
 * library preloaded all sessions share it, otherwise each counts for itself.
 * What finds no slot is not counted.
 */
#include "board.h"

#include "common/hashfn.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "shared.h"

LEDGER_FUNCTION(ledger_counters);
LEDGER_FUNCTION(ledger_hot_balances);

#define SHARED_SLOTS	4096
#define OWN_SLOTS		64

/* Balances of a ledger that are remembered as waited for. */
#define HOT_BALANCES	8

/* How often a balance was waited for; at most as often as the one it took the place of before that. */
typedef struct HotBalance
{
	pg_atomic_uint64 id;		/* 0: free */
	pg_atomic_uint64 waits;
} HotBalance;

typedef struct Slot
{
	pg_atomic_uint64 key;		/* database and ledger; 0: free */
	pg_atomic_uint64 counters[COUNTERS];
	pg_atomic_uint32 news;
	HotBalance	hot[HOT_BALANCES];
} Slot;

static Slot *slots = NULL;
static int	slot_count = 0;

/* The ledger that this session entered last. */
static int32 entered = 0;

static void
clear_slots(Slot *memory, int count)
{
	for (int i = 0; i < count; i++)
	{
		pg_atomic_init_u64(&memory[i].key, 0);
		pg_atomic_init_u32(&memory[i].news, 0);
		for (int k = 0; k < COUNTERS; k++)
			pg_atomic_init_u64(&memory[i].counters[k], 0);
		for (int k = 0; k < HOT_BALANCES; k++)
		{
			pg_atomic_init_u64(&memory[i].hot[k].id, 0);
			pg_atomic_init_u64(&memory[i].hot[k].waits, 0);
		}
	}
}

static void
attach(void *memory, bool fresh)
{
	slots = memory;
	slot_count = SHARED_SLOTS;
	if (fresh)
		clear_slots(slots, slot_count);
}

/* Called from _PG_init. */
void
board_init(void)
{
	static SharedPiece piece = {.name = "ledger board", .size = sizeof(Slot) * SHARED_SLOTS, .attach = attach};

	shared_ask(&piece);
}

/* The slot of a ledger of this database, 0 standing for none; NULL if all are taken. */
static Slot *
find_slot(int32 ledger_id)
{
	uint64		key = (uint64) MyDatabaseId << 32 | (uint32) ledger_id;
	uint32		hash = (uint32) hash_combine64(key, 0);

	if (slots == NULL)
	{
		slots = MemoryContextAlloc(TopMemoryContext, sizeof(Slot) * OWN_SLOTS);
		slot_count = OWN_SLOTS;
		clear_slots(slots, slot_count);
	}
	for (int i = 0; i < slot_count; i++)
	{
		Slot	   *slot = &slots[(hash + i) % slot_count];
		uint64		found = pg_atomic_read_u64(&slot->key);

		if (found == key || (found == 0 && pg_atomic_compare_exchange_u64(&slot->key, &found, key)) || found == key)
			return slot;
	}
	return NULL;
}

/* Count something of a ledger. */
void
board_count(int32 ledger_id, Counter counter, uint64 n)
{
	Slot	   *slot = find_slot(ledger_id);

	if (slot != NULL)
		pg_atomic_fetch_add_u64(&slot->counters[counter], n);
}

/*
 * Count a wait for a balance.  One that is not among those remembered takes the
 * place of the one waited for least, and its count, so that what is waited for
 * often comes to stay (Metwally et al., Efficient computation of frequent and
 * top-k elements in data streams, 2005).
 */
void
board_wait(int32 ledger_id, int64 balance_id)
{
	Slot	   *slot = find_slot(ledger_id);
	HotBalance *least;
	uint64		id;

	if (slot == NULL)
		return;
	pg_atomic_fetch_add_u64(&slot->counters[COUNT_BALANCE_WAITS], 1);
	least = slot->hot;
	for (int i = 0; i < HOT_BALANCES; i++)
	{
		HotBalance *hot = &slot->hot[i];

		if (pg_atomic_read_u64(&hot->id) == (uint64) balance_id)
		{
			pg_atomic_fetch_add_u64(&hot->waits, 1);
			return;
		}
		if (pg_atomic_read_u64(&hot->waits) < pg_atomic_read_u64(&least->waits))
			least = hot;
	}
	id = pg_atomic_read_u64(&least->id);
	if (pg_atomic_compare_exchange_u64(&least->id, &id, (uint64) balance_id))
		pg_atomic_fetch_add_u64(&least->waits, 1);
}

/* Remember that this session works on a ledger. */
void
board_enter(int32 ledger_id)
{
	entered = ledger_id;
}

/* The ledger entered last since board_leave(); 0 if none was. */
int32
board_entered(void)
{
	return entered;
}

void
board_leave(void)
{
	entered = 0;
}

/* Say that a ledger has new records, for whoever tells listeners.  Cannot fail. */
void
board_post_news(int32 ledger_id)
{
	Slot	   *slot = shared_is_there() ? find_slot(ledger_id) : NULL;

	if (slot != NULL)
		pg_atomic_write_u32(&slot->news, 1);
}

/* The ledgers of this database that have news; it is taken away. */
int
board_take_news(int32 *ledger_ids, int room)
{
	int			count = 0;

	for (int i = 0; i < slot_count && count < room; i++)
	{
		uint64		key = pg_atomic_read_u64(&slots[i].key);

		if ((Oid) (key >> 32) == MyDatabaseId && pg_atomic_read_u32(&slots[i].news) != 0 &&
			pg_atomic_exchange_u32(&slots[i].news, 0) != 0)
			ledger_ids[count++] = (int32) key;
	}
	return count;
}

/* SQL: ledger_data.counters(): a row for each ledger of this database that has been counted for. */
Datum
ledger_counters(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < slot_count; i++)
	{
		uint64		key = pg_atomic_read_u64(&slots[i].key);
		Datum		values[COUNTERS + 1];
		bool		nulls[COUNTERS + 1] = {false};

		if ((Oid) (key >> 32) != MyDatabaseId)
			continue;
		values[0] = Int32GetDatum((int32) key);
		for (int k = 0; k < COUNTERS; k++)
			values[k + 1] = Int64GetDatum((int64) pg_atomic_read_u64(&slots[i].counters[k]));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* SQL: ledger_data.hot_balances(): the balances of this database's ledgers that were waited for most. */
Datum
ledger_hot_balances(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < slot_count * HOT_BALANCES; i++)
	{
		Slot	   *slot = &slots[i / HOT_BALANCES];
		HotBalance *hot = &slot->hot[i % HOT_BALANCES];
		uint64		key = pg_atomic_read_u64(&slot->key);
		Datum		values[3];
		bool		nulls[3] = {false};

		if ((Oid) (key >> 32) != MyDatabaseId || pg_atomic_read_u64(&hot->id) == 0)
			continue;
		values[0] = Int32GetDatum((int32) key);
		values[1] = Int64GetDatum((int64) pg_atomic_read_u64(&hot->id));
		values[2] = Int64GetDatum((int64) pg_atomic_read_u64(&hot->waits));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
