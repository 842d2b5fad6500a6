package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/audit"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/login"
	"wcme/acmecore/manager"
	"wcme/acmecore/store"
)

// newLogin returns wCME's own log-in. What happens there is in the audit and in the
// log.
func newLogin(root *store.Root, log *slog.Logger) *login.Desk {
	return login.New(login.Options{
		Files: root.LogIn(),
		Log:   log,
		Audit: func(who, what, subject, outcome string) {
			log.Info(what, "who", who, "user", subject, "outcome", outcome)
			noteLogin(root, log, audit.Entry{Who: who, What: what, Subject: subject, Outcome: outcome})
		},
	})
}

// noteLogin writes an entry. That it cannot be written keeps nobody from logging in,
// and is said.
func noteLogin(root *store.Root, log *slog.Logger, entry audit.Entry) {
	if err := root.Audit(entry); err != nil {
		log.Error("audit not written", "what", entry.What, "subject", entry.Subject, "error", err)
	}
}

// audited notes in the audit what was done to the subject, what is so now, and what
// came of it.
type audited func(what, subject, after string, err error)

// withRoster has something done with the users, as the user that the state directory
// belongs to.
func (p *program) withRoster(ctx context.Context, does func(*login.Roster, audited) error) error {
	if err := p.asOwnerAlways(ctx); err != nil {
		return err
	}
	root, err := p.open()
	if err != nil {
		return err
	}
	if !p.logsIn(root) && !p.quiet {
		fmt.Fprintln(p.stderr, "warning: nobody logs in yet\nhint: set auth = \"login\" in [admin] of wcme.toml, and send the overseer SIGHUP")
	}
	return does(login.NewRoster(root.LogIn(), nil), func(what, subject, after string, err error) {
		entry := audit.Entry{Who: control.CallerFrom(ctx), What: what, Subject: subject, After: after, Outcome: "done"}
		if err != nil {
			entry.Outcome = acmecore.Inert(err.Error())
		}
		if err := root.Audit(entry); err != nil {
			fmt.Fprintf(p.stderr, "warning: %s\n", oneLine(err))
		}
	})
}

// changeUsers is withRoster for what changes a user.
func (p *program) changeUsers(ctx context.Context, what, name, after string, does func(*login.Roster) error) error {
	return p.withRoster(ctx, func(roster *login.Roster, note audited) error {
		err := does(roster)
		note(what, name, after, err)
		return err
	})
}

// logsIn tells whether the configuration has wCME's own log-in. One that cannot be read
// is other verbs' to complain of.
func (p *program) logsIn(root *store.Root) bool {
	path, text, err := root.Configuration()
	if err != nil {
		return true
	}
	c, err := config.Parse(path, text)
	return err != nil || c.Admin.Auth == config.AuthLogin
}

// guessMount is where wCME is likely to be found: below the usual place, by a name that
// the pages may be asked for by; "" where there is no such name.
func (p *program) guessMount(ctx context.Context) string {
	root, err := p.open()
	if err != nil {
		return ""
	}
	m, err := manager.New(root, version, slog.New(slog.DiscardHandler))
	if err != nil {
		return ""
	}
	for _, host := range m.Config().Admin.Hosts {
		return "https://" + host.String() + usualMount
	}
	list, err := m.List(ctx)
	if err != nil {
		return ""
	}
	for _, certificate := range list {
		for _, name := range certificate.Names {
			if !strings.HasPrefix(string(name), "*.") {
				return "https://" + string(name) + usualMount
			}
		}
	}
	return ""
}

// usualMount is where the folders of deploy map wCME to.
const usualMount = "/cgi-bin/wcme"
