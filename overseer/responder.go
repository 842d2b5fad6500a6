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
func answer(m *manager.Manager, root *store.Root, log *slog.Logger, given ...net.Listener) answering {
	challenges := challenge.Directory(root.Challenges())
	a := answering{manager: m, log: log, Responder: responder.New(responder.Options{
		Challenges: challenges,
		Elsewhere:  challenge.Elsewhere{Directory: challenges, Relay: relay.New(relay.Options{})},
		Log:        log,
		Sockets:    given,
	})}
	m.Responder = a
	return a
}

// answerAlways is for the overseer. Sockets from systemd take the place of the
// addresses in the configuration.
func answerAlways(m *manager.Manager, root *store.Root, log *slog.Logger) (answering, error) {
	sockets, err := socketsFromSystemd(log)
	if err != nil {
		return answering{}, err
	}
	a := answer(m, root, log, sockets...)
	a.configure()
	return a, nil
}

// configure follows the configuration. That an address cannot be bound stops no
// overseer: the next order tries again, and says so.
func (a answering) configure() {
	wanted := a.manager.Config().Challenge
	err := a.Configure(responder.Settings{
		Addresses: wanted.Listen.Addresses(),
		Always:    wanted.When == config.WhenAlways && !a.stepwise,
		Redirect:  wanted.Redirect,
	})
	if err != nil {
		a.log.Error("challenges are not answered everywhere", "error", oneLine(err), "hint", acmecore.HintOf(err))
	}
}

// answerWhilePending is for a verb that does its own work: it has no business
// with the port when it has proved its names.
func answerWhilePending(m *manager.Manager, root *store.Root, log *slog.Logger) (end func()) {
	a := answer(m, root, log)
	a.stepwise = true
	a.configure()
	return a.Close
}

// socketsFromSystemd returns the listening TCP sockets that systemd has handed
// over (sd_listen_fds(3)).
func socketsFromSystemd(log *slog.Logger) (sockets []net.Listener, err error) {
	listeners, err := activation.Listeners()
	for _, listener := range listeners {
		if tcp, ok := listener.(*net.TCPListener); ok {
			sockets = append(sockets, tcp)
			continue
		}
		log.Warn("a socket from systemd is of no use: challenges are answered on listening TCP sockets only")
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
	}
	return sockets, err
}
