package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"wcme/acmecore/control"
)

// checkReportVerb sends a report of no consequence, one way.
func (p *program) checkReportVerb(way control.ReportWay, short, long string) *cobra.Command {
	return &cobra.Command{
		Use:   string(way),
		Short: short,
		Long:  long + "\n\nExit status: 0 it was taken, 1 it was not.",
		Args:  exactly(0, "none is"),
		RunE:  func(verb *cobra.Command, _ []string) error { return p.checkReport(verb.Context(), way) },
	}
}

func (p *program) checkReportVerbs() []*cobra.Command {
	return []*cobra.Command{
		p.checkReportVerb(control.ByMail, "send a test mail",
			"Sends a test mail to each address of [report] mail, and says what the mail server, or\nsendmail, answered at each step."),
		p.checkReportVerb(control.ByOpcom, "write a test line to the system's log",
			"Writes a test line to each syslog facility of [report] opcom, and says who took it.\nOPCOM is the operator console of OpenVMS."),
		p.checkReportVerb(control.ByWebhook, "send a test message to the webhooks",
			"Sends a test message to each of [report] webhooks, and says what was answered."),
	}
}

func (p *program) checkReport(ctx context.Context, way control.ReportWay) error {
	operations, err := p.reader()
	if err != nil {
		return err
	}
	if err := operations.CheckReport(ctx, way, p.progress()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s: a test report was taken\n", way)
	return err
}
