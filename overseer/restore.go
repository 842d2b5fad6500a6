package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"wcme/acmecore/control"
)

func (p *program) restoreVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "restore NAME [VERSION]",
		Short: "go back to an earlier version of a certificate",
		Long: `Makes an earlier version of the certificate the current one, the one before it where
none is named, and installs, loads and verifies it. Five versions are kept. One that is
due is renewed again by the next pass.`,
		Example: "  wcme restore www.example.org\n  wcme restore www_example_org 000003",
		Args:    between(1, 2, "a certificate, and at most a version, is"),
		RunE: func(verb *cobra.Command, args []string) error {
			ids, err := idsOf(args[:1])
			if err != nil {
				return err
			}
			request := control.RestoreRequest{ID: ids[0]}
			if len(args) == 2 {
				request.Version = args[1]
			}
			return p.restore(verb.Context(), request)
		},
	}
}

// between returns a check of the number of arguments; what names them.
func between(least, most int, what string) cobra.PositionalArgs {
	return func(verb *cobra.Command, args []string) error {
		return exactly(min(max(len(args), least), most), what)(verb, args)
	}
}

func (p *program) restore(ctx context.Context, request control.RestoreRequest) error {
	operations, release, err := p.actor(ctx, "restore "+string(request.ID))
	if err != nil {
		return err
	}
	defer release()
	certificate, err := operations.Restore(ctx, request, p.progress())
	if err != nil {
		return err
	}
	return p.print(certificate, func(w io.Writer) error { return writeCertificate(w, certificate, p.rootDir) })
}
