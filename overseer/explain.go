package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

func (p *program) explainVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [TYPE]",
		Short: "say what an error of a CA means, what to look at, and what wCME does next",
		Long: `Says of a type of error, as it stands in brackets after what a CA says, why CAs say it,
what to look at, and what wCME does by itself. Without a type it lists all there are.`,
		Example: "  wcme explain\n  wcme explain rateLimited\n  wcme explain urn:ietf:params:acme:error:caa",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(fmt.Errorf("%d arguments given, where one type is explained at a time", len(args)))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				all := acmecore.Explanations()
				return p.print(all, func(w io.Writer) error { return listExplanations(w, all) })
			}
			explanation, found := acmecore.Explain(args[0])
			if !found {
				problem := usage(fmt.Errorf("there is no error of the type %q", acmecore.Inert(args[0])))
				problem.Hint = "`wcme explain` lists the types"
				return problem
			}
			return p.print(explanation, func(w io.Writer) error { return writeExplanation(w, explanation) })
		},
	}
}

func listExplanations(w io.Writer, all []acmecore.Explanation) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range all {
		fmt.Fprintf(table, "%s\t%s\n", e.Type, e.Means)
	}
	return table.Flush()
}

func writeExplanation(w io.Writer, e acmecore.Explanation) error {
	fmt.Fprintf(w, "%s (%s)\n\nmeans:  %s\ncheck:  %s\n", e.Type, e.Source, e.Means, e.Check)
	for _, method := range acmecore.Methods() {
		if text := e.By[method]; text != "" {
			fmt.Fprintf(w, "%s of a name, by %s: %s\n", strings.Repeat(" ", len("check:")), method, text)
		}
	}
	_, err := fmt.Fprintf(w, "next:   %s\n", e.Next)
	return err
}
