package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// certifyLong is the help of the verb.
const certifyLong = `Obtains one certificate for all the names, up to 100, keeps it, installs it in its
targets, runs the load actions and looks whether visitors are served it, as far as
that is configured. The first name names it. Each name is proved to the CA by a
challenge. By http-01 the CA fetches http://NAME/.well-known/acme-challenge/TOKEN, which
the web server's cgi-bin/wcme must answer; dns-01, the only one for wildcards, and
tls-alpn-01 need a few lines in wcme.toml. --challenge says which may be used.

A certificate for the same names that still serves well is kept; --force obtains
another one. The CA, the kind of key and whatever else can be chosen stay as they were
for it, unless they are given; at first they are those of the configuration.

--install and --load choose among the targets and the load actions of wcme.toml, by
their names, and are kept in the certificate's record; "none" is none. Without them it
goes where it went so far, and at first to all that take it.

--rehearse orders nothing: it looks at the CA, at the challenge path and the CAA records
of each name, and at what the CA's limits leave, and says what would follow. With
--local it asks nobody but this host; with --dry-run it then orders at the CA's test
side, proves the names in the same way, and keeps nothing. The exit status is 1 where
something was found that would make the order fail; it never keeps anybody from ordering.

Where one of many names fails it is named, and never left out unless --without says so.

An attempt that was interrupted goes on where it was.

` + certifyKeyLong

func (p *program) certifyVerb() *cobra.Command {
	var wanted certifyFlags
	verb := &cobra.Command{
		Use:     "certify NAME[,NAME…]… | --csr FILE",
		Short:   "obtain a certificate for one or more host names",
		Long:    certifyLong,
		Example: "  wcme certify www.example.org\n  wcme certify www.example.org,example.org shop.example.org\n  wcme certify --key rsa2048 mail.example.org\n  wcme certify --rehearse www.example.org --install nginx,mail --load servers\n  wcme certify '*.example.org,example.org' --challenge dns-01 --dry-run",
		RunE: func(verb *cobra.Command, args []string) error {
			request, err := wanted.request(p, args)
			if err != nil {
				return err
			}
			if wanted.rehearse || wanted.dryRun || wanted.local {
				return p.rehearse(verb.Context(), request)
			}
			return p.certify(verb.Context(), request)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&wanted.ca, "ca", "", "a preset, a configured authority or a directory URL, in place of the one so far; several, separated by commas, are tried in that order")
	wanted.keys.declare(flags)
	flags.StringVar(&wanted.profile, "profile", "", "a profile of the CA")
	flags.BoolVar(&wanted.force, "force", false, "obtain another one although the one there is serves well")
	flags.StringVar(&wanted.install, "install", "", "the targets that it is installed in, by their names and separated by commas, in place of those so far; \"none\" is none")
	flags.StringVar(&wanted.load, "load", "", "the load actions that follow, likewise")
	flags.StringVar(&wanted.without, "without", "", "names to go on without, separated by commas: of those given, or of those that the certificate has where its first name alone is given")
	flags.BoolVar(&wanted.dryRun, "dry-run", false, "rehearse, and then order at the CA's test side a certificate that is not kept")
	flags.BoolVar(&wanted.local, "local", false, "rehearse, and ask neither the CA nor for its CAA records")
	flags.BoolVar(&wanted.rehearse, "rehearse", false, "only say what would happen, and order nothing")
	return verb
}

// certifyFlags are the flags of the verb, as they were typed.
type certifyFlags struct {
	ca, profile, install, load string
	keys                       keyFlags
	force, rehearse            bool
	without                    string
	dryRun, local              bool
}

// request is what the names and the flags ask for.
func (f *certifyFlags) request(p *program, args []string) (request control.CertifyRequest, err error) {
	var names, merged []acmecore.Name
	if len(args) > 0 || f.keys.csr == "" { // whose names are its own
		if names, merged, err = acmecore.ParseNames(args...); err != nil {
			return request, err
		}
	}
	for _, name := range merged {
		fmt.Fprintf(p.stderr, "note: %s is given more than once\n", name)
	}
	request = control.CertifyRequest{Names: names, CA: f.ca, Profile: f.profile, Force: f.force, Install: chosen(f.install), Load: chosen(f.load), DryRun: f.dryRun, Local: f.local}
	for _, name := range chosen(f.without) {
		request.Without = append(request.Without, acmecore.Name(name))
	}
	return request, f.keys.fill(&request)
}

// emptyList is how the command line spells an empty list.
const emptyList = "none"

// chosen are the names of a list; nil where none is given, and empty where it says so.
func chosen(list string) []string {
	switch list {
	case "":
		return nil
	case emptyList:
		return []string{}
	}
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

func (p *program) certify(ctx context.Context, request control.CertifyRequest) error {
	operations, release, err := p.actor(ctx, "certify "+string(request.Names[0]))
	if err != nil {
		return err
	}
	defer release()
	certificate, err := operations.Certify(ctx, request, p.progress())
	if err != nil {
		return err
	}
	return p.print(certificate, func(w io.Writer) error { return writeCertificate(w, certificate, p.rootDir) })
}

func writeCertificate(w io.Writer, c acmecore.Certificate, root string) error {
	fmt.Fprintf(w, "certificate: %s, version %s\n", c.ID, c.Version)
	fmt.Fprintf(w, "names:       %s\n", strings.Join(texts(c.Names), ", "))
	ca := c.CA
	if c.IssuedBy != "" && c.IssuedBy != c.CA {
		ca = c.IssuedBy + ", in the place of " + c.CA
	}
	fmt.Fprintf(w, "CA:          %s (%s)\n", ca, c.Issuer)
	fmt.Fprintf(w, "valid:       %s to %s, %d days left\n",
		c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339), c.DaysLeft(time.Now()))
	fmt.Fprintf(w, "service:     %s\n", c.Service)
	if len(c.Twins) > 0 {
		fmt.Fprintf(w, "beside it:   %s\n", strings.Join(texts(c.Twins), ", "))
	}
	what := "chain and key"
	if c.Keyless {
		what = "chain; the key is elsewhere"
	}
	_, err := fmt.Fprintf(w, "file:        %s/ssl/fullchain_%s.pem, %s\n", root, c.ID, what)
	return err
}

func texts[T ~string](names []T) (list []string) {
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}
