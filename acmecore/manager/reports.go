package manager

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"wcme/acmecore"
	"wcme/acmecore/config"
	"wcme/acmecore/control"
	"wcme/acmecore/report"
)

// reportSettings are the configuration's, as the stage has them.
func (m *Manager) reportSettings(c *config.Config) report.Settings {
	given := c.Report
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	settings := report.Settings{Host: host, Opcom: config.Texts(given.Opcom), On: given.Occasions(), Mail: report.Mail{
		To: config.Texts(given.Mail), From: given.From.String(), Server: given.Server.String(), TLS: given.TLS.String(),
		User: given.User.String(), Sendmail: given.Sendmail.String(), Roots: m.mailRoots()}}
	for _, webhook := range given.Webhooks {
		settings.Webhooks = append(settings.Webhooks, webhook.Reveal())
	}
	if file := given.PasswordFile.String(); file != "" {
		settings.Mail.Password = func() (string, error) { return m.root.Secret(file) }
	}
	return settings
}

// mailRoots are those of etc/cacert.pem beside the system's; nil is the system's
// alone.
func (m *Manager) mailRoots() *x509.CertPool {
	roots, err := m.root.Roots("")
	if err != nil {
		m.log.Warn("etc/cacert.pem is of no use for mail", "error", err)
	}
	return roots
}

// Deliver sends what there is to report, once; what cannot be sent stays for the
// next time.
func (m *Manager) Deliver(ctx context.Context) error {
	_, err := m.reporter.Deliver(ctx)
	return err
}

// CheckReport implements control.Operations.
func (m *Manager) CheckReport(ctx context.Context, way control.ReportWay, progress acmecore.Progress) error {
	tests := map[control.ReportWay]func(context.Context) ([]acmecore.Step, error){
		control.ByMail: m.reporter.TestMail, control.ByOpcom: m.reporter.TestOpcom, control.ByWebhook: m.reporter.TestWebhooks}
	test, found := tests[way]
	if !found {
		return &acmecore.Error{Kind: acmecore.Invalid, Op: "check", Subject: fmt.Sprintf("%q", acmecore.Inert(string(way))),
			Cause: errors.New("nothing is reported that way")}
	}
	steps, err := test(ctx)
	tell := m.steps("check "+string(way), progress)
	for _, step := range steps {
		tell(step)
	}
	return err
}
