package dns_test

import (
	"fmt"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"wcme/acmecore"
	"wcme/acmecore/dns"
)

const secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="

// primary is a server that takes updates, and a place in its zone.
func primary(t *testing.T, secrets map[string]string) (*host, dns.Place) {
	t.Helper()
	hosts, _ := signedWorld(t, secrets, "127.0.0.1")
	hosts[0].has("example.test.")
	return hosts[0], dns.Place{Name: "www.example.test", Record: record, Zone: "example.test"}
}

func updater(h *host, key dns.Key) *dns.Updater {
	u := &dns.Updater{Server: h.address, Key: key}
	u.Wait(ample)
	return u
}

// TestUpdates: what is sent, as RFC 2136 sections 2.5.1 and 2.5.4 have it.
func TestUpdates(t *testing.T) {
	t.Parallel()
	for _, algorithm := range append(dns.Algorithms(), "") {
		t.Run("algorithm "+algorithm, func(t *testing.T) {
			t.Parallel()
			key, secrets := dns.Key{}, map[string]string(nil)
			if algorithm != "" {
				key, secrets = dns.Key{Name: "Wcme.example.test", Algorithm: algorithm, Secret: secret}, map[string]string{"wcme.example.test.": secret}
			}
			h, place := primary(t, secrets)
			u := updater(h, key)
			if err := u.Ready(t.Context(), place); err != nil {
				t.Fatal(err)
			}
			if err := u.Add(t.Context(), place, "v"); err != nil {
				t.Fatal(err)
			}
			if err := u.Remove(t.Context(), place, "v"); err != nil {
				t.Fatal(err)
			}
			want := []string{
				record + ".\t0\tNONE\tTXT\t\"wcme-absent\"",
				record + ".\t60\tIN\tTXT\t\"v\"",
				record + ".\t0\tNONE\tTXT\t\"v\"",
			}
			updates := h.sent()
			for i, update := range updates {
				if got := update.Ns[0].String(); len(update.Ns) != 1 || got != want[i] || update.Question[0].Name != "example.test." {
					t.Errorf("got %q, want %q", got, want[i])
				}
				if signed := update.IsTsig() != nil; signed != (algorithm != "") {
					t.Errorf("signed: %v", signed)
				}
			}
			if len(updates) != len(want) {
				t.Errorf("got %d updates, want %d", len(updates), len(want))
			}
		})
	}
}

// refusedBy puts a TSIG error into an answer.
func refusedBy(code uint16, other string) func(string, *mdns.Msg) {
	return func(_ string, answer *mdns.Msg) {
		if answer.Opcode != mdns.OpcodeUpdate {
			return
		}
		answer.Rcode = mdns.RcodeNotAuth
		answer.Extra = []mdns.RR{&mdns.TSIG{Hdr: mdns.RR_Header{Name: "wcme.example.test.", Rrtype: mdns.TypeTSIG, Class: mdns.ClassANY},
			Algorithm: mdns.HmacSHA256, TimeSigned: 1, Fudge: 300, OrigId: answer.Id, Error: code, OtherLen: uint16(len(other) / 2), OtherData: other}}
	}
}

func TestUpdatesThatAreRefused(t *testing.T) {
	t.Parallel()
	answering := func(code int) func(*host) { return func(h *host) { h.codes["update"] = code } }
	spoiling := func(how func(string, *mdns.Msg)) func(*host) { return func(h *host) { h.spoil = how } }
	for _, row := range []struct {
		what       string
		spoil      func(*host)
		kind       acmecore.Kind
		says, hint string
	}{
		{"not allowed", answering(mdns.RcodeRefused), acmecore.Invalid, `TXT records of ` + record + ` with the TSIG key "wcme.example.test" (REFUSED)`, "grant wcme.example.test name " + record + " TXT"},
		{"not its zone", answering(mdns.RcodeNotAuth), acmecore.Invalid, "does not have the zone example.test for updates (NOTAUTH)", "primary"},
		{"not in its zone", answering(mdns.RcodeNotZone), acmecore.Invalid, "(NOTZONE)", "primary"},
		{"no updates at all", answering(mdns.RcodeNotImplemented), acmecore.Invalid, "takes no updates (NOTIMP)", "server"},
		{"a failure", answering(mdns.RcodeServerFailure), acmecore.Unreachable, "answers SERVFAIL", "log"},
		{"an unknown key", spoiling(refusedBy(mdns.RcodeBadKey, "")), acmecore.Invalid, `TSIG key "wcme.example.test": it does not know the TSIG key (BADKEY)`, "tsig_name"},
		{"another secret", spoiling(refusedBy(mdns.RcodeBadSig, "")), acmecore.Invalid, "another secret", "tsig_name"},
		{"another time", spoiling(refusedBy(mdns.RcodeBadTime, "000000000e11")), acmecore.Invalid, "its clock is 1h0m0s off ours, where 5m0s are allowed (BADTIME)", "clocks"},
		{"a time of two bytes", spoiling(refusedBy(mdns.RcodeBadTime, "0e11")), acmecore.Invalid, "BADTIME", "clocks"},
		{"an unsigned answer", spoiling(func(_ string, answer *mdns.Msg) { answer.Extra = nil }), acmecore.Unreachable, "not signed", "firewall"},
		{"silence", func(h *host) { h.deaf = true }, acmecore.Unreachable, "no answer within 200ms", "firewall"},
		{"no such zone", func(h *host) { h.zones = []string{"other.test."} }, acmecore.Invalid, "does not have the zone example.test", "delegated"},
		{"a zone that the world does not know", func(h *host) { h.zones = append(h.zones, "www.example.test.") }, acmecore.Invalid,
			"it has the zone www.example.test, which is not delegated", "delegate"},
		{"only the zone above", func(h *host) { h.zones = []string{"test."} }, acmecore.Invalid, "it has the zone test, where", "primary"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			h, place := primary(t, map[string]string{"wcme.example.test.": secret})
			h.change(func() { row.spoil(h) })
			u := updater(h, dns.Key{Name: "wcme.example.test", Algorithm: "hmac-sha256", Secret: secret})
			if row.what == "silence" {
				u.Wait(short)
			}
			err := u.Ready(t.Context(), place)
			if acmecore.KindOf(err) != row.kind || !strings.Contains(err.Error(), row.says) || !strings.Contains(acmecore.HintOf(err), row.hint) {
				t.Errorf("got %v (%v, %q), want %v with %q, and %q", err, acmecore.KindOf(err), acmecore.HintOf(err), row.kind, row.says, row.hint)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Error("the error has the secret")
			}
		})
	}
}

// TestAnswerSignedByAnotherKey: whoever has not the key cannot say that it was written.
func TestAnswerSignedByAnotherKey(t *testing.T) {
	t.Parallel()
	h, place := primary(t, map[string]string{"wcme.example.test.": "b3RoZXI="})
	err := updater(h, dns.Key{Name: "wcme.example.test", Algorithm: "hmac-sha256", Secret: secret}).Add(t.Context(), place, "v")
	if acmecore.KindOf(err) != acmecore.Unreachable || !strings.Contains(err.Error(), "not signed with the key") {
		t.Errorf("got %v", err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	const statement = "key \"wcme.example.test\" {\n\talgorithm hmac-sha512;\n\tsecret \"" + secret + "\";\n};\n"
	for _, row := range []struct {
		what, text string
		want       dns.Key
		says       string // in the error of ParseKey or Check
	}{
		{"base64", " " + secret + "\n", dns.Key{Secret: secret}, ""},
		{"a statement", statement, dns.Key{Name: "wcme.example.test", Algorithm: "hmac-sha512", Secret: secret}, ""},
		{"without quotes", "key a. { secret " + secret + "; algorithm HMAC-SHA256.; }", dns.Key{Name: "a", Algorithm: "hmac-sha256", Secret: secret}, ""},
		{"two statements", statement + statement, dns.Key{}, "neither base64 nor one"},
		{"another clause", `key "a" { owner b; };`, dns.Key{}, "neither algorithm nor secret"},
		{"base64 that begins with key", "keyabcd=", dns.Key{Secret: "keyabcd="}, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			got, err := dns.ParseKey(row.text)
			if row.says != "" {
				if acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), secret) {
					t.Errorf("got %v, want %q", err, row.says)
				}
				return
			}
			if err != nil || got != row.want {
				t.Errorf("got %#v, %v, want %#v", got, err, row.want)
			}
		})
	}
}

func TestKeysThatSignNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		key  dns.Key
		says string
	}{
		{dns.Key{"", "hmac-sha256", secret}, "no name of a key"},
		{dns.Key{"a b", "hmac-sha256", secret}, "no name of a key"},
		{dns.Key{"a..b", "hmac-sha256", secret}, "no name of a key"},
		{dns.Key{"a", "hmac-md5", secret}, `"hmac-md5" is none of hmac-sha256`},
		{dns.Key{"a", "hmac-sha256", "not base64!"}, "not base64"},
		{dns.Key{"a", "hmac-sha256", ""}, "empty"},
		{dns.Key{"a_b-c.example.test", "hmac-sha224", secret}, ""},
	} {
		err := row.key.Check()
		if (err == nil) != (row.says == "") || err != nil && (acmecore.KindOf(err) != acmecore.Invalid || !strings.Contains(err.Error(), row.says)) {
			t.Errorf("%#v: got %v, want %q", row.key, err, row.says)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", dns.Key{Name: "a", Secret: secret}, dns.Key{Name: "a", Secret: secret}, dns.Key{Name: "a", Secret: secret}); strings.Contains(text, secret) {
		t.Errorf("got %s", text)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("key \"a\" { algorithm hmac-sha256; secret \"eA==\"; };")
	f.Add(secret)
	f.Add("key {")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := dns.ParseKey(text)
		if err == nil && key.Check() == nil && strings.Trim(key.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
			t.Errorf("took the name %q", key.Name)
		}
	})
}
