package load

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"wcme/acmecore"
)

// kept is how much of an output's beginning is kept, and how much of its end.
const kept = 4 << 10

// capture keeps the beginning and the end of what is written to it, whatever the
// amount.
type capture struct {
	head, tail []byte
	total      int64
}

// Write never fails.
func (c *capture) Write(p []byte) (int, error) {
	c.total += int64(len(p))
	rest := p
	if room := kept - len(c.head); room > 0 {
		n := min(room, len(rest))
		c.head, rest = append(c.head, rest[:n]...), rest[n:]
	}
	if len(rest) > kept {
		rest = rest[len(rest)-kept:]
	}
	c.tail = append(c.tail, rest...)
	if over := len(c.tail) - kept; over > kept {
		c.tail = c.tail[:copy(c.tail, c.tail[over:])]
	}
	return len(p), nil
}

// text is what was kept, inert.
func (c *capture) text() string {
	tail := c.tail[max(0, len(c.tail)-kept):]
	left := c.total - int64(len(c.head)) - int64(len(tail))
	if left == 0 {
		return inertLines(string(c.head) + string(tail))
	}
	return fmt.Sprintf("%s\n… %d bytes left out …\n%s", inertLines(string(c.head)), left, inertLines(string(tail)))
}

// inertLines makes a text inert and keeps its line ends and its indentation.
func inertLines(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = inertLine(line)
	}
	return strings.Join(lines, "\n")
}

// inertLine makes a line of any length inert, piece by piece, because Inert cuts
// what is long. The brackets keep it from trimming.
func inertLine(line string) string {
	const piece = 512
	var safe strings.Builder
	for line != "" {
		n := min(piece, len(line))
		for n < len(line) && !utf8.RuneStart(line[n]) {
			n--
		}
		inert := acmecore.Inert("[" + line[:n] + "]")
		safe.WriteString(inert[1 : len(inert)-1])
		line = line[n:]
	}
	return safe.String()
}

// bounded makes a sentence inert whose parts are inert, and may be longer than Inert
// allows.
func bounded(sentence string) string {
	const most = 4 << 10
	if len(sentence) > most {
		sentence = strings.ToValidUTF8(sentence[:most], "") + "…"
	}
	return inertLine(sentence)
}
