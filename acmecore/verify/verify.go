// Package verify looks at certificates from where a visitor stands: "renewed"
// means "served".
//
// A Verifier's Verify asks each place where a certificate should be met, after a
// load, until all serve it or its patience is over; Look asks each place once. A
// place is a name × an address × a port: the addresses that the name has, those of
// IPv4 and of IPv6 alike, or the ones that were configured in their stead. At each
// there is a TLS handshake with the name as server name, on mail ports after
// STARTTLS, and what counts is the certificate that comes first, compared by its
// SHA-256 fingerprint. It counts only when its key has signed the handshake:
// certificates are public, and a server may have one beside the wrong key. Whether
// the certificate is trusted is not asked: to obtain it was the order's business.
//
// A server may hold two certificates for a name, of an RSA and of another key:
// where it presents another one than was looked for, it is asked once more by a
// visitor who takes only the other kind of key. That needs TLS 1.2: at a server with
// two that speaks TLS 1.3 alone, only the one is seen that it gives to Go programs. That
// one counts where Places knows it for the twin of the one that was looked for.
//
// A wildcard is never asked for by visitors, but hosts below it are. For
// *.example.org, wcme-probe.example.org is asked, wherever that has an address or
// addresses were configured; where not, there is no proof and no error, and a step says
// so. An IP address is asked itself, without a server name, which TLS has for host names
// alone (RFC 6066 section 3).
//
// What answers is not trusted: each try has its time, what is read is bounded, and
// what is said of it is inert.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"wcme/acmecore"
)

// The limits of looking.
const (
	patience    = 30 * time.Second       // of Verify, where none is set
	firstWait   = 200 * time.Millisecond // before the second try; doubled for each further one
	longestWait = 5 * time.Second
	tryTime     = 10 * time.Second // for one try: connection, STARTTLS, handshakes
	allTime     = 5 * time.Minute  // beyond the patience, for the first tries of many places that do not answer
	atOnce      = 16               // tries that are under way together
	maxPlaces   = 1000             // that are asked
)

// Verifier looks at servers. The zero value is ready for use.
type Verifier struct {
	// Lookup finds the addresses of a host; nil asks as the programs of this host
	// do, to whom /etc/hosts counts too. Its error is a *net.DNSError.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Dial connects; nil is a net.Dialer's. The network is "tcp"; it is "udp", by
	// which nothing is sent, to learn whether this host has a way to an address
	// that "tcp" did not reach.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Patience is how long Verify asks again; 0 is 30 s.
	Patience time.Duration
}

// Endpoints says where Look and Verify would look, name by name, and has a proof
// for each name without an address.
func (v *Verifier) Endpoints(ctx context.Context, places Places) ([]acmecore.Endpoint, []acmecore.Proof) {
	return v.begin("", 0, nil).endpoints(ctx, places)
}

// Look asks each place once, and returns a proof for each: those that could be
// asked name by name, then those that could not. With a fingerprint (SHA-256,
// hexadecimal) the answer Serves means that certificate; with "" there is no
// judgement: every certificate is ServesOther, without a Problem.
func (v *Verifier) Look(ctx context.Context, places Places, fingerprint string) []acmecore.Proof {
	return v.begin(fingerprint, 0, nil).run(ctx, places)
}

// Verify asks until every place serves the certificate with the fingerprint, or
// patience is over: each place by itself again after 0.2 s, 0.4 s and so on up to
// every 5 s, and a last time at the end. It returns the last proof of each place,
// as Look does; NotServed picks those that matter. Progress gets a step when a
// place first serves something else, and one with what came of it; it may be nil.
//
// When ctx ends, the proofs are those that there are.
func (v *Verifier) Verify(ctx context.Context, places Places, fingerprint string, progress acmecore.Progress) []acmecore.Proof {
	return v.begin(fingerprint, cmp.Or(v.Patience, patience), progress).run(ctx, places)
}

// round is one call of Look or Verify.
type round struct {
	*Verifier
	fingerprint string
	twins       []string  // see Places
	until       time.Time // when asking again ends
	slots       chan struct{}
	progress    acmecore.Progress
	mu          sync.Mutex // held while progress runs
}

func (v *Verifier) begin(fingerprint string, patience time.Duration, progress acmecore.Progress) *round {
	return &round{Verifier: v, fingerprint: fingerprint, until: time.Now().Add(patience),
		slots: make(chan struct{}, atOnce), progress: progress}
}

func (r *round) run(ctx context.Context, places Places) []acmecore.Proof {
	ctx, cancel := context.WithDeadline(ctx, r.until.Add(allTime))
	defer cancel()
	r.twins = places.Twins
	endpoints, others := r.endpoints(ctx, places)
	proofs := make([]acmecore.Proof, len(endpoints))
	var all sync.WaitGroup
	for i, endpoint := range endpoints {
		all.Go(func() { proofs[i] = r.ask(ctx, endpoint) })
	}
	all.Wait()
	proofs = append(proofs, others...)
	excuse(proofs)
	for _, proof := range others {
		r.tell(proof, "")
	}
	return proofs
}

// ask asks one place, again while it makes sense.
func (r *round) ask(ctx context.Context, endpoint acmecore.Endpoint) acmecore.Proof {
	v := visit{round: r, endpoint: endpoint}
	var proof acmecore.Proof
	r.again(ctx, func() (done bool) {
		seen := v.try(ctx)
		if ctx.Err() != nil { // what was seen then says nothing of the server
			return true
		}
		first := proof.Answer == ""
		proof = seen
		done = proof.Answer == acmecore.Serves || proof.Answer == acmecore.Unreached
		if first && !done && time.Now().Before(r.until) {
			r.tell(proof, "; it will be asked again")
		}
		return done
	})
	if proof.Answer == "" {
		proof = unasked(endpoint, "there was no time left to ask")
	}
	r.tell(proof, "")
	return proof
}

// again calls try until it is done or asking again ends, at least once while ctx
// lasts. Whoever waits to try again keeps nobody else waiting.
func (r *round) again(ctx context.Context, try func() (done bool)) {
	for wait := firstWait; r.take(ctx); wait = min(2*wait, longestWait) {
		done := try()
		<-r.slots
		left := time.Until(r.until)
		if done || left <= 0 || !sleep(ctx, min(wait, left)) {
			return
		}
	}
}

// take waits for a slot; it returns false when ctx has ended.
func (r *round) take(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tell reports a proof.
func (r *round) tell(proof acmecore.Proof, more string) {
	if r.progress == nil {
		return
	}
	text := string(proof.Answer)
	if proof.Answer == acmecore.Serves {
		text = "serves it"
	} else if proof.Problem != "" {
		text = proof.Problem
	}
	if proof.Address != "" {
		text = where(proof.Endpoint) + ": " + text
	}
	r.tellOf(proof.Name, text+more)
}

// tellOf reports something of a name.
func (r *round) tellOf(name acmecore.Name, text string) {
	if r.progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress(acmecore.Step{Time: time.Now(), Stage: "verify", Subject: string(name), Text: text})
}

// excuse judges the addresses that this host has no way to. Where the name could be
// asked elsewhere, that is this host's lack and says nothing of the server; where
// not, nobody was seen to serve the name.
func excuse(proofs []acmecore.Proof) {
	met := make(map[acmecore.Name]bool)
	for _, proof := range proofs {
		met[proof.Name] = met[proof.Name] || proof.Answer != acmecore.Unreached
	}
	for i := range proofs {
		if proof := &proofs[i]; proof.Answer == acmecore.Unreached && !met[proof.Name] {
			proof.Answer = acmecore.Silent
		}
	}
}

// unasked is the proof of a place that was not asked.
func unasked(endpoint acmecore.Endpoint, why string) acmecore.Proof {
	return acmecore.Proof{Endpoint: endpoint, At: time.Now(), Answer: acmecore.Unreached, Problem: "not asked: " + why,
		Hint: "name fewer addresses in [verify] probe, or make several certificates"}
}

// where reads "192.0.2.1 port 25 (smtp)".
func where(e acmecore.Endpoint) string {
	text := fmt.Sprintf("%s port %d", e.Address, e.Port)
	if e.Protocol != "" {
		text += " (" + e.Protocol + ")"
	}
	return text
}
