package lint

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// nearPercent is from which part of a quota on it is worth a word.
const nearPercent = 90

// size compares with the quotas. A policy that may stand in several places is too
// large only if it fits none of them; of identity policies the managed one is the
// most usual place, so what does not fit there is worth a word.
func (l *linter) size() {
	if l.options.Size == (policy.Size{}) || l.doc.Unseen != "" || len(l.doc.Statements) == 0 {
		return // not measured, or no policy, so that its size is the least of it
	}
	quotas := policy.Likely(l.doc, l.kind)
	if q, ok := policy.QuotaFor(l.options.Place); ok {
		quotas = []policy.Quota{q}
	}
	if len(quotas) == 0 {
		return
	}
	var over []string
	for _, q := range quotas {
		if n := l.options.Size.Count(q.Unit); n > q.Limit {
			over = append(over, fmt.Sprintf("%s (%d of %d %s)", q.One(), n, q.Limit, q.Unit))
		}
	}
	const next = "`holdfast iam minify` makes it smaller; else split it"
	at := policy.Position{Line: 1, Column: 1}
	usual := quotas[0]
	n := l.options.Size.Count(usual.Unit)
	switch {
	case len(over) == len(quotas):
		l.add(overQuota, at, "", "too large for %s; %s", strings.Join(over, ", "), next)
	case l.kind == policy.Resource && len(quotas) > 1: // of an unknown service
	case n > usual.Limit:
		l.addAs(Warning, overQuota, at, "", "too large for %s; %s", strings.Join(over, ", "), next)
	case n*100 >= usual.Limit*nearPercent:
		l.add(nearQuota, at, "", "%d of %d %s that %s may have: little room is left; %s", n, usual.Limit, usual.Unit, usual.One(), next)
	}
}

// version warns of the old language where package policy does not refuse it.
func (l *linter) version() {
	if l.doc.Version != "" || len(l.doc.Statements) == 0 {
		return
	}
	switch l.kind {
	case policy.Resource, policy.Trust, policy.Session, policy.Endpoint:
		l.add(missingVersion, policy.Position{Line: 1, Column: 1}, "", `there is no Version, so AWS reads the language of %s, in which ${…} is text; write "Version": %q`, policy.Version2008, policy.Version2012)
	}
}

// names warns of Sids that come twice where the service may take them.
func (l *linter) names() {
	if l.kind != policy.Resource && l.kind != policy.Endpoint {
		return
	}
	first := map[string]int{}
	for i := range l.doc.Statements {
		s := &l.doc.Statements[i]
		if j, twice := first[s.Sid]; twice && s.Sid != "" {
			l.path = fmt.Sprintf("Statement[%d]", i)
			l.add(repeatedSid, s.Position, "Sid", "the Sid %s is that of Statement[%d], too; some services refuse that, and findings cannot tell the two apart. Rename one", quote(s.Sid), j)
			continue
		}
		first[s.Sid] = i
	}
	l.path = ""
}

// redundantStatements finds statements that say nothing beside another, and
// those that another denies whole.
func (l *linter) redundantStatements() {
	list := l.doc.Statements
	if !l.doc.Comparable() {
		return
	}
	variables := l.doc.Variables()
	for j := range list {
		for i := range list {
			if i == j {
				continue
			}
			l.path = fmt.Sprintf("Statement[%d]", j)
			if list[i].Covers(&list[j], variables) && (i < j || !list[j].Covers(&list[i], variables)) {
				l.add(redundantStatement, list[j].Position, "", "Statement[%d]%s says all of this and more; leave this one out", i, named(&list[i]))
				break
			}
			if deny := list[i]; deny.Effect == policy.Deny && list[j].Effect == policy.Allow {
				deny.Effect = policy.Allow
				if deny.Covers(&list[j], variables) {
					l.add(deniedAnyway, list[j].Position, "", "Statement[%d]%s denies all that this one allows, so it has no effect; narrow the Deny or leave this out", i, named(&list[i]))
					break
				}
			}
		}
	}
	l.path = ""
}

func named(s *policy.Statement) string {
	if s.Sid == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", s.Sid)
}
