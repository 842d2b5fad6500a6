package badca_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"wcme/acmecore"
	"wcme/deploy/badca"
	"wcme/deploy/lab"
)

// sentOnce are the classes whose requests are not sent again in an attempt, or are
// where it begins.
var sentOnce = []badca.Class{lab.ClassDirectory, lab.ClassNewAccount, lab.ClassNewOrder, badca.ClassRevoke, lab.ClassRenewalInfo}

// all says the same of several classes.
func all(w want, classes ...badca.Class) map[badca.Class]want {
	at := make(map[badca.Class]want)
	for _, class := range classes {
		at[class] = w
	}
	return at
}

// and adds what is so of some classes.
func and(at map[badca.Class]want, w want, classes ...badca.Class) map[badca.Class]want {
	at = maps.Clone(at)
	maps.Copy(at, all(w, classes...))
	return at
}

// TestStatuses is N06, N07 and N14: what the status and the header of an answer say.
func TestStatuses(t *testing.T) {
	t.Parallel()
	said, busy := limited(badca.Said), limited("status 503")
	silent := all(limited("status 429"), lab.ClassNewNonce) // which is asked for with HEAD: the answer says nothing
	two := all(said, lab.ClassNewOrder, lab.ClassAuthz)
	runAll(t, []fault{
		{id: "N06 500", action: badca.Problem(500, "serverInternal"), want: unreachable(badca.Said), at: all(unreachable("status 500"), lab.ClassNewNonce)},
		{id: "N06 502", action: badca.Reply(502, ""), want: unreachable("status 502")},
		{id: "N06 503", action: badca.Reply(503, "busy\x1b[31m"), want: unreachable("status 503")},
		{id: "N06 503 once", action: badca.Reply(503, ""), count: 1, at: all(unreachable("status 503"), sentOnce...)},
		{id: "N06 503 for two minutes", action: badca.Problem(503, "serverInternal", "Retry-After", "120"), want: said, at: all(busy, lab.ClassNewNonce)},
		{id: "N06 503 for two minutes, once", action: badca.Problem(503, "serverInternal", "Retry-After", "120"), count: 1, at: all(said, sentOnce...)},
		{id: "N06 503 with a page", action: badca.Reply(503, "<html>"+strings.Repeat("<p>no</p>\r\n", 1000), "Content-Type", "text/html"), want: unreachable("status 503")},
		{id: "N07 429 for an hour", action: limit("3600"), want: said, at: silent},
		{id: "N07 429 until a date", action: limit(time.Now().Add(3 * time.Hour).UTC().Format(http.TimeFormat)), at: two, only: true},
		{id: "N07 429 for less than nothing", action: limit("-1"), at: two, only: true},
		{id: "N07 429 for ever", action: limit("99999999999"), at: two, only: true},
		{id: "N07 429 for garbage", action: limit("soon"), at: two, only: true},
		{id: "N07 429", action: limit(), want: said, at: silent},
		{id: "N14 200", action: badca.Status(200), at: all(unreachable("status 200 OK"), lab.ClassNewOrder)},
		{id: "N14 204", action: badca.Reply(204, ""), want: unreachable("")},
		{id: "N14 418", action: badca.Reply(418, ""), want: refused("status 418")},
		{id: "N14 200 with a problem", action: badca.Problem(200, "serverInternal"), want: unreachable(""), at: map[badca.Class]want{
			badca.ClassRevoke:    issued, // RFC 8555 section 7.6 knows no other sign of success than the status
			lab.ClassCertificate: unreachable("no certificate is in it"),
			lab.ClassRenewalInfo: refused("has no window"),
		}},
	})
}

// limit is a CA's rate limit, with the field Retry-After where there is one.
func limit(after ...string) badca.Action {
	if len(after) > 0 {
		after = []string{"Retry-After", after[0]}
	}
	return badca.Problem(http.StatusTooManyRequests, "rateLimited", after...)
}

// unread are the classes of which an answer's body says nothing that is needed.
var unread = all(issued, lab.ClassNewNonce, lab.ClassChallenge, lab.ClassFinalize, badca.ClassRevoke)

// TestBodies is N09 to N11: what is in an answer.
func TestBodies(t *testing.T) {
	t.Parallel()
	noNonce := all(unreachable("no usable nonce"), lab.ClassNewNonce)
	none := unreachable("no certificate is in it")
	garbled := and(and(unread, none, lab.ClassCertificate), refused("read renewal information"), lab.ClassRenewalInfo)
	null := and(garbled, issued, lab.ClassNewAccount) // its URL is in the header
	null[lab.ClassAuthz], null[lab.ClassOrder] = unreachable("is no authorization"), unreachable("is no order")
	unreadable := unreachable("cannot be read")
	some := and(all(unreadable, lab.ClassAuthz, lab.ClassOrder, lab.ClassCertificate), unreachable(""), lab.ClassDirectory, lab.ClassNewOrder)
	large := unreachable("larger than 1048576 bytes")
	head := unreachable("server response headers exceeded")
	heard := all(issued, lab.ClassChallenge, lab.ClassFinalize) // as the next look shows
	runAll(t, []fault{
		{id: "N09 no nonce", action: badca.Header("Replay-Nonce", ""), at: noNonce},
		{id: "N09 a nonce twice", action: badca.Nonces(func(string) string { return "dHdpY2U" })},
		{id: "N09 a nonce of 10 kB", action: badca.Nonces(func(string) string { return strings.Repeat("a", 10_000) }), at: noNonce},
		{id: "N09 a nonce with a blank", action: badca.Nonces(func(nonce string) string { return nonce + " =" }), at: noNonce},
		{id: "N10 empty", action: badca.Body(""), want: unreachable(""), at: garbled},
		{id: "N10 null", action: badca.Body("null"), want: unreachable(""), at: null},
		{id: "N10 of other types", action: badca.Body(`{"status":7,"newOrder":{},"identifiers":"no","suggestedWindow":[]}`), want: unreachable(""), at: garbled},
		{id: "N10 a list", action: badca.Body("[]"), at: some, only: true},
		{id: "N10 cut short", action: badca.Body("{"), at: some, only: true},
		{id: "N10 nested", action: badca.Body(strings.Repeat("[", 10_000)), at: some, only: true},
		{id: "N10 UTF-16", action: badca.Body("\xff\xfe{\x00}\x00"), at: some, only: true},
		{id: "N10 NUL", action: badca.Body("{\x00}"), at: some, only: true},
		{id: "N10 garbage behind", action: badca.Change(func(a *badca.Answer) { a.Body = append(a.Body, "\x00}}garbage"...) }),
			at: all(refused("no JSON"), lab.ClassRenewalInfo)},
		{id: "N11 without an end", action: badca.Endless(-1), want: large, at: noNonce},
		{id: "N11 1 GB", action: badca.Endless(1 << 30), want: large, at: noNonce},
		{id: "N11 packed", action: badca.Bomb(64 << 20), want: unreachable(""), at: map[badca.Class]want{
			lab.ClassNewNonce: unreachable("no usable nonce"), lab.ClassCertificate: none, lab.ClassRenewalInfo: refused("read renewal information"), badca.ClassRevoke: issued}},
		{id: "N11 1 MB of header", action: badca.Header("X-Long", strings.Repeat("a", 1<<20)), want: head, at: heard},
		{id: "N11 10 000 fields", action: badca.Change(func(a *badca.Answer) {
			for range 10_000 {
				a.Header.Add("X-Many", "a")
			}
		}), want: head, at: heard},
	})
}

// TestRedirects is N13. A listener of ours hears nobody.
func TestRedirects(t *testing.T) {
	t.Parallel()
	away, count := listener(t)
	moved := want{kind: acmecore.Unreachable, words: "redirects"}
	post := map[badca.Class]want{lab.ClassNewAccount: moved, lab.ClassNewOrder: moved, lab.ClassAuthz: moved, lab.ClassFinalize: moved}
	var faults []fault
	for _, status := range []int{301, 302, 303, 307, 308} {
		id := "N13 " + http.StatusText(status)
		faults = append(faults, fault{id: id, action: badca.Redirect(status, away), at: post, only: true})
	}
	faults = append(faults,
		fault{id: "N13 in a loop", action: badca.Redirect(302, "SELF"), want: unreachable("")},
		fault{id: "N13 to another port", action: badca.Redirect(302, away), want: unreachable("")},
		fault{id: "N13 to http", action: badca.Redirect(302, strings.Replace(away, "https", "http", 1)), want: unreachable("")},
		fault{id: "N13 to a file", action: badca.Redirect(302, "file:///etc/passwd"), want: unreachable("")},
	)
	runAll(t, faults)
	if got := count(); got != 0 {
		t.Errorf("%d connections came to where the CA redirects to, want none", got)
	}
}
