package renew_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/renew"
	"wcme/acmecore/schedule"
)

// world is everything behind a pipeline, in memory: certificates, a CA, targets,
// servers and what the administrator was told.
type world struct {
	testing.TB
	mu sync.Mutex

	life        map[acmecore.ID]time.Duration
	current     map[acmecore.ID]acmecore.Certificate
	standing    map[acmecore.ID]acmecore.Standing
	placed      map[acmecore.ID]map[string]string // target → fingerprint
	before      map[acmecore.ID]map[string]string
	served      map[acmecore.ID]string // fingerprint that the server has
	held        map[acmecore.ID]bool
	authority   map[acmecore.ID]string
	targets     []string
	loads       []string
	watched     bool
	orders      map[acmecore.ID][]time.Time
	ran         []string // load actions, with their certificates
	events      []acmecore.Event
	runs        []acmecore.Run
	asked       int
	number      int
	pace        schedule.Pace
	allowed     int // orders in 3 hours
	obtain      func(context.Context, acmecore.ID) error
	inform      func(renew.Situation) schedule.Answer
	room        func(renew.Situation) renew.Full
	choice      renew.Choice
	load        func(action string) string // a problem
	install     func(id acmecore.ID, target string) error
	silent      bool  // no server answers
	deafToLoads bool  // servers keep what they have, whatever is loaded
	unkept      bool  // standings cannot be written
	passing     bool  // files cannot be opened for the moment
	unsettled   bool  // what is in ssl is not what was published
	stuck       error // why that cannot be mended
}

func newWorld(tb testing.TB) *world {
	return &world{TB: tb, life: map[acmecore.ID]time.Duration{}, current: map[acmecore.ID]acmecore.Certificate{},
		standing: map[acmecore.ID]acmecore.Standing{}, placed: map[acmecore.ID]map[string]string{}, before: map[acmecore.ID]map[string]string{},
		served: map[acmecore.ID]string{}, held: map[acmecore.ID]bool{}, authority: map[acmecore.ID]string{}, orders: map[acmecore.ID][]time.Time{},
		targets: []string{"web", "mail"}, loads: []string{"servers", "post"}, watched: true, allowed: 300}
}

const day = 24 * time.Hour

// manage adds a certificate that lasts so long and was never obtained.
func (w *world) manage(id acmecore.ID, life time.Duration) {
	w.life[id] = life
	w.current[id] = acmecore.Certificate{ID: id, Names: []acmecore.Name{acmecore.Name(strings.ReplaceAll(string(id), "_", "."))}}
	w.placed[id] = map[string]string{}
}

// have makes it one that was obtained so long ago, and is in service.
func (w *world) have(id acmecore.ID, life, age time.Duration) {
	w.manage(id, life)
	w.issue(id, time.Now().Add(-age))
	fingerprint := w.current[id].Fingerprint
	for _, target := range w.targets {
		w.placed[id][target] = fingerprint
	}
	loaded := map[string]string{}
	for _, action := range w.loads {
		loaded[action] = fingerprint
	}
	w.served[id] = fingerprint
	w.standing[id] = acmecore.Standing{Loaded: loaded, Seen: fingerprint, Told: fingerprint}
}

func (w *world) issue(id acmecore.ID, at time.Time) {
	w.number++
	c := w.current[id]
	c.Version, c.Serial = fmt.Sprintf("%06d", w.number), fmt.Sprintf("%x", w.number)
	c.Fingerprint, c.NotBefore, c.NotAfter = fmt.Sprintf("fingerprint %d", w.number), at, at.Add(w.life[id])
	w.current[id] = c
}

func (w *world) pipeline() *renew.Pipeline { return w.through(w) }

// through is a pipeline with other stages before those of the world.
func (w *world) through(stages renew.Stages) *renew.Pipeline {
	runs := 0
	return renew.New(renew.Options{Stages: stages, Log: slog.New(slog.DiscardHandler), NewRun: func(time.Time) string {
		w.mu.Lock()
		defer w.mu.Unlock()
		runs++
		return fmt.Sprint("run ", runs)
	}})
}

func (w *world) Certificates() ([]acmecore.ID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.current)), nil
}

func (w *world) Hold(ctx context.Context, id acmecore.ID, patience time.Duration) (func(), bool) {
	for over := time.Now().Add(patience); w.taken(id); time.Sleep(time.Second) {
		if !time.Now().Before(over) || ctx.Err() != nil {
			return nil, true
		}
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.held, id)
	}, false
}

// taken tells whether somebody had the certificate, and leaves it to who asks.
func (w *world) taken(id acmecore.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.held[id]
	w.held[id] = true
	return before
}

func (w *world) Look(id acmecore.ID) renew.Situation {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := renew.Situation{Certificate: w.current[id], Standing: w.standing[id], Loads: w.loads, Watched: w.watched, Authority: w.authority[id], Choice: w.choice,
		Rules: schedule.Rules{Daily: schedule.TimeOfDay{Minute: 20}, Location: time.UTC, Seed: "host"}}
	s.Standing.Loaded = maps.Clone(s.Standing.Loaded)
	if w.passing {
		s.Passing, s.Certificate = true, acmecore.Certificate{ID: id, Problem: "too many open files"}
	}
	for _, target := range w.targets {
		s.Placed = append(s.Placed, acmecore.Placed{Target: target, Current: w.placed[id][target] == s.Certificate.Fingerprint})
	}
	return s
}

func (w *world) Settle(acmecore.ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stuck == nil {
		w.unsettled = false
	}
	return w.stuck
}

func (w *world) Settled(acmecore.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.unsettled
}

func (w *world) Interval() time.Duration { return 3 * time.Hour / time.Duration(w.allowed) }

// Accept forgets the files before.
func (w *world) Accept(id acmecore.ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.before, id)
	return nil
}

func (w *world) Inform(_ context.Context, s renew.Situation) schedule.Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if w.inform == nil {
		return schedule.Answer{Err: &acmecore.Error{Kind: acmecore.NotFound, Cause: errors.New("no such information")}}
	}
	return w.inform(s)
}

// Room is what the world has for the certificate's CA.
func (w *world) Room(s renew.Situation) renew.Full {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.room == nil {
		return renew.Full{}
	}
	return w.room(s)
}

func (w *world) Pace(string) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace, wait = w.pace.Take(time.Now(), w.allowed, 3*time.Hour)
	return wait
}

func (w *world) Obtain(ctx context.Context, id acmecore.ID, _ acmecore.Progress) error {
	w.mu.Lock()
	w.orders[id] = append(w.orders[id], time.Now())
	w.mu.Unlock()
	if w.obtain != nil {
		if err := w.obtain(ctx, id); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.issue(id, time.Now())
	return nil
}

func (w *world) Failure(err error) acmecore.Failure {
	failure := acmecore.Failure{At: time.Now(), Kind: acmecore.KindOf(err), Cause: err.Error(), AtFault: acmecore.KindOf(err) == acmecore.Unreachable}
	if wrapped := new(acmecore.Error); errors.As(err, &wrapped) {
		failure.CA = wrapped.Subject
	}
	return failure
}

func (w *world) Install(id acmecore.ID) (done renew.Installed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before[id] = maps.Clone(w.placed[id])
	for _, target := range w.targets {
		if w.install != nil {
			if err := w.install(id, target); err != nil {
				done.Err = errors.Join(done.Err, err)
				continue
			}
		}
		if w.placed[id][target] != w.current[id].Fingerprint {
			w.placed[id][target] = w.current[id].Fingerprint
			done.Files = append(done.Files, target+"/"+string(id))
		}
	}
	return done
}

func (w *world) PutBack(id acmecore.ID) (files []string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.before[id]) == 0 {
		return nil, nil
	}
	w.placed[id] = w.before[id]
	return slices.Sorted(maps.Keys(w.placed[id])), nil
}

func (w *world) Load(_ context.Context, action string, batch renew.Batch, _ acmecore.Progress) acmecore.LoadResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ran = append(w.ran, fmt.Sprint(action, " ", batch.Certificates))
	result := acmecore.LoadResult{Action: action, Began: time.Now(), Ended: time.Now()}
	if w.load != nil {
		result.Problem = w.load(action)
	}
	if result.Problem == "" && !w.deafToLoads {
		for _, id := range batch.Certificates {
			w.served[id] = w.placed[id]["web"]
		}
	}
	return result
}

func (w *world) Proofs(_ context.Context, id acmecore.ID) []acmecore.Proof {
	w.mu.Lock()
	defer w.mu.Unlock()
	proof := acmecore.Proof{Endpoint: acmecore.Endpoint{Name: w.current[id].Names[0], Address: "192.0.2.1", Port: 443}, At: time.Now(),
		Answer: acmecore.Serves, Fingerprint: w.served[id]}
	switch {
	case w.silent || w.served[id] == "":
		proof.Answer, proof.Fingerprint, proof.Problem = acmecore.Silent, "", "connection refused"
	case w.served[id] != w.current[id].Fingerprint:
		proof.Answer, proof.Problem = acmecore.ServesOther, "serves another one"
	}
	return []acmecore.Proof{proof}
}

// Verify has the patience of 30 s.
func (w *world) Verify(ctx context.Context, id acmecore.ID, _ acmecore.Progress) []acmecore.Proof {
	proofs := w.Proofs(ctx, id)
	if proofs[0].Answer != acmecore.Serves {
		time.Sleep(30 * time.Second)
	}
	return w.Proofs(ctx, id)
}

func (w *world) Remember(id acmecore.ID, standing acmecore.Standing) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unkept {
		return errors.New("no space left on device")
	}
	standing.Loaded = maps.Clone(standing.Loaded)
	w.standing[id] = standing
	return nil
}

func (w *world) Record(run acmecore.Run) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs = append(w.runs, run)
	return nil
}

func (w *world) Tell(events ...acmecore.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, events...)
	return nil
}

// pass makes one, and returns its record.
func (w *world) pass(request renew.Request) acmecore.Run {
	w.Helper()
	run, err := w.pipeline().Pass(w.Context(), request, nil)
	if err != nil {
		w.Fatal(err)
	}
	return run
}

// told lists the events so far.
func (w *world) told() (kinds []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, event := range w.events {
		kinds = append(kinds, string(event.Kind)+" "+event.Subject)
	}
	return kinds
}

func (w *world) inService(id acmecore.ID) {
	w.Helper()
	fingerprint := w.current[id].Fingerprint
	if fingerprint == "" {
		w.Errorf("%s was never obtained", id)
	}
	for _, target := range w.targets {
		if w.placed[id][target] != fingerprint {
			w.Errorf("%s in %s: got %q, want %q", id, target, w.placed[id][target], fingerprint)
		}
	}
	if w.served[id] != fingerprint {
		w.Errorf("%s served: got %q, want %q", id, w.served[id], fingerprint)
	}
}

func equal[T comparable](tb testing.TB, what string, got, want []T) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}
