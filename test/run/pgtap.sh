#!/usr/bin/env bash
# Runs the pgTAP tests given (default: all) in a database of their own on the server of the PG... variables.
set -euo pipefail
: "${PG_CONFIG:=pg_config}"
PATH=$("$PG_CONFIG" --bindir):$PATH
database=ledger_pgtap

[ $# -gt 0 ] || set -- test/pgtap/*.sql
psql -X -q -d postgres -v ON_ERROR_STOP=1 -c "SET client_min_messages = warning" -c "DROP DATABASE IF EXISTS $database" \
	-c "CREATE DATABASE $database"
psql -X -q -d "$database" -v ON_ERROR_STOP=1 -c "CREATE EXTENSION pgtap" -c "CREATE EXTENSION ledger"
pg_prove --dbname "$database" "$@"
