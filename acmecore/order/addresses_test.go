package order

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressesInWordsOfTheCA(t *testing.T) {
	long := "https://sfe.example.org/unpause?jwt=" + strings.Repeat("a", 1500)
	for text, want := range map[string][]string{
		"please visit: https://sfe.example.org/unpause?jwt=a.b-c_d.e":         {"https://sfe.example.org/unpause?jwt=a.b-c_d.e"},
		"see \"https://example.org/a\", and (https://example.org/b).":         {"https://example.org/a", "https://example.org/b"},
		"it is " + long + " or http://example.org/x":                          {long},
		"https://user:password@example.org/ https:// https://exa\x1bmple.org": nil,
		strings.Repeat("https://example.org/a ", 3):                           {"https://example.org/a"},
		"https://example.org/" + strings.Repeat("a", 5000):                    nil,
		"": nil,
	} {
		if got := addressesIn(text); !slices.Equal(got, want) {
			t.Errorf("%.60q: got %q, want %q", text, got, want)
		}
	}
}
