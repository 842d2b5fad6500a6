package fastcgi

import "encoding/binary"

// The protocol's numbers, section 8.
const (
	version      = 1
	headerLength = 8
	maxContent   = 0xffff

	typeBegin      = 1
	typeAbort      = 2
	typeEnd        = 3
	typeParams     = 4
	typeStdin      = 5
	typeStdout     = 6
	typeGetValues  = 9
	typeValues     = 10
	typeUnknown    = 11
	roleResponder  = 1
	flagKeepOpen   = 1
	statusComplete = 0
	statusOverload = 2
	statusRole     = 3
)

// header is what every record begins with, section 3.3.
type header struct {
	kind    byte
	id      uint16 // 0 for management records
	content int    // bytes
	padding int    // bytes after the content
}

func parseHeader(b [headerLength]byte) (h header, known bool) {
	return header{
		kind:    b[1],
		id:      binary.BigEndian.Uint16(b[2:]),
		content: int(binary.BigEndian.Uint16(b[4:])),
		padding: int(b[6]),
	}, b[0] == version
}

// appendRecord appends a record whose content is at most maxContent long, padded
// to a multiple of eight as section 3.3 recommends.
func appendRecord(to []byte, kind byte, id uint16, content []byte) []byte {
	padding := -len(content) & 7
	to = append(to, version, kind)
	to = binary.BigEndian.AppendUint16(to, id)
	to = binary.BigEndian.AppendUint16(to, uint16(len(content)))
	to = append(to, byte(padding), 0)
	to = append(to, content...)
	return append(to, make([]byte, padding)...)
}

// appendStream appends the content as a whole stream: records, and the empty one
// that ends it.
func appendStream(to []byte, kind byte, id uint16, content []byte) []byte {
	const most = maxContent &^ 7
	for len(content) > most {
		to = appendRecord(to, kind, id, content[:most])
		content = content[most:]
	}
	if len(content) > 0 {
		to = appendRecord(to, kind, id, content)
	}
	return appendRecord(to, kind, id, nil)
}

// appendEnd appends an FCGI_END_REQUEST, section 5.5.
func appendEnd(to []byte, id uint16, status byte) []byte {
	return appendRecord(to, typeEnd, id, []byte{0, 0, 0, 0, status, 0, 0, 0})
}

// appendPair appends a name and a value of less than 128 bytes each, section 3.4.
func appendPair(to []byte, name, value string) []byte {
	to = append(to, byte(len(name)), byte(len(value)))
	return append(append(to, name...), value...)
}
