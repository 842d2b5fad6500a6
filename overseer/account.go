package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wcme/acmecore"
	"wcme/acmecore/control"
)

// accountVerb groups what can be done to an account at a CA; each is a verb below it.
func (p *program) accountVerb() *cobra.Command {
	verb := &cobra.Command{
		Use:   "account show|update|rollover|deactivate",
		Short: "look at the account at the CA, change it, or end it",
		Long: `Does something to the account that wcme register has made. Each CA has its own; --ca
says which one is meant.`,
		Example: "  wcme account show\n  wcme account update --accept-terms\n  wcme account rollover --ca letsencrypt-staging",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			return &acmecore.Error{Kind: acmecore.Invalid,
				Cause: fmt.Errorf("%q is nothing that can be done to an account", acmecore.Inert(strings.Join(args, " "))),
				Hint:  "what can be done is: show, update, rollover, deactivate"}
		},
	}
	verb.AddCommand(marked(p.accountShowVerb()), marked(p.accountUpdateVerb()), marked(p.accountRolloverVerb()), marked(p.accountDeactivateVerb()))
	return verb
}

// accountDeed is a verb below account.
func accountDeed(verb *cobra.Command, request *control.AccountAtCARequest) *cobra.Command {
	verb.Args = exactly(0, "none is")
	verb.Flags().StringVar(&request.CA, "ca", "", "a preset, a configured authority or a directory URL, in place of the configured one")
	return verb
}

func (p *program) accountShowVerb() *cobra.Command {
	request := control.AccountAtCARequest{Deed: control.AccountShow}
	return accountDeed(&cobra.Command{
		Use:   "show",
		Short: "ask the CA for the account",
		Long: `Asks the CA for the account, and shows whether it is in force, and its contacts. What
is kept of it here is shown first, also where the CA cannot be reached.

Where the CA wanted something of you before it would issue anything, say this when it is
done: the next pass then asks for certificates again.`,
		Example: "  wcme account show\n  wcme account show --ca zerossl --json",
		RunE:    func(verb *cobra.Command, _ []string) error { return p.account(verb.Context(), request) },
	}, &request)
}

func (p *program) accountUpdateVerb() *cobra.Command {
	request := control.AccountAtCARequest{Deed: control.AccountUpdate}
	var contact []string
	accept := false
	verb := accountDeed(&cobra.Command{
		Use:   "update",
		Short: "change the account's contacts, or agree to new terms",
		Long: `Changes the mail addresses that the CA has of you, and agrees to its terms of service
as they are now, which are shown. Some CAs issue nothing before that, when their terms
have changed.`,
		Example: "  wcme account update --contact admin@example.org\n  wcme account update --contact none\n  wcme account update --accept-terms",
		RunE: func(verb *cobra.Command, _ []string) (err error) {
			if request.Contact, err = contactsOf(contact); err != nil {
				return err
			}
			if !accept && contact == nil {
				return usage(errors.New("nothing is to be changed: give --contact or --accept-terms"))
			}
			return p.accountUpdate(verb.Context(), request, accept)
		},
	}, &request)
	verb.Flags().StringArrayVar(&contact, "contact", nil, "a mail address that the CA may write to, in place of those it has; may be repeated; none for none")
	verb.Flags().BoolVar(&accept, "accept-terms", false, "agree to the CA's terms of service as they are now")
	return verb
}

// contactsOf reads the addresses; nil leaves them as they are, and "none" is an empty list.
func contactsOf(given []string) ([]string, error) {
	for _, address := range given {
		switch {
		case address != "none":
		case len(given) > 1:
			return nil, usage(errors.New("--contact none stands alone"))
		default:
			return []string{}, nil
		}
	}
	return given, nil
}

func (p *program) accountRolloverVerb() *cobra.Command {
	request := control.AccountAtCARequest{Deed: control.AccountRollOver}
	return accountDeed(&cobra.Command{
		Use:   "rollover",
		Short: "give the account another key",
		Long: `Makes another key and has the CA put it in the place of the account's. The account, its
URL and its certificates stay. The key before is kept beside it, and is of no more use.

If it is interrupted, whatever uses the account next asks the CA which key it knows.`,
		Example: "  wcme account rollover",
		RunE:    func(verb *cobra.Command, _ []string) error { return p.account(verb.Context(), request) },
	}, &request)
}

func (p *program) accountDeactivateVerb() *cobra.Command {
	request := control.AccountAtCARequest{Deed: control.AccountDeactivate}
	yes := false
	verb := accountDeed(&cobra.Command{
		Use:   "deactivate",
		Short: "end the account, for good",
		Long: `Has the CA end the account: nobody can order, or revoke, anything by it any more. This
cannot be taken back. Certificates stay valid; to renew them, wcme register makes another
account.

It asks before it does so, on a terminal; elsewhere --yes is needed.`,
		Example: "  wcme account deactivate --ca letsencrypt-staging --yes",
		RunE: func(verb *cobra.Command, _ []string) error {
			if !yes && !p.confirm("Deactivate the account? This cannot be taken back. [y/N] ") {
				return &acmecore.Error{Kind: acmecore.Invalid, Op: "deactivate account", Cause: errors.New("nobody said that it is meant"), Hint: "say so: --yes"}
			}
			return p.account(verb.Context(), request)
		},
	}, &request)
	verb.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return verb
}

// account does what is asked for, and shows the account as it is then.
func (p *program) account(ctx context.Context, request control.AccountAtCARequest) error {
	operations, release, err := p.actor(ctx, "account "+string(request.Deed))
	if err != nil {
		return err
	}
	defer release()
	return p.accountBy(ctx, operations, request)
}

func (p *program) accountBy(ctx context.Context, operations control.Operations, request control.AccountAtCARequest) error {
	account, err := operations.AccountAtCA(ctx, request, p.progress())
	if err != nil {
		return err
	}
	return p.print(account, func(w io.Writer) error { return writeAccountAtCA(w, account) })
}

// accountUpdate shows the terms that are agreed to.
func (p *program) accountUpdate(ctx context.Context, request control.AccountAtCARequest, accept bool) error {
	operations, release, err := p.actor(ctx, "account update")
	if err != nil {
		return err
	}
	defer release()
	if accept {
		authority, err := operations.CheckCA(ctx, request.CA)
		if err != nil {
			return err
		}
		if authority.Terms == "" {
			return &acmecore.Error{Kind: acmecore.Invalid, Op: "update account at", Subject: authority.CA, Cause: errors.New("this CA has no terms of service"),
				Hint: "there is nothing to agree to"}
		}
		fmt.Fprintf(p.stderr, "terms of service of %s: %s\n", authority.CA, authority.Terms)
		request.Terms = authority.Terms
	}
	return p.accountBy(ctx, operations, request)
}

func writeAccountAtCA(w io.Writer, account acmecore.Account) error {
	fmt.Fprintf(w, "account:  %s\n", account.URL)
	fmt.Fprintf(w, "CA:       %s, %s\n", account.CA, account.Directory)
	fmt.Fprintf(w, "status:   %s\n", account.Status)
	fmt.Fprintf(w, "contact:  %s\n", orNone(strings.Join(account.Contact, ", ")))
	fmt.Fprintf(w, "terms:    %s\n", orNone(account.Terms))
	_, err := fmt.Fprintf(w, "created:  %s\n", account.Created.Format(time.RFC3339))
	return err
}
