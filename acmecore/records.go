package acmecore

import "time"

// LogQuery is what of the overseer's log is wanted: the newest lines that fit.
type LogQuery struct {
	Certificate ID            `json:"certificate,omitempty"`
	Level       string        `json:"level,omitempty"` // "debug", "info", "warn", "error": that one and above; "" for all
	Words       string        `json:"words,omitempty"` // each must occur in the line, in whatever case
	From        time.Time     `json:"from,omitzero"`
	To          time.Time     `json:"to,omitzero"`
	File        int           `json:"file,omitempty"`   // 0 the newest, 1 the one before it
	Before      string        `json:"before,omitempty"` // Older of the page before
	After       string        `json:"after,omitempty"`  // Newer of an earlier answer: only what has come since
	Wait        time.Duration `json:"wait,omitempty"`   // with After: wait so long for a line to come, in ns
	Limit       int           `json:"limit,omitempty"`  // lines; 0 is 100, at most 1000
	// Raw asks for a file as it stands, from its beginning or from After on: Text and
	// Newer are answered then, and of this query only File and After count.
	Raw bool `json:"raw,omitempty"`
}

// LogPage is an answer to a LogQuery.
type LogPage struct {
	Lines []LogLine `json:"lines"`           // the newest first
	Files []LogFile `json:"files"`           // the newest first
	Older string    `json:"older,omitempty"` // where the next page begins; "" when there is none
	Newer string    `json:"newer"`           // where what comes from now on begins
	// Reached is how far back was looked, where that ended before enough lines were
	// found: the search goes on at Older.
	Reached time.Time `json:"reached,omitzero"`
	Text    string    `json:"text,omitempty"` // of a raw query: whole lines, at most 1 MiB; "" at the end of the file
}

// LogLine is a line of the log. All texts are inert.
type LogLine struct {
	Time    time.Time `json:"time,omitzero"` // zero where the line is none that wCME writes
	Level   string    `json:"level"`         // "" likewise: the message is the line as it stands there
	Message string    `json:"message"`
	Attrs   []Attr    `json:"attrs"`
}

// Attr is an attribute of a LogLine.
type Attr struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// LogFile is one file of the log.
type LogFile struct {
	Name  string    `json:"name"`
	Bytes int64     `json:"bytes"`
	Ended time.Time `json:"ended"` // when it was last written to
}

// RunQuery is which runs are wanted.
type RunQuery struct {
	Certificate ID     `json:"certificate,omitempty"`
	Before      string `json:"before,omitempty"` // a run: only older ones
	Limit       int    `json:"limit,omitempty"`  // 0 is 50, at most 200
}

// RunList is an answer to a RunQuery.
type RunList struct {
	Runs  []RunLine `json:"runs"`            // the newest first
	Older string    `json:"older,omitempty"` // Before of the next page; "" when there is none. It may come with few runs or none: the search goes on there
}

// AuditQuery is what of the audit trail is wanted.
type AuditQuery struct {
	Words  string `json:"words,omitempty"`  // each must occur in the entry, in whatever case
	Before uint64 `json:"before,omitempty"` // only entries with a lower number; 0 is all
	Limit  int    `json:"limit,omitempty"`  // 0 is 100, at most 500
}

// AuditPage is an answer to an AuditQuery.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`          // the newest first
	Older   uint64       `json:"older,omitempty"`  // Before of the next page; 0 when there is none
	Whole   bool         `json:"whole"`            // the chain is unbroken from the first entry to the last
	Broken  string       `json:"broken,omitempty"` // where and how it is not, a sentence
	Total   int          `json:"total"`            // entries in the trail; as far as can be read, where it is broken
	// Looked says that the search has ended before enough entries were found: it goes on
	// at Older.
	Looked bool `json:"looked,omitempty"`
}

// AuditEntry is one entry of the audit trail. All texts are inert.
type AuditEntry struct {
	Number  uint64    `json:"number"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`
	What    string    `json:"what"`
	Subject string    `json:"subject,omitempty"`
	Before  string    `json:"before,omitempty"`
	After   string    `json:"after,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
}
