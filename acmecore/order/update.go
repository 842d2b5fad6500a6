package order

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// Update gives the account other contacts, mail addresses of which there may be none
// (RFC 8555 section 7.3.2), and agrees to the CA's terms of service where agree says so
// (section 7.3.3). It returns the account as Account does.
func (c *Client) Update(ctx context.Context, contact []string, agree bool) (acmecore.Account, error) {
	defer c.acme.HTTPClient.CloseIdleConnections()
	if _, err := c.Discover(ctx); err != nil {
		return acmecore.Account{}, err
	}
	wanted := struct {
		Contact []string `json:"contact"` // which the library leaves out where there is none
		Agreed  bool     `json:"termsOfServiceAgreed,omitempty"`
	}{append([]string{}, mailto(contact)...), agree}
	account, err := c.change(ctx, "update account", func(header, []byte) ([]byte, error) { return json.Marshal(wanted) })
	if err == nil {
		c.steps.did("account", account.URL, "updated")
	}
	return account, err
}

// Deactivate ends the account, for good (RFC 8555 section 7.3.6).
func (c *Client) Deactivate(ctx context.Context) error {
	defer c.acme.HTTPClient.CloseIdleConnections()
	if _, err := c.Discover(ctx); err != nil {
		return err
	}
	err := c.once(ctx, "deactivate account", string(c.acme.KID), c.acme.DeactivateReg)
	if err == nil {
		c.steps.did("account", string(c.acme.KID), "the CA has deactivated it")
	}
	return err
}

// IsDeactivated tells whether an account's status is that of one that is not in force.
func IsDeactivated(status string) bool {
	return status == acme.StatusDeactivated || status == acme.StatusRevoked
}

// termsOf returns the URL of the terms of service that an answer leads to, inert; ""
// where there is none (RFC 8555 section 7.3.3).
func termsOf(answer http.Header) string {
	for _, line := range answer.Values("Link") {
		for _, link := range strings.Split(line, "<")[1:] {
			target, parameters, _ := strings.Cut(link, ">")
			if strings.Contains(parameters, "terms-of-service") {
				return acmecore.Inert(target)
			}
		}
	}
	return ""
}
