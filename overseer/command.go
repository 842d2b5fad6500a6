package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

// The exit statuses.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitNothing = 3 // of `wcme manage` alone: nothing was due
)

// program is one call of the command line.
type program struct {
	args   []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	rootDir string // --root
	asJSON  bool   // --json
	quiet   bool   // --quiet
}

// run carries out the command line and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{args: args, stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.command()
	root.SetArgs(translate(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	verb, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errNothingDue):
		return exitNothing
	}
	if status, found := isEnded(err); found {
		return status
	}
	if verb.Name() == statusName {
		return p.unknown(err)
	}
	printError(stderr, err)
	if acmecore.KindOf(err) == acmecore.Invalid {
		return exitUsage
	}
	return exitFailed
}

// command builds the tree of verbs.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "wcme",
		Short: "certificates for the web server that you already run",
		Long: `wCME orders certificates by ACME and keeps them, for the web server that you
already run. That server answers the challenges through cgi-bin/wcme.

In the beginning:

  wcme setup                          makes the state directory
  wcme register                       makes an account at the CA
  wcme certify www.example.org        obtains a certificate

The spelling of the OpenVMS original works too: wcme /certify=www.example.org`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: p.prepare,
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownVerb,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.rootDir, "root", envOr("WCME_ROOT", control.DefaultRoot), "the state directory; WCME_ROOT sets it too")
	flags.BoolVar(&p.asJSON, "json", false, "print facts as JSON")
	flags.BoolVarP(&p.quiet, "quiet", "q", false, "do not print the steps of a run")
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.SetHelpCommand(helpVerb())
	root.AddCommand(p.setupVerb(), marked(p.registerVerb()), p.accountVerb(), marked(p.certifyVerb()), marked(p.manageVerb()), marked(p.restoreVerb()),
		marked(p.revokeVerb()), marked(p.removeVerb()), p.listVerb(), p.statusVerb(), p.checkVerb(),
		p.overseerVerb(), p.webVerb(), p.configVerb(), p.auditVerb(), p.adminVerb(), p.explainVerb(), p.versionVerb())
	return root
}

// checkFlags refuses what no verb can mean. An empty --root is a variable that a
// script forgot to set: it must not become the working directory.
func (p *program) checkFlags(*cobra.Command, []string) error {
	if p.rootDir == "" {
		return usage(errors.New("--root is empty"))
	}
	return nil
}

// helpVerb is the library's, except that it knows what is no verb.
func helpVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "explain a verb, or list them all",
		RunE: func(help *cobra.Command, args []string) error {
			root := help.Root()
			verb, _, err := root.Find(args)
			if len(args) > 0 && (err != nil || verb == root) {
				return unknownVerb(root, args)
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

// unknownVerb is what runs when no verb of ours was named.
func unknownVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.Join(root.Help(), usage(errors.New("no verb given")))
	}
	problem := usage(fmt.Errorf("there is no verb %q", acmecore.Inert(args[0])))
	if near := root.SuggestionsFor(args[0]); args[0] != "" && len(near) > 0 {
		problem.Hint = fmt.Sprintf("did you mean `wcme %s`?", near[0])
	}
	return problem
}

// usage is an error in the words of the command line: exit status 2.
func usage(err error) *acmecore.Error {
	return &acmecore.Error{Kind: acmecore.Invalid, Cause: err, Hint: "`wcme help` and `wcme help VERB` say more"}
}

// exactly returns a check of the number of arguments; what names them.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == n:
			return nil
		case len(args) > n:
			return usage(fmt.Errorf("unexpected argument %q: %s wanted", acmecore.Inert(args[n]), what))
		}
		return usage(fmt.Errorf("%d arguments given, where %s wanted", len(args), what))
	}
}

// open returns the state directory of --root.
func (p *program) open() (*store.Root, error) { return store.Open(p.rootDir) }

func (p *program) socket() string {
	return control.SocketFor(p.rootDir, os.Getenv("WCME_SOCKET"))
}

// print writes the result of a verb: as JSON where that was asked for, otherwise
// as text.
func (p *program) print(facts any, text func(io.Writer) error) error {
	if !p.asJSON {
		return text(p.stdout)
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(facts)
}

// printError writes what is so and what to try.
func printError(w io.Writer, err error) {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(w, "error: interrupted")
		return
	}
	printProblem(w, "error", err)
}

// printProblem writes what is so, and below it what to try.
func printProblem(w io.Writer, word string, err error) {
	fmt.Fprintf(w, "%s: %s\n", word, oneLine(err))
	if hint := acmecore.HintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}

// oneLine is the text of an error, or of several that were joined.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func envOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
