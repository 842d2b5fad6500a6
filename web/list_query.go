package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// The fields of the list's address.
const (
	wordsField = "words"
	stateField = "state"
	sortField  = "sort"
	orderField = "order" // orderDown for descending
	pageField  = "page"
	orderDown  = "down"
)

// maxWords is how much of the words is looked for, in bytes: they come back in each of
// the page's links.
const maxWords = 200

// listQuery is what an address asks for. What there is not in it is as if it were not
// there.
func listQuery(values url.Values) acmecore.Query {
	query := acmecore.Query{Words: firstWords(values.Get(wordsField)), Descending: values.Get(orderField) == orderDown, Page: 1}
	if state := values.Get(stateField); slices.Contains(selections(), state) {
		query.State = state
	}
	if column := acmecore.Column(values.Get(sortField)); slices.Contains(sortable(), column) {
		query.Sort = column
	}
	if page, err := strconv.Atoi(values.Get(pageField)); err == nil {
		query.Page = min(max(page, 1), 1_000_000)
	}
	return query
}

// firstWords are as many of the words as are looked for, inert.
func firstWords(text string) string {
	text = acmecore.Inert(text)
	if len(text) > maxWords {
		text = strings.ToValidUTF8(text[:maxWords], "")
	}
	return text
}

// selections are the states that certificates are selected by.
func selections() (list []string) {
	list = append(list, acmecore.Attention)
	for _, state := range worstFirst() {
		list = append(list, string(state))
	}
	for _, service := range []acmecore.Service{acmecore.ServiceMissing, acmecore.ServiceUnloaded, acmecore.ServiceUnseen,
		acmecore.ServiceInstalled, acmecore.ServiceLoaded, acmecore.ServiceServed} {
		list = append(list, string(service))
	}
	return list
}

func sortable() []acmecore.Column {
	return []acmecore.Column{acmecore.ByName, acmecore.ByCA, acmecore.ByIssued, acmecore.ByExpiry, acmecore.ByRenewal, acmecore.ByState,
		acmecore.ByService, acmecore.ByRun}
}

// address is that of the list by the query.
func (v listView) address(query acmecore.Query) string {
	values := url.Values{}
	set := func(name, value string, there bool) {
		if there {
			values.Set(name, value)
		}
	}
	set(wordsField, query.Words, query.Words != "")
	set(stateField, query.State, query.State != "")
	set(sortField, string(query.Sort), query.Sort != "")
	set(orderField, orderDown, query.Descending)
	set(pageField, strconv.Itoa(query.Page), query.Page > 1)
	if len(values) == 0 {
		return v.link(listPath)
	}
	return v.link(listPath) + "?" + values.Encode()
}

// filter is the form that selects, which keeps the order.
func (v listView) filter() templates.Filter {
	f := templates.Filter{Action: v.link(listPath), Fields: []templates.Field{
		{Name: wordsField, Label: "Names, CA or issuer", Type: "search", Value: v.query.Words},
		{Name: stateField, Label: "State", Type: "select", Choices: v.choices()},
	}}
	if v.query.Sort != "" {
		f.Fields = append(f.Fields, templates.Field{Name: sortField, Type: "hidden", Value: string(v.query.Sort)})
	}
	if v.query.Descending {
		f.Fields = append(f.Fields, templates.Field{Name: orderField, Type: "hidden", Value: orderDown})
	}
	if v.query.Words != "" || v.query.State != "" {
		f.All = v.address(acmecore.Query{Sort: v.query.Sort, Descending: v.query.Descending})
	}
	if v.Matching == 0 {
		f.None = "None of the " + count(v.Total, "certificate", "certificates") + " is of that kind."
	}
	return f
}

// choices are the selections that lead to something, and the one that was chosen.
func (v listView) choices() []templates.Choice {
	choices := []templates.Choice{{Text: "all"}}
	for _, selection := range selections() {
		n, text := v.States[acmecore.State(selection)]+v.Services[acmecore.Service(selection)], selection
		if selection == acmecore.Attention {
			n, text = v.Attentive, "needs attention"
		}
		if chosen := selection == v.query.State; n > 0 || chosen {
			choices = append(choices, templates.Choice{Value: selection, Text: text + " (" + number(n) + ")", Chosen: chosen})
		}
	}
	return choices
}

// columns are the heads of the table, each of which sorts by itself; the one that does
// already, the other way round.
func (v listView) columns() (columns []templates.Column) {
	for _, column := range []struct {
		by   acmecore.Column
		text string
	}{
		{acmecore.ByName, "Names"}, {acmecore.ByCA, "CA"}, {acmecore.ByExpiry, "Valid"}, {acmecore.ByState, "State"},
		{acmecore.ByRenewal, "Renewal"}, {acmecore.ByService, "Service"}, {acmecore.ByRun, "Last run"},
	} {
		query := v.query
		query.Sort, query.Page = column.by, 0
		head := templates.Column{Text: column.text}
		if query.Descending = false; column.by == v.query.Sort || column.by == acmecore.ByName && v.query.Sort == "" {
			query.Descending, head.Sorted = !v.query.Descending, "ascending"
			if v.query.Descending {
				head.Sorted = "descending"
			}
		}
		head.Address = v.address(query)
		columns = append(columns, head)
	}
	return columns
}

// pager leads to the other pages.
func (v listView) pager() (p templates.Pager) {
	if v.Pages <= 1 {
		return p
	}
	first := (v.Page-1)*listSize + 1
	p.Text = number(first) + " to " + number(first+len(v.Certificates)-1) + " of " + number(v.Matching)
	to := func(page int) string {
		query := v.query
		query.Page = page
		return v.address(query)
	}
	if v.Page > 1 {
		p.First, p.Previous = to(1), to(v.Page-1)
	}
	if v.Page < v.Pages {
		p.Next, p.Last = to(v.Page+1), to(v.Pages)
	}
	return p
}
