package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

func (p *program) setupVerb() *cobra.Command {
	webUser, owner := "", ""
	verb := &cobra.Command{
		Use:   "setup",
		Short: "make the state directory and a commented configuration",
		Long: `Makes the state directory, its modes, and a commented etc/wcme.toml. Run it as root
or as the user that the overseer runs as. It may be run again at any time: what is
there stays, and it says what it changed.

Root gives the state directory to the user of --owner, and the default one to the
user wcme where the host has it, as deploy/systemd makes it: the overseer runs as
that user then. A group of the same name gets www, and the group wcme that
overseer's socket, so that the web server's user has to be a member of it.

The web server's user, which may ask the overseer what the admin pages show, is
written into the configuration: the one of --web-user, or the first that this
host has of www-data, apache, nginx, http, lighttpd, www and _www.`,
		Example: "  wcme setup\n  wcme setup --root /srv/wcme --web-user www-data",
		Args:    exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error {
			if !verb.Flags().Changed("web-user") {
				webUser = findWebUser()
			}
			if _, err := scriptUser(webUser); err != nil {
				return err
			}
			if !verb.Flags().Changed("owner") && p.rootDir == control.DefaultRoot {
				owner = dedicated
			} else if err := mayGive(owner); err != nil {
				return err
			}
			return p.setup(webUser, owner)
		},
	}
	verb.Flags().StringVar(&owner, "owner", "", "the user that the overseer runs as")
	verb.Flags().StringVar(&webUser, "web-user", "", "the web server's user; an empty one leaves it to the configuration")
	return verb
}

// mayGive tells whether the state directory can be given to the user; "" is nobody.
func mayGive(owner string) error {
	if owner == "" {
		return nil
	}
	if _, err := user.Lookup(owner); err != nil {
		return usage(fmt.Errorf("--owner: %w", err))
	}
	if os.Geteuid() != 0 {
		return &acmecore.Error{Kind: acmecore.Denied, Op: "give the state directory to", Subject: owner,
			Cause: errors.New("only root can"), Hint: "run `wcme setup` as root, or as that user without --owner"}
	}
	return nil
}

func (p *program) setup(webUser, owner string) error {
	done, err := store.Setup(p.rootDir, config.Template(webUser))
	if err != nil {
		return err
	}
	given, err := p.giveAway(owner)
	if err != nil {
		return err
	}
	done = append(done, given...)
	facts := map[string]any{"root": p.rootDir, "done": append([]string{}, done...)} // in JSON, none is a list too
	return p.print(facts, func(w io.Writer) error {
		for _, line := range done {
			fmt.Fprintln(w, line)
		}
		if len(done) == 0 {
			fmt.Fprintf(w, "%s is set up already\n", p.rootDir)
			return nil
		}
		fmt.Fprintf(w, "next: set `contact` in %s/etc/wcme.toml, then `wcme register`\n", p.rootDir)
		return nil
	})
}

// giveAway gives the state directory to the user, where there is one of the name.
func (p *program) giveAway(owner string) (done []string, err error) {
	if owner == "" {
		return nil, nil
	}
	root, err := p.open()
	if err != nil {
		return nil, err
	}
	return give(root, owner)
}

// findWebUser returns the user that this host's web server runs as, as its
// packages name it; "" where there is none.
func findWebUser() string {
	for _, name := range []string{"www-data", "apache", "nginx", "http", "lighttpd", "www", "_www"} {
		if _, err := user.Lookup(name); err == nil {
			return name
		}
	}
	return ""
}
