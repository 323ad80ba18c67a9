/*
 * asset.c
 *		Assets by code and by number, cached per backend as ledgers are.
 *
 * Invariant: an asset's code, number and scale never change.
 */
#include "asset.h"

#include "access/skey.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"

#include "store.h"

/* ledger_data.asset */
enum
{
	Anum_asset_id = 1,
	Anum_asset_scale,
	Anum_asset_code,
	Anum_asset_name,
	Natts_asset = Anum_asset_name
};

enum
{
	ASSET_BY_ID,
	ASSET_BY_CODE
};

/* One hash table for each way to find an asset. */
static HTAB *by_code = NULL;
static HTAB *by_id = NULL;

typedef struct AssetById
{
	int32		id;
	Asset		asset;
} AssetById;

static void
forget(void)
{
	if (by_code != NULL)
		hash_destroy(by_code);
	if (by_id != NULL)
		hash_destroy(by_id);
	by_code = by_id = NULL;
}

static StoreDef asset_table = {
	.name = "asset",
	.natts = Natts_asset,
	.index_names = {"asset_pkey", "asset_code_key"},
	.invalidate = forget
};

void
asset_init(void)
{
	store_register(&asset_table);
}

/* Read an asset's row by one of its keys into the caches; NULL if there is none. */
static const Asset *
load_asset(int index, ScanKey key)
{
	StoreTable *table = store_open(&asset_table, STORE_READ);
	TupleTableSlot *slot = store_slot(table);
	StoreScan  *scan;
	Asset		asset;
	Asset	   *cached = NULL;

	store_begin_settings();
	scan = store_scan_open(table, index, 1);
	store_scan_start(scan, key);
	if (store_scan_next(scan, ForwardScanDirection, slot))
	{
		slot_getallattrs(slot);
		memset(&asset, 0, sizeof(asset));
		asset.id = DatumGetInt32(slot->tts_values[Anum_asset_id - 1]);
		asset.scale = DatumGetInt16(slot->tts_values[Anum_asset_scale - 1]);
		text_to_cstring_buffer(DatumGetTextPP(slot->tts_values[Anum_asset_code - 1]),
							   asset.code, ASSET_CODE_SIZE);
		if (by_code == NULL)
		{
			HASHCTL		code_ctl = {.keysize = ASSET_CODE_SIZE, .entrysize = sizeof(Asset)};
			HASHCTL		id_ctl = {.keysize = sizeof(int32), .entrysize = sizeof(AssetById)};

			by_code = hash_create("assets by code", 64, &code_ctl, HASH_ELEM | HASH_STRINGS);
			by_id = hash_create("assets by id", 64, &id_ctl, HASH_ELEM | HASH_BLOBS);
		}
		cached = hash_search(by_code, asset.code, HASH_ENTER, NULL);
		*cached = asset;
		((AssetById *) hash_search(by_id, &asset.id, HASH_ENTER, NULL))->asset = asset;
	}
	store_scan_close(scan);
	store_end(false);
	store_close(table);
	return cached;
}

/* Find an asset by its code and copy it.  */
bool
asset_find(const char *code, Size length, Asset *asset, Refusal *refusal)
{
	const Asset *cached = NULL;

	if (length < ASSET_CODE_SIZE)
	{
		memcpy(asset->code, code, length);
		asset->code[length] = '\0';
		if (by_code != NULL)
			cached = hash_search(by_code, asset->code, HASH_FIND, NULL);
		if (cached == NULL)
		{
			ScanKeyData key;

			ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_TEXTEQ,
						CStringGetTextDatum(asset->code));
			cached = load_asset(ASSET_BY_CODE, &key);
		}
		if (cached != NULL)
		{
			*asset = *cached;
			return true;
		}
	}
	return refuse(refusal, ERRCODE_LEDGER_UNKNOWN_ASSET,
				  psprintf("asset \"%s\" does not exist", pnstrdup(code, length)), NULL,
				  "Create it with ledger.create_asset.");
}

/* Copy the asset of a number that a balance has. */
void
asset_get(int32 id, Asset *asset)
{
	const AssetById *entry = by_id ? hash_search(by_id, &id, HASH_FIND, NULL) : NULL;
	const Asset *cached = entry ? &entry->asset : NULL;

	if (cached == NULL)
	{
		ScanKeyData key;

		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
		cached = load_asset(ASSET_BY_ID, &key);
	}
	if (cached == NULL)
		elog(ERROR, "asset %d of a balance is missing", id);	/* cannot happen: assets are never deleted */
	*asset = *cached;
}
