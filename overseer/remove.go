package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (p *program) removeVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "stop managing a certificate",
		Long: `Stops managing the certificate: it is not renewed, installed or verified any more.
Nothing is revoked, and nothing is deleted but an order in flight. Its record becomes
etc/certificates/NAME.toml.removed, and its keys, its versions and the files in the
targets stay. Give the record its old name, and wcme goes on where it was; certify the
same names, and it orders the next version.`,
		Example: "  wcme remove www.example.org",
		Args:    exactly(1, "a certificate is"),
		RunE: func(verb *cobra.Command, args []string) error {
			ids, err := idsOf(args)
			if err != nil {
				return err
			}
			return p.remove(verb.Context(), control.RemoveRequest{ID: ids[0]})
		},
	}
}

// removed is what `wcme remove --json` prints.
type removed struct {
	ID     acmecore.ID `json:"id"`
	Record string      `json:"record"` // path
	Kept   string      `json:"kept"`   // directory of keys and versions
}

func (p *program) remove(ctx context.Context, request control.RemoveRequest) error {
	operations, release, err := p.actor(ctx, "remove "+string(request.ID))
	if err != nil {
		return err
	}
	defer release()
	if err := operations.Remove(ctx, request, p.progress()); err != nil {
		return err
	}
	root, err := p.open()
	if err != nil {
		return err
	}
	done := removed{ID: request.ID, Record: root.RecordAside(request.ID), Kept: root.CertificateDir(request.ID)}
	return p.print(done, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "not managed any more: %s\nrecord:               %s\nkeys and versions:    %s\n", done.ID, done.Record, done.Kept)
		return err
	})
}
