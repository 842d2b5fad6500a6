package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"syscall"

	"wcme/acmecore"
)

// The limits of an answer, in bytes. Of the body a CA reads less, see judge; the
// rest tells people what answers.
const (
	maxHeaders = 16 << 10
	maxBody    = 1 << 10
)

// answer is what came back of one request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// tlsError says that it was TLS that went wrong.
type tlsError struct{ error }

func (e tlsError) Unwrap() error { return e.error }

// get sends one request to the endpoint, whatever the DNS or a proxy of this host
// says.
func (v *visit) get(ctx context.Context, target *url.URL, endpoint netip.AddrPort) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*v.Patience)
	defer cancel()
	var handshake error
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { handshake = err },
	})
	request := (&http.Request{Method: http.MethodGet, URL: target, Host: target.Host, Header: http.Header{
		"User-Agent": {v.UserAgent}, "Accept": {"*/*"},
	}}).WithContext(ctx)
	transport := v.transport(target, endpoint)
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		if handshake != nil {
			err = tlsError{handshake}
		}
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return &answer{response.StatusCode, response.Header, body}, nil
}

// transport connects to the endpoint alone, once.
func (v *visit) transport(target *url.URL, endpoint netip.AddrPort) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: v.Patience}
			return dialer.DialContext(ctx, "tcp", endpoint.String())
		},
		// The answer is on its way to be checked against a secret that only we
		// know; who gives it need not prove who it is (as in Boulder).
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: true, ServerName: target.Hostname(), MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    v.Patience,
		ResponseHeaderTimeout:  v.Patience,
		MaxResponseHeaderBytes: maxHeaders,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
}

// unanswered says why there is no answer.
func unanswered(target *url.URL, endpoint netip.AddrPort, err error) *acmecore.Finding {
	f := &acmecore.Finding{Wrong: true}
	at := fmt.Sprintf("port %d", endpoint.Port())
	if ip, _ := netip.ParseAddr(target.Hostname()); !ip.IsValid() {
		at += " of " + target.Hostname()
	}
	dial := new(net.OpError)
	isDial := errors.As(err, &dial) && dial.Op == "dial"
	var timeout net.Error
	late := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Verdict, f.Text = acmecore.NoConnection, at+": connection refused"
		f.Try = "does the web server run, and listen on this address? " + listenHint(endpoint)
	case isDial && late:
		f.Verdict, f.Text = acmecore.NoConnection, at+": no connection in time"
		f.Try = "a firewall or a missing port forwarding drops what comes in: let everybody connect to it from everywhere"
	case isDial && (errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)):
		f.Verdict, f.Text = acmecore.NoRoute, "this host has no way to the address: "+reason(err)
		f.Try = "check from a host that has one; remove the record of the address if nobody serves it"
	case isDial:
		f.Verdict, f.Text = acmecore.NoConnection, at+": "+reason(err)
		f.Try = "does the web server run, and listen on this address? " + listenHint(endpoint)
	default:
		noAnswer(f, at, late, err)
	}
	return f
}

// noAnswer is about a server that accepts connections, and does not answer.
func noAnswer(f *acmecore.Finding, at string, late bool, err error) {
	f.Verdict = acmecore.NoAnswer
	f.Try = "look at the web server's error log; is it the web server that listens there?"
	switch broken := new(tlsError); {
	case errors.As(err, broken):
		f.Verdict, f.Text = acmecore.NoTLS, at+": no TLS: "+reason(err)
		f.Try = "CAs follow a redirect to https where TLS 1.2 or later is spoken, whatever the certificate; mend that, or redirect no challenges"
	case late:
		f.Text = at + ": a connection, but no answer in time"
	default:
		f.Text = at + ": a connection, but no answer that is HTTP: " + reason(err)
	}
}

// reason is the innermost cause: those around it name what is named already.
func reason(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return acmecore.Inert(err.Error())
}

func listenHint(endpoint netip.AddrPort) string {
	if endpoint.Addr().Is6() {
		return "many need to be told to listen on IPv6 (nginx: `listen [::]:80;`); or remove the AAAA record"
	}
	return "challenges come in on port 80, also where all else is https"
}
