package templates

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// words shows a text that may have commands, keys and paths between backticks, as code.
// One backtick alone is what it is.
func words(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, marked(text))
		return err
	})
}

// marked is the text in HTML.
func marked(text string) string {
	var page strings.Builder
	for {
		before, rest, found := strings.Cut(text, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !found || !closed {
			page.WriteString(templ.EscapeString(text))
			return page.String()
		}
		page.WriteString(templ.EscapeString(before))
		if code != "" {
			page.WriteString("<code>" + templ.EscapeString(code) + "</code>")
		}
		text = after
	}
}
