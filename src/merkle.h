/*
 * merkle.h
 *		Merkle trees as RFC 6962 has them.
 */
#ifndef LEDGER_MERKLE_H
#define LEDGER_MERKLE_H

#include "postgres.h"

#define HASH_SIZE	32

/* Hashes on the way from a leaf to the root, at most. */
#define MERKLE_MAX_PATH		64

typedef struct pg_cryptohash_ctx MerkleHash;

extern MerkleHash *merkle_begin(void);
extern void merkle_end(MerkleHash *context);
extern void merkle_leaf(MerkleHash *context, const void *data, Size length, uint8 *hash);
extern void merkle_node(MerkleHash *context, const uint8 *left, const uint8 *right, uint8 *hash);
extern void merkle_root(MerkleHash *context, const uint8 *leaves, int64 count, uint8 *root);
extern int	merkle_path(MerkleHash *context, const uint8 *leaves, int64 count, int64 index, uint8 *path);
extern bool merkle_check(MerkleHash *context, const uint8 *leaf, int64 count, int64 index,
						 const uint8 *path, int length, const uint8 *root);

#endif							/* LEDGER_MERKLE_H */
