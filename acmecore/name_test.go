package acmecore_test

import (
	"fmt"
	"strings"
	"testing"

	"wcme/acmecore"
)

func TestParseNameNormalises(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"www.example.org", "www.example.org"},
		{"WWW.Example.ORG", "www.example.org"},
		{"www.example.org.", "www.example.org"},
		{"  www.example.org\t", "www.example.org"},
		{"bücher.example", "xn--bcher-kva.example"},
		{"BÜCHER.example.", "xn--bcher-kva.example"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"例え.テスト", "xn--r8jz45g.xn--zckzah"},
		{"a-b.example", "a-b.example"},
		{"intranet", "intranet"},
		{"1.example", "1.example"},
		{strings.Repeat("a", 63) + ".example", strings.Repeat("a", 63) + ".example"},
	} {
		got, err := acmecore.ParseName(row.text)
		if err != nil || string(got) != row.want {
			t.Errorf("ParseName(%q) = %q, %v; want %q", row.text, got, err, row.want)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	long := strings.Repeat(strings.Repeat("a", 49)+".", 5) + "toolong"
	for _, row := range []struct{ what, text, says string }{
		{"nothing", "", "is empty"},
		{"a dot", ".", "is empty"},
		{"a wildcard", "*.example.org", "needs dns-01"},
		{"a path", "../x", `the character '/'`},
		{"a space inside", "a b.example", `the character ' '`},
		{"a line end", "a\n.example", `the character '\n'`},
		{"NUL", "a\x00.example", `the character '\x00'`},
		{"DEL", "a\x7f.example", `the character '\x7f'`},
		{"a shell's word", "$(id).example", `the character '$'`},
		{"an underscore", "_dmarc.example.org", `the character '_'`},
		{"a port", "example.org:443", `the character ':'`},
		{"an empty label", "a..example", "empty label"},
		{"a leading dot", ".example.org", "empty label"},
		{"a leading hyphen", "-a.example", "hyphen"},
		{"a trailing hyphen", "a-.example", "hyphen"},
		{"a label of 64 bytes", strings.Repeat("a", 64) + ".example", "64 bytes"},
		{"261 bytes", long + ".org", "261 bytes, where 253"},
		{"an IPv4 address", "192.0.2.1", "is an address"},
		{"an IPv6 address", "2001:db8::1", `the character ':'`},
		{"bad punycode", "xn--a.example", "internationalised"},
		{"a bidirectional override", "a\u202eb.example", "internationalised"},
		{"invalid UTF-8", "a\xff.example", "internationalised"},
		{"a soft hyphen alone", "\u00ad.example", ""},
	} {
		name, err := acmecore.ParseName(row.text)
		if err == nil {
			t.Errorf("%s: ParseName(%q) = %q, want an error", row.what, row.text, name)
			continue
		}
		if !strings.Contains(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
			t.Errorf("%s: got %q (%s, hint %q), want %q, invalid, with a hint", row.what, err, acmecore.KindOf(err), acmecore.HintOf(err), row.says)
		}
		if strings.ContainsAny(err.Error(), "\n\x00\x7f") {
			t.Errorf("%s: the error is not inert: %q", row.what, err)
		}
	}
}

func TestParseNamesMergesAndCounts(t *testing.T) {
	names, merged, err := acmecore.ParseNames("a.example,B.example", " a.example. ,", "c.example")
	if got := fmt.Sprint(names, merged, err); got != "[a.example b.example c.example] [a.example] <nil>" {
		t.Errorf("got %s", got)
	}
	for _, none := range [][]string{nil, {""}, {" , "}} {
		if _, _, err := acmecore.ParseNames(none...); acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("ParseNames(%q): got %v, want an error of kind invalid", none, err)
		}
	}
	if names, _, err := acmecore.ParseNames(numbered(100)...); len(names) != 100 || err != nil {
		t.Errorf("100 names: got %d, %v", len(names), err)
	}
	if _, _, err := acmecore.ParseNames(numbered(101)...); err == nil || !strings.Contains(err.Error(), "101") {
		t.Errorf("101 names: got %v, want an error that counts them", err)
	}
}

func numbered(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("h%d.example", i))
	}
	return list
}

func TestIDIsAFileName(t *testing.T) {
	for name, want := range map[acmecore.Name]acmecore.ID{
		"www.example.org":       "www_example_org",
		"*.example.org":         "wildcard_example_org",
		"a-b.example":           "a-b_example",
		"xn--bcher-kva.example": "xn--bcher-kva_example",
	} {
		got := name.ID()
		if got != want {
			t.Errorf("ID of %s: got %s, want %s", name, got, want)
		}
		if _, err := acmecore.ParseID(string(got)); err != nil {
			t.Errorf("ParseID(%q): %v", got, err)
		}
	}
	for _, text := range []string{"", "..", ".", "a/b", "-rf", "_a", "A", "a b", "a\n", strings.Repeat("a", 254), "a.toml", "é"} {
		if id, err := acmecore.ParseID(text); err == nil {
			t.Errorf("ParseID(%q) = %q, want an error", text, id)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"www.example.org", "bücher.example.", "*.x", "xn--a", "a..b", "\u200d.example", strings.Repeat("a.", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := acmecore.ParseName(text)
		if err != nil {
			return
		}
		if len(name) > 253 || strings.Trim(string(name), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
			t.Errorf("ParseName(%q) = %q, which is no host name", text, name)
		}
		again, err := acmecore.ParseName(string(name))
		if err != nil || again != name {
			t.Errorf("ParseName(%q) = %q, %v: not stable", name, again, err)
		}
		if _, err := acmecore.ParseID(string(name.ID())); err != nil {
			t.Errorf("the ID of %q: %v", name, err)
		}
	})
}
