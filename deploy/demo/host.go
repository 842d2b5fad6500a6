package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"strings"
	"sync"
)

// The two places where the script is mapped, as in deploy/apache/wcme.conf.
const (
	challengePath = "/.well-known/acme-challenge"
	scriptPath    = "/cgi-bin/wcme"
	listPath      = scriptPath + "/admin/list"
)

// host stands for the web server that a user of wCME already runs: it runs the
// script as a CGI program. It takes everybody who reaches it for the user
// admin, and so listens on the loopback address alone.
type host struct {
	address  string // of the listener
	script   string // path of the program
	env      []string
	note     func(line string) // gets a line for each challenge
	stderr   io.Writer         // gets what the script says on its error output
	server   *http.Server
	mu       sync.Mutex
	answered map[string]int // host name → how often a challenge for it was answered with 200
}

// start listens on a free port.
func (h *host) start() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.address = listener.Addr().String()
	h.answered = make(map[string]int)
	h.server = &http.Server{Handler: h, ErrorLog: log.New(h.stderr, "host: ", 0)}
	go h.server.Serve(listener)
	return nil
}

func (h *host) port() int {
	address, err := net.ResolveTCPAddr("tcp", h.address)
	if err != nil {
		return 0
	}
	return address.Port
}

// ServeHTTP maps the script. Its admin pages are for this machine's own address
// only: a name that another site makes point here must not borrow the user.
func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case below(r.URL.Path, challengePath):
		h.challenge(w, r)
	case r.Host != h.address:
		http.Error(w, "This is not "+h.address+".", http.StatusForbidden)
	case below(r.URL.Path, scriptPath+"/admin"):
		h.run(scriptPath, "REMOTE_USER=admin", "AUTH_TYPE=Basic").ServeHTTP(w, r)
	case below(r.URL.Path, scriptPath):
		h.run(scriptPath).ServeHTTP(w, r)
	default:
		http.Redirect(w, r, listPath, http.StatusFound)
	}
}

func below(path, prefix string) bool {
	rest, found := strings.CutPrefix(path, prefix)
	return found && (rest == "" || rest[0] == '/')
}

// run makes a CGI program of the script, mounted at path.
func (h *host) run(path string, env ...string) http.Handler {
	return &cgi.Handler{
		Path:   h.script,
		Root:   path,
		Dir:    "/",
		Env:    append(env, h.env...),
		Logger: log.New(h.stderr, "host: ", 0),
		Stderr: h.stderr,
	}
}

// challenge runs the script, and notes what it answered first for each name: an
// authority asks several times.
func (h *host) challenge(w http.ResponseWriter, r *http.Request) {
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	h.run(challengePath).ServeHTTP(seen, r)
	name, _, _ := strings.Cut(r.Host, ":")
	if seen.status != http.StatusOK || h.count(name) == 1 {
		h.note(fmt.Sprintf("[host] %s http://%s%s: %d from cgi-bin/wcme", r.Method, name, shorten(r.URL.Path), seen.status))
	}
}

func (h *host) count(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answered[name]++
	return h.answered[name]
}

// timesAnswered tells how often a challenge for the name was answered with 200.
func (h *host) timesAnswered(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.answered[name]
}

// shorten leaves out the end of a path with a token.
func shorten(path string) string {
	const most = len(challengePath) + 9
	if len(path) > most {
		return path[:most] + "…"
	}
	return path
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
