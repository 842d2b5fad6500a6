package fastcgi_test

import (
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"wcme/cgi/fastcgi"
	"wcme/deploy/fcgitest"
)

// FuzzRecords: however the bytes are cut, the same records come out of them, and
// their contents are what stands in the bytes.
func FuzzRecords(f *testing.F) {
	f.Add(fcgitest.Whole(1, true, fcgitest.Usual(), "hello"), 3)
	f.Add(fcgitest.Padded(5, 65535, "x", 255), 1)
	f.Add([]byte{1, 1, 0, 1, 0, 8, 0, 0}, 8)
	f.Add([]byte{2}, 1)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		at = max(0, min(at, len(stream)))
		once, onceErr := fastcgi.Records(stream)
		twice, twiceErr := fastcgi.Records(stream[:at], stream[at:])
		if !reflect.DeepEqual(once, twice) || (onceErr == nil) != (twiceErr == nil) {
			t.Fatalf("at once %+v, %v; cut at %d %+v, %v", once, onceErr, at, twice, twiceErr)
		}
		length := 0
		for _, h := range once.Begun {
			length += h.Content
		}
		if len(once.Content) > length || once.Ended > len(once.Begun) || once.Ended < len(once.Begun)-1 {
			t.Fatalf("%d bytes of content, where %d were announced; %d ends of %d", len(once.Content), length, once.Ended, len(once.Begun))
		}
	})
}

// FuzzParams: what is decoded, written again, is the same; and what was written
// is decoded.
func FuzzParams(f *testing.F) {
	f.Add(fcgitest.Params(fcgitest.Usual()))
	f.Add(fcgitest.Pair("A", strings.Repeat("x", 200)) + fcgitest.Pair(strings.Repeat("N", 130), ""))
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xffab")
	f.Add("\x80\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, stream string) {
		variables, err := fastcgi.DecodeParams(stream)
		if err != nil {
			return
		}
		again, total := "", 0
		for name, value := range variables {
			if name == "" || strings.ContainsAny(name, "=\x00\n") {
				t.Fatalf("a parameter's name is %q", name)
			}
			again += fcgitest.Pair(name, value)
			total += len(name) + len(value)
		}
		if total > len(stream) {
			t.Fatalf("%d bytes came out of %d", total, len(stream))
		}
		if same, err := fastcgi.DecodeParams(again); err != nil || !reflect.DeepEqual(same, variables) {
			t.Fatalf("%q: got %v and %v, want %v", again, same, err, variables)
		}
	})
}

// FuzzConnection: whatever a peer sends, the connection ends when the peer is
// done, and the server lives.
func FuzzConnection(f *testing.F) {
	f.Add(fcgitest.Whole(1, true, fcgitest.Usual(), ""))
	f.Add(append(fcgitest.Begin(1, 1, true), fcgitest.Record(2, 1, "")...))
	f.Add(append(fcgitest.Whole(1, false, fcgitest.Usual(), ""), fcgitest.Whole(2, true, fcgitest.Usual(), "x")...))
	s := start(f, echo)
	f.Fuzz(func(t *testing.T, stream []byte) {
		conn, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(time.Minute))
		conn.Write(stream) // which may be cut off
		conn.(*net.UnixConn).CloseWrite()
		_, err = io.Copy(io.Discard, conn)
		if late, ok := err.(net.Error); ok && late.Timeout() {
			t.Fatal("the connection did not end")
		}
	})
}
