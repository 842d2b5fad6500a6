package config_test

import (
	"strings"
	"testing"

	"wcme/acmecore/config"
)

func TestChallengesAreAskedForUnlessThatIsSwitchedOff(t *testing.T) {
	for text, want := range map[string]bool{"": true, "[verify]\n": true, "[verify]\nchallenge = true\n": true, "verify.challenge = false\n": false} {
		if got := parse(t, text).Verify.AsksForChallenges(); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	if _, err := config.Parse("wcme.toml", []byte("verify.challenge = \"no\"\n")); err == nil || !strings.Contains(err.Error(), "wcme.toml:1:") {
		t.Errorf("a text: got %v", err)
	}
	effective, err := parse(t, "verify.challenge = false\n").Effective()
	if err != nil || !strings.Contains(string(effective), "\nchallenge = false\n") {
		t.Errorf("in force: %s, %v", effective, err)
	}
}
