package caa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// The limits of a question to a name server.
const (
	patience   = 3 * time.Second // for an answer
	udpSize    = 1232            // bytes, which pass everywhere without being cut up
	maxServers = 3               // as resolvers of the C library have it
)

// resolvConf says which name servers this host asks.
const resolvConf = "/etc/resolv.conf"

// Resolver asks name servers that resolve names for their clients. What they have said
// is remembered as long as it lives.
type Resolver struct {
	servers  []string
	patience time.Duration
	mu       sync.Mutex
	known    map[string]*known
}

// known is what was said of one domain.
type known struct {
	once    sync.Once
	records []*dns.CAA
	err     error
}

// New returns a resolver that asks the servers, each HOST:PORT: without any, those of
// this host.
func New(servers ...string) *Resolver {
	if len(servers) == 0 {
		servers = system()
	}
	return &Resolver{servers: servers, patience: patience, known: make(map[string]*known)}
}

// system are the name servers of this host; without a file that names them, the one
// that the C library asks, too.
func system() (servers []string) {
	config, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil || len(config.Servers) == 0 {
		return []string{"127.0.0.1:53"}
	}
	for _, host := range config.Servers[:min(len(config.Servers), maxServers)] {
		servers = append(servers, net.JoinHostPort(host, config.Port))
	}
	return servers
}

// records returns the CAA records of one domain; none where it has none, or is none.
// An alias is followed by the name servers (RFC 8659 section 3).
func (r *Resolver) records(ctx context.Context, domain string) ([]*dns.CAA, error) {
	r.mu.Lock()
	entry := r.known[domain]
	if entry == nil {
		entry = new(known)
		r.known[domain] = entry
	}
	r.mu.Unlock()
	entry.once.Do(func() { entry.records, entry.err = r.ask(ctx, domain) })
	return entry.records, entry.err
}

// codeError is an answer that says that something is wrong.
type codeError struct {
	code   int
	domain string
}

func (e *codeError) Error() string {
	return fmt.Sprintf("the name server answers %s for the CAA records of %s", dns.RcodeToString[e.code], e.domain)
}

// ask asks one server after the other, until one has an answer.
func (r *Resolver) ask(ctx context.Context, domain string) (records []*dns.CAA, err error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(domain), dns.TypeCAA).SetEdns0(udpSize, false)
	for _, server := range r.servers {
		answer, problem := r.exchange(ctx, question, server)
		if problem == nil && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
			problem = &codeError{answer.Rcode, domain}
		}
		if problem == nil {
			return recordsOf(answer), nil
		}
		err = problem
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// exchange asks by UDP, which may lose the question once, and by TCP where the answer
// is too long for that, or does not come.
func (r *Resolver) exchange(ctx context.Context, question *dns.Msg, server string) (answer *dns.Msg, err error) {
	cut := false
	for _, network := range []string{"udp", "udp", "tcp"} {
		if cut && network == "udp" {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, r.patience)
		client := &dns.Client{Net: network, Timeout: r.patience, UDPSize: udpSize}
		answer, _, err = client.ExchangeContext(limited, question, server)
		cancel()
		if err == nil && !answersTo(answer, question) {
			err = errors.New("the name server answers another question")
		}
		if err == nil && !answer.Truncated || ctx.Err() != nil {
			return answer, err
		}
		if cut = err == nil; cut {
			err = errors.New("the name server has no whole answer")
		}
	}
	return nil, err
}

// answersTo tells whether an answer is one to the question.
func answersTo(answer, question *dns.Msg) bool {
	return answer.Response && len(answer.Question) == 1 && answer.Question[0].Qtype == dns.TypeCAA &&
		strings.EqualFold(answer.Question[0].Name, question.Question[0].Name)
}

func recordsOf(answer *dns.Msg) (records []*dns.CAA) {
	for _, record := range answer.Answer {
		if caa, is := record.(*dns.CAA); is {
			records = append(records, caa)
		}
	}
	return records
}

// describe says what it means that there was no answer.
func (q Question) describe(finding *acmecore.Rehearsed, err error) {
	finding.Text = "its CAA records cannot be looked up: " + err.Error()
	var code *codeError
	if errors.As(err, &code) && code.code == dns.RcodeServerFailure {
		finding.Wrong = len(q.Identities) > 0 // one that looks will see the same, and must not issue then
		finding.Unknown = !finding.Wrong
		finding.Try = "look at the domain's own name servers, and at its DNSSEC: a CA issues nothing while they cannot be asked"
		return
	}
	finding.Unknown = true
	finding.Try = "look at this host's resolver, in " + resolvConf
}
