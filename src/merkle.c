/*
 * merkle.c
 *		Merkle trees as RFC 6962, section 2.1, has them, with SHA-256.
 *
 * A leaf's hash is SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right);
 * of n > 1 leaves the left part has as many as the largest power of two below n.
 */
#include "merkle.h"

#include "common/cryptohash.h"
#include "common/sha2.h"

/* What hashing needs; one for as many hashes as one likes, until the end of the query at most. */
MerkleHash *
merkle_begin(void)
{
	MerkleHash *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL)
		ereport(ERROR,
				errcode(ERRCODE_OUT_OF_MEMORY),
				errmsg("out of memory"));
	return hash;
}

void
merkle_end(MerkleHash *hash)
{
	pg_cryptohash_free(hash);
}

/* SHA-256 of a mark and one or two pieces. */
static void
hash_pieces(MerkleHash *context, uint8 mark, const void *a, Size a_length, const void *b, Size b_length, uint8 *hash)
{
	if (pg_cryptohash_init(context) < 0 || pg_cryptohash_update(context, &mark, 1) < 0 ||
		pg_cryptohash_update(context, a, a_length) < 0 ||
		(b_length > 0 && pg_cryptohash_update(context, b, b_length) < 0) ||
		pg_cryptohash_final(context, hash, HASH_SIZE) < 0)
		elog(ERROR, "SHA-256 failed: %s", pg_cryptohash_error(context));	/* cannot happen */
}

/* The hash of a leaf. */
void
merkle_leaf(MerkleHash *context, const void *data, Size length, uint8 *hash)
{
	hash_pieces(context, 0x00, data, length, NULL, 0, hash);
}

/* The hash of a node, which may take the place of one of those below it. */
void
merkle_node(MerkleHash *context, const uint8 *left, const uint8 *right, uint8 *hash)
{
	uint8		result[HASH_SIZE];

	hash_pieces(context, 0x01, left, HASH_SIZE, right, HASH_SIZE, result);
	memcpy(hash, result, HASH_SIZE);
}

/* How many leaves the left part of a tree of more than one has. */
static int64
left_part(int64 count)
{
	int64		part = 1;

	while (part * 2 < count)
		part *= 2;
	return part;
}

/* The root over the hashes of leaves, of which there is at least one. */
void
merkle_root(MerkleHash *context, const uint8 *leaves, int64 count, uint8 *root)
{
	int64		left = left_part(count);
	uint8		hashes[2][HASH_SIZE];

	if (count == 1)
	{
		memcpy(root, leaves, HASH_SIZE);
		return;
	}
	merkle_root(context, leaves, left, hashes[0]);
	merkle_root(context, leaves + left * HASH_SIZE, count - left, hashes[1]);
	merkle_node(context, hashes[0], hashes[1], root);
}

/* The hashes that lead from a leaf to the root, from below; returns how many. */
int
merkle_path(MerkleHash *context, const uint8 *leaves, int64 count, int64 index, uint8 *path)
{
	int64		left = left_part(count);
	int			length;

	if (count == 1)
		return 0;
	if (index < left)
	{
		length = merkle_path(context, leaves, left, index, path);
		merkle_root(context, leaves + left * HASH_SIZE, count - left, path + length * HASH_SIZE);
	}
	else
	{
		length = merkle_path(context, leaves + left * HASH_SIZE, count - left, index - left, path);
		merkle_root(context, leaves, left, path + length * HASH_SIZE);
	}
	return length + 1;
}

/* Go up from a leaf; false if the path has another length than it should. */
static bool
climb(MerkleHash *context, uint8 *hash, int64 count, int64 index, const uint8 *path, int length)
{
	int64		left = left_part(count);

	if (count == 1)
		return length == 0;
	if (length < 1)
		return false;
	if (!climb(context, hash, index < left ? left : count - left, index < left ? index : index - left, path, length - 1))
		return false;
	path += (length - 1) * HASH_SIZE;
	if (index < left)
		merkle_node(context, hash, path, hash);
	else
		merkle_node(context, path, hash, hash);
	return true;
}

/* Whether a path leads from a leaf's hash to the root. */
bool
merkle_check(MerkleHash *context, const uint8 *leaf, int64 count, int64 index, const uint8 *path, int length, const uint8 *root)
{
	uint8		hash[HASH_SIZE];

	if (count < 1 || index < 0 || index >= count || length > MERKLE_MAX_PATH)
		return false;
	memcpy(hash, leaf, HASH_SIZE);
	return climb(context, hash, count, index, path, length) && memcmp(hash, root, HASH_SIZE) == 0;
}
