package order

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"wcme/acmecore"
)

// Proxy returns the HTTP proxy that leads to a URL, and nil where none does.
// Through it go CONNECT (RFC 9110 section 9.3.6) and what it cannot read: TLS is
// verified end to end.
type Proxy func(target *url.URL) (*url.URL, error)

// Through returns the Proxy that always is the one; nil means going directly,
// whatever the environment says.
func Through(proxy *url.URL) Proxy {
	return func(*url.URL) (*url.URL, error) { return proxy, nil }
}

// fromEnvironment returns the Proxy that HTTPS_PROXY and NO_PROXY name now. What
// net/http has for it reads them once in a process.
func fromEnvironment() Proxy {
	environment := httpproxy.FromEnvironment()
	if address := environment.HTTPSProxy; address != "" && !isProxy(address) {
		return func(*url.URL) (*url.URL, error) { return nil, errBadProxy }
	}
	return environment.ProxyFunc()
}

// isProxy tells whether the environment's word for a proxy is one, which may lack
// its scheme: a bad one would be taken for none.
func isProxy(address string) bool {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	parsed, err := url.Parse(address)
	return err == nil && parsed.Hostname() != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, parsed.Scheme)
}

// errBadProxy does not repeat what stands there, which may have a password in it.
var errBadProxy = errors.New("HTTPS_PROXY is not the URL of a proxy")

// proxyName is what may be shown of a proxy's URL: no user and no password.
func proxyName(proxy *url.URL) string {
	return acmecore.Inert((&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String())
}

// proxyOf names the proxy that leads to a URL; "" where none does.
func (t *transport) proxyOf(target *url.URL) string {
	if t.proxy == nil {
		return ""
	}
	proxy, err := t.proxy(target)
	if err != nil || proxy == nil {
		return ""
	}
	return proxyName(proxy)
}

// proxyRefusal is a proxy's answer to CONNECT that is none of success.
type proxyRefusal struct {
	code   int
	status string // in the proxy's own words, inert
	known  bool   // it was told a user
}

func (e *proxyRefusal) Error() string { return fmt.Sprintf("it answers CONNECT with %q", e.status) }

// isOfUser tells whether it is the user that the proxy does not know. tinyproxy
// answers 401, which is a server's, to a wrong password.
func (e *proxyRefusal) isOfUser() bool {
	return e.code == http.StatusProxyAuthRequired || e.code == http.StatusUnauthorized
}

// admitProxy refuses what net/http would refuse too, and keeps why.
func admitProxy(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{code: response.StatusCode, status: acmecore.Inert(response.Status), known: proxy.User != nil}
}

// proxyError is what went wrong between here and the CA where a proxy is in
// between.
type proxyError struct {
	proxy string // its name
	cause error
}

func (e *proxyError) Error() string {
	text := (&exchangeError{e.cause}).Error()
	if isAtProxy(e.cause) {
		return fmt.Sprintf("the proxy %s: %s", e.proxy, strings.TrimPrefix(text, "proxyconnect tcp: "))
	}
	return fmt.Sprintf("%s, by way of the proxy %s", text, e.proxy)
}

// Unwrap returns what net/http said.
func (e *proxyError) Unwrap() error { return e.cause }

// isAtProxy tells whether the way ended at the proxy: it was not reached, or did
// not let pass.
func isAtProxy(err error) bool {
	network := new(net.OpError)
	return errors.As(err, new(*proxyRefusal)) || errors.As(err, &network) && network.Op == "proxyconnect"
}

// isProxyRefusal tells whether the proxy will not let pass a moment later either.
func isProxyRefusal(err error) bool {
	refusal := new(proxyRefusal)
	return errors.As(err, &refusal) && refusal.code < http.StatusInternalServerError
}

// viaProxy says of an error that a proxy was in between, where one was.
func (t *transport) viaProxy(target *url.URL, err error) error {
	if name := t.proxyOf(target); name != "" {
		return &proxyError{proxy: name, cause: err}
	}
	return err
}

const hintBadProxy = "where wcme is started, set HTTPS_PROXY to a URL such as http://proxy.example.org:8080; or set `proxy` in wcme.toml"

// hintForProxy says what to try about a proxy where the way ended.
func hintForProxy(err error) string {
	refusal := new(proxyRefusal)
	unknown := errors.As(err, &refusal) && refusal.isOfUser()
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "put the root that the proxy's own certificate leads to into etc/cacert.pem"
	case refusal.code == 0:
		return "does the proxy run, and is its URL right? `proxy` in wcme.toml names it, or else HTTPS_PROXY"
	case unknown && refusal.known:
		return "the user or the password in the proxy's URL is wrong; is what is no letter or digit in it written as %XX?"
	case unknown:
		return "put a user and a password into the proxy's URL: http://USER:PASSWORD@HOST:PORT"
	case refusal.code >= http.StatusInternalServerError:
		return "can the proxy reach the CA? its log says more"
	}
	return "the proxy must allow CONNECT from this host to the CA's host and port; ask who runs it"
}
