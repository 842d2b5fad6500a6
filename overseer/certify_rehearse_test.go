package main

import (
	"strings"
	"testing"

	"wcme/acmecore"
)

// TestRehearsalSaysWhatWouldBecomeOfTheCertificate on its first line.
func TestRehearsalSaysWhatWouldBecomeOfTheCertificate(t *testing.T) {
	t.Parallel()
	for want, rehearsal := range map[string]acmecore.Rehearsal{
		"www, which would be new":                                             {},
		"www, which would stay as it is":                                      {Exists: true, Kept: true},
		"www, which would be ordered anew":                                    {Exists: true},
		"www, whose record would be changed, while the certificate is kept":   {Exists: true, Kept: true, Changes: true},
		"www, whose record would be changed, and which would be ordered anew": {Exists: true, Changes: true},
	} {
		rehearsal.ID = "www"
		var text strings.Builder
		if err := writeRehearsal(&text, rehearsal); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(text.String(), "\n"); first != "certificate:  "+want {
			t.Errorf("got %q, want %q", first, want)
		}
	}
}
