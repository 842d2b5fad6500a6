package order

import (
	"strings"
	"sync"

	"golang.org/x/crypto/acme"

	"wcme/acmecore"
)

// concealed stands for a secret in what the CA says.
const concealed = "…"

// secrets are what a CA may repeat when it says why a challenge failed, and no report,
// log or page is to show: tokens, in the URL that it fetched, and key authorizations,
// which it expected there (RFC 8555 section 8.1).
type secrets struct {
	mu       sync.Mutex
	replaced []string // pairs: a secret, what stands for it; key authorizations before their tokens
	known    map[string]bool
}

// add notes a token, and the key authorization that begins with it.
func (s *secrets) add(token, authorization string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[token] {
		return
	}
	if s.known == nil {
		s.known = make(map[string]bool)
	}
	s.known[token] = true
	s.replaced = append(s.replaced, authorization, concealed, token, concealed)
}

// conceal returns what the CA told without the secrets.
func (s *secrets) conceal(told *acme.Error) *acme.Error {
	s.mu.Lock()
	replacer := strings.NewReplacer(s.replaced...)
	s.mu.Unlock()
	without := *told
	without.Detail, without.Instance = replacer.Replace(told.Detail), replacer.Replace(told.Instance)
	without.Subproblems = nil
	for _, sub := range told.Subproblems {
		sub.Detail = replacer.Replace(sub.Detail)
		without.Subproblems = append(without.Subproblems, sub)
	}
	return &without
}

// learn notes the secrets of an authorization's challenges. What is no token is none:
// one that is too short would be found in any text.
func (c *Client) learn(authorization *acme.Authorization) {
	for _, challenge := range authorization.Challenges {
		if _, err := acmecore.ParseToken(challenge.Token); err != nil {
			continue
		}
		if answer, err := c.acme.HTTP01ChallengeResponse(challenge.Token); err == nil {
			c.secrets.add(challenge.Token, answer)
		}
	}
}
