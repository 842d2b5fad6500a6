package challenge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"wcme/acmecore"
	"wcme/acmecore/durable"
)

// settingsName is where the settings are. It is no token, so that nobody can ask
// for it, and begins with a dot, so that static servers leave it out of lists.
const settingsName = ".wcme.json"

// settingsVersion is raised when a script of the version before would read the
// settings wrong.
const settingsVersion = 1

// maxSettings bounds the file, in bytes: some hundred relays.
const maxSettings = 64 << 10

// Settings are what of the configuration the script must know: it reads nothing
// below etc, so the overseer puts them into the directory that the script reads
// anyway, and in which nothing is secret.
type Settings struct {
	// Fallback are directories with the challenges of other ACME clients, in the
	// order in which they are looked at.
	Fallback []string `json:"fallback,omitempty"`
	// Relays are the hosts whose challenges another server answers.
	Relays []Relay `json:"relays,omitempty"`
}

// Relay is one such host.
type Relay struct {
	Host acmecore.Name `json:"host"`
	// To is the http or https URL that a token is appended to; it ends with a slash.
	To string `json:"to"`
}

// settingsFile is the form of the file.
type settingsFile struct {
	Version int `json:"version"`
	Settings
}

// PublishSettings makes the settings known to the script, whole and at once. There
// is no file while there is nothing to say, which spares the script the reading.
func (d Directory) PublishSettings(s Settings) error {
	path := d.settingsPath()
	if len(s.Fallback) == 0 && len(s.Relays) == 0 {
		if err := durable.Remove(path); err != nil {
			return fmt.Errorf("withdraw the script's settings: %w", err)
		}
		return nil
	}
	text, err := s.encode()
	if err != nil {
		return err
	}
	if err := durable.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("publish the script's settings: %w", err)
	}
	return nil
}

// HasSettings tells, at the cost of one system call, whether anything is to be
// known of a token that is not pending here.
func (d Directory) HasSettings() bool {
	_, err := os.Lstat(d.settingsPath())
	return !errors.Is(err, fs.ErrNotExist)
}

// Settings reads what was published; nothing at all is the zero Settings. The file
// is ours, and is checked all the same.
func (d Directory) Settings() (Settings, error) {
	text, err := readRegular(d.settingsPath(), maxSettings+1)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, &acmecore.Error{Op: "read the script's settings in", Subject: string(d), Cause: bare(err),
			Hint: "let the web server's user read what is in that directory"}
	}
	s, err := parseSettings(text)
	if err != nil {
		return Settings{}, &acmecore.Error{Kind: acmecore.Invalid, Op: "read the script's settings in", Subject: string(d), Cause: err,
			Hint: "install script and overseer of the same version, and restart the overseer, which writes them anew"}
	}
	return s, nil
}

func (d Directory) settingsPath() string { return filepath.Join(string(d), settingsName) }

// encode is the reverse of parseSettings, and refuses what that would refuse.
func (s Settings) encode() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, &acmecore.Error{Kind: acmecore.Invalid, Op: "publish the script's settings", Cause: err}
	}
	text, err := json.Marshal(settingsFile{settingsVersion, s})
	if err == nil && len(text) > maxSettings {
		err = &acmecore.Error{Kind: acmecore.Invalid, Op: "publish the script's settings",
			Cause: fmt.Errorf("they are longer than %d bytes", maxSettings),
			Hint:  "name fewer [[relay]] hosts and `fallback` directories in wcme.toml"}
	}
	return text, err
}

func parseSettings(text []byte) (Settings, error) {
	if len(text) > maxSettings {
		return Settings{}, fmt.Errorf("they are longer than %d bytes", maxSettings)
	}
	var file settingsFile
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return Settings{}, errors.New(acmecore.Inert(err.Error()))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Settings{}, errors.New("something follows them")
	}
	if file.Version != settingsVersion {
		return Settings{}, fmt.Errorf("they are of version %d, where %d is known", file.Version, settingsVersion)
	}
	return file.Settings, file.check()
}

// check refuses what the configuration would not have let through.
func (s Settings) check() error {
	for _, dir := range s.Fallback {
		if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir || hasControl(dir) {
			return fmt.Errorf("%q is no directory's path", acmecore.Inert(dir))
		}
	}
	for _, relay := range s.Relays {
		if name, err := acmecore.ParseName(string(relay.Host)); err != nil || name != relay.Host || name.Wildcard() {
			return fmt.Errorf("%q is no host name", acmecore.Inert(string(relay.Host)))
		}
		if !isTarget(relay.To) {
			return fmt.Errorf("%q is no URL that a token can be appended to", acmecore.Inert(relay.To))
		}
	}
	return nil
}

// isTarget looks no closer at a URL than a program without package net/url can;
// package relay does.
func isTarget(text string) bool {
	scheme, rest, _ := strings.Cut(text, "://")
	known := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
	return known && len(rest) > 1 && strings.HasSuffix(rest, "/") && !strings.ContainsAny(rest, "?#") && !hasControl(text)
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// target returns the URL that the challenges of a host are relayed to; "" for none.
func (s Settings) target(host string) (acmecore.Name, string) {
	asked := hostName(host)
	for _, relay := range s.Relays {
		if string(relay.Host) == asked {
			return relay.Host, relay.To
		}
	}
	return "", ""
}

// hostName spells a visitor's Host as configurations do: without a port, the brackets
// of an IPv6 address and the root's dot, and in lower case.
func hostName(host string) string {
	if inner, found := strings.CutPrefix(host, "["); found {
		address, _, _ := strings.Cut(inner, "]")
		return strings.ToLower(address)
	}
	name, _, _ := strings.Cut(host, ":")
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
