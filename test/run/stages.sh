#!/usr/bin/env bash
# Runs the stages given, each whatever became of those before; called by test.sh.
# Appends "STAGE PASSED FAILED SECONDS" to the file .stages for each.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build() {
	if make -s -j"$(getconf _NPROCESSORS_ONLN)" WERROR=1; then
		echo 'ok - builds without warnings'
	else
		echo 'not ok - builds without warnings'
		# the other stages may still work
		make -s >/dev/null 2>&1
	fi
}
lint() { exec make -s lint; }
unit() { exec make -s unit; }
regress() { exec make -s installcheck ISOLATION= TAP_TESTS=; }
isolation() { exec make -s installcheck REGRESS= TAP_TESTS=; }
tap() { exec make -s installcheck REGRESS= ISOLATION=; }
pgtap() { exec make -s pgtap; }

# What a failed stage left behind for the one who has to find out why.
explain() {
	case $1 in
		regress) cat regression.diffs ;;
		isolation) cat output_iso/regression.diffs ;;
		tap)
			sed -n "s,^test/t/\(.*\)\.pl (Wstat.*,tmp_check/log/regress_log_\1,p" log/tap | while read -r file; do
				echo "-- $file"
				tail -n 60 "$file"
			done
			;;
	esac 2>/dev/null | head -n 500
}

mkdir -p log
for stage in "$@"; do
	printf '\n== %s\n' "$stage"
	log=log/$stage
	: >"$log"
	SECONDS=0
	status=0
	"$stage" >"$log" 2>&1 </dev/null &
	child=$!
	# shows the log until the stage has ended, whoever else may still hold it open
	tail -n +1 -s 0.1 -f --pid="$child" "$log" &
	shown=$!
	wait "$child" || status=$?
	seconds=$SECONDS
	wait "$shown"
	read -r passed failed <<<"$(awk -v status="$status" -f test/run/count.awk "$log")"
	[ "$failed" = 0 ] || explain "$stage"
	echo "$stage $passed $failed $seconds" >>.stages
done
