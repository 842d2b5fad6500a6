package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

func (p *program) checkServedVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "served [NAME[,NAME…]]…",
		Short: "compare what was issued, what is on disk and what visitors see",
		Long: `Compares, for each managed certificate or for those named, the current version, the
files in its targets and the certificate that each server presents to a visitor: at
each of its names' addresses, or at those of [verify] probe, on each port of [verify]
ports. Nothing is installed or loaded.

Exit status: 0 all agree, 1 somewhere they part.`,
		Example: "  wcme check served\n  wcme check served www.example.org",
		RunE: func(verb *cobra.Command, args []string) error {
			ids, err := idsOf(strings.FieldsFunc(strings.Join(args, ","), func(r rune) bool { return r == ',' || r == ' ' }))
			if err != nil {
				return err
			}
			return p.checkServed(verb.Context(), ids)
		},
	}
}

func (p *program) checkServed(ctx context.Context, ids []acmecore.ID) error {
	operations, err := p.reader()
	if err != nil {
		return err
	}
	presences, err := operations.CheckServed(ctx, ids, p.progress())
	if err != nil {
		return err
	}
	if err := p.print(presences, func(w io.Writer) error { return writePresences(w, presences) }); err != nil {
		return err
	}
	parted := 0
	for _, presence := range presences {
		if presence.Parted != "" {
			parted++
		}
	}
	if parted > 0 {
		return fmt.Errorf("certificates that are not everywhere the same: %d of %d", parted, len(presences))
	}
	return nil
}

func writePresences(w io.Writer, presences []acmecore.Presence) error {
	if len(presences) == 0 {
		_, err := fmt.Fprintln(w, "no certificate is managed; obtain one: wcme certify www.example.org")
		return err
	}
	for i, presence := range presences {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := writePresence(w, presence); err != nil {
			return err
		}
	}
	return nil
}

// writePresence writes what was issued, what is on disk and what is served, a line
// for each place, and below them where they part.
func writePresence(w io.Writer, p acmecore.Presence) error {
	fmt.Fprintln(w, p.Certificate.ID)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  issued\tversion %s\tserial %s\tvalid to %s\n", orDash(p.Certificate.Version), orDash(p.Certificate.Serial), date(p.Certificate.NotAfter))
	for _, placed := range p.Placed {
		fmt.Fprintf(table, "  on disk\t%s\tserial %s\tvalid to %s\t%s\n", placed.Target, orDash(placed.Serial), date(placed.NotAfter), placed.Problem)
	}
	for _, proof := range p.Proofs {
		fmt.Fprintf(table, "  served\t%s\tserial %s\tvalid to %s\t%s\n", place(proof.Endpoint), orDash(proof.Serial), date(proof.NotAfter), proof.Problem)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if p.Parted == "" {
		_, err := fmt.Fprintln(w, "  all agree")
		return err
	}
	_, err := fmt.Fprintf(w, "  they part: %s\n", p.Parted)
	return err
}

func place(e acmecore.Endpoint) string {
	text := string(e.Name)
	if e.Address != "" {
		text += " at " + e.Address
	}
	text += fmt.Sprintf(" port %d", e.Port)
	if e.Protocol != "" {
		text += " (" + e.Protocol + ")"
	}
	return text
}
