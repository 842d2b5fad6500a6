package web

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"wcme/acmecore"
	"wcme/acmecore/control"
	"wcme/templates"
)

func (s Site) certificatePages() []page {
	pages := []page{
		{path: certificatePath + "/{id}", role: acmecore.RoleView, get: s.certificate},
		{path: certificatePath + "/{id}" + chainFile, role: acmecore.RoleView, get: s.chain},
	}
	for _, act := range certificateActs() {
		pages = append(pages, page{path: certificatePath + "/{id}/" + act.path, role: act.deed.Role(), get: s.explainAct(act), post: s.act(act)})
	}
	return pages
}

// certificateAct is something that can be done to a certificate.
type certificateAct struct {
	path  string // last part of its address
	deed  control.Deed
	text  string // of what leads there
	class string // of that
	form  func(acmecore.Details) deedForm

	ofVersion bool // there is nothing to do before a version was obtained
}

// address is where the act is done to a certificate.
func (a certificateAct) address(link func(path string) string, id acmecore.ID) string {
	return link(certificatePath + "/" + string(id) + "/" + a.path)
}

func certificateActs() []certificateAct {
	return []certificateAct{
		{"renew", control.DeedRenew, "Renew now", "button", renewForm, false},
		{"load", control.DeedLoad, "Run the load", "button quiet", loadForm, true},
		{"verify", control.DeedVerify, "Verify", "button quiet", verifyForm, true},
		{"restore", control.DeedRestore, "Restore", "button quiet", restoreForm, true},
		{"revoke", control.DeedRevoke, "Revoke", "button grave", revokeForm, true},
		{"remove", control.DeedRemove, "Stop managing", "button grave", removeForm, false},
	}
}

// certificate shows everything that is known of one certificate.
func (s Site) certificate(w http.ResponseWriter, r *http.Request) {
	id, details, found := s.detailsOf(w, r)
	if !found {
		return
	}
	v := certificateView{now: s.Clock(), link: VisitorFrom(r.Context()).link, role: admissionFrom(r.Context()).Role, id: id, Details: details}
	page := v.page()
	page.Frame = frame(r, page.Heading, listPath)
	page.Frame.Foot = "As of " + inWords(s.Clock()) + ". All times are in UTC."
	s.show(w, r, http.StatusOK, templates.Certificate(page))
}

// chain answers with the certificate and its chain, which are public. There is no
// address that answers with a key.
func (s Site) chain(w http.ResponseWriter, r *http.Request) {
	id, details, found := s.detailsOf(w, r)
	if !found {
		return
	}
	if details.PEM == "" {
		s.missing(w, r, "There is no chain of "+string(id)+" that could be read.")
		return
	}
	SetHeaders(w.Header())
	w.Header().Set("Content-Type", "application/pem-certificate-chain") // RFC 8555 section 9.1
	w.Header().Set("Content-Disposition", `attachment; filename="fullchain_`+string(id)+`.pem"`)
	io.WriteString(w, details.PEM)
}

// detailsOf asks for the certificate of the address. It has answered itself where that
// is not to be had.
func (s Site) detailsOf(w http.ResponseWriter, r *http.Request) (id acmecore.ID, details acmecore.Details, found bool) {
	id, err := acmecore.ParseID(chi.URLParam(r, "id"))
	if err != nil {
		s.missing(w, r, "No certificate can have such a name.")
		return "", details, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	details, err = s.Overseer.Details(ctx, id)
	if err != nil {
		s.failFor(w, r, id, err)
		return "", details, false
	}
	return id, details, true
}

// failFor is fail, but says of a certificate that there is not what is so, and not
// where it was looked for.
func (s Site) failFor(w http.ResponseWriter, r *http.Request, id acmecore.ID, err error) {
	if acmecore.KindOf(err) == acmecore.NotFound && !errors.Is(err, context.DeadlineExceeded) {
		s.missing(w, r, "wCME manages no certificate that is called "+string(id)+". It may have been removed meanwhile.")
		return
	}
	s.fail(w, r, err)
}

// missing says that there is no such certificate.
func (s Site) missing(w http.ResponseWriter, r *http.Request, text string) {
	s.notice(w, r, http.StatusNotFound, templates.NoticePage{
		Heading: "There is no such certificate",
		Text:    []string{text, "Nothing has been changed."},
		Link:    templates.Link{Text: "Go to the certificates", Address: VisitorFrom(r.Context()).link(listPath)},
	})
}
