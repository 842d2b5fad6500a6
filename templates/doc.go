// Package templates holds the pages as templ components: one exported component
// a page, with one struct that has every word, time and address in it, ready to
// be shown. Nothing is computed here but which part stands where; whatever
// stands in the structs is escaped.
//
// The components are written in *.templ, from which `templ generate` makes the
// committed *_templ.go.
package templates

// Frame is what is around every page.
type Frame struct {
	Title   string // of the browser's window, without the program's name
	Home    string // address of the first page; "" where the visitor may see none
	Style   string // address of the stylesheet
	Icon    string // address of the icon
	User    string // who is signed in; "" for nobody
	Section []Link // the sections of the navigation
	Foot    string // a sentence at the end of the page; may be empty
}

// Link is one section of the navigation.
type Link struct {
	Text    string
	Address string
	Current bool // it is the section of this page
}

// Tone is how good or bad something is: it chooses a colour and a shape, and
// never stands without a word.
type Tone string

// The tones. Each has a shape of its own.
const (
	Good    Tone = "good"
	Due     Tone = "due"
	Bad     Tone = "bad"     // something has ended
	Missing Tone = "missing" // there is nothing
	Broken  Tone = "broken"  // there is something that cannot be used
)

// class is the name of the tone's colour in the stylesheet.
func (t Tone) class() string {
	switch t {
	case Good, Due:
		return string(t)
	}
	return "bad"
}

// Moment is a point in time, for machines and for people.
type Moment struct {
	Machine string // RFC 3339; "" when there is no such moment
	Date    string
	Clock   string // with its time zone
}
