package dns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wcme/acmecore"
)

// The limits of a call of an acme-dns.
const (
	callTime  = 15 * time.Second
	maxAnswer = 1 << 20 // bytes
)

// MaxAccounts is how long the text of a file with accounts may be, in bytes.
const MaxAccounts = 1 << 20

// Account is one at an acme-dns: it can write the record of one name there.
type Account struct {
	Username   string `json:"username"`
	Password   string `json:"password"`
	FullDomain string `json:"fulldomain"` // the name of the record
	Subdomain  string `json:"subdomain"`
}

// String shows the record's name alone, also to %v.
func (a Account) String() string { return a.FullDomain }

// GoString hides the password from %#v.
func (a Account) GoString() string { return fmt.Sprintf("dns.Account(%q)", a.FullDomain) }

// ParseAccounts reads what other clients keep: a JSON object with an account for each
// domain. The error, of kind Invalid, does not repeat the text.
func ParseAccounts(text []byte) (map[acmecore.Name]Account, error) {
	var raw map[string]Account
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, badAccounts(errors.New("it is no JSON object with an account for each domain"))
	}
	accounts := make(map[acmecore.Name]Account, len(raw))
	for domain, account := range raw {
		name, err := acmecore.ParseName(domain)
		if err != nil {
			return nil, badAccounts(err)
		}
		if account.FullDomain = plain(account.FullDomain); account.Username == "" || account.Password == "" || account.Subdomain == "" || account.FullDomain == "" {
			return nil, badAccounts(fmt.Errorf("the account of %s lacks one of username, password, fulldomain and subdomain", name))
		}
		accounts[name.Host()] = account
	}
	return accounts, nil
}

func badAccounts(cause error) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "accounts of acme-dns", Cause: cause,
		Hint: `the file reads {"www.example.org": {"username": …, "password": …, "fulldomain": …, "subdomain": …}}, as POST /register of the acme-dns answers`}
}

// ACMEDNS writes at an acme-dns, which keeps the two values that it got last for each
// account, and removes none.
type ACMEDNS struct {
	URL      string // https
	Accounts map[acmecore.Name]Account
	Client   *http.Client // nil is a plain one
}

var _ Writer = (*ACMEDNS)(nil)

// Ready implements Writer: there is an account, the alias leads to its record, and the
// acme-dns answers. Whether the password is right is seen when a record is written.
func (a *ACMEDNS) Ready(ctx context.Context, place Place) error {
	account, err := a.account(place)
	if err != nil {
		return err
	}
	if place.Record != account.FullDomain {
		return a.problem(place, acmecore.Invalid, fmt.Errorf("the record that it writes is %s, and a CA looks at %s", acmecore.Inert(account.FullDomain), acmecore.Inert(place.Record)),
			fmt.Sprintf("add this record to the zone of the name: %s%s. CNAME %s.", challengeLabel, place.Name.Host(), acmecore.Inert(account.FullDomain)))
	}
	_, err = a.call(ctx, place, http.MethodGet, "health", nil, Account{})
	return err
}

// Add implements Writer.
func (a *ACMEDNS) Add(ctx context.Context, place Place, value string) error {
	account, err := a.account(place)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"subdomain": account.Subdomain, "txt": value})
	if err != nil {
		return err
	}
	status, err := a.call(ctx, place, http.MethodPost, "update", body, account)
	switch {
	case err != nil:
		return err
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return a.problem(place, acmecore.Invalid, fmt.Errorf("it does not take the account of %s (status %d)", place.Name.Host(), status),
			"compare the account with that of POST /register; its `allowfrom` must have the address of this host")
	case status != http.StatusOK:
		return a.problem(place, acmecore.Unreachable, fmt.Errorf("it did not take the record (status %d)", status), "its own log says why")
	}
	return nil
}

// Remove implements Writer: two further values take the place of this one.
func (a *ACMEDNS) Remove(context.Context, Place, string) error { return nil }

// account returns that of the name, whose wildcard has the same one.
func (a *ACMEDNS) account(place Place) (Account, error) {
	account, found := a.Accounts[place.Name.Host()]
	if !found {
		return Account{}, a.problem(place, acmecore.Invalid, fmt.Errorf("no account is there for %s", place.Name.Host()),
			"make one by POST /register of the acme-dns, and add it to acme_dns_accounts")
	}
	return account, nil
}

// call makes one request. What is answered beside the status is of no use, and read to
// its end only so that the connection can be used again.
func (a *ACMEDNS) call(ctx context.Context, place Place, method, path string, body []byte, account Account) (status int, err error) {
	limited, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, method, strings.TrimSuffix(a.URL, "/")+"/"+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	if account.Username != "" {
		request.Header.Set("X-Api-User", account.Username)
		request.Header.Set("X-Api-Key", account.Password)
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := a.client().Do(request)
	if err != nil {
		return 0, a.unanswered(ctx, place, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)); err != nil {
		return 0, a.unanswered(ctx, place, err)
	}
	return response.StatusCode, nil
}

// client follows no redirect: the password is for this server.
func (a *ACMEDNS) client() *http.Client {
	client := http.Client{}
	if a.Client != nil {
		client = *a.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func (a *ACMEDNS) unanswered(ctx context.Context, place Place, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return a.problem(place, acmecore.Unreachable, errors.New(acmecore.Inert(err.Error())), "look at `acme_dns` of [[dns]], and at the way there")
}

func (a *ACMEDNS) problem(place Place, kind acmecore.Kind, cause error, hint string) error {
	return &acmecore.Error{Kind: kind, Op: "dns-01 for " + string(place.Name), Cause: fmt.Errorf("acme-dns %s: %w", acmecore.Inert(a.URL), cause), Hint: hint}
}
