package store

import (
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// IsCompromised tells whether a public key is that of a version, of any certificate, that
// was revoked because somebody else may have the key (RFC 5280 section 5.3.1). Versions
// that cannot be read do not count.
func (r *Root) IsCompromised(public crypto.PublicKey) bool {
	ids, err := r.Obtained()
	if err != nil {
		return false
	}
	for _, id := range ids {
		names, _ := r.VersionNames(id)
		for _, version := range names {
			revocation, found, _ := r.Revoked(id, version)
			if found && revocation.Reason == acmecore.RevokedKeyCompromise && r.isKeyOf(public, id, version) {
				return true
			}
		}
	}
	return false
}

// isKeyOf tells whether a public key is that of a version, by its certificate, or else by
// its key.
func (r *Root) isKeyOf(public crypto.PublicKey, id acmecore.ID, version string) bool {
	if chain, _, err := r.VersionChain(id, version); err == nil && len(chain) > 0 {
		if leaf, err := x509.ParseCertificate(chain[0]); err == nil {
			return keys.Equal(leaf.PublicKey, public)
		}
	}
	key, err := r.VersionKey(id, version)
	return err == nil && keys.Equal(key.Public(), public)
}

// DropOrdersBy drops the orders in flight of a certificate, those kept while another CA
// is asked among them, whose key is unfit, and tells whether there was one.
func (r *Root) DropOrdersBy(id acmecore.ID, unfit func(crypto.PublicKey) bool) (dropped bool, problems error) {
	entries, err := os.ReadDir(r.path("priv", "orders"))
	if err != nil {
		return false, unlessAbsent(err)
	}
	for _, entry := range entries {
		if entry.Name() != string(id) && !strings.HasPrefix(entry.Name(), string(id)+aside) {
			continue
		}
		dir := r.path("priv", "orders", entry.Name())
		key, err := readKey(filepath.Join(dir, keyFile))
		if err != nil || !unfit(key.Public()) {
			continue
		}
		dropped = true
		problems = errors.Join(problems, durable.Remove(dir))
	}
	return dropped, problems
}
