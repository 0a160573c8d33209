package exposure

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// unseen says what leaves the answer open: parts that were not seen of the
// statement and of the Deny statements, or a document too involved to try.
func (s *search) unseen() string {
	var out []string
	if s.tally.overrun {
		out = append(out, fmt.Sprintf("the document is too involved: more than %d questions", maxSteps))
	}
	if s.doubt {
		out = append(out, "the effect was not seen")
	}
	if what := hiddenIn(&s.target); what != "" {
		out = append(out, what+" of the statement")
	}
	for i := range s.denies {
		if what := hiddenIn(&s.denies[i]); what != "" {
			out = append(out, fmt.Sprintf("%s of statement %d, which denies", what, s.deniedAt[i]+1))
		}
	}
	if s.unseenDoc != "" {
		out = append(out, s.unseenDoc)
	}
	return strings.Join(out, "; ")
}

var partNames = []struct {
	part policy.Parts
	name string
}{
	{policy.EffectPart, "effect"}, {policy.PrincipalPart, "principal"}, {policy.ActionPart, "action"},
	{policy.ResourcePart, "resource"}, {policy.ConditionPart, "condition"},
}

// hiddenIn names what of a statement was not seen.
func hiddenIn(s *policy.Statement) string {
	var out []string
	for _, p := range partNames {
		if s.Unseen.Has(p.part) {
			out = append(out, p.name)
		}
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		partial := c.Unseen
		for _, v := range c.Values {
			partial = partial || v.Partial
		}
		if _, known := policy.ParseOperator(c.Operator); partial || !known {
			out = append(out, c.Operator+" "+c.Key)
		}
	}
	for _, list := range [][]policy.Text{s.Actions, s.NotActions, s.Resources, s.NotResources} {
		for _, t := range list {
			if t.Partial {
				out = append(out, renderText(t))
			}
		}
	}
	return strings.Join(out, ", ")
}
