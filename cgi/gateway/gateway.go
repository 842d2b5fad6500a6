// Package gateway turns the variables that a web server gives to a script
// (RFC 3875) into an *http.Request, and what a handler writes into the script's
// answer.
//
// It is not net/http/cgi, which glues HTTP_HOST and REQUEST_URI into one text
// and parses that: a visitor's Host then decides the path. Here the path is
// SCRIPT_NAME and PATH_INFO, which the web server has decoded and has chosen the
// script by; what would change under cleaning is refused, REQUEST_URI is not
// looked at, and where wCME is mounted is found by one rule, see meta.Variables.Locate. Who
// asks is what the server says: forwarding headers are dropped.
//
// A Gateway answers any number of requests, one Serve each. The variables are
// data, whether they come from the environment of a CGI program (meta.FromEnviron)
// or as parameters of a FastCGI one.
package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"wcme/acmecore"
	"wcme/cgi/meta"
)

// Gateway answers requests by a handler.
type Gateway struct {
	// Handler gets requests whose URL.Path stands below the mount point, and
	// that have a web.Visitor in their context.
	Handler http.Handler
	// Log gets a line for each request that is refused, and for each panic.
	Log *slog.Logger
}

// Serve answers one request, in one write. The error is that of the write:
// whatever else goes wrong is answered.
func (g *Gateway) Serve(ctx context.Context, variables meta.Variables, body io.Reader, output io.Writer) error {
	answer := newAnswer()
	r, refused := newRequest(ctx, variables, body)
	if refused != nil {
		g.refuse(answer, refused)
	} else {
		g.handle(answer, r)
	}
	err := answer.send(output, variables["REQUEST_METHOD"] == http.MethodHead)
	if hasUnread(variables, refused) {
		discard(variables["CONTENT_LENGTH"], body)
	}
	return err
}

// Refuse answers a request that was found wrong before its variables were known,
// as Serve answers those that it refuses itself.
func (g *Gateway) Refuse(refusal *meta.Refusal, output io.Writer) error {
	answer := newAnswer()
	g.refuse(answer, refusal)
	return answer.send(output, false)
}

// handle lets the handler answer; one that panics has said nothing.
func (g *Gateway) handle(answer *answer, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil {
			g.Log.Error("handler panicked", "path", r.URL.Path,
				"cause", acmecore.Inert(fmt.Sprint(cause)), "at", panicAt())
			*answer = *newAnswer()
			answer.plain(http.StatusInternalServerError, "this is a fault of wCME; the web server's error log has a line about it")
		}
	}()
	g.Handler.ServeHTTP(answer, r)
}

// refuse answers a request that is not handed to anybody.
func (g *Gateway) refuse(answer *answer, refusal *meta.Refusal) {
	g.Log.Warn("request refused", "status", refusal.Status, "reason", refusal.Reason, "got", short(refusal.Got))
	answer.plain(refusal.Status, refusal.Reason)
}

func bad(reason, got string) *meta.Refusal {
	return &meta.Refusal{Status: http.StatusBadRequest, Reason: reason, Got: got}
}

// short is a text from outside for one line of a log.
func short(text string) string {
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return acmecore.Inert(text)
}

// panicAt names the functions and lines that led to the panic, innermost first.
func panicAt() string {
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(4, callers)])
	var at []string
	for more := true; more && len(at) < 4; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			at = append(at, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
		}
	}
	return strings.Join(at, " < ")
}
