package order_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
)

// clock is a clock on which nobody waits.
type clock struct {
	mu    sync.Mutex
	time  time.Time
	waits []time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
	c.waits = append(c.waits, d)
	return ctx.Err()
}

// waited returns how long the waits were.
func (c *clock) waited() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.waits)
}

// journal is an order.Journal in memory.
type journal struct {
	diary *diary
	url   string
	fails error
}

func (j *journal) URL() string { return j.url }

func (j *journal) SetURL(url string) error {
	if j.fails != nil {
		return j.fails
	}
	j.url = url
	if url == "" {
		j.diary.write("forget")
		return nil
	}
	j.diary.write("keep")
	return nil
}

// publisher is an order.Challenges in memory.
type publisher struct {
	diary   *diary
	methods []acmecore.Method        // nil is http-01
	fails   func(token string) error // of Publish; nil when it never fails
	stuck   error                    // of Withdraw, which then says so of what it has done

	mu        sync.Mutex
	pending   map[string]string
	published map[string]string // all there ever were
	responses []order.Response
	believed  []acmecore.Name // of those withdrawn
}

func (p *publisher) Methods(acmecore.Name) ([]acmecore.Method, error) {
	if p.methods == nil {
		return []acmecore.Method{acmecore.HTTP01}, nil
	}
	return p.methods, nil
}

func (p *publisher) Publish(_ context.Context, response order.Response) error {
	p.diary.write("publish")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[string(response.Token)] = response.KeyAuthorization
	p.published[string(response.Token)] = response.KeyAuthorization
	p.responses = append(p.responses, response)
	if p.fails != nil {
		return p.fails(string(response.Token))
	}
	return nil
}

func (p *publisher) Withdraw(ctx context.Context, response order.Response, valid bool) error {
	p.diary.write("withdraw")
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, string(response.Token))
	if valid {
		p.believed = append(p.believed, response.Name)
	}
	return errors.Join(p.stuck, ctx.Err())
}

func (p *publisher) visit(token string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pending[token]
}

// response returns what is published with the token.
func (p *publisher) response(token string) (order.Response, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, published := p.pending[token]
	i := slices.IndexFunc(p.responses, func(r order.Response) bool { return string(r.Token) == token })
	if !published || i < 0 {
		return order.Response{}, false
	}
	return p.responses[i], true
}

func (p *publisher) left() (tokens []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token := range p.pending {
		tokens = append(tokens, token)
	}
	return tokens
}

// memory is a transport without a network.
type memory struct{ handler http.Handler }

func (m memory) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if thrown := recover(); thrown == http.ErrAbortHandler {
			response, err = nil, io.EOF
		} else if thrown != nil {
			panic(thrown)
		}
	}()
	served := r.Clone(r.Context())
	served.Host = r.URL.Host
	if served.Body == nil {
		served.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	m.handler.ServeHTTP(answer, served)
	return answer.Result(), r.Context().Err()
}

// newServer starts an https server that says nothing of broken connections.
func newServer(t *testing.T, handler http.Handler, configure ...func(*httptest.Server)) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, change := range configure {
		change(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
