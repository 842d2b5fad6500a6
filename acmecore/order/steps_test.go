package order_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestWithdrawingFails: that is told, and no reason to throw a certificate away.
func TestWithdrawingFails(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.challenges.stuck = errors.New("read-only\x1b file system")
	s.mustObtain()
	if last := s.steps[len(s.steps)-1]; last.Stage != "challenge" || last.Subject != "a.example" || last.Text != "not withdrawn: read-only? file system" {
		t.Errorf("the last step is %+v", last)
	}
}

// TestNobodyListensToTheSteps: then nobody is told.
func TestNobodyListensToTheSteps(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.options.Progress = nil
	s.mustObtain()
}

// TestStepsAreTold, inert and without a secret: a key authorization is known to
// nobody but the CA and us until it is asked for.
func TestStepsAreTold(t *testing.T) {
	t.Parallel()
	s := newSetting(t)
	s.wants("a.example", "b.example")
	s.ca.proved["b.example"] = true
	s.mustObtain()
	var got []string
	for _, step := range s.steps {
		got = append(got, strings.TrimSpace(step.Stage+" "+strings.TrimPrefix(step.Subject, s.ca.base)+" "+step.Text))
		for token, authorization := range s.challenges.published {
			if text := fmt.Sprint(step); strings.Contains(text, token) || strings.Contains(text, authorization) {
				t.Errorf("a step tells %q", text)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"authorization a.example valid", "authorization b.example valid already", "certificate /certificate/1 2 certificates",
		"challenge a.example published", "challenge a.example told the CA", "finalize /order/1 sent the certificate signing request",
		"order /order/1 placed for 2 names",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the steps are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
