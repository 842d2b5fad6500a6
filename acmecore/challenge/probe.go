package challenge

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"wcme/acmecore"
)

// maxReceived is how long the value of ReceivedHeader may be, and each of its
// texts before it is quoted, in bytes.
const (
	maxReceived     = 2 << 10
	maxReceivedText = 300
)

// ReceivedHeader tells whoever asked for a probe, who alone knows its token, how
// the request has arrived: as JSON, in printable ASCII. encoding/json is not used
// because it leaves other characters as they are.
func ReceivedHeader(r acmecore.Received) Header {
	value := `{"path":` + quote(r.Path) + `,"host":` + quote(r.Host) +
		`,"protocol":` + quote(r.Protocol) + `,"address":` + quote(r.Address) + `}`
	if len(value) > maxReceived {
		value = "{}"
	}
	return Header{Name: acmecore.HeaderReceived, Value: value}
}

// quote writes a text as a string of JSON (RFC 8259 section 7), everything but
// harmless ASCII as \uXXXX; what is too long is cut.
func quote(text string) string {
	if len(text) > maxReceivedText {
		text = text[:maxReceivedText]
	}
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, r := range text {
		if ' ' <= r && r <= '~' && r != '"' && r != '\\' {
			quoted.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&quoted, `\u%04x`, unit)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}
