package control

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"wcme/acmecore"
)

// writePatience is how long a page may take to read a line of its answer.
const writePatience = 10 * time.Second

// stream writes the lines of an answer as they come.
type stream struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	begun bool // the status has gone out
	// patience is how long whoever reads may take for a line, and keep a place; 0 is for
	// ever.
	patience time.Duration
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
	if s.patience > 0 {
		http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(s.patience))
	}
	json.NewEncoder(s.w).Encode(m)
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
