// Package fastcgi serves wCME to web servers that speak FastCGI 1.0, in the
// responder role, over the same gateway as the CGI program.
//
// Listeners returns the sockets that whoever started the process handed over:
// descriptor 0 (spawn-fcgi, mod_fcgid, lighttpd) or systemd's. Listen makes one.
// A Server answers on one of them until its context ends:
//
//	server := &fastcgi.Server{Handler: site, Log: log}
//	err := server.Serve(ctx, listener)
//
// It is not net/http/fcgi, which takes parameters without limit, ends the process
// when a handler panics, never notices that a request was aborted, and keeps from
// the handler where it is mounted. Here every limit below is answered as the
// specification or HTTP has it, and the memory that strangers can make the
// process use is bounded by them.
//
// The peer is trusted to say who a request's user is. So the socket is a Unix
// socket, whose mode says who may connect; one of TCP is refused.
//
// Sections are those of the FastCGI Specification, version 1.0.
package fastcgi

import "time"

// The limits.
const (
	maxConnections = 256      // at once; further ones take the place of the one that is idle the longest, or wait
	maxMultiplexed = 64       // requests at once on a connection; further ones are FCGI_OVERLOADED
	maxFurther     = 256      // of those, beside the first of each connection, on all together
	maxParams      = 64 << 10 // bytes of FCGI_PARAMS a request; more is answered 431
	maxPairs       = 1000     // parameters of a request; more is answered 431
	maxBody        = 12 << 10 // bytes of FCGI_STDIN a request; more is answered 413. A page says so of a form of more than 8 KiB

	inputTime  = 10 * time.Second // from a request's begin to its end; what is late is answered 408
	idleTime   = 10 * time.Minute // of a connection without a request
	writeTime  = 10 * time.Second // of an answer; a peer that does not take it is cut off
	lingerTime = 2 * time.Second  // for what an answered peer still sends
	graceTime  = 10 * time.Second // for running requests after the context has ended
)
