package order_test

import (
	"fmt"
	"net/http"
)

// proof is an authorization object (section 7.1.4) with its one http-01
// challenge, which has the same number.
type proof struct {
	id        int
	name      string
	status    string
	token     string
	challenge string   // its status
	problem   *problem // why it is invalid
	looks     int      // left until it is decided
	order     *caOrder
}

func (ca *authority) addProof(of *caOrder, name string) *proof {
	added := &proof{id: len(ca.proofs) + 1, name: name, status: "pending", token: randomText(32),
		challenge: "pending", looks: ca.authorizingLooks, order: of}
	if ca.proved[name] {
		added.status, added.challenge = "valid", "valid"
	}
	ca.proofs = append(ca.proofs, added)
	return added
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
	return map[string]any{"status": p.status, "identifier": identifier{"dns", p.name}, "expires": ca.now().AddDate(0, 0, 7),
		"challenges": []any{map[string]any{"type": "dns-01", "url": ca.url("elsewhere", p.id), "status": "pending", "token": randomText(32)},
			ca.challengeObject(p)}}
}

func (ca *authority) challengeObject(p *proof) map[string]any {
	object := map[string]any{"type": "http-01", "url": ca.url(challenge, p.id), "status": p.challenge, "token": p.token}
	if p.challenge == "invalid" {
		object["error"] = p.problem.object()
	}
	return object
}

// serveChallenge is section 7.5.1: it looks at the challenge at once.
func (ca *authority) serveChallenge(w http.ResponseWriter, m *message, id int) *problem {
	found, refusal := pick(ca.proofs, id)
	if refusal != nil {
		return refusal
	}
	if string(m.payload) != "{}" {
		ca.t.Errorf("the challenge was answered with %q", m.payload)
	}
	if found.challenge == "pending" {
		found.challenge = "processing"
		found.problem = ca.validate(found, m.account)
	}
	w.Header().Add("Link", fmt.Sprintf(`<%s>;rel="up"`, ca.url(authorization, id)))
	reply(w, http.StatusOK, ca.challengeObject(found))
	return nil
}

// validate is section 8.3.
func (ca *authority) validate(p *proof, who *account) *problem {
	if refusal := ca.refused[p.name]; refusal != nil {
		return refusal
	}
	if got, want := ca.visit(p.token), p.token+"."+who.jwk.thumbprint(); got != want {
		ca.t.Errorf("the challenge of %s is answered with %q, want %q", p.name, got, want)
		return &problem{Status: 403, Type: "unauthorized", Detail: "wrong answer"}
	}
	return nil
}
