package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// maxAlerts is how many certificates that need attention are named above the table.
const maxAlerts = 8

// maxShown is how many further names of a certificate are shown unfolded.
const maxShown = 4

// listPath is the list's address.
const listPath = adminPath + "/list"

func (s Site) listPages() []page {
	return []page{{path: listPath, role: acmecore.RoleView, get: s.list}}
}

// list shows the managed certificates.
func (s Site) list(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	overview, err := s.Overseer.Overview(ctx, acmecore.Query{})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	page := listPage(overview.Certificates, s.Clock())
	page.Frame = frame(r, "Certificates", listPath)
	page.Frame.Foot = "As of " + inWords(s.Clock()) + ". All times are in UTC."
	s.show(w, r, http.StatusOK, templates.List(page))
}

// listPage puts the certificates into words, as of now.
func listPage(certificates []acmecore.Certificate, now time.Time) templates.ListPage {
	page := templates.ListPage{
		Summary: summary(certificates, now),
		First:   "wcme certify www.example.org",
	}
	for _, c := range certificates {
		page.Rows = append(page.Rows, row(c, now))
	}
	for _, state := range worstFirst() {
		for _, c := range certificates {
			if c.State(now) == state {
				page.Alerts = append(page.Alerts, alert(c, now))
			}
		}
	}
	if more := len(page.Alerts) - maxAlerts; more > 0 {
		page.Alerts = page.Alerts[:maxAlerts]
		page.More = count(more, "more certificate needs", "more certificates need") + " attention: see the table."
	}
	return page
}

// worstFirst are the states that need attention.
func worstFirst() []acmecore.State {
	return []acmecore.State{acmecore.Expired, acmecore.Unusable, acmecore.Missing, acmecore.Due}
}

// row puts one certificate into words.
func row(c acmecore.Certificate, now time.Time) templates.Row {
	state := c.State(now)
	row := templates.Row{
		Anchor:    anchor(c.ID),
		Name:      firstName(c),
		Others:    otherNames(c),
		CA:        acmecore.Inert(c.CA),
		NotBefore: moment(c.NotBefore),
		NotAfter:  moment(c.NotAfter),
		Left:      "–",
		Tone:      toneOf(state),
		State:     string(state),
		Problem:   acmecore.Inert(c.Problem),
	}
	if len(row.Others) > maxShown {
		row.Fold = "and " + strconv.Itoa(len(row.Others)) + " more names"
	}
	if !c.NotAfter.IsZero() {
		row.Left = left(c.DaysLeft(now))
		row.Percent = percentLeft(c, now)
	}
	return row
}

// anchor is the id of a certificate's row, which others can link to.
func anchor(id acmecore.ID) string {
	if _, err := acmecore.ParseID(string(id)); err != nil {
		return ""
	}
	return string(id)
}

func firstName(c acmecore.Certificate) string {
	if len(c.Names) == 0 {
		return acmecore.Inert(string(c.ID))
	}
	return acmecore.Inert(string(c.Names[0]))
}

func otherNames(c acmecore.Certificate) (names []string) {
	for i, name := range c.Names {
		if i > 0 {
			names = append(names, acmecore.Inert(string(name)))
		}
	}
	return names
}

func toneOf(state acmecore.State) templates.Tone {
	switch state {
	case acmecore.Valid:
		return templates.Good
	case acmecore.Due:
		return templates.Due
	case acmecore.Missing:
		return templates.Missing
	case acmecore.Unusable:
		return templates.Broken
	}
	return templates.Bad
}

// percentLeft is how much of the certificate's life is left; "" for one whose
// life makes no sense.
func percentLeft(c acmecore.Certificate, now time.Time) string {
	life := c.NotAfter.Sub(c.NotBefore)
	if life <= 0 {
		return ""
	}
	share := 100 * c.NotAfter.Sub(now).Seconds() / life.Seconds()
	return strconv.Itoa(int(min(max(share, 0), 100)))
}
