package gateway_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"wcme/cgi/gateway"
)

func TestAnswerIsOneWriteWithItsLength(t *testing.T) {
	x := serveWith(t, usual(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Add("X-Two", "1")
		w.Header().Add("X-Two", "2")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Late", "1")
		for range 100 {
			io.WriteString(w, strings.Repeat("a", 1000))
		}
	})
	if x.status != http.StatusTeapot || len(x.answer) != 100_000 || x.header.Get("Content-Length") != "100000" || x.writes != 1 {
		t.Errorf("status %d, %d bytes, Content-Length %s, %d writes", x.status, len(x.answer), x.header.Get("Content-Length"), x.writes)
	}
	if strings.Join(x.header["X-Two"], ",") != "1,2" || x.header.Get("X-Late") != "" {
		t.Errorf("headers %v", x.header)
	}
}

func TestAnswerIsExact(t *testing.T) {
	var output bytes.Buffer
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") })
	g := gateway.Gateway{Handler: handler, Log: slog.New(slog.DiscardHandler)}
	if err := g.Serve(t.Context(), usual(), nil, &output); err != nil {
		t.Fatal(err)
	}
	want := "Status: 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\n"
	if output.String() != want {
		t.Errorf("got %q, want %q", output.String(), want)
	}
}

func TestAnswerToHEADHasNoBody(t *testing.T) {
	x := serveWith(t, with("REQUEST_METHOD", "HEAD"), func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	if x.status != 200 || x.answer != "" || x.header.Get("Content-Length") != "5" {
		t.Errorf("%d %q, Content-Length %q", x.status, x.answer, x.header.Get("Content-Length"))
	}
	x = serveWith(t, with("REQUEST_METHOD", "HEAD"), func(w http.ResponseWriter, r *http.Request) {})
	if _, found := x.header["Content-Length"]; found || x.answer != "" {
		t.Errorf("Content-Length %q for a body that is not known", x.header.Get("Content-Length"))
	}
	x = serve(t, with("REQUEST_METHOD", "HEAD", "HTTP_HOST", "a?"), nil)
	if x.status != 400 || x.answer != "" {
		t.Errorf("refusal of HEAD: %d %q", x.status, x.answer)
	}
}

func TestAnswerWithoutBody(t *testing.T) {
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		x := serveWith(t, usual(), func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, "hello")
		})
		if x.status != status || x.answer != "" || x.header.Get("Content-Length") != "" || x.header.Get("Content-Type") != "" {
			t.Errorf("%d: got %d %q with %v", status, x.status, x.answer, x.header)
		}
	}
}

func TestInterimAnswersAreNotWritten(t *testing.T) {
	x := serveWith(t, usual(), func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusContinue)
		w.WriteHeader(http.StatusNotFound)
	})
	if x.status != http.StatusNotFound {
		t.Errorf("status %d, want 404", x.status)
	}
}

// TestAnswerCannotBeSplit is G15 from our side.
func TestAnswerCannotBeSplit(t *testing.T) {
	x := serveWith(t, usual(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Value", "a\r\nSet-Cookie: b\x00\n\n<script>")
		w.Header()["X-Name\r\nEvil"] = []string{"1"}
		w.Header()[""] = []string{"1"}
		w.Header().Set("Status", "500 Forged")
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Content-Length", "5000")
		io.WriteString(w, "hello")
	})
	if x.status != 200 || x.answer != "hello" || x.header.Get("Content-Length") != "5" {
		t.Errorf("%d %q, %v", x.status, x.answer, x.header)
	}
	if len(x.header) != 3 || x.header.Get("X-Value") != "a  Set-Cookie: b   <script>" {
		t.Errorf("headers %q", x.header)
	}
}

// TestLocationBesideOKIsNotWritten keeps servers from an internal redirect
// (RFC 3875 section 6.2.2).
func TestLocationBesideOKIsNotWritten(t *testing.T) {
	for status, want := range map[int]string{200: "", 303: "/etc/passwd", 201: "/etc/passwd"} {
		x := serveWith(t, usual(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/etc/passwd")
			w.WriteHeader(status)
		})
		if got := x.header.Get("Location"); got != want {
			t.Errorf("%d: Location %q, want %q", status, got, want)
		}
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	for name, panics := range map[string]http.HandlerFunc{
		"text":      func(w http.ResponseWriter, r *http.Request) { panic("secret\nof two lines") },
		"abort":     func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"index":     func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header["X-None"][0]) },
		"status":    func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(1000) },
		"too late":  func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "half a page"); panic("secret") },
		"after 1xx": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); panic(errors.New("secret")) },
	} {
		t.Run(name, func(t *testing.T) {
			x := serveWith(t, usual(), panics)
			x.wantRefused(t, http.StatusInternalServerError)
			if strings.Contains(x.answer, "secret") || strings.Contains(x.answer, "half") {
				t.Errorf("answer %q", x.answer)
			}
			if !strings.Contains(x.log, "TestPanicIsAnsweredAndLogged") {
				t.Errorf("log %q does not say where", x.log)
			}
		})
	}
}

func TestServeReturnsTheErrorOfTheWrite(t *testing.T) {
	g := gateway.Gateway{Handler: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)}
	gone := errors.New("gone")
	if err := g.Serve(t.Context(), usual(), nil, failing{gone}); !errors.Is(err, gone) {
		t.Errorf("Serve = %v, want %v", err, gone)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
