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

func (p *program) certifyVerb() *cobra.Command {
	var request control.CertifyRequest
	key := ""
	verb := &cobra.Command{
		Use:   "certify NAME[,NAME…]…",
		Short: "obtain a certificate for one or more host names",
		Long: `Obtains one certificate for all the names, up to 100, keeps it, installs it in its
targets, runs the load actions and looks whether visitors are served it, as far as
that is configured. The first name names it. Each name is proved by http-01: the CA fetches
http://NAME/.well-known/acme-challenge/TOKEN, which the web server's cgi-bin/wcme
must answer.

A certificate for the same names that still serves well is kept; --force obtains
another one. The CA, the kind of key and the profile stay as they were for it,
unless they are given; at first they are those of the configuration.

An attempt that was interrupted goes on where it was.`,
		Example: "  wcme certify www.example.org\n  wcme certify www.example.org,example.org shop.example.org\n  wcme certify --key rsa2048 mail.example.org",
		RunE: func(verb *cobra.Command, args []string) (err error) {
			names, merged, err := acmecore.ParseNames(args...)
			if err != nil {
				return err
			}
			for _, name := range merged {
				fmt.Fprintf(p.stderr, "note: %s is given more than once\n", name)
			}
			if key != "" {
				if request.Key, err = acmecore.ParseKeyType(key); err != nil {
					return err
				}
			}
			request.Names = names
			return p.certify(verb.Context(), request)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&request.CA, "ca", "", "a preset, a configured authority or a directory URL, in place of the one so far")
	flags.StringVar(&key, "key", "", "the kind of key, ec256, ec384, rsa2048, rsa3072 or rsa4096, in place of the one so far")
	flags.StringVar(&request.Profile, "profile", "", "a profile of the CA")
	flags.BoolVar(&request.Force, "force", false, "obtain another one although the one there is serves well")
	return verb
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
