package order_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// caHost is the name of the CA behind a proxy. The certificate of httptest is for
// it; none but the proxy of the test knows where it leads.
const caHost = "example.com"

// password has what must be escaped in a URL.
const password = "se/cr:et@1"

// proxy is an HTTP proxy that knows CONNECT alone, and one target.
type proxy struct {
	t       *testing.T
	target  string // where every CONNECT leads
	refuses func(http.ResponseWriter, *http.Request) bool

	mu   sync.Mutex
	seen []*http.Request
}

// ServeHTTP notes the request, and joins the two connections.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r.Clone(context.Background()))
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		p.t.Errorf("the proxy was sent %s %s", r.Method, r.URL)
	}
	if p.refuses != nil && p.refuses(w, r) {
		return
	}
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		p.t.Error(err)
		return
	}
	defer from.Close()
	fmt.Fprint(from, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		io.Copy(to, from)
		to.Close()
	}()
	io.Copy(from, to)
}

func (p *proxy) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// behindProxy returns a CA that is called caHost, and a proxy on its way.
func behindProxy(t *testing.T) (*setting, *proxy, *url.URL) {
	s := newSilent(t, &clock{time: start})
	s.ca.base = "https://" + caHost
	server := newServer(t, s.ca)
	p := &proxy{t: t, target: server.Listener.Addr().String()}
	s.options.Roots = x509.NewCertPool()
	s.options.Roots.AddCert(server.Certificate())
	s.enrol()
	front := httptest.NewUnstartedServer(p)
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.Start()
	t.Cleanup(front.Close)
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	return s, p, address
}

// TestProxy: everything goes to the CA by CONNECT, and nothing else to the proxy
// than where, who, and what asks.
func TestProxy(t *testing.T) {
	t.Parallel()
	s, p, address := behindProxy(t)
	address.User = url.UserPassword("wcme", password)
	s.options.Proxy = order.Through(address)
	s.mustObtain()
	if len(p.requests()) == 0 {
		t.Fatal("the proxy was asked for nothing")
	}
	credentials := "Basic " + base64.StdEncoding.EncodeToString([]byte("wcme:"+password))
	for _, r := range p.requests() {
		if r.Host != caHost+":443" || r.Header.Get("Proxy-Authorization") != credentials || r.Header.Get("User-Agent") != userAgent {
			t.Errorf("the proxy was asked for %q with %q", r.Host, r.Header)
		}
		if len(r.Header) != 2 {
			t.Errorf("the proxy was told %q", r.Header)
		}
	}
}

// TestProxyOfDirectory: who reads the directory learns through which proxy, and not
// its password.
func TestProxyOfDirectory(t *testing.T) {
	t.Parallel()
	s, _, address := behindProxy(t)
	plain := address.String()
	address.User = url.UserPassword("wcme", password)
	s.options.Proxy = order.Through(address)
	found, err := s.client().Discover(t.Context())
	if err != nil || found.Proxy != plain {
		t.Errorf("the proxy is %q, %v, want %q", found.Proxy, err, plain)
	}
	direct := newSetting(t)
	if found, err := direct.client().Discover(t.Context()); err != nil || found.Proxy != "" {
		t.Errorf("without a proxy it is %q, %v", found.Proxy, err)
	}
}

// TestProxyRefuses: the error says that it is the proxy, and what to try, and
// never its password.
func TestProxyRefuses(t *testing.T) {
	user := url.UserPassword("wcme", password)
	for name, row := range map[string]struct {
		user        *url.Userinfo
		answer      string
		words, hint string
		tries       int // how often it is asked; 0 for once or more
	}{
		"no user":                                {nil, "407 Proxy Authentication Required", `: it answers CONNECT with "407 Proxy Authentication Required"`, "http://USER:PASSWORD@HOST:PORT", 1},
		"a wrong password":                       {user, "407 Proxy Authentication Required", `"407 Proxy Authentication Required"`, "password in the proxy's URL is wrong", 1},
		"a wrong password, as tinyproxy says it": {user, "401 Unauthorized", `"401 Unauthorized"`, "password in the proxy's URL is wrong", 1},
		"a refused target":                       {user, "403 Filtered", `"403 Filtered"`, "must allow CONNECT", 1},
		"a target that is gone":                  {user, "502 Bad Gateway", `"502 Bad Gateway"`, "can the proxy reach the CA?", 0},
		"a redirection":                          {user, "302 Found\r\nLocation: http://127.0.0.1:1/", `"302 Found"`, "must allow CONNECT", 1},
		"a hostile status":                       {user, "403 \x1b[2J\u202eevil", `"403 ?[2J?evil"`, "must allow CONNECT", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, address := behindProxy(t)
			p.refuses = func(w http.ResponseWriter, _ *http.Request) bool {
				return answerRaw(t, w, "HTTP/1.1 "+row.answer+"\r\nContent-Length: 0\r\n\r\n")
			}
			named := "the proxy " + address.String()
			address.User = row.user
			s.options.Proxy = order.Through(address)
			err := s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"read directory", named, row.words}, hint: row.hint})
			mustHidePassword(t, err)
			if got := len(p.requests()); row.tries != 0 && got != row.tries {
				t.Errorf("the proxy was asked %d times, want %d", got, row.tries)
			}
		})
	}
}

// answerRaw answers in bytes that a server of net/http would not send.
func answerRaw(t *testing.T, w http.ResponseWriter, text string) bool {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return true
	}
	io.WriteString(conn, text)
	conn.Close()
	return true
}

func mustHidePassword(t *testing.T, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %s %#v", err, acmecore.HintOf(err), err)
	for _, secret := range []string{password, url.QueryEscape(password), url.PathEscape(password), "se%2Fcr", "se/cr"} {
		if strings.Contains(text, secret) {
			t.Errorf("the error shows the proxy's password: %s", text)
		}
	}
}

// TestProxyIsNone: what is at its address is nothing, or speaks no HTTP.
func TestProxyIsNone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer      string
		words, hint string
	}{
		"nothing":     {"", "the connection was cut before the answer was there, by way of the proxy http://", "in trouble"},
		"another one": {"220 mail.example ESMTP\r\n", `malformed HTTP`, "in trouble"},
	} {
		s, p, address := behindProxy(t)
		p.refuses = func(w http.ResponseWriter, _ *http.Request) bool { return answerRaw(t, w, row.answer) }
		address.User = url.UserPassword("wcme", password)
		s.options.Proxy = order.Through(address)
		t.Log(name)
		mustHidePassword(t, s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{row.words}, hint: row.hint}))
	}
}

// TestProxyIsGone: the error names the proxy's address, not the CA's.
func TestProxyIsGone(t *testing.T) {
	t.Parallel()
	s, _, address := behindProxy(t)
	address.Host = deadAddress(t)
	address.User = url.UserPassword("wcme", password)
	s.options.Proxy = order.Through(address)
	err := s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the proxy http://" + address.Host + ": dial tcp", "connection refused"},
		hint: "does the proxy run"})
	mustHidePassword(t, err)
}

// TestProxyCannotReplaceTheCA: TLS is verified against the CA's name, from end to
// end.
func TestProxyCannotReplaceTheCA(t *testing.T) {
	t.Parallel()
	s, p, address := behindProxy(t)
	other := httptest.NewUnstartedServer(s.ca)
	other.Config.ErrorLog = log.New(io.Discard, "", 0)
	other.TLS = &tls.Config{Certificates: s.tlsConfig(nil).Certificates}
	other.StartTLS()
	defer other.Close()
	p.target = other.Listener.Addr().String()
	s.options.Proxy = order.Through(address)
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"its TLS certificate is not trusted", "by way of the proxy " + address.String()}, hint: "is it the CA that answers"})
	if got := s.ca.count(); got != 0 {
		t.Errorf("%d requests were made", got)
	}
}

// TestProxyByTLS: the way to the proxy itself may be encrypted.
func TestProxyByTLS(t *testing.T) {
	t.Parallel()
	s, p, _ := behindProxy(t)
	front := newServer(t, p)
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.options.Proxy = order.Through(address)
	s.mustObtain()
	s.options.Roots = x509.NewCertPool()
	s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the proxy " + front.URL + ": its TLS certificate is not trusted"}, hint: "cacert.pem"})
}

// TestProxyOfEnvironment is read anew by each client, and is no default for who
// has configured something else.
func TestProxyOfEnvironment(t *testing.T) {
	s, p, address := behindProxy(t)
	found := func() (proxy string) {
		t.Helper()
		asked := len(p.requests())
		authority, err := s.client().Discover(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.requests()) == asked {
			t.Error("the proxy was not asked")
		}
		return authority.Proxy
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	t.Setenv("https_proxy", "")
	for _, value := range []string{address.String(), address.Host, "http://wcme:secret@" + address.Host} {
		t.Setenv("HTTPS_PROXY", value)
		if got, want := found(), address.String(); got != want {
			t.Errorf("HTTPS_PROXY=%s: the proxy is %q, want %q", value, got, want)
		}
	}
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	s.options.Proxy = order.Through(address)
	if got, want := found(), address.String(); got != want {
		t.Errorf("configured: the proxy is %q, want %q", got, want)
	}
}

// TestProxyNone goes to the CA directly, whatever the environment says.
func TestProxyNone(t *testing.T) {
	s := newSilent(t, &clock{time: start})
	s.serve()
	t.Setenv("HTTPS_PROXY", "gopher://127.0.0.1:1")
	s.options.Proxy = order.Through(nil)
	s.mustObtain()
}

// TestNoProxy: the environment says for whom there is none.
func TestNoProxy(t *testing.T) {
	const proxy = "http://proxy.example:8080"
	t.Setenv("HTTPS_PROXY", proxy)
	t.Setenv("HTTP_PROXY", "http://other.example")
	t.Setenv("no_proxy", "")
	for _, row := range []struct{ what, noProxy, target, want string }{
		{"nothing is excepted", "", "https://ca.example/directory", proxy},
		{"the CA is excepted", "a.example,ca.example", "https://ca.example/directory", ""},
		{"its domain is excepted", ".example", "https://ca.example/directory", ""},
		{"another one is excepted", "example.org", "https://ca.example/directory", proxy},
		{"its network is excepted", "192.0.2.0/24", "https://192.0.2.7/directory", ""},
		{"everything is excepted", "*", "https://ca.example/directory", ""},
		{"a CA on this machine", "", "https://127.0.0.1:14000/dir", ""},
	} {
		t.Setenv("NO_PROXY", row.noProxy)
		target, err := url.Parse(row.target)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if found, err := order.FromEnvironment()(target); err != nil {
			t.Errorf("%s: %v", row.what, err)
		} else if found != nil {
			got = found.String()
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.what, got, row.want)
		}
	}
}

// TestBadProxyOfEnvironment is not passed over: who set it wants one.
func TestBadProxyOfEnvironment(t *testing.T) {
	for _, value := range []string{"http://wcme:se%cr@proxy:8080", "http://", "gopher://proxy.example", "http://wcme:secret word@proxy:8080", "http://[::1", "://secret"} {
		t.Run(value, func(t *testing.T) {
			t.Setenv("HTTPS_PROXY", value)
			s := newSetting(t)
			err := s.mustFail(outcome{kind: acmecore.Invalid, words: []string{"HTTPS_PROXY is not the URL of a proxy"}, hint: "proxy.example.org:8080"})
			if strings.Contains(err.Error(), value) {
				t.Errorf("the error repeats it: %v", err)
			}
		})
	}
}
