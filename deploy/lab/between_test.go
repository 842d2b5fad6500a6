package lab_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"wcme/deploy/lab"
)

// before starts a Pebble, what stands before it, and a wCME that knows only that.
func before(t *testing.T, o lab.PebbleOptions) (*lab.Pebble, *lab.Between, *managed) {
	t.Helper()
	programs := lab.MustBuild(t)
	o.Dir, o.HTTPPort, o.AlwaysValid = lab.TempDir(t), 80, true
	pebble := lab.MustPebble(t, programs, o)
	between := lab.MustBetween(t, pebble)
	return pebble, between, manage(t, programs, between.Directory, between.Roots)
}

// client returns one that opens a connection for each request, as a program does
// that runs once.
func client(t *testing.T, roots string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(read(t, roots)) {
		t.Fatal("roots: no certificate")
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

// TestBetweenSeesAllThatIsAskedOfTheCA also in strict mode, where Pebble looks at
// each URL that is signed.
func TestBetweenSeesAllThatIsAskedOfTheCA(t *testing.T) {
	t.Parallel()
	_, between, m := before(t, lab.PebbleOptions{Strict: true})
	m.run("register")
	m.run("certify", "www.example.test,b.example.test")
	for class, want := range map[lab.Class]int{
		lab.ClassNewAccount: 1, lab.ClassNewOrder: 1, lab.ClassChallenge: 2, lab.ClassFinalize: 1, lab.ClassCertificate: 1, lab.ClassOther: 0,
	} {
		if got := between.Count(class); got != want {
			t.Errorf("%s: got %d requests, want %d", class, got, want)
		}
	}
	for _, class := range []lab.Class{lab.ClassDirectory, lab.ClassNewNonce, lab.ClassAuthz, lab.ClassOrder} {
		if between.Count(class) == 0 {
			t.Errorf("%s: got no request", class)
		}
	}
	for _, request := range between.Requests() {
		if request.Status/100 != 2 || request.At.IsZero() {
			t.Errorf("got %+v, want a time, and status 200 or the like", request)
		}
	}
	if !strings.Contains(between.Log(), "POST /finalize-order/") {
		t.Errorf("log: got %q", between.Log())
	}
}

// TestBetweenKillsAtAMoment has a wCME that dies before the CA hears its request,
// and one that dies before it hears the answer.
func TestBetweenKillsAtAMoment(t *testing.T) {
	t.Parallel()
	pebble, between, m := before(t, lab.PebbleOptions{})
	m.run("register")
	orders := func() int { return strings.Count(pebble.Log(), "Added order ") }
	for _, row := range []struct {
		name   string
		at     func(lab.Class, int, func() bool)
		orders int
	}{
		{"before.example.test", between.Before, 0},
		{"after.example.test", between.After, 1},
	} {
		had := orders()
		command := m.programs.Command(t.Context(), m.root, "certify", row.name)
		started := make(chan struct{})
		row.at(lab.ClassNewOrder, 1, func() bool {
			<-started
			return command.Process.Kill() != nil // there is something to kill
		})
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		close(started)
		err := command.Wait()
		if status := new(exec.ExitError); !errors.As(err, &status) || status.ExitCode() != -1 {
			t.Errorf("%s: got %v, want that it was killed", row.name, err)
		}
		if got := orders() - had; got != row.orders {
			t.Errorf("%s: orders at the CA: got %d, want %d", row.name, got, row.orders)
		}
	}
}

func TestBetweenCountsFromWhenItIsTold(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80})
	between := lab.MustBetween(t, pebble)
	visitor := client(t, between.Roots)
	get(t, visitor, between.Directory)
	var happened []string
	note := func(what string, pass bool) func() bool {
		return func() bool {
			happened = append(happened, what) // the client waits for it
			return pass
		}
	}
	between.Before(lab.ClassDirectory, 2, note("before", true))
	between.After(lab.ClassDirectory, 2, note("after", true))
	between.After(lab.ClassDirectory, 3, note("cut", false))
	get(t, visitor, between.Directory)
	happened = append(happened, "one")
	get(t, visitor, between.Directory)
	if response, err := visitor.Get(between.Directory); err == nil {
		response.Body.Close()
		t.Error("the third: got an answer, want none")
	}
	get(t, visitor, between.Directory)
	if want := []string{"one", "before", "after", "cut"}; !slices.Equal(happened, want) {
		t.Errorf("got %q, want %q", happened, want)
	}
	if got := between.Requests()[3].Status; got != 0 {
		t.Errorf("status of what was cut: got %d, want 0", got)
	}
}

func TestBetweenAnswersInPlaceOfTheCA(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80})
	between := lab.MustBetween(t, pebble)
	visitor := client(t, between.Roots)
	between.Answer(lab.ClassDirectory, lab.Reply(http.StatusTooManyRequests, http.Header{"Retry-After": {"3600"}}, "slowly"))
	response, err := visitor.Get(between.Directory)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != "3600" || string(body) != "slowly" {
		t.Errorf("got %s, %v, %q, %v", response.Status, response.Header, body, err)
	}
	if got := between.Requests()[0].Status; got != 429 {
		t.Errorf("noted status: got %d, want 429", got)
	}
	var asked atomic.Int32
	between.Answer(lab.ClassDirectory, func(http.ResponseWriter, *http.Request) bool {
		asked.Add(1)
		return false
	})
	get(t, visitor, between.Directory)
	between.Answer(lab.ClassDirectory, nil)
	get(t, visitor, between.Directory)
	if got := asked.Load(); got != 1 {
		t.Errorf("asked: got %d, want once", got)
	}
}

// TestBetweenKnowsOrdersThatArePlacedAgain by what the CA says of the first one, which
// whoever asked gets as it is.
func TestBetweenKnowsOrdersThatArePlacedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id, err := lab.MakeIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	answers := []struct {
		status int
		body   string
		again  bool
	}{
		{201, `{"status":"pending"}`, false},
		{409, `{"type":"urn:ietf:params:acme:error:alreadyReplaced","detail":"it has a replacement order"}`, true},
		{500, `{"type":"urn:ietf:params:acme:error:serverInternal","detail":"could not find an order for the given certificate: none"}`, true},
		{500, `{"type":"urn:ietf:params:acme:error:serverInternal","detail":"could not find anything"}`, false},
		{502, "no JSON", false},
	}
	var asked atomic.Int32
	ca := serve(t, id, func(w http.ResponseWriter, _ *http.Request) {
		answer := answers[asked.Load()]
		w.WriteHeader(answer.status)
		fmt.Fprint(w, answer.body)
	})
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.Pool}}}
	between := lab.MustBetween(t, &lab.Pebble{Directory: ca.URL + "/dir", Roots: id.Root, Client: trusting})
	visitor := client(t, between.Roots)
	for i, want := range answers {
		asked.Store(int32(i))
		response, err := visitor.Post(strings.Replace(between.Directory, "/dir", "/order-plz", 1), "application/jose+json", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != want.status || string(body) != want.body {
			t.Errorf("got %s, %q, %v; want %d, %q", response.Status, body, err, want.status, want.body)
		}
		if got := between.Requests()[i]; got.Again() != want.again {
			t.Errorf("%+v: got %v, want %v", got, got.Again(), want.again)
		}
	}
	if got := between.Count(lab.ClassNewOrder); got != 3 {
		t.Errorf("orders: got %d, want 3", got)
	}
}

// TestBetweenIsDeserted when those who asked have ended, and what they have asked is
// dealt with.
func TestBetweenIsDeserted(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80})
	between := lab.MustBetween(t, pebble)
	visitor := client(t, between.Roots)
	reached, free := make(chan struct{}), make(chan struct{})
	between.Before(lab.ClassDirectory, 1, func() bool {
		close(reached)
		<-free
		return true
	})
	asking, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(asking, http.MethodGet, between.Directory, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		if response, err := visitor.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	<-reached
	leave()
	<-left
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := between.AwaitDeserted(over); err == nil {
		t.Error("while a request is dealt with: got no error")
	}
	close(free)
	if err := between.AwaitDeserted(t.Context()); err != nil {
		t.Error(err)
	}
	if got := between.Requests()[0].Status; got != http.StatusOK {
		t.Errorf("status: got %d, want that it was dealt with", got)
	}
}

// TestBetweenIsOut for those who are connected, and for those who come.
func TestBetweenIsOut(t *testing.T) {
	t.Parallel()
	pebble := lab.MustPebble(t, lab.MustBuild(t), lab.PebbleOptions{Dir: lab.TempDir(t), HTTPPort: 80})
	between := lab.MustBetween(t, pebble)
	visitor := client(t, between.Roots)
	between.Before(lab.ClassDirectory, 1, func() bool {
		between.SetOutage(true)
		return true
	})
	for _, what := range []string{"who is connected", "who comes"} {
		if response, err := visitor.Get(between.Directory); err == nil {
			response.Body.Close()
			t.Errorf("%s: got %s, want no answer", what, response.Status)
		}
	}
	between.SetOutage(false)
	get(t, visitor, between.Directory)
	if got := between.Count(lab.ClassDirectory); got != 2 {
		t.Errorf("requests: got %d, want 2: the one that was cut off and the last", got)
	}
	for range 2 {
		if err := between.Stop(); err != nil {
			t.Error(err)
		}
	}
}
