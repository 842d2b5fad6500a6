// Package fcgitest is the web server's end of FastCGI 1.0, for tests: the records
// of a request, made by the specification and not by the package under test, and
// those of its answer, read.
package fcgitest

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Record is a record as section 3.3 draws it, without padding.
func Record(kind byte, id int, content string) []byte { return Padded(kind, id, content, 0) }

func Padded(kind byte, id int, content string, padding int) []byte {
	b := []byte{1, kind, byte(id >> 8), byte(id), byte(len(content) >> 8), byte(len(content)), byte(padding), 0}
	b = append(b, content...)
	return append(b, make([]byte, padding)...)
}

// Begin is an FCGI_BEGIN_REQUEST, section 5.1.
func Begin(id int, role uint16, keepOpen bool) []byte {
	content := []byte{byte(role >> 8), byte(role), 0, 0, 0, 0, 0, 0}
	if keepOpen {
		content[2] = 1
	}
	return Record(1, id, string(content))
}

// Pair is a name-value pair, section 3.4.
func Pair(name, value string) string { return length(len(name)) + length(len(value)) + name + value }

func length(n int) string {
	if n < 128 {
		return string([]byte{byte(n)})
	}
	return string(binary.BigEndian.AppendUint32(nil, uint32(n)|1<<31))
}

// Usual are the parameters that nginx sends with Debian's fastcgi_params.
func Usual() [][2]string {
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

func Params(pairs [][2]string) (stream string) {
	for _, p := range pairs {
		stream += Pair(p[0], p[1])
	}
	return stream
}

// Whole is a whole request.
func Whole(id int, keepOpen bool, pairs [][2]string, body string) []byte {
	b := Begin(id, 1, keepOpen)
	for stream := Params(pairs); stream != ""; {
		piece := stream[:min(len(stream), 60000)]
		b = append(b, Record(4, id, piece)...)
		stream = stream[len(piece):]
	}
	b = append(b, Record(4, id, "")...)
	if body != "" {
		b = append(b, Record(5, id, body)...)
	}
	return append(b, Record(5, id, "")...)
}

// Received is a record that a web server gets.
type Received struct {
	Kind    byte
	ID      int
	Content string
}

// Read reads a record.
func Read(from io.Reader) (Received, error) {
	var head [8]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return Received{}, err
	}
	if head[0] != 1 {
		return Received{}, fmt.Errorf("a record of version %d", head[0])
	}
	length := int(binary.BigEndian.Uint16(head[4:]))
	content := make([]byte, length+int(head[6]))
	_, err := io.ReadFull(from, content)
	return Received{head[1], int(binary.BigEndian.Uint16(head[2:])), string(content[:length])}, err
}

// Answer reads up to the end of the request, whose status is that of the
// protocol. What comes for others is an error.
func Answer(from io.Reader, id int) (stdout string, status byte, err error) {
	for {
		r, err := Read(from)
		switch {
		case err != nil:
			return stdout, 0, err
		case r.ID == id && r.Kind == 6:
			stdout += r.Content
		case r.ID == id && r.Kind == 3 && len(r.Content) == 8:
			return stdout, r.Content[4], nil
		default:
			return stdout, 0, fmt.Errorf("a record of type %d for request %d: %q", r.Kind, r.ID, r.Content)
		}
	}
}
