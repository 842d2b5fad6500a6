package store

import (
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
)

// Order is what is kept of an order in flight.
type Order struct {
	Directory string           `json:"directory"` // of the CA, URL
	Account   string           `json:"account"`   // URL of the account that ordered
	Names     []acmecore.Name  `json:"names"`
	Key       acmecore.KeyType `json:"key"`
	Profile   string           `json:"profile,omitempty"`
	URL       string           `json:"url,omitempty"` // "" until the CA has answered
	Began     time.Time        `json:"began"`
}

// same tells whether two orders ask for the same, so that one can go on where
// the other was interrupted.
func (o Order) same(other Order) bool {
	return o.Directory == other.Directory && o.Account == other.Account && o.Key == other.Key &&
		o.Profile == other.Profile && slices.Equal(o.Names, other.Names)
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
// the same order is taken up; one for another order is dropped.
func (r *Root) OpenJournal(id acmecore.ID, order Order) (*Journal, error) {
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

// resume reads the journal on disk if it is of the same order.
func (j *Journal) resume() error {
	text, err := readRegular(filepath.Join(j.dir, "order.json"), maxRecord)
	if err != nil {
		return err
	}
	var kept Order
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	if !kept.same(j.order) {
		return errors.New("another order")
	}
	key, err := readKey(filepath.Join(j.dir, "key.pem"))
	if err != nil {
		return err
	}
	j.order, j.key = kept, key
	return nil
}

func (j *Journal) begin() error {
	if err := makeDirectory(j.dir); err != nil {
		return err
	}
	key, err := createKey(filepath.Join(j.dir, "key.pem"), j.order.Key)
	if err != nil {
		return err
	}
	j.key = key
	return j.save()
}

func (j *Journal) save() error {
	record, err := json.MarshalIndent(j.order, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(j.dir, "order.json"), record, 0o600)
}

// Key returns the key of the certificate to be.
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
	return durable.Remove(r.path("priv", "orders", string(id)))
}

// Begun tells whether the certificate has an order in flight: a journal with a key.
func (r *Root) Begun(id acmecore.ID) bool {
	_, err := os.Lstat(r.path("priv", "orders", string(id), keyFile))
	return err == nil
}

// DropFinished drops the journal of a certificate whose order has led to the
// current version, which has the same key, and what is left of a journal without
// a key.
func (r *Root) DropFinished(id acmecore.ID, current crypto.Signer) error {
	dir := r.path("priv", "orders", string(id))
	key, err := readKey(filepath.Join(dir, "key.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return durable.Remove(dir)
	}
	public, ok := current.Public().(interface{ Equal(crypto.PublicKey) bool })
	if err == nil && ok && public.Equal(key.Public()) {
		return durable.Remove(dir)
	}
	return nil // of another order, or unreadable: OpenJournal will see
}
