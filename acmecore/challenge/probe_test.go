package challenge_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

func TestProbesAreKnownByTheirPrefixInAnyCase(t *testing.T) {
	random := strings.Repeat("aB3", 14)
	for asked, want := range map[string]bool{
		"wcme-probe-" + random:                    true,
		strings.ToLower("wcme-probe-" + random):   true,
		strings.ToUpper("wcme-probe-" + random):   true,
		"wcme-probe-" + random + "." + thumbprint: true,
		"wcme-probe-":           false,
		"wcme-prob":             false,
		"":                      false,
		string(token):           false,
		"xwcme-probe-" + random: false,
		"wcme_probe_" + random:  false,
	} {
		if got := acmecore.IsProbe(asked); got != want {
			t.Errorf("%q: got %v, want %v", asked, got, want)
		}
	}
}

// TestReceivedHeaderIsPrintableASCII, whatever a visitor has sent (RFC 8259 section 7).
func TestReceivedHeaderIsPrintableASCII(t *testing.T) {
	for _, row := range []struct {
		what string
		r    acmecore.Received
		want string
	}{
		{"usual", acmecore.Received{Path: "/x", Host: "www.example.org:80", Protocol: "HTTP/1.1", Address: "2001:db8::1"},
			`{"path":"/x","host":"www.example.org:80","protocol":"HTTP/1.1","address":"2001:db8::1"}`},
		{"empty", acmecore.Received{}, `{"path":"","host":"","protocol":"","address":""}`},
		{"quotes, line ends, DEL", acmecore.Received{Path: "\"\\\r\n\x7f"}, `{"path":"\u0022\u005c\u000d\u000a\u007f","host":"","protocol":"","address":""}`},
		{"beyond ASCII", acmecore.Received{Path: "é\U0001f600"}, `{"path":"\u00e9\ud83d\ude00","host":"","protocol":"","address":""}`},
		{"long", acmecore.Received{Path: strings.Repeat("a", 5000)}, `{"path":"` + strings.Repeat("a", 300) + `","host":"","protocol":"","address":""}`},
		{"long once it is quoted", acmecore.Received{Path: strings.Repeat("\x01", 300), Host: strings.Repeat("\x01", 300)}, `{}`},
	} {
		got := challenge.ReceivedHeader(row.r)
		if got.Name != "Wcme-Received" || got.Value != row.want {
			t.Errorf("%s: got %s: %s, want %s", row.what, got.Name, got.Value, row.want)
		}
	}
}
