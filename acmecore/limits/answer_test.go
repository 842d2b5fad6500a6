package limits_test

import (
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/limits"
)

func TestAnswerIsUnderstood(t *testing.T) {
	ours := names("www.example.org", "example.org")
	const link = "https://sfe.letsencrypt.org/sfe/v1/unpause?jwt=abc.def-_.ghi"
	for _, row := range []struct {
		name    string
		answer  limits.Answer
		kind    acmecore.LimitKind
		subject string
		page    string
	}{
		{"orders", limits.Answer{Detail: "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-03-01 15:00:00 UTC"}, acmecore.LimitOrders, "", ""},
		{"domain", limits.Answer{Detail: `too many certificates (50) already issued for "example.org" in the last 168h0m0s, retry after …`}, acmecore.LimitDomain, "example.org", ""},
		{"domain of somebody else", limits.Answer{Detail: `too many certificates (50) already issued for "example.test" in the last 168h0m0s`}, acmecore.LimitDomain, "", ""},
		{"same names", limits.Answer{Detail: "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s"}, acmecore.LimitSameNames, "", ""},
		{"refusals", limits.Answer{Detail: `too many failed authorizations (5) for "www.example.org" in the last 1h0m0s`}, acmecore.LimitRefusals, "www.example.org", ""},
		{"paused", limits.Answer{Detail: "Your account is temporarily prevented from requesting certificates for www.example.org and possibly others. Please visit: " + link,
			Links: []string{"https://letsencrypt.org/docs/rate-limits/", "https://evil.example.test/x", link}}, acmecore.LimitConsecutive, "www.example.org", link},
		{"paused, and the link is no page of the CA", limits.Answer{Detail: "paused; see", Links: []string{"https://letsencrypt.org.example.test/", "http://letsencrypt.org/x"}}, acmecore.LimitConsecutive, "", ""},
		{"busy", limits.Answer{Busy: true, Detail: "Service busy; retry later."}, acmecore.LimitOfAccount, "", ""},
		{"anything else", limits.Answer{Detail: "slow down"}, acmecore.LimitOfIdentifier, "", ""},
		{"nothing", limits.Answer{}, acmecore.LimitOfIdentifier, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.answer.Directory, row.answer.Names = production, ours
			kind, subject, page := row.answer.Of()
			if kind != row.kind || subject != row.subject || page != row.page {
				t.Errorf("got %q, %q, %q; want %q, %q, %q", kind, subject, page, row.kind, row.subject, row.page)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"at":"2026-03-01T12:00:00Z","what":"order"}` + "\n"))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		events, err := limits.Parse(text)
		if err != nil {
			return
		}
		ledger := limits.New(limits.Published(production), events)
		ledger.Room(limits.Order{Names: names("www.example.org")}, begin)
		ledger.Prune(begin)
	})
}
