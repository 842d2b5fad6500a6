package order_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf16"

	"wcme/acmecore"
)

// malformations are bodies that are not what they should be.
func malformations() map[string]func(good string) string {
	return map[string]func(string) string{
		"empty":         func(string) string { return "" },
		"null":          func(string) string { return "null" },
		"an array":      func(good string) string { return "[" + good + "]" },
		"cut":           func(good string) string { return good[:len(good)/2] },
		"one brace":     func(string) string { return "{" },
		"a text":        func(string) string { return `"hello"` },
		"a number":      func(string) string { return "1e999" },
		"no fields":     func(string) string { return "{}" },
		"wrong types":   wrongTypes,
		"10,000 deep":   func(string) string { return strings.Repeat(`{"a":`, 10001) + "1" + strings.Repeat("}", 10001) },
		"arrays in it":  func(string) string { return strings.Repeat("[", 200000) },
		"UTF-16":        utf16Text,
		"NUL bytes":     func(good string) string { return strings.ReplaceAll(good, `"`, "\"\x00") },
		"an HTML page":  func(string) string { return "<!DOCTYPE html>\n<h1>It works!\x1b[2J</h1>" },
		"Latin-1":       func(string) string { return "{\"status\":\"caf\xe9\"}" },
		"other strings": func(string) string { return `{"status":"\u202e","authorizations":["\u0000"]}` },
	}
}

// wrongTypes turns each value of an object into one of another type.
func wrongTypes(good string) string {
	var object map[string]any
	if err := json.Unmarshal([]byte(good), &object); err != nil {
		panic(err)
	}
	for name, value := range object {
		object[name] = 7
		if _, ok := value.(float64); ok {
			object[name] = "seven"
		}
	}
	text, _ := json.Marshal(object)
	return string(text)
}

func utf16Text(good string) string {
	text := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(good)) {
		text = append(text, byte(unit), byte(unit>>8))
	}
	return string(text)
}

// rewriting serves and changes the text of the answer.
func rewriting(change func(string) string) action {
	return serving(func(answer *httptest.ResponseRecorder) {
		text := change(answer.Body.String())
		answer.Body.Reset()
		answer.Body.WriteString(text)
	})
}

// TestMalformedAnswers end an attempt with an error that reads well, and without
// asking too often.
func TestMalformedAnswers(t *testing.T) {
	for name, change := range malformations() {
		for _, kind := range []class{directory, newOrder, authorization, orderLook} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(kind, always, rewriting(change))
				_, err := s.obtain()
				got := acmecore.KindOf(err)
				if got != acmecore.Unreachable && got != acmecore.Refused {
					t.Errorf("kind is %q", got)
				}
				mustRead(t, err, outcome{kind: got})
				s.mustCount(newOrder, sent(kind != directory, 1))
				if got := s.ca.count(kind); got > 5 {
					t.Errorf("%d requests", got)
				}
				s.ca.heal()
				s.mustObtain()
			})
		}
	}
}

// TestMalformedAnswersThatTellNothing: what these answer is seen elsewhere, so
// that the attempt goes on where the CA has heard.
func TestMalformedAnswersThatTellNothing(t *testing.T) {
	for name, change := range malformations() {
		for _, kind := range []class{challenge, finalize} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(kind, always, rewriting(change))
				s.mustObtain()
				s.mustCount(kind, 1)
				s.mustCount(newOrder, 1)
			})
		}
	}
}

// TestDuplicateKeysAndTrailingGarbage are read as Go reads them: the last one
// counts, and what follows the object does not.
func TestDuplicateKeysAndTrailingGarbage(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"duplicate keys":   func(good string) string { return strings.Replace(good, "{", `{"status":"invalid",`, 1) },
		"trailing garbage": func(good string) string { return good + "}}garbage" },
		"other fields":     func(good string) string { return strings.Replace(good, "{", `{"future":{"a":[1]},`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			for _, kind := range []class{directory, newOrder, authorization, challenge, orderLook, finalize} {
				s.ca.on(kind, always, rewriting(change))
			}
			s.mustObtain()
		})
	}
}

// TestDirectoriesThatAreNone say that the URL is not that of a directory.
func TestDirectoriesThatAreNone(t *testing.T) {
	for name, row := range map[string]struct {
		act   action
		kind  acmecore.Kind
		words string
	}{
		"a web page":         {answering(200, "<html>Hello"), acmecore.Unreachable, "no ACME directory"},
		"not found":          {answering(404, "<html>Not found"), acmecore.Refused, "status 404 Not Found"},
		"forbidden":          {answering(403, ""), acmecore.Refused, "status 403 Forbidden"},
		"without newOrder":   {with("newOrder", nil), acmecore.Unreachable, "newOrder is missing"},
		"without newNonce":   {with("newNonce", nil), acmecore.Unreachable, "newAccount or newNonce is missing"},
		"without newAccount": {with("newAccount", nil), acmecore.Unreachable, "newAccount or newNonce is missing"},
		"of ACME version 1":  {answering(200, `{"new-reg":"https://ca.example/r","new-cert":"https://ca.example/c"}`), acmecore.Unreachable, "newOrder is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(directory, always, row.act)
			s.mustFail(outcome{kind: row.kind, words: []string{"read directory " + s.options.Directory, row.words}, hint: "is this the URL"})
			s.mustCount(directory, 1)
		})
	}
}

// TestDirectoryWithoutMeta: all of it is optional.
func TestDirectoryWithoutMeta(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(directory, always, with("meta", nil))
	s.mustObtain()
}

// TestOrdersThatLackSomething are not taken up: nothing is published for them.
func TestOrdersThatLackSomething(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = "https://ca.example/authorization/1"
	}
	for name, act := range map[string]action{
		"no Location":                      saying("Location:"),
		"a relative Location":              saying("Location: /order/1"),
		"a Location elsewhere":             saying("Location: https://elsewhere.example/order/1"),
		"a Location over http":             saying("Location: http://127.0.0.1/order/1"),
		"no finalize":                      with("finalize", nil),
		"a relative finalize":              with("finalize", "/finalize/1"),
		"no authorizations":                with("authorizations", nil),
		"empty authorizations":             with("authorizations", []string{}),
		"more authorizations than allowed": with("authorizations", many),
		"other names":                      with("identifiers", []any{map[string]string{"type": "dns", "value": "b.example"}}),
		"a name too many":                  with("identifiers", []any{map[string]string{"type": "dns", "value": "a.example"}, map[string]string{"type": "dns", "value": "b.example"}}),
		"no names":                         with("identifiers", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			s.ca.on(newOrder, always, act)
			s.mustFail(outcome{kind: acmecore.Unreachable, words: []string{"the CA's answer is no order"}, hint: "tell the CA"})
			s.mustCount(newOrder, 1)
			if s.journal.url != "" || len(s.challenges.published) > 0 {
				t.Errorf("journal has %q, %d challenges were published", s.journal.url, len(s.challenges.published))
			}
		})
	}
}

// TestOrderSpeltInAnotherCase: the DNS knows no case.
func TestOrderSpeltInAnotherCase(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(newOrder, always, with("identifiers", []any{map[string]string{"type": "dns", "value": "A.Example"}}))
	s.ca.on(authorization, always, with("identifier", map[string]string{"type": "dns", "value": "A.EXAMPLE"}))
	s.mustObtain()
}

// TestExpiryOfTheOrderIsNobodysBusiness: present, past, far away or absent, the
// order goes on as long as the CA says so.
func TestExpiryOfTheOrderIsNobodysBusiness(t *testing.T) {
	for name, expires := range map[string]any{"absent": nil, "past": "2020-01-01T00:00:00Z", "year 9999": "9999-12-31T23:59:59Z"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetting(t)
			for _, kind := range []class{newOrder, orderLook, authorization} {
				s.ca.on(kind, always, with("expires", expires))
			}
			s.mustObtain()
		})
	}
}

// TestValidOrderWithoutCertificate ends it: there is nothing to come for.
func TestValidOrderWithoutCertificate(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(orderLook, always, with("certificate", nil))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{"not where the certificate is"}, hint: "tell the CA"})
	if s.journal.url != "" {
		t.Error("the order is kept")
	}
}

// TestOrderOfAnUnknownState ends it.
func TestOrderOfAnUnknownState(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(orderLook, always, with("status", "sus\x1bpended"))
	s.mustFail(outcome{kind: acmecore.Refused, words: []string{`it is "sus?pended"`}, hint: "new order"})
}

// TestAnswersThatAreNoObject tell nothing of the order: it stays, and the next attempt
// goes on with it.
func TestAnswersThatAreNoObject(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"null": func(string) string { return "null" }, "a list": func(string) string { return "[]" }, "no fields": func(string) string { return "{}" },
		"empty": func(string) string { return "" }, "wrong types": func(string) string { return `{"status":7}` },
		"cut": func(good string) string { return good[:len(good)/3] },
	} {
		for _, kind := range []class{authorization, orderLook, certificate} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetting(t)
				s.ca.on(kind, first(5), rewriting(change))
				s.mustFail(outcome{kind: acmecore.Unreachable, hint: "try again later"})
				s.mustCount(kind, 5)
				if s.journal.url == "" {
					t.Error("the journal has forgotten the order")
				}
				s.mustObtain()
				s.mustCount(newOrder, 1)
			})
		}
	}
}

// TestNoObjectWhereAnOrderIsGoneOnWith: it is not given up for that.
func TestNoObjectWhereAnOrderIsGoneOnWith(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.ca.on(authorization, always, answering(500, ""))
	s.mustFail(outcome{kind: acmecore.Unreachable})
	s.ca.heal()
	s.ca.on(orderLook, first(2), answering(200, "null"))
	s.mustObtain()
	s.mustCount(newOrder, 1)
}

// TestDirectoryIsReadAnew at each attempt: its URLs may be others by then.
func TestDirectoryIsReadAnew(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.mustObtain()
	s.journal.url = "" // which the caller would have closed
	s.ca.on(directory, always, rewriting(func(good string) string {
		for _, kind := range []class{newNonce, newOrder} {
			good = strings.Replace(good, "/"+string(kind)+`"`, "/"+string(kind)+`/2"`, 1)
		}
		return good
	}))
	s.mustObtain()
	s.mustCount(directory, 2)
	for _, kind := range []class{newNonce, newOrder} {
		if got := s.ca.paths("/" + string(kind) + "/2"); got != 1 {
			t.Errorf("the second %s was asked for %d times, want once", kind, got)
		}
	}
}
