package web

import (
	"cmp"
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

// maxDrawn is up to how many rows the page has everything that it can have. Of more, it
// would be longer than one that can be sent in a moment.
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
	page := templates.ListPage{Summary: summary(v.States, v.Total, v.Attentive), Timeline: timeline(v.Overview, v.now), Filter: v.filter(), Columns: v.columns(), Pager: v.pager()}
	for _, c := range v.Certificates {
		page.Rows = append(page.Rows, v.lighter(v.row(c), c))
	}
	v.attention(&page)
	return page
}

// attention fills in what needs some.
func (v listView) attention(page *templates.ListPage) {
	page.Complaints = v.complaints()
	for _, c := range v.Attention {
		alert := v.alert(c)
		if v.isLong() {
			alert = lighterAlert(alert)
		}
		page.Alerts = append(page.Alerts, alert)
		page.Repair = cmp.Or(page.Repair, alert.Action)
	}
	if v.Attentive == 0 && len(v.Complaints) == 0 {
		page.Calm = "Nothing does."
	}
	if more := v.Attentive - len(v.Attention); more > 0 {
		page.More = templates.Link{Text: count(more, "more certificate needs", "more certificates need") + " attention",
			Address: v.address(acmecore.Query{State: acmecore.Attention})}
	}
}

// maxComplaints is how many complaints stand on the list; the status has all of them.
const maxComplaints = 3

// complaints are the worst of those that the page of the status has, too.
func (v listView) complaints() (list []templates.Complaint) {
	for _, c := range v.Complaints[:min(len(v.Complaints), maxComplaints)] {
		list = append(list, templates.Complaint{Tone: toneOfHealth(c.Health), Text: capital(sentence(shortened(readable(c.Text), maxCause))),
			Link: templates.Link{Text: "See the status", Address: v.link(statusPath)}})
	}
	if more := len(v.Complaints) - len(list); more > 0 {
		list[len(list)-1].Link.Text += ", which has " + number(more) + " more"
	}
	return list
}

// row puts one certificate into words.
func (v listView) row(c acmecore.Certificate) templates.Row {
	state := c.State(v.now)
	row := templates.Row{
		Name: firstName(c), Address: certificateAddress(v.link, c.ID), Others: otherNames(c),
		CA: caOf(c), From: day(c.NotBefore), Tone: toneOf(state), State: stateOf(c, v.now),
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

// isLong tells whether the page has many rows.
func (v listView) isLong() bool { return len(v.Certificates) > maxDrawn }

// lighter is a row for a page that has many: without a drawing of its life, and where
// alerts stand above them all, with less of what the certificate's own page has, too.
func (v listView) lighter(row templates.Row, c acmecore.Certificate) templates.Row {
	if !v.isLong() {
		return row
	}
	row.Percent = ""
	if v.Attentive+len(v.Complaints) == 0 {
		return row
	}
	row.Light, row.Run.Address = true, ""
	if c.Loads = nil; row.Reach == templates.Good {
		c.Targets = nil
	}
	row.Way = way(c)
	return row
}

// lighterAlert is the alert without its reasons, which the certificate's own page has,
// too.
func lighterAlert(a templates.Alert) templates.Alert {
	if a.Light = true; a.Address != "" {
		a.Cause, a.Fold = "", ""
	}
	if a.Action != "" {
		a.Try = ""
	}
	return a
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

// stateOf is how a certificate stands; one that cannot be used because it was revoked is
// called that.
func stateOf(c acmecore.Certificate, now time.Time) string {
	state := c.State(now)
	if state == acmecore.Unusable && c.Revoked {
		return "revoked"
	}
	return string(state)
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
