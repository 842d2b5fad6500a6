package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/manager"
)

// The exit statuses of `wcme status`, as plugins of Nagios have them.
const (
	exitOK       = 0
	exitWarning  = 1
	exitCritical = 2
	exitUnknown  = 3
)

func (p *program) statusVerb() *cobra.Command {
	asMetrics := false
	verb := &cobra.Command{
		Use:   "status",
		Short: "say how the overseer and all certificates are, for people and for monitoring",
		Long: `Says how the overseer is, how many certificates are in which state, whether the
certification authorities and the challenges find their way, and how much disk space
is left: the same as the pages at admin/status, admin/status.json and admin/metrics.
It changes nothing, and works without an overseer, too.

The first line, with performance data behind the "|", and the exit status are those of
a plugin of Nagios:

  0  OK        all is well
  1  WARNING   certificates are due for long, not loaded or not installed, the daily
               work is overdue, a CA has not answered for a day, or a disk is low
  2  CRITICAL  certificates have expired, were never obtained, cannot be used or are
               not served, challenges no longer get here, or the overseer does not
               answer
  3  UNKNOWN   that cannot be said: the state directory or the socket is not for the
               user who asks, or the arguments are wrong`,
		Example: "  wcme status\n  wcme status --metrics >/var/lib/node_exporter/wcme.prom",
		Args:    exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error {
			if asMetrics && p.asJSON {
				return p.unknown(usage(errors.New("--metrics has no meaning beside --json")))
			}
			return p.status(verb.Context(), asMetrics)
		},
	}
	verb.Flags().BoolVar(&asMetrics, "metrics", false, "print the metrics, as Prometheus reads them")
	verb.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return p.unknown(usage(err)) })
	return verb
}

// statusFacts is what --json prints.
type statusFacts struct {
	Health     acmecore.Health      `json:"health"`
	Complaints []acmecore.Complaint `json:"complaints"`
	acmecore.Status
}

func (p *program) status(ctx context.Context, asMetrics bool) error {
	status, text, err := p.lookAtStatus(ctx, asMetrics)
	if err != nil {
		return p.unknown(err)
	}
	if asMetrics {
		_, err = io.WriteString(p.stdout, text)
	} else {
		facts := statusFacts{status.Health(), append([]acmecore.Complaint{}, status.Complaints()...), status}
		err = p.print(facts, func(w io.Writer) error { return writeStatus(w, status) })
	}
	if err != nil {
		return p.unknown(err)
	}
	return endedBy(status.Health())
}

// statusTime is how long the overseer may take: plugins of Nagios have ten seconds.
const statusTime = 7 * time.Second

// lookAtStatus asks the overseer; where that does not answer, it reads what there is to
// read. The metrics are there where they are wanted.
func (p *program) lookAtStatus(ctx context.Context, asMetrics bool) (status acmecore.Status, text string, err error) {
	client := control.NewClient(p.socket())
	if client.Answers() {
		limited, cancel := context.WithTimeout(ctx, statusTime)
		defer cancel()
		status, text, err = statusFrom(limited, client, asMetrics)
		if err == nil {
			status.Overseer = true // whoever answers there is one
			return status, text, nil
		}
		if acmecore.KindOf(err) != acmecore.Unreachable && limited.Err() == nil {
			return status, "", err
		}
	}
	root, err := p.open()
	if err != nil {
		return status, "", err
	}
	m, err := manager.New(root, version, slog.New(slog.DiscardHandler))
	if err != nil {
		return status, "", err
	}
	status, text, err = statusFrom(ctx, m, asMetrics)
	status.Commit = cmp.Or(status.Commit, commit)
	return status, text, err
}

// statusFrom returns the status, without the configuration, and the metrics where they are
// wanted.
func statusFrom(ctx context.Context, from control.Administration, asMetrics bool) (status acmecore.Status, text string, err error) {
	status, err = from.Status(ctx, false)
	status.Configuration = ""
	if err == nil && asMetrics {
		text, err = from.Metrics(ctx)
	}
	return status, text, err
}

// endedBy is the end of the verb with the exit status of a health.
func endedBy(health acmecore.Health) error {
	switch health {
	case acmecore.Healthy:
		return nil
	case acmecore.Warning:
		return &ended{exitWarning}
	}
	return &ended{exitCritical}
}

// unknown says why nothing can be said, on the line that monitoring reads.
func (p *program) unknown(err error) error {
	fmt.Fprintf(p.stdout, "WCME UNKNOWN - %s\n", onePlain(oneLine(err)))
	if hint := acmecore.HintOf(err); hint != "" {
		fmt.Fprintf(p.stdout, "hint: %s\n", onePlain(hint))
	}
	return &ended{exitUnknown}
}

// onePlain keeps the sign that performance data begin with out of a text.
func onePlain(text string) string { return strings.ReplaceAll(text, "|", "/") }

// writeStatus writes the line for monitoring, what is wrong, and the facts.
func writeStatus(w io.Writer, s acmecore.Status) error {
	complaints := s.Complaints()
	fmt.Fprintf(w, "WCME %s - %s | %s\n", strings.ToUpper(string(s.Health())), onePlain(headline(s, complaints)), performance(s))
	for _, c := range complaints {
		fmt.Fprintf(w, "%s: %s\n", c.Health, onePlain(hinted(c.Text, c.Hint)))
	}
	for _, a := range s.Attention {
		fmt.Fprintf(w, "%s: %s\n", a.ID, onePlain(attention(a)))
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range statusLines(s) {
		fmt.Fprintf(table, "%s\t%s\n", fact[0], onePlain(fact[1]))
	}
	return table.Flush()
}

// headline is what is wrong first, or how many certificates are well.
func headline(s acmecore.Status, complaints []acmecore.Complaint) string {
	managed := fmt.Sprintf("%d certificates", s.Managed)
	if s.Managed == 1 {
		managed = "1 certificate"
	}
	switch {
	case len(complaints) == 1:
		return managed + ", " + complaints[0].Text
	case len(complaints) > 1:
		return fmt.Sprintf("%s, %s, and %d more", managed, complaints[0].Text, len(complaints)-1)
	case s.Soonest.IsZero():
		return managed
	}
	return managed + ", the first expires at " + s.Soonest.UTC().Format(time.RFC3339)
}

// performance is the performance data: label=value;warn;crit;least.
func performance(s acmecore.Status) string {
	data := []string{fmt.Sprintf("certificates=%d;;;0", s.Managed)}
	for _, value := range []struct {
		label      string
		n          int
		thresholds string
	}{
		{"valid", s.States[acmecore.Valid], ";"}, {"due", s.States[acmecore.Due], ";"},
		{"expired", s.States[acmecore.Expired], ";0"}, {"missing", s.States[acmecore.Missing], ";0"}, {"unusable", s.States[acmecore.Unusable], ";0"},
		{"not_served", s.Services[acmecore.ServiceUnseen], ";0"}, {"attention", s.Attentive, "0;"},
		{"challenges_broken", s.Challenges.Broken, ";0"}, {"reports", s.Reports, ";"},
	} {
		data = append(data, fmt.Sprintf("%s=%d;%s;0", value.label, value.n, value.thresholds))
	}
	return strings.Join(data, " ")
}

// attention says what is so with a certificate that needs some.
func attention(a acmecore.Attentive) string {
	words := []string{string(a.State)}
	if a.Service != "" {
		words = append(words, string(a.Service))
	}
	text := strings.Join(words, ", ")
	if !a.NotAfter.IsZero() {
		text += ", ends at " + a.NotAfter.UTC().Format(time.RFC3339)
	}
	if a.Trouble != "" {
		text += ": " + hinted(a.Trouble, a.Hint)
	}
	return text
}

// statusLines are the facts, each with what it is about.
func statusLines(s acmecore.Status) [][2]string {
	lines := [][2]string{
		{"version", fmt.Sprintf("wcme %s, %s, commit %s", s.Version, s.Go, orDash(s.Commit))},
		{"state directory", s.Root},
	}
	if s.Overseer {
		lines = append(lines, [2]string{"overseer", fmt.Sprintf("process %d as %s, since %s", s.Process, s.User, date(s.Since))})
	} else {
		lines = append(lines, [2]string{"overseer", "does not answer; last sign of life " + date(s.Alive)})
	}
	lines = append(lines, [2]string{"passes", fmt.Sprintf("last %s, next %s", date(s.LastPass), date(s.NextPass))},
		[2]string{"challenges", challengeWords(s.Challenges)}, [2]string{"reports waiting", fmt.Sprint(s.Reports)})
	for _, a := range s.Authorities {
		words := "reached " + date(a.Reached)
		if a.Fails() {
			words += "; " + a.Problem
		}
		lines = append(lines, [2]string{"CA " + a.CA, words})
	}
	for _, d := range s.Disks {
		words := fmt.Sprintf("%d MB of %d MB left, %s", d.Free/1_000_000, d.Size/1_000_000, strings.Join(d.Paths, " "))
		if d.Problem != "" {
			words = d.Problem
		}
		lines = append(lines, [2]string{"disk", words})
	}
	return lines
}

func challengeWords(c acmecore.ChallengeStatus) string {
	switch {
	case c.Off:
		return "not asked for"
	case c.Looked.IsZero():
		return "not asked for yet"
	}
	return fmt.Sprintf("%d of %d names answered, %d broken, asked %s", c.Answered, c.Names, c.Broken, date(c.Looked))
}
