# Files for batch_copy.pgb: journal.CLIENT.N and entry.CLIENT.N in folder, each one batch of size transfers as the
# ledger would store them. Variables: folder, clients, batches (of each client), size, hot (true: one account gets it all).
# The file state, named as argument, holds position, then version and balance in cents of each account, and is renewed:
# versions never repeat. Account 0 is the hot one.

NR == 1 { position = $1; next }
{ version[NR - 2] = $1; cents[NR - 2] = $2 }

# A number as the ledger stores it in legs, in hexadecimal.
function varint(number,    text) {
	for (; number >= 128; number = int(number / 128))
		text = text hex[number % 128 + 128]
	return text hex[number]
}

function money(value) {
	return (value < 0 ? "-" : "") sprintf("%d.%02d", int(abs(value) / 100), abs(value) % 100)
}

function abs(value) {
	return value < 0 ? -value : value
}

function entry(account, amount) {
	cents[account] += amount
	printf "%d\t%d\t%s\t1\t%s\t%s\n", account, ++version[account], record, money(amount), money(cents[account]) >entries
}

function transfer(    source, destination, amount) {
	source = 1 + int(rand() * 10000)
	destination = hot == "true" ? 0 : 1 + (source + int(rand() * 9999)) % 10000
	amount = 1 + int(rand() * 1000)
	position++
	record = sprintf("%d\t2025-01-01 %02d:%02d:%02d.%06d+00", position, position / 3600000000 % 24, position / 60000000 % 60,
		position / 1000000 % 60, position % 1000000)
	entry(source, -amount)
	entry(destination, amount)
	printf "1\tt\t%s\t\\\\x%s%s%s%s\n", record, varint(source), varint(version[source]), varint(destination),
		varint(version[destination]) >journal
}

END {
	for (i = 0; i < 256; i++)
		hex[i] = sprintf("%02x", i)
	if (NR == 0)
		for (account = 0; account <= 10000; account++)
			cents[account] = 100000000
	srand(position)
	for (n = 1; n <= batches; n++)
		for (client = 0; client < clients; client++) {
			journal = folder "/journal." client "." n
			entries = folder "/entry." client "." n
			for (i = 0; i < size; i++)
				transfer()
			close(journal)
			close(entries)
		}
	printf "%d\n", position >state
	for (account = 0; account <= 10000; account++)
		printf "%d %d\n", version[account], cents[account] >state
}
