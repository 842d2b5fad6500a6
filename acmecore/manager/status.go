package manager

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/outlook"
	"wcme/acmecore/overview"
)

// Status implements control.Administration for a manager that is no overseer's: what
// it says of the overseer is what that has left in the state directory. A Watch knows
// more.
func (m *Manager) Status(ctx context.Context, configuration bool) (acmecore.Status, error) {
	seen, err := outlook.Read(m.root)
	if err != nil {
		m.log.Warn("what was reached is not known", "error", err)
	}
	status, err := m.status(ctx, seen.Sum(m.Config().Verify.AsksForChallenges(), m.managesName(ctx)), configuration)
	if err != nil {
		return acmecore.Status{}, err
	}
	sign, err := m.challenges().Alive()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.log.Warn("the overseer's sign of life is not known", "error", err)
	}
	status.Alive, status.LastPass = sign.At, sign.Pass
	return status, nil
}

// status is what is so whether an overseer runs or not.
func (m *Manager) status(ctx context.Context, seen outlook.Sum, configuration bool) (acmecore.Status, error) {
	status := acmecore.Status{Now: m.now().UTC(), Version: m.version, Commit: builtFrom(), Go: runtime.Version(), Host: acmecore.Inert(m.host),
		Process: os.Getpid(), User: currentUser(), Root: m.root.Dir(), Disks: m.disks(), Authorities: seen.Authorities, Challenges: seen.Challenges}
	if err := m.count(ctx, &status); err != nil {
		return acmecore.Status{}, err
	}
	status.Reports, status.Waiting = m.waiting()
	status.Jobs = append([]acmecore.Job{}, m.Running()...)
	if !configuration {
		return status, nil
	}
	text, err := m.Config().Effective()
	status.Configuration = string(text)
	return status, err
}

// managesName tells whether a certificate has a name. The list is looked through once, at the
// first question; where it cannot be read, whoever counts them says so, and every name is.
func (m *Manager) managesName(ctx context.Context) func(acmecore.Name) bool {
	names := sync.OnceValue(func() map[acmecore.Name]bool {
		entries, err := m.listing.Entries(ctx)
		if err != nil {
			return nil
		}
		names := make(map[acmecore.Name]bool)
		for _, entry := range entries {
			for _, name := range entry.Names {
				names[name] = true
			}
		}
		return names
	})
	return func(name acmecore.Name) bool { return names() == nil || names()[name] }
}

// waiting is how many reports wait to be delivered, and since when the first of them
// does. Their names begin with the time, and come in that order.
func (m *Manager) waiting() (count int, since time.Time) {
	names, err := m.root.Spool().List()
	if err != nil {
		m.log.Warn("reports that wait are not counted", "error", err)
	}
	for _, name := range names {
		made, _, _ := strings.Cut(name, "-")
		if at, err := time.Parse("20060102T150405", made); err == nil {
			return len(names), at
		}
	}
	return len(names), time.Time{}
}

// count tells how all certificates stand. The first page of the list is the one with
// the certificate that ends first.
func (m *Manager) count(ctx context.Context, status *acmecore.Status) error {
	entries, err := m.listing.Entries(ctx)
	if err != nil {
		return acmecore.InterruptedOr(err, "list", "certificates")
	}
	all := overview.Of(entries, acmecore.Query{Sort: acmecore.ByExpiry, Page: 1, Size: 1}, status.Now)
	status.Managed, status.States, status.Services, status.Attentive = all.Total, all.States, all.Services, all.Attentive
	for _, c := range all.Certificates {
		status.Soonest = c.NotAfter
	}
	status.Concerns = make(map[acmecore.Concern]int)
	for _, entry := range entries {
		if concern := entry.Concern(status.Now); concern != "" {
			status.Concerns[concern]++
		}
	}
	status.Attention = []acmecore.Attentive{}
	for _, c := range all.Attention {
		status.Attention = append(status.Attention, attentive(c, status))
	}
	return nil
}

func attentive(c acmecore.Certificate, status *acmecore.Status) acmecore.Attentive {
	few := acmecore.Attentive{ID: c.ID, State: c.State(status.Now), Service: c.Service, NotAfter: c.NotAfter, Trouble: c.Trouble, Hint: c.Hint}
	if few.Trouble == "" {
		few.Trouble = c.Problem
	}
	if len(c.Names) > 0 {
		few.Name = c.Names[0]
	}
	return few
}

// builtFrom is the commit that `go build` has noted; "" where it has none.
func builtFrom() string {
	info, found := debug.ReadBuildInfo()
	if !found {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

// currentUser is whom this process runs as, by name where it has one.
func currentUser() string {
	number := strconv.Itoa(os.Geteuid())
	if known, err := user.LookupId(number); err == nil {
		return acmecore.Inert(known.Username)
	}
	return number
}
