# Results of `batch` as a table; with median.awk. In: accounts, column, work, transfers per second, CPU us for
# each. Variables: sizes, pair_sessions.

{
	n = ++count[$1, $2, $3]
	rate[$1, $2, $3, n] = $4
	cpu[$1, $2, $3, n] = $5
}

function title(text,    i, line) {
	line = sprintf("\n%-40s", text)
	for (i = 1; i <= columns; i++)
		line = line sprintf(" %8s", column[i])
	print line "  goal"
}

function cell(format, v) {
	return sprintf(" %8s", v < 0 ? "-" : sprintf(format, v))
}

function row(label, values, accounts, work, format,    i, line) {
	line = sprintf("%-40s", label)
	for (i = 1; i <= columns; i++)
		line = line cell(format, median(values, count[accounts, column[i], work], accounts, column[i], work))
	print line
}

# Median of the ratios of each round: what disturbs a round disturbs both sides of it.
function ratio_of(accounts, where, work, yardstick,    n) {
	for (n = 1; n <= count[accounts, where, work]; n++)
		ratios[accounts, where, work, n] = rate[accounts, where, work, n] / rate[accounts, where, yardstick, n]
	return median(ratios, count[accounts, where, work], accounts, where, work)
}

function ratio(label, accounts, work, yardstick, goal,    i, line) {
	line = sprintf("%-40s", label)
	for (i = 1; i <= columns; i++)
		line = line cell("%.2f", ratio_of(accounts, column[i], work, yardstick))
	print line "  " goal
}

function works(values, accounts, format) {
	row("COPY", values, accounts, "copy", format)
	row("PL/pgSQL batch", values, accounts, "plpgsql", format)
	row("post_batch, atomic", values, accounts, "atomic", format)
	row("post_batch, not atomic", values, accounts, "single", format)
	row("post_batch, not atomic, a tenth refused", values, accounts, "refused", format)
}

function tables(accounts, label) {
	title("transfers/s, " label ", items:")
	works(rate, accounts, "%.0f")

	title("ratios, " label)
	ratio("atomic / COPY", accounts, "atomic", "copy", ">= 0.70 at 8000")
	ratio("atomic / PL/pgSQL batch", accounts, "atomic", "plpgsql", ">= 2.00 from 10 on")
	ratio("not atomic / atomic", accounts, "single", "atomic", ">= 0.90")
	ratio("a tenth refused / atomic", accounts, "refused", "atomic", ">= 0.70")

	title("server's CPU us/transfer, " label)
	works(cpu, accounts, "%.2f")
}

function pairs(label, work) {
	printf "%-40s %8.0f\n", label, median(rate, count["many", "pairs", work], "many", "pairs", work)
}

END {
	n = split(sizes, size, " ")
	for (i = 1; i <= n; i++) {
		column[++columns] = size[i]
		if (size[i] == 1000)
			column[++columns] = "1000x2"
	}
	tables("many", "10,000 accounts")
	tables("one", "one account")
	print "x2: two sessions. A refused item has its receipt too, and is counted."

	print "\npairs/s, " pair_sessions " sessions"
	pairs("two posts", "pair_post")
	pairs("hold and capture", "pair_hold")
	printf "%-40s %8.2f  >= 0.45\n", "hold and capture / two posts", ratio_of("many", "pairs", "pair_hold", "pair_post")
}
