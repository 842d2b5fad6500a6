package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ObserverOptions say what a visitor does, again and again, each time on a new
// connection.
type ObserverOptions struct {
	Address string // HOST:PORT that it connects to
	Name    string // whom it asks for (SNI), and whom the certificate must be for
	// Roots is asked at each visit for what the certificate must lead to, which is
	// another once a CA was changed. nil takes any certificate for any name.
	Roots func() *x509.CertPool
	Now   func() time.Time // the visitor's clock, Clock.Now for example; nil for the machine's
	// Path is what it fetches by HTTP after the handshake, to the end; "" ends the
	// visit with the handshake.
	Path      string
	PerSecond int // visits, as far as the server keeps up; 0 means 50
}

// visitTime bounds one visit.
const visitTime = 30 * time.Second

// Observation is what a visitor has seen.
type Observation struct {
	Visits   int      // that went well
	Failures []string // what went wrong in the others
	Serials  []string // of the certificates, hexadecimal, as acmecore.Certificate has them; one that stays is there once
}

// Observer visits a server until it is stopped.
type Observer struct {
	options ObserverOptions
	cancel  context.CancelFunc
	stopped chan struct{}

	mu      sync.Mutex
	seen    Observation
	changed chan struct{} // closed, and made anew, after each visit
}

// StartObserver begins to visit. It ends with the test, unless it was stopped.
func StartObserver(tb TB, o ObserverOptions) *Observer {
	tb.Helper()
	if o.PerSecond == 0 {
		o.PerSecond = 50
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	v := &Observer{options: o, cancel: cancel, stopped: make(chan struct{}), changed: make(chan struct{})}
	go v.run(ctx)
	tb.Cleanup(func() { v.Stop() })
	return v
}

// Stop ends the visits, not in the middle of one, and returns what was seen.
func (v *Observer) Stop() Observation {
	v.cancel()
	<-v.stopped
	return v.Seen()
}

// Seen returns what was seen so far.
func (v *Observer) Seen() Observation {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Observation{Visits: v.seen.Visits, Failures: slices.Clone(v.seen.Failures), Serials: slices.Clone(v.seen.Serials)}
}

// Await returns when what was seen is enough, or with an error when ctx ends.
func (v *Observer) Await(ctx context.Context, enough func(Observation) bool) error {
	for {
		v.mu.Lock()
		changed := v.changed
		v.mu.Unlock()
		seen := v.Seen()
		if enough(seen) {
			return nil
		}
		select {
		case <-changed:
		case <-v.stopped:
			return fmt.Errorf("await a visit: the observer was stopped; it saw %+v", seen)
		case <-ctx.Done():
			return fmt.Errorf("await a visit: %w; it saw %+v", ctx.Err(), seen)
		}
	}
}

func (v *Observer) run(ctx context.Context) {
	defer close(v.stopped)
	ticks := time.NewTicker(time.Second / time.Duration(v.options.PerSecond))
	defer ticks.Stop()
	for ctx.Err() == nil {
		serial, err := v.options.visit(context.WithoutCancel(ctx))
		v.note(serial, err)
		select {
		case <-ticks.C:
		case <-ctx.Done():
		}
	}
}

func (v *Observer) note(serial string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.seen.Serials); serial != "" && (n == 0 || v.seen.Serials[n-1] != serial) {
		v.seen.Serials = append(v.seen.Serials, serial)
	}
	if err != nil {
		v.seen.Failures = append(v.seen.Failures, err.Error())
	} else {
		v.seen.Visits++
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// visit returns the serial as soon as a handshake has shown it, also beside an error.
func (o ObserverOptions) visit(ctx context.Context) (serial string, err error) {
	ctx, cancel := context.WithTimeout(ctx, visitTime)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return "", err
	}
	defer raw.Close()
	if err := raw.SetDeadline(time.Now().Add(visitTime)); err != nil {
		return "", err
	}
	conn := tls.Client(raw, o.config())
	if err := conn.HandshakeContext(ctx); err != nil {
		return "", fmt.Errorf("handshake: %w", err)
	}
	serial = conn.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
	if o.Path == "" {
		return serial, nil
	}
	return serial, o.fetch(conn)
}

func (o ObserverOptions) config() *tls.Config {
	config := &tls.Config{ServerName: o.Name, Time: o.Now}
	if o.Roots == nil {
		config.InsecureSkipVerify = true
	} else {
		config.RootCAs = o.Roots()
	}
	return config
}

// fetch reads an answer to its end. What it is does not matter.
func (o ObserverOptions) fetch(conn net.Conn) error {
	request, err := http.NewRequest(http.MethodGet, "https://"+o.Name+o.Path, nil)
	if err != nil {
		return err
	}
	request.Close = true
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("rest of the answer: %w", err)
	}
	return nil
}
