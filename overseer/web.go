package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/acmecore/relay"
	"wcme/acmecore/store"
	"wcme/web"
)

// webOptions are the flags of `wcme web`.
type webOptions struct {
	listen, user         string
	fastCGI, mode, owner string
}

func (p *program) webVerb() *cobra.Command {
	var o webOptions
	verb := &cobra.Command{
		Use:   "web [--listen ADDRESS | --fastcgi unix:PATH]",
		Short: "serve the script's pages over plain HTTP, or by FastCGI",
		Long: `Serves what cgi-bin/wcme serves. With --listen, over plain HTTP: for hosts whose
web server can run no CGI program, and for development. The challenges are
answered to everybody. The admin pages are refused, because nobody signs in here,
unless --as names the user that every visitor is taken for, which is allowed on a
loopback address only.

With --fastcgi, to a web server that speaks FastCGI, on a Unix socket. Who may
connect says who is signed in: --owner and --mode grant that to the web server
alone. Run it as the web server's user, not as root.`,
		Example: "  wcme web --listen 127.0.0.1:8080 --as admin\n  wcme web --fastcgi unix:/run/wcme/web.sock --owner :www-data",
		Args:    exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error {
			if err := checkTogether(verb.Flags()); err != nil {
				return err
			}
			return p.web(verb.Context(), o)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address to listen on, HOST:PORT")
	flags.StringVar(&o.user, "as", "", "take every visitor for this user (loopback only)")
	flags.StringVar(&o.fastCGI, "fastcgi", "", "the socket to serve FastCGI on, unix:PATH")
	flags.StringVar(&o.mode, "mode", "0660", "the mode of that socket")
	flags.StringVar(&o.owner, "owner", "", "who owns that socket, USER, USER:GROUP or :GROUP")
	return verb
}

// checkTogether refuses flags that mean nothing beside each other.
func checkTogether(flags *pflag.FlagSet) error {
	others, where := []string{"listen", "as"}, "beside"
	if !flags.Changed("fastcgi") {
		others, where = []string{"mode", "owner"}, "without"
	}
	for _, other := range others {
		if flags.Changed(other) {
			return usage(fmt.Errorf("--%s has no meaning %s --fastcgi", other, where))
		}
	}
	return nil
}

func (p *program) web(ctx context.Context, o webOptions) error {
	root, err := store.OpenPublic(p.rootDir) // it runs as the web server's user
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	challenges := challenge.Directory(root.Challenges())
	pages := web.Site{
		Challenges: challenges,
		Elsewhere:  challenge.Elsewhere{Directory: challenges, Relay: relay.New(relay.Options{})},
		Overseer:   control.NewClient(p.socket()),
		Clock:      time.Now,
		Alive:      challenges,
		Stays:      true,
		Gateway:    "FastCGI",
		Log:        log,
	}
	if o.fastCGI != "" {
		return p.serveFastCGI(ctx, o, web.New(pages), challenges, log)
	}
	pages.Gateway = "HTTP"
	site := web.New(pages)
	listener, err := listenHTTP(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "http://%s/admin/list\n", listener.Addr())
	return serveHTTP(ctx, listener, asUser(site, o.user), log)
}

func listenHTTP(o webOptions) (net.Listener, error) {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "listen on", Subject: o.listen, Cause: err,
			Hint: "give --listen another port, or run wcme as a user who may use this one"}
	}
	if o.user != "" && !isLoopback(listener.Addr()) {
		return nil, errors.Join(usage(fmt.Errorf("--as with %s, which others can reach", listener.Addr())), listener.Close())
	}
	return listener, nil
}

// asUser puts the visitor into each request, and refuses paths that mean
// something else than they say, as the script does.
func asUser(site http.Handler, user string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isPlain(r.URL.Path) || r.URL.RawPath != "" {
			http.Error(w, "The path of this request is not in its plain form.", http.StatusBadRequest)
			return
		}
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		visitor := web.Visitor{User: user, Address: address, Server: "wcme web"}
		site.ServeHTTP(w, r.WithContext(web.WithVisitor(r.Context(), visitor)))
	})
}

// isPlain tells whether cleaning would leave the path as it is.
func isPlain(asked string) bool {
	clean := path.Clean(asked)
	return asked == clean || asked == clean+"/"
}

func isLoopback(address net.Addr) bool {
	parsed, err := netip.ParseAddrPort(address.String())
	return err == nil && parsed.Addr().IsLoopback()
}

// serveHTTP serves until the context ends, and finishes what is running.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelInfo),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}
