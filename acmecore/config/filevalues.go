package config

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"wcme/acmecore"
)

// Label is what a target or a load action is called.
type Label struct{ text string }

// UnmarshalText takes 1 to 64 small letters, digits, hyphens and underscores, of
// which the first is none of the latter two.
func (l *Label) UnmarshalText(text []byte) error {
	if !isLabel(string(text)) {
		return refusal("name", string(text), "is not made of small letters, digits, - and _, at most 64")
	}
	l.text = string(text)
	return nil
}

func isLabel(text string) bool {
	if len(text) < 1 || len(text) > 64 || strings.Trim(text[:1], "-_") == "" {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// MarshalText is its reverse.
func (l Label) MarshalText() ([]byte, error) { return []byte(l.text), nil }

// String returns the name.
func (l Label) String() string { return l.text }

// Format is how a target wants certificates.
type Format struct{ text string }

// The formats.
var (
	FormatCombined = Format{"combined"}
	FormatSplit    = Format{"split"}
	FormatHAProxy  = Format{"haproxy"}
	FormatPKCS12   = Format{"pkcs12"}
	FormatDER      = Format{"der"}
	FormatTemplate = Format{"template"}
)

// formats are all of them.
func formats() []string { return []string{"combined", "split", "haproxy", "pkcs12", "der", "template"} }

// UnmarshalText takes one of the formats.
func (f *Format) UnmarshalText(text []byte) error {
	f.text = string(text)
	return oneOf("format", f.text, formats())
}

// MarshalText is its reverse.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.text), nil }

// String returns the word.
func (f Format) String() string { return f.text }

// twoFiles tells whether the key has a file of its own.
func (f Format) twoFiles() bool { return f == FormatSplit || f == FormatDER }

// patterns are the names of its files where the target says none; keyFile is ""
// where it has none.
func (f Format) patterns() (file, keyFile string) {
	switch f {
	case FormatSplit:
		return "fullchain_{name}.pem", "key_{name}.pem"
	case FormatHAProxy:
		return "{host}.pem", ""
	case FormatPKCS12:
		return "{name}.p12", ""
	case FormatDER:
		return "{name}.der", "{name}.key"
	case FormatTemplate:
		return "{name}.pem", ""
	}
	return "fullchain_{name}.pem", ""
}

// Pattern is the name of a file, in which {name} and {host} stand for those of a
// certificate, {NAME} and {HOST} for the same in capitals, and {key} for its kind of key.
type Pattern struct{ text string }

// UnmarshalText takes a name without a directory.
func (p *Pattern) UnmarshalText(text []byte) error {
	name := strings.NewReplacer("{name}", "x", "{host}", "x", "{NAME}", "x", "{HOST}", "x", "{key}", "x").Replace(string(text))
	odd := func(c rune) bool { return c == '/' || c == '\\' || !unicode.IsPrint(c) }
	switch {
	case name == "", len(text) > 200, strings.ContainsFunc(name, odd), strings.TrimSpace(name) != name, !utf8.ValidString(name):
		return refusal("file", string(text), "is no plain name of a file, at most 200 bytes long")
	case strings.Trim(name[:1], ".-") == "":
		return refusal("file", string(text), "begins with a dot or a hyphen")
	case strings.ContainsAny(name, "{}"):
		return refusal("file", string(text), "has a brace; only {name}, {host}, {NAME}, {HOST} and {key} stand for something")
	}
	p.text = string(text)
	return nil
}

// MarshalText is its reverse.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// String returns the pattern; "" for that of the format.
func (p Pattern) String() string { return p.text }

// Owner is the user and the group of a file.
type Owner struct{ User, Group string }

// UnmarshalText takes "user", "user:group" and ":group", each a name or a number;
// nothing for neither.
func (o *Owner) UnmarshalText(text []byte) error {
	user, group, both := strings.Cut(string(text), ":")
	if !isAccount(user) && user != "" || !isAccount(group) && group != "" || both && group == "" {
		return refusal("owner", string(text), "is no user, user:group or :group")
	}
	*o = Owner{user, group}
	return nil
}

// MarshalText is its reverse.
func (o Owner) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// String reads as UnmarshalText takes it.
func (o Owner) String() string {
	if o.Group == "" {
		return o.User
	}
	return o.User + ":" + o.Group
}

// isAccount tells whether a text may be the name, or the number, of a user or a group.
func isAccount(text string) bool {
	return text != "" && len(text) <= 256 && text[0] != '-' && !strings.ContainsFunc(text, func(c rune) bool {
		return c == ':' || c == '/' || c == ',' || unicode.IsSpace(c) || !unicode.IsPrint(c)
	})
}

// Account is the name, or the number, of a user.
type Account struct{ text string }

// UnmarshalText takes one without white space; nothing for none.
func (a *Account) UnmarshalText(text []byte) error {
	if len(text) > 0 && !isAccount(string(text)) {
		return refusal("user", string(text), "is no name of a user")
	}
	a.text = string(text)
	return nil
}

// MarshalText is its reverse.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// String returns the name; "" for none.
func (a Account) String() string { return a.text }

// Mode is the mode of a file, or none at all.
type Mode struct{ bits fs.FileMode }

// The parts of a mode that matter here.
const (
	ownerReads  fs.FileMode = 0o400
	othersWrite fs.FileMode = 0o002
	others      fs.FileMode = 0o007
)

// UnmarshalText takes octal digits, as chmod does: "640" and "0640"; nothing for
// none.
func (m *Mode) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = Mode{}
		return nil
	}
	bits, err := strconv.ParseUint(string(text), 8, 32)
	mode := fs.FileMode(bits)
	switch {
	case err != nil || len(text) < 3 || len(text) > 4 || mode&^fs.ModePerm != 0:
		return refusal("mode", string(text), "is no mode of a file, in octal digits such as 0640")
	case mode&ownerReads == 0:
		return refusal("mode", string(text), "does not let the owner read the file")
	case mode&othersWrite != 0:
		return refusal("mode", string(text), "lets every user write the file")
	}
	m.bits = mode
	return nil
}

// MarshalText is its reverse.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// FileMode returns the mode; 0 for none.
func (m Mode) FileMode() fs.FileMode { return m.bits }

// String reads as UnmarshalText takes it.
func (m Mode) String() string {
	if m.bits == 0 {
		return ""
	}
	return "0" + strconv.FormatUint(uint64(m.bits), 8)
}

// Path is that of a file, relative to the state directory unless it is absolute.
type Path struct{ text string }

// UnmarshalText takes a path that does not lead out of the state directory by "..";
// nothing for none.
func (p *Path) UnmarshalText(text []byte) error {
	path := string(text)
	if path != "" && (strings.ContainsFunc(path, unicode.IsControl) || strings.HasSuffix(path, "/") ||
		slices.Contains(strings.Split(path, "/"), "..")) {
		return refusal("file", path, "is no path of a file")
	}
	p.text = path
	return nil
}

// MarshalText is its reverse.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// String returns the path; "" for none.
func (p Path) String() string { return p.text }

// Program is the absolute path of a program.
type Program struct{ text string }

// UnmarshalText takes a path in its shortest form.
func (p *Program) UnmarshalText(text []byte) error {
	path := string(text)
	if !filepath.IsAbs(path) || strings.HasSuffix(path, "/") || strings.ContainsFunc(path, unicode.IsControl) {
		return refusal("program", path, "is no absolute path")
	}
	p.text = filepath.Clean(path)
	return nil
}

// MarshalText is its reverse.
func (p Program) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// String returns the path.
func (p Program) String() string { return p.text }

// Which points at a certificate, by its ID or by its first host name.
type Which struct{ text string }

// UnmarshalText takes "www_example_org" and "www.example.org".
func (w *Which) UnmarshalText(text []byte) error {
	if name, err := acmecore.ParseName(string(text)); err == nil {
		w.text = string(name)
		return nil
	}
	if _, err := acmecore.ParseID(string(text)); err != nil {
		return refusal("certificate", string(text), "is neither a name as `wcme list` shows it nor a host name")
	}
	w.text = string(text)
	return nil
}

// MarshalText is its reverse.
func (w Which) MarshalText() ([]byte, error) { return []byte(w.text), nil }

// String returns the text.
func (w Which) String() string { return w.text }

// ID returns the certificate's, which is the same for both spellings.
func (w Which) ID() acmecore.ID { return acmecore.Name(w.text).ID() }
