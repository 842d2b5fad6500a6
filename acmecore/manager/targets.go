package manager

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/crash"
	"wcme/acmecore/install"
	"wcme/acmecore/renew"
	"wcme/acmecore/report"
	"wcme/acmecore/spread"
)

// targets returns those that the certificate goes to, and what cannot be made of
// the configuration.
func (m *Manager) targets(id acmecore.ID, record *config.Certificate) (targets []install.Target, err error) {
	return m.targetsOf(m.Config(), id, record)
}

func (m *Manager) targetsOf(c *config.Config, id acmecore.ID, record *config.Certificate) (targets []install.Target, err error) {
	for _, given := range c.TargetsFor(id, record) {
		target, problem := m.target(given)
		err = errors.Join(err, problem)
		targets = append(targets, target)
	}
	return targets, err
}

// target is what the configuration says, as the stage has it.
func (m *Manager) target(given config.Install) (install.Target, error) {
	target := install.Target{Name: given.Name.String(), Dir: given.Dir.String(), Format: install.Format(given.Format.String()),
		Owner: given.Owner.User, Group: given.Owner.Group, Mode: given.Mode.FileMode(), KeyMode: given.KeyMode.FileMode(),
		Plain: given.Links != nil && !*given.Links, Step: crash.At}
	target.File, target.KeyFile = given.Files()
	if file := given.PasswordFile.String(); file != "" {
		target.Password = func() (string, error) { return m.root.Secret(file) }
	}
	if file := given.Template.String(); file != "" {
		text, err := m.root.Template(file)
		if err != nil {
			return target, err
		}
		target.Template = text
	}
	return target, nil
}

// Obstacles are what of this host would keep certificates from being installed in the
// configured targets now. They may have gone when something is to be installed.
func (m *Manager) Obstacles() (problems []error) {
	for _, given := range m.Config().Install {
		target, err := m.target(given)
		if err == nil {
			err = target.CheckHere()
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// placed says how the certificate stands in its targets; nothing while there is none
// that could stand there.
func (m *Manager) placed(read reading) (placed []acmecore.Placed) {
	targets, err := m.targets(read.ID, read.record)
	if err != nil {
		m.log.Warn("a target cannot be used", "certificate", read.ID, "error", err)
	}
	if read.Version == "" || read.Problem != "" {
		return nil
	}
	for _, target := range targets {
		placed = append(placed, target.Look(read.pair))
	}
	return placed
}

// replaced is what stood in a target before a certificate was installed there.
type replaced struct {
	For      string           `json:"for"` // fingerprint of that certificate
	Snapshot install.Snapshot `json:"snapshot"`
}

// Install implements renew.Stages. What stood in a target is kept once for each
// certificate: after a kill in between, the way back is still to the files before.
func (s stages) Install(id acmecore.ID) (done renew.Installed) {
	read := s.reading(id)
	targets, err := s.targets(id, read.record)
	done.Err = errors.Join(err, read.err)
	if read.err != nil {
		return done
	}
	for _, target := range targets {
		if target.Look(read.pair).Current {
			continue
		}
		if err := s.fits(s.usesOf(read, target), id); err != nil {
			done.Err = errors.Join(done.Err, err)
			continue
		}
		files, err := s.installIn(target, read.pair, read.Fingerprint)
		done.Files = append(done.Files, files...)
		done.Err = errors.Join(done.Err, err)
	}
	return done
}

func (s stages) installIn(target install.Target, pair install.Pair, fingerprint string) ([]string, error) {
	if kept, err := s.replaced(pair.ID, target.Name); err != nil || kept.For != fingerprint {
		snapshot, err := target.Save(pair)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(replaced{fingerprint, snapshot})
		if err == nil {
			err = s.root.PutReplaced(pair.ID, target.Name, text)
		}
		if err != nil {
			return nil, err
		}
	}
	files, err := target.Put(pair)
	for _, file := range files {
		s.log.Info("installed", "certificate", pair.ID, "target", target.Name, "file", file)
	}
	return files, err
}

// replaced reads what is kept of a target; the zero value where that is nothing.
func (m *Manager) replaced(id acmecore.ID, target string) (kept replaced, err error) {
	text, err := m.root.Replaced(id, target)
	if err != nil || text == nil {
		return kept, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return replaced{}, fmt.Errorf("read what stood in target %s: %w", target, err)
	}
	return kept, nil
}

// PutBack implements renew.Stages. A target in which nothing stood before keeps what
// it has, and so does one where that has expired, or is about to.
func (s stages) PutBack(id acmecore.ID) (files []string, err error) {
	c, record := s.read(id)
	targets, _ := s.targets(id, record) // one that cannot be used was not installed in
	for _, target := range targets {
		kept, problem := s.replaced(id, target.Name)
		snapshot := kept.Snapshot
		if problem != nil || kept.For != c.Fingerprint || snapshot.Dir != target.Dir || !hadFiles(snapshot) || s.isOver(snapshot) {
			err = errors.Join(err, problem)
			continue
		}
		snapshot.Step = crash.At
		if problem := snapshot.PutBack(); problem != nil {
			err = errors.Join(err, problem)
			continue
		}
		for _, saved := range snapshot.Files {
			files = append(files, filepath.Join(snapshot.Dir, saved.Name))
		}
		s.log.Warn("files before put back", "certificate", id, "target", target.Name)
	}
	return files, err
}

// leastLife is what must be left of a certificate for going back to it.
const leastLife = time.Hour

// isOver tells whether the certificate in the files is over, as far as it can be read
// there.
func (m *Manager) isOver(snapshot install.Snapshot) bool {
	for _, saved := range snapshot.Files {
		der := saved.Content
		if block, _ := pem.Decode(saved.Content); block != nil {
			der = block.Bytes
		}
		if leaf, err := x509.ParseCertificate(der); err == nil {
			return m.now().Add(leastLife).After(leaf.NotAfter)
		}
	}
	return false
}

// Accept implements renew.Stages.
func (s stages) Accept(id acmecore.ID) error { return s.root.ForgetReplaced(id) }

func hadFiles(snapshot install.Snapshot) bool {
	for _, saved := range snapshot.Files {
		if saved.Was == "absent" {
			return false
		}
	}
	return len(snapshot.Files) > 0
}

// check finds what no single file of the configuration shows: a record that names
// what there is not, two certificates or targets that would write the same file, a
// target among wCME's own files, a load action that nobody should run, a chat service that there is not.
func (m *Manager) check(c *config.Config) error {
	ids, err := m.managedBy(c)
	if err != nil {
		return err
	}
	uses := make([][]install.Use, len(ids))
	problems := []error{spread.Over(len(ids), func(i int) (err error) {
		uses[i], err = m.uses(c, ids[i])
		return err
	})}
	for _, given := range c.Install {
		target, _ := m.target(given) // a template that cannot be read is told by those who use it
		problems = append(problems, m.apart(target))
	}
	for _, given := range c.Load {
		problems = append(problems, action(given).Check())
	}
	for _, given := range c.Hook {
		problems = append(problems, m.prover.CheckHook(given))
	}
	for _, webhook := range c.Report.Webhooks {
		problems = append(problems, report.CheckWebhook(webhook.Reveal()))
	}
	return errors.Join(append(problems, install.Clashes(slices.Concat(uses...)))...)
}

// uses are the targets that a certificate goes to by a configuration, and what of its
// record does not fit that; none where its names cannot be read, which is its own
// problem and no other certificate's.
func (m *Manager) uses(c *config.Config, id acmecore.ID) (uses []install.Use, err error) {
	certificate := acmecore.Certificate{ID: id}
	record, _ := m.readRecordBy(c, &certificate)
	if len(certificate.Names) == 0 {
		return nil, nil
	}
	targets, err := m.targetsOf(c, id, record)
	kind := m.kindOf(c, record)
	for _, target := range targets {
		uses = append(uses, install.Use{Target: target, ID: id, Names: certificate.Names, Key: kind})
	}
	if record.Beside() != "" {
		return uses, nil // what else there is to say of its record, the other one says
	}
	return uses, errors.Join(err, c.CheckRecord(record), m.taken(c, id, record))
}

// usesOf are targets that a certificate goes to as it is.
func (m *Manager) usesOf(read reading, targets ...install.Target) (uses []install.Use) {
	for _, target := range targets {
		uses = append(uses, install.Use{Target: target, ID: read.ID, Names: read.Names, Key: read.Key})
	}
	return uses
}

// fitsAll tells whether the certificates of one record would write no file twice, nor one
// of another certificate.
func (m *Manager) fitsAll(plans []*plan) error {
	var own []install.Use
	var ids []acmecore.ID
	for _, p := range plans {
		targets, _ := m.targets(p.id, p.record) // one that cannot be used is told when it is installed in
		for _, target := range targets {
			own = append(own, install.Use{Target: target, ID: p.id, Names: p.names, Key: p.key})
		}
		ids = append(ids, p.id)
	}
	return m.fits(own, ids...)
}

// fits tells whether no other certificate would be the same file as one of those with the
// IDs. Others are looked at only where a target calls its files the same for all, or for
// all of a record.
func (m *Manager) fits(own []install.Use, ids ...acmecore.ID) error {
	others, err := m.rivals(own, ids)
	problems := []error{err, m.clashes(own, nil)}
	for _, use := range own {
		problems = append(problems, m.apart(use.Target))
	}
	for _, other := range others {
		if !slices.Contains(ids, other) {
			uses, _ := m.uses(m.Config(), other) // its problems are its own
			problems = append(problems, m.clashes(own, uses))
		}
	}
	return errors.Join(problems...)
}

// clashes are those of the uses with each other and with those of another certificate.
func (m *Manager) clashes(own, other []install.Use) error {
	if len(own) == 0 || len(own) == 1 && other == nil {
		return nil
	}
	return install.Clashes(slices.Concat(own, other))
}

// rivals are the certificates that could be the same files.
func (m *Manager) rivals(own []install.Use, ids []acmecore.ID) ([]acmecore.ID, error) {
	if slices.ContainsFunc(own, func(use install.Use) bool { return isFixed(use.Target) }) {
		return m.managedIDs()
	}
	base := m.recordID(ids[0])
	record, err := m.recordFor(m.Config(), base)
	if err != nil {
		return nil, nil // it has none yet
	}
	rivals := []acmecore.ID{base}
	for _, kind := range further(m.Config(), record) {
		rivals = append(rivals, besideID(base, kind))
	}
	return rivals, nil
}

// isFixed tells whether one of the target's files has the same name for every
// certificate, or every one with such a key.
func isFixed(target install.Target) bool {
	fixed := func(pattern string) bool { return !strings.Contains(strings.ReplaceAll(pattern, "{key}", ""), "{") }
	return fixed(target.File) || target.KeyFile != "" && fixed(target.KeyFile)
}
