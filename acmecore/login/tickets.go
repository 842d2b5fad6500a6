package login

import (
	"errors"
	"sync"
	"time"

	"github.com/gorilla/securecookie"

	"wcme/acmecore"
)

// ticketLife is how long the next step of a log-in may take.
const ticketLife = 10 * time.Minute

// tickets seals what a step of a log-in needs to know of the one before, so that
// nobody's steps are kept here. The keys are this process's own.
type tickets struct {
	codec *securecookie.SecureCookie
	now   func() time.Time
	used  *used
}

func newTickets(now func() time.Time) tickets {
	codec := securecookie.New(securecookie.GenerateRandomKey(32), securecookie.GenerateRandomKey(32))
	codec.SetSerializer(securecookie.JSONEncoder{})
	codec.MaxAge(0)
	codec.MaxLength(32 << 10)
	return tickets{codec: codec, now: now, used: &used{until: make(map[string]time.Time)}}
}

// ticket is what is in one.
type ticket[T any] struct {
	Until   time.Time
	Number  string // no other ticket has it
	Content T
}

// seal makes a ticket for a step.
func seal[T any](t tickets, step string, content T) (string, error) {
	return t.codec.Encode(step, ticket[T]{t.now().Add(ticketLife), newNumber(), content})
}

// unseal reads a ticket; the error is of kind Stale.
func unseal[T any](t tickets, step, text string) (ticket[T], error) {
	var found ticket[T]
	if err := t.codec.Decode(step, text, &found); err != nil {
		return found, expired(errors.New("what was begun before is not known"))
	}
	if !t.now().Before(found.Until) || t.used.is(found.Number) {
		return found, expired(errors.New("it has taken too long"))
	}
	return found, nil
}

// spend makes a ticket useless; false says that it was.
func spend[T any](t tickets, of ticket[T]) bool { return t.used.add(of.Number, of.Until, t.now()) }

// expired is the error for a step that comes too late.
func expired(cause error) error {
	return &acmecore.Error{Kind: acmecore.Stale, Op: "go on", Cause: cause, Hint: "begin again"}
}

// used are the tickets that are useless before their time is over.
type used struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (u *used) is(number string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, found := u.until[number]
	return found
}

func (u *used) add(number string, until, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for other, end := range u.until {
		if !now.Before(end) {
			delete(u.until, other)
		}
	}
	if _, found := u.until[number]; found {
		return false
	}
	u.until[number] = until
	return true
}
