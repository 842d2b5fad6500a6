// Package challenge keeps the pending http-01 challenges (RFC 8555 section 8.3)
// in a directory, one plain file a token, so that the script, any static web
// server, or both can answer them.
//
// The overseer calls Publish before it tells the CA that a challenge is ready,
// and Withdraw when the order has ended. The script calls Lookup with whatever
// a visitor asked for. A file holds the key authorization, "TOKEN.THUMBPRINT",
// and nothing else; it appears and disappears whole.
//
// Tokens that are not pending here may be known elsewhere: to other ACME clients
// on this host, or to a server behind it. What the script must know of that the
// overseer publishes in the same directory, as Settings, and Elsewhere goes by it.
package challenge

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// maxAuthorization bounds what is read from a challenge file, in bytes: a token
// of 128, a dot and a thumbprint of 43 fit several times.
const maxAuthorization = 512

// Directory is the directory of pending challenges, ROOT/www in a state directory.
type Directory string

// Publish makes the challenge answerable: when it returns, the file is on disk
// and readable by everybody. Two pending tokens that differ in case only are
// refused, because a front server that lower-cases paths could not tell them apart.
func (d Directory) Publish(token acmecore.Token, authorization string) error {
	if _, err := acmecore.ParseToken(string(token)); err != nil {
		return err
	}
	if twin, err := d.folded(string(token)); err == nil && twin != token {
		return errors.New("publish challenge: the token of another pending challenge differs in case only")
	}
	if err := durable.WriteFile(filepath.Join(string(d), string(token)), []byte(authorization), 0o644); err != nil {
		return fmt.Errorf("publish challenge: %w", err)
	}
	return nil
}

// Withdraw removes a challenge. That there is none is no error.
func (d Directory) Withdraw(token acmecore.Token) error {
	if _, err := acmecore.ParseToken(string(token)); err != nil {
		return err
	}
	if err := durable.Remove(filepath.Join(string(d), string(token))); err != nil {
		return fmt.Errorf("withdraw challenge: %w", err)
	}
	return nil
}

// Sweep removes what a killed run left behind: every pending challenge and
// every unfinished temporary file, whose names begin with a dot. The settings and
// the sign of life stay. Call it only where no order is in flight and nothing is being published.
func (d Directory) Sweep() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("sweep challenges: %w", err)
	}
	for _, entry := range entries {
		_, err := acmecore.ParseToken(entry.Name())
		ours := err == nil || strings.HasPrefix(entry.Name(), ".")
		if !ours || entry.Name() == settingsName || entry.Name() == aliveName || !entry.Type().IsRegular() {
			continue
		}
		if err := durable.Remove(filepath.Join(string(d), entry.Name())); err != nil {
			return fmt.Errorf("sweep challenges: %w", err)
		}
	}
	return nil
}

// ErrUnknown says that no pending challenge answers what was asked.
var ErrUnknown = errors.New("no such challenge")

// Lookup returns the key authorization of the pending challenge that a visitor
// asked for: the exact token first, then the one that differs from it in case
// only, because a WASD front server lower-cases the path. A trailing
// ".THUMBPRINT" is ignored. Anything else is ErrUnknown; an error of another
// kind means that the directory could not be read.
func (d Directory) Lookup(asked string) ([]byte, error) {
	token, err := parseAsked(asked)
	if err != nil {
		return nil, ErrUnknown
	}
	answer, err := d.read(token)
	if !errors.Is(err, fs.ErrNotExist) {
		return answer, err
	}
	if token, err = d.folded(string(token)); err != nil {
		return nil, err
	}
	answer, err = d.read(token)
	if errors.Is(err, fs.ErrNotExist) { // withdrawn in between
		err = ErrUnknown
	}
	return answer, err
}

// folded finds the one pending token that equals asked but for case.
func (d Directory) folded(asked string) (acmecore.Token, error) {
	dir, err := os.Open(string(d))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return "", err
	}
	found := acmecore.Token("")
	for _, name := range names {
		if !strings.EqualFold(name, asked) {
			continue
		}
		if found != "" {
			return "", ErrUnknown // which of the two was meant cannot be known
		}
		found = acmecore.Token(name)
	}
	if found == "" {
		return "", ErrUnknown
	}
	return found, nil
}

// read returns the content of the token's file. A file whose content is not
// the token's key authorization is not one of ours and is not shown to anybody.
// A line end behind it, as other clients' hooks write with echo, is left out.
func (d Directory) read(token acmecore.Token) ([]byte, error) {
	text, err := readRegular(filepath.Join(string(d), string(token)), maxAuthorization+1)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimRight(text, "\r\n")
	if !isAuthorization(string(text), token) {
		return nil, ErrUnknown
	}
	return text, nil
}

func isAuthorization(text string, token acmecore.Token) bool {
	thumbprint, found := strings.CutPrefix(text, string(token)+".")
	if !found || len(text) > maxAuthorization {
		return false
	}
	_, err := acmecore.ParseToken(thumbprint) // the same alphabet (RFC 8555 section 8.1)
	return err == nil
}
