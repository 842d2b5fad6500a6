package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/login"
)

func (p *program) adminVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:   "admin",
		Short: "users of wCME's own log-in, where auth = \"login\" says so",
		Long: `Says who may log in to the admin pages, and as what, where [admin] in wcme.toml has
auth = "login". Nobody has a password before having taken a one-time link, which is
printed here and nowhere else: give it to its user by a way that you trust. It is good
for 24 hours.

The roles: view sees everything but the audit trail and the configuration; operate also
renews, loads, verifies and checks; admin does everything.

An overseer that runs sees at once what is changed.`,
		Args: exactly(0, "add, link, list, role, remove or logout is"),
		RunE: func(verb *cobra.Command, _ []string) error {
			return errors.Join(verb.Help(), usage(errors.New("add, link, list, role, remove or logout is wanted")))
		},
	}
	verb.AddCommand(p.adminAddVerb(), p.adminLinkVerb(), p.adminListVerb(), p.adminRoleVerb(), p.adminRemoveVerb(), p.adminLogoutVerb())
	return verb
}

// linkFlag is the flag of the verbs that print a link.
func linkFlag(verb *cobra.Command, at *string) {
	verb.Flags().StringVar(at, "url", "", "where wCME is mapped, https://HOST/cgi-bin/wcme; by itself that is a guess")
}

func (p *program) adminAddVerb() *cobra.Command {
	role, at := "", ""
	verb := &cobra.Command{
		Use:     "add USER",
		Short:   "add a user, and print a one-time link to set a password by",
		Example: "  wcme admin add alice\n  wcme admin add bob --role view --url https://www.example.org/cgi-bin/wcme",
		Args:    exactly(1, "one user is"),
		RunE: func(verb *cobra.Command, args []string) error {
			name, nameErr := login.ParseUser(args[0])
			parsed, roleErr := login.ParseRole(role)
			if err := errors.Join(nameErr, roleErr, checkMount(at)); err != nil {
				return err
			}
			return p.changeUsers(verb.Context(), "admin add", name, string(parsed), func(roster *login.Roster) error {
				secret, until, err := roster.Add(verb.Context(), name, parsed)
				if err != nil {
					return err
				}
				return p.printLink(verb.Context(), at, issued{User: name, Role: parsed, Until: until}, secret)
			})
		},
	}
	verb.Flags().StringVar(&role, "role", string(acmecore.RoleAdmin), "what the user may do: view, operate or admin")
	linkFlag(verb, &at)
	return verb
}

func (p *program) adminLinkVerb() *cobra.Command {
	at := ""
	verb := &cobra.Command{
		Use:   "link USER",
		Short: "print a new one-time link, for a user who cannot log in any more",
		Long: `Prints a new one-time link for a user who has lost the password or the second factor,
or has let the first link run out. When it is taken, the user's password is another one,
the codes and the passkeys are gone, and the user's sessions end. Until then everything
stays as it is.`,
		Args: exactly(1, "one user is"),
		RunE: func(verb *cobra.Command, args []string) error {
			name, err := login.ParseUser(args[0])
			if err := errors.Join(err, checkMount(at)); err != nil {
				return err
			}
			return p.changeUsers(verb.Context(), "admin link", name, "", func(roster *login.Roster) error {
				secret, until, err := roster.Link(verb.Context(), name)
				if err != nil {
					return err
				}
				return p.printLink(verb.Context(), at, issued{User: name, Until: until, Resets: true}, secret)
			})
		},
	}
	linkFlag(verb, &at)
	return verb
}

func (p *program) adminListVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "list the users, what they may, and how they log in",
		Args:  exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) error {
			return p.withRoster(verb.Context(), func(roster *login.Roster, _ audited) error {
				list, err := roster.List()
				if err != nil {
					return err
				}
				return p.print(list, func(w io.Writer) error { return writeUsers(w, list) })
			})
		},
	}
}

func (p *program) adminRoleVerb() *cobra.Command {
	return &cobra.Command{
		Use:     "role USER ROLE",
		Short:   "give a user another role, which ends the user's sessions",
		Example: "  wcme admin role bob operate",
		Args:    exactly(2, "a user and a role are"),
		RunE: func(verb *cobra.Command, args []string) error {
			role, err := login.ParseRole(args[1])
			if err != nil {
				return err
			}
			return p.changeUser(verb.Context(), "admin role", args[0], string(role), "has the role "+string(role)+" now, and logs in anew",
				func(roster *login.Roster, name string) error { return roster.SetRole(verb.Context(), name, role) })
		},
	}
}

func (p *program) adminRemoveVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "remove USER",
		Short: "remove a user, which ends the user's sessions",
		Args:  exactly(1, "one user is"),
		RunE: func(verb *cobra.Command, args []string) error {
			return p.changeUser(verb.Context(), "admin remove", args[0], "", "is removed",
				func(roster *login.Roster, name string) error { return roster.Remove(verb.Context(), name) })
		},
	}
}

func (p *program) adminLogoutVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "logout USER",
		Short: "end a user's sessions",
		Args:  exactly(1, "one user is"),
		RunE: func(verb *cobra.Command, args []string) error {
			return p.changeUser(verb.Context(), "admin logout", args[0], "", "is logged out everywhere",
				func(roster *login.Roster, name string) error { return roster.LogOut(verb.Context(), name) })
		},
	}
}

// changeUser changes one user, and says in a sentence what is so now.
func (p *program) changeUser(ctx context.Context, what, text, after, now string, does func(*login.Roster, string) error) error {
	name, err := login.ParseUser(text)
	if err != nil {
		return err
	}
	return p.changeUsers(ctx, what, name, after, func(roster *login.Roster) error {
		if err := does(roster, name); err != nil {
			return err
		}
		return p.print(map[string]any{"user": name, "done": name + " " + now}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s %s\n", name, now)
			return err
		})
	})
}

// checkMount checks what --url says.
func checkMount(at string) error {
	if at == "" {
		return nil
	}
	parsed, err := url.Parse(at)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return usage(fmt.Errorf("--url %q is not the address of a site, as https://www.example.org/cgi-bin/wcme is", acmecore.Inert(at)))
	}
	return nil
}

// asOwnerAlways tells whether somebody else than root, whom root runs the verb as, has
// done it. An overseer that answers does not matter: the verb writes the files itself.
func (p *program) asOwnerAlways(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return nil
	}
	root, err := p.open()
	if err != nil {
		return err
	}
	owner, err := root.OwnerID()
	if err != nil || owner == 0 {
		return err
	}
	return p.runAs(ctx, owner, false)
}
