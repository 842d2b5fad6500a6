package web

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"wcme/acmecore"
	"wcme/templates"
)

// authority is the CA that the certificate is ordered from, and the one that has issued
// the current version where that is another one.
func (v certificateView) authority() string {
	c := v.Certificate
	if c.IssuedBy == "" || c.IssuedBy == c.CA {
		return orNone(c.CA)
	}
	return fmt.Sprintf("%s; this one was issued by %s", orNone(c.CA), acmecore.Inert(c.IssuedBy))
}

// alternatives are the CAs that are asked when the one in turn fails again and again.
func (v certificateView) alternatives() []templates.Fact {
	var texts []string
	for _, other := range v.Certificate.Alternatives {
		text := fmt.Sprintf("%s (account: %s; CAA permits: %s", acmecore.Inert(other.CA), yesOrNo(other.Account), acmecore.Inert(other.CAA))
		if other.InTurn {
			text += "; asked next"
		}
		if other.Why != "" {
			text += "; passed over: " + acmecore.Inert(other.Why)
		}
		texts = append(texts, text+")")
	}
	if len(texts) == 0 {
		return nil
	}
	return []templates.Fact{{Term: "If that CA fails", Text: strings.Join(texts, ", ")}}
}

func yesOrNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// proofs say by which methods the CA was shown that the names are ours.
func (v certificateView) proofs() []templates.Fact {
	by := make(map[acmecore.Method][]string)
	for _, name := range slices.Sorted(maps.Keys(v.Certificate.Methods)) {
		method := v.Certificate.Methods[name]
		by[method] = append(by[method], acmecore.Inert(string(name)))
	}
	var texts []string
	for _, method := range acmecore.Methods() {
		names := by[method]
		switch {
		case len(names) == 0:
			continue
		case len(by) == 1:
			return []templates.Fact{{Term: "Proved by", Text: string(method)}}
		case len(names) > 3:
			names = append(names[:3:3], count(len(names)-3, "more", "more"))
		}
		texts = append(texts, fmt.Sprintf("%s (%s)", method, strings.Join(names, ", ")))
	}
	if len(texts) == 0 {
		return nil
	}
	return []templates.Fact{{Term: "Proved by", Text: strings.Join(texts, ", ")}}
}

// twins are the certificates beside it with other kinds of key.
func (v certificateView) twins() []templates.Fact {
	c := v.Certificate
	if c.TwinOf != "" {
		return []templates.Fact{{Term: "Stands beside", Text: acmecore.Inert(string(c.TwinOf)), Code: true}}
	}
	if len(c.Twins) == 0 {
		return nil
	}
	texts := make([]string, len(c.Twins))
	for i, id := range c.Twins {
		texts[i] = acmecore.Inert(string(id))
	}
	return []templates.Fact{{Term: "With other keys", Text: strings.Join(texts, ", "), Code: true}}
}

// otherLimits are those that the budget does not tell of.
func (v certificateView) otherLimits() (list []templates.CertificateLimit) {
	for _, limit := range v.Certificate.Limits {
		if (limit.Kind == acmecore.LimitSameNames || limit.Kind == acmecore.LimitRefusals) && limit.Said == "" {
			continue // which stand in the budget
		}
		list = append(list, v.otherLimit(limit))
	}
	return list
}

func (v certificateView) otherLimit(l acmecore.Limit) templates.CertificateLimit {
	words := limitInWords(l)
	shown := limit(l.Count, l.Of, "in "+inDays(l.Period), words, words)
	if l.Said != "" {
		shown = templates.CertificateLimit{Text: "The CA says: “" + acmecore.Inert(l.Said) + "”", Tone: templates.Bad}
	}
	if l.Until.After(v.now) {
		shown.Text += ". There is room again at " + utc(l.Until) + "."
	}
	if address, err := url.Parse(l.Page); err == nil && address.Scheme == "https" && address.Host != "" {
		shown.Page = templates.Link{Text: "Lift it at " + acmecore.Inert(address.Host), Address: address.String()}
	}
	return shown
}

// limitInWords is what is limited.
func limitInWords(l acmecore.Limit) string {
	subject := acmecore.Inert(l.Subject)
	switch l.Kind {
	case acmecore.LimitOrders:
		return "orders of the account"
	case acmecore.LimitDomain:
		return "certificates for " + subject + " and all below it"
	case acmecore.LimitConsecutive:
		return "refusals in a row of " + subject
	}
	return strings.TrimSpace(acmecore.Inert(string(l.Kind)) + " " + subject)
}

// inDays is a period in words.
func inDays(period time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case period%day == 0:
		return count(int(period/day), "day", "days")
	case period%time.Hour == 0:
		return count(int(period/time.Hour), "hour", "hours")
	}
	return period.String()
}
