/*
 * export.c
 *		A ledger's journal as lines of text.
 *
 * Reads with the active snapshot and takes no locks.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "canon.h"
#include "compat.h"
#include "line.h"
#include "progress.h"

LEDGER_FUNCTION(ledger_export_lines);

typedef struct Export
{
	ReturnSetInfo *rsinfo;
	MerkleHash *hash;
	uint8		digest[HASH_SIZE];	/* of all lines so far */
} Export;

/* Give a line out. */
static void
put_line(Export *export, text *line)
{
	Datum		value = PointerGetDatum(line);
	bool		isnull = false;
	uint8		leaf[HASH_SIZE];

	canon_leaf(export->hash, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line), leaf);
	merkle_node(export->hash, export->digest, leaf, export->digest);
	tuplestore_putvalues(export->rsinfo->setResult, export->rsinfo->setDesc, &value, &isnull);
}

/* The last line: how many records there were, and the hash of all lines before. */
static text *
last_line(const Export *export, int64 records)
{
	char		hex[HASH_SIZE * 2 + 1];

	hex[hex_encode((const char *) export->digest, HASH_SIZE, hex)] = '\0';
	return cstring_to_text(psprintf("{\"end\":{\"records\":" INT64_FORMAT ",\"digest\":\"%s\"}}", records, hex));
}

/* SQL: ledger_data.export_lines(ledger_id, after, until, header, positions, blocks) */
Datum
ledger_export_lines(PG_FUNCTION_ARGS)
{
	Export		export = {.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
	LineReader *reader;
	Line	   *line;
	Datum	   *positions;
	Datum	   *blocks;
	bool	   *nulls;
	int			block_count;
	int			block = 0;
	int64		records = 0;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), INT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &positions, &nulls, &block_count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(5), TEXTOID, -1, false, TYPALIGN_INT, &blocks, &nulls, &block_count);
	export.hash = merkle_begin();
	put_line(&export, PG_GETARG_TEXT_PP(3));
	/* blocks of records that were exported before: they may be newer than that */
	while (block < block_count && DatumGetInt64(positions[block]) <= PG_GETARG_INT64(1))
		put_line(&export, DatumGetTextPP(blocks[block++]));
	reader = line_begin(PG_GETARG_INT32(0), PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	while ((line = line_next(reader)) != NULL)
	{
		text	   *value = cstring_to_text_with_len(line->text.data, line->text.len);

		put_line(&export, value);
		pfree(value);
		records++;
		progress_add(1);
		if (block < block_count && DatumGetInt64(positions[block]) == line->record.position)
			put_line(&export, DatumGetTextPP(blocks[block++]));
	}
	line_end(reader);
	put_line(&export, last_line(&export, records));
	merkle_end(export.hash);
	return (Datum) 0;
}
