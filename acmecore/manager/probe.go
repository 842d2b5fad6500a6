package manager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/acmecore/probe"
)

// maxProbes is how many names are asked for at once, whoever wants to know.
const maxProbes = 8

// CheckChallenge implements control.Operations. The probes are published where the
// challenges of an order are, and disturb none. Nothing that they find out keeps
// anybody from ordering a certificate.
func (m *Manager) CheckChallenge(ctx context.Context, request control.ChallengeRequest, progress acmecore.Progress) ([]acmecore.Reach, error) {
	return m.checkChallenge(ctx, request, nil, nil, progress)
}

// checkChallenge is CheckChallenge, but for the names that are to be asked for outside
// alone: see probe.Options. by are the ways to prove the names; nil finds them in the
// records.
func (m *Manager) checkChallenge(ctx context.Context, request control.ChallengeRequest, by waysOf, outside func(acmecore.Name) bool, progress acmecore.Progress) ([]acmecore.Reach, error) {
	lookup, err := lookupOf(request.DNS)
	if err != nil {
		return nil, err
	}
	if request.Port < 0 || request.Port > 65535 {
		return nil, invalidCheck(fmt.Errorf("port %d", request.Port), "give one from 1 to 65535")
	}
	names, err := m.namesToCheck(ctx, request.Names)
	if err != nil {
		return nil, err
	}
	if by == nil {
		by = m.recordedWays(names)
	}
	reaches, err := m.reachAll(ctx, names, by, probe.Options{
		Lookup:    lookup,
		Port:      request.Port,
		UserAgent: "wcme/" + m.version + " check; asks as a certification authority does",
		Absent:    challenge.Absent,
		Progress:  m.steps("check challenge", progress),
		Outside:   outside,
	})
	return reaches, acmecore.InterruptedOr(err, "check challenge of", string(names[0]))
}

// reachAll says of each name how it is proved, and asks for challenges of those whose
// challenges a CA would ask for on port 80.
func (m *Manager) reachAll(ctx context.Context, names []acmecore.Name, by waysOf, options probe.Options) ([]acmecore.Reach, error) {
	reaches := make([]acmecore.Reach, len(names))
	var places []int // in the list
	var asked []acmecore.Name
	for i, name := range names {
		if w := by(name); w.AsksForFiles(name) {
			places, asked = append(places, i), append(asked, name)
		} else {
			reaches[i] = w.Otherwise(name)
		}
	}
	if len(asked) == 0 {
		return reaches, nil
	}
	probed, err := m.publishAndProbe(ctx, asked, options)
	for i, reach := range probed {
		reach.Ways = by(asked[i]).List(asked[i])
		reaches[places[i]] = reach
	}
	return reaches, err
}

// publishAndProbe publishes a challenge for each name, and asks for it.
func (m *Manager) publishAndProbe(ctx context.Context, names []acmecore.Name, options probe.Options) ([]acmecore.Reach, error) {
	m.ordering.RLock() // nobody sweeps meanwhile
	defer m.ordering.RUnlock()
	challenges, release, err := m.prover.OpenFiles()
	if err != nil {
		return nil, err
	}
	defer release()
	options.Challenges = challenges
	return m.probeAll(ctx, names, probe.New(options))
}

// probeAll checks the names, some at once; the first that cannot be checked ends it.
func (m *Manager) probeAll(ctx context.Context, names []acmecore.Name, prober *probe.Prober) ([]acmecore.Reach, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reaches := make([]acmecore.Reach, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() {
			select {
			case m.probes <- struct{}{}:
				defer func() { <-m.probes }()
			case <-ctx.Done():
				return
			}
			var err error
			if reaches[i], err = prober.Check(ctx, name); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return reaches, context.Cause(ctx)
}

// namesToCheck are those asked for; without any, all that are managed. A record
// that cannot be read has none.
func (m *Manager) namesToCheck(ctx context.Context, asked []acmecore.Name) ([]acmecore.Name, error) {
	texts := make([]string, 0, len(asked))
	for _, name := range asked {
		texts = append(texts, string(name))
	}
	if len(asked) == 0 {
		certificates, err := m.List(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range certificates {
			for _, name := range c.Names {
				texts = append(texts, string(name))
			}
		}
	}
	return parseToCheck(texts)
}

func parseToCheck(texts []string) (names []acmecore.Name, err error) {
	seen := make(map[acmecore.Name]bool)
	for _, text := range texts {
		name, err := acmecore.ParseName(text)
		if err != nil {
			return nil, err
		}
		if !seen[name] {
			names = append(names, name)
		}
		seen[name] = true
	}
	switch {
	case len(names) == 0:
		return nil, invalidCheck(errors.New("no certificate is managed"), "give names, as in: wcme check challenge www.example.org")
	case len(names) > acmecore.MaxNames:
		return nil, invalidCheck(fmt.Errorf("%d names, where %d are checked at once", len(names), acmecore.MaxNames),
			"give some of the names")
	}
	return names, nil
}

func invalidCheck(cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "check challenge", Cause: cause, Hint: hint}
}

// lookupOf reads HOST:PORT, or HOST alone, of a name server; "" is the system's way.
func lookupOf(server string) (probe.Lookup, error) {
	if server == "" {
		return probe.System, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(server, "["), "]"), "53"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	_, errAddress := netip.ParseAddr(host)
	name, errName := acmecore.ParseName(host)
	if err != nil || number == 0 || errAddress != nil && (errName != nil || name.Wildcard()) {
		return nil, invalidCheck(fmt.Errorf("name server %q", acmecore.Inert(server)), "give HOST:PORT, such as 9.9.9.9:53")
	}
	return probe.NameServer(net.JoinHostPort(host, port)), nil
}
