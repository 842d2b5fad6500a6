package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// maxShown is how many further names of a certificate are shown unfolded.
const maxShown = 4

// listSize is how many certificates a page shows.
const listSize = 50

// maxDrawn is up to how many rows the life of each is drawn. Of more, a page would be
// longer than one that can be sent in a moment.
const maxDrawn = 20

// listPath is the list's address.
const listPath = adminPath + "/list"

func (s Site) listPages() []page {
	return []page{{path: listPath, role: acmecore.RoleView, get: s.list}}
}

// list shows the managed certificates.
func (s Site) list(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	view := listView{now: s.Clock(), link: VisitorFrom(r.Context()).link, role: admissionFrom(r.Context()).Role}
	view.query = listQuery(r.URL.Query())
	view.query.Size = listSize
	overview, err := s.Overseer.Overview(ctx, view.query)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view.Overview = overview
	page := view.page()
	page.Frame = frame(r, "Certificates", listPath)
	page.Frame.Foot = "As of " + inWords(view.now) + ". All times are in UTC."
	s.show(w, r, http.StatusOK, templates.List(page))
}

// listView puts the list into words for one visitor.
type listView struct {
	acmecore.Overview
	query acmecore.Query
	now   time.Time
	role  acmecore.Role
	link  func(path string) string
}

func (v listView) page() templates.ListPage {
	if v.Total == 0 {
		page := templates.ListPage{First: "wcme certify www.example.org"}
		if v.role.May(acmecore.RoleAdmin) {
			page.Certify = templates.Link{Text: "Certify names here", Address: v.link(certifyPath)}
		}
		return page
	}
	page := templates.ListPage{Summary: summary(v.States, v.Total), Timeline: timeline(v.Days, v.now), Filter: v.filter(), Columns: v.columns(), Pager: v.pager()}
	for _, c := range v.Certificates {
		row := v.row(c)
		row.Light = len(v.Certificates) > maxDrawn
		page.Rows = append(page.Rows, row)
	}
	for _, c := range v.Attention {
		page.Alerts = append(page.Alerts, v.alert(c))
	}
	if v.Attentive == 0 {
		page.Calm = "Nothing does."
	}
	if more := v.Attentive - len(v.Attention); more > 0 {
		page.More = templates.Link{Text: count(more, "more certificate needs", "more certificates need") + " attention",
			Address: v.address(acmecore.Query{State: acmecore.Attention})}
	}
	return page
}

// row puts one certificate into words.
func (v listView) row(c acmecore.Certificate) templates.Row {
	state := c.State(v.now)
	row := templates.Row{
		Name: firstName(c), Address: v.pageOf(c.ID), Others: otherNames(c), Problem: v.problem(c),
		CA: caOf(c), From: day(c.NotBefore), Tone: toneOf(state), State: string(state),
		Renewal: v.renewal(c), Reach: reach(c.Service), Service: acmecore.Inert(string(c.Service)), Seen: seen(c), Way: way(c), Run: v.lastRun(c.LastRun),
	}
	row.Long = len(row.Others) > 0 || len(row.Name) > 32
	if len(row.Others) > maxShown {
		row.Fold = "and " + number(len(row.Others)) + " more names"
	}
	if !c.NotAfter.IsZero() {
		row.To = day(c.NotAfter)
		row.Left = left(c.DaysLeft(v.now))
		row.Percent = percentLeft(c, v.now)
	}
	return row
}

// pageOf is the address of a certificate's page; "" for what is no ID.
func (v listView) pageOf(id acmecore.ID) string {
	if _, err := acmecore.ParseID(string(id)); err != nil {
		return ""
	}
	return v.link(certificatePath + "/" + string(id))
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
