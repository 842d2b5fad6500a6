// Package order obtains certificates from a certification authority by ACME,
// RFC 8555, and knows nothing of clocks' schedules or of disks.
//
// Make a Client for each attempt with New. Discover reads the CA's directory,
// Register finds or makes the account, Obtain takes an order from its names to
// a chain that was checked. What must outlive the process stands behind two
// narrow interfaces: the Journal gets the order's URL before the first
// challenge is answered, and Challenges are published before the CA is told.
//
// The protocol is golang.org/x/crypto/acme's. What that package leaves to its
// callers is done in one place each: the transport (limits, bad nonces, no
// retries, one newOrder an attempt) and poll (waiting as the CA asks, within
// bounds). Everything a CA sends is hostile until it was parsed.
package order

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Options say how to reach a CA and who asks. Directory and Key are required.
type Options struct {
	// Directory is the https URL of the CA's directory.
	Directory string
	// Hosts are other hosts that the directory may lead to.
	Hosts []string
	// Roots verify the CA's own TLS certificate; nil means the system's.
	Roots *x509.CertPool
	// Key is the account's, ES256.
	Key crypto.Signer
	// Account is the account's URL; "" before Register. Without it each signed
	// request would look the account up first.
	Account string
	// UserAgent is sent with every request (RFC 8555 section 6.1).
	UserAgent string
	// Progress hears of each step; nil hears nothing.
	Progress acmecore.Progress

	// Proxy leads to the CA; nil means that of the environment (HTTPS_PROXY and
	// NO_PROXY, as they are when New is called).
	Proxy Proxy
	// Base is the transport below ours; nil means one of net/http that goes through
	// the Proxy.
	Base http.RoundTripper
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits, or returns the context's error; nil means a timer.
	Sleep func(context.Context, time.Duration) error
	// Patience bounds one request, from the first byte sent to the last one read; 0 means
	// 60 s.
	Patience time.Duration
}

// Client talks to one CA, for one attempt.
type Client struct {
	acme      *acme.Client
	transport *transport
	steps     *steps
	secrets   *secrets
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	lanes     chan struct{} // holds one for each look under way
	target    string        // the directory, for errors
	renews    bool          // the directory says where renewal information is (RFC 9773 section 3)
}

// New returns a client; nothing is sent yet.
func New(o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	transport := newTransport(o)
	return &Client{
		acme: &acme.Client{
			Key:          o.Key,
			KID:          acme.KeyID(o.Account),
			DirectoryURL: o.Directory,
			HTTPClient:   &http.Client{Transport: transport, CheckRedirect: checkRedirect},
			RetryBackoff: never,
		},
		transport: transport,
		steps:     &steps{progress: o.Progress, now: o.Now},
		secrets:   new(secrets),
		now:       o.Now,
		sleep:     o.Sleep,
		lanes:     make(chan struct{}, maxLanes),
		target:    o.Directory,
	}
}

// never keeps the library from repeating a request: the transport has already
// repeated what may be repeated, and the rest is for the caller to postpone.
func never(int, *http.Request, *http.Response) time.Duration { return -1 }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Discover reads the CA's directory. The result's CA is left to the caller.
func (c *Client) Discover(ctx context.Context) (acmecore.Authority, error) {
	began := c.now()
	answer := &exchange{reads: true}
	directory, err := c.acme.Discover(withExchange(ctx, answer))
	if err != nil {
		return acmecore.Authority{}, c.explainDirectory(err)
	}
	if directory.RegURL == "" || directory.NonceURL == "" {
		return acmecore.Authority{}, c.explainDirectory(errors.New("newAccount or newNonce is missing"))
	}
	if answer.body != nil { // the library may have had it already
		c.renews = saysWhen(answer.body)
	}
	var profiles []string
	for name := range directory.Profiles {
		profiles = append(profiles, acmecore.Inert(string(name)))
	}
	slices.Sort(profiles)
	return acmecore.Authority{
		Directory:       c.target,
		Proxy:           c.proxy(),
		Terms:           acmecore.Inert(directory.Terms),
		Website:         acmecore.Inert(directory.Website),
		CAA:             inert(directory.CAA),
		Profiles:        profiles,
		ExternalAccount: directory.ExternalAccountRequired,
		Milliseconds:    c.now().Sub(began).Milliseconds(),
	}, nil
}

// saysWhen tells whether the CA of a directory knows of renewals, which the library does
// not show.
func saysWhen(directory []byte) bool {
	var fields struct{ RenewalInfo string }
	return json.Unmarshal(directory, &fields) == nil && fields.RenewalInfo != ""
}

// proxy names the proxy that leads to the directory.
func (c *Client) proxy() string {
	target, err := url.Parse(c.target)
	if err != nil {
		return ""
	}
	return c.transport.proxyOf(target)
}

// explainDirectory explains why there is no directory: most often because the
// URL is not that of one.
func (c *Client) explainDirectory(err error) error {
	const op, hint = "read directory", "is this the URL that the CA documents for its ACME directory?"
	if isAnswer(err) {
		return unreachable(op, c.target, "what is there is no ACME directory (RFC 8555 section 7.1.1): "+unreadableText(err), hint)
	}
	explained := c.explain(err, op, c.target)
	if acmecore.HintOf(explained) == hintRefused {
		return &acmecore.Error{Kind: acmecore.Refused, Hint: hint, Cause: explained}
	}
	return explained
}

func inert(texts []string) (list []string) {
	for _, text := range texts {
		list = append(list, acmecore.Inert(text))
	}
	return list
}
