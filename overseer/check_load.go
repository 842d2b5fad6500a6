package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

func (p *program) checkLoadVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "load [ACTION]",
		Short: "run the load actions: this may restart servers",
		Long: `Runs the load actions of the configuration, or the one that is named, as after a
renewal of every certificate, and shows what each command said. Servers are reloaded,
or restarted, as the actions say.

Exit status: 0 all succeeded, 1 one failed.`,
		Example: "  wcme check load\n  wcme check load nginx",
		Args:    between(0, 1, "at most one action is"),
		RunE: func(verb *cobra.Command, args []string) error {
			action := ""
			if len(args) == 1 {
				action = args[0]
			}
			return p.checkLoad(verb.Context(), action)
		},
	}
}

func (p *program) checkLoad(ctx context.Context, action string) error {
	operations, release, err := p.actor(ctx, "check load")
	if err != nil {
		return err
	}
	defer release()
	results, err := operations.CheckLoad(ctx, action, p.progress())
	if err != nil {
		return err
	}
	if err := p.print(results, func(w io.Writer) error { return writeLoads(w, results) }); err != nil {
		return err
	}
	failed := 0
	for _, result := range results {
		if result.Problem != "" {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("load actions that failed: %d of %d", failed, len(results))
	}
	return nil
}

// writeLoads writes a paragraph for each action: its commands, and what they said.
func writeLoads(w io.Writer, results []acmecore.LoadResult) error {
	for _, result := range results {
		outcome := "succeeded"
		if result.Problem != "" {
			outcome = hinted("failed: "+result.Problem, result.Hint)
		}
		fmt.Fprintf(w, "%s: %s, after %s\n", result.Action, outcome, result.Ended.Sub(result.Began).Round(time.Millisecond))
		for _, command := range result.Commands {
			writeCommand(w, command)
		}
	}
	return nil
}

func writeCommand(w io.Writer, c acmecore.Command) {
	fmt.Fprintf(w, "  %s\n", strings.Join(c.Args, " "))
	for _, line := range strings.Split(strings.TrimRight(c.Output, "\n"), "\n") {
		if line != "" {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	if c.Problem != "" {
		fmt.Fprintf(w, "    %s\n", c.Problem)
	}
}
