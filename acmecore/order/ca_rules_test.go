package order_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
)

// rule makes the CA misbehave: at the requests of a class that when picks, it
// acts instead of answering.
type rule struct {
	kind class
	when func(nth int) bool // 1 is the first request of the class
	act  action
}

// action answers a request in place of the CA; it may have the CA serve first.
type action func(ca *authority, w http.ResponseWriter, r *http.Request)

// on adds a rule. Of two that apply, the first one added does.
func (ca *authority) on(kind class, when func(int) bool, act action) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.rules = append(ca.rules, rule{kind, when, act})
}

// heal drops all rules.
func (ca *authority) heal() {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.rules = nil
}

func always(int) bool { return true }

func first(count int) func(int) bool { return func(nth int) bool { return nth <= count } }

func only(nth int) func(int) bool { return func(n int) bool { return n == nth } }

func odd(nth int) bool { return nth%2 == 1 }

// answering answers with a body of any kind; the header is given in lines.
func answering(status int, body string, header ...string) action {
	return func(ca *authority, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", ca.nonce())
		setLines(w.Header(), header)
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// setLines sets header fields, and removes those without a value.
func setLines(header http.Header, lines []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name = strings.TrimSuffix(name, ":"); value == "" {
			header.Del(name)
			continue
		}
		header.Set(name, value)
	}
}

// refusing answers with a problem, and a nonce.
func refusing(p *problem) action {
	return func(ca *authority, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Replay-Nonce", ca.nonce())
		p.write(w)
	}
}

var badNonce = refusing(&problem{Status: 400, Type: "badNonce", Detail: "try the one that comes with this"})

// serving has the CA serve the request and changes the answer.
func serving(change func(answer *httptest.ResponseRecorder)) action {
	return func(ca *authority, w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		ca.serve(answer, r)
		change(answer)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}
}

// saying serves and sets header fields.
func saying(lines ...string) action {
	return serving(func(answer *httptest.ResponseRecorder) { setLines(answer.Header(), lines) })
}

// editing serves and changes the JSON object of the answer.
func editing(edit func(object map[string]any)) action {
	return serving(func(answer *httptest.ResponseRecorder) {
		var object map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &object); err != nil {
			return
		}
		edit(object)
		text, err := json.Marshal(object)
		if err != nil {
			panic(err)
		}
		answer.Body.Reset()
		answer.Body.Write(text)
	})
}

// with serves and sets one field of the object; nil removes it.
func with(field string, value any) action {
	return editing(func(object map[string]any) {
		if object[field] = value; value == nil {
			delete(object, field)
		}
	})
}

// losing serves the request and then cuts the connection: the answer is lost.
func losing(ca *authority, w http.ResponseWriter, r *http.Request) {
	ca.serve(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// dropping cuts the connection without serving.
func dropping(*authority, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hanging never answers: nor at the end, which who is about to hang up may still hear.
func hanging(_ *authority, _ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}
