package process

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"wcme/acmecore"
)

// usuallyKept is how much of an output's beginning is kept, and how much of its end.
const usuallyKept = 4 << 10

// capture keeps the beginning and the end of what is written to it, whatever the
// amount.
type capture struct {
	kept       int // 0 is usuallyKept
	secrets    []string
	head, tail []byte
	total      int64
}

func (c *capture) most() int {
	if c.kept == 0 {
		return usuallyKept
	}
	return c.kept
}

// Write never fails.
func (c *capture) Write(p []byte) (int, error) {
	most := c.most()
	c.total += int64(len(p))
	rest := p
	if room := most - len(c.head); room > 0 {
		n := min(room, len(rest))
		c.head, rest = append(c.head, rest[:n]...), rest[n:]
	}
	if len(rest) > most {
		rest = rest[len(rest)-most:]
	}
	c.tail = append(c.tail, rest...)
	if over := len(c.tail) - most; over > most {
		c.tail = c.tail[:copy(c.tail, c.tail[over:])]
	}
	return len(p), nil
}

// text is what was kept, inert and without secrets.
func (c *capture) text() string {
	tail := c.tail[max(0, len(c.tail)-c.most()):]
	left := c.total - int64(len(c.head)) - int64(len(tail))
	if left == 0 {
		return InertLines(conceal(string(c.head)+string(tail), c.secrets))
	}
	head, end := concealEnds(string(c.head), string(tail), c.secrets)
	return fmt.Sprintf("%s\n… %d bytes left out …\n%s", InertLines(head), left, InertLines(end))
}

// InertLines makes a text inert and keeps its line ends and its indentation.
func InertLines(text string) string {
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

// Bounded makes a sentence inert whose parts are inert, and may be longer than Inert
// allows.
func Bounded(sentence string) string {
	const most = 4 << 10
	if len(sentence) > most {
		sentence = strings.ToValidUTF8(sentence[:most], "") + "…"
	}
	return inertLine(sentence)
}
