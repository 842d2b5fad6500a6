package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// underWay is a request that is being dealt with.
type underWay struct {
	number int // of b.requests
	after  []func() bool
}

type underWayKey struct{}

func (b *Between) serve(w http.ResponseWriter, r *http.Request) {
	before, answer, now := b.begin(r)
	if !all(before) {
		panic(http.ErrAbortHandler)
	}
	noted := &noting{ResponseWriter: w, note: func(status int) { b.note(now.number, status) }}
	if answer != nil && answer(noted, r) {
		return
	}
	// The CA hears a request to its end even if who asked is gone: so it is between
	// any two networks.
	ctx := context.WithValue(context.WithoutCancel(r.Context()), underWayKey{}, now)
	b.forward.ServeHTTP(noted, r.WithContext(ctx))
}

// begin notes the request and returns what is to happen to it.
func (b *Between) begin(r *http.Request) (before []func() bool, answer func(http.ResponseWriter, *http.Request) bool, now *underWay) {
	b.mu.Lock()
	defer b.mu.Unlock()
	class := ClassOf(r.URL.Path)
	now = &underWay{number: len(b.requests)}
	b.requests = append(b.requests, Request{Class: class, Method: r.Method, Path: r.URL.Path, At: time.Now()})
	for _, h := range b.hooks {
		if h.class != class {
			continue
		}
		if h.left--; h.left == 0 && h.before != nil {
			before = append(before, h.before)
		} else if h.left == 0 {
			now.after = append(now.after, h.after)
		}
	}
	return before, b.answers[class], now
}

// all calls each of the hooks.
func all(hooks []func() bool) bool {
	pass := true
	for _, f := range hooks {
		pass = f() && pass
	}
	return pass
}

// errCut says that a hook did not want the answer passed on.
var errCut = errors.New("cut")

// processed runs once the CA has answered.
func (b *Between) processed(response *http.Response) error {
	now := response.Request.Context().Value(underWayKey{}).(*underWay)
	if err := b.noteDetail(now.number, response); err != nil {
		return err
	}
	if !all(now.after) {
		return errCut
	}
	return nil
}

// noteDetail notes why an order is refused.
func (b *Between) noteDetail(number int, response *http.Response) error {
	if response.StatusCode < 400 || ClassOf(response.Request.URL.Path) != ClassNewOrder {
		return nil
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	var problem struct{ Detail string }
	_ = json.Unmarshal(text, &problem) // what is no problem says nothing
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests[number].Detail = problem.Detail
	return nil
}

func (b *Between) unforwarded(_ http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, errCut) {
		b.mu.Lock()
		b.faults = append(b.faults, fmt.Sprintf("%s %s: %v", r.Method, r.URL.Path, err))
		b.mu.Unlock()
	}
	panic(http.ErrAbortHandler)
}

func (b *Between) note(number, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests[number].Status = status
}

// noting tells the status of an answer.
type noting struct {
	http.ResponseWriter
	note func(status int)
}

func (n *noting) WriteHeader(status int) {
	n.note(status)
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what the writer can do.
func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }
