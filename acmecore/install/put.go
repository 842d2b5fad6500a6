package install

import (
	"bytes"
	"errors"
	"fmt"

	"wcme/acmecore"
)

// Put brings the target's files into line with the pair, and returns the paths of
// those that it changed; none where all were in line. A pair whose key is not its
// certificate's is refused, and after an error the old files are there, but for the
// case that the package's comment gives; a next Put goes on. What an error of the
// directory's fsync leaves is not known, and the next Put looks again.
func (t Target) Put(pair Pair) (changed []string, err error) {
	t = t.of(pair)
	p, want, err := t.open(pair)
	if err != nil {
		return nil, err
	}
	defer p.dir.close()
	changed, err = t.put(p, want)
	return changed, t.failed("install in target", err)
}

func (t Target) put(p *place, want []output) (changed []string, err error) {
	if err := p.sweep(); err != nil {
		return nil, err
	}
	found, err := p.see()
	if err != nil {
		return nil, err
	}
	files, changed, err := t.plan(p, want, found)
	if err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		err = p.put(files, found, t.links())
	}
	if err == nil {
		err = p.tidy(t.links())
	}
	if !p.touched {
		changed = nil
	}
	return changed, err
}

// plan returns the files with the rights that they are to have, and the paths of
// those that are not in line.
func (t Target) plan(p *place, want []output, found []entry) (files []placed, changed []string, err error) {
	for i, one := range want {
		if found[i].kind == obstacle {
			return nil, nil, inTheWay(p.dir.join(one.name))
		}
		rights, err := t.rights(p.dir, one, found[i])
		if err != nil {
			return nil, nil, err
		}
		if t.differs(p, one, rights, found[i]) != "" {
			changed = append(changed, p.dir.join(one.name))
		} else { // the same in other words stays
			one.content = found[i].content
		}
		files = append(files, placed{one.name, one.content, rights})
	}
	return files, changed, nil
}

func inTheWay(path string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Cause: fmt.Errorf("%s is a directory, or something else that is no file", path),
		Hint: "move it away, or choose another name with `file`"}
}

// open checks the target, reads the pair and opens the target's directory.
func (t Target) open(pair Pair) (*place, []output, error) {
	if err := t.Check(); err != nil {
		return nil, nil, err
	}
	want, err := t.outputs(pair)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, one := range want {
		names = append(names, one.name)
	}
	p, err := openPlace(t.Dir, names, t.Step)
	return p, want, t.failed("install in target", err)
}

// differs says in a sentence why a file is not in line; "" when it is.
func (t Target) differs(p *place, want output, rights Rights, found entry) string {
	path := p.dir.join(want.name)
	switch {
	case found.kind == absent:
		return path + " is missing"
	case found.kind == obstacle:
		return path + " is a directory, or something else that is no file"
	case found.kind == link:
		return fmt.Sprintf("%s is a link to %q", path, acmecore.Inert(found.target))
	case found.problem != nil:
		return fmt.Sprintf("%s cannot be read: %v", path, bare(found.problem))
	case !want.matches(found):
		return path + " holds something else"
	case found.kind == file && t.links():
		return path + " is a file, and is to be a link to the current version"
	case found.kind == ownLinks && !t.links():
		return path + " is a link, and is to be a file"
	case !found.rights.meets(rights):
		return fmt.Sprintf("%s is %v, and is to be %v", path, found.rights, rights)
	}
	return ""
}

// matches tells whether a file holds what it is to hold.
func (o output) matches(found entry) bool {
	return bytes.Equal(o.content, found.content) ||
		o.same != nil && found.trusted() && o.same(found.content)
}

// trusted tells whether nobody but root and this process's user can have written a file.
func (e entry) trusted() bool {
	return ours(e.rights.UID) && e.rights.Mode&groupAndOthersWrite == 0
}

// String is for sentences: "user 0, group 4, mode 0640".
func (r Rights) String() string {
	text := fmt.Sprintf("mode %#o", r.Mode)
	if r.GID != -1 {
		text = fmt.Sprintf("group %d, %s", r.GID, text)
	}
	if r.UID != -1 {
		text = fmt.Sprintf("user %d, %s", r.UID, text)
	}
	return text
}

// failed is an error of an operation on the target; nil when err is.
func (t Target) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *acmecore.Error
	switch {
	case errors.As(err, &known) && known.Subject == t.Name && known.Op != "":
		return known // says already where
	case acmecore.HintOf(err) != "":
		return &acmecore.Error{Op: op, Subject: t.Name, Cause: err}
	}
	kind, hint := explain(err)
	return &acmecore.Error{Kind: kind, Op: op, Subject: t.Name, Cause: err, Hint: hint}
}
