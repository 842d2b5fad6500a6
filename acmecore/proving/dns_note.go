package proving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/dns"
	"wcme/acmecore/store"
)

// txtNote is what is kept of a record from before it is written until it was removed.
type txtNote struct {
	By    string    `json:"by"` // the name of the [[dns]]
	Place dns.Place `json:"place"`
	Value string    `json:"value"`
}

// add writes a value. Where the note of it cannot be kept nothing is written, since
// nobody would know to remove it.
func (t *txt) add(ctx context.Context, desk *desk, token acmecore.Token, note txtNote) error {
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	if err := t.root.NoteTXT(token, text); err != nil {
		return err
	}
	return desk.writer.Add(ctx, note.Place, note.Value)
}

// remove removes a value. What could not be removed is tried again by sweepTXT.
func (t *txt) remove(ctx context.Context, desk *desk, token acmecore.Token, note txtNote) error {
	if err := desk.writer.Remove(ctx, note.Place, note.Value); err != nil {
		return err
	}
	return t.root.ForgetTXT(token)
}

// sweepPatience is how long the servers have, all together, for what killed runs have
// left.
const sweepPatience = 30 * time.Second

// sweepTXT removes the records that killed runs have left. It is called while no order is
// in flight. What cannot be removed now is tried again the next time, which is no error of
// whatever goes on: a server may be down, or a key not be readable until somebody mends
// that.
func (p *Prover) sweepTXT() error {
	tokens, problems := p.root.TXTsNoted()
	ctx, cancel := context.WithTimeout(context.Background(), sweepPatience)
	defer cancel()
	t := p.txt()
	for _, token := range tokens {
		err := t.sweepOne(ctx, token, p.config().DNS)
		switch {
		case err == nil:
			continue
		case errors.Is(err, errHopeless) && ctx.Err() == nil:
			p.log.Warn("a record of a challenge is left behind: remove it by hand", "error", err)
			problems = errors.Join(problems, p.root.ForgetTXT(token))
		default:
			p.log.Warn("a record of a challenge is left behind: its removal is tried again", "error", err, "hint", acmecore.HintOf(err))
		}
	}
	return problems
}

// errHopeless says that another try would go as this one.
var errHopeless = errors.New("it is not tried again")

func (t *txt) sweepOne(ctx context.Context, token acmecore.Token, entries []config.DNS) error {
	text, err := t.root.TXTNoted(token)
	if errors.Is(err, store.ErrDamaged) {
		return fmt.Errorf("%w: %w", errHopeless, err)
	}
	if text == nil || err != nil {
		return err
	}
	var note txtNote
	if err := json.Unmarshal(text, &note); err != nil {
		return fmt.Errorf("%w: the note of it cannot be read: %w", errHopeless, err)
	}
	for _, entry := range entries {
		if entry.Name.String() != note.By {
			continue
		}
		desk, err := t.deskOf(entry)
		if err != nil {
			return err
		}
		if err = t.remove(ctx, desk, token, note); acmecore.KindOf(err) == acmecore.Invalid {
			err = fmt.Errorf("%w: %w", errHopeless, err) // the server refuses it
		}
		return err
	}
	return fmt.Errorf("%w: the [[dns]] %q that has written it at %s is not configured any more", errHopeless, acmecore.Inert(note.By), acmecore.Inert(note.Place.Record))
}
