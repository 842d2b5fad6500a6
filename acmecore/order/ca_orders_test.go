package order_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// caOrder is an order object (section 7.1.3).
type caOrder struct {
	id       int
	status   string
	names    []string
	proofs   []*proof
	profile  string
	replaces string
	notAfter string
	looks    int // left until it is valid
	request  *x509.CertificateRequest
	chain    []byte
}

// identifier is one of section 7.1.3's.
type identifier struct{ Type, Value string }

// MarshalJSON spells the fields as the RFC does.
func (i identifier) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"type": i.Type, "value": i.Value})
}

// serveNewOrder is section 7.4.
func (ca *authority) serveNewOrder(w http.ResponseWriter, m *message) *problem {
	var wanted struct {
		Identifiers        []identifier
		Profile            string
		NotAfter, Replaces string
	}
	if err := strict(m.payload, &wanted); err != nil || len(wanted.Identifiers) == 0 {
		return malformed(http.StatusBadRequest, fmt.Sprint("no order: ", err))
	}
	if wanted.Profile != "" && !slices.Contains(ca.profiles, wanted.Profile) {
		return &problem{Status: 400, Type: "invalidProfile", Detail: "no such profile"}
	}
	if wanted.NotAfter != "" && !ca.choosable {
		return malformed(http.StatusBadRequest, "NotBefore and NotAfter are not supported")
	}
	if refusal := ca.replace(wanted.Replaces); refusal != nil {
		return refusal
	}
	placed := &caOrder{id: len(ca.orders) + 1, status: "pending", profile: wanted.Profile, looks: ca.issuingLooks,
		notAfter: wanted.NotAfter, replaces: wanted.Replaces}
	ca.orders = append(ca.orders, placed)
	for _, wanted := range wanted.Identifiers {
		if wanted != identified(wanted.Value) || wanted.Value != strings.ToLower(wanted.Value) {
			return &problem{Status: 400, Type: "unsupportedIdentifier", Detail: wanted.Value}
		}
		placed.names = append(placed.names, wanted.Value)
		placed.proofs = append(placed.proofs, ca.addProof(placed, wanted.Value))
	}
	ca.progress(placed)
	w.Header().Set("Location", ca.url(orderLook, placed.id))
	reply(w, http.StatusCreated, ca.orderObject(placed))
	return nil
}

// replace is RFC 9773 section 5.
func (ca *authority) replace(id string) *problem {
	switch {
	case id != "" && !ca.renews:
		ca.t.Errorf("the order replaces %s, of a CA that knows of no renewals", id)
	case ca.replaced[id]:
		return &problem{Status: http.StatusConflict, Type: "alreadyReplaced", Detail: "another order has done that"}
	}
	return nil
}

// identified is the identifier of a name (section 7.1.3, RFC 8738 section 3).
func identified(name string) identifier {
	if address, err := netip.ParseAddr(name); err == nil {
		return identifier{"ip", address.String()}
	}
	return identifier{"dns", name}
}

// progress takes an order as far as its authorizations and its issuance are
// (section 7.1.6).
func (ca *authority) progress(o *caOrder) {
	switch {
	case o.status == "pending" && o.every("valid"):
		o.status = "ready"
	case o.status == "pending" && slices.ContainsFunc(o.proofs, func(p *proof) bool { return p.status == "invalid" }):
		o.status = "invalid"
	case o.status == "processing" && o.looks > 0:
		o.looks--
	case o.status == "processing":
		o.status = "valid"
	}
}

// every tells whether all of the order's authorizations have the status.
func (o *caOrder) every(status string) bool {
	return !slices.ContainsFunc(o.proofs, func(p *proof) bool { return p.status != status })
}

func (ca *authority) orderObject(o *caOrder) map[string]any {
	var identifiers []identifier
	var urls []string
	for i, name := range o.names {
		identifiers = append(identifiers, identified(name))
		urls = append(urls, ca.url(authorization, o.proofs[i].id))
	}
	object := map[string]any{"status": o.status, "expires": ca.now().AddDate(0, 0, 7), "identifiers": identifiers,
		"authorizations": urls, "finalize": ca.url(finalize, o.id)}
	for field, value := range map[string]string{"profile": o.profile, "notAfter": o.notAfter, "replaces": o.replaces} {
		if value != "" {
			object[field] = value
		}
	}
	if o.status == "valid" {
		object["certificate"] = ca.url(certificate, o.id)
	}
	return object
}

func pick[T any](all []T, id int) (one T, refusal *problem) {
	if id < 1 || id > len(all) {
		return one, &problem{Status: http.StatusNotFound, Type: "malformed", Detail: "no such thing"}
	}
	return all[id-1], nil
}

// mustBeGet fails the test when a resource was not asked for by POST-as-GET.
func (ca *authority) mustBeGet(m *message) {
	if !m.asGet {
		ca.t.Errorf("POST to %s has the payload %q", m.url, m.payload)
	}
}

func (ca *authority) serveOrder(w http.ResponseWriter, m *message, id int) *problem {
	ca.mustBeGet(m)
	found, refusal := pick(ca.orders, id)
	if refusal != nil {
		return refusal
	}
	ca.progress(found)
	reply(w, http.StatusOK, ca.orderObject(found))
	return nil
}

// serveFinalize is section 7.4.
func (ca *authority) serveFinalize(w http.ResponseWriter, m *message, id int) *problem {
	found, refusal := pick(ca.orders, id)
	if refusal != nil {
		return refusal
	}
	if found.status != "ready" {
		return &problem{Status: 403, Type: "orderNotReady", Detail: "the order is " + found.status}
	}
	request, refusal := readRequest(m, found.names)
	if refusal != nil {
		ca.t.Errorf("finalize: %s", refusal.Detail)
		return refusal
	}
	ca.look(finalize, found)
	found.request = request
	found.chain = ca.issue(request.PublicKey, found.names, func(leaf *x509.Certificate) {
		if found.notAfter != "" {
			leaf.NotAfter, _ = time.Parse(time.RFC3339, found.notAfter)
		}
	})
	ca.replaced[found.replaces] = found.replaces != ""
	found.status = "processing"
	if ca.issuingLooks == 0 {
		ca.progress(found)
	}
	w.Header().Set("Location", ca.url(orderLook, found.id))
	reply(w, http.StatusOK, ca.orderObject(found))
	return nil
}

// readRequest reads a certificate signing request and compares it with the order.
func readRequest(m *message, names []string) (*x509.CertificateRequest, *problem) {
	var sent struct{ CSR string }
	if err := strict(m.payload, &sent); err != nil {
		return nil, malformed(http.StatusBadRequest, err.Error())
	}
	der, err := base64.RawURLEncoding.DecodeString(sent.CSR)
	if err != nil {
		return nil, malformed(http.StatusBadRequest, err.Error())
	}
	request, err := x509.ParseCertificateRequest(der)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return nil, &problem{Status: 400, Type: "badCSR", Detail: err.Error()}
	}
	addresses := make([]string, len(request.IPAddresses))
	for i, address := range request.IPAddresses {
		addresses[i] = address.String()
	}
	asked, wanted := slices.Sorted(slices.Values(append(addresses, request.DNSNames...))), slices.Sorted(slices.Values(names))
	account, _ := m.account.jwk.public()
	if !slices.Equal(asked, wanted) || account.Equal(request.PublicKey) {
		return nil, &problem{Status: 400, Type: "badCSR", Detail: "other names than the order's, or the account's key"}
	}
	return request, nil
}

// look visits the challenges of an order once more, as a CA with many eyes does.
func (ca *authority) look(when class, o *caOrder) {
	for _, proof := range o.proofs {
		if ca.visit(proof.tokenOf(proof.method)) != "" {
			ca.visits[when] = append(ca.visits[when], proof.name)
		}
	}
}

// serveCertificate is section 7.4.2.
func (ca *authority) serveCertificate(w http.ResponseWriter, m *message, id int) *problem {
	ca.mustBeGet(m)
	found, refusal := pick(ca.orders, id)
	if refusal != nil {
		return refusal
	}
	ca.look(certificate, found)
	for _, link := range ca.links {
		w.Header().Add("Link", strings.ReplaceAll(link, "BASE", ca.base))
	}
	w.Header().Set("Content-Type", "application/pem-certificate-chain")
	w.Write(bytes.Clone(found.chain))
	return nil
}

// serveAlternate is another chain for the certificate of the last order.
func (ca *authority) serveAlternate(w http.ResponseWriter, m *message, id int) *problem {
	ca.mustBeGet(m)
	change, refusal := pick(ca.alternates, id)
	if refusal != nil {
		return refusal
	}
	w.Header().Set("Content-Type", "application/pem-certificate-chain")
	w.Write(encode(change(decoded(ca.orders[len(ca.orders)-1].chain))))
	return nil
}

// decoded is the reverse of encode.
func decoded(text []byte) (chain []*x509.Certificate) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			panic(err)
		}
		chain = append(chain, certificate)
	}
	return chain
}
