package acmecore

import "time"

// Certificate is what is known of one managed certificate: facts read from its
// current version, never flags that were set.
type Certificate struct {
	ID          ID        `json:"id"`
	Names       []Name    `json:"names"`             // as managed; the first one names it
	CA          string    `json:"ca"`                // as the configuration calls it
	Key         KeyType   `json:"key,omitempty"`     // of the current version
	NotBefore   time.Time `json:"not_before"`        // zero when there is no version yet
	NotAfter    time.Time `json:"not_after"`         // likewise
	Serial      string    `json:"serial"`            // hexadecimal
	Fingerprint string    `json:"fingerprint"`       // SHA-256 of the leaf, hexadecimal
	Issuer      string    `json:"issuer"`            // common name, inert
	Version     string    `json:"version"`           // the current version; "" when there is none
	Problem     string    `json:"problem"`           // why the current version cannot be used; "" when it can
	Revoked     bool      `json:"revoked,omitempty"` // that is the problem

	// What follows is the overseer's plan and experience; a certificate that was only
	// read from its files has none of it.
	Renewal Renewal   `json:"renewal,omitzero"`
	Service Service   `json:"service,omitempty"` // how far it has come
	Trouble string    `json:"trouble,omitempty"` // why the last attempt failed, inert; "" after one that did not
	Hint    string    `json:"hint,omitempty"`    // what to try against that, or against the problem
	Next    time.Time `json:"next,omitzero"`     // when wCME will try again
	Profile string    `json:"profile,omitempty"` // of the CA, as the record has it
	Targets []string  `json:"targets,omitempty"` // that take it
	Loads   []string  `json:"loads,omitempty"`   // the load actions that follow
	Proved  time.Time `json:"proved,omitzero"`   // when visitors were last seen to be served the current version, at every place
	LastRun string    `json:"last_run,omitempty"`
	// IssuedBy is the CA of the current version, as the configuration calls it, where it
	// is another than CA.
	IssuedBy string `json:"issued_by,omitempty"`
	// Keyless says that the key of the current version is elsewhere: it was obtained by a
	// request that was made there.
	Keyless bool `json:"keyless,omitempty"`
	// Twins are the certificates with other kinds of key that stand beside it, for the same
	// names and by the same record; TwinOf is that which it stands beside itself.
	Twins  []ID `json:"twins,omitempty"`
	TwinOf ID   `json:"twin_of,omitempty"`
	// Methods are those by which the names were last proved.
	Methods map[Name]Method `json:"methods,omitempty"`
	// Limits are those of its CA that have been used, of List and Details.
	Limits []Limit `json:"limits,omitempty"`
	// Alternatives are the CAs that may take the place of the one in turn, in their
	// order, of List and Details; none where its record has a single CA.
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Alternative is a CA that a certificate is ordered from when the one before it fails
// again and again.
type Alternative struct {
	CA      string `json:"ca"`      // as the configuration calls it
	InTurn  bool   `json:"in_turn"` // the next order goes there
	Account bool   `json:"account"` // there is one
	// CAA says whether the CAA records of all names permit it, as far as that was looked
	// up: "yes", "no" or "unknown".
	CAA    string    `json:"caa"`
	Looked time.Time `json:"looked,omitzero"` // when that was
	Why    string    `json:"why,omitempty"`   // it would be passed over, inert
}

// Service is how far a certificate has come on its way to visitors, in a word.
type Service string

// The words, from good to bad.
const (
	ServiceServed    Service = "served"        // a visitor was shown it at every place
	ServiceLoaded    Service = "loaded"        // every load action has read it; nobody looked for it
	ServiceInstalled Service = "installed"     // it stands in every target, and nothing is configured that loads it
	ServiceUnseen    Service = "not served"    // it was loaded, and visitors see another one or none
	ServiceUnloaded  Service = "not loaded"    // it stands in every target, and was not loaded
	ServiceMissing   Service = "not installed" // a target lacks it
)

// State is how a certificate stands, in a word.
type State string

// The states, from good to bad.
const (
	Valid    State = "valid"
	Due      State = "due"     // a third of its life, or less, is left
	Expired  State = "expired" // its life is over
	Missing  State = "missing" // it was never obtained, or its files are gone
	Unusable State = "unusable"
)

// State tells how the certificate stands at the time now.
func (c Certificate) State(now time.Time) State {
	switch {
	case c.Problem != "":
		return Unusable
	case c.Version == "":
		return Missing
	case !now.Before(c.NotAfter):
		return Expired
	case c.NotAfter.Sub(now) <= c.margin():
		return Due
	}
	return Valid
}

// margin is how long before its end a certificate is due: a third of its life,
// half where that is shorter than ten days, so that a six-day one gets several
// tries.
func (c Certificate) margin() time.Duration {
	life := c.NotAfter.Sub(c.NotBefore)
	if life < 10*24*time.Hour {
		return life / 2
	}
	return life / 3
}

// DaysLeft is the number of whole days of 86,400 s until the certificate
// expires: 0 on its last day, negative when it has expired.
func (c Certificate) DaysLeft(now time.Time) int {
	const day = 24 * time.Hour
	left := c.NotAfter.Sub(now)
	if left < 0 {
		return int((left - day + 1) / day)
	}
	return int(left / day)
}

// Step is one thing that a run did, as it happened.
type Step struct {
	Time    time.Time `json:"time"`
	Stage   string    `json:"stage"`   // "account", "order", "authorization", "challenge", "finalize", "certificate", "store", …
	Subject string    `json:"subject"` // a host name, a URL, a file; may be empty
	Text    string    `json:"text"`    // what happened, inert
}

// Progress receives the steps of a run, in order and never concurrently.
type Progress func(Step)

// Account is an account at a certification authority, without its key.
type Account struct {
	CA        string    `json:"ca"`        // as the configuration calls it
	Directory string    `json:"directory"` // URL
	URL       string    `json:"url"`       // the account's own
	Contact   []string  `json:"contact"`   // "mailto:" URLs
	Terms     string    `json:"terms"`     // URL of the terms of service agreed to; "" where the CA has none
	Created   time.Time `json:"created"`   // when it was registered here
	// Status is what the CA has last said of it: "valid", "deactivated" or "revoked" (RFC
	// 8555 section 7.1.2); "" of one that was made before wCME kept that.
	Status string `json:"status,omitempty"`
	// Trouble is what the CA wants of somebody before it does anything for the account,
	// and since when; the zero value where it wants nothing.
	Trouble  Failure `json:"trouble,omitzero"`
	Existing bool    `json:"existing"` // the account was there before this call
}

// Authority is what a CA says of itself in its directory (RFC 8555 section 7.1.1).
type Authority struct {
	CA              string   `json:"ca"` // as the configuration calls it
	Directory       string   `json:"directory"`
	Proxy           string   `json:"proxy,omitempty"` // that leads there, without its password
	Terms           string   `json:"terms"`           // URL; "" where there are none
	Website         string   `json:"website"`
	CAA             []string `json:"caa"` // the domains it looks for in CAA records
	Profiles        []string `json:"profiles"`
	ExternalAccount bool     `json:"external_account"` // registering needs an external account binding
	// Agreed is the URL of the terms of service that the account here has agreed to; ""
	// where there is no account, or nothing was to be agreed to.
	Agreed       string `json:"agreed,omitempty"`
	Account      string `json:"account,omitempty"` // URL of the account here; "" for none
	Milliseconds int64  `json:"milliseconds"`      // until the directory was read
}
