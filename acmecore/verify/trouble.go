package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"wcme/acmecore"
)

// trouble is why there is no certificate to compare.
type trouble struct {
	answer  acmecore.Answer
	problem string // inert
	hint    string
	alert   bool // the server has said no, in the words of TLS
	newer   bool // it speaks no TLS as old as was offered
}

// unconnected says why there is no connection.
func (v *visit) unconnected(ctx context.Context, err error) *trouble {
	t := &trouble{answer: acmecore.Silent, hint: "does the server run, and listen on this address and port? " +
		"where this host cannot reach its own public address, name another in [verify] probe"}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		t.problem = "connection refused"
	case isLate(err):
		t.problem = "no connection in time"
		t.hint = "a firewall drops what comes in, or this host cannot reach its own public address: name another in [verify] probe"
	case isNoWay(err) && v.hasNoWay(ctx):
		t.answer, t.problem = acmecore.Unreached, "this host has no way to the address: "+reason(err)
		t.hint = "look from a host that has one, or name addresses that this host reaches in [verify] probe"
	default:
		t.problem = "no connection: " + reason(err)
	}
	return t
}

// isNoWay tells whether it may be this host that lacks a way to an address: routers
// and firewalls on the way answer in the same words.
func isNoWay(err error) bool {
	return slices.ContainsFunc([]error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT},
		func(no error) bool { return errors.Is(err, no) })
}

// hasNoWay asks the kernel alone: to connect by UDP sends nothing.
func (v *visit) hasNoWay(ctx context.Context) bool {
	conn, err := v.dial(ctx, "udp")
	if err != nil {
		return true
	}
	conn.Close()
	return false
}

// unshaken says why there is no handshake. A certificate that was presented on the
// way there is public, and proves nothing.
func (v *visit) unshaken(chain []*x509.Certificate, err error) *trouble {
	var record tls.RecordHeaderError
	var operation *net.OpError
	switch {
	case errors.As(err, &record):
		return v.noTLS(record)
	case errors.As(err, &operation) && operation.Op == "remote error":
		return &trouble{answer: acmecore.NoHandshake, problem: "refuses the handshake: " + reason(err), alert: true,
			newer: strings.Contains(err.Error(), "protocol version not supported"),
			hint:  "has the server a certificate for this name, and a key that fits it? does it speak TLS 1.2 or later?"}
	}
	t := broken(err, "the handshake")
	if len(chain) > 0 {
		t.problem = "presents serial " + serialOf(chain[0]) + ", but " + t.problem
		t.hint = "does the key that the server has fit the certificate? look at its log"
	}
	return t
}

// noTLS is about a server that says something else.
func (v *visit) noTLS(record tls.RecordHeaderError) *trouble {
	t := &trouble{answer: acmecore.NoHandshake, problem: "what answers speaks no TLS"}
	if bytes.HasPrefix(record.RecordHeader[:], []byte("HTTP/")) {
		t.problem += ", but HTTP"
	}
	t.hint = "switch TLS on for this port (nginx: `listen 443 ssl;`)"
	if usual := usualProtocol(v.endpoint.Port); v.endpoint.Protocol != "" {
		t.hint = "the server offers STARTTLS and does not go through with it: look at its log"
	} else if usual != "" {
		t.hint = fmt.Sprintf("STARTTLS comes first on this port: write \"%d/%s\" in [verify] ports", v.endpoint.Port, usual)
	}
	return t
}

func usualProtocol(port int) string {
	return map[int]string{25: smtp, 587: smtp, 143: imap, 110: pop3}[port]
}

// broken is about a server that accepts connections, and does not say what it should.
func broken(err error, instead string) *trouble {
	t := &trouble{answer: acmecore.NoHandshake, hint: "look at the server's log; is it the right server that listens there?"}
	switch {
	case isLate(err):
		t.problem = "a connection, but " + instead + " does not come to its end in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		t.problem = "closes the connection during " + instead
	default:
		t.problem = instead + " goes wrong: " + reason(err)
	}
	return t
}

func isLate(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// reason is the innermost cause: those around it name what is named already.
func reason(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return cut(strings.TrimPrefix(err.Error(), "tls: "))
}

// otherThan is about a certificate that is not the one looked for.
func otherThan(leaf *x509.Certificate, name string) (problem, hint string) {
	problem = fmt.Sprintf("serves serial %s, valid to %s", serialOf(leaf), date(leaf.NotAfter))
	if leaf.VerifyHostname(name) != nil {
		return problem + ", which is " + namesOf(leaf), "no site of the server has this name with TLS: " +
			"is it in the server's configuration, and was that loaded?"
	}
	if !time.Now().Before(leaf.NotAfter) {
		problem += ", expired"
	}
	return problem, "let a load action make the server read its files again; does it read those of an install target?"
}

// serialOf is hexadecimal. It is cut where it is longer than any CA may make it
// (RFC 5280 section 4.1.2.2: 20 bytes), which nobody checks.
func serialOf(leaf *x509.Certificate) string {
	const most = 64
	text := leaf.SerialNumber.Text(16)
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// namesOf says for which hosts a certificate is.
func namesOf(leaf *x509.Certificate) string {
	const most = 3
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	switch {
	case len(names) == 0:
		return "for no host name"
	case len(names) > most:
		names = append(names[:most], "…")
	}
	return "for " + cut(strings.Join(names, ", "))
}

// chainHint is about a server that presents the right certificate without its
// chain, which browsers complete by themselves and other programs do not. One whose
// issuer can be fetched has an intermediate certificate.
func chainHint(chain []*x509.Certificate) string {
	if len(chain) > 1 || len(chain[0].IssuingCertificateURL) == 0 {
		return ""
	}
	return "it is sent without its chain, and not every program trusts it so: let the server read the file that has the chain too"
}

// cut makes a text from outside inert, and short enough to stand in a sentence.
func cut(text string) string {
	const most = 200
	if len(text) > most {
		text = text[:most] + "…"
	}
	return acmecore.Inert(text)
}

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
