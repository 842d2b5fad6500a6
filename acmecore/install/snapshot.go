package install

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"wcme/acmecore"
)

// Snapshot is the files of one certificate in one target, as they were. It is made
// for JSON. Keys are in it: it belongs into a file that wCME alone may read.
type Snapshot struct {
	Target string  `json:"target"` // as the configuration calls it
	Dir    string  `json:"dir"`
	Files  []Saved `json:"files"` // one or two
	// Step, when set, is called as Target.Step is.
	Step func(point, path string) `json:"-"`
}

// Saved is what stood under one name.
type Saved struct {
	Name string `json:"name"`
	// Was is "absent"; "file"; "version", a link of wCME's to the file in the current
	// version; or "link", any other.
	Was     string `json:"was"`
	Content []byte `json:"content,omitempty"` // of a file
	Link    string `json:"link,omitempty"`    // where a link leads
	Rights  Rights `json:"rights"`
}

// String hides the keys from whoever prints a snapshot.
func (s Snapshot) String() string { return "snapshot of " + s.Dir }

// GoString does the same for %#v.
func (s Snapshot) GoString() string { return s.String() }

// Save returns what the target's files for the pair's certificate are now. Files of
// more than 1 MiB, and what is no file, are errors.
func (t Target) Save(pair Pair) (Snapshot, error) {
	t = t.of(pair)
	saved := Snapshot{Target: t.Name, Dir: t.Dir}
	if err := t.Check(); err != nil {
		return saved, err
	}
	names, err := t.files(pair.ID, pair.Names)
	if err != nil {
		return saved, err
	}
	p, err := openPlace(t.Dir, names, nil)
	if err != nil {
		return saved, t.failed("save target", err)
	}
	defer p.dir.close()
	found, err := p.see()
	for i, e := range found {
		err = errors.Join(err, e.problem)
		if e.kind == obstacle {
			err = errors.Join(err, inTheWay(p.dir.join(names[i])))
		}
		saved.Files = append(saved.Files, Saved{Name: names[i], Was: string(e.kind), Content: e.content, Link: e.target, Rights: e.rights})
	}
	if err != nil {
		return Snapshot{}, t.failed("save target", err)
	}
	return saved, nil
}

// PutBack makes the files what they were: content, owner, group and mode, and
// whether they were there at all. It writes nothing when they are so already. Key
// and certificate agree all the time, as in Put, where both were files.
func (s Snapshot) PutBack() error {
	t := Target{Name: s.Target}
	names, err := s.names()
	if err != nil {
		return t.failed("put back in target", err)
	}
	p, err := openPlace(s.Dir, names, s.Step)
	if err != nil {
		return t.failed("put back in target", err)
	}
	defer p.dir.close()
	return t.failed("put back in target", s.putBack(p))
}

// names checks the names in a snapshot, and returns them.
func (s Snapshot) names() (names []string, err error) {
	for _, saved := range s.Files {
		if err := plain(saved.Name); err != nil {
			return nil, fmt.Errorf("file name %q: %w", acmecore.Inert(saved.Name), err)
		}
		if !slices.Contains([]kind{absent, file, ownLinks, link}, kind(saved.Was)) {
			return nil, fmt.Errorf("%s was %q", saved.Name, acmecore.Inert(saved.Was))
		}
		names = append(names, saved.Name)
	}
	two := len(names) == 2 && names[0] != names[1]
	if len(names) != 1 && !two || !filepath.IsAbs(s.Dir) {
		return nil, errors.New("that is no snapshot")
	}
	return names, nil
}

func (s Snapshot) putBack(p *place) error {
	if err := p.sweep(); err != nil {
		return err
	}
	found, err := p.see()
	if err != nil {
		return err
	}
	var want []placed
	inLine, links := true, false
	for i, saved := range s.Files {
		inLine = inLine && saved.is(found[i])
		links = links || saved.Was == string(ownLinks)
		if saved.Was == string(file) || saved.Was == string(ownLinks) {
			want = append(want, placed{saved.Name, saved.Content, saved.Rights})
		}
	}
	whole := len(want) == len(s.Files)
	switch {
	case inLine:
	case whole:
		err = p.put(want, found, links)
	default:
		err, links = s.putEach(p), false
	}
	if err != nil {
		return err
	}
	return p.tidy(links && whole)
}

// is tells whether something is as it was saved.
func (s Saved) is(found entry) bool {
	return s.Was == string(found.kind) && found.problem == nil && bytes.Equal(s.Content, found.content) &&
		s.Link == found.target && (s.Was == string(absent) || s.Rights == found.rights)
}

// putEach puts back what was no pair of files, each on its own.
func (s Snapshot) putEach(p *place) (err error) {
	for _, saved := range s.Files {
		switch kind(saved.Was) {
		case absent:
			p.step("remove", p.dir, saved.Name)
			err = p.dir.remove(saved.Name)
		case link:
			err = p.symlink(p.dir, saved.Link, saved.Name, saved.Rights)
		default:
			one := &place{dir: p.dir, names: []string{saved.Name}, hook: p.hook}
			err = one.replace([]placed{{saved.Name, saved.Content, saved.Rights}}, nil)
		}
		if err != nil {
			return err
		}
	}
	return p.sync(p.dir, p.names[0])
}
