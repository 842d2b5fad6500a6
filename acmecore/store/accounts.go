package store

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// accountFile is what is known of an account, beside its key.
const accountFile = "account.json"

// Account returns the account at the CA with the given directory URL, and its
// key; an error of kind NotFound when there is none that is in force.
func (r *Root) Account(directory string) (acmecore.Account, crypto.Signer, error) {
	dir, _, err := r.accounts(directory).current()
	if errors.Is(err, fs.ErrNotExist) {
		return acmecore.Account{}, nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "find account at", Subject: directory,
			Cause: errors.New("none is registered"), Hint: "make one: wcme register"}
	}
	if err != nil {
		return acmecore.Account{}, nil, fmt.Errorf("find account: %w", err)
	}
	account, err := readAccount(filepath.Join(dir, accountFile))
	if err != nil {
		return account, nil, err
	}
	if isOver(account) {
		return account, nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "find account at", Subject: directory,
			Cause: fmt.Errorf("the one that there was, %s, is %s", account.URL, account.Status), Hint: "make another one: wcme register"}
	}
	account.Trouble = r.AccountTrouble(directory)
	key, err := readKey(filepath.Join(dir, keyFile))
	return account, key, err
}

// PendingAccountKey returns the key that the next registration at the CA uses.
// It is durable before it is returned, so that a killed registration is
// repeated with the same key and finds the account that it may have made.
func (r *Root) PendingAccountKey(directory string) (crypto.Signer, error) {
	dir := r.pendingAccount(directory)
	path := filepath.Join(dir, "key.pem")
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := errors.Join(makeDirectory(string(r.accounts(directory))), makeDirectory(dir)); err != nil {
		return nil, fmt.Errorf("make account key: %w", err)
	}
	return createKey(path, acmecore.EC256)
}

// KeepAccount makes the account, with the pending key, the current one. Earlier
// accounts stay: a certificate can be revoked by the account that ordered it.
func (r *Root) KeepAccount(account acmecore.Account) error {
	record, err := json.MarshalIndent(account, "", "  ")
	if err != nil {
		return err
	}
	pending := r.pendingAccount(account.Directory)
	key, err := readRegular(filepath.Join(pending, "key.pem"), maxRecord)
	if err != nil {
		return fmt.Errorf("keep account: %w", err)
	}
	files := map[string][]byte{accountFile: record, keyFile: key}
	if _, err := r.accounts(account.Directory).add(files); err != nil {
		return fmt.Errorf("keep account: %w", err)
	}
	return errors.Join(durable.Remove(pending), r.ForgetAccountTrouble(account.Directory))
}

// DropPendingAccount forgets a key whose registration the CA has refused.
func (r *Root) DropPendingAccount(directory string) error {
	if err := durable.Remove(r.pendingAccount(directory)); err != nil {
		return err
	}
	os.Remove(string(r.accounts(directory))) // only where it is empty
	return nil
}

// dropKeptPending forgets the pending key in one directory of accounts when it is
// the current account's: a run was killed between keeping that account and
// forgetting its key, and another account would get the same one.
func dropKeptPending(accounts versions) error {
	return dropKept(accounts, filepath.Join(string(accounts), "pending"))
}

// dropKept removes a directory with a key that is the current account's.
func dropKept(accounts versions, dir string) error {
	current, _, err := accounts.current()
	if err != nil {
		return nil // there is no account yet
	}
	waiting, err := readRegular(filepath.Join(dir, keyFile), maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	kept, keptErr := readRegular(filepath.Join(current, keyFile), maxRecord)
	if err := errors.Join(err, keptErr); err != nil || !bytes.Equal(waiting, kept) {
		return err
	}
	return durable.Remove(dir)
}

func (r *Root) accounts(directory string) versions {
	return versions(r.path("priv", "accounts", directoryName(directory)))
}

func (r *Root) pendingAccount(directory string) string {
	return filepath.Join(string(r.accounts(directory)), "pending")
}

// directoryName makes a file name of a directory URL that people recognise and
// that no other URL has.
func directoryName(directory string) string {
	host := "ca"
	if parsed, err := url.Parse(directory); err == nil && parsed.Hostname() != "" {
		host = parsed.Hostname()
	}
	host = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' {
			return c
		}
		return '_'
	}, strings.ToLower(host))
	if len(host) > 64 {
		host = host[:64]
	}
	sum := sha256.Sum256([]byte(directory))
	return host + "-" + hex.EncodeToString(sum[:6])
}

func readAccount(path string) (account acmecore.Account, err error) {
	text, err := readRegular(path, maxRecord)
	if err != nil {
		return account, fmt.Errorf("read account: %w", err)
	}
	if err := json.Unmarshal(text, &account); err != nil {
		return account, fmt.Errorf("read account %s: %w", path, err)
	}
	return account, nil
}

func readKey(path string) (crypto.Signer, error) {
	text, err := readRegular(path, maxRecord)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := keys.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return key, nil
}

// createKey makes a key that is on disk before anybody uses it.
func createKey(path string, kind acmecore.KeyType) (crypto.Signer, error) {
	key, err := keys.Generate(kind)
	if err != nil {
		return nil, err
	}
	text, err := keys.Encode(key)
	if err != nil {
		return nil, err
	}
	return key, durable.WriteFile(path, text, 0o600)
}
