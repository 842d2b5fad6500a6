package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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

// statusName is the verb whose every end is one that monitoring understands: see unknown.
const statusName = "status"

func (p *program) statusVerb() *cobra.Command {
	asMetrics := false
	verb := &cobra.Command{
		Use:   statusName,
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
				return usage(errors.New("--metrics has no meaning beside --json"))
			}
			return p.status(verb.Context(), asMetrics)
		},
	}
	verb.Flags().BoolVar(&asMetrics, "metrics", false, "print the metrics, as Prometheus reads them")
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
		return err
	}
	if asMetrics {
		_, err = io.WriteString(p.stdout, text)
	} else {
		facts := statusFacts{status.Health(), append([]acmecore.Complaint{}, status.Complaints()...), status}
		err = p.print(facts, func(w io.Writer) error { return writeStatus(w, status) })
	}
	if err != nil {
		return err
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

// unknown says why nothing can be said, on the line that monitoring reads, and returns the
// exit status. Every other one would be taken for how the certificates are.
func (p *program) unknown(err error) int {
	fmt.Fprintf(p.stdout, "WCME UNKNOWN - %s\n", onePlain(oneLine(err)))
	if hint := acmecore.HintOf(err); hint != "" {
		fmt.Fprintf(p.stdout, "hint: %s\n", onePlain(hint))
	}
	return exitUnknown
}
