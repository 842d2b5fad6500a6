package metrics_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"wcme/acmecore"
	"wcme/acmecore/metrics"
)

var now = time.Date(2026, time.November, 21, 5, 46, 0, 0, time.UTC)

func facts(certificates ...metrics.Certificate) metrics.Facts {
	return metrics.Facts{
		Status: acmecore.Status{
			Overseer: true, Version: "1.0", Commit: "4f1d979", Go: "go1.26", Since: now.Add(-time.Hour), LastPass: now.Add(-time.Minute), NextPass: now.Add(time.Hour),
			States: map[acmecore.State]int{acmecore.Valid: 2, acmecore.Expired: 1}, Attentive: 1, Reports: 3,
			Authorities: []acmecore.AuthorityStatus{{CA: "internal", Failed: now, Problem: "no route"}, {CA: "letsencrypt", Reached: now}},
			Challenges:  acmecore.ChallengeStatus{Looked: now, Names: 4, Answered: 3, Broken: 1},
			Disks:       []acmecore.Disk{{Paths: []string{"/var/lib/wcme", "/etc/nginx"}, Free: 5e9, Size: 1e10}, {Paths: []string{"/mnt"}, Problem: "gone"}},
		},
		Totals:       metrics.Totals{Renewals: 5, Failures: 2, Attempts: 8},
		Certificates: certificates,
	}
}

func usual(id acmecore.ID) metrics.Certificate {
	return metrics.Certificate{ID: id, State: acmecore.Valid, NotAfter: now.Add(60 * 24 * time.Hour), Served: now.Add(59 * 24 * time.Hour), Success: now.Add(-30 * 24 * time.Hour)}
}

func text(tb testing.TB, facts metrics.Facts) string {
	tb.Helper()
	got, err := metrics.Text(facts)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestMetricsSayWhatIsSo(t *testing.T) {
	failing := metrics.Certificate{ID: "mail_example_org", State: acmecore.Missing, Failures: 4}
	got := text(t, facts(usual("www_example_org"), failing))
	for _, want := range []string{
		`wcme_build_info{commit="4f1d979",goversion="go1.26",version="1.0"} 1`,
		`wcme_overseer_up 1`,
		`wcme_overseer_start_timestamp_seconds 1.79523636e+09`,
		`wcme_last_pass_timestamp_seconds 1.7952399e+09`,
		`wcme_next_pass_timestamp_seconds 1.79524356e+09`,
		`wcme_daily_work_overdue 0`,
		`wcme_reports_waiting 3`,
		`wcme_renewals_total 5`,
		`wcme_failures_total 2`,
		`wcme_attempts_total 8`,
		`wcme_certificates{state="expired"} 1`,
		`wcme_certificates{state="due"} 0`,
		`wcme_certificates_needing_attention 1`,
		`wcme_authority_failing{ca="internal"} 1`,
		`wcme_authority_failing{ca="letsencrypt"} 0`,
		`wcme_authority_reached_timestamp_seconds{ca="letsencrypt"} 1.79523996e+09`,
		`wcme_challenge_names_broken 1`,
		`wcme_disk_free_bytes{path="/var/lib/wcme"} 5e+09`,
		`wcme_certificate_not_after_timestamp_seconds{certificate="www_example_org"} 1.80042396e+09`,
		`wcme_certificate_served_not_after_timestamp_seconds{certificate="www_example_org"} 1.80033756e+09`,
		`wcme_certificate_last_success_timestamp_seconds{certificate="www_example_org"} 1.79264796e+09`,
		`wcme_certificate_state{certificate="www_example_org",state="valid"} 1`,
		`wcme_certificate_state{certificate="mail_example_org",state="missing"} 1`,
		`wcme_certificate_failed_attempts{certificate="mail_example_org"} 4`,
		`# TYPE wcme_renewals_total counter`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for _, absent := range []string{`not_after_timestamp_seconds{certificate="mail_example_org"}`, `reached_timestamp_seconds{ca="internal"}`,
		`failed_attempts{certificate="www_example_org"}`, `path="/mnt"`} {
		if strings.Contains(got, absent) {
			t.Errorf("a line of what is not known: %s", absent)
		}
	}
}

func TestWithoutAnOverseerNothingIsCounted(t *testing.T) {
	got := text(t, metrics.Facts{})
	if !strings.Contains(got, "wcme_overseer_up 0\n") || strings.Contains(got, "_total") || strings.Contains(got, "-6.2") {
		t.Errorf("got %s", got)
	}
}

func TestMetricsAreAsPrometheusWantsThem(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(text(t, facts(usual("www_example_org"))))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestHostileLabelsAreInert(t *testing.T) {
	payloads := []string{"a\"} 1\nwcme_evil 1\n#", "\\", "\xff\xfe", "\u202egro", "<script>alert(1)</script>", strings.Repeat("x", 5000), "a\x00b"}
	var list []metrics.Certificate
	for _, p := range append(payloads, payloads...) { // what is there twice is told once
		list = append(list, usual(acmecore.ID(p)))
	}
	f := facts(list...)
	for _, p := range payloads {
		f.Status.Authorities = append(f.Status.Authorities, acmecore.AuthorityStatus{CA: p, Problem: p, Failed: now})
		f.Status.Disks = append(f.Status.Disks, acmecore.Disk{Paths: []string{p}})
	}
	got := text(t, f)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(families["wcme_certificate_state"].GetMetric()); n != len(payloads) {
		t.Errorf("certificates: got %d, want %d", n, len(payloads))
	}
	if families["wcme_evil"] != nil || strings.ContainsAny(got, "\x00\u202e") || strings.Contains(got, "\xff") {
		t.Error("a label is more than a label")
	}
}

// TestTenThousandCertificatesFit into what a scrape of a second or so carries.
func TestTenThousandCertificatesFit(t *testing.T) {
	if size := len(text(t, tenThousand())); size > 4<<20 {
		t.Errorf("%d bytes, want at most 4 MiB", size)
	}
}

func BenchmarkTenThousand(b *testing.B) {
	many, size := tenThousand(), 0
	for b.Loop() {
		size = len(text(b, many))
	}
	b.ReportMetric(float64(size), "bytes")
}

func tenThousand() metrics.Facts {
	list := make([]metrics.Certificate, 10_000)
	for i := range list {
		list[i] = usual(acmecore.ID(fmt.Sprintf("host-%05d_example_org", i)))
	}
	return facts(list...)
}
