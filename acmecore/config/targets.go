package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
)

// checkTargets finds a target that lacks something or has too much, and two that
// are in each other's way.
func (c *Config) checkTargets(in document) error {
	for i := range c.Install {
		if key, err := c.Install[i].check(); err != nil {
			return invalid(in.atEntry("install", i, key), err)
		}
		for j := range i {
			if key, err := c.Install[i].beside(&c.Install[j]); err != nil {
				return invalid(in.atEntry("install", i, key), err)
			}
		}
	}
	return nil
}

// check returns an error and the key that it is about.
func (t *Install) check() (key string, err error) {
	file, keyFile := t.Files()
	switch {
	case t.Name.String() == "":
		return "name", errors.New("a target needs its name")
	case t.Dir.String() == "":
		return "dir", fmt.Errorf("target %s needs its dir", t.Name)
	case file == keyFile:
		return "key_file", fmt.Errorf("the key has the same file as the certificate, %s", file)
	}
	if key, err := t.checkFormat(); err != nil {
		return key, err
	}
	return t.checkModes()
}

// checkFormat finds a key that goes with another format, and one that goes with
// this and is missing.
func (t *Install) checkFormat() (key string, err error) {
	two := []Format{FormatSplit, FormatDER}
	for _, row := range []struct {
		key    string
		said   bool
		with   []Format // that it goes with
		needed bool     // by these
	}{
		{"key_file", t.KeyFile.String() != "", two, false},
		{"key_mode", t.KeyMode.FileMode() != 0, two, false},
		{"links", t.Links != nil, two, false},
		{"password_file", t.PasswordFile.String() != "", []Format{FormatPKCS12}, true},
		{"template", t.Template.String() != "", []Format{FormatTemplate}, true},
	} {
		fits := slices.Contains(row.with, t.Format)
		if row.said && !fits {
			return row.key, fmt.Errorf("%s goes with format = %s, and here it is %q", row.key, quoted(row.with), t.Format)
		}
		if fits && row.needed && !row.said {
			return "format", fmt.Errorf("it goes together with %s, which is missing", row.key)
		}
	}
	return "", nil
}

// quoted reads `"split" or "der"`.
func quoted(formats []Format) string {
	texts := Texts(formats)
	for i, text := range texts {
		texts[i] = fmt.Sprintf("%q", text)
	}
	return strings.Join(texts, " or ")
}

// checkModes finds a file that would show a key to every user. Whether one made
// from a template holds the key is seen where that is read.
func (t *Install) checkModes() (key string, err error) {
	key, mode := "mode", t.Mode
	if t.Format.twoFiles() {
		key, mode = "key_mode", t.KeyMode
	}
	if mode.FileMode()&others == 0 || t.Format == FormatTemplate {
		return "", nil
	}
	return key, &acmecore.Error{Kind: acmecore.Invalid, Op: "mode", Subject: fmt.Sprintf("%q", mode),
		Cause: errors.New("would open the private key to every user"),
		Hint:  `give the files to a group that may read them: owner = "root:ssl-cert" with mode "0640"`}
}

// beside finds what two targets must not have in common, and the key that it is
// about.
func (t *Install) beside(other *Install) (key string, err error) {
	if t.Name == other.Name {
		return "name", fmt.Errorf("there is a target %s already", t.Name)
	}
	if t.Dir != other.Dir {
		return "", nil
	}
	file, keyFile := t.Files()
	theirFile, theirKeyFile := other.Files()
	for _, mine := range []struct{ key, pattern string }{{"file", file}, {"key_file", keyFile}} {
		same := mine.pattern != "" && (mine.pattern == theirFile || mine.pattern == theirKeyFile)
		if same && (t.sharesCertificate(other) || !strings.Contains(mine.pattern, "{")) {
			return mine.key, t.collides(other, mine.pattern)
		}
	}
	return "", nil
}

func (t *Install) collides(other *Install, pattern string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "target", Subject: t.Name.String(),
		Cause: fmt.Errorf("it writes %s in %s, as target %s does", pattern, t.Dir, other.Name),
		Hint:  "give one of them another dir or file, or keep their certificates apart"}
}

// sharesCertificate tells whether there may be a certificate that both take.
func (t *Install) sharesCertificate(other *Install) bool {
	if t.Certificates == nil || other.Certificates == nil {
		return true
	}
	return slices.ContainsFunc(t.Certificates, func(w Which) bool { return other.takes(w.ID()) })
}
