package responder_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/responder"
)

// ask sends the text of a request, as net/http reads it, to the handler.
func ask(tb testing.TB, r *responder.Responder, request string) *http.Response {
	tb.Helper()
	parsed, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		tb.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, parsed)
	return recorder.Result()
}

func redirecting(tb testing.TB) *responder.Responder {
	tb.Helper()
	r := newResponder(tb)
	configure(tb, r, responder.Settings{Redirect: true})
	return r
}

func body(tb testing.TB, response *http.Response) string {
	tb.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// TestChallengesAreAnswered as the script answers them, whoever asks in whatever
// way a certification authority may.
func TestChallengesAreAnswered(t *testing.T) {
	t.Parallel()
	const path = challengePath + string(token)
	for _, row := range []struct {
		what, request string
		status        int
		body          string
	}{
		{"HTTP/1.1", "GET " + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization},
		{"HTTP/1.0 without a host", "GET " + path + " HTTP/1.0\r\n\r\n", 200, authorization},
		{"a host in upper case with a port and a dot", "GET " + path + " HTTP/1.1\r\nHost: A.EXAMPLE.:80\r\n\r\n", 200, authorization},
		{"absolute form", "GET http://a.example" + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization},
		{"a path in lower case", "GET " + strings.ToLower(path) + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization},
		{"with a query", "GET " + path + "?x=1 HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization},
		{"with the thumbprint", "GET " + challengePath + authorization + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization},
		{"HEAD", "HEAD " + path + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 200, authorization}, // the server leaves the body out
		{"another token", "GET " + challengePath + strings.Repeat("b", 32) + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, challenge.Absent},
		{"no token", "GET " + challengePath + " HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, challenge.Absent},
		{"the directory", "GET /.well-known/acme-challenge HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, challenge.Absent},
		{"something below the token", "GET " + path + "/x HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, challenge.Absent},
		{"a file that is none", "GET " + challengePath + ".wcme.json HTTP/1.1\r\nHost: a.example\r\n\r\n", 404, challenge.Absent},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			response := ask(t, redirecting(t), row.request)
			if got := body(t, response); response.StatusCode != row.status || got != row.body {
				t.Errorf("got %d, %q; want %d, %q", response.StatusCode, got, row.status, row.body)
			}
			want := http.Header{}
			for _, header := range challenge.Headers(len(row.body)) {
				want.Set(header.Name, header.Value)
			}
			if got := fmt.Sprint(response.Header); got != fmt.Sprint(want) {
				t.Errorf("headers: got %v, want %v", got, want)
			}
		})
	}
}

func TestOtherRequestsAreRefused(t *testing.T) {
	t.Parallel()
	const path = challengePath + string(token)
	for _, row := range []struct {
		what, line string
		status     int
	}{
		{"POST of a challenge", "POST " + path, 405},
		{"PUT of a challenge", "PUT " + path, 405},
		{"a method of nobody's", "BREW " + path, 405},
		{"a parent directory", "GET " + challengePath + "../../etc/passwd", 400},
		{"the same, hidden", "GET " + challengePath + "..%2f..%2fetc%2fpasswd", 400},
		{"a token, hidden", "GET " + challengePath + "%79" + string(token[1:]), 400},
		{"the path, hidden", "GET /%2ewell-known/acme-challenge/" + string(token), 400},
		{"two slashes", "GET /.well-known//acme-challenge/" + string(token), 400},
		{"a dot", "GET /.well-known/./acme-challenge/" + string(token), 400},
		{"NUL", "GET " + path + "%00", 400},
		{"a new line", "GET " + path + "%0d%0aX:%20y", 400},
		{"a backslash", `GET /.well-known\acme-challenge\x`, 400},
		{"the server itself", "OPTIONS *", 400},
		{"a tunnel", "CONNECT a.example:443", 400},
		{"a long path", "GET /" + strings.Repeat("x", 9000), 400},
		{"a first page", "GET /", 404},
		{"an admin page", "GET /cgi-bin/wcme/admin/list", 404},
		{"a neighbour of challenges", "GET /.well-known/acme-challenges/" + string(token), 404},
		{"POST elsewhere", "POST /", 404},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			r := newResponder(t)
			configure(t, r, responder.Settings{})
			response := ask(t, r, row.line+" HTTP/1.1\r\nHost: a.example\r\n\r\n")
			if response.StatusCode != row.status {
				t.Errorf("status: got %d, want %d", response.StatusCode, row.status)
			}
			if got, want := response.Header.Get("Allow"), map[int]string{405: "GET, HEAD"}[row.status]; got != want {
				t.Errorf("Allow: got %q, want %q", got, want)
			}
			if got := body(t, response); strings.Contains(got, "KHxB8zeq") || strings.Contains(got, "passwd") {
				t.Errorf("body: got %q", got)
			}
		})
	}
}

func TestRedirectLeadsToTheSamePageOverHTTPS(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what, method, target, host string
		status                     int
		location                   string
	}{
		{"the first page", "GET", "/", "www.example.org", 301, "https://www.example.org/"},
		{"a page with a query", "GET", "/a/b.html?x=1&y=%20z", "www.example.org", 301, "https://www.example.org/a/b.html?x=1&y=%20z"},
		{"HEAD", "HEAD", "/a/", "www.example.org", 301, "https://www.example.org/a/"},
		{"a method that must not change", "POST", "/form", "www.example.org", 308, "https://www.example.org/form"},
		{"a port", "GET", "/", "www.example.org:8080", 301, "https://www.example.org/"},
		{"upper case", "GET", "/", "WWW.Example.ORG", 301, "https://www.example.org/"},
		{"a trailing dot", "GET", "/", "www.example.org.", 301, "https://www.example.org/"},
		{"an IPv4 address", "GET", "/", "192.0.2.7", 301, "https://192.0.2.7/"},
		{"an IPv6 address", "GET", "/", "[2001:DB8::7]:80", 301, "https://[2001:db8::7]/"},
		{"an IPv6 address without a port", "GET", "/", "[2001:db8::7]", 301, "https://[2001:db8::7]/"},
		{"an escaped path", "GET", "/caf%c3%a9/a%2fb", "www.example.org", 301, "https://www.example.org/caf%c3%a9/a%2fb"},
		{"a path in Latin 1", "GET", "/caf\xe9", "www.example.org", 301, "https://www.example.org/caf%E9"},
		{"markup in the path", "GET", `/"><script>`, "www.example.org", 301, "https://www.example.org/%22%3E%3Cscript%3E"},
		{"markup in the query", "GET", `/?"><script>`, "www.example.org", 301, "https://www.example.org/?%22%3E%3Cscript%3E"},
		{"a new line in the query", "GET", "/?a%0d%0aSet-Cookie:%20x=y", "www.example.org", 301, "https://www.example.org/?a%0d%0aSet-Cookie:%20x=y"},
		{"a URL in the path", "GET", "/https://evil.example/", "www.example.org", 400, ""}, // two slashes
		{"two slashes", "GET", "//evil.example/", "www.example.org", 400, ""},
		{"a new line in the path", "GET", "/%0d%0aSet-Cookie:%20x=y", "www.example.org", 400, ""},
		{"a parent", "GET", "/a/../b", "www.example.org", 400, ""},
		{"absolute form decides the host", "GET", "http://www.example.org/x", "evil.example", 301, "https://www.example.org/x"},
		{"no host", "GET", "/", "", 400, ""},
		{"a question mark in the host", "GET", "/", "a?", 400, ""},
		{"markup in the host", "GET", "/", `a"<b>`, 400, ""},
		{"a path in the host", "GET", "/", "www.example.org/evil", 400, ""},
		{"a user in the host", "GET", "/", "www.example.org@evil.example", 400, ""},
		{"a backslash in the host", "GET", "/", `evil.example\www.example.org`, 400, ""},
		{"a space in the host", "GET", "/", "www.example.org evil", 400, ""},
		{"Unicode in the host", "GET", "/", "münchen.example", 400, ""},
		{"an escape in the host", "GET", "/", "www%2eexample.org", 400, ""},
		{"a port that is none", "GET", "/", "www.example.org:80x", 400, ""},
		{"a port that is empty", "GET", "/", "www.example.org:", 400, ""},
		{"half a bracket", "GET", "/", "www.example.org]", 400, ""},
		{"a zone", "GET", "/", "[fe80::1%25eth0]", 400, ""},
		{"an address that is none", "GET", "/", "999.1.1.1", 400, ""},
		{"a label of hyphens", "GET", "/", "-.example.org", 400, ""},
		{"a wildcard", "GET", "/", "*.example.org", 400, ""},
		{"a very long host", "GET", "/", strings.Repeat("a.", 200) + "org", 400, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			response := ask(t, redirecting(t), row.method+" "+row.target+" HTTP/1.1\r\nHost: "+row.host+"\r\n\r\n")
			if got := response.Header.Get("Location"); response.StatusCode != row.status || got != row.location {
				t.Errorf("got %d, %q; want %d, %q", response.StatusCode, got, row.status, row.location)
			}
		})
	}
}

func TestChallengesAreNeverRedirected(t *testing.T) {
	t.Parallel()
	response := ask(t, redirecting(t), "GET "+challengePath+strings.Repeat("b", 32)+" HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if response.StatusCode != 404 || response.Header.Get("Location") != "" {
		t.Errorf("got %d, %q; want 404", response.StatusCode, response.Header.Get("Location"))
	}
}

// TestAnUnreadableDirectoryIsForTheLog: visitors are told what they always are.
func TestAnUnreadableDirectoryIsForTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := responder.New(responder.Options{Challenges: broken{}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	response := ask(t, r, "GET "+challengePath+string(token)+" HTTP/1.1\r\nHost: a.example\r\n\r\n")
	if got := body(t, response); response.StatusCode != 404 || got != challenge.Absent {
		t.Errorf("got %d, %q; want the usual 404", response.StatusCode, got)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "open /secret: permission denied") {
		t.Errorf("log: got %q", got)
	}
}

type broken struct{}

func (broken) Lookup(string) ([]byte, error) {
	return nil, errors.New("open /secret: permission denied")
}

// TestWhatIsElsewhereIsAnswered: after our own challenges, and only for what they
// do not have.
func TestWhatIsElsewhereIsAnswered(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	other := &elsewhere{answer: challenge.Answer{Text: []byte("of another"), Received: "{}"}}
	r := responder.New(responder.Options{Challenges: pending(t), Elsewhere: other, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if got := body(t, ask(t, r, "GET "+challengePath+string(token)+" HTTP/1.1\r\nHost: a.example\r\n\r\n")); got != authorization {
		t.Errorf("our own: got %q", got)
	}
	unknown := strings.Repeat("b", 32)
	response := ask(t, r, "GET "+challengePath+unknown+" HTTP/1.1\r\nHost: a.example:80\r\nWcme-Relay: 1\r\n\r\n")
	if got := body(t, response); got != "of another" || response.StatusCode != 200 || response.Header.Get("Wcme-Received") != "{}" {
		t.Errorf("another's: got %d, %q, %v", response.StatusCode, got, response.Header)
	}
	want := challenge.Question{Asked: unknown, Host: "a.example:80", Relayed: true}
	if len(other.questions) != 1 || other.questions[0] != want {
		t.Errorf("questions: got %+v, want %+v", other.questions, want)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "one ? thing") {
		t.Errorf("log: got %q", got)
	}
}

type elsewhere struct {
	answer    challenge.Answer
	questions []challenge.Question
}

func (e *elsewhere) Find(_ context.Context, q challenge.Question) (challenge.Answer, []error) {
	e.questions = append(e.questions, q)
	return e.answer, []error{errors.New("one \x1b thing")}
}

// TestAProbeIsToldHowItArrived, when it is pending.
func TestAProbeIsToldHowItArrived(t *testing.T) {
	t.Parallel()
	const probe = acmecore.ProbePrefix + "yIIZJXXiCJ0aynim9rn7HG"
	d := pending(t)
	if err := d.Publish(probe, probe+"."+strings.Repeat("k", 43)); err != nil {
		t.Fatal(err)
	}
	r := responder.New(responder.Options{Challenges: d, Log: slog.New(slog.DiscardHandler)})
	for asked, want := range map[string]string{
		probe:                         `{"path":"/.well-known/acme-challenge/` + probe + `","host":"a.example","protocol":"HTTP/1.1","address":"192.0.2.9"}`,
		probe + "x":                   "",
		acmecore.ProbePrefix + "none": "",
		string(token):                 "",
	} {
		request := httptest.NewRequest("GET", challengePath+asked, nil)
		request.Host, request.RemoteAddr = "a.example", "192.0.2.9:1234"
		recorder := httptest.NewRecorder()
		r.ServeHTTP(recorder, request)
		if got := recorder.Header().Get("Wcme-Received"); got != want {
			t.Errorf("%s: got %q, want %q", asked, got, want)
		}
	}
}

// FuzzAnswer: whatever is asked, the answer has one of five statuses, no header
// that a visitor could write, and leads nowhere but to a host name over https.
func FuzzAnswer(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/", "www.example.org"},
		{"GET", challengePath + string(token), "a.example:80"},
		{"POST", "/%0d%0aX:y?<>", "a?"},
		{"HEAD", "http://evil.example//x", "[::1]:80"},
		{"GET", "/..%2f", `a"<b>`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	r := redirecting(f)
	f.Fuzz(func(t *testing.T, method, target, host string) {
		text := method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return
		}
		recorder := httptest.NewRecorder()
		r.ServeHTTP(recorder, request)
		checkAnswer(t, recorder, text)
	})
}

func checkAnswer(t *testing.T, answer *httptest.ResponseRecorder, asked string) {
	t.Helper()
	location := answer.Header().Get("Location")
	switch answer.Code {
	case 301, 308:
		parsed, err := url.Parse(location)
		if err != nil || parsed.Scheme != "https" || parsed.User != nil || parsed.Port() != "" || parsed.Fragment != "" {
			t.Errorf("%q: Location: got %q, %v", asked, location, err)
		} else if name, err := acmecore.ParseName(parsed.Host); string(name) != parsed.Host && !strings.ContainsAny(parsed.Host, ".:") {
			t.Errorf("%q: Location: got %q, %v", asked, location, err)
		}
		if strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`"<>\`, c) }) {
			t.Errorf("%q: Location: got %q", asked, location)
		}
	case 200, 400, 404, 405:
		if location != "" {
			t.Errorf("%q: Location: got %q with %d", asked, location, answer.Code)
		}
	default:
		t.Errorf("%q: status: got %d", asked, answer.Code)
	}
	if answer.Code == 200 && answer.Body.String() != authorization {
		t.Errorf("%q: body: got %q", asked, answer.Body)
	}
}
