package challenge

import "strconv"

// Absent is the answer to whatever is not pending. Administrators test by it that
// their web server's mapping reaches wCME, so its wording stays.
const Absent = "Challenge received but no such file or directory.\n"

// Header is a header of HTTP.
type Header struct{ Name, Value string }

// Headers are those of every answer to a challenge, with a body of so many bytes,
// ordered by name.
func Headers(length int) [4]Header {
	return [4]Header{
		{"Cache-Control", "no-store"},
		{"Content-Length", strconv.Itoa(length)},
		{"Content-Type", "text/plain; charset=us-ascii"},
		{"X-Content-Type-Options", "nosniff"},
	}
}
