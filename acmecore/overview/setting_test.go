package overview_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/overview"
	"wcme/acmecore/stamp"
)

// now is when questions are asked that do not depend on what time it is.
var now = time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)

const day = 24 * time.Hour

// memory is a source of certificates, of which each is read from one file, as it is
// said, and from what its Reading names.
type memory struct {
	mu     sync.Mutex
	files  map[acmecore.ID]file
	ground overview.Ground
	moment overview.Moment
	reads  int
	look   func() // called before a certificate is read, unless nil
	err    error  // of listing them
}

type file struct {
	read  overview.Reading
	stamp stamp.Stamp
}

// put writes the file of a certificate, now.
func (m *memory) put(reads ...overview.Reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = make(map[acmecore.ID]file)
	}
	for _, read := range reads {
		id := read.Certificate.ID
		m.files[id] = file{read, stamp.Stamp{Inode: m.files[id].stamp.Inode + 1, Changed: time.Now().UnixNano()}}
	}
}

// hide writes the file of a certificate so that its stamp remains.
func (m *memory) hide(read overview.Reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[read.Certificate.ID] = file{read, m.files[read.Certificate.ID].stamp}
}

// with changes what a source says beside certificates.
func (m *memory) with(change func(*overview.Ground, *overview.Moment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.ground, &m.moment)
}

// read returns how many certificates were read since it was last asked.
func (m *memory) read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.reads = 0 }()
	return m.reads
}

func (m *memory) IDs() ([]acmecore.ID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files)), m.err
}

func (m *memory) Stamps(list []stamp.Stamp, id acmecore.ID) []stamp.Stamp {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(list, m.files[id].stamp)
}

func (m *memory) Read(id acmecore.ID) overview.Reading {
	if m.look != nil {
		m.look()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return m.files[id].read
}

func (m *memory) Ground() overview.Ground {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ground
}

func (m *memory) Moment() overview.Moment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moment
}

// certificate is that of a letter, of 90 days, so many days old; one of no age was never
// obtained. Its renewal is planned for the last 30 days. Those after c are of another CA.
func certificate(letter string, age int) overview.Reading {
	name := acmecore.Name(letter + ".example.test")
	c := acmecore.Certificate{ID: name.ID(), Names: []acmecore.Name{name}, CA: "letsencrypt"}
	if letter > "c" {
		c.CA = "letsencrypt-staging"
	}
	if age >= 0 {
		c.Version, c.Service = "000001", acmecore.ServiceInstalled
		c.NotBefore = now.Add(-time.Duration(age) * day)
		c.NotAfter = c.NotBefore.Add(90 * day)
		c.Renewal.At = c.NotAfter.Add(-30 * day)
	}
	return overview.Reading{Certificate: c}
}

// several are certificates of the ages of their letters.
func several(ages map[string]int) (reads []overview.Reading) {
	for _, letter := range slices.Sorted(maps.Keys(ages)) {
		reads = append(reads, certificate(letter, ages[letter]))
	}
	return reads
}

func entries(t *testing.T, index *overview.Index) []*overview.Entry {
	t.Helper()
	list, err := index.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// ask returns what a query asks of certificates, now.
func ask(t *testing.T, query acmecore.Query, reads ...overview.Reading) acmecore.Overview {
	t.Helper()
	source := new(memory)
	source.put(reads...)
	query, err := overview.Completed(query)
	if err != nil {
		t.Fatal(err)
	}
	return overview.Of(entries(t, overview.New(source, time.Now)), query, now)
}

// letters are those of certificates, in their order.
func letters(list []acmecore.Certificate) string {
	var all []string
	for _, c := range list {
		all = append(all, strings.TrimSuffix(string(c.ID), "_example_test"))
	}
	return strings.Join(all, " ")
}
