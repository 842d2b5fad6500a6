package acmecore

import "time"

// Details is everything that is known of one certificate.
type Details struct {
	Certificate Certificate `json:"certificate"`
	Subject     string      `json:"subject"` // of the current version, inert
	SHA1        string      `json:"sha1"`    // fingerprint, hexadecimal
	Chain       []Link      `json:"chain"`   // from the leaf upwards
	Placed      []Placed    `json:"placed"`
	Files       []FileFacts `json:"files"` // of the targets and of ROOT/ssl
	Loads       []Loaded    `json:"loads"`
	Ports       []string    `json:"ports"`    // where it is verified, as the configuration has them
	Versions    []Version   `json:"versions"` // the newest first
	Runs        []RunLine   `json:"runs"`     // the newest first, some twenty
	Standing    Standing    `json:"standing"`
	Budget      Budget      `json:"budget"`
	Drift       string      `json:"drift,omitempty"` // where issued, on disk and served part, a sentence; "" while they agree as far as is known
}

// Link is one certificate of a chain. All texts are inert.
type Link struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Serial    string    `json:"serial"` // hexadecimal
	SHA256    string    `json:"sha256"` // fingerprint, hexadecimal
	Key       string    `json:"key"`    // "EC 256", "RSA 2048"
	Signature string    `json:"signature"`
}

// FileFacts are what the file system says of a file.
type FileFacts struct {
	Target  string    `json:"target"` // "" for ROOT/ssl
	Path    string    `json:"path"`
	Owner   string    `json:"owner"` // "root:ssl-cert"
	Mode    string    `json:"mode"`  // "0640"
	Changed time.Time `json:"changed,omitzero"`
	Problem string    `json:"problem,omitempty"`
}

// Loaded is how a load action stands to the current version.
type Loaded struct {
	Action  string `json:"action"`
	Current bool   `json:"current"` // it has loaded the current version without an error
}

// Version is a version of a certificate that is kept.
type Version struct {
	Name        string    `json:"name"`
	Current     bool      `json:"current"`
	NotBefore   time.Time `json:"not_before,omitzero"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Serial      string    `json:"serial,omitempty"`      // hexadecimal
	Fingerprint string    `json:"fingerprint,omitempty"` // SHA-256 of the leaf, hexadecimal
	Problem     string    `json:"problem,omitempty"`     // why it cannot be used, inert; "" when it can
}

// Budget is how much of what a CA allows is used up, by our own account of it.
type Budget struct {
	FailuresHour  int `json:"failures_hour"`  // refusals in the last hour, of
	FailuresLimit int `json:"failures_limit"` // a name
	Issued7Days   int `json:"issued_7_days"`  // certificates with these very names in the last seven days, of
	Issued7Limit  int `json:"issued_7_limit"`
}

// RunLine is a run in one line.
type RunLine struct {
	ID       string          `json:"id"`
	Trigger  string          `json:"trigger"`
	By       string          `json:"by,omitempty"`
	Began    time.Time       `json:"began"`
	Ended    time.Time       `json:"ended"`
	Managed  int             `json:"managed"`
	Outcomes map[Outcome]int `json:"outcomes"` // how many certificates had which
	DryRun   bool            `json:"dry_run,omitempty"`
	Problem  string          `json:"problem,omitempty"`
}
