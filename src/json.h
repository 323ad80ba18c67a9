/*
 * json.h
 *		Requests given as JSON.
 */
#ifndef LEDGER_JSON_H
#define LEDGER_JSON_H

#include "postgres.h"
#include "fmgr.h"

#include "request.h"

extern bool json_call(Call *call, FunctionCallInfo fcinfo);
extern bool json_batch(Call *call, FunctionCallInfo fcinfo);
extern bool json_submission(Call *call, Jsonb *json, const struct Action *action);

#endif							/* LEDGER_JSON_H */
