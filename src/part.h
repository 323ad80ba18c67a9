/*
 * part.h
 *		Which part of a hold or a transaction is meant, posting by posting.
 */
#ifndef LEDGER_PART_H
#define LEDGER_PART_H

#include "write.h"

extern bool part_read(Request *request, FunctionCallInfo fcinfo, int amount_arg, int amounts_arg);
extern bool part_settle(Write *write, WriteItem *item, int posting, int number, Amount left, int exceeds, Amount *part);
extern bool part_check_sum(WriteItem *item, const Amount *parts);

#endif							/* LEDGER_PART_H */
