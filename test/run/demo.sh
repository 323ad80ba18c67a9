#!/usr/bin/env bash
# Shows the ledger at work: installs what is missing, builds a copy of the tree, installs it, and plays through
# test/demo in a server of its own that waits for the disk at every commit, as a real one does.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${1:-}" != play ]; then
	PG_CONFIG=$("$top/test/run/setup.sh")
	export PG_CONFIG
	enter_copy
	say "Building ledger for $("$PG_CONFIG" --version) ..."
	run "${as_runner[@]}" make -s -j"$(getconf _NPROCESSORS_ONLN)"
	install_ledger
	run "${as_runner[@]}" test/run/cluster.sh --durable test/run/demo.sh play
	exit
fi

sessions=16 each=125 money=1000
attempts=$((sessions * each))

createdb demo
export PGDATABASE=demo
psql -X -f test/demo/show.sql 2>&1 | sed 's,^psql:[^ ]*: ,,'

say ''
say "5. A race: $sessions sessions try $attempts times to take 1 EUR from a pot of $money EUR"
say ''
psql -X -q -v ON_ERROR_STOP=1 -o /dev/null <<-END
	CREATE TABLE attempt (status text, code text);
	SELECT ledger.create_ledger('race');
	SELECT ledger.post('race', 'world', 'pot', $money, 'EUR');
END
pgbench -n -M prepared -c "$sessions" -j 2 -t "$each" -f test/demo/race.pgb 2>&1 |
	awk '/^tps/ { printf "%d attempts a second, each of them on disk before it is answered\n", $3 } /rror|abort/'
say ''
psql -X -v sessions="$sessions" -v attempts="$attempts" -v money="$money" -f test/demo/result.sql 2>&1 |
	sed 's,^psql:[^ ]*: ,,'
