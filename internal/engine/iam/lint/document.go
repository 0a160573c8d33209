package lint

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// nearPercent is from which part of a quota on it is worth a word.
const nearPercent = 90

// size compares with the quotas. Where a policy may stand in several places it is
// too large only if it fits none of them.
func (l *linter) size() {
	if l.options.Size == (policy.Size{}) {
		return
	}
	quotas := policy.Likely(l.doc, l.kind)
	if q, ok := policy.QuotaFor(l.options.Place); ok {
		quotas = []policy.Quota{q}
	}
	var over []string
	at := policy.Position{Line: 1, Column: 1}
	fits, near := false, ""
	for i, q := range quotas {
		n := l.options.Size.Count(q.Unit)
		switch {
		case n > q.Limit:
			over = append(over, fmt.Sprintf("a %s (%d of %d %s)", q.Name, n, q.Limit, q.Unit))
		case n*100 >= q.Limit*nearPercent && (i == 0 || len(over) > 0):
			near = fmt.Sprintf("%d of %d %s that a %s may have", n, q.Limit, q.Unit, q.Name)
			fits = true
		default:
			fits = true
		}
	}
	const next = "`holdfast iam minify` makes it smaller; else split it"
	switch {
	case len(quotas) == 0:
	case !fits:
		l.add(overQuota, at, "", "too large for %s; %s", strings.Join(over, ", "), next)
	case len(over) > 0 && l.kind != policy.Resource:
		l.addAs(Warning, overQuota, at, "", "too large for %s; %s", strings.Join(over, ", "), next)
	case near != "":
		l.add(nearQuota, at, "", "%s: little room is left; %s", near, next)
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
