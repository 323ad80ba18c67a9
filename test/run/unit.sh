#!/usr/bin/env bash
# Runs the programs given, each to its end; one that prints no "ok" lines counts as one test.
set -uo pipefail
failed=0
for program in "$@"; do
	echo "# ${program#test/unit/build/}"
	output=$("$program" 2>&1)
	status=$?
	[ -z "$output" ] || printf '%s\n' "$output"
	if [ "$status" != 0 ]; then
		failed=1
		echo "not ok - ${program##*/} ended with status $status"
	elif ! grep -q '^ok ' <<<"$output"; then
		echo "ok - ${program##*/}"
	fi
done
exit "$failed"
