#!/usr/bin/env bash
# All tests: installs what is missing, builds a copy of the tree, installs it, tests it in a server of its own.
# Ends with a table of the stages and a line "N passed, N failed".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

stages_before=(build lint unit)
stages_server=(regress isolation tap pgtap)

PG_CONFIG=$("$top/test/run/setup.sh")
export PG_CONFIG
say "$("$PG_CONFIG" --version), $PG_CONFIG"
enter_copy

run "${as_runner[@]}" test/run/stages.sh "${stages_before[@]}" || true
if [ -e ledger.so ]; then
	install_ledger
	run "${as_runner[@]}" test/run/cluster.sh test/run/stages.sh "${stages_server[@]}" || true
fi

# a stage that left no line did not even start
for stage in "${stages_before[@]}" "${stages_server[@]}"; do
	grep -q "^$stage " .stages 2>/dev/null || echo "$stage 0 1 0" >>.stages
done
awk '
	BEGIN { printf "\n%-12s %8s %8s %8s\n", "stage", "passed", "failed", "seconds" }
	{
		printf "%-12s %8d %8d %8d%s\n", $1, $2, $3, $4, $3 ? "  FAILED" : ""
		passed += $2; failed += $3
	}
	END { printf "\n%d passed, %d failed\n", passed, failed; exit failed > 0 }' .stages
