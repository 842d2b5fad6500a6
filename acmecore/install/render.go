package install

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

// maxFile is how long a file may be that wCME writes, reads or puts back, in bytes.
const maxFile = 1 << 20

// output is a file as it is to be, but for its rights.
type output struct {
	key     bool // it is the key's own file
	name    string
	leaf    *x509.Certificate // of the pair
	content []byte
	secret  bool // it holds the key
	// same tells whether another content says the same, where it may; nil where only
	// the same bytes do.
	same func(found []byte) bool
}

// material is a pair, read.
type material struct {
	id                acmecore.ID
	names             []string
	chain             []*x509.Certificate // the leaf first
	leafPEM           []byte
	chainPEM, fullPEM []byte // without and with the leaf
	key               crypto.Signer
	keyPEM, keyDER    []byte
}

// read parses a pair, and refuses one whose key is not its leaf's. What is written
// is encoded anew, so that no text beside the certificates comes along, and each
// block ends in a line end. Nothing of the key is in the error.
func read(pair Pair) (*material, error) {
	m := &material{id: pair.ID}
	for _, name := range pair.Names {
		m.names = append(m.names, string(name))
	}
	if err := m.readChain(pair); err != nil {
		return nil, fmt.Errorf("read chain: %w", err)
	}
	if pair.Keyless {
		return m, nil
	}
	var err error
	if m.key = pair.Signer; m.key == nil {
		m.key, err = keys.Decode(pair.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	public, ok := m.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(m.chain[0].PublicKey) {
		return nil, errors.New("the key is not the certificate's")
	}
	if m.keyPEM, err = keys.Encode(m.key); err != nil {
		return nil, errors.New("encode key: it cannot be written as PKCS #8")
	}
	block, _ := pem.Decode(m.keyPEM)
	m.keyDER = block.Bytes
	return m, nil
}

func (m *material) readChain(pair Pair) (err error) {
	if len(pair.FullChain) > maxFile/2 {
		return fmt.Errorf("it has %d bytes, where %d are allowed", len(pair.FullChain), maxFile/2)
	}
	if m.chain = pair.Chain; m.chain == nil {
		m.chain, err = parseChain(pair.FullChain)
	}
	if err != nil {
		return err
	}
	for i, certificate := range m.chain {
		encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
		if i == 0 {
			m.leafPEM = encoded
		} else {
			m.chainPEM = append(m.chainPEM, encoded...)
		}
	}
	m.fullPEM = bytes.Join([][]byte{m.leafPEM, m.chainPEM}, nil)
	return nil
}

func parseChain(text []byte) (chain []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it has a block %q", acmecore.Inert(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %s", len(chain)+1, acmecore.Inert(err.Error()))
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	return chain, nil
}

// outputs returns what the target's files are to hold, the key's own last.
func (t Target) outputs(pair Pair) ([]output, error) {
	if pair.Keyless {
		if err := t.CheckWithoutKey(); err != nil {
			return nil, err
		}
	}
	names, err := t.files(pair.ID, pair.Names)
	if err != nil {
		return nil, err
	}
	m, err := read(pair)
	if err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "install", Subject: string(pair.ID), Cause: err,
			Hint: "wcme certify obtains the certificate again, with a new key"}
	}
	first := output{name: names[0], leaf: m.chain[0]}
	key := output{key: true, secret: true}
	switch t.format() {
	case Split:
		first.content, key.content = m.fullPEM, m.keyPEM
	case DER:
		first.content, key.content = m.chain[0].Raw, m.keyDER
	}
	switch {
	case t.two() && t.keyless:
		return []output{first}, nil
	case t.two():
		key.name = names[1]
		return []output{first, key}, nil
	}
	first.secret = !t.keyless
	err = t.fill(&first, m)
	return []output{first}, err
}

// fill makes the content of a target's one file.
func (t Target) fill(file *output, m *material) (err error) {
	switch t.format() {
	case Combined:
		file.content = bytes.Join([][]byte{m.fullPEM, m.keyPEM}, nil)
	case HAProxy:
		file.content = bytes.Join([][]byte{m.keyPEM, m.fullPEM}, nil)
	case PKCS12:
		err = t.fillPKCS12(file, m)
	default:
		err = t.fillTemplate(file, m)
	}
	return err
}

func (t Target) fillTemplate(file *output, m *material) (err error) {
	data := templated{Name: string(m.id), Names: m.names,
		Leaf: string(m.leafPEM), Chain: string(m.chainPEM), FullChain: string(m.fullPEM)}
	if len(m.names) > 0 {
		data.Host = m.names[0]
	}
	file.content, file.secret, err = data.render(t.Template, string(m.keyPEM))
	switch {
	case err != nil && file.secret: // who knows what is in it
		return t.invalid(fmt.Errorf("the template cannot be filled in for %s", m.id), hintTemplate)
	case err != nil:
		return t.invalid(err, hintTemplate)
	case file.secret && t.Mode&everybody != 0:
		return t.invalid(openKey(t.Mode), hintOpenKey)
	}
	return nil
}

// leafOf returns the first certificate in the content of a target's first file;
// nil where there is none.
func (t Target) leafOf(content []byte) *x509.Certificate {
	der := content
	if t.format() != DER {
		der = nil
		for block, rest := pem.Decode(content); block != nil && der == nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" {
				der = block.Bytes
			}
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return leaf
}

// parted tells whether the contents of a target's files are a certificate and
// another's key.
func (t Target) parted(contents [][]byte) bool {
	certificate, key := contents[0], contents[len(contents)-1]
	switch t.format() {
	case DER:
		certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	case PKCS12, Templated:
		return false
	}
	_, err := tls.X509KeyPair(certificate, key)
	return err != nil
}
