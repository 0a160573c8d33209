package policy

import (
	"cmp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// Shrink says how far Minify may go. Whatever it says, the policy that comes out
// decides every request as the one that went in. A statement that another covers
// goes with its name, since it decides nothing.
type Shrink struct {
	// DropSids gives up the names of statements and of the document, and so merges
	// statements of different names, too.
	DropSids bool
	// Expand lists the actions that a pattern means. Where it is given, actions are
	// written as patterns if these mean no other action. What AWS adds later may
	// become part of such a pattern.
	Expand func(pattern string) []string
}

// Minify gives the document in fewer characters. One that was not wholly seen is
// left as it is.
func Minify(d *Document, how Shrink) *Document {
	out := *d
	out.Statements = make([]Statement, 0, len(d.Statements))
	for _, s := range d.Statements {
		if s.Unseen != 0 {
			out.Statements = slices.Clone(d.Statements)
			return &out
		}
		if how.DropSids {
			s.Sid = ""
		}
		s.simplify(d.Variables())
		out.Statements = append(out.Statements, s)
	}
	if how.DropSids {
		out.ID = ""
	}
	out.dropCovered()
	for out.mergeAlike() {
		for i := range out.Statements {
			out.Statements[i].simplify(d.Variables())
		}
		out.dropCovered()
	}
	if how.Expand != nil {
		for i := range out.Statements {
			s := &out.Statements[i]
			s.Actions = asPatterns(s.Actions, how.Expand)
			s.NotActions = asPatterns(s.NotActions, how.Expand)
		}
	}
	return &out
}

// simplify sorts the lists of a statement and leaves out what others include.
func (s *Statement) simplify(variables bool) {
	s.Actions = reduce(s.Actions, actionCovers)
	s.NotActions = reduce(s.NotActions, actionCovers)
	s.Resources = reduce(s.Resources, func(a, b string) bool { return resourceCovers(a, b, variables) })
	// A variable without a value says something else in NotResource, so there a
	// pattern with one is kept.
	s.NotResources = reduce(s.NotResources, func(a, b string) bool {
		return a == b || !(variables && strings.Contains(b, "${")) && resourceCovers(a, b, variables)
	})
	s.Principals, s.NotPrincipals = reducePrincipals(s.Principals), reducePrincipals(s.NotPrincipals)
	s.Conditions = slices.Clone(s.Conditions)
	for i := range s.Conditions {
		c := &s.Conditions[i]
		op, _ := ParseOperator(c.Operator)
		c.Values = reduce(c.Values, func(a, b string) bool {
			if a == b {
				return true
			}
			likes := op.Base.Positive() == StringLike
			return likes && !strings.Contains(a+b, "${") && glob.Includes(a, b)
		})
	}
	slices.SortStableFunc(s.Conditions, func(a, b Condition) int {
		return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Key, b.Key))
	})
}

func actionCovers(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	one, _ := cutAction(a)
	other, _ := cutAction(b)
	if one != other && !strings.ContainsAny(one, "*?") {
		return false // of another service
	}
	return strings.ContainsAny(a, "*?") && glob.Covers(glob.Glob{Pattern: a, Fold: true}, glob.Glob{Pattern: b, Fold: true})
}

// resourceCovers tells whether all that b matches is matched by a. A variable
// stands for some text, so b is looked at with a wildcard in its place; a must not
// have any.
func resourceCovers(a, b string, variables bool) bool {
	switch {
	case a == b || a == "*":
		return true
	case !strings.ContainsAny(a, "*?"):
		return false
	case !variables || !strings.Contains(a+b, "${"):
		return glob.ArnIncludes(a, b)
	case strings.Contains(a, "${"):
		return false
	}
	parts := splitARN(b)
	if len(parts) < 6 || strings.Contains(strings.Join(parts[:5], ""), "${") {
		return false
	}
	parts[5] = withoutVariables(parts[5])
	return glob.ArnIncludes(a, strings.Join(parts, ":"))
}

// withoutVariables puts * in the place of every variable.
func withoutVariables(s string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		_, s, _ = strings.Cut(rest, "}")
	}
}

// most bounds what is compared each with each, as entries times characters. Lists
// beyond it, longer than any that fits a policy of AWS, only lose what comes twice.
const most = 4_000_000

func comparable(list []Text) bool {
	characters := 0
	for _, t := range list {
		characters += len(t.Value)
	}
	return len(list)*characters <= most
}

// reduce sorts a list and leaves out what another entry covers. Partial texts stay.
func reduce(list []Text, covers func(a, b string) bool) []Text {
	if len(list) < 2 {
		return list
	}
	sorted := slices.Clone(list)
	// Of two that are equal but for their case the same one stays whatever the
	// order was: that with the lower case in front, as AWS writes services.
	slices.SortStableFunc(sorted, func(a, b Text) int {
		return cmp.Or(cmp.Compare(len(a.Value), len(b.Value)), cmp.Compare(b.Value, a.Value))
	})
	sorted = slices.CompactFunc(sorted, func(a, b Text) bool { return a.Value == b.Value && !a.Partial && !b.Partial })
	if !comparable(sorted) {
		return sorted
	}
	keep := make([]Text, 0, len(sorted))
	for i, b := range sorted {
		covered := false
		for j := 0; j < len(sorted) && !covered; j++ {
			a := sorted[j]
			if i == j || a.Partial || b.Partial || !strings.ContainsAny(a.Value, "*?") && !strings.EqualFold(a.Value, b.Value) {
				continue
			}
			// Of two that cover each other the first stays.
			covered = covers(a.Value, b.Value) && (j < i || !covers(b.Value, a.Value))
		}
		if !covered {
			keep = append(keep, b)
		}
	}
	slices.SortStableFunc(keep, func(a, b Text) int { return cmp.Compare(a.Value, b.Value) })
	return keep
}

func reducePrincipals(list []Principal) []Principal {
	if len(list) < 2 {
		return list
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b Principal) int {
		return cmp.Or(cmp.Compare(printed(a.Kind), printed(b.Kind)), cmp.Compare(a.Name.Value, b.Name.Value))
	})
	// Everybody and somebody besides is not everybody: a principal that is named
	// can be let in directly, past what limits others.
	return slices.CompactFunc(out, func(a, b Principal) bool { return a.Kind == b.Kind && sameText(a.Name, b.Name) })
}

// printed is the kind under which a principal prints among others.
func printed(k Kind) Kind {
	if k == Everyone {
		return AWS
	}
	return k
}

func sameText(a, b Text) bool {
	return a.Value == b.Value && a.Partial == b.Partial && a.Suffix == b.Suffix
}

func sameTexts(a, b []Text) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, sameText)
}

func samePrincipals(a, b []Principal) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, func(a, b Principal) bool { return a.Kind == b.Kind && sameText(a.Name, b.Name) })
}

func sameCondition(a, b Condition) bool {
	return strings.EqualFold(a.Operator, b.Operator) && strings.EqualFold(a.Key, b.Key) && a.Unseen == b.Unseen && sameTexts(a.Values, b.Values)
}
