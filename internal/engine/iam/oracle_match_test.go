package iam_test

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// A pattern is a list of pieces: characters, "any text", "any one character". It
// is a list and not text because ${*} stands for the character.
type piece struct {
	char      rune
	many, one bool
}

func pieces(s string) []piece {
	var out []piece
	for _, r := range s {
		out = append(out, piece{char: r, many: r == '*', one: r == '?'})
	}
	return out
}

func literal(s string) []piece {
	var out []piece
	for _, r := range s {
		out = append(out, piece{char: r})
	}
	return out
}

// covers is the whole of wildcard matching: table[i][j] tells whether the first i
// pieces match the first j characters.
func covers(pattern []piece, text string) bool {
	runes := []rune(text)
	table := make([][]bool, len(pattern)+1)
	for i := range table {
		table[i] = make([]bool, len(runes)+1)
	}
	table[0][0] = true
	for i, p := range pattern {
		for j := 0; j <= len(runes); j++ {
			if p.many {
				table[i+1][j] = table[i][j] || j > 0 && table[i+1][j-1]
			} else if j > 0 {
				table[i+1][j] = table[i][j-1] && (p.one || p.char == runes[j-1])
			}
		}
	}
	return table[len(pattern)][len(runes)]
}

// segments cuts a pattern or an ARN at its first five colons.
func segments(p []piece) [][]piece {
	var out [][]piece
	from := 0
	for i, e := range p {
		if e.char == ':' && len(out) < 5 {
			out = append(out, p[from:i])
			from = i + 1
		}
	}
	return append(out, p[from:])
}

// arnCovers compares part by part, as ArnLike does.
func arnCovers(pattern []piece, arn string) bool {
	ps, as := segments(pattern), strings.SplitN(arn, ":", 6)
	if len(ps) != 6 || len(as) != 6 {
		return false
	}
	for i := range ps {
		if !covers(ps[i], as[i]) {
			return false
		}
	}
	return true
}

// resourceCovers compares a Resource with an ARN part by part. A pattern with fewer
// parts fits where one of them ends in *, which then runs on over colons: IAM User
// Guide, "Resource": "If the * wildcard is the last character of a resource ARN
// segment, it can expand to match beyond the colon boundaries."
func resourceCovers(pattern []piece, arn string) bool {
	if len(pattern) == 1 && pattern[0].many {
		return true
	}
	if len(segments(pattern)) == 6 {
		return arnCovers(pattern, arn)
	}
	runsOn := slices.ContainsFunc(segments(pattern), func(part []piece) bool { return len(part) > 0 && part[len(part)-1].many })
	return runsOn && len(strings.SplitN(arn, ":", 6)) == 6 && covers(pattern, arn)
}

func (o *reading) actionMatches(s *policy.Statement) bool {
	list, want := s.Actions, true
	if s.NotActions != nil {
		list, want = s.NotActions, false
	}
	for _, t := range list {
		if covers(pieces(strings.ToLower(t.Value)), strings.ToLower(o.action)) {
			return want
		}
	}
	return !want
}

func (o *reading) resourceMatches(d *policy.Document, s *policy.Statement) bool {
	list, want := s.Resources, true
	if s.NotResources != nil {
		list, want = s.NotResources, false
	}
	if list == nil {
		return true // a trust policy has none: the role is meant
	}
	for _, t := range list {
		if p, ok := o.filled(d, t.Value); ok && resourceCovers(p, o.resource) {
			return want
		}
	}
	return !want
}

// naming is how a statement names the principal, from weak to strong.
type naming int

const (
	namesNobody   naming = iota
	namesAccount         // the account, which leaves the rest to its identity policies
	namesRole            // the role: boundary and session policy still limit
	namesDirectly        // the session, the user, everyone: nothing of the identity side limits
)

// named is the strongest way in which the statement means the principal.
func (o *reading) named(s *policy.Statement) naming {
	if s.NotPrincipals != nil {
		for _, p := range s.NotPrincipals {
			if o.spared(s.Effect, p) {
				return namesNobody
			}
		}
		return namesDirectly
	}
	best := namesNobody
	for _, p := range s.Principals {
		best = max(best, o.namedBy(p))
	}
	return best
}

func (o *reading) namedBy(p policy.Principal) naming {
	who, name := o.principal, p.Name.Value
	switch p.Kind {
	case policy.Everyone:
		return namesDirectly
	case policy.Service:
		return directlyIf(who.Kind == iam.KindService && name == who.Name)
	case policy.Federated:
		return directlyIf(who.Kind == iam.KindFederated && name == who.ARN)
	case policy.Canonical:
		if o.hasIdentity() && who.CanonicalID != "" && name == who.CanonicalID {
			return namesAccount
		}
		return namesNobody
	}
	if !o.hasIdentity() {
		return namesNobody
	}
	if name == who.Account || strings.HasPrefix(name, "arn:") && strings.HasSuffix(name, ":iam::"+who.Account+":root") {
		return namesAccount
	}
	switch who.Kind {
	case iam.KindRole, iam.KindSession:
		if name == who.Role || who.ID != "" && name == who.ID {
			return namesRole
		}
	case iam.KindUser:
		if who.ID != "" && name == who.ID {
			return namesDirectly
		}
	}
	return directlyIf(who.Kind != iam.KindRole && name == who.ARN)
}

func directlyIf(b bool) naming {
	if b {
		return namesDirectly
	}
	return namesNobody
}

// spared tells whether an entry of NotPrincipal takes the principal out. Who has an
// account is out where his account is listed; IAM User Guide: "you must also specify
// the account ARN of the not-denied principal". A Deny never spares who has a
// permissions boundary.
func (o *reading) spared(effect policy.Effect, p policy.Principal) bool {
	if !o.hasIdentity() {
		return o.namedBy(p) > namesNobody
	}
	if effect == policy.Deny && o.boundary != nil {
		return false
	}
	return p.Kind == policy.Everyone || o.namedBy(p) == namesAccount
}
