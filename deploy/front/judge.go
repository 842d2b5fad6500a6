package front

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// judge tells whether one of the answers fits, and otherwise why none does.
func (v variables) judge(answers []Answer, got reply) error {
	errs := make([]error, len(answers))
	for i, answer := range answers {
		if errs[i] = v.fits(answer, got); errs[i] == nil {
			return nil
		}
	}
	return errors.Join(errs...)
}

// fits tells what is wrong with the answer first.
func (v variables) fits(want Answer, got reply) error {
	if !slices.Contains(want.Statuses, got.status) {
		return fmt.Errorf("status %d, want one of %d", got.status, want.Statuses)
	}
	for _, header := range want.Headers {
		if err := v.hasHeader(header, got); err != nil {
			return err
		}
	}
	body, err := v.expandAll(want.Body, "")
	if err != nil {
		return err
	}
	if want.Body != nil && got.body != body {
		return fmt.Errorf("body %.300q, want %.300q", got.body, body)
	}
	wanted := body
	for _, text := range want.Contains {
		text, err := v.expand(text)
		if err != nil {
			return err
		}
		if !strings.Contains(got.body, text) {
			return fmt.Errorf("no %q in the body", text)
		}
		wanted += text
	}
	return v.tellsNothingElse(wanted, got)
}

func (v variables) hasHeader(want Header, got reply) error {
	value, err := v.expand(want.Value)
	if err != nil {
		return err
	}
	values := got.header.Values(want.Name)
	switch {
	case len(values) == 0 && (want.Absent || want.Optional):
		return nil
	case len(values) == 1 && !want.Absent && matches(values[0], value):
		return nil
	case want.Absent:
		return fmt.Errorf("%s: %q, want no such header", want.Name, values)
	}
	return fmt.Errorf("%s: %q, want %q", want.Name, values, value)
}

// tellsNothingElse finds what is shown only where it is wanted: the authorization
// of the pending challenge, and what is on the list.
func (v variables) tellsNothingElse(wanted string, got reply) error {
	for _, name := range []string{"AUTHORIZATION", "LISTED"} {
		if strings.Contains(got.head()+got.body, v[name]) && !strings.Contains(wanted, v[name]) {
			return fmt.Errorf("it shows $%s, which nobody wants of it", name)
		}
	}
	return nil
}
