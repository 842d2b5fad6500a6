package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

func (p *program) revokeVerb() *cobra.Command {
	var (
		request control.RevokeRequest
		given   revokeFlags
	)
	verb := &cobra.Command{
		Use:   "revoke NAME | --cert-file FILE",
		Short: "have the CA revoke a certificate",
		Long: `Has the CA tell everybody not to believe the certificate any more: the current version,
or the one that --version names. This cannot be taken back. It is for a key that
somebody else may have, or for names that are no longer yours.

The version stays in service until it is replaced. An overseer that runs obtains another
one within a minute; without one the next pass does, and wcme manage makes that at once.

The account that ordered it signs the request, also where another one has taken its
place; where its key is not here any more, or with --by-key, the certificate's own key
does. Some CAs then take that key for compromised, whatever the reason.

A certificate that is not managed here is revoked by its file: with --key-file by its
key, and otherwise by the account at the CA that --ca names.

It asks before it does so, on a terminal; elsewhere --yes is needed.`,
		Example: "  wcme revoke www.example.org --reason key-compromise\n  wcme revoke www_example_org --version 000003 --yes\n" +
			"  wcme revoke --cert-file found.pem --key-file found.key --ca letsencrypt --reason key-compromise",
		Args: cobra.ArbitraryArgs,
		RunE: func(verb *cobra.Command, args []string) error {
			subject, err := given.complete(&request, args)
			if err != nil {
				return err
			}
			if !given.yes && !p.confirm(fmt.Sprintf("Revoke %s? This cannot be taken back. [y/N] ", subject)) {
				return &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke", Subject: subject, Cause: errors.New("nobody said that it is meant"),
					Hint: "say so: --yes"}
			}
			return p.revoke(verb.Context(), request, subject)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&request.Version, "version", "", "the version, in place of the current one")
	flags.StringVar(&given.reason, "reason", acmecore.RevokedUnspecified.String(), "why: "+strings.Join(reasonNames(), ", "))
	flags.BoolVar(&request.ByKey, "by-key", false, "sign by the certificate's own key, whichever account ordered it")
	flags.StringVar(&given.certFile, "cert-file", "", "a file with a certificate that is not managed here, PEM or DER, in place of a name")
	flags.StringVar(&given.keyFile, "key-file", "", "a file with its key, PEM, which signs in place of the account; one that every user can read is refused")
	flags.StringVar(&request.CA, "ca", "", "the CA that has issued it: a preset, a configured authority or a directory URL; for --cert-file alone")
	flags.BoolVar(&given.yes, "yes", false, "do not ask")
	return verb
}

// revokeFlags are those that are no part of the request as they are.
type revokeFlags struct {
	reason, certFile, keyFile string
	yes                       bool
}

// complete makes the request whole, and returns what is to be revoked in words.
func (f revokeFlags) complete(request *control.RevokeRequest, args []string) (subject string, err error) {
	if request.Reason, err = reasonNamed(f.reason); err != nil {
		return "", err
	}
	if f.certFile != "" {
		return f.certFile, f.read(request, args)
	}
	if f.keyFile != "" || request.CA != "" {
		return "", usage(errors.New("--key-file and --ca go together with --cert-file"))
	}
	if err := exactly(1, "a certificate is")(nil, args); err != nil {
		return "", err
	}
	ids, err := idsOf(args)
	if err != nil {
		return "", err
	}
	request.ID = ids[0]
	return string(request.ID), nil
}

// maxCertificateFile is how much is read of a file with a certificate, in bytes.
const maxCertificateFile = 1 << 20

// read reads the files of a certificate that is not managed.
func (f revokeFlags) read(request *control.RevokeRequest, args []string) error {
	if len(args) > 0 || request.Version != "" || request.ByKey {
		return usage(errors.New("--cert-file takes the place of a name, and goes together with neither --version nor --by-key"))
	}
	file, err := os.Open(f.certFile)
	if err == nil {
		defer file.Close()
		request.Certificate, err = io.ReadAll(io.LimitReader(file, maxCertificateFile))
	}
	if err != nil {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "read certificate", Subject: f.certFile, Cause: err, Hint: "is the path right, as seen from the working directory?"}
	}
	if f.keyFile == "" {
		return nil
	}
	key, err := store.ReadSecret(f.keyFile)
	request.PrivateKey = []byte(key)
	return err
}

func reasonNames() (names []string) {
	for _, reason := range acmecore.RevocationReasons() {
		names = append(names, reason.String())
	}
	return names
}

// reasonNamed is the number of a reason (RFC 5280 section 5.3.1).
func reasonNamed(text string) (int, error) {
	for _, reason := range acmecore.RevocationReasons() {
		if reason.String() == text {
			return int(reason), nil
		}
	}
	return 0, &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke", Cause: fmt.Errorf("there is no reason %q", acmecore.Inert(text)),
		Hint: "the reasons are " + strings.Join(reasonNames(), ", ")}
}

func (p *program) revoke(ctx context.Context, request control.RevokeRequest, subject string) error {
	operations, release, err := p.actor(ctx, "revoke "+subject)
	if err != nil {
		return err
	}
	defer release()
	certificate, err := operations.Revoke(ctx, request, p.progress())
	if err != nil {
		return err
	}
	return p.print(certificate, func(w io.Writer) error { return writeRevoked(w, certificate, request.Version) })
}

// writeRevoked says what was revoked, and what the certificate needs now.
func writeRevoked(w io.Writer, c acmecore.Certificate, version string) error {
	if c.ID == "" {
		_, err := fmt.Fprintf(w, "revoked: serial %s of %q\n", c.Serial, c.Issuer)
		return err
	}
	if version != "" && version != c.Version {
		_, err := fmt.Fprintf(w, "revoked: %s, version %s; the current one is version %s\n", c.ID, version, c.Version)
		return err
	}
	_, err := fmt.Fprintf(w, "revoked: %s, version %s, serial %s\nnext:    it stays in service until it is replaced: a running overseer does so soon, and otherwise wcme manage\n", c.ID, c.Version, c.Serial)
	return err
}
