package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"wcme/acmecore/durable"
)

// The names of the layout that the package's comment shows.
const (
	versionsName = ".wcme"
	currentName  = "current"
	draftName    = ".draft-0" // as durable.IsHalfMade knows it
)

// linkTo is what the link under a file's name says.
func (p *place) linkTo(name string) string {
	return path.Join(versionsName, p.names[0], currentName, name)
}

// versions opens the directory of the place's versions; make makes it.
func (p *place) versions(make bool) (*directory, error) {
	all, err := p.dir.enter(versionsName, make)
	if err != nil {
		return nil, err
	}
	its, err := all.enter(p.names[0], make)
	return its, errors.Join(err, all.close())
}

// seeVersion looks at a file in the current version. What is a link of wCME's that
// leads nowhere stays a link, and is replaced like any other.
func (p *place) seeVersion(name string, found entry) entry {
	versions, err := p.versions(false)
	if err != nil {
		return found
	}
	defer versions.close()
	version, err := versions.readlink(currentName)
	if err != nil || !isVersion(version) {
		return found
	}
	current, err := versions.enter(version, false)
	if err != nil {
		return found
	}
	defer current.close()
	inner, err := current.see(name)
	if err != nil || inner.kind != file {
		return found
	}
	inner.kind = ownLinks
	return inner
}

// putLinks makes a version of the files the current one, and links of their names.
func (p *place) putLinks(want []placed, found []entry) error {
	if count(found, ownLinks) < len(found) && count(found, file)+count(found, ownLinks) == len(found) {
		if copies := p.copies(found); copies != nil {
			if err := errors.Join(p.switchTo(copies), p.link(found)); err != nil {
				return err
			}
			found = slices.Repeat([]entry{{kind: ownLinks}}, len(found))
		}
	}
	if err := p.switchTo(want); err != nil {
		return err
	}
	p.touched = true
	return p.link(found)
}

// copies are the files that are there, for a version of their own; nil where
// they cannot be read.
func (p *place) copies(found []entry) []placed {
	var copies []placed
	for i, e := range found {
		if !e.whole() {
			return nil
		}
		if os.Geteuid() != 0 { // they are replaced before anybody asks whose they are
			e.rights.UID, e.rights.GID = -1, -1
		}
		copies = append(copies, placed{name: p.names[i], content: e.content, rights: e.rights})
	}
	return copies
}

// switchTo writes the files as a new version and makes it the current one.
func (p *place) switchTo(want []placed) error {
	versions, err := p.versions(true)
	if err != nil {
		return err
	}
	defer versions.close()
	version, err := versions.next()
	if err != nil {
		return err
	}
	p.step("create", versions, version)
	err = versions.draftVersion(want)
	if err == nil {
		err = p.rename(versions, draftName, version)
	}
	if err != nil {
		return errors.Join(err, versions.removeTree(draftName))
	}
	if err := p.sync(versions, version); err != nil {
		return err
	}
	err = p.symlink(versions, version, currentName, Rights{UID: -1, GID: -1})
	return errors.Join(err, p.sync(versions, currentName))
}

// draftVersion writes a version that has no name yet.
func (d *directory) draftVersion(want []placed) error {
	if err := d.removeTree(draftName); err != nil {
		return err
	}
	if err := d.mkdir(draftName); err != nil {
		return err
	}
	draft, err := openAt(d, draftName, unix.O_RDONLY)
	if err != nil {
		return err
	}
	for _, one := range want {
		if err == nil {
			err = draft.create(one.name, one.content, one.rights)
		}
	}
	return errors.Join(err, draft.sync(), draft.close())
}

// link makes links of the names under which there are none yet, the key's first.
func (p *place) link(found []entry) error {
	for i := len(p.names) - 1; i >= 0; i-- {
		if found[i].kind == ownLinks {
			continue
		}
		name := p.names[i]
		if err := p.symlink(p.dir, p.linkTo(name), name, Rights{UID: -1, GID: -1}); err != nil {
			return err
		}
	}
	return p.sync(p.dir, p.names[0])
}

// next names the version after the newest one.
func (d *directory) next() (string, error) {
	names, err := d.versionNames()
	if err != nil || len(names) == 0 {
		return fmt.Sprintf("%06d", 1), err
	}
	newest, err := strconv.Atoi(names[len(names)-1])
	return fmt.Sprintf("%06d", newest+1), err
}

// versionNames lists the versions, the oldest first.
func (d *directory) versionNames() ([]string, error) {
	names, err := d.names()
	names = slices.DeleteFunc(names, func(name string) bool { return !isVersion(name) })
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names, err
}

// isVersion recognises the name of a version: six digits, or more.
func isVersion(name string) bool {
	return len(name) >= 6 && len(name) <= 12 && strings.Trim(name, "0123456789") == ""
}

// prune removes what a kill has left half made, and all versions but the current
// one and the one before it.
func (p *place) prune() error {
	versions, err := p.versions(false)
	if err != nil {
		return err
	}
	defer versions.close()
	current, err := versions.readlink(currentName)
	if err != nil {
		return err
	}
	names, err := versions.versionNames()
	at := slices.Index(names, current)
	if err != nil || at < 0 {
		return err
	}
	drop := slices.Concat(names[:max(at-1, 0)], names[at+1:])
	all, err := versions.names()
	for _, name := range all {
		if durable.IsHalfMade(name) {
			drop = append(drop, name)
		}
	}
	for _, name := range drop {
		p.step("remove", versions, name)
		err = errors.Join(err, versions.removeTree(name))
	}
	return err
}

// forget removes all versions of a place that has none any more.
func (p *place) forget() error {
	if _, err := p.dir.stat(versionsName); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	all, err := p.dir.enter(versionsName, false)
	if err != nil {
		return err
	}
	if _, err := all.stat(p.names[0]); !errors.Is(err, fs.ErrNotExist) {
		p.step("remove", all, p.names[0])
	}
	if err := errors.Join(all.removeTree(p.names[0]), all.close()); err != nil {
		return err
	}
	err = unix.Unlinkat(p.dir.fd(), versionsName, unix.AT_REMOVEDIR)
	if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) { // other places have theirs there
		return nil
	}
	return p.dir.problem("remove", versionsName, err)
}

func count(found []entry, kind kind) (n int) {
	for _, e := range found {
		if e.kind == kind {
			n++
		}
	}
	return n
}

// holds tells whether the files that are there have the wanted contents.
func holds(found []entry, want []placed) bool {
	for i, e := range found {
		if !e.whole() || !bytes.Equal(e.content, want[i].content) {
			return false
		}
	}
	return true
}
