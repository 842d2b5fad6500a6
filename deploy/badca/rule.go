package badca

import (
	"encoding/json"
	"strings"
	"time"
)

// Rule says what is done to requests of a class.
type Rule struct {
	Class  Class
	From   int    // the first one, counted from when the rule is set; 0 and 1 are the next
	Count  int    // how many of them; 0 for all
	Action Action // what is done
}

// Action deals with one request. It need not answer: the connection is then closed
// after an empty answer.
type Action func(*Exchange)

// rule is one that is in force.
type rule struct {
	Rule
	seen int
}

// takes counts a request, and tells whether the rule is for it.
func (r *rule) takes(class Class) bool {
	if r.Class != class {
		return false
	}
	r.seen++
	first := max(r.From, 1)
	return r.seen >= first && (r.Count == 0 || r.seen < first+r.Count)
}

// Rules puts rules in force in place of those before; the first that is for a request
// decides. Connections are served again.
func (c *CA) Rules(rules ...Rule) {
	c.Turn(Mode{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = nil
	for _, r := range rules {
		c.rules = append(c.rules, &rule{Rule: r})
	}
}

// Request is one that the CA was asked.
type Request struct {
	Class      Class
	Method     string
	Path       string
	At         time.Time // when it came, by the CA's clock
	Status     int       // of the answer; 0 where there was none
	RetryAfter string    // the field of the answer
	Problem    string    // the last word of the type of the answer's problem (RFC 8555 section 6.7)
	Detail     string    // of that problem
}

// Requests returns all that was asked since Forget, in the order in which it came.
func (c *CA) Requests() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Request(nil), c.requests...)
}

// Forget forgets what was asked. No request may be under way.
func (c *CA) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = nil
}

// note keeps what was answered.
func (c *CA) note(number int, a Answer) {
	var problem struct{ Type, Detail string }
	if a.Status >= 400 {
		_ = json.Unmarshal(a.Body, &problem) // what is no problem has no type
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if number < len(c.requests) {
		r := &c.requests[number]
		r.Status, r.RetryAfter = a.Status, a.Header.Get("Retry-After")
		r.Problem, r.Detail = strings.TrimPrefix(problem.Type, problemPrefix), problem.Detail
	}
}
