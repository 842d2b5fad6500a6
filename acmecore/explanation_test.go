package acmecore_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"wcme/acmecore"
)

// registered are the types of IANA's registry "ACME Error Types", and the one of the
// draft on profiles.
const registered = `accountDoesNotExist alreadyReplaced alreadyRevoked autoRenewalCanceled
	autoRenewalCancellationInvalid autoRenewalExpired autoRenewalRevocationNotSupported badCSR badNonce badPublicKey
	badRevocationReason badSignatureAlgorithm caa compound connection dns externalAccountRequired incorrectResponse
	invalidContact invalidProfile malformed onionCAARequired orderNotReady rateLimited rejectedIdentifier
	serverInternal tls unauthorized unknownDelegation unsupportedContact unsupportedIdentifier userActionRequired`

func TestEveryErrorOfACAIsExplained(t *testing.T) {
	var types []string
	for _, e := range acmecore.Explanations() {
		types = append(types, e.Type)
		for what, text := range map[string]string{"source": e.Source, "means": e.Means, "check": e.Check, "next": e.Next} {
			if text == "" || strings.ContainsAny(text, "\n|") {
				t.Errorf("%s: %s is %q", e.Type, what, text)
			}
		}
		if !strings.HasSuffix(e.Means, ".") || !strings.HasSuffix(e.Next, ".") || strings.HasSuffix(e.Check, ".") {
			t.Errorf("%s: sentences end with a full stop, and hints with none", e.Type)
		}
	}
	if want := strings.Fields(registered); !slices.Equal(types, want) {
		t.Errorf("got  %q\nwant %q", types, want)
	}
}

func TestExplainTakesTheWholeType(t *testing.T) {
	for text, want := range map[string]bool{"caa": true, acmecore.ProblemPrefix + "caa": true, "CAA": false, "": false, "urn:ietf:params:acme:error:": false, "smoke": false} {
		if e, found := acmecore.Explain(text); found != want || found && e.Type != "caa" {
			t.Errorf("%q: got %q, %t", text, e.Type, found)
		}
	}
}

var update = flag.Bool("update", false, "write ERRORS.md")

// TestErrorsAreDocumented: ERRORS.md is made from the same source.
func TestErrorsAreDocumented(t *testing.T) {
	const page = "ERRORS.md"
	if *update {
		if err := os.WriteFile(page, document(acmecore.Explanations()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(written, document(acmecore.Explanations())) {
		t.Errorf("%s is not what the explanations say (%v): go generate ./acmecore", page, err)
	}
}

func document(all []acmecore.Explanation) []byte {
	var text bytes.Buffer
	text.WriteString("# What the errors of CAs mean\n\nGenerated from acmecore/explanation.go; change it there. `wcme explain TYPE` says the same.\n" +
		"The CA's own words stand beside these in the log, in reports and on the certificate's page.\n\n" +
		"| error | means | what to check | what wCME does next | defined in |\n|---|---|---|---|---|\n")
	for _, e := range all {
		check := e.Check
		for _, method := range acmecore.Methods() {
			if e.By[method] != "" {
				check += fmt.Sprintf("; of a name, by %s: %s", method, e.By[method])
			}
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s |\n", e.Type, e.Means, check, e.Next, e.Source)
	}
	return text.Bytes()
}
