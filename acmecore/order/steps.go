package order

import (
	"sync"
	"time"

	"wcme/acmecore"
)

// steps hands the steps of concurrent authorizations on one at a time.
type steps struct {
	mu       sync.Mutex
	progress acmecore.Progress
	now      func() time.Time
}

// did reports one thing that was done. The text is a constant phrase of ours or
// inert; never a key authorization.
func (s *steps) did(stage, subject, text string) {
	if s.progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress(acmecore.Step{Time: s.now(), Stage: stage, Subject: acmecore.Inert(subject), Text: text})
}
