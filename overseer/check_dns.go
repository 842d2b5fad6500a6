package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

func (p *program) checkDNSVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "dns NAME[,NAME…]…",
		Short: "write a record for dns-01, and look who sees it",
		Long: `Writes a TXT record of no consequence for each name, where that of dns-01 would be
written: at _acme-challenge below the name, or where the aliases there lead to. It asks
all name servers of the zone until they show it, removes it, and says what it saw. A
wildcard has the record of the name below "*.".

Nothing is ordered, and no CA is asked. An acme-dns keeps the record until it gets two
others.

Exit status: 0 all name servers have seen each record, 1 something is wrong.`,
		Example: "  wcme check dns example.org\n  wcme check dns '*.example.org' --json",
		Args:    between(1, acmecore.MaxNames, "at least one name is"),
		RunE: func(verb *cobra.Command, args []string) error {
			names, err := namesOf(args)
			if err != nil {
				return err
			}
			return p.checkDNS(verb.Context(), control.DNSRequest{Names: names})
		},
	}
}

func (p *program) checkDNS(ctx context.Context, request control.DNSRequest) error {
	operations, release, err := p.actor(ctx, "check dns")
	if err != nil {
		return err
	}
	defer release()
	traces, err := operations.CheckDNS(ctx, request, p.progress())
	if err != nil {
		return err
	}
	if err := p.print(traces, func(w io.Writer) error { return writeTraces(w, traces) }); err != nil {
		return err
	}
	wrong := 0
	for _, trace := range traces {
		if trace.Problem != "" {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("records not seen everywhere: those of %d of %d names", wrong, len(traces))
	}
	return nil
}

// writeTraces writes a paragraph for each name.
func writeTraces(w io.Writer, traces []acmecore.Trace) error {
	var text strings.Builder
	for _, t := range traces {
		outcome := "not seen everywhere"
		if t.Seen {
			outcome = fmt.Sprintf("seen by all name servers after %d ms", t.Milliseconds)
		}
		fmt.Fprintf(&text, "%s: %s\n", t.Name, outcome)
		fmt.Fprintf(&text, "  written by: dns %s\n", t.By)
		if len(t.Aliases) > 0 {
			fmt.Fprintf(&text, "  aliases:    %s\n", strings.Join(t.Aliases, ", "))
		}
		if t.Record != "" {
			fmt.Fprintf(&text, "  record:     %s, in the zone %s\n", t.Record, t.Zone)
		}
		for _, sight := range t.Sights {
			fmt.Fprintf(&text, "  %s: %s\n", sight.Server, seenOrNot(sight))
		}
		if t.Problem != "" {
			fmt.Fprintf(&text, "  error: %s\n", t.Problem)
		}
		if t.Hint != "" {
			fmt.Fprintf(&text, "  hint: %s\n", t.Hint)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func seenOrNot(sight acmecore.DNSSight) string {
	if sight.Seen {
		return "seen"
	}
	return "not seen: " + sight.Problem
}
