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

// Server answers Operations on a socket.
type Server struct {
	// Operations does the work.
	Operations Operations
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
	places := make(chan struct{}, maxConcurrent)
	mux := http.NewServeMux()
	mux.Handle("GET "+pathCertificates, s.operation(mayRead, places, s.list))
	mux.Handle("GET "+pathCheckCA, s.operation(mayAct, places, s.checkCA))
	mux.Handle("POST "+pathCheckChallenge, s.operation(mayRead, places, s.checkChallenge))
	mux.Handle("POST "+pathCertify, s.operation(mayAct, places, s.certify))
	mux.Handle("POST "+pathRegister, s.operation(mayAct, places, s.register))
	mux.Handle("POST "+pathManage, s.operation(mayAct, places, s.manage))
	mux.Handle("POST "+pathRestore, s.operation(mayAct, places, s.restore))
	mux.Handle("POST "+pathCheckServed, s.operation(mayAct, places, s.checkServed))
	mux.Handle("POST "+pathCheckLoad, s.operation(mayAct, places, s.checkLoad))
	mux.Handle("POST "+pathCheckReport, s.operation(mayAct, places, s.checkReport))
	mux.Handle("GET "+pathAlive, s.operation(mayAct, places, s.alive))
	return mux
}

// run is an operation as HTTP has it.
type run func(*http.Request, acmecore.Progress) (any, error)

// operation checks the caller's right, then takes the request in, and only then
// takes one of the places for work: a caller that sends slowly holds nobody up.
func (s *Server) operation(right right, places chan struct{}, run run) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := peerFrom(r.Context())
		r = r.WithContext(withCaller(r.Context(), caller, r.Header.Get(headerUser)))
		if err := s.allow(caller, right, r.Header.Get(headerUser)); err != nil {
			s.refused(r, err)
			answer(w, nil, err)
			return
		}
		if err := readBody(w, r); err != nil {
			answer(w, nil, err)
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			stream := &stream{w: w}
			result, err := run(r, stream.step)
			stream.end(result, err)
		default:
			answer(w, nil, &acmecore.Error{Kind: acmecore.Busy, Op: "ask the overseer",
				Cause: fmt.Errorf("it is at work on %d other requests", maxConcurrent), Hint: "try again"})
		}
	})
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

func (s *Server) list(r *http.Request, _ acmecore.Progress) (any, error) {
	return s.Operations.List(r.Context())
}

func (s *Server) checkCA(r *http.Request, _ acmecore.Progress) (any, error) {
	return s.Operations.CheckCA(r.Context(), r.URL.Query().Get("ca"))
}

func (s *Server) checkChallenge(r *http.Request, progress acmecore.Progress) (any, error) {
	var request ChallengeRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	if err := s.allowCheck(r.Context(), request); err != nil {
		if acmecore.KindOf(err) == acmecore.Denied {
			s.refused(r, err)
		}
		return nil, err
	}
	return s.Operations.CheckChallenge(r.Context(), request, progress)
}

func (s *Server) certify(r *http.Request, progress acmecore.Progress) (any, error) {
	var request CertifyRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.Certify(r.Context(), request, progress)
}

func (s *Server) register(r *http.Request, progress acmecore.Progress) (any, error) {
	var request RegisterRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.Register(r.Context(), request, progress)
}

func (s *Server) manage(r *http.Request, progress acmecore.Progress) (any, error) {
	var request ManageRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.Manage(r.Context(), request, progress)
}

func (s *Server) restore(r *http.Request, progress acmecore.Progress) (any, error) {
	var request RestoreRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.Restore(r.Context(), request, progress)
}

func (s *Server) checkServed(r *http.Request, progress acmecore.Progress) (any, error) {
	var request servedRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.CheckServed(r.Context(), request.IDs, progress)
}

func (s *Server) checkLoad(r *http.Request, progress acmecore.Progress) (any, error) {
	var request loadRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return s.Operations.CheckLoad(r.Context(), request.Action, progress)
}

func (s *Server) checkReport(r *http.Request, progress acmecore.Progress) (any, error) {
	var request reportRequest
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	return struct{}{}, s.Operations.CheckReport(r.Context(), request.Way, progress)
}

func (s *Server) alive(r *http.Request, _ acmecore.Progress) (any, error) {
	return struct{}{}, s.Operations.Alive(r.Context())
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
