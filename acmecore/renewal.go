package acmecore

import "time"

// RenewalInfo is what a CA said about when to renew one certificate (RFC 9773),
// and when it may be asked again.
type RenewalInfo struct {
	Fingerprint string    `json:"fingerprint"` // of the certificate that it is about
	Start       time.Time `json:"start"`       // of the window; zero while the CA has said nothing usable
	End         time.Time `json:"end"`
	Explanation string    `json:"explanation,omitempty"` // URL, inert; "" where the CA gives no reason
	Asked       time.Time `json:"asked"`                 // when the CA was last asked
	Next        time.Time `json:"next"`                  // not to be asked before
	Failures    int       `json:"failures,omitempty"`    // answers in a row that were of no use
	Problem     string    `json:"problem,omitempty"`     // of the last one, inert
	Followed    bool      `json:"followed,omitempty"`    // the certificate before had a window too
}

// Reason is why a certificate is renewed when it is, in a word.
type Reason string

// The reasons.
const (
	BecauseMissing  Reason = "missing"  // it was never obtained, or its files are gone
	BecauseUnusable Reason = "unusable" // its files cannot be used, or names were added to its record
	BecauseWindow   Reason = "window"   // its CA asks for it then
	BecauseThird    Reason = "third"    // a third of its life is left then
	BecauseHalf     Reason = "half"     // half of its life, which is shorter than ten days
	BecauseBefore   Reason = "before"   // [renew] before says so
	BecauseAsked    Reason = "asked"    // somebody asked for it
	BecauseLacking  Reason = "lacking"  // nothing is to be obtained, but the way to visitors is incomplete
)

// Renewal is when a certificate will be renewed, and why then.
type Renewal struct {
	At          time.Time `json:"at"`
	Reason      Reason    `json:"reason"`
	Text        string    `json:"text"`                  // the reason in a sentence
	Explanation string    `json:"explanation,omitempty"` // URL that the CA gave with its window, inert
}

// Failure is one attempt that came to nothing.
type Failure struct {
	At      time.Time `json:"at"`
	Kind    Kind      `json:"kind"`
	Cause   string    `json:"cause"` // inert
	Hint    string    `json:"hint,omitempty"`
	Until   time.Time `json:"until,omitzero"`    // the CA asks not to try before
	Refused []Name    `json:"refused,omitempty"` // the names that the CA could not validate
	// Methods are those by which the CA tried to, where that is known.
	Methods map[Name]Method `json:"methods,omitempty"`
	// Type is that of the CA's error, as in Explanation; "" where there was none.
	Type string `json:"type,omitempty"`
	CA   string `json:"ca,omitempty"` // that was asked, as the configuration calls it
	// AtFault says that it was the CA's doing, or is between it and us alone: another one
	// may do it.
	AtFault bool `json:"at_fault,omitempty"`
}

// Standing is what is remembered of a certificate from one pass to the next, and
// cannot be read from its files.
type Standing struct {
	RenewalInfo RenewalInfo `json:"renewal_info,omitzero"`
	// Attempted is when it was last begun to obtain it.
	Attempted time.Time `json:"attempted,omitzero"`
	// Failures are the attempts to obtain it since the last one that succeeded, the
	// oldest first; of many the first and the last ones.
	Failures []Failure `json:"failures,omitempty"`
	// Loaded maps each load action to the fingerprint of the certificate that it
	// last loaded without an error.
	Loaded map[string]string `json:"loaded,omitempty"`
	// Unserved are the attempts to install, load and verify the current version
	// that came to nothing, the oldest first.
	Unserved []Failure `json:"unserved,omitempty"`
	// Served are the last proofs, one for each name, address and port.
	Served []Proof `json:"served,omitempty"`
	// Seen is the fingerprint of the certificate that was last met wherever visitors
	// were looked for; "" since it was not.
	Seen string `json:"seen,omitempty"`
	// Told is the fingerprint of the certificate that the administrator was last told
	// to be in service.
	Told string `json:"told,omitempty"`
	// Proved are the methods by which names were last proved, and Balked those that have
	// failed for a name since.
	Proved map[Name]Method   `json:"proved,omitempty"`
	Balked map[Name][]Method `json:"balked,omitempty"`
	// LastRun is the run that last did something to the certificate.
	LastRun string `json:"last_run,omitempty"`
}

// ProvedBy are the methods by which those names were last proved; nil for none.
func (s Standing) ProvedBy(names []Name) map[Name]Method {
	var list map[Name]Method
	for _, name := range names {
		if method := s.Proved[name]; method != "" {
			if list == nil {
				list = make(map[Name]Method)
			}
			list[name] = method
		}
	}
	return list
}
