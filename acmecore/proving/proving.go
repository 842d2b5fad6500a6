// Package proving proves to a certification authority that names are ours. It knows in
// which ways a name can be proved as things are set up, chooses the one to try first,
// makes ready what that needs before anything is ordered, and answers the challenges of an
// order: in files that a web server shows, in records of the DNS, in certificates of
// tls-alpn-01, and by hooks. What a killed run has left of that, it removes.
//
// It needs the configuration in force, the state directory, where it keeps notes of what
// is to be removed again and reads what is secret, and a Responder where no web server
// answers. Make a Prover, have it make the Ways of a certificate, and give them to an
// order after Prepare.
//
// It never asks a certification authority for anything, writes no record of a certificate,
// and sweeps only when it is told to: that nobody publishes meanwhile is up to whoever
// tells it.
package proving

import (
	"crypto/tls"
	"log/slog"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/busy"
	"wcme/acmecore/config"
	"wcme/acmecore/store"
)

// Settings are what a Prover works with.
type Settings struct {
	Root   *store.Root
	Config func() *config.Config // the one in force, which may be another one each time
	Log    *slog.Logger
	Now    func() time.Time // for the steps that are told
}

// Prover proves names for one state directory, whose lock its user holds. Its functions
// are called for several orders at a time.
type Prover struct {
	root      *store.Root
	config    func() *config.Config
	log       *slog.Logger
	now       func() time.Time
	responder Responder // nil where a web server answers

	calling busy.Things // hooks
	showing busy.Things // names whose certificates of tls-alpn-01 are shown
	writing busy.Things // records at an acme-dns
}

// Responder answers challenges itself, where no web server does.
type Responder interface {
	// Open returns when it answers those of http-01. What it returns ends that.
	Open() (release func(), err error)
	// Shows tells whether it is set up for those of tls-alpn-01, and OpenTLS is Open for
	// them.
	Shows() bool
	OpenTLS() (release func(), err error)
	// Show has it show the certificate to whoever asks for a challenge of the name. What
	// it returns ends that.
	Show(name acmecore.Name, certificate *tls.Certificate) (hide func())
}

// New returns a prover without a Responder.
func New(s Settings) *Prover {
	return &Prover{root: s.Root, config: s.Config, log: s.Log, now: s.Now}
}

// AnswerBy has the Responder answer challenges. It is called before the first order.
func (p *Prover) AnswerBy(responder Responder) { p.responder = responder }

// teller tells of steps.
type teller struct {
	now    func() time.Time
	report acmecore.Progress
}

func (p *Prover) teller() teller { return teller{now: p.now, report: func(acmecore.Step) {}} }

func (t *teller) tell(stage, subject, text string) {
	t.report(acmecore.Step{Time: t.now(), Stage: stage, Subject: subject, Text: text})
}
