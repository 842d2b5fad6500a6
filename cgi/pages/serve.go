package main

import (
	"context"
	"log/slog"
	"net"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"wcme/cgi/fastcgi"
	"wcme/cgi/meta"
	"wcme/cgi/plain"
	"wcme/web"
)

// memoryLimit is what the process works hard to stay below, in bytes: what may be
// open at once, as package fastcgi limits it, needs less.
const memoryLimit = 48 << 20

// serve answers FastCGI requests on all the sockets until a signal ends it:
// SIGTERM, or SIGUSR1 as Apache's modules send it (FastCGI Specification,
// section 2.3.4), or SIGINT.
func serve(listeners []net.Listener, environment meta.Variables, log *slog.Logger) int {
	debug.SetMemoryLimit(memoryLimit)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGINT)
	defer stop()
	challenges := plain.Challenges(environment)
	site := site(environment, log)
	site.Gateway, site.Stays = "FastCGI", true
	server := &fastcgi.Server{
		Handler:  web.New(site),
		Log:      log,
		Defaults: defaults(environment),
		Plain:    func(v meta.Variables) ([]byte, bool) { return plain.Answer(v, challenges) },
	}
	var status atomic.Int32
	var served sync.WaitGroup
	for _, listener := range listeners {
		served.Go(func() {
			if err := server.Serve(ctx, listener); err != nil {
				log.Error("FastCGI socket lost", "error", err.Error())
				status.Store(1)
				stop() // the service manager starts it anew
			}
		})
	}
	served.Wait()
	return int(status.Load())
}

// defaults is what the environment says of each request. Which state directory
// and which overseer are the process's own, whatever a request says.
func defaults(environment meta.Variables) meta.Variables {
	if base, found := environment["WCME_BASE"]; found {
		return meta.Variables{"WCME_BASE": base}
	}
	return nil
}
