package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"wcme/acmecore"
)

// maxConcurrent is how many requests are worked on at once.
const maxConcurrent = 64

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
	// Log gets a line for each request that acts.
	Log *slog.Logger
	// Refused is told of each request that its caller had no right to: who asked, as
	// CallerFrom says it, the path, and why not. Callers choose how often that is. nil
	// tells nobody.
	Refused func(who, path, reason string)
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
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       5 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelInfo),
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
	const view, operate, admin = right(acmecore.RoleView), right(acmecore.RoleOperate), right(acmecore.RoleAdmin)
	places := make(chan struct{}, maxConcurrent)
	mux := http.NewServeMux()
	for pattern, operation := range map[string]operation{
		"GET " + pathCertificates: {view, s.list},
		"GET " + pathCheckCA:      {onlyOwn, s.checkCA},
		"POST " + pathCheckChallenge: {onlyOwn, running(func(c context.Context, q ChallengeRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckChallenge(c, q, p)
		})},
		"POST " + pathCertify: {onlyOwn, running(func(c context.Context, q CertifyRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Certify(c, q, p)
		})},
		"POST " + pathRegister: {onlyOwn, running(func(c context.Context, q RegisterRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Register(c, q, p)
		})},
		"POST " + pathManage: {onlyOwn, running(func(c context.Context, q ManageRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Manage(c, q, p)
		})},
		"POST " + pathRestore: {onlyOwn, running(func(c context.Context, q RestoreRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Restore(c, q, p)
		})},
		"POST " + pathRevoke: {onlyOwn, running(func(c context.Context, q RevokeRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Revoke(c, q, p)
		})},
		"POST " + pathRemove: {onlyOwn, running(func(c context.Context, q RemoveRequest, p acmecore.Progress) (any, error) {
			return struct{}{}, s.Operations.Remove(c, q, p)
		})},
		"POST " + pathRehearse: {onlyOwn, running(func(c context.Context, q CertifyRequest, p acmecore.Progress) (any, error) {
			return s.Operations.Rehearse(c, q, p)
		})},
		"POST " + pathCheckServed: {onlyOwn, running(func(c context.Context, q servedRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckServed(c, q.IDs, p)
		})},
		"POST " + pathCheckLoad: {onlyOwn, running(func(c context.Context, q loadRequest, p acmecore.Progress) (any, error) {
			return s.Operations.CheckLoad(c, q.Action, p)
		})},
		"POST " + pathCheckReport: {onlyOwn, running(func(c context.Context, q reportRequest, p acmecore.Progress) (any, error) {
			return struct{}{}, s.Operations.CheckReport(c, q.Way, p)
		})},
		"GET " + pathAlive: {onlyOwn, s.alive},

		"POST " + pathOverview: {view, asking(func(c context.Context, q acmecore.Query) (any, error) { return s.Administration.Overview(c, q) })},
		"POST " + pathDetails:  {view, asking(func(c context.Context, q detailsRequest) (any, error) { return s.Administration.Details(c, q.ID) })},
		"POST " + pathChoices:  {operate, asking(func(c context.Context, _ struct{}) (any, error) { return s.Administration.Choices(c) })},
		"POST " + pathJob:      {view, asking(func(c context.Context, q jobRequest) (any, error) { return s.Administration.Job(c, q.ID, q.After) })},
		"POST " + pathRuns:     {view, asking(func(c context.Context, q acmecore.RunQuery) (any, error) { return s.Administration.Runs(c, q) })},
		"POST " + pathRun:      {view, asking(func(c context.Context, q runRequest) (any, error) { return s.Administration.Run(c, q.ID) })},
		"POST " + pathLog:      {view, asking(func(c context.Context, q acmecore.LogQuery) (any, error) { return s.Administration.Log(c, q) })},
		"POST " + pathAudit:    {admin, asking(func(c context.Context, q acmecore.AuditQuery) (any, error) { return s.Administration.Audit(c, q) })},
		"POST " + pathMetrics:  {view, asking(func(c context.Context, _ struct{}) (any, error) { return s.Administration.Metrics(c) })},
		"POST " + pathStatus:   {view, s.status},
		"POST " + pathBegin:    {operate, s.begin},
	} {
		mux.Handle(pattern, s.operation(operation, places))
	}
	mux.Handle("POST "+pathAdmission, s.forVisitors(places, s.admission))
	mux.Handle("POST "+pathAccount, s.forVisitors(places, s.account))
	return mux
}

// operation is one that can be asked for, and the right that it needs.
type operation struct {
	right right
	run   run
}

// run is an operation as HTTP has it.
type run func(*http.Request, asked, acmecore.Progress) (any, error)

// running makes a run of an operation that takes its time.
func running[Q any](do func(context.Context, Q, acmecore.Progress) (any, error)) run {
	return func(r *http.Request, _ asked, progress acmecore.Progress) (any, error) {
		var request Q
		if err := decode(r, &request); err != nil {
			return nil, err
		}
		return do(r.Context(), request, progress)
	}
}

// asking makes a run of one that looks something up.
func asking[Q any](do func(context.Context, Q) (any, error)) run {
	return running(func(ctx context.Context, request Q, _ acmecore.Progress) (any, error) { return do(ctx, request) })
}

// operation checks the caller's right, then takes the request in, and only then
// takes one of the places for work: a caller that sends slowly holds nobody up.
func (s *Server) operation(operation operation, places chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.allow(r, operation.right)
		r = r.WithContext(withCaller(r.Context(), who.caller, who.name()))
		if err != nil {
			s.refused(r, err)
			answer(w, nil, err)
			return
		}
		s.work(w, r, who, places, operation.run)
	})
}

// forVisitors is for pages alone, of whoever looks at them: Access decides itself.
func (s *Server) forVisitors(places chan struct{}, run run) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := asked{caller: peerFrom(r.Context())}
		var err error
		if who.claim, who.forPage, err = readClaim(r); err == nil {
			err = s.mayConnect(who.caller, who.forPage)
		}
		if err == nil && (s.Access == nil || !who.forPage) {
			err = denied("this is for the pages")
		}
		r = r.WithContext(withCaller(r.Context(), who.caller, ""))
		if err != nil {
			s.refused(r, err)
			answer(w, nil, err)
			return
		}
		s.work(w, r, who, places, run)
	})
}

// work takes the request in and does it.
func (s *Server) work(w http.ResponseWriter, r *http.Request, who asked, places chan struct{}, run run) {
	if err := readBody(w, r); err != nil {
		answer(w, nil, err)
		return
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
		stream := &stream{w: w}
		result, err := run(r, who, stream.step)
		stream.end(result, err)
	default:
		answer(w, nil, &acmecore.Error{Kind: acmecore.Busy, Op: "ask the overseer",
			Cause: fmt.Errorf("it is at work on %d other requests", maxConcurrent), Hint: "try again"})
	}
}

// refused notes a request that its caller had no right to.
func (s *Server) refused(r *http.Request, err error) {
	who := CallerFrom(r.Context())
	s.Log.Info("request refused", "path", r.URL.Path, "caller", who, "reason", err.Error())
	if s.Refused != nil {
		s.Refused(who, r.URL.Path, err.Error())
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

// stream writes the lines of an answer as they come.
type stream struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	begun bool // the status has gone out
}

func (s *stream) step(step acmecore.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	s.write(message{Step: &step})
	if flusher, ok := s.w.(http.Flusher); ok {
		flusher.Flush()
	}
}

func (s *stream) end(result any, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, status := ending(result, err)
	if !s.begun {
		s.w.WriteHeader(status)
	}
	s.write(last)
}

// write sends one line. That nobody reads any more is seen by the request's
// context, which ends the run.
func (s *stream) write(m message) {
	json.NewEncoder(s.w).Encode(m)
}

// answer is the whole of an answer without steps.
func answer(w http.ResponseWriter, result any, err error) {
	last, status := ending(result, err)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(last)
}

// ending is the last line of an answer, and the status that counts where no step
// went before it.
func ending(result any, err error) (last message, status int) {
	if err == nil {
		last.Result, err = json.Marshal(result)
	}
	if err != nil {
		return message{Error: newWireError(err)}, statusOf(err)
	}
	return last, http.StatusOK
}
