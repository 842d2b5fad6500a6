package acmecore

import "time"

// Details is everything that is known of one certificate, but for its keys.
type Details struct {
	Certificate Certificate `json:"certificate"`
	Subject     string      `json:"subject"` // of the current version, inert
	SHA1        string      `json:"sha1"`    // fingerprint, hexadecimal
	Chain       []Link      `json:"chain"`   // from the leaf upwards
	PEM         string      `json:"pem"`     // the same as a file has it; "" when there is none to be read
	Placed      []Placed    `json:"placed"`
	Files       []FileFacts `json:"files"` // of the targets and of ROOT/ssl
	Loads       []Loaded    `json:"loads"`
	Ports       []string    `json:"ports"`    // where it is verified, as the configuration has them
	Probe       []string    `json:"probe"`    // the addresses where it is verified; none for those that the DNS has
	Versions    []Version   `json:"versions"` // the newest first
	Runs        []RunLine   `json:"runs"`     // that treated it, the newest first, some twenty
	Searched    int         `json:"searched"` // records of runs that were looked through for these, the newest ones
	Standing    Standing    `json:"standing"`
	Budget      Budget      `json:"budget"`
	Drift       string      `json:"drift,omitempty"` // where issued, on disk and served part, a sentence; "" while they agree as far as is known
	Repair      Repair      `json:"repair,omitempty"`
	Kept        Kept        `json:"kept"`
}

// Repair is what puts a certificate right, in a word.
type Repair string

// The repairs.
const (
	RepairRenew Repair = "renew" // another one is to be obtained
	RepairLoad  Repair = "load"  // it is to be installed and loaded
)

// Kept is where wCME keeps what stays when a certificate is not managed any more.
// These are paths.
type Kept struct {
	Record   string `json:"record"`   // as it is called from then on
	Versions string `json:"versions"` // the directory of its keys and chains
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

// FileFacts are what the file system says of a file. A link is followed: they are of
// what a server reads there.
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
	Revoked     time.Time `json:"revoked,omitzero"`      // when wCME had it revoked, of Details
}

// Revocation is what is remembered of a version that its CA has revoked.
type Revocation struct {
	At     time.Time        `json:"at"` // when wCME learned it
	Reason RevocationReason `json:"reason"`
	// Listed is since when it stands on its CA's revocation list, where it was found there;
	// zero where wCME had it revoked.
	Listed time.Time `json:"listed,omitzero"`
}

// RevocationReason is why a certificate is revoked (RFC 5280 section 5.3.1).
type RevocationReason int

// The reasons that CAs take from those who hold a certificate.
const (
	RevokedUnspecified   RevocationReason = 0
	RevokedKeyCompromise RevocationReason = 1 // somebody else may have the key
	RevokedSuperseded    RevocationReason = 4 // another certificate has taken its place
	RevokedCessation     RevocationReason = 5 // the names are not in use any more
)

// RevocationReasons lists them, the default first.
func RevocationReasons() []RevocationReason {
	return []RevocationReason{RevokedUnspecified, RevokedKeyCompromise, RevokedSuperseded, RevokedCessation}
}

// String is the reason as the command line has it; "" for what is none.
func (r RevocationReason) String() string {
	switch r {
	case RevokedUnspecified:
		return "unspecified"
	case RevokedKeyCompromise:
		return "key-compromise"
	case RevokedSuperseded:
		return "superseded"
	case RevokedCessation:
		return "cessation"
	}
	return ""
}

// Budget is how much of what a CA allows is used up, by our own account of it: others
// may have asked for the same names. The limits are those of Let's Encrypt; what other
// CAs allow is not known, and 0 here.
type Budget struct {
	FailuresHour  int `json:"failures_hour"`  // refusals in the last hour, of the name that was refused most often, of
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
	Asked    []ID            `json:"asked,omitempty"` // as Run.Asked
	Outcomes map[Outcome]int `json:"outcomes"`        // how many certificates had which
	DryRun   bool            `json:"dry_run,omitempty"`
	Problem  string          `json:"problem,omitempty"`
	Treated  *Treated        `json:"treated,omitempty"` // of Details alone: what it did to that certificate
}
