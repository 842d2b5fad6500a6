package config

import (
	"errors"
	"slices"

	"wcme/acmecore"
)

// checkReport finds what no single key of [report] shows.
func (c *Config) checkReport(in document) error {
	if key, err := c.Report.check(); err != nil {
		return invalid(in.at("report", key), err)
	}
	return nil
}

// check returns an error and the key that it is about.
func (r *Report) check() (key string, err error) {
	server, user, password := r.Server.String() != "", r.User.String() != "", r.PasswordFile.String() != ""
	switch {
	case len(r.On) == 0:
		return "on", errors.New("the list is empty; to hear of nothing, name no mail address and no webhook, and opcom = [\"none\"]")
	case len(r.Opcom) > 1 && slices.Contains(r.Opcom, Facility{noFacility}):
		return "opcom", errors.New(`"none" stands alone`)
	case user && !password:
		return "user", errors.New("it goes together with password_file, which is missing")
	case password && !user:
		return "password_file", errors.New("it goes together with user, which is missing")
	case password && !server:
		return "password_file", errors.New("it goes together with server, which is missing")
	case password && r.TLS == EncryptionNone && !r.Server.isLoopback():
		return "tls", &acmecore.Error{Kind: acmecore.Invalid, Op: "tls", Subject: `"none"`,
			Cause: errors.New("the password would cross the network in the clear"),
			Hint:  `use "starttls", or "tls" at port 465; without a password "none" is fine`}
	}
	return "", nil
}
