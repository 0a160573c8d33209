package exposure

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// External lists the AWS accounts, other than those given, whom a resource or
// trust policy lets in by name or by condition. The answer is unknown where it
// may let in others than those listed: a principal was not seen, is named in a
// way that does not give its account away, or is anybody but a few.
func External(doc any, own ...string) ([]string, kleene.Value) {
	d := policy.Of(doc)
	grants, known := Grants(d, Zone{})
	var out []string
	for i := range grants {
		g := &grants[i]
		if g.Known != kleene.True || g.Kind == CanonicalID || g.Kind == Unseen || g.Kind == Everyone && len(d.Statements[g.Statement].NotPrincipals) > 0 {
			known = kleene.Unknown
		}
		if g.Known == kleene.True && g.Account != "" && g.Kind != Provider && !slices.Contains(own, g.Account) && !slices.Contains(out, g.Account) {
			out = append(out, g.Account)
		}
	}
	return out, known
}
