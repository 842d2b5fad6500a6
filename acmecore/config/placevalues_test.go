package config_test

import (
	"fmt"
	"strings"
	"testing"

	"wcme/acmecore/config"
)

func TestPorts(t *testing.T) {
	for text, want := range map[string]config.Port{
		"443": {Number: 443}, "993": {Number: 993}, "1": {Number: 1}, "65535": {Number: 65535},
		"25/smtp": {Number: 25, Protocol: "smtp"}, "587/smtp": {Number: 587, Protocol: "smtp"}, "143/imap": {Number: 143, Protocol: "imap"}, "110/pop3": {Number: 110, Protocol: "pop3"},
	} {
		var got config.Port
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "65536", "-1", "+1", " 443", "443 ", "4e2", "0x1bb", "smtp", "/smtp", "25/", "25/SMTP", "25/ftp", "25/smtp/imap", "٤٤٣", "25\x1b/smtp", strings.Repeat("9", 1000)} {
		if err := new(config.Port).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1 {0 }", "2001:db8::1": "2001:db8::1 {0 }", "[2001:db8::1]": "2001:db8::1 {0 }",
		"127.0.0.1:8443": "127.0.0.1 {8443 }", "[::1]:2525/smtp": "::1 {2525 smtp}", "127.0.0.1:110/pop3": "127.0.0.1 {110 pop3}",
	} {
		var got config.Address
		err := got.UnmarshalText([]byte(text))
		if shown := fmt.Sprintf("%v {%d %s}", got.IP, got.Port.Number, got.Port.Protocol); err != nil || shown != want {
			t.Errorf("%q: got %s, %v; want %s", text, shown, err, want)
		}
	}
	for _, text := range []string{"", "www.example.org", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1/smtp", "192.0.2", "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]", "[2001:db8::1]443",
		"[2001:db8::1]:", "[::1]x:443", "[]", "[]:443", ":443", "fe80::1%eth0", "[fe80::1%\x1b[2J]", "0.0.0.0", "::", "224.0.0.1", "192.0.2.1:443:444", "\x1b[2J"} {
		if err := new(config.Address).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}
