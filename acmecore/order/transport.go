package order

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"wcme/acmecore"
)

// The limits of one exchange with a CA.
const (
	requestTime    = 60 * time.Second // from the first byte sent to the last one read
	maxBody        = 1 << 20          // bytes
	maxHeaders     = 64 << 10         // bytes
	maxNonceTries  = 8                // sendings of one request at a time
	maxNonceLength = 128              // characters
	maxRedirects   = 3

	// maxDoubts is how many sendings in a row, of whatever requests, the CA may refuse for
	// their nonces: as many as poll makes of one request. From then on each request is sent
	// once, so that an order of a hundred names is no storm.
	maxDoubts = maxNonceTries * (maxStumbles + 1)
)

// newTransport returns the transport of all requests to a CA.
func newTransport(o Options) *transport {
	t := &transport{base: o.Base, key: o.Key, userAgent: o.UserAgent, now: o.Now, patience: cmp.Or(o.Patience, requestTime)}
	if t.base == nil {
		t.proxy = o.Proxy
		if t.proxy == nil {
			t.proxy = fromEnvironment()
		}
		t.base = newBase(o, t.proxy)
	}
	for _, host := range o.Hosts {
		t.hosts = append(t.hosts, plainHost(host))
	}
	if parsed, err := url.Parse(o.Directory); err == nil {
		t.hosts = append(t.hosts, plainHost(parsed.Host))
	}
	return t
}

// newBase returns the transport of net/http.
func newBase(o Options, proxy Proxy) *http.Transport {
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		ProxyConnectHeader:     http.Header{"User-Agent": {o.UserAgent}},
		OnProxyConnectResponse: admitProxy,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    20 * time.Second,
		MaxResponseHeaderBytes: maxHeaders,
		MaxConnsPerHost:        maxLanes, // a CA's front counts connections
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
}

// plainHost spells a host as all spell it: in lower case, and without the port
// that https has anyway.
func plainHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ":443")
}

// checkRedirect lets a GET move within its host, and nothing else.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet:
		return strayError(fmt.Sprintf("the CA redirects a %s, which is not followed", first.Method))
	case r.URL.Scheme != "https":
		return notHTTPS(r.URL)
	case plainHost(r.URL.Host) != plainHost(first.URL.Host):
		return strayError(fmt.Sprintf("the CA redirects to another host, %q, which is not followed", acmecore.Inert(r.URL.Host)))
	case len(via) > maxRedirects:
		return strayError(fmt.Sprintf("the CA redirects more than %d times", maxRedirects))
	}
	return nil
}

// transport is where every request to a CA passes. It refuses what must not be
// sent, bounds what comes back, answers a bad nonce with the one that came with
// the refusal (RFC 8555 section 6.5), and keeps what x/crypto does not show.
type transport struct {
	base      http.RoundTripper
	proxy     Proxy // nil where base is not ours
	hosts     []string
	key       crypto.Signer
	userAgent string
	now       func() time.Time
	patience  time.Duration
	doubts    atomic.Int64 // sendings refused for their nonces since the last one that was not
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	if err := t.admit(r.URL); err != nil {
		return nil, err
	}
	kept := exchangeOf(r.Context())
	if err := kept.spend(r); err != nil {
		return nil, err
	}
	if body != nil && kept.payload != nil {
		if body, err = replacePayload(body, t.key, kept.payload); err != nil {
			return nil, err
		}
	}
	response, content, err := t.signed(r, body)
	if err != nil {
		return nil, err
	}
	kept.keep(response, content, t.now())
	if isBadNonce(response, content) { // which is told before anything is done (RFC 8555 section 6.5)
		kept.unheard()
	}
	return response, nil
}

// CloseIdleConnections lets http.Client do so.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// admit refuses URLs that a CA must not lead to.
func (t *transport) admit(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return notHTTPS(u)
	case !slices.Contains(t.hosts, plainHost(u.Host)):
		return &foreignHost{host: u.Host}
	}
	return nil
}

func notHTTPS(u *url.URL) error {
	return strayError(fmt.Sprintf("nothing is sent to %q, which is no https URL", acmecore.Inert(u.String())))
}

// signed sends the request, again with a fresh nonce as long as the CA refuses
// the one it has.
func (t *transport) signed(r *http.Request, body []byte) (*http.Response, []byte, error) {
	for try := 1; ; try++ {
		response, content, err := t.send(r, body)
		if err != nil || body == nil || !t.doubted(response, content) || try == maxNonceTries || t.hopeless() {
			return response, content, err
		}
		nonce := response.Header.Get("Replay-Nonce")
		if nonce == "" {
			return response, content, nil
		}
		if body, err = resign(body, t.key, nonce); err != nil {
			return nil, nil, err
		}
	}
}

// doubted tells whether a signed request was refused for its nonce, and counts those in a
// row.
func (t *transport) doubted(response *http.Response, content []byte) bool {
	if !isBadNonce(response, content) {
		t.doubts.Store(0)
		return false
	}
	t.doubts.Add(1)
	return true
}

// hopeless tells whether the CA seems to take no nonce at all.
func (t *transport) hopeless() bool { return t.doubts.Load() >= maxDoubts }

// send sends the request once and reads the whole answer, within the limits. The
// content is returned beside the answer, whose body holds it too.
func (t *transport) send(r *http.Request, body []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), t.patience)
	defer cancel()
	copied := r.Clone(ctx)
	copied.Header.Set("User-Agent", t.userAgent)
	if body != nil {
		copied.ContentLength = int64(len(body))
		// net/http asks for it again where a connection was closed before anything of it was sent.
		copied.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		copied.Body, _ = copied.GetBody()
	}
	response, err := t.base.RoundTrip(copied)
	if err != nil {
		return nil, nil, t.viaProxy(r.URL, t.orLate(r.Context(), err))
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, nil, t.viaProxy(r.URL, t.orLate(r.Context(), err))
	}
	if len(content) > maxBody {
		return nil, nil, strayError(fmt.Sprintf("the CA's answer is larger than %d bytes", maxBody))
	}
	response.Body, response.Request = io.NopCloser(bytes.NewReader(content)), r
	dropBadNonce(response.Header)
	return response, content, nil
}

// orLate says how long was waited, where the time of one request has run out and not that
// of whoever makes it, which ctx has.
func (t *transport) orLate(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &lateError{err, t.patience}
	}
	return err
}

// lateError says that a request was not answered in time.
type lateError struct {
	error
	patience time.Duration
}

// Unwrap returns what net/http said.
func (e *lateError) Unwrap() error { return e.error }

// readRequest returns the body of a signed request; nil where there is none.
func readRequest(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// dropBadNonce removes a nonce that is not base64url or far too long, so that
// nobody sends it back (RFC 8555 section 6.5.1).
func dropBadNonce(header http.Header) {
	nonce := header.Get("Replay-Nonce")
	alphabet := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	if len(nonce) > maxNonceLength || strings.TrimFunc(nonce, alphabet) != "" {
		header.Del("Replay-Nonce")
	}
}

func isBadNonce(response *http.Response, content []byte) bool {
	if response.StatusCode != http.StatusBadRequest {
		return false
	}
	var problem struct {
		Type string `json:"type"`
	}
	return json.Unmarshal(content, &problem) == nil && isBadNonceType(problem.Type)
}

// isBadNonceType reads the type as the library does, which allows for the CAs
// that spell it in their own way.
func isBadNonceType(problemType string) bool {
	return strings.HasSuffix(strings.ToLower(problemType), ":badnonce")
}

// foreignHost says that the CA's answers lead to a host that it may not use.
type foreignHost struct{ host string }

func (e *foreignHost) Error() string {
	return fmt.Sprintf("the CA leads to another host, %q", acmecore.Inert(e.host))
}

// strayError says in what other way the CA's answers go where they may not.
// Asking again does not mend it.
type strayError string

func (e strayError) Error() string { return string(e) }

// errSpent ends what the library would send beyond the one request asked of it.
var errSpent = errors.New("this request was already sent")
