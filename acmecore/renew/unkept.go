package renew

import (
	"sync"

	"wcme/acmecore"
)

// unkept holds the standings that could not be written, of a full disk say, until
// they can be: what was tried in vain must not be tried again at once because
// nobody could note it.
type unkept struct {
	mu sync.Mutex
	of map[acmecore.ID]acmecore.Standing
}

func (u *unkept) put(id acmecore.ID, standing acmecore.Standing) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.of == nil {
		u.of = make(map[acmecore.ID]acmecore.Standing)
	}
	u.of[id] = standing
}

func (u *unkept) drop(id acmecore.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.of, id)
}

func (u *unkept) get(id acmecore.ID) (standing acmecore.Standing, found bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	standing, found = u.of[id]
	return standing, found
}

// look is the stage's, with the standing that could not be written.
func (p *Pipeline) look(id acmecore.ID) Situation {
	situation := p.Stages.Look(id)
	if standing, found := p.unkept.get(id); found {
		situation.Standing = standing
	}
	situation.Full = p.Stages.Room(situation)
	return situation
}

// remember keeps the standing. That it cannot be written stops nobody.
func (j *job) remember() {
	p := j.run.Pipeline
	if err := p.Stages.Remember(j.id, j.now.Standing); err != nil {
		p.unkept.put(j.id, j.now.Standing)
		p.Log.Error("standing not kept on disk", "certificate", j.id, "error", err)
		return
	}
	p.unkept.drop(j.id)
}
