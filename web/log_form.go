package web

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// logForm is what of the log was asked for, as it was typed.
type logForm struct {
	certificate, level, words, from, to string
	file                                int
	before                              string
	follow                              bool

	id         acmecore.ID
	begin, end time.Time
	wrong      map[string]string // what is wrong with a field, by its name
}

// readLogForm reads the query of an address.
func readLogForm(values url.Values) logForm {
	f := logForm{
		certificate: strings.TrimSpace(values.Get("certificate")),
		level:       values.Get("level"),
		words:       strings.TrimSpace(values.Get("words")),
		from:        strings.TrimSpace(values.Get("from")),
		to:          strings.TrimSpace(values.Get("to")),
		before:      values.Get("before"),
		follow:      values.Get("follow") == "1",
		wrong:       make(map[string]string),
	}
	if number, err := strconv.Atoi(values.Get("file")); err == nil && number > 0 {
		f.file = number
	}
	f.check()
	return f
}

func (f *logForm) check() {
	var err error
	if f.id, err = certificateTyped(f.certificate); err != nil {
		f.wrong["certificate"] = noCertificate
	}
	if f.level != "" && !slices.Contains(logLevels(), f.level) {
		f.wrong["level"] = "There is no such level."
	}
	if f.begin, _, err = timeTyped(f.from); err != nil {
		f.wrong["from"] = noDate
	}
	if _, f.end, err = timeTyped(f.to); err != nil {
		f.wrong["to"] = noDate
	}
	if f.wrong["from"] == "" && f.wrong["to"] == "" && !f.end.IsZero() && f.end.Before(f.begin) {
		f.wrong["to"] = "It ends before it begins."
	}
}

const (
	noDate        = "Give a date, as in 2026-11-21, or a date and a time, as in 2026-11-21 05:46."
	noCertificate = "Give the name of a certificate, as in www_example_org, or its first host name."
)

func (f *logForm) isWrong() bool { return len(f.wrong) > 0 }

// query is what the overseer is asked.
func (f *logForm) query() acmecore.LogQuery {
	return acmecore.LogQuery{Certificate: f.id, Level: f.level, Words: f.words, From: f.begin, To: f.end, File: f.file, Before: f.before}
}

// values are the filter as an address has it, without the place in the log.
func (f *logForm) values() url.Values {
	values := make(url.Values)
	for name, value := range map[string]string{"certificate": f.certificate, "level": f.level, "words": f.words, "from": f.from, "to": f.to} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

// fields are the filter as a form.
func (f *logForm) fields() []templates.Field {
	levels := []templates.Choice{{Value: "", Text: "all"}}
	for _, level := range logLevels() {
		levels = append(levels, templates.Choice{Value: level, Text: level + " and worse", Chosen: level == f.level})
	}
	levels[len(levels)-1].Text = "error"
	return []templates.Field{
		{Name: "certificate", Label: "Certificate", Value: acmecore.Inert(f.certificate), Error: f.wrong["certificate"], Complete: "off"},
		{Name: "level", Label: "Level", Type: "select", Choices: levels, Error: f.wrong["level"]},
		{Name: "words", Label: "Words", Value: acmecore.Inert(f.words), Complete: "off"},
		{Name: "from", Label: "From", Type: dateInput(f.from), Value: acmecore.Inert(f.from), Error: f.wrong["from"]},
		{Name: "to", Label: "To", Type: dateInput(f.to), Value: acmecore.Inert(f.to), Error: f.wrong["to"]},
	}
}

// logLevels are what can be chosen, the least one first.
func logLevels() []string { return []string{"debug", "info", "warn", "error"} }

// dateInput is the type of a field for a date: browsers drop from one of their own what
// is none, and what was typed is to stay.
func dateInput(typed string) string {
	if _, err := time.Parse(time.DateOnly, typed); typed == "" || err == nil {
		return "date"
	}
	return "text"
}

// certificateTyped reads the name of a certificate, or its first host name; "" is none.
func certificateTyped(text string) (acmecore.ID, error) {
	if text == "" {
		return "", nil
	}
	if id, err := acmecore.ParseID(text); err == nil {
		return id, nil
	}
	name, err := acmecore.ParseName(text)
	if err != nil {
		return "", err
	}
	return name.ID(), nil
}

// timeTyped reads a day or a minute, in UTC, and returns its first and its last moment;
// zero for "".
func timeTyped(text string) (first, last time.Time, err error) {
	if text == "" {
		return first, last, nil
	}
	for form, length := range map[string]time.Duration{time.DateOnly: 24 * time.Hour, "2006-01-02 15:04": time.Minute, "2006-01-02T15:04": time.Minute} {
		if at, err := time.Parse(form, text); err == nil {
			return at, at.Add(length - 1), nil
		}
	}
	return first, last, errors.New("that is no date")
}

// bytesInWords is a size for people.
func bytesInWords(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
