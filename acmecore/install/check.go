package install

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"wcme/acmecore"
)

// Check tells what is wrong with the target as it is configured, without a look at
// the host. The error is of kind Invalid.
func (t Target) Check() error {
	for _, check := range []func() error{t.checkPlace, t.checkNames, t.checkModes, t.checkTemplate} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// CheckHere tells what of this host would keep a certificate from being installed now: the
// directory, the owner, the password. It changes nothing. The error is of the kind that
// Put would have.
func (t Target) CheckHere() error {
	if err := t.Check(); err != nil {
		return err
	}
	if _, err := t.stated(false); err != nil {
		return err
	}
	if t.format() == PKCS12 {
		if _, err := t.password(); err != nil {
			return err
		}
	}
	p, err := openPlace(t.Dir, nil, nil)
	if err == nil {
		err = p.dir.close()
	}
	return t.failed("install in target", err)
}

func (t Target) checkPlace() error {
	if !slices.Contains(Formats(), t.format()) {
		return t.invalid(fmt.Errorf("there is no format %q", acmecore.Inert(string(t.Format))), fmt.Sprintf("the formats are %v", Formats()))
	}
	if !filepath.IsAbs(t.Dir) || strings.ContainsRune(t.Dir, 0) {
		return t.invalid(fmt.Errorf("%q is no absolute path", t.Dir), "give the whole path of a directory as `dir`")
	}
	if t.format() == PKCS12 && t.Password == nil {
		return t.invalid(errors.New("a PKCS #12 file needs a password"), "give a file with it as `password_file`")
	}
	return nil
}

func (t Target) checkNames() error {
	if t.KeyFile != "" && !t.two() {
		return t.invalid(fmt.Errorf("%s is one file", t.format()), "leave `key_file` out, or choose the format split")
	}
	if t.Plain && !t.two() {
		return t.invalid(fmt.Errorf("%s is one file, and no link", t.format()), "leave `links` out")
	}
	// Two names that differ, for the patterns alone: what a certificate makes of them
	// is seen when it is there.
	t.algorithm = wordECDSA
	_, err := t.files("name", []acmecore.Name{"host.name"})
	return err
}

func (t Target) checkModes() error {
	if t.KeyMode != 0 && !t.two() {
		return t.invalid(fmt.Errorf("%s is one file", t.format()), "give its mode as `mode`, and leave `key_mode` out")
	}
	for _, mode := range []fs.FileMode{t.Mode, t.KeyMode} {
		if mode&^fs.ModePerm != 0 {
			return t.invalid(fmt.Errorf("mode %#o is more than permissions", uint32(mode)), "give one like 0640")
		}
	}
	secret := t.Mode
	if t.two() {
		secret = t.KeyMode
	}
	if secret&everybody == 0 || t.format() == Templated {
		return nil // a template may be without a key
	}
	return t.invalid(openKey(secret), hintOpenKey)
}

// everybody is the permissions that a file with a key never gives.
const everybody = 0o007

const hintOpenKey = "give a mode like 0640, and a group that may read the file"

func openKey(mode fs.FileMode) error {
	return fmt.Errorf("mode %#o would open the private key to every user", uint32(mode))
}

func (t Target) checkTemplate() error {
	if t.format() != Templated {
		if t.Template != "" {
			return t.invalid(fmt.Errorf("%s takes no template", t.format()), "choose the format template, or leave the template out")
		}
		return nil
	}
	_, secret, err := sample().render(t.Template, "key")
	if err == nil && secret && t.Mode&everybody != 0 {
		return t.invalid(openKey(t.Mode), hintOpenKey)
	}
	if err != nil {
		return t.invalid(err, hintTemplate)
	}
	return nil
}

// invalid is an error about the configuration.
func (t Target) invalid(cause error, hint string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "install target", Subject: t.Name, Cause: cause, Hint: hint}
}
