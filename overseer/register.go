package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/store"
)

func (p *program) registerVerb() *cobra.Command {
	var request control.RegisterRequest
	accept, keyFile := false, ""
	verb := &cobra.Command{
		Use:   "register",
		Short: "make an account at the CA, or show the one there is",
		Long: `Makes an account key and registers it with the CA. The CA's terms of service are
shown, and must be agreed to: at the question, by --accept-terms, or by
accept_terms = true in wcme.toml. An account that is there already is shown and
kept; --new makes another one, beside which the key of the one before is kept.

A CA that binds each account to one that you have there by other means gives you a
key identifier and an HMAC key. --eab-kid and --eab-key-file give them for this once,
where they are not in wcme.toml; they are not kept.`,
		Example: "  wcme register\n  wcme register --contact admin@example.org --accept-terms\n  wcme register --ca letsencrypt-staging\n" +
			"  wcme register --ca zerossl --eab-kid KID --eab-key-file zerossl.hmac",
		Args: exactly(0, "none is"),
		RunE: func(verb *cobra.Command, _ []string) (err error) {
			if request.EABKey, err = readBindingKey(request, keyFile); err != nil {
				return err
			}
			return p.register(verb.Context(), request, accept)
		},
	}
	flags := verb.Flags()
	flags.StringVar(&request.CA, "ca", "", "a preset, a configured authority or a directory URL, in place of the configured one")
	flags.StringArrayVar(&request.Contact, "contact", nil, "a mail address that the CA may write to; may be repeated")
	flags.BoolVar(&accept, "accept-terms", false, "agree to the CA's terms of service")
	flags.BoolVar(&request.New, "new", false, "make another account where there is one")
	flags.StringVar(&request.EABKeyID, "eab-kid", "", "the key identifier of the external account binding, as the CA gave it to you")
	flags.StringVar(&keyFile, "eab-key-file", "", "a file with its HMAC key, in base64url; one that every user can read is refused")
	flags.StringVar(&request.EABAlgorithm, "eab-alg", "", "how it is signed: HS256, HS384 or HS512; HS256 where it is left out")
	return verb
}

// readBindingKey reads the HMAC key of an external account binding.
func readBindingKey(request control.RegisterRequest, file string) ([]byte, error) {
	if (request.EABKeyID == "") != (file == "") || request.EABAlgorithm != "" && file == "" {
		return nil, usage(errors.New("an external account binding is both --eab-kid and --eab-key-file"))
	}
	if file == "" {
		return nil, nil
	}
	text, err := store.ReadSecret(file)
	if err != nil {
		return nil, err
	}
	key, err := config.DecodeEABKey(text)
	if err != nil || len(key) == 0 {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "read secret", Subject: file, Cause: errors.New("what is in it is not base64url"),
			Hint: "the file has the HMAC key as the CA shows it, and nothing else"}
	}
	return key, nil
}

func (p *program) register(ctx context.Context, request control.RegisterRequest, accept bool) error {
	operations, release, err := p.actor(ctx, "register")
	if err != nil {
		return err
	}
	defer release()
	account, err := operations.Register(ctx, request, p.progress())
	if acmecore.KindOf(err) == acmecore.Refused && err != nil {
		account, err = p.agree(ctx, operations, request, accept, err)
	}
	if err != nil {
		return err
	}
	return p.print(account, func(w io.Writer) error { return writeAccount(w, account) })
}

// agree shows the terms of service, and registers again with the user's word.
// Where that is not to be had, or where the refusal is of something else, it
// stands.
func (p *program) agree(ctx context.Context, operations control.Operations, request control.RegisterRequest, accept bool, refusal error) (acmecore.Account, error) {
	authority, err := operations.CheckCA(ctx, request.CA)
	if err != nil || authority.Terms == "" || !strings.Contains(refusal.Error(), authority.Terms) {
		return acmecore.Account{}, refusal
	}
	fmt.Fprintf(p.stderr, "terms of service of %s: %s\n", authority.CA, authority.Terms)
	if !accept && !p.confirm("Do you agree to them? [y/N] ") {
		return acmecore.Account{}, refusal
	}
	request.Terms = authority.Terms
	return operations.Register(ctx, request, p.progress())
}

// confirm asks on a terminal; elsewhere the answer is no.
func (p *program) confirm(question string) bool {
	terminal, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return false
	}
	fmt.Fprint(p.stderr, question)
	answer, _ := bufio.NewReader(p.stdin).ReadString('\n') // the end of the input is a no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

func writeAccount(w io.Writer, account acmecore.Account) error {
	state := "registered"
	if account.Existing {
		state = "there already"
	}
	fmt.Fprintf(w, "account:  %s (%s)\n", account.URL, state)
	fmt.Fprintf(w, "CA:       %s, %s\n", account.CA, account.Directory)
	fmt.Fprintf(w, "contact:  %s\n", orNone(strings.Join(account.Contact, ", ")))
	fmt.Fprintf(w, "terms:    %s\n", orNone(account.Terms))
	if account.Status != "" {
		fmt.Fprintf(w, "status:   %s\n", account.Status)
	}
	if account.Trouble.Cause != "" {
		fmt.Fprintf(w, "trouble:  %s\n", account.Trouble.Cause)
	}
	_, err := fmt.Fprintf(w, "created:  %s\n", account.Created.Format(time.RFC3339))
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
