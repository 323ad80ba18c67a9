# Results of `strict` as a table; with median.awk.  In: work, transactions or items per second, CPU us for each.  Variable: size.

{
	n = ++count[$1]
	tps[$1, "", "", n] = $2
	cpu[$1, "", "", n] = $3
}

function row(label, work) {
	printf "%-44s %12.0f %12.1f\n", label, median(tps, count[work], work, "", ""), median(cpu, count[work], work, "", "")
}

# Median of the ratios of each round: what disturbs a round disturbs both sides of it.
function ratio(label, work, yardstick,    n) {
	for (n = 1; n <= count[work]; n++)
		ratios[work, yardstick, "", n] = tps[work, "", "", n] / tps[yardstick, "", "", n]
	printf "%-44s %12.2f\n", label, median(ratios, count[work], work, yardstick, "")
}

END {
	printf "\n%-44s %12s %12s\n", "", "a second", "CPU us each"
	row("one row updated", "update")
	row("chain by a trigger in PL/pgSQL", "trigger")
	row("post, strict ledger", "strict")
	row("post, strict ledger, early lock release", "strict_elr")
	row("submit, strict ledger", "strict_submit")
	row("post, sealed ledger", "sealed")
	row("items of batches of " size ", strict", "batch_strict")
	row("items of batches of " size ", sealed", "batch_sealed")
	printf "\n%-44s %12s\n", "ratios", ""
	ratio("strict / one row updated", "strict", "update")
	ratio("strict / chain by a trigger", "strict", "trigger")
	ratio("early lock release / chain by a trigger", "strict_elr", "trigger")
	ratio("submit / chain by a trigger", "strict_submit", "trigger")
	ratio("strict / sealed", "strict", "sealed")
	ratio("early lock release / strict", "strict_elr", "strict")
	ratio("batches, strict / sealed", "batch_strict", "batch_sealed")
}
