// Package relay fetches the answer to a challenge (RFC 8555 section 8.3) from the
// server behind this one that knows it: another wCME, or any server that answers
// below an address.
//
// Make one Relay a process with New, and Fetch. Nothing of a visitor's request
// passes but the token, and nothing of the other server's answer but a key
// authorization of that token, so that the relay is of no use for anything else.
// No environment variable and no other place of this host has a say in where it
// connects to. It takes no longer than a few seconds and no more than a few
// hundred bytes, whatever is at the other end.
package relay

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wcme/acmecore"
)

// The limits of a relay. A CA waits ten seconds.
const (
	totalTime   = 5 * time.Second // of one challenge
	connectTime = 3 * time.Second // to connect, and to agree on TLS
	headerTime  = 4 * time.Second // from the question to the end of the answer's header
	idleTime    = 30 * time.Second
	maxAtOnce   = 32      // challenges in a process
	maxHeaders  = 8 << 10 // bytes
	maxAnswer   = 512     // bytes, as of a pending challenge
	maxReceived = 2 << 10 // bytes, of what a probe's answer says
)

// Options are for tests; the zero value is right.
type Options struct {
	Time  time.Duration  // of one challenge; 0 is five seconds, and less of each part
	Roots *x509.CertPool // that https is verified by; nil is the system's
}

// Relay fetches answers. It is safe for concurrent use.
type Relay struct {
	transport *http.Transport
	time      time.Duration
	places    chan struct{} // one element for each challenge that is being relayed
}

// New returns a relay, which has connected to nobody yet.
func New(o Options) *Relay {
	if o.Time == 0 {
		o.Time = totalTime
	}
	return &Relay{transport: newTransport(o), time: o.Time, places: make(chan struct{}, maxAtOnce)}
}

// newTransport returns one with no proxy: HTTP_PROXY may be a visitor's header.
func newTransport(o Options) *http.Transport {
	connect, header := connectTime, headerTime
	if o.Time > totalTime {
		connect, header = o.Time, o.Time
	}
	return &http.Transport{
		DialContext: (&net.Dialer{Timeout: connect}).DialContext,
		// Who sets up a relay to an https URL wants it verified. Where the host
		// behind may have let its certificate expire, which is what it then asks to
		// renew, http is the right choice: a challenge is public, and is checked.
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    connect,
		ResponseHeaderTimeout:  header,
		MaxResponseHeaderBytes: maxHeaders,
		MaxConnsPerHost:        maxAtOnce,
		IdleConnTimeout:        idleTime, // of use where one process relays many
		DisableCompression:     true,
	}
}

// errBusy says that as many challenges as may be are being relayed already.
var errBusy = errors.New("too many challenges are being relayed at once")

// errUnknown is the answer to a token that is not pending there.
var errUnknown = errors.New("it does not know the token")

// Fetch asks the URL `to`, with the token behind it. The text is a key
// authorization of that token, whose case may be another: a server in between may
// have lower-cased what was asked for. received is what the server says of a
// probe, printable ASCII. No text and no error mean that the server does not know
// the token (404), as is so of whatever strangers invent. The error is one line
// that shows nothing of the token.
func (r *Relay) Fetch(ctx context.Context, to string, token acmecore.Token) (text []byte, received string, err error) {
	request, err := newRequest(to, token)
	if err != nil {
		return nil, "", err
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		return nil, "", errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, r.time)
	defer cancel()
	text, header, err := r.ask(request.WithContext(ctx))
	switch {
	case errors.Is(err, errUnknown):
		return nil, "", nil
	case errors.Is(err, context.DeadlineExceeded):
		return nil, "", fmt.Errorf("no answer within %s", r.time)
	case err != nil:
		return nil, "", errors.New(acmecore.Inert(err.Error())) // it may quote what was answered
	case !authorizes(string(text), token):
		return nil, "", errors.New("what is answered is not the key authorization of what was asked for")
	}
	if acmecore.IsProbe(string(token)) {
		received = printable(header.Get(acmecore.HeaderReceived))
	}
	return text, received, nil
}

// newRequest has four lines, none of which the visitor has written: the request
// line with the token, Host, User-Agent and the mark.
func newRequest(to string, token acmecore.Token) (*http.Request, error) {
	if _, err := acmecore.ParseToken(string(token)); err != nil {
		return nil, err
	}
	target, err := url.Parse(to)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "" || target.User != nil ||
		target.RawQuery != "" || target.ForceQuery || target.Fragment != "" || !strings.HasSuffix(target.Path, "/") {
		return nil, errors.New("that is no http or https URL of a directory")
	}
	target, err = url.Parse(to + string(token))
	if err != nil {
		return nil, err
	}
	return &http.Request{Method: http.MethodGet, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"wcme (challenge relay)"}, acmecore.HeaderRelay: {"1"}}}, nil
}

// ask sends the request once. A transport by itself keeps no cookie and follows
// no redirect.
func (r *Relay) ask(request *http.Request) (text []byte, header http.Header, err error) {
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, nil, errUnknown
	}
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("it answers with status %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	text, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = fmt.Errorf("it answers with more than %d bytes", maxAnswer)
	}
	return []byte(strings.TrimRight(string(text), "\r\n")), response.Header, err
}

// authorizes tells whether the text is a key authorization of the token, in
// whatever case (RFC 8555 section 8.1).
func authorizes(text string, token acmecore.Token) bool {
	head, thumbprint, _ := strings.Cut(text, ".")
	_, headErr := acmecore.ParseToken(head) // EqualFold alone takes U+212A for a k
	_, thumbprintErr := acmecore.ParseToken(thumbprint)
	return headErr == nil && thumbprintErr == nil && strings.EqualFold(head, string(token))
}

// printable returns the text if it may stand in a header of ours, and "" otherwise.
func printable(text string) string {
	if len(text) > maxReceived || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
		return ""
	}
	return text
}
