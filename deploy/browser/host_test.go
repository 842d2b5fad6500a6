package browser_test

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// refusesNames shows that the pages are not shown by a name that somebody else has made
// up and lets point here (DNS rebinding, W08): to whoever asks with a name in Host, and
// to a browser that believes the name.
func (o *office) refusesNames(user string, b *tab) {
	o.Helper()
	port := strconv.Itoa(o.tlsPort)
	for host, want := range map[string]int{
		adminName:                                http.StatusOK,
		net.JoinHostPort(adminName, port):        http.StatusOK,
		strings.ToUpper(adminName) + ".:" + port: http.StatusOK,
		"127.0.0.1:" + port:                      http.StatusOK,
		"localhost:" + port:                      http.StatusOK,
		foreignName:                              http.StatusMisdirectedRequest,
		net.JoinHostPort(foreignName, port):      http.StatusMisdirectedRequest,
		"127.0.0.1." + foreignName:               http.StatusMisdirectedRequest,
		adminName + "." + foreignName:            http.StatusMisdirectedRequest,
		"not" + adminName:                        http.StatusMisdirectedRequest,
	} {
		response, body := o.ask(http.MethodGet, mount+"/admin/list", user, "", "Host", host)
		if response.StatusCode != want {
			o.Errorf("%s: got %d, want %d", host, response.StatusCode, want)
		}
		if strings.Contains(body, "www.example.test") != (want == http.StatusOK) {
			o.Errorf("%s: got %d and the page\n%.1000s", host, response.StatusCode, body)
		}
	}
	b.expect("421")
	stop := b.answerWith(user, password)
	defer stop()
	b.open("https://"+net.JoinHostPort(foreignName, port)+mount+"/admin/list", http.StatusMisdirectedRequest, "Not by this name")
}
