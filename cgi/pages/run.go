package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"wcme/acmecore/challenge"
	"wcme/acmecore/control"
	"wcme/acmecore/relay"
	"wcme/cgi/fastcgi"
	"wcme/cgi/gateway"
	"wcme/cgi/meta"
	"wcme/cgi/plain"
	"wcme/web"
)

// run serves FastCGI where the process was started with a listening socket, and
// otherwise answers the request that the environment describes. It returns the
// exit status: 2 when there is neither.
func run(environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	variables := meta.FromEnviron(environ)
	log := slog.New(slog.NewTextHandler(stderr, nil))
	listeners, err := fastcgi.Listeners(variables, log)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "error: %v\nhint: hand over a Unix socket: spawn-fcgi -s, or ListenStream=/path in a systemd socket unit\n", err)
		return 2
	case len(listeners) > 0:
		return serve(listeners, variables, log)
	case !variables.FromServer():
		fmt.Fprint(stderr, usage)
		return 2
	}
	site := site(variables, log)
	site.Gateway = "CGI"
	script := gateway.Gateway{Handler: web.New(site), Log: log}
	if err := script.Serve(context.Background(), variables, stdin, stdout); err != nil {
		return 1 // nobody is left to be told
	}
	return 0
}

// site is what the settings name. Nothing is opened or asked before it is needed.
func site(variables meta.Variables, log *slog.Logger) web.Site {
	challenges := plain.Challenges(variables)
	root := filepath.Dir(string(challenges))
	return web.Site{
		Challenges: challenges,
		Elsewhere:  challenge.Elsewhere{Directory: challenges, Relay: relay.New(relay.Options{})},
		Overseer:   control.NewClient(control.SocketFor(root, variables["WCME_SOCKET"])),
		Clock:      time.Now,
		Alive:      challenges,
		Log:        log,
	}
}

// usage is for whoever starts the script by hand.
const usage = `This is wCME's script: a web server runs it to answer ACME challenges and to
show the admin pages. It does nothing when it is started by hand; the command
line is another program, wcme.

Map it in the web server's configuration. With Apache, for example:

    ScriptAlias /.well-known/acme-challenge /usr/lib/cgi-bin/wcme
    ScriptAlias /cgi-bin/wcme               /usr/lib/cgi-bin/wcme
    <Location "/cgi-bin/wcme/admin">
        AuthType Basic
        AuthName "wCME"
        AuthUserFile /etc/apache2/wcme.users
        Require valid-user
    </Location>

Then http://HOST/.well-known/acme-challenge/ answers
"Challenge received but no such file or directory."

Settings, as variables of its environment (Apache: SetEnv NAME VALUE):

    WCME_ROOT    the state directory         /var/lib/wcme
    WCME_SOCKET  the overseer's socket       /run/wcme/overseer.sock, or
                                             overseer.sock in another WCME_ROOT
    WCME_BASE    the path it is mounted at,  found out
                 where that is not found out
`
