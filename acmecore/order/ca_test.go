package order_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore/order"
)

// class is what a request to a CA is for.
type class string

const (
	directory     class = "directory"
	newNonce      class = "newNonce"
	newAccount    class = "newAccount"
	newOrder      class = "newOrder"
	authorization class = "authorization"
	challenge     class = "challenge"
	orderLook     class = "order"
	finalize      class = "finalize"
	certificate   class = "certificate"
	// Of the other ways to prove a name, and of chains beside the first.
	dnsChallenge  class = "dns-01"
	alpnChallenge class = "tls-alpn-01"
	alternate     class = "alternate"
)

// classes are the classes that obtaining a certificate goes through, in order.
var classes = []class{directory, newNonce, newOrder, authorization, challenge, orderLook, finalize, certificate}

// authority is a CA as RFC 8555 describes one, in process. It checks each
// request as strictly as the RFC allows, looks at challenges, and issues real
// chains. What a request does wrong fails the test; rules make the CA itself
// do wrong. Fields without a lock are set before the first request.
type authority struct {
	t    *testing.T
	now  func() time.Time
	base string // "https://127.0.0.1:1234"
	diary

	visit            func(token string) string                 // what a visitor of the challenge gets
	response         func(token string) (order.Response, bool) // what is published, of any method
	offers           []string                                  // the types of challenges; nil is dns-01 and http-01
	renews           bool                                      // it takes replacements (RFC 9773)
	replaced         map[string]bool                           // certificates that were, by their identifiers
	choosable        bool                                      // it lets anybody choose how long a certificate is valid
	links            []string                                  // fields Link beside a certificate; BASE is its own URL
	alternates       []func([]*x509.Certificate) []*x509.Certificate
	terms            string            // URL; "" for none
	binding          map[string][]byte // HMAC keys by their identifier; nil when accounts need no binding
	bindingBy        string            // the only algorithm of a binding that it takes; "" for any
	profiles         []string
	proved           map[string]bool     // names with an authorization that is valid already
	refused          map[string]*problem // names that are refused, and what is said of them
	authorizingLooks int                 // how often an authorization is looked at before it is decided
	issuingLooks     int                 // how often an order is looked at before it is valid
	tolerant         bool                // of nonces that are not good
	issuer

	mu       sync.Mutex
	rules    []rule
	counts   map[class]int
	asked    map[string]int  // by path
	agents   map[string]bool // User-Agents seen
	nonces   map[string]bool
	accounts []*account
	orders   []*caOrder
	proofs   []*proof // authorizations
	visits   map[class][]string
}

// newAuthority returns a CA that a handler must still serve at base.
func newAuthority(t *testing.T, now func() time.Time) *authority {
	return &authority{
		t: t, now: now, issuer: newIssuer(t, now),
		proved: map[string]bool{}, replaced: map[string]bool{}, refused: map[string]*problem{},
		counts: map[class]int{}, asked: map[string]int{}, agents: map[string]bool{}, nonces: map[string]bool{}, visits: map[class][]string{},
	}
}

// url returns the URL of one of the CA's resources.
func (ca *authority) url(kind class, id int) string {
	return fmt.Sprintf("%s/%s/%d", ca.base, kind, id)
}

// ServeHTTP counts the request, and answers it as the rules or the RFC say.
func (ca *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _ := parsePath(r.URL.Path)
	act := ca.account(kind, r)
	ca.write(string(kind))
	w.Header().Set("Date", ca.now().UTC().Format(http.TimeFormat))
	if act != nil {
		act(ca, w, r)
		return
	}
	ca.serve(w, r)
}

// account counts the request and returns what a rule wants of it.
func (ca *authority) account(kind class, r *http.Request) action {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.counts[kind]++
	ca.asked[r.URL.Path]++
	ca.agents[r.Header.Get("User-Agent")] = true
	for _, rule := range ca.rules {
		if rule.kind == kind && rule.when(ca.counts[kind]) {
			return rule.act
		}
	}
	return nil
}

// parsePath splits "/order/7" into its class and number.
func parsePath(path string) (class, int) {
	kind, number, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	id, _ := strconv.Atoi(number)
	return class(kind), id
}

// serve answers as the RFC says.
func (ca *authority) serve(w http.ResponseWriter, r *http.Request) {
	kind, id := parsePath(r.URL.Path)
	switch {
	case kind == directory && r.Method == http.MethodGet:
		reply(w, http.StatusOK, ca.directory())
	case kind == newNonce && r.Method == http.MethodHead:
		w.Header().Set("Replay-Nonce", ca.nonce())
		w.Header().Set("Cache-Control", "no-store")
	default:
		ca.serveSigned(w, r, kind, id)
	}
}

// serveSigned answers a request that must be a JWS (section 6.2).
func (ca *authority) serveSigned(w http.ResponseWriter, r *http.Request, kind class, id int) {
	w.Header().Set("Replay-Nonce", ca.nonce())
	w.Header().Set("Link", fmt.Sprintf(`<%s/directory>;rel="index"`, ca.base))
	message, refusal := ca.verify(r, kind)
	if refusal == nil {
		refusal = ca.dispatch(w, message, kind, id)
	}
	if refusal != nil {
		refusal.write(w)
	}
}

func (ca *authority) dispatch(w http.ResponseWriter, m *message, kind class, id int) *problem {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	switch kind {
	case newAccount:
		return ca.serveNewAccount(w, m)
	case newOrder:
		return ca.serveNewOrder(w, m)
	case authorization:
		return ca.serveAuthorization(w, m, id)
	case challenge, dnsChallenge, alpnChallenge:
		return ca.serveChallenge(w, m, kind, id)
	case alternate:
		return ca.serveAlternate(w, m, id)
	case orderLook:
		return ca.serveOrder(w, m, id)
	case finalize:
		return ca.serveFinalize(w, m, id)
	case certificate:
		return ca.serveCertificate(w, m, id)
	}
	ca.t.Errorf("a request was sent to no resource: %q", kind)
	return &problem{Status: http.StatusNotFound, Type: "malformed", Detail: "no such resource"}
}

// directory is the directory object (section 7.1.1).
func (ca *authority) directory() map[string]any {
	meta := map[string]any{"website": "https://ca.example/", "caaIdentities": []string{"ca.example"}}
	if ca.terms != "" {
		meta["termsOfService"] = ca.terms
	}
	if ca.binding != nil {
		meta["externalAccountRequired"] = true
	}
	if len(ca.profiles) > 0 {
		described := map[string]string{}
		for _, name := range ca.profiles {
			described[name] = "https://ca.example/profiles#" + name
		}
		meta["profiles"] = described
	}
	directory := map[string]any{"newNonce": ca.base + "/newNonce", "newAccount": ca.base + "/newAccount",
		"newOrder": ca.base + "/newOrder", "revokeCert": ca.base + "/revokeCert", "keyChange": ca.base + "/keyChange", "meta": meta}
	if ca.renews {
		directory["renewalInfo"] = ca.base + "/renewalInfo"
	}
	return directory
}

// count returns how many requests of the classes there were; of all classes
// when none is named.
func (ca *authority) count(kinds ...class) (sum int) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if len(kinds) == 0 {
		for _, count := range ca.counts {
			sum += count
		}
	}
	for _, kind := range kinds {
		sum += ca.counts[kind]
	}
	return sum
}

// problem is an error as a CA tells it (section 6.7), without the prefix of its type.
type problem struct {
	Status      int
	Type        string
	Detail      string
	Subproblems []subproblem
	RetryAfter  string
}

type subproblem struct{ Name, Type, Detail string }

const urn = "urn:ietf:params:acme:error:"

func (p *problem) object() map[string]any {
	object := map[string]any{"type": urn + p.Type, "detail": p.Detail, "status": p.Status}
	var subs []map[string]any
	for _, sub := range p.Subproblems {
		subs = append(subs, map[string]any{"type": urn + sub.Type, "detail": sub.Detail,
			"identifier": map[string]string{"type": "dns", "value": sub.Name}})
	}
	if subs != nil {
		object["subproblems"] = subs
	}
	return object
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.RetryAfter != "" {
		w.Header().Set("Retry-After", p.RetryAfter)
	}
	reply(w, p.Status, p.object())
}

func reply(w http.ResponseWriter, status int, object any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object)
}

// diary is what happened, in order, as seen from several sides.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.lines...)
}

// paths returns how often a path was asked for.
func (ca *authority) paths(path string) int {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	return ca.asked[path]
}
