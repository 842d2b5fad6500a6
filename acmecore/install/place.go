package install

import (
	"errors"
	"io/fs"
)

// place is the files of one certificate in one target.
type place struct {
	dir   *directory
	names []string // the key's own last
	hook  func(point, path string)
	// touched says that what a server sees has changed.
	touched bool
}

// placed is a file as it is to be.
type placed struct {
	name    string
	content []byte
	rights  Rights
}

// openPlace opens the directory of a place.
func openPlace(dir string, names []string, hook func(point, path string)) (*place, error) {
	opened, err := openPath(dir)
	if err != nil {
		return nil, err
	}
	return &place{dir: opened, names: names, hook: hook}, nil
}

// step passes a point at an entry of a directory.
func (p *place) step(point string, dir *directory, name string) {
	if p.hook != nil {
		p.hook(point, dir.join(name))
	}
}

// rename gives a finished entry its name.
func (p *place) rename(dir *directory, from, to string) error {
	p.step("rename", dir, to)
	if err := dir.rename(from, to); err != nil {
		return err
	}
	p.step("renamed", dir, to)
	return nil
}

// symlink puts a link under a name, in place of what is there, by one rename.
func (p *place) symlink(dir *directory, target, name string, owner Rights) error {
	err := dir.draftLink(target, name, owner)
	if err == nil {
		err = p.rename(dir, temp(name), name)
	}
	if err != nil {
		err = errors.Join(err, dir.remove(temp(name)))
	}
	return err
}

// sync makes what was renamed durable.
func (p *place) sync(dir *directory, name string) error {
	if err := dir.sync(); err != nil {
		return err
	}
	p.step("synced", dir, name)
	return nil
}

// see looks at the files.
func (p *place) see() ([]entry, error) {
	var found []entry
	for _, name := range p.names {
		e, err := p.dir.see(name)
		if err != nil {
			return nil, err
		}
		if len(p.names) > 1 && e.kind == link && e.target == p.linkTo(name) {
			e = p.seeVersion(name, e)
		}
		found = append(found, e)
	}
	return found, nil
}

// sweep removes the temporary files that a kill has left.
func (p *place) sweep() error {
	for _, name := range p.names {
		_, err := p.dir.stat(temp(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err = errors.Join(err, p.dir.remove(temp(name))); err != nil {
			return err
		}
	}
	return nil
}

// put writes the files; found is what is there.
func (p *place) put(want []placed, found []entry, links bool) error {
	switch {
	case links:
		return p.putLinks(want, found)
	case count(found, ownLinks) == 0:
		return p.replace(want, found)
	}
	// Links turn to files one after the other, so each leads to what its file
	// will hold before the first one does.
	if !holds(found, want) {
		if err := p.putLinks(want, found); err != nil {
			return err
		}
	}
	return p.replace(want, nil)
}

// replace writes the files in place of whatever is there, but leaves those that are
// in line already. All are written before the first one is renamed, which is the
// key's.
func (p *place) replace(want []placed, found []entry) (err error) {
	var drafts []placed
	for i, one := range want {
		if found != nil && found[i].is(one) {
			continue
		}
		p.step("create", p.dir, one.name)
		if err = p.dir.draft(one.name, one.content, one.rights); err != nil {
			break
		}
		drafts = append(drafts, one)
	}
	for len(drafts) > 0 && err == nil {
		last := drafts[len(drafts)-1].name
		if err = p.rename(p.dir, temp(last), last); err == nil {
			drafts = drafts[:len(drafts)-1]
			p.touched = true
		}
	}
	for _, one := range drafts {
		err = errors.Join(err, p.dir.remove(temp(one.name)))
	}
	return errors.Join(err, p.sync(p.dir, p.names[0]))
}

// is tells whether what is there is the file that is wanted.
func (e entry) is(want placed) bool {
	return e.kind == file && holds([]entry{e}, []placed{want}) && e.rights.meets(want.rights)
}

// tidy removes what is left over once the files are in line.
func (p *place) tidy(links bool) error {
	switch {
	case links:
		return p.prune()
	case len(p.names) > 1:
		return p.forget()
	}
	return nil
}
