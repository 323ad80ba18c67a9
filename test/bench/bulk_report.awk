# Results of `bulk` as a table; with median.awk. In: work, rows, seconds, seconds of CPU.

{
	n = ++count[$1]
	rate[$1, 0, 0, n] = $2 / $3
	cpu[$1, 0, 0, n] = $4 / $2 * 1e6
}

function row(label, work) {
	printf "%-24s %12.0f %12.1f\n", label, median(rate, count[work], work, 0, 0), median(cpu, count[work], work, 0, 0)
}

END {
	for (n = 1; n <= count["post"]; n++)
		ratios[0, 0, 0, n] = rate["post", 0, 0, n] / rate["copy", 0, 0, n]
	printf "\n%-24s %12s %12s\n", "", "rows/s", "CPU us/row"
	row("post_from", "post")
	row("COPY of the same rows", "copy")
	printf "%-24s %12.2f  goal >= 0.80\n", "post_from / COPY", median(ratios, count["post"], 0, 0, 0)
}
