package acmecore

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Health is how well all is, in the words and the order of monitoring systems.
type Health string

// The healths, from good to bad.
const (
	Healthy  Health = "ok"
	Warning  Health = "warning"
	Critical Health = "critical"
)

// Complaint is one thing that is not as it should be.
type Complaint struct {
	Health Health `json:"health"` // Warning or Critical
	About  Area   `json:"about"`
	Text   string `json:"text"` // what is so, inert
	Hint   string `json:"hint,omitempty"`
}

// Area is what a complaint is about, in a word.
type Area string

// The areas.
const (
	OfOverseer     Area = "overseer"
	OfCertificates Area = "certificates"
	OfChallenges   Area = "challenges"
	OfAuthorities  Area = "authorities"
	OfDisks        Area = "disks"
	OfReports      Area = "reports"
)

// Health is the worst of all complaints.
func (s Status) Health() Health {
	complaints := s.Complaints()
	if len(complaints) == 0 {
		return Healthy
	}
	return complaints[0].Health
}

// Complaints lists what is not as it should be, the worst first.
func (s Status) Complaints() []Complaint {
	var list []Complaint
	add := func(found []Complaint) { list = append(list, found...) }
	add(s.ofOverseer())
	add(s.ofCertificates())
	add(s.ofChallenges())
	add(s.ofAuthorities())
	add(s.ofDisks())
	add(s.ofReports())
	slices.SortStableFunc(list, func(a, b Complaint) int { return cmp.Compare(a.Health.rank(), b.Health.rank()) })
	return list
}

// rank is lower for what is worse.
func (h Health) rank() int {
	return slices.Index([]Health{Critical, Warning, Healthy}, h)
}

func (s Status) ofOverseer() (list []Complaint) {
	if !s.Overseer {
		text := "the overseer does not answer"
		if !s.Alive.IsZero() {
			text += "; its last sign of life was at " + s.Alive.UTC().Format(time.RFC3339)
		}
		list = append(list, Complaint{Critical, OfOverseer, text, "start it: `systemctl start wcme-overseer`, or `wcme overseer`"})
	}
	if !s.Silent.IsZero() {
		list = append(list, Complaint{Warning, OfOverseer, "the daily work has been overdue since " + s.Silent.UTC().Format(time.RFC3339),
			"log/overseer.log says what it waits for; restarting the overseer loses nothing"})
	}
	return list
}

// ofCertificates says how many are in which trouble.
func (s Status) ofCertificates() (list []Complaint) {
	add := func(health Health, n int, one, many string) {
		if n > 0 {
			list = append(list, Complaint{health, OfCertificates, Counted(n, one, many), "`wcme list` says which, and why"})
		}
	}
	add(Critical, s.States[Expired], "certificate has expired", "certificates have expired")
	add(Critical, s.States[Unusable], "certificate cannot be used", "certificates cannot be used")
	add(Critical, s.States[Missing], "certificate was never obtained, or is lost", "certificates were never obtained, or are lost")
	add(Critical, s.Services[ServiceUnseen], "certificate is not served", "certificates are not served")
	add(Warning, s.Services[ServiceUnloaded], "certificate is not loaded", "certificates are not loaded")
	add(Warning, s.Services[ServiceMissing], "certificate is not installed", "certificates are not installed")
	add(Warning, s.Concerns[ConcernFailing], "certificate was tried in vain", "certificates were tried in vain")
	add(Warning, s.Concerns[ConcernLate], "certificate should have been renewed long ago", "certificates should have been renewed long ago")
	return list
}

// maxNamed is how many names stand in one complaint.
const maxNamed = 3

func (s Status) ofChallenges() []Complaint {
	if s.Challenges.Broken == 0 {
		return nil
	}
	var names []string
	hint := ""
	for _, facts := range s.Challenges.Worst {
		if !facts.Broken.IsZero() && len(names) < maxNamed {
			names = append(names, string(facts.Name))
			hint = cmp.Or(hint, facts.Try)
		}
	}
	text := "challenges of " + strings.Join(names, ", ")
	if more := s.Challenges.Broken - len(names); more > 0 {
		text += " and " + Counted(more, "more name", "more names")
	}
	return []Complaint{{Critical, OfChallenges, text + " no longer get here: nothing can be renewed for them", cmp.Or(hint, "`wcme check challenge` says more")}}
}

// patienceWithCA is how long a CA may be away without a word: its certificates have a
// third of their lives left to be renewed in.
const patienceWithCA = 24 * time.Hour

func (s Status) ofAuthorities() (list []Complaint) {
	for _, a := range s.Authorities {
		if a.Fails() && a.Failed.Sub(a.Reached) > patienceWithCA {
			list = append(list, Complaint{Warning, OfAuthorities, "the certification authority " + a.CA + " does not answer: " + a.Problem, a.Hint})
		}
	}
	return list
}

func (s Status) ofDisks() (list []Complaint) {
	for _, d := range s.Disks {
		switch {
		case d.Problem != "":
			list = append(list, Complaint{Warning, OfDisks, strings.Join(d.Paths, ", ") + ": " + d.Problem, "is it mounted? otherwise correct the path in wcme.toml"})
		case d.Low:
			list = append(list, Complaint{Warning, OfDisks, "little space is left in " + strings.Join(d.Paths, ", ") + ": " + d.left(),
				"make room: what cannot be written is not renewed"})
		}
	}
	return list
}

// left is what is left in it, in words.
func (d Disk) left() string {
	text := grouped(d.Free/1_000_000) + " MB"
	if d.Files > 0 {
		text += ", " + grouped(d.FreeFiles) + " files"
	}
	return text
}

// patienceWithReports is how long a message may wait: mail servers let a first one wait
// for some minutes.
const patienceWithReports = time.Hour

func (s Status) ofReports() []Complaint {
	if s.Reports == 0 || s.Waiting.IsZero() || s.Now.Sub(s.Waiting) <= patienceWithReports {
		return nil
	}
	return []Complaint{{Warning, OfReports, Counted(s.Reports, "report waits", "reports wait") + " to be delivered, the first since " + s.Waiting.UTC().Format(time.RFC3339),
		"`wcme check mail`, `wcme check opcom` and `wcme check webhook` say what stands in the way"}}
}
