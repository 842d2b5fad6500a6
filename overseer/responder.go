package main

import (
	"errors"
	"log/slog"
	"net"

	"github.com/coreos/go-systemd/v22/activation"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
	"wcme/acmecore/config"
	"wcme/acmecore/manager"
	"wcme/acmecore/relay"
	"wcme/acmecore/responder"
	"wcme/acmecore/store"
)

// answering is what answers challenges without a web server, as [challenge] of
// the configuration says.
type answering struct {
	*responder.Responder
	manager  *manager.Manager
	log      *slog.Logger
	stepwise bool // never longer than a challenge is pending
}

// answer lets the manager's challenges be answered. Whoever called it configures
// and closes it.
func answer(m *manager.Manager, root *store.Root, log *slog.Logger, given sockets) answering {
	challenges := challenge.Directory(root.Challenges())
	a := answering{manager: m, log: log, Responder: responder.New(responder.Options{
		Challenges: challenges,
		Elsewhere:  challenge.Elsewhere{Directory: challenges, Relay: relay.New(relay.Options{})},
		Log:        log,
		Sockets:    given.http,
		TLSSockets: given.tls,
	})}
	m.AnswerBy(a)
	return a
}

// answerAlways is for the overseer. Sockets from systemd take the place of the
// addresses in the configuration.
func answerAlways(m *manager.Manager, root *store.Root, log *slog.Logger) (answering, error) {
	given, err := socketsFromSystemd(log)
	if err != nil {
		return answering{}, err
	}
	a := answer(m, root, log, given)
	a.configure()
	return a, nil
}

// configure follows the configuration. That an address cannot be bound stops no
// overseer: the next order tries again, and says so.
func (a answering) configure() {
	wanted := a.manager.Config().Challenge
	err := a.Configure(responder.Settings{
		Addresses:    wanted.Listen.Addresses(),
		TLSAddresses: wanted.ListenTLS.Addresses(),
		Always:       wanted.When == config.WhenAlways && !a.stepwise,
		Redirect:     wanted.Redirect,
	})
	if err != nil {
		a.log.Error("challenges are not answered everywhere", "error", oneLine(err), "hint", acmecore.HintOf(err))
	}
}

// answerWhilePending is for a verb that does its own work: it has no business
// with the port when it has proved its names.
func answerWhilePending(m *manager.Manager, root *store.Root, log *slog.Logger) (end func()) {
	a := answer(m, root, log, sockets{})
	a.stepwise = true
	a.configure()
	return a.Close
}

// sockets are listening already, for each method.
type sockets struct{ http, tls []net.Listener }

// socketsFromSystemd returns the listening TCP sockets that systemd has handed over
// (sd_listen_fds(3)): those of the name "tls-alpn-01" are for that method, all others for
// http-01.
func socketsFromSystemd(log *slog.Logger) (given sockets, err error) {
	for _, file := range activation.Files(true) {
		listener, problem := net.FileListener(file) // of a copy
		err = errors.Join(err, file.Close())
		tcp, ok := listener.(*net.TCPListener)
		switch {
		case !ok:
			log.Warn("a socket from systemd is of no use: challenges are answered on listening TCP sockets only", "name", file.Name())
			if problem == nil {
				err = errors.Join(err, listener.Close())
			}
		case file.Name() == string(acmecore.TLSALPN01):
			given.tls = append(given.tls, tcp)
		default:
			given.http = append(given.http, tcp)
		}
	}
	return given, err
}
