package crl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"wcme/acmecore"
)

// The limits of fetching a list.
const (
	fetchTime = 60 * time.Second
	maxList   = 32 << 20 // bytes
	maxPoints = 4        // of a certificate that are tried
)

// Options say how lists are fetched; the zero value is for public CAs.
type Options struct {
	// Roots verify https servers; nil means the system's.
	Roots *x509.CertPool
	// Proxy leads there; nil is that of the environment.
	Proxy func(*url.URL) (*url.URL, error)
	// Private lets lists be fetched from addresses that the internet cannot reach, for CAs
	// of one's own. Otherwise a certificate could make this host ask others in its network.
	Private   bool
	UserAgent string
	Now       func() time.Time // nil means time.Now
}

// Reader fetches lists, each whenever it is asked to.
type Reader struct {
	options Options
	client  *http.Client
}

// New returns a reader; nothing is sent yet.
func New(o Options) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Proxy == nil {
		o.Proxy = httpproxy.FromEnvironment().ProxyFunc()
	}
	r := &Reader{options: o}
	r.client = &http.Client{Transport: r.transport(), Timeout: fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return r
}

func (r *Reader) transport() *http.Transport {
	guarded := &net.Dialer{Timeout: fetchTime, Control: r.guard}
	open := &net.Dialer{Timeout: fetchTime} // to a proxy, which the administrator has named
	return &http.Transport{
		Proxy: func(request *http.Request) (*url.URL, error) { return r.options.Proxy(request.URL) },
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if isProxied(ctx) {
				return open.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{RootCAs: r.options.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    20 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
		DisableKeepAlives:      true,
	}
}

type proxied struct{}

func isProxied(ctx context.Context) bool { return ctx.Value(proxied{}) != nil }

var errPrivate = errors.New("that is an address of a private network, which a public CA's list is not fetched from")

// guard refuses addresses before anything is sent there: those that a name leads to, too.
func (r *Reader) guard(_, address string, _ syscall.RawConn) error {
	if r.options.Private {
		return nil
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(target.Addr()) {
		return errPrivate
	}
	return nil
}

// IsPublic tells whether an address is one of the internet.
func IsPublic(address netip.Addr) bool {
	address = address.Unmap()
	special := func(network string) bool { return netip.MustParsePrefix(network).Contains(address) }
	if address.Is6() && !special("2000::/3") { // all that was ever given out (RFC 4291 section 2.4)
		return false
	}
	return address.IsGlobalUnicast() && !address.IsPrivate() && !slices.ContainsFunc(specialPurpose(), special)
}

// specialPurpose are the blocks of the registries of RFC 6890 that net/netip knows nothing
// of: of one network, shared by carriers, for benchmarks and examples, reserved, and those
// of IPv6 and of relays in which an address of IPv4 is.
func specialPurpose() []string {
	return []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"}
}

// Points returns the URLs of a certificate's list, those that can be fetched, each once;
// none where its CA publishes none.
func Points(leaf *x509.Certificate) (urls []string) {
	for _, text := range leaf.CRLDistributionPoints {
		parsed, err := url.Parse(text)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil || text != acmecore.Inert(text) {
			continue
		}
		if !slices.Contains(urls, text) && len(urls) < maxPoints {
			urls = append(urls, text)
		}
	}
	return urls
}

// Fetch gets the list at the URL, which must be of the issuer.
func (r *Reader) Fetch(ctx context.Context, target string, issuer *x509.Certificate) (*List, error) {
	der, err := r.get(ctx, target)
	if err == nil {
		var list *List
		if list, err = Parse(der, target, issuer, r.options.Now()); err == nil {
			return list, nil
		}
	}
	return nil, &acmecore.Error{Kind: acmecore.Unreachable, Op: "read revocation list", Subject: acmecore.Inert(target), Cause: err,
		Hint: "it is looked at again tomorrow"}
}

func (r *Reader) get(ctx context.Context, target string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, target, nil)
	if err != nil {
		return nil, errors.New("its URL is none")
	}
	if err := r.admit(request.URL); err != nil {
		return nil, err
	}
	if proxy, err := r.options.Proxy(request.URL); err == nil && proxy != nil {
		request = request.WithContext(context.WithValue(limited, proxied{}, true))
	}
	request.Header.Set("User-Agent", r.options.UserAgent)
	response, err := r.client.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers with status %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	return read(response)
}

// admit refuses what need not be looked up to be refused.
func (r *Reader) admit(target *url.URL) error {
	if target.Scheme != "http" && target.Scheme != "https" {
		return errors.New("its URL is neither http nor https")
	}
	host := strings.ToLower(strings.TrimSuffix(target.Hostname(), "."))
	address, err := netip.ParseAddr(host)
	if !r.options.Private && (host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && !IsPublic(address)) {
		return errPrivate
	}
	return nil
}

// read takes the whole list, in one piece of memory where its length was announced.
func read(response *http.Response) ([]byte, error) {
	if response.ContentLength > maxList {
		return nil, errLong
	}
	if length := response.ContentLength; length > 0 {
		der := make([]byte, length)
		_, err := io.ReadFull(response.Body, der)
		return der, plain(err)
	}
	der, err := io.ReadAll(io.LimitReader(response.Body, maxList+1))
	if err == nil && len(der) > maxList {
		return nil, errLong
	}
	return der, plain(err)
}

var errLong = fmt.Errorf("it is longer than %d MiB", maxList>>20)

// plain is an error without the words of net/http.
func plain(err error) error {
	var sent *url.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errPrivate):
		return errPrivate
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("it is not here within %.0f s", fetchTime.Seconds())
	case errors.As(err, &sent):
		return errors.New(acmecore.Inert(sent.Err.Error()))
	}
	return errors.New(acmecore.Inert(err.Error()))
}
