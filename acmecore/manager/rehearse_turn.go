package manager

import (
	"context"
	"fmt"

	"wcme/acmecore"
	"wcme/acmecore/limits"
)

// aboutTurn is what the findings of the CAs are about that may take the place of others.
const aboutTurn = "fail-over"

// roomLeft tells of the limits of the CA that are used up in part, and of those in which
// there is no room.
func (r *rehearsal) roomLeft() (findings []acmecore.Rehearsed) {
	directory := r.plan.authority.Directory.String()
	used, sentence := r.used(directory, limits.Order{Names: r.plan.names, ByHand: true, InWindow: r.exemptByWindow(r.plan)})
	last, blocked := limits.Blocked(used)
	for _, limit := range used {
		if limit.Kind != acmecore.LimitDomain && limit.Kind != acmecore.LimitOrders || limit.Of == 0 {
			continue // which others tell of
		}
		text := fmt.Sprintf("%d of %d orders of the account", limit.Count, limit.Of)
		if limit.Kind == acmecore.LimitDomain {
			text = fmt.Sprintf("%d of %d certificates for names in %s", limit.Count, limit.Of, limit.Subject)
		}
		findings = append(findings, acmecore.Rehearsed{Subject: r.plan.ca, What: aboutLimits, Text: text + ", by our own account"})
	}
	if !blocked {
		return findings
	}
	full := fullOf(last, sentence)
	return append(findings, acmecore.Rehearsed{Subject: r.plan.ca, What: aboutLimits, Wrong: true, Text: sentence, Try: full.Hint})
}

// inTurn tells which CAs may take the place of the first one, and why others may not.
func (r *rehearsal) inTurn(ctx context.Context) {
	cas := r.Config().AuthoritiesFor(r.plan.record)
	survey := r.survey()
	for _, ca := range cas[1:] {
		found := survey.lookAt(ctx, r.plan.id, r.plan.names, r.plan.record.Profile, ca)
		finding := acmecore.Rehearsed{Subject: found.CA, What: aboutTurn, Unknown: found.CAA == caaUnknown,
			Text: fmt.Sprintf("it is asked when %s has failed %d times in a row; CAA records permit it: %s; there is an account: %s",
				cas[0], r.Config().Renew.Failover, found.CAA, yesOrNo(found.Account))}
		if found.Why != "" {
			finding.Unknown = true // which keeps nothing from being ordered now
			finding.Text, finding.Try = "it would be passed over: "+found.Why, hintPassed(found)
		}
		r.add(finding)
	}
}

func yesOrNo(yes bool) string {
	if yes {
		return caaYes
	}
	return caaNo
}

// hintPassed says what would let the CA be asked.
func hintPassed(found acmecore.Alternative) string {
	if !found.Account {
		return "make an account: wcme register --ca " + found.CA
	}
	return "mend that, or leave it out of `ca`"
}
