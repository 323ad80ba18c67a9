/*
 * access.h
 *		Who may do what in which ledger.
 */
#ifndef LEDGER_ACCESS_H
#define LEDGER_ACCESS_H

#include "postgres.h"

/* Each right includes those before it. */
typedef enum Right
{
	RIGHT_NONE,
	RIGHT_READ,
	RIGHT_POST,
	RIGHT_ADMIN
} Right;

/* Stands for every ledger, those to come included. */
#define ALL_LEDGERS		0

extern void access_init(void);
extern bool access_allowed(int32 ledger_id, Right right);
extern void access_require(int32 ledger_id, const char *ledger_name, Right right);

#endif							/* LEDGER_ACCESS_H */
