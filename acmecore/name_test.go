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
		{" *.Example.ORG. ", "*.example.org"},
		{"*.bücher.example", "*.xn--bcher-kva.example"},
		{"192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0::1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::1", "::1"},
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
		{"a wildcard alone", "*.", `the character '*'`},
		{"two wildcards", "*.*.example.org", `the character '*'`},
		{"a wildcard inside", "www.*.example.org", `the character '*'`},
		{"half a wildcard", "w*.example.org", `the character '*'`},
		{"a wildcard of an address", "*.192.0.2.1", "label of digits"},
		{"a wildcard of 255 bytes", "*." + strings.Repeat(strings.Repeat("a", 62)+".", 4) + "b", "bytes, where 253"},
		{"a path", "../x", `the character '/'`},
		{"a space inside", "a b.example", `the character ' '`},
		{"a line end", "a\n.example", `the character '\n'`},
		{"NUL", "a\x00.example", `the character '\x00'`},
		{"DEL", "a\x7f.example", `the character '\x7f'`},
		{"a shell's word", "$(id).example", `the character '$'`},
		{"an underscore", "_dmarc.example.org", `the character '_'`},
		{"a port", "example.org:443", `the character ':'`},
		{"an address with a port", "192.0.2.1:443", "give no port"},
		{"an IPv6 address with a port", "[2001:db8::1]:443", "give no port"},
		{"an empty label", "a..example", "empty label"},
		{"a leading dot", ".example.org", "empty label"},
		{"a leading hyphen", "-a.example", "hyphen"},
		{"a trailing hyphen", "a-.example", "hyphen"},
		{"a label of 64 bytes", strings.Repeat("a", 64) + ".example", "64 bytes"},
		{"261 bytes", long + ".org", "261 bytes, where 253"},
		{"half an IPv4 address", "192.0.2", "label of digits"},
		{"an IPv4 address beyond", "192.0.2.256", "label of digits"},
		{"an octal address", "192.0.2.010", "label of digits"},
		{"a prefix", "192.0.2.0/24", `the character '/'`},
		{"a zone", "fe80::1%eth0", "a zone"},
		{"no address in particular", "0.0.0.0", "no host"},
		{"many hosts", "ff02::1", "no host"},
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

func TestParseNamesRefusesWhatAWildcardCovers(t *testing.T) {
	for _, list := range []string{"*.example.org,www.example.org", "www.example.org,*.example.org"} {
		_, _, err := acmecore.ParseNames(list)
		if err == nil || !strings.Contains(err.Error(), "*.example.org covers it") || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v", list, err)
		}
	}
	if _, _, err := acmecore.ParseNames("*.example.org,example.org,a.b.example.org,*.b.example.net,192.0.2.1"); err != nil {
		t.Error(err)
	}
}

func TestMethodsCannotProveEveryName(t *testing.T) {
	for name, want := range map[acmecore.Name]string{
		"www.example.org": "http-01 tls-alpn-01 dns-01",
		"*.example.org":   "dns-01",
		"192.0.2.1":       "http-01 tls-alpn-01",
		"2001:db8::1":     "http-01 tls-alpn-01",
	} {
		var can []string
		for _, method := range acmecore.Methods() {
			if err := method.CanProve(name); err == nil {
				can = append(can, string(method))
			} else if acmecore.KindOf(err) != acmecore.Invalid || acmecore.HintOf(err) == "" {
				t.Errorf("%s by %s: got %v (hint %q)", name, method, err, acmecore.HintOf(err))
			}
		}
		if got := strings.Join(can, " "); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
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
		"192.0.2.1":             "192_0_2_1",
		"2001:db8::1":           "2001_db8__1",
		"::1":                   "0__1",
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
	for _, seed := range []string{"www.example.org", "bücher.example.", "*.x", "xn--a", "a..b", "192.0.2.1", "[::1]", "::ffff:1.2.3.4", "1::%x", "\u200d.example", strings.Repeat("a.", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := acmecore.ParseName(text)
		if err != nil {
			return
		}
		alphabet := "abcdefghijklmnopqrstuvwxyz0123456789.-"
		if name.Address().IsValid() {
			alphabet = "0123456789abcdef.:"
		}
		if len(name) > 253 || strings.Trim(string(name.Host()), alphabet) != "" {
			t.Errorf("ParseName(%q) = %q, which is no name", text, name)
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
