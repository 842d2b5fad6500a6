package caa

import (
	"fmt"
	"slices"
	"strings"

	"wcme/acmecore"
)

// issue is the value of a property issue or issuewild (RFC 8659 section 4.2). All texts
// are inert.
type issue struct {
	domain     string            // of the CA; "" allows nobody
	parameters map[string]string // by their names, in small letters
	malformed  bool              // it allows nobody, either
}

// parseIssue reads a value; one that cannot be read allows nobody.
func parseIssue(value string) issue {
	parts := strings.Split(acmecore.Inert(value), ";")
	parsed := issue{domain: strings.ToLower(strings.Trim(parts[0], " \t")), parameters: make(map[string]string)}
	if strings.ContainsAny(parsed.domain, " \t=") {
		return issue{malformed: true}
	}
	for _, part := range parts[1:] {
		part = strings.Trim(part, " \t")
		if part == "" {
			continue
		}
		name, text, found := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := parsed.parameters[name]; !found || twice || name == "" {
			return issue{malformed: true}
		}
		parsed.parameters[name] = strings.TrimSpace(text)
	}
	return parsed
}

// refusal says why the property does not allow what is asked for; "" when it does.
func (q Question) refusal(i issue) string {
	ours := func(identity string) bool { return strings.EqualFold(identity, i.domain) }
	methods, limited := i.parameters["validationmethods"]
	account, bound := i.parameters["accounturi"]
	switch {
	case i.malformed:
		return "one of them cannot be read"
	case i.domain == "":
		return "they allow no CA at all"
	case !slices.ContainsFunc(q.Identities, ours):
		return "they allow " + i.domain
	case limited && !slices.Contains(strings.Split(strings.ReplaceAll(methods, " ", ""), ","), string(q.Method)):
		return fmt.Sprintf("they allow %s only for names that are proved by %s, and wCME proves them by %s", i.domain, methods, q.Method)
	case bound && account != q.Account:
		return fmt.Sprintf("they allow %s only for its account %s, which is not this one", i.domain, account)
	}
	return ""
}
