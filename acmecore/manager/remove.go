package manager

import (
	"context"
	"slices"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
)

// Remove implements control.Operations. Nothing is deleted but an order in flight: the
// record is put aside, and keys, versions and installed files stay. With the record put
// back by hand all goes on where it was; certify makes a new record, and the next version.
func (m *Manager) Remove(ctx context.Context, request control.RemoveRequest, progress acmecore.Progress) error {
	return m.audited(ctx, "stop managing", acmecore.Inert(string(request.ID)), func(entry *audit.Entry) error {
		if _, err := m.managed([]acmecore.ID{request.ID}); err != nil {
			return err
		}
		err := m.remove(ctx, request.ID, progress, entry)
		return acmecore.InterruptedOr(err, "stop managing", string(request.ID))
	})
}

func (m *Manager) remove(ctx context.Context, id acmecore.ID, progress acmecore.Progress, entry *audit.Entry) error {
	ending := m.endingWith(id)
	release, err := m.holdAll(ctx, append([]acmecore.ID{m.recordID(id)}, ending...))
	if err != nil {
		return err
	}
	defer release()
	read := m.reading(id)
	entry.Before, entry.After = described(read.Certificate), described(read.Certificate)
	installed := make([][]string, len(ending))
	for i, id := range ending {
		installed[i] = m.installed(m.reading(id))
	}
	m.auditBegun(*entry)
	if err := m.endRecord(id, m.stepsOf(id, progress)); err != nil {
		return err
	}
	entry.After = "not managed"
	for i, id := range ending {
		if err := m.leave(id, installed[i], m.stepsOf(id, progress)); err != nil {
			return err
		}
	}
	return m.sweep(ctx)
}

// endingWith are the certificates that end to be managed with one: itself, and those that
// stand beside it.
func (m *Manager) endingWith(id acmecore.ID) []acmecore.ID {
	return append([]acmecore.ID{id}, m.facts(id).Twins...)
}

// holdAll holds several certificates, in that order, each once.
func (m *Manager) holdAll(ctx context.Context, ids []acmecore.ID) (release func(), err error) {
	var held []func()
	release = func() {
		for _, free := range held {
			free()
		}
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		free, err := m.busy.Hold(ctx, string(id))
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, free)
	}
	return release, nil
}

// endRecord puts the record of a certificate aside. Of one that stands beside another one,
// it leaves the kind of key out of their record.
func (m *Manager) endRecord(id acmecore.ID, report acmecore.Progress) error {
	base := m.recordID(id)
	if base == id {
		path, err := m.root.PutRecordAside(id)
		if err == nil {
			m.step(report, "remove", path, "its record is here from now on, and is not read")
		}
		return err
	}
	record, err := m.recordAt(base)
	if err != nil {
		return err
	}
	kinds := slices.DeleteFunc(m.Config().KeysFor(record), func(kind acmecore.KeyType) bool { return besideID(base, kind) == id })
	names, err := record.HostNames()
	if err != nil {
		return err
	}
	record, err = record.With(config.Wishes{Names: names, Keys: kinds})
	if err != nil {
		return err
	}
	text, err := record.Text()
	if err == nil {
		err = m.root.PutRecord(base, text)
	}
	if err == nil {
		m.step(report, "remove", string(base), "its record is without that kind of key from now on")
	}
	return err
}

// leave drops what was begun of a certificate, and says what stays of it.
func (m *Manager) leave(id acmecore.ID, installed []string, report acmecore.Progress) error {
	if err := m.root.DropOrder(id); err != nil {
		return err
	}
	m.step(report, "remove", m.root.CertificateDir(id), "its keys and versions stay here")
	if len(installed) > 0 {
		m.step(report, "remove", acmecore.Inert(strings.Join(installed, " ")), "what servers read stays, and is not renewed any more")
	}
	return nil
}

// installed are the files of a certificate that servers read.
func (m *Manager) installed(read reading) (paths []string) {
	for _, file := range m.filesOf(read.ID, m.standsIn(read)) {
		if file.Problem == "" {
			paths = append(paths, file.Path)
		}
	}
	return paths
}
