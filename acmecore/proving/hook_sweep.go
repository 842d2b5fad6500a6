package proving

import (
	"context"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/hook"
	"wcme/acmecore/store"
)

// EndHooks ends the programs of hooks that a killed overseer has left behind.
func (p *Prover) EndHooks() error {
	h := p.hooks()
	keys, problems := p.root.HooksNoted()
	for _, key := range keys {
		note, err := h.noted(key)
		problems = errors.Join(problems, err)
		if note.Running == (hook.Running{}) {
			continue
		}
		problems = errors.Join(problems, hook.EndLeftover(key.Hook, note.Running))
	}
	return problems
}

// leaveHooks marks what killed runs have left for hooks to end, so that no order takes it
// for its own. It is called while no order is in flight.
func (p *Prover) leaveHooks() error {
	h := p.hooks()
	keys, problems := p.root.HooksNoted()
	for _, key := range keys {
		note, err := h.noted(key)
		if err == nil && note.Challenge.Token != "" && !note.Left {
			note.Left = true
			err = h.keepNote(key, note)
		}
		problems = errors.Join(problems, err)
	}
	return problems
}

// SweepHooks has hooks end what Sweep has marked so. Orders go on meanwhile, since a hook
// may use up its time limit. What is not done when the context ends is done the next time.
func (p *Prover) SweepHooks(ctx context.Context, report acmecore.Progress) error {
	h := p.hooks()
	h.report = report
	keys, problems := p.root.HooksNoted()
	for _, key := range keys {
		if ctx.Err() != nil {
			break
		}
		problems = errors.Join(problems, h.sweep(ctx, key, p.config().Hook))
	}
	return problems
}

// sweep looks again when nobody else calls the hook: an order may have ended it, and
// have begun the same challenge anew.
func (h *hooks) sweep(ctx context.Context, key store.HookNote, entries []config.Hook) error {
	for _, entry := range entries {
		if entry.Name.String() != key.Hook {
			continue
		}
		call, release, err := h.caller(ctx, entry, key.Token)
		if err != nil {
			return acmecore.InterruptedOr(err, "sweep", "hook "+key.Hook)
		}
		defer release()
		if call.note.Left {
			call.endLeft(ctx)
		}
		return nil
	}
	if note, err := h.noted(key); err != nil || !note.Left {
		return err
	}
	h.log.Warn("a challenge is left behind that a hook has answered: the hook is not configured any more", "hook", key.Hook)
	return h.root.ForgetHook(key)
}

// endLeft tells what did not end well to the log: it is nobody's order that fails.
func (c *hookCall) endLeft(ctx context.Context) {
	of := c.note.Challenge
	err := c.end(ctx, false)
	switch {
	case err == nil:
	case c.note.Left:
		c.log.Warn("a hook was interrupted before it had ended what a killed run has left: it is called again", "hook", c.key.Hook, "name", of.Name, "error", err)
	default:
		c.log.Warn("a hook did not end what a killed run has left, and is not called for it again: remove by hand what is there", "hook", c.key.Hook,
			"method", of.Method, "name", of.Name, "error", err, "hint", acmecore.HintOf(err))
	}
}
