/*
 * write.h
 *		One write on its way: the state that the stages of a call share.
 */
#ifndef LEDGER_WRITE_H
#define LEDGER_WRITE_H

#include "postgres.h"

#include "set.h"
#include "hold.h"
#include "entry.h"
#include "journal.h"
#include "ledger.h"
#include "lock.h"
#include "receipt.h"
#include "request.h"
#include "rule.h"
#include "store.h"

typedef enum ItemState
{
	ITEM_FRESH,					/* to be done */
	ITEM_DONE,
	ITEM_REPLAYED,				/* was done before */
	ITEM_REFUSED
} ItemState;

/* One request of the call. */
typedef struct WriteItem
{
	Request    *request;
	ItemState	state;
	int			number;			/* index in the call */
	int			first;			/* its postings in the write's */
	int			count;
	int			first_entry;	/* its entries in the write's */
	int			entry_count;
	bool		key_checked;	/* its keys were looked for */
	int			key_group;		/* first item with the same idempotency key; -1: it has none */
	int			reference_group;	/* likewise */
	JournalFound *found;		/* replayed: the record made before the call, or */
	int			same_as;		/* the item of this call that made it */
	int64		position;
	void	   *data;			/* of the action */
	uint8		fingerprint[FINGERPRINT_SIZE];
} WriteItem;

/* A call on its way. */
typedef struct Write
{
	Call	   *call;
	Ledger		ledger;
	LockOrder	order;
	StoreTable *balance;
	StoreTable *journal;
	StoreTable *entry;
	StoreTable *hold;			/* opened if the action needs it */
	WriteItem	   *items;
	BalanceSet	set;
	const Asset **assets;		/* one per posting */
	RulePosting *postings;
	int			posting_count;
	RuleEntry  *entries;		/* two for each posting that moves money */
	int			entry_count;
	int		   *key_owner;		/* of each group: the item that was done under its key, or -1 */
	int		   *reference_owner;
	int			done;			/* how many items are to be written */
	TimestampTz recorded_at;
} Write;

/*
 * What distinguishes one kind of request from another.  prepare names the
 * postings, before anything is locked; settle decides amounts, under the locks
 * of every balance; record writes rows of its own and completes the journal's.
 * Each may be NULL; the first two may refuse the item.
 */
typedef struct Action
{
	Status		status;			/* of the receipt when it went well */
	RuleEffect	effect;
	bool		holds;			/* works on the table of holds */
	bool		decides;		/* settle decides amounts */
	bool		(*prepare) (Write *write, WriteItem *item);
	bool		(*settle) (Write *write, WriteItem *item);
	void		(*record) (Write *write, WriteItem *item, JournalRecord *record);
} Action;

#endif							/* LEDGER_WRITE_H */
