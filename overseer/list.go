package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

func (p *program) listVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list the managed certificates",
		Long:  "Lists the managed certificates: what they are called, their CA, when they begin and\nend, the whole days left, how they stand, and their names.",
		Args:  exactly(0, "none is"),
		RunE:  func(verb *cobra.Command, _ []string) error { return p.list(verb.Context()) },
	}
}

// row is a line of the list: a certificate and what follows from the time.
type row struct {
	acmecore.Certificate
	State    acmecore.State `json:"state"`
	DaysLeft *int           `json:"days_left"` // null when there is no version yet
}

func (p *program) list(ctx context.Context) error {
	operations, err := p.reader()
	if err != nil {
		return err
	}
	certificates, err := operations.List(ctx)
	if err != nil {
		return err
	}
	rows := make([]row, len(certificates))
	for i, c := range certificates {
		rows[i] = row{Certificate: c, State: c.State(time.Now())}
		if !c.NotAfter.IsZero() {
			days := c.DaysLeft(time.Now())
			rows[i].DaysLeft = &days
		}
	}
	return p.print(rows, func(w io.Writer) error { return writeList(w, rows) })
}

func writeList(w io.Writer, rows []row) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "no certificate is managed; obtain one: wcme certify www.example.org")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CERTIFICATE\tCA\tNOT BEFORE\tNOT AFTER\tDAYS\tSTATE\tNAMES")
	for _, r := range rows {
		days := "-"
		if r.DaysLeft != nil {
			days = fmt.Sprint(*r.DaysLeft)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, orDash(r.CA), date(r.NotBefore), date(r.NotAfter),
			days, r.State, strings.Join(texts(r.Names), ","))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Problem != "" {
			fmt.Fprintf(w, "%s: %s\n", r.ID, r.Problem)
		}
	}
	return nil
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
