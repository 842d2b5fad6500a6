package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
)

// checkVerb groups what can be checked; each is a verb below it.
func (p *program) checkVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:     "check ca|challenge|dns|load|mail|opcom|served|webhook",
		Short:   "test one thing, for real, and say what was seen",
		Long:    "Tests one thing, for real, and says what was seen. Nothing is ordered.",
		Example: "  wcme check ca --ca letsencrypt-staging\n  wcme check challenge www.example.org",
		Args:    cobra.ArbitraryArgs,
		RunE:    uncheckable,
	}
	verb.AddCommand(p.checkCAVerb(), marked(p.checkChallengeVerb()), marked(p.checkDNSVerb()), marked(p.checkLoadVerb()), p.checkServedVerb())
	verb.AddCommand(p.checkReportVerbs()...)
	return verb
}

// uncheckable is what runs when nothing was named that can be checked.
func uncheckable(verb *cobra.Command, args []string) error {
	known := make([]string, 0, 8)
	for _, child := range verb.Commands() {
		known = append(known, child.Name())
	}
	return &acmecore.Error{Kind: acmecore.Invalid,
		Cause: fmt.Errorf("cannot check %q", acmecore.Inert(strings.Join(args, " "))),
		Hint:  "what can be checked is: " + strings.Join(known, ", ")}
}

func (p *program) checkCAVerb() *cobra.Command {
	ca := ""
	verb := &cobra.Command{
		Use:   "ca",
		Short: "read the CA's directory",
		Long: "Reads the CA's directory, which proves the way to it, its TLS certificate and its\nprotocol, and shows what the CA says of itself.\n\n" +
			"These are known by name:\n\n" + presetsText(),
		Example: "  wcme check ca\n  wcme check ca --ca letsencrypt-staging",
		Args:    exactly(0, "none is"),
		RunE:    func(verb *cobra.Command, _ []string) error { return p.checkCA(verb.Context(), ca) },
	}
	verb.Flags().StringVar(&ca, "ca", "", "a preset, a configured authority or a directory URL, in place of the configured one")
	return verb
}

// presetsText lists the CAs that are known.
func presetsText() string {
	var text strings.Builder
	for _, preset := range acmecore.Presets() {
		fmt.Fprintf(&text, "  %-20s %s\n", preset.Name, preset.Directory)
		if preset.Binding {
			fmt.Fprintf(&text, "  %-20s It binds accounts: wcme register --eab-kid.\n", "")
		}
		for _, line := range folded(preset.Facts, 60) {
			fmt.Fprintf(&text, "  %-20s %s\n", "", line)
		}
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// folded breaks a text into lines of so many characters, or of one word.
func folded(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

func (p *program) checkCA(ctx context.Context, ca string) error {
	operations, err := p.reader()
	if err != nil {
		return err
	}
	authority, err := operations.CheckCA(ctx, ca)
	if err != nil {
		return err
	}
	return p.print(authority, func(w io.Writer) error { return writeAuthority(w, authority) })
}

func writeAuthority(w io.Writer, a acmecore.Authority) error {
	binding := "not needed"
	if a.ExternalAccount {
		binding = "needed: eab_kid and eab_key, or wcme register --eab-kid"
	}
	fmt.Fprintf(w, "%s answers in %d ms\n", a.CA, a.Milliseconds)
	fmt.Fprintf(w, "directory:        %s\n", a.Directory)
	if a.Proxy != "" {
		fmt.Fprintf(w, "proxy:            %s\n", a.Proxy)
	}
	fmt.Fprintf(w, "terms:            %s\n", orNone(a.Terms))
	if a.Agreed != "" && a.Terms != "" && a.Agreed != a.Terms {
		fmt.Fprintf(w, "                  they have changed: the account has agreed to %s\n", a.Agreed)
		fmt.Fprintln(w, "                  read them, then agree: wcme account update --accept-terms")
	}
	fmt.Fprintf(w, "website:          %s\n", orNone(a.Website))
	fmt.Fprintf(w, "CAA:              %s\n", orNone(strings.Join(a.CAA, ", ")))
	fmt.Fprintf(w, "profiles:         %s\n", orNone(strings.Join(a.Profiles, ", ")))
	fmt.Fprintf(w, "account:          %s\n", orNone(a.Account))
	_, err := fmt.Fprintf(w, "external account: %s\n", binding)
	return err
}
