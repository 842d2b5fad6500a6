package manager

import (
	"context"
	"errors"
	"fmt"

	"wcme/acmecore"
)

// The sizes of a page of the list.
const (
	usualSize = 50
	mostSize  = 200
)

// Overview implements control.Administration. What it says was read from the files that
// are there, and is never older than staleness: see index.
func (m *Manager) Overview(ctx context.Context, query acmecore.Query) (acmecore.Overview, error) {
	query, err := completed(query)
	if err != nil {
		return acmecore.Overview{}, err
	}
	entries, err := m.indexed(ctx)
	if err != nil {
		return acmecore.Overview{}, interruptedOr(err, "list", "certificates")
	}
	return overviewOf(entries, query, m.now()), nil
}

// completed fills in what the query leaves open, and refuses what there is not.
func completed(query acmecore.Query) (acmecore.Query, error) {
	if query.Sort == "" {
		query.Sort = acmecore.ByName
	}
	if comparison(query.Sort) == nil {
		return query, unknown("column", string(query.Sort))
	}
	if !isSelection(query.State) {
		return query, unknown("state", query.State)
	}
	if query.Size < 1 {
		query.Size = usualSize
	}
	query.Size, query.Page = min(query.Size, mostSize), max(query.Page, 1)
	return query, nil
}

func unknown(what, text string) error {
	return &acmecore.Error{Kind: acmecore.Invalid, Op: "list certificates by", Subject: what + " " + fmt.Sprintf("%.80q", text),
		Cause: errors.New("there is no such " + what), Hint: "take one that the list offers"}
}

// isSelection tells whether certificates can be selected by the text.
func isSelection(text string) bool {
	switch acmecore.State(text) {
	case "", acmecore.Attention, acmecore.Valid, acmecore.Due, acmecore.Expired, acmecore.Missing, acmecore.Unusable:
		return true
	}
	return serviceRank(acmecore.Service(text)) != unranked
}
