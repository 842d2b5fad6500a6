package acmecore

import "time"

// Outcome is what became of a certificate, or of a stage, in a run.
type Outcome string

// The outcomes.
const (
	Planned   Outcome = "planned"    // would be done: of a dry run
	Postponed Outcome = "postponed"  // is to be done, but not yet
	Renewed   Outcome = "renewed"    // obtained, and in service as far as that is configured
	Repaired  Outcome = "repaired"   // files, load or proof were put right; nothing was obtained
	NotServed Outcome = "not served" // obtained and installed, and not seen by a visitor, or not loaded
	Failed    Outcome = "failed"     // not obtained, or not installed
)

// Stage is one stage of a run for one certificate: "order", "install", "load",
// "verify", "put back".
type Stage struct {
	Stage   string    `json:"stage"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Text    string    `json:"text,omitempty"`    // what came of it, inert
	Problem string    `json:"problem,omitempty"` // why it failed, inert; "" when it did not
	Hint    string    `json:"hint,omitempty"`
	Kind    Kind      `json:"kind,omitempty"` // of the problem
}

// Treated is what a run did to one certificate, and why.
type Treated struct {
	ID        ID        `json:"id"`
	Names     []Name    `json:"names"`
	State     State     `json:"state"`  // as it was found
	Reason    Reason    `json:"reason"` // why something was to be done
	Text      string    `json:"text"`   // the same in a sentence
	Outcome   Outcome   `json:"outcome"`
	NotBefore time.Time `json:"not_before,omitzero"` // of the version that is current afterwards
	NotAfter  time.Time `json:"not_after,omitzero"`
	Serial    string    `json:"serial,omitempty"`
	Version   string    `json:"version,omitempty"`
	Stages    []Stage   `json:"stages"`
	Files     []string  `json:"files,omitempty"` // that were changed, in targets
	Problem   string    `json:"problem,omitempty"`
	Hint      string    `json:"hint,omitempty"`
	Next      time.Time `json:"next,omitzero"` // when it is tried again, or renewed
}

// Command is one command that a load action ran.
type Command struct {
	Args    []string  `json:"args"` // inert
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	Status  int       `json:"status"`            // exit status; -1 where there is none
	Output  string    `json:"output"`            // standard output and error, capped, inert but for line ends
	Problem string    `json:"problem,omitempty"` // why it counts as failed; "" when it does not
}

// LoadResult is what became of one load action.
type LoadResult struct {
	Action   string    `json:"action"` // as the configuration calls it
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Commands []Command `json:"commands"`
	Problem  string    `json:"problem,omitempty"` // "" when the action succeeded
	Hint     string    `json:"hint,omitempty"`
}

// Run is the record of one run: a pass of the overseer, or what somebody asked for.
type Run struct {
	ID           string       `json:"id"`      // time of its beginning and a number, as a file can be called
	Trigger      string       `json:"trigger"` // "schedule", "manage", "certify", "restore", "run the load", "check load"
	By           string       `json:"by"`      // who asked: "uid 0", a signed-in user; "" for the schedule
	Began        time.Time    `json:"began"`
	Ended        time.Time    `json:"ended"`
	DryRun       bool         `json:"dry_run,omitempty"`
	Managed      int          `json:"managed"` // certificates looked at
	Certificates []Treated    `json:"certificates"`
	Loads        []LoadResult `json:"loads,omitempty"`
	Problem      string       `json:"problem,omitempty"` // why the run as a whole came to an early end
}

// Count returns how many certificates had the outcome.
func (r *Run) Count(outcome Outcome) (n int) {
	for _, treated := range r.Certificates {
		if treated.Outcome == outcome {
			n++
		}
	}
	return n
}

// maxAsked is how many certificates Asked names.
const maxAsked = 100

// Asked are the certificates, a hundred at most, that the run was to obtain because
// somebody asked for that, due or not; none where it had anything else to do.
func (r Run) Asked() (ids []ID) {
	for _, treated := range r.Certificates {
		if treated.Reason != BecauseAsked {
			return nil
		}
		if len(ids) < maxAsked {
			ids = append(ids, treated.ID)
		}
	}
	return ids
}
