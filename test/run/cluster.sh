#!/usr/bin/env bash
# Runs a command with a server of its own, which ends with it:
#
#   cluster.sh [--durable] COMMAND [ARGUMENT]...
#
# PGHOST, PGPORT, PGUSER and PGDATABASE lead to the server: an empty one with default settings, reachable over a socket
# in a private folder only, with ledger preloaded if it is installed. Without --durable it does not wait for the disk.
# As root, the command runs as user postgres in a copy of the tree.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
self=$top/test/run/cluster.sh

settings=(-c fsync=off)
arguments=("$@")
if [ "${1:-}" = --durable ]; then
	settings=()
	shift
fi
if [ $# = 0 ]; then
	sed -n '2,8s/^# \{0,1\}//p' "$self" >&2
	exit 2
fi

: "${PG_CONFIG:=pg_config}"
export PG_CONFIG
if [ "$(id -u)" = 0 ]; then
	enter_copy
	run "${as_runner[@]}" test/run/cluster.sh "${arguments[@]}"
	exit
fi

PATH=$("$PG_CONFIG" --bindir):$PATH
if [ -e "$("$PG_CONFIG" --pkglibdir)/ledger.so" ]; then
	settings+=(-c shared_preload_libraries=ledger)
fi
cluster=$(mktemp -d "${TMPDIR:-/tmp}/ledger-server.XXXXXX")
export PATH PGHOST=$cluster PGPORT=5432 PGUSER=postgres PGDATABASE=postgres

stop_server() {
	cd /
	# a crash explains more than what clients saw of it
	grep -E "PANIC|TRAP:|terminated by signal" "$cluster/log" >&2 || true
	pg_ctl -s -D "$cluster/data" -m immediate stop 2>/dev/null || true
	rm -rf "$cluster"
}
trap stop_server EXIT

initdb -D "$cluster/data" -U "$PGUSER" -A trust -E UTF8 --no-locale -N >"$cluster/initdb.log"
if ! pg_ctl -s -w -D "$cluster/data" -l "$cluster/log" start \
	-o "-k '$cluster' -p $PGPORT -c listen_addresses='' ${settings[*]}"; then
	cat "$cluster/log" >&2
	exit 1
fi
run "$@"
