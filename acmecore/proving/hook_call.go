package proving

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
	*hooks
	hook hook.Hook
	key  store.HookNote
	note hookNote // no Challenge where there is none
}

// caller waits until nobody else calls the hook, which keeps its settings in one file and
// may write to one zone.
func (h *hooks) caller(ctx context.Context, entry config.Hook, token acmecore.Token) (_ *hookCall, release func(), err error) {
	staged, err := staged(h.root, entry)
	if err == nil {
		staged, err = withSettings(h.root, staged)
	}
	if err != nil {
		return nil, nil, err
	}
	release, err = h.calling.Hold(ctx, "hook "+staged.Name)
	if err != nil {
		return nil, nil, err
	}
	call := &hookCall{hooks: h, hook: staged, key: store.HookNote{Hook: staged.Name, Token: token}}
	if call.note, err = h.noted(call.key); err != nil {
		release()
		return nil, nil, err
	}
	return call, release, nil
}

// noted reads a note; one that cannot be read is as none, and is put away.
func (h *hooks) noted(key store.HookNote) (note hookNote, err error) {
	text, err := h.root.HookNoted(key)
	if err == nil && text != nil {
		if err = json.Unmarshal(text, &note); err != nil || note.Challenge.Token != key.Token {
			h.log.Warn("note of a hook cannot be read", "hook", key.Hook, "error", err)
			return hookNote{}, h.root.ForgetHook(key)
		}
	}
	if errors.Is(err, store.ErrDamaged) {
		h.log.Warn("note of a hook cannot be read", "hook", key.Hook, "error", err)
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

func (c *hookCall) keep() error { return c.keepNote(c.key, c.note) }

func (h *hooks) keepNote(key store.HookNote, note hookNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return h.root.NoteHook(key, text)
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
