package store

import (
	"bytes"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// orderFile is what is kept of an order in flight, beside its key.
const orderFile = "order.json"

// Order is what is kept of an order in flight.
type Order struct {
	Directory string           `json:"directory"` // of the CA, URL
	Account   string           `json:"account"`   // URL of the account that ordered
	Names     []acmecore.Name  `json:"names"`
	Key       acmecore.KeyType `json:"key"`
	Profile   string           `json:"profile,omitempty"`
	Validity  time.Duration    `json:"validity,omitempty"` // ns; 0 leaves it to the CA
	URL       string           `json:"url,omitempty"`      // "" until the CA has answered
	Began     time.Time        `json:"began"`
	// Request is a certificate signing request that was made elsewhere, DER: the journal
	// has no key then.
	Request []byte `json:"request,omitempty"`
	// Imported says that somebody has brought the key: whoever goes on with the order
	// without one keeps it.
	Imported bool `json:"imported,omitempty"`
	// Given is the key that the certificate shall have; nil makes one.
	Given crypto.Signer `json:"-"`
}

// same tells whether two orders ask for the same, so that one can go on where
// the other was interrupted.
func (o Order) same(other Order) bool {
	return o.Directory == other.Directory && o.Account == other.Account && o.Key == other.Key &&
		o.Profile == other.Profile && o.Validity == other.Validity && slices.Equal(o.Names, other.Names) && bytes.Equal(o.Request, other.Request)
}

// wants tells whether the order, as it was kept, may be gone on with by its key.
func (o Order) wants(other Order, key crypto.Signer) bool {
	if other.Given == nil || o.Imported && !other.Imported {
		return true
	}
	return keys.Equal(key.Public(), other.Given.Public())
}

// Journal is the order in flight of one certificate: its key is on disk before
// the CA hears of the order, and the order's URL before its first challenge is
// answered, so that a killed run goes on with the same order.
type Journal struct {
	dir   string
	order Order
	key   crypto.Signer
}

// OpenJournal returns the journal of the certificate. One that was begun for
// the same order is taken up; one for another order is dropped, and one at another CA
// kept until that is asked again, or DropAside forgets it.
func (r *Root) OpenJournal(id acmecore.ID, order Order) (*Journal, error) {
	if err := r.exchangeOrder(id, order.Directory); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{dir: r.path("priv", "orders", string(id)), order: order}
	err := j.resume()
	if err == nil {
		return j, nil
	}
	if err := durable.Remove(j.dir); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := j.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), durable.Remove(j.dir))
	}
	return j, nil
}

// kept reads what is on disk of the order.
func (j *Journal) kept() (kept Order, err error) {
	text, err := readRegular(filepath.Join(j.dir, orderFile), maxRecord)
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	return kept, err
}

// resume reads the journal on disk if it is of the same order.
func (j *Journal) resume() error {
	kept, err := j.kept()
	if err != nil {
		return err
	}
	if !kept.same(j.order) {
		return errors.New("another order")
	}
	if kept.Request != nil {
		j.order = kept
		return nil
	}
	key, err := readKey(filepath.Join(j.dir, keyFile))
	if err != nil {
		return err
	}
	if !kept.wants(j.order, key) {
		return errors.New("another key")
	}
	j.order, j.key = kept, key
	return nil
}

func (j *Journal) begin() error {
	if err := makeDirectory(j.dir); err != nil {
		return err
	}
	if j.order.Request != nil {
		return j.save()
	}
	if err := j.beginKey(filepath.Join(j.dir, keyFile)); err != nil {
		return err
	}
	return j.save()
}

// beginKey puts the key on disk, the one given or a new one.
func (j *Journal) beginKey(path string) (err error) {
	if j.order.Given == nil {
		j.key, err = createKey(path, j.order.Key)
		return err
	}
	text, err := keys.Encode(j.order.Given)
	if err != nil {
		return err
	}
	j.key = j.order.Given
	return durable.WriteFile(path, text, 0o600)
}

func (j *Journal) save() error {
	record, err := json.MarshalIndent(j.order, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(j.dir, orderFile), record, 0o600)
}

// Key returns the key of the certificate to be; nil where that is elsewhere.
func (j *Journal) Key() crypto.Signer { return j.key }

// URL returns the URL of the order; "" when the CA has not answered one.
func (j *Journal) URL() string { return j.order.URL }

// SetURL keeps the URL of the order. "" forgets an order that has come to its
// end without a certificate; the key stays for the next one.
func (j *Journal) SetURL(url string) error {
	j.order.URL = url
	return j.save()
}

// Close ends the journal: nothing of it is needed any more.
func (j *Journal) Close() error { return durable.Remove(j.dir) }

// InFlight lists the certificates that have an order in flight.
func (r *Root) InFlight() ([]acmecore.ID, error) {
	entries, err := os.ReadDir(r.path("priv", "orders"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	var ids []acmecore.ID
	for _, entry := range entries {
		if id, err := acmecore.ParseID(entry.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// DropOrder drops the journal of a certificate that is no longer managed.
func (r *Root) DropOrder(id acmecore.ID) error {
	return errors.Join(durable.Remove(r.path("priv", "orders", string(id))), r.DropAside(id))
}

// Begun tells whether the certificate has an order in flight: a journal with a key, or
// with a request in its place.
func (r *Root) Begun(id acmecore.ID) bool {
	dir := r.path("priv", "orders", string(id))
	if _, err := os.Lstat(filepath.Join(dir, keyFile)); err == nil {
		return true
	}
	kept, err := (&Journal{dir: dir}).kept()
	return err == nil && kept.Request != nil
}

// DropFinished drops the journal of a certificate whose order has led to the current
// version, and what is left of a journal that nothing can be gone on with. current is
// the version's key, nil where that is elsewhere. Versions remember their orders; of one
// of before they did, the same key tells.
func (r *Root) DropFinished(id acmecore.ID, current crypto.Signer) error {
	dir := r.path("priv", "orders", string(id))
	if !r.Begun(id) {
		return durable.Remove(dir)
	}
	issue, _ := r.Issue(id, "") // which cannot be read of a damaged version: then its key tells
	j := &Journal{dir: dir}
	if kept, err := j.kept(); err == nil && issue.Order != "" {
		if kept.URL != issue.Order {
			return nil
		}
		return durable.Remove(dir)
	}
	key, err := readKey(filepath.Join(dir, keyFile))
	if err == nil && current != nil && keys.Equal(current.Public(), key.Public()) {
		return durable.Remove(dir)
	}
	return nil // of another order, or unreadable: OpenJournal will see
}

// Supersede forgets the URL in the journals of the certificates: a CA that gives the same
// order to whoever asks for the same names (RFC 8555 section 7.4) has now given it to
// another certificate.
func (r *Root) Supersede(url string, ids ...acmecore.ID) error {
	var problems []error
	for _, id := range ids {
		j := &Journal{dir: r.path("priv", "orders", string(id))}
		kept, err := j.kept()
		if err != nil || kept.URL != url {
			continue // there is none, or none that anybody will go on with
		}
		j.order = kept
		problems = append(problems, j.SetURL(""))
	}
	return errors.Join(problems...)
}
