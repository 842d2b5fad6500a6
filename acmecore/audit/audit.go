// Package audit is the form of log/audit.log: who asked for what, and what came of
// it, in lines that cannot be changed, taken away or put in another order without
// being noticed.
//
// Append makes the next line, one JSON object. Each holds the hash of the one before
// (previous) and its own (hash): SHA-256 of the line without its own hash, as
// Append writes it. Summary.Verify reads them all and says where the chain is broken, and
// how.
//
// What the chain cannot show is that lines are missing at the end. So the newest
// line's number and hash, its Head, are kept elsewhere too, in a place that fewer can
// write; Summary.Against compares them.
//
// A writer that was killed can leave the beginning of a line. The next one ends it,
// and repeats its number; Summary.Verify counts such lines and lets them pass.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Entry is a line.
type Entry struct {
	Number   uint64    `json:"number"`             // from 1; Append sets it
	At       time.Time `json:"at"`                 // UTC
	Who      string    `json:"who"`                // "uid 0", "user alice (uid 33)", "schedule"
	What     string    `json:"what"`               // "certify", "restore", "configuration"
	Subject  string    `json:"subject,omitempty"`  // the certificate, the account, the file
	Before   string    `json:"before,omitempty"`   // what was so
	After    string    `json:"after,omitempty"`    // what is so now
	Outcome  string    `json:"outcome,omitempty"`  // "done", or why not
	Previous string    `json:"previous,omitempty"` // hash of the line before; Append sets it
	Hash     string    `json:"hash,omitempty"`     // its own, hexadecimal; Append sets it
}

// Head is the newest line.
type Head struct {
	Number uint64 `json:"number"` // 0 while there is none
	Hash   string `json:"hash"`
}

// maxField is how much of a field is kept, in bytes.
const maxField = 8 << 10

// MaxLine is how long a line may be, in bytes, its end included: six bytes of JSON for
// each one of a field at the worst.
const MaxLine = 6*6*maxField + 1024

// Append returns the line that follows the one of the head, with its end, and the
// head that it becomes. What is too long in the entry is cut and ends in "…".
func Append(last Head, entry Entry) (line []byte, head Head, err error) {
	for _, field := range []*string{&entry.Who, &entry.What, &entry.Subject, &entry.Before, &entry.After, &entry.Outcome} {
		*field = fit(*field)
	}
	entry.Number, entry.At, entry.Previous = last.Number+1, entry.At.UTC(), last.Hash
	if entry.Hash, err = entry.sum(); err != nil {
		return nil, last, err
	}
	line, err = json.Marshal(entry)
	return append(line, '\n'), Head{entry.Number, entry.Hash}, err
}

// sum is the hash of the entry.
func (e Entry) sum() (string, error) {
	e.Hash = ""
	text, err := json.Marshal(e)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// fit cuts a field. JSON writes what is no UTF-8 in another way than it reads it, so
// that none may be left.
func fit(text string) string {
	if len(text) <= maxField {
		return strings.ToValidUTF8(text, "?")
	}
	return strings.ToValidUTF8(text[:maxField-len("…")], "?") + "…"
}
