package acmecore

import "strconv"

// Counted is a number with its noun, as people write it: "1 name", "10,000 names".
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(uint64(max(n, 0))) + " " + many
}

// grouped writes a number as people do: 10,000.
func grouped(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
