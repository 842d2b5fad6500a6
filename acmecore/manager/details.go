package manager

import (
	"context"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

// Details implements control.Administration. It asks nobody: what visitors see is what
// was last proved.
func (m *Manager) Details(ctx context.Context, id acmecore.ID) (acmecore.Details, error) {
	if _, err := m.managed([]acmecore.ID{id}); err != nil {
		return acmecore.Details{}, err
	}
	read := m.reading(id)
	standing, err := m.root.Standing(id)
	standing = m.experienced(id, standing)
	if err != nil {
		m.log.Warn("standing not read", "certificate", id, "error", err)
	}
	d := acmecore.Details{Certificate: m.detailed(read), Standing: standing, Placed: m.standsIn(read), Chain: linksOf(read.pair.Chain), PEM: textOf(read.pair.Chain)}
	if leaf := leafOf(read.pair); leaf != nil {
		d.Subject, d.SHA1 = nameIn(leaf.Subject), sha1Of(leaf)
	}
	d.Files = m.filesOf(id, d.Placed)
	d.Loads = loadedBy(d.Certificate, standing)
	d.Ports, d.Probe = m.looksAt(read.record)
	d.Versions = m.versionsOf(id)
	d.Budget = m.allowance(read)
	d.Drift, d.Repair = drift(d, m.now())
	d.Kept = acmecore.Kept{Record: m.root.RecordAside(m.recordID(id)), Versions: m.root.CertificateDir(id)}
	d.Runs, d.Searched = m.runsOf(ctx, id)
	return d, nil
}

// detailed is the certificate as it is listed, with what its record says of it.
func (m *Manager) detailed(read reading) acmecore.Certificate {
	c := m.listedWhole(read.ID)
	c.Profile = acmecore.Inert(read.record.Profile)
	c.Targets, c.Loads = nil, nil
	if len(read.Names) == 0 { // nobody knows what its record says
		return c
	}
	for _, target := range m.Config().TargetsFor(read.ID, read.record) {
		c.Targets = append(c.Targets, target.Name.String())
	}
	for _, action := range m.loadsOf(read.ID, read.record) {
		c.Loads = append(c.Loads, action.Name.String())
	}
	return c
}

// loadedBy says of each load action whether it has loaded the current version.
func loadedBy(c acmecore.Certificate, standing acmecore.Standing) (loads []acmecore.Loaded) {
	for _, action := range c.Loads {
		loads = append(loads, acmecore.Loaded{Action: action, Current: c.Fingerprint != "" && standing.Loaded[action] == c.Fingerprint})
	}
	return loads
}

// looksAt says where the certificate is verified.
func (m *Manager) looksAt(record *config.Certificate) (ports, probe []string) {
	given := m.Config().VerifyFor(record)
	return config.Texts(given.Ports), config.Texts(given.Probe)
}

// versionsOf are the versions that are kept. One that was revoked is none to go back to.
func (m *Manager) versionsOf(id acmecore.ID) []acmecore.Version {
	versions, err := m.root.Versions(id)
	if err != nil {
		m.log.Warn("versions not listed", "certificate", id, "error", err)
	}
	for i, version := range versions {
		revocation, found, err := m.root.Revoked(id, version.Name)
		if err != nil {
			m.log.Warn("it is not known whether a certificate was revoked", "certificate", id, "version", version.Name, "error", err)
		}
		if found {
			versions[i].Revoked = revocation.At
			versions[i].Problem = revokedAt(revocation)
		}
	}
	return versions
}

// maxDetailedRuns is how many runs of a certificate are shown with it.
const maxDetailedRuns = 20

// runsOf are the newest runs that treated the certificate.
func (m *Manager) runsOf(ctx context.Context, id acmecore.ID) (lines []acmecore.RunLine, searched int) {
	runs, searched, err := m.root.RunsOf(ctx, id, maxDetailedRuns)
	if err != nil {
		m.log.Warn("runs not listed", "certificate", id, "error", err)
	}
	for _, run := range runs {
		lines = append(lines, lineOf(run, id))
	}
	return lines, searched
}

// lineOf is a run in one line, with what it did to the certificate.
func lineOf(run acmecore.Run, id acmecore.ID) acmecore.RunLine {
	line := acmecore.RunLine{ID: run.ID, Trigger: run.Trigger, By: acmecore.Inert(run.By), Began: run.Began, Ended: run.Ended, Managed: run.Managed,
		DryRun: run.DryRun, Problem: run.Problem, Outcomes: make(map[acmecore.Outcome]int)}
	for _, treated := range run.Certificates {
		line.Outcomes[treated.Outcome]++
		if treated.ID == id {
			line.Treated = &treated
		}
	}
	return line
}
