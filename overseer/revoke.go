package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (p *program) revokeVerb() *cobra.Command {
	var request control.RevokeRequest
	reason, yes := "", false
	verb := &cobra.Command{
		Use:   "revoke NAME",
		Short: "have the CA revoke a certificate",
		Long: `Has the CA tell everybody not to believe the certificate any more: the current version,
or the one that --version names. This cannot be taken back. It is for a key that
somebody else may have, or for names that are no longer yours.

The version stays in service until it is replaced. The next daily pass obtains another
one, with a key of its own; wcme manage does so at once.

It asks before it does so, on a terminal; elsewhere --yes is needed.`,
		Example: "  wcme revoke www.example.org --reason key-compromise\n  wcme revoke www_example_org --version 000003 --yes",
		Args:    exactly(1, "a certificate is"),
		RunE: func(verb *cobra.Command, args []string) error {
			ids, err := idsOf(args)
			if err != nil {
				return err
			}
			if request.Reason, err = reasonNamed(reason); err != nil {
				return err
			}
			request.ID = ids[0]
			if !yes && !p.confirm(fmt.Sprintf("Revoke %s? This cannot be taken back. [y/N] ", request.ID)) {
				return &acmecore.Error{Kind: acmecore.Invalid, Op: "revoke", Subject: string(request.ID), Cause: errors.New("nobody said that it is meant"),
					Hint: "say so: --yes"}
			}
			return p.revoke(verb.Context(), request)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&request.Version, "version", "", "the version, in place of the current one")
	flags.StringVar(&reason, "reason", acmecore.RevokedUnspecified.String(), "why: "+strings.Join(reasonNames(), ", "))
	flags.BoolVar(&yes, "yes", false, "do not ask")
	return verb
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

func (p *program) revoke(ctx context.Context, request control.RevokeRequest) error {
	operations, release, err := p.actor(ctx, "revoke "+string(request.ID))
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
	if version != "" && version != c.Version {
		_, err := fmt.Fprintf(w, "revoked: %s, version %s; the current one is version %s\n", c.ID, version, c.Version)
		return err
	}
	_, err := fmt.Fprintf(w, "revoked: %s, version %s, serial %s\nnext:    it stays in service until it is replaced: wcme manage\n", c.ID, c.Version, c.Serial)
	return err
}
