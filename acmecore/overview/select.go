package overview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
)

// maxAttention is how many certificates that need attention are told of.
const maxAttention = 8

// ranked is an entry of the index, and how it stands now.
type ranked struct {
	*Entry
	state   acmecore.State
	concern acmecore.Concern
}

// Of is what the query, which is one that Completed returned, asks of an Index's entries
// at the time now.
func Of(entries []*Entry, query acmecore.Query, now time.Time) acmecore.Overview {
	all := make([]ranked, len(entries))
	for i, e := range entries {
		all[i] = ranked{e, e.State(now), e.Concern(now)}
	}
	overview := acmecore.Overview{Total: len(all), States: make(map[acmecore.State]int), Services: make(map[acmecore.Service]int),
		Days: daysOf(entries, now), Later: laterOf(entries, now)}
	for i := range all {
		overview.States[all[i].state]++
		if all[i].Service != "" {
			overview.Services[all[i].Service]++
		}
	}
	overview.Attention, overview.Attentive = attention(all)
	selected := selection(all, query)
	sorted(selected, query)
	overview.Matching = len(selected)
	overview.Pages = max(1, (len(selected)+query.Size-1)/query.Size)
	overview.Page = min(query.Page, overview.Pages)
	first := (overview.Page - 1) * query.Size
	overview.Certificates = certificatesOf(selected[first:min(first+query.Size, len(selected))])
	return overview
}

func certificatesOf(list []ranked) []acmecore.Certificate {
	certificates := make([]acmecore.Certificate, len(list))
	for i := range list {
		certificates[i] = list[i].Certificate
	}
	return certificates
}

// attention returns the first of those that need it, the worst first and otherwise by
// name, and how many there are.
func attention(all []ranked) (first []acmecore.Certificate, count int) {
	first = []acmecore.Certificate{}
	for _, concern := range acmecore.Concerns() {
		for i := range all {
			if all[i].concern != concern {
				continue
			}
			if count++; count <= maxAttention {
				first = append(first, all[i].Certificate)
			}
		}
	}
	return first, count
}

// selection are the entries that the query selects.
func selection(all []ranked, query acmecore.Query) (selected []ranked) {
	words := wordsOf(query.Words)
	for i := range all {
		if all[i].is(query.State) && all[i].has(words) {
			selected = append(selected, all[i])
		}
	}
	return selected
}

// mostWords is how many words of a query are looked for, the longest ones.
const mostWords = 16

// wordsOf are the words to look for, each once: the longest first, which the fewest have.
func wordsOf(text string) []string {
	words := strings.Fields(strings.ToLower(text))
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	words = slices.Compact(words)
	return words[:min(len(words), mostWords)]
}

// is tells whether the entry is of the state, which may be a Service, or that of those
// that need attention.
func (r *ranked) is(state string) bool {
	switch state {
	case "":
		return true
	case acmecore.Attention:
		return r.concern != ""
	}
	return string(r.state) == state || string(r.Service) == state
}

// has tells whether each word occurs in the entry.
func (r *ranked) has(words []string) bool {
	for _, word := range words {
		if !strings.Contains(r.text, word) {
			return false
		}
	}
	return true
}

// sorted sorts by the query's column. What is equal stays sorted by name, also where
// the column descends.
func sorted(list []ranked, query acmecore.Query) {
	compare := comparison(query.Sort)
	sign := 1
	if query.Descending {
		sign = -1
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return sign * compare(&a, &b) })
}

// comparison is how a column is sorted; nil for what is none.
func comparison(column acmecore.Column) func(a, b *ranked) int {
	switch column {
	case acmecore.ByName:
		return func(a, b *ranked) int { return byName(a.Entry, b.Entry) }
	case acmecore.ByCA:
		return func(a, b *ranked) int {
			return cmp.Or(strings.Compare(a.CA, b.CA), strings.Compare(a.Profile, b.Profile))
		}
	case acmecore.ByIssued:
		return func(a, b *ranked) int { return a.NotBefore.Compare(b.NotBefore) }
	case acmecore.ByExpiry:
		return func(a, b *ranked) int { return a.NotAfter.Compare(b.NotAfter) }
	case acmecore.ByRenewal:
		return func(a, b *ranked) int { return a.Renewal.At.Compare(b.Renewal.At) }
	case acmecore.ByState:
		return func(a, b *ranked) int { return cmp.Compare(stateRank(a.state), stateRank(b.state)) }
	case acmecore.ByService:
		return func(a, b *ranked) int { return cmp.Compare(serviceRank(a.Service), serviceRank(b.Service)) }
	case acmecore.ByRun:
		return func(a, b *ranked) int { return strings.Compare(a.LastRun, b.LastRun) } // they begin with the time
	}
	return nil
}

// unranked is the rank of what is none of the words.
const unranked = -1

// stateRank is a state's place among all, the worst first.
func stateRank(state acmecore.State) int {
	return slices.Index([]acmecore.State{acmecore.Expired, acmecore.Unusable, acmecore.Missing, acmecore.Due, acmecore.Valid}, state)
}

// serviceRank is the place of how far a certificate has come, the worst first; one that
// there is nothing of comes before all.
func serviceRank(service acmecore.Service) int {
	return slices.Index([]acmecore.Service{acmecore.ServiceMissing, acmecore.ServiceUnloaded, acmecore.ServiceUnseen,
		acmecore.ServiceInstalled, acmecore.ServiceLoaded, acmecore.ServiceServed}, service)
}
