package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"wcme/acmecore"
)

// Server answers Operations on a socket, and Administration and Access.
type Server struct {
	// Operations does the work.
	Operations Operations
	// Administration is for the pages.
	Administration Administration
	// Access decides about the pages; nil refuses them all.
	Access Access
	// Script is the user id that the web server runs the script as; -1 grants
	// no user but root and the overseer's own anything.
	Script int
	// Patience is how long a page may take to read a line of its answer; 0 is 10 s.
	Patience time.Duration
	// Beginning is how long the header of a request may take; 0 is 5 s.
	Beginning time.Duration
	// Log gets a line for each request that acts.
	Log *slog.Logger
	// Refused is told of each request that its caller had no right to: who asked, as
	// CallerFrom says it, the path, and why not. Callers choose how often that is: it
	// says whether the log is to have a line, too. nil is nobody, and logs each.
	Refused func(who, path, reason string) (logged bool)
}

// Serve answers on the listener, which must be of a Unix socket, until the
// context ends; then running requests are cancelled and waited for, 10 s at most.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	requests, cancelRequests := context.WithCancel(context.Background())
	defer cancelRequests()
	server := &http.Server{
		Handler:           s.handler(),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnContext:       withPeer,
		ReadHeaderTimeout: cmp.Or(s.Beginning, 5*time.Second),
		IdleTimeout:       5 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelInfo),
	}
	if s.Script >= 0 {
		listener = newCrowd(listener, s.Script)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	cancelRequests()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

func (s *Server) handler() http.Handler {
	places := places{all: make(chan struct{}, maxConcurrent), pages: make(chan struct{}, maxPages)}
	mux := http.NewServeMux()
	for pattern, run := range s.own() {
		mux.Handle(pattern, s.answering(s.ofOwn, places, run))
	}
	for pattern, operation := range s.shared() {
		mux.Handle(pattern, s.answering(s.ofRole(operation.role), places, operation.run))
	}
	mux.Handle("POST "+pathAdmission, s.answering(s.ofVisitor, places, s.admission))
	mux.Handle("POST "+pathAccount, s.answering(s.ofVisitor, places, s.account))
	return mux
}

// answering checks the caller's right, then takes the request in, and only then takes
// one of the places for work: a caller that sends slowly holds nobody up.
func (s *Server) answering(right right, places places, run run) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := right(r)
		r = r.WithContext(withCaller(r.Context(), who))
		stream := &stream{w: w}
		if who.forPage || err != nil {
			stream.patience = cmp.Or(s.Patience, writePatience)
		}
		if err != nil {
			s.refused(r, err)
			stream.end(nil, err)
			return
		}
		if err := readBody(w, r); err != nil {
			stream.end(nil, err)
			return
		}
		release, err := places.take(who.forPage)
		if err != nil {
			stream.end(nil, err)
			return
		}
		defer release()
		stream.end(run(r, who, stream.step))
	})
}

// refused notes a request that its caller had no right to.
func (s *Server) refused(r *http.Request, err error) {
	who := CallerFrom(r.Context())
	if s.Refused == nil || s.Refused(who, r.URL.Path, err.Error()) {
		s.Log.Info("request refused", "path", r.URL.Path, "caller", who, "reason", err.Error())
	}
}

// readBody takes the whole body in, within its limits of size and time. The
// deadline must not stay: it would end a long run's context.
func readBody(w http.ResponseWriter, r *http.Request) error {
	connection := http.NewResponseController(w)
	deadline := time.Now().Add(10 * time.Second)
	if err := connection.SetReadDeadline(deadline); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "read request", Cause: err}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return connection.SetReadDeadline(time.Time{})
}

func (s *Server) list(r *http.Request, _ asked, _ acmecore.Progress) (any, error) {
	return s.Operations.List(r.Context())
}

func (s *Server) checkCA(r *http.Request, _ asked, _ acmecore.Progress) (any, error) {
	return s.Operations.CheckCA(r.Context(), r.URL.Query().Get("ca"))
}

func (s *Server) alive(r *http.Request, _ asked, _ acmecore.Progress) (any, error) {
	return struct{}{}, s.Operations.Alive(r.Context())
}

// status shows the configuration to those alone who might change it.
func (s *Server) status(r *http.Request, who asked, _ acmecore.Progress) (any, error) {
	return s.Administration.Status(r.Context(), !who.forPage || who.admission.Role.May(acmecore.RoleAdmin))
}

// begin begins a task for whoever has the role for it and has sent a form.
func (s *Server) begin(r *http.Request, who asked, _ acmecore.Progress) (any, error) {
	var task Task
	if err := decode(r, &task); err != nil {
		return nil, err
	}
	role := task.Deed.Role()
	if role == "" {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "begin", Subject: acmecore.Inert(string(task.Deed)), Cause: errors.New("nothing is called that")}
	}
	if !who.forPage {
		return s.Administration.Begin(r.Context(), task, "")
	}
	if err := allows(who.admission, role); err != nil {
		s.refused(r, err)
		return nil, err
	}
	key, err := s.Access.Spend(r.Context(), who.claim, who.admission)
	if err != nil {
		return nil, err
	}
	return s.Administration.Begin(r.Context(), task, key)
}

func (s *Server) admission(r *http.Request, who asked, _ acmecore.Progress) (any, error) {
	return s.Access.Admit(r.Context(), who.claim)
}

func (s *Server) account(r *http.Request, who asked, _ acmecore.Progress) (any, error) {
	var request acmecore.AccountRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Access.Account(r.Context(), who.claim, request)
}

// decode reads a request strictly: an unknown field is a newer program's.
func decode(r *http.Request, request any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(request)
	if err == nil {
		if _, more := decoder.Token(); errors.Is(more, io.EOF) {
			return nil
		}
		err = errors.New("something follows it")
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "read request", Cause: err}
}
