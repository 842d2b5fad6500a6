// Package front plays one script of requests, deploy/front.txtar, against every
// web server that wCME is documented for: under each the same questions get the
// same answers.
//
// A test of a server makes a Host, as its administrator would, starts the server
// with the configuration of its folder, and lets the script be played:
//
//	host := front.NewHost(t)
//	server := lab.MustServer(t, lab.ServerOptions{Name: "nginx", Dir: host.Dir, Ports: 2, Prepare: …})
//	front.Play(t, host, front.Target{Server: "nginx", Mode: "FastCGI",
//		HTTP: lab.Loopback(server.Ports[0]), HTTPS: lab.Loopback(server.Ports[1]), Base: "/cgi-bin/wcme"})
//
// The requests are bytes on a socket, not those of a client that would mend them.
// Each one gets a connection of its own.
package front

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// Names are what a server's certificate is for.
const (
	// Name is the host that is asked for, and that Host.Identity has.
	Name = "www.example.test"
	// Listed is the managed certificate that the list shows. No server has that
	// name, so that an answer with it comes from the list.
	Listed = "listed.example.test"
)

// Whom a server has to let in.
const (
	User     = "admin"
	Password = "correct horse"
)

// Target is a server that the script is played against. The addresses are
// "host:port"; the cases of an empty one are left out.
type Target struct {
	Server, Mode string // what the table calls it: "Apache", "mod_cgid"
	HTTP         string
	HTTP6        string // the same on [::1]
	// HTTPS is where the admin pages are shown; when it is empty, they are shown
	// over HTTP, on this machine's own address.
	HTTPS string
	// Admin is where they are shown over HTTP instead, on a port of its own.
	Admin string
	// Files is set in place of HTTP, and Files6 in that of HTTP6, where the server
	// can run no script for challenges: it serves the files of ROOT/www itself.
	Files, Files6 string
	// HangsUp tells of a server that may close the connection without an answer
	// when a request announces a body; the cases that do are left out.
	HangsUp bool
	// Slashless tells of a server that hands no address to a script that ends in a
	// slash: $SLASH is nothing then.
	Slashless bool
	Base      string // the path that the script is mapped at: "/cgi-bin/wcme"
	// Log returns what the server, and the script in it, complained about; nil for
	// a server whose log cannot be read.
	Log func() string
}

// addresses are the channels of the script, each with its address.
func (t Target) addresses() map[string]string {
	clear := t.HTTP
	if t.HTTPS == "" {
		clear = ""
	}
	return map[string]string{
		"http": t.HTTP, "http6": t.HTTP6, "https": t.HTTPS, "clear": clear,
		"admin": cmp.Or(t.Admin, t.HTTPS, t.HTTP), "files": t.Files, "files6": t.Files6,
	}
}

// isEncrypted tells whether the channel speaks TLS.
func (t Target) isEncrypted(channel string) bool {
	return channel == "https" || channel == "admin" && t.HTTPS != "" && t.Admin == ""
}

// variables of the script, with the host's pending challenge.
func (t Target) variables() variables {
	slash := "/"
	if t.Slashless {
		slash = ""
	}
	return variables{
		"SLASH": slash,
		"HOST":  Name, "HOST6": cmp.Or(t.HTTP6, t.Files6), "BASE": t.Base, "LISTED": Listed,
		"CHALLENGE": challengePath, "TOKEN": token, "AUTHORIZATION": authorization,
		"LENGTH": fmt.Sprint(len(authorization)), "START": authorization[:5],
		"LOWERTOKEN": strings.ToLower(token), "LOWERAUTHORIZATION": strings.ToLower(authorization),
		"ADMIN": credentials(User, Password), "WRONG": credentials(User, "wrong horse"),
		"LONG": strings.Repeat("a", 4000),
	}
}

func credentials(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// Play plays deploy/front.txtar. The test fails on any difference, and on what
// nobody may find in a log; the record says how many requests were answered as
// they should be.
func Play(t *testing.T, h *Host, target Target) {
	t.Helper()
	script, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p := &player{target: target, pool: h.Identity.Pool, variables: target.variables()}
	for _, each := range script.Cases {
		for _, err := range p.play(t.Context(), each) {
			t.Errorf("%s %s, %s: %v", target.Server, target.Mode, each.Name, err)
		}
	}
	for _, line := range append(h.complaints(), complaints(target)...) {
		t.Errorf("%s %s: in a log: %s", target.Server, target.Mode, line)
	}
	if err := record(target, p.requests, p.passed); err != nil {
		t.Error(err)
	}
}

func complaints(target Target) []string {
	if target.Log == nil {
		return nil
	}
	return faults(target.Log())
}

// faults are the lines of a log that hostile requests must not lead to. That one
// was refused may be there.
func faults(log string) (lines []string) {
	for line := range strings.Lines(log) {
		for _, sign := range []string{"level=ERROR", "panic", "fatal error", "SIGSEGV", "before headers", "remature end"} {
			if strings.Contains(line, sign) {
				lines = append(lines, strings.TrimSpace(line))
				break
			}
		}
	}
	return lines
}
