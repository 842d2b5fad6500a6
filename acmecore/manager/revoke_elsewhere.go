package manager

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/keys"
)

// revokeElsewhere has the CA revoke a certificate of which there is nothing but the files
// that came with the request. One that is managed as well is noted by nobody: it is to be
// revoked by its name.
func (m *Manager) revokeElsewhere(ctx context.Context, request control.RevokeRequest, progress acmecore.Progress, entry *audit.Entry) (acmecore.Certificate, error) {
	const op = "revoke certificate"
	if request.ID != "" || request.Version != "" || request.ByKey {
		return acmecore.Certificate{}, &acmecore.Error{Kind: acmecore.Invalid, Op: op, Cause: errors.New("a file and the name of a certificate are given"), Hint: "give one of them"}
	}
	if acmecore.RevocationReason(request.Reason).String() == "" {
		return acmecore.Certificate{}, unknownReason(request)
	}
	leaf, err := certificateIn(request.Certificate)
	if err != nil {
		return acmecore.Certificate{}, &acmecore.Error{Kind: acmecore.Invalid, Op: op, Cause: err, Hint: "the file has a certificate, PEM or DER, the first one of which is revoked"}
	}
	serial := leaf.SerialNumber.Text(16)
	entry.Subject = "serial " + serial
	signer, err := m.revokerWith(ctx, request, leaf, progress)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	report := m.steps("revoke", progress)
	entry.Before = fmt.Sprintf("serial %s, valid to %s", serial, leaf.NotAfter.UTC().Format(time.RFC3339))
	m.auditBegun(*entry)
	if err := m.revokeBy(ctx, signer, serial, leaf, request.Reason, report); err != nil {
		return acmecore.Certificate{}, acmecore.InterruptedOr(err, op, serial)
	}
	entry.After = entry.Before + ", revoked: " + acmecore.RevocationReason(request.Reason).String()
	return acmecore.Certificate{Serial: serial, Issuer: acmecore.Inert(leaf.Issuer.CommonName), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Names: certifiedNames(leaf), Revoked: true, Problem: revokedAt(acmecore.Revocation{At: m.now().UTC().Truncate(time.Second)})}, nil
}

// revokerWith returns the key that came with the certificate, or else the account at the
// CA.
func (m *Manager) revokerWith(ctx context.Context, request control.RevokeRequest, leaf *x509.Certificate, progress acmecore.Progress) (signer revoker, err error) {
	if _, signer.authority, err = m.Config().Find(request.CA); err != nil {
		return signer, err
	}
	if request.PrivateKey == nil {
		account, key, err := m.accountInForce(ctx, signer.authority, m.steps("revoke", progress))
		signer.account, signer.key = account.URL, key
		return signer, err
	}
	if signer.key, err = keys.Import(request.PrivateKey); err != nil {
		return signer, err
	}
	if !keys.Equal(signer.key.Public(), leaf.PublicKey) {
		return signer, &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke certificate with serial", Subject: leaf.SerialNumber.Text(16),
			Cause: errors.New("the key is not that of the certificate"), Hint: "give the key that was made for it; without --key-file the account at the CA signs"}
	}
	return signer, nil
}

// certificateIn reads the first certificate of a file, PEM or DER.
func certificateIn(text []byte) (*x509.Certificate, error) {
	der := text
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			der = block.Bytes
			break
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("there is no certificate in it that can be read")
	}
	return leaf, nil
}

// certifiedNames returns the names that a certificate is for, as far as they are any.
func certifiedNames(leaf *x509.Certificate) (names []acmecore.Name) {
	texts := leaf.DNSNames
	for _, address := range leaf.IPAddresses {
		texts = append(texts, address.String())
	}
	for _, text := range texts {
		if name, err := acmecore.ParseName(text); err == nil {
			names = append(names, name)
		}
	}
	return names
}
