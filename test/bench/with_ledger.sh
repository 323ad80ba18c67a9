#!/usr/bin/env bash
# with_ledger.sh COMMAND [ARGUMENT]...: installs what is missing, builds a copy of the tree, installs it, and runs the
# command in that copy with a private server that waits for the disk at every commit.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../run/lib.sh"
exec 3<&0 </dev/null

PG_CONFIG=$("$top/test/run/setup.sh")
export PG_CONFIG
enter_copy
run "${as_runner[@]}" make -s -j"$(getconf _NPROCESSORS_ONLN)"
install_ledger
run "${as_runner[@]}" test/run/cluster.sh --durable "$@" <&3
