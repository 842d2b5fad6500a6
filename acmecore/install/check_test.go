package install_test

import (
	"errors"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/install"
)

func TestCheckRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		what   string
		target install.Target
		want   string
	}{
		{"relative directory", install.Target{Dir: "etc"}, "absolute"},
		{"no directory", install.Target{Dir: ""}, "absolute"},
		{"NUL in the directory", install.Target{Dir: "/etc\x00"}, "absolute"},
		{"unknown format", install.Target{Format: "jks"}, "jks"},
		{"S12 parent", install.Target{File: ".."}, "begins with"},
		{"S12 path", install.Target{File: "../../etc/cron.d/{name}"}, "begins with"},
		{"S12 slash", install.Target{File: "a/b"}, "'/'"},
		{"S12 option", install.Target{File: "-rf"}, "begins with '-'"},
		{"S12 newline", install.Target{File: "a\nb"}, `'\n'`},
		{"S12 NUL", install.Target{File: "a\x00b"}, `'\x00'`},
		{"S12 bidirectional override", install.Target{File: "a\u202eb"}, `'\u202e'`},
		{"S12 no UTF-8", install.Target{File: "a\xff"}, "UTF-8"},
		{"S12 space at the end", install.Target{File: "a "}, "white space"},
		{"S12 255 bytes", install.Target{File: strings.Repeat("a", 255)}, "255 bytes"},
		{"hidden", install.Target{File: ".wcme"}, "begins with"},
		{"unknown placeholder", install.Target{File: "{nmae}.pem"}, "{nmae}"},
		{"open placeholder", install.Target{File: "{name"}, "{name"},
		{"one name for two files", install.Target{Format: install.Split, File: "x.pem", KeyFile: "x.pem"}, "both be"},
		{"a key's file in one file", install.Target{KeyFile: "x.pem"}, "one file"},
		{"a key's mode in one file", install.Target{KeyMode: 0o600}, "one file"},
		{"links of one file", install.Target{Plain: true}, "one file"},
		{"I9 combined for everybody", install.Target{Mode: 0o644}, "every user"},
		{"I9 a key for everybody", install.Target{Format: install.Split, KeyMode: 0o604}, "every user"},
		{"I9 PKCS #12 for everybody", install.Target{Format: install.PKCS12, Password: password("x"), Mode: 0o644}, "every user"},
		{"I9 a template with the key for everybody", install.Target{Format: install.Templated, Template: "{{.Key}}", Mode: 0o644}, "every user"},
		{"setuid", install.Target{Mode: 0o4600}, "more than permissions"},
		{"no password", install.Target{Format: install.PKCS12}, "password"},
		{"no template", install.Target{Format: install.Templated}, "empty"},
		{"a template for another format", install.Target{Template: "x"}, "takes no template"},
		{"a template that does not parse", install.Target{Format: install.Templated, Template: "{{.Name"}, "template"},
		{"a template with an unknown field", install.Target{Format: install.Templated, Template: "{{.Kye}}"}, "Kye"},
		{"a template without end", install.Target{Format: install.Templated, Template: `{{range 1000000000}}{{.}}{{end}}`}, "1048576 bytes"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			if row.target.Dir == "" && row.what != "no directory" {
				row.target.Dir = "/etc"
			}
			fails(t, row.target.Check(), acmecore.Invalid, row.want)
		})
	}
}

func TestCheckAcceptsWhatCanBe(t *testing.T) {
	t.Parallel()
	for _, target := range append(formats(), qmail, pmdf,
		install.Target{Mode: 0o640}, install.Target{File: "server.pem"}, install.Target{File: "{HOST} (combined).pem"},
		install.Target{Format: install.Templated, Template: "{{.FullChain}}", Mode: 0o644}) {
		target.Dir = "/etc"
		if err := target.Check(); err != nil {
			t.Errorf("%+v: %v", target.Name, err)
		}
	}
}

func TestPutRefusesNamesThatAreNoFiles(t *testing.T) {
	t.Parallel()
	long := acmecore.ID(strings.Repeat("a", 250))
	for _, pair := range []install.Pair{{ID: "../x"}, {ID: ""}, {ID: "A"}, {ID: long}, {ID: id}, {ID: id, Names: []acmecore.Name{"../../x"}}} {
		pair.Key, pair.FullChain = pairs()[0].Key, pairs()[0].FullChain
		target := install.Target{Dir: t.TempDir(), File: "{name}{host}"}
		_, err := target.Put(pair)
		fails(t, err, acmecore.Invalid)
		if left := list(target.Dir); len(left) > 0 {
			t.Errorf("%q: wrote %v", pair.ID, left)
		}
	}
}

func TestAWildcardIsNoPatternInAFileName(t *testing.T) {
	t.Parallel()
	target := install.Target{Dir: t.TempDir(), Format: install.HAProxy}
	pair := pairs()[0]
	pair.ID, pair.Names = "wildcard_example_test", []acmecore.Name{"*.example.test"}
	put(t, target, pair)
	if got := list(target.Dir); len(got) != 1 || got[0] != "wildcard.example.test.pem" {
		t.Errorf("got %v", got)
	}
}

func TestPasswordMustBeThere(t *testing.T) {
	t.Parallel()
	for _, ask := range []func() (string, error){password(""), password("\U0001F511"), func() (string, error) { return "", errors.New("no such file") }} {
		target := install.Target{Dir: t.TempDir(), Format: install.PKCS12, Password: ask}
		_, err := target.Put(pairs()[0])
		fails(t, err, acmecore.Invalid, "password")
		if left := list(target.Dir); len(left) > 0 {
			t.Errorf("wrote %v", left)
		}
	}
}

func TestClashesNamesBoth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := acmecore.ID("a_example"), acmecore.ID("b_example")
	one := install.Target{Name: "one", Dir: dir}
	constant := install.Target{Name: "constant", Dir: dir + "/.", File: "server.pem"}
	split := install.Target{Name: "split", Dir: dir, Format: install.Split, File: "{name}.crt", KeyFile: "server.pem"}
	elsewhere := install.Target{Name: "elsewhere", Dir: dir + "/elsewhere", File: "server.pem"}
	for _, row := range []struct {
		what string
		uses []install.Use
		want []string // in the error; none when there is none
	}{
		{"a pattern", []install.Use{{Target: one, ID: a}, {Target: one, ID: b}}, nil},
		{"a constant for one certificate", []install.Use{{Target: constant, ID: a}, {Target: one, ID: a}}, nil},
		{"a constant in two directories", []install.Use{{Target: constant, ID: a}, {Target: elsewhere, ID: b}}, nil},
		{"a constant for two certificates", []install.Use{{Target: constant, ID: a}, {Target: constant, ID: b}}, []string{"a_example", "b_example", "server.pem"}},
		{"a key's file", []install.Use{{Target: constant, ID: a}, {Target: split, ID: b}}, []string{"a_example", "b_example", "server.pem"}},
		{"two targets", []install.Use{{Target: constant, ID: a}, {Target: split, ID: a}}, []string{"constant", "split", "a_example"}},
		{"no name for the pattern", []install.Use{{Target: install.Target{Dir: dir, File: "{host}"}, ID: a}}, []string{"{host}"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			if err := install.Clashes(row.uses); len(row.want) > 0 {
				fails(t, err, acmecore.Invalid, row.want...)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
