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
that is configured. The first name names it. Each name is proved by http-01: the CA fetches
http://NAME/.well-known/acme-challenge/TOKEN, which the web server's cgi-bin/wcme
must answer.

A certificate for the same names that still serves well is kept; --force obtains
another one. The CA, the kind of key and the profile stay as they were for it,
unless they are given; at first they are those of the configuration.

--install and --load choose among the targets and the load actions of wcme.toml, by
their names, and are kept in the certificate's record; "none" is none. Without them it
goes where it went so far, and at first to all that take it.

--rehearse orders nothing: it looks at the CA, at the challenge path and the CAA records
of each name, and at what the CA's limits leave, and says what would follow. Its exit
status is 1 where something was found that would make the order fail; it never keeps
anybody from ordering.

An attempt that was interrupted goes on where it was.`

func (p *program) certifyVerb() *cobra.Command {
	var wanted certifyFlags
	verb := &cobra.Command{
		Use:     "certify NAME[,NAME…]…",
		Short:   "obtain a certificate for one or more host names",
		Long:    certifyLong,
		Example: "  wcme certify www.example.org\n  wcme certify www.example.org,example.org shop.example.org\n  wcme certify --key rsa2048 mail.example.org\n  wcme certify --rehearse www.example.org --install nginx,mail --load servers",
		RunE: func(verb *cobra.Command, args []string) error {
			request, err := wanted.request(p, args)
			if err != nil {
				return err
			}
			if wanted.rehearse {
				return p.rehearse(verb.Context(), request)
			}
			return p.certify(verb.Context(), request)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&wanted.ca, "ca", "", "a preset, a configured authority or a directory URL, in place of the one so far")
	flags.StringVar(&wanted.key, "key", "", "the kind of key, ec256, ec384, rsa2048, rsa3072 or rsa4096, in place of the one so far")
	flags.StringVar(&wanted.profile, "profile", "", "a profile of the CA")
	flags.BoolVar(&wanted.force, "force", false, "obtain another one although the one there is serves well")
	flags.StringVar(&wanted.install, "install", "", "the targets that it is installed in, by their names and separated by commas, in place of those so far; \"none\" is none")
	flags.StringVar(&wanted.load, "load", "", "the load actions that follow, likewise")
	flags.BoolVar(&wanted.rehearse, "rehearse", false, "only say what would happen, and order nothing")
	return verb
}

// certifyFlags are the flags of the verb, as they were typed.
type certifyFlags struct {
	ca, key, profile, install, load string
	force, rehearse                 bool
}

// request is what the names and the flags ask for.
func (f *certifyFlags) request(p *program, args []string) (request control.CertifyRequest, err error) {
	names, merged, err := acmecore.ParseNames(args...)
	if err != nil {
		return request, err
	}
	for _, name := range merged {
		fmt.Fprintf(p.stderr, "note: %s is given more than once\n", name)
	}
	request = control.CertifyRequest{Names: names, CA: f.ca, Profile: f.profile, Force: f.force, Install: chosen(f.install), Load: chosen(f.load)}
	for _, text := range chosen(f.key) {
		kind, err := acmecore.ParseKeyType(text)
		if err != nil {
			return request, err
		}
		request.Keys = append(request.Keys, kind)
	}
	return request, nil
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
	fmt.Fprintf(w, "CA:          %s (%s)\n", c.CA, c.Issuer)
	fmt.Fprintf(w, "valid:       %s to %s, %d days left\n",
		c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339), c.DaysLeft(time.Now()))
	fmt.Fprintf(w, "service:     %s\n", c.Service)
	_, err := fmt.Fprintf(w, "file:        %s/ssl/fullchain_%s.pem, chain and key\n", root, c.ID)
	return err
}

func texts(names []acmecore.Name) (list []string) {
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}
