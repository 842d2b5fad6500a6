package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

func (p *program) checkVerb() *cobra.Command {
	ca := ""
	verb := &cobra.Command{
		Use:       "check ca",
		Short:     "test one thing, for real, and say what was seen",
		Long:      "check ca reads the CA's directory, which proves the way to it, its TLS certificate and\nits protocol, and shows what the CA says of itself.",
		Example:   "  wcme check ca\n  wcme check ca --ca letsencrypt-staging",
		Args:      checkable,
		ValidArgs: []string{"ca"},
		RunE:      func(verb *cobra.Command, _ []string) error { return p.checkCA(verb.Context(), ca) },
	}
	verb.Flags().StringVar(&ca, "ca", "", "a preset, a configured authority or a directory URL, in place of the configured one")
	return verb
}

func checkable(_ *cobra.Command, args []string) error {
	if len(args) == 1 && strings.EqualFold(args[0], "ca") {
		return nil
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Cause: fmt.Errorf("cannot check %q", strings.Join(args, " ")),
		Hint: "what can be checked is: ca"}
}

func (p *program) checkCA(ctx context.Context, ca string) error {
	operations, err := p.reader()
	if err != nil {
		return err
	}
	authority, err := operations.CheckCA(ctx, ca)
	if err != nil {
		return err
	}
	return p.print(authority, func(w io.Writer) error { return writeAuthority(w, authority) })
}

func writeAuthority(w io.Writer, a acmecore.Authority) error {
	binding := "not needed"
	if a.ExternalAccount {
		binding = "needed: eab_kid and eab_key"
	}
	fmt.Fprintf(w, "%s answers in %d ms\n", a.CA, a.Milliseconds)
	fmt.Fprintf(w, "directory:        %s\n", a.Directory)
	fmt.Fprintf(w, "terms:            %s\n", orNone(a.Terms))
	fmt.Fprintf(w, "website:          %s\n", orNone(a.Website))
	fmt.Fprintf(w, "CAA:              %s\n", orNone(strings.Join(a.CAA, ", ")))
	fmt.Fprintf(w, "profiles:         %s\n", orNone(strings.Join(a.Profiles, ", ")))
	_, err := fmt.Fprintf(w, "external account: %s\n", binding)
	return err
}
