package proving

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"wcme/acmecore"
	"wcme/acmecore/busy"
	"wcme/acmecore/config"
	"wcme/acmecore/dns"
	"wcme/acmecore/hook"
	"wcme/acmecore/order"
	"wcme/acmecore/store"
)

// hooks have programs answer the challenges of one order.
type hooks struct {
	teller
	root    *store.Root
	log     *slog.Logger
	calling *busy.Things    // hooks, in all orders
	names   []acmecore.Name // of the order

	mu      sync.Mutex
	finders map[string]*dns.Finder // by the names of their [[hook]]
}

func (p *Prover) hooks() *hooks {
	return &hooks{teller: p.teller(), root: p.root, log: p.log, calling: &p.calling, finders: make(map[string]*dns.Finder)}
}

// hookOf has one hook answer one challenge of a name.
type hookOf struct {
	*hooks
	entry  config.Hook
	method acmecore.Method
	name   acmecore.Name
}

var _ readier = hookOf{}

// hookFor returns the hook that answers the method for the name; nil where none is
// configured. The error says what is wrong with its program, or with what it needs.
func (w *Ways) hookFor(method acmecore.Method, name acmecore.Name) (solver, error) {
	entry, found := w.config().HookFor(method, name)
	if !found {
		return nil, nil
	}
	if err := checkHook(w.hooks.root, entry); err != nil {
		return nil, err
	}
	return hookOf{w.hooks, entry, method, name}, nil
}

// CheckHook says what is wrong with a hook, as far as the host shows it.
func (p *Prover) CheckHook(entry config.Hook) error { return checkHook(p.root, entry) }

func checkHook(root *store.Root, entry config.Hook) error {
	staged, err := staged(root, entry)
	if err != nil {
		return err
	}
	return staged.Check()
}

// staged is what the configuration says, as the stage has it. A variable of the
// configuration takes the place of one in the file.
func staged(root *store.Root, entry config.Hook) (hook.Hook, error) {
	h := hook.Hook{Name: entry.Name.String(), Protocol: hook.Protocol(entry.Protocol.String()), Args: entry.Args(),
		Env: make(map[string]string), Timeout: entry.Timeout.Duration, User: entry.User.String()}
	if file := entry.EnvFile.String(); file != "" {
		text, err := root.Secret(file)
		if err == nil {
			h.Env, err = hook.ParseEnvironment(text)
		}
		if err != nil {
			return h, &acmecore.Error{Kind: acmecore.KindOf(err), Op: "read env_file of hook", Subject: h.Name, Hint: acmecore.HintOf(err), Cause: err}
		}
	}
	for name, value := range entry.Env {
		h.Env[name] = value.Reveal()
	}
	return h, nil
}

// withSettings gives a script of acme.sh's dnsapi the file for its settings. Another user
// than ours cannot get at it: then, all that the script needs is in its environment.
func withSettings(root *store.Root, h hook.Hook) (_ hook.Hook, err error) {
	if h.Protocol == hook.ACMESh && h.User == "" {
		h.Settings, err = root.HookSettings(h.Name)
	}
	return h, err
}

// ready implements readier: the name has a zone that its record will be seen in.
func (h hookOf) ready(ctx context.Context) error {
	if h.method != acmecore.DNS01 || !h.entry.Looks() {
		return nil
	}
	_, err := h.finder().Place(ctx, h.name)
	return err
}

// finder looks as the entry says, and tells what it sees.
func (h hookOf) finder() *dns.Finder {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.entry.Name.String()
	if h.finders[name] == nil {
		h.finders[name] = dns.NewFinder(dns.Settings{Resolvers: config.Texts(h.entry.Resolvers), Proved: h.names, Patience: h.entry.Patience.Duration,
			Settle: h.entry.Settle.Duration, Unchecked: !h.entry.Looks(), Tell: func(text string) { h.tell("challenge", name, text) }})
	}
	return h.finders[name]
}

// publish implements solver: it returns when the hook has begun and, for dns-01, when
// its record is seen.
func (h hookOf) publish(ctx context.Context, response order.Response) error {
	place := dns.Place{Name: h.name}
	if h.method == acmecore.DNS01 && h.entry.Looks() {
		var err error
		if place, err = h.finder().Place(ctx, h.name); err != nil {
			return err
		}
	}
	challenge := hook.Challenge{Method: h.method, Name: h.name, Token: response.Token, KeyAuthorization: response.KeyAuthorization}
	if len(place.Aliases) > 0 {
		challenge.Record = place.Record
	}
	if err := h.begin(ctx, challenge); err != nil || h.method != acmecore.DNS01 {
		return err
	}
	_, err := h.finder().Await(ctx, place, response.Record)
	return err
}

// begin calls the hook, unless a run that was killed has done so. What such a run has
// left half done is ended first.
func (h hookOf) begin(ctx context.Context, challenge hook.Challenge) error {
	call, release, err := h.caller(ctx, h.entry, challenge.Token)
	if err != nil {
		return err
	}
	defer release()
	switch {
	case call.note.Answered && !call.note.Left:
		h.tell("hook", h.entry.Name.String(), fmt.Sprintf("answers %s for %s since before", h.method, h.name))
		return nil
	case call.note.Challenge.Token != "":
		if err := call.end(ctx, false); err != nil {
			h.tell("hook", h.entry.Name.String(), "what was begun before did not end well: "+acmecore.Inert(err.Error()))
		}
	}
	return call.begin(ctx, challenge)
}

// withdraw implements solver.
func (h hookOf) withdraw(ctx context.Context, response order.Response, valid bool) error {
	call, release, err := h.caller(ctx, h.entry, response.Token)
	if err != nil {
		return err
	}
	defer release()
	return call.end(ctx, valid)
}
