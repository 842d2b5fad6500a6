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
		Long: `Lists the managed certificates: what they are called, their CA, when they begin and
end, the whole days left, how they stand, when they will be renewed and why then, how
far they have come on their way to visitors, and their names. Times are UTC.

RENEWAL is the planned time, or "now", and what decides: missing, unusable, window
(the CA asks for it then), third or half (of its life is left), before ([renew] says
so). SERVICE is served, loaded, installed, or what is wrong. Below the table stands
what went wrong last, what to try, and when wCME tries again; a limit of the CA that
leaves no room for an order; and which CA takes the place of another.`,
		Args: exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error { return p.list(verb.Context()) },
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
	now := time.Now()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CERTIFICATE\tCA\tNOT BEFORE\tNOT AFTER\tDAYS\tSTATE\tRENEWAL\tSERVICE\tNAMES")
	for _, r := range rows {
		days := "-"
		if r.DaysLeft != nil {
			days = fmt.Sprint(*r.DaysLeft)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, orDash(r.CA), date(r.NotBefore), date(r.NotAfter),
			days, r.State, r.planned(now), orDash(string(r.Service)), strings.Join(texts(r.Names), ","))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		for _, remark := range r.remarks(now) {
			if _, err := fmt.Fprintf(w, "%s: %s\n", r.ID, remark); err != nil {
				return err
			}
		}
	}
	return nil
}

// planned is when the certificate is renewed, and the word for why then. What is due
// and has failed waits for its next try.
func (r row) planned(now time.Time) string {
	at := r.Renewal.At
	if !at.After(now) {
		at = r.Next
	}
	switch {
	case len(r.Names) == 0: // nobody knows what to order
		return "-"
	case !at.After(now):
		return "now " + string(r.Renewal.Reason)
	}
	return date(at) + " " + string(r.Renewal.Reason)
}

// remarks are what an administrator must know beside the table.
func (r row) remarks(now time.Time) (lines []string) {
	switch {
	case r.Problem != "" && r.Trouble == "":
		lines = append(lines, hinted(r.Problem, r.Hint))
	case r.Problem != "":
		lines = append(lines, r.Problem)
	}
	if r.Trouble != "" {
		line := hinted(r.Trouble, r.Hint)
		if r.Next.After(now) {
			line += "; next try " + r.Next.UTC().Format(time.RFC3339)
		}
		lines = append(lines, line)
	}
	if r.Renewal.Explanation != "" {
		lines = append(lines, "its CA says why it is to be renewed then: "+r.Renewal.Explanation)
	}
	return append(append(lines, r.fullLimits(now)...), r.otherCAs()...)
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
