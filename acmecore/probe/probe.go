// Package probe asks for a challenge as a certification authority would, and says
// what is wrong where the answer is.
//
// New makes a Prober, whose Check publishes a challenge of its own for one name,
// asks for it at each of the name's addresses, and withdraws it. What it finds, it
// reports while it goes and returns at the end: facts, a verdict, a cause and what
// to try. It never judges whether a certificate may be ordered: from where it
// stands, the Internet may look otherwise.
//
// The rules are those of Let's Encrypt's validation (RFC 8555 section 8.3, and the
// limits of its Boulder): port 80; redirects by 301, 302, 307 and 308 only, at most
// ten, to http and https on ports 80 and 443, none twice; a path of at most 2000
// bytes; certificates are not verified on the way; the last status is 200, and the
// body, of less than 128 bytes, is the key authorization, white space at its end
// aside. A CA takes one address, IPv6 first; Check takes each one, and stays at it
// while redirects stay at the name.
package probe

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"wcme/acmecore"
)

// The limits of a check.
const (
	nameTime     = 60 * time.Second // for all addresses of a name
	maxAddresses = 16               // that are asked, of a name
	patience     = 10 * time.Second // for a connection, for TLS, for an answer
	httpPort     = 80
)

// Challenges makes challenges answerable to the world.
type Challenges interface {
	// Publish returns nil when the challenge can be answered.
	Publish(token acmecore.Token, authorization string) error
	// Withdraw removes it; that there is none is no error.
	Withdraw(token acmecore.Token) error
}

// Options say how a Prober asks.
type Options struct {
	Challenges Challenges
	Lookup     Lookup            // nil is the system's
	Port       int               // asked in place of 80, and allowed in redirects; 0 is 80
	UserAgent  string            // of each request
	Absent     string            // what wCME answers to a challenge that is not pending
	Progress   acmecore.Progress // gets a step for each finding; may be nil
	Patience   time.Duration     // for a connection, for TLS, for an answer; 0 is 10 s
	// Outside tells of which names only those addresses are asked that the Internet can
	// know, so that nobody has this host ask around in its own networks by choosing names;
	// nil is none of them.
	Outside func(acmecore.Name) bool
}

// Prober checks names, several at once if need be.
type Prober struct {
	Options
	mu sync.Mutex // held while Progress runs
}

// New returns a Prober.
func New(o Options) *Prober {
	if o.Lookup == nil {
		o.Lookup = System
	}
	if o.Port == 0 {
		o.Port = httpPort
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	return &Prober{Options: o}
}

// Check asks for a challenge of the name. An error means that nothing is known:
// the challenge could not be published or withdrawn, or the context has ended.
func (p *Prober) Check(ctx context.Context, name acmecore.Name) (reach acmecore.Reach, err error) {
	limited, cancel := context.WithTimeout(ctx, nameTime)
	defer cancel()
	reach = acmecore.Reach{Name: name, Visits: []acmecore.Visit{}, Findings: []acmecore.Finding{}}
	addresses, err := p.addressesOf(limited, name)
	if ctx.Err() != nil {
		return reach, ctx.Err()
	}
	if err != nil || len(addresses) == 0 {
		p.add(&reach.Findings, name, "", unresolved(err))
		return reach, nil
	}
	if p.Outside != nil && p.Outside(name) {
		if addresses = p.outside(&reach, addresses); len(addresses) == 0 {
			return reach, nil
		}
	}
	if len(addresses) > maxAddresses {
		p.add(&reach.Findings, name, "", tooMany(len(addresses)))
		addresses = addresses[:maxAddresses]
	}
	token, authorization := invent()
	defer func() { err = errors.Join(err, p.Challenges.Withdraw(token)) }()
	if err := p.Challenges.Publish(token, authorization); err != nil {
		return reach, err
	}
	reach.Path = challengePath + string(token)
	reach.Visits = p.visitAll(limited, name, addresses, authorization)
	if ctx.Err() != nil {
		return reach, ctx.Err()
	}
	p.conclude(&reach)
	return reach, nil
}

// addressesOf returns the addresses of a name; an address is its own.
func (p *Prober) addressesOf(ctx context.Context, name acmecore.Name) ([]netip.Addr, error) {
	if address := name.Address(); address.IsValid() {
		return []netip.Addr{address}, nil
	}
	return p.Lookup(ctx, string(name))
}

// outside leaves out addresses that the Internet cannot know, and says so.
func (p *Prober) outside(reach *acmecore.Reach, addresses []netip.Addr) (public []netip.Addr) {
	var others []netip.Addr
	for _, address := range addresses {
		if isPublic(address) {
			public = append(public, address)
		} else {
			others = append(others, address)
		}
	}
	if len(others) > 0 {
		p.add(&reach.Findings, reach.Name, "", unasked(reach.Name, others))
	}
	return public
}

// challengePath is where challenges stand (RFC 8555 section 8.3).
const challengePath = "/.well-known/acme-challenge/"

// invent returns a token that nobody can guess, and a key authorization of no
// account's.
func invent() (acmecore.Token, string) {
	token := acmecore.ProbePrefix + random()
	return acmecore.Token(token), token + "." + random()
}

// random is 256 bits in base64url, as a thumbprint is.
func random() string {
	var bits [32]byte
	rand.Read(bits[:]) // never fails, by its documentation
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// visitAll asks at all addresses at once: one that does not answer holds no other up.
func (p *Prober) visitAll(ctx context.Context, name acmecore.Name, addresses []netip.Addr, authorization string) []acmecore.Visit {
	visits := make([]acmecore.Visit, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() {
			v := &visit{Prober: p, name: name, address: address, authorization: authorization, public: isPublic(address),
				facts: acmecore.Visit{Address: address.String(), Hops: []acmecore.Hop{}, Findings: []acmecore.Finding{}}}
			v.run(ctx)
			visits[i] = v.facts
		})
	}
	all.Wait()
	return visits
}

// conclude says of the name what no single address tells.
func (p *Prober) conclude(reach *acmecore.Reach) {
	var silent []string
	for _, visit := range reach.Visits {
		if !visit.Answered {
			silent = append(silent, visit.Address)
		}
	}
	if len(silent) > 0 && len(silent) < len(reach.Visits) {
		p.add(&reach.Findings, reach.Name, "", partly(silent, len(reach.Visits)))
	}
	isWrong := func(f acmecore.Finding) bool { return f.Wrong }
	reach.Answered = len(silent) == 0 && !slices.ContainsFunc(reach.Findings, isWrong)
}

// add keeps a finding and reports it.
func (p *Prober) add(findings *[]acmecore.Finding, name acmecore.Name, address string, f acmecore.Finding) {
	*findings = append(*findings, f)
	if p.Progress == nil {
		return
	}
	text := f.Text
	if address != "" {
		text = fmt.Sprintf("%s: %s", address, text)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Progress(acmecore.Step{Time: time.Now(), Stage: "check", Subject: string(name), Text: text})
}
