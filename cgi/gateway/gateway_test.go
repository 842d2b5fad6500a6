package gateway_test

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"wcme/cgi/gateway"
	"wcme/cgi/meta"
	"wcme/web"
)

// exchange is one request through a gateway, as the handler and the web server
// saw it.
type exchange struct {
	request *http.Request // nil when the handler got none
	visitor web.Visitor
	body    string // of the request

	status int
	header http.Header
	answer string
	writes int
	log    string
}

// usual are the variables of an ordinary request, as Apache sets them.
func usual() meta.Variables {
	return meta.Variables{
		"GATEWAY_INTERFACE": "CGI/1.1",
		"REQUEST_METHOD":    "GET",
		"SERVER_PROTOCOL":   "HTTP/1.1",
		"SERVER_NAME":       "www.example.org",
		"SERVER_PORT":       "443",
		"HTTP_HOST":         "www.example.org",
		"REMOTE_ADDR":       "192.0.2.7",
		"REMOTE_PORT":       "51234",
		"SCRIPT_NAME":       "/cgi-bin/wcme",
		"PATH_INFO":         "/admin/list",
	}
}

// with returns the usual variables and these; an empty value removes one.
func with(pairs ...string) meta.Variables {
	v := usual()
	for i := 0; i < len(pairs); i += 2 {
		v[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "" {
			delete(v, pairs[i])
		}
	}
	return v
}

// serve passes a request to a handler that answers "seen".
func serve(t testing.TB, v meta.Variables, body io.Reader) *exchange {
	t.Helper()
	x := &exchange{}
	return x.serve(t, v, body, func(w http.ResponseWriter, r *http.Request) {
		x.request = r
		x.visitor = web.VisitorFrom(r.Context())
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the body: %v", err)
		}
		x.body = string(text)
		io.WriteString(w, "seen")
	})
}

// serveWith passes an ordinary request to the handler.
func serveWith(t testing.TB, v meta.Variables, handler http.HandlerFunc) *exchange {
	t.Helper()
	return new(exchange).serve(t, v, strings.NewReader(""), handler)
}

func (x *exchange) serve(t testing.TB, v meta.Variables, body io.Reader, handler http.HandlerFunc) *exchange {
	t.Helper()
	var log bytes.Buffer
	var output counter
	before := maps.Clone(v)
	g := gateway.Gateway{Handler: handler, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := g.Serve(t.Context(), v, body, &output); err != nil {
		t.Fatalf("Serve: %v", err)
	}
	if !maps.Equal(v, before) {
		t.Error("Serve changed the variables")
	}
	x.log, x.writes = log.String(), output.writes
	x.read(t, output.Bytes())
	return x
}

// read parses an answer as strictly as a web server may (RFC 3875 section 6).
func (x *exchange) read(t testing.TB, output []byte) {
	t.Helper()
	head, body, found := bytes.Cut(output, []byte("\r\n\r\n"))
	if !found {
		t.Fatalf("the answer has no end of headers: %q", output)
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a header line with a line end in it: %q", line)
		}
	}
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(output))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("the headers cannot be read: %v in %q", err, head)
	}
	code, phrase, _ := strings.Cut(header.Get("Status"), " ")
	x.status, err = strconv.Atoi(code)
	if err != nil || len(code) != 3 || phrase == "" || len(header["Status"]) != 1 {
		t.Fatalf("Status: %q", header["Status"])
	}
	header.Del("Status")
	x.header, x.answer = http.Header(header), string(body)
}

// counter is a web server that counts the writes of a script.
type counter struct {
	bytes.Buffer
	writes int
}

func (c *counter) Write(text []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(text)
}

// wantRefused checks what every refusal has.
func (x *exchange) wantRefused(t *testing.T, status int) {
	t.Helper()
	if x.request != nil {
		t.Fatalf("the handler got %s %s", x.request.Method, x.request.URL)
	}
	if x.status != status {
		t.Errorf("status %d, want %d", x.status, status)
	}
	want := http.Header{
		"Content-Type":            {"text/plain; charset=us-ascii"},
		"Content-Length":          {strconv.Itoa(len(x.answer))},
		"Content-Security-Policy": {"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"same-origin"},
		"Cache-Control":           {"no-store"},
	}
	if !maps.EqualFunc(x.header, want, func(a, b []string) bool { return strings.Join(a, "|") == strings.Join(b, "|") }) {
		t.Errorf("headers %v, want %v", x.header, want)
	}
	if !strings.HasPrefix(x.answer, http.StatusText(status)+": ") || !strings.HasSuffix(x.answer, ".\n") {
		t.Errorf("answer %q, want a sentence", x.answer)
	}
	if strings.Count(x.log, "\n") != 1 || !strings.HasSuffix(x.log, "\n") {
		t.Errorf("log %q, want one line", x.log)
	}
}

// wantSeen checks that the handler got the request and that its answer came through.
func (x *exchange) wantSeen(t *testing.T) {
	t.Helper()
	if x.request == nil {
		t.Fatalf("refused with %d %q", x.status, x.answer)
	}
	if x.status != http.StatusOK || x.answer != "seen" || x.log != "" {
		t.Errorf("answer %d %q, log %q; want 200, seen, no log", x.status, x.answer, x.log)
	}
}

func TestHandlerGetsTheRequest(t *testing.T) {
	x := serve(t, with(
		"QUERY_STRING", "a=b&c",
		"HTTP_ACCEPT_LANGUAGE", "en",
		"HTTP_X_UNDER", "1",
		"REMOTE_USER", "alice", "AUTH_TYPE", "Basic",
		"HTTPS", "on",
		"REQUEST_URI", "/elsewhere?z",
		"HTTP_COOKIE", "a=1; b=2",
	), strings.NewReader("not announced"))
	x.wantSeen(t)
	r := x.request
	if r.Method != "GET" || r.Proto != "HTTP/1.1" || r.Host != "www.example.org" || r.RemoteAddr != "192.0.2.7:51234" {
		t.Errorf("got %s %s for %s from %s", r.Method, r.Proto, r.Host, r.RemoteAddr)
	}
	if r.URL.String() != "/admin/list?a=b&c" || r.URL.RawPath != "" || r.RequestURI != "" {
		t.Errorf("URL %q, raw path %q, request URI %q", r.URL, r.URL.RawPath, r.RequestURI)
	}
	want := http.Header{"Accept-Language": {"en"}, "X-Under": {"1"}, "Cookie": {"a=1; b=2"}}
	if !maps.EqualFunc(r.Header, want, func(a, b []string) bool { return strings.Join(a, "|") == strings.Join(b, "|") }) {
		t.Errorf("headers %v, want %v", r.Header, want)
	}
	visitor := web.Visitor{Base: "/cgi-bin/wcme", User: "alice", Address: "192.0.2.7", HTTPS: true}
	if x.visitor != visitor {
		t.Errorf("visitor %+v, want %+v", x.visitor, visitor)
	}
	if x.body != "" {
		t.Errorf("body %q, want none: none was announced", x.body)
	}
}

func TestGatewayAnswersManyRequests(t *testing.T) {
	for _, path := range []string{"/admin/one", "/admin/two", "/admin/three"} {
		if x := serve(t, with("PATH_INFO", path), nil); x.request.URL.Path != path {
			t.Errorf("path %q, want %q", x.request.URL.Path, path)
		}
	}
}
