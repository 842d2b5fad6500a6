package login

import (
	"crypto/subtle"
	"log/slog"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// The most sessions of a user and of all: the oldest ends for a new one.
const (
	maxOfUser   = 20
	maxSessions = 1000
)

// seenStep is how exactly it is kept when a session was last seen: on disk, a restart
// may make it so much older.
const seenStep = time.Minute

// session is one that has begun.
type session struct {
	Hash    string    `json:"hash"` // of the number in the cookie
	ID      string    `json:"id"`   // that users end it by
	User    string    `json:"user"`
	Mark    string    `json:"mark"` // of the user, when it began
	Since   time.Time `json:"since"`
	Seen    time.Time `json:"seen"`
	Address string    `json:"address"` // inert
	Agent   string    `json:"agent"`   // inert
	Browser string    `json:"browser"` // hash of all that the browser calls itself
}

// sessions is the table of them. Its methods are called one at a time.
type sessions struct {
	files Files
	now   func() time.Time
	log   *slog.Logger
	list  map[string]*session // by hash
	kept  time.Time           // when it was last written
}

// sessionList is the form of the file.
type sessionList struct {
	Sessions []session `json:"sessions"`
}

func readSessions(files Files, now func() time.Time, log *slog.Logger) *sessions {
	s := &sessions{files: files, now: now, log: log, list: make(map[string]*session)}
	found, err := read[sessionList](files, sessionsFile)
	if err != nil {
		log.Error("sessions not read: everybody has to log in again", "error", err, "hint", acmecore.HintOf(err))
	}
	for _, one := range found.Sessions {
		s.list[one.Hash] = &one
	}
	return s
}

// look returns the session of a number in a cookie, and notes that it was seen.
func (s *sessions) look(number, agent string, users users) (session, bool) {
	hash := hashOf(number)
	found, there := s.list[hash]
	if !there {
		return session{}, false
	}
	if !s.lives(found, users) {
		s.end(hash)
		return session{}, false
	}
	if subtle.ConstantTimeCompare([]byte(found.Browser), []byte(browserOf(agent))) != 1 {
		return session{}, false
	}
	found.Seen = s.now().UTC()
	if s.now().Sub(s.kept) >= seenStep {
		s.keep()
	}
	return *found, true
}

// lives tells whether a session goes on. A clock that was put back ends it: nobody
// knows how old it is.
func (s *sessions) lives(one *session, users users) bool {
	now := s.now()
	who, found := users.Users[one.User]
	return found && who.Mark == one.Mark && !now.Before(one.Since) && now.Sub(one.Since) < LongestTime &&
		now.Sub(one.Seen) < IdleTime
}

// begin begins a session, and returns the number for its cookie.
func (s *sessions) begin(who user, claim acmecore.Claim) (number string) {
	number = newNumber()
	now := s.now().UTC()
	one := &session{Hash: hashOf(number), ID: strings.ToLower(newNumber()[:16]), User: who.Name, Mark: who.Mark, Since: now, Seen: now,
		Address: acmecore.Inert(claim.Address), Agent: shortened(acmecore.Inert(claim.Agent)), Browser: browserOf(claim.Agent)}
	s.makePlace(who.Name)
	s.list[one.Hash] = one
	s.keep()
	return number
}

// makePlace ends the oldest sessions where there are too many.
func (s *sessions) makePlace(name string) {
	if of := s.of(name); len(of) >= maxOfUser {
		delete(s.list, of[len(of)-1].Hash)
	}
	if len(s.list) >= maxSessions {
		all := s.sorted(func(*session) bool { return true })
		delete(s.list, all[len(all)-1].Hash)
	}
}

// of are those of a user, the one that was last seen first.
func (s *sessions) of(name string) []*session {
	return s.sorted(func(one *session) bool { return one.User == name })
}

func (s *sessions) sorted(which func(*session) bool) (list []*session) {
	for _, one := range s.list {
		if which(one) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b *session) int {
		if order := b.Seen.Compare(a.Seen); order != 0 {
			return order
		}
		return strings.Compare(a.Hash, b.Hash)
	})
	return list
}

// end ends a session; that there is none is all the same.
func (s *sessions) end(hash string) {
	if _, found := s.list[hash]; found {
		delete(s.list, hash)
		s.keep()
	}
}

// drop forgets the sessions that do not go on.
func (s *sessions) drop(users users) {
	for hash, one := range s.list {
		if !s.lives(one, users) {
			delete(s.list, hash)
		}
	}
}

// keep writes the table. A session that cannot be kept lasts until a restart; one that
// has ended and cannot be taken away there would begin again, which the log says.
func (s *sessions) keep() {
	s.kept = s.now()
	var file sessionList
	for _, one := range s.sorted(func(*session) bool { return true }) {
		file.Sessions = append(file.Sessions, *one)
	}
	if err := write(s.files, sessionsFile, file); err != nil {
		s.log.Error("sessions not kept: those that have ended may begin again with a restart, as long as they could have lasted", "error", err)
	}
}

// browserOf is what a session is bound to.
func browserOf(agent string) string { return hashOf(agent) }

// maxAgent is how much is kept of what a browser calls itself, in bytes.
const maxAgent = 160

func shortened(text string) string {
	if len(text) <= maxAgent {
		return text
	}
	return strings.ToValidUTF8(text[:maxAgent], "") + "…"
}
