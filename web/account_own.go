package web

import (
	"net/http"
	"net/url"
	"strings"

	"wcme/acmecore"
	"wcme/templates"
)

// showAccount shows a user's own account.
func (s Site) showAccount(w http.ResponseWriter, r *http.Request) {
	answer, err := s.lookUp(r, acmecore.AccountRequest{Deed: acmecore.AccountOwn})
	if err != nil {
		s.failAccount(w, r, err)
		return
	}
	if answer.Own == nil {
		s.notFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, templates.Own(s.ownPage(r, *answer.Own)))
}

func (s Site) ownPage(r *http.Request, own acmecore.OwnAccount) templates.OwnPage {
	visitor := VisitorFrom(r.Context())
	page := templates.OwnPage{
		Frame:    frame(r, "Your account", accountPath),
		Note:     doneText(r.URL.Query().Get("done")),
		Password: templates.Link{Text: "Change the password", Address: visitor.link(passwordPath)},
		Facts: []templates.Fact{
			{Term: "Name", Text: acmecore.Inert(own.User)},
			{Term: "Role", Text: roleText(own.Role)},
			{Term: "Account made", When: moment(own.Made)},
			{Term: "Password since", When: moment(own.Password)},
		},
		Codes:    templates.Fact{Term: "A device that makes codes", Tone: templates.Missing, Text: "none"},
		CodeLink: templates.Link{Text: "Set up codes", Address: visitor.link(codesPath)},
		EndAll:   visitor.link(everywherePath),
	}
	if !own.Codes.IsZero() {
		page.Codes = templates.Fact{Term: "A device that makes codes", Tone: templates.Good, Text: "since " + inWords(own.Codes) + " UTC"}
		page.CodeLink = templates.Link{Text: "Remove the codes", Address: visitor.link(removeCodesPath)}
	} else if len(own.Passkeys) == 0 {
		page.Warning = "Whoever learns your password can log in. Set up codes or a passkey, and it takes more than that."
	}
	if own.Possible {
		page.Add = templates.Link{Text: "Add a passkey", Address: visitor.link(passkeyPath)}
	} else {
		page.NoAdd = "Here none can be added: browsers make passkeys over https, for a site that is asked for by a name."
	}
	for _, key := range own.Passkeys {
		page.Passkeys = append(page.Passkeys, passkeyRow(visitor, key))
	}
	for _, session := range own.Sessions {
		page.Sessions = append(page.Sessions, templates.SessionRow{Browser: browserText(session.Agent), Address: acmecore.Inert(session.Address),
			Since: moment(session.Since), Seen: moment(session.Seen), This: session.This, ID: ascii(session.ID), End: visitor.link(sessionPath)})
	}
	return page
}

func passkeyRow(visitor Visitor, key acmecore.Passkey) templates.PasskeyRow {
	query := url.Values{"id": {ascii(key.ID)}}.Encode()
	return templates.PasskeyRow{Name: acmecore.Inert(key.Name), Host: acmecore.Inert(key.Host), Made: moment(key.Made), Used: moment(key.Used),
		Remove: templates.Link{Text: "Remove", Address: withQuery(visitor.link(removePasskeyPath), query)}}
}

// doneText says what has been done, by a word of our own in the address.
func doneText(word string) string {
	switch word {
	case "welcome":
		return "Your password is set, and you are logged in."
	case "password":
		return "The password is changed. All other sessions of yours have ended."
	case "codes":
		return "From now on, a code is wanted when you log in. All other sessions of yours have ended."
	case "no-codes":
		return "The codes are removed. All other sessions of yours have ended."
	case "passkey":
		return "The passkey is added."
	case "no-passkey":
		return "The passkey is removed. All other sessions of yours have ended."
	case "session":
		return "That session has ended."
	}
	return ""
}

func roleText(role acmecore.Role) string {
	switch role {
	case acmecore.RoleView:
		return "view: see everything but the audit trail and the configuration"
	case acmecore.RoleOperate:
		return "operate: also renew, load, verify and check"
	case acmecore.RoleAdmin:
		return "admin: do everything"
	}
	return acmecore.Inert(string(role))
}

// browserText is what people call a browser that calls itself so (RFC 9110 section
// 10.1.5); all of it where it is none of the usual ones.
func browserText(agent string) string {
	name, system := "", ""
	for _, known := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if name == "" && strings.Contains(agent, known[0]) {
			name = known[1]
		}
	}
	for _, known := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if system == "" && strings.Contains(agent, known[0]) {
			system = known[1]
		}
	}
	switch {
	case agent == "":
		return "a browser without a name"
	case name == "" || system == "":
		return acmecore.Inert(agent)
	}
	return name + " on " + system
}

// endSession ends one session.
func (s Site) endSession(w http.ResponseWriter, r *http.Request) {
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountEnd, ID: r.PostForm.Get("id")})
	switch {
	case err != nil:
		s.failAccount(w, r, err)
	case answer.Forget:
		s.finish(w, r, answer, loginPath, "")
	default:
		s.finish(w, r, answer, accountPath, "done=session")
	}
}

func (s Site) everywhereForm(r *http.Request) templates.AccountForm {
	return templates.AccountForm{
		Heading: "Log out everywhere",
		Text:    []string{"All your sessions end at once, in every browser, and this one too."},
		Action:  VisitorFrom(r.Context()).link(everywherePath),
		Button:  templates.Button{Text: "Log out everywhere", Grave: true},
		Links:   []templates.Link{{Text: "Back to your account", Address: VisitorFrom(r.Context()).link(accountPath)}},
	}
}

func (s Site) showLogOutEverywhere(w http.ResponseWriter, r *http.Request) {
	s.showForm(w, r, http.StatusOK, s.everywhereForm(r), accountPath)
}

func (s Site) logOutEverywhere(w http.ResponseWriter, r *http.Request) {
	answer, err := s.account(r, acmecore.AccountRequest{Deed: acmecore.AccountLogOutAll})
	if err != nil {
		s.showAgain(w, r, s.everywhereForm(r), accountPath, err)
		return
	}
	s.finish(w, r, answer, loginPath, "")
}
