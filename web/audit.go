package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// audit shows who asked for what, and whether the trail is as it was written.
func (s Site) audit(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	query := acmecore.AuditQuery{Words: strings.TrimSpace(r.URL.Query().Get("words"))}
	if number, err := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64); err == nil {
		query.Before = number
	}
	answer, err := s.Overseer.Audit(ctx, query)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, templates.Audit(auditPage(r, query, answer)))
}

func auditPage(r *http.Request, query acmecore.AuditQuery, answer acmecore.AuditPage) templates.AuditPage {
	page := templates.AuditPage{
		Frame:  frame(r, "Audit", auditPath),
		Whole:  answer.Whole,
		Action: address(r, auditPath, nil),
		Filter: []templates.Field{{Name: "words", Label: "Words", Value: acmecore.Inert(query.Words), Complete: "off"}},
		Empty:  auditEmpty(query, answer),
		Pager:  auditPager(r, query, answer),
	}
	page.Frame.Foot = "All times are in UTC."
	if query.Words != "" {
		page.Clear = page.Action
	}
	page.Verdict, page.Try = auditVerdict(answer)
	for _, entry := range answer.Entries {
		page.Rows = append(page.Rows, auditRow(entry))
	}
	return page
}

// auditVerdict says whether the trail is whole, and what to do where it is not.
func auditVerdict(answer acmecore.AuditPage) (verdict, try string) {
	switch {
	case !answer.Whole:
		return "The audit trail is broken: " + sentence(answer.Broken),
			"Somebody or a broken disk has changed log/audit.log: compare it with a backup. What stands before that line is as it was written; what follows it need not be."
	case answer.Total == 0:
		return "The audit trail is whole: nothing has been asked for yet.", ""
	}
	return "The audit trail is whole: " + count(answer.Total, "entry", "entries") + ", each as it was written, and none missing.", ""
}

func auditEmpty(query acmecore.AuditQuery, answer acmecore.AuditPage) string {
	switch {
	case len(answer.Entries) > 0:
		return ""
	case answer.Looked:
		return "No entry fits, of those that were looked at. There are older ones."
	case query.Words != "" || query.Before > 0:
		return "No entry fits."
	}
	return "There are no entries yet. Whatever is asked for and whatever is refused gets one."
}

func auditPager(r *http.Request, query acmecore.AuditQuery, answer acmecore.AuditPage) (pager templates.PastPager) {
	values := make(url.Values)
	if query.Words != "" {
		values.Set("words", query.Words)
	}
	if query.Before > 0 {
		pager.Newest = address(r, auditPath, values)
	}
	if answer.Older > 0 {
		values.Set("before", strconv.FormatUint(answer.Older, 10))
		pager.Older, pager.Next = address(r, auditPath, values), "Older"
	}
	if answer.Looked {
		pager.Text, pager.Next = "Looked back to entry "+number(int(min(answer.Older, math.MaxInt))), "Look further back"
	}
	return pager
}

func auditRow(entry acmecore.AuditEntry) templates.AuditRow {
	row := templates.AuditRow{
		Number:  strconv.FormatUint(entry.Number, 10),
		At:      moment(entry.At),
		Who:     acmecore.Inert(entry.Who),
		What:    acmecore.Inert(entry.What),
		Subject: acmecore.Inert(entry.Subject),
		Before:  acmecore.Inert(entry.Before),
		After:   acmecore.Inert(entry.After),
		Tone:    templates.Good,
		Outcome: "done",
	}
	switch {
	case entry.Outcome != "" && entry.Outcome != "done":
		row.Tone, row.Outcome, row.Why = templates.Bad, "not done", acmecore.Inert(entry.Outcome)
	case entry.What == "manage" && leftUndone(entry.After):
		row.Tone, row.Outcome = templates.Broken, "not all done"
	}
	if row.At.Machine != "" {
		row.At.Clock = entry.At.UTC().Format("15:04:05 UTC")
	}
	return row
}

// leftUndone tells whether a pass, of which this came, did not put everything right.
func leftUndone(after string) bool {
	return strings.Contains(after, string(acmecore.Failed)) || strings.Contains(after, string(acmecore.NotServed))
}
