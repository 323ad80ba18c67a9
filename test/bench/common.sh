# Sourced by `run`, `batch` and `bank`, which have a private server by then: with_ledger.sh.
export PGTZ=UTC LC_ALL=C
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ledger-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 143' INT TERM HUP

# SQL, unaligned and without noise; stops at the first error.
sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Memory as a server for this work would have it, all else as it comes.
set_memory() {
	local total_mb buffers_mb=2048
	data=$(sql -c 'SHOW data_directory')
	if [ -r /proc/meminfo ]; then
		total_mb=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
		if [ "$total_mb" -lt 8192 ]; then
			buffers_mb=$((total_mb / 4))
		fi
	fi
	sql -c "ALTER SYSTEM SET shared_buffers = '${buffers_mb}MB'" -c "ALTER SYSTEM SET max_wal_size = '8GB'"
	pg_ctl -s -w -D "$data" -l "$PGHOST/log" restart
	postmaster=$(head -n 1 "$data/postmaster.pid")
}

# CPU time of the whole server so far, in clock ticks: the postmaster, the children that it has reaped, and those
# that still run. Nothing where there is no /proc.
server_ticks() {
	# sessions that have just ended must not be missed between the one and the other
	sleep 0.2
	{ cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v parent="$postmaster" '
		{ pid = $1; sub(/^.*\) /, "") }
		pid == parent { ticks += $12 + $13 + $14 + $15 }
		$2 == parent { ticks += $12 + $13 }
		END { printf "%.0f\n", ticks }'
}

# The works of one round, in its order.
in_order() {
	local round=$1
	shift
	if [ $((round % 2)) = 0 ]; then
		printf '%s\n' "$@" | tac
	else
		printf '%s\n' "$@"
	fi
}

# A check of correctness: what it is, what is expected, what was found.
failures=0
check() {
	if [ "$2" = "$3" ]; then
		printf 'ok      %-64s %s\n' "$1" "$3"
	else
		printf 'NOT OK  %-64s expected %s, found %s\n' "$1" "$2" "$3"
		failures=$((failures + 1))
	fi
}

# verify() of everything: shows what it finds, and fails if that is anything.
check_verify() {
	local found
	found=$(PGOPTIONS='-c client_min_messages=warning' sql -c 'SELECT * FROM ledger.verify()')
	if [ -n "$found" ]; then
		printf '%s\n' "$found"
	fi
	check 'findings of ledger.verify()' 0 "$(printf %s "$found" | grep -c '')"
}
