# Counts what a stage ran from the output of its runner, and prints "PASSED FAILED".
# status: what the runner exited with.

# pg_regress and pg_isolation_regress up to PostgreSQL 15; TAP from 16 on, and ours
/^(test)? +[^ ]+ +\.\.\. ok/				{ passed++ }
/^(test)? +[^ ]+ +\.\.\. (FAILED|failed)/	{ failed++ }
/^ok /										{ passed++ }
/^not ok /									{ failed++ }

# prove and pg_prove: the total, and of failed files how many tests failed
/^Files=[0-9]+, Tests=[0-9]+,/ {
	match($0, /Tests=[0-9]+/)
	passed += substr($0, RSTART + 6, RLENGTH - 6)
}
/\(Wstat: .* Tests: [0-9]+ Failed: [0-9]+\)$/ {
	match($0, /Failed: [0-9]+\)$/)
	count = substr($0, RSTART + 8, RLENGTH - 9) + 0
	passed -= count
	wstat_zero = ($0 ~ /Wstat: 0[ )]/)
	# a file may also fail as a whole: it died, or ran fewer tests than planned
	failed += count ? count : wstat_zero ? 0 : 1
}

END {
	# a runner that failed without a failed test, or ran none, failed
	if (failed + 0 == 0 && (status != 0 || passed + 0 == 0))
		failed = 1
	print passed + 0, failed + 0
}
