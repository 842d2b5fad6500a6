package lab

import (
	"io"
	"net/http"
)

// MustFetch sends the request as it is, follows no redirection, and returns status
// and body of the answer.
func MustFetch(tb TB, request *http.Request) (status int, body string) {
	tb.Helper()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return response.StatusCode, string(text)
}
