package config

import (
	"errors"
	"fmt"

	"wcme/acmecore"
)

// Twin returns the record of the certificate with another kind of key that stands beside
// the one with the ID: the same, but for that kind.
func (c *Certificate) Twin(id acmecore.ID, kind acmecore.KeyType) *Certificate {
	twin := *c
	twin.Key, twin.beside = Several[KeyType]{{kind}}, id
	return &twin
}

// checkKeys refuses a list without a kind, and a kind that is named twice.
func (c *Config) checkKeys(in document) error {
	if len(c.Key) == 0 {
		return invalid(in.at("key"), errors.New("the list is empty; leave it out for ec256"))
	}
	if err := repeated(c.Key); err != nil {
		return invalid(in.at("key"), err)
	}
	return nil
}

func repeated(kinds Several[KeyType]) error {
	seen := make(map[acmecore.KeyType]bool)
	for _, kind := range kinds {
		if seen[kind.KeyType] {
			return fmt.Errorf("%s is there twice; each kind makes one certificate", kind.KeyType)
		}
		seen[kind.KeyType] = true
	}
	return nil
}

// CheckWishes refuses what no certificate can be asked for: a life or an issuer that is
// none, a kind of key that is named twice, and what a request that was made elsewhere says
// itself. The error is of kind Invalid.
func (c *Certificate) CheckWishes() error {
	key, err := c.checkWishes()
	if err == nil {
		return nil
	}
	if c.source.text != nil {
		return invalid(c.source.at(key), err)
	}
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "certificate's record", Subject: key, Cause: err, Hint: acmecore.HintOf(err)}
}

// maxIssuer is how long the name of an issuer may be, in bytes: RFC 5280 allows 64
// characters.
const maxIssuer = 256

// checkWishes returns an error and the key that it is about.
func (c *Certificate) checkWishes() (key string, err error) {
	if err := c.Validity.within(leastValidity, mostValidity); err != nil {
		return "validity", err
	}
	if len(c.Chain) > maxIssuer || acmecore.Inert(c.Chain) != c.Chain {
		return "chain", refusal("issuer", c.Chain, "is no common name and no SHA-256 fingerprint of one")
	}
	if err := repeated(c.Key); err != nil {
		return "key", err
	}
	if c.CSR.String() == "" {
		return "", nil
	}
	problem := &acmecore.Error{Kind: acmecore.Invalid, Hint: "leave it out, or leave `csr` out and let wCME make the key"}
	switch {
	case len(c.Key) > 0:
		key, problem.Cause = "key", errors.New("`csr` has its own key, whose kind cannot be chosen")
	case c.ReuseKey:
		key, problem.Cause = "reuse_key", errors.New("`csr` has the same key each time, and it is not here")
	case c.MustStaple:
		key, problem.Cause = "must_staple", errors.New("`csr` says itself what it asks for")
	default:
		return "", nil
	}
	return key, problem
}

// Beside is the certificate that this one stands beside; "" where the record is its own.
func (c *Certificate) Beside() acmecore.ID { return c.beside }
