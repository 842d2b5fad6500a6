package badca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// set puts a value into an object; nil removes the member.
func set(name string, value any) badca.Action {
	return badca.Edit(func(object map[string]any) {
		if object[name] = value; value == nil {
			delete(object, name)
		}
	})
}

// at is a case of one class.
func at(id string, class badca.Class, w want, action badca.Action) fault {
	return fault{id: id, action: action, at: all(w, class), only: true}
}

// TestLostAnswers is N15: the CA has done what it was asked for, and nobody heard.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	cut := unreachable("the connection was cut")
	runAll(t, []fault{
		{id: "N15 once", action: badca.Lose, count: 1, at: all(cut, lab.ClassDirectory, lab.ClassNewAccount, lab.ClassNewOrder, badca.ClassRevoke)},
		{id: "N15 each", action: badca.Lose, want: cut, at: all(issued, lab.ClassChallenge, lab.ClassFinalize)}, // as the next look shows
	})
}

// TestOrders is N16: what may become of an order.
func TestOrders(t *testing.T) {
	t.Parallel()
	gone := badca.Problem(404, "malformed")
	var faults []fault
	for _, expires := range []any{nil, "2001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
		faults = append(faults, at(fmt.Sprintf("N16 expires %v", expires), lab.ClassNewOrder, issued, set("expires", expires)),
			at(fmt.Sprintf("N16 expires %v", expires), lab.ClassOrder, issued, set("expires", expires)),
			at(fmt.Sprintf("N16 expires %v", expires), lab.ClassAuthz, issued, set("expires", expires)))
	}
	faults = append(faults,
		at("N16 invalid", lab.ClassOrder, refused(`it is "invalid"`), set("status", "invalid")),
		at("N16 gone", lab.ClassOrder, refused(badca.Said), gone),
		at("N16 gone", lab.ClassAuthz, refused(badca.Said), gone),
		at("N16 gone", lab.ClassFinalize, refused(badca.Said), gone),
		at("N16 gone", lab.ClassCertificate, refused(badca.Said), gone),
		at("N16 of no state", lab.ClassOrder, refused(`it is "later"`), set("status", "later")),
		at("N16 invalid from the start", lab.ClassNewOrder, refused(""), set("status", "invalid")),
		at("N16 processing for ever", lab.ClassOrder, want{kind: acmecore.Busy, words: "interrupted"}, set("status", "processing")),
		at("N16 ready for ever", lab.ClassOrder, want{kind: acmecore.Busy, words: "interrupted"}, set("status", "ready")),
		at("N16 pending for ever", lab.ClassAuthz, want{kind: acmecore.Busy, words: "interrupted"}, set("status", "pending")),
		at("N16 without a certificate", lab.ClassOrder, refused("not where the certificate is"), set("certificate", nil)),
		at("N16 without names", lab.ClassNewOrder, unreachable("no order of these names"), set("authorizations", []any{})),
		at("N16 without finalize", lab.ClassNewOrder, unreachable("no order of these names"), set("finalize", nil)),
		at("N16 of another name", lab.ClassNewOrder, unreachable("no order of these names"),
			set("identifiers", []any{map[string]any{"type": "dns", "value": "other.example.test"}})),
		at("N16 of no place", lab.ClassNewOrder, unreachable("no order of these names"), badca.Header("Location", "")),
		at("N16 of another host", lab.ClassNewOrder, unreachable("no order of these names"), badca.Header("Location", "https://other.example.org/order/1")),
		fault{id: "N16 processing for a day", action: slow("86400"), at: all(issued, lab.ClassOrder), count: 3, only: true},
		fault{id: "N16 processing since yesterday", action: slow(time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC1123)), at: all(issued, lab.ClassOrder), count: 3, only: true},
	)
	runAll(t, faults)
}

// slow has an order in the works, and asks for patience.
func slow(retryAfter string) badca.Action {
	return badca.Change(func(a *badca.Answer) {
		for _, status := range []string{"pending", "ready", "valid"} {
			a.Body = []byte(strings.Replace(string(a.Body), fmt.Sprintf("%q: %q", "status", status), `"status": "processing"`, 1))
		}
		a.Header.Set("Retry-After", retryAfter)
	})
}

// challenges edits the challenges of an authorization.
func challenges(change func([]any) []any) badca.Action {
	return badca.Edit(func(object map[string]any) {
		list, _ := object["challenges"].([]any)
		object["challenges"] = change(list)
	})
}

// TestAuthorizations is N17 and N18: how a CA says that it does not believe, and how it
// asks.
func TestAuthorizations(t *testing.T) {
	t.Parallel()
	var faults []fault
	for _, kind := range []string{"connection", "dns", "unauthorized", "tls", "caa", "incorrectResponse", "rejectedIdentifier", "newfangled"} {
		faults = append(faults, at("N17 "+kind, lab.ClassAuthz, refused(string(host)+" was refused: "), disbelief(kind, nil)))
	}
	sub := []any{map[string]any{"type": "urn:ietf:params:acme:error:caa", "detail": "for this one\r\n\x1b[31m", "identifier": map[string]any{"type": "dns", "value": "sub.example.test"}}}
	faults = append(faults, at("N17 with subproblems", lab.ClassAuthz, refused("of sub.example.test"), disbelief("compound", sub)))
	for _, status := range []string{"invalid", "deactivated", "expired", "revoked", "undreamt"} {
		faults = append(faults, at("N17 it is "+status, lab.ClassAuthz, refused(fmt.Sprintf("its authorization is %q", status)), set("status", status)))
	}
	faults = append(faults, at("N18 none", lab.ClassAuthz, refused(""), challenges(func([]any) []any { return nil })),
		at("N18 of unknown types", lab.ClassAuthz, refused(""), challenges(each("type", "http-09"))),
		at("N18 each twice", lab.ClassAuthz, issued, challenges(func(list []any) []any { return append(list, list...) })))
	for what, token := range map[string]any{"missing": nil, "short": "abc", "of a way up": "../../../../etc/passwd", "with a slash": "a%2fAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"of other letters": "ключключключключключ", "of 10 kB": strings.Repeat("a", 10_000), "of a line's end": "aaaaaaaaaaaaaaaaaaaaaa\n"} {
		faults = append(faults, at("N18 token "+what, lab.ClassAuthz, want{kind: acmecore.Refused, words: ""}, challenges(each("token", token))))
	}
	faults = append(faults, at("N18 token a number", lab.ClassAuthz, unreachable("of the wrong kind"), challenges(each("token", 7))))
	runAll(t, faults)
}

// each sets a member of each challenge.
func each(name string, value any) func([]any) []any {
	return func(list []any) []any {
		for _, challenge := range list {
			if object, ok := challenge.(map[string]any); ok {
				object[name] = value
			}
		}
		return list
	}
}

// disbelief makes an authorization invalid, with the problem in its challenge.
func disbelief(kind string, subproblems []any) badca.Action {
	return badca.Edit(func(object map[string]any) {
		object["status"] = "invalid"
		problem := map[string]any{"type": "urn:ietf:params:acme:error:" + kind, "detail": badca.Said, "status": 403}
		if subproblems != nil {
			problem["subproblems"] = subproblems
		}
		list, _ := object["challenges"].([]any)
		each("error", problem)(each("status", "invalid")(list))
	})
}

// TestAccounts is N19 to N21: what a CA may have against the account.
func TestAccounts(t *testing.T) {
	t.Parallel()
	terms := badca.ProblemWith(403, "userActionRequired", map[string]any{"instance": "https://ca.example.org/terms"})
	again := want{orders: 2}
	runAll(t, []fault{
		{id: "N19 other terms", action: terms, only: true,
			at: all(refused("see https://ca.example.org/terms"), lab.ClassNewAccount, lab.ClassNewOrder, lab.ClassChallenge, lab.ClassFinalize)},
		{id: "N20 deactivated", action: badca.Problem(401, "unauthorized"), only: true,
			at: all(refused(badca.Said), lab.ClassNewOrder, lab.ClassAuthz, lab.ClassFinalize, badca.ClassRevoke)},
		{id: "N20 unknown once", action: badca.Problem(400, "accountDoesNotExist"), count: 1, only: true, at: all(again, lab.ClassNewOrder)},
		{id: "N20 unknown", action: badca.Problem(400, "accountDoesNotExist"), only: true,
			at: all(want{kind: acmecore.Refused, words: badca.Said, orders: 2}, lab.ClassNewOrder)},
		{id: "N21 bound elsewhere", action: badca.Problem(403, "externalAccountRequired"), at: all(refused(badca.Said), lab.ClassNewAccount), only: true},
	})
}

// TestDirectories is N22: what a directory may say.
func TestDirectories(t *testing.T) {
	t.Parallel()
	d := lab.ClassDirectory
	runAll(t, []fault{
		at("N22 without meta", d, issued, set("meta", nil)),
		at("N22 meta of another type", d, unreachable("no ACME directory"), set("meta", "none")),
		at("N22 without newOrder", d, unreachable("newOrder is missing"), set("newOrder", nil)),
		at("N22 without newNonce", d, unreachable("newNonce is missing"), set("newNonce", nil)),
		at("N22 without newAccount", d, unreachable("newAccount or newNonce is missing"), set("newAccount", nil)),
		at("N22 newNonce at http", d, unreachable("no https URL"), set("newNonce", "http://127.0.0.1/nonce")),
		at("N22 newOrder at http", d, unreachable("no https URL"), set("newOrder", "http://127.0.0.1/order")),
		at("N22 newOrder at another host", d, unreachable("leads to another host"), set("newOrder", "https://other.example.org/order")),
		at("N22 newOrder in a file", d, unreachable("no https URL"), set("newOrder", "file:///etc/passwd")),
		at("N22 newOrder nowhere", d, unreachable(""), set("newOrder", "https://[::1")),
		at("N22 newOrder where nothing is", d, refused("status 404"), badca.Edit(func(object map[string]any) {
			url, _ := object["newOrder"].(string)
			object["newOrder"] = url + "/moved"
		})),
		at("N22 moved for good", d, refused("status 404"), badca.Reply(404, "")),
	})
}

// TestProblems is N24: each type of problem, at newOrder and at finalize.
func TestProblems(t *testing.T) {
	t.Parallel()
	var faults []fault
	for _, kind := range []string{"badCSR", "badSignatureAlgorithm", "caa", "compound", "connection", "dns", "externalAccountRequired",
		"incorrectResponse", "invalidContact", "invalidProfile", "malformed", "rejectedIdentifier", "tls", "unauthorized", "unsupportedContact", "unsupportedIdentifier", "conflict"} {
		faults = append(faults, fault{id: "N24 " + kind, action: badca.Problem(403, kind), only: true,
			at: all(refused(badca.Said), lab.ClassNewOrder, lab.ClassFinalize)})
	}
	sub := map[string]any{"subproblems": []any{map[string]any{"type": "urn:ietf:params:acme:error:caa", "detail": "no", "identifier": map[string]any{"type": "dns", "value": string(host)}}}}
	faults = append(faults,
		fault{id: "N24 not ready, once", action: badca.Problem(403, "orderNotReady"), count: 1, only: true, at: all(issued, lab.ClassFinalize)},
		at("N24 not ready", lab.ClassFinalize, refused(badca.Said), badca.Problem(403, "orderNotReady")),
		at("N24 names one of the names", lab.ClassNewOrder, refused("of "+string(host)), badca.ProblemWith(403, "compound", sub)),
		at("N24 no type", lab.ClassNewOrder, refused(badca.Said), badca.Reply(403, `{"detail":"`+badca.Said+`"}`, "Content-Type", "application/problem+json")),
	)
	// A key that the CA does not like is replaced by another one, once, and that is
	// another attempt at once.
	// At newOrder it is the account's key that is meant.
	faults = append(faults, at("N24 badPublicKey", lab.ClassNewOrder, refused(badca.Said), badca.Problem(400, "badPublicKey")),
		at("N24 badPublicKey", lab.ClassFinalize, want{kind: acmecore.Refused, words: badca.Said, orders: 2}, badca.Problem(400, "badPublicKey")),
		fault{id: "N24 badPublicKey, once", action: badca.Problem(400, "badPublicKey"), count: 1, only: true, at: all(want{orders: 2}, lab.ClassFinalize)})
	runAll(t, faults)
}
