#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks (Debian and Ubuntu, by apt-get);
# quick when nothing is missing. Prints the pg_config to use, and nothing else, to stdout.
# Without the right to install it names what is missing and fails.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

# The PostgreSQL to use: PG_CONFIG, or the one of the PATH, or the newest in Debian's place, or the default one of the
# distribution, which is not there yet. libpq-dev alone brings a pg_config, too, but no server.
find_server() {
	pg_config=${PG_CONFIG:-}
	if [ -z "$pg_config" ] && command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/postgres" ]; then
		pg_config=$(command -v pg_config)
	fi
	if [ -z "$pg_config" ]; then
		pg_config=$(ls -v /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -n 1 | sed 's,postgres$,pg_config,') || true
	fi
	if [ -z "$pg_config" ]; then
		pg_config=/usr/lib/postgresql/$(default_major)/bin/pg_config
	fi
	if [ -x "$(command -v "$pg_config")" ]; then
		bin=$("$pg_config" --bindir)
		headers=$("$pg_config" --includedir-server)
		share=$("$pg_config" --sharedir)
		major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	else
		# not installed, or by Debian in halves: the server without its server-dev package
		bin=${pg_config%/pg_config}
		headers=
		major=$(sed -n 's,^/usr/lib/postgresql/\([0-9]*\)/bin/pg_config$,\1,p' <<<"$pg_config")
		share=/usr/share/postgresql/$major
		if [ -z "$major" ]; then
			say "setup: there is no $pg_config"
			exit 1
		fi
	fi
	if [ "$major" -lt 15 ]; then
		say "setup: PostgreSQL $major is too old, 15 is the oldest supported; set PG_CONFIG to the pg_config of a newer one"
		exit 1
	fi
}

default_major() {
	local major
	major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
	if [ -z "$major" ]; then
		# no package lists on this machine yet
		case $(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-}") in
			bookworm) major=15 ;;
			noble) major=16 ;;
			trixie | plucky | questing) major=17 ;;
			*) major=18 ;;
		esac
	fi
	echo "$major"
}

# need PACKAGE COMMAND...: the package is missing unless the command succeeds.
missing=()
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}
find_missing() {
	missing=()
	need gcc command -v "${CC:-gcc}"
	need libc6-dev test -e /usr/include/stdio.h
	need make command -v make
	need "postgresql-$major" test -x "$bin/postgres" -a -x "$bin/pgbench"
	need "postgresql-client-$major" test -x "$bin/psql"
	need "postgresql-server-dev-$major" test -e "$headers/postgres.h"
	need "postgresql-$major-pgtap" test -e "$share/extension/pgtap.control"
	need libtap-parser-sourcehandler-pgtap-perl command -v pg_prove
	need perl command -v prove
	need libipc-run-perl perl -MIPC::Run -e 1
	need pgbouncer env PATH="$PATH:/usr/sbin:/sbin" sh -c 'command -v pgbouncer'
}

find_server
find_missing

if [ ${#missing[@]} -gt 0 ]; then
	command="apt-get install -y --no-install-recommends ${missing[*]}"
	if ! command -v apt-get >/dev/null; then
		say "setup: missing here (names of Debian's packages): ${missing[*]}"
		exit 1
	elif [ "$(id -u)" = 0 ]; then
		as_root=(env)
	elif sudo -n true 2>/dev/null; then
		as_root=(sudo -n env)
	else
		say "setup: missing packages: ${missing[*]}"
		say "Install them as root, then try again:"
		say "    $command"
		exit 1
	fi
	say "setup: installing ${missing[*]}"

	# The tests start servers of their own: none is to be created or started by the packages, now.
	quiet=/etc/postgresql-common/createcluster.d/ledger-setup.conf
	policy=/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then policy=; fi
	restore() { "${as_root[@]}" rm -f "$quiet" $policy; }
	trap restore EXIT
	"${as_root[@]}" mkdir -p "${quiet%/*}"
	echo "create_main_cluster = false" | "${as_root[@]}" tee "$quiet" >/dev/null
	if [ -n "$policy" ]; then
		printf '%s\n' '#!/bin/sh' 'case $1 in postgresql* | pgbouncer) exit 101 ;; esac' 'exit 0' |
			"${as_root[@]}" tee "$policy" >/dev/null
		"${as_root[@]}" chmod 755 "$policy"
	fi

	log=$(mktemp "${TMPDIR:-/tmp}/ledger-setup.XXXXXX")
	"${as_root[@]}" apt-get -q update >"$log" 2>&1 || say "setup: apt-get update failed, going on with the lists there are"
	if ! "${as_root[@]}" DEBIAN_FRONTEND=noninteractive $command >>"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		say "setup: failed: $command (all of it is in $log)"
		exit 1
	fi
	rm -f "$log"

	find_server
	find_missing
	if [ ${#missing[@]} -gt 0 ]; then
		say "setup: installed, and yet missing: ${missing[*]}"
		exit 1
	fi
fi
echo "$pg_config"
