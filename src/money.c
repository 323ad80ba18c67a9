/*
 * money.c
 *		Between amounts and numeric datums, in a server.
 */
#include "money.h"

#include "fmgr.h"

#include "compat.h"
#include "error.h"

/* The amount of a numeric in units of 10^-scale. */
AmountStatus
money_read(Datum numeric, int scale, Amount *value)
{
	struct varlena *datum = PG_DETOAST_DATUM_PACKED(numeric);

	return amount_read(VARDATA_ANY(datum), VARSIZE_ANY_EXHDR(datum), scale, value);
}

/* The same for a numeric in a table of ours, which must be good. */
Amount
money_stored(Datum numeric, int scale)
{
	Amount		value;

	if (money_read(numeric, scale, &value) != AMOUNT_OK)
		ereport(ERROR,
				errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("a stored amount does not fit its asset"),
				errhint("Run ledger.verify() to find it."));
	return value;
}

/* A numeric with the asset's number of decimals. */
Datum
money_numeric(Amount value, int scale)
{
	char	   *datum = palloc(VARHDRSZ + AMOUNT_NUMERIC_MAX);
	Size		length = amount_write(value, scale, datum + VARHDRSZ);

	SET_VARSIZE(datum, VARHDRSZ + length);
	return PointerGetDatum(datum);
}

/* Text for a message. */
char *
money_text(Amount value, int scale)
{
	return amount_text(value, scale, palloc(AMOUNT_TEXT_MAX));
}
