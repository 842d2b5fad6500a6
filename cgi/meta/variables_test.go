package meta_test

import (
	"maps"
	"testing"

	"wcme/cgi/meta"
)

func TestFromEnviron(t *testing.T) {
	for _, row := range []struct {
		name    string
		environ []string
		want    meta.Variables
	}{
		{"as most servers have them",
			[]string{"REQUEST_METHOD=GET", "QUERY_STRING=a=b", "EMPTY=", "WWW_X=y"},
			meta.Variables{"REQUEST_METHOD": "GET", "QUERY_STRING": "a=b", "EMPTY": "", "WWW_X": "y"}},
		{"as WASD has them",
			[]string{"WWW_SERVER_SOFTWARE=HTTPd-WASD/12", "WWW_REQUEST_METHOD=GET", "REQUEST_METHOD=POST", "PATH=/bin", "WCME_ROOT=/x"},
			meta.Variables{"SERVER_SOFTWARE": "HTTPd-WASD/12", "REQUEST_METHOD": "GET", "WCME_ROOT": "/x"}},
		{"WASD, a setting with the prefix is none",
			[]string{"WWW_GATEWAY_INTERFACE=CGI/1.1", "WWW_WCME_ROOT=/evil", "WCME_ROOT=/x", "WWW_HTTP_WCME_BASE=/y"},
			meta.Variables{"GATEWAY_INTERFACE": "CGI/1.1", "WCME_ROOT": "/x", "HTTP_WCME_BASE": "/y"}},
		{"a header that looks like WASD's",
			[]string{"REQUEST_METHOD=GET", "HTTP_WWW_SERVER_SOFTWARE=x", "HTTP_WWW_REQUEST_METHOD=POST"},
			meta.Variables{"REQUEST_METHOD": "GET", "HTTP_WWW_SERVER_SOFTWARE": "x", "HTTP_WWW_REQUEST_METHOD": "POST"}},
		{"repeated and malformed ones",
			[]string{"A=1", "A=2", "no equals sign", "=x", ""},
			meta.Variables{"A": "1", "": "x"}},
		{"none", nil, meta.Variables{}},
	} {
		if got := meta.FromEnviron(row.environ); !maps.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}

// TestFromServer is G02.
func TestFromServer(t *testing.T) {
	for _, row := range []struct {
		environ []string
		want    bool
	}{
		{[]string{"REQUEST_METHOD=GET"}, true},
		{[]string{"GATEWAY_INTERFACE=CGI/1.1"}, true},
		{[]string{"WWW_SERVER_SOFTWARE=x", "WWW_REQUEST_METHOD=GET"}, true},
		{[]string{"WWW_SERVER_SOFTWARE=x", "REQUEST_METHOD=GET"}, false},
		{[]string{"PATH=/bin", "HOME=/root", "HTTP_HOST=a"}, false},
		{nil, false},
	} {
		if got := meta.FromEnviron(row.environ).FromServer(); got != row.want {
			t.Errorf("%v: %v, want %v", row.environ, got, row.want)
		}
	}
}
