package faults_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"wcme/deploy/lab"
)

// politeProblem is a CA's answer that is an error (RFC 8555 section 6.7).
func politeProblem(status int, kind string, header ...string) func(http.ResponseWriter, *http.Request) bool {
	fields := http.Header{"Content-Type": {"application/problem+json"}}
	for i := 0; i+1 < len(header); i += 2 {
		fields.Set(header[i], header[i+1])
	}
	body := fmt.Sprintf(`{"type":"urn:ietf:params:acme:error:%s","detail":"as the test wants it","status":%d}`, kind, status)
	return lab.Reply(status, fields, body)
}

// politeDrop cuts the connection.
func politeDrop(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }

// politeCounter notes at which time of the lab's clock something was asked.
type politeCounter struct {
	clock  *lab.Clock
	mu     sync.Mutex
	all    []time.Time
	orders map[string][]time.Time // newOrder, by the first name
	// replacing tells of the last of them that it was to take the place of a certificate.
	replacing map[string]bool
	tries     []time.Time // challenges that were to be validated
}

// count notes what is asked from now on, and lets newOrder be answered by answer.
func (a *authority) count(answer func(http.ResponseWriter, *http.Request) bool) *politeCounter {
	c := &politeCounter{clock: a.clock, orders: make(map[string][]time.Time), replacing: make(map[string]bool)}
	for _, class := range []lab.Class{lab.ClassDirectory, lab.ClassNewNonce, lab.ClassNewAccount, lab.ClassNewOrder, lab.ClassAuthz,
		lab.ClassChallenge, lab.ClassOrder, lab.ClassFinalize, lab.ClassCertificate,
		lab.ClassAccount, lab.ClassKeyChange, lab.ClassRevokeCert, lab.ClassOther} {
		a.between.Answer(class, func(w http.ResponseWriter, r *http.Request) bool {
			c.note(class, r)
			return class == lab.ClassNewOrder && answer != nil && answer(w, r)
		})
	}
	return c
}

func (c *politeCounter) note(class lab.Class, r *http.Request) {
	now := c.clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, now)
	switch class {
	case lab.ClassNewOrder:
		name, replaces := politeOrder(r)
		if times := c.orders[name]; c.replacing[name] && !replaces && now.Sub(times[len(times)-1]) < time.Minute {
			c.orders[name] = times[:len(times)-1] // it is the same one, placed again: Pebble knows of a replacement
		}
		c.orders[name], c.replacing[name] = append(c.orders[name], now), replaces
	case lab.ClassChallenge:
		c.tries = append(c.tries, now)
	}
}

// politeOrder is the first name of an order, which stands in what was signed, and whether
// it is to take the place of another certificate.
func politeOrder(r *http.Request) (name string, replaces bool) {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var signed struct{ Payload string }
	var order struct {
		Identifiers []struct{ Value string }
		Replaces    string
	}
	if err == nil {
		err = json.Unmarshal(body, &signed)
	}
	payload, decoding := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err := errors.Join(err, decoding, json.Unmarshal(payload, &order)); err != nil || len(order.Identifiers) == 0 {
		return fmt.Sprintf("no order: %v", err), false
	}
	return order.Identifiers[0].Value, order.Replaces != ""
}

// politeMost is the greatest number of the times that lie in one hour, and the least
// time between two of them.
func politeMost(times []time.Time) (most int, least time.Duration) {
	least = 1 << 62
	for i, from := range times {
		within := slices.IndexFunc(times[i:], func(at time.Time) bool { return at.Sub(from) >= time.Hour })
		if within < 0 {
			within = len(times) - i
		}
		most = max(most, within)
		if i > 0 {
			least = min(least, from.Sub(times[i-1]))
		}
	}
	return most, least
}
