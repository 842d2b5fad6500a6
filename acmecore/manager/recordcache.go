package manager

import (
	"sync"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/stamp"
)

// parsedRecords are the records of certificates as they were last parsed. A pass over ten
// thousand certificates asks for each record more than once: for the certificates that
// stand beside it, and for its own.
type parsedRecords struct {
	mu   sync.RWMutex
	list map[acmecore.ID]parsedRecord
}

// parsedRecord is one of them. It is not changed any more.
type parsedRecord struct {
	stamp  stamp.Stamp
	record *config.Certificate
	err    error // of the parser
}

// recordAt returns the record of the certificate; an error of kind NotFound where there is
// none of that ID. The record must not be changed. It is read again when its file has
// another stamp, or was changed so shortly before that the stamp may hide a second change.
func (m *Manager) recordAt(id acmecore.ID) (*config.Certificate, error) {
	now := m.root.RecordStamp(id)
	m.parsed.mu.RLock()
	known, found := m.parsed.list[id]
	m.parsed.mu.RUnlock()
	if found && known.stamp == now {
		return known.record, known.err
	}
	began := time.Now()
	path, text, err := m.root.Record(id)
	if err != nil {
		if found {
			m.parsed.forget(id)
		}
		return nil, err
	}
	fresh := parsedRecord{stamp: now}
	if fresh.record, fresh.err = config.ParseCertificate(path, text); fresh.err == nil {
		fresh.err = fresh.record.CheckID(id)
	}
	if now.IsSettled(began) {
		m.parsed.keep(id, fresh)
	}
	return fresh.record, fresh.err
}

func (p *parsedRecords) keep(id acmecore.ID, record parsedRecord) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list == nil {
		p.list = make(map[acmecore.ID]parsedRecord)
	}
	p.list[id] = record
}

func (p *parsedRecords) forget(id acmecore.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.list, id)
}

// readBeside are the files that a certificate is read from beside those of its ID: the
// record of the one that it stands beside, and a request that was made elsewhere.
func (m *Manager) readBeside(id acmecore.ID) (paths []string) {
	record, err := m.recordFor(m.Config(), id)
	if err != nil {
		return nil
	}
	if base := record.Beside(); base != "" {
		paths = append(paths, m.root.RecordPath(base))
	}
	if file := record.CSR.String(); file != "" {
		paths = append(paths, m.root.RequestFile(file))
	}
	return paths
}
