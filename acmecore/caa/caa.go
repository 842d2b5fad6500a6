// Package caa says whether the DNS lets a certification authority issue for a name:
// by the CAA records of RFC 8659, and their parameters of RFC 8657.
//
// New makes a Resolver, which asks the name servers of this host, and remembers what
// they said, for one rehearsal. Check climbs from the name to the first of its parents
// that has such records, and reads them as a CA does. A CA asks from elsewhere: what is
// found here keeps nobody from ordering.
package caa

import (
	"context"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"wcme/acmecore"
)

// What is what a finding of this package is about.
const What = "CAA"

// Question is what is to be found out.
type Question struct {
	Name acmecore.Name
	// Identities are the domains that the CA looks for in CAA records (RFC 8555 section
	// 7.1.1); none where it does not say.
	Identities []string
	Account    string          // URL of the account at the CA; "" where there is none yet
	Method     acmecore.Method // by which the name is proved
}

// Check says whether the CA may issue.
func (r *Resolver) Check(ctx context.Context, q Question) acmecore.Rehearsed {
	finding := acmecore.Rehearsed{Subject: string(q.Name), What: What}
	if q.Name.Address().IsValid() {
		finding.Text = "CAA records are for host names, not for addresses"
		return finding
	}
	domain, records, err := r.relevant(ctx, string(q.Name.Host()))
	switch {
	case err != nil:
		q.describe(&finding, err)
	case len(records) == 0:
		finding.Text = "no CAA record restricts who may issue for it"
	default:
		q.judge(&finding, domain, records)
	}
	finding.Text = acmecore.Inert(finding.Text)
	return finding
}

// relevant returns the records that count, and the domain that has them (RFC 8659
// section 3): none where neither the name nor a parent of it has any.
func (r *Resolver) relevant(ctx context.Context, name string) (domain string, records []*dns.CAA, err error) {
	for domain = name; domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		records, err = r.records(ctx, domain)
		if err != nil || len(records) > 0 {
			return domain, records, err
		}
	}
	return "", nil, nil
}

// judge reads the records as a CA does.
func (q Question) judge(finding *acmecore.Rehearsed, domain string, records []*dns.CAA) {
	if tag, found := criticalUnknown(records); found {
		finding.Wrong = true
		finding.Text = fmt.Sprintf("the CAA records of %s have the critical property %q, which CAs do not know: they issue nothing", domain, acmecore.Inert(tag))
		finding.Try = "remove that record, or its critical flag"
		return
	}
	issues := q.issues(records)
	if len(issues) == 0 {
		finding.Text = fmt.Sprintf("the CAA records of %s restrict nobody for it", domain)
		return
	}
	var why []string
	for _, issue := range issues {
		refusal := q.refusal(issue)
		if refusal == "" {
			finding.Text = fmt.Sprintf("the CAA records of %s allow %s", domain, issue.domain)
			return
		}
		why = append(why, refusal)
	}
	finding.Wrong = len(q.Identities) > 0
	finding.Unknown = !finding.Wrong
	finding.Text = fmt.Sprintf("the CAA records of %s do not allow this CA: %s", domain, strings.Join(why, "; "))
	if finding.Unknown {
		finding.Text = fmt.Sprintf("the CAA records of %s restrict who may issue, and this CA does not say what it is called there: %s", domain, strings.Join(why, "; "))
	}
	finding.Try = q.try(domain)
}

// try is what would allow it.
func (q Question) try(domain string) string {
	if len(q.Identities) == 0 {
		return "ask the CA for its domain in CAA records, and compare"
	}
	tag := "issue"
	if q.Name.Wildcard() {
		tag = "issuewild"
	}
	return fmt.Sprintf("let whoever keeps the domain add this record, or take another CA: %s. CAA 0 %s %q", acmecore.Inert(domain), tag, acmecore.Inert(q.Identities[0]))
}

// Flags that make a property critical: the one of RFC 8659 section 4.1, and the lowest
// bit, which many take for it; CAs heed both.
const criticalFlags = 128 | 1

// criticalUnknown returns the tag of a property that forbids issuing to all who do not
// know it.
func criticalUnknown(records []*dns.CAA) (tag string, found bool) {
	for _, record := range records {
		switch strings.ToLower(record.Tag) {
		case "issue", "issuewild", "issuemail", "iodef":
			continue
		}
		if record.Flag&criticalFlags != 0 {
			return record.Tag, true
		}
	}
	return "", false
}

// issues are the properties that say who may issue the certificate (RFC 8659 sections
// 4.2 and 4.3).
func (q Question) issues(records []*dns.CAA) (list []issue) {
	tagged := func(tag string) (list []issue) {
		for _, record := range records {
			if strings.EqualFold(record.Tag, tag) {
				list = append(list, parseIssue(record.Value))
			}
		}
		return list
	}
	if q.Name.Wildcard() {
		if list = tagged("issuewild"); len(list) > 0 {
			return list
		}
	}
	return tagged("issue")
}
