package faults_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/lab"
)

// TestPoliteForThreeDays has a CA that gives nothing to five certificates that are
// due: N03, N06, N07, N17, N24 and I7, and after it I5.
func TestPoliteForThreeDays(t *testing.T) {
	t.Parallel()
	const hosts = 5
	for _, row := range []struct {
		what    string
		answer  func(*lab.Clock) func(http.ResponseWriter, *http.Request) bool
		unready bool          // the challenges are not answered
		least   time.Duration // between two orders for a name
		orders  [2]int        // for a name, in three days
	}{
		{"N06 it answers every order with 500", always(politeProblem(500, "serverInternal")), false, time.Minute, [2]int{4, 7}},
		{"N07 it limits, and does not say for how long", always(politeProblem(429, "rateLimited")), false, time.Hour, [2]int{3, 6}},
		{"N07 it limits for an hour", always(politeProblem(429, "rateLimited", "Retry-After", "3600")), false, time.Hour, [2]int{3, 6}},
		{"N07 it limits until a time of its clock", politeUntil(5 * time.Hour), false, 5*time.Hour - time.Second, [2]int{3, 6}},
		{"N17 no authorization becomes valid", always(nil), true, 12 * time.Hour, [2]int{3, 6}},
		{"N24 it refuses the names", always(politeProblem(403, "rejectedIdentifier")), false, 12 * time.Hour, [2]int{3, 6}},
		{"N03 it drops the connection of every order", always(politeDrop), false, time.Minute, [2]int{4, 7}},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			p := newPolite(t, hosts)
			p.clock.Set(p.first().Renewal.At.Add(-time.Hour))
			p.nudge()
			before := p.listed()
			p.web.ready(!row.unready)
			counter := p.count(row.answer(p.clock))
			p.live(3 * day)
			p.check(counter, row.least, row.orders)
			for i, c := range p.listed() {
				if c.Serial != before[i].Serial || c.Trouble == "" || c.Hint == "" {
					t.Errorf("got %+v, want the certificate before, a trouble and a hint", c)
				}
				if got := p.told(c.ID, acmecore.EventFailed); got < 2 || got > 4 {
					t.Errorf("mails that say failed of %s: got %d, want one a day", c.ID, got)
				}
			}

			p.web.ready(true)
			counter = p.count(nil)
			p.live(day + time.Hour)
			for i, c := range p.listed() {
				if c.Serial == before[i].Serial || c.Trouble != "" {
					t.Errorf("got %+v, want it renewed", c)
				}
				p.awaitTold(c.ID, acmecore.EventRecovered, 1)
			}
			for name, times := range counter.orders {
				if len(times) != 1 {
					t.Errorf("orders for %s when all is well again: got %d, want 1", name, len(times))
				}
			}
		})
	}
}

func always(answer func(http.ResponseWriter, *http.Request) bool) func(*lab.Clock) func(http.ResponseWriter, *http.Request) bool {
	return func(*lab.Clock) func(http.ResponseWriter, *http.Request) bool { return answer }
}

// politeUntil limits until a date, which the CA counts from each order.
func politeUntil(d time.Duration) func(*lab.Clock) func(http.ResponseWriter, *http.Request) bool {
	return func(clock *lab.Clock) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			return politeProblem(429, "rateLimited", "Date", clock.Now().UTC().Format(http.TimeFormat),
				"Retry-After", clock.Now().Add(d).UTC().Format(http.TimeFormat))(w, r)
		}
	}
}

// politeOffice is an office whose challenges are looked at.
type politeOffice struct {
	*office
	web *politeWeb
}

// politeWeb answers challenges from a directory, or does not.
type politeWeb struct {
	mu  sync.Mutex
	dir string // "" while it does not
	www string
}

func (w *politeWeb) ready(ready bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dir = ""; ready {
		w.dir = w.www
	}
}

// ServeHTTP implements http.Handler.
func (w *politeWeb) ServeHTTP(response http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	dir := w.dir
	w.mu.Unlock()
	if dir == "" {
		http.NotFound(response, r)
		return
	}
	http.StripPrefix("/.well-known/acme-challenge/", http.FileServer(http.Dir(dir))).ServeHTTP(response, r)
}

// newPolite has so many certificates that are in service.
func newPolite(t *testing.T, hosts int) *politeOffice {
	t.Helper()
	http01 := listen(t)
	p := &politeOffice{web: new(politeWeb)}
	serve(t, http01, p.web)
	p.office = newOffice(t, officeOptions{authority: newAuthority(t, lab.PebbleOptions{HTTPPort: http01.Addr().(*net.TCPAddr).Port})})
	p.web.www = filepath.Join(p.root, "www")
	p.web.ready(true)
	p.between.Answer(lab.ClassRenewalInfo, politeProblem(404, "malformed"))
	for i := range hosts {
		p.manage(fmt.Sprintf("www%d.example.test", i))
	}
	p.start()
	p.awaitTold("", acmecore.EventRenewed, hosts)
	return p
}

// politeAttempt is how long all attempts of a pass may take.
const politeAttempt = 50 * time.Second

// check wants that the CA was asked no more than was of use.
func (p *politeOffice) check(c *politeCounter, least time.Duration, orders [2]int) {
	p.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := 0
	for _, certificate := range p.listed() {
		times := c.orders[string(certificate.Names[0])]
		attempts += len(times)
		most, between := politeMost(times)
		if len(times) < orders[0] || len(times) > orders[1] || most > 3 || between < least {
			p.Errorf("orders for %s: got %d, %d of them in one hour, and two %v apart; want %v, 3 and %v at least: %v", certificate.ID, len(times), most, between, orders, least, times)
		}
		for _, at := range times {
			early := slices.ContainsFunc(c.all, func(request time.Time) bool {
				return request.Sub(at) > politeAttempt && request.Sub(at) < least-5*time.Second
			})
			if early {
				p.Errorf("%s: the CA was asked something less than %v after %v", certificate.ID, least, at)
			}
		}
		if failed := p.standing(certificate.ID).Failures; len(failed) != len(times) {
			p.Errorf("%s: got %d orders for %d attempts that failed", certificate.ID, len(times), len(failed))
		}
	}
	if most, _ := politeMost(c.tries); most > 4*len(p.listed()) || len(c.tries) > attempts {
		p.Errorf("validations: got %d, %d of them in one hour, for %d orders", len(c.tries), most, attempts)
	}
	if len(c.orders) != len(p.listed()) || len(c.all) > 30*attempts {
		p.Errorf("got %d requests for %d orders of %d certificates", len(c.all), attempts, len(c.orders))
	}
}

// standing is what is remembered of a certificate.
func (o *office) standing(id acmecore.ID) (standing acmecore.Standing) {
	o.Helper()
	if err := json.Unmarshal([]byte(o.read(filepath.Join(o.root, "priv", "standing", string(id)+".json"))), &standing); err != nil {
		o.Fatal(err)
	}
	return standing
}
