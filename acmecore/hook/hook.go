// Package hook calls programs that answer challenges, in the ways of other ACME clients,
// so that what was written for those can be used.
//
// A Hook is one entry [[hook]] of the configuration. Check says what is wrong with its
// program; a Runner's Begin has it answer a Challenge, and End tells it that the CA has
// decided. Each call takes no longer than the hook's time limit and a few seconds.
//
// A program is executed as package process says: without a shell, in an environment of
// PATH, HOME, LANG, the hook's own variables and what its protocol has. What it gets as
// arguments was checked: a Name, a Token, and what is computed from it. Nothing of it
// becomes part of a command, or of code. Of what it prints 32 KiB are kept, half from
// the beginning and half from the end, inert, without the values of the hook's variables
// and of its settings, without the token and the key authorization.
//
// The protocols are described in uacme.go, dehydrated.go, lego.go and acmesh.go.
package hook

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/process"
)

// usualTimeout is that of a hook that states none.
const usualTimeout = 2 * time.Minute

// kept is how much is kept of an output's beginning, and of its end.
const kept = 16 << 10

// Hook is one entry [[hook]] of the configuration.
type Hook struct {
	Name     string // as the configuration calls it
	Protocol Protocol
	Args     []string          // the program, by its absolute path, and its first arguments
	Env      map[string]string // secrets; see acmecore.CheckVariable
	// Timeout is for one call; 0 is 2 min.
	Timeout time.Duration
	// User is whom the program runs as, a name or a number; "" is the overseer's own.
	User string
	// Settings is the path of the file in which scripts of acme.sh's dnsapi keep account
	// settings; where it is "", none are kept.
	Settings string
}

// Challenge is what a hook is to answer.
type Challenge struct {
	Method           acmecore.Method `json:"method"`
	Name             acmecore.Name   `json:"name"` // with its "*." where it is a wildcard
	Token            acmecore.Token  `json:"token"`
	KeyAuthorization string          `json:"key_authorization"` // RFC 8555 section 8.1
	// Record is the name of the record of dns-01, without a dot at its end, where aliases
	// lead from its usual place; "" is that place. It counts for lego's protocol.
	Record string `json:"record,omitempty"`
}

// Check finds what no program may be called with: a name from the DNS may hold anything.
func (c Challenge) Check() error {
	labels := strings.Split(c.Record, ".")
	odd := func(label string) bool {
		return label == "" || label[0] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
	}
	if c.Record == "" || !slices.ContainsFunc(labels, odd) {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "prove", Subject: string(c.Name), Hint: "let the CNAME record at " + c.usual() + " lead to another name",
		Cause: fmt.Errorf("the alias %q is no name that a program is called with", acmecore.Inert(c.Record))}
}

// host is the name that is proved: of a wildcard that below "*.", as in the CA's
// authorization.
func (c Challenge) host() string { return string(c.Name.Host()) }

// usual is where the record of dns-01 is looked for (RFC 8555 section 8.4).
func (c Challenge) usual() string { return "_acme-challenge." + c.host() }

// digest is the text of the record of dns-01 (RFC 8555 section 8.4).
func (c Challenge) digest() string {
	sum := sha256.Sum256([]byte(c.KeyAuthorization))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// hidden are the texts that are not shown. The record of dns-01 is public.
func (c Challenge) hidden() []string {
	hidden := []string{c.KeyAuthorization, string(c.Token)}
	if c.Method != acmecore.DNS01 {
		hidden = append(hidden, c.digest())
	}
	return hidden
}

// Running is the program of a hook that is being executed.
type Running = process.Running

// Runner calls hooks. One hook is to be called once at a time.
type Runner struct {
	// Note is process.Runner's.
	Note func(Running) error
	// Step receives what is done, as it is done; it may be nil.
	Step acmecore.Progress
	// Grace lies between SIGTERM and SIGKILL; 0 is 5 s.
	Grace time.Duration
}

// Begin makes the challenge answerable, as far as the hook can tell: a record of dns-01
// may take a while to be seen. begun tells that End is to be called, whatever the error,
// which says how the program ended.
func (r *Runner) Begin(ctx context.Context, h Hook, c Challenge) (begun bool, err error) {
	way, err := h.check()
	if err != nil {
		return false, h.problem("check", err)
	}
	if err := c.Check(); err != nil {
		return false, err
	}
	done, err := r.call(ctx, h, c, way.begin(h, c))
	if err != nil {
		return false, err
	}
	declined := done.Status > 0 && way.declines
	return !declined, h.failure(ctx, done, c, declined)
}

// End tells the hook that the challenge need not be answered any more, and whether the
// CA has believed it.
func (r *Runner) End(ctx context.Context, h Hook, c Challenge, valid bool) error {
	way, err := h.check()
	if err != nil {
		return h.problem("check", err)
	}
	if err := c.Check(); err != nil {
		return err
	}
	done, err := r.call(ctx, h, c, way.end(h, c, valid))
	if err != nil {
		return err
	}
	return h.failure(ctx, done, c, false)
}

// EndLeftover ends the program, with its process group, that an overseer left behind when
// it was killed, as process.EndLeftover does.
func EndLeftover(name string, running Running) error {
	if err := process.EndLeftover(running); err != nil {
		return fmt.Errorf("end the hook %q that another overseer left: %w", acmecore.Inert(name), err)
	}
	return nil
}

// call is what a protocol has a program executed with.
type call struct {
	args        []string // the program is the first one
	shown       []string // in their place, nil for themselves
	environment []string // beside that of every hook
}

func (r *Runner) call(ctx context.Context, h Hook, c Challenge, what call) (done acmecore.Command, err error) {
	as, err := process.IdentityOf(h.User)
	if err != nil {
		return done, h.problem("call", err)
	}
	settings, err := h.settings()
	if err != nil {
		return done, h.problem("read settings of", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.limit(), process.ErrLate)
	defer cancel()
	runner := process.Runner{Note: r.Note, Grace: r.Grace, Say: func(text string) { r.step(h, text) }}
	done = runner.Execute(ctx, h.Name, process.Command{
		Args: what.args, Shown: h.shown(c, what), As: as, Environment: append(h.environment(as.Home), what.environment...),
		Kept: kept, Secrets: slices.Concat(h.secrets(), settings, c.hidden()), Learnt: h.learnt,
	})
	r.quote(h, done.Output)
	return done, nil
}

// shown are the arguments without what is not to be seen.
func (h Hook) shown(c Challenge, what call) []string {
	shown := what.shown
	if shown == nil {
		shown = what.args
	}
	masked := make([]string, len(shown))
	for i, arg := range shown {
		masked[i] = arg
		for _, hidden := range c.hidden() {
			masked[i] = strings.ReplaceAll(masked[i], hidden, "…")
		}
	}
	return masked
}

func (h Hook) limit() time.Duration {
	if h.Timeout == 0 {
		return usualTimeout
	}
	return h.Timeout
}

// problem is an error of something about the hook.
func (h Hook) problem(op string, err error) error {
	return &acmecore.Error{Kind: acmecore.KindOf(err), Op: op + " hook", Subject: acmecore.Inert(h.Name), Hint: acmecore.HintOf(err), Cause: err}
}

// failure is what a program that did not end well means: nil where it did. An end of the
// context, which is not that of the time limit, is in the error's chain.
func (h Hook) failure(ctx context.Context, done acmecore.Command, c Challenge, declined bool) error {
	if done.Problem == "" {
		return nil
	}
	text := done.Problem
	if declined {
		text = fmt.Sprintf("it declines %s for %s (status %d)", c.Method, c.Name, done.Status)
	}
	hint := "call it by hand, as the overseer's user, with the arguments that the steps show; its output is there too"
	if strings.HasPrefix(done.Problem, process.Late) {
		hint = "find out what it waits for, or give it more time: timeout = \"5m\""
	}
	cause := errors.New(withEnd(text, done.Output))
	if err := context.Cause(ctx); err != nil {
		cause = fmt.Errorf("%w: %w", cause, err)
	}
	return &acmecore.Error{Kind: acmecore.Unreachable, Op: "call hook", Subject: acmecore.Inert(h.Name), Hint: hint, Cause: cause}
}

// withEnd is a sentence and the end of what a program said.
func withEnd(text, said string) string {
	const most = 300
	if len(said) > most {
		said = "…" + strings.ToValidUTF8(said[len(said)-most:], "")
	}
	if said = acmecore.Inert(said); said != "" {
		text += ": " + said
	}
	return text
}

// shownLines is how many lines of an output are told as steps, from its beginning, and
// as many from its end.
const shownLines = 10

// quote tells what a program said.
func (r *Runner) quote(h Hook, output string) {
	if output == "" {
		return
	}
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		switch left := len(lines) - 2*shownLines; {
		case left > 0 && i == shownLines:
			r.step(h, fmt.Sprintf("says %d more lines", left))
		case left > 0 && i > shownLines && i < shownLines+left:
		default:
			r.step(h, "says: "+line)
		}
	}
}

// step reports what is done.
func (r *Runner) step(h Hook, text string) {
	if r.Step != nil {
		r.Step(acmecore.Step{Time: time.Now(), Stage: "hook", Subject: acmecore.Inert(h.Name), Text: acmecore.Inert(text)})
	}
}
