package manager

import (
	"context"
	"crypto"
	"crypto/x509"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/order"
)

// revoker is who signs a revocation: an account, or the certificate's own key where there
// is none (RFC 8555 section 7.6).
type revoker struct {
	authority config.Authority
	account   string // URL; "" for none
	key       crypto.Signer
}

// String says who it is.
func (r revoker) String() string {
	if r.account == "" {
		return "signed by the certificate's key"
	}
	return "signed by the account " + r.account
}

// revokeAtCA asks the CA that has issued the version to revoke it.
func (m *Manager) revokeAtCA(ctx context.Context, request control.RevokeRequest, version string, leaf *x509.Certificate, report acmecore.Progress) error {
	signer, certain, err := m.revokerOf(ctx, request, version, report)
	if err != nil {
		return err
	}
	err = m.revokeBy(ctx, signer, string(request.ID), leaf, request.Reason, report)
	if certain || !order.IsUnauthorized(err) {
		return err
	}
	// The version is of before it was kept who has ordered it.
	signer.account = ""
	if signer.key, err = m.root.VersionKey(request.ID, version); err != nil {
		return err
	}
	return m.revokeBy(ctx, signer, string(request.ID), leaf, request.Reason, report)
}

func (m *Manager) revokeBy(ctx context.Context, signer revoker, subject string, leaf *x509.Certificate, reason int, report acmecore.Progress) error {
	client, err := m.client(signer.authority, order.Options{Key: signer.key, Account: signer.account, Progress: report})
	if err != nil {
		return err
	}
	why := acmecore.RevocationReason(reason)
	m.step(report, "revoke", subject, "asking the CA to revoke serial "+leaf.SerialNumber.Text(16)+": "+why.String()+", "+signer.String())
	err = client.Revoke(ctx, leaf.Raw, why)
	m.noteReached(signer.authority, 0, err)
	return err
}

// revokerOf returns who signs the revocation of a version: the account that ordered it, as
// long as its key is kept, and otherwise the version's own key. Where it is not known who
// ordered it, that is the current account, and certain is false.
func (m *Manager) revokerOf(ctx context.Context, request control.RevokeRequest, version string, report acmecore.Progress) (signer revoker, certain bool, err error) {
	issue, err := m.root.Issue(request.ID, version)
	if err != nil {
		return signer, false, err
	}
	if signer.authority, err = m.issuedBy(request.ID, issue); err != nil {
		return signer, false, err
	}
	byKey := func() (revoker, bool, error) {
		signer.key, err = m.root.VersionKey(request.ID, version)
		return signer, true, err
	}
	if request.ByKey {
		return byKey()
	}
	account, key, err := m.accountInForce(ctx, signer.authority, report)
	switch {
	case err != nil && (issue.Account == "" || acmecore.KindOf(err) != acmecore.NotFound):
		return signer, false, err
	case issue.Account == "" || issue.Account == account.URL && err == nil:
		signer.account, signer.key = account.URL, key
		return signer, issue.Account != "", nil
	}
	if key, err = m.root.AccountKey(issue.Directory, issue.Account); err != nil {
		return byKey()
	}
	signer.account, signer.key = issue.Account, key
	return signer, true, nil
}

// issuedBy returns the authority that has issued a version: the one that was noted, or
// else the one that the record has.
func (m *Manager) issuedBy(id acmecore.ID, issue acmecore.Issue) (authority config.Authority, err error) {
	if issue.Directory != "" {
		_, authority, err = m.Config().FindDirectory(issue.Directory)
		return authority, err
	}
	_, record := m.read(id)
	_, authority, err = m.Config().Find(m.firstCA(record))
	return authority, err
}
