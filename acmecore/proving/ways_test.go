package proving_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/acmecore/order"
	"wcme/acmecore/proving"
)

const recordOfOne = "names = [\"www.example.test\"]\n"

// failed is an attempt that failed by these methods.
func failed(methods map[acmecore.Name]acmecore.Method) acmecore.Failure {
	return acmecore.Failure{At: time.Now(), Kind: acmecore.Refused, Methods: methods}
}

func by(methods ...acmecore.Method) (failures []acmecore.Failure) {
	for _, method := range methods {
		failures = append(failures, failed(map[acmecore.Name]acmecore.Method{"www.example.test": method}))
	}
	return failures
}

// TestWhichMethodComesFirst: what worked last, and last of all what failed since.
func TestWhichMethodComesFirst(t *testing.T) {
	t.Parallel()
	const http, alpn, dns = acmecore.HTTP01, acmecore.TLSALPN01, acmecore.DNS01
	const both = `challenge.methods = ["tls-alpn-01", "http-01"]`
	for _, row := range []struct {
		what, configuration, record string
		name                        acmecore.Name
		proved                      acmecore.Method
		failures                    []acmecore.Failure
		want                        string
	}{
		{"nothing known", "", "", "www.example.test", "", nil, "http-01, tls-alpn-01"},
		{"an address", "", "", "192.0.2.1", "", nil, "http-01, tls-alpn-01"},
		{"tls-alpn-01 worked", "", "", "www.example.test", alpn, nil, "tls-alpn-01, http-01"},
		{"a method that nothing answers worked", "", "", "www.example.test", dns, nil, "http-01, tls-alpn-01"},
		{"http-01 failed", "", "", "www.example.test", "", by(http), "tls-alpn-01, http-01"},
		{"it had worked before", "", "", "www.example.test", http, by(http), "tls-alpn-01, http-01"},
		{"both failed", "", "", "www.example.test", "", by(http, alpn), "http-01, tls-alpn-01"},
		{"both failed, and the first again", "", "", "www.example.test", "", by(http, alpn, http), "tls-alpn-01, http-01"},
		{"another name failed", "", "", "shop.example.test", "", by(http), "http-01, tls-alpn-01"},
		{"an order of the administrator's", both, "", "www.example.test", "", nil, "tls-alpn-01, http-01"},
		{"it comes before what worked last", both, "", "www.example.test", http, nil, "tls-alpn-01, http-01"},
		{"but not before what has not failed", both, "", "www.example.test", http, by(alpn), "http-01, tls-alpn-01"},
		{"one of the record's", both, `challenge = "http-01"`, "www.example.test", "", by(http), "http-01"},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			p := newSetting(t, row.configuration).prover()
			p.AnswerBy(&door{shows: shows{yes: true}})
			standing := acmecore.Standing{Failures: row.failures}
			if row.proved != "" {
				standing.Proved = map[acmecore.Name]acmecore.Method{row.name: row.proved}
			}
			ways, err := waysOf(p, fmt.Sprintf("names = [%q]\n%s\n", row.name, row.record), proving.Learned(standing, nil))
			if err != nil {
				t.Fatal(err)
			}
			release, err := ways.Prepare(t.Context(), []acmecore.Name{row.name}, func(acmecore.Step) {})
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			methods, err := ways.Methods(row.name)
			if got := strings.Trim(strings.ReplaceAll(fmt.Sprint(methods), " ", ", "), "[]"); got != row.want || err != nil {
				t.Errorf("got %s, %v; want %s", got, err, row.want)
			}
		})
	}
}

// TestWhatCannotBePreparedIsLeftOut, and is the error where nothing else is left.
func TestWhatCannotBePreparedIsLeftOut(t *testing.T) {
	t.Parallel()
	taken := errors.New("the port is taken")
	for _, row := range []struct {
		what, record string
		responder    *door
		want         string
		problem      error
	}{
		{"both ports", "", &door{shows: shows{yes: true}}, "[http-01 tls-alpn-01]", nil},
		{"port 80 alone", "", &door{shows: shows{yes: true, problem: taken}}, "[http-01 tls-alpn-01]", nil}, // as far as anybody has tried
		{"port 443 alone", "", &door{shows: shows{yes: true}, problem: taken}, "[tls-alpn-01]", nil},
		{"none of them", "", &door{shows: shows{yes: true, problem: taken}, problem: taken}, "", taken},
		{"not the one that was chosen", `challenge = "tls-alpn-01"`, &door{shows: shows{yes: true, problem: taken}}, "", taken},
	} {
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			p := newSetting(t, "").recovered()
			p.AnswerBy(row.responder)
			ways, release, err := prepare(t.Context(), p, recordOfOne+row.record, "www.example.test")
			if !errors.Is(err, row.problem) || (err == nil) != (row.problem == nil) {
				t.Fatalf("got %v, want %v", err, row.problem)
			}
			if err == nil {
				methods, err := ways.Methods("www.example.test")
				if fmt.Sprint(methods) != row.want || err != nil {
					t.Errorf("got %v, %v; want %s", methods, err, row.want)
				}
				release()
			}
			if row.responder.open != 0 || row.responder.shows.opened != 0 {
				t.Error("a port is still open")
			}
		})
	}
}

// TestASecondWayIsPreparedWhenItIsTried: its port is opened then, and where that cannot be,
// it is declined, so that a third may be tried.
func TestASecondWayIsPreparedWhenItIsTried(t *testing.T) {
	t.Parallel()
	p := newSetting(t, "").recovered()
	d := &door{shows: shows{yes: true}}
	p.AnswerBy(d)
	ways, release, err := prepare(t.Context(), p, recordOfOne, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	if d.open != 1 || d.shows.opened != 0 {
		t.Errorf("at first: port 80 is open %d times, port 443 %d times", d.open, d.shows.opened)
	}
	response := order.Response{Method: acmecore.TLSALPN01, Name: "www.example.test", Token: "a", Certificate: new(tls.Certificate)}
	if err := ways.Publish(t.Context(), response); err != nil || d.shows.opened != 1 || len(d.shown) != 1 {
		t.Errorf("published: %v; port 443 is open %d times, and %v is shown", err, d.shows.opened, d.shown)
	}
	if err := ways.Withdraw(t.Context(), response, true); err != nil || len(d.shown) != 0 {
		t.Errorf("withdrawn: %v, and %v is shown", err, d.shown)
	}
	release()
	if d.open != 0 || d.shows.opened != 0 {
		t.Errorf("at the end: port 80 is open %d times, port 443 %d times", d.open, d.shows.opened)
	}
	d.shows.problem = errors.New("the port is taken")
	ways, release, err = prepare(t.Context(), p, recordOfOne, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	err = ways.Publish(t.Context(), response)
	var declined interface{ Declined() bool }
	if !errors.Is(err, d.shows.problem) || !errors.As(err, &declined) || !declined.Declined() {
		t.Errorf("got %v, want that it is declined", err)
	}
	if methods, _ := ways.Methods("www.example.test"); fmt.Sprint(methods) != "[http-01]" {
		t.Errorf("got %v, want http-01 alone", methods)
	}
}

// TestOneOrderAtATimeShowsForAName: another one that would waits before it is begun, and
// one that has begun does not wait.
func TestOneOrderAtATimeShowsForAName(t *testing.T) {
	t.Parallel()
	p := newSetting(t, "").recovered()
	p.AnswerBy(&door{shows: shows{yes: true}})
	const record = recordOfOne + `challenge = ["tls-alpn-01", "http-01"]`
	_, release, err := prepare(t.Context(), p, record, "www.example.test", "shop.example.test")
	if err != nil {
		t.Fatal(err)
	}
	begun := make(chan error, 1)
	go func() {
		_, release, err := prepare(t.Context(), p, record, "shop.example.test", "www.example.test")
		if err == nil {
			release()
		}
		begun <- err
	}()
	if ways, release, err := prepare(t.Context(), p, recordOfOne, "www.example.test"); err != nil {
		t.Error(err)
	} else {
		err := ways.Publish(t.Context(), order.Response{Method: acmecore.TLSALPN01, Name: "www.example.test", Token: "a"})
		if acmecore.KindOf(err) != acmecore.Busy {
			t.Errorf("one that has begun: got %v, want busy", err)
		}
		release()
	}
	select {
	case err := <-begun:
		t.Errorf("it did not wait: %v", err)
	default:
	}
	release()
	if err := <-begun; err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	_, release, err = prepare(t.Context(), p, record, "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	cancel()
	if _, _, err := prepare(ended, p, record, "www.example.test"); acmecore.KindOf(err) != acmecore.Busy {
		t.Errorf("after its end: got %v, want busy", err)
	}
}
