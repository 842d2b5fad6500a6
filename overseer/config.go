package main

import (
	"io"
	"log/slog"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"wcme/acmecore/config"
	"wcme/acmecore/manager"
)

func (p *program) configVerb() *cobra.Command {
	reference := false
	verb := &cobra.Command{
		Use:   "config",
		Short: "check the configuration and print what is in force",
		Long: `Checks etc/wcme.toml, and what it says of the certificates' records, and prints the
configuration as it is in force: with the defaults filled in, with what WCME_CERT,
WCME_LOAD, WCME_MAIL and WCME_OPCOM in the environment have in place of its own, and
with secrets hidden. --reference prints what each key means instead.

What is missing on this host for the targets of [[install]] is a warning: a directory
that is not there, a user that is not known. It may come before it is needed.`,
		Args: exactly(0, "none is"),
		RunE: func(*cobra.Command, []string) error {
			if reference {
				_, err := io.WriteString(p.stdout, config.Reference)
				return err
			}
			return p.config()
		},
	}
	verb.Flags().BoolVar(&reference, "reference", false, "print what each key means")
	return verb
}

func (p *program) config() error {
	root, err := p.open()
	if err != nil {
		return err
	}
	m, err := manager.New(root, version, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := m.Check(); err != nil {
		return err
	}
	for _, obstacle := range m.Obstacles() {
		printProblem(p.stderr, "warning", obstacle)
	}
	effective, err := m.Config().Effective()
	if err != nil {
		return err
	}
	var facts map[string]any // under the names that the file has
	if err := toml.Unmarshal(effective, &facts); err != nil {
		return err
	}
	return p.print(facts, func(w io.Writer) error {
		_, err := w.Write(effective)
		return err
	})
}
