package templates

import "strconv"

// number is the id of the n-th element of its kind, from 1 on.
func number(kind string, n int) string { return kind + "-" + strconv.Itoa(n+1) }
