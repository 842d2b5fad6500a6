package web_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// What holds for every answer and every page of the gallery: STYLE, "Front end".

// checkHeaders checks those that every answer of the admin pages carries.
func checkHeaders(t *testing.T, got http.Header) {
	t.Helper()
	for name, want := range pageHeaders() {
		if name != "Content-Type" && strings.Join(got[name], "|") != want[0] {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// checkPage checks a page, or a part of one that a script asks for.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for what, pattern := range map[string]string{
		"a failed address": `TemplFailedSanitizationURL`,
		"a control":        "[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]",
		"what is no text":  "\ufffd|\\xff",
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %s: %q", what, found)
		}
	}
	root, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	p := document{T: t, root: root}
	p.checkPolicy()
	p.checkAddresses()
	p.checkIDs()
	p.checkForms()
	p.checkFields()
	p.checkShapes()
	if strings.HasPrefix(page, "<!") { // others are parts of pages
		p.checkFrame()
		p.checkHeadings()
		p.checkTables()
		p.checkReferences()
	}
}

// document is a page that is checked.
type document struct {
	*testing.T
	root *html.Node
}

// all are the elements with one of the names, in their order; without names, all.
func (p document) all(names ...string) (list []*html.Node) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			list = append(list, n)
		}
	}
	return list
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(attribute(n, "class")), class)
}

// content is the text in the element.
func content(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// around is the innermost element with that name around n, nil when there is none.
func around(n *html.Node, name string) *html.Node {
	for outer := range n.Ancestors() {
		if outer.Data == name {
			return outer
		}
	}
	return nil
}

// checkPolicy: nothing inline, and nothing that the policy would not let run or load.
func (p document) checkPolicy() {
	for _, n := range p.all() {
		switch n.Data {
		case "style", "iframe", "object", "embed", "base", "frame":
			p.Errorf("the page has <%s>", n.Data)
		case "script":
			if attribute(n, "src") == "" || n.FirstChild != nil {
				p.Error("the page has a script of its own")
			}
		case "meta":
			if attribute(n, "http-equiv") != "" && around(n, "noscript") == nil {
				p.Error("the page loads itself again where there is a script")
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" {
				p.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

// checkAddresses: whatever a page loads or sends to is our own; a link may lead
// elsewhere over https, and tells nobody where from.
func (p document) checkAddresses() {
	for _, n := range p.all() {
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "action", "formaction", "poster", "data", "data-refresh", "data-follow", "xlink:href", "srcset":
			default:
				continue
			}
			switch {
			case a.Key == "href" && n.Data == "a" && (strings.HasPrefix(a.Val, "#") || isForeignLink(n, a.Val)):
			case !strings.HasPrefix(a.Val, mount+"/"), strings.ContainsAny(a.Val, "\\ \"'<>"), strings.Contains(a.Val, "/../"):
				p.Errorf("<%s %s=%q> is not below %s", n.Data, a.Key, a.Val, mount)
			}
		}
	}
}

func isForeignLink(n *html.Node, address string) bool {
	rel := strings.Fields(attribute(n, "rel"))
	return strings.HasPrefix(address, "https://") && slices.Contains(rel, "noreferrer") && slices.Contains(rel, "noopener")
}

func (p document) checkIDs() {
	known := make(map[string]bool)
	for _, n := range p.all() {
		id := attribute(n, "id")
		if id != "" && known[id] {
			p.Errorf("two elements have the id %q", id)
		}
		if strings.ContainsAny(id, " \t\n") {
			p.Errorf("the id %q has a space", id)
		}
		known[id] = true
	}
}

// checkReferences: what names another element names one that is there.
func (p document) checkReferences() {
	known := make(map[string]bool)
	for _, n := range p.all() {
		known[attribute(n, "id")] = true
	}
	for _, n := range p.all() {
		names := strings.Fields(attribute(n, "aria-describedby") + " " + attribute(n, "aria-labelledby") + " " + attribute(n, "for"))
		if anchor, found := strings.CutPrefix(attribute(n, "href"), "#"); found && n.Data == "a" {
			names = append(names, anchor)
		}
		for _, name := range names {
			if !known[name] {
				p.Errorf("<%s> names %q, which is not there", n.Data, name)
			}
		}
	}
}

// checkForms: each carries its token first, and sends to a page of ours.
func (p document) checkForms() {
	for _, n := range p.all("form") {
		switch strings.ToLower(attribute(n, "method")) {
		case "post":
			first := n.FirstChild
			for first != nil && first.Type != html.ElementNode {
				first = first.NextSibling
			}
			if first == nil || attribute(first, "type") != "hidden" || attribute(first, "name") != "form" || attribute(first, "value") == "" {
				p.Errorf("the form to %q does not begin with its token", attribute(n, "action"))
			}
		case "get":
		default:
			p.Errorf("the form to %q has the method %q", attribute(n, "action"), attribute(n, "method"))
		}
		if attribute(n, "action") == "" {
			p.Error("a form has no action")
		}
	}
	for _, n := range p.all("button") {
		if attribute(n, "type") == "" {
			p.Errorf("the button %q has no type", content(n))
		}
		if content(n) == "" {
			p.Error("a button has no words")
		}
	}
}

// checkFields: each has a label; one in error says so, and what the error is.
func (p document) checkFields() {
	labels := make(map[string]bool)
	for _, n := range p.all("label") {
		labels[attribute(n, "for")] = content(n) != ""
	}
	for _, n := range p.all("input", "select", "textarea") {
		switch attribute(n, "type") {
		case "hidden", "submit":
			continue
		}
		label := around(n, "label")
		if !labels[attribute(n, "id")] && (label == nil || content(label) == "") && attribute(n, "aria-label") == "" {
			p.Errorf("the field %q has no label", attribute(n, "name"))
		}
	}
	for _, n := range p.all() {
		name, found := strings.CutSuffix(attribute(n, "id"), "-error")
		if !found {
			continue
		}
		field := p.withID(name)
		if field == nil || attribute(field, "aria-invalid") != "true" ||
			!slices.Contains(strings.Fields(attribute(field, "aria-describedby")), name+"-error") {
			p.Errorf("the field %q does not say that it is in error", name)
		}
	}
}

func (p document) withID(id string) *html.Node {
	for _, n := range p.all() {
		if attribute(n, "id") == id {
			return n
		}
	}
	return nil
}

// checkShapes: a shape is for the eyes alone, or has a word; a state has both.
func (p document) checkShapes() {
	for _, n := range p.all() {
		switch {
		case n.Data == "svg" && attribute(n, "aria-hidden") != "true" && attribute(n, "role") != "img":
			p.Error("a drawing is neither hidden from screen readers nor an image to them")
		case n.Data == "img" && !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }):
			p.Error("an image has no alt")
		case hasClass(n, "state") && content(n) == "":
			p.Error("a state has no word")
		case n.Data == "time" && attribute(n, "datetime") == "":
			p.Errorf("the time %q has no datetime", content(n))
		}
	}
}

// checkFrame: one of each landmark, a language, a title, and a way past the sections.
func (p document) checkFrame() {
	for _, name := range []string{"html", "head", "title", "header", "main", "footer", "h1"} {
		if n := len(p.all(name)); n != 1 {
			p.Errorf("the page has <%s> %d times, want once", name, n)
		}
	}
	if got := attribute(p.all("html")[0], "lang"); got != "en" {
		p.Errorf("the language is %q", got)
	}
	if p.withID("content") == nil || p.withID("content").Data != "main" {
		p.Error("the skip link has nowhere to go")
	}
	first := p.all("a")[0]
	if !hasClass(first, "skip") || attribute(first, "href") != "#content" {
		p.Error("the first link is not the one past the sections")
	}
}

// checkHeadings: each is at most one deeper than the one before.
func (p document) checkHeadings() {
	depth := byte('0')
	for _, n := range p.all("h1", "h2", "h3", "h4", "h5", "h6") {
		if n.Data[1] > depth+1 {
			p.Errorf("<%s> %q follows <h%c>", n.Data, content(n), depth)
		}
		if content(n) == "" {
			p.Errorf("<%s> has no words", n.Data)
		}
		depth = n.Data[1]
	}
}

// checkTables: each has a caption, its heads say of what, and its box can be reached
// by the keyboard; a cell says on a phone which column it belongs to.
func (p document) checkTables() {
	for _, n := range p.all("table") {
		table := document{T: p.T, root: n}
		if captions := table.all("caption"); len(captions) != 1 || content(captions[0]) == "" {
			p.Error("a table has no caption")
		}
		for _, head := range table.all("th") {
			if scope := attribute(head, "scope"); scope != "col" && scope != "row" && scope != "colgroup" && scope != "rowgroup" {
				p.Errorf("the head %q has the scope %q", content(head), scope)
			}
		}
		for _, cell := range table.all("td") {
			if attribute(cell, "data-head") == "" && attribute(cell, "colspan") == "" {
				p.Errorf("the cell %q has no data-head", content(cell))
			}
		}
		box := around(n, "div")
		if box == nil || !hasClass(box, "box") || attribute(box, "role") != "region" || attribute(box, "tabindex") != "0" || attribute(box, "aria-labelledby") == "" {
			p.Errorf("the table %.60q does not stand in a box", content(n))
		}
	}
}
