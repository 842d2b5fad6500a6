package process

import (
	"cmp"
	"slices"
	"strings"
)

// leastSecret is how long a text must be to be hidden, in bytes: what is shorter is no
// secret, and would be found in every other word.
const leastSecret = 4

// concealed stands in place of a secret.
const concealed = "…"

// conceal puts … in place of each secret, the longest ones first, since one may be part
// of another.
func conceal(text string, secrets []string) string {
	for _, secret := range hideable(secrets) {
		text = strings.ReplaceAll(text, secret, concealed)
	}
	return text
}

// concealEnds does so with a text whose middle was cut out, which may have left a part
// of a secret on both sides.
func concealEnds(head, tail string, secrets []string) (string, string) {
	head, tail = conceal(head, secrets), conceal(tail, secrets)
	for _, secret := range hideable(secrets) {
		for n := len(secret) - 1; n >= leastSecret; n-- {
			if begin, found := strings.CutSuffix(head, secret[:n]); found {
				head = begin + concealed
				break
			}
		}
		for n := 1; n <= len(secret)-leastSecret; n++ {
			if end, found := strings.CutPrefix(tail, secret[n:]); found {
				tail = concealed + end
				break
			}
		}
	}
	return head, tail
}

func hideable(secrets []string) []string {
	found := slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return len(secret) < leastSecret })
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return found
}
