package store

import (
	"bytes"
	"crypto"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// The files of a version.
const (
	keyFile     = "key.pem"
	requestFile = "request.pem" // in the place of the key, where that is elsewhere
	chainFile   = "fullchain.pem"
	issueFile   = "issue.json"
)

// KeepVersion stores a certificate with its key as a new version and makes it
// the current one by one rename. chain is DER, the leaf first; issue says how it came
// to be, and is not kept where it is the zero value.
func (r *Root) KeepVersion(id acmecore.ID, key crypto.Signer, chain [][]byte, issue acmecore.Issue) (version string, err error) {
	keyText, err := keys.Encode(key)
	if err != nil {
		return "", fmt.Errorf("keep certificate: %w", err)
	}
	return r.keepVersion(id, map[string][]byte{keyFile: keyText}, chain, issue)
}

// KeepRequested is KeepVersion for a certificate whose key is elsewhere: the version has
// the certificate signing request in its place, DER.
func (r *Root) KeepRequested(id acmecore.ID, request []byte, chain [][]byte, issue acmecore.Issue) (version string, err error) {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	return r.keepVersion(id, map[string][]byte{requestFile: text}, chain, issue)
}

func (r *Root) keepVersion(id acmecore.ID, files map[string][]byte, chain [][]byte, issue acmecore.Issue) (version string, err error) {
	files[chainFile] = encodeChain(chain)
	if !issue.At.IsZero() {
		if files[issueFile], err = json.MarshalIndent(issue, "", "  "); err != nil {
			return "", fmt.Errorf("keep certificate: %w", err)
		}
	}
	version, err = r.versions(id).add(files)
	if err != nil {
		return "", fmt.Errorf("keep certificate %s: %w", id, err)
	}
	return version, nil
}

// Issue returns how a version came to be, "" being the current one; the zero Issue where
// that was not kept.
func (r *Root) Issue(id acmecore.ID, version string) (issue acmecore.Issue, err error) {
	dir := filepath.Join(string(r.versions(id)), version)
	if version == "" {
		if dir, _, err = r.currentVersion(id); err != nil {
			return issue, err
		}
	}
	text, err := readRegular(filepath.Join(dir, issueFile), maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return issue, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &issue)
	}
	if err != nil {
		return acmecore.Issue{}, fmt.Errorf("read how %s was issued: %w", id, err)
	}
	return issue, nil
}

// Chain returns the chain of the current version, DER with the leaf first, and
// the version's name; an error of kind NotFound when there is no version.
func (r *Root) Chain(id acmecore.ID) (chain [][]byte, version string, err error) {
	text, version, err := r.current(id, chainFile)
	if err != nil {
		return nil, version, err
	}
	return decodeChain(text), version, nil
}

// Key returns the key of the current version; an error that is fs.ErrNotExist where that
// is elsewhere.
func (r *Root) Key(id acmecore.ID) (crypto.Signer, error) {
	text, _, err := r.current(id, keyFile)
	if err != nil {
		return nil, err
	}
	return keys.Decode(text)
}

// current reads a file of the current version.
func (r *Root) current(id acmecore.ID, name string) (text []byte, version string, err error) {
	dir, version, err := r.currentVersion(id)
	if err != nil {
		return nil, "", err
	}
	text, err = readRegular(filepath.Join(dir, name), maxRecord)
	if err != nil {
		return nil, version, fmt.Errorf("read certificate %s: %w", id, err)
	}
	return text, version, nil
}

// currentVersion returns the directory of the current version, and its name.
func (r *Root) currentVersion(id acmecore.ID) (dir, version string, err error) {
	dir, version, err = r.versions(id).current()
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", &acmecore.Error{Kind: acmecore.NotFound, Op: "read certificate", Subject: string(id),
			Cause: errors.New("it has never been obtained"), Hint: "obtain it: wcme certify"}
	}
	if err != nil {
		return "", "", fmt.Errorf("read certificate %s: %w", id, err)
	}
	return dir, version, nil
}

// PublishProducts brings the files in ssl into line with the current version,
// and leaves those alone that are. The chain with the key appended is the
// original's product; it is one file, so that key and certificate always match. Where
// the key is elsewhere, it is the chain alone.
func (r *Root) PublishProducts(id acmecore.ID) (changed []string, err error) {
	products, err := r.products(id)
	if err != nil {
		return nil, fmt.Errorf("publish %s: %w", id, err)
	}
	for _, product := range products {
		if product.published() {
			continue
		}
		if err := durable.WriteFile(product.path, product.content, product.mode); err != nil {
			return changed, fmt.Errorf("publish %s: %w", id, err)
		}
		changed = append(changed, product.path)
	}
	return changed, nil
}

// Settled tells whether nothing that a killed run could have left undone is to be
// done for the certificate: the products are those of the current version, and no
// order is in flight. Whether that version can be used is another question.
func (r *Root) Settled(id acmecore.ID) bool {
	if _, err := os.Lstat(r.path("priv", "orders", string(id))); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	products, err := r.products(id)
	return err == nil && !slices.ContainsFunc(products, func(p product) bool { return !p.published() })
}

// product is a file in ssl.
type product struct {
	path    string
	content []byte
	mode    fs.FileMode
}

// products are those that the current version leads to.
func (r *Root) products(id acmecore.ID) ([]product, error) {
	key, chain, _, err := r.Pair(id)
	if err != nil {
		return nil, err
	}
	leaf, issuers := splitChain(chain)
	path := func(prefix string) string { return r.path("ssl", prefix+string(id)+".pem") }
	whole := product{path("fullchain_"), slices.Concat(chain, key), 0o600}
	if key == nil {
		whole.mode = 0o644
	}
	return []product{{path("cert_"), leaf, 0o644}, {path("chain_"), issuers, 0o644}, whole}, nil
}

// published tells whether the product stands there.
func (p product) published() bool {
	text, mode, err := readWhole(p.path, syscall.O_NOFOLLOW, maxRecord)
	return err == nil && mode == p.mode && bytes.Equal(text, p.content)
}

// Prune removes versions beyond the number that is kept, and what killed runs
// left among them.
func (r *Root) Prune(id acmecore.ID) error {
	if err := r.versions(id).prune(keepVersions); err != nil {
		return fmt.Errorf("prune versions of %s: %w", id, err)
	}
	return nil
}

func (r *Root) versions(id acmecore.ID) versions {
	return versions(r.path("priv", "certificates", string(id)))
}

func encodeChain(chain [][]byte) []byte {
	var text bytes.Buffer
	for _, der := range chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return text.Bytes()
}

func decodeChain(text []byte) (chain [][]byte) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return chain
		}
		chain = append(chain, block.Bytes)
	}
}

// splitChain parts a PEM chain after its first certificate.
func splitChain(chain []byte) (leaf, issuers []byte) {
	_, issuers = pem.Decode(chain)
	return chain[:len(chain)-len(issuers)], issuers
}
