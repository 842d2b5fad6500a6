package responder

import (
	"context"
	"errors"
	"fmt"
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
	server   server
	finishes time.Duration // how long what was begun may take when the port is unbound
	given    bool          // by systemd
}

// server answers on a listener until that is closed: *http.Server, or one of ours.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
	Close() error
}

// httpServer answers challenges of http-01.
func (r *Responder) httpServer() server {
	return &http.Server{
		Handler:           r,
		ReadHeaderTimeout: headerTime + r.slack,
		ReadTimeout:       requestTime + r.slack,
		WriteTimeout:      requestTime + r.slack,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		// What strangers get wrong is nothing to tell an administrator.
		ErrorLog: slog.NewLogLogger(r.log().Handler(), slog.LevelDebug),
	}
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
	limited, cancel := context.WithTimeout(context.Background(), d.finishes)
	defer cancel()
	if d.server.Shutdown(limited) != nil {
		_ = d.server.Close()
	}
}

func httpWords() words {
	return words{challenges: "challenges", key: "listen", usual: ":80",
		taken: "if it is a web server, map cgi-bin/wcme in that one and remove `listen` from [challenge]"}
}

func tlsWords() words {
	return words{challenges: "challenges of tls-alpn-01", key: "listen_tls", usual: ":443",
		taken: "if it is a web server, prove the names by http-01 through that one, or let HAProxy or nginx pass the protocol acme-tls/1 on to another port and set `listen_tls` of [challenge] to that (deploy/standalone)"}
}

// listen binds an address. The error is of kind Busy, Denied or Invalid, and says
// what to try.
func (w words) listen(address string) (net.Listener, error) {
	listener, err := net.Listen(network(address), address)
	if err == nil {
		return listener, nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Op: "answer " + w.challenges + " on", Subject: address, Cause: reason(err),
		Hint: fmt.Sprintf("set `%s` of [challenge] to an address of this host, or to %s for all of them", w.key, w.usual)}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		problem.Kind = acmecore.Busy
		problem.Hint = "another program has the port, `ss -ltnp` says which: " + w.taken
	case errors.Is(err, fs.ErrPermission):
		problem.Kind = acmecore.Denied
		problem.Hint = "run wcme as root, give it CAP_NET_BIND_SERVICE (setcap cap_net_bind_service=ep), or let systemd open the socket"
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
