package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wcme/deploy/lab"
)

// round is what is under way when the kill comes.
type round string

// The rounds.
const (
	account  round = "an account"
	first    round = "a first certificate"
	forced   round = "a renewal that was asked for"
	renewal  round = "a renewal"
	delivery round = "a renewal with targets and a load"
)

// point is a moment to be killed at.
type point struct {
	id   string // of faults.md, §3.1
	what string
	// at is WCME_CRASH_AT; arm, in its place, arranges for kill to be called, which
	// kills and returns false.
	at  string
	arm func(h *host, kill func() bool)
	// not has, for the rounds that do not have the moment, why.
	not map[round]string
	// prepare makes the host what the moment needs.
	prepare func(h *host)
	// after waits for what was left running to be where the moment wants it.
	after func(h *host)
	// orders is how many the CA may have been asked for in the end; 0 means 1.
	orders int
	// loads is how often the load may have begun in the end; 0 means 1.
	loads int
	// mails is how many mails of the renewal there may be, with one Message-ID; 0
	// means 1.
	mails int
}

const (
	needsOrder   = "nothing is begun that could be gone on with: who asked sees that"
	needsTargets = "there are no targets"
	needsLoad    = "there is no load action"
	needsBefore  = "there is no version before"
)

// whileRegistering are those of C01 to C05.
func whileRegistering() []point {
	return []point{
		{id: "C01", what: "before the account's key is made", at: "create pending/key.pem"},
		{id: "C02", what: "its temporary file is written", at: "written pending/key.pem"},
		{id: "C03", what: "it is there, and the CA was not told", arm: func(h *host, kill func() bool) { h.before(lab.ClassNewAccount, kill) }},
		{id: "C03", what: "it is renamed, and not yet synced", at: "renamed pending/key.pem"},
		{id: "C04", what: "the CA was told, and its answer is not read", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassNewAccount, 1, kill) }},
		{id: "C05", what: "the account is kept", at: "synced accounts/*/current"},
	}
}

// whileObtaining are those of C06 to C23.
func whileObtaining() []point {
	const challenge = "www/[^.]*"
	return []point{
		{id: "C06", what: "before the key is made", at: "create orders/*/key.pem", not: map[round]string{forced: needsOrder}},
		{id: "C07", what: "the key's temporary file is written", at: "written orders/*/key.pem", not: map[round]string{forced: needsOrder}},
		{id: "C08", what: "the key is there, and nothing says what for", at: "synced orders/*/key.pem"},
		{id: "C08", what: "the key is there, and nothing is ordered", at: "synced orders/*/order.json"},
		{id: "C09", what: "the order is placed, and the answer not read", orders: 2, arm: func(h *host, kill func() bool) { h.between.After(lab.ClassNewOrder, 1, kill) }},
		{id: "C10", what: "the order's URL is kept", at: "synced orders/*/order.json 2"},
		{id: "C11", what: "one of two authorizations is fetched", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassAuthz, 1, kill) }},
		{id: "C12", what: "a challenge's temporary file is written", at: "written " + challenge},
		{id: "C12", what: "a challenge is published", at: "synced " + challenge},
		{id: "C13", what: "the CA was told of a challenge, and its answer is not read", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassChallenge, 1, kill) }},
		{id: "C14", what: "while authorizations are looked at", arm: func(h *host, kill func() bool) {
			h.between.After(lab.ClassChallenge, 1, then(func() { h.before(lab.ClassAuthz, kill) }))
		}},
		{id: "C15", what: "the order is ready, and not finalized", arm: func(h *host, kill func() bool) { h.before(lab.ClassFinalize, kill) }},
		{id: "C16", what: "it is finalized, and the answer not read", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassFinalize, 1, kill) }},
		{id: "C17", what: "while the order is looked at", arm: func(h *host, kill func() bool) {
			h.between.After(lab.ClassFinalize, 1, then(func() { h.before(lab.ClassOrder, kill) }))
		}},
		{id: "C18", what: "before the certificate is fetched", arm: func(h *host, kill func() bool) { h.before(lab.ClassCertificate, kill) }},
		{id: "C19", what: "the certificate is fetched, and not read", arm: func(h *host, kill func() bool) { h.between.After(lab.ClassCertificate, 1, kill) }},
		{id: "C19", what: "the certificate is read, and nowhere kept", at: "create .draft-*/*"},
		{id: "C20", what: "the chain is written into the draft of a version", at: "written .draft-*/fullchain.pem"},
		{id: "C21", what: "the key is written into the draft", at: "written .draft-*/key.pem"},
		{id: "C21", what: "the draft is whole, and has no name", at: "rename certificates/*/0*"},
		{id: "C22", what: "the version has its name, and is not the current one", at: "create certificates/*/current"},
		{id: "C23", what: "it is the current one, and that is not synced", at: "renamed certificates/*/current"},
		{id: "C24", what: "one of the products in ssl is there", at: "create ssl/fullchain_*.pem"},
		{id: "C25", what: "the temporary file of a product is written", at: "rename ssl/fullchain_*.pem"},
	}
}

// whileDelivering are those of C24 to C29 that need targets and a load.
func whileDelivering() []point {
	not := map[round]string{first: needsTargets, renewal: needsTargets}
	points := []point{
		{id: "C24", what: "the first target is done, the second is not begun", at: "create replaced/*/split.json"},
		{id: "C24", what: "the second target is done, the third is not begun", at: "create replaced/*/plain.json"},
		{id: "C25", what: "the temporary file in the first target is written", at: "rename combined/fullchain_*.pem"},
		{id: "C26", what: "the version in a target with links is whole, and not switched to", at: "rename split/.wcme/*/current"},
		{id: "C26", what: "it was switched to, and the one before the last is there", at: "remove split/.wcme/*/000001", prepare: (*host).renewTwice},
		{id: "C26", what: "a key without its certificate is in a target with plain files", at: "rename plain/fullchain_*.pem"},
	}
	for i := range points {
		points[i].not = not
	}
	not = map[round]string{first: needsLoad, renewal: needsLoad}
	return append(points,
		point{id: "C27", what: "before the load", not: not, arm: func(h *host, kill func() bool) { h.web.onVisit(func() { kill() }) }},
		point{id: "C28", what: "during the load", not: not, loads: 2, prepare: (*host).block, arm: func(h *host, kill func() bool) { h.whenBlocked(kill) }},
		point{id: "C27", what: "the load is about to begin", not: not, at: "create priv/load.json"},
		point{id: "C28", what: "during the load, before its process is noted", not: not, loads: 2, prepare: (*host).block, after: (*host).awaitBlocked, at: "create priv/load.json 2"},
		point{id: "C29", what: "the load is done", not: not, loads: 2, at: "remove priv/load.json"},
		point{id: "C29", what: "the load is done, and its result not recorded", not: not, loads: 2, at: "removed priv/load.json"})
}

// inTheEnd are those of C30 to C33.
func inTheEnd() []point {
	const removed = "certificates/*/000001"
	not := map[round]string{first: needsBefore}
	return []point{
		{id: "C30", what: "before a challenge is withdrawn", at: "remove www/[^.]*"},
		{id: "C31", what: "it is in service, and nobody was told", at: "create spool/2*"},
		{id: "C32", what: "the report is in the spool", at: "synced spool/2*", mails: 2},
		{id: "C32", what: "the report is in the spool, and that is noted", at: "synced spool/told.json"},
		{id: "C32", what: "the report is sent, and still in the spool", at: "remove spool/2*", mails: 2},
		{id: "C33", what: "before an old version is removed", at: "remove " + removed, not: not, prepare: (*host).addVersions},
		{id: "C33", what: "an old version is out of sight, and not removed", at: "renamed certificates/*/.000001.gone", not: not, prepare: (*host).addVersions},
	}
}

func points() []point {
	all := append(whileObtaining(), whileDelivering()...)
	return append(all, inTheEnd()...)
}

// before kills before the next request of the class gets through to the CA.
func (h *host) before(class lab.Class, kill func() bool) {
	h.between.Before(class, 1, func() bool {
		h.cut = class
		return kill()
	})
}

// then makes a hook of the lab's, which lets pass, of a function.
func then(f func()) func() bool {
	return func() bool {
		f()
		return true
	}
}

// block makes the next load stay until it is ended.
func (h *host) block() {
	if err := os.WriteFile(h.path("block"), nil, 0o644); err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { // what a failure leaves
		if pid := h.blocked(); pid != 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
}

// blocked is the process of the load action that stays; 0 when it has ended.
func (h *host) blocked() int {
	text, err := os.ReadFile(h.path("blocked.pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		h.Fatal(err)
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // empty for one that nobody has awaited
	if err != nil || !bytes.Contains(line, []byte(h.dir)) {
		return 0
	}
	return pid
}

// whenBlocked calls kill once the load stays, and is noted.
func (h *host) whenBlocked(kill func() bool) {
	go func() {
		for h.Context().Err() == nil {
			_, errPID := os.Stat(h.path("blocked.pid"))
			_, errNote := os.Stat(h.path("state", "priv", "load.json"))
			if errPID == nil && errNote == nil {
				kill()
				return
			}
			time.Sleep(pause)
		}
	}()
}

// awaitBlocked returns when the load stays.
func (h *host) awaitBlocked() {
	h.Helper()
	for over := time.Now().Add(patience); ; time.Sleep(pause) {
		if _, err := os.Stat(h.path("blocked.pid")); err == nil {
			return
		}
		if time.Now().After(over) {
			h.Fatal("the load action did not begin")
		}
	}
}

// addVersions makes versions 2 to 5, all like the first, of which the last is the
// current one: another one is one too many.
func (h *host) addVersions() {
	script := `set -e; cd "$1"; for n in 2 3 4 5; do cp -a 000001 00000$n; done; ln -sfn 000005 current`
	output, err := exec.Command("sh", "-c", script, "sh", h.path("state", "priv", "certificates", id)).CombinedOutput()
	if err != nil {
		h.Fatalf("%v: %s", err, output)
	}
}

// renewTwice makes that there are two versions in the target with links.
func (h *host) renewTwice() {
	script := `set -e; cd "$1"; cp -a 000001 000002; ln -sfn 000002 current`
	output, err := exec.Command("sh", "-c", script, "sh", h.path("split", ".wcme", "fullchain_"+id+".pem")).CombinedOutput()
	if err != nil {
		h.Fatalf("%v: %s", err, output)
	}
}

// pause lies between two looks at what other processes do.
const pause = 5 * time.Millisecond

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
