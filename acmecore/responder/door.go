package responder

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"wcme/acmecore"
)

// The limits of what anybody on the Internet may use up. A CA sends one small
// request and waits.
const (
	maxConnections = 512
	maxHeader      = 16 << 10
	headerTime     = 5 * time.Second
	requestTime    = 10 * time.Second
	idleTime       = 5 * time.Second
	finishTime     = 5 * time.Second // of requests that were begun when the port is unbound
)

// door is one listening socket, and the server behind it.
type door struct {
	listener net.Listener
	server   *http.Server
	given    bool // by systemd
}

func newDoor(listener net.Listener, r *Responder, given bool) *door {
	return &door{listener: listener, given: given, server: &http.Server{
		Handler:           r,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		// What strangers get wrong is nothing to tell an administrator.
		ErrorLog: slog.NewLogLogger(r.log().Handler(), slog.LevelDebug),
	}}
}

// serve returns the error by which the socket was lost, and nil once it was unbound.
func (d *door) serve() error {
	err := d.server.Serve(netutil.LimitListener(d.listener, maxConnections))
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (d *door) unbind() { _ = d.listener.Close() }

// finish waits for the answers that are on their way, for a time.
func (d *door) finish() {
	limited, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	if d.server.Shutdown(limited) != nil {
		_ = d.server.Close()
	}
}

// listen binds an address. The error is of kind Busy, Denied or Invalid, and says
// what to try.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen(network(address), address)
	if err == nil {
		return listener, nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "answer challenges on", Subject: address, Cause: reason(err),
		Hint: "set `listen` of [challenge] to an address of this host, or to :80 for all of them"}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		problem.Kind = acmecore.Busy
		problem.Hint = "another program has the port, `ss -ltnp` says which: if it is a web server, map cgi-bin/wcme in that one and remove `listen` from [challenge]"
	case errors.Is(err, fs.ErrPermission):
		problem.Kind = acmecore.Denied
		problem.Hint = "run wcme as root, give it CAP_NET_BIND_SERVICE, or let systemd open the socket"
	}
	return nil, problem
}

// network keeps an address of one family from being bound for the other as well,
// as "tcp" does with 0.0.0.0.
func network(address string) string {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return "tcp"
	case ip.Is4():
		return "tcp4"
	}
	return "tcp6"
}

// reason is the cause alone: the address is told already.
func reason(err error) error {
	var call *net.OpError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}
