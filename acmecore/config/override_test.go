package config_test

import (
	"fmt"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/config"
)

func override(c *config.Config, variable, value string) error {
	return c.Override(func(name string) string {
		if name == variable {
			return value
		}
		return ""
	})
}

func TestTheEnvironmentTakesThePlaceOfTheFile(t *testing.T) {
	c := parse(t, target+action+"[report]\nmail = [\"old@example.org\"]\nopcom = [\"user\"]\n")
	environment := map[string]string{
		"WCME_CERT":  " /etc/nginx/certs/ , /srv/mail",
		"WCME_LOAD":  "+, systemctl reload postfix ",
		"WCME_MAIL":  "a@example.org,root",
		"WCME_OPCOM": "LOCAL0, daemon",
	}
	if err := c.Override(func(name string) string { return environment[name] }); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range c.Install {
		got = append(got, fmt.Sprint(target.Name, target.Dir, target.Format, target.Certificates == nil))
	}
	for _, action := range c.Load {
		got = append(got, fmt.Sprint(action.Name, action.Run, action.Timeout, action.Install == nil))
	}
	got = append(got, fmt.Sprint(c.Report.Mail, c.Report.Opcom))
	const want = "cert1/etc/nginx/certscombinedtrue cert2/srv/mailcombinedtrue load1'+'1mtrue load2'systemctl reload postfix'1mtrue " +
		"[a@example.org root][local0 daemon]"
	if strings.ReplaceAll(strings.Join(got, "|"), " ", "") != strings.ReplaceAll(strings.ReplaceAll(want, "true ", "true|"), " ", "") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	effective(t, c)
}

func TestAnEmptyEnvironmentSaysNothing(t *testing.T) {
	c := parse(t, everything)
	before := effective(t, c)
	if err := c.Override(func(string) string { return " " }); err != nil {
		t.Fatal(err)
	}
	if got := effective(t, c); got != before {
		t.Errorf("got\n%s\nwant\n%s", got, before)
	}
}

func TestNoneDisablesOpcom(t *testing.T) {
	c := parse(t, "")
	if err := override(c, "WCME_OPCOM", "NONE"); err != nil || fmt.Sprint(c.Report.Opcom) != "[none]" {
		t.Errorf("got %v, %v", c.Report.Opcom, err)
	}
}

func TestErrorsOfTheEnvironmentNameTheVariable(t *testing.T) {
	for _, row := range []struct{ what, file, variable, value, says string }{
		{"a relative directory", "", "WCME_CERT", "/a,b", `WCME_CERT: directory "b": is no absolute path`},
		{"nothing between commas", "", "WCME_CERT", "/a,,/b", `WCME_CERT: directory "": is no absolute path`},
		{"a comma at the end", "", "WCME_CERT", "/a,", `WCME_CERT: directory ""`},
		{"a directory twice", "", "WCME_CERT", "/a,/a/", "WCME_CERT: target cert2: it writes fullchain_{name}.pem in /a, as target cert1 does"},
		{"a target that an action is for", target + action + "install = [\"a\"]\n", "WCME_CERT", "/a", "WCME_CERT: load action a: it is for targets of wcme.toml"},
		{"an empty command", "", "WCME_LOAD", "+,", `WCME_LOAD: command "": is empty`},
		{"an address that is none", "", "WCME_MAIL", "a@example.org,-root", `WCME_MAIL: mail address "-root"`},
		{"a facility that is none", "", "WCME_OPCOM", "central", `WCME_OPCOM: facility "central": is none of`},
		{"none and another", "", "WCME_OPCOM", "none,daemon", `WCME_OPCOM: "none" stands alone`},
	} {
		err := override(parse(t, row.file), row.variable, row.value)
		if err == nil || !strings.HasPrefix(err.Error(), row.says) || acmecore.KindOf(err) != acmecore.Invalid {
			t.Errorf("%s: got %v, want %s", row.what, err, row.says)
		}
	}
}
