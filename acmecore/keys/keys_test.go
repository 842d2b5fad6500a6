package keys_test

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/keys"
)

func TestKeyOfEachKindSurvivesItsFile(t *testing.T) {
	for _, kind := range acmecore.KeyTypes() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			key, err := keys.Generate(kind)
			if err != nil {
				t.Fatal(err)
			}
			text, err := keys.Encode(key)
			if err != nil {
				t.Fatal(err)
			}
			back, err := keys.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := keys.TypeOf(back.Public()); got != kind {
				t.Errorf("got %s, want %s", got, kind)
			}
		})
	}
}

func TestDecodeKeyShowsNothingOfABadOne(t *testing.T) {
	for _, text := range []string{"", "secret", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n"} {
		_, err := keys.Decode([]byte(text))
		if err == nil || strings.Contains(err.Error(), "c2Vj") || strings.Contains(err.Error(), "secret") {
			t.Errorf("DecodeKey(%q): got %v", text, err)
		}
	}
}
