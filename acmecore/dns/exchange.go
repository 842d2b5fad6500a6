package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// The limits of a question to a name server.
const (
	tryTime    = 3 * time.Second // for one answer
	udpSize    = 1232            // bytes, which pass everywhere without being cut up
	maxAsked   = 16              // at once
	maxSystem  = 3               // resolvers of the system, as the C library has it
	defaultDNS = "53"
)

// resolvConf says which name servers this host asks.
const resolvConf = "/etc/resolv.conf"

// system are the name servers of this host; without a file that names them, the one
// that the C library asks, too.
func system() (servers []string) {
	config, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil || len(config.Servers) == 0 {
		return []string{net.JoinHostPort("127.0.0.1", defaultDNS)}
	}
	for _, host := range config.Servers[:min(len(config.Servers), maxSystem)] {
		servers = append(servers, net.JoinHostPort(host, config.Port))
	}
	return servers
}

// ask asks one server.
func (f *Finder) ask(ctx context.Context, server string, question *dns.Msg) (answer *dns.Msg, err error) {
	select {
	case f.free <- struct{}{}:
		defer func() { <-f.free }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return exchange{server: server, patience: cmp.Or(f.short[server], f.tryTime), message: func() *dns.Msg {
		message := question.Copy().SetEdns0(udpSize, false)
		message.Id = dns.Id()
		return message
	}}.do(ctx)
}

// exchange is a message to a server, and its answer.
type exchange struct {
	server   string
	patience time.Duration     // of each try
	message  func() *dns.Msg   // makes it for one try
	secrets  map[string]string // base64, by the name of the key: without any, nothing is signed
}

// do tries UDP, which may lose the message once, and TCP where the answer is too long for
// that, or does not come.
func (e exchange) do(ctx context.Context) (answer *dns.Msg, err error) {
	cut := false
	for _, network := range []string{"udp", "udp", "tcp"} {
		if cut && network == "udp" {
			continue
		}
		answer, err = e.try(ctx, network)
		if err == nil && !answer.Truncated || ctx.Err() != nil || errors.As(err, new(*tsigError)) {
			return answer, silence(err, e.patience)
		}
		if cut = err == nil; cut {
			err = errors.New("its answers are cut short, by TCP too")
		}
	}
	return nil, silence(err, e.patience)
}

// try sends the message once. The end of the context ends it at once.
func (e exchange) try(ctx context.Context, network string) (answer *dns.Msg, err error) {
	limited, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	client := &dns.Client{Net: network, Timeout: e.patience, UDPSize: udpSize, TsigSecret: e.secrets}
	conn, err := client.DialContext(untimed{limited}, e.server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(limited, func() { conn.Close() })() // no deadline: the library sets its own
	message := e.message()
	answer, _, err = client.ExchangeWithConnContext(untimed{limited}, message, conn)
	if e.secrets != nil && answer != nil {
		err = checkSigned(answer, err)
	}
	if err == nil && !answersTo(answer, message) {
		err = errors.New("it answers another question")
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case err != nil && answer == nil && limited.Err() != nil:
		err = limited.Err()
	}
	return answer, err
}

// untimed is a context whose end a connection does not know before it has come: otherwise
// it may be told first, and the end be taken for the silence of a server.
type untimed struct{ context.Context }

// Deadline implements context.Context.
func (untimed) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// answersTo tells whether an answer is one to the question; of updates, servers need
// not repeat the zone (RFC 2136 section 3.8).
func answersTo(answer, question *dns.Msg) bool {
	if !answer.Response || answer.Opcode != question.Opcode {
		return false
	}
	if len(answer.Question) == 0 {
		return question.Opcode == dns.OpcodeUpdate || answer.Rcode != dns.RcodeSuccess
	}
	asked, repeated := question.Question[0], answer.Question[0]
	return len(answer.Question) == 1 && repeated.Qtype == asked.Qtype && strings.EqualFold(repeated.Name, asked.Name)
}

// silenceError says in words why a server gave no answer that can be used.
type silenceError struct {
	text  string
	cause error
}

func (e *silenceError) Error() string { return e.text }

func (e *silenceError) Unwrap() error { return e.cause }

// silence tells apart what keeps an answer away.
func silence(err error, patience time.Duration) error {
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.As(err, new(*tsigError)):
		return err
	case errors.Is(err, errUnsigned):
		return &silenceError{text: "its answer is not signed with the key, as it should be", cause: err}
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return &silenceError{text: "this host has no way there", cause: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &silenceError{text: "nobody answers there: connection refused", cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return &silenceError{text: fmt.Sprintf("no answer within %v", patience), cause: err}
	}
	return &silenceError{text: "no answer that can be used: " + err.Error(), cause: err}
}
