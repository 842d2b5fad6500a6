package acmecore

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// MaxNames is how many names one certificate may have: Let's Encrypt's limit
// for its default profile.
const MaxNames = 100

// Name is what a certificate is for, as a CA wants it: a host name, a wildcard or
// an IP address.
//
// A host name is in lower case, of A-labels, without a trailing dot; its labels have
// letters, digits and inner hyphens, at most 63 bytes each and 253 in all (RFC 1034
// section 3.5, RFC 5890 section 2.3.1). A wildcard is "*." before a host name (RFC
// 8555 section 7.1.3). An address is as RFC 5952 writes it, or RFC 1123 section 2.1
// for IPv4 (RFC 8738 section 3); an IPv4 address within IPv6 is the IPv4 address.
type Name string

// ID names a certificate in files and on pages: its first Name with each
// character but letters, digits and hyphens turned into an underscore, so that
// it is a file name on every file system (ODS-2, the original's).
type ID string

// maxName is how long a name may be, in bytes (RFC 1035 section 2.3.4).
const maxName = 253

// wildcard is what the name of a wildcard begins with.
const wildcard = "*."

// Wildcard tells whether the name is a wildcard.
func (n Name) Wildcard() bool { return strings.HasPrefix(string(n), wildcard) }

// Host returns the host name that a wildcard is proved by, which is the one below
// "*." (RFC 8555 section 7.1.3); of any other name the name itself.
func (n Name) Host() Name { return Name(strings.TrimPrefix(string(n), wildcard)) }

// Address returns the IP address that the name is; the zero Addr, which is not valid,
// where it is none.
func (n Name) Address() netip.Addr {
	address, _ := netip.ParseAddr(string(n))
	return address
}

// ParseName normalises one name: case, trailing dot and white space around it,
// Unicode labels into A-labels, and the many ways to write an address into one,
// brackets removed. The error is of kind Invalid and has the offending text in it,
// quoted.
func ParseName(text string) (Name, error) {
	name, err := parseName(text)
	if err != nil {
		return "", &Error{Kind: Invalid, Op: "host name", Subject: quote(text), Cause: err,
			Hint: "give names like www.example.org, *.example.org or 192.0.2.1, separated by commas"}
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

func parseName(text string) (Name, error) {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	if text == "" {
		return "", errors.New("is empty")
	}
	if name, is, err := parseAddress(text); is {
		return name, err
	}
	text = strings.ToLower(text)
	if below, is := strings.CutPrefix(text, wildcard); is {
		name, err := parseHost(below)
		if err == nil && len(wildcard)+len(name) > maxName {
			err = fmt.Errorf("has %d bytes, where %d are allowed", len(wildcard)+len(name), maxName)
		}
		return wildcard + name, err
	}
	return parseHost(text)
}

// parseAddress reads an address; is tells whether the text can be nothing else.
func parseAddress(text string) (name Name, is bool, err error) {
	inner := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		inner = text[1 : len(text)-1]
	}
	address, err := netip.ParseAddr(inner)
	switch {
	case err != nil && strings.Contains(inner, ":") && strings.Trim(inner, "0123456789abcdefABCDEF:.[]") == "":
		return "", true, errors.New("is no IPv6 address; give no port")
	case err != nil:
		return "", false, nil
	case address.Zone() != "":
		return "", true, errors.New("has a zone, which only this host knows")
	case address.IsUnspecified() || address.IsMulticast():
		return "", true, errors.New("is the address of no host")
	}
	return Name(address.Unmap().String()), true, nil
}

// parseHost reads a host name in lower case.
func parseHost(text string) (Name, error) {
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
	if len(ascii) > maxName {
		return "", fmt.Errorf("has %d bytes, where %d are allowed", len(ascii), maxName)
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	if allDigits(labels[len(labels)-1]) {
		return "", errors.New("ends in a label of digits, as no host name does, and is no IPv4 address")
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
// more than MaxNames, is an error of kind Invalid, and so is a host name beside the
// wildcard that covers it, which CAs refuse.
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
	return names, merged, checkCovered(names)
}

// checkCovered refuses a name that a wildcard of the list covers.
func checkCovered(names []Name) error {
	for _, name := range names {
		_, domain, _ := strings.Cut(string(name), ".")
		if cover := Name(wildcard + domain); !name.Wildcard() && !name.Address().IsValid() && slices.Contains(names, cover) {
			return &Error{Kind: Invalid, Op: "host names", Subject: string(name),
				Cause: fmt.Errorf("%s covers it", cover), Hint: fmt.Sprintf("leave %s out", name)}
		}
	}
	return nil
}

// ID returns the name in files: "www.example.org" gives "www_example_org",
// "*.example.org" gives "wildcard_example_org", "2001:db8::1" gives "2001_db8__1",
// and "::1", because none begins with an underscore, "0__1".
func (n Name) ID() ID {
	text := string(n)
	switch {
	case n.Wildcard():
		text = "wildcard." + string(n.Host())
	case strings.HasPrefix(text, ":"):
		text = "0" + text
	}
	return ID(strings.NewReplacer(".", "_", ":", "_").Replace(text))
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
