package front_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wcme/deploy/front"
)

// serve answers every connection with the same bytes, and returns its address and
// what was asked first.
func serve(t *testing.T, answer string) (address string, asked <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	lines := make(chan string, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			lines <- readHead(conn)
			conn.Write([]byte(strings.ReplaceAll(answer, "\n", "\r\n")))
			conn.Close()
		}
	}()
	return listener.Addr().String(), lines
}

// readHead reads up to the empty line, so that the answer is not lost in a reset.
func readHead(conn net.Conn) (head string) {
	reader := bufio.NewReader(conn)
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := reader.ReadString('\n')
		head += line
		if err != nil {
			break
		}
	}
	return head
}

const plain = "HTTP/1.1 200 OK\nX-One: 1\nContent-Length: 5\n\nhello"

func TestAnswersAreJudged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, answer, want, fault string }{
		{"status", plain, "< 200", ""},
		{"one of several statuses", plain, "< 404|200", ""},
		{"other status", plain, "< 404", "status 200, want one of [404]"},
		{"header", plain, "< 200\n< X-One: 1", ""},
		{"header in other letters", plain, "< 200\n< x-one: 1", ""},
		{"other header", plain, "< 200\n< X-One: 2", `X-One: ["1"], want "2"`},
		{"missing header", plain, "< 200\n< X-Two: 2", `X-Two: [], want "2"`},
		{"header that need not be", plain, "< 200\n< X-Two?: 2", ""},
		{"header that need not be, but other", plain, "< 200\n< X-One?: 2", `X-One: ["1"], want "2"`},
		{"header that must not be", plain, "< 200\n< X-One:", "want no such header"},
		{"header twice", "HTTP/1.1 200 OK\nX-One: 1\nX-One: 1\nContent-Length: 0\n\n", "< 200\n< X-One: 1", `["1" "1"]`},
		{"header by pattern", plain, "< 200\n< Content-Length: *5*", ""},
		{"header not by pattern", plain, "< 200\n< Content-Length: *6*", "Content-Length"},
		{"body", plain, "< 200\n= hello", ""},
		{"body in pieces", plain, "< 200\n= hel\n= lo", ""},
		{"other body", plain, "< 200\n= hello\\n", `body "hello", want "hello\n"`},
		{"body where none is wanted", plain, "< 200\n=", `body "hello", want ""`},
		{"part of the body", plain, "< 200\n~ ell", ""},
		{"no such part", plain, "< 200\n~ all", `no "all" in the body`},
		{"second answer", plain, "< 404\nor\n< 200\n= hello", ""},
		{"no answer of two", plain, "< 404\nor\n< 200\n= x", `want "x"`},
		{"after an interim answer", "HTTP/1.1 103 Early Hints\n\n" + plain, "< 200", ""},
		{"half an answer", "HTTP/1.1 200 OK\nContent-Length: 9\n\nhello", "< 200", "read the body"},
		{"no answer", "", "< 200", "read the answer"},
		{"something else", "SSH-2.0\n", "< 200", "read the answer"},
		{"unknown variable", plain, "< 200\n= $NOTHING", "no variable $NOTHING"},
		{"a secret where none is wanted", "HTTP/1.1 404 No\nContent-Length: 87\n\n" + front.Authorization, "< 404", "it shows $AUTHORIZATION"},
		{"a secret in a header", "HTTP/1.1 404 No\nX: " + front.Listed + "\nContent-Length: 0\n\n", "< 404", "it shows $LISTED"},
		{"a secret where it is wanted", "HTTP/1.1 200 OK\nContent-Length: 87\n\n" + front.Authorization, "< 200\n= $AUTHORIZATION", ""},
		{"taken", plain, "< 200\ntake A h(.)l\n-- d --\non http\n> GET / HTTP/1.1\n< 200\n= h$All\\x6f", ""},
		{"not taken", plain, "< 200\ntake A x(.)", "nothing matches x(.)"},
	} {
		address, _ := serve(t, row.answer)
		_, _, errs := front.PlayText(t.Context(), front.Target{HTTP: address}, request+row.want+"\n")
		err := errors.Join(errs...)
		if (err == nil) != (row.fault == "") || err != nil && !strings.Contains(err.Error(), row.fault) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.fault)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, answer, fault string }{
		{"none", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", ""},
		{"one", plain, `body "hello", want ""`},
	} {
		address, _ := serve(t, row.answer)
		_, _, errs := front.PlayText(t.Context(), front.Target{HTTP: address}, "-- c --\non http\n> HEAD / HTTP/1.1\n< 200\n=\n")
		err := errors.Join(errs...)
		if (err == nil) != (row.fault == "") || err != nil && !strings.Contains(err.Error(), row.fault) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.fault)
		}
	}
}

func TestRequestsAreSentAsTheyStand(t *testing.T) {
	t.Parallel()
	address, asked := serve(t, plain)
	requests, passed, errs := front.PlayText(t.Context(), front.Target{HTTP: address, Base: "/cgi-bin/wcme"}, `
-- c --
on http
each A a b\r\nX: c
each A $BASE\x00\xff\\
each A
> GET /$A?\x24A $HOST
> Odd header
< 200
-- not for this target --
on https
> GET / HTTP/1.1
< 404
`)
	if requests != 3 || passed != 3 || len(errs) > 0 {
		t.Errorf("got %d requests, %d passed, %v, want 3, 3", requests, passed, errs)
	}
	for _, want := range []string{"a b\r\nX: c", "/cgi-bin/wcme\x00\xff\\", ""} {
		want = "GET /" + want + "?$A " + front.Name + "\r\nOdd header\r\n\r\n"
		if got := <-asked; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEachRequestIsCounted(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, plain)
	requests, passed, errs := front.PlayText(t.Context(), front.Target{HTTP: address}, "-- c --\non http\neach A hello\neach A x\n> GET / HTTP/1.1\n< 200\n= $A\n")
	if requests != 2 || passed != 1 || len(errs) != 1 {
		t.Errorf("got %d requests, %d passed, %v, want 2, 1 and an error", requests, passed, errs)
	}
}

func TestCasesThatATargetCannotAnswerAreLeftOut(t *testing.T) {
	t.Parallel()
	const text = `
-- no body --
on http
> GET / HTTP/1.1
< 200
-- a body --
on http
> POST / HTTP/1.1
> Content-Length: 1
>> a
< 200
-- IPv6 --
on http6
> GET / HTTP/1.1
< 200
-- pages --
on admin
> GET / HTTP/1.1
< 200
-- in the clear beside https --
on clear
> GET / HTTP/1.1
< 200
`
	address, _ := serve(t, plain)
	for _, row := range []struct {
		name   string
		target front.Target
		want   int
	}{
		{"only HTTP", front.Target{HTTP: address}, 3},
		{"IPv6 too", front.Target{HTTP: address, HTTP6: address}, 4},
		{"without bodies", front.Target{HTTP: address, HangsUp: true}, 2},
		{"nothing", front.Target{}, 0},
	} {
		requests, passed, errs := front.PlayText(t.Context(), row.target, text)
		if requests != row.want || passed != row.want || len(errs) > 0 {
			t.Errorf("%s: got %d requests, %d passed, %v, want %d", row.name, requests, passed, errs, row.want)
		}
	}
}

func TestBadEscapes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`\`, `\q`, `\x4`, `\400`, "$nothing", "$", "$NOTHING"} {
		address, _ := serve(t, plain)
		_, _, errs := front.PlayText(t.Context(), front.Target{HTTP: address}, "-- c --\non http\n> GET /"+text+"\n< 200\n")
		if len(errs) != 1 {
			t.Errorf("%s: got %v, want an error", text, errs)
		}
	}
}

func TestFaultsOfALog(t *testing.T) {
	log := "time=1 level=WARN msg=\"request refused\"\n" +
		"[core:error] AH10244: invalid URI path\n" +
		"time=2 level=ERROR msg=\"overseer does not answer\"\n" +
		"panic: runtime error\n" +
		"End of script output before headers: wcme\n"
	got := front.Faults(log)
	if len(got) != 3 || !strings.Contains(got[0], "does not answer") || !strings.HasPrefix(got[1], "panic") || !strings.HasPrefix(got[2], "End") {
		t.Errorf("got %q, want the last three lines", got)
	}
}

// TestTable makes the table that `make test` ends with.
func TestTable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("WCME_TABLE", dir)
	table := func() (string, error) {
		text, err := exec.Command("awk", "-f", "table.awk", filepath.Join(dir, "front")).Output()
		return string(text), err
	}
	if err := os.WriteFile(filepath.Join(dir, "front"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := table(); err == nil {
		t.Errorf("of nothing: got %q, want that it fails", text)
	}
	if err := front.Record("Apache", "mod_cgid", 12, 12); err != nil {
		t.Fatal(err)
	}
	want := "| server | mode | requests | passed |\n|---|---|--:|--:|\n| Apache | mod_cgid | 12 | 12 |\n"
	if got, err := table(); err != nil || got != want {
		t.Errorf("of one: got %q, %v, want %q", got, err, want)
	}
	if err := front.Record("nginx", "FastCGI", 12, 11); err != nil {
		t.Fatal(err)
	}
	if got, err := table(); err == nil || got != want+"| nginx | FastCGI | 12 | 11 |\n" {
		t.Errorf("of two, one with a failure: got %q, %v, want both rows and that it fails", got, err)
	}
}
