package order

// What reads from outside, for the fuzz targets.
var (
	ParseChain      = parseChain
	CheckChain      = checkChain
	ParseRetryAfter = parseRetryAfter
	Patience        = patience
	Resign          = resign
)
