/*
 * hint.c
 *		A table of places, each found under the hash of what is there.
 *
 * A hint may be wrong: its row may have gone elsewhere, its place may belong to
 * another row, table or database by now.  Whoever follows one looks whether he
 * found what he meant, so a wrong hint costs a look and nothing else, and none
 * is ever taken back.  That makes the table one of single words, read and
 * written without a lock.  With the library preloaded all sessions share one,
 * which a new session finds full; otherwise each has its own.
 */
#include "hint.h"

#include "port/atomics.h"
#include "utils/memutils.h"

#include "shared.h"

#define SHARED_HINTS	262144	/* 2 MB */
#define OWN_HINTS		16384

/* A word has the block (32 bits), the item (16) and the key's upper 16 bits; 0 is none. */
#define HINT_TAG(key)	((key) >> 48)

static pg_atomic_uint64 *hints = NULL;
static uint64 hint_mask = 0;

static void
clear_hints(uint64 count)
{
	for (uint64 i = 0; i < count; i++)
		pg_atomic_init_u64(&hints[i], 0);
	hint_mask = count - 1;
}

static void
attach(void *memory, bool fresh)
{
	hints = memory;
	hint_mask = SHARED_HINTS - 1;
	if (fresh)
		clear_hints(SHARED_HINTS);
}

/* Called from _PG_init. */
void
hint_init(void)
{
	static SharedPiece piece = {.name = "ledger hints", .size = sizeof(pg_atomic_uint64) * SHARED_HINTS, .attach = attach};

	shared_ask(&piece);
}

/* The place kept under a key, if any: to be looked at. */
bool
hint_find(uint64 key, ItemPointer root)
{
	uint64		word;

	if (hints == NULL)
		return false;
	word = pg_atomic_read_u64(&hints[key & hint_mask]);
	if (word == 0 || (word & 0xFFFF) != HINT_TAG(key))
		return false;
	ItemPointerSet(root, (BlockNumber) (word >> 32), (OffsetNumber) (word >> 16));
	return true;
}

/* Keep a place under a key. */
void
hint_keep(uint64 key, const ItemPointerData *root)
{
	if (hints == NULL)
	{
		hints = MemoryContextAlloc(TopMemoryContext, sizeof(pg_atomic_uint64) * OWN_HINTS);
		clear_hints(OWN_HINTS);
	}
	pg_atomic_write_u64(&hints[key & hint_mask],
						(uint64) ItemPointerGetBlockNumber(root) << 32 |
						(uint64) ItemPointerGetOffsetNumber(root) << 16 | HINT_TAG(key));
}
