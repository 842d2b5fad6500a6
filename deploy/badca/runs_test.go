package badca_test

import (
	"context"
	"strings"
	"testing"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// TestDirectoryMoves is N22 over several runs: each goes by what the directory says then.
func TestDirectoryMoves(t *testing.T) {
	t.Parallel()
	cases.n.Add(1)
	r := newRig(t, lab.PebbleOptions{})
	s := r.enrolled(t)
	const before, after = "/nonce-plz", "/moved/nonce"
	away := []badca.Rule{
		{Class: lab.ClassDirectory, Action: badca.Edit(func(object map[string]any) {
			url, _ := object["newNonce"].(string)
			object["newNonce"] = strings.Replace(url, before, after, 1)
		})},
		{Class: lab.ClassNewNonce, Action: badca.Reply(404, "")},
		{Class: lab.ClassOther, Action: func(x *badca.Exchange) {
			x.Request.URL.Path = strings.Replace(x.Request.URL.Path, after, before, 1)
			x.Send(x.Ask())
		}},
	}
	for i, rules := range [][]badca.Rule{nil, away, nil} {
		r.ca.Rules(rules...)
		o := s.attempt(r.within(t, (*site).certify), want{})
		moved := o.count(lab.ClassOther)
		if o.err != nil || o.count(lab.ClassDirectory) != 1 || (moved > 0) != (rules != nil) {
			t.Errorf("run %d: got %v, %d requests to where it has moved", i+1, o.err, moved)
		}
	}
}

// TestAlreadyReplaced is N24 where an order names the certificate before: it is placed
// again without, once.
func TestAlreadyReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t, lab.PebbleOptions{})
	for times, wanted := range map[int]want{1: issued, 3: refused(badca.Said)} {
		cases.n.Add(1)
		s := r.enrolled(t)
		var replaces []any
		refusal := badca.Problem(409, "alreadyReplaced")
		r.ca.Rules(badca.Rule{Class: lab.ClassNewOrder, Action: func(x *badca.Exchange) {
			if replaces = append(replaces, x.Payload()["replaces"]); len(replaces) <= times {
				refusal(x)
				return
			}
			x.Send(x.Ask())
		}})
		o := s.attempt(r.within(t, (*site).certify), wanted)
		o.matches(s, wanted)
		if len(replaces) != 2 || replaces[0] == nil || replaces[1] != nil {
			t.Errorf("refused %d times: the orders were to replace %v, want one certificate, and then none", times, replaces)
		}
	}
}

// TestOthersOfTheRun is N17: that a CA does not believe one name is nothing to the
// certificates of others.
func TestOthersOfTheRun(t *testing.T) {
	t.Parallel()
	cases.n.Add(1)
	r := newRig(t, lab.PebbleOptions{})
	s := r.enrolled(t)
	const other = acmecore.Name("other.example.test")
	s.wish.Names = []acmecore.Name{other}
	if err := r.within(t, (*site).certify)(s); err != nil {
		t.Fatal(err)
	}
	if err := s.anew(t.Context()); err != nil { // which has no authorizations
		t.Fatal(err)
	}
	disbelieved := disbelief("caa", nil)
	r.ca.Rules(badca.Rule{Class: lab.ClassAuthz, Action: func(x *badca.Exchange) {
		answer := x.Ask()
		if strings.Contains(string(answer.Body), string(host)) {
			disbelieved(x)
			return
		}
		x.Send(answer)
	}})
	var run acmecore.Run
	err := r.within(t, func(s *site, ctx context.Context) (err error) {
		run, err = s.manager.Manage(ctx, control.ManageRequest{Force: []acmecore.ID{id, other.ID()}}, s.heard)
		return err
	})(s)
	if err != nil || run.Count(acmecore.Failed) != 1 || run.Count(acmecore.Renewed) != 1 {
		t.Errorf("got %v, %+v, want one that has failed and one that was renewed", err, run)
	}
	for _, treated := range run.Certificates {
		if want := map[acmecore.ID]acmecore.Outcome{id: acmecore.Failed, other.ID(): acmecore.Renewed}[treated.ID]; treated.Outcome != want {
			t.Errorf("%s: %s, want %s", treated.ID, treated.Outcome, want)
		}
	}
}
