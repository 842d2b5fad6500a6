// Package renewal shows that renewing works: its tests run the real overseer with
// a real certification authority and real servers, on a clock that jumps over the
// months in between (deploy/clock).
//
// A site is an office with one wCME: nginx and Apache, or Postfix, each with a
// target and a load action of its own, and a mailbox for the reports. The tests
// jump to the moments that `wcme list` names and look, as visitors and as the
// administrator do, at what the overseer has done by itself by then.
//
//	show       90-day and 6-day certificates for a year, and a CA that is away for 29 days
//	unserved   a broken configuration of nginx; a load action that loads nothing
//	post       qmail's and PMDF's files, as the seeds of wCME have them, with Postfix
//	window     a CA that wants a certificate renewed early (RFC 9773)
//	failover   a CA that is away, and another one that takes its place (or may not)
//	signals    SIGHUP again and again, and SIGTERM, while an order is in the works
//
// The standard load, which would find all servers of the machine, is deploy/load's.
package renewal
