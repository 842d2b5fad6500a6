package metrics_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/metrics"
)

// runs are records by their IDs; one without certificates cannot be read.
type runs map[string][]acmecore.Treated

func (r runs) Runs(int) ([]string, error) {
	if r == nil {
		return nil, errors.New("no directory")
	}
	return slices.Sorted(maps.Keys(r)), nil
}

func (r runs) Run(id string) (acmecore.Run, error) {
	if r[id] == nil {
		return acmecore.Run{}, errors.New("damaged")
	}
	return acmecore.Run{ID: id, Certificates: r[id]}, nil
}

func treated(outcomes ...acmecore.Outcome) (list []acmecore.Treated) {
	for _, outcome := range outcomes {
		list = append(list, acmecore.Treated{Outcome: outcome})
	}
	return list
}

// TestTallyCountsEachRunOnce, whenever it began, and those of before the start never.
func TestTallyCountsEachRunOnce(t *testing.T) {
	records := runs{"2": treated(acmecore.Renewed)}
	var tally metrics.Tally
	if err := tally.Begin(records); err != nil {
		t.Fatal(err)
	}
	ordered := treated(acmecore.Renewed, acmecore.Failed, acmecore.NotServed)
	ordered[0].Stages = []acmecore.Stage{{Stage: "order"}, {Stage: "order"}, {Stage: "install"}}
	ordered[1].Stages = []acmecore.Stage{{Stage: "order"}}
	for _, row := range []struct {
		what   string
		change func()
		want   metrics.Totals
		fails  bool
	}{
		{"at the start", func() {}, metrics.Totals{}, false},
		{"after one", func() { records["3"] = ordered }, metrics.Totals{Renewals: 1, Failures: 2, Attempts: 2}, false},
		{"after one that began earlier", func() { records["1"] = treated(acmecore.Renewed) }, metrics.Totals{Renewals: 2, Failures: 2, Attempts: 2}, false},
		{"records have gone", func() { delete(records, "2"); delete(records, "3") }, metrics.Totals{Renewals: 2, Failures: 2, Attempts: 2}, false},
		{"one that is damaged", func() { records["4"], records["5"] = nil, treated(acmecore.Failed) }, metrics.Totals{Renewals: 2, Failures: 3, Attempts: 2}, true},
		{"once more", func() {}, metrics.Totals{Renewals: 2, Failures: 3, Attempts: 2}, false},
		{"they cannot be listed", func() { records = nil }, metrics.Totals{Renewals: 2, Failures: 3, Attempts: 2}, true},
	} {
		row.change()
		if got, err := tally.Count(records); got != row.want || (err != nil) != row.fails {
			t.Errorf("%s: got %+v, %v; want %+v", row.what, got, err, row.want)
		}
	}
}
