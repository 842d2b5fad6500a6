package manager

import (
	"context"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
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
		return interruptedOr(err, "stop managing", string(request.ID))
	})
}

func (m *Manager) remove(ctx context.Context, id acmecore.ID, progress acmecore.Progress, entry *audit.Entry) error {
	release, err := m.busy.hold(ctx, string(id))
	if err != nil {
		return err
	}
	defer release()
	read := m.reading(id)
	entry.Before, entry.After = described(read.Certificate), described(read.Certificate)
	installed := m.installed(read)
	m.auditBegun(*entry)
	path, err := m.root.PutRecordAside(id)
	if err != nil {
		return err
	}
	entry.After = "not managed"
	report := m.stepsOf(id, progress)
	m.step(report, "remove", path, "its record is here from now on, and is not read")
	if err := m.root.DropOrder(id); err != nil {
		return err
	}
	m.step(report, "remove", m.root.CertificateDir(id), "its keys and versions stay here")
	if len(installed) > 0 {
		m.step(report, "remove", acmecore.Inert(strings.Join(installed, " ")), "what servers read stays, and is not renewed any more")
	}
	return m.sweep()
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
