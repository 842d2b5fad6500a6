package crl_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	neturl "net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/crl"
)

// none is no proxy, whatever the environment has.
func none(*neturl.URL) (*neturl.URL, error) { return nil, nil }

func reader(private bool) *crl.Reader {
	return crl.New(crl.Options{Private: private, Proxy: none, UserAgent: "wcme/test", Now: func() time.Time { return now }})
}

func TestListIsFetched(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	der := ca.list(many(2), nil)
	var agent atomic.Value
	for name, handler := range map[string]http.HandlerFunc{
		"with its length": func(w http.ResponseWriter, r *http.Request) { agent.Store(r.UserAgent()); w.Write(der) },
		"in pieces": func(w http.ResponseWriter, r *http.Request) {
			w.Write(der[:9])
			w.(http.Flusher).Flush()
			w.Write(der[9:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			if _, err := reader(true).Fetch(t.Context(), server.URL+"/1.crl", ca.certificate); err != nil {
				t.Error(err)
			}
		})
	}
	if agent.Load() != "wcme/test" {
		t.Errorf("it came as %q", agent.Load())
	}
}

func TestListCannotBeFetched(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"not found", http.NotFound, "status 404 Not Found"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) }, "status 302 Found"},
		{"too long, as announced", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "33554433") }, "longer than 32 MiB"},
		{"too long, as it came", func(w http.ResponseWriter, _ *http.Request) {
			for range 33 {
				w.Write(bytes.Repeat([]byte{'a'}, 1<<20))
			}
		}, "longer than 32 MiB"},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("abc"))
		}, "unexpected EOF"},
		{"no list", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("\x1b[31m")) }, "no revocation list"},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(row.handler)
			defer server.Close()
			_, err := reader(true).Fetch(t.Context(), server.URL, ca.certificate)
			if err == nil || !strings.Contains(err.Error(), row.want) || acmecore.KindOf(err) != acmecore.Unreachable {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirection was followed")
	}
}

// TestPrivateNetworksAreLeftAlone: a certificate of a public CA makes nobody ask the hosts
// around this one, neither by their addresses nor by names that lead to these.
func TestPrivateNetworksAreLeftAlone(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	var hits atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	port := server.Listener.Addr().String()
	port = port[strings.LastIndex(port, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1", "2130706433", "0x7f.1", "[64:ff9b::7f00:1]"} {
		_, err := reader(false).Fetch(t.Context(), "http://"+host+port+"/", ca.certificate)
		if err == nil {
			t.Errorf("%s was asked", host)
		}
	}
	if _, err := reader(false).Fetch(t.Context(), "http://127.0.0.1"+port+"/", ca.certificate); err == nil || !strings.Contains(err.Error(), "private network") {
		t.Errorf("got %v", err)
	}
	if hits.Load() != 0 {
		t.Errorf("the server was asked %d times", hits.Load())
	}
}

// TestAddressesOfTheInternet: those with an address of IPv4 in them, too, are none where a
// host beside this one may be what they lead to.
func TestAddressesOfTheInternet(t *testing.T) {
	for _, row := range []struct {
		want      bool
		addresses []string
	}{
		{true, []string{"1.1.1.1", "192.0.1.1", "192.88.98.255", "::ffff:1.1.1.1", "2001:200::1", "2606:4700::1111", "2a00:1450::1"}},
		{false, []string{"10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "192.0.2.1", "192.88.99.1", "198.51.100.1", "203.0.113.1", "255.255.255.255"}},
		{false, []string{"::1", "::127.0.0.1", "::10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "100::1", "2001::1", "2001:0:a00:1::", "2001:db8::1", "2002:a00:1::",
			"3fff::1", "5f00::1", "fd00::1", "fe80::1", "fec0::1", "ff02::1"}},
	} {
		for _, text := range row.addresses {
			if got := crl.IsPublic(netip.MustParseAddr(text)); got != row.want {
				t.Errorf("%s: got %v, want %v", text, got, row.want)
			}
		}
	}
}

// TestProxyIsUsed: also one in a private network, which the administrator has named.
func TestProxyIsUsed(t *testing.T) {
	ca := newAuthority(t, "Test CA")
	var asked atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.String())
		w.Write(ca.list(nil, nil))
	}))
	defer proxy.Close()
	through, err := neturl.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := crl.New(crl.Options{Proxy: func(*neturl.URL) (*neturl.URL, error) { return through, nil }, Now: func() time.Time { return now }})
	if _, err := r.Fetch(t.Context(), url, ca.certificate); err != nil || asked.Load() != url {
		t.Errorf("the proxy was asked for %v: %v", asked.Load(), err)
	}
	if _, err := r.Fetch(t.Context(), "http://10.0.0.1/1.crl", ca.certificate); err == nil || asked.Load() != url {
		t.Errorf("the proxy was asked for %v", asked.Load())
	}
}

func TestPointsOfACertificate(t *testing.T) {
	leaf := &x509.Certificate{CRLDistributionPoints: []string{url, "ldap://c.example.test/x", "file:///etc/passwd", "http://user:word@c.example.test/", "http:///", url,
		"http://c.example.test/\x1b", "https://c.example.test/2.crl"}}
	if got, want := crl.Points(leaf), []string{url, "https://c.example.test/2.crl"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
