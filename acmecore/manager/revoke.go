package manager

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
)

// Revoke implements control.Operations. The version stays where it is: one that is
// current stays in service until it is replaced, and counts as unusable from then on,
// so that the next pass orders another one.
func (m *Manager) Revoke(ctx context.Context, request control.RevokeRequest, progress acmecore.Progress) (revoked acmecore.Certificate, err error) {
	err = m.audited(ctx, "revoke", acmecore.Inert(string(request.ID)), func(entry *audit.Entry) (err error) {
		if request.Certificate != nil {
			revoked, err = m.revokeElsewhere(ctx, request, progress, entry)
			return err
		}
		if _, err := m.managed([]acmecore.ID{request.ID}); err != nil {
			return err
		}
		if acmecore.RevocationReason(request.Reason).String() == "" {
			return unknownReason(request)
		}
		revoked, err = m.revoke(ctx, request, progress, entry)
		return err
	})
	return revoked, err
}

func unknownReason(request control.RevokeRequest) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke", Subject: string(request.ID), Cause: fmt.Errorf("there is no reason %d", request.Reason),
		Hint: "the reasons are 0 (unspecified), 1 (key compromise), 4 (superseded) and 5 (cessation of operation)"}
}

func (m *Manager) revoke(ctx context.Context, request control.RevokeRequest, progress acmecore.Progress, entry *audit.Entry) (acmecore.Certificate, error) {
	release, err := m.busy.Hold(ctx, string(request.ID))
	if err != nil {
		return acmecore.Certificate{}, err
	}
	defer release()
	leaf, version, err := m.leafOf(request)
	if err != nil {
		return acmecore.Certificate{}, err
	}
	entry.Before = describedAs(version, leaf.SerialNumber.Text(16), leaf.NotAfter.UTC())
	entry.After = entry.Before
	if err := m.notRevoked(request.ID, version); err != nil {
		return acmecore.Certificate{}, err
	}
	report := m.stepsOf(request.ID, progress)
	reason := acmecore.RevocationReason(request.Reason)
	m.auditBegun(*entry)
	err = m.revokeAtCA(ctx, request, version, leaf, report)
	if err == nil || errors.Is(err, order.ErrRevoked) {
		entry.After += ", revoked: " + reason.String()
		err = errors.Join(err, m.noteRevoked(request.ID, version, reason, report))
	}
	return m.listed(request.ID), acmecore.InterruptedOr(err, "revoke", string(request.ID))
}

// leafOf returns the certificate that is to be revoked, and its version.
func (m *Manager) leafOf(request control.RevokeRequest) (leaf *x509.Certificate, version string, err error) {
	chain, version, err := m.root.VersionChain(request.ID, request.Version)
	if err != nil {
		return nil, version, err
	}
	if len(chain) == 0 {
		err = errors.New("its file holds no certificate")
	} else {
		leaf, err = x509.ParseCertificate(chain[0])
	}
	if err != nil {
		return nil, version, &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke " + string(request.ID) + " version", Subject: version, Cause: err,
			Hint: "its files cannot be used: restore priv/certificates from a backup"}
	}
	return leaf, version, nil
}

// notRevoked refuses to ask the CA a second time.
func (m *Manager) notRevoked(id acmecore.ID, version string) error {
	revocation, found, err := m.root.Revoked(id, version)
	if err != nil || !found {
		return err
	}
	return &acmecore.Error{Kind: acmecore.Refused, Op: "revoke " + string(id) + " version", Subject: version, Cause: errors.New(revokedAt(revocation)),
		Hint: "there is nothing left to revoke; wcme certify obtains another one"}
}

// revokedAt is what a revoked certificate's problem is.
func revokedAt(revocation acmecore.Revocation) string {
	if !revocation.Listed.IsZero() {
		return "its CA has revoked it, at " + revocation.Listed.Format(time.RFC3339) + " (" + reasonInWords(revocation.Reason) + ")"
	}
	return "it was revoked at " + revocation.At.Format(time.RFC3339)
}

// noteRevoked remembers what the CA has done, and says what follows.
func (m *Manager) noteRevoked(id acmecore.ID, version string, reason acmecore.RevocationReason, report acmecore.Progress) error {
	revocation := acmecore.Revocation{At: m.now().UTC().Truncate(time.Second), Reason: reason}
	if err := m.root.NoteRevoked(id, version, revocation); err != nil {
		return err
	}
	text := "version " + version + " is noted as revoked"
	if _, current, err := m.root.Chain(id); err == nil && current == version {
		text += "; it stays in service until it is replaced, which " + m.replacedBy(id)
	}
	m.step(report, "store", string(id), text)
	return nil
}

// revocation is the problem of a version that was revoked; nil when it was not. A note
// that cannot be looked for is told to the log, and stops nobody.
func (m *Manager) revocation(id acmecore.ID, version string) error {
	revocation, found, err := m.root.Revoked(id, version)
	if err != nil {
		m.log.Warn("it is not known whether a certificate was revoked", "certificate", id, "version", version, "error", err)
	}
	if !found {
		return nil
	}
	return errors.New(revokedAt(revocation) + "; obtain another one")
}
