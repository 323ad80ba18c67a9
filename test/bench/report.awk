# Results of `run` as a table; with median.awk.  In: synchronous_commit, sessions, work, tps, WAL bytes
# and CPU us per transaction, median and 99th percentile of the latency in ms.  Variables: sessions, and the two HOT shares.

{
	n = ++count[$1, $2, $3]
	tps[$1, $2, $3, n] = $4
	wal[$1, $2, $3, n] = $5
	cpu[$1, $2, $3, n] = $6
	typical[$1, $2, $3, n] = $7
	tail[$1, $2, $3, n] = $8
}

function row(label, values, sync, work, format, goal,    i, line, v) {
	line = sprintf("%-34s %-5s", label, sync == "read" ? "-" : sync)
	for (i = 1; i <= columns; i++) {
		v = median(values, count[sync, clients[i], work], sync, clients[i], work)
		line = line sprintf(" %9s", v < 0 ? "-" : sprintf(format, v))
	}
	print line sprintf("  %9s", goal)
}

# Median of the ratios of each round: what disturbs a round disturbs both sides of it.  Without a yardstick: of latencies.
function ratio(label, sync, work, yardstick, goal,    i, n, line, v) {
	line = sprintf("%-34s %-5s", label, sync == "read" ? "-" : sync)
	for (i = 1; i <= columns; i++) {
		for (n = 1; n <= count[sync, clients[i], work]; n++)
			ratios[sync, clients[i], work, n] = yardstick == "" ? tail[sync, clients[i], work, n] / typical[sync, clients[i], work, n] :
				tps[sync, clients[i], work, n] / tps[sync, clients[i], yardstick, n]
		v = median(ratios, count[sync, clients[i], work], sync, clients[i], work)
		line = line sprintf(" %9s", v < 0 ? "-" : sprintf("%.2f", v))
	}
	print line sprintf("  %9s", goal)
}

function title(text,    i, line) {
	line = sprintf("\n%-34s %-5s", text, "sync")
	for (i = 1; i <= columns; i++)
		line = line sprintf(" %9s", clients[i])
	print line sprintf("  %9s", "goal")
}

function works(values, format, goal,    i, s) {
	for (s = 1; s <= 2; s++)
		for (i = 1; i <= (s == 1 ? write_count : write_count - 3); i++)
			row(name[write_work[i]], values, s == 1 ? "on" : "off", write_work[i], format,
				write_work[i] == "post" ? goal : "")
}

END {
	columns = split(sessions, clients, " ")
	write_count = split("insert1 insert3 plpgsql post post_tag plpgsql_hot post_hot post_striped post_debit post_elr post_hot_elr submit_hot", write_work, " ")
	name["insert1"] = "one-row INSERT"
	name["insert3"] = "three-row INSERT"
	name["plpgsql"] = "PL/pgSQL function"
	name["post"] = "ledger.post"
	name["post_tag"] = "ledger.post, one tag"
	name["post_elr"] = "post, early lock release"
	name["post_hot_elr"] = "post, one account, early release"
	name["submit_hot"] = "ledger.submit, one account"
	name["plpgsql_hot"] = "PL/pgSQL function, one account"
	name["post_hot"] = "ledger.post, one account"
	name["post_striped"] = "ledger.post, one account, striped"
	name["post_debit"] = "the same, 90 % debits, a floor"
	name["select"] = "SELECT by primary key"
	name["balance"] = "ledger.balance"

	title("transactions/s, sessions:")
	works(tps, "%.0f", "")
	row(name["select"], tps, "read", "select", "%.0f", "")
	row(name["balance"], tps, "read", "balance", "%.0f", "")

	title("ratios")
	ratio("post / three-row INSERT", "on", "post", "insert3", ">= 0.85")
	ratio("post / three-row INSERT", "off", "post", "insert3", ">= 0.75")
	ratio("post / PL/pgSQL function", "on", "post", "plpgsql", ">= 1.35")
	ratio("post / PL/pgSQL function", "off", "post", "plpgsql", ">= 1.60")
	ratio("post, one tag / post", "on", "post_tag", "post", ">= 0.90")
	ratio("post, one tag / post", "off", "post_tag", "post", ">= 0.90")
	ratio("one account / uniform", "on", "post_hot", "post", "")
	ratio("the same, 16 stripes", "on", "post_striped", "post", ">= 0.80")
	ratio("the same, 90 % debits, a floor", "on", "post_debit", "post", ">= 0.70")
	ratio("the same, early lock release", "on", "post_hot_elr", "post_elr", ">= 0.80")
	ratio("submit, one account / one-row", "on", "submit_hot", "insert1", ">= 0.90")
	ratio("submit, latency, p99 / median", "on", "submit_hot", "", "<= 3 (16)")
	ratio("one account / uniform", "off", "post_hot", "post", "")
	ratio("the same, 16 stripes", "off", "post_striped", "post", ">= 0.80")
	ratio("the same, 90 % debits, a floor", "off", "post_debit", "post", ">= 0.70")
	ratio("one account, post / PL/pgSQL", "on", "post_hot", "plpgsql_hot", "")
	ratio("one account, post / PL/pgSQL", "off", "post_hot", "plpgsql_hot", "")
	ratio("balance / SELECT", "read", "balance", "select", ">= 0.80")

	title("WAL bytes, no full-page images")
	works(wal, "%.0f", "<= 900")

	title("server's CPU us")
	works(cpu, "%.1f", "")
	row(name["select"], cpu, "read", "select", "%.1f", "")
	row(name["balance"], cpu, "read", "balance", "%.1f", "")

	printf "\n%-40s %9s%%  %9s\n", "HOT updates, ledger_data.balance", hot, ">= 90"
	printf "%-40s %9s%%\n", "HOT updates, hand-written", hot_plpgsql
}
