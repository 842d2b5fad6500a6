package main

import (
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/challenge"
)

// TestProbesAreLeftToThePages, which tell what has arrived; this program does not.
func TestProbesAreLeftToThePages(t *testing.T) {
	root := rootWithChallenge(t)
	probe := acmecore.ProbePrefix + pendingToken
	if err := challenge.Directory(root+"/www").Publish(acmecore.Token(probe), probe+"."+pendingToken); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{probe, strings.ToLower(probe), strings.ToUpper(probe), probe + "." + pendingToken} {
		v := asked(root, "PATH_INFO", "/"+token)
		if text, plain := answer(v); plain {
			t.Errorf("%s: answered %q", token, text)
		}
		if got := pagesAnswer(t, v); !strings.HasPrefix(got, "Status: 200 ") ||
			!strings.Contains(got, "\r\nWcme-Received: {\"path\":\"/.well-known/acme-challenge/"+token+"\",\"host\":\"www.example.org\"") {
			t.Errorf("%s: the pages answer %q", token, got)
		}
	}
	for what, path := range map[string]string{"a probe that is not pending": probe + "x", "a challenge": pendingToken} {
		v := asked(root, "PATH_INFO", "/"+path)
		text, plain := answer(v)
		if !plain || string(text) != pagesAnswer(t, v) || strings.Contains(string(text), "Received:") {
			t.Errorf("%s: plain %v, %q", what, plain, text)
		}
	}
}
