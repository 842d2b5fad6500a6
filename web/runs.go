package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/templates"
)

// runs lists the records of runs.
func (s Site) runs(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	typed, before := strings.TrimSpace(r.URL.Query().Get("certificate")), r.URL.Query().Get("before")
	page := templates.RunsPage{Frame: frame(r, "Runs", runsPath), Action: address(r, runsPath, nil)}
	page.Frame.Foot = "All times are in UTC."
	page.Filter = []templates.Field{{Name: "certificate", Label: "Certificate", Value: acmecore.Inert(typed), Complete: "off"}}
	id, err := certificateTyped(typed)
	if err != nil {
		page.Filter[0].Error = noCertificate
		s.show(w, r, http.StatusUnprocessableEntity, templates.Runs(page))
		return
	}
	list, err := s.Overseer.Runs(ctx, acmecore.RunQuery{Certificate: id, Before: before})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fillRuns(r, &page, list, typed, before)
	s.show(w, r, http.StatusOK, templates.Runs(page))
}

// fillRuns puts an answer into words. typed and before are what was asked for.
func fillRuns(r *http.Request, page *templates.RunsPage, list acmecore.RunList, typed, before string) {
	values := make(url.Values)
	if typed != "" {
		values.Set("certificate", typed)
		page.Clear = page.Action
	}
	for _, run := range list.Runs {
		page.Rows = append(page.Rows, runRow(r, run))
	}
	switch {
	case len(list.Runs) > 0:
	case list.Older != "":
		page.Empty = "None of the runs that were looked at concerns it. There are older ones."
	case typed != "":
		page.Empty = "No run concerns it, of those whose records are kept."
	case before != "":
		page.Empty = "There are no older runs."
	default:
		page.Empty = "There has been no run yet. The daily work begins by itself, and whatever you renew or certify is a run, too."
	}
	if before != "" {
		page.Pager.Newest = address(r, runsPath, values)
	}
	if list.Older != "" {
		values.Set("before", list.Older)
		page.Pager.Older, page.Pager.Next = address(r, runsPath, values), "Older"
	}
}

func runRow(r *http.Request, run acmecore.RunLine) templates.RunRow {
	row := templates.RunRow{
		At:       moment(run.Began),
		Address:  cmp.Or(runAddress(VisitorFrom(r.Context()).link, run.ID), address(r, runsPath, nil)),
		Why:      triggerInWords(run.Trigger, run.Asked),
		By:       byWhom(run.By),
		Took:     lasted(run.Began, run.Ended),
		Outcomes: runOutcomes(run.Trigger, run.Outcomes),
		Problem:  readable(run.Problem),
	}
	if len(row.Outcomes) == 0 {
		row.Nothing = "nothing was to be done"
		if run.Trigger == "check load" {
			row.Nothing = "the load actions alone"
		}
	}
	return row
}

func runOutcomes(trigger string, counted map[acmecore.Outcome]int) (list []templates.RunOutcome) {
	for _, outcome := range worstOutcomes() {
		if n := counted[outcome]; n > 0 {
			list = append(list, templates.RunOutcome{Tone: toneOfOutcome(outcome), Text: number(n) + " " + outcomeInWords(trigger, outcome)})
		}
	}
	return list
}

// onRunPage is how many certificates a page of a run has.
const onRunPage = 50

// run shows the record of a run.
func (s Site) run(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	id := chi.URLParam(r, "id")
	if !isRunID(id) {
		s.noRun(w, r)
		return
	}
	run, err := s.Overseer.Run(ctx, id)
	if acmecore.KindOf(err) == acmecore.NotFound && !errors.Is(err, context.DeadlineExceeded) {
		s.noRun(w, r)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	asked, _ := strconv.Atoi(r.URL.Query().Get("page"))
	s.show(w, r, http.StatusOK, templates.Run(runPage(r, run, asked)))
}

// noRun is for a run of which there is no record.
func (s Site) noRun(w http.ResponseWriter, r *http.Request) {
	s.notice(w, r, http.StatusNotFound, templates.NoticePage{
		Heading: "There is no such run",
		Text:    []string{"No record of it is kept: there never was such a run, it is still going on, or it was so long ago that its record has been dropped."},
		Link:    templates.Link{Text: "Go to the runs", Address: address(r, runsPath, nil)},
	})
}

// runPage puts a record into words. asked is the page of its certificates, from 1.
func runPage(r *http.Request, run acmecore.Run, asked int) templates.RunPage {
	page := templates.RunPage{
		Frame:    frame(r, "Run of "+utc(run.Began), runsPath),
		Heading:  "Run of " + utc(run.Began),
		Summary:  runSummary(run),
		Facts:    runFacts(run),
		Outcomes: runOutcomes(run.Trigger, countOutcomes(run)),
		Back:     address(r, runsPath, nil),
	}
	if run.Problem != "" {
		page.Problem.Text = "It came to an early end: " + sentence(readable(run.Problem))
	}
	page.Frame.Foot = "All times are in UTC."
	slices.SortStableFunc(run.Certificates, func(a, b acmecore.Treated) int {
		return cmp.Compare(slices.Index(worstOutcomes(), a.Outcome), slices.Index(worstOutcomes(), b.Outcome))
	})
	pages := max(1, (len(run.Certificates)+onRunPage-1)/onRunPage)
	at := min(max(asked, 1), pages)
	first, end := (at-1)*onRunPage, min(at*onRunPage, len(run.Certificates))
	var told said
	for i, treated := range run.Certificates[first:end] {
		var here said // each certificate is read for itself
		page.Certificates = append(page.Certificates, treatedInWords(VisitorFrom(r.Context()).link, run.Trigger, treated, &here))
		page.Certificates[i].Table = "stages-" + strconv.Itoa(i+1)
		told = append(told, here...)
	}
	if pages > 1 {
		page.Pager = runPager(r, at, pages)
		page.Pager.Text = number(first+1) + " to " + number(end) + " of " + count(len(run.Certificates), "certificate", "certificates")
	}
	for _, load := range run.Loads {
		page.Loads = append(page.Loads, loadInWords(load, &told))
	}
	return page
}

// runPager leads to the other pages of this address.
func runPager(r *http.Request, number, pages int) (pager templates.Pager) {
	to := func(page int) string {
		return address(r, r.URL.Path, url.Values{"page": {strconv.Itoa(page)}})
	}
	if number > 1 {
		pager.First, pager.Previous = to(1), to(number-1)
	}
	if number < pages {
		pager.Next, pager.Last = to(number+1), to(pages)
	}
	return pager
}

func countOutcomes(run acmecore.Run) map[acmecore.Outcome]int {
	counted := make(map[acmecore.Outcome]int)
	for _, treated := range run.Certificates {
		counted[treated.Outcome]++
	}
	return counted
}
