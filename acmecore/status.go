package acmecore

import "time"

// Status is how the overseer is, and what it sees around it.
type Status struct {
	Now     time.Time `json:"now"`
	Version string    `json:"version"`
	Commit  string    `json:"commit,omitempty"`
	Go      string    `json:"go"`
	Host    string    `json:"host"`
	Process int       `json:"process"`
	User    string    `json:"user"` // whom it runs as
	Root    string    `json:"root"` // the state directory

	// Overseer says that an overseer tells this. Otherwise it was read from the state
	// directory, in which the last overseer has left its sign of life.
	Overseer bool      `json:"overseer"`
	Since    time.Time `json:"since,omitzero"` // the overseer's start
	Alive    time.Time `json:"alive,omitzero"` // its last sign of life
	LastPass time.Time `json:"last_pass,omitzero"`
	LastRun  string    `json:"last_run,omitempty"` // the run of the last pass, where it has a record
	NextPass time.Time `json:"next_pass,omitzero"`
	Silent   time.Time `json:"silent,omitzero"` // since when the daily work has been overdue

	Managed   int             `json:"managed"`
	States    map[State]int   `json:"states"`
	Services  map[Service]int `json:"services"`
	Concerns  map[Concern]int `json:"concerns"`  // why certificates need attention
	Attentive int             `json:"attentive"` // certificates that do
	Attention []Attentive     `json:"attention"` // the first few of them, the worst first
	Soonest   time.Time       `json:"soonest,omitzero"`
	Reports   int             `json:"reports"`          // messages that wait to be delivered
	Waiting   time.Time       `json:"waiting,omitzero"` // since when the first of them does
	Jobs      []Job           `json:"jobs"`             // that somebody has begun on a page, and that go on

	Authorities []AuthorityStatus `json:"authorities"` // that are in use, by name
	Challenges  ChallengeStatus   `json:"challenges"`
	Disks       []Disk            `json:"disks"`
	// Configuration is the one in force as TOML, secrets hidden; "" for those who may
	// not see it.
	Configuration string `json:"configuration,omitempty"`
}

// MetricsType is the media type of metrics: the text format of Prometheus.
const MetricsType = "text/plain; version=0.0.4; charset=utf-8"

// Attentive is a certificate that needs attention, in few words. The texts are inert.
type Attentive struct {
	ID       ID        `json:"id"`
	Name     Name      `json:"name,omitempty"` // "" where its record cannot be read
	State    State     `json:"state"`
	Service  Service   `json:"service,omitempty"`
	NotAfter time.Time `json:"not_after,omitzero"`
	Trouble  string    `json:"trouble,omitempty"`
	Hint     string    `json:"hint,omitempty"`
}

// AuthorityStatus is how a certification authority could be reached.
type AuthorityStatus struct {
	CA           string    `json:"ca"`                // as the configuration calls it
	Reached      time.Time `json:"reached,omitzero"`  // when it last answered as it should, whatever it was asked for
	Milliseconds int64     `json:"milliseconds"`      // that its directory took when it was last read; 0 where that is not known
	Failed       time.Time `json:"failed,omitzero"`   // when it last did not
	Problem      string    `json:"problem,omitempty"` // why it did not, inert
	Hint         string    `json:"hint,omitempty"`    // what to try
}

// Fails tells whether it did not answer when it was last asked.
func (a AuthorityStatus) Fails() bool { return a.Failed.After(a.Reached) }

// Disk is a file system that wCME writes to.
type Disk struct {
	Paths     []string `json:"paths"` // of the directories in it
	Free      uint64   `json:"free"`  // bytes, for users without privileges
	Size      uint64   `json:"size"`  // bytes
	FreeFiles uint64   `json:"free_files"`
	Files     uint64   `json:"files"`             // 0 where there is no limit to them
	Low       bool     `json:"low"`               // less than a twentieth is left, or than 100 MB
	Problem   string   `json:"problem,omitempty"` // why nothing is known of it; the paths are not said again
}

// ChallengeStatus is what came of asking for challenges of our own through each
// managed name.
type ChallengeStatus struct {
	Off      bool             `json:"off"`             // nobody asks: [verify] challenge = false
	Looked   time.Time        `json:"looked,omitzero"` // when all names were last asked for
	Names    int              `json:"names"`           // that are asked for
	Answered int              `json:"answered"`        // rightly, of these
	Broken   int              `json:"broken"`          // that once did
	Worst    []ChallengeFacts `json:"worst"`           // the first of those that are not answered rightly, the broken ones first
}

// ChallengeFacts is how the challenges of one name fared. The texts are inert.
type ChallengeFacts struct {
	Name     Name      `json:"name"`
	At       time.Time `json:"at"`
	Answered time.Time `json:"answered,omitzero"` // when it was last answered rightly
	// Broken is since when something else than the right answer comes back by a way that
	// once led here; zero where it is not so. A host that finds no way to its own
	// address says nothing of how the Internet sees it, and breaks nothing.
	Broken  time.Time `json:"broken,omitzero"`
	Verdict Verdict   `json:"verdict,omitempty"`
	Text    string    `json:"text,omitempty"` // what came back instead
	Try     string    `json:"try,omitempty"`
}
