package store

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/durable"
	"wcme/acmecore/keys"
)

// A rollover is under way while there is a key in the directory "rollover" beside the
// versions of the account. Either key may be the one that the CA knows then.

// NewAccountKey returns the key that the account at the CA is to have: the one of a
// rollover that is under way, or another one, which is durable before it is returned.
func (r *Root) NewAccountKey(directory string) (crypto.Signer, error) {
	key, found, err := r.Rollover(directory)
	if found || err != nil {
		return key, err
	}
	if err := makeDirectory(r.rollover(directory)); err != nil {
		return nil, fmt.Errorf("make account key: %w", err)
	}
	return createKey(filepath.Join(r.rollover(directory), keyFile), acmecore.EC256)
}

// Rollover returns the key of the rollover that is under way; found is false while there
// is none.
func (r *Root) Rollover(directory string) (key crypto.Signer, found bool, err error) {
	key, err = readKey(filepath.Join(r.rollover(directory), keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return key, err == nil, err
}

// FinishRollover makes the key of the rollover that of the account, by one rename.
func (r *Root) FinishRollover(account acmecore.Account) error {
	key, found, err := r.Rollover(account.Directory)
	if err == nil && !found {
		err = errors.New("no key is there for it")
	}
	if err != nil {
		return fmt.Errorf("keep account key: %w", err)
	}
	if err := r.ReplaceAccount(account, key); err != nil {
		return err
	}
	return r.DropRollover(account.Directory)
}

// DropRollover forgets the key of a rollover that is over.
func (r *Root) DropRollover(directory string) error {
	return durable.Remove(r.rollover(directory))
}

// SetAsideRollover moves the key of a rollover out of the way, whether it can be read or
// not, and keeps it: an account may have it still. aside is where it is then, "" where
// there was none.
func (r *Root) SetAsideRollover(directory string) (aside string, err error) {
	dir := r.rollover(directory)
	if _, err := os.Lstat(filepath.Join(dir, keyFile)); errors.Is(err, fs.ErrNotExist) {
		return "", r.DropRollover(directory)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	return setAside(dir, info, time.Now())
}

func (r *Root) rollover(directory string) string {
	return filepath.Join(string(r.accounts(directory)), "rollover")
}

// ReplaceAccount keeps the account as it is now, with its key, and what the CA wanted of
// it as done. What was there before stays beside it.
func (r *Root) ReplaceAccount(account acmecore.Account, key crypto.Signer) error {
	account.Trouble = acmecore.Failure{}
	record, err := json.MarshalIndent(account, "", "  ")
	if err != nil {
		return err
	}
	keyText, err := keys.Encode(key)
	if err != nil {
		return fmt.Errorf("keep account: %w", err)
	}
	if _, err := r.accounts(account.Directory).add(map[string][]byte{accountFile: record, keyFile: keyText}); err != nil {
		return fmt.Errorf("keep account: %w", err)
	}
	return r.ForgetAccountTrouble(account.Directory)
}

// AccountKey returns the key that the account of that URL last had, also where another
// account is the current one; an error of kind NotFound where it is not kept, or is not
// in force any more.
func (r *Root) AccountKey(directory, url string) (crypto.Signer, error) {
	accounts := r.accounts(directory)
	names, err := accounts.list()
	if err != nil {
		return nil, err
	}
	for i := len(names) - 1; i >= 0; i-- {
		dir := filepath.Join(string(accounts), names[i])
		account, err := readAccount(filepath.Join(dir, accountFile))
		if err != nil || account.URL != url {
			continue // one that is damaged hides no other
		}
		if isOver(account) {
			break
		}
		return readKey(filepath.Join(dir, keyFile))
	}
	return nil, &acmecore.Error{Kind: acmecore.NotFound, Op: "find key of account", Subject: url, Cause: errors.New("it is not kept, or not in force any more")}
}

// isOver tells of an account that is kept for the record alone (RFC 8555 section 7.1.6).
func isOver(account acmecore.Account) bool {
	return account.Status == "deactivated" || account.Status == "revoked"
}

// NoteAccountTrouble remembers what the CA wants of somebody before it does anything for
// the current account.
func (r *Root) NoteAccountTrouble(directory string, trouble acmecore.Failure) error {
	text, err := json.MarshalIndent(trouble, "", "  ")
	if err == nil {
		err = durable.WriteFile(r.accountTrouble(directory), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note trouble of account: %w", err)
	}
	return nil
}

// AccountTrouble returns what was noted last; the zero Failure where nothing is. A note
// that cannot be read is none: the CA says it again.
func (r *Root) AccountTrouble(directory string) (trouble acmecore.Failure) {
	text, err := readRegular(r.accountTrouble(directory), maxRecord)
	if err != nil || json.Unmarshal(text, &trouble) != nil {
		return acmecore.Failure{}
	}
	return trouble
}

// ForgetAccountTrouble removes the note.
func (r *Root) ForgetAccountTrouble(directory string) error {
	return durable.Remove(r.accountTrouble(directory))
}

func (r *Root) accountTrouble(directory string) string {
	return filepath.Join(string(r.accounts(directory)), "trouble.json")
}

// dropKeptRollover forgets a rollover whose key is the current account's, or was never
// made: a run was killed at the one end of it or at the other.
func dropKeptRollover(accounts versions) error {
	dir := filepath.Join(string(accounts), "rollover")
	if _, err := os.Lstat(filepath.Join(dir, keyFile)); errors.Is(err, fs.ErrNotExist) {
		return durable.Remove(dir)
	}
	return dropKept(accounts, dir)
}
