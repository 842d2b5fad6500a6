package front_test

import (
	"reflect"
	"strings"
	"testing"

	"wcme/deploy/front"
)

func parse(t *testing.T, text string) []front.Case {
	t.Helper()
	script, err := front.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return script.Cases
}

func TestScriptIsRead(t *testing.T) {
	got := parse(t, `What stands before the first case is for readers.
-- @absent --
# for all
< 404
< X-Kind: absent
= nothing\n
-- first: with all there is --
# a comment
on http
each A one
each A

> POST /$A HTTP/1.1
> Host: x
>> a=
>> b
< 200|206
< X: a: b
< Y?: *
< Z:
~ text
or
@absent
take B b(.)
-- second --
on admin
> GET / HTTP/1.1
< 404
=
`)
	want := []front.Case{
		{
			Name: "first: with all there is", Channel: "http", Each: "A", Values: []string{"one", ""},
			Request: []string{"POST /$A HTTP/1.1", "Host: x"}, Body: []string{"a=", "b"},
			Answers: []front.Answer{
				{Statuses: []int{200, 206}, Headers: []front.Header{
					{Name: "X", Value: "a: b"}, {Name: "Y", Value: "*", Optional: true}, {Name: "Z", Absent: true},
				}, Contains: []string{"text"}},
				{Statuses: []int{404}, Headers: []front.Header{{Name: "X-Kind", Value: "absent"}}, Body: []string{`nothing\n`}},
			},
		},
		{Name: "second", Channel: "admin", Request: []string{"GET / HTTP/1.1"}, Answers: []front.Answer{{Statuses: []int{404}, Body: []string{""}}}},
	}
	if len(got) == 0 || len(got[0].Takes) != 1 || got[0].Takes[0].Variable != "B" || got[0].Takes[0].Pattern.String() != "b(.)" {
		t.Fatalf("got %+v, want a first case that takes B by b(.)", got)
	}
	got[0].Takes = nil // a compiled pattern has no equal
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// request is a case without an answer.
const request = "-- c --\non http\n> GET / HTTP/1.1\n"

func TestBadScripts(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"empty", "", "no case"},
		{"only words", "It is to be written.\n", "no case"},
		{"only a shared answer", "-- @a --\n< 200\n", "no case"},
		{"two cases of a name", request + "< 200\n" + request + "< 200\n", `case "c", line 1: there is another`},
		{"no answer", request, "line 2: there is no answer"},
		{"no status", request + "= text\n", "no status"},
		{"no request", "-- c --\non http\n< 200\n", "no request"},
		{"no channel", "-- c --\n> GET / HTTP/1.1\n< 200\n", "no channel"},
		{"unknown channel", "-- c --\non ftp\n> GET / HTTP/1.1\n< 200\n", `line 1: there is no channel "ftp"`},
		{"unknown word", request + "< 200\nsleep 1\n", `line 4: "sleep" stands after`},
		{"unknown word in the request", "-- c --\nsleep 1\n" + "< 200\n", `line 1: "sleep" is no word`},
		{"a comment without a space", "-- c --\n#on http\n", `"#on" is no word`},
		{"a request after the answer", request + "< 200\n> Host: x\n", `">" stands after`},
		{"status that is none", request + "< 20x\n", "neither a status nor a header"},
		{"status out of range", request + "< 200|99\n", "neither a status nor a header"},
		{"interim status", request + "< 100\n", "neither a status nor a header"},
		{"empty status", request + "<\n", "neither a status nor a header"},
		{"two statuses", request + "< 200\n< 404\n", "a status already"},
		{"two statuses, one shared", "-- @a --\n< 200\n" + request + "< 404\n@a\n", "a status already"},
		{"or before the first answer", request + "or\n< 200\n", "before the first answer"},
		{"or after the last answer", request + "< 200\nor\n", "no answer at the end"},
		{"answer without a status between others", request + "< 200\nor\n= x\nor\n< 404\n", "no status"},
		{"unknown shared answer", request + "@b\n", `no shared answer "@b"`},
		{"shared answer that comes later", request + "@a\n-- @a --\n< 200\n", `no shared answer "@a"`},
		{"shared answer with more in its line", "-- @a --\n< 200\n" + request + "@a b\n", `no shared answer "@a b"`},
		{"request in a shared answer", "-- @a --\n> GET / HTTP/1.1\n< 200\n", "cannot be in a shared answer"},
		{"two shared answers in one", "-- @a --\n< 200\nor\n< 404\n", `without "or"`},
		{"each without a variable", "-- c --\neach a b\n", `line 1: "each" names a variable`},
		{"each with two variables", "-- c --\neach A b\neach B c\n", `line 2: "each" names a variable`},
		{"take without a group", request + "< 200\ntake A b\n", "one group"},
		{"take without a variable", request + "< 200\ntake (.)\n", "one group"},
		{"take of a bad pattern", request + "< 200\ntake A (\n", "missing closing"},
	} {
		_, err := front.Parse([]byte(row.text))
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

func TestOurScriptIsRead(t *testing.T) {
	script, err := front.Load()
	if err != nil {
		t.Fatal(err)
	}
	channels := make(map[string]int)
	for _, c := range script.Cases {
		channels[c.Channel]++
	}
	for _, channel := range []string{"http", "http6", "https", "admin", "clear"} {
		if channels[channel] == 0 {
			t.Errorf("there is no case on channel %q", channel)
		}
	}
}
