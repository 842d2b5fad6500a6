package store

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// Version is a version of a certificate that is kept.
type Version = acmecore.Version

// Versions lists the versions of a certificate that are kept, the newest first; none
// when it was never obtained.
func (r *Root) Versions(id acmecore.ID) ([]Version, error) {
	names, err := r.versions(id).list()
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", id, err)
	}
	_, current, err := r.versions(id).current()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		current = "" // a link that leads nowhere good is SwitchTo's to mend
	}
	var list []Version
	for _, name := range slices.Backward(names) {
		version := Version{Name: name, Current: name == current}
		if err := r.describe(id, &version); err != nil {
			version.Problem = acmecore.Inert(err.Error())
		}
		list = append(list, version)
	}
	return list, nil
}

// SwitchTo makes a version that is kept the current one, by one rename. Its key and
// its chain must belong together; whether it is valid still, or names what is
// wanted, is the caller's to judge.
func (r *Root) SwitchTo(id acmecore.ID, version string) error {
	names, err := r.versions(id).list()
	if err != nil {
		return fmt.Errorf("restore %s: %w", id, err)
	}
	if !slices.Contains(names, version) {
		return &acmecore.Error{Kind: acmecore.NotFound, Op: "restore " + string(id) + " version", Subject: fmt.Sprintf("%q", acmecore.Inert(version)),
			Cause: errors.New("there is none"), Hint: hintVersions(id, names)}
	}
	if err := r.describe(id, &Version{Name: version}); err != nil {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "restore " + string(id) + " version", Subject: version, Cause: err,
			Hint: "take another one: its files cannot be used"}
	}
	if _, current, err := r.versions(id).current(); err == nil && current == version {
		return nil
	}
	if err := durable.Symlink(version, filepath.Join(string(r.versions(id)), currentLink)); err != nil {
		return fmt.Errorf("restore %s: %w", id, err)
	}
	return nil
}

func hintVersions(id acmecore.ID, names []string) string {
	if len(names) == 0 {
		return "nothing is kept of " + string(id)
	}
	return fmt.Sprintf("%s to %s are kept", names[0], names[len(names)-1])
}

// Pair returns the key and the chain of the current version as PEM, and the
// version's name. The link is followed once, so that they belong together. Without an
// error there is no key only where that is elsewhere, which the version's request says.
// The error is of kind NotFound when there is no version; beside any other one is what
// could be read.
func (r *Root) Pair(id acmecore.ID) (key, fullchain []byte, version string, err error) {
	dir, version, err := r.versions(id).follow()
	if err == nil {
		key, fullchain, err = readPair(dir)
	}
	if errors.Is(err, fs.ErrNotExist) { // of the version, or of its files?
		if _, _, err := r.currentVersion(id); err != nil {
			return nil, nil, "", err
		}
	}
	if err != nil {
		err = fmt.Errorf("read certificate %s: %w", id, err)
	}
	return key, fullchain, version, err
}

func readPair(dir string) (key, fullchain []byte, err error) {
	key, keyErr := readRegular(filepath.Join(dir, keyFile), maxRecord)
	fullchain, chainErr := readRegular(filepath.Join(dir, chainFile), maxRecord)
	if errors.Is(keyErr, fs.ErrNotExist) && chainErr == nil {
		if _, err := os.Lstat(filepath.Join(dir, requestFile)); err == nil {
			keyErr = nil
		}
	}
	return key, fullchain, errors.Join(keyErr, chainErr)
}

// describe fills in what is known of a version, and returns an error when it cannot
// be used.
func (r *Root) describe(id acmecore.ID, version *Version) error {
	keyText, fullchain, err := readPair(filepath.Join(string(r.versions(id)), version.Name))
	if fullchain == nil {
		return err
	}
	chain := decodeChain(fullchain)
	if len(chain) == 0 {
		return errors.New("its chain is no PEM")
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("read its certificate: %w", err)
	}
	version.NotBefore, version.NotAfter = leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	version.Serial = leaf.SerialNumber.Text(16)
	fingerprint := sha256.Sum256(leaf.Raw)
	version.Fingerprint = hex.EncodeToString(fingerprint[:])
	if keyText == nil && err == nil {
		return r.answers(id, version.Name, leaf)
	}
	return belong(keyText, leaf)
}

// answers tells whether the certificate of a version is that of its request.
func (r *Root) answers(id acmecore.ID, version string, leaf *x509.Certificate) error {
	request, err := r.request(filepath.Join(string(r.versions(id)), version, requestFile))
	if err != nil {
		return fmt.Errorf("read its request: %w", err)
	}
	if !keys.Equal(request.Public, leaf.PublicKey) {
		return errors.New("its certificate is for another key than its request")
	}
	return nil
}

// belong tells whether the key is the certificate's.
func belong(keyText []byte, leaf *x509.Certificate) error {
	key, err := keys.Decode(keyText)
	if err != nil {
		return fmt.Errorf("read its key: %w", err)
	}
	if !keys.Equal(key.Public(), leaf.PublicKey) {
		return errors.New("its key is not the certificate's")
	}
	return nil
}
