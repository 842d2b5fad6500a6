package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// logView puts an answer into words.
type logView struct {
	request *http.Request
	form    logForm
	stays   bool
}

func (v logView) page(answer acmecore.LogPage) templates.LogPage {
	page := templates.LogPage{
		Frame:  frame(v.request, "Log", logPath),
		Action: address(v.request, logPath, nil),
		Filter: v.form.fields(),
		Rows:   v.rows(answer.Lines),
		Files:  v.files(answer.Files),
		Pager:  v.pager(answer),
	}
	page.Frame.Foot = "All times are in UTC."
	if v.isNarrowed() {
		page.Clear = page.Action
	}
	if v.form.isWrong() {
		return page
	}
	page.Summary = v.summary(answer)
	if len(answer.Lines) == 0 && !v.follows() {
		page.Empty = v.empty(answer)
	}
	v.tail(&page, answer)
	return page
}

// isNarrowed tells whether not all lines, or not the newest, were asked for.
func (v logView) isNarrowed() bool {
	return len(v.form.values()) > 0 || v.form.file > 0 || v.form.before != ""
}

// follows tells whether new lines are to be shown as they come.
func (v logView) follows() bool { return v.form.follow && v.form.file == 0 && v.form.before == "" }

// tail offers to follow the log, or does so.
func (v logView) tail(page *templates.LogPage, answer acmecore.LogPage) {
	values := v.form.values()
	if !v.follows() {
		values.Set("follow", "1")
		page.Actions = []templates.Link{{Text: "Follow the log", Address: address(v.request, logPath, values)}}
		return
	}
	page.Actions = []templates.Link{{Text: "Stop following", Address: address(v.request, logPath, values)}}
	page.Frame.Refresh = followEvery
	page.Follow, page.Every = v.linesAddress(answer.Newer), strconv.Itoa(followEvery)
	if v.stays {
		page.Every = strconv.Itoa(followAtOnce)
	}
}

// linesAddress is where the lines are asked for that come after a place.
func (v logView) linesAddress(after string) string {
	values := v.form.values()
	values.Set("after", after)
	return address(v.request, logPath+"/lines", values)
}

func (v logView) summary(answer acmecore.LogPage) string {
	switch {
	case v.follows():
		return "The newest lines, and those that come: a new one is put on top."
	case v.form.file > 0 && v.form.file < len(answer.Files):
		return "Lines from the end of " + acmecore.Inert(answer.Files[v.form.file].Name) + " back."
	}
	return ""
}

func (v logView) empty(answer acmecore.LogPage) string {
	switch {
	case !answer.Reached.IsZero():
		return "No line fits, as far back as " + inWords(answer.Reached) + " UTC. There are older ones."
	case v.isNarrowed():
		return "No line fits."
	}
	return "Nothing has been written yet. The overseer writes a line when it starts, and for whatever it does."
}

func (v logView) pager(answer acmecore.LogPage) (pager templates.PastPager) {
	if v.form.before != "" {
		pager.Newest = address(v.request, logPath, v.form.values())
	}
	if answer.Older == "" {
		return pager
	}
	values := v.form.values()
	values.Set("before", answer.Older)
	pager.Older, pager.Next = address(v.request, logPath, values), "Older"
	if !answer.Reached.IsZero() {
		pager.Text, pager.Next = "Looked back to "+inWords(answer.Reached)+" UTC", "Look further back"
	}
	return pager
}

func (v logView) rows(lines []acmecore.LogLine) []templates.LogRow {
	rows := make([]templates.LogRow, 0, len(lines))
	for _, line := range lines {
		row := templates.LogRow{At: moment(line.Time), Message: acmecore.Inert(line.Message)}
		if !line.Time.IsZero() {
			row.At.Clock = line.Time.UTC().Format("15:04:05.00")
		}
		row.Tone, row.Level = levelInWords(line.Level)
		for _, attr := range line.Attrs {
			if attr.Value != "" {
				row.Attrs = append(row.Attrs, v.attr(attr))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// attr is an attribute, with a link where it names something that has a page.
func (v logView) attr(attr acmecore.Attr) templates.LogAttr {
	shown := templates.LogAttr{Key: acmecore.Inert(attr.Key), Value: acmecore.Inert(attr.Value)}
	switch {
	case attr.Key != "run" && attr.Key != "certificate":
	case isRunID(attr.Value):
		shown.Address = address(v.request, runsPath+"/"+attr.Value, nil)
	default:
		shown.Address = certificateAddress(VisitorFrom(v.request.Context()).link, acmecore.ID(attr.Value))
	}
	return shown
}

// isRunID tells whether a text is what runs are named like: 20261121T002000-3f9a.
func isRunID(text string) bool {
	began, number, found := strings.Cut(text, "-")
	_, err := time.Parse("20060102T150405", began)
	return found && err == nil && len(began) == 15 && len(number) == 4 && strings.Trim(number, "0123456789abcdef") == ""
}

// levelInWords is a level with its shape.
func levelInWords(level string) (templates.Tone, string) {
	switch level {
	case "":
		return "", "none"
	case "debug", "info":
		return "", level
	case "warn":
		return templates.Due, level
	case "error":
		return templates.Bad, level
	}
	return "", acmecore.Inert(level)
}

func (v logView) files(files []acmecore.LogFile) []templates.LogFile {
	shown := make([]templates.LogFile, 0, len(files))
	for i, file := range files {
		values, download := v.form.values(), url.Values{"file": {strconv.Itoa(i)}}
		if i > 0 {
			values.Set("file", strconv.Itoa(i))
		}
		shown = append(shown, templates.LogFile{
			Name:     acmecore.Inert(file.Name),
			Address:  address(v.request, logPath, values),
			Current:  i == v.form.file && v.form.before == "",
			Size:     bytesInWords(file.Bytes),
			Ended:    moment(file.Ended),
			Download: address(v.request, logPath+"/download", download),
		})
	}
	return shown
}
