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
	Title   string  // of the browser's window, without the program's name
	Home    string  // address of the first page; "" where the visitor may see none
	Style   string  // address of the stylesheet
	Script  string  // address of the script, which adds comfort only
	Icon    string  // address of the icon
	User    string  // who is signed in; "" for nobody
	Role    string  // of the user
	Account string  // address of the user's own page; "" without wCME's own log-in
	LogOut  string  // address that the log-out is sent to; likewise
	Form    string  // token that each form carries
	Warning Warning // about the overseer; none without a text
	Refresh int     // seconds until a browser without script loads the page again; 0 never
	Section []Link  // the sections of the navigation
	Foot    string  // a sentence at the end of the page; may be empty
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

// Warning is a sentence on top of every page, and what to try.
type Warning struct {
	Text string
	Code string // a command; may be empty
}

// Field is a field of a form.
type Field struct {
	Name     string // of the field, and the id of its element
	Label    string
	Type     string   // "text", "textarea", "select", "checkbox", "checkboxes", "radios", "password", "hidden"; "" is "text"
	Value    string   // what was typed; of a checkbox "on"
	Help     string   // a sentence below the label; may be empty
	Error    string   // what is wrong with the value; "" when nothing is
	Choices  []Choice // of select, checkboxes and radios
	Required bool
	Complete string // autocomplete: "username", "current-password", "new-password", "one-time-code", "off"; "" says nothing
}

// Choice is one that a field offers.
type Choice struct {
	Value, Text string
	Chosen      bool
}

// Button sends a form.
type Button struct {
	Text  string
	Name  string // with Value, which button was used; may be empty
	Value string
	Grave bool // it takes something away
	Quiet bool // it is not the main one
}

// Fact is a term with what is so.
type Fact struct {
	Term string
	Text string
	Tone Tone     // draws its shape and colour before the text; "" draws none
	When Moment   // shown in place of a text
	Code bool     // the text is a path, a number, a fingerprint
	Link string   // address that the text leads to; may be empty
	More []string // further lines
}

// Pager leads to the other pages of a list.
type Pager struct {
	Text                        string // "51 to 100 of 10,000"
	First, Previous, Next, Last string // addresses; "" where there is none
}
