// Package browser has no code: its tests use wCME as an administrator does, with a
// real browser, Debian's Chromium, that asks the real script under a real web server,
// with the real overseer and a real certification authority behind it.
//
// An office is a host with a web server, a state directory and an authority. Under
// Apache the script is a CGI program, and Apache asks for names and passwords (Basic
// authentication); under nginx it is a FastCGI daemon, and wCME has its own log-in.
//
//	flow      sign in, rehearse, order, renew, break the load and mend it, restore, revoke, remove
//	account   one-time link, password, TOTP, passkey, sessions, log-out (W01 to W03, W20)
//	keyboard  from the list to a renewal without a mouse
//	noscript  an order with scripts off
//	restart   an overseer that is away, and forms of before it was; roles
//	foreign   forms and frames of other sites (W05, W06)
//	host      names that other sites have made up (W08)
//	socket    what a script that was broken into can ask of the overseer
//	answers   headers of each answer, and what errors do not say (W17, W18)
//	slow      visitors who send a byte a second (W16)
//	readme    the picture of the README
//
// Whatever a browser complains about, in any of these, fails the test: a violation of
// the content security policy, an exception, a file that is missing, an answer without
// the headers that each has to have. So does what wCME complains of in its logs. What
// the pages looked like is in build/screenshots/browser afterwards.
package browser
