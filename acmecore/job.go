package acmecore

import "time"

// Job is work that somebody has begun on a page, and that goes on without them.
type Job struct {
	ID      string    `json:"id"`      // letters and digits
	Kind    string    `json:"kind"`    // a control.Deed: "certify", "check load"
	Subject string    `json:"subject"` // the certificate, the action, the CA; may be empty
	By      string    `json:"by"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`    // zero while it goes on
	Steps   []Step    `json:"steps"`             // from the one that was asked for on
	Count   int       `json:"count"`             // of all steps so far
	Left    int       `json:"left,omitempty"`    // of these, how many in the middle are not kept
	Problem string    `json:"problem,omitempty"` // why it failed, inert; "" when it did not
	Hint    string    `json:"hint,omitempty"`
	Error   Kind      `json:"error,omitempty"` // the problem's
	Result  JobResult `json:"result,omitzero"`
}

// JobResult is what came of a job: one of them, as its kind has it.
type JobResult struct {
	Certificate *Certificate `json:"certificate,omitempty"`
	Run         *Run         `json:"run,omitempty"`
	Authority   *Authority   `json:"authority,omitempty"`
	Reaches     []Reach      `json:"reaches,omitempty"`
	Presences   []Presence   `json:"presences,omitempty"`
	Loads       []LoadResult `json:"loads,omitempty"`
	Rehearsal   *Rehearsal   `json:"rehearsal,omitempty"`
	// More is how many further certificates, names or actions there are than are in
	// it: of thousands, those that something is wrong with come first.
	More int `json:"more,omitempty"`
}

// Rehearsal is what would happen, were a certificate ordered now.
type Rehearsal struct {
	ID       ID          `json:"id"`
	Names    []Name      `json:"names"`
	CA       string      `json:"ca"`
	Profile  string      `json:"profile,omitempty"`
	Key      KeyType     `json:"key"`
	Install  []string    `json:"install"` // targets
	Load     []string    `json:"load"`    // load actions
	Asked    Asked       `json:"asked"`
	Exists   bool        `json:"exists"`  // a certificate of this ID is managed already
	Changes  bool        `json:"changes"` // its record would be another one
	Kept     bool        `json:"kept"`    // the certificate that is there serves well: it would be kept, and none ordered
	Findings []Rehearsed `json:"findings"`
	Ready    bool        `json:"ready"` // nothing was found that would make the CA refuse
}

// Rehearsed is one thing that a rehearsal looked at.
type Rehearsed struct {
	Subject string `json:"subject"`           // a name, the CA, a target
	What    string `json:"what"`              // "challenge path", "CAA", "limits", "certification authority", "targets"
	Wrong   bool   `json:"wrong"`             // a CA would refuse it, or the order would fail
	Unknown bool   `json:"unknown,omitempty"` // it could not be found out, and may be either
	Text    string `json:"text"`              // what is so, inert
	Try     string `json:"try,omitempty"`
}

// Choices are what a certificate can be ordered with, each by its name.
type Choices struct {
	CA      string    `json:"ca"`   // the configured one: a name, or the URL of a directory
	CAs     []string  `json:"cas"`  // that have names, the configured one first
	Keys    []KeyType `json:"keys"` // likewise
	Install []string  `json:"install"`
	Load    []string  `json:"load"`
	Reports []string  `json:"reports"` // the ways of reporting that are configured: "mail", "opcom", "webhook"
	// Profiles are those that the CAs of these names had when they were last asked; a CA
	// that was not asked has none here.
	Profiles map[string][]string `json:"profiles,omitempty"`
}

// Asked is what whoever ordered a certificate has chosen, as against what was left open.
type Asked struct {
	CA      string   `json:"ca,omitempty"`      // "" left it open
	Key     KeyType  `json:"key,omitempty"`     // likewise
	Profile string   `json:"profile,omitempty"` // likewise
	Install []string `json:"install"`           // targets; nil left them open, and empty is none
	Load    []string `json:"load"`              // load actions; likewise
}
