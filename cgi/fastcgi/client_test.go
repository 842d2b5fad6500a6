package fastcgi_test

import "encoding/binary"

// The records below are made by the specification, not by the package under test.

// record is a record as section 3.3 draws it, without padding.
func record(kind byte, id int, content string) []byte { return padded(kind, id, content, 0) }

func padded(kind byte, id int, content string, padding int) []byte {
	b := []byte{1, kind, byte(id >> 8), byte(id), byte(len(content) >> 8), byte(len(content)), byte(padding), 0}
	b = append(b, content...)
	return append(b, make([]byte, padding)...)
}

// begin is an FCGI_BEGIN_REQUEST, section 5.1.
func begin(id int, role uint16, keepOpen bool) []byte {
	content := []byte{byte(role >> 8), byte(role), 0, 0, 0, 0, 0, 0}
	if keepOpen {
		content[2] = 1
	}
	return record(1, id, string(content))
}

// pair is a name-value pair, section 3.4.
func pair(name, value string) string { return length(len(name)) + length(len(value)) + name + value }

func length(n int) string {
	if n < 128 {
		return string([]byte{byte(n)})
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(n)|1<<31))
}

// usual are the parameters that nginx sends with Debian's fastcgi_params.
func usual() [][2]string {
	return [][2]string{
		{"QUERY_STRING", ""}, {"REQUEST_METHOD", "GET"}, {"CONTENT_TYPE", ""}, {"CONTENT_LENGTH", ""},
		{"SCRIPT_NAME", "/.well-known/acme-challenge/x"}, {"REQUEST_URI", "/.well-known/acme-challenge/x"},
		{"DOCUMENT_URI", "/.well-known/acme-challenge/x"}, {"DOCUMENT_ROOT", "/usr/share/nginx/html"},
		{"SERVER_PROTOCOL", "HTTP/1.1"}, {"REQUEST_SCHEME", "http"}, {"GATEWAY_INTERFACE", "CGI/1.1"},
		{"SERVER_SOFTWARE", "nginx/1.22.1"}, {"REMOTE_ADDR", "127.0.0.1"}, {"REMOTE_PORT", "50000"},
		{"SERVER_ADDR", "127.0.0.1"}, {"SERVER_PORT", "80"}, {"SERVER_NAME", "www.example.org"},
		{"REDIRECT_STATUS", "200"}, {"HTTP_HOST", "www.example.org"}, {"HTTP_USER_AGENT", "test"}, {"HTTP_ACCEPT", "*/*"},
	}
}

func params(pairs [][2]string) (stream string) {
	for _, p := range pairs {
		stream += pair(p[0], p[1])
	}
	return stream
}

// whole is a whole request.
func whole(id int, keepOpen bool, pairs [][2]string, body string) []byte {
	b := begin(id, 1, keepOpen)
	for stream := params(pairs); stream != ""; {
		piece := stream[:min(len(stream), 60000)]
		b = append(b, record(4, id, piece)...)
		stream = stream[len(piece):]
	}
	b = append(b, record(4, id, "")...)
	if body != "" {
		b = append(b, record(5, id, body)...)
	}
	return append(b, record(5, id, "")...)
}
