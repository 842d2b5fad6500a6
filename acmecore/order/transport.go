package order

import (
	"bytes"
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
	"time"

	"wcme/acmecore"
)

// The limits of one exchange with a CA.
const (
	requestTime    = 60 * time.Second // from the first byte sent to the last one read
	maxBody        = 1 << 20          // bytes
	maxHeaders     = 64 << 10         // bytes
	maxNonceTries  = 8                // sendings of one request
	maxNonceLength = 128              // characters
	maxRedirects   = 3
)

// newHTTPClient returns the client that all requests to a CA go through.
func newHTTPClient(o Options) *http.Client {
	base := o.Base
	if base == nil {
		base = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    20 * time.Second,
			MaxResponseHeaderBytes: maxHeaders,
			MaxConnsPerHost:        8, // a CA's front counts connections
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		}
	}
	hosts := slices.Clone(o.Hosts)
	if parsed, err := url.Parse(o.Directory); err == nil {
		hosts = append(hosts, parsed.Host)
	}
	return &http.Client{
		Transport:     &transport{base: base, hosts: hosts, key: o.Key, userAgent: o.UserAgent},
		CheckRedirect: checkRedirect,
	}
}

// checkRedirect lets a GET move within its host, and nothing else.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet:
		return fmt.Errorf("the CA redirects a %s", first.Method)
	case r.URL.Host != first.URL.Host:
		return fmt.Errorf("the CA redirects to the other host %q", acmecore.Inert(r.URL.Host))
	case len(via) > maxRedirects:
		return fmt.Errorf("the CA redirects more than %d times", maxRedirects)
	}
	return nil
}

// transport is where every request to a CA passes. It refuses what must not be
// sent, bounds what comes back, answers a bad nonce with the one that came with
// the refusal (RFC 8555 section 6.5), and keeps what x/crypto does not show.
type transport struct {
	base      http.RoundTripper
	hosts     []string
	key       crypto.Signer
	userAgent string
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, fmt.Errorf("the CA leads to a URL of the scheme %q, where https is required", acmecore.Inert(r.URL.Scheme))
	}
	if !slices.Contains(t.hosts, r.URL.Host) {
		return nil, &foreignHost{host: r.URL.Host}
	}
	kept := exchangeOf(r.Context())
	if err := kept.spend(r); err != nil {
		return nil, err
	}
	body, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	response, err := t.signed(r, body)
	if err == nil {
		kept.keep(response)
	}
	return response, err
}

// signed sends the request, again with a fresh nonce as long as the CA refuses
// the one it has.
func (t *transport) signed(r *http.Request, body []byte) (*http.Response, error) {
	for try := 1; ; try++ {
		response, content, err := t.once(r, body)
		if err != nil || body == nil || try == maxNonceTries || !isBadNonce(response, content) {
			return response, err
		}
		nonce := response.Header.Get("Replay-Nonce")
		if nonce == "" {
			return response, nil
		}
		if body, err = resign(body, t.key, nonce); err != nil {
			return nil, err
		}
	}
}

// once sends the request and reads the whole answer, within the limits. The
// content is returned beside the answer, whose body holds it too.
func (t *transport) once(r *http.Request, body []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTime)
	defer cancel()
	copied := r.Clone(ctx)
	copied.Header.Set("User-Agent", t.userAgent)
	if body != nil {
		copied.Body, copied.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		copied.GetBody = nil
	}
	response, err := t.base.RoundTrip(copied)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read answer: %w", err)
	}
	if len(content) > maxBody {
		return nil, nil, fmt.Errorf("the answer is larger than %d bytes", maxBody)
	}
	response.Body, response.Request = io.NopCloser(bytes.NewReader(content)), r
	dropBadNonce(response.Header)
	return response, content, nil
}

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
	return json.Unmarshal(content, &problem) == nil && strings.HasSuffix(strings.ToLower(problem.Type), ":badnonce")
}

// foreignHost says that the CA's answers lead to a host that it may not use.
type foreignHost struct{ host string }

func (e *foreignHost) Error() string {
	return fmt.Sprintf("the CA leads to the other host %q", acmecore.Inert(e.host))
}

// errSpent ends what the library would send beyond the one request asked of it.
var errSpent = errors.New("this request was already sent")
