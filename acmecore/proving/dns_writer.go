package proving

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/dns"
	"wcme/acmecore/store"
)

// writerOf returns what writes where the entry says.
func writerOf(root *store.Root, entry config.DNS) (dns.Writer, error) {
	if entry.ACMEDNS.String() != "" {
		return acmeDNS(root, entry)
	}
	key, err := tsigKey(root, entry)
	if err != nil {
		return nil, err
	}
	return &dns.Updater{Server: entry.Server.String(), Key: key}, nil
}

// tsigKey returns the key that updates are signed with; the zero Key where none is.
func tsigKey(root *store.Root, entry config.DNS) (key dns.Key, err error) {
	file := entry.TSIGKeyFile.String()
	switch {
	case file != "":
		text, err := root.Secret(file)
		if err == nil {
			key, err = dns.ParseKey(text)
		}
		if err != nil {
			return dns.Key{}, fmt.Errorf("dns %s: %w", entry.Name, err)
		}
	case entry.TSIGKey.Reveal() != "":
		key.Secret = entry.TSIGKey.Reveal()
	default:
		return dns.Key{}, nil
	}
	if key, err = joinedKey(key, entry); err == nil {
		err = key.Check()
	}
	if err != nil {
		return dns.Key{}, fmt.Errorf("dns %s: %w", entry.Name, err)
	}
	return key, nil
}

// joinedKey takes from the configuration what a file does not say, and refuses what the
// two say differently.
func joinedKey(key dns.Key, entry config.DNS) (dns.Key, error) {
	name, algorithm := entry.TSIGName, entry.TSIGAlgorithm.String()
	if key.Name != "" && name != "" && key.Name != name || key.Algorithm != "" && algorithm != "" && key.Algorithm != algorithm {
		return key, &acmecore.Error{Kind: acmecore.Invalid, Op: "read tsig_key_file", Subject: entry.TSIGKeyFile.String(),
			Cause: errors.New("its `key` statement has another name, or another algorithm, than wcme.toml"), Hint: "leave tsig_name and tsig_algorithm out"}
	}
	if key.Name == "" && name == "" {
		return key, &acmecore.Error{Kind: acmecore.Invalid, Op: "read tsig_key_file", Subject: entry.TSIGKeyFile.String(),
			Cause: errors.New("the name of the key is missing: the file has no `key` statement"), Hint: "set tsig_name"}
	}
	key.Name, key.Algorithm = cmp.Or(key.Name, name), cmp.Or(key.Algorithm, algorithm, dns.Algorithms()[0])
	return key, nil
}

// acmeDNS reads the accounts at an acme-dns. Its TLS certificate may be of those roots
// too that are in etc/cacert.pem.
func acmeDNS(root *store.Root, entry config.DNS) (dns.Writer, error) {
	text, err := root.SecretText(entry.ACMEDNSAccounts.String(), dns.MaxAccounts)
	if err != nil {
		return nil, fmt.Errorf("dns %s: %w", entry.Name, err)
	}
	accounts, err := dns.ParseAccounts([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("dns %s: %w", entry.Name, err)
	}
	roots, err := root.Roots("")
	if err != nil {
		return nil, err
	}
	return &dns.ACMEDNS{URL: entry.ACMEDNS.String(), Accounts: accounts, Client: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{RootCAs: roots}, TLSHandshakeTimeout: 10 * time.Second, DisableKeepAlives: true}}}, nil
}
