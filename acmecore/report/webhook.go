package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"wcme/acmecore"
)

const (
	hookTime  = 15 * time.Second
	maxBody   = 64 << 10 // bytes of what a webhook gets
	maxAnswer = 4 << 10  // bytes of what it says that are read
	maxText   = 8 << 10  // bytes of the text in it: six times that where JSON escapes each
)

// payload is what a webhook gets.
type payload struct {
	ID     string           `json:"id"` // the same when the same is sent again
	Host   string           `json:"host"`
	Title  string           `json:"title"`
	Text   string           `json:"text"`
	Events []acmecore.Event `json:"events"`
	More   int              `json:"more,omitempty"` // events that are only counted
}

// webhook returns the URL that has the sum.
func (s Settings) webhook(sum string) (address string, found bool) {
	for _, candidate := range s.Webhooks {
		if sumOfTarget(candidate) == sum {
			return candidate, true
		}
	}
	return "", false
}

// CheckWebhook tells whether Webhooks may hold the URL. It says nothing of it that
// is secret.
func CheckWebhook(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" {
		return invalidHook(address, errors.New("it is not a URL"))
	}
	if isPlainHook(parsed) {
		if parsed.Host == "" {
			return invalidHook(address, errors.New("it has no host"))
		}
		return nil
	}
	return checkChat(parsed)
}

func invalidHook(address string, cause error) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "webhook", Subject: shownURL(address), Cause: cause,
		Hint: "write https://…, or the URL of a chat service as shoutrrr has it, such as slack:// or ntfy://"}
}

func isPlainHook(address *url.URL) bool { return address.Scheme == "https" || address.Scheme == "http" }

// shownURL is what of a webhook's URL may be seen: the scheme, and of http the host.
// In those of chat services, what stands in the place of a host often is the secret.
func shownURL(address string) string {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Scheme == "":
		return "webhook"
	case isPlainHook(parsed):
		return acmecore.Inert(parsed.Scheme + "://" + parsed.Host)
	}
	return acmecore.Inert(parsed.Scheme + "://…")
}

// post sends a message to a webhook.
func (r *Reporter) post(ctx context.Context, address string, m message, note func(string)) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return invalidHook(address, errors.New("it is not a URL"))
	}
	ctx, cancel := context.WithTimeout(ctx, r.hookTime)
	defer cancel()
	if !isPlainHook(parsed) {
		return r.chat(ctx, parsed, m, note)
	}
	body, err := m.payload()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return invalidHook(address, errors.New("it cannot be asked for"))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "wcme")
	return r.do(request, shownURL(address), note)
}

// do sends the request of a webhook, and judges the answer.
func (r *Reporter) do(request *http.Request, shown string, note func(string)) error {
	answer, err := r.client.Do(request)
	if err != nil {
		return &acmecore.Error{Kind: acmecore.Unreachable, Op: "post to", Subject: shown, Cause: withoutURL(err, request.URL),
			Hint: "does the service run, and is there a way there? HTTPS_PROXY is honoured"}
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	said := fmt.Errorf("it answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	switch code := answer.StatusCode; {
	case code/100 == 2:
		note(said.Error())
		return nil
	case code/100 == 3:
		return &acmecore.Error{Kind: acmecore.Refused, Op: "post to", Subject: shown, Cause: said,
			Hint: "it leads elsewhere, where a secret URL is not taken to: configure the address where it ends"}
	case code/100 == 4 && code != http.StatusRequestTimeout && code != http.StatusTooEarly && code != http.StatusTooManyRequests:
		return &acmecore.Error{Kind: acmecore.Refused, Op: "post to", Subject: shown, Cause: said,
			Hint: "is the URL still the one that the service gives?"}
	}
	return &acmecore.Error{Kind: acmecore.Limited, Op: "post to", Subject: shown, Cause: said, Hint: "the service is in trouble, or has too much to do"}
}

// payload is the message in JSON, with as many of its events as there is room for.
func (m message) payload() ([]byte, error) {
	p := payload{ID: m.ID, Host: m.Host, Title: m.Subject, Text: cutBytes(m.Text, maxText), Events: m.Events, More: m.More}
	return fitted(maxBody, &p.Events, &p.More, func() ([]byte, error) { return json.Marshal(p) })
}

// stayAtHost follows a redirect that repeats the POST at the same host, and no other:
// the answer to what is not followed is a 3xx, which is no delivery.
func stayAtHost(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if next.Method != http.MethodPost || next.URL.Host != first.Host || next.URL.Scheme != first.Scheme || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

// transport is that of webhooks: each message has its own connection, since the next
// one is most often hours away.
func transport() *http.Transport {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: hookTime,
		ResponseHeaderTimeout: hookTime, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true}
}

// withoutURL is the cause in an error of net/http, which names the URL in full.
func withoutURL(err error, address *url.URL) error {
	for wrapped := (*url.Error)(nil); errors.As(err, &wrapped); {
		err = wrapped.Err
	}
	return errors.New(redact(err.Error(), address))
}
