package main

import (
	"fmt"
	"strings"
	"time"

	"wcme/acmecore"
)

// fullLimits are the limits that leave no room for an order now, but for those that what
// went wrong last tells of already.
func (r row) fullLimits(now time.Time) (lines []string) {
	for _, limit := range r.Limits {
		until := limit.Until.UTC().Format(time.RFC3339)
		isTold := strings.Contains(r.Trouble, until) || limit.Said != "" && strings.Contains(r.Trouble, limit.Said)
		if !limit.Until.After(now) || isTold && strings.Contains(r.Hint, limit.Page) {
			continue
		}
		line := fmt.Sprintf("nothing can be ordered before %s: %s", until, reasonOf(limit))
		if limit.Page != "" {
			line += "; lift it at " + limit.Page
		}
		lines = append(lines, line)
	}
	return lines
}

// reasonOf is what the CA has said of a limit, or else what was counted.
func reasonOf(limit acmecore.Limit) string {
	if limit.Said != "" {
		return limit.Said
	}
	of := ""
	if limit.Subject != "" {
		of = " of " + limit.Subject
	}
	return fmt.Sprintf("limit %q%s: %d of %d are used", limit.Kind, of, limit.Count, limit.Of)
}

// otherCAs say which CA has issued the certificate, or is asked next, in the place of the
// first one, and why one is not asked while that is in trouble.
func (r row) otherCAs() (lines []string) {
	if r.IssuedBy != "" && r.IssuedBy != r.CA {
		lines = append(lines, fmt.Sprintf("it was issued by %s, in the place of %s", r.IssuedBy, orDash(r.CA)))
	}
	for i, other := range r.Alternatives {
		switch {
		case i == 0:
		case other.InTurn:
			lines = append(lines, fmt.Sprintf("%s is asked next, in the place of %s", other.CA, r.Alternatives[0].CA))
		case r.Trouble != "" && other.Why != "":
			lines = append(lines, fmt.Sprintf("%s is not asked in the place of %s: %s", other.CA, r.Alternatives[0].CA, other.Why))
		}
	}
	return lines
}
