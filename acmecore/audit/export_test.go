package audit

import "io"

// Verify verifies a whole log.
func Verify(r io.Reader) (Summary, error) {
	_, summary, err := Summary{}.Verify(r)
	return summary, err
}
