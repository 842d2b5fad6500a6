package manager

import (
	"context"
	"encoding/json"
	"errors"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/hook"
	"wcme/acmecore/store"
)

// hookNote is what is kept of a challenge that a hook was told to answer, from before it
// is told until it has been told to end.
type hookNote struct {
	Challenge hook.Challenge `json:"challenge"`
	Answered  bool           `json:"answered"` // it has begun, and ended well
	Running   hook.Running   `json:"running,omitzero"`
	Left      bool           `json:"left,omitempty"`  // by a killed run: nobody goes on with it
	Tries     int            `json:"tries,omitempty"` // how often it was told to end
}

// maxEnds is how often a hook is told to end what it has begun, where each time it was
// interrupted before its own time limit.
const maxEnds = 3

// hookCall calls a hook for one challenge, with a note of it on disk.
type hookCall struct {
	*Manager
	hook   hook.Hook
	key    store.HookNote
	note   hookNote // no Challenge where there is none
	report acmecore.Progress
}

// caller waits until nobody else calls the hook, which keeps its settings in one file and
// may write to one zone.
func (m *Manager) caller(ctx context.Context, entry config.Hook, token acmecore.Token, report acmecore.Progress) (_ *hookCall, release func(), err error) {
	staged, err := m.staged(entry)
	if err == nil {
		staged, err = m.withSettings(staged)
	}
	if err != nil {
		return nil, nil, err
	}
	release, err = m.busy.Hold(ctx, "hook "+staged.Name)
	if err != nil {
		return nil, nil, err
	}
	call := &hookCall{Manager: m, hook: staged, key: store.HookNote{Hook: staged.Name, Token: token}, report: report}
	if call.note, err = m.hookNoted(call.key); err != nil {
		release()
		return nil, nil, err
	}
	return call, release, nil
}

// hookNoted reads a note; one that cannot be read is as none, and is put away.
func (m *Manager) hookNoted(key store.HookNote) (note hookNote, err error) {
	text, err := m.root.HookNoted(key)
	if err == nil && text != nil {
		if err = json.Unmarshal(text, &note); err != nil || note.Challenge.Token != key.Token {
			m.log.Warn("note of a hook cannot be read", "hook", key.Hook, "error", err)
			return hookNote{}, m.root.ForgetHook(key)
		}
	}
	if errors.Is(err, store.ErrDamaged) {
		m.log.Warn("note of a hook cannot be read", "hook", key.Hook, "error", err)
		return hookNote{}, nil
	}
	return note, err
}

func (c *hookCall) runner() *hook.Runner {
	return &hook.Runner{Step: c.report, Note: func(running hook.Running) error {
		c.note.Running = running
		return c.keep()
	}}
}

func (c *hookCall) keep() error { return c.keepHook(c.key, c.note) }

func (m *Manager) keepHook(key store.HookNote, note hookNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return m.root.NoteHook(key, text)
}

// begin has the hook answer. Where the note cannot be kept the hook is not called, since
// nobody would know to end what it began.
func (c *hookCall) begin(ctx context.Context, challenge hook.Challenge) error {
	c.note = hookNote{Challenge: challenge}
	if err := c.keep(); err != nil {
		return err
	}
	begun, err := c.runner().Begin(ctx, c.hook, challenge)
	if !begun {
		return errors.Join(err, c.root.ForgetHook(c.key))
	}
	c.note.Answered = err == nil
	return errors.Join(err, c.keep())
}

// end has it end what it has begun, if it has. However that went, it is not tried again,
// unless the context has ended before the hook did, and then maxEnds times in all.
func (c *hookCall) end(ctx context.Context, valid bool) error {
	if c.note.Challenge.Token == "" {
		return nil
	}
	c.note.Tries++ // on disk as soon as the program runs: this process may be killed for waiting
	err := c.runner().End(ctx, c.hook, c.note.Challenge, valid)
	if ctx.Err() != nil && c.note.Tries < maxEnds {
		return err // and somebody will try again
	}
	c.note = hookNote{}
	return errors.Join(err, c.root.ForgetHook(c.key))
}

// leaveHooks marks what killed runs have left for hooks to end, so that no order takes it
// for its own. It is called while no order is in flight.
func (m *Manager) leaveHooks() error {
	keys, problems := m.root.HooksNoted()
	for _, key := range keys {
		note, err := m.hookNoted(key)
		if err == nil && note.Challenge.Token != "" && !note.Left {
			note.Left = true
			err = m.keepHook(key, note)
		}
		problems = errors.Join(problems, err)
	}
	return problems
}

// sweepHooks has hooks end what was left so. Orders go on meanwhile, since a hook may use
// up its time limit. What is not done when the context ends is done the next time.
func (m *Manager) sweepHooks(ctx context.Context) error {
	keys, problems := m.root.HooksNoted()
	for _, key := range keys {
		if ctx.Err() != nil {
			break
		}
		problems = errors.Join(problems, m.sweepHook(ctx, key))
	}
	return problems
}

// sweepLeft does so at the start of an overseer, behind its open socket.
func (m *Manager) sweepLeft(ctx context.Context) {
	if err := m.sweepHooks(ctx); err != nil && ctx.Err() == nil {
		m.log.Warn("not all is ended that hooks have begun before a kill", "error", err, "hint", acmecore.HintOf(err))
	}
}

// sweepHook looks again when nobody else calls the hook: an order may have ended it, and
// have begun the same challenge anew.
func (m *Manager) sweepHook(ctx context.Context, key store.HookNote) error {
	for _, entry := range m.Config().Hook {
		if entry.Name.String() != key.Hook {
			continue
		}
		call, release, err := m.caller(ctx, entry, key.Token, m.steps("sweep", nil))
		if err != nil {
			return acmecore.InterruptedOr(err, "sweep", "hook "+key.Hook)
		}
		defer release()
		if call.note.Left {
			call.endLeft(ctx)
		}
		return nil
	}
	if note, err := m.hookNoted(key); err != nil || !note.Left {
		return err
	}
	m.log.Warn("a challenge is left behind that a hook has answered: the hook is not configured any more", "hook", key.Hook)
	return m.root.ForgetHook(key)
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

// endHooks ends the programs of hooks that a killed overseer has left behind.
func (m *Manager) endHooks() error {
	keys, problems := m.root.HooksNoted()
	for _, key := range keys {
		note, err := m.hookNoted(key)
		problems = errors.Join(problems, err)
		if note.Running == (hook.Running{}) {
			continue
		}
		problems = errors.Join(problems, hook.EndLeftover(key.Hook, note.Running))
	}
	return problems
}
