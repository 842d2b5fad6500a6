package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func (p *program) auditVerb() *cobra.Command {
	verify := false
	verb := &cobra.Command{
		Use:   "audit --verify",
		Short: "verify that the audit log is as it was written",
		Long: `Reads log/audit.log, which says who asked for what and what came of it, and verifies
its chain of hashes: a line that was changed, taken away or moved is named.

Exit status: 0 it is whole, 1 it is not.`,
		Args: exactly(0, "none is"),
		RunE: func(*cobra.Command, []string) error { return p.audit() },
	}
	verb.Flags().BoolVar(&verify, "verify", true, "verify it, which is all there is to do")
	return verb
}

func (p *program) audit() error {
	root, err := p.open()
	if err != nil {
		return err
	}
	summary, err := root.VerifyAudit()
	if err != nil {
		return err
	}
	return p.print(summary, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "log/audit.log is whole: %d entries\n", summary.Entries)
		return err
	})
}
