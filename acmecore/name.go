package acmecore

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// MaxNames is how many names one certificate may have: Let's Encrypt's limit
// for its default profile.
const MaxNames = 100

// Name is a host name as a CA wants it: lower case, A-labels, no trailing dot,
// labels of letters, digits and inner hyphens, at most 63 bytes each and 253 in
// all (RFC 1034 section 3.5, RFC 5890 section 2.3.1).
type Name string

// ID names a certificate in files and on pages: its first Name with each
// character but letters, digits and hyphens turned into an underscore, so that
// it is a file name on every file system (ODS-2, the original's).
type ID string

// ParseName normalises one host name: case, trailing dot and white space around
// it, and Unicode labels into A-labels. The error is of kind Invalid and has
// the offending text in it, quoted.
func ParseName(text string) (Name, error) {
	name, err := parseName(text)
	if err != nil {
		return "", &Error{Kind: Invalid, Op: "host name", Subject: quote(text), Cause: err,
			Hint: hintFor(text)}
	}
	return name, nil
}

// UnmarshalText is ParseName, for configurations and requests.
func (n *Name) UnmarshalText(text []byte) (err error) {
	*n, err = ParseName(string(text))
	return err
}

// MarshalText is its reverse.
func (n Name) MarshalText() ([]byte, error) { return []byte(n), nil }

func hintFor(text string) string {
	if strings.HasPrefix(strings.TrimSpace(text), "*.") {
		return "a wildcard is proved by a record in the DNS; name each host instead"
	}
	return "give names like www.example.org, separated by commas"
}

func parseName(text string) (Name, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" {
		return "", errors.New("is empty")
	}
	if strings.HasPrefix(text, "*.") {
		return "", errors.New("needs dns-01")
	}
	text = strings.ToLower(text)
	// Checked before the conversion, which silently drops or maps some characters.
	international := strings.Contains(text, "xn--")
	for _, r := range text {
		switch {
		case r == utf8.RuneError:
			return "", errors.New("is no internationalised name: it is not UTF-8")
		case r >= utf8.RuneSelf:
			international = true
		case !isLDH(byte(r)) && r != '.':
			return "", fmt.Errorf("has the character %q", r)
		}
	}
	if !international {
		return checkLabels(text)
	}
	ascii, err := idna.Lookup.ToASCII(text)
	if err != nil {
		return "", fmt.Errorf("is no internationalised name: %w", err)
	}
	return checkLabels(strings.TrimSuffix(ascii, "."))
}

func checkLabels(ascii string) (Name, error) {
	if len(ascii) > 253 {
		return "", fmt.Errorf("has %d bytes, where 253 are allowed", len(ascii))
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	if allDigits(labels[len(labels)-1]) {
		return "", errors.New("is an address, not a name")
	}
	return Name(ascii), nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("has an empty label")
	case len(label) > 63:
		return fmt.Errorf("has a label of %d bytes, where 63 are allowed", len(label))
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("has the label %q, which begins or ends with a hyphen", label)
	}
	for i := 0; i < len(label); i++ {
		if !isLDH(label[i]) {
			return fmt.Errorf("has the character %q", label[i])
		}
	}
	return nil
}

func isLDH(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-'
}

func allDigits(label string) bool {
	return strings.Trim(label, "0123456789") == ""
}

// ParseNames normalises a list, of which each text may hold several names
// separated by commas. Names keep their order; repeated ones are merged, and
// returned a second time in merged so that the user can be told. No name, or
// more than MaxNames, is an error of kind Invalid.
func ParseNames(texts ...string) (names, merged []Name, err error) {
	seen := make(map[Name]bool)
	for _, text := range strings.Split(strings.Join(texts, ","), ",") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		name, err := ParseName(text)
		if err != nil {
			return nil, nil, err
		}
		if seen[name] {
			merged = append(merged, name)
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, nil, &Error{Kind: Invalid, Op: "host names", Cause: errors.New("none given"),
			Hint: "give at least one, as in: wcme certify www.example.org"}
	}
	if len(names) > MaxNames {
		return nil, nil, &Error{Kind: Invalid, Op: "host names",
			Cause: fmt.Errorf("%d given, where one certificate holds %d", len(names), MaxNames),
			Hint:  "make several certificates"}
	}
	return names, merged, nil
}

// ID returns the name in files: "www.example.org" gives "www_example_org" and
// "*.example.org" gives "wildcard_example_org".
func (n Name) ID() ID {
	text := string(n)
	if rest, found := strings.CutPrefix(text, "*."); found {
		text = "wildcard." + rest
	}
	return ID(strings.ReplaceAll(text, ".", "_"))
}

// ParseID returns text as an ID: 1 to 253 lower-case letters, digits, hyphens
// and underscores, beginning with none of the two. The error is of kind Invalid.
func ParseID(text string) (ID, error) {
	if len(text) == 0 || len(text) > 253 || strings.Trim(text[:1], "-_") == "" {
		return "", invalidID(text)
	}
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isLDH(c) && c != '_' || 'A' <= c && c <= 'Z' {
			return "", invalidID(text)
		}
	}
	return ID(text), nil
}

func invalidID(text string) error {
	return &Error{Kind: Invalid, Op: "certificate name", Subject: quote(text),
		Cause: errors.New("is not one"), Hint: "`wcme list` shows the names"}
}

// quote shows a text from outside within a sentence.
func quote(text string) string {
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	return fmt.Sprintf("%q", text)
}
