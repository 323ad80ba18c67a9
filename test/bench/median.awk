# Median of the rounds of one cell, values[a, b, c, 1...count]; -1 when there were none.
function median(values, count, a, b, c,    i, j, v, sorted) {
	for (i = 1; i <= count; i++) {
		v = values[a, b, c, i]
		for (j = i - 1; j > 0 && sorted[j] > v; j--)
			sorted[j + 1] = sorted[j]
		sorted[j + 1] = v
	}
	if (count == 0)
		return -1
	return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}
