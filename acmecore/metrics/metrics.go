// Package metrics writes what a monitoring system reads: the Prometheus text format,
// version 0.0.4, made with github.com/prometheus/client_golang.
//
// Text makes a registry for each call from facts that somebody else has gathered, so
// that nothing has to be kept up to date in between; of what must be counted as it comes,
// there is a Tally. Times are seconds since 1970, and missing where they are not known.
// For each certificate there are few lines, because there may be ten thousand
// certificates.
package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"wcme/acmecore"
)

// Certificate is what is told of one certificate.
type Certificate struct {
	ID       acmecore.ID
	State    acmecore.State
	NotAfter time.Time // of the current version; zero where there is none
	Served   time.Time // the first end of what visitors were last shown; zero where nobody looked
	Success  time.Time // when it was last obtained; zero where it never was
	Failures int       // attempts to obtain it since then
}

// Totals count what became of certificates in runs since the overseer's start.
type Totals struct {
	Renewals int // that came into service
	Failures int // to obtain one, or to bring it into service
	Attempts int // orders that were placed
}

// Facts are what is told.
type Facts struct {
	Status       acmecore.Status
	Totals       Totals
	Certificates []Certificate
}

// Text returns the facts in the text format. An error means that they contradict each
// other.
func Text(facts Facts) (string, error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector{facts}); err != nil {
		return "", err
	}
	families, err := registry.Gather()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// collector implements prometheus.Collector for facts that do not change.
type collector struct{ facts Facts }

// Describe says nothing, which makes it an unchecked collector: what there is depends
// on the facts.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	to := out{metrics}
	to.overseer(c.facts.Status)
	to.totals(c.facts)
	to.surroundings(c.facts.Status)
	to.certificates(c.facts.Certificates)
}

// out takes metrics.
type out struct{ metrics chan<- prometheus.Metric }

// gauge describes one; its values have the labels.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wcme_"+name, help, labels, nil)
}

// is gives out a value. Labels are made inert, and so are valid UTF-8.
func (o out) is(what *prometheus.Desc, value float64, labels ...string) {
	o.give(what, prometheus.GaugeValue, value, labels...)
}

// at gives out a time, unless it is not known.
func (o out) at(what *prometheus.Desc, at time.Time, labels ...string) {
	if !at.IsZero() {
		o.is(what, float64(at.Unix()), labels...)
	}
}

func (o out) give(what *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
	for i, label := range labels {
		labels[i] = acmecore.Inert(label)
	}
	o.metrics <- prometheus.MustNewConstMetric(what, kind, value, labels...) // the labels are as many as were described, here below
}

// one is a fact as a number.
func one(fact bool) float64 {
	if fact {
		return 1
	}
	return 0
}
