# Sourced by the scripts beside it: who runs what, and where.
#
# PostgreSQL refuses to run as root, and a checkout may lie where nobody else may look. So the work is done in a
# throw-away copy of the tree that belongs to the user who runs the servers; the checkout itself is only read.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }

umask 022

# A make above must not pass on its own flags; variables given to it are in the environment anyway.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# Prefixes of commands: as the user who runs servers, and as root.
as_runner=()
as_root=()
if [ "$(id -u)" = 0 ]; then
	runner=$(id -un postgres 2>/dev/null || echo nobody)
	as_runner=(setpriv "--reuid=$runner" "--regid=$(id -g "$runner")" --init-groups --)
else
	as_root=(sudo -n)
fi

# Run a command and wait for it so that a signal is acted upon at once, by ending the command first.
child=
run() {
	"$@" <&0 &
	child=$!
	wait "$child"
}
end() {
	if [ -n "$child" ]; then
		kill "$child" 2>/dev/null && wait "$child" || true
	fi
	exit "$1"
}
trap 'end 130' INT
trap 'end 143' TERM HUP

# Copy the files of the tree (tracked ones, and new ones that are not ignored), go there, and remove it all at exit.
enter_copy() {
	local copy list
	copy=$(mktemp -d "${TMPDIR:-/tmp}/ledger.XXXXXX")
	trap 'remove_copy "'"$copy"'"' EXIT
	list=$copy/list
	mkdir "$copy/tree"
	cd "$top"
	if ! git -c safe.directory='*' ls-files -z --cached --others --exclude-standard >"$list" 2>/dev/null; then
		# not a checkout but, say, an unpacked archive
		find . -name .git -prune -o -type f -print0 >"$list"
	fi
	# a file may be tracked and yet deleted
	perl -0ne 'chomp; print "$_\0" if -e' "$list" | xargs -0 cp -P --parents --preserve=mode,timestamps -t "$copy/tree"
	rm "$list"
	if [ "$(id -u)" = 0 ]; then chown -R "$runner:" "$copy"; fi
	cd "$copy/tree"
	# nothing of the caller's servers
	unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSWORD PGPASSFILE PGDATABASE PGDATA PGSERVICE PGSERVICEFILE PGOPTIONS PGSSLMODE
	# programs look for start-up files at home, and root's may not be read; what they leave behind goes with the copy
	export HOME=$copy TMPDIR=$copy
}

remove_copy() {
	local pidfile
	cd /
	# servers of TAP tests that were killed
	for pidfile in "$1"/tree/tmp_check/*/pgdata/postmaster.pid; do
		if [ -e "$pidfile" ]; then "${as_runner[@]}" sh -c 'kill -QUIT "$0"' "$(head -n 1 "$pidfile")" 2>/dev/null || true; fi
	done
	rm -rf "$1"
}

# Install what was built here, unless the very same is installed already.
install_ledger() {
	local lib share file
	lib=$("$PG_CONFIG" --pkglibdir)
	share=$("$PG_CONFIG" --sharedir)/extension
	if cmp -s ledger.so "$lib/ledger.so"; then
		for file in ledger.control ledger--*.sql; do
			cmp -s "$file" "$share/$file" || break
			[ "$file" = ledger.control ] || return 0
		done
	fi
	if [ -w "$lib" ] && [ -w "$share" ]; then
		make -s install PG_CONFIG="$PG_CONFIG"
	elif sudo -n true 2>/dev/null; then
		sudo -n make -s install PG_CONFIG="$PG_CONFIG"
	else
		fail "$(id -un) may not write to $lib, nor become root by sudo -n. As root run this, then try again:" \
			"    make -C '$top' install PG_CONFIG=$PG_CONFIG"
	fi
}
