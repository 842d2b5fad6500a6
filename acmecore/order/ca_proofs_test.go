package order_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// proof is an authorization object (section 7.1.4) with its challenges, which have the
// same number.
type proof struct {
	id        int
	name      string // without the "*." of a wildcard
	wildcard  bool
	status    string
	token     string   // of http-01; see tokenOf
	method    string   // of the challenge that is answered
	challenge string   // its status
	problem   *problem // why it is invalid
	looks     int      // left until it is decided
	order     *caOrder
}

func (ca *authority) addProof(of *caOrder, name string) *proof {
	added := &proof{id: len(ca.proofs) + 1, status: "pending", token: randomText(32), method: "http-01",
		challenge: "pending", looks: ca.authorizingLooks, order: of}
	added.name, added.wildcard = strings.CutPrefix(name, "*.")
	if ca.proved[name] {
		added.status, added.challenge = "valid", "valid"
	}
	ca.proofs = append(ca.proofs, added)
	return added
}

// tokenOf is the token of a challenge: each has its own.
func (p *proof) tokenOf(method string) string {
	if method == "http-01" {
		return p.token
	}
	return method + "-" + p.token
}

// offered are the types of its challenges (RFC 8738 section 7, section 7.1.4).
func (ca *authority) offered(p *proof) []string {
	offers := ca.offers
	if offers == nil {
		offers = []string{"dns-01", "http-01"}
	}
	return slices.DeleteFunc(slices.Clone(offers), func(method string) bool {
		return p.wildcard && method != "dns-01" || identified(p.name).Type == "ip" && method == "dns-01"
	})
}

// serveAuthorization is section 7.5.
func (ca *authority) serveAuthorization(w http.ResponseWriter, m *message, id int) *problem {
	ca.mustBeGet(m)
	found, refusal := pick(ca.proofs, id)
	if refusal != nil {
		return refusal
	}
	if found.challenge == "processing" {
		ca.decide(found)
	}
	reply(w, http.StatusOK, ca.proofObject(found))
	return nil
}

// decide ends the validation of a challenge when it was looked at often enough.
func (ca *authority) decide(p *proof) {
	if p.looks--; p.looks >= 0 {
		return
	}
	p.status = "valid"
	if p.problem != nil {
		p.status = "invalid"
	}
	p.challenge = p.status
	ca.progress(p.order)
}

func (ca *authority) proofObject(p *proof) map[string]any {
	challenges := []any{}
	for _, method := range ca.offered(p) {
		challenges = append(challenges, ca.challengeObject(p, method))
	}
	object := map[string]any{"status": p.status, "identifier": identified(p.name), "expires": ca.now().AddDate(0, 0, 7), "challenges": challenges}
	if p.wildcard {
		object["wildcard"] = true
	}
	return object
}

func (ca *authority) challengeObject(p *proof, method string) map[string]any {
	object := map[string]any{"type": method, "url": ca.url(classOf(method), p.id), "status": "pending", "token": p.tokenOf(method)}
	if method == p.method {
		object["status"] = p.challenge
	}
	if object["status"] == "invalid" {
		object["error"] = p.problem.object()
	}
	return object
}

// classOf is the class of the requests that answer a challenge.
func classOf(method string) class {
	if method == "http-01" {
		return challenge
	}
	return class(method)
}

// serveChallenge is section 7.5.1: it looks at the challenge at once.
func (ca *authority) serveChallenge(w http.ResponseWriter, m *message, kind class, id int) *problem {
	found, refusal := pick(ca.proofs, id)
	if refusal != nil {
		return refusal
	}
	if string(m.payload) != "{}" {
		ca.t.Errorf("the challenge was answered with %q", m.payload)
	}
	if found.challenge == "pending" {
		found.method = "http-01"
		if kind != challenge {
			found.method = string(kind)
		}
		found.challenge = "processing"
		found.problem = ca.validate(found, m.account)
	}
	w.Header().Add("Link", fmt.Sprintf(`<%s>;rel="up"`, ca.url(authorization, id)))
	reply(w, http.StatusOK, ca.challengeObject(found, found.method))
	return nil
}

// validate is section 8.3, section 8.4, or RFC 8737 section 3.
func (ca *authority) validate(p *proof, who *account) *problem {
	if refusal := ca.refused[p.name]; refusal != nil {
		return refusal
	}
	token := p.tokenOf(p.method)
	published, _ := ca.response(token)
	got, want := ca.visit(token), token+"."+who.jwk.thumbprint()
	digest := sha256.Sum256([]byte(want))
	switch {
	case string(published.Method) != p.method || strings.TrimPrefix(string(published.Name), "*.") != p.name || published.Name.Wildcard() != p.wildcard:
		ca.t.Errorf("the challenge of %s (%s) is answered as that of %s (%s)", p.name, p.method, published.Name, published.Method)
	case p.method == "dns-01":
		got, want = published.Record, base64.RawURLEncoding.EncodeToString(digest[:])
	case p.method == "tls-alpn-01":
		got, want = shown(published.Certificate), fmt.Sprintf("%s %x", p.name, digest)
	}
	if got != want {
		ca.t.Errorf("the challenge of %s is answered with %q, want %q", p.name, got, want)
		return &problem{Status: 403, Type: "unauthorized", Detail: "wrong answer"}
	}
	return nil
}

// shown is what a certificate of tls-alpn-01 is for, and the digest in its extension
// acmeIdentifier, which must be critical.
func shown(pair *tls.Certificate) string {
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return err.Error()
	}
	names := slices.Clone(leaf.DNSNames)
	for _, address := range leaf.IPAddresses {
		names = append(names, address.String())
	}
	for _, extension := range leaf.Extensions {
		var digest []byte
		if !extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			continue
		}
		if rest, err := asn1.Unmarshal(extension.Value, &digest); err != nil || len(rest) > 0 || !extension.Critical {
			return "the extension is none"
		}
		names = append(names, fmt.Sprintf("%x", digest))
	}
	return strings.Join(names, " ")
}
