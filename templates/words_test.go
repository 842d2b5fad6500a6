package templates

import (
	"strings"
	"testing"
)

func TestWordsShowsCodeBetweenBackticks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "",
		"plain":                         "plain",
		"run `wcme list`.":              "run <code>wcme list</code>.",
		"`a` or `b`":                    "<code>a</code> or <code>b</code>",
		"one ` alone":                   "one ` alone",
		"none `` between":               "none  between",
		"`<b>` & \"<i>\"":               "<code>&lt;b&gt;</code> &amp; &#34;&lt;i&gt;&#34;",
		"`a` and then ` <script>x":      "<code>a</code> and then ` &lt;script&gt;x",
		"`</code><script>alert(1)`</b>": "<code>&lt;/code&gt;&lt;script&gt;alert(1)</code>&lt;/b&gt;",
	} {
		var page strings.Builder
		if err := words(text).Render(t.Context(), &page); err != nil || page.String() != want {
			t.Errorf("%q: got %q, %v, want %q", text, page.String(), err, want)
		}
	}
}
