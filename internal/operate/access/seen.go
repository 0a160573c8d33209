package access

import (
	"fmt"
	"iter"

	"holdfast.dev/holdfast/internal/evidence"
)

// Evidence is what an estate is loaded from: the snapshot of one instant, or
// what files declare.
type Evidence struct {
	Resources iter.Seq2[*evidence.Resource, error]
	// Listed are the types that were listed in each account, also those of which
	// it turned out to have none.
	Listed map[string]map[string]bool
	Gaps   []evidence.Gap
	// Alone takes what was not seen for not there: no policy, no organisation.
	Alone bool
}

// seen answers why something may be missing.
type seen struct {
	listed map[string]map[string]bool
	why    map[gapKey]map[string]string
	alone  bool
}

type gapKey struct{ account, typ string }

func newSeen(from Evidence) *seen {
	s := &seen{listed: from.Listed, why: map[gapKey]map[string]string{}, alone: from.Alone}
	for _, g := range from.Gaps {
		for _, typ := range g.Types {
			key := gapKey{g.Account, typ}
			if s.why[key] == nil {
				s.why[key] = map[string]string{}
			}
			if _, known := s.why[key][g.Resource]; !known {
				s.why[key][g.Resource] = fmt.Sprintf("%s:%s was %s", g.Service, g.Operation, g.Reason)
			}
		}
	}
	return s
}

// missing says why resources of a type may be missing in an account; "" where
// all were seen. The ids are those under which a gap may name the one resource
// that is asked about.
func (s *seen) missing(account, typ string, ids ...string) string {
	if s.alone {
		return ""
	}
	for _, key := range []gapKey{{account, typ}, {"", typ}} {
		for _, id := range append([]string{""}, ids...) {
			if why, ok := s.why[key][id]; ok {
				return why
			}
		}
	}
	if !s.listed[account][typ] {
		return fmt.Sprintf("%s was not collected in account %s", typ, account)
	}
	return ""
}
