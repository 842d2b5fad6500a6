package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"wcme/acmecore"
)

// issued is a one-time link as it is printed.
type issued struct {
	User   string        `json:"user"`
	Role   acmecore.Role `json:"role,omitempty"`
	Link   string        `json:"link"` // below where wCME is mapped
	URL    string        `json:"url,omitempty"`
	Until  time.Time     `json:"until"`
	Resets bool          `json:"resets,omitempty"` // the password and the second factors, when it is taken
}

// printLink prints a link: the only time that it is to be seen.
func (p *program) printLink(ctx context.Context, at string, link issued, secret string) error {
	link.Link = "/admin/welcome?link=" + url.QueryEscape(secret)
	if at == "" {
		at = p.guessMount(ctx)
	}
	if at != "" {
		link.URL = strings.TrimSuffix(at, "/") + link.Link
	}
	return p.print(link, func(w io.Writer) error { return writeLink(w, link) })
}

func writeLink(w io.Writer, link issued) error {
	if link.Resets {
		fmt.Fprintf(w, "With this link, %s sets another password; codes, passkeys and sessions end then:\n", link.User)
	} else {
		fmt.Fprintf(w, "%s is added (%s). With this link, %s sets a password:\n", link.User, link.Role, link.User)
	}
	if link.URL != "" {
		fmt.Fprintf(w, "%s\n", link.URL)
	} else {
		fmt.Fprintf(w, "%s\n(below the address that wCME is mapped to: --url says it)\n", link.Link)
	}
	_, err := fmt.Fprintf(w, "It is good once, until %s.\n", link.Until.Format("2006-01-02 15:04 UTC"))
	return err
}

func writeUsers(w io.Writer, list []acmecore.LogInUser) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "there are no users; `wcme admin add USER` adds one")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "USER\tROLE\tPASSWORD\tCODES\tPASSKEYS\tLINK UNTIL")
	for _, one := range list {
		until := "-"
		if !one.Link.IsZero() {
			until = one.Link.Format("2006-01-02 15:04")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", one.User, one.Role, yes(one.Password), yes(one.Codes), one.Passkeys, until)
	}
	return table.Flush()
}

func yes(fact bool) string {
	if fact {
		return "yes"
	}
	return "no"
}
