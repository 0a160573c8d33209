package paths

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/operate/access"
)

// survey is what the policies of an estate speak of, looked at once: which of the
// techniques' actions each may allow, which Regions and tags they ask for.
type survey struct {
	number   map[string]int // of each action that techniques need
	names    []string       // the actions, in lower case
	policies map[*iam.Policy]actions
	// regions are those that conditions name, behind "" for none in particular and
	// the default.
	regions []string
	tags    []string // keys of resource tags that conditions name
}

// actions is a set of the techniques' actions.
type actions [4]uint64

func (a *actions) add(i int)     { a[i/64] |= 1 << (i % 64) }
func (a actions) has(i int) bool { return a[i/64]&(1<<(i%64)) != 0 }

// all is every action.
var all = actions{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

// maxRegions bounds how often one question is asked.
const maxRegions = 12

func newSurvey(subjects []*access.Subject, techniques []escalate.Technique) survey {
	s := survey{number: map[string]int{}, policies: map[*iam.Policy]actions{}, regions: []string{"", defaultRegion}}
	for i := range techniques {
		for _, action := range techniques[i].Actions() {
			// Beyond what the set has room for the engine is asked, which is only slower.
			if _, ok := s.number[action]; !ok && len(s.names) < len(actions{})*64 {
				s.number[action] = len(s.names)
				s.names = append(s.names, strings.ToLower(action))
			}
		}
	}
	seen := map[*iam.Policy]bool{}
	for _, subject := range subjects {
		sets := append(slices.Clone(subject.SCPs), subject.Identity)
		if subject.Boundary != nil {
			sets = append(sets, *subject.Boundary)
		}
		for i := range sets {
			for _, p := range sets[i].Policies {
				if !seen[p] {
					seen[p] = true
					s.conditions(p.Doc)
				}
			}
		}
	}
	slices.Sort(s.regions[2:])
	slices.Sort(s.tags)
	s.regions = s.regions[:min(len(s.regions), maxRegions)]
	return s
}

func (s *survey) conditions(doc *policy.Document) {
	for i := range doc.Statements {
		for _, c := range doc.Statements[i].Conditions {
			key := strings.ToLower(c.Key)
			switch {
			case key == "aws:requestedregion":
				for _, v := range c.Values {
					if !v.Partial && !strings.ContainsAny(v.Value, "*?$") && !slices.Contains(s.regions, v.Value) {
						s.regions = append(s.regions, v.Value)
					}
				}
			case strings.HasPrefix(key, "aws:resourcetag/"), strings.HasPrefix(key, "iam:resourcetag/"):
				if !slices.Contains(s.tags, key) {
					s.tags = append(s.tags, key)
				}
			}
		}
	}
}

// allows are the actions that a set may allow somewhere.
func (s *survey) allows(set *iam.Set) actions {
	if set.Unseen != "" {
		return all
	}
	var out actions
	for _, p := range set.Policies {
		one, ok := s.policies[p]
		if !ok {
			one = s.read(p.Doc)
			s.policies[p] = one
		}
		for i := range out {
			out[i] |= one[i]
		}
	}
	return out
}

func (s *survey) read(doc *policy.Document) actions {
	if doc.Unseen != "" {
		return all
	}
	var out actions
	for i := range doc.Statements {
		if doc.Statements[i].Effect == policy.Deny {
			continue
		}
		patterns := compileActions(&doc.Statements[i])
		for n, action := range s.names {
			if !out.has(n) && patterns.mayConcern(action) {
				out.add(n)
			}
		}
	}
	return out
}

// actionPatterns are the actions of a statement, ready to be compared.
type actionPatterns struct {
	list   []glob.Pattern
	others bool // NotAction
	open   bool // some were not seen
}

func compileActions(s *policy.Statement) actionPatterns {
	out := actionPatterns{open: s.Unseen.Has(policy.ActionPart)}
	list := s.Actions
	if s.NotActions != nil {
		list, out.others = s.NotActions, true
	}
	for _, a := range list {
		if a.Partial {
			out.open = true
			continue
		}
		out.list = append(out.list, glob.Compile(strings.ToLower(a.Value)))
	}
	return out
}

func (a *actionPatterns) mayConcern(action string) bool {
	listed := slices.ContainsFunc(a.list, func(p glob.Pattern) bool { return p.Match(action) })
	return a.open || listed != a.others
}

func mayConcern(s *policy.Statement, action string) bool {
	patterns := compileActions(s)
	return patterns.mayConcern(action)
}
