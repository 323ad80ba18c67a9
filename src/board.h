/*
 * board.h
 *		What all sessions tell one another of a ledger: counters, and that there is news.
 */
#ifndef LEDGER_BOARD_H
#define LEDGER_BOARD_H

#include "postgres.h"

typedef enum Counter
{
	COUNT_RETRIES,				/* tries of ledger.run that had to be made again */
	COUNT_VIOLATIONS,			/* conditions that did not hold */
	COUNT_LEDGER_WAITS,			/* waits for locks, by kind */
	COUNT_KEY_WAITS,
	COUNT_TAG_WAITS,
	COUNT_BALANCE_WAITS,
	COUNT_CHAIN_WAITS,
	COUNTERS
} Counter;

extern void board_init(void);
extern void board_count(int32 ledger_id, Counter counter, uint64 n);
extern void board_wait(int32 ledger_id, int64 balance_id);
extern void board_enter(int32 ledger_id);
extern int32 board_entered(void);
extern void board_leave(void);
extern void board_post_news(int32 ledger_id);
extern int	board_take_news(int32 *ledger_ids, int room);

#endif							/* LEDGER_BOARD_H */
