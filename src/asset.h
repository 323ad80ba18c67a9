/*
 * asset.h
 *		Assets by code and by number.
 */
#ifndef LEDGER_ASSET_H
#define LEDGER_ASSET_H

#include "postgres.h"
#include "error.h"

#define ASSET_CODE_SIZE		40

/* An asset; a copy, good for the call. */
typedef struct Asset
{
	char		code[ASSET_CODE_SIZE];
	int32		id;
	int			scale;			/* decimals of the smallest unit */
} Asset;

extern void asset_init(void);
extern bool asset_find(const char *code, Size length, Asset *asset, Refusal *refusal);
extern void asset_get(int32 id, Asset *asset);

#endif							/* LEDGER_ASSET_H */
