package hook_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/hook"
)

// saving is a script of acme.sh's dnsapi that prints what it has saved, as errors of an
// API do, and saves what the API gives for it.
const saving = `dns_x_add() {
  _saveaccountconf_mutable X_TOKEN "given-for-it"
  _saveaccountconf_mutable X_QUOTED "it's-quoted"
  old=$(_readaccountconf_mutable X_OLD)
  _clearaccountconf_mutable X_OLD
  _err "$old {\"apikey\":\"$(_readaccountconf_mutable X_KEY)\"} $(_readaccountconf_mutable X_OTHER | _base64) given-for-it it's-quoted $(cat "$ACCOUNT_CONF_PATH")"
}
`

// script is a hook of a script dns_x.sh that saves settings.
func script(t *testing.T, text string) hook.Hook {
	t.Helper()
	dir := place(t)
	if err := os.WriteFile(filepath.Join(dir, "dns_x.sh"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return hook.Hook{Name: "test", Protocol: hook.ACMESh, Args: []string{filepath.Join(dir, "dns_x.sh")}, Settings: filepath.Join(dir, "settings")}
}

// TestSettingsAreNotShown: those of before, and those that the call has saved.
func TestSettingsAreNotShown(t *testing.T) {
	h := script(t, saving)
	const before = "SAVED_X_OLD='used-up-by-now'\nSAVED_X_KEY='s3cret-of-the-api'\nSAVED_X_OTHER='__ACME_BASE64__START_aW4tYmFzZTY0LWtlcHQ=__ACME_BASE64__END_'\n"
	if err := os.WriteFile(h.Settings, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	runner, steps := telling()
	_, err := runner.Begin(t.Context(), h, challenge(acmecore.DNS01, "example.org"))
	if err == nil {
		t.Fatal("the script did not fail")
	}
	shown := strings.Join(*steps, "\n") + err.Error()
	if !strings.Contains(shown, `… {"apikey":"…"} …= … … SAVED_X_KEY='…'`) {
		t.Errorf("got\n%s", shown)
	}
	for _, secret := range []string{"used-up", "s3cret", "in-base64-kept", "aW4tYmFzZTY0", "given-for-it", "it's-quoted", "aXQncy1xdW90ZWQ"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown in\n%s", secret, shown)
		}
	}
}

// TestSettingsThatCannotBeRead: nothing is called whose secrets are not known.
func TestSettingsThatCannotBeRead(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"a FIFO":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"too long": func(path string) error { return os.WriteFile(path, make([]byte, 1<<20+1), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			h := script(t, "dns_x_add() { : >\"$ACCOUNT_CONF_PATH.called\"; }\n")
			if err := put(h.Settings); err != nil {
				t.Fatal(err)
			}
			begun, err := new(hook.Runner).Begin(t.Context(), h, challenge(acmecore.DNS01, "example.org"))
			if begun || acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), "read settings of hook test") || acmecore.HintOf(err) == "" {
				t.Errorf("got %v, %v", begun, err)
			}
			if _, err := os.Stat(h.Settings + ".called"); err == nil {
				t.Error("the script was called")
			}
		})
	}
}
